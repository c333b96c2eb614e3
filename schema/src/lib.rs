//! What every part of livefire shares: time as Kusto counts it, tables as data, rows, alerts,
//! rule names and defaults, reference data, and the reader of user-written YAML with positions.
//!
//! Nothing here knows a label: ground truth lives in the `labels` crate, which the detector
//! does not depend on.

pub mod address;
pub mod alert;
pub mod ids;
pub mod reference;
pub mod row;
pub mod rules;
pub mod spec;
pub mod table;
pub mod time;
