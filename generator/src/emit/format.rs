//! Entries → lines and labels: one chunk of rows at a time, on any thread.

use livefire_labels::{BatchRow, LabelGroup, Phase};
use livefire_schema::ids::ItemId;
use livefire_schema::table::{Schema, TableId};
use livefire_schema::time::{EventTime, TimeRange};

use crate::emit::bucket::{Entry, Part};
use crate::emit::transport::{Damage, Transport};
use crate::event::{AccountRef, Event, Origin, OriginRef};
use crate::random::Key;
use crate::recipes::{Delivery, Purpose, Recipes, RowKind, Scratch, place};
use crate::world::World;

/// Rendered rows, waiting to be given out.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: Vec<BatchRow>,
    /// Rows with an origin, by index; groups are numbered when they are given out.
    pub(crate) labelled: Vec<(usize, GroupKey)>,
    /// Distinct requests of the scored interval among them.
    pub(crate) requests: u64,
    scratch: Scratch,
}

/// What makes two labelled rows one group.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct GroupKey {
    origin: OriginRef,
    account: Option<AccountRef>,
    table: TableId,
    outcome: Box<str>,
}

impl GroupKey {
    /// The group as labels name it. An origin that is not in the list labels nothing but itself.
    pub(crate) fn group(&self, origins: &[Origin], world: &World, schema: &Schema) -> LabelGroup {
        let origin = origins.get(self.origin.0 as usize);
        let account = self
            .account
            .and_then(|account| world.directory.accounts.get(account.0 as usize));
        let text = |of: fn(&Origin) -> &str| origin.map(of).unwrap_or_default().to_owned();
        LabelGroup {
            class: origin.map_or(livefire_labels::Class::Benign, |origin| origin.class),
            caused_by: origin.and_then(|origin| origin.caused_by),
            hard_negative: origin.and_then(|origin| origin.hard_negative.clone()),
            phase: origin.map_or(Phase::Preparation, |origin| origin.phase),
            stage: text(|origin| &origin.stage),
            actor: account
                .map(|account| account.object_id.clone())
                .unwrap_or_default(),
            kind: text(|origin| &origin.kind),
            technique: text(|origin| &origin.technique),
            table: schema.table(self.table).name.clone(),
            outcome: self.outcome.to_string(),
        }
    }
}

/// What rendering needs of the source.
#[derive(Debug)]
pub(crate) struct Formatter<'s> {
    pub(crate) recipes: &'s Recipes,
    pub(crate) transport: &'s Transport,
    pub(crate) parts: &'s [Part],
    pub(crate) scored: TimeRange,
}

impl Formatter<'_> {
    /// Renders entries into a chunk's memory.
    pub(crate) fn chunk(&self, entries: &[Entry], mut chunk: Chunk) -> Chunk {
        chunk.bytes.clear();
        chunk.rows.clear();
        chunk.labelled.clear();
        chunk.requests = 0;
        for entry in entries {
            let part = &self.parts[entry.part as usize];
            self.row(entry, &part.events[entry.event as usize], &mut chunk);
        }
        chunk
    }

    fn row(&self, entry: &Entry, event: &Event, chunk: &mut Chunk) {
        let Some(table) = self.recipes.table(entry.kind, event) else {
            return;
        };
        let item = item(event.id, entry.kind, entry.copy);
        let ingestion = EventTime::from_ticks(entry.ingestion);
        let delivery = Delivery {
            item,
            time: self.transport.shown_time(self.recipes, entry.kind, event),
            ingestion,
        };
        let start = chunk.bytes.len();
        let id = self.recipes.render(
            entry.kind,
            event,
            &delivery,
            &mut chunk.scratch,
            &mut chunk.bytes,
        );
        let damage = place(event.id, Purpose::Damage).index(u64::from(entry.copy));
        let cut = harm(entry.damage, damage, &mut chunk.bytes, start);
        if entry.first && entry.kind == RowKind::Application && self.scored.contains(event.at) {
            chunk.requests += 1;
        }
        let end = chunk.bytes.len();
        let pieces = [(start, cut.unwrap_or(end)), (cut.unwrap_or(end), end)];
        let pieces = &pieces[..if cut.is_some() { 2 } else { 1 }];
        for &(start, end) in pieces {
            let malformed = entry.damage != Damage::None;
            if let Some(origin) = event.origin {
                let key = GroupKey {
                    origin,
                    account: event.account,
                    table,
                    outcome: self.recipes.outcome(event).into(),
                };
                chunk.labelled.push((chunk.rows.len(), key));
            }
            chunk.rows.push(BatchRow {
                table,
                start,
                end,
                ingestion,
                time: event.at,
                item: if malformed {
                    ItemId::hashed(&chunk.bytes[start..end], 0)
                } else {
                    item
                },
                event: id,
                group: None,
                malformed,
            });
        }
        chunk.bytes.push(b'\n');
    }
}

/// `_ItemId` of one delivered row: names it without telling anything about it.
pub(crate) fn item(event: Key, kind: RowKind, copy: u8) -> ItemId {
    let key = place(event, Purpose::Item).index((kind as u64) << 8 | u64::from(copy));
    crate::recipes::guid(key)
}

/// Damages the line that starts at `start`; the position of the cut if it becomes two lines.
fn harm(damage: Damage, key: Key, bytes: &mut Vec<u8>, start: usize) -> Option<usize> {
    let length = bytes.len() - start;
    let middle = length / 5 + usize::try_from(key.below(length as u64 * 3 / 5)).unwrap_or(0);
    match damage {
        Damage::None => None,
        Damage::Truncated => {
            bytes.truncate(start + middle);
            None
        }
        Damage::Unquoted => {
            // An escaped quote would leave the line readable.
            let quote = (start + middle..bytes.len())
                .find(|&at| bytes[at] == b'"' && bytes[at - 1] != b'\\')?;
            bytes.remove(quote);
            None
        }
        Damage::Split => Some(start + middle),
    }
}
