//! Audits of a log: is its traffic as calibrated, and does a field give the label away that should
//! carry no signal?
//!
//! Both read delivered lines, from the generator or from anybody's export, and give tables; a
//! command prints them and a test holds them, by the same code.

pub mod calibration;
pub mod leak;
