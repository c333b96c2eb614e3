//! What a site's analysts would meet: incidents in a queue, opening hours, and the time to respond.
//!
//! The reference is a discrete-event simulation of first in, first out over opening hours, since
//! the closed forms (M/M/c; opening hours alone) ignore each other; they stand beside it. False
//! incidents come as a Poisson stream with the hours of day in which they were seen, true ones at
//! any time. How long an incident at any time would wait is asked of probes that nobody handles,
//! so that asking changes nothing. MTTR = time to detect + wait + handling. EVALUATION.md §8.

use std::fmt;
use std::str::FromStr;

use livefire_schema::ids::hash_bytes;
use livefire_schema::time::TimeSpan;
use livefire_scorer::measure::nearest_rank;
use livefire_scorer::operations::queue::{CoverageWait, Job, MmcQueue, coverage_wait, fifo, mmc};
use livefire_scorer::{Measure, Undefined};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::ExperimentOptions;
use super::outcome::{Observation, SeedOutcome};
use super::pooled::PooledRow;
use super::projection::SiteProjection;

/// When somebody is there: some hours from 08:00 UTC (all of them from 00:00) on the first days of
/// each week. Written `8x5`, `16x7`, `24x7`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shifts {
    hours: u32,
    days: u32,
}

impl Shifts {
    /// Office hours.
    pub const OFFICE: Shifts = Shifts { hours: 8, days: 5 };

    /// Open intervals of one week, in hours since Monday 00:00.
    #[must_use]
    pub fn week(self) -> Vec<(f64, f64)> {
        let opening = f64::from(8_u32.min(24 - self.hours));
        let days = (0..self.days).map(f64::from);
        days.map(|day| {
            let start = day * 24.0 + opening;
            (start, start + f64::from(self.hours))
        })
        .collect()
    }

    /// Hours open in a week.
    #[must_use]
    pub fn weekly_hours(self) -> f64 {
        f64::from(self.hours * self.days)
    }
}

impl FromStr for Shifts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('x');
        let parts = parts.and_then(|(hours, days)| Some((hours.parse().ok()?, days.parse().ok()?)));
        match parts {
            Some((hours @ 1..=24, days @ 1..=7)) => Ok(Shifts { hours, days }),
            _ => Err("write hours a day and days a week, as 8x5 or 24x7".to_owned()),
        }
    }
}

impl fmt::Display for Shifts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.hours, self.days)
    }
}

impl From<Shifts> for String {
    fn from(shifts: Shifts) -> Self {
        shifts.to_string()
    }
}

impl TryFrom<String> for Shifts {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Who handles incidents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Staffing {
    /// Analysts on shift at once; at least 1.
    pub analysts: u32,
    /// When.
    pub shifts: Shifts,
    /// How long one of them is busy with one incident; positive.
    pub handling: TimeSpan,
}

/// Two analysts in office hours, half an hour an incident.
impl Default for Staffing {
    fn default() -> Self {
        Staffing {
            analysts: 2,
            shifts: Shifts::OFFICE,
            handling: TimeSpan::from_minutes(30),
        }
    }
}

/// What the analysts meet. Times are seconds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AnalystLoad {
    /// Incidents per day, true and false.
    pub incidents_per_day: Measure,
    /// Work that comes in over what the shifts can do; from 1 on the queue grows without end.
    pub utilization: Measure,
    /// Mean wait of an incident at any time.
    pub mean_wait: Measure,
    /// 90th percentile of it.
    pub p90_wait: Measure,
    /// Mean of time to detect, wait and handling over detected campaigns: conditional.
    pub mean_time_to_respond: Measure,
    /// The same up to `tau` with misses at `tau`.
    pub restricted_mean_time_to_respond: Measure,
    /// τ of it.
    pub tau: TimeSpan,
    /// Days simulated.
    pub simulated_days: f64,
    /// Incidents simulated.
    pub simulated_incidents: u64,
    /// The closed form around the clock, in hours; nothing where undefined.
    pub queue_alone: Option<MmcQueue>,
    /// The closed form of opening hours, in hours.
    pub hours_alone: CoverageWait,
}

