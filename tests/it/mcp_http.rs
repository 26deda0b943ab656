//! MCP over HTTP, request by request, as bytes on a socket.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use annals::http::{self, Limits};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::mcp_fake::{Fake, TOGETHER, fake};

struct Served {
    address: SocketAddr,
    fake: Fake,
    stop: CancellationToken,
    server: JoinHandle<annals::domain::error::Result<()>>,
}

async fn served() -> Served {
    served_within(Limits::default()).await
}

async fn served_within(limits: Limits) -> Served {
    let listener = http::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (fake, server) = fake();
    let stop = CancellationToken::new();
    let server = tokio::spawn(http::serve(listener, server, limits, stop.clone()));
    Served { address, fake, stop, server }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        assert!(self.head.contains("content-type: application/json"), "{}", self.head);
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Of a refusal: the status, the code and the field.
    fn refusal(&self) -> (u16, Value, Value) {
        let refusal = self.json();
        assert_eq!(refusal["success"], false);
        (self.status, refusal["code"].clone(), refusal["field"].clone())
    }
}

impl Served {
    async fn exchange(&self, head: &str, body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        read_reply(&mut stream).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost"), b"").await
    }

    /// Posts to `/mcp` with further header lines, each of which starts with a line end.
    async fn post(&self, headers: &str, body: &[u8]) -> Reply {
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream{headers}",
            self.address
        );
        self.exchange(&head, body).await
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        let request = request("tools/call", json!({"name": tool, "arguments": arguments}));
        let reply = self.post("", request.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200);
        reply.json()["result"].clone()
    }
}

async fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of the headers");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head, body: bytes[end + 4..].to_vec() }
}

fn request(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// A request of 2026-07-28 and the headers that go with it.
fn modern(method: &str, name: Option<&str>, mut params: Value) -> (String, Vec<u8>) {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"}
    });
    let mut headers = format!("\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}");
    if let Some(name) = name {
        headers.push_str(&format!("\r\nMcp-Name: {name}"));
    }
    (headers, request(method, params).to_string().into_bytes())
}

#[tokio::test]
async fn initialize_agrees_on_every_version_of_the_older_era() {
    let served = served().await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let initialize = request(
            "initialize",
            json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
        );
        let reply = served.post("", initialize.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200);
        assert!(!reply.head.contains("mcp-session-id"), "there is no session to lose");
        let result = &reply.json()["result"];
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "annals");
        assert_eq!(result["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(result["capabilities"], json!({"tools": {}}));
        assert!(result["instructions"].as_str().unwrap().contains("mcp_meta_register_instance"));

        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let headers = format!("\r\nMCP-Protocol-Version: {version}");
        let reply = served.post(&headers, initialized.to_string().as_bytes()).await;
        assert_eq!((reply.status, reply.body.len()), (202, 0));

        let list = request("tools/list", json!({})).to_string();
        let result = served.post(&headers, list.as_bytes()).await.json()["result"].clone();
        assert_eq!(result["tools"][0]["name"], "echo");
        assert_eq!(result.get("resultType"), None);
        assert_eq!(result.get("ttlMs"), None);

        let ping = request("ping", json!({})).to_string();
        assert_eq!(served.post(&headers, ping.as_bytes()).await.json()["result"], json!({}));
    }
}

#[tokio::test]
async fn an_unknown_version_is_answered_with_the_newest_of_the_older_era() {
    let served = served().await;
    let initialize = request(
        "initialize",
        json!({"protocolVersion": "2099-01-01", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    );
    let reply = served.post("", initialize.to_string().as_bytes()).await;
    assert_eq!(reply.json()["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn the_newer_era_discovers_lists_and_calls_without_a_handshake() {
    let served = served().await;
    let (headers, body) = modern("server/discover", None, json!({}));
    let result = served.post(&headers, &body).await.json()["result"].clone();
    assert_eq!(result["resultType"], "complete");
    assert!(result["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")));
    assert!(result["supportedVersions"].as_array().unwrap().contains(&json!("2025-06-18")));
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "annals");

    let (headers, body) = modern("tools/list", None, json!({}));
    let result = served.post(&headers, &body).await.json()["result"].clone();
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["cacheScope"], "public");
    assert!(result["ttlMs"].as_u64().unwrap() > 0);

    let (headers, body) =
        modern("tools/call", Some("echo"), json!({"name": "echo", "arguments": {"text": "a"}}));
    let result = served.post(&headers, &body).await.json()["result"].clone();
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["structuredContent"], json!({"success": true, "echo": "a"}));

    let (headers, body) = modern("ping", None, json!({}));
    assert_eq!(served.post(&headers, &body).await.status, 404, "this era has no ping");
    let (headers, body) = modern("initialize", None, json!({}));
    assert_eq!(served.post(&headers, &body).await.status, 404, "nor a handshake");
    let (headers, body) = modern("no/such", None, json!({}));
    let reply = served.post(&headers, &body).await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (404, &json!(-32601)));
}

