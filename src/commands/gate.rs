//! `livefire gate`: may this change of rules go in? PASS, FAIL or INCONCLUSIVE, and which campaigns
//! decided it.

mod annotations;
mod changed;
mod findings;
mod junit;
mod markdown;
mod runs;
mod sarif;
mod sides;
mod text;

use std::path::Path;

use livefire_detector::RuleSet;
use livefire_harness::gate::{
    Checked, Expectations, GateOptions, GateReport, SeedPair, compare, pair,
};
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::Faults;
use livefire_scorer::ScoreReport;
use livefire_scorer::uncertainty::gates::Decision;

pub(crate) use self::runs::{Subject, open, options as score_options};
use self::sides::Side;
use crate::arguments::GateArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{Known, rule_tokens};
use crate::output::Output;
use crate::results::write_file;
use crate::{generation, progress, shipped};

/// Seeds of a comparison unless told: enough for resampling them. EVALUATION.md §7.
const SEEDS: u16 = 10;

/// What was compared.
#[derive(Default)]
struct Compared {
    scenario: String,
    /// One pair for each seed or log; none where there is no baseline.
    pairs: Vec<SeedPair>,
    has_baseline: bool,
    /// What expectations are checked on: the candidate's scores.
    reports: Vec<ScoreReport>,
    /// The candidate's rules, whose files a finding names.
    rules: Option<RuleSet>,
    notes: Vec<String>,
}

/// Compares and decides.
pub(crate) fn run(arguments: &GateArguments, output: Output) -> Outcome {
    generation::use_threads(arguments.threads);
    // Faults of the file are told before anything long is done.
    let expectations = arguments.expect.as_deref().map(read_expectations);
    let expectations = expectations.transpose()?;
    let compared = match (&arguments.other, &arguments.candidate) {
        (Some(other), _) => of_results(&arguments.subject, other, arguments)?,
        (None, Some(candidate)) => match of_rules(arguments, candidate, output)? {
            Some(compared) => compared,
            None => return nothing_changed(arguments, output),
        },
        (None, None) => alone(arguments, output)?,
    };
    let checked = match (&expectations, &arguments.expect) {
        (Some(expectations), Some(path)) => check(expectations, path, &compared.reports)?,
        _ => Vec::new(),
    };
    let options = GateOptions {
        alpha: arguments.limits.alpha,
        margin: arguments.limits.margin,
        more_false_per_day: arguments.limits.more_false_per_day,
        most_lost: arguments.limits.max_lost,
    };
    let comparison = compared
        .has_baseline
        .then(|| compare(compared.pairs, options));
    let report = GateReport::of(&compared.scenario, comparison, checked, compared.notes);
    tell(&report, compared.rules.as_ref(), arguments, output)?;
    Ok(exit(report.decision))
}

fn exit(decision: Decision) -> Exit {
    match decision {
        Decision::Pass => Exit::Pass,
        Decision::Fail => Exit::Failed,
        Decision::Inconclusive => Exit::Inconclusive,
    }
}

fn tell(
    report: &GateReport,
    rules: Option<&RuleSet>,
    arguments: &GateArguments,
    output: Output,
) -> Result<(), Failure> {
    let findings = findings::of(report, rules, arguments.expect.as_deref());
    let reports = &arguments.reports;
    let written = |path: &Option<std::path::PathBuf>, text: &dyn Fn() -> String| match path {
        Some(path) => write_file(path, text().as_bytes()),
        None => Ok(()),
    };
    written(&reports.markdown, &|| markdown::comment(report))?;
    written(&reports.junit, &|| junit::report(report, &findings))?;
    written(&reports.sarif, &|| sarif::report(&findings))?;
    output.json(report)?;
    output.human(&text::report(report))?;
    if reports.annotations {
        annotations::print(&findings, output)?;
    }
    Ok(())
}

fn read_expectations(path: &Path) -> Result<Expectations, Failure> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::input(format!("{name}: cannot be read: {error}")))?;
    let faults = Faults::new(&name);
    Expectations::read(&bytes, &faults).ok_or(Failure::Faults(faults))
}

