//! Networks by role and country: dealt once, then found by position.

use super::{AddressRole, CountryRule, role_slot};
use crate::random::{Key, Permutation};
use crate::world::geography::CITIES;

/// Networks outside 240.0.0.0/4: the benchmark range and the three documentation ranges.
const ORDINARY_NETWORKS: u64 = 515;

/// One network of the plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Upper 24 bits (IPv4) or upper 64 bits (IPv6).
    pub(super) prefix: u64,
    pub(super) role: usize,
    pub(super) city: usize,
}

/// Networks of one family, by role and country.
#[derive(Clone, Debug, Default)]
pub(super) struct Networks {
    pub(super) entries: Vec<Entry>,
    /// Per role, indices of entries sorted by country.
    pub(super) by_role: [Vec<u32>; 6],
    /// Per role, country and its range in `by_role`.
    ranges: [Vec<(&'static str, usize, usize)>; 6],
}

/// How many networks each (role, city) gets.
pub(crate) type Demand = Vec<(AddressRole, usize, usize)>;

impl Networks {
    /// Deals the prefixes `prefix(0)`, `prefix(1)` … to the demand.
    pub(super) fn deal(demand: &Demand, prefix: impl Fn(u64) -> u64) -> Self {
        let mut networks = Networks::default();
        for (role, city, count) in demand {
            for _ in 0..*count {
                networks.entries.push(Entry {
                    prefix: prefix(networks.entries.len() as u64),
                    role: role_slot(*role).expect("demand names real roles"),
                    city: *city,
                });
            }
        }
        networks.index();
        networks
    }

    fn index(&mut self) {
        for (index, entry) in (0u32..).zip(&self.entries) {
            self.by_role[entry.role].push(index);
        }
        for (list, ranges) in self.by_role.iter_mut().zip(&mut self.ranges) {
            let country = |index: &u32| {
                CITIES[self.entries[usize::try_from(*index).unwrap_or(0)].city].country
            };
            list.sort_by_key(|index| (country(index), *index));
            for (position, index) in list.iter().enumerate() {
                match ranges.last_mut() {
                    Some((name, _, end)) if *name == country(index) => *end = position + 1,
                    _ => ranges.push((country(index), position, position + 1)),
                }
            }
        }
    }

    /// Positions in `by_role[role]` that the rule allows: before `skip.0`, and from `skip.1` on.
    pub(super) fn candidates(&self, role: usize, country: &CountryRule) -> Candidates {
        let size = self.by_role[role].len();
        let range = |wanted: &str| {
            self.ranges[role]
                .iter()
                .find(|(name, _, _)| *name == wanted)
                .map(|(_, from, to)| (*from, *to))
        };
        match country {
            CountryRule::Same(wanted) => match range(wanted) {
                Some((from, to)) => Candidates {
                    from,
                    to,
                    skip: (to, to),
                },
                None => Candidates::all(size),
            },
            CountryRule::Other(avoided) => match range(avoided) {
                Some((from, to)) if to - from < size => Candidates {
                    from: 0,
                    to: size,
                    skip: (from, to),
                },
                _ => Candidates::all(size),
            },
            CountryRule::Any => Candidates::all(size),
        }
    }

    pub(super) fn entry_of(&self, role: usize, candidates: &Candidates, at: u64) -> usize {
        let mut position = candidates.from + usize::try_from(at).unwrap_or(0);
        if position >= candidates.skip.0 {
            position += candidates.skip.1 - candidates.skip.0;
        }
        usize::try_from(self.by_role[role][position]).unwrap_or(0)
    }
}

/// Positions `from..to` without `skip`.
pub(super) struct Candidates {
    from: usize,
    to: usize,
    skip: (usize, usize),
}

impl Candidates {
    fn all(size: usize) -> Self {
        Candidates {
            from: 0,
            to: size,
            skip: (size, size),
        }
    }

    pub(super) fn len(&self) -> u64 {
        (self.to - self.from - (self.skip.1 - self.skip.0)) as u64
    }
}

/// The `index`-th IPv4 /24 (upper 24 bits) of the permuted ranges.
pub(super) fn ipv4_prefix(key: Key, total: u64, index: u64) -> u64 {
    if total <= ORDINARY_NETWORKS || index < ORDINARY_NETWORKS {
        let at = Permutation::new(key.named("ordinary"), ORDINARY_NETWORKS)
            .at(index % ORDINARY_NETWORKS);
        return match at {
            512 => 0x00c0_0002, // 192.0.2.0/24
            513 => 0x00c6_3364, // 198.51.100.0/24
            514 => 0x00cb_0071, // 203.0.113.0/24
            network => 0x00c6_1200 | network,
        };
    }
    let reserved = Permutation::new(key.named("reserved"), 1 << 20);
    0x00f0_0000 | reserved.at((index - ORDINARY_NETWORKS) % (1 << 20))
}
