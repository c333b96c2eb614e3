//! Worlds for proofs: the shipped scenarios as they are or shortened, run through the library.
//!
//! A shortened scenario is the shipped file, included, with fewer users where it is large, or what
//! `tests/data/shortened/` holds under its name: every campaign and every look-alike is there, over a
//! hundred thousand rows at most. The folder is listed, so a scenario that is added is proved with the
//! others.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_generator::assemble::{Options, plan};
use livefire_generator::emit::GeneratorSource;
use livefire_generator::kinds::{AttackLibrary, Source};
use livefire_generator::scenario::{Scenario, ScenarioSpec};
use livefire_harness::{RunResult, Settings, run, score_run};
use livefire_labels::{Batch, Campaign, EventSource, LabelBook, LabelGroup, LogExtent, RowLabel};
use livefire_schema::reference::Reference;
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::Faults;
use livefire_schema::table::Schema;
use livefire_schema::time::TimeRange;
use livefire_scorer::incidents::Grouping;
use livefire_scorer::{ScoreOptions, ScoreReport};

/// Most rows of a world that proofs run on.
pub(crate) const MOST_ROWS: usize = 100_000;

/// A scenario of so many users times days stays as it is.
const USER_DAYS: f64 = 1500.0;

/// A scenario with the tables and kinds that it may name.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) schema: Arc<Schema>,
    pub(crate) library: AttackLibrary,
}

/// The folder of the shipped scenarios.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The kinds that stand beside the shipped scenarios.
fn beside() -> Vec<Source> {
    let entries = fs::read_dir(folder().join("kinds")).expect("they are there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("can be listed").path())
        .collect();
    paths.sort();
    let source = |path: PathBuf| Source {
        path: path.display().to_string(),
        bytes: fs::read(&path).expect("can be read"),
    };
    paths.into_iter().map(source).collect()
}

/// Names of the shipped scenarios, sorted.
pub(crate) fn shipped() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the scenarios are there");
    let paths = entries.map(|entry| entry.expect("can be listed").path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    names
}

/// A shipped scenario that has a hundred thousand rows at most: as it is, or with fewer users, or in
/// a form of its own.
pub(crate) fn shortened_text(name: &str) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = own.join(format!("tests/data/shortened/{name}.yaml"));
    if own.exists() {
        return format!("include: [{}]\n", own.display());
    }
    let include = format!(
        "include: [{}]\n",
        folder().join(format!("{name}.yaml")).display()
    );
    let scenario = World::read(&include).scenario;
    let days = scenario.calendar().duration.seconds_f64() / 86_400.0;
    if f64::from(scenario.population().users) * days <= USER_DAYS {
        return include;
    }
    format!("{include}population: {{ users: 60, sites: 1, service_callers: 3 }}\n")
}

/// [`shortened_text`], read.
pub(crate) fn shortened(name: &str) -> World {
    World::read(&shortened_text(name))
}

impl World {
    /// A scenario from its text; other files that it includes are read from disk.
    #[track_caller]
    pub(crate) fn read(text: &str) -> World {
        let schema = Schema::embedded();
        let library = AttackLibrary::load(&AttackLibrary::embedded_sources(), &beside(), &schema);
        let library = library.expect("the kinds beside the scenarios are valid");
        World::with(text, schema, library)
    }

    /// As [`World::read`], over tables and kinds of a user's.
    #[track_caller]
    pub(crate) fn with(text: &str, schema: Schema, library: AttackLibrary) -> World {
        let faults = Faults::new("");
        let own = Path::new("proof.yaml");
        let read = |path: &Path| -> io::Result<Vec<u8>> {
            if path == own {
                Ok(text.as_bytes().to_vec())
            } else {
                fs::read(path)
            }
        };
        let spec = ScenarioSpec::load(own, &read, &faults);
        let Some(scenario) = spec.validate(&library, &faults) else {
            let said: Vec<String> = faults.sorted().iter().map(ToString::to_string).collect();
            panic!("{}", said.join("\n"));
        };
        World {
            scenario,
            schema: Arc::new(schema),
            library,
        }
    }

    /// Names of its campaigns, traps included.
    pub(crate) fn campaigns(&self) -> Vec<String> {
        let plan = plan(&self.scenario, &self.library, &Options::default());
        let plan = plan.expect("the scenario can be planned");
        plan.campaigns().map(|one| one.id.clone()).collect()
    }

    /// Its event source.
    pub(crate) fn source(&self, options: &Options) -> GeneratorSource {
        let plan = plan(&self.scenario, &self.library, options);
        let plan = plan.expect("the scenario can be planned");
        plan.source(&self.schema, options).expect("threads start")
    }

    /// Its whole log on two threads.
    pub(crate) fn log(&self) -> Log {
        self.log_of(&Options {
            threads: 2,
            ..Options::default()
        })
    }

    /// Its log as the options ask for it.
    pub(crate) fn log_of(&self, options: &Options) -> Log {
        Log::read(&mut self.source(options))
    }

    /// Runs W and W0 with these rules, and scores.
    pub(crate) fn run(&self, rules: &Rules) -> Outcome {
        let source = &mut self.source(&Options::default());
        let settings = rules.settings(&self.schema);
        let result = run(source, settings, &mut |_, _| {}, &mut |_| Ok(())).expect("runs");
        let report = score_run(
            &result,
            &rules.set,
            &rules.engine,
            &self.schema,
            ScoreOptions {
                grouping: self.grouping(),
                ..ScoreOptions::default()
            },
        );
        Outcome {
            report: report.expect("every rule keeps its contract"),
            result,
        }
    }

