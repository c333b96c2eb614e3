//! Behaviour of R5: distinct users, botnet or one operator, stolen accounts.

use livefire_schema::alert::{Alert, Mode, Semantics};
use livefire_schema::reference::{Identity, Reference};
use serde_json::json;

use crate::testing::{Line, World, at};

fn request(time: f64, user: &str, address: &str) -> Line {
    Line::app(
        time,
        &json!({
            "prompt_hash": "5d41402abc4b2a76b9719d911017c592", "end_user_id": user,
            "request_id": format!("{user}-{time}"), "source_ip": address,
            "application_name": "Assistant", "full_prompt_sample": "Ignore all",
        }),
    )
}

/// One request each of as many users as there are addresses.
fn volley(start: f64, addresses: &[&str]) -> Vec<Line> {
    let numbered = addresses.iter().enumerate();
    numbered
        .map(|(index, address)| {
            let time = start + 10.0 * f64::from(u32::try_from(index).expect("is small"));
            request(time, &format!("u{index}"), address)
        })
        .collect()
}

#[track_caller]
fn only(world: &World, lines: &[Line]) -> Alert {
    let alerts = world.run(Mode::Streaming, lines);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.into_iter().next().expect("is one")
}

const ONE: &str = "198.18.7.1";
const FIVE: [&str; 5] = [
    "198.18.1.1",
    "198.18.2.1",
    "198.18.3.1",
    "198.18.4.1",
    "198.18.5.1",
];