/// Days simulated, and most incidents in them.
const DAYS: f64 = 182.0;
const MOST_JOBS: f64 = 200_000.0;
/// Probes for the wait at any time.
const PROBES: u32 = 2_000;
/// τ of the restricted mean time to respond.
const TAU: TimeSpan = TimeSpan::from_days(7);
/// Hours of a week.
const WEEK: f64 = 168.0;
/// Seconds of an hour.
const HOUR: f64 = 3600.0;

impl AnalystLoad {
    /// The load of the site's analysts.
    #[must_use]
    pub fn of(
        total: &PooledRow,
        projection: &SiteProjection,
        outcomes: &[SeedOutcome],
        options: &ExperimentOptions,
    ) -> Self {
        let staffing = options.staffing;
        let handling = staffing.handling.seconds_f64() / HOUR;
        let incidents = projection.own().incidents_per_day;
        let false_rate = projection.false_per_day;
        let capacity = f64::from(staffing.analysts) * staffing.shifts.weekly_hours();
        let utilization = incidents.map(|rate| rate * 7.0 * handling / capacity);
        let mut load = AnalystLoad {
            incidents_per_day: incidents,
            utilization,
            mean_wait: incidents,
            p90_wait: incidents,
            mean_time_to_respond: incidents,
            restricted_mean_time_to_respond: incidents,
            tau: TAU,
            simulated_days: 0.0,
            simulated_incidents: 0,
            queue_alone: incidents
                .finite()
                .map(|rate| mmc(rate / 24.0, 1.0 / handling, staffing.analysts)),
            hours_alone: coverage_wait(&staffing.shifts.week()),
        };
        let (Some(all), Some(benign)) = (incidents.finite(), false_rate.finite()) else {
            return load;
        };
        let waits = if utilization.at_most(1.0 - f64::EPSILON) == Some(true) {
            let arrivals = Arrivals::of(benign, (all - benign).max(0.0), outcomes);
            load.simulated_days = arrivals.days;
            load.simulated_incidents = arrivals.times.len() as u64;
            arrivals.waits(staffing, handling)
        } else {
            vec![Measure::INFINITE]
        };
        load.tell(&waits, handling, total, outcomes);
        load
    }

    /// Fills in what the waits, in hours, mean.
    fn tell(
        &mut self,
        waits: &[Measure],
        handling: f64,
        total: &PooledRow,
        outcomes: &[SeedOutcome],
    ) {
        let seconds = |hours: Measure| hours.map(|hours| hours * HOUR);
        let mut sorted: Vec<f64> = waits.iter().filter_map(|wait| wait.value()).collect();
        sorted.sort_by(f64::total_cmp);
        let p90 = sorted[nearest_rank(90, sorted.len()) - 1];
        self.mean_wait = seconds(Measure::mean(waits.iter().copied(), Undefined::NoAlerts));
        self.p90_wait = seconds(Measure::number(p90));
        let times = detected_times(outcomes);
        if times.is_empty() {
            let reason = if total.expected == 0 {
                Undefined::NoCampaigns
            } else {
                Undefined::NoDetections
            };
            self.mean_time_to_respond = Measure::undefined(reason);
        } else {
            let responses = responses(waits, handling, &times);
            self.mean_time_to_respond = Measure::mean(responses, Undefined::NoDetections);
        }
        let tau = TAU.seconds_f64();
        self.restricted_mean_time_to_respond = total.recall.value.map(|recall| {
            let within: Vec<f64> = responses(waits, handling, &times)
                .filter_map(Measure::value)
                .map(|time| time.min(tau))
                .collect();
            let mean = within.iter().sum::<f64>() / within.len().max(1) as f64;
            recall * mean + (1.0 - recall) * tau
        });
    }
}

