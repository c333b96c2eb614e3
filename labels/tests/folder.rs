//! A `labels/` folder comes back as it was written; faults name file and line.

use std::fs;
use std::path::Path;

use livefire_labels::io::{self, Coverage, CoverageAccumulator};
use livefire_labels::{
    Campaign, CampaignIndex, Class, GroupIndex, LabelBook, LabelGroup, LogExtent, Phase, RowLabel,
};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use tempfile::TempDir;

fn at(seconds: i64) -> EventTime {
    EventTime::from_unix_seconds(1_800_000_000) + TimeSpan::from_seconds(seconds)
}

fn extent() -> LogExtent {
    let range = TimeRange {
        start: at(0),
        end: at(86_400),
    };
    LogExtent {
        scenario: "quick".to_owned(),
        seed: Some(7),
        log: range,
        scored: range,
        requests: 12,
    }
}

fn book() -> LabelBook {
    let mut book = LabelBook::default();
    book.campaigns.push(Campaign {
        id: "nat, \"office\"/trap".to_owned(),
        kind: "nat_office_ip".to_owned(),
        actor: "a1".to_owned(),
        stages: Vec::new(),
        expected: vec!["R3.bot".parse().expect("parses")],
        may: Vec::new(),
        t0: at(10),
        t_end: at(20),
        cut: true,
    });
    let groups = [
        (Class::Campaign, Some(CampaignIndex(0)), None),
        (Class::HardNegative, None, Some("nat_office_ip".to_owned())),
        (Class::Benign, Some(CampaignIndex(0)), None),
    ];
    for (class, caused_by, hard_negative) in groups {
        book.groups.push(LabelGroup {
            class,
            caused_by,
            hard_negative,
            phase: Phase::Hostile,
            stage: "the\nstage".to_owned(),
            actor: "ada,\"the\" first".to_owned(),
            kind: "k".to_owned(),
            technique: "AML.T0051".to_owned(),
            table: "ContainerLogV2".to_owned(),
            outcome: "content".to_owned(),
        });
    }
    for (number, group) in [(3u64, 0), (1, 1), (2, 0), (9, 2)] {
        let item = ItemId(u128::from(number) << 124);
        let label = RowLabel {
            item,
            event: EventId(u64::MAX - number),
            time: at(5),
            ingestion: at(6) + TimeSpan::from_ticks(1),
            group: GroupIndex(group),
        };
        book.rows.insert(item, label);
    }
    book
}

fn coverage(rows: &[(u16, i64, u128)]) -> Coverage {
    let mut accumulator = CoverageAccumulator::default();
    for &(table, seconds, item) in rows {
        accumulator.add(TableId(table), at(seconds), ItemId(item));
    }
    accumulator.finish(|table| format!("table_{}", table.0))
}

fn written() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let coverage = coverage(&[(0, 0, 1), (0, 7200, 2), (1, 0, 3)]);
    io::write(folder.path(), &book(), &extent(), Some(&coverage)).expect("writes");
    folder
}

#[test]
fn a_folder_comes_back_as_it_was_written() {
    let folder = written();
    let read = io::read(folder.path()).expect("reads");
    let (want, got) = (book(), read.book);
    assert_eq!(got.campaigns, want.campaigns);
    assert_eq!(got.rows.len(), want.rows.len());
    for (item, row) in &want.rows {
        let other = got.rows[item];
        assert_eq!(got.group_of(*item), want.group_of(*item));
        assert_eq!(
            (other.event, other.time, other.ingestion),
            (row.event, row.time, row.ingestion)
        );
    }
    assert_eq!(read.extent, extent());
    assert_eq!(read.coverage.expect("is there").rows(), 3);
}

#[test]
fn the_same_labels_give_the_same_bytes_and_leave_nothing_else() {
    let (left, right) = (written(), written());
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("lists")
            .map(|entry| entry.expect("lists").file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(left.path()).len(), 4);
    for name in names(left.path()) {
        let bytes = |folder: &Path| fs::read(folder.join(&name)).expect("reads");
        assert_eq!(bytes(left.path()), bytes(right.path()), "{name:?}");
    }
}

