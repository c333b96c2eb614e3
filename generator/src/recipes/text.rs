//! Appending JSON to bytes: strings, numbers, GUIDs and times, without a value tree.
//!
//! The hot path of the generator: a row is a few constant slices with these in between.

use std::io::Write as _;
use std::net::IpAddr;

use livefire_schema::ids::ItemId;
use livefire_schema::time::{EventTime, TICKS_PER_SECOND};

use crate::event::Address;

/// The two lower-case hex digits of every byte.
const HEX_PAIRS: [[u8; 2]; 256] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[b'0'; 2]; 256];
    let mut value = 0;
    while value < pairs.len() {
        pairs[value] = [HEX[value >> 4], HEX[value & 15]];
        value += 1;
    }
    pairs
};
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
    let (blocks, _) = bytes.as_chunks::<8>();
    let clean = blocks.iter().position(|block| holds_escape(*block));
    let start = clean.unwrap_or(blocks.len()) * 8;
    let found = bytes[start..].iter().position(|&byte| is_escape(byte));
    found.map(|at| start + at)
}

fn is_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether eight bytes hold one that needs escaping, all eight at once: a byte's top bit is set
/// where subtracting borrowed from it (Mycroft's test).
fn holds_escape(block: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(block);
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
    let mut digits = [b'-'; 20];
    let mut rest = value.unsigned_abs();
    let mut start = digits.len();
    while rest >= 100 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&two(rest % 100));
        rest /= 100;
    }
    if rest >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&two(rest));
    } else {
        start -= 1;
        digits[start] = two(rest)[1];
    }
    // No integer of 64 bits has more than 19 digits, so there is room for the sign.
    start -= usize::from(value < 0);
    out.extend_from_slice(&digits[start..]);
}

/// The two digits of every number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut value = 0u8;
    while value < 100 {
        pairs[value as usize] = [b'0' + value / 10, b'0' + value % 10];
        value += 1;
    }
    pairs
};

/// Two digits of a number below 100.
fn two(value: u64) -> [u8; 2] {
    PAIRS[usize::try_from(value).unwrap_or(0) % PAIRS.len()]
}

/// Appends two lower-case hex digits.
fn push_hex_byte(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&HEX_PAIRS[usize::from(byte)]);
}

/// Appends bytes as lower-case hex.
pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        push_hex_byte(out, byte);
    }
}

/// The 36 characters of a GUID.
pub(crate) fn guid_text(id: ItemId) -> [u8; 36] {
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (byte, place) in id.0.to_be_bytes().into_iter().zip(PLACES) {
        [text[place], text[place + 1]] = HEX_PAIRS[usize::from(byte)];
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
    let mut text = [b'.'; 16];
    let mut end = 0;
    for (index, &octet) in octets.iter().enumerate() {
        end += usize::from(index > 0);
        if octet >= 100 {
            text[end] = b'0' + octet / 100;
            end += 1;
        }
        if octet >= 10 {
            text[end] = b'0' + octet / 10 % 10;
            end += 1;
        }
        text[end] = b'0' + octet % 10;
        end += 1;
    }
    out.extend_from_slice(&text[..end]);
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
        let (mut text, fraction) = self.second_of(time);
        put_two(&mut text, 20, fraction / 100_000);
        put_two(&mut text, 22, fraction / 1000 % 100);
        put_two(&mut text, 24, fraction / 10 % 100);
        text[26] = two(fraction % 10)[1];
        out.extend_from_slice(&text);
    }

    /// Appends `2026-03-09T10:15:30.123Z`, as applications write their own time.
    pub(crate) fn push_milliseconds(&mut self, out: &mut Vec<u8>, time: EventTime) {
        let (mut text, fraction) = self.second_of(time);
        let milliseconds = fraction / 10_000;
        text[20] = two(milliseconds / 100)[1];
        put_two(&mut text, 21, milliseconds % 100);
        text[23] = b'Z';
        out.extend_from_slice(&text[..24]);
    }

    /// The time with its fraction still to be written, and the ticks of the fraction.
    fn second_of(&mut self, time: EventTime) -> ([u8; 28], u64) {
        let day = time.ticks().div_euclid(TICKS_PER_DAY);
        if day != self.day {
            let mut text = Vec::with_capacity(28);
            time.write_iso(&mut text);
            self.date.copy_from_slice(&text[..10]);
            self.day = day;
        }
        let rest = (time.ticks() - day * TICKS_PER_DAY).unsigned_abs();
        let second = TICKS_PER_SECOND.unsigned_abs();
        let (seconds, fraction) = (rest / second, rest % second);
        let mut text = *b"0001-01-01T00:00:00.0000000Z";
        text[..10].copy_from_slice(&self.date);
        put_two(&mut text, 11, seconds / 3600);
        put_two(&mut text, 14, seconds / 60 % 60);
        put_two(&mut text, 17, seconds % 60);
        (text, fraction)
    }
}

fn put_two(text: &mut [u8; 28], at: usize, value: u64) {
    [text[at], text[at + 1]] = two(value);
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
