//! The values that TABLES.md asks for.

use std::collections::BTreeSet;
use std::sync::Arc;

use livefire_schema::table::Schema;
use livefire_schema::time::EventTime;

use super::super::fixture::{self, event, recipes, with};
use super::super::{Recipes, RowKind};
use super::{Json, fits_table, render, row};
use crate::event::{Action, Address, Outcome, ResourceRef};

#[test]
fn app_row_and_service_row_share_the_request_id() {
    let recipes = recipes();
    let request = event(Action::Request, Outcome::Pass);
    let (app, app_id) = render(&recipes, RowKind::Application, &request);
    let (service, service_id) = render(&recipes, RowKind::Service, &request);
    assert_eq!(app["LogMessage"]["request_id"], service["CorrelationId"]);
    assert_eq!(app_id, service_id);
}

#[test]
fn an_application_that_stops_prompts_writes_no_service_row() {
    let mut world = fixture::world();
    world.directory.applications[0].stops_prompts = true;
    let schema = Arc::new(Schema::embedded());
    let recipes = Recipes::new(Arc::new(world), schema);
    let rows = |outcome| recipes.rows(&event(Action::Request, outcome)).len();
    assert_eq!((rows(Outcome::Injection), rows(Outcome::Content)), (1, 1));
    assert_eq!((rows(Outcome::Pass), rows(Outcome::Withheld)), (2, 2));
}

#[track_caller]
fn service_says(outcome: Outcome, signature: &str, app_status: u16) {
    let recipes = recipes();
    let request = event(Action::Request, outcome);
    let service = row(&recipes, RowKind::Service, &request);
    let app = row(&recipes, RowKind::Application, &request);
    assert_eq!(service["ResultSignature"], signature);
    assert_eq!(app["LogMessage"]["http_status"], app_status);
}

#[test]
fn filtered_prompts_are_400_and_filtered_answers_stay_200() {
    service_says(Outcome::Injection, "400", 400);
    service_says(Outcome::Withheld, "200", 200);
    service_says(Outcome::Throttled, "429", 429);
    service_says(Outcome::Refused, "401", 401);
}

#[test]
fn properties_are_json_text_with_ticks() {
    let recipes = recipes();
    let request = event(Action::Request, Outcome::Pass);
    let service = row(&recipes, RowKind::Service, &request);
    let text = service["properties_s"].as_str().expect("is text");
    let inner: Json = serde_json::from_str(text).expect("is JSON inside");
    assert_eq!(inner["responseTime"], request.at.ticks());
    let duration = service["DurationMs"].as_i64().unwrap();
    assert_eq!(inner["requestTime"], request.at.ticks() - duration * 10_000);
    assert!(inner["requestLength"].as_i64().unwrap() > 0);
    let deployment = &recipes.world().directory.deployments[0];
    assert_eq!(inner["modelDeploymentName"], deployment.name.as_str());
}

#[test]
fn key_calls_show_the_caller_masked_and_no_identity() {
    let recipes = recipes();
    let mut call = event(Action::KeyCall, Outcome::Ok);
    call.account = None;
    call.application = None;
    call.resource = Some(ResourceRef(1));
    let service = row(&recipes, RowKind::Service, &call);
    assert_eq!(service["CallerIPAddress"], "198.18.7.***");
    let name = recipes.world().directory.resources[1].name.to_uppercase();
    assert_eq!(service["Resource"], name);
    let inner: Json = serde_json::from_str(service["properties_s"].as_str().unwrap()).unwrap();
    assert_eq!(inner["objectId"], "");
    call.address = Address::new("2001:db8:1:2::9".parse().unwrap());
    let service = row(&recipes, RowKind::Service, &call);
    assert_eq!(service["CallerIPAddress"], "2001:db8:1:2::***");
}

#[test]
fn model_listings_name_no_model() {
    let service = row(
        &recipes(),
        RowKind::Service,
        &event(Action::KeyCall, Outcome::ListModels),
    );
    let inner: Json = serde_json::from_str(service["properties_s"].as_str().unwrap()).unwrap();
    assert_eq!(service["OperationName"], "Models_List");
    assert!(!inner.contains_key("modelName") && !inner.contains_key("streamType"));
}

#[test]
fn key_listings_are_sparse() {
    let recipes = recipes();
    let row = row(
        &recipes,
        RowKind::KeyListing,
        &event(Action::Change, Outcome::KeysListed),
    );
    for missing in [
        "ResultSignature",
        "CallerIPAddress",
        "DurationMs",
        "CorrelationId",
    ] {
        assert!(!row.contains_key(missing), "{missing}");
    }
    let object_id = &recipes.world().directory.accounts[0].object_id;
    assert_eq!(
        row["properties_s"],
        format!("{{\"objectId\":\"{object_id}\"}}")
    );
}