#[test]
fn labels_made_by_hand_need_no_coverage() {
    let folder = TempDir::new().expect("a folder");
    io::write(folder.path(), &book(), &extent(), None).expect("writes");
    assert_eq!(io::read(folder.path()).expect("reads").coverage, None);
}

#[track_caller]
fn refuses(file: &str, change: impl Fn(String) -> String, wanted: &str) {
    let folder = written();
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).expect("reads");
    let changed = change(text.clone());
    assert_ne!(changed, text, "the change must change something");
    fs::write(&path, changed).expect("writes");
    let error = io::read(folder.path()).expect_err("is refused").to_string();
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn faults_name_file_line_and_what_to_write() {
    refuses(
        "rows.csv",
        |text| text.replace("item,", "id,"),
        "rows.csv:1: column `item`",
    );
    refuses(
        "rows.csv",
        |text| text.replacen(",campaign,", ",attack,", 1),
        "class `attack`: write benign, campaign or hard_negative",
    );
    refuses(
        "rows.csv",
        |text| text.replacen("10000000-", "x-", 1),
        "rows.csv:2: item `x-",
    );
    refuses("rows.csv", |text| text + "a,b\n", "2 fields; write the 14");
    refuses(
        "campaigns.json",
        |text| text.replace("/trap", "/trip"),
        "caused_by `nat",
    );
    refuses(
        "campaigns.json",
        |text| text.replace("R3.bot", "R3.robot"),
        "campaigns.json:",
    );
    refuses(
        "coverage.csv",
        |text| text.replacen(",1,", ",one,", 1),
        "coverage.csv:2: rows `one`",
    );
    refuses("extent.json", |_| "{".to_owned(), "extent.json:1:");
}

#[test]
fn a_label_given_twice_is_refused() {
    let repeat = |text: String| {
        let tail = text.split_once("\n10000000-").expect("holds the row").1;
        let row = tail.split_once("\n20000000-").expect("holds the next").0;
        format!("{text}10000000-{row}\n")
    };
    refuses("rows.csv", repeat, "has a label already");
}

#[test]
fn a_missing_file_is_named() {
    let folder = TempDir::new().expect("a folder");
    let error = io::read(folder.path()).expect_err("is refused").to_string();
    assert!(error.contains("campaigns.json"), "{error}");
}

#[test]
fn a_dangling_book_is_not_written_under_a_final_name() {
    let folder = TempDir::new().expect("a folder");
    let mut book = book();
    book.groups.truncate(1);
    let refused = io::write(folder.path(), &book, &extent(), None);
    assert!(refused.is_err());
    assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 0);
}

#[track_caller]
fn differs(found: &[(u16, i64, u128)], wanted: &str) {
    let expected = coverage(&[(0, 0, 1), (0, 7200, 2), (1, 0, 3)]);
    let error = expected
        .verify(&coverage(found))
        .expect_err("differs")
        .to_string();
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn a_row_added_lost_or_exchanged_is_named_by_table_and_hour() {
    let same = [(0, 10, 1), (1, 0, 3), (0, 7300, 2)];
    let expected = coverage(&[(0, 0, 1), (0, 7200, 2), (1, 0, 3)]);
    assert_eq!(expected.verify(&coverage(&same)), Ok(()));
    differs(
        &[(0, 0, 1), (0, 7200, 2), (1, 0, 3), (1, 9, 4)],
        "table table_1, hour 2027-01-15T08:00:00.0000000Z: 1 rows unaccounted for",
    );
    differs(&[(0, 0, 1), (1, 0, 3)], "1 rows missing");
    differs(&[(0, 0, 1), (0, 7200, 5), (1, 0, 3)], "not the same ones");
    differs(&[(0, 0, 1), (0, 7200, 2)], "table_1");
    differs(&[], "(2 more differ)");
}

#[test]
fn accumulators_merge_to_the_whole() {
    let rows = [(0, 0, 1), (0, 7200, 2), (1, 0, 3)];
    let mut merged = CoverageAccumulator::default();
    for &(table, seconds, item) in &rows {
        let mut part = CoverageAccumulator::default();
        part.add(TableId(table), at(seconds), ItemId(item));
        merged.merge(&part);
    }
    let merged = merged.finish(|table| format!("table_{}", table.0));
    assert_eq!(merged, coverage(&rows));
}
