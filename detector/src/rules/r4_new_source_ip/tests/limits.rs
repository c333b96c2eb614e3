//! R4 against its definition, and what it forgets.

use std::sync::Arc;

use livefire_schema::alert::Mode;
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::table::TableId;
use livefire_schema::time::TimeSpan;
use proptest::prelude::*;
use serde_json::json;

use super::super::REQUEST;
use super::super::state::State;
use super::{DAY, HOUR, request, sign_in};
use crate::context::{Context, FormHead};
use crate::names::Names;
use crate::record::{Record, TextRef};
use crate::rules::Rule;
use crate::ruleset::FormIndex;
use crate::testing::{Line, World, at};

const ADDRESSES: [&str; 3] = ["198.18.7.41", "203.0.113.9", "2001:db8:1:2::9"];

/// The alerts by definition, of (second, user, address, is a sign-in), in order of time.
fn by_definition(rows: &[(i64, usize, usize, bool)], day: i64) -> Vec<(i64, usize, usize)> {
    let hour = 3600;
    let mut alerts: Vec<(i64, usize, usize)> = Vec::new();
    for (index, &(time, user, address, is_sign_in)) in rows.iter().enumerate() {
        let baseline = || {
            let earlier = rows[..index].iter().filter(|row| row.1 == user);
            earlier.filter(|row| time - day <= row.0 && row.0 <= time - hour)
        };
        let is_known = baseline().any(|row| row.2 == address);
        let has_alerted = alerts
            .iter()
            .any(|&(at, who, place)| who == user && place == address && time - at < hour);
        if !is_sign_in && !is_known && !has_alerted && baseline().next().is_some() {
            alerts.push((time, user, address));
        }
    }
    alerts
}

proptest! {
    #[test]
    fn alerts_are_those_of_the_definition(
        rows in prop::collection::vec((1..20_000i64, 0..2usize, 0..3usize, any::<bool>()), 0..40),
    ) {
        let mut now = 0;
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(step, user, address, is_sign_in)| {
                now += step;
                (now, user, address, is_sign_in)
            })
            .collect();
        let users = ["ada", "bob"];
        let lines: Vec<Line> = rows
            .iter()
            .map(|&(time, user, address, is_sign_in)| {
                let time = f64::from(i32::try_from(time).expect("is small"));
                let row = if is_sign_in { sign_in } else { request };
                row(time, users[user], ADDRESSES[address])
            })
            .collect();
        let world = World::of(&["R4"]).with("R4.lookback", "1d");
        let alerts = world.run(Mode::Streaming, &lines);
        let found: Vec<_> = alerts
            .iter()
            .map(|alert| (alert.time, alert.key.clone(), alert.details.to_map()["address"].clone()))
            .collect();
        let expected: Vec<_> = by_definition(&rows, 86_400)
            .into_iter()
            .map(|(time, user, address)| {
                let time = at(f64::from(i32::try_from(time).expect("is small")));
                (time, users[user].to_owned(), json!(ADDRESSES[address]))
            })
            .collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn users_and_addresses_are_forgotten_when_they_leave_the_lookback() {
    let world = World::of(&["R4"]);
    let (index, form) = world.rules.forms().next().expect("is selected");
    let mut state = State::new(form.parameters(), &world.reference);
    let (mut names, mut alerts) = (Names::new(TimeSpan::from_days(1)), Vec::new());
    let mut origins = Vec::new();
    let head = FormHead {
        index,
        sinks: Arc::default(),
        name: Arc::clone(form.name()),
        mode: Mode::Streaming,
        view: crate::engine::View::AsRun,
        since: livefire_schema::time::EventTime::MIN,
    };
    let mut context = Context {
        names: &mut names,
        reference: &world.reference,
        form: &head,
        tables: &[],
        alerts: &mut alerts,
        origins: &mut origins,
        observer: None,
    };
    let mut record = a_record();
    for user in 0..1000 {
        record.time = at(f64::from(u32::try_from(user).expect("is small")));
        (record.key, record.value, record.event) = (user, user % 50, EventId(user));
        state.apply(&record, "", &mut context);
    }
    state.advance(at(7.0 * DAY), &mut context);
    assert_eq!(state.sizes(), (1000, 1000, 1));
    state.advance(at(7.0 * DAY + 6.0 * HOUR), &mut context);
    assert_eq!(state.sizes(), (0, 0, 0));
}

/// A request without anything.
fn a_record() -> Record {
    Record {
        item: ItemId(0),
        time: at(0.0),
        available: at(0.0),
        event: EventId(0),
        key: 0,
        value: 0,
        other: 0,
        address: 0,
        number: 0,
        text: TextRef::default(),
        table: TableId(0),
        form: FormIndex(0),
        kind: REQUEST,
        flags: 0,
    }
}
