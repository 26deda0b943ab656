//! The MCP endpoint: Streamable HTTP without sessions, so that there is nothing a client can lose.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use rmcp::model::ProtocolVersion;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::task::TaskTracker;

use super::answer;
use super::body::{self, Unread};
use crate::domain::error::{Code, Error};
use crate::mcp::{LISTEN, Lifecycle, MESSAGE_BYTES, Server, message};

/// The most bytes of a plain error text of rmcp.
const ERROR_TEXT_BYTES: usize = 64 * 1024;

/// The header by which 2026-07-28 names the method outside of the body, which must agree with it.
const METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// The header that names the version of the protocol.
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// The endpoint of a server.
#[derive(Clone)]
pub(super) struct Endpoint<S> {
    server: Server<S>,
    streamable: StreamableHttpService<Server<S>, NeverSessionManager>,
    body_time: Duration,
    calls: TaskTracker,
}

/// The endpoint of a server, which counts the calls under way in `calls`. Host and Origin are not
/// checked here but by [`super::guard`].
pub(super) fn endpoint<S: Lifecycle>(
    server: Server<S>,
    body_time: Duration,
    calls: TaskTracker,
) -> Endpoint<S> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MESSAGE_BYTES)
        .disable_allowed_hosts();
    let of_requests = server.clone();
    let streamable = StreamableHttpService::new(
        move || Ok(of_requests.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Endpoint { server, streamable, body_time, calls }
}

/// Handles a request. What rmcp answers in plain text is answered as JSON-RPC.
pub(super) async fn handle<S: Lifecycle>(
    State(endpoint): State<Endpoint<S>>,
    request: Request,
) -> Response {
    if request.method() != Method::POST {
        return as_json_rpc(endpoint.streamable.handle(request).await.map(Body::new)).await;
    }
    let (mut parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        let error = Error::new(
            Code::UnsupportedMediaType,
            "the Content-Type is not application/json",
            "send the message as JSON with Content-Type: application/json",
        );
        return answer::json_rpc_error(StatusCode::UNSUPPORTED_MEDIA_TYPE, &error);
    }
    let bytes = match body::read(body, endpoint.body_time).await {
        Ok(bytes) => bytes,
        Err(unread) => return unread_answer(&unread),
    };
    if let Some(refusal) = message::folded(&bytes) {
        return answer::no_message(StatusCode::OK, refusal);
    }
    accept_json(&mut parts.headers);
    name_notification(&mut parts.headers, &bytes);
    if parts.headers.get(METHOD).is_some_and(|method| method == LISTEN) {
        match endpoint.server.beginning().await {
            Ok(beginning) => drop(beginning.map(|place| parts.extensions.insert(place))),
            Err(error) => {
                return answer::no_message(StatusCode::OK, message::refused(&bytes, &error));
            }
        }
    }
    let request = Request::from_parts(parts, Body::from(bytes.clone()));
    let _under_way = endpoint.calls.token();
    let response = endpoint.streamable.handle(request).await.map(Body::new);
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        // The media type was right: so rmcp answers a body that is no message.
        return answer::no_message(StatusCode::BAD_REQUEST, message::unreadable(&bytes));
    }
    as_json_rpc(response).await
}

/// Gives what rmcp refuses by itself the form of every other refusal: a JSON-RPC error with a code.
async fn as_json_rpc(response: Response) -> Response {
    let status = response.status();
    if is_json(response.headers()) {
        let (parts, body) = response.into_parts();
        // Whole already: only streams are not.
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
        return match message::coded(&bytes) {
            Some(answer) => answer::no_message(status, answer),
            None => Response::from_parts(parts, Body::from(bytes)),
        };
    }
    if status.is_success() {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let text = to_bytes(response.into_body(), ERROR_TEXT_BYTES).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let (code, hint) = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            (Code::MethodNotAllowed, "POST each message: there are no sessions")
        }
        StatusCode::NOT_ACCEPTABLE => {
            (Code::NotAcceptable, "send Accept: application/json, text/event-stream")
        }
        StatusCode::BAD_REQUEST => {
            (Code::InvalidHeader, "send an MCP-Protocol-Version that server/discover lists")
        }
        _ => (Code::Internal, "this is a fault of Annals: please report it"),
    };
    let mut answer = answer::json_rpc_error(status, &Error::new(code, text, hint));
    answer.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    answer
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The protocol asks clients to accept both JSON and event streams, and rmcp insists. As every
/// answer but that to a listener is JSON, a client that accepts JSON, or anything, is served too.
fn accept_json(headers: &mut HeaderMap) {
    let accepts = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| ["application/json", "*/*"].iter().any(|t| value.contains(t)))
    };
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() || values.any(accepts) {
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(header::ACCEPT, both);
    }
}

/// 2026-07-28 asks for the header of the method with requests only, and rmcp with notifications too:
/// a client that hangs up on a listener sends one without it.
fn name_notification(headers: &mut HeaderMap, bytes: &[u8]) {
    let is_modern = headers
        .get(VERSION)
        .and_then(|version| version.to_str().ok())
        .is_some_and(|version| version >= ProtocolVersion::STANDARD_HEADERS.as_str());
    if is_modern
        && !headers.contains_key(METHOD)
        && let Some(method) = message::notification(bytes)
        && let Ok(method) = HeaderValue::from_str(&method)
    {
        headers.insert(METHOD, method);
    }
}

fn unread_answer(unread: &Unread) -> Response {
    let (status, reason) = match unread {
        Unread::TooLarge => {
            return answer::no_message(StatusCode::PAYLOAD_TOO_LARGE, message::too_large(&[]));
        }
        Unread::TooSlow(time) => {
            (StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {time:?}"))
        }
        Unread::Broken(error) => {
            (StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))
        }
    };
    let hint = "send it again; nothing was stored";
    answer::json_rpc_error(status, &Error::new(Code::IncompleteRequest, reason, hint))
}
