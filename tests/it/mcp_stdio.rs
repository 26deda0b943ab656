//! MCP over a pair of streams, line by line.

use std::sync::atomic::Ordering;
use std::time::Duration;

use annals::mcp::stdio;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex,
    split,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::mcp_fake::{Fake, TOGETHER, fake};

struct Peer {
    input: WriteHalf<DuplexStream>,
    output: Lines<BufReader<ReadHalf<DuplexStream>>>,
    fake: Fake,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

fn peer() -> Peer {
    let (ours, theirs) = duplex(1 << 20);
    let (reader, writer) = split(theirs);
    let (fake, server) = fake();
    let stop = CancellationToken::new();
    let server = tokio::spawn(stdio::serve_on(reader, writer, server, stop.clone()));
    let (output, input) = split(ours);
    Peer { input, output: BufReader::new(output).lines(), fake, stop, server }
}

impl Peer {
    async fn send(&mut self, line: &[u8]) {
        self.input.write_all(line).await.unwrap();
        self.input.write_all(b"\n").await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let line = timeout(Duration::from_secs(10), self.output.next_line()).await;
        serde_json::from_str(&line.expect("an answer in time").unwrap().expect("a line")).unwrap()
    }

    async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.send(&request(id, method, params)).await;
        let answer = self.receive().await;
        assert_eq!(answer["id"], id);
        answer
    }

    async fn end(&mut self) {
        self.input.shutdown().await.unwrap();
    }

    /// Waits until the server has ended.
    async fn ended(self) {
        timeout(Duration::from_secs(3), self.server).await.expect("ends in time").unwrap();
        assert!(self.fake.down.load(Ordering::SeqCst));
    }
}

fn request(id: u64, method: &str, params: Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string().into_bytes()
}

fn call(id: u64, tool: &str, arguments: Value) -> Vec<u8> {
    request(id, "tools/call", json!({"name": tool, "arguments": arguments}))
}

