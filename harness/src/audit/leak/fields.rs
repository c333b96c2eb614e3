//! Which fields of a row are nuisances, and each as a number.

use livefire_labels::BatchRow;
use livefire_schema::ids::hash_bytes;
use livefire_schema::row::{FieldSet, Row, Slot};
use livefire_schema::table::Schema;

/// Ticks of a second.
const SECOND: i64 = 10_000_000;

/// One number of one field; `unit` names the distinct value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Number {
    pub(super) field: &'static str,
    pub(super) unit: u64,
    pub(super) value: f64,
}

/// One choice among few (a pod, a device), made once by a unit (a session, an account) within a
/// group (an application).
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Choice {
    pub(super) field: &'static str,
    pub(super) unit: u64,
    pub(super) group: u64,
    pub(super) chosen: u64,
}

/// What the two rows of one call say about its size and length.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Half {
    /// Tokens of prompt and answer, from the application's row.
    Application { prompt: f64, completion: f64 },
    /// Bytes of request and answer, milliseconds and status, from the service's row.
    Service {
        request: f64,
        response: f64,
        duration: f64,
        status: i64,
    },
}

/// What one row says.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Facts {
    /// Table, or what smaller ones are pooled under.
    pub(super) table: &'static str,
    /// What counts once in a model: a session, a sign-in, a call.
    pub(super) unit: u64,
    pub(super) numbers: Vec<Number>,
    pub(super) choices: Vec<Choice>,
    /// The call that the row is one half of.
    pub(super) call: Option<(u64, Half)>,
}

/// Reads rows of all tables.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    schema: &'a Schema,
    application: Fields,
    service: Fields,
    sign_in: Fields,
    other: Fields,
}

/// A field set and its slots, in the order that they were asked for.
#[derive(Debug)]
struct Fields {
    set: FieldSet,
    slots: Vec<Slot>,
}

impl Fields {
    fn new(paths: &[&str]) -> Self {
        let mut set = FieldSet::new();
        let slots = paths.iter().map(|path| set.slot(path)).collect();
        Fields { set, slots }
    }
}

/// Texts and numbers of a row by position.
struct Cells<'r, 'l> {
    row: &'r Row<'l>,
    slots: &'r [Slot],
}

impl Cells<'_, '_> {
    fn text(&self, index: usize) -> &str {
        self.row.text(self.slots[index]).unwrap_or("")
    }

    fn integer(&self, index: usize) -> Option<f64> {
        self.row
            .integer(self.slots[index])
            .map(|value| value as f64)
    }

    fn hash(&self, index: usize) -> u64 {
        hash_bytes(self.text(index).as_bytes())
    }
}

const APPLICATION: &[&str] = &[
    "LogMessage.request_id",
    "LogMessage.session_id",
    "LogMessage.prompt_hash",
    "LogMessage.full_prompt_sample",
    "LogMessage.end_user_id",
    "LogMessage.application_name",
    "LogMessage.timestamp",
    "LogMessage.retry_after_s",
    "LogMessage.prompt_tokens",
    "LogMessage.completion_tokens",
    "PodName",
    "Computer",
    "ContainerId",
    "TimeGenerated",
];
const SERVICE: &[&str] = &[
    "CorrelationId",
    "DurationMs",
    "ResultSignature",
    "properties_s.requestLength",
    "properties_s.responseLength",
    "properties_s.streamType",
    "OperationName",
];
const SIGN_IN: &[&str] = &[
    "Id",
    "CorrelationId",
    "UserId",
    "UserPrincipalName",
    "UserAgent",
    "CreatedDateTime",
    "TimeGenerated",
    "SessionId",
    "DeviceDetail.operatingSystem",
];
const OTHER: &[&str] = &[
    "AlertId",
    "SystemAlertId",
    "ReportId",
    "CorrelationId",
    "OperationName",
    "TargetResources",
    "Id",
];

