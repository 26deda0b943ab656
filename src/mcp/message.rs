//! Answers to what is no message: bytes that cannot be read as JSON-RPC are still answered, with
//! the id of the call where that can be made out, so that no caller waits for ever.

use rmcp::model::{ErrorCode, ErrorData};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::{Value, json};

use super::{MESSAGE_BYTES, refusal};
use crate::domain::error::{Code, Error};
use crate::domain::json::{self, raw_text};
use crate::service::without_secrets;

/// What leads the error in a JSON-RPC error, after its version and its id.
const ERROR: &[u8] = b"\"error\":{";
/// Where that stands, unless the id is uncommonly long.
const ERROR_HEAD: usize = 1024;

/// The little that is read of a message that cannot be read whole. The rest is skipped without
/// regard to its depth or to what its strings hold.
#[derive(Deserialize)]
struct Envelope {
    id: Value,
}

#[derive(Deserialize)]
struct Called {
    method: String,
    #[serde(default, deserialize_with = "is_there")]
    id: bool,
}

/// Whether there is a value, of whatever kind.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// The method of a notification: of a message that names one and has no id.
pub(crate) fn notification(bytes: &[u8]) -> Option<String> {
    let called: Called = serde_json::from_slice(bytes).ok()?;
    (!called.id).then_some(called.method)
}

/// The id of the call in `bytes`, or null.
fn id(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(Envelope { id }) if id.is_string() || id.is_i64() || id.is_u64() => id,
        Ok(_) | Err(_) => Value::Null,
    }
}

/// The JSON-RPC error for bytes that are no JSON, or no message: -32700 or -32600. Its `data` is
/// the refusal.
pub(crate) fn unreadable(bytes: &[u8]) -> Value {
    match json::parse(bytes, "message") {
        Err(error) => answer(id(bytes), ErrorCode::PARSE_ERROR, &error),
        Ok(message) => answer(id(bytes), ErrorCode::INVALID_REQUEST, &no_message(&message)),
    }
}

/// The answer to a message in whose raw text something would be folded away by a parser: a tool call
/// is refused like any other, anything else is an invalid request. `None` where all is well, or where
/// the bytes are no message anyway.
pub(crate) fn folded(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut error = without_secrets(raw_text::check(text, "").err()?);
    let bare = |text: &str| text.replacen("params.arguments.", "", 1);
    error.field = error.field.as_deref().map(bare);
    error.message = bare(&error.message);
    let called: Option<Called> = serde_json::from_slice(bytes).ok();
    if called.is_none_or(|called| called.method != "tools/call") {
        return Some(answer(id(bytes), ErrorCode::INVALID_REQUEST, &error));
    }
    let refusal = error.to_json();
    Some(json!({
        "jsonrpc": "2.0",
        "id": id(bytes),
        "result": {
            "resultType": "complete",
            "content": [{"type": "text", "text": refusal.to_string()}],
            "structuredContent": refusal,
            "isError": true,
        }
    }))
}

/// The JSON-RPC error for a message above [`MESSAGE_BYTES`]. `bytes` are the message, or nothing
/// where it was not kept.
pub(crate) fn too_large(bytes: &[u8]) -> Value {
    let error = Error::new(
        Code::PayloadTooLarge,
        format!("the message has more bytes than the limit, {MESSAGE_BYTES}"),
        "split the batch into several calls; store large content elsewhere and record a path, a \
         URL or a hash of it",
    )
    .with("limit", MESSAGE_BYTES);
    answer(id(bytes), ErrorCode::INVALID_REQUEST, &error)
}

/// A JSON-RPC error whose `data` is the refusal in the form that every interface gives it.
pub(crate) fn answer(id: Value, code: ErrorCode, error: &Error) -> Value {
    let error = without_secrets(error.clone());
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": {"code": code.0, "message": error.message, "data": error.to_json()}
    })
}

/// The refusal of the call in `bytes`.
pub(crate) fn refused(bytes: &[u8], error: &Error) -> Value {
    json!({"jsonrpc": "2.0", "id": id(bytes), "error": refusal::error_data(error)})
}

