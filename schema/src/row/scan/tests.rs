//! The fast reader against the full one: alike where it reads, and never less strict.

use proptest::prelude::*;

use super::*;

/// The row that the fast way gives; `None` if it gives up.
fn scan<'a>(set: &FieldSet, text: &'a str) -> Option<Row<'a>> {
    let mut row = set.empty_row();
    super::scan(set, text, &mut row).map(|()| row)
}

fn set() -> FieldSet {
    let mut set = FieldSet::new();
    for path in ["a", "b.c", "b.d.e", "f"] {
        set.slot(path);
    }
    set
}

/// A set that has read lines before, whose order of keys it expects.
fn experienced() -> FieldSet {
    let set = set();
    let line = r#"{"a":1,"z":2,"b":{"c":3,"x":4,"d":{"e":5}},"y":6,"f":7}"#;
    assert!(scan(&set, line).is_some());
    assert!(set.tree.order.get().is_some());
    set
}

/// What both readers make of a line; the fast one may give up.
#[track_caller]
fn agree(line: &str) -> bool {
    let is_fast = agree_with(&set(), line);
    assert_eq!(agree_with(&experienced(), line), is_fast, "{line}");
    is_fast
}

#[track_caller]
fn agree_with(set: &FieldSet, line: &str) -> bool {
    let full = set.read_json_fully(line);
    match (scan(set, line), full) {
        (Some(fast), Ok(full)) => {
            assert_eq!(fast.values, full.values, "{line}");
            true
        }
        (Some(_), Err(error)) => panic!("{line}: {error}"),
        (None, _) => false,
    }
}

#[test]
fn usual_lines_are_read_the_fast_way_and_alike() {
    for line in [
        "{}",
        r#" { "a" : "x" , "b" : {"c":1,"x":[1,{"c":2}],"d":{"e":true}} , "z":-1.5e3 } "#,
        r#"{"a":"line\nwith \"escapes\" \u00e9","b":"{\"c\":7,\"d\":{\"e\":null}}"}"#,
        r#"{"a":null,"f":[1,2,{"x":"]"}],"b":[{"c":1}],"a":"last wins"}"#,
        r#"{"a":"äöü über 日本語 more than eight bytes","f":{"z":1,"a":2}}"#,
        r#"{"a":12345,"f":-7,"b":7,"t":true,"u":false}"#,
    ] {
        assert!(agree(line), "{line}");
    }
}

#[test]
fn keys_may_be_missing_added_or_moved_after_their_order_was_learnt() {
    for line in [
        r#"{"a":1,"z":2,"b":{"c":3,"x":4,"d":{"e":5}},"y":6,"f":7}"#,
        r#"{"a":1,"b":{"d":{"e":5}},"f":7}"#,
        r#"{"a":1,"new":0,"z":2,"b":{"c":3,"new":[],"x":4,"d":{"e":5}},"f":7,"a":8}"#,
        r#"{"f":7,"y":6,"b":{"x":4,"d":{"new":5},"c":3},"z":2,"a":1}"#,
        r#"{ "a": 1, "z": 2, "b" : {"c": 3} }"#,
        r#"{"a":1,"zz":2,"b":3,"ff":4,"f":5}"#,
    ] {
        assert!(agree(line), "{line}");
    }
}

#[test]
fn a_path_added_after_reading_is_read() {
    let mut set = experienced();
    let slot = set.slot("z");
    let row = scan(&set, r#"{"a":1,"z":2,"f":7}"#).unwrap();
    assert_eq!(row.integer(slot), Some(2));
}

#[test]
fn what_is_malformed_or_unusual_is_left_to_the_full_parser() {
    for line in [
        "",
        "[]",
        "{",
        r#"{"a":"#,
        r#"{"a":"x"#,
        r#"{"a":"x"} x"#,
        r#"{"a":"x",}"#,
        r#"{"a" "x"}"#,
        r#"{"\u0061":"x"}"#,
        r#"{"a":1.5}"#,
        r#"{"a":-0}"#,
        r#"{"a":01}"#,
        r#"{"a":123456789012345678901234567890}"#,
        r#"{"a":tru}"#,
        "{\"a\":\"x\ty\"}",
        "{\"z\":\"x\ty\"}",
        r#"{"z":[}"#,
        r#"{"z":[1}"#,
        r#"{"a":"\q"}"#,
    ] {
        assert!(!agree(line), "{line}");
    }
}

#[test]
fn every_byte_at_every_place_of_a_string_is_told_apart() {
    let set = set();
    for byte in 0..=127u8 {
        for place in 0..20 {
            let mut line = format!("{{\"z\":\"{}\",\"a\":1}}", "#".repeat(20)).into_bytes();
            line[6 + place] = byte;
            let line = String::from_utf8(line).unwrap();
            let is_plain = byte >= 32 && byte != b'"' && byte != b'\\';
            let read = scan(&set, &line).is_some();
            // A backslash before the closing quote takes it away.
            let is_escape = byte == b'\\' && place < 19;
            assert_eq!(read, is_plain || is_escape, "{line:?}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_wherever_they_stand() {
    for line in [
        &b"{\"a\":\"\xff\"}"[..],
        b"{\"z\":\"0123456789\xff\"}",
        b"{\"z\xff\":1}",
        b"{\"z\":[\"\xc3\"]}",
        b"{\"z\":[\xc3\xa4]}",
    ] {
        assert!(set().read_json(line).is_err(), "{line:?}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<f32>().prop_map(|real| f64::from(real).into()),
        ".{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec(("[a-f]", inner), 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_reads_alike(value in json()) {
        agree(&value.to_string());
        agree(&serde_json::json!({ "a": value.clone(), "b": value.to_string() }).to_string());
        agree(&serde_json::json!({ "b": value }).to_string());
    }

    #[test]
    fn a_line_cut_or_changed_anywhere_never_reads_differently(
        value in json(), at in 0usize..200, byte in prop::sample::select(b"\"{}[],:\\x1".to_vec()),
    ) {
        let line = serde_json::json!({ "a": value }).to_string();
        if line.is_char_boundary(at.min(line.len())) {
            agree(&line[..at.min(line.len())]);
        }
        let mut bytes = line.into_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        if let Ok(line) = String::from_utf8(bytes) {
            agree(&line);
        }
    }
}
