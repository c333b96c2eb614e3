//! Groups about time: detection time, survival, windows, phase, suppression.

use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::detection_time::{Schedule, ScheduledOutcome, TimedEvent, summarise};
use livefire_scorer::survival::{Subject, Survival};
use livefire_scorer::windows::phase::{self, WindowKind};
use livefire_scorer::windows::sliding;
use livefire_scorer::windows::suppression::{Suppression, SuppressionScope, silenced_by};
use livefire_scorer::windows::sweep::{SweepGroup, sweep};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::alerts::at;
use crate::field;

fn span(input: &Value, name: &str) -> TimeSpan {
    TimeSpan::from_seconds_f64(field(input, name))
}

fn seconds(time: EventTime) -> f64 {
    (time - at(0.0)).seconds_f64()
}

pub(crate) fn threshold_sweep(input: &Value) -> Value {
    #[derive(Deserialize)]
    struct Group {
        n: u64,
        b: u64,
        campaign: Option<String>,
    }
    let groups: Vec<SweepGroup<String>> = field::<Vec<Group>>(input, "groups")
        .into_iter()
        .map(|group| SweepGroup {
            events: group.n,
            benign: group.b,
            campaign: group.campaign,
        })
        .collect();
    let swept = sweep(&groups, field(input, "campaigns"), field(input, "k_max"));
    json!({
        "false_alerts": swept.false_alerts,
        "true_alerts": swept.true_alerts,
        "detected": swept.detected,
        "precision": swept.precision,
        "recall": swept.recall,
    })
}

pub(crate) fn ttd_parts(input: &Value) -> Value {
    let t0 = at(field(input, "t0"));
    let events: Vec<TimedEvent> = field::<Vec<(f64, f64)>>(input, "events")
        .into_iter()
        .map(|(time, available)| TimedEvent {
            time: at(time),
            available: at(available),
        })
        .collect();
    let schedule = Schedule {
        threshold: field(input, "k"),
        period: span(input, "period"),
        lookback: span(input, "lookback"),
        first_run: at(field(input, "first_run")),
        offset: span(input, "offset"),
        query_delay: span(input, "query_delay"),
        log_end: at(field(input, "log_end")),
    };
    match schedule.outcome(t0, &events) {
        ScheduledOutcome::Missed(reason) => json!({"ttd": "inf", "reason": reason}),
        ScheduledOutcome::Detected { raised, parts } => {
            let mut shown = json!({
                "ttd": (raised - t0).seconds_f64().max(0.0),
                "alert_time": seconds(raised),
            });
            if let Some(parts) = parts {
                shown["accumulate"] = json!(parts.accumulate.seconds_f64());
                shown["ingestion"] = json!(parts.ingestion.seconds_f64());
                shown["schedule_wait"] = json!(parts.schedule_wait.seconds_f64());
                shown["run"] = json!(parts.run.seconds_f64());
            }
            shown
        }
    }
}

pub(crate) fn ttd_summary(input: &Value) -> Value {
    let times: Vec<f64> = field::<Vec<Value>>(input, "ttd")
        .iter()
        .map(|time| time.as_f64().unwrap_or(f64::INFINITY))
        .collect();
    let summary = summarise(&times, field(input, "tau"), field(input, "at"));
    json!({
        "rmttd": summary.restricted_mean,
        "p50": summary.p50,
        "p90": summary.p90,
        "recall_at": summary.recall_at,
        "mean_detected": summary.mean_detected,
    })
}

pub(crate) fn kaplan_meier(input: &Value) -> Value {
    #[derive(Deserialize)]
    #[serde(tag = "status", rename_all = "snake_case")]
    enum Given {
        Detected { t: f64 },
        Censored { t: f64 },
        Never,
    }
    let subjects: Vec<Subject> = field::<Vec<Given>>(input, "subjects")
        .into_iter()
        .map(|given| match given {
            Given::Detected { t } => Subject::Detected(t),
            Given::Censored { t } => Subject::Censored(t),
            Given::Never => Subject::Never,
        })
        .collect();
    let survival = Survival::of(&subjects);
    json!({
        "steps": survival.steps(),
        "rmttd": survival.restricted_mean(field(input, "tau")),
        "p50": survival.quantile(50),
        "p90": survival.quantile(90),
        "recall_at": survival.recall_at(field(input, "at")),
    })
}

pub(crate) fn tumbling_miss(input: &Value) -> Value {
    let miss = phase::tumbling_miss(
        field(input, "events"),
        field(input, "duration"),
        field(input, "bin"),
        field(input, "k"),
    );
    json!({ "miss": miss })
}

pub(crate) fn phase_recall(input: &Value) -> Value {
    let times = |name| field::<Vec<f64>>(input, name);
    let recall = phase::phase_recall(
        &times("attack"),
        &times("benign"),
        field(input, "bin"),
        field(input, "k"),
    );
    json!({"causal": recall.causal, "overlap": recall.overlap})
}

pub(crate) fn sliding_alerts(input: &Value) -> Value {
    let times: Vec<EventTime> = field::<Vec<f64>>(input, "times")
        .into_iter()
        .map(at)
        .collect();
    let indices = sliding::alerts(&times, span(input, "window"), field(input, "k"), None);
    let alert_times: Vec<f64> = indices.iter().map(|&index| seconds(times[index])).collect();
    json!({"alert_indices": indices, "alert_times": alert_times})
}

pub(crate) fn suppression(input: &Value) -> Value {
    #[derive(Deserialize)]
    struct Alert {
        time: f64,
        key: String,
    }
    let alerts: Vec<Alert> = field(input, "alerts");
    let given: Vec<(&str, &str, EventTime)> = alerts
        .iter()
        .map(|alert| ("rule", alert.key.as_str(), at(alert.time)))
        .collect();
    let suppression = Suppression {
        span: span(input, "suppression"),
        scope: field::<SuppressionScope>(input, "scope"),
    };
    let silenced = silenced_by(&given, suppression);
    let emitted: Vec<usize> = (0..given.len())
        .filter(|&index| silenced[index].is_none())
        .collect();
    json!({ "emitted": emitted })
}

pub(crate) fn evasion_frontier(input: &Value) -> Value {
    let kind = match field::<String>(input, "window_kind").as_str() {
        "tumbling" => WindowKind::Tumbling,
        "sliding" => WindowKind::Sliding,
        other => panic!("window kind `{other}`"),
    };
    let duration = phase::evasion_frontier(
        kind,
        field(input, "events"),
        field(input, "k"),
        field(input, "bin"),
        field(input, "delta"),
    );
    json!({ "duration": duration })
}

#[test]
fn an_unbroken_run_alerts_again_only_after_its_realert_time() {
    let times: Vec<EventTime> = (0..20).map(|index| at(f64::from(index) * 10.0)).collect();
    let realert = Some(TimeSpan::from_seconds(60));
    let window = TimeSpan::from_seconds(100);
    assert_eq!(sliding::alerts(&times, window, 3, realert), [2, 8, 14]);
    assert_eq!(sliding::alerts(&times, window, 3, None), [2]);
}
