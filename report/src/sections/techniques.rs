//! Coverage by the field's catalogues: OWASP's top ten for LLM applications and MITRE ATLAS.

use std::collections::BTreeMap;

use livefire_scorer::score::report::AttackRow;
use serde_json::{Value, json};

use crate::document::{Cell, Section, Table};
use crate::results::Results;

/// OWASP top ten for LLM applications, edition 2025.
const OWASP: [(&str, &str); 10] = [
    ("LLM01", "Prompt injection"),
    ("LLM02", "Sensitive information disclosure"),
    ("LLM03", "Supply chain"),
    ("LLM04", "Data and model poisoning"),
    ("LLM05", "Improper output handling"),
    ("LLM06", "Excessive agency"),
    ("LLM07", "System prompt leakage"),
    ("LLM08", "Vector and embedding weaknesses"),
    ("LLM09", "Misinformation"),
    ("LLM10", "Unbounded consumption"),
];

/// Campaigns and caught ones of one technique.
#[derive(Clone, Debug, Default)]
struct Covered {
    campaigns: u64,
    detected: u64,
    kinds: Vec<String>,
}

impl Covered {
    fn add(&mut self, row: &AttackRow, title: &str) {
        self.campaigns += row.campaigns;
        self.detected += row.detected;
        self.kinds
            .push(format!("{title} {}/{}", row.detected, row.campaigns));
    }
}

pub(super) fn section(results: &Results) -> Section {
    let title = "OWASP and MITRE ATLAS";
    if results.summary.is_none() {
        return super::left_out(
            "techniques",
            title,
            "the result holds no summary.json; run the scenario again.",
        );
    }
    let mut section = Section::new("techniques", title);
    let owasp = covered(results, |kind| &kind.owasp);
    let mut table = Table::new(
        "OWASP top ten for LLM applications: campaigns of this run",
        &["id", "risk", "#campaigns", "#caught", "by kind"],
    );
    for (id, name) in OWASP {
        let own = owasp.get(id).cloned().unwrap_or_default();
        table.rows.push(row(id, name, &own));
    }
    section.push(table);
    let atlas = covered(results, |kind| &kind.atlas);
    let mut table = Table::new(
        "MITRE ATLAS techniques: campaigns of this run",
        &["technique", "#campaigns", "#caught", "by kind"],
    );
    for (id, own) in &atlas {
        let mut cells = row(id, "", own);
        cells.remove(1);
        table.rows.push(cells);
    }
    section.push(table);
    section.note(
        "A campaign counts for every technique of its kind. A row without campaigns says that this \
         scenario does not try it, not that nothing would be seen.",
    );
    section
}

fn row(id: &str, name: &str, own: &Covered) -> Vec<Cell> {
    let class = match (own.campaigns, own.detected) {
        (0, _) => "",
        (_, 0) => "bad",
        (all, caught) if caught < all => "part",
        _ => "good",
    };
    let tried = if own.campaigns == 0 {
        "not tried".to_owned()
    } else {
        own.kinds.join(", ")
    };
    vec![
        Cell::text(id),
        Cell::text(name),
        Cell::count(own.campaigns),
        Cell::count(own.detected).class(class),
        Cell::text(tried),
    ]
}

fn covered(
    results: &Results,
    ids: impl Fn(&crate::summary::KindInfo) -> &Vec<String>,
) -> BTreeMap<String, Covered> {
    let mut covered: BTreeMap<String, Covered> = BTreeMap::new();
    for row in &results.score.attacks {
        let Some(kind) = results.kind(&row.kind) else {
            continue;
        };
        for id in ids(kind) {
            let own = covered.entry(id.clone()).or_default();
            own.add(row, &results.title(&row.kind));
        }
    }
    covered
}

/// A layer for the MITRE ATLAS Navigator: the share caught of each technique's campaigns, 0 to 100.
#[must_use]
pub fn navigator_layer(results: &Results) -> Value {
    let covered = covered(results, |kind| &kind.atlas);
    let techniques = covered.iter().map(|(id, own)| {
        let score = 100.0 * own.detected as f64 / own.campaigns.max(1) as f64;
        json!({
            "techniqueID": id,
            "score": score.round(),
            "comment": own.kinds.join(", "),
            "enabled": true,
            "showSubtechniques": id.matches('.').count() > 1,
        })
    });
    json!({
        "name": format!("livefire: {}", results.name()),
        "versions": { "layer": "4.5", "navigator": "5.1.0" },
        "domain": "atlas-atlas",
        "description": "Share of each technique's campaigns that at least one rule caught, in \
                        percent; synthetic recall is not field recall.",
        "techniques": techniques.collect::<Vec<_>>(),
        "gradient": {
            "colors": ["#d9534f", "#f0ad4e", "#3c9d5a"],
            "minValue": 0,
            "maxValue": 100,
        },
        "showTacticRowBackground": false,
        "selectTechniquesAcrossTactics": true,
    })
}
