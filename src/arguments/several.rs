//! Options of runs over several seeds.

use clap::Args;
use livefire_harness::experiment::Shifts;
use livefire_schema::time::TimeSpan;

use super::rates;

/// Several seeds, and the site and analysts that their figures are projected to.
#[derive(Args, Debug)]
pub(crate) struct SeedArguments {
    /// Run this many seeds, the scenario's own and those after it, and print pooled figures with
    /// their intervals; from 10 on these come from resampling seeds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) seeds: Option<u16>,
    /// Requests at your site, as 2M/day [default: as many as in the scenario].
    #[arg(long, value_name = "RATE", value_parser = rates::positive, requires = "seeds")]
    pub(crate) production: Option<f64>,
    /// Real campaigns at your site, as 0.2/week [default: 0.2/week].
    #[arg(long, value_name = "RATE", value_parser = rates::any, requires = "seeds")]
    pub(crate) campaigns: Option<f64>,
    /// Analysts on shift at once [default: 2].
    #[arg(long, value_name = "N", requires = "seeds",
        value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) analysts: Option<u32>,
    /// Hours a day, from 08:00 UTC, by days a week: 8x5, 16x7, 24x7 [default: 8x5].
    #[arg(long, value_name = "HxD", requires = "seeds")]
    pub(crate) shifts: Option<Shifts>,
    /// How long an analyst is busy with one incident [default: 30m].
    #[arg(long, value_name = "TIME", value_parser = rates::duration, requires = "seeds")]
    pub(crate) handling: Option<TimeSpan>,
}
