//! From files on disk to alerts through the public interface: what `detect` does.

use std::sync::Arc;

use livefire_detector::input::{InputOptions, Reader};
use livefire_detector::{Engine, EngineOptions, Projector, RuleSet};
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;

fn detect(folder: &std::path::Path) -> Vec<Alert> {
    let (rules, schema) = (RuleSet::embedded(), Schema::embedded());
    let reference = Arc::new(Reference::default());
    let projector = Projector::new(&rules, &schema, &reference);
    let options = EngineOptions {
        binned: true,
        ..EngineOptions::default()
    };
    let mut engine = Engine::new(&rules, &schema, &reference, &options);
    let paths = [folder.to_owned()];
    let mut reader = Reader::open(&paths, &schema, &projector, InputOptions::default())
        .expect("the folder holds logs");
    while let Some(row) = reader.next_row().expect("is read") {
        engine.push(row);
    }
    engine.finish();
    engine.take_alerts()
}

fn log_line(minute: u32) -> String {
    let log = format!(
        r#"{{"security_check_passed":"FAIL","end_user_id":"ada","request_id":"r{minute}","source_ip":"198.18.7.1"}}"#
    );
    let quoted = serde_json::to_string(&log).expect("is text");
    format!("{{\"TimeGenerated\":\"2026-03-02T08:{minute:02}:00Z\",\"LogMessage\":{quoted}}}\n")
}

#[test]
fn a_log_split_over_ndjson_and_csv_gives_the_alerts_of_the_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| {
        std::fs::write(folder.path().join(name), text).expect("is written");
    };
    write(
        "ContainerLogV2.ndjson",
        log_line(1) + "broken\n" + &log_line(20),
    );
    let log =
        r#"{""security_check_passed"":""FAIL"",""end_user_id"":""ADA"",""request_id"":""r9""}"#;
    let csv = format!("LogMessage,TimeGenerated\n\"{log}\",2026-03-02T08:09:00Z\n");
    write("ContainerLogV2-part2.csv", csv);
    let alerts = detect(folder.path());
    let found: Vec<_> = alerts
        .iter()
        .map(|alert| {
            (
                alert.rule.as_str(),
                alert.mode,
                alert.key.as_str(),
                alert.level,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("R2", Mode::Streaming, "ada", 3),
            ("R2", Mode::Binned, "ada", 3)
        ]
    );
    assert_eq!(alerts[0].time.to_string(), "2026-03-02T08:20:00.0000000Z");
    assert_eq!(alerts[1].raised.to_string(), "2026-03-02T09:00:00.0000000Z");
}