#[test]
fn sign_in_codes_are_text_beside_a_number() {
    let recipes = recipes();
    for (outcome, code) in [
        (Outcome::Ok, "0"),
        (Outcome::BadPassword, "50126"),
        (Outcome::MfaNeeded, "50076"),
        (Outcome::MfaDenied, "500121"),
        (Outcome::Kmsi, "50140"),
        (Outcome::Blocked, "53003"),
    ] {
        let row = row(&recipes, RowKind::SignIn, &event(Action::SignIn, outcome));
        assert_eq!(row["ResultType"], code);
        assert_eq!(row["Status"]["errorCode"].to_string(), code);
    }
    let unknown = row(
        &recipes,
        RowKind::SignIn,
        &event(Action::SignIn, Outcome::UnknownUser),
    );
    assert_eq!(unknown["UserId"], "");
    assert_ne!(unknown["UserPrincipalName"], "");
}

#[test]
fn the_non_interactive_table_holds_json_as_text() {
    let row = row(
        &recipes(),
        RowKind::TokenRefresh,
        &event(Action::TokenRefresh, Outcome::Ok),
    );
    for column in ["LocationDetails", "DeviceDetail", "Status"] {
        let text = row[column].as_str().expect("is text");
        serde_json::from_str::<Json>(text).expect("is JSON inside");
    }
}

#[test]
fn steps_of_one_sign_in_share_their_correlation_id() {
    let recipes = recipes();
    let first = event(Action::SignIn, Outcome::MfaNeeded);
    let mut second = event(Action::SignIn, Outcome::Ok);
    second.session = first.session;
    let (a, b) = (
        row(&recipes, RowKind::SignIn, &first),
        row(&recipes, RowKind::SignIn, &second),
    );
    assert_eq!(a["CorrelationId"], b["CorrelationId"]);
    assert_ne!(a["Id"], b["Id"]);
}

