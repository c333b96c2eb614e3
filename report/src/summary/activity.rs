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
    pub(super) hours: Hours,
    pub(super) sessions: Vec<Session>,
    pub(super) sessions_dropped: u64,
}

impl UserState {
    /// Takes one request.
    pub(super) fn add(&mut self, time: EventTime, session: &str, status: Status) {
        self.counts.add(status);
        self.hours.add(time, status);
        self.hours.keep(HOURS);
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

/// Active hours in order, packed: there is one list for every account.
#[derive(Debug, Default)]
pub(super) struct Hours(Vec<Packed>);

#[derive(Clone, Copy, Debug)]
struct Packed {
    /// Hours since 0001-01-01.
    hour: i32,
    /// By [`Status`].
    counts: [u32; 4],
}

const HOUR: TimeSpan = TimeSpan::from_hours(1);

impl Hours {
    /// Counts a request in its hour; rows come nearly in order, so its place is sought from the
    /// end.
    pub(super) fn add(&mut self, time: EventTime, status: Status) {
        let hour = i32::try_from(time.ticks().div_euclid(HOUR.ticks())).unwrap_or(i32::MAX);
        let after = self.0.iter().rposition(|own| own.hour <= hour);
        let at = match after {
            Some(at) if self.0[at].hour == hour => at,
            other => {
                let at = other.map_or(0, |at| at + 1);
                let counts = [0; 4];
                self.0.insert(at, Packed { hour, counts });
                at
            }
        };
        let count = &mut self.0[at].counts[status as usize];
        *count = count.saturating_add(1);
    }

    /// Forgets the oldest hours beyond `limit`.
    fn keep(&mut self, limit: usize) {
        if self.0.len() > limit {
            self.0.drain(..self.0.len() - limit);
        }
    }

    /// The hours with their counts.
    pub(super) fn unpacked(&self) -> Vec<Hour> {
        let hours = self.0.iter().map(|own| {
            let [passed, blocked, rate_limited, failed] = own.counts.map(u64::from);
            Hour {
                start: EventTime::from_ticks(i64::from(own.hour) * HOUR.ticks()),
                counts: StatusCounts {
                    passed,
                    blocked,
                    rate_limited,
                    failed,
                },
            }
        });
        hours.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> EventTime {
        EventTime::from_unix_seconds(minutes * 60)
    }

    #[test]
    fn hours_stay_in_order_when_rows_do_not() {
        let mut hours = Hours::default();
        let all = [
            (0, Status::Passed),
            (70, Status::Passed),
            (30, Status::Passed),
            (200, Status::RateLimited),
            (65, Status::Failed),
        ];
        for (minutes, status) in all {
            hours.add(at(minutes), status);
        }
        let told = |hours: &Hours| -> Vec<_> {
            let hours = hours.unpacked().into_iter().map(|hour| {
                let StatusCounts {
                    passed,
                    blocked,
                    rate_limited,
                    failed,
                } = hour.counts;
                (
                    hour.start.unix_seconds() / 3600,
                    [passed, blocked, rate_limited, failed],
                )
            });
            hours.collect()
        };
        let expected = [(0, [2, 0, 0, 0]), (1, [1, 0, 0, 1]), (3, [0, 0, 1, 0])];
        assert_eq!(told(&hours), expected);
        hours.keep(2);
        assert_eq!(told(&hours), expected[1..]);
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
