//! `run` on a scenario is `generate`, then `detect` and `score` on the folder: the same alerts, the
//! same alerts of W0 and the same score, for every shipped scenario and every form of every rule.

use std::path::Path;
use std::sync::Arc;

use livefire_detector::input::{InputOptions, Reader};
use livefire_detector::{Engine, Projector};
use livefire_generator::assemble::Options;
use livefire_generator::write::{WriteOptions, write_dir};
use livefire_harness::{FileSource, run, score_run};
use livefire_schema::alert::{Alert, sort_alerts};
use livefire_schema::reference;
use livefire_scorer::ScoreOptions;

use crate::worlds::{Rules, World, shipped, shortened};

fn write(world: &World, folder: &Path) {
    let source = &mut world.source(&Options::default());
    let options = WriteOptions::default();
    let manifest = write_dir(source, &world.schema, folder, &options, &mut |_, _| {});
    manifest.expect("the log is written");
}

/// What `detect` raises over the folder's files, whose order among tables is not the source's.
fn detected(world: &World, rules: &Rules, folder: &Path) -> Vec<Alert> {
    let reference = reference::io::read(&folder.join("reference")).expect("is read");
    let reference = Arc::new(reference);
    let projector = Projector::new(&rules.set, &world.schema, &reference);
    let mut engine = Engine::new(&rules.set, &world.schema, &reference, &rules.engine);
    let paths = [folder.to_path_buf()];
    let reader = Reader::open(&paths, &world.schema, &projector, InputOptions::default());
    let mut reader = reader.expect("the folder opens");
    while let Some(row) = reader.next_row().expect("reads on") {
        engine.advance(row.ingestion());
        engine.push(row);
    }
    engine.finish();
    let mut alerts = engine.take_alerts();
    sort_alerts(&mut alerts);
    alerts
}

#[track_caller]
fn same_alerts(what: &str, got: &[Alert], want: &[Alert]) {
    for (got, want) in got.iter().zip(want) {
        assert_eq!(got, want, "{what}");
    }
    assert_eq!(got.len(), want.len(), "{what}");
}

#[test]
fn a_run_is_what_detect_and_score_say_of_the_generated_folder() {
    let rules = Rules::every_form();
    for name in shipped() {
        let world = shortened(&name);
        let outcome = world.run(&rules);
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("logs");
        write(&world, &folder);
        let alerts = detected(&world, &rules, &folder);
        same_alerts(&format!("{name}, detect"), &alerts, &outcome.result.alerts);
        let source = FileSource::open(&folder, &world.schema);
        let source = &mut source.expect("the folder opens");
        let settings = rules.settings(&world.schema);
        let result = run(source, settings, &mut |_, _| {}, &mut |_| Ok(()));
        let result = result.expect("every row is accounted for");
        let zero = &outcome.result.benign_alerts;
        same_alerts(&format!("{name}, W0"), &result.benign_alerts, zero);
        let options = ScoreOptions {
            grouping: world.grouping(),
            ..ScoreOptions::default()
        };
        let report = score_run(&result, &rules.set, &rules.engine, &world.schema, options);
        let report = report.expect("scores");
        for (got, want) in report.campaigns.iter().zip(&outcome.report.campaigns) {
            assert_eq!(got, want, "{name}");
        }
        assert_eq!(report.headline, outcome.report.headline, "{name}");
        assert!(report == outcome.report, "{name}: the whole report");
    }
}
