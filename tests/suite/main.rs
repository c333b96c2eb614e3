//! Tests of the whole: one binary, one file per theme.

mod acceptance;
mod architecture;
mod bad_input;
mod bad_logs;
mod bytes;
mod bytes_on_disk;
mod calibration;
mod checking;
mod checking_files;
mod command_line;
mod evasions;
mod experiment;
mod fingerprints;
mod gate;
mod new_user;
mod pages;
mod readme;
mod reference;
mod running;
mod scoring;
mod support;
mod timeline;
mod twins;
mod user_made;
mod why;
mod worlds;
