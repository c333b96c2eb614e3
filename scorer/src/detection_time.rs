//! Time to detect: its four additive parts under a schedule, why a campaign was missed, summaries.
//!
//! The parts say what to change: threshold, connector, period or query. Misses stay in every
//! summary as `+inf` except in the conditional mean, which therefore never gates. EVALUATION.md
//! §5, vectors `ttd_parts`, `ttd_summary`.

use livefire_schema::time::{EventTime, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::measure::{Measure, Undefined, nearest_rank};

/// The four parts of a time to detect; each is at least 0, and they sum to it exactly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parts {
    /// From t0 until the k-th event happened: threshold, key, window.
    pub accumulate: TimeSpan,
    /// Until k events were available: connector, pipeline.
    pub ingestion: TimeSpan,
    /// Until the run that saw them: period, offset.
    pub schedule_wait: TimeSpan,
    /// Until the alert: query cost.
    pub run: TimeSpan,
}

impl Parts {
    /// The parts of an alert raised at `raised` by a run at `run_at`, given t_(k) and a_(k).
    ///
    /// Both are taken no earlier than t0, and no later than the run: with evidence of several
    /// campaigns the share of one may complete after the alert that others brought about.
    #[must_use]
    pub fn of(
        t0: EventTime,
        event: EventTime,
        available: EventTime,
        run_at: EventTime,
        raised: EventTime,
    ) -> Self {
        let run_at = run_at.max(t0).min(raised);
        let available = available.max(t0).min(run_at);
        let event = event.max(t0).min(available);
        Parts {
            accumulate: event - t0,
            ingestion: available - event,
            schedule_wait: run_at - available,
            run: raised - run_at,
        }
    }

    /// The sum, which is the time to detect.
    #[must_use]
    pub fn total(&self) -> TimeSpan {
        self.accumulate + self.ingestion + self.schedule_wait + self.run
    }
}

/// Why a campaign was missed; reports give the first that applies, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MissReason {
    /// None of its expected rules is loaded.
    NoExpectedRule,
    /// Its only alerts were dropped by suppression.
    Suppressed,
    /// A benign run was above the threshold when the attack began, so there was no edge.
    AlreadyFiring,
    /// Later runs would have fired.
    LogEnded,
    /// Without ingestion delay it would have fired.
    ArrivedTooLate,
    /// Enough events within a window's length, but no run or bin saw them together.
    SplitBySchedule,
    /// Never enough events.
    BelowThreshold,
}

impl MissReason {
    /// The fixed code, as JSON carries it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            MissReason::NoExpectedRule => "no_expected_rule",
            MissReason::Suppressed => "suppressed",
            MissReason::AlreadyFiring => "already_firing",
            MissReason::LogEnded => "log_ended",
            MissReason::ArrivedTooLate => "arrived_too_late",
            MissReason::SplitBySchedule => "split_by_schedule",
            MissReason::BelowThreshold => "below_threshold",
        }
    }
}

/// A scheduled count rule: run j is due at `first_run + j·period`, executes `offset` later, sees
/// what happened in `[due − lookback, due)` and has arrived, and alerts `query_delay` later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// k.
    pub threshold: usize,
    /// Q; positive.
    pub period: TimeSpan,
    /// L.
    pub lookback: TimeSpan,
    /// `s_0`.
    pub first_run: EventTime,
    /// o.
    pub offset: TimeSpan,
    /// q.
    pub query_delay: TimeSpan,
    /// Runs that execute after this do not count.
    pub log_end: EventTime,
}

/// An event as a scheduled rule meets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimedEvent {
    /// Event time.
    pub time: EventTime,
    /// When it has arrived; never counts as before `time`.
    pub available: EventTime,
}

/// What a scheduled rule makes of a campaign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScheduledOutcome {
    /// It alerts.
    Detected {
        /// When.
        raised: EventTime,
        /// The parts; nothing where the alert precedes t0 (time to detect 0, `early`).
        parts: Option<Parts>,
    },
    /// It does not.
    Missed(MissReason),
}

impl Schedule {
    /// The outcome for a campaign with first hostile event `t0` and these events.
    ///
    /// # Panics
    /// If the period is not positive or the threshold is 0.
    #[must_use]
    pub fn outcome(&self, t0: EventTime, events: &[TimedEvent]) -> ScheduledOutcome {
        assert!(self.threshold > 0, "a threshold is at least 1");
        let events: Vec<TimedEvent> = events
            .iter()
            .map(|event| TimedEvent {
                available: event.available.max(event.time),
                ..*event
            })
            .collect();
        let runs = self.runs_over(&events);
        let in_log = |due: &&EventTime| **due + self.offset <= self.log_end;
        if let Some(&due) = runs
            .iter()
            .filter(in_log)
            .find(|&&due| self.fires(due, &events))
        {
            return self.detected(t0, due, &events);
        }
        ScheduledOutcome::Missed(self.miss_reason(&runs, &events))
    }

