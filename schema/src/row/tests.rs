//! Behaviour of the row reader: dynamic columns, escapes, refusals, CSV.

use super::*;

fn set() -> (FieldSet, Slot, Slot, Slot) {
    let mut set = FieldSet::new();
    let time = set.slot("TimeGenerated");
    let user = set.slot("LogMessage.end_user_id");
    let status = set.slot("LogMessage.http_status");
    (set, time, user, status)
}

#[track_caller]
fn reads(line: &str, user: Option<&str>, status: Option<i64>) {
    let (set, _, user_slot, status_slot) = set();
    let row = set.read_json(line.as_bytes()).expect("is a row");
    assert_eq!(
        (row.text(user_slot), row.integer(status_slot)),
        (user, status)
    );
}

#[test]
fn dynamic_columns_are_read_as_object_and_as_string() {
    reads(
        r#"{"x":[1,{"y":2}],"LogMessage":{"end_user_id":"u","http_status":429}}"#,
        Some("u"),
        Some(429),
    );
    reads(
        r#"{"LogMessage":"{\"end_user_id\":\"u\",\"http_status\":\"429\"}"}"#,
        Some("u"),
        Some(429),
    );
}

#[test]
fn plain_text_messages_and_nulls_give_null_fields() {
    for line in [
        r#"{"LogMessage":"started"}"#,
        r#"{"LogMessage":null}"#,
        r#"{"LogMessage":7}"#,
        r#"{"LogMessage":[1]}"#,
        "{}",
    ] {
        reads(line, None, None);
    }
}

#[test]
fn escapes_are_resolved() {
    reads(
        r#"{"LogMessage":{"end_user_id":"a\"b"}}"#,
        Some("a\"b"),
        None,
    );
}

#[test]
fn lines_that_are_no_object_are_refused() {
    let (set, ..) = set();
    for line in [
        &b"[1]"[..],
        b"7",
        b"",
        b"{\"a\":",
        b"{\"a\":\"\xff\"}",
        b"{} {}",
    ] {
        assert!(set.read_json(line).is_err(), "{line:?}");
    }
}

#[test]
fn csv_cells_are_read_by_header() {
    let (set, time, user, _) = set();
    let binding = set.bind_csv(&["LogMessage", "Extra", "TimeGenerated"]);
    let cells = [r#"{"end_user_id":"u"}"#, "x", "2026-03-02T00:00:00Z"];
    let row = binding.read(cells.into_iter());
    assert_eq!(row.text(user), Some("u"));
    assert_eq!(row.time(time), EventTime::parse("2026-03-02"));
}
