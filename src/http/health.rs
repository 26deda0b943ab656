//! Whether the server is up, and whether the store answers.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::answer;
use crate::domain::error::{Code, Error};
use crate::mcp::{Lifecycle, Server};

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process is up.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// The store answers; else 503 with the refusal.
pub(super) async fn readyz<S: Lifecycle>(State(server): State<Server<S>>) -> Response {
    let ready = timeout(PATIENCE, server.service().ready()).await.unwrap_or_else(|_| {
        Err(Error::new(
            Code::StoreUnavailable,
            format!("the store did not answer within {} seconds", PATIENCE.as_secs()),
            "look at the disk and the server's log",
        ))
    });
    match ready {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(error) => answer::refusal(axum::http::StatusCode::SERVICE_UNAVAILABLE, &error),
    }
}
