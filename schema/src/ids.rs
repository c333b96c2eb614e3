//! Identities of rows, events and alerts.

use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher128};

/// `_ItemId` of one delivered row, 128 bits, shown as a GUID.
///
/// Text that is no GUID is hashed to 128 bits, so that rows of foreign exports have one too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ItemId(pub u128);

/// Identity of one *event*: its table's duplicate key (request id, alert id …), else the item id.
///
/// Rules count distinct events, so a row delivered twice counts once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct EventId(pub u64);

/// Value of each hexadecimal digit in either case; 255 for every other byte.
const HEX_VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit as usize] as usize] = digit;
        values[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};

impl ItemId {
    /// From `_ItemId` text: a GUID is taken as it is, anything else is hashed.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self::parse_guid(text).unwrap_or_else(|| Self::hashed(text.as_bytes(), 0))
    }

    /// For a row without `_ItemId`: a hash of the line's bytes and its occurrence number.
    #[must_use]
    pub fn hashed(bytes: &[u8], occurrence: u64) -> Self {
        let mut hasher = SipHasher128::new_with_keys(0x006c_6976_6566_6972, occurrence);
        hasher.write(bytes);
        ItemId(hasher.finish128().as_u128())
    }

    /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in either case.
    #[must_use]
    pub fn parse_guid(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|&dash| bytes[dash] != b'-') {
            return None;
        }
        let half = |groups: [std::ops::Range<usize>; 3]| {
            let digits = groups.into_iter().flat_map(|group| &bytes[group]);
            let (mut value, mut seen) = (0u64, 0u8);
            for &byte in digits {
                let digit = HEX_VALUES[usize::from(byte)];
                value = value << 4 | u64::from(digit);
                seen |= digit;
            }
            (seen < 16).then_some(value)
        };
        let (upper, lower) = (
            half([0..8, 9..13, 14..18])?,
            half([19..23, 24..36, 36..36])?,
        );
        Some(ItemId(u128::from(upper) << 64 | u128::from(lower)))
    }

    /// Appends the 36 characters of the GUID form, lower case.
    pub fn write_guid(self, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for (index, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                out.push(b'-');
            }
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

impl EventId {
    /// From the text of a duplicate key; case does not count, surrounding space does.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        EventId(hash_text_lower(text))
    }

    /// For a row whose duplicate key is empty: its item stands for itself.
    #[must_use]
    pub fn from_item(item: ItemId) -> Self {
        EventId(hash_bytes(&item.0.to_le_bytes()))
    }
}

/// A stable 64-bit hash, equal on every platform and in every version of livefire.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0x7363_6865_6d61, 1);
    hasher.write(bytes);
    hasher.finish()
}

/// [`hash_bytes`] of the text in ASCII lower case, without allocating.
#[must_use]
pub fn hash_text_lower(text: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0x7363_6865_6d61, 1);
    let mut buffer = [0u8; 64];
    for chunk in text.as_bytes().chunks(64) {
        let lower = &mut buffer[..chunk.len()];
        lower.copy_from_slice(chunk);
        lower.make_ascii_lowercase();
        hasher.write(lower);
    }
    hasher.finish()
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(36);
        self.write_guid(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for ItemId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ItemId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(ItemId::from_text(&text))
    }
}

/// Sixteen hex digits, as JSON numbers cannot hold 64 bits everywhere.
impl serde::Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> serde::Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .map(EventId)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_round_trip_and_ignore_case() {
        let text = "9d3a6e98-fc11-48d0-82cf-4de065c1a1f8";
        assert_eq!(ItemId::from_text(text).to_string(), text);
        assert_eq!(
            ItemId::from_text(&text.to_uppercase()),
            ItemId::from_text(text)
        );
    }

    #[test]
    fn only_hexadecimal_digits_and_four_dashes_make_a_guid() {
        for text in [
            "9d3a6e98-fc11-48d0-82cf-4de065c1a1fg",
            "gd3a6e98-fc11-48d0-82cf-4de065c1a1f8",
            "9d3a6e98xfc11-48d0-82cf-4de065c1a1f8",
            "9d3a6e98-fc11-48d0-82cf-4de065c1a1f",
            "9d3a6e98-fc11-48d0-82cf-4de065c1a1é",
        ] {
            assert_eq!(ItemId::parse_guid(text), None, "{text}");
        }
        assert_eq!(
            ItemId::parse_guid("00000000-0000-0001-0000-00000000000A"),
            Some(ItemId(1 << 64 | 10))
        );
    }

    #[test]
    fn event_ids_ignore_case_over_chunk_borders() {
        let long = "Ab".repeat(100);
        assert_eq!(
            EventId::from_text(&long),
            EventId::from_text(&long.to_lowercase())
        );
        assert_ne!(EventId::from_text("a"), EventId::from_text("b"));
    }
}