fn check(
    expectations: &Expectations,
    path: &Path,
    reports: &[ScoreReport],
) -> Result<Vec<Checked>, Failure> {
    let faults = Faults::new(&path.display().to_string());
    let checked = expectations.check(reports, &faults);
    checked.ok_or(Failure::Faults(faults))
}

/// Two results folders.
fn of_results(
    baseline: &Path,
    candidate: &Path,
    arguments: &GateArguments,
) -> Result<Compared, Failure> {
    let baseline = sides::read(baseline)?;
    let candidate = sides::read(candidate)?;
    let mut compared = Compared {
        has_baseline: true,
        ..Compared::default()
    };
    for new in candidate {
        let old = baseline
            .iter()
            .find(|old| old.report.seed == new.report.seed)
            .or(baseline.first().filter(|_| baseline.len() == 1));
        let Some(old) = old else {
            refuse(
                arguments,
                &mut compared,
                format!("{}: the baseline has no run of its seed", new.place),
            )?;
            continue;
        };
        compared.add(old, new, arguments)?;
    }
    let unused = baseline.iter().filter(|old| {
        let mut pairs = compared.pairs.iter();
        baseline.len() > 1 && !pairs.any(|pair| pair.seed == old.report.seed)
    });
    for place in unused.map(|old| old.place.clone()).collect::<Vec<_>>() {
        let what = format!("{place}: the candidate has no run of its seed");
        refuse(arguments, &mut compared, what)?;
    }
    Ok(compared)
}

/// Refuses what cannot be compared, or notes it where that was allowed.
fn refuse(arguments: &GateArguments, compared: &mut Compared, what: String) -> Result<(), Failure> {
    if arguments.allow_different {
        compared.notes.push(what);
        return Ok(());
    }
    Err(Failure::input(format!(
        "{what}; --allow-different compares all the same"
    )))
}

impl Compared {
    /// Adds a pair; the sides are dropped but for what the gate keeps of them.
    fn add(&mut self, old: &Side, new: Side, arguments: &GateArguments) -> Result<(), Failure> {
        let differences = old.differences(&new);
        if !differences.is_empty() {
            let what = format!(
                "{} and {} are not runs of the same log under the same settings: {}",
                old.place,
                new.place,
                differences.join("; ")
            );
            refuse(arguments, self, what)?;
        }
        self.pairs.push(pair(old.ran(), new.ran()));
        self.keep(new);
        Ok(())
    }

    /// Keeps what expectations are checked on.
    fn keep(&mut self, side: Side) {
        self.scenario.clone_from(&side.report.scenario);
        self.reports.push(ScoreReport {
            alerts: Vec::new(),
            incidents: Vec::new(),
            ..side.report
        });
    }
}

