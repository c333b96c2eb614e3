//! Attack kinds and look-alikes as the command line needs them.

use std::path::Path;

use livefire_generator::scenario::{Catalogue, EntrySpec};
use livefire_schema::spec::Faults;
use livefire_schema::table::Schema;

/// One kind as lists show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KindRow {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) expected: String,
    pub(crate) verified: bool,
    pub(crate) origin: String,
}

/// The library of kinds.
pub(crate) struct Kinds;

impl Kinds {
    /// Reads the shipped kinds and a user's folder.
    pub(crate) fn read(_folder: Option<&Path>, _schema: &Schema, _faults: &Faults) -> Kinds {
        Kinds
    }

    /// Attack kinds or look-alikes as rows of a list.
    pub(crate) fn rows(&self, _attacks: bool) -> Vec<KindRow> {
        Vec::new()
    }

    /// Origin and text of a kind's file.
    pub(crate) fn text(&self, _id: &str) -> Option<(String, String)> {
        None
    }
}

impl Catalogue for Kinds {
    fn attacks(&self) -> Vec<&str> {
        Vec::new()
    }
    fn look_alikes(&self) -> Vec<&str> {
        Vec::new()
    }
    fn is_verified(&self, _kind: &str) -> bool {
        true
    }
    fn check(&self, _entry: &EntrySpec, _faults: &Faults) {}
}
