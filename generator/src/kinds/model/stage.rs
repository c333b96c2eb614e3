//! Stages: what happens, when, how often, and what the truth about it is.

use std::sync::Arc;

use livefire_labels::Phase;
use livefire_schema::rules::RuleToken;
use livefire_schema::spec::{Span, Spanned};
use livefire_schema::time::TimeSpan;

use super::{Guard, Label, Name, PoolChoice};
use crate::event::{Action, Outcome};
use crate::kinds::value::Value;

/// Which event of a stage an anchor means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pick {
    /// Its last event.
    End,
    /// Its first event.
    Start,
    /// Its first event, or first with an outcome.
    First,
    /// A random event.
    Random,
    /// Every event, one run each.
    Every,
    /// The end of every run.
    Run,
}

/// `after:` or `before:`.
#[derive(Clone, PartialEq, Debug)]
pub struct Anchor {
    /// Whether `before:`.
    pub is_before: bool,
    /// The stage.
    pub stage: Name,
    /// Which of its events.
    pub pick: Pick,
    /// Only events with this outcome.
    pub outcome: Option<Outcome>,
}

/// `gap:`.
#[derive(Clone, PartialEq, Debug)]
pub enum Gap {
    /// Think time of a person.
    Human,
    /// A script without pause.
    Script,
    /// Any distribution or constant.
    Drawn(Value),
    /// A metronome with jitter (coefficient of variation).
    Fixed {
        /// Period.
        every: Value,
        /// Coefficient of variation.
        jitter: Value,
    },
    /// Growing by a factor.
    Growing {
        /// First gap.
        first: Value,
        /// Factor.
        factor: Value,
        /// Coefficient of variation.
        jitter: Value,
    },
    /// Uniform over `over`, or over the day's window.
    Spread,
    /// A Poisson process.
    Rate {
        /// Events per `per` at the peak.
        peak: Value,
        /// Unit of time.
        per: TimeSpan,
        /// Whether the rate follows working hours.
        is_working: bool,
        /// Time from zero to the peak.
        climb: Option<Value>,
    },
}

/// `until:`.
#[derive(Clone, PartialEq, Debug)]
pub enum Until {
    /// A span from the run's start.
    Span(Value),
    /// The campaign's end.
    End,
    /// The log's end.
    Scenario,
    /// The first event with this outcome.
    Outcome(Outcome),
}

/// `hours:`.
#[derive(Clone, PartialEq, Debug)]
pub enum Hours {
    /// All day.
    Any,
    /// 08:00–18:00 on working days.
    Working,
    /// 22:00–06:00.
    Night,
    /// A window.
    Window(Value),
}

/// One word of `on:`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DaySet {
    /// A weekday, Monday = 0.
    Weekday(u8),
    /// Last three days of a month.
    MonthEnd,
    /// Last three days of a quarter.
    QuarterEnd,
}

/// `days:`.
#[derive(Clone, PartialEq, Debug)]
pub enum Days {
    /// So many days.
    Count(Value),
    /// All days of the log.
    Scenario,
}

/// `session:`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionScope {
    /// One session a run.
    Run,
    /// A new one for each event.
    Event,
    /// One for the whole campaign (and actor).
    Campaign,
}

/// What a `set:` entry assigns.
#[derive(Clone, PartialEq, Debug)]
pub enum Setting {
    /// A value.
    Value(Value),
    /// Pools or prompt sets.
    Pools(PoolChoice),
}

/// How often an alert may be raised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlertScope {
    /// For every event.
    Event,
    /// Once a run.
    Run,
    /// Once a campaign.
    Campaign,
}

/// One entry of `alerts:`.
#[derive(Clone, PartialEq, Debug)]
pub struct AlertRule {
    /// Type without `AI.`.
    pub kind: Name,
    /// Only after this outcome; `None`: any.
    pub outcome: Option<Outcome>,
    /// Probability.
    pub chance: Option<Value>,
    /// Scope.
    pub scope: AlertScope,
    /// Only at the n-th matching event.
    pub nth: Option<Value>,
    /// At most so many.
    pub max: Option<Value>,
    /// Delay after the cause; the scenario's where absent.
    pub delay: Option<Value>,
    /// When it exists.
    pub when: Guard,
}

