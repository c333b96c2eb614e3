//! `livefire tune`: a rule's parameters chosen on some seeds and confirmed on others.

mod file;
mod text;

use std::path::{Path, PathBuf};
use std::time::Instant;

use livefire_detector::{EngineOptions, Form, RuleSet};
use livefire_generator::assemble::Options;
use livefire_generator::scenario::{Grouping, Scenario};
use livefire_harness::experiment::{
    CandidateError, Common, ExperimentOptions, PooledRow, outcomes, over_seeds,
};
use livefire_harness::tune::choice::front;
use livefire_harness::tune::search::{HasPoint, Place, choose};
use livefire_harness::tune::{
    Axis, Conclusion, Constraint, Evaluated, Grid, Plan, Point, Setting, TuneReport, Validation,
    search, split_seeds,
};
use livefire_schema::alert::Mode;
use livefire_scorer::{ScoreOptions, Undefined, incidents};
use serde::Serialize;

use crate::arguments::TuneArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{self, Known};
use crate::output::Output;
use crate::{generation, progress, shipped};

/// Most combinations that are measured without a budget.
const MOST_CANDIDATES: u64 = 400;
/// Candidates that run beside each other in one pass; bounds memory, changes no figure.
const SIDE_BY_SIDE: usize = 64;

/// What every measurement needs.
struct Tuning {
    scenario: Scenario,
    known: Known,
    /// The one rule form, with the values in force.
    rules: RuleSet,
    engine: EngineOptions,
    scoring: ScoreOptions,
    options: ExperimentOptions,
    threads: usize,
}

/// Pooled figures of one candidate.
struct Measured(PooledRow);

impl HasPoint for Measured {
    fn point(&self) -> Option<Point> {
        Point::of(&self.0)
    }
}

/// Measures, chooses, confirms, and writes what was asked for.
pub(crate) fn run(arguments: &TuneArguments, output: Output) -> Outcome {
    generation::use_threads(arguments.threads);
    let tuning = Tuning::open(arguments, output)?;
    let form = tuning.form()?;
    let grid = Grid::new(axes(arguments, &form)?);
    let plan = plan(arguments, &grid)?;
    let begun = Instant::now();
    let report = tuning.report(arguments, &grid, plan, &form, output)?;
    let seconds = begun.elapsed().as_secs_f64();
    let change = match report.chosen.filter(|chosen| *chosen != report.current) {
        Some(chosen) => {
            let settings = &report.evaluated[chosen].settings;
            Some(tuning.change(arguments, &form, settings)?)
        }
        None => None,
    };
    let is_written = arguments.write && report.conclusion == Conclusion::Confirmed;
    if is_written && let Some(change) = &change {
        change.write(&form)?;
    }
    output.json(&Told {
        report: &report,
        change: change.as_ref(),
        is_written: is_written && change.is_some(),
    })?;
    let told = text::text(&report, change.as_ref(), arguments.write, seconds);
    output.human(&told)?;
    Ok(exit(&report.conclusion))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a TuneReport,
    change: Option<&'a file::Change>,
    is_written: bool,
}

fn exit(conclusion: &Conclusion) -> Exit {
    match conclusion {
        Conclusion::Confirmed => Exit::Pass,
        Conclusion::NotConfirmed | Conclusion::NoneMeets => Exit::Failed,
        Conclusion::Inconclusive(_) => Exit::Inconclusive,
    }
}

fn axes(arguments: &TuneArguments, form: &Form) -> Result<Vec<Axis>, Failure> {
    if arguments.axes.is_empty() {
        let axis = Axis::of_threshold(form);
        return Ok(vec![
            axis.map_err(|error| Failure::usage(error.to_string()))?,
        ]);
    }
    let mut axes: Vec<Axis> = Vec::new();
    for text in &arguments.axes {
        let axis = Axis::parse(text, form);
        let axis = axis.map_err(|error| Failure::usage(format!("--parameter {error}")))?;
        if axes.iter().any(|known| known.parameter == axis.parameter) {
            return Err(Failure::usage(format!(
                "--parameter {text}: `{}` is given twice; write all its values in one",
                axis.parameter
            )));
        }
        axes.push(axis);
    }
    Ok(axes)
}

fn plan(arguments: &TuneArguments, grid: &Grid) -> Result<Plan, Failure> {
    match arguments.budget {
        Some(budget) => Ok(Plan::Budget(budget)),
        None if grid.size() <= MOST_CANDIDATES => Ok(Plan::Whole),
        None => Err(Failure::usage(format!(
            "{} combinations are over {MOST_CANDIDATES}; try fewer values, or say how many to \
             measure with --budget",
            grid.size()
        ))),
    }
}