/// Response times of the detected campaigns, in seconds: each wait with one of the times to detect.
fn responses<'a>(
    waits: &'a [Measure],
    handling: f64,
    times: &'a [f64],
) -> impl Iterator<Item = Measure> + 'a {
    let rounds = if times.is_empty() {
        0
    } else {
        waits.len().max(times.len())
    };
    (0..rounds).map(move |index| {
        // A stride coprime to most lengths, so that early probes do not meet fast detections only.
        let time = times[(index * 7919) % times.len()];
        waits[index % waits.len()].map(|wait| time + (wait + handling) * HOUR)
    })
}

fn detected_times(outcomes: &[SeedOutcome]) -> Vec<f64> {
    let times = outcomes.iter().flat_map(|outcome| &outcome.total.times);
    let mut times: Vec<f64> = times
        .filter_map(|time| match time {
            Observation::Detected(seconds) => Some(*seconds),
            _ => None,
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Incidents in hours since a Monday 00:00, ascending.
struct Arrivals {
    days: f64,
    times: Vec<f64>,
}

impl Arrivals {
    /// Rates are per day.
    fn of(benign: f64, attacks: f64, outcomes: &[SeedOutcome]) -> Self {
        let days = DAYS.min(MOST_JOBS / (benign + attacks).max(1.0)).max(1.0);
        let mut shares = [0.0; 24];
        for outcome in outcomes {
            for (share, &count) in shares.iter_mut().zip(&outcome.false_by_hour) {
                *share += count as f64;
            }
        }
        let seen: f64 = shares.iter().sum();
        let mut random = ChaCha8Rng::seed_from_u64(hash_bytes(b"experiment/load"));
        let mut times = Vec::new();
        let hours = (0..24_u32).cycle().zip(0_u32..);
        for (of_day, hour) in hours.take_while(|(_, hour)| f64::from(*hour) < days * 24.0) {
            let share = if seen > 0.0 {
                shares[of_day as usize] / seen
            } else {
                1.0 / 24.0
            };
            let rate = benign * share + attacks / 24.0;
            let mut at = gap(&mut random, rate);
            while at < 1.0 {
                times.push(f64::from(hour) + at);
                at += gap(&mut random, rate);
            }
        }
        Arrivals { days, times }
    }

    /// Waits of probes spread evenly behind the first tenth, in hours.
    fn waits(&self, staffing: Staffing, handling: f64) -> Vec<Measure> {
        let end = self.days * 24.0;
        let warm = end * 0.1;
        let incidents = self.times.iter().map(|&arrival| Job { arrival, handling });
        let mut jobs: Vec<Job> = incidents.collect();
        let first_probe = jobs.len();
        let step = (end - warm) / f64::from(PROBES);
        jobs.extend((0..PROBES).map(|probe| Job {
            arrival: warm + step * (f64::from(probe) + 0.5),
            handling: 0.0,
        }));
        let mut open = Vec::new();
        let mut week = 0.0;
        // Weeks behind the end, so that what still waits there is taken up.
        while week < end + 8.0 * WEEK {
            let hours = staffing.shifts.week().into_iter();
            open.extend(hours.map(|(start, end)| (week + start, week + end)));
            week += WEEK;
        }
        let analysts = usize::try_from(staffing.analysts).unwrap_or(1);
        let queue = fifo(&jobs, analysts, &open);
        let probes = jobs.iter().zip(&queue.starts).skip(first_probe);
        probes
            .map(|(job, start)| start.map(|start| start - job.arrival))
            .collect()
    }
}

/// An exponential gap of a stream with this rate.
fn gap(random: &mut ChaCha8Rng, rate: f64) -> f64 {
    if rate <= 0.0 {
        return f64::INFINITY;
    }
    // 53 bits in (0, 1]
    let uniform = ((random.next_u64() >> 11) as f64 + 1.0) / 9_007_199_254_740_992.0;
    -libm::log(uniform) / rate
}
