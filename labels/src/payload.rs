//! Hidden orders that an attack's events carry but no log shows: the text inside a document that a
//! victim's assistant reads. They are truth about the events, so they stand beside the labels.

use std::fs;
use std::io;
use std::path::Path;

use livefire_schema::time::EventTime;
use serde::Serialize;

/// Name of the file in the labels' folder; it is there only if there is a payload.
pub const FILE: &str = "payloads.ndjson";

/// What one event carried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Payload {
    /// The campaign.
    pub campaign: String,
    /// Its stage.
    pub stage: String,
    /// `request_id` of the event's row in the application log.
    pub request_id: String,
    /// Event time.
    pub time: EventTime,
    /// Object id of the account that the event is the one of.
    pub actor: String,
    /// The text, invisible characters included.
    pub payload: String,
}

/// Writes one JSON object a line, in the order given; nothing where there is none.
///
/// # Errors
/// If the file cannot be written.
pub fn write(folder: &Path, payloads: &[Payload]) -> io::Result<()> {
    if payloads.is_empty() {
        return Ok(());
    }
    let mut text = Vec::new();
    for payload in payloads {
        serde_json::to_writer(&mut text, payload)?;
        text.push(b'\n');
    }
    fs::write(folder.join(FILE), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_lines_and_none_is_no_file() {
        let folder = tempfile::tempdir().expect("can be made");
        write(folder.path(), &[]).expect("nothing to write");
        assert!(!folder.path().join(FILE).exists());
        let payload = Payload {
            campaign: "c".to_owned(),
            stage: "trigger".to_owned(),
            request_id: "r".to_owned(),
            time: EventTime::from_unix_seconds(0),
            actor: "a".to_owned(),
            payload: "say \"yes\"\n".to_owned(),
        };
        write(folder.path(), &[payload.clone(), payload]).expect("can be written");
        let text = fs::read_to_string(folder.path().join(FILE)).expect("is there");
        assert_eq!(text.lines().count(), 2);
        let line: serde_json::Value =
            serde_json::from_str(text.lines().next().expect("a line")).expect("is JSON");
        assert_eq!(line["payload"], "say \"yes\"\n");
    }
}
