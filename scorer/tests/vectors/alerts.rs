//! Groups about alerts: attribution, incidents, headline figures.

use std::collections::BTreeSet;

use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::attribution::{
    Attribution, FalseClass, Origin, Verdict, attribute, attribute_events,
};
use livefire_scorer::headline::{
    self, PlainAlert, PlainCampaign, event_figures, ratios, score_plain,
};
use livefire_scorer::incidents::{self, GroupedAlert, Grouping};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::field;

pub(crate) fn at(seconds: f64) -> EventTime {
    EventTime::from_unix_seconds(0) + TimeSpan::from_seconds_f64(seconds)
}

pub(crate) fn ratio_metrics(input: &Value) -> Value {
    let count = |name| field::<u64>(input, name);
    json!(ratios(
        count("detected"),
        count("false_incidents"),
        count("missed")
    ))
}

pub(crate) fn event_alert_metrics(input: &Value) -> Value {
    #[derive(Deserialize)]
    struct Alert {
        true_positive: bool,
        evidence: Vec<String>,
    }
    let alerts: Vec<Alert> = field(input, "alerts");
    let set = |name| field::<BTreeSet<String>>(input, name);
    let given = alerts
        .iter()
        .map(|alert| (alert.true_positive, alert.evidence.as_slice()));
    json!(event_figures(
        &set("attack_events"),
        &set("observable_attack_events"),
        given
    ))
}

fn origin(label: &str) -> Origin<String> {
    match label.split_once(':') {
        None if label == "benign" => Origin::Benign,
        Some(("hard_negative", _)) => Origin::HardNegative,
        Some(("collateral", campaign)) => Origin::Collateral(campaign.to_owned()),
        Some(("campaign", campaign)) => Origin::Campaign(campaign.to_owned()),
        _ => panic!("label `{label}`"),
    }
}

fn attribution_json(attribution: &Attribution<String>) -> Value {
    json!({
        "n": attribution.level,
        "b": attribution.benign,
        "verdict": attribution.verdict,
        "credited": attribution.credited,
        "joint": attribution.joint,
        "fp_class": attribution.false_class,
        "fp_cause": attribution.false_cause,
    })
}

pub(crate) fn causal_attribution(input: &Value) -> Value {
    let evidence: Vec<String> = field(input, "evidence");
    let events = evidence.iter().map(|label| origin(label));
    attribution_json(&attribute_events(field(input, "k"), events))
}

pub(crate) fn distinct_attribution(input: &Value) -> Value {
    let rows: Vec<(String, String)> = field(input, "rows");
    let rows = rows
        .into_iter()
        .map(|(value, label)| (value, origin(&label)));
    attribution_json(&attribute(field(input, "k"), rows.collect()))
}

fn grouping(input: &Value) -> Grouping {
    let gap = TimeSpan::from_seconds_f64(field(input, "gap"));
    match field::<String>(input, "mode").as_str() {
        "session" => Grouping::Session(gap),
        "anchored" => Grouping::Anchored(gap),
        "none" => Grouping::None,
        other => panic!("mode `{other}`"),
    }
}

pub(crate) fn incident_grouping(input: &Value) -> Value {
    #[derive(Deserialize)]
    struct Alert {
        id: String,
        rule: String,
        key: String,
        time: f64,
        true_positive: bool,
        fp_class: Option<FalseClass>,
    }
    let alerts: Vec<Alert> = field(input, "alerts");
    let given: Vec<GroupedAlert<'_>> = alerts
        .iter()
        .map(|alert| GroupedAlert {
            id: &alert.id,
            rule: &alert.rule,
            key: &alert.key,
            time: at(alert.time),
            is_true: alert.true_positive,
            false_class: alert.fp_class,
        })
        .collect();
    let incidents = incidents::group(&given, grouping(input));
    let shown: Vec<Value> = incidents
        .iter()
        .map(|incident| {
            let ids: Vec<&str> = incident
                .alerts
                .iter()
                .map(|&index| given[index].id)
                .collect();
            json!({"alerts": ids, "true": incident.is_true, "fp_class": incident.false_class})
        })
        .collect();
    json!({"incidents": shown, "false_incidents": incidents::count_false(&incidents)})
}

pub(crate) fn campaign_score(input: &Value) -> Value {
    #[derive(Deserialize)]
    struct Campaign {
        id: String,
        t0: f64,
        expected_rules: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Alert {
        id: String,
        rule: String,
        key: String,
        time: f64,
        k: u64,
        evidence: Vec<String>,
    }
    let campaigns: Vec<PlainCampaign> = field::<Vec<Campaign>>(input, "campaigns")
        .into_iter()
        .map(|campaign| PlainCampaign {
            id: campaign.id,
            t0: at(campaign.t0),
            expected_rules: campaign.expected_rules,
        })
        .collect();
    let alerts: Vec<PlainAlert> = field::<Vec<Alert>>(input, "alerts")
        .into_iter()
        .map(|alert| PlainAlert {
            id: alert.id,
            rule: alert.rule,
            key: alert.key,
            time: at(alert.time),
            threshold: alert.k,
            evidence: alert.evidence.iter().map(|label| origin(label)).collect(),
        })
        .collect();
    let score = score_plain(&campaigns, &alerts, grouping(input)).expect("the contract is kept");
    let mut shown = json!(score);
    let times: Map<String, Value> = campaigns
        .iter()
        .zip(&score.time_to_detect)
        .map(|(campaign, time)| (campaign.id.clone(), json!(time)))
        .collect();
    shown["ttd"] = Value::Object(times);
    shown
}

#[test]
fn an_alert_below_its_threshold_is_an_error_and_no_score() {
    let alert = PlainAlert {
        id: "x".into(),
        rule: "R1".into(),
        key: String::new(),
        time: at(0.0),
        threshold: 2,
        evidence: vec![Origin::Benign],
    };
    let error = score_plain(&[], &[alert], Grouping::None).expect_err("is refused");
    assert_eq!((error.level, error.threshold), (1, 2));
    assert_eq!(
        attribute_events::<String>(2, [Origin::Benign]).verdict,
        Verdict::NotAnAlert
    );
    assert_eq!(
        headline::time_to_detect(at(5.0), Some(at(1.0))).value(),
        Some(0.0)
    );
}