impl Tuning {
    fn open(arguments: &TuneArguments, output: Output) -> Result<Self, Failure> {
        if arguments.scenario.is_dir() && !shipped::is_name(&arguments.scenario) {
            return Err(Failure::usage(format!(
                "{}: is a folder; logs in files have no seeds to choose and confirm on, name a \
                 scenario",
                arguments.scenario.display()
            )));
        }
        let (scenario, known) = input::require_scenario(&arguments.scenario, output)?;
        let scenario = match arguments.seed {
            Some(seed) => scenario.with_seed(seed),
            None => scenario,
        };
        let selection = arguments.rule_arguments();
        let (rules, engine) = input::select_rules(known.rules.clone(), &selection)?;
        let grouping = match scenario.grouping() {
            Grouping::Session(gap) => incidents::Grouping::Session(gap),
            Grouping::Anchored(gap) => incidents::Grouping::Anchored(gap),
            Grouping::None => incidents::Grouping::None,
        };
        let scoring = ScoreOptions {
            grouping,
            ..ScoreOptions::default()
        };
        Ok(Tuning {
            options: ExperimentOptions {
                tau: scoring.tau,
                within: scoring.within,
                ..ExperimentOptions::default()
            },
            scenario,
            known,
            rules,
            engine,
            scoring,
            threads: arguments.threads.map_or(0, usize::from),
        })
    }

    /// The one form that is tuned.
    fn form(&self) -> Result<Form, Failure> {
        let form = self.rules.forms().next();
        let form = form.ok_or_else(|| Failure::usage("--rule: names no rule"))?;
        Ok(form.1.clone())
    }

    /// The mode in which the form runs: rules without bins run as streaming whatever is asked.
    fn mode(&self, form: &Form) -> Mode {
        if self.engine.binned && form.plan().has_bins {
            Mode::Binned
        } else {
            Mode::Streaming
        }
    }

    /// Pooled figures of candidates over seeds.
    fn measure(
        &self,
        candidates: &[RuleSet],
        seeds: &[u64],
        form: &Form,
        output: Output,
    ) -> Result<Vec<Measured>, Failure> {
        let mode = self.mode(form);
        let mut measured = Vec::new();
        for together in candidates.chunks(SIDE_BY_SIDE) {
            let length = u64::try_from(seeds.len()).unwrap_or(0);
            let bar = progress::bar(output, length, "seeds");
            let by_seed = over_seeds(seeds, self.threads, |seed| {
                let outcomes = self.seed(seed, together);
                bar.inc(1);
                outcomes
            })?;
            bar.finish_and_clear();
            measured.extend((0..together.len()).map(|candidate| {
                let own: Vec<_> = by_seed.iter().map(|all| all[candidate].clone()).collect();
                Measured(PooledRow::of_form(form.name(), mode, &own, &self.options))
            }));
        }
        Ok(measured)
    }

    fn seed(
        &self,
        seed: u64,
        candidates: &[RuleSet],
    ) -> Result<Vec<livefire_harness::experiment::SeedOutcome>, Failure> {
        let scenario = self.scenario.clone().with_seed(seed);
        let options = Options {
            threads: rayon::current_num_threads(),
            ..Options::default()
        };
        let silent = Output {
            json: false,
            quiet: true,
        };
        let (mut source, _) = generation::source(&scenario, &self.known, &options, silent)?;
        let common = Common {
            schema: &self.known.schema,
            engine: &self.engine,
            scoring: &self.scoring,
        };
        let outcomes = outcomes(&mut source, seed, candidates, common);
        outcomes.map_err(|error| match error {
            CandidateError::Run(error) => Failure::input(format!("seed {seed}: {error}")),
            error => Failure::internal(format!("seed {seed}: {error}")),
        })
    }

    fn candidate(&self, form: &Form, settings: &[Setting]) -> Result<RuleSet, Failure> {
        let mut rules = self.rules.clone();
        for Setting { parameter, value } in settings {
            let set = rules.set(&format!("{}.{parameter}", form.name()), value);
            set.map_err(|error| Failure::internal(error.to_string()))?;
        }
        Ok(rules)
    }