    /// How its alerts become incidents.
    pub(crate) fn grouping(&self) -> Grouping {
        use livefire_generator::scenario::Grouping as Asked;
        match self.scenario.grouping() {
            Asked::Session(gap) => Grouping::Session(gap),
            Asked::Anchored(gap) => Grouping::Anchored(gap),
            Asked::None => Grouping::None,
        }
    }
}

/// What a run gave.
pub(crate) struct Outcome {
    pub(crate) result: RunResult,
    pub(crate) report: ScoreReport,
}

/// Rules and the modes that they run in.
pub(crate) struct Rules {
    pub(crate) set: RuleSet,
    pub(crate) engine: EngineOptions,
}

impl Rules {
    /// The default forms, streaming.
    pub(crate) fn defaults() -> Self {
        Rules {
            set: RuleSet::embedded(),
            engine: EngineOptions::default(),
        }
    }

    /// Every form of every rule in every mode that it has.
    pub(crate) fn every_form() -> Self {
        let mut set = RuleSet::embedded();
        let mut tokens: Vec<RuleToken> = Vec::new();
        for (info, variants) in set.rules() {
            let forms = variants
                .iter()
                .map(|variant| format!("{}@{variant}", info.id));
            for form in std::iter::once(info.id.to_owned()).chain(forms) {
                tokens.push(form.parse().expect("a loaded form is a token"));
            }
        }
        set.select(&tokens).expect("loaded forms can be selected");
        Rules {
            set,
            engine: EngineOptions {
                binned: true,
                ..EngineOptions::default()
            },
        }
    }

    /// What a run over these tables needs.
    pub(crate) fn settings<'a>(&'a self, schema: &'a Schema) -> Settings<'a> {
        Settings {
            schema,
            rules: &self.set,
            engine: &self.engine,
            strict: false,
        }
    }
}

/// A log in memory, line by line in the order of delivery.
pub(crate) struct Log {
    pub(crate) batch: Batch,
    pub(crate) groups: Vec<LabelGroup>,
    pub(crate) campaigns: Vec<Campaign>,
    pub(crate) reference: Arc<Reference>,
    pub(crate) extent: LogExtent,
}

/// One line with everything that is known of it; the label in words, since indices are a log's own.
#[derive(PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) table: u16,
    pub(crate) bytes: &'a [u8],
    pub(crate) label: Option<String>,
    pub(crate) caused_by: Option<&'a str>,
}

impl Log {
    fn read(source: &mut dyn EventSource) -> Log {
        let mut whole = Batch::default();
        let mut batch = Batch::default();
        while source.next_batch(&mut batch).expect("the source goes on") {
            let offset = whole.bytes.len();
            whole.bytes.extend_from_slice(&batch.bytes);
            whole.rows.extend(batch.rows.iter().map(|row| {
                let (start, end) = (row.start + offset, row.end + offset);
                livefire_labels::BatchRow { start, end, ..*row }
            }));
        }
        Log {
            batch: whole,
            groups: source.groups().to_vec(),
            campaigns: source.campaigns(),
            reference: source.reference(),
            extent: source.extent(),
        }
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.batch.rows.len()
    }

    /// All its truth.
    pub(crate) fn book(&self) -> LabelBook {
        let label = |row: &livefire_labels::BatchRow| {
            let label = RowLabel {
                item: row.item,
                event: row.event,
                time: row.time,
                ingestion: row.ingestion,
                group: row.group?,
            };
            Some((row.item, label))
        };
        LabelBook {
            campaigns: self.campaigns.clone(),
            groups: self.groups.clone(),
            rows: self.batch.rows.iter().filter_map(label).collect(),
        }
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let named = |group: &LabelGroup| {
            let caused = group.caused_by.map(|index| {
                let index = usize::try_from(index.0).expect("small");
                self.campaigns[index].id.as_str()
            });
            let bare = LabelGroup {
                caused_by: None,
                ..group.clone()
            };
            (caused, format!("{caused:?} {bare:?}"))
        };
        let groups: Vec<_> = self.groups.iter().map(named).collect();
        self.batch.rows.iter().map(move |row| {
            let group = row.group.map(|group| {
                let index = usize::try_from(group.0).expect("small");
                &groups[index]
            });
            Line {
                table: row.table.0,
                bytes: self.batch.line(row),
                label: group.map(|(_, label)| label.clone()),
                caused_by: group.and_then(|(caused, _)| *caused),
            }
        })
    }
}

/// Asserts that two logs are the same lines with the same labels, and shows the first difference.
#[track_caller]
pub(crate) fn same_lines<'a>(
    what: &str,
    got: impl Iterator<Item = Line<'a>>,
    want: impl Iterator<Item = Line<'a>>,
) {
    let (mut got, mut want) = (got, want);
    let text = |line: &Option<Line<'_>>| match line {
        None => "the log's end".to_owned(),
        Some(line) => {
            let bytes = String::from_utf8_lossy(line.bytes);
            format!("table {} {bytes}\n  label {:?}", line.table, line.label)
        }
    };
    for number in 0.. {
        let pair = (got.next(), want.next());
        assert!(
            pair.0 == pair.1,
            "{what}, row {number}:\n  got {}\n want {}",
            text(&pair.0),
            text(&pair.1)
        );
        if pair.0.is_none() {
            return;
        }
    }
}

/// A window of all time.
pub(crate) const ALWAYS: TimeRange = TimeRange {
    start: livefire_schema::time::EventTime::MIN,
    end: livefire_schema::time::EventTime::MAX,
};
