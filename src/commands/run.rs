//! `livefire run`: from a scenario, or a folder of logs with labels, to a verdict in one pass.

mod derived;
mod schedule;
mod seeds;
mod self_test;
mod subject;
mod summary;
mod warnings;

use std::path::{Path, PathBuf};
use std::time::Instant;

use livefire_detector::{EngineOptions, RuleSet, ScheduleChoice};
use livefire_generator::kinds::AttackKind;
use livefire_generator::scenario::Grouping;
use livefire_harness::experiment::Experiment;
use livefire_harness::schedule::ScheduleFigures;
use livefire_harness::scoring::{Scored, loaded_rules, score_with_subjects};
use livefire_harness::{RunError, RunResult, Settings};
use livefire_labels::io::{self, Coverage, CoverageAccumulator};
use livefire_labels::{EventSource, Payload, SourceError, payload};
use livefire_report::summary::Collector;
use livefire_schema::time::TimeSpan;
use livefire_scorer::windows::suppression::Suppression;
use livefire_scorer::{ScoreOptions, ScoreReport, incidents};
use serde::Serialize;
use serde_json::{Value, json};

use self::subject::Subject;
use crate::arguments::RunArguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::input::{self, Known};
use crate::output::Output;
use crate::results::{REPORT, ResultsFolder};
use crate::verdict::{self, ExpectedRow, Heading, grouped};
use crate::{generation, progress, report};

/// What one pass needs.
struct Pass {
    subject: Subject,
    rules: RuleSet,
    engine: EngineOptions,
    known: Known,
    schedule: ScheduleChoice,
    suppress: TimeSpan,
}

/// Runs the scenario, writes its results and prints the verdict.
pub(crate) fn run(arguments: &RunArguments, output: Output) -> Outcome {
    generation::use_threads(arguments.threads);
    let (subject, known, mut source) = subject::open(arguments, output)?;
    let (rules, engine) = input::select_rules(known.rules.clone(), &arguments.rules)?;
    let pass = Pass {
        subject,
        rules,
        engine,
        known,
        schedule: arguments.rules.schedule.choice,
        suppress: arguments.sweep.suppress.unwrap_or_default(),
    };
    if let Some(axes) = &arguments.sweep.axes {
        return pass.sweep(axes, &mut *source, output);
    }
    let target = arguments.output.clone();
    let target = target.unwrap_or_else(|| Path::new("results").join(&pass.subject.name));
    let folder = ResultsFolder::create(&target)?;
    let begun = Instant::now();
    let (result, coverage, summary) = pass.worlds(&mut *source, output)?;
    let seconds = begun.elapsed().as_secs_f64();
    if result.rows == 0 {
        return Err(Failure::nothing("nothing to evaluate: the log has no rows"));
    }
    pass.remark(&result, output);
    let scored = pass.score(&result)?;
    let experiment = pass.several(arguments, &result, &scored, output)?;
    let scored = scored.report;
    let experiment = experiment.as_ref();
    let payloads = source.payloads();
    pass.write(&folder, &result, &coverage, &scored, experiment, &payloads)?;
    let summary = summary::of(summary, &result.book, &pass.known);
    folder.write_with("summary.json", |file| {
        Ok(serde_json::to_writer(file, &summary)?)
    })?;
    if arguments.report {
        let page = super::report::page(folder.path(), None)?;
        folder.write(REPORT, page.as_bytes())?;
    }
    folder.finish()?;
    let tested = self_test::of(arguments.self_test, &result, &scored)?;
    let expected = derived::is_asked(arguments).then(|| {
        let look_alike = pass.look_alike(arguments);
        verdict::expected_rows(&scored, &result.alerts, &result.book.campaigns, look_alike)
    });
    let told = Told {
        written: &target,
        rows: result.rows,
        unreadable: result.unreadable.rows,
        notes: &pass.subject.notes,
        score: &scored,
        expected,
        experiment,
        schedule: pass.figures(&scored, &result),
        self_test: tested.as_ref(),
    };
    if let Some(experiment) = experiment {
        output.json(&told)?;
        let spent = begun.elapsed().as_secs_f64();
        output.human(&seeds::text(
            experiment,
            &pass.subject.heading,
            spent,
            &target,
        ))?;
        return finish(tested.as_ref(), seeds::exit(experiment), output);
    }
    pass.tell(&told, seconds, output)?;
    finish(tested.as_ref(), Exit::Pass, output)
}

