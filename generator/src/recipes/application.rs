//! `ContainerLogV2`: the application's own JSON line, in `LogMessage`.
//!
//! `security_check_passed` is PASS on calls that failed for other reasons: the check did run
//! (TABLES.md §8). A line whose prompt was logged without escaping breaks at the first quote or
//! control character and arrives as two rows of plain text, as a container runtime delivers it.

use livefire_schema::ids::{EventId, ItemId};
use md5::{Digest, Md5};

use super::chance::{Purpose, guid, place};
use super::fabric::ApplicationText;
use super::lengths;
use super::row::push_end;
use super::text::{
    guid_str, guid_text, push_address, push_escaped, push_hex, push_integer, push_string,
};
use super::{Delivery, Recipes, Scratch};
use crate::event::{Action, Event, Outcome};
use crate::settings::EndUserId;
use crate::world::Account;
use livefire_schema::time::TimeSpan;

/// Characters of the prompt that the line shows.
const SAMPLE: usize = 80;

/// What the application says about one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verdict {
    pub(crate) level: &'static str,
    pub(crate) message: &'static str,
    pub(crate) check: &'static str,
    pub(crate) status: u16,
}

/// The line's words for an outcome.
pub(crate) fn verdict(action: Action, outcome: Outcome) -> Verdict {
    let fail = |message, status| Verdict {
        level: "WARNING",
        message,
        check: "FAIL",
        status,
    };
    let error = |message, status| Verdict {
        level: "ERROR",
        message,
        check: "PASS",
        status,
    };
    match outcome {
        Outcome::Injection => fail("Security check failed: prompt injection", 400),
        Outcome::Jailbreak => fail("Security check failed: jailbreak", 400),
        Outcome::Leak => fail("Security check failed: instruction disclosure", 400),
        Outcome::Content => fail("Security check failed: content safety", 400),
        Outcome::Withheld => fail("Response withheld: content safety", 200),
        Outcome::Throttled => error("Upstream rate limit", 429),
        Outcome::Refused => error("Upstream rejected credential", 401),
        Outcome::Unavailable => error("Upstream unavailable", 503),
        Outcome::Bad => error("Upstream rejected request", 400),
        _ => Verdict {
            level: "INFO",
            message: if action == Action::ToolCall {
                "Tool call completed"
            } else {
                "Request completed"
            },
            check: "PASS",
            status: 200,
        },
    }
}

/// The request id of an event: of the app row, and with `share_request_id` of the service row.
pub(crate) fn request_id(event: &Event) -> ItemId {
    guid(place(event.id, Purpose::Request))
}

