//! Numbers of both classes, field by field and log by log.
//!
//! A class of a field keeps at most as many values as a fixed number, those whose units have the
//! smallest hashes: a sample that depends neither on order nor on time.

use std::collections::BTreeMap;

use livefire_labels::BatchRow;
use livefire_schema::time::{EventTime, TimeSpan};
use livefire_scorer::evaluator::leak::audit;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Line;
use super::fields::{Choice, Facts, Half, Number};
use super::model::{self, Example};

/// Distinct values of a class of a field that are kept.
const MOST: usize = 40_000;

/// The fields that ranks make.
const ORDER: &str = "order within its minute";
const DELAY: &str = "delay, rank within its hour";

/// Name of a field: table, and field in it.
type Name = (&'static str, &'static str);

/// One row of the log being read.
#[derive(Debug)]
struct Noted {
    facts: Facts,
    campaign: Option<u32>,
    /// The row's own table: those of one pool differ in their delays.
    table: u16,
    item: u64,
    minute: EventTime,
    hour: EventTime,
    delay: f64,
    delay_rank: f64,
    /// Rank in its minute.
    order: f64,
    /// Whether it stands for its campaign there.
    counts: bool,
}

/// One log: what has to be seen whole before it gives numbers.
#[derive(Debug)]
pub(super) struct Seed {
    number: u64,
    rows: Vec<Noted>,
}

