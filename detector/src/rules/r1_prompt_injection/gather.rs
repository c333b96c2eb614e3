//! Gathering the rows of one alert: which network does it come from?
//!
//! The first row of an `AlertId` stands for the alert and waits for [`Plan::resolve`]; the others
//! join it. An alert whose address row does not come in that time cannot be counted.
//!
//! [`Plan::resolve`]: crate::rules::Plan::resolve

use livefire_schema::ids::EventId;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::record::Record;

/// A row that names no key: resource, account or other entity.
pub(super) const OTHER: u8 = 0;
/// A row with the source address.
pub(super) const ADDRESS: u8 = 1;
/// Set in `flags` where the title is one of those counted.
pub(super) const COUNTED: u8 = 1;

/// Alerts whose rows are being gathered.
pub(super) struct Gather {
    rows: FxHashMap<EventId, SmallVec<[Record; 4]>>,
    /// Count only the rows that carry the address, each by itself.
    address_rows_only: bool,
}

impl Gather {
    pub(super) fn new(address_rows_only: bool) -> Self {
        Gather {
            rows: FxHashMap::default(),
            address_rows_only,
        }
    }

    /// Adds a row; `true` if it is the first of its alert.
    pub(super) fn add(&mut self, record: &Record) -> bool {
        let rows = self.rows.entry(record.event).or_default();
        rows.push(*record);
        rows.len() == 1
    }

    /// The rows of the alert that `first` stands for, all with key, user, resource and address of
    /// the alert and with its time, so that they move through the window as one event; seen at the
    /// earliest when the address was. Empty if the address or a counted title is missing.
    pub(super) fn take(&mut self, first: &Record) -> SmallVec<[Record; 4]> {
        let mut rows = self.rows.remove(&first.event).unwrap_or_default();
        let is_counted = rows.iter().any(|row| row.flags & COUNTED != 0);
        let addressed = rows.iter().filter(|row| row.kind == ADDRESS);
        let Some(source) = addressed
            .min_by_key(|row| (row.available, row.item))
            .copied()
        else {
            return SmallVec::new();
        };
        if !is_counted {
            return SmallVec::new();
        }
        let first_of = |of: fn(&Record) -> u64| rows.iter().map(of).find(|&hash| hash != 0);
        let user = first_of(|row| row.value).unwrap_or(0);
        let resource = first_of(|row| row.other).unwrap_or(0);
        if self.address_rows_only {
            rows.retain(|row| row.kind == ADDRESS);
        }
        for row in &mut rows {
            row.key = source.key;
            row.address = source.address;
            row.value = user;
            row.other = resource;
            row.time = first.time;
            row.available = row.available.max(source.available);
        }
        rows
    }
}
