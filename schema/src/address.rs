//! IP addresses as rules key them: an exact IPv4 or an IPv6 /64, and the network around it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network that groups neighbouring addresses: an IPv4 /24 or an IPv6 /64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Network {
    /// The upper 24 bits of an IPv4 address.
    V4(u32),
    /// The upper 64 bits of an IPv6 address.
    V6(u64),
}

impl Network {
    /// The /24 or /64 that holds `address`; an IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Network::V4(v4.to_bits() >> 8),
            IpAddr::V6(v6) => Network::V6(upper_half(v6)),
        }
    }

    /// Parses an address and takes its network; `None` for text that is no address
    /// (a masked `198.18.7.***` gives its /24).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(prefix) = text.strip_suffix(".***") {
            let address: Ipv4Addr = format!("{prefix}.0").parse().ok()?;
            return Some(Network::of(address.into()));
        }
        text.parse().ok().map(Network::of)
    }

    /// A 64-bit key that is unique over both families.
    #[must_use]
    pub fn key(self) -> u64 {
        match self {
            Network::V4(prefix) => u64::from(prefix),
            Network::V6(prefix) => prefix | 1 << 63,
        }
    }
}

fn upper_half(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).unwrap_or(0)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Network::V4(prefix) => write!(f, "{}/24", Ipv4Addr::from_bits(prefix << 8)),
            Network::V6(prefix) => {
                write!(f, "{}/64", Ipv6Addr::from_bits(u128::from(prefix) << 64))
            }
        }
    }
}

/// The key of one *address* as the rules compare it: an exact IPv4, or an IPv6 /64.
#[must_use]
pub fn address_key(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u64::from(v4.to_bits()),
        IpAddr::V6(v6) => upper_half(v6) | 1 << 63,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_group_by_24_and_64() {
        assert_eq!(
            Network::parse("198.18.7.41"),
            Network::parse("198.18.7.***")
        );
        assert_eq!(
            Network::parse("198.18.7.41").map(|n| n.to_string()),
            Some("198.18.7.0/24".into())
        );
        assert_eq!(
            Network::parse("2001:db8:1:2::9"),
            Network::parse("2001:db8:1:2:ffff::1")
        );
        assert_ne!(
            Network::parse("2001:db8:1:2::9"),
            Network::parse("2001:db8:1:3::9")
        );
        assert_eq!(
            Network::parse("::ffff:198.18.7.1"),
            Network::parse("198.18.7.9")
        );
        assert_eq!(Network::parse("gateway"), None);
    }
}
