//! Behaviour of hours and baselines: edges of the past, cold start, re-arming, eviction.

use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::table::TableId;
use proptest::prelude::*;

use super::*;
use crate::record::TextRef;
use crate::ruleset::FormIndex;

fn at(hours: i64) -> EventTime {
    EventTime::from_ticks(0) + HOUR * hours
}

fn record(time: EventTime, key: u64, event: u64) -> Record {
    Record {
        item: ItemId(u128::from(event)),
        time,
        available: time,
        event: EventId(event),
        key,
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

fn comparison() -> Comparison {
    Comparison {
        window: HOUR,
        lookback: TimeSpan::from_days(7),
        gap: HOUR,
        floor: 5,
        factor: 10.0,
        least_days: 3,
        floor_alone: true,
        realert: TimeSpan::from_hours(4),
    }
}

/// Counts in `counts` with amount 1, every event its own.
struct Feed {
    counts: BaselineCount,
    next: u64,
}

impl Feed {
    fn new(comparison: Comparison) -> Self {
        Feed {
            counts: BaselineCount::new(comparison),
            next: 0,
        }
    }

    /// One record at each of `number` seconds from `start` on; the last one's standing.
    fn send(&mut self, start: EventTime, number: u32) -> Vec<Standing> {
        (0..number)
            .map(|index| {
                self.next += 1;
                let time = start + TimeSpan::from_seconds(i64::from(index));
                self.counts.apply(&record(time, 7, self.next), 1)
            })
            .collect()
    }
}

fn firing(standings: &[Standing]) -> Vec<usize> {
    let numbered = standings.iter().enumerate();
    numbered
        .filter(|(_, standing)| standing.fires)
        .map(|(index, _)| index)
        .collect()
}

/// Whether an amount in hour 0 is in the past `[from, to]`.
#[track_caller]
fn counts_hour(from: EventTime, to: EventTime, expected: bool) {
    let mut hours = Hours::default();
    hours.add(at(0) + TimeSpan::from_minutes(30), 3);
    hours.advance(from, to);
    let found = (hours.sum(), hours.active_hours(), hours.active_days());
    assert_eq!(found, if expected { (3, 1, 1) } else { (0, 0, 0) });
}

#[test]
fn an_hour_counts_if_it_lies_wholly_in_the_past() {
    let tick = TimeSpan::from_ticks(1);
    counts_hour(at(0), at(1), true);
    counts_hour(at(0) + tick, at(1), false);
    counts_hour(at(0), at(1) - tick, false);
    counts_hour(at(-5), at(9), true);
}

#[test]
fn without_three_active_days_only_the_floor_counts() {
    let mut feed = Feed::new(comparison());
    for hour in [0, 24, 40] {
        feed.send(at(hour), 1);
    }
    let standings = feed.send(at(50), 6);
    assert_eq!((standings[5].active_days, standings[5].mean), (2, None));
    assert_eq!(standings[5].threshold, Some(5));
    assert_eq!(firing(&standings), [4]);
}

#[test]
fn with_ignore_nothing_counts_without_a_past() {
    let mut feed = Feed::new(Comparison {
        floor_alone: false,
        ..comparison()
    });
    let standings = feed.send(at(0), 50);
    assert_eq!(standings[49].threshold, None);
    assert_eq!(firing(&standings), [0usize; 0]);
}

#[test]
fn a_past_of_three_days_raises_the_threshold_to_ten_times_its_mean_hour() {
    let mut feed = Feed::new(comparison());
    feed.send(at(0), 1);
    feed.send(at(24), 2);
    feed.send(at(48), 1);
    let standings = feed.send(at(60), 20);
    let last = standings[19];
    assert_eq!((last.active_days, last.active_hours), (3, 3));
    assert_eq!(last.threshold, Some(14), "ten times 4/3, rounded up");
    assert_eq!(firing(&standings), [13]);
}

#[test]
fn hours_older_than_the_lookback_no_longer_count() {
    let mut feed = Feed::new(comparison());
    for hour in [0, 24, 48] {
        feed.send(at(hour), 4);
    }
    let inside = feed.send(at(7 * 24), 1);
    assert_eq!(inside[0].threshold, Some(40));
    let outside = feed.send(at(7 * 24 + 1), 1);
    assert_eq!(outside[0].threshold, Some(5));
}

#[test]
fn a_run_alerts_once_again_after_the_realert_time_and_anew_after_a_fall() {
    let mut feed = Feed::new(comparison());
    let run: Vec<Standing> = (0..40)
        .flat_map(|step| feed.send(at(0) + TimeSpan::from_minutes(10 * step), 1))
        .collect();
    assert_eq!(firing(&run), [4, 28], "40 and 280 minutes");
    assert_eq!(firing(&feed.send(at(8), 5)), [4]);
}

#[test]
fn a_threshold_that_falls_below_a_standing_level_alerts() {
    let mut feed = Feed::new(comparison());
    feed.send(at(0), 4);
    for hour in [30, 60, 90] {
        feed.send(at(hour), 1);
    }
    let week = at(7 * 24);
    let below = feed.send(week - TimeSpan::from_minutes(1), 15);
    assert_eq!((below[14].threshold, firing(&below)), (Some(18), vec![]));
    let after = feed.send(week + TimeSpan::from_seconds(1), 2);
    assert_eq!((after[0].threshold, firing(&after)), (Some(10), vec![0]));
}

#[test]
fn copies_add_nothing_and_are_told() {
    let mut counts = BaselineCount::new(comparison());
    let standings: Vec<Standing> = [1, 1, 2, 3, 3, 4, 4, 5]
        .iter()
        .map(|&event| counts.apply(&record(at(0), 7, event), 1))
        .collect();
    let last = standings[7];
    assert_eq!((last.level, last.fires, last.is_copy), (5, true, false));
    assert!(standings[1].is_copy && !standings[2].is_copy);
    assert_eq!(counts.rows(7).count(), 8);
}

#[test]
fn keys_are_forgotten_once_window_and_past_are_empty() {
    let mut counts = BaselineCount::new(comparison());
    for key in 0..100 {
        counts.apply(&record(at(0), key, key), 1);
    }
    counts.forget(at(7 * 24));
    assert_eq!(counts.len(), 100);
    counts.forget(at(7 * 24 + 6));
    assert_eq!(counts.len(), 0);
}

proptest! {
    /// Sums that move along equal sums taken anew, whenever the sweep came by.
    #[test]
    fn standings_equal_a_recount_of_the_whole_past(
        steps in prop::collection::vec((0i64..400, 1u64..9, any::<bool>()), 1..300),
    ) {
        let mut counts = BaselineCount::new(comparison());
        let (mut time, mut all) = (at(0), Vec::new());
        for (index, (minutes, amount, sweeps)) in steps.into_iter().enumerate() {
            time = time + TimeSpan::from_minutes(minutes);
            if sweeps {
                counts.forget(time);
            }
            let standing = counts.apply(&record(time, 7, index as u64), amount);
            let (from, to) = (time - TimeSpan::from_days(7), time - HOUR);
            let mut hours = std::collections::BTreeMap::new();
            for &(old, amount) in &all {
                let start = EventTime::bin(old, HOUR);
                if start >= from && start + HOUR <= to {
                    *hours.entry(start).or_insert(0) += amount;
                }
            }
            all.push((time, amount));
            let window = all.iter().filter(|(old, _)| *old > time - HOUR);
            prop_assert_eq!(standing.level, window.map(|(_, amount)| amount).sum::<u64>());
            let mut days: Vec<_> = hours.keys().map(|hour| hour.bin(HOUR * 24)).collect();
            days.dedup();
            prop_assert_eq!(standing.active_hours, hours.len() as u64);
            prop_assert_eq!(standing.active_days, days.len() as u64);
            let sum: u64 = hours.values().sum();
            let tenfold = (10 * sum).div_ceil((hours.len() as u64).max(1)).max(5);
            prop_assert_eq!(standing.threshold, Some(if days.len() < 3 { 5 } else { tenfold }));
        }
    }
}
