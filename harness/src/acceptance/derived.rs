//! One case on one seed: its log, the rules over it, and which tokens its alerts meet.

use std::collections::BTreeSet;
use std::sync::Arc;

use livefire_detector::{EngineOptions, RuleSet};
use livefire_generator::benign::{Overlay, Verdict};
use livefire_generator::emit::{EventProducer, Generation, GeneratorSource};
use livefire_generator::evasions::Tactics;
use livefire_generator::event::{Action, Event};
use livefire_generator::kinds::AttackKind;
use livefire_generator::kinds::plan::overlay::{OverlaySet, Target};
use livefire_generator::kinds::plan::{self, CampaignDraw, CampaignPlan, PlanError};
use livefire_generator::recipes::Recipes;
use livefire_generator::scenario::{EntrySpec, EvasionSpec};
use livefire_generator::settings::Telemetry;
use livefire_generator::world::World;
use livefire_labels::LabelBook;
use livefire_schema::alert::{Alert, Mode};
use livefire_schema::rules::{self, RuleToken};
use livefire_schema::spec::{Faults, Span, Spanned};
use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::score::{ScoreOptions, ScoreReport};
use rustc_hash::FxHashMap;

use super::cases::{Case, Tactic};
use super::world::{Actors, HISTORY, SeedWorld};
use super::{Promise, Setup, scale, tables};
use crate::scoring::score_run;
use crate::worlds::{RunResult, Settings, run as run_worlds};

/// Scored days that are tried until the whole campaign fits, in order.
const SCORED_DAYS: [i64; 7] = [7, 14, 21, 28, 42, 63, 84];
/// Sizes that are tried until the campaign is small enough.
const SIZES: usize = 6;

/// What was seen on one seed.
#[derive(Debug)]
pub(super) struct Seen {
    /// For each promise of the case: met by a streaming alert, by a binned one.
    pub(super) met: Vec<(bool, bool)>,
    /// Rows that the campaign or look-alike wrote.
    pub(super) rows: usize,
}

/// Runs a case on a seed.
///
/// # Errors
/// A sentence, where the campaign cannot be planned or its log not be read.
pub(super) fn run(setup: &Setup, case: &Case, seed: &SeedWorld) -> Result<Seen, String> {
    let kind = setup.library.get(&case.kind).ok_or("no such kind")?;
    let (planned, mut world, rows) = small(setup, case, kind, seed)?;
    if is_cut(&planned) {
        return Err("it outruns the longest log".to_owned());
    }
    let end = end_of(setup, case, &planned, &world);
    world.calendar.duration = end - world.calendar.start;
    let actors = actors(&planned);
    let benign = seed.benign(&actors, end);
    let is_announced = planned
        .events
        .iter()
        .any(|event| event.action == Action::Watchlist);
    let plain = pass(setup, case, &planned, &world, &benign)?;
    // What a rule costs that reads no watchlist is the literal promise; all else is measured with
    // the exercise entered.
    let listed = if is_announced {
        world.announce(&planned.events);
        Some(pass(setup, case, &planned, &world, &benign)?)
    } else {
        None
    };
    let met = case.promises.iter().map(|(promise, tokens)| {
        let (result, report) = match &listed {
            Some(listed) if *promise != Promise::Literal => listed,
            _ => &plain,
        };
        meets(*promise, tokens, result, report, kind)
    });
    Ok(Seen {
        met: met.collect(),
        rows,
    })
}

/// Runs the rules over the derived log and scores them.
fn pass(
    setup: &Setup,
    case: &Case,
    planned: &CampaignPlan,
    world: &World,
    benign: &[Event],
) -> Result<(RunResult, ScoreReport), String> {
    let world = Arc::new(world.clone());
    let benign = altered(benign.to_vec(), planned, &world);
    let mut source = source(setup, planned.clone(), world, benign)?;
    let rules = forms(setup, case)?;
    let engine = EngineOptions {
        streaming: true,
        binned: true,
        ..EngineOptions::default()
    };
    let settings = Settings {
        schema: &setup.schema,
        rules: &rules,
        engine: &engine,
        strict: true,
    };
    let result = run_worlds(&mut source, settings, &mut |_, _| {}, &mut |_| Ok(()))
        .map_err(|error| error.to_string())?;
    let options = ScoreOptions::default();
    let report = score_run(&result, &rules, &engine, &setup.schema, options)
        .map_err(|error| error.to_string())?;
    Ok((result, report))
}

