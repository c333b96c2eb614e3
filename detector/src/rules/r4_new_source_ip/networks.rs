//! Who else uses a network: the few users seen there most recently.
//!
//! "At least three other users in the lookback" is decided exactly by the four most recent distinct
//! users of the network, however many there are.

use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The most recent users of each network.
#[derive(Debug)]
pub(super) struct Networks {
    /// How many others matter.
    others: usize,
    users: FxHashMap<u64, SmallVec<[(u64, EventTime); 4]>>,
}

impl Networks {
    pub(super) fn new(others: usize) -> Self {
        Networks {
            others,
            users: FxHashMap::default(),
        }
    }

    /// Notes that a user was seen in a network.
    pub(super) fn add(&mut self, network: u64, user: u64, time: EventTime) {
        let users = self.users.entry(network).or_default();
        match users.iter().position(|(known, _)| *known == user) {
            Some(0) => users[0].1 = time,
            Some(place) => {
                users.remove(place);
                users.insert(0, (user, time));
            }
            None => {
                users.truncate(self.others);
                users.insert(0, (user, time));
            }
        }
    }

    /// Other users seen since `oldest`; never more than matter.
    pub(super) fn others(&self, network: u64, user: u64, oldest: EventTime) -> usize {
        let users = self.users.get(&network).map_or(&[][..], |users| users);
        let others = users
            .iter()
            .filter(|(known, time)| *known != user && *time >= oldest);
        others.count().min(self.others)
    }

    /// Networks with state.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// Forgets users last seen before `oldest`.
    pub(super) fn advance(&mut self, oldest: EventTime) {
        self.users.retain(|_, users| {
            users.retain(|(_, time)| *time >= oldest);
            !users.is_empty()
        });
    }
}
