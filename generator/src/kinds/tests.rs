//! The shipped kinds load; every fault has its text and place.

use livefire_schema::table::Schema;

use super::{AttackLibrary, Source, VERIFIED};

mod lints;
mod numbers;

/// A user's kind without a fault; cases change one line of it.
const GOOD: &str = "\
format: 1
id: my_spray
label: attack
expected: { fires: [R4], may: [C1], lost: [] }
knobs:
  targets: { default: 100, range: 1..200 }
  days: { default: 2, range: 1..30 }
  p_wrong: { default: 0.9, range: 0..1 }
  mode: { default: quick, one_of: [quick, slow] }
cast:
  targets: { accounts: existing, count: $targets }
  hit: { of: targets, count: 1 }
  lair: { addresses: hosting }
stages:
  spray:
    do: sign_in
    each: targets
    from: lair
    count: 3
    gap: { gamma: { mean: 2s, cv: 0.4 } }
    outcomes: { bad_password: $p_wrong, locked: 0.05, mfa_needed: rest }
    set: { SigninLogs.ResultType: \"50126\" }
  enter:
    after: spray.random
    delay: 1m..5m
    do: sign_in
    each: hit
    from: lair
  use:
    after: enter
    do: request
    each: hit
    from: lair
    prompts: finance
    count: $days
    gap: spread
    over: 2h
";

fn load(text: &str) -> Result<AttackLibrary, livefire_schema::spec::Faults> {
    let source = Source {
        path: "kinds/my_spray.yaml".into(),
        bytes: text.as_bytes().to_vec(),
    };
    let shipped = AttackLibrary::embedded_sources();
    AttackLibrary::load(&shipped, &[source], &Schema::embedded())
}

/// Loads a user's file beside the shipped ones and shows what is wrong with it.
fn faults_of(text: &str) -> String {
    match load(text) {
        Ok(library) => {
            let warnings = library.warnings().iter().map(|fault| format!("{fault}\n"));
            warnings.collect()
        }
        Err(faults) => faults.to_string(),
    }
}

/// What is wrong once `from` is replaced by `to`; each fault without the file's name.
#[track_caller]
fn finds(from: &str, to: &str, expected: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "`{from}` is there once");
    let found = faults_of(&GOOD.replace(from, to)).replace("kinds/my_spray.yaml:", "");
    assert_eq!(found.trim_end(), expected);
}

#[test]
fn every_shipped_kind_loads_without_a_fault() {
    let sources = AttackLibrary::embedded_sources();
    match AttackLibrary::load(&sources, &[], &Schema::embedded()) {
        Ok(library) => {
            let warnings: Vec<String> =
                library.warnings().iter().map(ToString::to_string).collect();
            assert_eq!(warnings, Vec::<String>::new());
            assert_eq!(library.iter().count(), 57);
            for id in VERIFIED {
                assert!(
                    library.get(id).is_some_and(|kind| kind.is_verified()),
                    "{id}"
                );
            }
        }
        Err(faults) => panic!("{faults}"),
    }
}

#[test]
fn a_users_kind_joins_the_shipped_ones() {
    assert_eq!(faults_of(GOOD), "");
    let library = load(GOOD).expect("is good");
    let kind = library.get("my_spray").expect("is loaded");
    assert!(kind.is_user() && !kind.is_verified());
    assert_eq!(
        kind.tables(),
        ["AzureDiagnostics", "ContainerLogV2", "SigninLogs"]
    );
}

#[test]
fn unknown_keys_are_named_with_the_near_one() {
    finds(
        "    count: 3\n",
        "    cuont: 3\n",
        "19:5 unknown key `cuont` in stage `spray`; did you mean `count`?",
    );
}

#[test]
fn unknown_knobs_list_the_known_ones() {
    finds(
        "count: $days",
        "count: $tries",
        "35:12 `$tries` is no knob of this file; knobs: targets, days, p_wrong, mode",
    );
    finds(
        "count: $days",
        "count: $day",
        "35:12 `$day` is no knob of this file; knobs: targets, days, p_wrong, mode \
         (did you mean `$days`?)",
    );
    finds(
        "count: $days",
        "count: $mode",
        "35:12 knob `$mode` is of type choice; here a whole number is needed",
    );
}

#[test]
fn outcomes_belong_to_what_is_done() {
    finds(
        "locked: 0.05",
        "injection: 0.05",
        "21:15 outcome `injection` does not belong to `do: sign_in`; it has: ok, bad_password, \
         unknown_user, locked, mfa_needed, mfa_denied, expired, kmsi, blocked",
    );
}