/// The case's campaign at a size of at most [`scale::MOST_ROWS`], its world, and its rows.
pub(super) fn small(
    setup: &Setup,
    case: &Case,
    kind: &AttackKind,
    seed: &SeedWorld,
) -> Result<(CampaignPlan, World, usize), String> {
    let mut factor = 1.0;
    for attempt in 0..SIZES {
        let planned = match fitting(case, kind, seed, factor) {
            // A size that is written down must be there, a default one is clamped.
            Err(PlanError::TooManyAccounts { .. }) if attempt + 1 < SIZES => {
                factor *= 0.6;
                continue;
            }
            other => other.map_err(|error| error.to_string())?,
        };
        let (planned, world) = planned;
        let recipes = Recipes::new(Arc::new(world.clone()), Arc::clone(&setup.schema));
        let rows = tables::written(&planned, &recipes).1;
        let cannot_shrink = scale::entries(kind, factor * 0.5).is_empty();
        if is_cut(&planned) && !cannot_shrink && attempt + 1 < SIZES {
            factor *= 0.3;
            continue;
        }
        if rows <= scale::MOST_ROWS || cannot_shrink || attempt + 1 == SIZES {
            return Ok((planned, world, rows));
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let share = scale::MOST_ROWS as f64 / rows as f64;
        factor *= share * 0.9;
    }
    Err("no size of it fits".to_owned())
}

fn is_cut(planned: &CampaignPlan) -> bool {
    planned.campaigns.iter().any(|campaign| campaign.cut)
}

/// The campaign in the shortest log that holds it whole.
fn fitting(
    case: &Case,
    kind: &AttackKind,
    seed: &SeedWorld,
    factor: f64,
) -> Result<(CampaignPlan, World), PlanError> {
    let tactics = tactics(case, kind);
    let draw = CampaignDraw {
        knobs: scale::overrides(kind, &scale::entries(kind, factor)),
        traps: case.trap.iter().cloned().collect(),
        transforms: tactics.transforms(),
        alert_factor: tactics.alert_factor(),
        ..CampaignDraw::new(&case.kind)
    };
    let mut last = None;
    for days in SCORED_DAYS {
        let mut world = seed.lasting(HISTORY + TimeSpan::from_days(days));
        match plan::plan(kind, &draw, &mut world) {
            Ok(mut planned) => {
                tactics.finish(&mut planned, &world);
                let is_whole = !is_cut(&planned);
                last = Some(Ok((planned, world)));
                if is_whole {
                    break;
                }
            }
            Err(error @ (PlanError::TooManyEvents { .. } | PlanError::TooManyAccounts { .. })) => {
                return Err(error);
            }
            Err(error) => last = Some(Err(error)),
        }
    }
    last.expect("some length of a log was tried")
}

/// The case's tactic as a scenario's entry would ask for it. Knobs that only set the size are not
/// part of it, so that stealth governs everything.
fn tactics(case: &Case, kind: &AttackKind) -> Tactics {
    let spanned = |text: &str| Spanned::new(text.to_owned(), Span::HEAD);
    let mut entry = EntrySpec::bare(&Arc::from("acceptance"), spanned(&case.kind));
    match case.tactic {
        Tactic::Loud => {}
        Tactic::Stealth(stealth) => entry.stealth = Some(Spanned::new(stealth, Span::HEAD)),
        Tactic::Evasion(name) => entry.evasions.push(EvasionSpec {
            name: spanned(name),
            knobs: Vec::new(),
        }),
    }
    Tactics::read(kind, &entry, &Faults::new("acceptance"))
}

/// When the derived log ends: after the campaign and the longest window of its rules, or, where
/// benign traffic is altered, with the planned log.
fn end_of(setup: &Setup, case: &Case, planned: &CampaignPlan, world: &World) -> EventTime {
    let last = planned.events.iter().map(|event| event.at).max();
    let altered = planned.overlays.iter().flat_map(|overlay| &overlay.ranges);
    let last = last.max(altered.map(|range| range.end).max());
    let last = last.unwrap_or(world.calendar.end());
    let tokens = case.promises.iter().flat_map(|(_, tokens)| tokens);
    let windows = tokens.filter_map(|token| rules::rule(&token.rule));
    let window = windows.map(|rule| rule.window).max();
    let delay = setup
        .schema
        .iter()
        .map(|(_, table)| table.delay_cut())
        .max();
    // Classes are settled up to an hour after the alert.
    let hour = TimeSpan::from_hours(1);
    let rest = window.unwrap_or(hour).max(hour) + delay.unwrap_or(TimeSpan::ZERO) + hour;
    last.min(world.calendar.end()) + rest
}

/// Accounts, applications and deployments of a plan, those that it alters included.
fn actors(planned: &CampaignPlan) -> Actors {
    let mut actors = Actors::default();
    for event in &planned.events {
        actors.accounts.extend(event.account);
        actors.applications.extend(event.application);
        actors.deployments.extend(event.deployment);
    }
    for overlay in &planned.overlays {
        match &overlay.target {
            Target::Accounts(list) => actors.accounts.extend(list),
            Target::Applications(list) => actors.applications.extend(list),
            Target::Deployments(list) => actors.deployments.extend(list),
        }
    }
    actors
}

/// Benign events as the look-alike's overlays leave them.
fn altered(events: Vec<Event>, planned: &CampaignPlan, world: &Arc<World>) -> Vec<Event> {
    let overlays = OverlaySet::new(Arc::clone(world), planned.overlays.clone());
    if overlays.is_empty() {
        return events;
    }
    let mut kept = Vec::with_capacity(events.len());
    let mut added = Vec::new();
    for mut event in events {
        if overlays.apply(&mut event, &mut added) == Verdict::Keep {
            kept.push(event);
        }
        kept.append(&mut added);
    }
    kept
}

fn source(
    setup: &Setup,
    planned: CampaignPlan,
    world: Arc<World>,
    benign: Vec<Event>,
) -> Result<GeneratorSource, String> {
    let producers: Vec<Box<dyn EventProducer>> = vec![Box::new(planned.events), Box::new(benign)];
    let generation = Generation {
        scenario: planned.name,
        world,
        schema: Arc::clone(&setup.schema),
        producers,
        origins: planned.origins,
        campaigns: planned.campaigns,
        telemetry: Telemetry::default(),
        threads: 1,
        window: None,
    };
    GeneratorSource::new(generation).map_err(|error| error.to_string())
}

/// Default forms of all rules and the variants that the case names.
fn forms(setup: &Setup, case: &Case) -> Result<RuleSet, String> {
    let default = |rule: &str| RuleToken {
        rule: rule.to_owned(),
        class: None,
        variant: None,
    };
    let mut tokens: BTreeSet<RuleToken> = setup
        .rules
        .rules()
        .map(|(info, _)| default(info.id))
        .collect();
    let named = case.promises.iter().flat_map(|(_, tokens)| tokens);
    tokens.extend(named.cloned());
    let tokens: Vec<RuleToken> = tokens.into_iter().collect();
    let mut rules = setup.rules.clone();
    rules.select(&tokens).map_err(|error| error.to_string())?;
    Ok(rules)
}

/// Whether one of the tokens is met, by a streaming and by a binned alert.
fn meets(
    promise: Promise,
    tokens: &[RuleToken],
    result: &RunResult,
    report: &ScoreReport,
    kind: &AttackKind,
) -> (bool, bool) {
    let is_own: Box<dyn Fn(&Alert) -> bool> = match promise {
        Promise::Literal | Promise::MustNotFire => {
            Box::new(|alert| holds_rows_of(alert, &result.book, kind.id()))
        }
        _ => {
            let credited: FxHashMap<&str, bool> = report
                .alerts
                .iter()
                .map(|row| {
                    let is_emitted = row.suppressed_by.is_none();
                    (row.id.as_str(), is_emitted && !row.credited.is_empty())
                })
                .collect();
            Box::new(move |alert| credited.get(alert.id.as_str()) == Some(&true))
        }
    };
    let met = |mode: Mode| {
        result.alerts.iter().any(|alert| {
            alert.mode == mode && tokens.iter().any(|token| alert.meets(token)) && is_own(alert)
        })
    };
    (met(Mode::Streaming), met(Mode::Binned))
}

fn holds_rows_of(alert: &Alert, book: &LabelBook, look_alike: &str) -> bool {
    alert.evidence.iter().any(|row| {
        let label = book.rows.get(&row.item);
        let group = label.and_then(|label| usize::try_from(label.group.0).ok());
        let group = group.and_then(|group| book.groups.get(group));
        group.is_some_and(|group| group.hard_negative.as_deref() == Some(look_alike))
    })
}
