//! What `bench` starts of livefire itself: the wrapper that measures a process, and the bare parse.
//!
//! The wrapper is a process of its own because a system counts into a process's peak what its
//! parent held when it was started; and so that what the wrapper waited for is exactly one run.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use livefire_harness::bench::Taken;
use livefire_schema::ids::ItemId;
use livefire_schema::table::Schema;
use serde_json::json;

use crate::arguments::BenchChild;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;

/// Runs what `bench` asks for.
pub(crate) fn run(child: &BenchChild, output: Output) -> Outcome {
    match child {
        BenchChild::Measure { report, command } => measure(report, command),
        BenchChild::Parse { folder } => parse(folder, output),
    }
}

/// Runs a command with our own input and output, and writes down what it took.
fn measure(report: &Path, command: &[String]) -> Outcome {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::usage("measure: names no command"));
    };
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .status()
        .map_err(|error| Failure::usage(format!("{program}: cannot be started: {error}")))?;
    let wall_seconds = start.elapsed().as_secs_f64();
    let (cpu_seconds, peak_bytes) = children();
    let taken = Taken {
        wall_seconds,
        cpu_seconds,
        peak_bytes,
    };
    let document = json!({ "exit": status.code(), "taken": taken });
    std::fs::write(report, document.to_string())?;
    Ok(Exit::Pass)
}

/// Processor seconds and peak bytes of all that this process waited for.
#[cfg(unix)]
fn children() -> (Option<f64>, Option<u64>) {
    use nix::sys::resource::{UsageWho, getrusage};

    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return (None, None);
    };
    let times = [usage.user_time(), usage.system_time()];
    let micros = times.map(|time| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        seconds * 1_000_000 + u64::try_from(time.tv_usec()).unwrap_or(0)
    });
    let span = std::time::Duration::from_micros(micros[0] + micros[1]);
    // macOS counts bytes, every other system kilobytes.
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    let peak = u64::try_from(usage.max_rss()).ok();
    let peak = peak.filter(|peak| *peak > 0).map(|peak| peak * unit);
    (Some(span.as_secs_f64()), peak)
}

/// Systems that do not tell.
#[cfg(not(unix))]
fn children() -> (Option<f64>, Option<u64>) {
    (None, None)
}

/// Reads every line of the tables in a folder as JSON and keeps nothing; prints what there was.
fn parse(folder: &Path, output: Output) -> Outcome {
    let (mut rows, mut bytes, mut print) = (0_u64, 0_u64, 0_u128);
    let mut line = Vec::new();
    for (_, table) in Schema::embedded().iter() {
        let path = folder.join(format!("{}.ndjson", table.name));
        let Ok(file) = File::open(&path) else {
            continue;
        };
        let mut lines = BufReader::with_capacity(1 << 18, file);
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            let read = read.map_err(|error| {
                Failure::input(format!("{}: cannot be read: {error}", path.display()))
            })?;
            if read == 0 {
                break;
            }
            rows += 1;
            bytes += u64::try_from(read).unwrap_or(0);
            // A damaged line is a line all the same.
            let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&line);
            // Only one line in some is hashed: this measures a parse, not a hash.
            if parsed.is_ok() && rows % 64 == 1 {
                print ^= ItemId::hashed(&line, rows).0;
            }
        }
    }
    if rows == 0 {
        return Err(Failure::nothing(format!(
            "{}: holds no `<Table>.ndjson` of a known table",
            folder.display()
        )));
    }
    let print = format!("{print:032x}");
    output.text(&json!({ "rows": rows, "bytes": bytes, "fingerprint": print }).to_string())?;
    Ok(Exit::Pass)
}
