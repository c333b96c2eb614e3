//! What a user expects of results, as a YAML file: bounds per rule and times per campaign.
//!
//! ```yaml
//! total:  { recall: { at_least: 0.8 }, false_per_day: { at_most: 2 } }
//! rules:
//!   R1:   { recall: { at_least: 90% }, false_per_day: { at_most: 0.5 } }
//!   R6:   { alerts: { exactly: 1 } }
//! campaigns:
//!   injection: { within: 15m }
//!   patient:   { caught: false }
//! ```
//!
//! Expectations are counts on given logs, not statistics: they hold or not. A rule or campaign that
//! the results do not have is a fault of the file, so that a renamed rule cannot pass unseen.
//! Codes: `LF-E001` unknown rule, `LF-E002` unknown campaign, `LF-E003` nothing expected.

use livefire_schema::alert::Mode;
use livefire_schema::rules::RULES;
use livefire_schema::spec::{Faults, MapReader, Node, Span, Spanned, or_list, parse};
use livefire_schema::time::TimeSpan;
use livefire_scorer::score::report::RuleRow;
use livefire_scorer::uncertainty::gates::Decision;
use livefire_scorer::{Measure, ScoreReport, Undefined};
use serde::Serialize;

/// An expectations file as read.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    bounds: Vec<Bound>,
    campaigns: Vec<Wish>,
}

/// One bound on one figure.
#[derive(Clone, Debug)]
struct Bound {
    /// Rule as named; nothing for the total.
    rule: Option<Spanned<String>>,
    figure: Figure,
    relation: Relation,
    limit: f64,
    span: Span,
}

/// One campaign's wish.
#[derive(Clone, Debug)]
struct Wish {
    campaign: Spanned<String>,
    /// `None`: must not be caught; else caught, within a time if there is one.
    caught: Option<Option<TimeSpan>>,
    span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Figure {
    Recall,
    Precision,
    FalsePerDay,
    Alerts,
    Caught,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relation {
    AtLeast,
    AtMost,
    Exactly,
}

const FIGURES: [(&str, Figure); 5] = [
    ("recall", Figure::Recall),
    ("precision", Figure::Precision),
    ("false_per_day", Figure::FalsePerDay),
    ("alerts", Figure::Alerts),
    ("caught", Figure::Caught),
];
const RELATIONS: [(&str, Relation); 3] = [
    ("at_least", Relation::AtLeast),
    ("at_most", Relation::AtMost),
    ("exactly", Relation::Exactly),
];

/// One expectation beside what was measured.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Checked {
    /// `R1 recall`, `total false_per_day`, `campaign injection`.
    pub what: String,
    /// `at least 0.9`, `within 15m`.
    pub wanted: String,
    /// What was measured: a share, rate, count, or seconds.
    pub measured: Measure,
    /// PASS or FAIL; INCONCLUSIVE where the figure is undefined.
    pub decision: Decision,
    /// Line of the file, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The seed that was worst, for campaigns over several.
    pub seed: Option<u64>,
}

impl Expectations {
    /// Reads a file; nothing if it has faults, which are noted.
    #[must_use]
    pub fn read(bytes: &[u8], faults: &Faults) -> Option<Self> {
        let node = parse(bytes, faults)?;
        let mut map = MapReader::open(&node, "the expectations", faults)?;
        let mut expected = Expectations::default();
        if let Some(total) = map.take("total") {
            expected.bounds_of(None, total, faults);
        }
        for (name, node) in map.entries("rules") {
            expected.bounds_of(Some(name), node, faults);
        }
        for (name, node) in map.entries("campaigns") {
            expected.wish(name, node, faults);
        }
        let span = map.span();
        map.finish();
        if expected.bounds.is_empty() && expected.campaigns.is_empty() && !faults.has_errors() {
            let message = "nothing is expected here; write `rules: { R1: { recall: { at_least: \
                           0.9 } } }`";
            faults.error("LF-E003", span, message);
        }
        (!faults.has_errors()).then_some(expected)
    }

