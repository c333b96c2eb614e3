//! `AzureDiagnostics`: a call as the model service saw it, and the audit row of a key listing.
//!
//! The caller is the application's gateway, not the user, with its last octet masked;
//! `properties_s` is JSON *text*; times in it are ticks of 100 ns since year 1 (TABLES.md §4
//! traps 4–8, §8). Audit rows are sparse: no status, address, duration or correlation id.

use livefire_schema::ids::EventId;

use super::application::{request_id, verdict};
use super::chance::{Purpose, guid, place};
use super::fabric::DeploymentText;
use super::lengths;
use super::row::push_end;
use super::text::{guid_str, guid_text, push_escaped, push_integer, push_masked};
use super::{Delivery, Recipes, Scratch};
use crate::event::{Action, Event, Outcome};
use crate::world::TokenLengths;

/// Share of answers that are streamed.
const STREAMED: f64 = 0.6;

const API: &[u8] = b"\"{\\\"apiName\\\":\\\"Azure OpenAI API version 2024-10-21\\\"";

impl Recipes {
    /// The call's id: the app row's request id, where the application logs that header.
    fn correlation(&self, event: &Event) -> [u8; 36] {
        let shared = matches!(event.action, Action::Request | Action::ToolCall)
            && place(event.id, Purpose::Shared).chance(self.world.profile.share_request_id);
        guid_text(if shared {
            request_id(event)
        } else {
            guid(place(event.id, Purpose::Correlation))
        })
    }

    pub(super) fn service(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let status = verdict(event.action, event.outcome).status;
        let application = self.fabric.application(event);
        let resource = self.fabric.resource(event, application);
        let lists = event.outcome == Outcome::ListModels;
        let tokens = lengths::tokens(event, application.code);
        let duration = lengths::duration(event, tokens, if lists { 400 } else { status });
        let correlation = self.correlation(event);

        out.extend_from_slice(b"{\"CallerIPAddress\":\"");
        let direct = event.action == Action::KeyCall;
        push_masked(
            out,
            if direct {
                event.address
            } else {
                application.gateway
            },
        );
        out.extend_from_slice(b"\",\"Category\":\"RequestResponse\",\"CorrelationId\":\"");
        out.extend_from_slice(&correlation);
        out.extend_from_slice(b"\",\"DurationMs\":");
        push_integer(out, duration);
        out.extend_from_slice(&resource.event);
        out.extend_from_slice(if lists {
            b",\"OperationName\":\"Models_List\",\"properties_s\":".as_slice()
        } else {
            b",\"OperationName\":\"ChatCompletions_Create\",\"properties_s\":"
        });
        let deployment = (!lists).then(|| self.fabric.deployment(event, application));
        let identity = if direct {
            b"".as_slice()
        } else {
            &application.identity
        };
        let call = Call {
            status,
            tokens,
            duration,
            ended: delivery.time.ticks(),
        };
        properties(event, &call, deployment, identity, out);
        out.extend_from_slice(&resource.ids);
        out.extend_from_slice(b",\"ResultSignature\":\"");
        push_integer(out, i64::from(status));
        out.push(b'"');
        out.extend_from_slice(&resource.tail);
        scratch.clock.push(out, delivery.time);
        out.extend_from_slice(b"\",\"Type\":\"AzureDiagnostics\"");
        push_end(out, delivery, &mut scratch.clock);
        EventId::from_text(guid_str(&correlation))
    }

    pub(super) fn key_listing(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let resource = self.fabric.resource(event, self.fabric.application(event));
        out.extend_from_slice(b"{\"Category\":\"Audit\"");
        out.extend_from_slice(&resource.event);
        out.extend_from_slice(
            b",\"OperationName\":\"ListKey\",\"properties_s\":\"{\\\"objectId\\\":\\\"",
        );
        if let Some(account) = self.account(event) {
            push_escaped(out, &account.object_id);
        }
        out.extend_from_slice(b"\\\"}\"");
        out.extend_from_slice(&resource.ids);
        out.extend_from_slice(&resource.tail);
        scratch.clock.push(out, delivery.time);
        out.extend_from_slice(b"\",\"Type\":\"AzureDiagnostics\"");
        push_end(out, delivery, &mut scratch.clock);
        EventId::from_item(delivery.item)
    }
}

struct Call {
    status: u16,
    tokens: TokenLengths,
    duration: i64,
    ended: i64,
}

/// `properties_s`: JSON text inside a JSON string, so every quote is escaped once.
fn properties(
    event: &Event,
    call: &Call,
    deployment: Option<&DeploymentText>,
    identity: &[u8],
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(API);
    out.extend_from_slice(b",\\\"requestTime\\\":");
    push_integer(out, call.ended - call.duration * 10_000);
    out.extend_from_slice(b",\\\"requestLength\\\":");
    let lists = deployment.is_none();
    push_integer(
        out,
        if lists {
            0
        } else {
            lengths::request_bytes(event, call.tokens)
        },
    );
    out.extend_from_slice(b",\\\"responseTime\\\":");
    push_integer(out, call.ended);
    out.extend_from_slice(b",\\\"responseLength\\\":");
    push_integer(
        out,
        lengths::response_bytes(event, call.tokens, call.status),
    );
    out.extend_from_slice(b",\\\"objectId\\\":\\\"");
    out.extend_from_slice(identity);
    out.extend_from_slice(b"\\\"");
    if let Some(deployment) = deployment {
        out.extend_from_slice(&deployment.properties);
        let streamed = call.status == 200 && place(event.id, Purpose::Stream).chance(STREAMED);
        out.extend_from_slice(if streamed {
            b",\\\"streamType\\\":\\\"Streaming\\\"".as_slice()
        } else {
            b",\\\"streamType\\\":\\\"Non-Streaming\\\""
        });
    }
    out.extend_from_slice(b"}\"");
}
