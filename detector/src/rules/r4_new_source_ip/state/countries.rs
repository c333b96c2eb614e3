//! Countries of addresses: as the geography table says, else as a sign-in says.

use livefire_schema::address::Network;
use livefire_schema::reference::Reference;
use rustc_hash::FxHashMap;

/// A country by number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Country(u16);

impl Country {
    /// Nobody says.
    pub(super) const UNKNOWN: Country = Country(0);
}

/// Countries met so far.
#[derive(Debug, Default)]
pub(super) struct Countries {
    numbers: FxHashMap<String, Country>,
    names: Vec<String>,
}

impl Countries {
    /// The country of an address key, if the geography table knows its network.
    pub(super) fn of(&mut self, address: u64, reference: &Reference) -> Country {
        let place = reference.place(network_of(address));
        place.map_or(Country::UNKNOWN, |place| self.named(&place.country))
    }

    /// A country by its name or code, in any case of letters.
    pub(super) fn named(&mut self, name: &str) -> Country {
        let upper = name.trim().to_uppercase();
        if upper.is_empty() {
            return Country::UNKNOWN;
        }
        if let Some(&known) = self.numbers.get(&upper) {
            return known;
        }
        let Ok(number) = u16::try_from(self.names.len() + 1) else {
            return Country::UNKNOWN;
        };
        self.names.push(upper.clone());
        self.numbers.insert(upper, Country(number));
        Country(number)
    }

    /// The name of a country; empty for an unknown one.
    pub(super) fn name(&self, country: Country) -> &str {
        let index = usize::from(country.0).checked_sub(1);
        index
            .and_then(|index| self.names.get(index))
            .map_or("", String::as_str)
    }
}

/// The network of an address key as `address_key` makes it.
pub(super) fn network_of(address: u64) -> Network {
    if address >> 63 == 1 {
        return Network::V6(address);
    }
    let prefix = u32::try_from(address >> 8).expect("a key of IPv4 has 32 bits");
    Network::V4(prefix)
}