    fn bounds_of(&mut self, rule: Option<&Spanned<String>>, node: &Node, faults: &Faults) {
        let what = rule.map_or("the total".to_owned(), |rule| {
            format!("rule `{}`", rule.value)
        });
        let Some(mut map) = MapReader::open(node, what.clone(), faults) else {
            return;
        };
        let before = self.bounds.len();
        for (name, figure) in FIGURES {
            // Rules have no precision of their own: a campaign may be another rule's.
            if figure == Figure::Precision && rule.is_some() {
                continue;
            }
            let Some(mut limits) = map.map(name, format!("`{name}` of {what}")) else {
                continue;
            };
            for (word, relation) in RELATIONS {
                let limit = match figure {
                    Figure::Recall | Figure::Precision => limits.share(word),
                    _ => limits.number(word, 0.0..=1e12),
                };
                self.bounds.extend(limit.map(|limit| Bound {
                    rule: rule.cloned(),
                    figure,
                    relation,
                    limit: limit.value,
                    span: limit.span,
                }));
            }
            limits.finish();
        }
        let span = map.span();
        map.finish();
        if self.bounds.len() == before && !faults.has_errors() {
            let message = format!("{what} expects nothing; write `recall: {{ at_least: 0.9 }}`");
            faults.error("LF-E003", span, message);
        }
    }

    fn wish(&mut self, campaign: &Spanned<String>, node: &Node, faults: &Faults) {
        let what = format!("campaign `{}`", campaign.value);
        let Some(mut map) = MapReader::open(node, what.clone(), faults) else {
            return;
        };
        let within = map.duration("within");
        let caught = map.flag("caught");
        let span = within.as_ref().map(|within| within.span);
        let span = span.or(caught.as_ref().map(|caught| caught.span));
        map.finish();
        let wish = match (within, caught.map(|caught| caught.value)) {
            (Some(within), None | Some(true)) => Some(Some(within.value)),
            (None, Some(true)) => Some(None),
            (None, Some(false)) => None,
            (Some(within), Some(false)) => {
                let message = format!("{what} cannot be caught in time and not be caught");
                faults.error("LF-E003", within.span, message);
                return;
            }
            (None, None) => {
                let message = format!("{what} expects nothing; write `within: 15m`");
                faults.error("LF-E003", campaign.span, message);
                return;
            }
        };
        self.campaigns.push(Wish {
            campaign: campaign.clone(),
            caught: wish,
            span: span.unwrap_or(campaign.span),
        });
    }

