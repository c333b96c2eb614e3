//! Kinds keep what their files promise: the small form of `just acceptance`.

use std::path::Path;

use livefire_generator::kinds::{AttackKind, AttackLibrary};
use livefire_harness::acceptance::{Promise, Report, Setup, check_plans, measure};

use crate::support::Work;

/// Seeds of the small form; every promise must hold on its share of them.
const FEW: u64 = 8;
/// Seeds of the full form.
const FULL: u64 = 20;
/// Campaigns in which a kind writes each of its tables at least once.
const CAMPAIGNS: u64 = 50;

fn verified(setup: &Setup) -> Vec<&AttackKind> {
    let kinds = setup.library.iter();
    kinds.filter(|kind| kind.is_verified()).collect()
}

fn seeds(count: u64) -> Vec<u64> {
    (1..=count).collect()
}

#[test]
fn verified_kinds_keep_their_promises() {
    let setup = Setup::embedded();
    let table = measure(&setup, &verified(&setup), &seeds(FEW));
    let missed: Vec<String> = table.missed().map(ToString::to_string).collect();
    assert!(table.faults.is_empty(), "not run: {:#?}", table.faults);
    assert!(missed.is_empty(), "missed promises: {missed:#?}");
}

#[test]
fn an_exercise_on_the_watchlist_raises_nothing_and_only_it() {
    let setup = Setup::embedded();
    let drill = setup.library.get("red_team_drill").expect("is shipped");
    let table = measure(&setup, &[drill], &seeds(4));
    assert!(table.faults.is_empty(), "not run: {:#?}", table.faults);
    let of = |promise| {
        table
            .lines
            .iter()
            .filter(move |line| line.promise == promise)
    };
    assert!(of(Promise::MustNotFire).count() >= 3);
    for line in of(Promise::MustNotFire) {
        assert_eq!((line.streaming, line.binned), (0, 0), "{line}");
    }
    for line in of(Promise::Literal).chain(of(Promise::MustFire)) {
        assert_eq!(line.streaming, 4, "{line}");
    }
}

#[test]
fn stages_wait_and_tables_are_as_listed_for_every_shipped_kind() {
    let setup = Setup::embedded();
    let kinds: Vec<&AttackKind> = setup.library.iter().collect();
    for check in check_plans(&setup, &kinds, &seeds(CAMPAIGNS)) {
        assert!(check.is_clean(), "{check}");
    }
}

/// The shipped kinds as they stand on disk now, so that editing one needs no build.
fn on_disk(setup: &mut Setup) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("generator");
    let mut sources = AttackLibrary::embedded_sources();
    for source in &mut sources {
        source.bytes = std::fs::read(folder.join(&source.path)).expect("the kind is there");
    }
    setup.library = AttackLibrary::load(&sources, &[], &setup.schema)
        .unwrap_or_else(|faults| panic!("{faults}"));
}

/// Writes `results/acceptance.md`; `LIVEFIRE_SEEDS` sets another number of seeds. With
/// `LIVEFIRE_KINDS=id,id` only these kinds are measured, as their files are now, and shown.
#[test]
#[ignore = "minutes long: `just acceptance`"]
fn every_kind_on_twenty_seeds() {
    let count = std::env::var("LIVEFIRE_SEEDS").map_or(FULL, |text| {
        text.parse()
            .expect("LIVEFIRE_SEEDS is a whole number of seeds")
    });
    let mut setup = Setup::embedded();
    let chosen = std::env::var("LIVEFIRE_KINDS").ok();
    if chosen.is_some() {
        on_disk(&mut setup);
    }
    let kinds: Vec<&AttackKind> = match &chosen {
        Some(wanted) => {
            let kinds = wanted.split(',').map(|id| setup.library.get(id));
            kinds.map(|kind| kind.expect("is a kind")).collect()
        }
        None => setup.library.iter().collect(),
    };
    let report = Report::measured(&setup, &kinds, count);
    if chosen.is_some() {
        println!("{}", report.table);
    } else {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        std::fs::create_dir_all(&results).expect("results/ can be made");
        std::fs::write(results.join("acceptance.md"), report.page())
            .expect("the page can be written");
    }
    let faults = report.faults();
    assert!(faults.is_empty(), "{faults:#?}");
    let unverified = kinds.iter().filter(|kind| !kind.is_verified());
    for kind in unverified {
        let is_missed = |line: &livefire_harness::acceptance::Line| line.kind == kind.id();
        assert!(
            report.table.missed().any(is_missed),
            "{} keeps every promise: add it to the verified kinds",
            kind.id()
        );
    }
}

#[test]
fn the_command_writes_the_page_of_its_seeds_and_one_seed_breaks_nothing() {
    let work = Work::new();
    let command = "audit acceptance --kind new_ip_login --kind key_rotation --seeds 1 -o page.md";
    work.run(command).exits(0).prints("0 promises broken");
    let written = std::fs::read_to_string(work.path().join("page.md")).expect("is written");
    let setup = Setup::embedded();
    let kinds = ["new_ip_login", "key_rotation"].map(|id| setup.library.get(id));
    let kinds = kinds.map(|kind| kind.expect("is shipped"));
    assert_eq!(written, Report::measured(&setup, &kinds, 1).page());
}
