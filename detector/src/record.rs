//! What a rule keeps of one row: a small record that is copied, sorted and counted instead of it.
//!
//! Texts are replaced by 64-bit hashes; [`crate::names::Names`] gives the text back when an alert
//! is written. The meaning of `key`, `value`, `other`, `address`, `number`, `kind` and `flags` is
//! each rule's own and stated in its file.

use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::table::TableId;
use livefire_schema::time::EventTime;

use crate::ruleset::FormIndex;

/// One row as one rule sees it; 96 bytes, no pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// The delivered row.
    pub item: ItemId,
    /// Event time.
    pub time: EventTime,
    /// When the row could be seen: `max(ingestion, time)`.
    pub available: EventTime,
    /// The event that the row reports; duplicates share it.
    pub event: EventId,
    /// Grouping key.
    pub key: u64,
    /// Counted value, or whatever the rule needs.
    pub value: u64,
    /// Whatever the rule needs.
    pub other: u64,
    /// Usually the hash of the source address's text.
    pub address: u64,
    /// Whatever the rule needs.
    pub number: i32,
    /// One text of the row, kept only until the record has been applied.
    pub text: TextRef,
    /// Table of the row.
    pub table: TableId,
    /// The rule form that projected it.
    pub form: FormIndex,
    /// Which of the rule's inputs it is.
    pub kind: u8,
    /// Whatever the rule needs.
    pub flags: u8,
}

impl Record {
    /// The order in which rules consume: event time, event id, then item, so that copies of one
    /// event have a fixed order too.
    #[must_use]
    pub fn order(&self) -> (EventTime, EventId, ItemId) {
        (self.time, self.event, self.item)
    }
}

/// A text in the buffer that travels with a record: a batch's, later a bucket's.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TextRef {
    start: u32,
    length: u16,
}

/// Longest text kept, in bytes; the rest is cut off at a character boundary.
const LONGEST_TEXT: usize = 1024;

impl TextRef {
    /// Appends `text` to `buffer` and refers to it; empty if the buffer is full.
    pub(crate) fn append(buffer: &mut String, text: &str) -> Self {
        let mut end = text.len().min(LONGEST_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (Ok(start), Ok(length)) = (u32::try_from(buffer.len()), u16::try_from(end)) else {
            return TextRef::default();
        };
        buffer.push_str(&text[..end]);
        TextRef { start, length }
    }

    /// Appends several texts with a separator between them; empty if the buffer is full or they
    /// are too long together.
    pub(crate) fn append_parts(buffer: &mut String, parts: &[&str], separator: char) -> Self {
        let begin = buffer.len();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                buffer.push(separator);
            }
            TextRef::append(buffer, part);
        }
        let length = u16::try_from(buffer.len() - begin);
        let (Ok(start), Ok(length)) = (u32::try_from(begin), length) else {
            return TextRef::default();
        };
        TextRef { start, length }
    }

    /// The text in its buffer; empty for a reference of another one.
    #[must_use]
    pub(crate) fn of(self, buffer: &str) -> &str {
        let start = self.start as usize;
        buffer
            .get(start..start + usize::from(self.length))
            .unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_within_96_bytes() {
        assert!(size_of::<Record>() <= 96, "{}", size_of::<Record>());
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let mut buffer = String::from("x");
        let reference = TextRef::append(&mut buffer, &"é".repeat(700));
        assert_eq!(reference.of(&buffer), "é".repeat(512));
        let odd = format!("a{}", "é".repeat(700));
        let reference = TextRef::append(&mut buffer, &odd);
        assert_eq!(reference.of(&buffer).len(), 1023);
    }
}