    /// Checks all expectations on the results of one or several seeds; rules are pooled, campaigns
    /// must fit on every seed. Nothing if a rule or campaign is unknown, which is noted.
    #[must_use]
    pub fn check(&self, reports: &[ScoreReport], faults: &Faults) -> Option<Vec<Checked>> {
        let bounds = self.bounds.iter().map(|bound| bound.check(reports, faults));
        let wishes = self.campaigns.iter();
        let wishes = wishes.map(|wish| wish.check(reports, faults));
        let all: Vec<Option<Checked>> = bounds.chain(wishes).collect();
        (!faults.has_errors()).then(|| all.into_iter().flatten().collect())
    }
}

impl Bound {
    fn check(&self, reports: &[ScoreReport], faults: &Faults) -> Option<Checked> {
        let (name, measured) = match &self.rule {
            None => ("total".to_owned(), total(self.figure, reports)),
            Some(rule) => {
                let rows = rows(rule, reports, faults)?;
                let days = reports.iter().map(|report| report.headline.scored_days);
                (rows[0].rule.clone(), pooled(self.figure, &rows, days.sum()))
            }
        };
        let figures = FIGURES.iter().find(|(_, figure)| *figure == self.figure);
        let figure = figures.map_or("", |(word, _)| word);
        let (words, holds) = match self.relation {
            Relation::AtLeast => (
                "at least",
                measured.value().map(|value| value >= self.limit),
            ),
            Relation::AtMost => ("at most", measured.at_most(self.limit)),
            // Written with as many digits as the user gave; counts are exact.
            Relation::Exactly => (
                "exactly",
                measured
                    .value()
                    .map(|value| (value - self.limit).abs() < 1e-9),
            ),
        };
        Some(Checked {
            what: format!("{name} {figure}"),
            wanted: format!("{words} {}", self.limit),
            measured,
            decision: decision(holds),
            line: self.span.line,
            column: self.span.column,
            seed: None,
        })
    }
}

fn decision(holds: Option<bool>) -> Decision {
    match holds {
        Some(true) => Decision::Pass,
        Some(false) => Decision::Fail,
        None => Decision::Inconclusive,
    }
}

/// The rule's row in every report.
fn rows<'r>(
    rule: &Spanned<String>,
    reports: &'r [ScoreReport],
    faults: &Faults,
) -> Option<Vec<&'r RuleRow>> {
    let mut known = RULES.iter();
    let info = known.find(|info| info.name == rule.value);
    let id = info.map_or(rule.value.as_str(), |info| info.id);
    let mut found = Vec::new();
    for report in reports {
        let of_rule = |mode| {
            let mut rows = report.rules.iter();
            rows.find(|row| row.rule == id && row.mode == mode)
        };
        match of_rule(Mode::Streaming).or(of_rule(Mode::Binned)) {
            Some(row) => found.push(row),
            None => {
                let names = report.rules.iter().map(|row| row.rule.as_str());
                let end = or_list(&rule.value, "rules", names);
                let message = format!("`{}` is no rule of these results{end}", rule.value);
                faults.error("LF-E001", rule.span, message);
                return None;
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

fn pooled(figure: Figure, rows: &[&RuleRow], days: f64) -> Measure {
    let sum = |part: &dyn Fn(&RuleRow) -> u64| rows.iter().map(|row| part(row)).sum::<u64>();
    match figure {
        Figure::Recall | Figure::Precision => Measure::ratio(
            sum(&|row| row.caught),
            sum(&|row| row.expected),
            Undefined::NoCampaigns,
        ),
        Figure::FalsePerDay => per_day(sum(&|row| row.false_incidents), days),
        Figure::Alerts => Measure::count(sum(&|row| row.alerts)),
        Figure::Caught => Measure::count(sum(&|row| row.credited)),
    }
}

fn total(figure: Figure, reports: &[ScoreReport]) -> Measure {
    let heads = reports.iter().map(|report| &report.headline);
    let (mut campaigns, mut detected, mut falses, mut alerts, mut days) = (0, 0, 0, 0, 0.0);
    for head in heads {
        campaigns += head.campaigns;
        detected += head.detected;
        falses += head.false_incidents;
        alerts += head.counts.alerts;
        days += head.scored_days;
    }
    match figure {
        Figure::Recall => Measure::ratio(detected, campaigns, Undefined::NoCampaigns),
        Figure::Precision => {
            Measure::ratio(detected, detected + falses, Undefined::NothingReported)
        }
        Figure::FalsePerDay => per_day(falses, days),
        Figure::Alerts => Measure::count(alerts),
        Figure::Caught => Measure::count(detected),
    }
}

fn per_day(count: u64, days: f64) -> Measure {
    if days > 0.0 {
        Measure::number(count as f64 / days)
    } else {
        Measure::undefined(Undefined::NoExposure)
    }
}

impl Wish {
    fn check(&self, reports: &[ScoreReport], faults: &Faults) -> Option<Checked> {
        let id = self.campaign.value.as_str();
        let mut worst: Option<(Option<u64>, Measure)> = None;
        for report in reports {
            let Some(row) = report.campaigns.iter().find(|row| row.id == id) else {
                let names = report.campaigns.iter().map(|row| row.id.as_str());
                let end = or_list(id, "campaigns", names);
                let message = format!("`{id}` is no campaign of these results{end}");
                faults.error("LF-E002", self.campaign.span, message);
                return None;
            };
            let time = if row.detected {
                row.time_to_detect
            } else {
                Measure::INFINITE
            };
            let is_worse = worst.is_none_or(|(_, known)| match self.caught {
                Some(_) => time > known,
                None => time < known,
            });
            if is_worse {
                worst = Some((report.seed, time));
            }
        }
        let (seed, measured) = worst?;
        let (wanted, holds) = match self.caught {
            Some(Some(within)) => (
                format!("within {within}"),
                measured.at_most(within.seconds_f64()),
            ),
            Some(None) => ("caught".to_owned(), Some(!measured.is_infinite())),
            None => ("not caught".to_owned(), Some(measured.is_infinite())),
        };
        Some(Checked {
            what: format!("campaign {id}"),
            wanted,
            measured,
            decision: decision(holds),
            line: self.span.line,
            column: self.span.column,
            seed: seed.filter(|_| reports.len() > 1),
        })
    }
}