impl<'a> Reader<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Reader {
            schema,
            application: Fields::new(APPLICATION),
            service: Fields::new(SERVICE),
            sign_in: Fields::new(SIGN_IN),
            other: Fields::new(OTHER),
        }
    }

    /// What a line says; `None` if it cannot be read.
    pub(super) fn read(&self, line: &[u8], row: &BatchRow) -> Option<Facts> {
        let name = self.schema.table(row.table).name.as_str();
        let (fields, make): (&Fields, fn(&Cells) -> Facts) = match name {
            "ContainerLogV2" => (&self.application, application),
            "AzureDiagnostics" => (&self.service, service),
            "SigninLogs" => (&self.sign_in, sign_in),
            "SecurityAlert" | "AlertInfo" | "AlertEvidence" => (&self.other, alert),
            _ => (&self.other, other),
        };
        let read = fields.set.read_json(line).ok()?;
        let cells = Cells {
            row: &read,
            slots: &fields.slots,
        };
        let mut facts = make(&cells);
        if facts.table == "SigninLogs" || facts.table == "ContainerLogV2" {
            lag(&cells, &mut facts);
        }
        let item = row.item.to_string();
        digits(&mut facts.numbers, ITEM, &item);
        let second = |ticks: i64| ticks.rem_euclid(SECOND);
        for (field, ticks) in [
            ("TimeGenerated, below a second", row.time.ticks()),
            ("IngestionTime, below a second", row.ingestion.ticks()),
        ] {
            facts.numbers.push(Number {
                field,
                unit: u64::try_from(second(ticks)).unwrap_or(0),
                value: second(ticks) as f64,
            });
        }
        Some(facts)
    }
}

