//! Keeps out web pages. A page in a browser of this machine can send requests to loopback
//! addresses, and, by a name that it makes resolve to one, read the answers. So `Host` must be a
//! name of this machine, and `Origin`, which browsers send for pages, this server itself.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use super::answer;
use crate::domain::error::{Code, Error, Result};

/// Passes requests of this machine on; answers others with 403.
pub(super) async fn local_only(request: Request, next: Next) -> Response {
    match check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            tracing::warn!(%error, "a request was turned away");
            answer::refusal(StatusCode::FORBIDDEN, &error)
        }
    }
}

fn check(headers: &HeaderMap) -> Result<()> {
    let host = only(headers, &header::HOST)?
        .and_then(|host| host.parse::<Authority>().ok())
        .filter(|host| is_loopback(host.host()))
        .ok_or_else(|| forbidden("Host", "the Host header does not name this machine"))?;
    let Some(origin) = only(headers, &header::ORIGIN)? else { return Ok(()) };
    let own = origin.parse::<Uri>().is_ok_and(|origin| {
        origin.authority().is_some_and(|authority| {
            is_loopback(authority.host())
                && port(authority, origin.scheme_str()) == port(&host, Some("http"))
        })
    });
    if own { Ok(()) } else { Err(forbidden("Origin", "the Origin header is not this server")) }
}

/// The one value of a header, if it is there.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str());
    match (first, values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        (Some(_), _) => Err(forbidden(name.as_str(), "the header is unreadable or given twice")),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn port(authority: &Authority, scheme: Option<&str>) -> u16 {
    authority.port_u16().unwrap_or(if scheme == Some("https") { 443 } else { 80 })
}

fn forbidden(header: &str, message: &str) -> Error {
    Error::new(
        Code::Forbidden,
        format!("forbidden: {message}"),
        "connect by localhost, 127.0.0.1 or [::1], from a program, not from another site's page",
    )
    .at(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header value"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header value"));
        }
        check(&headers).is_ok()
    }

    #[test]
    fn names_of_this_machine_pass() {
        for host in ["localhost", "LOCALHOST:8081", "127.0.0.1:8081", "127.1.2.3", "[::1]:8081"] {
            assert!(passes(host, None), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8081", "10.0.0.1", "0.0.0.0", "", "@"]
        {
            assert!(!passes(host, None), "{host}");
        }
    }

    #[test]
    fn only_this_server_itself_is_an_origin() {
        for origin in ["http://localhost:8081", "http://127.0.0.1:8081", "http://[::1]:8081"] {
            assert!(passes("localhost:8081", Some(origin)), "{origin}");
        }
        for origin in [
            "http://evil.example",
            "http://evil.example:8081",
            "http://localhost:3000",
            "http://localhost",
            "null",
            "file://",
            "",
        ] {
            assert!(!passes("localhost:8081", Some(origin)), "{origin}");
        }
        assert!(passes("localhost", Some("http://localhost")));
    }

    #[test]
    fn a_missing_or_doubled_host_does_not_pass() {
        assert!(check(&HeaderMap::new()).is_err());
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "localhost".parse().expect("a header value"));
        headers.append(header::HOST, "evil.example".parse().expect("a header value"));
        assert!(check(&headers).is_err());
    }
}
