//! How long incidents wait for analysts.
//!
//! Two closed forms that ignore each other (M/M/c around the clock; opening hours without a
//! queue) and the discrete-event queue, which is the reference. Vectors `mmc_queue`,
//! `coverage_wait`, `fifo_queue`. Erlang 1917.

use serde::{Deserialize, Serialize};

use crate::measure::{Measure, Undefined};

/// Steady state of M/M/c, times in the unit of the rates.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct MmcQueue {
    /// ρ.
    pub utilization: f64,
    /// Chance that an arrival waits; 1 where the queue grows without end.
    pub p_wait: f64,
    /// Mean wait.
    pub mean_wait: Measure,
    /// 90th percentile of the wait.
    pub p90_wait: Measure,
    /// Mean wait and handling.
    pub mean_response: Measure,
}

/// M/M/c with arrivals λ, handling rate μ per analyst and c analysts.
///
/// # Panics
/// If μ or c is not positive, or λ is negative.
#[must_use]
pub fn mmc(arrivals: f64, handled: f64, analysts: u32) -> MmcQueue {
    assert!(
        handled > 0.0 && analysts > 0 && arrivals >= 0.0,
        "somebody handles incidents at a positive rate"
    );
    let servers = f64::from(analysts);
    let load = arrivals / handled;
    let utilization = load / servers;
    if utilization >= 1.0 {
        return MmcQueue {
            utilization,
            p_wait: 1.0,
            mean_wait: Measure::INFINITE,
            p90_wait: Measure::INFINITE,
            mean_response: Measure::INFINITE,
        };
    }
    // Erlang B by its recursion, which overflows for no number of analysts
    let blocked = (1..=analysts).fold(1.0, |blocked, server| {
        load * blocked / (f64::from(server) + load * blocked)
    });
    let p_wait = blocked / (1.0 - utilization * (1.0 - blocked));
    let spare = servers * handled - arrivals;
    let mean_wait = p_wait / spare;
    let p90_wait = if p_wait > 0.1 {
        libm::log(p_wait / 0.1) / spare
    } else {
        0.0
    };
    MmcQueue {
        utilization,
        p_wait,
        mean_wait: Measure::number(mean_wait),
        p90_wait: Measure::number(p90_wait),
        mean_response: Measure::number(mean_wait + 1.0 / handled),
    }
}

/// Hours in a week.
const WEEK: f64 = 168.0;

/// Waiting for somebody to be there at all.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct CoverageWait {
    /// Mean wait for opening, in hours, of arrivals uniform over the week.
    pub mean_wait: Measure,
    /// Share of the week that is closed.
    pub share_closed: f64,
}

/// Mean wait for opening, from weekly open intervals in hours since Monday 00:00.
///
/// Intervals may touch, overlap and run past the week's end.
#[must_use]
pub fn coverage_wait(open_hours: &[(f64, f64)]) -> CoverageWait {
    let open = merge(open_hours.iter().flat_map(|&(start, end)| {
        let span = (end - start).clamp(0.0, WEEK);
        let start = start.rem_euclid(WEEK);
        let end = start + span;
        [(start, end.min(WEEK)), (0.0, (end - WEEK).max(0.0))]
    }));
    let (Some(first), Some(last)) = (open.first(), open.last()) else {
        return CoverageWait {
            mean_wait: Measure::INFINITE,
            share_closed: 1.0,
        };
    };
    let inner = open.windows(2).map(|pair| pair[1].0 - pair[0].1);
    let gaps: Vec<f64> = inner.chain([first.0 + WEEK - last.1]).collect();
    let squares: f64 = gaps.iter().map(|gap| gap * gap).sum();
    CoverageWait {
        mean_wait: Measure::number(squares / (2.0 * WEEK)),
        share_closed: gaps.iter().sum::<f64>() / WEEK,
    }
}

/// Sorted union of intervals; touching ones become one, empty ones vanish.
fn merge(intervals: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = intervals.filter(|(start, end)| end > start).collect();
    sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (start, end) in sorted {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// An incident as a job.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Job {
    /// When it arrives.
    pub arrival: f64,
    /// How long one analyst is busy with it.
    pub handling: f64,
}

/// Outcome of the discrete-event queue.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FifoQueue {
    /// Start of each job, in the order given; `+inf` if no open time is left.
    pub starts: Vec<Measure>,
    /// Mean wait.
    pub mean_wait: Measure,
    /// Mean wait and handling.
    pub mean_response: Measure,
}

/// First in, first out by (arrival, index), over open intervals `[start, end)`; handling runs past
/// closing time unbroken.
///
/// # Panics
/// If there are no analysts.
#[must_use]
pub fn fifo(jobs: &[Job], analysts: usize, open: &[(f64, f64)]) -> FifoQueue {
    assert!(analysts > 0, "somebody handles incidents");
    let open = merge(open.iter().copied());
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by(|&left, &right| jobs[left].arrival.total_cmp(&jobs[right].arrival));
    let mut free = vec![f64::NEG_INFINITY; analysts];
    let mut starts = vec![f64::INFINITY; jobs.len()];
    for index in order {
        let first_free = (0..analysts)
            .min_by(|&left, &right| free[left].total_cmp(&free[right]))
            .expect("there is at least one analyst");
        let earliest = jobs[index].arrival.max(free[first_free]);
        let hours = open.iter().find(|(_, end)| *end > earliest);
        if let Some(&(opening, _)) = hours {
            starts[index] = earliest.max(opening);
            free[first_free] = starts[index] + jobs[index].handling;
        }
    }
    let waits = || {
        jobs.iter()
            .zip(&starts)
            .map(|(job, start)| start - job.arrival)
    };
    let responses = waits().zip(jobs).map(|(wait, job)| wait + job.handling);
    let mean = |times: &mut dyn Iterator<Item = f64>| {
        Measure::mean(times.map(Measure::number), Undefined::NoAlerts)
    };
    FifoQueue {
        mean_wait: mean(&mut waits()),
        mean_response: mean(&mut responses.into_iter()),
        starts: starts.iter().map(|&start| Measure::number(start)).collect(),
    }
}