impl Seed {
    pub(super) fn new(number: u64) -> Self {
        Seed {
            number,
            rows: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, facts: Facts, row: &BatchRow, campaign: Option<u32>) {
        let item = row.item.0.to_le_bytes();
        self.rows.push(Noted {
            facts,
            campaign,
            table: row.table.0,
            item: livefire_schema::ids::hash_bytes(&item),
            minute: row.ingestion.bin(TimeSpan::from_minutes(1)),
            hour: row.time.bin(TimeSpan::from_hours(1)),
            delay: (row.ingestion - row.time).seconds_f64(),
            delay_rank: 0.0,
            order: 0.0,
            counts: false,
        });
    }

    /// Rank of each row among those of its table and minute, from 0 to 1; rows stand in the order
    /// of their ingestion. Of one campaign only one row a minute counts, since its others stand
    /// beside it.
    fn rank_order(&mut self) {
        for rows in self.together(|row| row.minute) {
            let mut chosen: FxHashMap<u32, usize> = FxHashMap::default();
            for index in &rows {
                if let Some(campaign) = self.rows[*index].campaign {
                    let best = chosen.entry(campaign).or_insert(*index);
                    if self.rows[*index].item < self.rows[*best].item {
                        *best = *index;
                    }
                }
            }
            let size = rows.len();
            for (rank, index) in rows.into_iter().enumerate() {
                let row = &mut self.rows[index];
                row.order = part(rank, size, row.item);
                row.counts = row
                    .campaign
                    .is_none_or(|campaign| chosen.get(&campaign) == Some(&index));
            }
        }
    }

    /// Rank of each row's delay among those of its table and hour, from 0 to 1.
    fn rank_delays(&mut self) {
        for mut rows in self.together(|row| row.hour) {
            rows.sort_by(|a, b| self.rows[*a].delay.total_cmp(&self.rows[*b].delay));
            let size = rows.len();
            for (rank, index) in rows.into_iter().enumerate() {
                let row = &mut self.rows[index];
                row.delay_rank = part(rank, size, row.item.rotate_left(13));
            }
        }
    }

    /// The row that stands for each unit: not the first one, which would be one that came early.
    fn units(&self) -> FxHashMap<(&'static str, u64), u64> {
        let mut units = FxHashMap::default();
        for row in &self.rows {
            let best = units
                .entry((row.facts.table, row.facts.unit))
                .or_insert(row.item);
            *best = row.item.min(*best);
        }
        units
    }

    /// Indices of rows of one table and time, in their order.
    fn together(&self, time: impl Fn(&Noted) -> EventTime) -> Vec<Vec<usize>> {
        let mut all: BTreeMap<(u16, EventTime), Vec<usize>> = BTreeMap::new();
        for (index, row) in self.rows.iter().enumerate() {
            all.entry((row.table, time(row))).or_default().push(index);
        }
        all.into_values().collect()
    }
}

/// A rank as a number that is uniform however many there are: its place in the rank is drawn.
fn part(rank: usize, size: usize, item: u64) -> f64 {
    (rank as f64 + drawn(item)) / size as f64
}

/// A number from 0 to 1 that a unit stands for.
fn drawn(unit: u64) -> f64 {
    (spread(unit.rotate_left(7)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Values of one field.
#[derive(Debug, Default)]
struct Values {
    /// By unit, of rows without and with a campaign.
    classes: [BTreeMap<u64, f64>; 2],
}

impl Values {
    fn put(&mut self, is_attack: bool, unit: u64, value: f64) {
        let class = &mut self.classes[usize::from(is_attack)];
        class.entry(spread(unit)).or_insert(value);
        if class.len() > MOST {
            class.pop_last();
        }
    }

    fn of(&self, is_attack: bool) -> Vec<f64> {
        let class = &self.classes[usize::from(is_attack)];
        class.values().copied().collect()
    }
}

/// An order of units that has nothing to do with their values.
fn spread(unit: u64) -> u64 {
    livefire_schema::ids::hash_bytes(&unit.to_le_bytes())
}

/// How often each choice was made, by field and group.
#[derive(Debug, Default)]
struct Usual {
    groups: FxHashMap<(Name, u64), BTreeMap<u64, f64>>,
}

impl Usual {
    fn add(&mut self, name: Name, choice: &Choice) {
        let group = self.groups.entry((name, choice.group)).or_default();
        *group.entry(choice.chosen).or_default() += 1.0;
    }

    /// Share of commoner choices, and of the choice itself a part that the unit draws; `None` where
    /// nobody else chose in the group.
    fn place(&self, name: Name, choice: &Choice) -> Option<f64> {
        let group = self.groups.get(&(name, choice.group))?;
        let total: f64 = group.values().sum();
        let Some(own) = group.get(&choice.chosen) else {
            return Some(1.0);
        };
        let is_commoner = |(other, count): &(&u64, &f64)| {
            *count > own || (*count == own && **other < choice.chosen)
        };
        let commoner: f64 = group
            .iter()
            .filter(is_commoner)
            .map(|(_, count)| count)
            .sum();
        let part = drawn(choice.unit);
        Some((commoner + own * part) / total)
    }
}

/// What all logs so far gave.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    fields: BTreeMap<Name, Values>,
    examples: BTreeMap<&'static str, Vec<Example>>,
}

impl Gathered {
    /// Takes the numbers of one log.
    pub(super) fn take(&mut self, mut seed: Seed) {
        seed.rank_order();
        seed.rank_delays();
        self.calls(&seed);
        self.choices(&seed);
        let units = seed.units();
        for row in &seed.rows {
            let table = row.facts.table;
            let is_attack = row.campaign.is_some();
            let mut numbers = row.facts.numbers.clone();
            for (field, value) in [(DELAY, row.delay_rank), (ORDER, row.order)] {
                let unit = row.item;
                numbers.push(Number { field, unit, value });
            }
            let counting = numbers
                .iter()
                .filter(|one| row.counts || one.field != ORDER);
            for number in counting {
                let values = self.fields.entry((table, number.field)).or_default();
                values.put(is_attack, number.unit, number.value);
            }
            // One example a unit; alerts and small tables are too few for a model.
            let stands = units.get(&(table, row.facts.unit)) == Some(&row.item);
            if !table.contains(' ') && stands {
                let cluster = row.campaign.map_or(row.facts.unit, u64::from);
                let fold = spread(cluster ^ seed.number << 32) & 1 == 1;
                let examples = self.examples.entry(table).or_default();
                examples.push(Example::new(&numbers, is_attack, fold));
            }
        }
    }

    /// Duration and envelope of a call, from its two rows.
    fn calls(&mut self, seed: &Seed) {
        let mut tokens: FxHashMap<u64, (f64, f64)> = FxHashMap::default();
        for row in &seed.rows {
            if let Some((call, Half::Application { prompt, completion })) = row.facts.call {
                tokens.insert(call, (prompt, completion));
            }
        }
        for row in &seed.rows {
            let Some((call, half)) = row.facts.call else {
                continue;
            };
            let Half::Service {
                request,
                response,
                duration,
                status,
            } = half
            else {
                continue;
            };
            let is_attack = row.campaign.is_some();
            let mut put = |field: &'static str, value: f64| {
                let values = self.fields.entry(("AzureDiagnostics", field)).or_default();
                values.put(is_attack, call, value);
            };
            match (status, tokens.get(&call)) {
                (200, Some((prompt, completion))) => {
                    let usual = 240.0 + 11.0 * completion + 0.04 * prompt;
                    put("DurationMs of 200 against its tokens", duration / usual);
                    put(
                        "responseLength beyond its tokens",
                        response - 4.0 * completion,
                    );
                    put("requestLength beyond its tokens", request - 4.0 * prompt);
                }
                (400, _) => put("DurationMs of 400", duration),
                (429, _) => put("DurationMs of 429", duration),
                _ => {}
            }
            if status != 200 {
                put("responseLength of errors", response);
            }
        }
    }

    /// Where a choice lies among those of its group, commonest first, as a number that is uniform
    /// whatever the group if attacks choose as others do; 1 for what nobody else chose. One half of
    /// the benign units says what is common, the other is compared: a unit never judges itself.
    fn choices(&mut self, seed: &Seed) {
        let mut usual = Usual::default();
        let mut made: Vec<(Name, Choice, bool)> = Vec::new();
        let mut seen: FxHashSet<(Name, u64, u64, bool)> = FxHashSet::default();
        for row in &seed.rows {
            let is_attack = row.campaign.is_some();
            for choice in &row.facts.choices {
                let name = (row.facts.table, choice.field);
                if !seen.insert((name, choice.unit, choice.chosen, is_attack)) {
                    continue;
                }
                if !is_attack && spread(choice.unit) & 1 == 1 {
                    usual.add(name, choice);
                } else {
                    made.push((name, *choice, is_attack));
                }
            }
        }
        for (name, choice, is_attack) in made {
            if let Some(place) = usual.place(name, &choice) {
                let values = self.fields.entry(name).or_default();
                values.put(is_attack, choice.unit ^ choice.chosen, place);
            }
        }
    }

    /// One line a field, and one a model.
    pub(super) fn lines(self, alpha: f64) -> (Vec<Line>, Vec<Line>) {
        let count = self.fields.len() as u64;
        let fields = self.fields.iter().map(|((table, field), values)| {
            let (attack, benign) = (values.of(true), values.of(false));
            Line {
                field: format!("{table} {field}"),
                audit: audit(&attack, &benign, count, alpha),
                attack: attack.len(),
                benign: benign.len(),
            }
        });
        let models = self.examples.iter().map(|(table, examples)| {
            let (attack, benign) = model::scores(examples);
            Line {
                field: format!("{table}, all fields together"),
                audit: audit(&attack, &benign, self.examples.len() as u64, alpha),
                attack: attack.len(),
                benign: benign.len(),
            }
        });
        (fields.collect(), models.collect())
    }
}
