//! Properties 2–5, 7 and 19 on random small worlds, sliding and tumbling, in which a brute-force
//! count rule runs on W and on W0.

use livefire_labels::{CampaignIndex, LabelBook};
use livefire_schema::alert::{Alert, EvidenceRow, Mode};
use livefire_schema::time::{TimeRange, TimeSpan};
use livefire_scorer::score::report::{AlertRow, AlertVerdict};
use livefire_scorer::score::worlds::twin_disagreements;
use livefire_scorer::{ScoreReport, score};
use proptest::prelude::*;

use crate::world::{By, World, alert, at};

/// The counting window of R2.
const WINDOW: i64 = 3600;
/// The realert time of R2.
const REALERT: i64 = 4 * 3600;

/// A drawn event: key, seconds, delay, origin.
type Drawn = (u8, i64, i64, By);

fn events() -> impl Strategy<Value = Vec<Drawn>> {
    let by = prop_oneof![
        4 => Just(By::Benign),
        1 => Just(By::LookAlike),
        1 => Just(By::Cover(0)),
        3 => Just(By::Attack(0)),
        2 => Just(By::Attack(1)),
        1 => Just(By::Preparation(1)),
    ];
    proptest::collection::vec((0..2u8, 0..40_000i64, 0..900i64, by), 0..40)
}

/// A row with the key under which the rule counts it.
#[derive(Clone)]
struct Keyed {
    key: u8,
    row: EvidenceRow,
}

struct Drawing {
    world: World,
    rows: Vec<Keyed>,
}

fn draw(events: &[Drawn]) -> Drawing {
    let mut world = World::new();
    world.campaign("content_violation", 5000, 40_000, &["R2"]);
    world.campaign("jailbreak_campaign", 9000, 40_000, &["R2", "R1"]);
    let mut rows: Vec<Keyed> = events
        .iter()
        .map(|&(key, seconds, delay, by)| Keyed {
            key,
            row: world.late_row(by, seconds, delay),
        })
        .collect();
    rows.sort_by_key(|one| (one.row.time, one.row.item));
    Drawing { world, rows }
}

fn is_caused(book: &LabelBook, row: &EvidenceRow, campaign: Option<u32>) -> bool {
    let caused_by = book.group_of(row.item).and_then(|group| group.caused_by);
    match campaign {
        Some(campaign) => caused_by == Some(CampaignIndex(campaign)),
        None => caused_by.is_some(),
    }
}

/// Alerts of a brute-force count rule over the rows that `keep` accepts.
fn detect(
    rows: &[Keyed],
    mode: Mode,
    threshold: usize,
    keep: impl Fn(&EvidenceRow) -> bool,
) -> Vec<Alert> {
    let kept: Vec<&Keyed> = rows.iter().filter(|one| keep(&one.row)).collect();
    let mut alerts = Vec::new();
    for key in 0..2 {
        let own: Vec<&EvidenceRow> = kept
            .iter()
            .filter(|one| one.key == key)
            .map(|one| &one.row)
            .collect();
        match mode {
            Mode::Streaming => sliding(&own, key, threshold, &mut alerts),
            Mode::Binned => tumbling(&own, key, threshold, &mut alerts),
        }
    }
    alerts
}

fn sliding(own: &[&EvidenceRow], key: u8, threshold: usize, alerts: &mut Vec<Alert>) {
    let mut last = None;
    for (index, row) in own.iter().enumerate() {
        let since = row.time - TimeSpan::from_seconds(WINDOW);
        let inside: Vec<EvidenceRow> = own[..=index]
            .iter()
            .filter(|other| other.time > since)
            .map(|other| (*other).clone())
            .collect();
        let is_due = last.is_some_and(|last| row.time - last >= TimeSpan::from_seconds(REALERT));
        if inside.len() == threshold || (inside.len() > threshold && is_due) {
            last = Some(row.time);
            let mut raised = alert("R2", &key.to_string(), threshold as u64, inside);
            raised.id = format!("{}:{index}", raised.id);
            alerts.push(raised);
        }
    }
}

