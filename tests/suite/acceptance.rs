//! Kinds keep what their files promise: the small form of `just acceptance`.

use std::path::Path;

use livefire_generator::kinds::AttackKind;
use livefire_harness::acceptance::{Setup, check_plans, measure, page};

/// Seeds of the small form; the threshold is scaled to them.
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
    let broken: Vec<String> = table.broken().map(ToString::to_string).collect();
    assert!(table.faults.is_empty(), "not run: {:#?}", table.faults);
    assert!(broken.is_empty(), "broken promises: {broken:#?}");
}

#[test]
fn stages_wait_and_tables_are_as_listed_for_every_shipped_kind() {
    let setup = Setup::embedded();
    let kinds: Vec<&AttackKind> = setup.library.iter().collect();
    for check in check_plans(&setup, &kinds, &seeds(CAMPAIGNS)) {
        assert!(check.is_clean(), "{check}");
    }
}

#[test]
#[ignore = "minutes long: `just acceptance`"]
fn every_kind_on_twenty_seeds() {
    let setup = Setup::embedded();
    let kinds: Vec<&AttackKind> = setup.library.iter().collect();
    let table = measure(&setup, &kinds, &seeds(FULL));
    let plans = check_plans(&setup, &kinds, &seeds(CAMPAIGNS));
    let text = page(&table, &plans, seeds(FULL).len());
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    std::fs::create_dir_all(&results).expect("results/ can be made");
    std::fs::write(results.join("acceptance.md"), text).expect("the page can be written");
    let is_verified = |kind: &str| setup.library.get(kind).is_some_and(AttackKind::is_verified);
    let broken = table.broken().filter(|line| is_verified(&line.kind));
    let broken: Vec<String> = broken.map(ToString::to_string).collect();
    assert!(broken.is_empty(), "broken promises: {broken:#?}");
}
