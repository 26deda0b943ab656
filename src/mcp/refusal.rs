//! Refusals outside of tool calls: protocol errors that carry the refusal as their `data`.

use rmcp::model::{ErrorCode, ErrorData};
use serde_json::Value;

use crate::domain::error::{Class, Code, Error};
use crate::service::without_secrets;

/// A refusal as a protocol error: invalid params where the caller can mend it, else internal.
pub(super) fn error_data(refusal: &Error) -> ErrorData {
    let refusal = without_secrets(refusal.clone());
    let (message, data) = (refusal.message.clone(), Some(refusal.to_json()));
    match refusal.code.class() {
        Class::Invalid | Class::NotFound | Class::Conflict => {
            ErrorData::invalid_params(message, data)
        }
        Class::Unavailable | Class::Failed => ErrorData::internal_error(message, data),
    }
}

/// A protocol error with a refusal as its `data`, as every other has. What rmcp refuses by itself has
/// none, and may repeat what a caller sent.
pub(super) fn coded(error: ErrorData) -> ErrorData {
    let known = match error.data {
        Some(Value::Object(known)) => known,
        None => serde_json::Map::new(),
        // Whatever the protocol asks for there stays.
        data @ Some(_) => return ErrorData { data, ..error },
    };
    if known.contains_key("code") {
        return ErrorData { data: Some(known.into()), ..error };
    }
    let (code, hint) = match error.code {
        ErrorCode::METHOD_NOT_FOUND => {
            (Code::UnknownMethod, "call a method that the server's capabilities announce")
        }
        ErrorCode::INVALID_REQUEST | ErrorCode::PARSE_ERROR => {
            (Code::InvalidMessage, "send one message of JSON-RPC as MCP describes it")
        }
        ErrorCode::HEADER_MISMATCH => {
            (Code::InvalidHeader, "send headers that say the same as the message")
        }
        ErrorCode::INTERNAL_ERROR => (Code::Internal, "please report the fault"),
        _ => (Code::InvalidArgument, "send what the message asks for"),
    };
    let mut refusal = Error::new(code, error.message, hint);
    refusal.details = Some(Box::new(known));
    let refusal = without_secrets(refusal);
    ErrorData::new(error.code, refusal.message.clone(), Some(refusal.to_json()))
}