fn tumbling(own: &[&EvidenceRow], key: u8, threshold: usize, alerts: &mut Vec<Alert>) {
    let width = TimeSpan::from_seconds(WINDOW);
    for bin in own.chunk_by(|left, right| left.time.bin(width) == right.time.bin(width)) {
        if bin.len() < threshold {
            continue;
        }
        let rows = bin.iter().map(|row| (*row).clone()).collect();
        let start = bin[0].time.bin(width);
        let mut binned = alert("R2", &key.to_string(), threshold as u64, rows);
        binned.window = TimeRange {
            start,
            end: start + width,
        };
        (binned.mode, binned.raised) = (Mode::Binned, start + width);
        alerts.push(binned);
    }
}

fn run(drawing: &Drawing, mode: Mode, threshold: usize) -> (Vec<Alert>, Vec<Alert>) {
    let book = &drawing.world.book;
    let full = detect(&drawing.rows, mode, threshold, |_| true);
    let zero = detect(&drawing.rows, mode, threshold, |row| {
        !is_caused(book, row, None)
    });
    (full, zero)
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Streaming), Just(Mode::Binned)]
}

/// Evidence rows of an alert that `keep` accepts: the count that another world has at its time.
fn count(alert: &Alert, keep: impl Fn(&EvidenceRow) -> bool) -> usize {
    alert.evidence.iter().filter(|row| keep(row)).count()
}

/// Credit by counting in the other worlds, W∖c and W0 + c.
fn credited_by_worlds(book: &LabelBook, alert: &Alert, threshold: usize) -> Vec<String> {
    let attacks = |campaign: u32| {
        let is_own = |row: &EvidenceRow| {
            let class = book.group_of(row.item).map(|group| group.class);
            is_caused(book, row, Some(campaign)) && class == Some(livefire_labels::Class::Campaign)
        };
        count(alert, is_own) > 0
    };
    let contributors: Vec<u32> = (0..2).filter(|&campaign| attacks(campaign)).collect();
    let alone: Vec<u32> = contributors
        .iter()
        .copied()
        .filter(|&campaign| {
            let without = count(alert, |row| !is_caused(book, row, Some(campaign)));
            let with_zero = count(alert, |row| {
                !is_caused(book, row, None) || is_caused(book, row, Some(campaign))
            });
            without < threshold || with_zero >= threshold
        })
        .collect();
    let credited = if alone.is_empty() {
        contributors
    } else {
        alone
    };
    let name = |&index: &u32| book.campaigns[index as usize].id.clone();
    credited.iter().map(name).collect()
}

fn row_of<'a>(report: &'a ScoreReport, alert: &Alert) -> &'a AlertRow {
    let found = report.alerts.iter().find(|row| row.id == alert.id);
    found.expect("every alert has a row")
}