#[tokio::test]
async fn both_eras_are_served() {
    let mut peer = peer();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    let answer = peer.ask(1, "server/discover", json!({"_meta": meta})).await;
    assert_eq!(answer["result"]["resultType"], "complete");
    let answer = peer.ask(2, "tools/list", json!({"_meta": meta})).await;
    assert_eq!(answer["result"]["cacheScope"], "public");

    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let client = json!({"name": "t", "version": "1"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        let answer = peer.ask(3, "initialize", params).await;
        assert_eq!(answer["result"]["protocolVersion"], version);
        peer.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        let answer = peer.ask(4, "tools/list", json!({})).await;
        assert_eq!(answer["result"].get("resultType"), None);
        assert_eq!(answer["result"].get("ttlMs"), None);
        assert_eq!(peer.ask(5, "ping", json!({})).await["result"], json!({}));
    }
    peer.end().await;
    peer.ended().await;
}

#[tokio::test]
async fn a_message_before_the_handshake_ends_nothing() {
    let mut peer = peer();
    peer.send(br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        .await;
    peer.send(br#"{"jsonrpc":"2.0","id":9,"result":{}}"#).await;
    peer.send(br#"{"jsonrpc":"2.0","method":"some/thing"}"#).await;
    let answer =
        peer.ask(1, "tools/call", json!({"name": "echo", "arguments": {"text": "a"}})).await;
    assert_eq!(answer["result"]["structuredContent"]["echo"], "a");
}

#[tokio::test]
async fn unreadable_lines_are_answered_and_the_next_is_served() {
    let mut peer = peer();
    let deep = format!(
        r#"{{"method":"tools/call","params":{}{},"jsonrpc":"2.0","id":"deep"}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    for (line, code, id, reason) in [
        (&b"hello"[..], -32700, Value::Null, "invalid_json"),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/call\",\"params\":{",
            -32700,
            Value::Null,
            "invalid_json",
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"\xff\xfe\"}",
            -32700,
            json!(6),
            "invalid_utf8",
        ),
        (b"\xff\xfe\x00", -32700, Value::Null, "invalid_utf8"),
        (deep.as_bytes(), -32700, json!("deep"), "payload_too_deep"),
        (
            b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            -32600,
            Value::Null,
            "invalid_message",
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
            -32600,
            Value::Null,
            "invalid_message",
        ),
    ] {
        peer.send(line).await;
        let answer = peer.receive().await;
        assert_eq!(answer["error"]["code"], code);
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["data"]["code"], reason);
        assert_eq!(peer.ask(7, "ping", json!({})).await["result"], json!({}));
    }
    peer.send(b"").await;
    peer.send(b" \r").await;
    assert_eq!(
        peer.ask(8, "ping", json!({})).await["result"],
        json!({}),
        "empty lines are nothing"
    );
}

#[tokio::test]
async fn a_line_over_the_limit_is_refused_by_its_id_and_the_next_is_served() {
    let mut peer = peer();
    for (bytes, id) in [(17 << 20, json!(1)), (65 << 20, Value::Null)] {
        let text = "x".repeat(bytes);
        peer.send(&call(1, "echo", json!({"text": text}))).await;
        let answer = peer.receive().await;
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["data"]["code"], "payload_too_large");
    }
    assert_eq!(peer.ask(2, "ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn calls_of_one_connection_run_at_once() {
    let mut peer = peer();
    for id in 0..TOGETHER as u64 {
        peer.send(&call(id, "together", json!({}))).await;
    }
    let mut ids: Vec<u64> = Vec::new();
    for _ in 0..TOGETHER {
        let answer = peer.receive().await;
        assert_eq!(answer["result"]["isError"], false);
        ids.push(answer["id"].as_u64().unwrap());
    }
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..TOGETHER as u64), "each call is answered once");
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let mut peer = peer();
    let answer = peer.ask(1, "tools/call", json!({"name": "panic"})).await;
    assert_eq!(answer["result"]["structuredContent"]["code"], "internal");
    assert_eq!(peer.ask(2, "ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn at_the_end_of_input_calls_under_way_are_answered() {
    // Longer than rmcp itself waits at the end of its input.
    let mut peer = peer();
    peer.send(&call(1, "write", json!({"milliseconds": 5_500}))).await;
    // The last line lacks its line feed.
    let last = call(2, "echo", json!({"text": "last"}));
    peer.input.write_all(&last).await.unwrap();
    peer.end().await;
    assert_eq!(peer.receive().await["result"]["structuredContent"]["echo"], "last");
    assert_eq!(peer.receive().await["id"], 1);
    peer.ended().await;
}

#[tokio::test]
async fn a_cut_last_line_is_refused() {
    let mut peer = peer();
    peer.input
        .write_all(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"#)
        .await
        .unwrap();
    peer.end().await;
    assert_eq!(peer.receive().await["error"]["code"], -32700);
    peer.ended().await;
}

#[tokio::test]
async fn at_the_signal_to_stop_calls_under_way_are_answered() {
    let mut peer = peer();
    peer.send(&call(1, "write", json!({"milliseconds": 400}))).await;
    assert_eq!(peer.ask(2, "ping", json!({})).await["result"], json!({}));
    peer.stop.cancel();
    assert_eq!(peer.receive().await["id"], 1);
    peer.ended().await;
}

#[tokio::test]
async fn a_cancelled_read_ends_and_delays_no_exit() {
    let mut peer = peer();
    peer.send(&call(1, "wait", json!({"milliseconds": 60_000}))).await;
    assert_eq!(peer.ask(2, "ping", json!({})).await["result"], json!({}));
    peer.send(br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        .await;
    assert_eq!(peer.ask(3, "ping", json!({})).await["result"], json!({}));
    peer.end().await;
    let aborted = peer.fake.aborted.clone();
    peer.ended().await;
    assert!(aborted.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_peer_that_goes_away_ends_the_server() {
    let Peer { input, output, fake, server, stop: _stop } = peer();
    drop((input, output));
    timeout(Duration::from_secs(3), server).await.expect("ends in time").unwrap();
    assert!(fake.down.load(Ordering::SeqCst));
}
