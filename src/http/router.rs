//! The routes.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{any, get};
use tokio_util::task::TaskTracker;

use super::{answer, guard, health, mcp};
use crate::domain::error::{Code, Error};
use crate::mcp::{Lifecycle, Server};

/// Every route, behind the check of `Host` and `Origin`. The body of a message must arrive within
/// `body_time`; calls that have arrived are counted in `calls` until there is an answer.
pub(super) fn router<S: Lifecycle>(
    server: Server<S>,
    body_time: Duration,
    calls: TaskTracker,
) -> Router {
    let endpoint = mcp::endpoint(server.clone(), body_time, calls);
    Router::new()
        .route("/", get(hello))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz::<S>))
        .with_state(server)
        .merge(Router::new().route("/mcp", any(mcp::handle::<S>)).with_state(endpoint))
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        .layer(from_fn(guard::local_only))
}

async fn hello(headers: HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!(
        "Annals {}, the event store for AI coding agents.\n\n\
         http://{host}/mcp      the Model Context Protocol (Streamable HTTP)\n\
         http://{host}/healthz  whether the server is up\n\
         http://{host}/readyz   whether the store answers\n\n\
         Connect Claude Code: claude mcp add --transport http annals http://{host}/mcp\n",
        env!("CARGO_PKG_VERSION")
    )
}

async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let error =
        Error::new(Code::UnknownPath, format!("there is nothing at {path}"), ENDPOINTS).at("path");
    answer::refusal(StatusCode::NOT_FOUND, &error)
}

async fn not_allowed(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!("{method} is not allowed at {path}");
    answer::refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        &Error::new(Code::MethodNotAllowed, message, ENDPOINTS).at("method"),
    )
}

const ENDPOINTS: &str = "the endpoints are: POST /mcp, GET /healthz, GET /readyz, GET /";
