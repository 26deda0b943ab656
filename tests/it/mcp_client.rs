//! A client of either era over either transport, against the tools and resources of Annals.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use annals::http::{self, Limits};
use annals::mcp::stdio;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf,
    WriteHalf, duplex, split,
};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::mcp_session::server;

/// How long an answer or a notification may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// 2025-11-25 and before.
    Legacy,
    /// 2026-07-28.
    Modern,
}

enum Wire {
    Stdio { input: WriteHalf<DuplexStream>, output: Lines<BufReader<ReadHalf<DuplexStream>>> },
    Http(SocketAddr),
}

pub struct Client {
    wire: Wire,
    pub era: Era,
    id: u64,
    /// Notifications that came before the answer that was waited for.
    notes: VecDeque<Value>,
    pub stop: CancellationToken,
    pub server: JoinHandle<()>,
}

impl Client {
    /// Of a server over standard streams, whose store is in `folder`.
    pub async fn stdio(folder: &TempDir, era: Era) -> Self {
        let (ours, theirs) = duplex(1 << 20);
        let (reader, writer) = split(theirs);
        let stop = CancellationToken::new();
        let server =
            tokio::spawn(stdio::serve_on(reader, writer, server(folder).await, stop.clone()));
        let (output, input) = split(ours);
        let wire = Wire::Stdio { input, output: BufReader::new(output).lines() };
        Self { wire, era, id: 0, notes: VecDeque::new(), stop, server }
    }

    /// Of a server over HTTP.
    pub async fn http(folder: &TempDir, era: Era) -> Self {
        let listener = http::bind("127.0.0.1:0").await.unwrap();
        let wire = Wire::Http(listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let serving = http::serve(listener, server(folder).await, Limits::default(), stop.clone());
        let server = tokio::spawn(async move { serving.await.unwrap() });
        Self { wire, era, id: 0, notes: VecDeque::new(), stop, server }
    }

    /// One of each transport and era.
    pub async fn each(folder: &TempDir) -> Vec<Self> {
        vec![
            Self::stdio(folder, Era::Legacy).await,
            Self::stdio(folder, Era::Modern).await,
            Self::http(folder, Era::Legacy).await,
            Self::http(folder, Era::Modern).await,
        ]
    }

    pub fn is_http(&self) -> bool {
        matches!(self.wire, Wire::Http(_))
    }

    /// What the server says it can do.
    pub async fn capabilities(&mut self) -> Value {
        let client = json!({"name": "t", "version": "1"});
        let (method, params) = match self.era {
            Era::Legacy => (
                "initialize",
                json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}),
            ),
            Era::Modern => ("server/discover", json!({})),
        };
        self.result(method, params).await["capabilities"].clone()
    }

    /// The result of a request that is not refused.
    pub async fn result(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert!(answer["error"].is_null(), "{:?} {method}: {answer}", self.era);
        answer["result"].clone()
    }

    /// The error of a request that is refused.
    pub async fn error(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert!(answer["result"].is_null(), "{:?} {method}: {answer}", self.era);
        answer["error"].clone()
    }

    /// The JSON that a resource holds.
    pub async fn read(&mut self, uri: &str) -> Value {
        let result = self.result("resources/read", json!({"uri": uri})).await;
        let [content] = result["contents"].as_array().unwrap().as_slice() else {
            panic!("one content: {result}")
        };
        assert_eq!(
            (&content["uri"], &content["mimeType"]),
            (&json!(uri), &json!("application/json"))
        );
        serde_json::from_str(content["text"].as_str().unwrap()).unwrap()
    }

    /// The structured content of a tool call.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": format!("mcp_meta_{tool}"), "arguments": arguments});
        self.result("tools/call", params).await["structuredContent"].clone()
    }

    /// The whole answer to a request.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        if let Wire::Http(address) = self.wire {
            let mut stream = post(address, self.era, self.id, method, params, "close").await;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            return serde_json::from_str(body).unwrap_or_else(|_| panic!("{method}: {text}"));
        }
        let id = self.send(method, params).await;
        loop {
            let message = self.receive().await.expect("an answer in time");
            if message["id"] == id {
                return message;
            }
            self.notes.push_back(message);
        }
    }

    /// Sends a request over stdio, without waiting for its answer; gives its id.
    pub async fn send(&mut self, method: &str, params: Value) -> u64 {
        self.id += 1;
        let line = format!("{}\n", request(self.era, self.id, method, params));
        self.write(line.as_bytes()).await;
        self.id
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.write(format!("{message}\n").as_bytes()).await;
    }

    async fn write(&mut self, line: &[u8]) {
        let Wire::Stdio { input, .. } = &mut self.wire else { panic!("over stdio only") };
        input.write_all(line).await.unwrap();
    }

    /// Ends the input over stdio.
    pub async fn end(&mut self) {
        let Wire::Stdio { input, .. } = &mut self.wire else { panic!("over stdio only") };
        input.shutdown().await.unwrap();
    }

    /// The next message over stdio; none at the end.
    async fn receive(&mut self) -> Option<Value> {
        let Wire::Stdio { output, .. } = &mut self.wire else { panic!("over stdio only") };
        let line = timeout(PATIENCE, output.next_line()).await.expect("a line in time").unwrap();
        line.map(|line| serde_json::from_str(&line).unwrap())
    }

    /// The next message that is not the answer to an `ask`, over stdio.
    pub async fn next(&mut self) -> Option<Value> {
        match self.notes.pop_front() {
            Some(note) => Some(note),
            None => self.receive().await,
        }
    }

    /// No message comes for a while.
    pub async fn hears_nothing(&mut self) {
        assert_eq!(self.notes, VecDeque::<Value>::new());
        let Wire::Stdio { output, .. } = &mut self.wire else { panic!("over stdio only") };
        let line = timeout(Duration::from_millis(400), output.next_line()).await;
        assert!(line.is_err(), "{line:?}");
    }

    /// Opens a request over HTTP whose answer is a stream.
    pub async fn stream(&mut self, method: &str, params: Value) -> Stream {
        let Wire::Http(address) = self.wire else { panic!("over HTTP only") };
        self.id += 1;
        let stream = post(address, self.era, self.id, method, params, "keep-alive").await;
        Stream { lines: BufReader::new(stream).lines() }
    }
}

/// The messages of an event stream over HTTP.
pub struct Stream {
    lines: Lines<BufReader<TcpStream>>,
}

impl Stream {
    /// The next message; none at the end of the stream.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await.expect("a line in time");
            let line = line.unwrap()?;
            if let Some(data) = line.strip_prefix("data:") {
                return Some(serde_json::from_str(data).unwrap());
            }
            if line == "0" {
                return None; // the last chunk
            }
        }
    }
}

fn request(era: Era, id: u64, method: &str, mut params: Value) -> Value {
    if era == Era::Modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"}
        });
    }
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

async fn post(
    address: SocketAddr,
    era: Era,
    id: u64,
    method: &str,
    params: Value,
    connection: &str,
) -> TcpStream {
    let mut headers = "\r\nMCP-Protocol-Version: 2025-11-25".to_owned();
    if era == Era::Modern {
        headers = format!("\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}");
        if let Some(name) = params["name"].as_str().or_else(|| params["uri"].as_str()) {
            headers.push_str(&format!("\r\nMcp-Name: {name}"));
        }
    }
    let body = request(era, id, method, params).to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nConnection: {connection}\r\n\
         Content-Length: {}{headers}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}
