//! Acceptance finds what it is there to find: on kinds that promise too much, and on kinds that
//! nobody told it of.

use std::collections::BTreeSet;

use livefire_generator::kinds::Source;
use livefire_schema::time::TimeSpan;

use super::*;

/// A user's attack: one stolen account, a few harmless requests from an address new to it.
const QUIET: &str = "
format: 1
id: borrowed_account
title: Borrowed account
label: attack
goal: use an account of somebody else
techniques: { atlas: [AML.T0012] }
expected: { fires: [R4, R3, H2], may: [C3], lost: [] }
evasions: []
knobs: { events: { default: 6, range: 1..50 } }
cast: { victim: { accounts: existing }, place: { addresses: hosting } }
stages:
  enter: { do: sign_in, who: victim, from: place, outcomes: ok }
  use: { after: enter, delay: 1m..5m, do: request, who: victim, from: place, prompts: finance, count: $events, gap: human }
";

/// A user's look-alike that is too weak for what it says.
const WEAK: &str = "
format: 1
id: one_typo
title: One typo
label: hard_negative
goal: somebody mistypes a password once
twin_of: [password_spray_low_slow]
literal: [C1]
must_not_fire: [R4]
discriminator: one failure from the usual address
cast: { user: { accounts: existing } }
stages:
  fumble: { do: sign_in, who: user, outcomes: bad_password }
";

fn setup(texts: &[(&str, &str)]) -> Setup {
    let schema = Schema::embedded();
    let user = texts.iter().map(|(id, text)| Source {
        path: format!("kinds/{id}.yaml"),
        bytes: text.as_bytes().to_vec(),
    });
    let user: Vec<Source> = user.collect();
    let library = AttackLibrary::load(&AttackLibrary::embedded_sources(), &user, &schema)
        .expect("the kinds are valid");
    Setup {
        library,
        schema: Arc::new(schema),
        rules: RuleSet::embedded(),
    }
}

fn measured(setup: &Setup, kind: &str, seeds: &[u64]) -> Table {
    let kind = setup.library.get(kind).expect("is there");
    measure(setup, &[kind], seeds)
}

#[track_caller]
fn verdict_of(table: &Table, rule: &str) -> (usize, Verdict) {
    let mut lines = table.lines.iter();
    let line = lines
        .find(|line| line.rules[0].to_string() == rule)
        .expect("the rule is promised");
    (line.streaming, line.verdict)
}

#[test]
fn a_users_attack_is_measured_and_a_promise_too_many_is_found() {
    let setup = setup(&[("borrowed_account", QUIET)]);
    let table = measured(&setup, "borrowed_account", &[1, 2, 3]);
    assert_eq!(table.faults, Vec::<String>::new());
    assert_eq!(verdict_of(&table, "R4"), (3, Verdict::Kept));
    assert_eq!(verdict_of(&table, "R3"), (0, Verdict::Broken));
    assert_eq!(verdict_of(&table, "C3"), (0, Verdict::Measured));
    let broken: Vec<&Line> = table.broken().collect();
    assert!(broken.iter().any(|line| line.promise == Promise::Fires));
}

#[test]
fn a_look_alike_too_weak_for_its_literal_rule_is_found() {
    let setup = setup(&[("one_typo", WEAK)]);
    let table = measured(&setup, "one_typo", &[1, 2, 3]);
    assert_eq!(verdict_of(&table, "C1").1, Verdict::Broken);
    assert_eq!(verdict_of(&table, "R4").1, Verdict::Measured);
}

#[test]
fn one_seed_cannot_break_a_promise() {
    let setup = setup(&[("borrowed_account", QUIET)]);
    let table = measured(&setup, "borrowed_account", &[1]);
    assert_eq!(verdict_of(&table, "R3"), (0, Verdict::TooFew));
    assert_eq!(table.broken().count(), 0);
    assert!(table.missed().count() >= 1);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let setup = setup(&[]);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads can be started");
        pool.install(|| measured(&setup, "new_ip_login", &[1, 2, 3]))
    };
    let one = on(1);
    assert!(!one.lines.is_empty());
    assert_eq!(one, on(4));
}

#[test]
fn a_stage_before_what_it_waits_for_is_found() {
    let setup = setup(&[("borrowed_account", QUIET)]);
    let kind = setup.library.get("borrowed_account").expect("is there");
    let case = &cases_of(kind)[0];
    let (mut plan, world, rows) =
        derived::small(&setup, case, kind, &SeedWorld::new(1)).expect("plans");
    assert!(rows > 6, "a sign-in, and two rows for each request");
    let start = world.calendar.start;
    assert_eq!(out_of_order(kind, &plan, start), Vec::<String>::new());
    let last = plan.events.last_mut().expect("has events");
    last.at = last.at - TimeSpan::from_days(1);
    let found = out_of_order(kind, &plan, start);
    assert_eq!(
        found,
        ["borrowed_account: stage `use` begins before `enter`"]
    );
}

#[test]
fn tables_listed_but_never_written_and_the_reverse_are_found() {
    let setup = setup(&[("borrowed_account", QUIET)]);
    let kind = setup.library.get("borrowed_account").expect("is there");
    let written = ["ContainerLogV2", "SigninLogs", "AuditLogs"].map(str::to_owned);
    let found = unwritten_tables(kind, &BTreeSet::from(written));
    assert_eq!(
        found,
        [
            TableFault::Unwritten("AzureDiagnostics".to_owned()),
            TableFault::Unlisted("AuditLogs".to_owned())
        ]
    );
}

#[test]
fn large_kinds_are_scaled_down_and_small_ones_left_alone() {
    let setup = setup(&[("borrowed_account", QUIET)]);
    let kind = |id: &str| setup.library.get(id).expect("is there");
    assert!(scale::entries(kind("borrowed_account"), 0.1).is_empty());
    assert!(scale::entries(kind("password_spray_low_slow"), 1.0).is_empty());
    let spray = scale::entries(kind("password_spray_low_slow"), 0.1);
    let names: Vec<&str> = spray.iter().map(|(name, _)| name.value.as_str()).collect();
    assert_eq!(names, ["targets", "pool"]);
}
