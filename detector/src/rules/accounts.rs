//! Accounts as sign-in tables name them, brought to one key.
//!
//! An account that the identity map knows has its index there as key, whichever of object id and
//! UPN a row uses. Accounts made during an attack are not in the map: their key is the hash of the
//! object id, and each sign-in that states both spellings teaches the other one.

use livefire_schema::reference::Reference;
use livefire_schema::row::Slot;
use livefire_schema::table::TableId;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use crate::names::Names;
use crate::projected::Sink;
use crate::projector::{FieldPlan, RowView};

/// Interactive sign-ins.
pub(crate) const INTERACTIVE: &str = "SigninLogs";
/// Token refreshes.
pub(crate) const NON_INTERACTIVE: &str = "AADNonInteractiveUserSignInLogs";
/// Logons as the identity sensors see them.
pub(crate) const LOGONS: &str = "IdentityLogonEvents";

/// The fields of one sign-in table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignIns {
    pub(crate) table: Option<TableId>,
    object_id: Option<Slot>,
    upn: Option<Slot>,
    pub(crate) address: Option<Slot>,
    result: Option<Slot>,
    pub(crate) location: Option<Slot>,
}

/// The account of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Account {
    /// Its key.
    pub(crate) key: u64,
    /// Hash of a second spelling that the identity map does not know; 0 for none.
    pub(crate) alias: u64,
}

impl SignIns {
    /// Asks for the fields of `table`, one of the three above.
    pub(crate) fn new(fields: &mut FieldPlan<'_>, table: &str) -> Self {
        let (object_id, upn, result) = if table == LOGONS {
            ("AccountObjectId", "AccountUpn", "ActionType")
        } else {
            ("UserId", "UserPrincipalName", "ResultType")
        };
        let table = fields.table(table);
        SignIns {
            table,
            object_id: fields.slot(table, object_id),
            upn: fields.slot(table, upn),
            address: fields.slot(table, "IPAddress"),
            result: fields.slot(table, result),
            location: fields.slot(table, "Location"),
        }
    }

    /// The result code; a successful logon of [`LOGONS`] is 0, any other row of it has none.
    pub(crate) fn code(&self, row: &RowView<'_, '_>) -> Option<i64> {
        row.integer(self.result).or_else(|| {
            let is_success = row.text(self.result)?.eq_ignore_ascii_case("LogonSuccess");
            is_success.then_some(0)
        })
    }

    /// The account of a row; `None` if the row names nobody.
    pub(crate) fn account(
        &self,
        row: &RowView<'_, '_>,
        reference: &Reference,
        sink: &mut Sink<'_>,
    ) -> Option<Account> {
        let (object_id, upn) = (row.text(self.object_id), row.text(self.upn));
        account(object_id, upn, reference, sink)
    }
}

/// The account that an object id, a UPN or both name; object id first.
pub(crate) fn account(
    object_id: Option<&str>,
    upn: Option<&str>,
    reference: &Reference,
    sink: &mut Sink<'_>,
) -> Option<Account> {
    let known = |text: Option<&str>| text.and_then(|text| reference.account(text));
    let (by_id, by_upn) = (known(object_id), known(upn));
    let mut name = |text: Option<&str>| text.map_or(0, |text| sink.name(text));
    let (key, alias) = match (by_id, by_upn) {
        (Some(index), Some(_)) => (u64::from(index), 0),
        (Some(index), None) => (u64::from(index), name(upn)),
        (None, Some(index)) => (u64::from(index), name(object_id)),
        (None, None) => match (name(object_id), name(upn)) {
            (0, 0) => return None,
            (0, only) | (only, 0) => (only, 0),
            (id, upn) => (id, upn),
        },
    };
    Some(Account { key, alias })
}

/// The account that an application's log names.
pub(crate) fn end_user(user: &str, reference: &Reference, sink: &mut Sink<'_>) -> u64 {
    let hash = sink.name(user);
    reference.account_by_hash(hash).map_or(hash, u64::from)
}

/// Second spellings of accounts outside the identity map.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    keys: FxHashMap<u64, (u64, EventTime)>,
}

impl Aliases {
    /// Learns from a sign-in; `true` if the spelling is new.
    pub(crate) fn learn(&mut self, alias: u64, key: u64, time: EventTime) -> bool {
        alias != 0 && alias != key && self.keys.insert(alias, (key, time)).is_none()
    }

    /// The key that a spelling stands for.
    pub(crate) fn resolve(&self, key: u64) -> u64 {
        if self.keys.is_empty() {
            return key;
        }
        self.keys.get(&key).map_or(key, |&(known, _)| known)
    }

    /// Forgets what was last learnt before `watermark − keep`.
    pub(crate) fn advance(&mut self, watermark: EventTime, keep: TimeSpan) {
        self.keys.retain(|_, (_, time)| *time >= watermark - keep);
    }
}

/// An account as alerts show it: its object id if the identity map knows it, else its UPN, else
/// the spelling that rows used.
pub(crate) fn shown(key: u64, reference: &Reference, names: &Names) -> String {
    shown_or(key, key, reference, names)
}

/// [`shown`], with a second spelling for an account whose first one is no longer known.
pub(crate) fn shown_or(key: u64, other: u64, reference: &Reference, names: &Names) -> String {
    let identity = u32::try_from(key)
        .ok()
        .and_then(|index| reference.identity(index));
    match identity {
        Some(identity) if !identity.object_id.is_empty() => identity.object_id.clone(),
        Some(identity) => identity.upn.clone(),
        None => match names.get(key).or_else(|| names.get(other)) {
            Some(text) => text.to_owned(),
            None => format!("{key:016x}"),
        },
    }
}
