//! What several seeds say together: every figure with its interval.

use livefire_scorer::Measure;

use super::rule_title;
use crate::document::{Cell, Section, Table};
use crate::format;
use crate::results::Results;
use crate::seeds::{Pooled, PooledRule, Seeds};

/// The section, if the result holds an experiment.
pub(super) fn section(results: &Results) -> Option<Section> {
    let seeds = results.seeds.as_ref()?;
    let count = seeds.seeds.len();
    let mut section = Section::new("seeds", &format!("Over {}", format::counted(count, "seed")));
    for reason in &seeds.inconclusive {
        section.text(format!("Inconclusive: {reason}."));
    }
    section.push(rules(seeds));
    section.push(attacks(results, seeds));
    section.push(projection(seeds));
    section.note(format!(
        "Intervals hold with {} % confidence. All other sections show one seed, the first: {}.",
        seeds.options.confidence_percent,
        seeds.seeds.first().copied().unwrap_or_default()
    ));
    section.list(seeds.remarks.clone());
    Some(section)
}

fn rules(seeds: &Seeds) -> Table {
    let columns = [
        "rule",
        "#caught",
        "#recall",
        "#precision",
        "#false a day",
        "#median",
        "#P90",
    ];
    let mut table = Table::new("Rules over all seeds", &columns);
    let total = (seeds.total.rule.clone(), &seeds.total);
    let each = seeds.rules.iter();
    let each = each.map(|rule| (rule_title(&rule.rule, rule.mode), rule));
    for (title, rule) in each.chain([total]) {
        table.rows.push(row(title, rule));
    }
    table
}

fn row(title: String, rule: &PooledRule) -> Vec<Cell> {
    vec![
        Cell::text(title),
        Cell::text(format!("{}/{}", rule.caught, rule.expected)),
        pooled(rule.recall, format::share),
        pooled(rule.precision, format::share),
        pooled(rule.false_per_day, format::rate),
        Cell::measure(format::seconds(rule.p50), rule.p50),
        Cell::measure(format::seconds(rule.p90), rule.p90),
    ]
}

fn attacks(results: &Results, seeds: &Seeds) -> Table {
    let columns = ["attack", "#caught", "#recall", "#median"];
    let mut table = Table::new("Kinds of attack over all seeds", &columns);
    for attack in &seeds.attacks {
        table.rows.push(vec![
            Cell::text(results.title(&attack.kind)),
            Cell::text(format!("{}/{}", attack.detected, attack.campaigns)),
            pooled(attack.recall, format::share),
            Cell::measure(format::seconds(attack.p50), attack.p50),
        ]);
    }
    table
}

fn projection(seeds: &Seeds) -> Table {
    let requests = seeds.projection.requests_per_day.value();
    let requests = requests.map_or_else(|| format::UNDEFINED.to_owned(), |per| format!("{per:.0}"));
    let columns = ["#campaigns a week", "#precision", "#incidents a day"];
    let caption = format!("At {requests} requests a day, by how often attacks come");
    let mut table = Table::new(caption, &columns);
    for rate in &seeds.projection.rows {
        let precision = Pooled {
            value: rate.precision,
            low: rate.precision_low,
            high: rate.precision_high,
        };
        let weekly = Measure::number(rate.campaigns_per_day * 7.0);
        table.rows.push(vec![
            Cell::measure(format::rate(weekly), weekly),
            pooled(precision, small_share),
            Cell::measure(format::rate(rate.incidents_per_day), rate.incidents_per_day),
        ]);
    }
    table
}

/// A share that may be far below one hundredth.
fn small_share(share: Measure) -> String {
    share.value().map_or_else(
        || format::UNDEFINED.to_owned(),
        |share| format!("{share:.4}"),
    )
}

/// `0.87 (0.74–0.94)`.
fn pooled(pooled: Pooled, text: impl Fn(Measure) -> String) -> Cell {
    let value = text(pooled.value);
    let is_open = pooled.low.value().is_none() || pooled.high.value().is_none();
    let told = if is_open {
        value
    } else {
        format!("{value} ({}–{})", text(pooled.low), text(pooled.high))
    };
    Cell::measure(told, pooled.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stands_beside_its_interval() {
        let figure: Pooled =
            serde_json::from_str(r#"{"value":0.875,"low":0.5,"high":0.98,"method":"wilson"}"#)
                .expect("is a figure");
        assert_eq!(pooled(figure, format::share).text, "0.88 (0.50–0.98)");
        let open: Pooled = serde_json::from_str(
            r#"{"value":{"undefined":"no_campaigns"},"low":{"undefined":"no_campaigns"},"high":{"undefined":"no_campaigns"}}"#,
        )
        .expect("is a figure");
        assert_eq!(pooled(open, format::share).text, format::UNDEFINED);
    }
}
