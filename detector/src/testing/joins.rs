//! The boundary cases of joins and first-seen rules, from `tests/data`: both modes alike.

use std::sync::Arc;

use livefire_schema::alert::Alert;
use livefire_schema::reference::{Application, Model, Reference};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Line, World, at};

#[derive(Deserialize)]
struct Cases {
    join_and_baseline: Vec<Case>,
}

/// A case; which fields it has depends on its rule.
#[derive(Deserialize)]
struct Case {
    id: String,
    rule: String,
    fires: bool,
    why: String,
    #[serde(flatten)]
    more: Value,
}

impl Case {
    fn seconds(&self, name: &str) -> f64 {
        self.more[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{} has no {name}", self.id))
    }

    /// Rows, and which alerts of the rule the case is about.
    fn lines(&self) -> Vec<Vec<Line>> {
        match self.rule.as_str() {
            "R4" => vec![self.first_seen()],
            "C1" => self.accounts(),
            "C2" => self.applications(),
            "C3" => vec![self.indicators()],
            "R6" => vec![self.model()],
            other => panic!("{}: no rule {other} here", self.id),
        }
    }

    /// A user who is always at home, and away once before.
    fn first_seen(&self) -> Vec<Line> {
        let time = self.seconds("last_seen_before_s");
        let before = match self.more.get("seen_as") {
            Some(_) => sign_in(0.0, "ada", "0"),
            None => request(0.0, "ada", AWAY, "gpt"),
        };
        vec![
            request(time - 7200.0, "ada", "198.18.7.41", "gpt"),
            before,
            request(time, "ada", AWAY, "gpt"),
        ]
    }

    fn accounts(&self) -> Vec<Vec<Line>> {
        let gap = self.more["gap_s"].as_f64().unwrap_or(60.0);
        let (mut one, mut other) = (
            "ada",
            if self.same("same_account") {
                "ada"
            } else {
                "bob"
            },
        );
        if let Some(spelling) = self.more["account_spelling"].as_array() {
            one = spelling[0].as_str().expect("is text");
            other = spelling[1].as_str().expect("is text");
        }
        let code = self.more["result_type"].as_str().unwrap_or("50126");
        vec![
            vec![fail(0.0, one), sign_in(gap, other, code)],
            vec![sign_in(0.0, other, code), fail(gap, one)],
        ]
    }

    fn applications(&self) -> Vec<Vec<Line>> {
        let gap = self.seconds("gap_s");
        let resource = if self.same("same_application") {
            "aoai-prod"
        } else {
            "aoai-other"
        };
        let alert = |time| {
            let fields = json!({
                "AlertId": "a", "CloudResource": resource,
                "Title": "ASCII Smuggling prompt injection detected",
                "DetectionSource": "Microsoft Defender for AI Services",
            });
            Line::new("AlertEvidence", time, fields)
        };
        vec![
            vec![fail(0.0, "ada"), alert(gap)],
            vec![alert(0.0), fail(gap, "ada")],
        ]
    }

    fn indicators(&self) -> Vec<Line> {
        let indicator = &self.more["indicator"];
        let time = 10.0 * 86_400.0;
        let ended = indicator["valid_until_before_event_s"].as_f64();
        let until = ended.map_or(time + 86_400.0, |before| time - before);
        let copies = indicator["copies"].as_u64().unwrap_or(1);
        let publication = |day: u32| {
            let fields = json!({
                "Id": "indicator--1", "ObservableKey": "ipv4-addr:value", "ObservableValue": AWAY,
                "IsActive": indicator["IsActive"], "Confidence": 85,
                "ValidFrom": at(0.0).to_string(), "ValidUntil": at(until).to_string(),
            });
            Line::new("ThreatIntelIndicators", f64::from(day) * 86_400.0, fields)
        };
        let copies = u32::try_from(copies).expect("is small");
        let mut lines: Vec<Line> = (1..=copies).map(publication).collect();
        lines.push(request(time, "ada", AWAY, "gpt"));
        lines
    }

    fn model(&self) -> Vec<Line> {
        let uses = self.more["requests_on_flagged_model"]
            .as_u64()
            .expect("is a count");
        let uses = u32::try_from(uses).expect("is small");
        let last = f64::from(uses);
        let gap = self.more["last_use_before_finding_s"]
            .as_f64()
            .unwrap_or(60.0);
        let used = (1..=uses).map(|index| request(f64::from(index), "ada", AWAY, "flagged"));
        let mut lines: Vec<Line> = used.collect();
        let fields = json!({
            "SystemAlertId": "s", "AlertType": "AI.AIModelScan_MalwareDetected",
            "CompromisedEntity": "flagged:1",
        });
        lines.push(Line::new("SecurityAlert", last + gap, fields));
        lines
    }

    fn same(&self, name: &str) -> bool {
        self.more[name].as_bool().unwrap_or(true)
    }
}

const AWAY: &str = "203.0.113.9";

fn request(time: f64, user: &str, address: &str, deployment: &str) -> Line {
    let fields = json!({
        "request_id": format!("r-{time}"), "end_user_id": user, "source_ip": address,
        "security_check_passed": "PASS", "application_name": "Assistant",
        "model_deployment": deployment,
    });
    Line::app(time, &fields)
}

fn fail(time: f64, user: &str) -> Line {
    let mut line = request(time, user, AWAY, "gpt");
    line.fields["LogMessage"]["security_check_passed"] = json!("FAIL");
    line
}

fn sign_in(time: f64, user: &str, code: &str) -> Line {
    let fields = json!({"Id": "s", "UserId": user, "IPAddress": AWAY, "ResultType": code});
    Line::new("SigninLogs", time, fields)
}

fn world(rule: &str) -> World {
    let application = |application: &str, resource: &str| Application {
        application: application.into(),
        resource: resource.into(),
    };
    let applications = vec![
        application("Assistant", "aoai-prod"),
        application("Other", "aoai-other"),
    ];
    let model = Model {
        model: "flagged:1".into(),
        deployment: "flagged".into(),
        asset_id: "/registries/r/models/flagged/versions/1".into(),
    };
    let mut world = World::of(&[rule]);
    world.reference = Arc::new(Reference::new(
        vec![],
        applications,
        vec![model],
        vec![],
        vec![],
    ));
    world
}

/// The alerts of both engines, which must be the same.
#[track_caller]
fn alerts(case: &Case, lines: &[Line]) -> Vec<Alert> {
    let mut world = world(&case.rule);
    world.options.binned = false;
    let (mut streaming, _) = world.run_counting(lines);
    world.options.binned = true;
    world.options.streaming = false;
    let (binned, _) = world.run_counting(lines);
    assert_eq!(streaming, binned, "{}", case.id);
    if case.rule == "R4" {
        streaming.retain(|alert| alert.details.to_map()["address"] == AWAY);
    }
    streaming
}

#[test]
fn every_join_and_baseline_case_gives_the_listed_verdict() {
    let text = include_str!("../../tests/data/boundary_cases.json");
    let cases: Cases = serde_json::from_str(text).expect("is JSON of cases");
    assert_eq!(cases.join_and_baseline.len(), 16);
    for case in &cases.join_and_baseline {
        for lines in case.lines() {
            let found = alerts(case, &lines).len();
            let wanted = case.more["alerts"]
                .as_u64()
                .unwrap_or(u64::from(case.fires));
            assert_eq!(
                u64::try_from(found),
                Ok(wanted),
                "{}: {}",
                case.id,
                case.why
            );
        }
    }
}
