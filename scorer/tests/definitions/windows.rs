//! Properties 7–11 and 17: detection time, survival, phase, sliding windows, evasion frontier.

use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::Measure;
use livefire_scorer::detection_time::{Schedule, ScheduledOutcome, TimedEvent, summarise};
use livefire_scorer::survival::{Subject, Survival};
use livefire_scorer::windows::phase::{
    WindowKind, covered_share, evasion_frontier, phase_recall, tumbling_miss,
};
use livefire_scorer::windows::sliding;
use proptest::prelude::*;

fn at(seconds: i64) -> EventTime {
    EventTime::from_unix_seconds(seconds)
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (
        1..5usize,
        1..900i64,
        1..2000i64,
        0..900i64,
        0..400i64,
        0..9i64,
        1000..9000i64,
    )
        .prop_map(
            |(threshold, period, lookback, first, offset, query, end)| Schedule {
                threshold,
                period: TimeSpan::from_seconds(period),
                lookback: TimeSpan::from_seconds(lookback),
                first_run: at(first),
                offset: TimeSpan::from_seconds(offset),
                query_delay: TimeSpan::from_seconds(query),
                log_end: at(end),
            },
        )
}

fn timed(events: &[(i64, i64)], later: i64) -> Vec<TimedEvent> {
    events
        .iter()
        .map(|&(time, delay)| TimedEvent {
            time: at(time),
            available: at(time + delay + later),
        })
        .collect()
}

fn raised(outcome: ScheduledOutcome) -> EventTime {
    match outcome {
        ScheduledOutcome::Detected { raised, .. } => raised,
        ScheduledOutcome::Missed(_) => EventTime::MAX,
    }
}

/// Covered share at a thousandfold phase grid.
fn on_a_grid(events: u64, gap: f64, bin: f64, threshold: u64, phases: u32) -> f64 {
    let hits = (0..phases)
        .filter(|&step| {
            let phase = (f64::from(step) + 0.5) / f64::from(phases) * bin;
            let bins: Vec<f64> = (0..events)
                .map(|event| ((event as f64 * gap - phase) / bin).floor())
                .collect();
            let needed = usize::try_from(threshold).expect("small");
            bins.windows(needed)
                .any(|window| window[0] == window[needed - 1])
        })
        .count();
    hits as f64 / f64::from(phases)
}

