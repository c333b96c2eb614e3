//! Appending JSON to bytes: strings, numbers, GUIDs and times, without a value tree.
//!
//! The hot path of the generator: a row is a few constant slices with these in between.

use std::io::Write as _;
use std::net::IpAddr;

use livefire_schema::ids::ItemId;
use livefire_schema::time::{EventTime, TICKS_PER_SECOND};

use crate::event::Address;

const HEX: &[u8; 16] = b"0123456789abcdef";
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// Appends `text` as the inside of a JSON string.
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = first_escape(rest) {
        out.extend_from_slice(&rest[..at]);
        push_escape(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Position of the first byte that JSON wants escaped.
fn first_escape(bytes: &[u8]) -> Option<usize> {
    let mut blocks = bytes.chunks_exact(8);
    let mut start = 0;
    for block in &mut blocks {
        if holds_escape(block) {
            break;
        }
        start += 8;
    }
    let found = bytes[start..].iter().position(|&byte| is_escape(byte));
    found.map(|at| start + at)
}

fn is_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether eight bytes hold one that needs escaping, all eight at once: a byte's top bit is set
/// where subtracting borrowed from it (Mycroft's test).
fn holds_escape(block: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let mut bytes = [0u8; 8];
    bytes.copy_from_slice(block);
    let word = u64::from_le_bytes(bytes);
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    (below(word, 0x20) | below(quote, 1) | below(backslash, 1)) & TOPS != 0
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            push_hex_byte(out, byte);
        }
    }
}

/// Appends `text` as a JSON string with its quotes.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// `text` as the inside of a JSON string.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    push_escaped(&mut out, text);
    String::from_utf8(out).expect("escaping keeps UTF-8")
}

/// Appends an integer.
pub(crate) fn push_integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0u8; 20];
    let mut rest = value.unsigned_abs();
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends two lower-case hex digits.
fn push_hex_byte(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

/// Appends bytes as lower-case hex.
pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        push_hex_byte(out, byte);
    }
}

/// The 36 characters of a GUID.
pub(crate) fn guid_text(id: ItemId) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let mut position = 0;
    for byte in id.0.to_be_bytes() {
        if matches!(position, 8 | 13 | 18 | 23) {
            position += 1;
        }
        text[position] = HEX[usize::from(byte >> 4)];
        text[position + 1] = HEX[usize::from(byte & 15)];
        position += 2;
    }
    text
}

/// `guid` as text.
pub(crate) fn guid_str(guid: &[u8; 36]) -> &str {
    std::str::from_utf8(guid).expect("a GUID is ASCII")
}

/// Appends an address as text.
pub(crate) fn push_address(out: &mut Vec<u8>, address: Address) {
    match address.ip() {
        IpAddr::V4(v4) => push_octets(out, &v4.octets()),
        IpAddr::V6(v6) => write!(out, "{v6}").expect("writing to memory does not fail"),
    }
}

/// Appends an address as the service log masks it: `198.18.7.***`; for IPv6 the last group goes
/// (our guess: TABLES.md §8).
pub(crate) fn push_masked(out: &mut Vec<u8>, address: Address) {
    match address.ip() {
        IpAddr::V4(v4) => {
            push_octets(out, &v4.octets()[..3]);
            out.extend_from_slice(b".***");
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            write!(out, "{a:x}:{b:x}:{c:x}:{d:x}::***").expect("writing to memory does not fail");
        }
    }
}

fn push_octets(out: &mut Vec<u8>, octets: &[u8]) {
    for (index, &octet) in octets.iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        if octet >= 100 {
            out.push(b'0' + octet / 100);
        }
        if octet >= 10 {
            out.push(b'0' + octet / 10 % 10);
        }
        out.push(b'0' + octet % 10);
    }
}

/// Writes times, keeping the calendar day of the last one: consecutive rows mostly share it.
#[derive(Clone, Debug)]
pub(crate) struct TimeWriter {
    day: i64,
    date: [u8; 10],
}

impl Default for TimeWriter {
    fn default() -> Self {
        TimeWriter {
            day: i64::MIN,
            date: *b"0001-01-01",
        }
    }
}

