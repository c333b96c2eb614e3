//! Properties 1–4, 6 and 12: ratios, small worlds of alerts, the sweep, grouping.

use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::attribution::{FalseClass, Origin};
use livefire_scorer::headline::{PlainAlert, PlainCampaign, PlainScore, ratios, score_plain};
use livefire_scorer::incidents::{self, GroupedAlert, Grouping};
use livefire_scorer::windows::suppression::{Suppression, SuppressionScope, silenced_by};
use livefire_scorer::windows::sweep::{SweepGroup, breakpoints, sweep};
use proptest::prelude::*;

fn at(seconds: i64) -> EventTime {
    EventTime::from_unix_seconds(seconds)
}

fn origin() -> impl Strategy<Value = Origin<String>> {
    prop_oneof![
        3 => Just(Origin::Benign),
        1 => Just(Origin::HardNegative),
        3 => (0..4u8).prop_map(|campaign| Origin::Campaign(format!("c{campaign}"))),
    ]
}

fn alerts() -> impl Strategy<Value = Vec<PlainAlert>> {
    let one = (
        0..3u8,
        0..3u8,
        0..5000i64,
        proptest::collection::vec(origin(), 1..9),
        0..9usize,
    );
    proptest::collection::vec(one, 0..12).prop_map(|drawn| {
        let numbered = drawn.into_iter().enumerate();
        numbered
            .map(|(index, (rule, key, time, evidence, k))| PlainAlert {
                id: format!("a{index:02}"),
                rule: format!("R{rule}"),
                key: format!("k{key}"),
                time: at(time),
                threshold: (k % evidence.len() + 1) as u64,
                evidence,
            })
            .collect()
    })
}

fn campaigns() -> impl Strategy<Value = Vec<PlainCampaign>> {
    let one = (0..3000i64, proptest::collection::vec(0..3u8, 1..3));
    proptest::collection::vec(one, 4).prop_map(|drawn| {
        let numbered = drawn.into_iter().enumerate();
        numbered
            .map(|(index, (t0, expected))| PlainCampaign {
                id: format!("c{index}"),
                t0: at(t0),
                expected_rules: expected.iter().map(|rule| format!("R{rule}")).collect(),
            })
            .collect()
    })
}

fn grouping() -> impl Strategy<Value = Grouping> {
    prop_oneof![
        (0..2000i64).prop_map(|gap| Grouping::Session(TimeSpan::from_seconds(gap))),
        (0..2000i64).prop_map(|gap| Grouping::Anchored(TimeSpan::from_seconds(gap))),
        Just(Grouping::None),
    ]
}

fn scored(campaigns: &[PlainCampaign], alerts: &[PlainAlert], grouping: Grouping) -> PlainScore {
    score_plain(campaigns, alerts, grouping).expect("the contract is kept")
}

/// What repetition and renaming must leave alone.
fn essence(score: &PlainScore) -> impl PartialEq + std::fmt::Debug + use<> {
    let times = score.time_to_detect.clone();
    (
        score.detected,
        score.false_incidents,
        score.true_incidents,
        score.ratios,
        times,
    )
}