/// `share:` of an `alter` stage.
#[derive(Clone, PartialEq, Debug)]
pub enum Share {
    /// Constant.
    Fixed(Value),
    /// Linear over a span.
    Ramp(f64, f64, Value),
    /// Equal steps over a span: percentages written `5/25/100`.
    Steps(Value, Value),
}

/// `use:`.
#[derive(Clone, PartialEq, Debug)]
pub struct Use {
    /// Kind, `kind.stage`, or a stage of the same file.
    pub target: Name,
    /// Their pool → our pool.
    pub cast: Vec<(Name, Name)>,
    /// Their knob → value.
    pub knobs: Vec<(Name, Value)>,
}

/// A stage; every key optional until defaults are applied.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stage {
    /// Name; `trap.stage` inside traps and whole used kinds.
    pub name: Arc<str>,
    /// File that wrote it.
    pub file: Arc<str>,
    /// Place of its name.
    pub span: Span,
    /// `do`.
    pub action: Option<Action>,
    /// `alter`: accounts, applications or deployments whose benign traffic changes.
    pub alter: Option<Name>,
    /// `use`, gone after inlining.
    pub using: Option<Use>,
    /// Outcomes.
    pub outcomes: Option<Value>,
    /// Outcome of the first event of a run.
    pub first: Option<Outcome>,
    /// Outcome of the last event of a run.
    pub last: Option<Outcome>,
    /// Acting accounts.
    pub who: Option<Name>,
    /// One run for each member.
    pub each: Option<Name>,
    /// One member after another.
    pub in_turn: Option<Name>,
    /// Source address.
    pub from: Option<PoolChoice>,
    /// Application.
    pub app: Option<PoolChoice>,
    /// Deployment.
    pub deployment: Option<PoolChoice>,
    /// Resource.
    pub resource: Option<PoolChoice>,
    /// Prompt sets or a texts pool.
    pub prompts: Option<Vec<Name>>,
    /// As `prompts`, for the label side file only.
    pub payload: Option<Vec<Name>>,
    /// Session scope.
    pub session: Option<SessionScope>,
    /// `after` (`false`) or `before` (`true`) as written, until the stages are known.
    pub written_anchor: Option<(bool, Spanned<String>)>,
    /// When it starts.
    pub anchor: Option<Anchor>,
    /// Delay from the anchor.
    pub delay: Option<Value>,
    /// Factors on the delay, from the files that wrote it.
    pub scale: Vec<Value>,
    /// Whether the run happens.
    pub chance: Option<Value>,
    /// When the stage exists.
    pub when: Guard,
    /// Events per run.
    pub count: Option<Value>,
    /// Gap between events.
    pub gap: Option<Gap>,
    /// Span to fill.
    pub over: Option<Value>,
    /// Where to stop.
    pub until: Option<Until>,
    /// Hours.
    pub hours: Option<Hours>,
    /// Days of the week or month.
    pub on: Option<Vec<DaySet>>,
    /// One run a day.
    pub days: Option<Days>,
    /// Retry after a throttled or unavailable event.
    pub retry: Option<Value>,
    /// Fields.
    pub set: Vec<(Name, Setting)>,
    /// Label.
    pub label: Option<Label>,
    /// Technique id.
    pub technique: Option<Name>,
    /// Phase.
    pub phase: Option<Phase>,
    /// Alerts.
    pub alerts: Option<Vec<AlertRule>>,
    /// Table of `do: row`.
    pub table: Option<Name>,
    /// Factor on the volume of altered traffic.
    pub volume: Option<Value>,
    /// Share of traffic that is altered.
    pub share: Option<Share>,
    /// Whether altered traffic is removed.
    pub is_drop: bool,
}

/// A trap: an attack hidden in a look-alike.
#[derive(Clone, PartialEq, Debug)]
pub struct Trap {
    /// Name.
    pub name: Name,
    /// One sentence.
    pub goal: String,
    /// Rules that must raise it.
    pub must_fire: Vec<RuleToken>,
    /// Pool whose account an alert has to name.
    pub credited_to: Option<Name>,
    /// Stages, named `<trap>` or `<trap>.<stage>`.
    pub stages: Vec<Stage>,
}

/// The word in `alter`'s outcomes that leaves an event as it is.
pub(crate) const KEEP: &str = "keep";
