//! A client's retries after a throttled or unavailable call.

use livefire_schema::time::TimeSpan;

use crate::event::{Event, Outcome};
use crate::random::Key;

/// Retries of one style after an event; each draws its outcome anew, the first other outcome ends
/// the chain. Gaps: `sdk` as openai-python waits, `at_once` 50–300 ms, `human` 5 s growing by 2.2.
pub(crate) fn retry_chain(
    style: &str,
    event: &Event,
    key: Key,
    outcome: impl Fn(Key, Outcome) -> Outcome,
) -> Vec<Event> {
    let most: i32 = match style {
        "sdk" => 2,
        "at_once" => 5,
        "human" => 3,
        _ => 0,
    };
    let mut chain = Vec::new();
    let mut last = event.outcome;
    let mut at = event.at;
    for attempt in 0..most {
        if !matches!(last, Outcome::Throttled | Outcome::Unavailable) {
            break;
        }
        let key = key.index(u64::from(attempt.unsigned_abs()));
        let gap = match style {
            "sdk" => (0.5 * f64::from(1 << attempt)).min(8.0) * (0.75 + 0.25 * key.uniform()),
            "at_once" => 0.05 + 0.25 * key.uniform(),
            _ => 5.0 * libm::pow(2.2, f64::from(attempt)) * (1.0 + 0.3 * (key.uniform() - 0.5)),
        };
        at = at + TimeSpan::from_seconds_f64(gap);
        last = outcome(key.named("outcome"), last);
        let mut retry = event.clone();
        retry.id = key.named("id");
        retry.at = at;
        retry.outcome = last;
        chain.push(retry);
    }
    chain
}
