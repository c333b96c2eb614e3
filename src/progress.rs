//! A progress bar on standard error: only on a terminal, never with `--quiet` or `--json`.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// A counter of rows whose number is not known before; draws nothing without a terminal.
pub(crate) fn spinner(output: Output, what: &'static str) -> ProgressBar {
    let bar = bar(output, 0, what);
    bar.unset_length();
    if let Ok(style) = ProgressStyle::with_template("{msg} {human_pos} rows  {elapsed}") {
        bar.set_style(style);
    }
    bar
}

/// A bar over `length` steps of `what`, or one that draws nothing.
pub(crate) fn bar(output: Output, length: u64, what: &'static str) -> ProgressBar {
    if output.quiet || output.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
    let template = "{msg} {wide_bar} {percent:>3} %  {elapsed}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