/// The JSON-RPC error in `bytes`, as rmcp wrote it, with a refusal as its `data`. `None` where it has
/// one, or where there is no error.
pub(crate) fn coded(bytes: &[u8]) -> Option<Value> {
    // An answer that is no error is not read whole to find that out.
    let head = &bytes[..bytes.len().min(ERROR_HEAD)];
    if !head.windows(ERROR.len()).any(|part| part == ERROR) {
        return None;
    }
    let mut answer: Value = serde_json::from_slice(bytes).ok()?;
    let error: ErrorData = serde_json::from_value(answer.get("error")?.clone()).ok()?;
    answer["error"] = json!(refusal::coded(error));
    Some(answer)
}

fn no_message(message: &Value) -> Error {
    let (text, hint) = if message.is_array() {
        ("JSON-RPC batches are not supported", "send each message by itself")
    } else if message["jsonrpc"] != "2.0" {
        ("the message is not JSON-RPC 2.0", "send an object with \"jsonrpc\": \"2.0\"")
    } else if message.get("id").is_some_and(|id| !id.is_string() && !id.is_i64()) {
        ("the id of a request must be a string or a 64-bit integer", "send such an id")
    } else {
        (
            "the message is neither a request, nor a notification, nor a response",
            "send an object with a \"method\" and \"params\", or with a \"result\", or an \"error\"",
        )
    };
    Error::new(Code::InvalidMessage, text, hint).at("message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_and_id(bytes: &[u8]) -> (Value, Value, Value) {
        let answer = unreadable(bytes);
        let error = &answer["error"];
        (error["code"].clone(), answer["id"].clone(), error["data"]["code"].clone())
    }

    #[test]
    fn text_that_is_no_json_is_a_parse_error_without_an_id() {
        let cut = br#"{"jsonrpc":"2.0","id":1,"method":"tools/ca"#;
        assert_eq!(code_and_id(cut), (json!(-32700), Value::Null, json!("invalid_json")));
        assert_eq!(code_and_id(b"hello"), (json!(-32700), Value::Null, json!("invalid_json")));
    }

    #[test]
    fn the_id_is_found_where_only_the_content_cannot_be_read() {
        let deep =
            format!(r#"{{"params":{}{},"id":"a"}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(
            code_and_id(deep.as_bytes()),
            (json!(-32700), json!("a"), json!("payload_too_deep"))
        );
        assert_eq!(
            code_and_id(b"{\"id\":7,\"params\":\"\xff\"}"),
            (json!(-32700), json!(7), json!("invalid_utf8"))
        );
        assert_eq!(
            code_and_id(br#"{"id":7,"params":"\ud800"}"#),
            (json!(-32700), json!(7), json!("invalid_unicode"))
        );
    }

    #[test]
    fn what_a_parser_would_fold_away_is_refused_by_path() {
        let call = |arguments: &str| {
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{{"name":"t","arguments":{arguments}}}}}"#
            );
            folded(text.as_bytes())
        };
        assert_eq!(call(r#"{"event_data":{"a":1,"b":2}}"#), None);
        let answer = call(r#"{"event_data":{"a":1,"a":2}}"#).expect("is refused");
        let refusal = &answer["result"]["structuredContent"];
        assert_eq!((&answer["id"], &refusal["code"]), (&json!(4), &json!("duplicate_key")));
        assert_eq!(refusal["field"], "event_data.a");
        assert_eq!(refusal["error"], "event_data.a stands twice in its object");
        let twice = folded(br#"{"jsonrpc":"2.0","id":5,"method":"ping","method":"ping"}"#);
        assert_eq!(twice.expect("is refused")["error"]["code"], -32600);
    }

    #[test]
    fn a_notification_has_a_method_and_no_id() {
        let cancelled = br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}"#;
        assert_eq!(notification(cancelled).as_deref(), Some("notifications/cancelled"));
        for bytes in [&br#"{"id":null,"method":"ping"}"#[..], br#"{"id":1,"method":"ping"}"#, b"{}"]
        {
            assert_eq!(notification(bytes), None);
        }
    }

    #[test]
    fn json_that_is_no_message_is_an_invalid_request() {
        for bytes in [&b"[]"[..], b"{}", b"7", br#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#] {
            assert_eq!(code_and_id(bytes).0, -32600);
        }
        assert_eq!(code_and_id(br#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#).1, 3);
        assert_eq!(code_and_id(br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#).1, Value::Null);
    }
}
