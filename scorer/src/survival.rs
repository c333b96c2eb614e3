//! Kaplan–Meier estimate of the time to detect, for logs that end before a campaign could be judged.
//!
//! Subjects are detected at a time, censored at a time, or *never* detected, which means at risk
//! for ever. At a tie detections precede censorings. Without censoring the results equal the plain
//! summaries. EVALUATION.md §5, vectors `kaplan_meier`; Kaplan & Meier 1958, Royston & Parmar 2013.

use crate::measure::{Measure, Undefined};

/// What is known of one campaign's time to detect, in seconds since t0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Subject {
    /// Detected then.
    Detected(f64),
    /// Not detected up to then, and not observed afterwards.
    Censored(f64),
    /// Would not have been detected however long the log.
    Never,
}

impl Subject {
    fn observed(self) -> f64 {
        match self {
            Subject::Detected(time) | Subject::Censored(time) => time,
            Subject::Never => f64::INFINITY,
        }
    }
}

/// The estimated share of campaigns still undetected, S(t).
#[derive(Clone, PartialEq, Debug)]
pub struct Survival {
    /// (t, S from t on) at each detection time, ascending.
    steps: Vec<(f64, f64)>,
    subjects: usize,
    longest_observed: f64,
    has_censored_after_last_step: bool,
}

/// Slack of quantile comparisons, far above rounding and far below 1/N.
const QUANTILE_SLACK: f64 = 1e-12;

impl Survival {
    /// Estimates S from subjects in any order.
    #[must_use]
    pub fn of(subjects: &[Subject]) -> Self {
        let mut detections: Vec<f64> = subjects
            .iter()
            .filter_map(|subject| match subject {
                Subject::Detected(time) => Some(*time),
                _ => None,
            })
            .collect();
        detections.sort_by(f64::total_cmp);
        let mut observed: Vec<f64> = subjects.iter().map(|subject| subject.observed()).collect();
        observed.sort_by(f64::total_cmp);
        let mut survival = 1.0;
        let mut steps = Vec::new();
        for tied in detections.chunk_by(|left, right| left == right) {
            let at_risk = observed.len() - observed.partition_point(|time| *time < tied[0]);
            // written as (r − d)/r so that the last detection of a full sample gives exactly 0
            survival *= (at_risk - tied.len()) as f64 / at_risk as f64;
            steps.push((tied[0], survival));
        }
        let last = steps.last().map_or(f64::NEG_INFINITY, |step| step.0);
        Survival {
            steps,
            subjects: subjects.len(),
            longest_observed: observed.last().copied().unwrap_or(f64::NEG_INFINITY),
            has_censored_after_last_step: subjects
                .iter()
                .any(|subject| matches!(subject, Subject::Censored(time) if *time >= last)),
        }
    }

    /// The steps: (t, S from t on).
    #[must_use]
    pub fn steps(&self) -> &[(f64, f64)] {
        &self.steps
    }

    fn at(&self, time: f64) -> f64 {
        let passed = self.steps.partition_point(|step| step.0 <= time);
        passed.checked_sub(1).map_or(1.0, |last| self.steps[last].1)
    }

    fn defined_at(&self, time: f64) -> Result<(), Undefined> {
        if self.subjects == 0 {
            Err(Undefined::NoCampaigns)
        } else if self.at(time) > 0.0 && self.longest_observed < time {
            Err(Undefined::FollowUpShorterThanTau)
        } else {
            Ok(())
        }
    }

    /// Restricted mean `∫₀^τ S`, in seconds.
    #[must_use]
    pub fn restricted_mean(&self, tau: f64) -> Measure {
        if let Err(reason) = self.defined_at(tau) {
            return Measure::undefined(reason);
        }
        let (mut area, mut from, mut height) = (0.0, 0.0, 1.0);
        for &(time, survival) in self.steps.iter().filter(|step| step.0 < tau) {
            area += (time - from) * height;
            (from, height) = (time, survival);
        }
        Measure::number(area + (tau - from) * height)
    }

    /// Share detected by `time`, closed: `1 − S(time)`.
    #[must_use]
    pub fn recall_at(&self, time: f64) -> Measure {
        match self.defined_at(time) {
            Ok(()) => Measure::number(1.0 - self.at(time)),
            Err(reason) => Measure::undefined(reason),
        }
    }

    /// The first time at which `percent` of the campaigns are detected, in seconds.
    ///
    /// `+inf` if only *never* subjects are left after the last detection.
    #[must_use]
    pub fn quantile(&self, percent: u32) -> Measure {
        if self.subjects == 0 {
            return Measure::undefined(Undefined::NoCampaigns);
        }
        let wanted = f64::from(percent) / 100.0 - QUANTILE_SLACK;
        match self.steps.iter().find(|step| 1.0 - step.1 >= wanted) {
            Some(&(time, _)) => Measure::number(time),
            None if self.has_censored_after_last_step => {
                Measure::undefined(Undefined::NotReachedWithinFollowUp)
            }
            None => Measure::INFINITE,
        }
    }
}
