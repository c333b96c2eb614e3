//! Twin worlds of every shipped scenario: for count rules W0 agrees with the arithmetic on every
//! alert, and the W0 of a pass is the world without campaigns run alone.

use livefire_generator::assemble::Options;
use livefire_harness::scoring::loaded_rules;
use livefire_harness::{bare, run};
use livefire_schema::alert::Alert;
use livefire_scorer::score::report::AlertVerdict;
use livefire_scorer::score::worlds::twin_disagreements;

use crate::worlds::{Rules, World, folder, shipped, shortened};

#[test]
fn arithmetic_and_the_second_world_agree_on_every_alert_of_every_scenario() {
    let rules = Rules::every_form();
    let loaded = loaded_rules(&rules.set, &rules.engine);
    for name in shipped() {
        let world = shortened(&name);
        let outcome = world.run(&rules);
        let result = &outcome.result;
        assert!(!result.benign_alerts.is_empty(), "{name}: W0 has alerts");
        let found =
            twin_disagreements(&result.alerts, &result.benign_alerts, &result.book, &loaded);
        assert_eq!(found, [], "{name}");
        let true_alerts = outcome.report.alerts.iter();
        let true_alerts = true_alerts.filter(|row| row.verdict == AlertVerdict::TruePositive);
        assert_eq!(
            true_alerts.count() == 0,
            world.campaigns().is_empty(),
            "{name}: attacks are seen, and only attacks"
        );
    }
}

/// The same over the scenarios as they are shipped.
#[test]
#[ignore = "takes minutes: just acceptance"]
fn arithmetic_and_the_second_world_agree_on_every_alert_of_every_whole_scenario() {
    let rules = Rules::every_form();
    let loaded = loaded_rules(&rules.set, &rules.engine);
    // A month of 20,000 people would take hours in every form.
    for name in shipped().into_iter().filter(|name| name != "month") {
        let path = folder().join(format!("{name}.yaml"));
        let world = World::read(&format!("include: [{}]\n", path.display()));
        let result = world.run(&rules).result;
        let found =
            twin_disagreements(&result.alerts, &result.benign_alerts, &result.book, &loaded);
        assert_eq!(found, [], "{name}");
    }
}

#[test]
fn the_second_world_of_a_pass_is_the_scenario_without_its_campaigns() {
    let rules = Rules::every_form();
    for name in shipped() {
        let world = shortened(&name);
        let both = world.run(&rules).result;
        let options = Options {
            without: world.campaigns(),
            ..Options::default()
        };
        let settings = rules.settings(&world.schema);
        let source = &mut world.source(&options);
        let alone = run(source, settings, &mut |_, _| {}, &mut |_| Ok(())).expect("runs");
        let alerts: Vec<Alert> = alone.alerts.into_iter().map(bare).collect();
        assert!(alerts == alone.benign_alerts, "{name}: nothing is withheld");
        for (got, want) in both.benign_alerts.iter().zip(&alerts) {
            assert_eq!(got, want, "{name}");
        }
        assert_eq!(both.benign_alerts.len(), alerts.len(), "{name}");
    }
}
