//! Tests of the whole: one binary, one file per theme.

mod architecture;
mod checking;
mod command_line;
mod support;