/// A scenario or logs, run with two sets of rules; nothing if no rule changed.
fn of_rules(
    arguments: &GateArguments,
    candidate: &Path,
    output: Output,
) -> Result<Option<Compared>, Failure> {
    let (subject, known) = open(&arguments.subject, output)?;
    let mut rules = load(&known, Some(candidate))?;
    if let Some(folder) = &arguments.baseline
        && sides::is_results(folder)
    {
        return against_results(arguments, folder, &subject, &known, rules).map(Some);
    }
    let mut before = load(&known, arguments.baseline.as_deref())?;
    let mut compared = Compared {
        has_baseline: true,
        ..Compared::default()
    };
    let is_limited = !arguments.only.is_empty() || arguments.changed_since.is_some();
    let tokens = tokens(arguments, candidate, &rules)?;
    if is_limited && tokens.is_empty() {
        if arguments.expect.is_none() {
            return Ok(None);
        }
        let mut compared = run_alone(&subject, &known, rules, arguments)?;
        compared.notes.push(unchanged(arguments));
        return Ok(Some(compared));
    }
    if is_limited {
        for set in [&mut rules, &mut before] {
            let selected = set.select(&tokens);
            selected.map_err(|error| Failure::usage(format!("--rule: {error}")))?;
        }
        let names: Vec<String> = tokens.iter().map(ToString::to_string).collect();
        let note = format!("only {} compared", names.join(", "));
        compared.notes.push(note);
    }
    let seeds = subject.seeds(arguments.seed, arguments.seeds, SEEDS)?;
    let bar = progress::bar(output, seeds.len() as u64, "seeds");
    for seed in seeds {
        let old = subject.run(&known, &before, seed)?;
        let new = subject.run(&known, &rules, seed)?;
        compared.add(&old, new, arguments)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    compared.rules = Some(rules);
    Ok(Some(compared))
}

/// The rules that a comparison is limited to.
fn tokens(
    arguments: &GateArguments,
    candidate: &Path,
    rules: &RuleSet,
) -> Result<Vec<RuleToken>, Failure> {
    let tokens = rule_tokens(&arguments.only)?;
    match &arguments.changed_since {
        Some(revision) => Ok(changed::both(
            &tokens,
            changed::rules(candidate, revision, rules)?,
        )),
        None => Ok(tokens),
    }
}

/// Rules on the logs of earlier results.
fn against_results(
    arguments: &GateArguments,
    baseline: &Path,
    subject: &Subject,
    known: &Known,
    rules: RuleSet,
) -> Result<Compared, Failure> {
    if !arguments.only.is_empty() || arguments.changed_since.is_some() {
        return Err(Failure::usage(
            "--rule, --changed-since: name the baseline as a folder of rules: the alerts of \
             results are of all their rules",
        ));
    }
    if arguments.seed.is_some() || arguments.seeds.is_some() {
        return Err(Failure::usage(
            "--seed, --seeds: results as baseline have their seeds already",
        ));
    }
    let mut compared = Compared {
        has_baseline: true,
        ..Compared::default()
    };
    for old in sides::read(baseline)? {
        let new = subject.run(known, &rules, old.report.seed)?;
        compared.add(&old, new, arguments)?;
    }
    compared.rules = Some(rules);
    Ok(compared)
}

/// The rules of a folder over those that the scenario brings; those alone without one.
fn load(known: &Known, folder: Option<&Path>) -> Result<RuleSet, Failure> {
    let Some(folder) = folder else {
        return Ok(known.rules.clone());
    };
    if !folder.is_dir() {
        return Err(Failure::usage(format!(
            "{}: there is no such folder of rules or results",
            folder.display()
        )));
    }
    let read = known.rules.clone().with_folder(folder);
    read.map_err(|found| {
        let faults = Faults::new("");
        found.into_iter().for_each(|fault| faults.push(fault));
        Failure::Faults(faults)
    })
}

/// Expectations on results, or on a run of the rules as they are.
fn alone(arguments: &GateArguments, output: Output) -> Result<Compared, Failure> {
    if arguments.expect.is_none() {
        return Err(Failure::usage(
            "nothing to decide: name the results of a candidate too, a --candidate folder of rules, \
             or what you --expect",
        ));
    }
    let mut compared = Compared::default();
    // A shipped scenario's name is that scenario, whatever stands in results/.
    let is_shipped = shipped::is_name(&arguments.subject);
    if !is_shipped && sides::results_folder(&arguments.subject).is_some() {
        for side in sides::read(&arguments.subject)? {
            compared.keep(side);
        }
        return Ok(compared);
    }
    let (subject, known) = open(&arguments.subject, output)?;
    run_alone(&subject, &known, known.rules.clone(), arguments)
}

/// Rules without a baseline: for expectations only.
fn run_alone(
    subject: &Subject,
    known: &Known,
    rules: RuleSet,
    arguments: &GateArguments,
) -> Result<Compared, Failure> {
    let mut compared = Compared::default();
    for seed in subject.seeds(arguments.seed, arguments.seeds, 1)? {
        compared.keep(subject.run(known, &rules, seed)?);
    }
    compared.rules = Some(rules);
    Ok(compared)
}

fn unchanged(arguments: &GateArguments) -> String {
    let revision = arguments.changed_since.as_deref().unwrap_or_default();
    format!("no rule file changed since {revision}: nothing was compared")
}

/// No rule changed: there is no candidate, which is said.
fn nothing_changed(arguments: &GateArguments, output: Output) -> Outcome {
    let report = GateReport {
        decision: Decision::Pass,
        ..GateReport::of("", None, Vec::new(), vec![unchanged(arguments)])
    };
    tell(&report, None, arguments, output)?;
    Ok(Exit::Pass)
}
