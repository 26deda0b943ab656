//! HTTP answers that are not MCP's own.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rmcp::model::ErrorCode;
use serde_json::Value;

use crate::domain::error::{Class, Error};
use crate::mcp::message;
use crate::service::without_secrets;

/// A refusal with a status of its own.
pub(super) fn refusal(status: StatusCode, error: &Error) -> Response {
    (status, Json(without_secrets(error.clone()).to_json())).into_response()
}

/// A JSON-RPC error for a request that is no message.
pub(super) fn no_message(status: StatusCode, answer: Value) -> Response {
    (status, Json(answer)).into_response()
}

/// A JSON-RPC error for a request that is wrong as HTTP already.
pub(super) fn json_rpc_error(status: StatusCode, error: &Error) -> Response {
    let code = match error.code.class() {
        Class::Failed => ErrorCode::INTERNAL_ERROR,
        _ => ErrorCode::INVALID_REQUEST,
    };
    no_message(status, message::answer(Value::Null, code, error))
}