    fn report(
        &self,
        arguments: &TuneArguments,
        grid: &Grid,
        plan: Plan,
        form: &Form,
        output: Output,
    ) -> Result<TuneReport, Failure> {
        let numbers = (
            usize::from(arguments.seeds),
            usize::from(arguments.validate),
        );
        let (tuning, validation) = split_seeds(self.scenario.seed(), numbers.0, numbers.1);
        let mut constraint = Constraint {
            max_false_per_day: arguments.max_fp_per_day,
            max_p90: arguments.max_p90,
        };
        let constraint_is_current = constraint == Constraint::default();
        if constraint_is_current && plan != Plan::Whole {
            let now = self.measure(std::slice::from_ref(&self.rules), &tuning, form, output)?;
            constraint.max_false_per_day = now[0].0.false_per_day.value.finite();
        }
        let seen = search(grid, plan, &constraint, |places| {
            let sets = places.iter();
            let sets = sets.map(|place| self.candidate(form, &grid.settings(place)));
            let sets: Vec<RuleSet> = sets.collect::<Result<_, Failure>>()?;
            self.measure(&sets, &tuning, form, output)
        })?;
        if constraint_is_current {
            let now = seen.get(&grid.current());
            let now = now.and_then(|now| now.0.false_per_day.value.finite());
            constraint.max_false_per_day = now;
        }
        let chosen = choose(grid, &seen, &constraint);
        let position = |place: &Place| seen.keys().position(|known| known == place);
        let current = position(&grid.current()).unwrap_or_default();
        let mut report = TuneReport {
            scenario: self.scenario.name().to_owned(),
            rule: form.name().to_string(),
            constraint,
            constraint_is_current,
            axes: grid.axes().to_vec(),
            grid: grid.size(),
            is_search: (seen.len() as u64) < grid.size(),
            tuning_seeds: tuning,
            validation_seeds: validation,
            current,
            chosen: chosen.as_ref().and_then(position),
            evaluated: evaluated(grid, seen, &constraint),
            validation: None,
            conclusion: Conclusion::NoneMeets,
        };
        self.conclude(&mut report, form, output)?;
        Ok(report)
    }

    /// Confirms the choice on validation seeds, or says why nothing is decided.
    fn conclude(
        &self,
        report: &mut TuneReport,
        form: &Form,
        output: Output,
    ) -> Result<(), Failure> {
        let now = &report.evaluated[report.current].figures;
        if let Some(why) = undecided(report, now) {
            report.conclusion = Conclusion::Inconclusive(why);
            return Ok(());
        }
        let Some(chosen) = report.chosen else {
            return Ok(());
        };
        let settings = &report.evaluated[chosen].settings;
        let candidates = [self.candidate(form, settings)?, self.rules.clone()];
        let measured = self.measure(&candidates, &report.validation_seeds, form, output)?;
        let mut rows = measured.into_iter().map(|Measured(row)| row);
        let (Some(own), Some(now)) = (rows.next(), rows.next()) else {
            return Err(Failure::internal("two candidates have two outcomes"));
        };
        let tuned = &report.evaluated[chosen].figures;
        let confidence = self.options.confidence();
        let validation = Validation::of(tuned, own, now, &report.constraint, confidence);
        report.conclusion = match validation.confirmed {
            Some(true) => Conclusion::Confirmed,
            Some(false) => Conclusion::NotConfirmed,
            None => Conclusion::Inconclusive(format!(
                "{}: no validation seed holds a campaign that expects {}",
                Undefined::NoCampaigns,
                report.rule
            )),
        };
        report.validation = Some(validation);
        Ok(())
    }

    fn change(
        &self,
        arguments: &TuneArguments,
        form: &Form,
        settings: &[Setting],
    ) -> Result<file::Change, Failure> {
        let folder = match &arguments.rules {
            Some(folder) => folder.clone(),
            None if shipped::is_name(&arguments.scenario) => PathBuf::from("rules"),
            None => {
                let beside = arguments.scenario.parent().unwrap_or(Path::new(""));
                beside.join("rules")
            }
        };
        file::Change::of(&self.rules, form, settings, &folder)
    }
}

fn evaluated(
    grid: &Grid,
    seen: std::collections::BTreeMap<Place, Measured>,
    constraint: &Constraint,
) -> Vec<Evaluated> {
    let defined = seen.values().filter_map(HasPoint::point);
    let points: Vec<Point> = defined.collect();
    let mut on_front = front(&points).into_iter();
    let current = grid.current();
    let rows = seen.into_iter().map(|(place, measured)| {
        let point = measured.point();
        Evaluated {
            settings: grid.settings(&place),
            is_current: place == current,
            on_front: point.is_some() && on_front.next().unwrap_or(false),
            meets: point.is_some_and(|point| constraint.is_met_by(&point)),
            figures: measured.0,
        }
    });
    rows.collect()
}

/// Why tuning cannot decide anything, if it cannot.
fn undecided(report: &TuneReport, now: &PooledRow) -> Option<String> {
    if now.expected == 0 {
        return Some(format!(
            "{}: no campaign of `{}` expects {}, so nothing tells good values from bad ones; \
             `livefire list attacks` says which kinds must fire it",
            Undefined::NoCampaigns,
            report.scenario,
            report.rule
        ));
    }
    if let Some(reason) = now.false_per_day.value.reason() {
        return Some(format!("{reason}: no time is scored"));
    }
    if report.tuning_seeds.len() < 2 {
        return Some(format!(
            "{}: a choice on one seed follows its chance; ask for at least 2, better 10",
            Undefined::OneSeed
        ));
    }
    report
        .validation_seeds
        .is_empty()
        .then(|| "unconfirmed: without validation seeds nothing confirms the choice".to_owned())
}