/// Names of an id's two ends.
type Ends = [&'static str; 2];
const ITEM: Ends = ["_ItemId, first digits", "_ItemId, last digits"];

/// Both ends of an id as numbers: what stands before its first hex digit does not count.
fn digits(out: &mut Vec<Number>, fields: Ends, text: &str) {
    let hex: Vec<u8> = text
        .bytes()
        .rev()
        .take_while(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
        .filter(u8::is_ascii_hexdigit)
        .collect();
    if hex.len() < 8 {
        return;
    }
    let number = |digits: &mut dyn Iterator<Item = &u8>| {
        digits.fold(0.0, |sum, digit| {
            sum * 16.0 + f64::from(char::from(*digit).to_digit(16).unwrap_or(0))
        })
    };
    let unit = hash_bytes(text.as_bytes());
    // A GUID's version digit stands behind the twelfth.
    let first = number(&mut hex.iter().rev().take(12));
    let last = number(&mut hex[..8].iter().rev());
    out.push(Number {
        field: fields[0],
        unit,
        value: first,
    });
    out.push(Number {
        field: fields[1],
        unit,
        value: last,
    });
}

/// Capital letters and outer or double spaces of a text.
fn shape(out: &mut Vec<Number>, fields: Ends, text: &str) {
    let unit = hash_bytes(text.as_bytes());
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count() as f64;
    let outer = text.len() - text.trim().len();
    let spaces = (outer + text.matches("  ").count()) as f64;
    out.push(Number {
        field: fields[0],
        unit,
        value: capitals,
    });
    out.push(Number {
        field: fields[1],
        unit,
        value: spaces,
    });
}

fn spaces(out: &mut Vec<Number>, field: &'static str, text: &str) {
    let mut both = Vec::new();
    shape(&mut both, ["", field], text);
    out.extend(both.pop());
}

fn application(cells: &Cells) -> Facts {
    let session = cells.hash(1);
    let mut facts = Facts {
        table: "ContainerLogV2",
        unit: session,
        ..Facts::default()
    };
    let out = &mut facts.numbers;
    let request = ["request_id, first digits", "request_id, last digits"];
    digits(out, request, cells.text(0));
    let ends = ["session_id, first digits", "session_id, last digits"];
    digits(out, ends, cells.text(1));
    let hash = ["prompt_hash, first digits", "prompt_hash, last digits"];
    digits(out, hash, cells.text(2));
    shape(
        out,
        ["request_id, capitals", "request_id, spaces"],
        cells.text(0),
    );
    shape(
        out,
        ["end_user_id, capitals", "end_user_id, spaces"],
        cells.text(4),
    );
    shape(
        out,
        ["application_name, capitals", "application_name, spaces"],
        cells.text(5),
    );
    spaces(out, "full_prompt_sample, spaces", cells.text(3));
    if let Some(value) = cells.integer(7) {
        let unit = cells.hash(0);
        out.push(Number {
            field: "retry_after_s",
            unit,
            value,
        });
    }
    let group = cells.hash(5);
    for (field, index) in [("PodName", 10), ("Computer", 11), ("ContainerId", 12)] {
        let chosen = cells.hash(index);
        facts.choices.push(Choice {
            field,
            unit: session,
            group,
            chosen,
        });
    }
    if let Some((prompt, completion)) = cells.integer(8).zip(cells.integer(9)) {
        facts.call = Some((cells.hash(0), Half::Application { prompt, completion }));
    }
    facts
}

fn service(cells: &Cells) -> Facts {
    let call = cells.hash(0);
    let mut facts = Facts {
        table: "AzureDiagnostics",
        unit: call,
        ..Facts::default()
    };
    let ends = ["CorrelationId, first digits", "CorrelationId, last digits"];
    digits(&mut facts.numbers, ends, cells.text(0));
    let status = cells.integer(2).unwrap_or(0.0);
    if cells.text(6) != "ChatCompletions_Create" {
        return facts;
    }
    let group = hash_bytes(&status.to_le_bytes());
    let chosen = cells.hash(5);
    let field = "streamType";
    facts.choices.push(Choice {
        field,
        unit: call,
        group,
        chosen,
    });
    let values = (cells.integer(3), cells.integer(4), cells.integer(1));
    if let (Some(request), Some(response), Some(duration)) = values {
        #[expect(clippy::cast_possible_truncation, reason = "an HTTP status")]
        let status = status as i64;
        let half = Half::Service {
            request,
            response,
            duration,
            status,
        };
        facts.call = Some((call, half));
    }
    facts
}

fn sign_in(cells: &Cells) -> Facts {
    let mut facts = Facts {
        table: "SigninLogs",
        unit: cells.hash(1),
        ..Facts::default()
    };
    let out = &mut facts.numbers;
    digits(out, ["Id, first digits", "Id, last digits"], cells.text(0));
    let ends = ["CorrelationId, first digits", "CorrelationId, last digits"];
    digits(out, ends, cells.text(1));
    let ends = ["SessionId, first digits", "SessionId, last digits"];
    digits(out, ends, cells.text(7));
    shape(
        out,
        ["UserPrincipalName, capitals", "UserPrincipalName, spaces"],
        // Guests have #EXT# in their name.
        &cells.text(3).replace("#EXT#", ""),
    );
    for (field, index) in [("UserAgent", 4), ("operatingSystem", 8)] {
        let (unit, chosen) = (cells.hash(2), cells.hash(index));
        facts.choices.push(Choice {
            field,
            unit,
            group: 0,
            chosen,
        });
    }
    facts
}

/// Time between the application's or Entra's own stamp and the row's.
fn lag(cells: &Cells, facts: &mut Facts) {
    let (own, generated, unit) = match facts.table {
        "SigninLogs" => (5, 6, cells.hash(0)),
        _ => (6, 13, cells.hash(0)),
    };
    let time = |index: usize| cells.row.time(cells.slots[index]);
    if let Some((own, generated)) = time(own).zip(time(generated)) {
        facts.numbers.push(Number {
            field: "lag of the row behind its own stamp",
            unit,
            value: (generated - own).seconds_f64(),
        });
    }
}

fn alert(cells: &Cells) -> Facts {
    let id = if cells.text(0).is_empty() { 1 } else { 0 };
    let mut facts = Facts {
        table: "alert tables",
        unit: cells.hash(id),
        ..Facts::default()
    };
    let ends = ["alert id, first digits", "alert id, last digits"];
    digits(&mut facts.numbers, ends, cells.text(id));
    facts
}

fn other(cells: &Cells) -> Facts {
    let mut facts = Facts {
        table: "other tables",
        unit: cells.hash(6),
        ..Facts::default()
    };
    let out = &mut facts.numbers;
    digits(out, ["Id, first digits", "Id, last digits"], cells.text(6));
    let ends = ["ReportId, first digits", "ReportId, last digits"];
    digits(out, ends, cells.text(2));
    let ends = ["CorrelationId, first digits", "CorrelationId, last digits"];
    digits(out, ends, cells.text(3));
    if cells.text(4) == "Add user" {
        made_account(cells, out);
    }
    facts
}

/// An account that `AuditLogs` says was made: its object id, and the number in its name.
fn made_account(cells: &Cells, out: &mut Vec<Number>) {
    let livefire_schema::row::Value::Json(text) = cells.row.value(cells.slots[5]) else {
        return;
    };
    let Ok(targets) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let target = &targets[0];
    let text = |name: &str| target[name].as_str().unwrap_or("").to_owned();
    let (id, upn) = (text("id"), text("userPrincipalName"));
    let ends = [
        "made account's id, first digits",
        "made account's id, last digits",
    ];
    digits(out, ends, &id);
    let handle = upn.split('@').next().unwrap_or("");
    let name = handle.trim_end_matches(|c: char| c.is_ascii_digit());
    let unit = hash_bytes(upn.as_bytes());
    if let Ok(value) = handle[name.len()..].parse() {
        out.push(Number {
            field: "made account's number in its name",
            unit,
            value,
        });
    }
    let value = name.len() as f64;
    out.push(Number {
        field: "made account's length of name",
        unit,
        value,
    });
}
