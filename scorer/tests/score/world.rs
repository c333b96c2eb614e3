//! A small world: a label book, and alerts over rows made on the spot.

use livefire_labels::{
    Campaign, CampaignIndex, Class, GroupIndex, LabelBook, LabelGroup, LogExtent, Phase, RowLabel,
};
use livefire_schema::alert::{Alert, EvidenceRow, Mode, Semantics, Severity, Side};
use livefire_schema::ids::{EventId, ItemId};
use livefire_schema::rules::{self, RuleToken};
use livefire_schema::time::{EventTime, TimeRange, TimeSpan};
use livefire_scorer::{LoadedRule, ScoreInput, ScoreOptions, ScoreReport};

/// Seconds after the start of the scored interval.
pub(crate) fn at(seconds: i64) -> EventTime {
    EventTime::from_unix_seconds(1_800_000_000) + TimeSpan::from_seconds(seconds)
}

/// Who causes a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    Benign,
    LookAlike,
    Cover(u32),
    Attack(u32),
    Preparation(u32),
}

pub(crate) struct World {
    pub(crate) book: LabelBook,
    pub(crate) extent: LogExtent,
    pub(crate) rules: Vec<LoadedRule>,
    pub(crate) options: ScoreOptions,
    next_item: u128,
}

impl World {
    /// A day that is scored, after a day that is not; all rules loaded, streaming.
    pub(crate) fn new() -> Self {
        let log = TimeRange {
            start: at(-86_400),
            end: at(86_400),
        };
        World {
            book: LabelBook::default(),
            extent: LogExtent {
                scenario: "test".to_owned(),
                seed: Some(7),
                log,
                scored: TimeRange {
                    start: at(0),
                    end: at(86_400),
                },
                requests: 1000,
            },
            rules: rules::RULES
                .iter()
                .filter_map(|info| LoadedRule::with_defaults(info.id, Mode::Streaming))
                .collect(),
            options: ScoreOptions::default(),
            next_item: 1,
        }
    }

    pub(crate) fn campaign(&mut self, kind: &str, t0: i64, t_end: i64, expected: &[&str]) -> u32 {
        let index = u32::try_from(self.book.campaigns.len()).expect("few campaigns");
        let tokens = expected.iter().map(|token| token.parse::<RuleToken>());
        self.book.campaigns.push(Campaign {
            id: format!("{kind}-{index}"),
            kind: kind.to_owned(),
            actor: "eve".to_owned(),
            stages: Vec::new(),
            expected: tokens.collect::<Result<_, _>>().expect("tokens parse"),
            may: Vec::new(),
            t0: at(t0),
            t_end: at(t_end),
            cut: false,
        });
        index
    }

    fn group(&mut self, by: By, table: &str, outcome: &str) -> Option<GroupIndex> {
        let (class, caused_by, phase) = match by {
            By::Benign => return None,
            By::LookAlike => (Class::HardNegative, None, Phase::Preparation),
            By::Cover(campaign) => (Class::Benign, Some(campaign), Phase::Preparation),
            By::Attack(campaign) => (Class::Campaign, Some(campaign), Phase::Hostile),
            By::Preparation(campaign) => (Class::Campaign, Some(campaign), Phase::Preparation),
        };
        let group = LabelGroup {
            class,
            caused_by: caused_by.map(CampaignIndex),
            hard_negative: (by == By::LookAlike).then(|| "nat_office_ip".to_owned()),
            phase,
            stage: String::new(),
            actor: String::new(),
            kind: String::new(),
            technique: String::new(),
            table: table.to_owned(),
            outcome: outcome.to_owned(),
        };
        let groups = &mut self.book.groups;
        let known = groups.iter().position(|other| *other == group);
        let index = known.unwrap_or_else(|| {
            groups.push(group);
            groups.len() - 1
        });
        Some(GroupIndex(u32::try_from(index).expect("few groups")))
    }

    /// A failed request, an event of its own, that arrives `delay` seconds later.
    pub(crate) fn late_row(&mut self, by: By, seconds: i64, delay: i64) -> EvidenceRow {
        self.labelled(by, "ContainerLogV2", "content", seconds, delay)
    }

    /// A row of any table, with its label in the book.
    pub(crate) fn labelled(
        &mut self,
        by: By,
        table: &str,
        outcome: &str,
        seconds: i64,
        delay: i64,
    ) -> EvidenceRow {
        let item = ItemId(self.next_item);
        let event = EventId(u64::try_from(self.next_item).expect("few rows"));
        self.next_item += 1;
        let (time, available) = (at(seconds), at(seconds + delay));
        if let Some(group) = self.group(by, table, outcome) {
            let label = RowLabel {
                item,
                event,
                time,
                ingestion: available,
                group,
            };
            self.book.rows.insert(item, label);
        }
        EvidenceRow {
            table: table.into(),
            item,
            event,
            time,
            available,
            distinct: None,
            side: None,
        }
    }

    pub(crate) fn row(&mut self, by: By, seconds: i64) -> EvidenceRow {
        self.late_row(by, seconds, 0)
    }

    pub(crate) fn rows(&mut self, rows: &[(By, i64)]) -> Vec<EvidenceRow> {
        rows.iter()
            .map(|&(by, seconds)| self.row(by, seconds))
            .collect()
    }

    pub(crate) fn sided(&mut self, by: By, seconds: i64, side: Side) -> EvidenceRow {
        EvidenceRow {
            side: Some(side),
            ..self.row(by, seconds)
        }
    }

    pub(crate) fn input<'a>(&'a self, alerts: &'a [Alert]) -> ScoreInput<'a> {
        ScoreInput {
            alerts,
            world_zero: None,
            book: &self.book,
            extent: &self.extent,
            rules: &self.rules,
            nearest: &[],
            reach: &[],
            options: self.options.clone(),
        }
    }

    #[track_caller]
    pub(crate) fn score(&self, alerts: &[Alert]) -> ScoreReport {
        livefire_scorer::score(&self.input(alerts)).expect("the contract is kept")
    }
}

/// A streaming alert of a rule over rows, raised when its k-th row has arrived.
pub(crate) fn alert(rule: &str, key: &str, threshold: u64, evidence: Vec<EvidenceRow>) -> Alert {
    let base = rule.split('@').next().unwrap_or(rule);
    let info = rules::rule(base);
    let window = info.map_or(TimeSpan::ZERO, |info| info.window);
    let last = evidence.iter().map(|row| row.time).max().unwrap_or(at(0));
    let mut available: Vec<EventTime> = evidence.iter().map(|row| row.available).collect();
    available.sort();
    let needed = usize::try_from(threshold.max(1)).expect("small") - 1;
    let raised = available.get(needed).copied().unwrap_or(last).max(last);
    Alert {
        id: format!("{rule}:{key}:{last}"),
        rule: rule.to_owned(),
        mode: Mode::Streaming,
        semantics: info.map_or(Semantics::Count, |info| info.semantics),
        key: key.to_owned(),
        threshold,
        level: evidence.len() as u64,
        window: TimeRange {
            start: last - window,
            end: last,
        },
        time: last,
        available: raised,
        raised,
        severity: Severity::High,
        classes: Vec::new(),
        entities: Vec::new(),
        evidence,
        details: livefire_schema::alert::Details::default(),
    }
}
