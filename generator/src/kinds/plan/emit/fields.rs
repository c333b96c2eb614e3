//! Fields that `set:` gives an event.

use crate::event::{Detail, Event, Outcome};
use crate::kinds::model::Name;
use crate::kinds::value::{Literal, Value};
use crate::random::Key;

/// Tools that an assistant of ours may call.
const TOOLS: [&str; 8] = [
    "search_documents",
    "send_mail",
    "create_ticket",
    "read_calendar",
    "run_query",
    "export_file",
    "update_record",
    "call_webhook",
];

/// Sets one field or column.
pub(super) fn set_field(detail: &mut Detail, field: &Name, value: &Value, key: Key, event: &Event) {
    let key = key.named("set").named(&field.value);
    let whole = || u32::try_from(value.count(key)).unwrap_or(u32::MAX);
    let small = || u8::try_from(value.count(key)).unwrap_or(u8::MAX);
    let word = || value.word(key, 0.0).to_string();
    match &*field.value {
        "response_bytes" => detail.response_bytes = Some(whole()),
        "completion_tokens" => detail.completion_tokens = Some(whole()),
        "tool" => detail.tool = Some(word()),
        "tools" => {
            let tools = value.count(key).clamp(1, TOOLS.len() as u64);
            let at = usize::try_from(key.named("tool").below(tools)).unwrap_or(0);
            detail.tool = Some(TOOLS[at].to_owned());
        }
        "model_format" => detail.model_format = Some(word()),
        "content_severity" => {
            let is_filtered = matches!(event.outcome, Outcome::Content | Outcome::Withheld);
            detail.content_severity = is_filtered.then(small);
        }
        "confidence" => detail.confidence = Some(small()),
        "valid" => detail.valid = Some(value.span(key)),
        "client" => detail.client = Some(word()),
        "escape" => detail.escape = Some(&*value.word(key, 0.0) == "true"),
        "copies" => detail.copies = Some(small()),
        "ingest_delay" => detail.ingest_delay = Some(value.span(key)),
        other => {
            if let Some((table, column)) = other.split_once('.') {
                let json = json_of(&value.draw(key, 0.0));
                detail
                    .columns
                    .push((table.to_owned(), column.to_owned(), json));
            }
        }
    }
}

fn json_of(literal: &Literal) -> serde_json::Value {
    match literal {
        Literal::Integer(value) => (*value).into(),
        Literal::Number(value) => (*value).into(),
        Literal::Flag(value) => (*value).into(),
        other => other.show().into(),
    }
}
