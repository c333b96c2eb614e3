//! Where addresses are, reduced to the few places that differ, and how far these are apart.

use std::net::IpAddr;

use livefire_schema::address::Network;
use livefire_schema::reference::{Place, Reference};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

/// Mean radius of the Earth.
const RADIUS_KM: f64 = 6371.0;
/// What the geography table calls exits of private networks.
const VPN: &str = "vpn";

/// Spots by network.
#[derive(Clone, Debug)]
pub(super) struct Spots {
    by_network: FxHashMap<u64, u32>,
    spots: Vec<Spot>,
}

/// A point on the unit sphere.
#[derive(Clone, Copy, Debug)]
struct Spot {
    at: [f64; 3],
    /// Provider of a VPN, 0 for no VPN: its exits count as one place.
    range: u32,
    /// One of the places there.
    place: u32,
}

impl Spots {
    /// The spots of a geography table: places with equal coordinates are one, except that exits of
    /// a VPN stand apart. Of two rows for one network the later wins, as in [`Reference::place`].
    pub(super) fn new(reference: &Reference) -> Self {
        let mut ranges: FxHashMap<String, u32> = FxHashMap::default();
        let mut known: FxHashMap<(u64, u64, u32), u32> = FxHashMap::default();
        let (mut by_network, mut spots) = (FxHashMap::default(), Vec::new());
        for (index, place) in reference.places.iter().enumerate() {
            let base = place.network.split('/').next().unwrap_or("");
            let (Some(network), Ok(index)) = (Network::parse(base), u32::try_from(index)) else {
                continue;
            };
            let range = if place.usage.eq_ignore_ascii_case(VPN) {
                let next = number(ranges.len()) + 1;
                *ranges.entry(place.provider.to_lowercase()).or_insert(next)
            } else {
                0
            };
            let coordinates = (place.latitude.to_bits(), place.longitude.to_bits(), range);
            let spot = *known.entry(coordinates).or_insert_with(|| {
                spots.push(Spot {
                    at: on_sphere(place),
                    range,
                    place: index,
                });
                number(spots.len()) - 1
            });
            by_network.insert(network.key(), spot);
        }
        Spots { by_network, spots }
    }

    /// The spot of an address, if the table knows its network.
    pub(super) fn of(&self, address: IpAddr) -> Option<u32> {
        self.by_network.get(&Network::of(address).key()).copied()
    }

    /// Kilometres between two spots along the surface; 0 between exits of one VPN.
    pub(super) fn kilometres(&self, one: u64, other: u64) -> f64 {
        let (Some(one), Some(other)) = (self.spot(one), self.spot(other)) else {
            return 0.0;
        };
        if one.range != 0 && one.range == other.range {
            return 0.0;
        }
        let squares = one.at.iter().zip(other.at).map(|(a, b)| (a - b) * (a - b));
        let half_chord = squares.sum::<f64>().sqrt() / 2.0;
        2.0 * RADIUS_KM * libm::asin(half_chord.min(1.0))
    }

    /// What stands there.
    pub(super) fn describe(&self, spot: u64, reference: &Reference) -> Value {
        let index = self
            .spot(spot)
            .and_then(|spot| usize::try_from(spot.place).ok());
        match index.and_then(|index| reference.places.get(index)) {
            Some(place) => json!({
                "country": place.country, "city": place.city, "provider": place.provider,
                "usage": place.usage,
            }),
            None => Value::Null,
        }
    }

    fn spot(&self, spot: u64) -> Option<&Spot> {
        self.spots.get(usize::try_from(spot).ok()?)
    }
}

/// # Panics
/// Past 2³² places, which no table holds.
fn number(count: usize) -> u32 {
    u32::try_from(count).expect("a table holds fewer than 2^32 places")
}

fn on_sphere(place: &Place) -> [f64; 3] {
    let (latitude, longitude) = (place.latitude.to_radians(), place.longitude.to_radians());
    let level = libm::cos(latitude);
    [
        level * libm::cos(longitude),
        level * libm::sin(longitude),
        libm::sin(latitude),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(network: &str, latitude: f64, longitude: f64, usage: &str) -> Place {
        Place {
            network: network.into(),
            latitude,
            longitude,
            usage: usage.into(),
            provider: "Tunnel".into(),
            ..Place::default()
        }
    }

    #[track_caller]
    fn far(one: (f64, f64), other: (f64, f64), usage: &str, expected: f64) {
        let places = vec![
            place("198.18.1.0/24", one.0, one.1, usage),
            place("198.18.2.0/24", other.0, other.1, usage),
        ];
        let spots = Spots::new(&Reference::new(vec![], vec![], vec![], vec![], places));
        let spot = |address: &str| {
            let address = address.parse().expect("is an address");
            u64::from(spots.of(address).expect("is known"))
        };
        let found = spots.kilometres(spot("198.18.1.9"), spot("198.18.2.9"));
        assert!((found - expected).abs() < 1.0, "{found}");
    }

    #[test]
    fn distances_are_along_the_surface() {
        far((0.0, 0.0), (0.0, 90.0), "home", 10_007.5);
        far((0.0, 10.0), (0.0, -170.0), "home", 20_015.1);
        far((52.52, 13.40), (48.86, 2.35), "home", 877.5);
        far((52.52, 13.40), (52.52, 13.40), "home", 0.0);
    }

    #[test]
    fn exits_of_one_vpn_are_one_place() {
        far((52.52, 13.40), (40.71, -74.01), "vpn", 0.0);
        far((52.52, 13.40), (40.71, -74.01), "hosting", 6385.0);
    }
}
