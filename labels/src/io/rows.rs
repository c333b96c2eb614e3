//! `rows.csv`: labelled rows with their groups written out.
//!
//! Campaigns go by id, so the file reads without the others; groups are rebuilt on reading, in the
//! order in which they occur.

use std::path::Path;

use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::time::EventTime;
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer};

use crate::book::{
    Campaign, CampaignIndex, Class, GroupIndex, LabelBook, LabelGroup, Phase, RowLabel,
};
use crate::io::{LabelError, Output, Table};

const COLUMNS: [&str; 14] = [
    "item",
    "event",
    "table",
    "time",
    "ingestion",
    "class",
    "caused_by",
    "phase",
    "stage",
    "actor",
    "kind",
    "hard_negative",
    "technique",
    "outcome",
];

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Benign => "benign",
        Class::Campaign => "campaign",
        Class::HardNegative => "hard_negative",
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Preparation => "preparation",
        Phase::Hostile => "hostile",
    }
}

pub(super) fn write(out: &mut Output, path: &Path, book: &LabelBook) -> Result<(), LabelError> {
    let mut rows: Vec<&RowLabel> = book.rows.values().collect();
    rows.sort_by_key(|row| (row.ingestion, row.item));
    let mut writer = csv::Writer::from_writer(out);
    let fail = |error| LabelError::csv(path, error);
    writer.write_record(COLUMNS).map_err(fail)?;
    for row in rows {
        let dangling = |what: String| LabelError::Dangling {
            item: row.item,
            what,
        };
        let group = book
            .group(row.group)
            .ok_or_else(|| dangling(format!("group {}", row.group.0)))?;
        let caused_by = match group.caused_by {
            None => "",
            Some(index) => {
                let campaign = book.campaign(index);
                let campaign = campaign.ok_or_else(|| dangling(format!("campaign {}", index.0)))?;
                campaign.id.as_str()
            }
        };
        let record = [
            &row.item.to_string(),
            &format!("{:016x}", row.event.0),
            &group.table,
            &row.time.to_string(),
            &row.ingestion.to_string(),
            class_name(group.class),
            caused_by,
            phase_name(group.phase),
            &group.stage,
            &group.actor,
            &group.kind,
            group.hard_negative.as_deref().unwrap_or_default(),
            &group.technique,
            &group.outcome,
        ];
        writer.write_record(record).map_err(fail)?;
    }
    writer.flush().map_err(|error| LabelError::io(path, error))
}

pub(super) fn read(path: &Path, campaigns: Vec<Campaign>) -> Result<LabelBook, LabelError> {
    let table = Table::open(path, &COLUMNS)?;
    let mut builder = Builder::default();
    for (index, campaign) in (0..).map(CampaignIndex).zip(&campaigns) {
        if builder.names.insert(campaign.id.clone(), index).is_some() {
            let message = format!(
                "campaign id `{}` is used twice; ids must be unique",
                campaign.id
            );
            return Err(LabelError::line(
                &path.with_file_name(super::CAMPAIGNS),
                1,
                message,
            ));
        }
    }
    builder.book.campaigns = campaigns;
    table.each(|fields| builder.add(fields))?;
    Ok(builder.book)
}

#[derive(Default)]
struct Builder {
    book: LabelBook,
    names: FxHashMap<String, CampaignIndex>,
    groups: FxHashMap<LabelGroup, GroupIndex>,
}

impl Builder {
    fn add(&mut self, fields: &[&str]) -> Result<(), String> {
        let [item, event, table, time, ingestion, rest @ ..] = fields else {
            return Err("too few fields".to_owned());
        };
        let item = ItemId::parse_guid(item)
            .ok_or_else(|| format!("item `{item}`: write a GUID of 36 characters"))?;
        let event = u64::from_str_radix(event, 16)
            .map_err(|_| format!("event `{event}`: write 16 hexadecimal digits"))?;
        let group = self.group(table, rest)?;
        let label = RowLabel {
            item,
            event: EventId(event),
            time: parse_time("time", time)?,
            ingestion: parse_time("ingestion", ingestion)?,
            group,
        };
        match self.book.rows.insert(item, label) {
            Some(_) => Err(format!(
                "item {item} has a label already; write one per row"
            )),
            None => Ok(()),
        }
    }

    fn group(&mut self, table: &str, fields: &[&str]) -> Result<GroupIndex, String> {
        let [
            class,
            caused_by,
            phase,
            stage,
            actor,
            kind,
            hard_negative,
            technique,
            outcome,
        ] = fields
        else {
            return Err("too few fields".to_owned());
        };
        let caused_by = match *caused_by {
            "" => None,
            id => Some(self.names.get(id).copied().ok_or_else(|| {
                format!("caused_by `{id}`: write the id of a campaign in campaigns.json")
            })?),
        };
        let group = LabelGroup {
            class: parse_name("class", class, "benign, campaign or hard_negative")?,
            caused_by,
            hard_negative: (!hard_negative.is_empty()).then(|| (*hard_negative).to_owned()),
            phase: parse_name("phase", phase, "preparation or hostile")?,
            stage: (*stage).to_owned(),
            actor: (*actor).to_owned(),
            kind: (*kind).to_owned(),
            technique: (*technique).to_owned(),
            table: table.to_owned(),
            outcome: (*outcome).to_owned(),
        };
        if let Some(known) = self.groups.get(&group) {
            return Ok(*known);
        }
        let index = u32::try_from(self.book.groups.len())
            .map(GroupIndex)
            .map_err(|_| "more label groups than 2^32".to_owned())?;
        self.book.groups.push(group.clone());
        self.groups.insert(group, index);
        Ok(index)
    }
}

fn parse_time(column: &str, text: &str) -> Result<EventTime, String> {
    EventTime::parse(text).ok_or_else(|| {
        format!("{column} `{text}`: write ISO 8601, as 2026-03-02T10:00:00.0000000Z")
    })
}

fn parse_name<T: DeserializeOwned>(column: &str, text: &str, known: &str) -> Result<T, String> {
    T::deserialize(StrDeserializer::<ValueError>::new(text))
        .map_err(|_| format!("{column} `{text}`: write {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_names_are_those_that_are_read() {
        for class in [Class::Benign, Class::Campaign, Class::HardNegative] {
            assert_eq!(parse_name("class", class_name(class), ""), Ok(class));
        }
        for phase in [Phase::Preparation, Phase::Hostile] {
            assert_eq!(parse_name("phase", phase_name(phase), ""), Ok(phase));
        }
    }
}