/// Tells of the self-test, if there was one; what it found goes before the verdict.
fn finish(tested: Option<&self_test::Tested>, exit: Exit, output: Output) -> Outcome {
    let Some(tested) = tested else {
        return Ok(exit);
    };
    output.human(&tested.text())?;
    Ok(match tested.exit() {
        Exit::Pass => exit,
        other => other,
    })
}

impl Pass {
    fn worlds(
        &self,
        source: &mut dyn EventSource,
        output: Output,
    ) -> Result<(RunResult, Coverage, Collector), Failure> {
        let (start, duration) = (self.subject.start, self.subject.duration);
        let hours = |span: livefire_schema::time::TimeSpan| {
            u64::try_from(span.ticks() / livefire_schema::time::TimeSpan::from_hours(1).ticks())
                .unwrap_or(0)
        };
        let bar = progress::bar(output, hours(duration), "running");
        let mut covered = CoverageAccumulator::default();
        let mut summary = Collector::new(&self.known.schema, source.reference());
        let settings = Settings {
            schema: &self.known.schema,
            rules: &self.rules,
            engine: &self.engine,
            strict: false,
        };
        let result = livefire_harness::run(
            source,
            settings,
            &mut |_, clock| bar.set_position(hours(clock - start)),
            &mut |batch| {
                for row in &batch.rows {
                    covered.add_row(row);
                }
                summary.add(batch);
                Ok(())
            },
        );
        bar.finish_and_clear();
        let result = result.map_err(|error| failure(&error))?;
        let name = |table| self.known.schema.table(table).name.clone();
        Ok((result, covered.finish(name), summary))
    }

    /// What makes the figures less worth than they look.
    fn remark(&self, result: &RunResult, output: Output) {
        let notes = self.short_periods().into_iter();
        for note in notes.chain(warnings::of(result, &self.subject.entries)) {
            output.remark(&format!("note: {note}"));
        }
    }

    fn options(&self) -> ScoreOptions {
        let grouping = match self.subject.grouping {
            Grouping::Session(gap) => incidents::Grouping::Session(gap),
            Grouping::Anchored(gap) => incidents::Grouping::Anchored(gap),
            Grouping::None => incidents::Grouping::None,
        };
        ScoreOptions {
            grouping,
            suppression: Suppression {
                span: self.suppress,
                ..Suppression::default()
            },
            ..ScoreOptions::default()
        }
    }

    fn score(&self, result: &RunResult) -> Result<Scored, Failure> {
        let options = self.options();
        let schema = &self.known.schema;
        score_with_subjects(result, None, &self.rules, &self.engine, schema, options)
            .map_err(|error| Failure::internal(error.to_string()))
    }

    fn write(
        &self,
        folder: &ResultsFolder,
        result: &RunResult,
        coverage: &Coverage,
        scored: &ScoreReport,
        experiment: Option<&Experiment>,
        payloads: &[Payload],
    ) -> Result<(), Failure> {
        report::write(folder, scored)?;
        if let Some(experiment) = experiment {
            folder.write_with("experiment.json", |file| {
                serde_json::to_writer_pretty(&mut *file, experiment)?;
                file.write_all(b"\n")
            })?;
        }
        folder.write_with("alerts.ndjson", |file| report::alerts(file, &result.alerts))?;
        let labels = folder.path().join("labels");
        io::write(&labels, &result.book, &result.extent, Some(coverage))
            .map_err(|error| Failure::usage(error.to_string()))?;
        payload::write(&labels, payloads)?;
        let manifest = format!("{:#}\n", self.manifest(result));
        folder.write("manifest.json", manifest.as_bytes())
    }

