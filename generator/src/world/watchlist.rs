//! The drill watchlist: exercises that look-alikes announce, as rows and as reference data.

use livefire_schema::reference::Drill;
use livefire_schema::time::{TimeRange, TimeSpan};

use super::World;
use crate::event::{Action, Event};

/// What a watchlist item covers: an exercise is entered a day ahead, and the entry covers that day
/// and the exercise (`set: {valid: …}`, eight hours unless it says).
pub(crate) fn covered(event: &Event) -> TimeRange {
    let valid = event.detail.as_ref().and_then(|detail| detail.valid);
    let exercise = valid.unwrap_or(TimeSpan::from_hours(8));
    TimeRange {
        start: event.at,
        end: event.at + TimeSpan::from_days(1) + exercise,
    }
}

impl World {
    /// Enters the exercises that some events announce into the drill watchlist.
    pub fn announce(&mut self, events: &[Event]) {
        let items = events
            .iter()
            .filter(|event| event.action == Action::Watchlist);
        let announced: Vec<Drill> = items.filter_map(|event| self.drill(event)).collect();
        if announced.is_empty() {
            return;
        }
        let mut reference = std::mem::take(&mut self.reference);
        let mut drills = std::mem::take(&mut reference.drills);
        drills.extend(announced);
        self.reference = reference.with_drills(drills);
    }

    fn drill(&self, event: &Event) -> Option<Drill> {
        let account = self.directory.accounts.get(index(event.account?.0))?;
        let application = index(event.application?.0);
        let application = self.directory.applications.get(application)?;
        let covered = covered(event);
        Some(Drill {
            account: account.upn.clone(),
            address: event.address.ip().to_string(),
            application: application.name.clone(),
            from: covered.start,
            to: covered.end,
        })
    }
}

fn index(reference: u32) -> usize {
    usize::try_from(reference).unwrap_or(usize::MAX)
}
