//! What is kept of one account while the log runs: counts, its last active hours, its sessions.

use livefire_schema::time::{EventTime, TimeSpan};

use super::{Hour, Session, Status, StatusCounts};

/// Active hours that are kept of an account.
const HOURS: usize = 240;
/// Sessions that are kept of an account.
const SESSIONS: usize = 32;

/// One account's requests so far.
#[derive(Debug, Default)]
pub(super) struct UserState {
    pub(super) counts: StatusCounts,
    pub(super) hours: Vec<Hour>,
    pub(super) sessions: Vec<Session>,
    pub(super) sessions_dropped: u64,
}

impl UserState {
    /// Takes one request.
    pub(super) fn add(&mut self, time: EventTime, session: &str, status: Status) {
        self.counts.add(status);
        count_hour(&mut self.hours, time, status);
        if self.hours.len() > HOURS {
            self.hours.remove(0);
        }
        if !session.is_empty() {
            self.add_session(time, session, status);
        }
    }

    fn add_session(&mut self, time: EventTime, id: &str, status: Status) {
        // A request mostly belongs to one of the newest sessions.
        let known = self.sessions.iter_mut().rev().find(|own| own.id == id);
        if let Some(session) = known {
            session.first = session.first.min(time);
            session.last = session.last.max(time);
            session.counts.add(status);
            return;
        }
        if self.sessions.len() >= SESSIONS {
            let weight = |session: &Session| (session.counts.not_passed(), session.first);
            let lightest = (0..self.sessions.len()).min_by_key(|at| weight(&self.sessions[*at]));
            self.sessions.remove(lightest.unwrap_or(0));
            self.sessions_dropped += 1;
        }
        let mut counts = StatusCounts::default();
        counts.add(status);
        self.sessions.push(Session {
            id: id.to_owned(),
            first: time,
            last: time,
            counts,
        });
    }
}

/// Counts a request in its hour; rows come nearly in order, so its place is sought from the end.
pub(super) fn count_hour(hours: &mut Vec<Hour>, time: EventTime, status: Status) {
    let start = time.bin(TimeSpan::from_hours(1));
    let after = hours.iter().rposition(|hour| hour.start <= start);
    let at = match after {
        Some(at) if hours[at].start == start => at,
        other => {
            let at = other.map_or(0, |at| at + 1);
            let counts = StatusCounts::default();
            hours.insert(at, Hour { start, counts });
            at
        }
    };
    hours[at].counts.add(status);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> EventTime {
        EventTime::from_unix_seconds(minutes * 60)
    }

    #[test]
    fn hours_stay_in_order_when_rows_do_not() {
        let mut hours = Vec::new();
        for minutes in [0, 70, 30, 200, 65] {
            count_hour(&mut hours, at(minutes), Status::Passed);
        }
        let told: Vec<_> = hours
            .iter()
            .map(|hour| (hour.start.unix_seconds() / 3600, hour.counts.passed))
            .collect();
        assert_eq!(told, [(0, 2), (1, 2), (3, 1)]);
    }

    #[test]
    fn sessions_with_failures_outlive_the_others() {
        let mut user = UserState::default();
        user.add(at(0), "bad", Status::Blocked);
        for number in 0..100 {
            user.add(at(10 + number), &format!("s-{number}"), Status::Passed);
        }
        assert_eq!(user.sessions.len(), SESSIONS);
        assert!(user.sessions.iter().any(|session| session.id == "bad"));
        assert_eq!(user.sessions_dropped, 101 - SESSIONS as u64);
    }

    #[test]
    fn a_session_spans_its_requests() {
        let mut user = UserState::default();
        user.add(at(5), "s", Status::Passed);
        user.add(at(3), "s", Status::Blocked);
        let session = &user.sessions[0];
        assert_eq!((session.first, session.last), (at(3), at(5)));
        assert_eq!((session.counts.blocked, session.counts.total()), (1, 2));
    }
}
