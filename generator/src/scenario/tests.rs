//! Every fault of a scenario, with its place and wording; defaults, composition and names.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use livefire_schema::spec::Faults;
use livefire_schema::time::{EventTime, TimeSpan};

use super::*;

/// Two attack kinds, one of them unverified, and a look-alike.
struct Kinds;

impl Catalogue for Kinds {
    fn attacks(&self) -> Vec<&str> {
        vec!["password_spray_low_slow", "prompt_injection", "prompt_leak"]
    }

    fn look_alikes(&self) -> Vec<&str> {
        vec!["nat_office_ip"]
    }

    fn is_verified(&self, kind: &str) -> bool {
        kind != "prompt_leak"
    }

    fn check(&self, entry: &EntrySpec, faults: &Faults) {
        for (name, _) in &entry.knobs {
            if name.value != "events" {
                faults.error("LF-T001", name.span, format!("no knob `{}`", name.value));
            }
        }
    }
}

fn read(files: &[(&str, &str)]) -> (Option<Scenario>, String) {
    let files: BTreeMap<&Path, &str> = files.iter().map(|(p, t)| (Path::new(*p), *t)).collect();
    let read = |path: &Path| {
        let found = files.get(path).map(|text| text.as_bytes().to_vec());
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    let faults = Faults::new("s.yaml");
    let spec = ScenarioSpec::load(Path::new("s.yaml"), &read, &faults);
    let scenario = spec.validate(&Kinds, &faults);
    (scenario, faults.to_string())
}

#[track_caller]
fn good(text: &str) -> Scenario {
    let (scenario, faults) = read(&[("s.yaml", text)]);
    assert_eq!(faults, "");
    scenario.expect("has no fault")
}

#[track_caller]
fn bad(text: &str, expected: &str) {
    let (scenario, faults) = read(&[("s.yaml", text)]);
    assert_eq!(faults.trim_end(), expected);
    assert!(scenario.is_none(), "a faulty scenario is not made");
}

#[test]
fn what_a_scenario_does_not_say_is_a_default() {
    bad(
        "# nothing\n",
        "s.yaml:1:1 the file is empty; a scenario begins with `name: my_scenario`",
    );
    let scenario = good("seed: 7\n");
    assert_eq!((scenario.name(), scenario.seed()), ("s", 7));
    let calendar = scenario.calendar();
    assert_eq!(Some(calendar.start), EventTime::parse("2026-03-02"));
    assert_eq!(calendar.baseline, TimeSpan::from_days(7));
    assert_eq!(scenario.population().users, 500);
    assert!(scenario.campaigns().is_empty());
}

#[test]
fn all_faults_are_reported_at_once_with_their_places() {
    bad(
        "name: ../etc\nsed: 3\nduration: 3d\nbaseline: 1w\npopulation: { users: many, time_zone: Europe/Berln }\n\
         benign: { throttled: 7% , requests_per_day: -1 }\n\
         campaigns:\n  - kind: prompt_injectoin\n  - kind: nat_office_ip\n  - { kind: prompt_injection, stealth: 2, evasions: [prewarm, jist_under] }\n\
         telemetry: { lost: 0.9, clock_skew: 1h }\n",
        "s.yaml:1:7 `../etc` cannot name a scenario; write up to 64 letters, digits, `-`, `_` and `.`, a letter or digit first\n\
         s.yaml:2:1 unknown key `sed` in the scenario; did you mean `seed`?\n\
         s.yaml:4:11 expected a duration like 250ms, 30s, 10m, 4h or 7d, found `1w`\n\
         s.yaml:5:22 expected a whole number like 12, found `many`\n\
         s.yaml:5:39 unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?\n\
         s.yaml:6:45 -1 is outside 0..10000\n\
         s.yaml:8:11 unknown attack kind `prompt_injectoin`; did you mean `prompt_injection`?\n\
         s.yaml:9:11 `nat_office_ip` is a look-alike; move it to `look_alikes`\n\
         s.yaml:10:40 2 is outside 0..1\n\
         s.yaml:10:63 unknown evasion `jist_under`; did you mean `just_under`?\n\
         s.yaml:11:20 0.9 is outside 0..0.5\n\
         s.yaml:11:37 1h is outside 0s..10m",
    );
}

#[test]
fn an_attack_before_the_baselines_end_is_a_fault() {
    bad(
        "duration: 9d\nbaseline: 7d\ncampaigns:\n  - { kind: prompt_injection, at: 2026-03-04 }\n",
        "s.yaml:4:35 `at` begins before the baseline ends (2026-03-09T00:00Z); an attack there is not scored",
    );
    bad(
        "duration: 9d\nbaseline: 7d\ncampaigns:\n  - { kind: prompt_injection, at: 2026-03-09..2026-03-11 }\n",
        "s.yaml:4:35 `at` reaches past the end of the log (2026-03-11T00:00Z)",
    );
    good(
        "duration: 9d\nbaseline: 7d\ncampaigns:\n  - { kind: prompt_injection, at: 2026-03-09..2026-03-10 }\n",
    );
    bad(
        "campaigns:\n  - { kind: prompt_injection, at: 2026-03-12..2026-03-10 }\n",
        "s.yaml:2:35 the range 2026-03-12..2026-03-10 ends before it starts; swap its ends",
    );
}

#[test]
fn a_baseline_that_leaves_nothing_to_score_is_a_fault() {
    bad(
        "duration: 3d\nbaseline: 3d\n",
        "s.yaml:2:11 baseline 3d leaves nothing to score of the log's 3d; make it shorter or `duration` longer",
    );
    let short = good("duration: 3d\n").calendar();
    assert_eq!(
        short.baseline,
        TimeSpan::from_hours(36),
        "half of a short log is history"
    );
}

#[test]
fn knobs_are_judged_by_the_catalogue_at_their_own_place() {
    bad(
        "campaigns:\n  - kind: prompt_injection\n    knobs: { evnets: 3 }\n",
        "s.yaml:3:14 no knob `evnets`",
    );
}

#[test]
fn an_unverified_kind_is_a_warning_only() {
    let (scenario, faults) = read(&[("s.yaml", "campaigns: [prompt_leak]\n")]);
    assert!(scenario.is_some());
    assert_eq!(
        faults,
        "s.yaml:1:13 `prompt_leak` is not verified in this version: its rows are made as its file says, \
         what it promises is untested (warning)\n"
    );
}

#[test]
fn campaigns_are_named_without_clashes() {
    let scenario = good(
        "campaigns:\n  - { kind: prompt_injection, times: 2 }\n  - prompt_injection\n  - { kind: prompt_injection, name: prompt_injection-2 }\n",
    );
    let names: Vec<_> = scenario.campaigns().iter().map(Entry::names).collect();
    assert_eq!(names[0], ["prompt_injection", "prompt_injection-3"]);
    assert_eq!(names[1], ["prompt_injection-4"]);
    assert_eq!(names[2], ["prompt_injection-2"]);
}

#[test]
fn two_campaigns_of_one_name_are_a_fault() {
    bad(
        "campaigns:\n  - { kind: prompt_injection, name: a }\n  - { kind: prompt_injection, name: a }\n",
        "s.yaml:3:37 campaign `a` exists already; choose another `name`",
    );
}

#[test]
fn traps_and_missing_kinds_are_refused_where_they_do_not_apply() {
    bad(
        "campaigns:\n  - { kind: prompt_injection, traps: [x] }\n  - { name: b }\nlook_alikes: [prompt_injection]\n",
        "s.yaml:2:31 `traps` belong to look-alikes; move the entry to `look_alikes`\n\
         s.yaml:3:5 an entry of `campaigns` needs `kind`; write `kind: prompt_injection`\n\
         s.yaml:4:15 `prompt_injection` is an attack kind; move it to `campaigns`",
    );
}

#[test]
fn included_files_are_replaced_by_the_including_one_and_lists_add_up() {
    let (scenario, faults) = read(&[
        (
            "s.yaml",
            "include: [parts/base.yaml]\nseed: 9\npopulation: { users: 900 }\ncampaigns: [prompt_injection]\n",
        ),
        (
            "parts/base.yaml",
            "seed: 1\npopulation: { users: 50, applications: 3 }\ncampaigns: [password_spray_low_slow]\n",
        ),
    ]);
    assert_eq!(faults, "");
    let scenario = scenario.expect("has no fault");
    let population = scenario.population();
    assert_eq!(scenario.seed(), 9);
    assert_eq!((population.users, population.applications), (900, 3));
    assert_eq!((population.sites, population.service_callers), (3, 21));
    let kinds: Vec<_> = scenario.campaigns().iter().map(Entry::kind).collect();
    assert_eq!(kinds, ["password_spray_low_slow", "prompt_injection"]);
    assert_eq!(&*scenario.sources()[0].0, "parts/base.yaml");
}

#[test]
fn faults_of_an_included_file_name_that_file() {
    let (_, faults) = read(&[
        ("s.yaml", "include: [base.yaml, gone.yaml, s.yaml]\n"),
        ("base.yaml", "campaigns: [prompt_lek]\nsede: 1\n"),
    ]);
    assert_eq!(
        faults,
        "base.yaml:1:13 unknown attack kind `prompt_lek`; did you mean `prompt_leak`?\n\
         base.yaml:2:1 unknown key `sede` in the scenario; did you mean `seed`?\n\
         s.yaml:1:22 `gone.yaml`: there is no such file\n\
         s.yaml:1:33 `s.yaml` includes itself\n"
    );
}

#[test]
fn a_missing_scenario_is_a_fault_at_its_head() {
    let (scenario, faults) = read(&[]);
    assert!(scenario.is_none());
    assert_eq!(faults, "s.yaml:1:1 there is no such file\n");
}

#[test]
fn evasions_groupings_and_telemetry_are_read() {
    let scenario = good(
        "grouping: { anchored: 2h }\ntelemetry: { delay: none, duplicates: 0.1%, defender_delay: 90s }\n\
         benign: { profile: office, content_filter: 0.5% }\n\
         campaigns:\n  - kind: prompt_injection\n    evasions: [just_under, { tail_mutation: { length: 6 } }]\n",
    );
    let spec = scenario.campaigns()[0].spec();
    assert_eq!(spec.evasions[1].name.value, "tail_mutation");
    assert_eq!(spec.evasions[1].knobs[0].0.value, "length");
    assert_eq!(
        scenario.grouping(),
        Grouping::Anchored(TimeSpan::from_hours(2))
    );
    let telemetry = scenario.telemetry();
    assert!(telemetry.no_delay && (telemetry.duplicates - 0.001).abs() < 1e-12);
    assert_eq!(telemetry.defender_delay, Some(TimeSpan::from_seconds(90)));
    assert!((scenario.benign().content_filter - 0.005).abs() < 1e-12);
    bad(
        "grouping: { session: 1h, anchored: 1h }\nbenign: ofice\n",
        "s.yaml:1:11 expected one of `session: 5h` and `anchored: 5h`, found a map\n\
         s.yaml:2:9 unknown benign profile `ofice`; did you mean `office`?",
    );
}

#[test]
fn every_evasion_has_a_sentence() {
    use livefire_schema::rules::EVASIONS;
    assert!(EVASIONS.iter().all(|name| !evasion_help(name).is_empty()));
}

#[test]
fn the_shipped_kinds_judge_what_an_entry_says_of_them() {
    let library =
        crate::kinds::AttackLibrary::embedded(&livefire_schema::table::Schema::embedded());
    let text = "campaigns:\n  - kind: new_ip_login\n    evasions: [just_under, office_exit]\n    \
                without_stages: [sign_inn]\n    knobs: { evnts: 3, events: 900 }\n\
                look_alikes: [{ kind: nat_office_ip, traps: [x] }]\n";
    let faults = Faults::new("s.yaml");
    let read = |_: &Path| Ok(text.as_bytes().to_vec());
    let spec = ScenarioSpec::load(Path::new("s.yaml"), &read, &faults);
    assert!(spec.validate(&library, &faults).is_none());
    let codes: Vec<_> = faults
        .sorted()
        .iter()
        .map(|fault| (fault.span.line, fault.code))
        .collect();
    assert_eq!(codes[0], (3, "LF-S014"));
    assert_eq!(codes[1], (4, "LF-S015"));
    assert_eq!(codes[2], (5, "LF-A003"));
    assert_eq!(codes[3].0, 5, "a knob outside its range");
    assert_eq!(codes[4], (6, "LF-S015"));
}
