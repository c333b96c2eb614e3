//! Requests of the application log by id, for as long as a row of another table may ask for them.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use livefire_schema::ids::EventId;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use crate::record::Record;

/// What is known of each recent request.
#[derive(Debug)]
pub(crate) struct Requests<T> {
    resolve: TimeSpan,
    known: FxHashMap<EventId, T>,
    /// Requests in order of time.
    ages: VecDeque<(EventTime, EventId)>,
}

impl<T> Requests<T> {
    /// Remembers each request until `resolve` after its time.
    pub(crate) fn new(resolve: TimeSpan) -> Self {
        Requests {
            resolve,
            known: FxHashMap::default(),
            ages: VecDeque::new(),
        }
    }

    /// Notes a request, or gives what is known of it already.
    pub(crate) fn add(&mut self, record: &Record, request: T) -> &mut T {
        match self.known.entry(record.event) {
            Entry::Occupied(place) => place.into_mut(),
            Entry::Vacant(place) => {
                self.ages.push_back((record.time, record.event));
                place.insert(request)
            }
        }
    }

    /// The request of this id.
    pub(crate) fn get(&self, event: EventId) -> Option<&T> {
        self.known.get(&event)
    }

    /// Forgets requests that nothing before `watermark` is left to ask for.
    pub(crate) fn forget(&mut self, watermark: EventTime) {
        while let Some(&(time, event)) = self.ages.front()
            && time.saturating_add(self.resolve) < watermark
        {
            self.ages.pop_front();
            self.known.remove(&event);
        }
    }

    /// Requests remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use livefire_schema::ids::ItemId;
    use livefire_schema::table::TableId;

    use super::*;
    use crate::record::TextRef;
    use crate::ruleset::FormIndex;

    fn request(minutes: i64, event: u64) -> Record {
        let time = EventTime::from_unix_seconds(60 * minutes);
        Record {
            item: ItemId(0),
            time,
            available: time,
            event: EventId(event),
            key: 0,
            value: 0,
            other: 0,
            address: 0,
            number: 0,
            text: TextRef::default(),
            table: TableId(0),
            form: FormIndex(0),
            kind: 0,
            flags: 0,
        }
    }

    #[test]
    fn a_request_is_remembered_as_long_as_a_row_may_ask_and_copies_change_nothing() {
        let mut requests = Requests::new(TimeSpan::from_minutes(10));
        requests.add(&request(0, 1), 'a');
        assert_eq!(*requests.add(&request(0, 1), 'b'), 'a');
        requests.add(&request(5, 2), 'c');
        let after = |minutes: i64| EventTime::from_unix_seconds(60 * minutes);
        requests.forget(after(10));
        assert_eq!(requests.get(EventId(1)), Some(&'a'));
        requests.forget(after(11));
        assert_eq!((requests.get(EventId(1)), requests.len()), (None, 1));
    }
}
