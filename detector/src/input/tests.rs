//! Behaviour of reading: names, merging, bad lines, limits.

use std::io::Cursor;
use std::sync::Arc;

use livefire_schema::reference::Reference;
use livefire_schema::table::Schema;

use super::lines::LONGEST;
use super::{InputError, InputOptions, InputSummary, Reader};
use crate::projector::Projector;
use crate::ruleset::RuleSet;
use crate::testing::at;

struct Setup {
    folder: tempfile::TempDir,
    schema: Schema,
    projector: Projector,
    options: InputOptions,
}

fn setup() -> Setup {
    let schema = Schema::embedded();
    let reference = Arc::new(Reference::default());
    Setup {
        folder: tempfile::tempdir().expect("a folder"),
        projector: Projector::new(&RuleSet::embedded(), &schema, &reference),
        schema,
        options: InputOptions::default(),
    }
}

impl Setup {
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("has a parent")).expect("is made");
        std::fs::write(path, content).expect("is written");
        self
    }

    /// Reads a path below the folder to its end: seconds of each row, and the summary.
    fn read(&self, name: &str) -> Result<(Vec<f64>, InputSummary), InputError> {
        let path = self.folder.path().join(name);
        let mut reader = Reader::open(&[path], &self.schema, &self.projector, self.options)?;
        let mut times = Vec::new();
        while let Some(row) = reader.next_row()? {
            times.push((row.time() - at(0.0)).seconds_f64());
        }
        Ok((times, reader.summary()))
    }

    #[track_caller]
    fn fails(&self, name: &str, expected: &str) {
        let error = self.read(name).map(|(times, _)| times).expect_err("fails");
        let folder = format!("{}/", self.folder.path().display());
        assert_eq!(error.to_string().replace(&folder, ""), expected);
    }

    #[track_caller]
    fn unreadable(&self, name: &str, expected: &[(u64, &str)]) -> Vec<f64> {
        let (times, summary) = self.read(name).expect("is read");
        let samples: Vec<_> = summary
            .samples
            .iter()
            .map(|line| (line.line, line.message.as_str()))
            .collect();
        assert_eq!(samples, expected);
        assert_eq!(summary.unreadable, expected.len() as u64);
        times
    }
}

fn line(time: f64) -> String {
    format!("{{\"TimeGenerated\":\"{}\"}}\n", at(time))
}

fn ingested(time: f64, ingested: f64) -> String {
    let (time, ingested) = (at(time), at(ingested));
    format!("{{\"TimeGenerated\":\"{time}\",\"IngestionTime\":\"{ingested}\"}}\n")
}

#[test]
fn files_of_a_folder_are_merged_by_ingestion_time() {
    let setup = setup();
    setup
        .write(
            "ContainerLogV2.ndjson",
            ingested(1.0, 50.0) + &ingested(2.0, 60.0),
        )
        .write("SigninLogs-01.ndjson", line(10.0) + &line(55.0))
        .write(
            "deep/AuditLogs.csv",
            format!("Id,TimeGenerated\nx,{}\n", at(40.0)),
        )
        .write("labels/rows.csv", "a\n1\n")
        .write("manifest.json", "{}")
        .write("notes.txt", "");
    let (times, summary) = setup.read("").expect("is read");
    assert_eq!(times, [10.0, 40.0, 1.0, 55.0, 2.0]);
    let rows: Vec<_> = summary
        .rows
        .iter()
        .map(|(name, rows)| (name.as_str(), *rows))
        .collect();
    assert_eq!(
        rows,
        [("AuditLogs", 1), ("ContainerLogV2", 2), ("SigninLogs", 2)]
    );
    assert_eq!(summary.skipped.len(), 2, "{:?}", summary.skipped);
}

#[test]
fn a_row_that_goes_back_in_ingestion_keeps_its_place_in_the_file() {
    let setup = setup();
    setup
        .write("SigninLogs.ndjson", line(10.0) + &line(5.0) + &line(20.0))
        .write("AuditLogs.ndjson", line(7.0) + &line(15.0));
    assert_eq!(
        setup.read("").expect("is read").0,
        [7.0, 10.0, 5.0, 15.0, 20.0]
    );
}

#[test]
fn bad_lines_are_counted_and_sampled_with_their_numbers() {
    let setup = setup();
    let deep = "[".repeat(10_000);
    let mut bytes = line(1.0).into_bytes();
    bytes.extend_from_slice(b"\n{\"a\":\n\xff\n");
    bytes.extend_from_slice(format!("{{\"TimeGenerated\":{deep}}}\n{{}}\n").as_bytes());
    bytes.extend_from_slice(b"{\"TimeGenerated\":\"tomorrow\"}\r\n");
    bytes.extend_from_slice(line(2.0).trim_end().as_bytes());
    setup.write("SigninLogs.ndjson", bytes);
    let times = setup.unreadable(
        "SigninLogs.ndjson",
        &[
            (3, "no row: EOF while parsing a value at column 5"),
            (4, "no row: invalid utf-8 sequence of 1 bytes from index 0"),
            (5, "no row: recursion limit exceeded at column 144"),
            (
                6,
                "`TimeGenerated` is missing; write an ISO 8601 time such as 2026-03-02T08:15:30Z",
            ),
            (
                7,
                "`TimeGenerated` is `tomorrow`; write an ISO 8601 time such as 2026-03-02T08:15:30Z",
            ),
        ],
    );
    assert_eq!(times, [1.0, 2.0]);
}

