//! Rows that are given field by field (`do: row`), of any known table, and `IdentityInfo`.
//!
//! A user's own table gets what the event fills in by itself: its time column, its identity and
//! address columns as the definition names them, its duplicate key, and the standard columns.

use livefire_schema::ids::EventId;
use livefire_schema::table::{ColumnType, Table};
use serde_json::{Map, Value};

use super::chance::{Purpose, guid, place};
use super::overrides::{find_path, set_path};
use super::row::{DIRECTORY, RowWriter, WORKSPACE};
use super::sign_in::{name_and_domain, user_type};
use super::{Delivery, Recipes, RowKind, Scratch};
use crate::event::{Detail, Event};
use crate::world::AccountKind;

impl Recipes {
    pub(super) fn custom(&self, event: &Event, delivery: &Delivery, out: &mut Vec<u8>) -> EventId {
        let Some(table) = self
            .table(RowKind::Custom, event)
            .map(|id| self.schema.table(id))
        else {
            return EventId::from_item(delivery.item);
        };
        let mut row = self.prefilled(table, event, delivery);
        if let Some(detail) = &event.detail {
            apply(detail, &table.name, &mut row);
        }
        // Definition order first, then what the definition does not list.
        let mut ordered = Map::new();
        for column in &table.columns {
            if let Some(value) = row.shift_remove(&column.name) {
                ordered.insert(column.name.clone(), value);
            }
        }
        ordered.append(&mut row);
        ordered.insert("_ItemId".to_owned(), delivery.item.to_string().into());
        ordered.insert(
            "IngestionTime".to_owned(),
            delivery.ingestion.to_string().into(),
        );
        let id = duplicate_id(table, &ordered);
        out.extend_from_slice(Value::Object(ordered).to_string().as_bytes());
        id.unwrap_or_else(|| EventId::from_item(delivery.item))
    }

    /// What the event itself fills in.
    fn prefilled(&self, table: &Table, event: &Event, delivery: &Delivery) -> Map<String, Value> {
        let mut row = Map::new();
        let mut set = |path: Option<&str>, value: String| {
            if let Some(path) = path {
                set_path(&mut row, path, value.into());
            }
        };
        if let Some(key) = table.duplicate_key.as_deref() {
            let kind = table
                .column(key.split('.').next().unwrap_or(key))
                .map(|column| column.kind);
            if matches!(
                kind,
                Some(ColumnType::String | ColumnType::Guid | ColumnType::Dynamic)
            ) {
                set(
                    Some(key),
                    guid(place(event.id, Purpose::Report)).to_string(),
                );
            }
        }
        if let Some(account) = self.account(event) {
            set(table.identity_column.as_deref(), account.object_id.clone());
        }
        set(
            table.address_column.as_deref(),
            event.address.ip().to_string(),
        );
        set(Some(&table.time_column), delivery.time.to_string());
        set(Some("TimeGenerated"), delivery.time.to_string());
        set(Some("Type"), table.name.clone());
        if table.column("TenantId").is_some() {
            set(Some("TenantId"), WORKSPACE.to_owned());
        }
        row
    }

    /// `IdentityInfo`: the directory's snapshot of an account.
    pub(super) fn identity(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let Some(account) = self.account(event) else {
            return EventId::from_item(delivery.item);
        };
        let (name, domain) = name_and_domain(&account.upn);
        let site = self.world.directory.sites.get(account.site as usize);
        let service = account.kind == AccountKind::Service;
        let privileged = account.kind == AccountKind::Privileged;
        RowWriter::new(out)
            .time("AccountCreationTime", account.created, &mut scratch.clock)
            .text("AccountDisplayName", &account.display_name)
            .text("AccountDomain", domain)
            .text("AccountName", name)
            .text("AccountObjectId", &account.object_id)
            .text("AccountTenantId", DIRECTORY)
            .text("AccountUPN", &account.upn)
            .raw(
                "AssignedRoles",
                if privileged {
                    r#"["Application Administrator"]"#
                } else {
                    "[]"
                },
            )
            .text("City", site.map_or("", |site| site.city.as_str()))
            .text("Country", site.map_or("", |site| site.country.as_str()))
            .text("Department", &account.department)
            .flag("IsAccountEnabled", true)
            .flag("IsServiceAccount", service)
            .text(
                "JobTitle",
                if service {
                    "Service account"
                } else {
                    "Employee"
                },
            )
            .text("MailAddress", &account.upn)
            .text("Manager", "")
            .text("SourceSystem", "Azure")
            .text("TenantId", WORKSPACE)
            .time("TimeGenerated", delivery.time, &mut scratch.clock)
            .text("Type", "IdentityInfo")
            .text("UserType", user_type(Some(account)))
            .finish(delivery, scratch);
        EventId::from_item(delivery.item)
    }
}

/// Sets the event's own fields of `table`.
pub(super) fn apply(detail: &Detail, table: &str, row: &mut Map<String, Value>) {
    for (of, column, value) in &detail.columns {
        if of == table {
            set_path(row, column, value.clone());
        }
    }
}

/// The id that a reader takes from the table's duplicate key.
pub(super) fn duplicate_id(table: &Table, row: &Map<String, Value>) -> Option<EventId> {
    match find_path(row, table.duplicate_key.as_deref()?)? {
        Value::String(text) if !text.is_empty() => Some(EventId::from_text(text)),
        Value::Number(number) => Some(EventId::from_text(&number.to_string())),
        _ => None,
    }
}