proptest! {
    #[test]
    fn p07_parts_are_not_negative_and_sum_to_the_time_to_detect(
        schedule in schedule(), t0 in 0..3000i64,
        events in proptest::collection::vec((0..4000i64, 0..900i64), 0..9), later in 0..900i64,
    ) {
        let outcome = schedule.outcome(at(t0), &timed(&events, 0));
        if let ScheduledOutcome::Detected { raised, parts } = outcome {
            prop_assert_eq!(parts.is_none(), raised < at(t0));
            if let Some(parts) = parts {
                prop_assert_eq!(parts.total(), raised - at(t0));
                for part in [parts.accumulate, parts.ingestion, parts.schedule_wait, parts.run] {
                    prop_assert!(part >= TimeSpan::ZERO);
                }
            }
        }
        let delayed = schedule.outcome(at(t0), &timed(&events, later));
        prop_assert!(raised(delayed) >= raised(outcome));
    }

    #[test]
    fn p07_an_outcome_is_what_running_every_run_gives(
        schedule in schedule(), events in proptest::collection::vec((0..4000i64, 0..900i64), 0..9),
    ) {
        let events = timed(&events, 0);
        let runs = (0..10_000i64).map(|run| schedule.first_run + schedule.period * run);
        let first = runs
            .take_while(|due| *due + schedule.offset <= schedule.log_end)
            .find(|due| {
                let sees = |event: &&TimedEvent| {
                    event.time >= *due - schedule.lookback && event.time < *due
                        && event.available <= *due + schedule.offset
                };
                events.iter().filter(sees).count() >= schedule.threshold
            })
            .map(|due| due + schedule.offset + schedule.query_delay);
        let got = schedule.outcome(at(0), &events);
        prop_assert_eq!(raised(got), first.unwrap_or(EventTime::MAX));
    }

    #[test]
    fn p08_without_censoring_survival_equals_the_plain_summary(
        drawn in proptest::collection::vec(proptest::option::of(0..5000u32), 1..30),
        tau in 1..6000u32, at in 0..6000u32,
    ) {
        let (tau, at) = (f64::from(tau), f64::from(at));
        let times: Vec<f64> = drawn.iter().map(|time| time.map_or(f64::INFINITY, f64::from)).collect();
        let subjects: Vec<Subject> = drawn.iter()
            .map(|time| time.map_or(Subject::Never, |time| Subject::Detected(f64::from(time)))).collect();
        let (plain, survival) = (summarise(&times, tau, at), Survival::of(&subjects));
        let close = |left: Measure, right: Measure| match (left.finite(), right.finite()) {
            (Some(left), Some(right)) => (left - right).abs() < 1e-9 * left.abs().max(1.0),
            _ => left == right,
        };
        prop_assert!(close(survival.restricted_mean(tau), plain.restricted_mean));
        prop_assert!(close(survival.recall_at(at), plain.recall_at));
        prop_assert_eq!(survival.quantile(50), plain.p50);
        prop_assert_eq!(survival.quantile(90), plain.p90);
        prop_assert!(plain.p50 <= plain.p90);
        let mean = plain.restricted_mean.value().expect("defined");
        prop_assert!((0.0..=tau).contains(&mean));
        prop_assert!(summarise(&times, tau + 10.0, at).restricted_mean >= plain.restricted_mean);
        prop_assert!(summarise(&times, tau, at + 10.0).recall_at >= plain.recall_at);
    }

    #[test]
    fn p08_survival_falls_and_stays_a_share(
        drawn in proptest::collection::vec((0..3u8, 0..100u32), 0..30),
    ) {
        let subjects: Vec<Subject> = drawn.iter().map(|&(kind, time)| match kind {
            0 => Subject::Detected(f64::from(time)),
            1 => Subject::Censored(f64::from(time)),
            _ => Subject::Never,
        }).collect();
        let survival = Survival::of(&subjects);
        let mut before = (-1.0, 1.0);
        for &(time, share) in survival.steps() {
            prop_assert!(time > before.0 && share < before.1 && share >= 0.0);
            before = (time, share);
        }
    }

    #[test]
    fn p09_the_closed_forms_equal_the_union_of_arcs_and_a_phase_grid(
        events in 2..12u64, duration in 0..3000u32, bin in 1..1000u32, threshold in 2..8u64,
    ) {
        let (duration, bin) = (f64::from(duration), f64::from(bin));
        let gap = duration / (events - 1) as f64;
        let miss = tumbling_miss(events, duration, bin, threshold);
        prop_assert!((0.0..=1.0).contains(&miss));
        prop_assert!((miss - (1.0 - covered_share(events, gap, bin, threshold))).abs() < 1e-9);
        prop_assert!(tumbling_miss(events, duration, bin, threshold + 1) >= miss - 1e-12);
        let longer = tumbling_miss(events + 1, duration + gap, bin, threshold);
        prop_assert!(longer <= miss + 1e-9);
        if events >= threshold {
            let phases = 10_000;
            let grid = on_a_grid(events, gap, bin, threshold, phases);
            let slack = 2.0 * events as f64 / f64::from(phases);
            prop_assert!((1.0 - miss - grid).abs() <= slack, "{} against {}", 1.0 - miss, grid);
        }
    }

    #[test]
    fn p10_phase_recall_knows_no_origin_and_overlap_is_never_below_causal(
        attack in proptest::collection::vec(0..3000u32, 0..8),
        benign in proptest::collection::vec(0..3000u32, 0..8),
        bin in 1..1000u32, threshold in 1..5usize,
    ) {
        let times = |times: &[u32], shift: u32| -> Vec<f64> {
            times.iter().map(|&time| f64::from(time + shift)).collect()
        };
        let of = |shift, benign: &[u32]| {
            phase_recall(&times(&attack, shift), &times(benign, shift), f64::from(bin), threshold)
        };
        let here = of(0, &benign);
        prop_assert_eq!(of(bin, &benign), here);
        prop_assert!(here.overlap >= here.causal - 1e-12);
        let alone = of(0, &[]);
        prop_assert_eq!(alone.overlap, alone.causal);
    }

    #[test]
    fn p10_even_attacks_agree_with_the_arcs(
        events in 2..9u32, gap in 1..400u32, bin in 1..1000u32, threshold in 2..6usize,
    ) {
        let times: Vec<f64> = (0..events).map(|event| f64::from(event * gap)).collect();
        let recall = phase_recall(&times, &[], f64::from(bin), threshold).causal;
        let miss = tumbling_miss(
            u64::from(events), f64::from((events - 1) * gap), f64::from(bin), threshold as u64,
        );
        prop_assert!((recall - (1.0 - miss)).abs() < 1e-9);
    }

    #[test]
    fn p11_sliding_alerts_equal_a_recount(
        mut drawn in proptest::collection::vec(0..300i64, 0..30), window in 1..120i64,
        threshold in 1..6usize,
    ) {
        drawn.sort_unstable();
        let times: Vec<EventTime> = drawn.iter().map(|&time| at(time)).collect();
        let got = sliding::alerts(&times, TimeSpan::from_seconds(window), threshold, None);
        let want: Vec<usize> = (0..drawn.len()).filter(|&index| {
            let inside = |other: &i64| *other > drawn[index] - window;
            drawn[..index].iter().filter(|other| inside(other)).count() == threshold - 1
        }).collect();
        prop_assert_eq!(&got, &want);
        prop_assert!(got.len() <= (drawn.len() + 1).saturating_sub(threshold));
        let narrow = sliding::alerts(&times, TimeSpan::from_ticks(1), 1, None);
        drawn.dedup();
        prop_assert_eq!(narrow.len(), drawn.len());
    }

    #[test]
    fn p17_the_frontier_falls_in_delta_and_bins_give_time_away(
        events in 1..14u64, threshold in 2..7u64, bin in 1..1000u32,
        delta in 0.0..1.0f64, more in 0.0..1.0f64,
    ) {
        let bin = f64::from(bin);
        let of = |kind, delta| evasion_frontier(kind, events, threshold, bin, delta).value().expect("defined");
        let duration = of(WindowKind::Tumbling, delta);
        prop_assert!(of(WindowKind::Tumbling, (delta + more).min(1.0)) <= duration + 1e-9);
        prop_assert!(duration <= of(WindowKind::Sliding, delta) + 1e-9);
        if events >= threshold {
            let above = 1.0 - tumbling_miss(events, duration * (1.0 + 1e-9) + 1e-9, bin, threshold);
            prop_assert!(above <= delta + 1e-6, "{above} above {delta}");
            let below = 1.0 - tumbling_miss(events, duration * (1.0 - 1e-6), bin, threshold);
            prop_assert!(below > delta - 1e-9, "{below} below {delta}");
        }
    }
}