#[test]
fn times_that_are_no_text_are_told_as_what_they_are() {
    let setup = setup();
    let line = |value: &str| format!("{{\"TimeGenerated\":{value}}}\n");
    let lines = [line("1772439330"), line("1.5"), line("{}"), line("true")];
    setup.write("SigninLogs.ndjson", lines.concat());
    let end = "; write an ISO 8601 time such as 2026-03-02T08:15:30Z";
    let want = [
        "the number 1772439330",
        "the number 1.5",
        "no text",
        "no text",
    ];
    let want = want.map(|what| format!("`TimeGenerated` is {what}{end}"));
    let want: Vec<(u64, &str)> = (1..).zip(want.iter().map(String::as_str)).collect();
    assert!(setup.unreadable("SigninLogs.ndjson", &want).is_empty());
}

#[test]
fn a_strict_run_ends_at_the_first_bad_line() {
    let mut setup = setup();
    setup.options.strict = true;
    setup.write("SigninLogs.ndjson", line(1.0) + "x\n");
    setup.fails(
        "SigninLogs.ndjson",
        "SigninLogs.ndjson:2: no row: expected value at column 1",
    );
}

#[test]
fn lines_of_ten_megabytes_are_read_and_longer_ones_skipped() {
    let setup = setup();
    let padded = |length: usize| {
        let start = format!("{{\"TimeGenerated\":\"{}\",\"x\":\"", at(3.0));
        let padding = length - start.len() - 2;
        format!("{start}{}\"}}\n", "a".repeat(padding))
    };
    let text = padded(LONGEST) + &padded(LONGEST + 1) + &line(4.0);
    setup.write("SigninLogs.ndjson", text);
    let times = setup.unreadable("SigninLogs.ndjson", &[(2, "line longer than 10 MiB")]);
    assert_eq!(times, [3.0, 4.0]);
}

#[test]
fn rows_stamped_days_after_their_ingestion_are_refused() {
    let setup = setup();
    setup.write(
        "SigninLogs.ndjson",
        ingested(86_400.0, 0.0) + &ingested(86_401.0, 0.0),
    );
    let message = "`TimeGenerated` 2026-03-03T00:00:01.0000000Z lies more than a day after the \
                   ingestion at 2026-03-02T00:00:00.0000000Z";
    assert_eq!(
        setup.unreadable("SigninLogs.ndjson", &[(2, message)]),
        [86_400.0]
    );
}

#[test]
fn missing_files_and_unknown_kinds_and_tables_are_named() {
    let setup = setup();
    setup
        .write("a.txt", "")
        .write("SigninLog.csv", "")
        .write("empty/x.txt", "");
    setup.fails(
        "gone.ndjson",
        "gone.ndjson: No such file or directory (os error 2)",
    );
    setup.fails("gone", "gone: No such file or directory (os error 2)");
    setup.fails(
        "a.txt",
        "a.txt: not NDJSON or CSV; name it *.ndjson, *.jsonl, *.json or *.csv",
    );
    setup.fails(
        "SigninLog.csv",
        "SigninLog.csv: `SigninLog` is no known table; did you mean `SigninLogs`?; rename the file or give --table",
    );
    setup.fails(
        "empty",
        "empty: no NDJSON or CSV file of a known table in it",
    );
}

#[test]
fn rows_of_another_table_than_the_files_are_an_error() {
    let setup = setup();
    let row = "{\"Type\":\"AuditLogs\"}\n";
    setup.write("SigninLogs.ndjson", row);
    setup.write("SigninLogs.csv", "Type\nAuditLogs\n");
    let message = "rows of `AuditLogs` read as `SigninLogs`; rename the file, or give --table";
    setup.fails(
        "SigninLogs.ndjson",
        &format!("SigninLogs.ndjson:1: {message}"),
    );
    setup.fails("SigninLogs.csv", &format!("SigninLogs.csv:2: {message}"));
}

#[test]
fn rows_of_another_table_than_the_given_one_are_an_error() {
    let mut setup = setup();
    setup.options.table = setup.schema.find("SigninLogs");
    setup.write("export.ndjson", "{\"Type\":\"AuditLogs\"}\n");
    setup.fails(
        "export.ndjson",
        "export.ndjson:1: rows of `AuditLogs` read as `SigninLogs`; leave out --table, or give \
         the table that they name",
    );
}

#[test]
fn a_given_table_wins_over_the_files_name() {
    let mut setup = setup();
    setup.options.table = setup.schema.find("AuditLogs");
    setup.write("export.csv", format!("TimeGenerated\n{}\n", at(1.0)));
    let (_, summary) = setup.read("export.csv").expect("is read");
    assert_eq!(summary.rows.get("AuditLogs"), Some(&1));
}

