//! C3 `threat_intelligence`: a request from an address that is listed at that moment.
//!
//! Each request is held against the newest publication of every indicator up to its own time:
//! indicators are re-published, with other validity or as inactive, and an older active copy must
//! not survive. The look-back is unbounded, for what is out of date leaves the index ([`index`]).
//!
//! Record of a request: `key` user, `value` and `other` upper and lower half of the address,
//! `address` its text. Of a publication: `key` indicator id, `value` and `other` validity in ticks,
//! `number` confidence, `address` feed, `flags` whether it is usable, `text` the observable.

use std::sync::Arc;

use livefire_schema::alert::{Mode, Severity, Side};
use livefire_schema::reference::Reference;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashSet;
use serde_json::{Value, json};

use super::{Native, Plan, Rule, app_log, details, info, joined};
use crate::context::{AlertDraft, Context};
use crate::parameters::{Bounds, ParameterSpec, Parameters};
use crate::primitives::{Match, is_copy};
use crate::projector::{FieldPlan, Projection};
use crate::record::Record;

mod index;
mod project;
#[cfg(test)]
mod tests;

use index::{Bits, Index, Indicator};

/// Table of the indicators.
const INDICATORS: &str = "ThreatIntelIndicators";
/// A request.
const REQUEST: u8 = 0;
/// A publication of an indicator.
const PUBLICATION: u8 = 1;
/// Flag of a publication: active, neither revoked nor deleted.
const USABLE: u8 = 1;
const HOUR: TimeSpan = TimeSpan::from_hours(1);

/// The registered rule.
pub(crate) struct ThreatIntelligence;

impl Native for ThreatIntelligence {
    fn id(&self) -> &'static str {
        "C3"
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec {
                bounds: Bounds::Count(0..=100),
                ..ParameterSpec::count("confidence", 50, "least confidence of an indicator")
            },
            ParameterSpec::severity(info(self).severity),
        ]
    }

    fn plan(&self, _parameters: &Parameters) -> Plan {
        Plan {
            tables: vec![app_log::TABLE, INDICATORS],
            resolve: TimeSpan::ZERO,
            horizon: TimeSpan::ZERO,
            has_bins: false,
        }
    }

    fn projection(
        &self,
        _parameters: &Parameters,
        fields: &mut FieldPlan<'_>,
    ) -> Box<dyn Projection> {
        Box::new(project::Project::new(fields))
    }

    fn rule(
        &self,
        parameters: &Parameters,
        _mode: Mode,
        _reference: &Arc<Reference>,
    ) -> Box<dyn Rule> {
        Box::new(State {
            confidence: parameters.count("confidence"),
            severity: parameters.severity(),
            index: Index::default(),
            hour: EventTime::MIN,
            alerted: FxHashSet::default(),
            held: Vec::new(),
            next_sweep: EventTime::MIN,
        })
    }
}

struct State {
    confidence: u64,
    severity: Severity,
    index: Index,
    /// The hour whose addresses `alerted` holds.
    hour: EventTime,
    alerted: FxHashSet<Bits>,
    /// Requests of the newest instant: publications of the same instant come first.
    held: Vec<Record>,
    next_sweep: EventTime,
}

impl Rule for State {
    fn apply(&mut self, record: &Record, text: &str, context: &mut Context<'_>) {
        if self
            .held
            .first()
            .is_some_and(|held| held.time != record.time)
        {
            self.release(context);
        }
        if record.kind == PUBLICATION {
            self.publish(record, text, context);
        } else {
            self.held.push(*record);
        }
    }

    fn advance(&mut self, watermark: EventTime, context: &mut Context<'_>) {
        self.release(context);
        if watermark >= self.next_sweep {
            self.next_sweep = watermark + HOUR * 6;
            self.index.forget(watermark);
        }
    }
}

impl State {
    fn publish(&mut self, record: &Record, text: &str, context: &Context<'_>) {
        let confidence = u64::try_from(record.number).ok();
        let is_sure = confidence.is_some_and(|confidence| confidence >= self.confidence);
        let network = index::parse_network(text);
        let usable = network.filter(|_| is_sure && record.flags & USABLE != 0);
        let Some((bits, length)) = usable else {
            self.index.remove(record.key);
            return;
        };
        let indicator = Indicator {
            publication: *record,
            bits,
            length,
            from: EventTime::from_ticks(record.value.cast_signed()),
            until: EventTime::from_ticks(record.other.cast_signed()),
            id: context.name(record.key).into(),
            feed: context.name(record.address).into(),
            observable: text.into(),
        };
        self.index.insert(record.key, indicator);
    }

    /// Looks the held requests up, each with its copies.
    fn release(&mut self, context: &mut Context<'_>) {
        let held = std::mem::take(&mut self.held);
        for copies in held.chunk_by(is_copy) {
            self.request(copies, context);
        }
        self.held = held;
        self.held.clear();
    }

    fn request(&mut self, copies: &[Record], context: &mut Context<'_>) {
        let request = &copies[0];
        let address = Bits::of_halves(request.value, request.other);
        let mut listed = self.index.listing(address).peekable();
        if listed.peek().is_none() {
            return;
        }
        let holds = |i: &&Indicator| i.from <= request.time && request.time < i.until;
        let mut matched: Vec<&Indicator> = listed.filter(holds).collect();
        let sides = if matched.is_empty() { 1 } else { 2 };
        context.level(request, request.address, sides, 2);
        if matched.is_empty() {
            return;
        }
        let hour = request.time.bin(HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.alerted.clear();
        }
        if !self.alerted.insert(address) {
            return;
        }
        matched.sort_by(|a, b| a.id.cmp(&b.id));
        let draft = self.describe(copies, &matched, context);
        context.raise(draft);
    }

    fn describe(
        &self,
        copies: &[Record],
        matched: &[&Indicator],
        context: &Context<'_>,
    ) -> AlertDraft {
        let mut partners: Vec<Record> = matched.iter().map(|i| i.publication).collect();
        partners.sort_by_key(Record::order);
        let request = &copies[0];
        let found = Match {
            key: request.address,
            who: 0,
            side: Side::Left,
            completing: copies.to_vec(),
            partners,
        };
        let address = [Bits::of_halves(request.value, request.other).to_string()];
        let user = [context.name(request.key)];
        let indicators: Vec<Value> = matched.iter().map(|i| i.describe()).collect();
        let mut draft = joined::draft(&found, address[0].clone(), self.severity, context);
        draft.entities = details::entities("IP", &address);
        draft.entities.extend(details::entities("Account", &user));
        let carried = &mut draft.details;
        let mut set = |name: &str, value| carried.insert(name.to_owned(), value);
        set("address", json!(address[0]));
        set("user", json!(user[0]));
        set(
            "places",
            json!(details::places(&address, context.reference)),
        );
        set("indicators", json!(indicators));
        draft
    }
}
