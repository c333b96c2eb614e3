//! `run --seeds N`: the first seed as any run, the others beside it, and all of them pooled.

mod text;

use livefire_generator::assemble::Options;
use livefire_harness::experiment::{
    Experiment, ExperimentOptions, SeedOutcome, Site, Staffing, over_seeds,
};
use livefire_harness::scoring::Scored;
use livefire_harness::{RunResult, Settings};

use super::{Pass, failure};
use crate::arguments::{RunArguments, SeedArguments};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{generation, progress};

pub(super) use self::text::text;

/// How a run over several seeds ends.
pub(super) fn exit(experiment: &Experiment) -> Exit {
    if experiment.inconclusive.is_empty() {
        Exit::Pass
    } else {
        Exit::Inconclusive
    }
}

impl Pass {
    /// The other seeds, and the figures of all of them; nothing unless several were asked for.
    ///
    /// # Errors
    /// The first seed, in order, that cannot be run.
    pub(super) fn several(
        &self,
        arguments: &RunArguments,
        result: &RunResult,
        scored: &Scored,
        output: Output,
    ) -> Result<Option<Experiment>, Failure> {
        let (Some(number), Some(scenario)) = (arguments.several.seeds, &self.subject.scenario)
        else {
            return Ok(None);
        };
        let first = scenario.seed();
        let others = (1..u64::from(number)).map(|step| first.wrapping_add(step));
        let others: Vec<u64> = others.collect();
        let bar = progress::bar(output, u64::from(number), "seeds");
        bar.inc(1);
        let threads = arguments.threads.map_or(0, usize::from);
        let rest = over_seeds(&others, threads, |seed| {
            let outcome = self.seed(seed);
            bar.inc(1);
            outcome.map_err(|failure| of_seed(failure, seed))
        })?;
        bar.finish_and_clear();
        let mut outcomes = vec![SeedOutcome::of(first, result.rows, scored)];
        outcomes.extend(rest);
        let options = options(&arguments.several, scored);
        Ok(Some(Experiment::of(scenario.name(), outcomes, options)))
    }

    /// One further seed.
    fn seed(&self, seed: u64) -> Result<SeedOutcome, Failure> {
        let scenario = self.subject.scenario.clone();
        let scenario = scenario.ok_or_else(|| Failure::internal("a seed without a scenario"))?;
        let scenario = scenario.with_seed(seed);
        let options = Options {
            threads: rayon::current_num_threads(),
            ..Options::default()
        };
        // What planning had to clamp is told once, for the first seed.
        let silent = Output {
            json: false,
            quiet: true,
        };
        let (mut source, _) = generation::source(&scenario, &self.known, &options, silent)?;
        let settings = Settings {
            schema: &self.known.schema,
            rules: &self.rules,
            engine: &self.engine,
            strict: false,
        };
        let result = livefire_harness::run(&mut source, settings, &mut |_, _| {}, &mut |_| Ok(()));
        let result = result.map_err(|error| failure(&error))?;
        let scored = self.score(&result)?;
        Ok(SeedOutcome::of(seed, result.rows, &scored))
    }
}

/// Names the seed in a message; faults of files have their places already.
fn of_seed(failure: Failure, seed: u64) -> Failure {
    match failure {
        Failure::Message(exit, message) => {
            Failure::Message(exit, format!("seed {seed}: {message}"))
        }
        other => other,
    }
}

fn options(arguments: &SeedArguments, scored: &Scored) -> ExperimentOptions {
    let (site, staffing) = (Site::default(), Staffing::default());
    ExperimentOptions {
        tau: scored.report.options.tau,
        within: scored.report.options.within,
        site: Site {
            requests_per_day: arguments.production,
            campaigns_per_day: arguments.campaigns.unwrap_or(site.campaigns_per_day),
        },
        staffing: Staffing {
            analysts: arguments.analysts.unwrap_or(staffing.analysts),
            shifts: arguments.shifts.unwrap_or(staffing.shifts),
            handling: arguments.handling.unwrap_or(staffing.handling),
        },
        ..ExperimentOptions::default()
    }
}
