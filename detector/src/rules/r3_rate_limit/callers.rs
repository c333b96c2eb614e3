//! Who was refused: the application's row of the same request names the caller.

use std::collections::BTreeSet;

use livefire_schema::ids::hash_text_lower;
use livefire_schema::time::{EventTime, TimeSpan};

use crate::context::Context;
use crate::primitives::KeyedCount;
use crate::record::Record;
use crate::rules::requests::Requests;
use crate::rules::service_log;

/// A response 429 of the resource log.
pub(super) const THROTTLED: u8 = 0;
/// A request of the application log.
pub(super) const REQUEST: u8 = 1;

/// A number that tells prompts of one caller apart; 0 where the row names none.
pub(super) fn prompt_number(prompt_hash: &str) -> i32 {
    let hash = hash_text_lower(prompt_hash).to_le_bytes();
    i32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]).max(1)
}

/// What the application's row says of a request.
#[derive(Clone, Copy)]
struct Partner {
    user: u64,
    application: u64,
    address: u64,
    prompt: i32,
    available: EventTime,
}

/// Requests by id for as long as a response may ask for them, and callers by application.
pub(super) struct Callers {
    by_address: bool,
    resolve: TimeSpan,
    partners: Requests<Partner>,
    /// (application, caller's key).
    known: BTreeSet<(u64, u64)>,
    next_sweep: EventTime,
}

impl Callers {
    pub(super) fn new(by_address: bool, resolve: TimeSpan) -> Self {
        Callers {
            by_address,
            resolve,
            partners: Requests::new(resolve),
            known: BTreeSet::new(),
            next_sweep: EventTime::MIN,
        }
    }

    /// Notes a request; a copy of it only ever makes it available earlier.
    pub(super) fn add(&mut self, record: &Record) {
        let partner = Partner {
            user: record.value,
            application: record.other,
            address: record.address,
            prompt: record.number,
            available: record.available,
        };
        let partner = self.partners.add(record, partner);
        partner.available = partner.available.min(record.available);
    }

    /// The response with its caller: key, user, application, address, prompt, and available once
    /// both rows are.
    pub(super) fn identify(&mut self, record: &Record, context: &mut Context<'_>) -> Record {
        let mut found = *record;
        let caller = match self.partners.get(record.event) {
            Some(partner) => {
                found.value = partner.user;
                found.number = partner.prompt;
                found.available = record.available.max(partner.available);
                if partner.application != 0 {
                    found.other = partner.application;
                }
                if partner.address != 0 {
                    found.address = partner.address;
                }
                let is_named = partner.user != 0 && !self.by_address;
                context.name(if is_named {
                    partner.user
                } else {
                    found.address
                })
            }
            None => {
                let network = service_log::network(record, context);
                found.address = context.names.add(&network);
                if self.by_address {
                    network
                } else {
                    service_log::outside_caller(record, &network, context)
                }
            }
        };
        let key = if self.by_address {
            caller
        } else {
            format!("{caller} · {}", context.name(found.other))
        };
        found.key = context.names.add(&key);
        self.known.insert((found.other, found.key));
        found
    }

    /// Keys of the callers of an application, in order.
    pub(super) fn of_application(&self, application: u64) -> impl Iterator<Item = u64> {
        let range = (application, 0)..=(application, u64::MAX);
        self.known.range(range).map(|&(_, key)| key)
    }

    /// Forgets requests that no response can ask for, and callers without rows.
    pub(super) fn forget(&mut self, watermark: EventTime, count: &KeyedCount) {
        self.partners.forget(watermark);
        if watermark >= self.next_sweep {
            self.known.retain(|&(_, key)| count.holds(key));
            self.next_sweep = watermark + self.resolve;
        }
    }
}