#[tokio::test]
async fn a_notification_needs_no_header_of_its_method_and_a_request_does() {
    let served = served().await;
    let version = "\r\nMCP-Protocol-Version: 2026-07-28";
    let cancelled = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}
    });
    let reply = served.post(version, cancelled.to_string().as_bytes()).await;
    assert_eq!((reply.status, reply.body.len()), (202, 0));
    let other = format!("{version}\r\nMcp-Method: tools/list");
    assert_eq!(served.post(&other, cancelled.to_string().as_bytes()).await.status, 400);
    let (_, body) = modern("tools/list", None, json!({}));
    let reply = served.post(version, &body).await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (400, &json!(-32020)));
}

#[tokio::test]
async fn an_answer_is_structured_and_its_text_is_the_same_json() {
    let served = served().await;
    let result = served.call("echo", json!({"text": "é\u{0}😀", "times": 3})).await;
    assert_eq!(
        result["structuredContent"],
        json!({"success": true, "echo": "é\u{0}😀", "times": 3})
    );
    assert_eq!(result["isError"], false);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(text, result["structuredContent"].to_string());
}

#[tokio::test]
async fn a_refusal_is_a_tool_result_with_code_hint_and_facts() {
    let served = served().await;
    let result = served.call("refuse", json!({})).await;
    assert_eq!(result["isError"], true);
    assert_eq!(
        result["structuredContent"],
        json!({
            "success": false, "error": "the head is 7", "code": "sequence_conflict",
            "hint": "send again", "field": "expected_sequence_num", "head_sequence_num": 7
        })
    );
    assert_eq!(result["content"][0]["text"], result["structuredContent"].to_string());
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_a_refusal_that_names_them() {
    let served = served().await;
    for (arguments, field) in [
        (json!({}), "text"),
        (json!({"text": 1}), "text"),
        (json!({"text": "a", "tims": 2}), "tims"),
        (json!({"text": "a", "times": -1}), "times"),
    ] {
        let result = served.call("echo", arguments).await;
        assert_eq!(result["isError"], true);
        assert_eq!(result["structuredContent"]["code"], "invalid_argument");
        assert_eq!(result["structuredContent"]["field"], field);
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_refusal_and_the_server_lives_on() {
    let served = served().await;
    let result = served.call("panic", json!({})).await;
    assert_eq!(result["structuredContent"]["code"], "internal");
    assert_eq!(served.call("echo", json!({"text": "on"})).await["isError"], false);
}

#[tokio::test]
async fn protocol_faults_are_json_rpc_errors() {
    let served = served().await;
    for (body, code, text) in [
        (
            request("tools/call", json!({"name": "ecko"})),
            -32602,
            "there is no tool ecko; did you mean echo?",
        ),
        (
            request("tools/call", json!({"arguments": {}})),
            -32602,
            "the params of tools/call must be",
        ),
        (
            request("tools/call", json!({"name": "echo", "arguments": [1]})),
            -32602,
            "the params of tools/call",
        ),
        (request("tools/list", json!({"cursor": "x"})), -32602, "unknown cursor"),
        (request("no/such", json!({})), -32601, "there is no method no/such"),
        (request("resources/list", json!({})), -32601, ""),
        (request("logging/setLevel", json!({"level": "info"})), -32601, ""),
    ] {
        let reply = served.post("", body.to_string().as_bytes()).await.json();
        assert_eq!(reply["id"], 1, "{body}");
        assert_eq!(reply["error"]["code"], code, "{body}");
        let message = reply["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(text), "{message}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_message_is_answered_as_json_rpc_with_400() {
    let served = served().await;
    let deep =
        format!(r#"{{"jsonrpc":"2.0","id":4,"params":{}{}}}"#, "[".repeat(9999), "]".repeat(9999));
    for (body, code, id, reason) in [
        (&b"{\"jsonrpc\":\"2.0\",\"id\":1,\"meth"[..], -32700, Value::Null, "invalid_json"),
        (b"", -32700, Value::Null, "invalid_json"),
        (b"{\"id\":2,\"x\":\"\xff\"}", -32700, json!(2), "invalid_utf8"),
        (deep.as_bytes(), -32700, json!(4), "payload_too_deep"),
        (b"[]", -32600, Value::Null, "invalid_message"),
        (b"{\"jsonrpc\":\"2.0\",\"id\":3}", -32600, json!(3), "invalid_message"),
    ] {
        let reply = served.post("", body).await;
        assert_eq!(reply.status, 400);
        let answer = reply.json();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["code"], code);
        assert_eq!(answer["error"]["data"]["code"], reason);
    }
}

#[tokio::test]
async fn what_is_wrong_as_http_is_refused_as_http() {
    let served = served().await;
    let ping = request("ping", json!({})).to_string();
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string();
    let head = format!("/mcp HTTP/1.1\r\nHost: {}\r\n", served.address);
    let json = "Content-Type: application/json";
    for (request, body, status, code) in [
        (format!("POST {head}Content-Type: text/plain"), &*ping, 415, "unsupported_media_type"),
        (format!("POST {head}{json}\r\nAccept: text/html"), &*ping, 406, "not_acceptable"),
        (
            format!("POST {head}{json}\r\nMCP-Protocol-Version: 1999-01-01"),
            &*ping,
            400,
            "invalid_header",
        ),
        (format!("POST {head}{json}"), &*answer, 400, "invalid_message"),
        (format!("GET {head}Accept: text/event-stream"), "", 405, "method_not_allowed"),
        (format!("DELETE {head}Accept: */*"), "", 405, "method_not_allowed"),
        (format!("PUT {head}{json}"), &*ping, 405, "method_not_allowed"),
    ] {
        let reply = served.exchange(&request, body.as_bytes()).await;
        assert_eq!(reply.status, status, "{request}");
        let error = &reply.json()["error"];
        assert_eq!(error["code"], -32600, "{request}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert_eq!(error["data"]["code"].as_str().unwrap_or_default(), code, "{request}");
        assert_eq!(status == 405, reply.head.contains("\r\nallow: post"));
    }
}

#[tokio::test]
async fn a_client_that_accepts_anything_is_served() {
    let served = served().await;
    let ping = request("ping", json!({})).to_string();
    for accept in ["", "\r\nAccept: */*", "\r\nAccept: application/json"] {
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json{accept}"
        );
        assert_eq!(served.exchange(&head, ping.as_bytes()).await.status, 200, "{accept}");
    }
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_turned_away_on_every_route() {
    let served = served().await;
    let port = served.address.port();
    for path in ["/mcp", "/", "/healthz", "/readyz", "/none"] {
        let host = format!("GET {path} HTTP/1.1\r\nHost: evil.example:{port}");
        let reply = served.exchange(&host, b"").await;
        assert_eq!(reply.refusal(), (403, json!("forbidden"), json!("Host")));
        let origin =
            format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://evil.example");
        let reply = served.exchange(&origin, b"").await;
        assert_eq!(reply.refusal(), (403, json!("forbidden"), json!("Origin")));
    }
    let ping = request("ping", json!({})).to_string();
    assert_eq!(served.post("\r\nOrigin: http://evil.example", ping.as_bytes()).await.status, 403);
    let own = format!("\r\nOrigin: http://localhost:{port}");
    assert_eq!(served.post(&own, ping.as_bytes()).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_clear_413_and_one_below_it_is_read() {
    let served = served().await;
    let body = |bytes: usize| {
        request("tools/call", json!({"name": "echo", "arguments": {"text": "x".repeat(bytes)}}))
    };
    let reply = served.post("", body(17 * 1024 * 1024).to_string().as_bytes()).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.json()["error"]["data"]["code"], "payload_too_large");
    assert_eq!(reply.json()["error"]["data"]["limit"], 16 * 1024 * 1024);
    let reply = served.post("", body(15 * 1024 * 1024).to_string().as_bytes()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json()["result"]["structuredContent"]["echo"].as_str().unwrap().len(),
        15 << 20
    );
}

#[tokio::test]
async fn health_readiness_hello_and_nothing() {
    let served = served().await;
    let reply = served.get("/healthz").await;
    assert_eq!((reply.status, reply.json()), (200, json!({"status": "ok"})));
    assert_eq!(served.get("/readyz").await.status, 200);
    served.fake.broken.store(true, Ordering::SeqCst);
    let reply = served.get("/readyz").await;
    assert_eq!((reply.status, &reply.json()["code"]), (503, &json!("store_unavailable")));
    assert_eq!(served.get("/healthz").await.status, 200);
    let hello = served.get("/").await;
    assert!(String::from_utf8(hello.body).unwrap().contains("http://localhost/mcp"));
    let reply = served.get("/none").await;
    assert_eq!(reply.refusal(), (404, json!("unknown_path"), json!("path")));
    let reply = served.exchange("POST /healthz HTTP/1.1\r\nHost: localhost", b"").await;
    assert_eq!(reply.refusal(), (405, json!("method_not_allowed"), json!("method")));
}

#[tokio::test]
async fn calls_on_many_connections_run_at_once() {
    let served = std::sync::Arc::new(served().await);
    let calls: Vec<_> = (0..TOGETHER)
        .map(|_| {
            let served = served.clone();
            tokio::spawn(async move { served.call("together", json!({})).await })
        })
        .collect();
    for call in calls {
        let result = tokio::time::timeout(Duration::from_secs(10), call).await.unwrap().unwrap();
        assert_eq!(result["isError"], false);
    }
}

#[tokio::test]
async fn at_the_end_calls_under_way_are_answered_and_new_connections_refused() {
    let served = std::sync::Arc::new(served().await);
    let calling = served.clone();
    let call =
        tokio::spawn(async move { calling.call("write", json!({"milliseconds": 500})).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    served.stop.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(served.address).await.is_err(), "no new connections");
    assert!(!served.fake.down.load(Ordering::SeqCst), "the service outlives its calls");
    assert_eq!(call.await.unwrap()["isError"], false);
    let served = std::sync::Arc::into_inner(served).unwrap();
    tokio::time::timeout(Duration::from_secs(2), served.server).await.unwrap().unwrap().unwrap();
    assert!(served.fake.down.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_read_but_not_its_write() {
    let served = served().await;
    for tool in ["wait", "write"] {
        let body = request("tools/call", json!({"name": tool, "arguments": {"milliseconds": 400}}))
            .to_string();
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(stream);
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(served.fake.aborted.load(Ordering::SeqCst), "nobody waits for the read");
    assert!(served.fake.written.load(Ordering::SeqCst), "a write goes on to its end");
}

/// Waits until the server closes the connection; gives what it sent before.
async fn closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await;
    end.expect("the server closes the connection").unwrap();
    bytes
}

#[tokio::test]
async fn a_client_that_is_slow_to_send_its_headers_is_disconnected() {
    let headers = Duration::from_millis(300);
    let served = served_within(Limits { headers, ..Limits::default() }).await;
    for head in ["", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-A: b"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(closed(&mut stream).await, b"", "{head:?}");
    }
    // Nor is a connection kept that idles after an answer.
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(closed(&mut stream).await.starts_with(b"HTTP/1.1 200 OK"));
    // A call that takes longer than the headers may is not cut off.
    let result = served.call("write", json!({"milliseconds": 900})).await;
    assert_eq!(result["isError"], false);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_whole_is_an_incomplete_request() {
    let body = Duration::from_millis(300);
    let served = served_within(Limits { body, ..Limits::default() }).await;
    for (framing, status, said) in [
        ("Content-Length: 100\r\n\r\n{}", 408, "within 300ms"),
        ("Transfer-Encoding: chunked\r\n\r\nno length", 400, "cannot be read"),
    ] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                    Connection: close\r\n";
        stream.write_all(format!("{head}{framing}").as_bytes()).await.unwrap();
        let reply = read_reply(&mut stream).await;
        let error = &reply.json()["error"];
        assert_eq!((reply.status, &error["data"]["code"]), (status, &json!("incomplete_request")));
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_connection_over_the_limit_waits_until_one_ends() {
    let served = served_within(Limits { connections: 2, ..Limits::default() }).await;
    let mut taken = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        stream.readable().await.unwrap();
        taken.push(stream);
    }
    let mut waiting = Box::pin(served.get("/healthz"));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "there is no place");
    taken.pop();
    let reply = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap();
    assert_eq!(reply.status, 200);
    served.stop.cancel();
    drop(taken);
    tokio::time::timeout(Duration::from_secs(10), served.server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let error = http::bind(address).await.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.field.as_deref()),
            ("invalid_argument", Some("listen"))
        );
        assert!(error.message.contains("tokens are not available yet"), "{}", error.message);
    }
    assert_eq!(http::bind("nonsense").await.unwrap_err().code.as_str(), "invalid_argument");
    let first = http::bind("localhost:0").await.unwrap();
    let taken = http::bind(&first.local_addr().unwrap().to_string()).await.unwrap_err();
    assert!(taken.message.contains(" is in use: another program listens on "), "{taken:?}");
    let open = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused =
        http::serve(open, fake().1, Limits::default(), CancellationToken::new()).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("listen"));
}
