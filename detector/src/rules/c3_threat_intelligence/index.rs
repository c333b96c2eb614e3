//! Usable indicators, found by address.
//!
//! IPv4 is mapped into IPv6, so that an exact address is a prefix of 128 bits and a range a shorter
//! one. One hash map per prefix length in use answers "who lists this address".

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use smallvec::SmallVec;

use crate::record::Record;

/// An address of either family as 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Bits(u128);

/// The newest publication of an indicator.
#[derive(Clone, Debug)]
pub(super) struct Indicator {
    pub(super) publication: Record,
    pub(super) bits: Bits,
    pub(super) length: u8,
    pub(super) from: EventTime,
    pub(super) until: EventTime,
    pub(super) id: Box<str>,
    pub(super) feed: Box<str>,
    pub(super) observable: Box<str>,
}

/// Indicators by id, and their ids by network.
#[derive(Debug, Default)]
pub(super) struct Index {
    indicators: FxHashMap<u64, Indicator>,
    lengths: Vec<(u8, Networks)>,
}

/// Ids of the indicators that list each network of one length.
type Networks = FxHashMap<Bits, SmallVec<[u64; 1]>>;

impl Bits {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Bits(v4.to_ipv6_mapped().to_bits()),
            IpAddr::V6(v6) => Bits(v6.to_bits()),
        }
    }

    /// Upper and lower half.
    pub(super) fn halves(self) -> (u64, u64) {
        let half = |bits| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
        (half(self.0 >> 64), half(self.0))
    }

    pub(super) fn of_halves(upper: u64, lower: u64) -> Self {
        Bits(u128::from(upper) << 64 | u128::from(lower))
    }

    fn masked(self, length: u8) -> Self {
        let mask = u128::MAX.checked_shl(128 - u32::from(length));
        Bits(self.0 & mask.unwrap_or(0))
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpAddr::V6(Ipv6Addr::from_bits(self.0))
            .to_canonical()
            .fmt(f)
    }
}

/// Reads an address or a range in CIDR form; `None` for anything else.
pub(super) fn parse_network(text: &str) -> Option<(Bits, u8)> {
    let text = text.trim();
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let offset = if address.is_ipv4() { 96 } else { 0 };
    let length = match length {
        Some(length) if length <= 128 - offset => offset + length,
        Some(_) => return None,
        None => 128,
    };
    Some((Bits::of(address).masked(length), length))
}

impl Index {
    /// Puts the newest publication of an indicator in the place of the one before.
    pub(super) fn insert(&mut self, id: u64, indicator: Indicator) {
        self.remove(id);
        let (bits, length) = (indicator.bits, indicator.length);
        let place = self.lengths.iter().position(|(known, _)| *known == length);
        let place = place.unwrap_or_else(|| {
            self.lengths.push((length, Networks::default()));
            self.lengths.len() - 1
        });
        self.lengths[place].1.entry(bits).or_default().push(id);
        self.indicators.insert(id, indicator);
    }

    /// Takes an indicator out.
    pub(super) fn remove(&mut self, id: u64) {
        let Some(indicator) = self.indicators.remove(&id) else {
            return;
        };
        let length = indicator.length;
        let place = self.lengths.iter().position(|(known, _)| *known == length);
        let Some(place) = place else { return };
        let networks = &mut self.lengths[place].1;
        if let Some(ids) = networks.get_mut(&indicator.bits) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                networks.remove(&indicator.bits);
            }
        }
        if networks.is_empty() {
            self.lengths.swap_remove(place);
        }
    }

    /// The usable indicators that list an address, whether valid at the moment or not.
    pub(super) fn listing(&self, address: Bits) -> impl Iterator<Item = &Indicator> {
        let lists = self
            .lengths
            .iter()
            .filter_map(move |(length, networks)| networks.get(&address.masked(*length)));
        lists.flatten().filter_map(|id| self.indicators.get(id))
    }

    /// Takes out what is valid neither at `time` nor later; a later publication brings it back.
    pub(super) fn forget(&mut self, time: EventTime) {
        let over = self.indicators.iter().filter(|(_, i)| i.until <= time);
        let over: Vec<u64> = over.map(|(&id, _)| id).collect();
        for id in over {
            self.remove(id);
        }
    }
}

impl Indicator {
    /// As alerts list it.
    pub(super) fn describe(&self) -> Value {
        let end = |time: EventTime, open| (time != open).then(|| time.to_string());
        json!({
            "id": self.id,
            "observable": self.observable,
            "feed": self.feed,
            "confidence": self.publication.number,
            "published": self.publication.time.to_string(),
            "valid_from": end(self.from, EventTime::MIN),
            "valid_until": end(self.until, EventTime::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn lists(network: &str, address: &str, expected: bool) {
        let (bits, length) = parse_network(network).expect("is a network");
        let address = Bits::of(address.parse().expect("is an address"));
        assert_eq!(address.masked(length) == bits, expected);
    }

    #[test]
    fn networks_of_both_families_hold_their_addresses() {
        lists("198.18.7.41", "198.18.7.41", true);
        lists("198.18.7.41", "::ffff:198.18.7.41", true);
        lists("198.18.7.41", "198.18.7.42", false);
        lists("198.18.7.9/24", "198.18.7.200", true);
        lists("198.18.7.0/25", "198.18.7.200", false);
        lists("0.0.0.0/0", "203.0.113.1", true);
        lists("0.0.0.0/0", "2001:db8::1", false);
        lists("2001:db8::/32", "2001:db8:ffff::1", true);
        lists("2001:db8::1", "2001:db8::2", false);
        lists("::/0", "2001:db8::2", true);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "evil.example",
            "198.18.7.0/33",
            "198.18.7.0/",
            "2001:db8::/129",
        ] {
            assert_eq!(parse_network(text), None, "{text}");
        }
    }
}
