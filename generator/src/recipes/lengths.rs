//! How long a request and its answer are, where the event does not say.
//!
//! Token counts are the world's ([`token_lengths`]); the text of a prompt is only a part of what is
//! sent, so it sets no more than a lower bound. An answer of given bytes has a quarter as many
//! tokens.

use super::chance::{Purpose, lognormal, place};
use crate::event::Event;
use crate::world::{TokenLengths, token_lengths};

/// The tokens of an event; `code` tells a code assistant from a chat application.
pub(crate) fn tokens(event: &Event, code: bool) -> TokenLengths {
    let drawn = token_lengths(event.id, code);
    let least = event.prompt.map_or(0, |prompt| prompt.pad_to / 4);
    let detail = event.detail.as_deref();
    let prompt = detail.and_then(|detail| detail.prompt_tokens);
    let completion = detail.and_then(|detail| {
        let bytes = detail.response_bytes.map(|bytes| bytes / 4);
        detail.completion_tokens.or(bytes)
    });
    TokenLengths {
        prompt: prompt.unwrap_or(drawn.prompt.max(least)),
        completion: completion.unwrap_or(drawn.completion),
    }
}

/// Bytes of the request body: about four a token and the envelope.
pub(crate) fn request_bytes(event: &Event, tokens: TokenLengths) -> i64 {
    let envelope = lognormal(place(event.id, Purpose::RequestLength), 420.0, 0.25);
    i64::from(tokens.prompt) * 4 + i64::from(whole(envelope))
}

/// Bytes of the answer: of a completion and its envelope, or of an error object. Bytes that a kind
/// gives are those of the completion, so that the envelope tells nobody's calls apart.
pub(crate) fn response_bytes(event: &Event, tokens: TokenLengths, status: u16) -> i64 {
    let place = place(event.id, Purpose::ResponseLength);
    if status != 200 {
        return i64::from(whole(lognormal(place, 310.0, 0.2)));
    }
    let given = event
        .detail
        .as_ref()
        .and_then(|detail| detail.response_bytes);
    let completion = given.map_or(i64::from(tokens.completion) * 4, i64::from);
    completion + i64::from(whole(lognormal(place, 780.0, 0.15)))
}

/// Milliseconds that the service took.
pub(crate) fn duration(event: &Event, tokens: TokenLengths, status: u16) -> i64 {
    let place = place(event.id, Purpose::Duration);
    let median = match status {
        200 => 240.0 + 11.0 * f64::from(tokens.completion) + 0.04 * f64::from(tokens.prompt),
        400 => 210.0,
        _ => 38.0,
    };
    i64::from(whole(lognormal(place, median, 0.35)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float-to-int casts saturate"
)]
fn whole(value: f64) -> u32 {
    value as u32
}