proptest! {
    #[test]
    fn p01_ratios_lie_in_the_unit_interval_and_f1_is_their_harmonic_mean(
        detected in 0..50u64, wrong in 0..50u64, missed in 0..50u64,
    ) {
        let got = ratios(detected, wrong, missed);
        for measure in [got.precision, got.recall, got.f1] {
            prop_assert!(measure.value().is_none_or(|value| (0.0..=1.0).contains(&value)));
        }
        if let (Some(p), Some(r), true) = (got.precision.value(), got.recall.value(), detected > 0) {
            let harmonic = 2.0 * p * r / (p + r);
            prop_assert!((got.f1.value().expect("defined") - harmonic).abs() < 1e-12);
        }
    }

    #[test]
    fn p02_order_names_and_a_common_shift_change_nothing(
        campaigns in campaigns(), alerts in alerts(), grouping in grouping(),
        shift in 0..100i64, turn in 0..12usize,
    ) {
        let before = scored(&campaigns, &alerts, grouping);
        let mut turned = alerts.clone();
        turned.rotate_left(turn.min(alerts.len()));
        prop_assert_eq!(&scored(&campaigns, &turned, grouping), &before);
        let moved = TimeSpan::from_seconds(shift * 600);
        let later = |time: EventTime| time + moved;
        let campaigns: Vec<_> = campaigns.into_iter()
            .map(|one| PlainCampaign { t0: later(one.t0), ..one }).collect();
        let alerts: Vec<_> = alerts.into_iter()
            .map(|one| PlainAlert { time: later(one.time), ..one }).collect();
        prop_assert_eq!(&scored(&campaigns, &alerts, grouping), &before);
        let total = alerts.len();
        let renamed: Vec<_> = alerts.into_iter().enumerate()
            .map(|(index, one)| PlainAlert { id: format!("z{:02}", total - index), ..one }).collect();
        prop_assert_eq!(essence(&scored(&campaigns, &renamed, grouping)), essence(&before));
    }

    #[test]
    fn p03_a_false_alert_of_a_new_key_never_raises_precision_nor_moves_recall(
        campaigns in campaigns(), alerts in alerts(), grouping in grouping(), time in 0..5000i64,
    ) {
        let before = scored(&campaigns, &alerts, grouping);
        let mut more = alerts.clone();
        more.push(PlainAlert {
            id: "new".into(), rule: "R0".into(), key: "new".into(), time: at(time),
            threshold: 1, evidence: vec![Origin::Benign],
        });
        let after = scored(&campaigns, &more, grouping);
        prop_assert_eq!(after.ratios.recall, before.ratios.recall);
        let precision = after.ratios.precision.value().expect("something was reported");
        prop_assert!(before.ratios.precision.value().is_none_or(|before| precision <= before));
    }

    #[test]
    fn p03_repeating_an_alert_changes_no_headline_figure_under_sessions(
        campaigns in campaigns(), alerts in alerts(), pick in 0..12usize, gap in 0..2000i64,
    ) {
        prop_assume!(!alerts.is_empty());
        let grouping = Grouping::Session(TimeSpan::from_seconds(gap));
        let mut more = alerts.clone();
        let repeated = alerts[pick % alerts.len()].clone();
        more.push(PlainAlert { id: format!("{}+", repeated.id), ..repeated });
        prop_assert_eq!(
            essence(&scored(&campaigns, &more, grouping)),
            essence(&scored(&campaigns, &alerts, grouping))
        );
    }

    #[test]
    fn p04_detected_and_missed_make_up_all_and_classes_sum_to_the_false_ones(
        campaigns in campaigns(), alerts in alerts(), grouping in grouping(),
    ) {
        let score = scored(&campaigns, &alerts, grouping);
        prop_assert_eq!(score.detected + score.missed, campaigns.len() as u64);
        prop_assert_eq!(score.false_by_class.total(), score.false_incidents);
        let missed = score.time_to_detect.iter().filter(|time| time.is_infinite()).count();
        prop_assert_eq!(missed as u64, score.missed);
        prop_assert!(score.overlap_recall >= score.ratios.recall);
    }

    #[test]
    fn p06_the_sweep_equals_a_direct_run_at_every_threshold(
        drawn in proptest::collection::vec((0..9u64, 0..9u64, 0..3u8), 0..10), spare in 0..3u64,
    ) {
        let k_max = 10;
        let groups: Vec<SweepGroup<String>> = drawn.iter().map(|&(benign, attack, campaign)| SweepGroup {
            events: benign + attack, benign,
            campaign: (attack > 0).then(|| format!("c{campaign}")),
        }).collect();
        let campaigns: Vec<_> = (0..3 + spare).map(|index| PlainCampaign {
            id: format!("c{index}"), t0: at(0), expected_rules: vec!["R0".into()],
        }).collect();
        let swept = sweep(&groups, campaigns.len() as u64, k_max);
        for k in 1..=k_max {
            let firing: Vec<PlainAlert> = groups.iter().enumerate()
                .filter(|(_, group)| group.events >= k as u64)
                .map(|(index, group)| PlainAlert {
                    id: format!("{index}"), rule: "R0".into(), key: format!("{index}"), time: at(0),
                    threshold: k as u64,
                    evidence: (0..group.events).map(|event| match &group.campaign {
                        Some(campaign) if event >= group.benign => Origin::Campaign(campaign.clone()),
                        _ => Origin::Benign,
                    }).collect(),
                }).collect();
            let direct = scored(&campaigns, &firing, Grouping::None);
            let (wrong, right) = (swept.false_alerts[k - 1], swept.true_alerts[k - 1]);
            prop_assert_eq!(wrong, direct.false_incidents);
            prop_assert_eq!(right, direct.true_incidents);
            prop_assert_eq!(swept.detected[k - 1], direct.detected);
            prop_assert_eq!(swept.precision[k - 1], direct.ratios.precision);
            prop_assert_eq!(swept.recall[k - 1], direct.ratios.recall);
            prop_assert_eq!(wrong + right, firing.len() as u64);
            let is_change = k > 1 && (wrong, right) != (swept.false_alerts[k - 2], swept.true_alerts[k - 2]);
            prop_assert!(!is_change || breakpoints(&groups).contains(&(k as u64)));
            prop_assert!(k == 1 || wrong + right <= swept.false_alerts[k - 2] + swept.true_alerts[k - 2]);
        }
    }

    #[test]
    fn p12_grouping_is_a_partition_and_a_wider_gap_never_splits(
        drawn in proptest::collection::vec((0..2u8, 0..2u8, 0..5000i64, 0..3u8), 0..20),
        gap in 0..2000i64, wider in 0..2000i64, anchored in any::<bool>(),
    ) {
        let names: Vec<_> = drawn.iter().enumerate()
            .map(|(index, one)| (format!("{index:02}"), one.0.to_string(), one.1.to_string())).collect();
        let alerts: Vec<GroupedAlert<'_>> = drawn.iter().zip(&names).map(|(one, (id, rule, key))| GroupedAlert {
            id, rule, key, time: at(one.2), is_true: one.3 == 0,
            false_class: (one.3 == 1).then_some(FalseClass::Noise),
        }).collect();
        let with = |gap: i64| {
            let gap = TimeSpan::from_seconds(gap);
            let grouping = if anchored { Grouping::Anchored(gap) } else { Grouping::Session(gap) };
            incidents::group(&alerts, grouping)
        };
        let incidents = with(gap);
        let mut members: Vec<usize> = incidents.iter().flat_map(|one| one.alerts.clone()).collect();
        members.sort_unstable();
        prop_assert_eq!(members, (0..alerts.len()).collect::<Vec<_>>());
        prop_assert!(with(gap + wider).len() <= incidents.len());
        for incident in &incidents {
            prop_assert!(incident.alerts.windows(2).all(|pair| alerts[pair[0]].time <= alerts[pair[1]].time));
            prop_assert!(!(incident.is_true && incident.false_class.is_some()));
        }
    }

    #[test]
    fn p12_emitted_alerts_keep_their_distance_and_are_emitted_again(
        mut drawn in proptest::collection::vec((0..2000i64, 0..3u8), 0..30),
        seconds in 0..500i64, by_key in any::<bool>(),
    ) {
        drawn.sort_unstable();
        let keys: Vec<String> = drawn.iter().map(|one| one.1.to_string()).collect();
        let alerts: Vec<_> = drawn.iter().zip(&keys).map(|(one, key)| ("R", key.as_str(), at(one.0))).collect();
        let scope = if by_key { SuppressionScope::RuleAndKey } else { SuppressionScope::Rule };
        let suppression = Suppression { span: TimeSpan::from_seconds(seconds), scope };
        let silenced = silenced_by(&alerts, suppression);
        let emitted: Vec<_> = (0..alerts.len()).filter(|&index| silenced[index].is_none())
            .map(|index| alerts[index]).collect();
        let again = silenced_by(&emitted, suppression);
        prop_assert!(again.iter().all(Option::is_none));
        for (index, left) in emitted.iter().enumerate() {
            let same_scope = emitted[index + 1..].iter().find(|right| !by_key || right.1 == left.1);
            prop_assert!(same_scope.is_none_or(|right| right.2 - left.2 >= suppression.span));
        }
        for (index, silencer) in silenced.iter().enumerate() {
            prop_assert!(silencer.is_none_or(|by| by < index && silenced[by].is_none()));
        }
    }
}