#[test]
fn the_fifth_user_of_a_prompt_alerts_with_users_addresses_and_sample() {
    let alert = only(&World::of(&["R5"]), &volley(0.0, &FIVE));
    assert_eq!(alert.key, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!((alert.semantics, alert.level), (Semantics::Distinct, 5));
    assert_eq!((alert.time, alert.raised), (at(40.0), at(40.0)));
    assert_eq!(alert.classes, ["botnet"]);
    assert_eq!(alert.details.to_map()["sample"], json!("Ignore all"));
    assert_eq!(
        alert.details.to_map()["users"],
        json!(["u0", "u1", "u2", "u3", "u4"])
    );
    assert_eq!(alert.details.to_map()["address_count"], json!(5));
    let distinct: Vec<_> = alert
        .evidence
        .iter()
        .filter_map(|row| row.distinct)
        .collect();
    assert_eq!(distinct.len(), 5);
    assert_eq!(alert.entities.len(), 11);
}

#[test]
fn a_user_who_repeats_the_prompt_counts_once() {
    let mut lines = volley(0.0, &FIVE[..4]);
    lines.push(request(50.0, "u0", ONE));
    lines.push(request(51.0, "U1", ONE));
    World::of(&["R5"]).alerts_at(Mode::Streaming, &lines, &[]);
    lines.push(request(60.0, "u9", ONE));
    let alert = only(&World::of(&["R5"]), &lines);
    assert_eq!((alert.level, alert.evidence.len()), (5, 7));
}

#[test]
fn object_id_and_upn_of_one_person_are_one_user() {
    let identity = Identity {
        object_id: "u0".into(),
        upn: "ada@x.example".into(),
        ..Identity::default()
    };
    let reference = Reference::new(vec![identity], vec![], vec![], vec![], vec![]);
    let mut lines = volley(0.0, &FIVE[..4]);
    lines.push(request(50.0, "ada@x.example", ONE));
    World::of(&["R5"])
        .knowing(reference)
        .alerts_at(Mode::Streaming, &lines, &[]);
}

#[track_caller]
fn shape(addresses: &[&str], class: &str) {
    let alert = only(&World::of(&["R5"]), &volley(0.0, addresses));
    assert_eq!(alert.classes, [class]);
}

#[test]
fn addresses_per_user_tell_a_botnet_from_one_operator() {
    shape(&[FIVE[0], FIVE[1], FIVE[2], FIVE[3], FIVE[3]], "botnet");
    shape(&[FIVE[0], FIVE[1], FIVE[2], FIVE[2], FIVE[2]], "mixed");
    shape(&[ONE; 5], "one_operator");
    let half = "2001:db8:1:2::1";
    shape(
        &[half, "2001:db8:1:2::2", "2001:db8:1:2::3", half, half],
        "one_operator",
    );
}

#[test]
fn users_who_follow_within_an_hour_still_decide_the_class() {
    let mut lines = volley(0.0, &[ONE; 5]);
    lines.push(request(3599.0, "u8", FIVE[0]));
    lines.push(request(3641.0, "u9", FIVE[1]));
    let alert = only(&World::of(&["R5"]), &lines);
    assert_eq!(alert.details.to_map()["user_count"], json!(6));
    assert_eq!(alert.classes, ["mixed"]);
}

const DAY: f64 = 86_400.0;

/// Sign-ins of the users at home on the day before, then the volley.
fn taken_over(addresses: &[&str]) -> Vec<Line> {
    let mut lines: Vec<Line> = (0..5)
        .map(|index| {
            let fields = json!({
                "UserId": format!("u{index}"), "ResultType": "0",
                "IPAddress": format!("203.0.113.{index}"), "Id": format!("s{index}"),
            });
            Line::new("SigninLogs", f64::from(index), fields)
        })
        .collect();
    lines.extend(volley(DAY, addresses));
    lines
}

fn people(age_in_days: f64) -> Reference {
    let identities = (0..5).map(|index| Identity {
        object_id: format!("u{index}"),
        created: Some(at(DAY + 40.0 - age_in_days * DAY)),
        ..Identity::default()
    });
    Reference::new(identities.collect(), vec![], vec![], vec![], vec![])
}

#[test]
fn old_accounts_away_from_home_are_stolen() {
    let world = World::of(&["R5"]).knowing(people(30.0));
    let alert = only(&world, &taken_over(&[ONE; 5]));
    assert_eq!(alert.classes, ["one_operator", "stolen"]);
    assert_eq!(alert.details.to_map()["share_outside_baseline"], json!(1.0));
}

#[test]
fn young_unknown_or_at_home_accounts_are_not_called_stolen() {
    let young = World::of(&["R5"]).knowing(people(29.9));
    assert_eq!(
        only(&young, &taken_over(&[ONE; 5])).classes,
        ["one_operator"]
    );
    let unknown = World::of(&["R5"]);
    assert_eq!(
        only(&unknown, &taken_over(&[ONE; 5])).classes,
        ["one_operator"]
    );
    let old = World::of(&["R5"]).knowing(people(400.0));
    let home = ["203.0.113.0", "203.0.113.1", "203.0.113.2", ONE, ONE];
    assert_eq!(only(&old, &taken_over(&home)).classes, ["botnet"]);
    assert_eq!(
        only(&old, &volley(DAY, &[ONE; 5])).classes,
        ["one_operator"]
    );
}

#[test]
fn accounts_made_in_the_log_have_an_age_too() {
    let mut lines: Vec<Line> = (0..5)
        .map(|index| {
            let fields = json!({
                "OperationName": "Add user", "Id": format!("a{index}"),
                "TargetResources": [{"type": "User", "id": format!("u{index}")}],
            });
            Line::new("AuditLogs", -31.0 * DAY, fields)
        })
        .collect();
    lines.extend(taken_over(&[ONE; 5]));
    let alert = only(&World::of(&["R5"]), &lines);
    assert_eq!(alert.classes, ["one_operator", "stolen"]);
}

#[test]
fn a_changed_tail_escapes_the_hash_but_not_the_sample() {
    let mut lines = volley(0.0, &FIVE);
    for (index, line) in lines.iter_mut().enumerate() {
        line.fields["LogMessage"]["prompt_hash"] = json!(format!("hash {index}"));
    }
    World::of(&["R5"]).alerts_at(Mode::Streaming, &lines, &[]);
    assert_eq!(only(&World::of(&["R5@sample"]), &lines).key, "Ignore all");
}