    /// What produced the results: enough to produce them again. No clock, no path, no thread count.
    fn manifest(&self, result: &RunResult) -> Value {
        let forms = loaded_rules(&self.rules, &self.engine);
        let forms = forms
            .iter()
            .map(|form| json!({ "rule": form.rule, "mode": form.mode }));
        let parameters = self.rules.parameters();
        let parameters = parameters
            .iter()
            .map(|row| (row.name.clone(), json!(row.value)));
        let late = result.late.iter().map(report::late);
        json!({
            "program": "livefire",
            "version": env!("CARGO_PKG_VERSION"),
            "name": self.subject.name,
            "seed": self.subject.seed,
            "rows": result.rows,
            "tables": result.tables,
            "unreadable": result.unreadable,
            "late": late.collect::<Vec<_>>(),
            "notes": self.subject.notes,
            "schedule": self.schedule.to_string(),
            "rules": forms.collect::<Vec<_>>(),
            "parameters": parameters.collect::<serde_json::Map<_, _>>(),
            "scenario": self.subject.text,
        })
    }

    fn tell(&self, told: &Told<'_>, seconds: f64, output: Output) -> Result<(), Failure> {
        output.json(told)?;
        let heading = Heading {
            rows: Some(told.rows),
            seconds: Some(seconds),
            ..self.subject.heading.clone()
        };
        let title = |kind: &str| self.known.title(kind);
        let mut text = match &told.expected {
            Some(rows) => verdict::text_of_kind(told.score, &heading, rows, &title),
            None => verdict::text(told.score, &heading, &title),
        };
        if let Some(figures) = &told.schedule {
            text.push_str(&schedule::line(figures));
        }
        let damaged = told.unreadable;
        if damaged > 0 {
            let lines = if damaged == 1 { "line" } else { "lines" };
            text.push_str(&format!(
                "{:10}{} damaged {lines} not read\n",
                "",
                grouped(damaged)
            ));
        }
        text.push_str(&format!(
            "written to {} - next: {}\n",
            told.written.display(),
            next_step(told.score, told.written)
        ));
        output.human(&text)?;
        Ok(())
    }

    /// The look-alike that a run was made for.
    fn look_alike(&self, arguments: &RunArguments) -> Option<&AttackKind> {
        let named = arguments.look_alike.as_deref()?;
        let id = Path::new(named).file_stem()?.to_str()?;
        self.known.kinds.get(id)
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    written: &'a Path,
    rows: u64,
    unreadable: u64,
    notes: &'a [String],
    score: &'a ScoreReport,
    /// Expected and found, for a run around one kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Vec<ExpectedRow>>,
    /// All seeds, where several ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment: Option<&'a Experiment>,
    /// What the schedule did, unless it is ideal.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<ScheduleFigures>,
    /// The evaluator's own test, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    self_test: Option<&'a self_test::Tested>,
}

/// The one thing to look at next.
fn next_step(scored: &ScoreReport, target: &Path) -> String {
    let file = |name: &str| -> PathBuf { target.join(name) };
    match scored.campaigns.iter().find(|campaign| !campaign.detected) {
        Some(missed) => format!("livefire why {} {}", target.display(), missed.id),
        None if scored.headline.false_incidents > 0 => file("incidents.csv").display().to_string(),
        None => file("campaigns.csv").display().to_string(),
    }
}

fn failure(error: &RunError) -> Failure {
    match error {
        RunError::Source(SourceError::Plan(_)) | RunError::Strict { .. } => {
            Failure::input(error.to_string())
        }
        _ => Failure::internal(error.to_string()),
    }
}
