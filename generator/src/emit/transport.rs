//! From the source to the workspace: delay, copies, losses, damage and clock errors.
//!
//! Every decision is keyed by the event's own id and the table or row it concerns, never by an
//! order. Delays are log-normal by table (TABLES.md §1) and correlated inside an hour: a slow hour
//! delays the whole table. Rows of one alert in one table share one delay.

use livefire_schema::table::{Schema, Table, TableId};
use livefire_schema::time::{EventTime, TICKS_PER_SECOND, TimeSpan};

use crate::event::Event;
use crate::random::Key;
use crate::recipes::{Purpose, Recipes, RowKind, normal, place};
use crate::settings::Telemetry;
use crate::world::World;

/// No row arrives later than this after its event: older ones would be re-stamped (TABLES.md §1).
pub const MAX_DELAY: TimeSpan = TimeSpan::from_hours(47);

/// Standard normal quantile of 95 %.
const Z95: f64 = 1.6449;
/// Share of a log-delay's variance that a whole hour of a table has in common.
const SHARED_VARIANCE: f64 = 0.2;
/// Mean wait before a row is delivered again, seconds.
const REDELIVERY: f64 = 120.0;
/// Draws above the table's cut are drawn again, at most this often.
const REDRAWS: u64 = 16;

/// How a line was damaged on its way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum Damage {
    /// Arrived as it was sent.
    None,
    /// The end is missing.
    Truncated,
    /// A quote is missing.
    Unquoted,
    /// Cut into two lines, as the runtime does with lines over 64 KB.
    Split,
}

/// One copy of a row that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arrival {
    pub(crate) ingestion: EventTime,
    pub(crate) copy: u8,
    pub(crate) damage: Damage,
    /// Whether it is the row's first readable copy.
    pub(crate) first: bool,
}

/// What a table's delays are drawn from.
#[derive(Clone, Debug)]
struct Lane {
    /// Names the table below an event, whatever its index.
    name: u64,
    /// Median in seconds; 0 for tables without a delay.
    median: f64,
    sigma: f64,
    /// Longest delay, seconds.
    cut: f64,
}

/// Delays and faults of a run.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    key: Key,
    telemetry: Telemetry,
    lanes: Vec<Lane>,
}

/// Delay factors of hours, kept while one task deals its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct HourFactors {
    known: Vec<(i64, f64)>,
}

impl Transport {
    pub(crate) fn new(world: &World, schema: &Schema, telemetry: Telemetry) -> Self {
        Transport {
            key: world.key.named("transport"),
            lanes: schema.iter().map(|(_, table)| lane(table)).collect(),
            telemetry,
        }
    }

    /// The copies of one row that arrive, in order.
    pub(crate) fn arrivals(
        &self,
        event: &Event,
        kind: RowKind,
        table: TableId,
        factors: &mut HourFactors,
        mut arrive: impl FnMut(Arrival),
    ) {
        let lane = &self.lanes[usize::from(table.0)];
        let detail = event.detail.as_deref();
        let row =
            |purpose: Purpose, copy: u64| place(event.id, purpose).index((kind as u64) << 8 | copy);
        let mut delay = self.delay(event, lane, table, factors);
        delay = delay
            + detail
                .and_then(|detail| detail.ingest_delay)
                .unwrap_or(TimeSpan::ZERO);
        let mut copies = u64::from(detail.and_then(|detail| detail.copies).unwrap_or(1).max(1));
        let telemetry = &self.telemetry;
        if telemetry.duplicates > 0.0 {
            copies += u64::from(row(Purpose::Duplicate, 0).chance(telemetry.duplicates));
        }
        let mut first = true;
        for copy in 0..copies {
            if copy > 0 {
                let again = place(event.id, Purpose::DuplicateDelay)
                    .index(lane.name)
                    .index(copy);
                delay = delay + TimeSpan::from_seconds_f64(1.0 + again.exponential(REDELIVERY));
            }
            if telemetry.lost > 0.0 && row(Purpose::Lost, copy).chance(telemetry.lost) {
                continue;
            }
            let damaged = telemetry.malformed > 0.0
                && row(Purpose::Malformed, copy).chance(telemetry.malformed);
            let damage = if damaged {
                match row(Purpose::Damage, copy).below(3) {
                    0 => Damage::Truncated,
                    1 => Damage::Unquoted,
                    _ => Damage::Split,
                }
            } else {
                Damage::None
            };
            arrive(Arrival {
                ingestion: event.at + delay.min(MAX_DELAY),
                copy: u8::try_from(copy).unwrap_or(u8::MAX),
                damage,
                first: first && !damaged,
            });
            first &= damaged;
        }
    }

    /// The delay that all rows of an event in one table share.
    fn delay(
        &self,
        event: &Event,
        lane: &Lane,
        table: TableId,
        factors: &mut HourFactors,
    ) -> TimeSpan {
        if self.telemetry.no_delay || lane.median <= 0.0 {
            return TimeSpan::ZERO;
        }
        let key = place(event.id, Purpose::Delay).index(lane.name);
        if self.telemetry.late > 0.0 {
            let late = place(event.id, Purpose::Late).index(lane.name);
            if late.chance(self.telemetry.late) {
                let share = 0.85 + 0.15 * late.index(1).uniform();
                return TimeSpan::from_seconds_f64(lane.cut * share);
            }
        }
        let median = lane.median * self.hour_factor(event.at, lane, table, factors);
        let sigma = lane.sigma * libm::sqrt(1.0 - SHARED_VARIANCE);
        let seconds = (0..REDRAWS)
            .map(|attempt| {
                let draw = if attempt == 0 {
                    key
                } else {
                    key.index(attempt)
                };
                median * libm::exp(sigma * normal(draw))
            })
            .find(|seconds| *seconds <= lane.cut)
            .unwrap_or_else(|| lane.cut * key.uniform());
        TimeSpan::from_seconds_f64(seconds.max(1e-6))
    }

    /// How much slower the table is in the hour of `at` than usual.
    fn hour_factor(
        &self,
        at: EventTime,
        lane: &Lane,
        table: TableId,
        factors: &mut HourFactors,
    ) -> f64 {
        let slot = usize::from(table.0);
        if factors.known.len() <= slot {
            factors.known.resize(self.lanes.len(), (i64::MIN, 1.0));
        }
        let hour = at.ticks().div_euclid(3600 * TICKS_PER_SECOND);
        if factors.known[slot].0 != hour {
            let place = self.key.index(lane.name).index(hour.unsigned_abs());
            let sigma = lane.sigma * libm::sqrt(SHARED_VARIANCE);
            factors.known[slot] = (hour, libm::exp(sigma * place.normal()));
        }
        factors.known[slot].1
    }

    /// The event time that the row shows: the source's clock may be wrong.
    pub(crate) fn shown_time(&self, recipes: &Recipes, kind: RowKind, event: &Event) -> EventTime {
        if self.telemetry.clock_skew == TimeSpan::ZERO {
            return event.at;
        }
        let deviations = recipes.clock_error(kind, event);
        let skew = self.telemetry.clock_skew.seconds_f64() * deviations;
        event.at + TimeSpan::from_seconds_f64(skew)
    }
}

fn lane(table: &Table) -> Lane {
    let (median, sigma) = table.ingestion_delay_seconds.map_or((0.0, 0.0), |delay| {
        let ratio = (delay.p95 / delay.p50).max(1.0);
        (delay.p50, libm::log(ratio) / Z95)
    });
    Lane {
        name: livefire_schema::ids::hash_bytes(table.name.as_bytes()),
        median,
        sigma,
        cut: table.delay_cut().seconds_f64(),
    }
}