#[test]
fn weights_stay_at_or_below_one() {
    finds(
        "locked: 0.05",
        "locked: 0.17",
        "21:15 weights add up to 1.07 at default knobs; with `rest` they must stay at or below 1",
    );
    finds(
        "mfa_needed: rest",
        "mfa_needed: 0.01",
        "21:15 weights add up to 0.96 at default knobs; make them 1 or give one of them `rest`",
    );
}

#[test]
fn anchors_name_a_stage_and_a_pick() {
    finds(
        "after: enter",
        "after: enter.fisrt",
        "30:12 `after: enter.fisrt`: no pick `fisrt`; picks: start, first, random, every, run \
         (none = end)",
    );
    finds(
        "after: enter",
        "after: entre",
        "30:12 `after: entre`: no stage `entre`; did you mean `enter`?",
    );
    finds(
        "after: spray.random",
        "after: use",
        "30:12 cycle: enter -> use -> enter",
    );
    finds(
        "after: enter",
        "after: enter.first.pass",
        "30:12 outcome `pass` does not belong to `do: sign_in`; it has: ok, bad_password, \
         unknown_user, locked, mfa_needed, mfa_denied, expired, kmsi, blocked",
    );
}

#[test]
fn repeated_events_need_a_gap() {
    finds(
        "    do: request\n    each: hit\n    from: lair\n    prompts: finance\n    count: $days\n    gap: spread\n    over: 2h",
        "    do: change\n    each: hit\n    count: $days",
        "33:12 `count` above 1 needs `gap`, or `gap: spread` with `over`",
    );
    finds(
        "    over: 2h",
        "",
        "29:3 stage `use`: `gap: spread` needs `over`, or `days`",
    );
}

#[test]
fn columns_are_checked_against_their_table() {
    finds(
        "SigninLogs.ResultType: \"50126\"",
        "SigninLogs.ResultTyp: 50126",
        "22:12 SigninLogs has no column `ResultTyp`; did you mean `ResultType`? (string, so \
         write \"50126\")",
    );
    finds(
        "\"50126\"",
        "50126",
        "22:35 SigninLogs.ResultType is string (string, so write \"50126\")",
    );
    finds(
        "SigninLogs.ResultType",
        "SigninLog.ResultType",
        "22:12 no table `SigninLog`; did you mean `SigninLogs`?",
    );
}

#[test]
fn defaults_lie_in_their_range() {
    finds(
        "default: 100",
        "default: 500",
        "6:23 default 500 is outside 1..200",
    );
    finds(
        "default: quick",
        "default: quik",
        "9:20 default `quik` is not one of its values; did you mean `quick`?",
    );
}

#[test]
fn unused_pools_are_a_warning() {
    finds(
        "  lair: { addresses: hosting }\n",
        "  lair: { addresses: hosting }\n  spare: { addresses: tor }\n",
        "14:3 pool `spare` is never used (warning)",
    );
}

#[test]
fn pools_exist_and_have_the_right_type() {
    finds(
        "    after: enter\n    do: request\n    each: hit\n    from: lair",
        "    after: enter\n    do: request\n    each: hit\n    from: liar",
        "33:11 no pool `liar` (nor is it `own`); did you mean `lair`?",
    );
    finds(
        "    after: enter\n    do: request\n    each: hit\n    from: lair",
        "    after: enter\n    do: request\n    each: hit\n    from: hit",
        "33:11 pool `hit` holds accounts; here addresses are needed",
    );
    finds(
        "prompts: finance",
        "prompts: finanse",
        "34:14 no texts pool or prompt set `finanse`; did you mean `finance`?",
    );
}

#[test]
fn of_a_list_of_pools_exactly_one_is_active() {
    let two = "  lair: { addresses: hosting, when: {mode: quick} }\n  \
               home: { addresses: own, when: {mode: slow} }\n";
    let base = GOOD.replace("  lair: { addresses: hosting }\n", two);
    assert_eq!(
        faults_of(&base.replace("from: lair", "from: [lair, home]")),
        ""
    );
    let both = base.replace("when: {mode: slow}", "when: {mode: [quick, slow]}");
    assert!(
        faults_of(&both.replace("from: lair", "from: [lair, home]")).starts_with(
            "kinds/my_spray.yaml:19:12 of the pools lair, home exactly one must be active; with \
             {mode: quick} 2 are: give them `when`, or weights to mix them\n"
        )
    );
}