impl Recipes {
    pub(super) fn application(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> EventId {
        let request = guid_text(request_id(event));
        self.render_prompt(event, scratch);
        let prompt = std::mem::take(&mut scratch.prompt);
        let pod = self.fabric.pod(event);
        out.extend_from_slice(&pod.head);
        out.extend_from_slice(verdict(event.action, event.outcome).level.as_bytes());
        out.extend_from_slice(b"\",\"LogMessage\":");
        self.message(event, delivery, scratch, out, &prompt, push_escaped);
        out.extend_from_slice(&pod.tail);
        scratch.clock.push(out, delivery.time);
        out.extend_from_slice(b"\",\"Type\":\"ContainerLogV2\"");
        push_end(out, delivery, &mut scratch.clock);
        scratch.prompt = prompt;
        EventId::from_text(guid_str(&request))
    }

    /// Whether the application logs this prompt without escaping and the prompt breaks the line.
    pub(super) fn breaks_its_line(&self, event: &Event) -> bool {
        let raw = event.detail.as_ref().and_then(|detail| detail.escape) == Some(false);
        let Some(prompt) = event.prompt.filter(|_| raw) else {
            return false;
        };
        let mut text = String::new();
        self.world.prompts.render(&prompt, &mut text);
        break_of(sample(&text)).is_some()
    }

    /// One half of a broken line, as a string value.
    pub(super) fn broken_line(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
        head: bool,
    ) -> EventId {
        self.render_prompt(event, scratch);
        let prompt = std::mem::take(&mut scratch.prompt);
        let mut line = std::mem::take(&mut scratch.line);
        line.clear();
        self.message(event, delivery, scratch, &mut line, &prompt, |out, text| {
            out.extend_from_slice(text.as_bytes());
        });
        let text = String::from_utf8(line).expect("a log line is made of text");
        let marker = "\"full_prompt_sample\":\"";
        let start = text.find(marker).map_or(0, |at| at + marker.len());
        let cut = start + break_of(&text[start..]).unwrap_or(0);
        let part = if head {
            &text[..cut]
        } else {
            text[cut..].trim_start_matches(['\r', '\n'])
        };
        let pod = self.fabric.pod(event);
        out.extend_from_slice(&pod.head);
        out.extend_from_slice(b"UNKNOWN\",\"LogMessage\":");
        push_string(out, part);
        out.extend_from_slice(&pod.tail);
        scratch.clock.push(out, delivery.time);
        out.extend_from_slice(b"\",\"Type\":\"ContainerLogV2\"");
        push_end(out, delivery, &mut scratch.clock);
        scratch.line = text.into_bytes();
        scratch.prompt = prompt;
        EventId::from_item(delivery.item)
    }

    fn render_prompt(&self, event: &Event, scratch: &mut Scratch) {
        scratch.prompt.clear();
        if let Some(prompt) = &event.prompt {
            self.world.prompts.render(prompt, &mut scratch.prompt);
        }
    }

    /// The JSON object of the line; `put_sample` writes the prompt's sample.
    fn message(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
        prompt: &str,
        put_sample: fn(&mut Vec<u8>, &str),
    ) {
        let verdict = verdict(event.action, event.outcome);
        let application = self.fabric.application(event);
        self.message_head(event, delivery, scratch, out, verdict);
        out.extend_from_slice(b"\",\"prompt_hash\":\"");
        if event.prompt.is_some() {
            push_hex(out, &Md5::digest(prompt.as_bytes()));
        }
        out.extend_from_slice(b"\",\"security_check_passed\":\"");
        out.extend_from_slice(verdict.check.as_bytes());
        out.extend_from_slice(b"\",\"source_ip\":\"");
        let detail = event.detail.as_deref();
        let claimed = detail.and_then(|detail| detail.source_ip);
        push_address(out, claimed.unwrap_or(event.address));
        out.extend_from_slice(b"\",\"end_user_id\":\"");
        if let Some(account) = self.account(event) {
            self.push_user(out, account);
        }
        out.extend_from_slice(b"\",\"application_name\":\"");
        out.extend_from_slice(application.name.as_bytes());
        out.extend_from_slice(b"\",\"model_deployment\":\"");
        out.extend_from_slice(self.fabric.deployment(event, application).name.as_bytes());
        out.extend_from_slice(b"\",\"http_status\":");
        push_integer(out, i64::from(verdict.status));
        message_result(event, application, verdict, out);
        out.extend_from_slice(b",\"full_prompt_sample\":\"");
        put_sample(out, sample(prompt));
        out.extend_from_slice(b"\"}");
    }

    /// The user as the applications of this world spell them; accounts without a name by their id.
    fn push_user(&self, out: &mut Vec<u8>, account: &Account) {
        match self.world.profile.end_user_id {
            EndUserId::Upn if !account.upn.is_empty() => push_escaped(out, &account.upn),
            EndUserId::Hash if !account.upn.is_empty() => {
                push_hex(out, &Md5::digest(account.upn.to_lowercase().as_bytes()));
            }
            _ => push_escaped(out, &account.object_id),
        }
    }

    fn message_head(
        &self,
        event: &Event,
        delivery: &Delivery,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
        verdict: Verdict,
    ) {
        // The application stamps its line a little before the runtime does (TABLES.md trap 9).
        let lag = place(event.id, Purpose::LogLag).below(15_000_000);
        let stamped = delivery.time - TimeSpan::from_ticks(i64::try_from(lag).unwrap_or(0));
        out.extend_from_slice(b"{\"timestamp\":\"");
        scratch.clock.push_milliseconds(out, stamped);
        out.extend_from_slice(b"\",\"level\":\"");
        out.extend_from_slice(verdict.level.as_bytes());
        out.extend_from_slice(b"\",\"message\":\"");
        out.extend_from_slice(verdict.message.as_bytes());
        out.extend_from_slice(b"\",\"request_id\":\"");
        out.extend_from_slice(&guid_text(request_id(event)));
        out.extend_from_slice(b"\",\"session_id\":\"s-");
        push_hex(out, &event.session.bits().to_be_bytes()[..6]);
    }
}

/// What the line says about the answer.
fn message_result(
    event: &Event,
    application: &ApplicationText,
    verdict: Verdict,
    out: &mut Vec<u8>,
) {
    let detail = event.detail.as_deref();
    match event.outcome {
        Outcome::Withheld => out.extend_from_slice(b",\"finish_reason\":\"content_filter\""),
        Outcome::Throttled => {
            out.extend_from_slice(b",\"retry_after_s\":");
            let seconds = 1 + place(event.id, Purpose::RetryAfter).below(60);
            push_integer(out, i64::try_from(seconds).unwrap_or(1));
        }
        _ if verdict.status == 200 && event.action == Action::ToolCall => {
            out.extend_from_slice(b",\"finish_reason\":\"tool_calls\",\"tool_name\":\"");
            let tool = detail.and_then(|detail| detail.tool.as_deref());
            push_escaped(out, tool.unwrap_or("search_documents"));
            out.extend_from_slice(b"\",\"tool_result\":\"");
            let denied = event.outcome == Outcome::Denied;
            out.extend_from_slice(if denied { b"denied\"" } else { b"ok\"" });
        }
        _ if verdict.status == 200 => out.extend_from_slice(b",\"finish_reason\":\"stop\""),
        _ => {}
    }
    if matches!(event.outcome, Outcome::Content | Outcome::Withheld) {
        push_category(event, out);
    }
    if verdict.status == 200 {
        let tokens = lengths::tokens(event, application.code);
        out.extend_from_slice(b",\"prompt_tokens\":");
        push_integer(out, i64::from(tokens.prompt));
        out.extend_from_slice(b",\"completion_tokens\":");
        push_integer(out, i64::from(tokens.completion));
    }
}

fn push_category(event: &Event, out: &mut Vec<u8>) {
    const CATEGORIES: [&str; 4] = ["hate", "violence", "sexual", "self_harm"];
    let detail = event.detail.as_deref();
    let drawn = place(event.id, Purpose::ContentCategory).below(4);
    let category = detail
        .and_then(|detail| detail.content_category.as_deref())
        .unwrap_or(CATEGORIES[usize::try_from(drawn).unwrap_or(0)]);
    // Most hits are of the lower severities; 6 alone makes R2 critical.
    let severity = detail.and_then(|detail| detail.content_severity);
    let severity =
        severity.unwrap_or_else(
            || match place(event.id, Purpose::ContentSeverity).below(10) {
                0..=4 => 2,
                5..=8 => 4,
                _ => 6,
            },
        );
    out.extend_from_slice(b",\"content_category\":\"");
    push_escaped(out, category);
    out.extend_from_slice(b"\",\"content_severity\":");
    push_integer(out, i64::from(severity));
}

/// The first 80 characters.
pub(crate) fn sample(prompt: &str) -> &str {
    if let Some(head) = prompt.get(..SAMPLE)
        && head.is_ascii()
    {
        return head;
    }
    prompt
        .char_indices()
        .nth(SAMPLE)
        .map_or(prompt, |(end, _)| &prompt[..end])
}

/// Where an unescaped text breaks the JSON line that holds it.
fn break_of(text: &str) -> Option<usize> {
    text.bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_counts_characters_not_bytes() {
        let text = "ж".repeat(100);
        assert_eq!(sample(&text).chars().count(), 80);
        assert_eq!(sample("short"), "short");
        assert_eq!(sample(&"a".repeat(80)).len(), 80);
    }

    #[test]
    fn failed_calls_that_passed_the_check_say_pass() {
        for (outcome, status) in [
            (Outcome::Throttled, 429),
            (Outcome::Refused, 401),
            (Outcome::Unavailable, 503),
        ] {
            let verdict = verdict(Action::Request, outcome);
            assert_eq!(
                (verdict.check, verdict.level, verdict.status),
                ("PASS", "ERROR", status)
            );
        }
    }

    #[test]
    fn every_fail_is_a_fail_of_the_outcome() {
        for (outcome, _) in Outcome::NAMES {
            let fails = verdict(Action::Request, *outcome).check == "FAIL";
            assert_eq!(fails, outcome.is_fail(), "{outcome:?}");
        }
    }
}
