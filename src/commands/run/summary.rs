//! The summary of a run's rows that the report's workbooks read, with what its kinds say of
//! themselves.

use std::collections::{BTreeMap, BTreeSet};

use livefire_labels::LabelBook;
use livefire_report::summary::{Collector, KindInfo, Summary};

use crate::input::Known;

/// Ends the collection.
pub(super) fn of(collector: Collector, book: &LabelBook, known: &Known) -> Summary {
    let actors = book.campaigns.iter().map(|campaign| &*campaign.actor);
    let summary = collector.finish(actors);
    let campaigns = book.campaigns.iter().map(|campaign| campaign.kind.as_str());
    let groups = book.groups.iter().map(|group| group.kind.as_str());
    let ids: BTreeSet<&str> = campaigns
        .chain(groups)
        .filter(|id| !id.is_empty())
        .collect();
    let kinds = ids.into_iter().filter_map(|id| {
        let kind = known.kinds.get(id)?;
        let techniques = kind.techniques();
        let info = KindInfo {
            title: kind.title().to_owned(),
            atlas: techniques.atlas.clone(),
            owasp: techniques.owasp.clone(),
            attack: techniques.attack.clone(),
        };
        Some((id.to_owned(), info))
    });
    Summary {
        kinds: kinds.collect::<BTreeMap<_, _>>(),
        ..summary
    }
}