#[test]
fn streams_and_files_without_a_tables_name_are_read_by_the_rows_type() {
    let setup = setup();
    let typed = |table: &str, time| {
        format!(
            "{{\"Type\":\"{table}\",\"TimeGenerated\":\"{}\"}}\n",
            at(time)
        )
    };
    let text = typed("SigninLogs", 1.0) + &typed("AuditLogs", 2.0) + &typed("SigninLog", 3.0);
    let mut reader = Reader::empty(&setup.schema, &setup.projector, setup.options);
    let stream = Cursor::new(text.clone() + "{}\n");
    reader
        .add_stream("stdin", Box::new(stream))
        .expect("is added");
    while reader.next_row().expect("is read").is_some() {}
    let summary = reader.summary();
    assert_eq!(summary.rows.len(), 2);
    let messages: Vec<_> = summary.samples.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "stdin:3: `Type` names no known table: `SigninLog`; did you mean `SigninLogs`?",
            "stdin:4: no `Type` that names the table; add it, or give --table",
        ]
    );
    setup.write("export.ndjson", text);
    assert_eq!(setup.read("export.ndjson").expect("is read").0, [1.0, 2.0]);
}

#[test]
fn a_byte_order_mark_is_no_content() {
    let setup = setup();
    setup.write("SigninLogs.ndjson", format!("\u{feff}{}", line(1.0)));
    assert_eq!(setup.unreadable("SigninLogs.ndjson", &[]), [1.0]);
}

#[test]
fn csv_with_broken_bytes_and_ragged_records_goes_on() {
    let setup = setup();
    let mut bytes = b"TimeGenerated,UserId\n".to_vec();
    bytes.extend_from_slice(format!("{},ä\n", at(1.0)).as_bytes());
    bytes.extend_from_slice(b"\xff,x\n");
    bytes.extend_from_slice(format!("{},a,b,c\n", at(2.0)).as_bytes());
    setup.write("SigninLogs.csv", bytes);
    let message = "no row: invalid utf-8 sequence of 1 bytes from index 0";
    assert_eq!(
        setup.unreadable("SigninLogs.csv", &[(3, message)]),
        [1.0, 2.0]
    );
}

#[test]
fn an_empty_file_has_no_rows() {
    let setup = setup();
    setup
        .write("SigninLogs.ndjson", "")
        .write("AuditLogs.csv", "");
    let (times, summary) = setup.read("").expect("is read");
    assert_eq!((times.len(), summary.unreadable), (0, 0));
}

/// Gaps that the embedded rules find in a file, as `path: found`, and whether they are total.
#[track_caller]
fn check_gaps(name: &str, content: &str, expected: &[&str], is_total: bool) {
    let setup = setup();
    setup.write(name, content);
    let (_, summary) = setup.read(name).expect("is read");
    let gaps = summary
        .census
        .gaps(&setup.projector, &RuleSet::embedded(), &setup.schema);
    let shown: Vec<String> = gaps
        .fields
        .iter()
        .map(|gap| format!("{}: {}", gap.path, gap.found.unwrap_or("nothing")))
        .collect();
    let is_found = |wanted: &&&str| !shown.iter().any(|one| one == **wanted);
    let missing: Vec<_> = expected.iter().filter(is_found).collect();
    assert!(missing.is_empty(), "{missing:?} not in {shown:#?}");
    assert_eq!(gaps.is_total, is_total, "{shown:#?}");
    if expected.is_empty() {
        assert_eq!(shown, [""; 0]);
    }
}

const WHOLE: &str = r#""session_id":"s","source_ip":"198.18.7.41","application_name":"A","model_deployment":"m","prompt_hash":"h","full_prompt_sample":"p","request_id":"r","message":"ok","level":"INFO""#;

fn app_line(fields: &str) -> String {
    format!("{{\"TimeGenerated\":\"2026-03-02T00:00:00Z\",\"LogMessage\":{fields}}}\n")
}

#[test]
fn a_log_in_another_form_is_told_field_by_field() {
    let whole = format!(r#"{{{WHOLE},"security_check_passed":"PASS","end_user_id":"ada"}}"#);
    check_gaps("ContainerLogV2.ndjson", &app_line(&whole), &[], false);
    let as_text = format!("{:?}", whole);
    check_gaps("ContainerLogV2.ndjson", &app_line(&as_text), &[], false);
    let odd = format!(r#"{{{WHOLE},"security_check_passed":true,"end_user_id":17}}"#);
    let expected = [
        "LogMessage.security_check_passed: true or false",
        "LogMessage.end_user_id: a number",
    ];
    check_gaps("ContainerLogV2.ndjson", &app_line(&odd), &expected, false);
    let plain = app_line("\"INFO request ok\"");
    let expected = ["LogMessage.end_user_id: nothing"];
    check_gaps("ContainerLogV2.ndjson", &plain, &expected, true);
}

#[test]
fn a_csv_without_the_columns_of_its_table_is_told() {
    let content = "TimeGenerated,Ip\n2026-03-02T00:00:00Z,198.18.7.41\n";
    let expected = ["IPAddress: nothing", "ResultType: nothing"];
    check_gaps("SigninLogs.csv", content, &expected, true);
}
