//! Tests of the whole: one binary, one file per theme.

mod architecture;
mod bad_input;
mod checking;
mod command_line;
mod fingerprints;
mod readme;
mod running;
mod support;