#[test]
fn an_alert_has_one_row_per_entity_and_two_ids() {
    let recipes = recipes();
    let alert = with(event(Action::DefenderAlert, Outcome::None), |detail| {
        detail.alert_type = Some("Azure_Jailbreak.ContentFiltering.BlockedAttempt".to_owned());
    });
    let rows: Vec<(RowKind, Json)> = recipes
        .rows(&alert)
        .into_iter()
        .map(|kind| (kind, row(&recipes, kind, &alert)))
        .collect();
    let kinds: Vec<RowKind> = rows.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        kinds,
        [
            RowKind::SecurityAlert,
            RowKind::AlertInfo,
            RowKind::EvidenceResource,
            RowKind::EvidenceAddress,
            RowKind::EvidenceUser
        ]
    );
    let ids: BTreeSet<&str> = rows[1..]
        .iter()
        .map(|(_, row)| row["AlertId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 1);
    assert!(!ids.contains(rows[0].1["SystemAlertId"].as_str().unwrap()));
    assert_eq!(rows[2].1["AdditionalFields"]["Asset"], "true");
    assert_eq!(rows[3].1["RemoteIP"], "198.18.7.41");
    assert_eq!(rows[3].1["AccountUpn"], "");
    assert_ne!(rows[4].1["AccountUpn"], "");
    let entities: Vec<Json> =
        serde_json::from_str(rows[0].1["Entities"].as_str().unwrap()).unwrap();
    assert_eq!(entities.len(), 3);
}

#[test]
fn without_user_context_an_alert_names_only_the_resource() {
    let mut world = fixture::world();
    world.directory.applications[0].passes_user_context = false;
    let schema = Arc::new(Schema::embedded());
    let recipes = Recipes::new(Arc::new(world), schema);
    let alert = with(event(Action::DefenderAlert, Outcome::None), |detail| {
        detail.alert_type = Some("Azure_ASCIISmuggling".to_owned());
    });
    assert_eq!(
        recipes.rows(&alert).last(),
        Some(&RowKind::EvidenceResource)
    );
}

#[test]
fn an_indicator_keeps_its_id_over_publications() {
    let recipes = recipes();
    let key = crate::random::Key::root(5);
    let publish = |outcome| {
        let event = with(event(Action::Indicator, outcome), |detail| {
            detail.indicator = Some(key);
        });
        row(&recipes, RowKind::Indicator, &event)
    };
    let (active, revoked, expired) = (
        publish(Outcome::Active),
        publish(Outcome::Revoked),
        publish(Outcome::Expired),
    );
    assert_eq!(
        (&active["Id"], &active["Id"]),
        (&revoked["Id"], &expired["Id"])
    );
    assert_eq!(active["IsActive"], true);
    assert_eq!(
        (&revoked["IsActive"], &revoked["Revoked"]),
        (&false.into(), &true.into())
    );
    let until = EventTime::parse(expired["ValidUntil"].as_str().unwrap()).unwrap();
    assert!(until < event(Action::Indicator, Outcome::Expired).at);
}

#[test]
fn single_columns_can_be_set() {
    let recipes = recipes();
    let request = with(event(Action::Request, Outcome::Throttled), |detail| {
        detail.columns = vec![
            (
                "ContainerLogV2".to_owned(),
                "LogMessage.retry_after_s".to_owned(),
                7.into(),
            ),
            (
                "AzureDiagnostics".to_owned(),
                "DurationMs".to_owned(),
                5.into(),
            ),
        ];
    });
    let app = row(&recipes, RowKind::Application, &request);
    assert_eq!(app["LogMessage"]["retry_after_s"], 7);
    let service = row(&recipes, RowKind::Service, &request);
    assert_eq!(
        (&service["DurationMs"], &service["ResultSignature"]),
        (&5.into(), &"429".into())
    );
}

#[test]
fn a_row_of_any_table_gets_identity_address_and_time() {
    let recipes = recipes();
    let given = with(event(Action::Row, Outcome::None), |detail| {
        detail.row = Some("BehaviorAnalytics".to_owned());
        detail.columns = vec![(
            "BehaviorAnalytics".to_owned(),
            "InvestigationPriority".to_owned(),
            7.into(),
        )];
    });
    assert_eq!(recipes.rows(&given).as_slice(), [RowKind::Custom]);
    let row = row(&recipes, RowKind::Custom, &given);
    let table = recipes.schema().find("BehaviorAnalytics").unwrap();
    fits_table(recipes.schema().table(table), &row);
    assert_eq!(row["InvestigationPriority"], 7);
    assert_eq!(row["SourceIPAddress"], "198.18.7.41");
    assert_eq!(row["TimeGenerated"], given.at.to_string());
}

#[test]
fn a_prompt_with_quotes_and_controls_stays_one_valid_line() {
    let recipes = recipes();
    let set = recipes
        .world()
        .prompts
        .set_index("log_injection")
        .expect("is shipped");
    for template in 0..6 {
        let mut request = event(Action::Request, Outcome::Injection);
        let prompt = request.prompt.as_mut().unwrap();
        (prompt.set, prompt.template) = (set, template);
        let row = row(&recipes, RowKind::Application, &request);
        let mut text = String::new();
        recipes
            .world()
            .prompts
            .render(&request.prompt.unwrap(), &mut text);
        let sample: String = text.chars().take(80).collect();
        assert_eq!(row["LogMessage"]["full_prompt_sample"], sample);
        assert_eq!(row["LogMessage"]["prompt_hash"].as_str().unwrap().len(), 32);
    }
}

#[test]
fn an_unescaped_prompt_breaks_its_line_into_two_plain_texts() {
    let recipes = recipes();
    let set = recipes
        .world()
        .prompts
        .set_index("log_injection")
        .expect("is shipped");
    let mut broken = 0;
    for template in 0..6 {
        let mut request = with(event(Action::Request, Outcome::Injection), |detail| {
            detail.escape = Some(false);
        });
        let prompt = request.prompt.as_mut().unwrap();
        (prompt.set, prompt.template) = (set, template);
        let kinds = recipes.rows(&request);
        if kinds[0] == RowKind::Application {
            continue;
        }
        broken += 1;
        assert_eq!(
            kinds[..2],
            [RowKind::ApplicationHead, RowKind::ApplicationTail]
        );
        for kind in &kinds[..2] {
            let (row, _) = render(&recipes, *kind, &request);
            let part = row["LogMessage"].as_str().expect("is plain text");
            assert!(serde_json::from_str::<Json>(part).is_err(), "{part}");
        }
    }
    assert!(broken > 0, "some prompt of the set breaks its line");
}

#[test]
fn a_users_own_table_is_written_as_its_file_defines_it() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let definition = r#"{
        "name": "Vault_CL", "time_column": "When_t", "duplicate_key": "Call_g",
        "identity_column": "Who_s", "address_column": "From_s",
        "columns": [
            {"name": "Who_s", "type": "string"}, {"name": "When_t", "type": "datetime"},
            {"name": "Secrets_d", "type": "int"}, {"name": "Call_g", "type": "guid"},
            {"name": "From_s", "type": "string"}
        ]
    }"#;
    std::fs::write(folder.path().join("Vault_CL.json"), definition).expect("can be written");
    let schema = Schema::embedded()
        .with_user_tables(folder.path())
        .expect("is valid");
    let recipes = Recipes::new(Arc::new(fixture::world()), Arc::new(schema));
    let given = with(event(Action::Row, Outcome::None), |detail| {
        detail.row = Some("Vault_CL".to_owned());
        detail.columns = vec![("Vault_CL".to_owned(), "Secrets_d".to_owned(), 12.into())];
    });
    let row = row(&recipes, RowKind::Custom, &given);
    let names: Vec<&str> = row.keys().map(String::as_str).take(5).collect();
    assert_eq!(
        names,
        ["Who_s", "When_t", "Secrets_d", "Call_g", "From_s"],
        "in the order of the definition"
    );
    let object_id = recipes.world().directory.accounts[0].object_id.as_str();
    assert_eq!(row["Who_s"], object_id);
    assert_eq!(row["From_s"], "198.18.7.41");
    assert_eq!(row["When_t"], given.at.to_string());
    assert_eq!(row["Secrets_d"], 12);
    let unknown = with(given, |detail| detail.row = Some("Vaults_CL".to_owned()));
    assert_eq!(recipes.table(RowKind::Custom, &unknown), None);
}
