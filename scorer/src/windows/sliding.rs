//! Edge-triggered alerts of a sliding count.
//!
//! The window at event i is `(t_i − W, t_i]`: an event exactly W old has left. Vectors
//! `sliding_alerts`.

use livefire_schema::time::{EventTime, TimeSpan};

/// Indices of the events that raise an alert, for times in event order.
///
/// An event alerts iff exactly `threshold − 1` earlier ones lie in its window; with `realert`, an
/// unbroken run also alerts at its first event that far after its last alert.
///
/// # Panics
/// If the threshold is 0 or times go back.
#[must_use]
pub fn alerts(
    times: &[EventTime],
    window: TimeSpan,
    threshold: usize,
    realert: Option<TimeSpan>,
) -> Vec<usize> {
    assert!(threshold > 0, "a threshold is at least 1");
    assert!(times.is_sorted(), "events come in event order");
    let mut emitted: Vec<usize> = Vec::new();
    let mut start = 0;
    for (index, &time) in times.iter().enumerate() {
        while start < index && time - times[start] >= window {
            start += 1;
        }
        let level = index + 1 - start;
        let is_edge = level == threshold;
        let is_due = level > threshold
            && realert.is_some_and(|wait| {
                emitted
                    .last()
                    .is_some_and(|&last| time - times[last] >= wait)
            });
        if is_edge || is_due {
            emitted.push(index);
        }
    }
    emitted
}