proptest! {
    #[test]
    fn p02_the_order_of_alerts_changes_nothing(
        events in events(), threshold in 1..6usize, turn in 0..40usize,
    ) {
        let drawing = draw(&events);
        let (alerts, _) = run(&drawing, Mode::Streaming, threshold);
        let mut turned = alerts.clone();
        turned.rotate_left(turn.min(alerts.len()));
        prop_assert_eq!(drawing.world.score(&turned), drawing.world.score(&alerts));
    }

    #[test]
    fn p03_a_false_alert_of_a_new_key_never_helps(
        events in events(), threshold in 1..6usize, seconds in 0..40_000i64,
    ) {
        let mut drawing = draw(&events);
        let (mut alerts, _) = run(&drawing, Mode::Streaming, threshold);
        let before = drawing.world.score(&alerts).headline;
        let row = drawing.world.row(By::Benign, seconds);
        alerts.push(alert("R2", "new", 1, vec![row]));
        let after = drawing.world.score(&alerts).headline;
        prop_assert_eq!(after.false_incidents, before.false_incidents + 1);
        prop_assert_eq!(after.ratios.recall, before.ratios.recall);
        let precision = after.ratios.precision.value().expect("something was reported");
        prop_assert!(before.ratios.precision.value().is_none_or(|before| precision <= before));
    }

    #[test]
    fn p04_every_alert_has_one_verdict_and_the_counts_add_up(
        events in events(), threshold in 1..6usize,
    ) {
        let drawing = draw(&events);
        let (alerts, _) = run(&drawing, Mode::Streaming, threshold);
        let report = drawing.world.score(&alerts);
        let headline = &report.headline;
        let counts = headline.counts;
        prop_assert_eq!(headline.detected + headline.missed, headline.campaigns);
        prop_assert_eq!(headline.false_by_class.total(), headline.false_incidents);
        let judged = counts.true_positive + counts.false_positive + counts.collateral;
        prop_assert_eq!(judged, counts.alerts);
        prop_assert_eq!(counts.alerts, alerts.len() as u64);
        prop_assert_eq!(report.alerts.len(), alerts.len());
        for row in &report.campaigns {
            prop_assert_eq!(row.detected, row.miss.is_none());
            prop_assert_eq!(row.detected, !row.time_to_detect.is_infinite());
        }
        let grouped: usize = report.incidents.iter().map(|incident| incident.alerts.len()).sum();
        prop_assert_eq!(grouped, alerts.len());
    }

    #[test]
    fn p05_arithmetic_and_twin_worlds_agree_on_every_alert(
        events in events(), threshold in 1..6usize, mode in mode(),
    ) {
        let drawing = draw(&events);
        let (full, zero) = run(&drawing, mode, threshold);
        let (book, rules) = (&drawing.world.book, &drawing.world.rules);
        prop_assert_eq!(twin_disagreements(&full, &zero, book, rules), []);
        let report = drawing.world.score(&full);
        for alert in &full {
            let fires_in_zero = count(alert, |row| !is_caused(book, row, None)) >= threshold;
            let row = row_of(&report, alert);
            prop_assert_eq!(row.verdict == AlertVerdict::FalsePositive, fires_in_zero);
            let credited = if fires_in_zero {
                Vec::new()
            } else {
                credited_by_worlds(book, alert, threshold)
            };
            prop_assert_eq!(&row.credited, &credited);
        }
    }

    #[test]
    fn p05_a_second_world_that_misses_or_invents_alerts_is_found_out(
        events in events(), threshold in 1..6usize, mode in mode(),
    ) {
        let drawing = draw(&events);
        let (full, _) = run(&drawing, mode, threshold);
        let (book, rules) = (&drawing.world.book, &drawing.world.rules);
        let is_false = |alert: &&Alert| count(alert, |row| !is_caused(book, row, None)) >= threshold;
        let false_alerts = full.iter().filter(is_false).count();
        prop_assert_eq!(twin_disagreements(&full, &[], book, rules).len(), false_alerts);
        let invented = twin_disagreements(&full, &full, book, rules).len();
        prop_assert!(invented >= full.len() - false_alerts);
    }

    #[test]
    fn p07_parts_of_real_alerts_sum_to_the_time_to_detect(
        events in events(), threshold in 1..6usize, mode in mode(),
    ) {
        let drawing = draw(&events);
        let (alerts, _) = run(&drawing, mode, threshold);
        let report = drawing.world.score(&alerts);
        for form in report.campaigns.iter().flat_map(|row| &row.forms) {
            prop_assert_eq!(form.parts.is_none(), form.early || form.joint);
            let Some(parts) = form.parts else { continue };
            let all = [parts.accumulate, parts.ingestion, parts.schedule_wait, parts.run];
            prop_assert!(all.iter().all(|&part| part >= 0.0));
            let total = form.time_to_detect.value().expect("defined");
            prop_assert!((all.iter().sum::<f64>() - total).abs() < 1e-6);
            if mode == Mode::Binned {
                prop_assert_eq!((parts.ingestion, parts.run), (0.0, 0.0));
            } else {
                prop_assert_eq!(parts.schedule_wait, 0.0);
            }
        }
    }

    #[test]
    fn p19_the_report_comes_back_from_json_as_it_was(
        events in events(), threshold in 1..6usize, mode in mode(), end in 40_000..86_400i64,
    ) {
        let mut drawing = draw(&events);
        drawing.world.extent.log.end = at(end);
        let (full, zero) = run(&drawing, mode, threshold);
        let mut input = drawing.world.input(&full);
        input.world_zero = Some(&zero);
        let report = score(&input).expect("the contract is kept");
        let text = serde_json::to_string(&report).expect("writes");
        prop_assert!(!text.contains("NaN") && !text.contains("null,null"));
        let read: ScoreReport = serde_json::from_str(&text).expect("reads");
        prop_assert_eq!(serde_json::to_string(&read).expect("writes"), text);
        prop_assert_eq!(read, report);
    }
}
