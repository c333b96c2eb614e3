//! Where users usually come from, and how old their accounts are.

use std::sync::Arc;

use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::primitives::{Baseline, Seen};
use crate::record::Record;

/// Addresses by account, as far back as the baseline goes; creation times by account.
pub(super) struct Origins {
    reference: Arc<Reference>,
    baseline: Baseline,
    addresses: FxHashMap<u64, SmallVec<[(u64, Seen); 3]>>,
    made: FxHashMap<u64, EventTime>,
    next_sweep: EventTime,
}

impl Origins {
    pub(super) fn new(reference: &Arc<Reference>, baseline: Baseline) -> Self {
        Origins {
            reference: Arc::clone(reference),
            baseline,
            addresses: FxHashMap::default(),
            made: FxHashMap::default(),
            next_sweep: EventTime::MIN,
        }
    }

    /// Notes that an account used an address; `true` if the account has a baseline and the address
    /// is not in it.
    pub(super) fn visit(&mut self, record: &Record) -> bool {
        let (time, baseline) = (record.time, self.baseline);
        if record.other == 0 {
            return false;
        }
        let known = self.addresses.entry(record.value).or_default();
        let (mut is_known, mut has_baseline, mut own) = (false, false, None);
        for (index, (address, seen)) in known.iter_mut().enumerate() {
            let is_inside = seen.contains(time, baseline);
            has_baseline |= is_inside;
            if *address == record.other {
                is_known = is_inside;
                own = Some(index);
            }
        }
        let own = own.unwrap_or_else(|| {
            known.push((record.other, Seen::default()));
            known.len() - 1
        });
        known[own].1.add(time, baseline);
        has_baseline && !is_known
    }

    /// Notes that an account was made.
    pub(super) fn made(&mut self, record: &Record) {
        self.made.entry(record.value).or_insert(record.time);
    }

    /// The median age of some accounts; an unknown age counts as none, so that at least half must
    /// be known to be old. `None` without accounts.
    pub(super) fn median_age(&self, accounts: &[u64], time: EventTime) -> Option<TimeSpan> {
        let mut ages: Vec<TimeSpan> = accounts
            .iter()
            .map(|&account| {
                self.created(account)
                    .map_or(TimeSpan::ZERO, |made| time - made)
            })
            .collect();
        ages.sort_unstable();
        let middle = ages.len().checked_sub(1)? / 2;
        ages.get(middle).copied()
    }

    fn created(&self, account: u64) -> Option<EventTime> {
        let index = u32::try_from(account).ok();
        let identity = index.and_then(|index| self.reference.identity(index));
        let known = identity.and_then(|identity| identity.created);
        known.or_else(|| self.made.get(&account).copied())
    }

    /// Forgets addresses that no baseline holds any more.
    pub(super) fn forget(&mut self, watermark: EventTime) {
        if watermark < self.next_sweep {
            return;
        }
        let baseline = self.baseline;
        self.addresses.retain(|_, known| {
            known.retain(|(_, seen)| !seen.is_over(watermark, baseline));
            !known.is_empty()
        });
        self.next_sweep = watermark + TimeSpan::from_hours(12);
    }
}