impl TimeWriter {
    /// Appends `2026-03-09T10:15:30.1234567Z`.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, time: EventTime) {
        let rest = self.push_date(out, time);
        push_clock(out, rest / TICKS_PER_SECOND);
        let fraction = rest % TICKS_PER_SECOND;
        out.push(b'.');
        push_two(out, fraction / 100_000);
        push_two(out, fraction / 1000 % 100);
        push_two(out, fraction / 10 % 100);
        out.push(digit(fraction % 10));
        out.push(b'Z');
    }

    /// Appends `2026-03-09T10:15:30.123Z`, as applications write their own time.
    pub(crate) fn push_milliseconds(&mut self, out: &mut Vec<u8>, time: EventTime) {
        let rest = self.push_date(out, time);
        push_clock(out, rest / TICKS_PER_SECOND);
        let milliseconds = rest % TICKS_PER_SECOND / 10_000;
        out.push(b'.');
        out.push(digit(milliseconds / 100));
        push_two(out, milliseconds % 100);
        out.push(b'Z');
    }

    /// Appends the date and `T`; the ticks since midnight remain.
    fn push_date(&mut self, out: &mut Vec<u8>, time: EventTime) -> i64 {
        let day = time.ticks().div_euclid(TICKS_PER_DAY);
        if day != self.day {
            let mut text = Vec::with_capacity(28);
            time.write_iso(&mut text);
            self.date.copy_from_slice(&text[..10]);
            self.day = day;
        }
        out.extend_from_slice(&self.date);
        out.push(b'T');
        time.ticks() - day * TICKS_PER_DAY
    }
}

fn push_clock(out: &mut Vec<u8>, seconds: i64) {
    push_two(out, seconds / 3600);
    out.push(b':');
    push_two(out, seconds / 60 % 60);
    out.push(b':');
    push_two(out, seconds % 60);
}

fn push_two(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&[digit(value / 10), digit(value % 10)]);
}

fn digit(value: i64) -> u8 {
    b'0' + u8::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_reads_back() {
        for text in [
            "",
            "plain",
            "a\"b\\c\nd\re\tf\u{0}\u{1b}[31m",
            "tags \u{e0041}\u{e007e} ж",
        ] {
            let mut out = Vec::new();
            push_string(&mut out, text);
            let back: String = serde_json::from_slice(&out).expect("is JSON");
            assert_eq!(back, text);
        }
    }

    #[test]
    fn every_byte_at_every_position_is_escaped_as_a_json_writer_does() {
        for byte in 0..128u8 {
            for position in 0..20 {
                let mut text = "ж".repeat(10);
                text.insert(position & !1, char::from(byte));
                let mut out = Vec::new();
                push_string(&mut out, &text);
                let back: String = serde_json::from_slice(&out).expect("is JSON");
                assert_eq!(back, text);
            }
        }
    }

    #[test]
    fn integers_are_written_like_display() {
        for value in [0, 7, -7, 10, 638_481_757_794_854_611, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            push_integer(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }

    #[test]
    fn times_are_written_like_the_schema_writes_them() {
        let mut writer = TimeWriter::default();
        for text in [
            "2026-03-09T10:15:30.1234567Z",
            "2026-03-09T23:59:59.9999999Z",
            "2024-02-29T00:00:00.0000000Z",
        ] {
            let time = EventTime::parse(text).expect("parses");
            let mut out = Vec::new();
            writer.push(&mut out, time);
            assert_eq!(String::from_utf8(out).unwrap(), text);
            let mut out = Vec::new();
            writer.push_milliseconds(&mut out, time);
            let short = format!("{}Z", &text[..23]);
            assert_eq!(String::from_utf8(out).unwrap(), short);
        }
    }

    #[track_caller]
    fn masks(address: &str, plain: &str, masked: &str) {
        let address = Address::new(address.parse().expect("is an address"));
        let (mut a, mut b) = (Vec::new(), Vec::new());
        push_address(&mut a, address);
        push_masked(&mut b, address);
        assert_eq!(
            (String::from_utf8(a).unwrap(), String::from_utf8(b).unwrap()),
            (plain.to_owned(), masked.to_owned())
        );
    }

    #[test]
    fn addresses_lose_their_last_part_when_masked() {
        masks("198.18.7.41", "198.18.7.41", "198.18.7.***");
        masks("198.18.107.205", "198.18.107.205", "198.18.107.***");
        masks("2001:db8:1:2::9", "2001:db8:1:2::9", "2001:db8:1:2::***");
    }

    #[test]
    fn guids_are_written_like_display() {
        let id = ItemId(0x9d3a_6e98_fc11_48d0_82cf_4de0_65c1_a1f8);
        assert_eq!(guid_str(&guid_text(id)), id.to_string());
    }
}
