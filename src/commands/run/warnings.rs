//! What makes a scenario's figures less worth than they look: entries that drown the benign
//! traffic, and attacks that begin long before anything can be seen of them in the application.

use livefire_harness::RunResult;
use livefire_labels::Phase;
use livefire_schema::time::{EventTime, TimeSpan};
use rustc_hash::FxHashMap;

use crate::verdict::grouped;

/// Longest time from t0 to the first request that needs no remark.
const LATE_REQUEST: TimeSpan = TimeSpan::from_days(1);
/// One in so many of the benign rows may come from one entry.
const SHARE_OF_BENIGN: u64 = 10;
/// Tables in which requests stand.
const REQUESTS: [&str; 2] = ["ContainerLogV2", "AzureDiagnostics"];

/// What the labels show of one campaign.
#[derive(Clone, Copy, Default)]
struct Seen {
    rows: u64,
    first_request: Option<EventTime>,
}

/// Remarks on a run; `entries` are the campaigns' names, entry by entry of the scenario.
pub(super) fn of(result: &RunResult, entries: &[Vec<String>]) -> Vec<String> {
    let mut seen: FxHashMap<u32, Seen> = FxHashMap::default();
    let mut labelled = 0;
    for row in result.book.rows.values() {
        let Some(group) = result.book.group(row.group) else {
            continue;
        };
        labelled += 1;
        let Some(campaign) = group.caused_by else {
            continue;
        };
        let seen = seen.entry(campaign.0).or_default();
        seen.rows += 1;
        if group.phase == Phase::Hostile && REQUESTS.contains(&group.table.as_str()) {
            let first = seen.first_request.unwrap_or(EventTime::MAX);
            seen.first_request = Some(first.min(row.time));
        }
    }
    let of_campaign = |index: usize| {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        seen.get(&index).copied().unwrap_or_default()
    };
    let benign = result.rows.saturating_sub(labelled);
    let campaigns = &result.book.campaigns;
    let mut remarks = Vec::new();
    for names in entries {
        let own = campaigns.iter().enumerate();
        let own = own.filter(|(_, campaign)| names.contains(&campaign.id));
        let rows: u64 = own.map(|(index, _)| of_campaign(index).rows).sum();
        if rows > benign / SHARE_OF_BENIGN {
            remarks.push(format!(
                "`{}` adds {} rows to {} benign ones: over a tenth, so its traffic shapes what benign traffic looks like",
                names.join("`, `"),
                grouped(rows),
                grouped(benign)
            ));
        }
    }
    for (index, campaign) in campaigns.iter().enumerate() {
        let first = of_campaign(index).first_request;
        if let Some(first) = first.filter(|first| *first - campaign.t0 > LATE_REQUEST) {
            let hours = (first - campaign.t0).seconds_f64() / 3600.0;
            remarks.push(format!(
                "`{}` begins {hours:.0} h before its first request: times to detect count from the beginning",
                campaign.id
            ));
        }
    }
    remarks
}