    fn detected(&self, t0: EventTime, due: EventTime, events: &[TimedEvent]) -> ScheduledOutcome {
        let seen = self.seen_by(due, events);
        let raised = due + self.offset + self.query_delay;
        let kth = |mut times: Vec<EventTime>| {
            times.sort();
            times[self.threshold - 1]
        };
        let time = kth(seen.iter().map(|event| event.time).collect());
        let available = kth(seen.iter().map(|event| event.available).collect());
        let parts = Parts::of(t0, time, available, due + self.offset, raised);
        ScheduledOutcome::Detected {
            raised,
            parts: (raised >= t0).then_some(parts),
        }
    }

    fn miss_reason(&self, runs: &[EventTime], events: &[TimedEvent]) -> MissReason {
        let is_late = |due: &&EventTime| **due + self.offset > self.log_end;
        if runs
            .iter()
            .filter(is_late)
            .any(|&due| self.fires(due, events))
        {
            return MissReason::LogEnded;
        }
        let at_once: Vec<TimedEvent> = events
            .iter()
            .map(|event| TimedEvent {
                available: event.time,
                ..*event
            })
            .collect();
        if runs
            .iter()
            .filter(|due| !is_late(due))
            .any(|&due| self.fires(due, &at_once))
        {
            return MissReason::ArrivedTooLate;
        }
        let mut times: Vec<EventTime> = events.iter().map(|event| event.time).collect();
        times.sort();
        if times
            .windows(self.threshold)
            .any(|window| window[self.threshold - 1] - window[0] < self.lookback)
        {
            return MissReason::SplitBySchedule;
        }
        MissReason::BelowThreshold
    }

    /// Due times of the runs that look at an event at all, ascending; log end aside.
    fn runs_over(&self, events: &[TimedEvent]) -> Vec<EventTime> {
        let period = self.period.ticks();
        assert!(period > 0, "a period is positive");
        let mut runs: Vec<i64> = Vec::new();
        for event in events {
            // due − lookback ≤ time < due
            let since_first = (event.time - self.first_run).ticks();
            let first = (since_first.div_euclid(period) + 1).max(0);
            let last = (since_first.saturating_add(self.lookback.ticks())).div_euclid(period);
            runs.extend(first..=last);
        }
        runs.sort_unstable();
        runs.dedup();
        runs.into_iter()
            .map(|run| self.first_run + self.period * run)
            .collect()
    }

    fn seen_by<'a>(&self, due: EventTime, events: &'a [TimedEvent]) -> Vec<&'a TimedEvent> {
        events
            .iter()
            .filter(|event| {
                due - self.lookback <= event.time
                    && event.time < due
                    && event.available <= due + self.offset
            })
            .collect()
    }

    fn fires(&self, due: EventTime, events: &[TimedEvent]) -> bool {
        self.seen_by(due, events).len() >= self.threshold
    }
}

/// Summary of times to detect without censoring.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct DetectionSummary {
    /// Mean of `min(time, τ)`, in seconds.
    pub restricted_mean: Measure,
    /// Median by nearest rank, in seconds.
    pub p50: Measure,
    /// 90th percentile by nearest rank, in seconds.
    pub p90: Measure,
    /// Share detected within `at`, closed.
    pub recall_at: Measure,
    /// Mean over the detected only, in seconds: improves when slow campaigns become misses.
    pub mean_detected: Measure,
}

/// Summarises times to detect in seconds, `f64::INFINITY` for a miss.
#[must_use]
pub fn summarise(times: &[f64], tau: f64, at: f64) -> DetectionSummary {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |percent| match sorted.get(nearest_rank(percent, sorted.len()) - 1) {
        Some(&time) => Measure::number(time),
        None => Measure::undefined(Undefined::NoCampaigns),
    };
    let restricted = sorted.iter().map(|time| Measure::number(time.min(tau)));
    let detected = sorted.iter().filter(|time| time.is_finite());
    let within = sorted.iter().filter(|&&time| time <= at).count() as u64;
    DetectionSummary {
        restricted_mean: Measure::mean(restricted, Undefined::NoCampaigns),
        p50: quantile(50),
        p90: quantile(90),
        recall_at: Measure::ratio(within, sorted.len() as u64, Undefined::NoCampaigns),
        mean_detected: Measure::mean(
            detected.map(|&time| Measure::number(time)),
            Undefined::NoDetections,
        ),
    }
}
