//! Writing one row's columns in order: a thin layer over bytes, and what all rows end with.

use livefire_schema::time::EventTime;

use super::text::{TimeWriter, guid_text, push_address, push_escaped, push_integer, push_string};
use super::{Delivery, Scratch};
use crate::event::Address;

/// The workspace's id, as every table that lists `TenantId` shows it.
pub(crate) const WORKSPACE: &str = "6f1d2c3b-0000-4000-8000-000000000001";
/// The Entra directory's id.
pub(crate) const DIRECTORY: &str = "7e0a4c11-0000-4000-8000-000000000002";
/// The subscription of all resources.
pub(crate) const SUBSCRIPTION: &str = "00000000-0000-4000-8000-00000000a001";

/// A row under construction: columns are appended in the order of the calls.
#[derive(Debug)]
pub(crate) struct RowWriter<'o> {
    pub(crate) out: &'o mut Vec<u8>,
    separator: u8,
}

impl<'o> RowWriter<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        RowWriter {
            out,
            separator: b'{',
        }
    }

    /// Starts a column; its value must be appended next. Names need no escaping.
    pub(crate) fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.extend_from_slice(&[self.separator, b'"']);
        self.separator = b',';
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        push_string(self.name(name), value);
        self
    }

    /// Text joined from parts.
    pub(crate) fn parts(&mut self, name: &str, parts: &[&str]) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        for part in parts {
            push_escaped(out, part);
        }
        out.push(b'"');
        self
    }

    pub(crate) fn integer(&mut self, name: &str, value: i64) -> &mut Self {
        push_integer(self.name(name), value);
        self
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// JSON text as it is.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name).extend_from_slice(json.as_bytes());
        self
    }

    /// Text that is escaped already, with a suffix.
    pub(crate) fn escaped(&mut self, name: &str, escaped: &str, suffix: &str) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        out.extend_from_slice(escaped.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        out.push(b'"');
        self
    }

    pub(crate) fn guid(&mut self, name: &str, guid: &[u8; 36]) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        out.extend_from_slice(guid);
        out.push(b'"');
        self
    }

    pub(crate) fn address(&mut self, name: &str, address: Address) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        push_address(out, address);
        out.push(b'"');
        self
    }

    pub(crate) fn time(
        &mut self,
        name: &str,
        time: EventTime,
        clock: &mut TimeWriter,
    ) -> &mut Self {
        let out = self.name(name);
        out.push(b'"');
        clock.push(out, time);
        out.push(b'"');
        self
    }

    /// The two columns that delivery adds, and the closing brace.
    pub(crate) fn finish(&mut self, delivery: &Delivery, scratch: &mut Scratch) {
        push_end(self.out, delivery, &mut scratch.clock);
    }
}

/// Appends `,"_ItemId":"…","IngestionTime":"…"}`.
pub(crate) fn push_end(out: &mut Vec<u8>, delivery: &Delivery, clock: &mut TimeWriter) {
    let mut text = *b",\"_ItemId\":\"00000000-0000-0000-0000-000000000000\",\"IngestionTime\":\"";
    text[12..48].copy_from_slice(&guid_text(delivery.item));
    out.extend_from_slice(&text);
    clock.push(out, delivery.ingestion);
    out.extend_from_slice(b"\"}");
}