#[test]
fn rules_evasions_and_techniques_are_known() {
    finds(
        "fires: [R4]",
        "fires: [R9]",
        "4:21 `R9` is no rule; rules: R1–R6, C1–C3, H1–H3, U1–U4",
    );
    finds(
        "label: attack\n",
        "label: attack\nevasions: [just_undr]\n",
        "4:12 unknown evasion `just_undr`; did you mean `just_under`?",
    );
    finds(
        "label: attack\n",
        "label: attack\ntechniques: { atlas: [AML.T0051.009] }\n",
        "4:23 unknown ATLAS technique `AML.T0051.009`; did you mean `AML.T0051.000`?",
    );
}

#[test]
fn alter_is_for_look_alikes() {
    finds(
        "  use:\n    after: enter\n    do: request\n    each: hit\n    from: lair\n    prompts: finance\n    count: $days\n    gap: spread\n    over: 2h",
        "  use:\n    alter: hit\n    set: { address: lair }\n    until: 3d",
        "30:12 `alter` is for look-alikes only: attacks only add rows; use `do`",
    );
    finds(
        "label: attack\n",
        "label: attack\ntraps: { one: { do: sign_in, who: hit, must_fire: [R4] } }\n",
        "4:1 `traps` is for `label: hard_negative` only; remove it",
    );
}

#[test]
fn used_kinds_are_bound_by_known_names() {
    let uses = |text: &str| format!("  use:\n    use: {text}\n");
    let old = &GOOD[GOOD.find("  use:\n").expect("is there")..];
    finds(
        old,
        &uses("new_ip_login.use\n    cast: { victm: hit }"),
        "31:13 kind `new_ip_login` has no pool `victm`; did you mean `victim`?",
    );
    finds(
        old,
        &uses("new_ip_login.use\n    cast: { victim: lair }"),
        "31:21 pool `lair` holds addresses, but `victim` of `new_ip_login` needs accounts",
    );
    finds(
        old,
        &uses("new_ip_login.use\n    knobs: { events: 500 }"),
        "31:22 500 is outside 1..200",
    );
    finds(
        old,
        &uses("new_ip_login.uze"),
        "30:10 kind `new_ip_login` has no stage `uze`; did you mean `use`?",
    );
    finds(
        old,
        &uses("new_ip_logn"),
        "30:10 `use: new_ip_logn`: no kind or stage `new_ip_logn`; did you mean `new_ip_login`?",
    );
}

#[test]
fn ids_of_shipped_kinds_are_taken_unless_replaced() {
    let text = GOOD.replace("id: my_spray", "id: new_ip_login");
    assert_eq!(
        faults_of(&text),
        "kinds/my_spray.yaml:2:5 `new_ip_login` is a shipped kind; choose another id, or write \
         `replaces: new_ip_login`\n\
         kinds/my_spray.yaml:2:5 id `new_ip_login` differs from the file's name; name the file \
         new_ip_login.yaml\n"
    );
}

#[test]
fn a_faulty_kind_leaves_the_others_alone() {
    let source = |id: &str, text: String| Source {
        path: format!("kinds/{id}.yaml"),
        bytes: text.into_bytes(),
    };
    let named = |id: &str| GOOD.replace("id: my_spray", &format!("id: {id}"));
    let uses = "format: 1\nid: uses_it\nlabel: attack\nstages: { a: { use: bad.spray } }\n";
    let user = [
        source("bad", named("bad").replace("count: 3", "count: -3")),
        source("broken", "stages: [\n".to_owned()),
        source("good", named("good")),
        source("uses_it", uses.to_owned()),
    ];
    let faults = livefire_schema::spec::Faults::new("");
    let shipped = AttackLibrary::embedded_sources();
    let library = AttackLibrary::read(&shipped, &user, &Schema::embedded(), &faults);
    assert!(library.get("good").is_some());
    assert!(library.get("prompt_injection").is_some());
    for id in ["bad", "broken", "uses_it"] {
        assert!(library.get(id).is_none() && library.is_faulty(id), "{id}");
    }
    assert!(!library.is_faulty("good") && !library.is_faulty("nobody"));
    let files: Vec<_> = faults
        .sorted()
        .into_iter()
        .map(|fault| fault.file)
        .collect();
    assert_eq!(files.len(), 2, "each fault once, in its own file: {faults}");
}
