//! Exits: the account's own usual address.

use std::collections::BTreeMap;

use livefire_schema::time::TimeSpan;

use super::super::testing::{Asked, of_stage, world};
use crate::benign::Benign;
use crate::event::{Action, Address, Outcome};

#[test]
fn a_stolen_account_leaves_through_its_most_used_address() {
    let mut checked = 0;
    for seed in 0..5 {
        let before = world(seed);
        let (plan, world) = Asked::evasion("office_exit").plan("new_ip_login", &before);
        let uses = of_stage(&plan, "use");
        let start = uses[0].at;
        let account = uses[0].account.expect("a victim");
        assert!(uses.iter().all(|event| event.address == uses[0].address));
        let (from, to) = (
            start - TimeSpan::from_days(7),
            start - TimeSpan::from_hours(1),
        );
        let benign = Benign::new(&world);
        let mut used: BTreeMap<Address, u64> = BTreeMap::new();
        for day in 0..400 {
            for event in benign.day(day, account.0..account.0 + 1, None) {
                let is_use = event.action == Action::Request
                    || (event.action == Action::SignIn && event.outcome == Outcome::Ok);
                if is_use && from <= event.at && event.at <= to {
                    *used.entry(event.address).or_default() += 1;
                }
            }
        }
        match used.values().max() {
            Some(most) => {
                assert_eq!(used.get(&uses[0].address), Some(most));
                checked += 1;
            }
            None => assert_eq!(uses[0].address, world.site_nat(world.account(account).site)),
        }
    }
    assert!(checked >= 3);
}

#[test]
fn an_indicators_address_is_never_the_exit() {
    let world = world(2);
    let (plan, world) = Asked::evasion("office_exit").plan("ti_listed_ip", &world);
    let listed = of_stage(&plan, "listing")[0].address;
    let calls = of_stage(&plan, "call");
    assert!(calls.iter().all(|event| event.address != listed));
    let (loud, _) = Asked::default().plan("ti_listed_ip", &world);
    assert!(
        of_stage(&loud, "call")
            .iter()
            .all(|event| event.address == of_stage(&loud, "listing")[0].address)
    );
}
