//! Clients of the real program, over its standard input and output and over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::figures::Round;

/// The program under measurement.
pub fn annals() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
    command.env_remove("ANNALS_STORE").env_remove("ANNALS_LOG");
    // Nobody's own settings.
    command.env("ANNALS_CONFIG", "/dev/null");
    command
}

/// How the program names the store at `path`.
pub fn address(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// A JSON-RPC request, its id aside.
pub struct Message {
    method: &'static str,
    params: Value,
}

impl Message {
    pub fn ping() -> Self {
        Self { method: "ping", params: json!({}) }
    }

    pub fn call(tool: &str, arguments: &Value) -> Self {
        Self { method: "tools/call", params: json!({"name": tool, "arguments": arguments}) }
    }

    fn text(&self, id: usize) -> String {
        let Self { method, params } = self;
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
    }
}

/// How fast a client sends.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Messages under way at once.
    pub in_flight: usize,
    /// How long it waits after an answer before it sends the next message.
    pub pause: Duration,
}

impl Pace {
    /// As fast as this many messages at once go.
    pub fn full(in_flight: usize) -> Self {
        Self { in_flight, pause: Duration::ZERO }
    }
}

/// What the answer of a call that was done contains.
pub const DONE: &str = "\"isError\":false";

/// A connection to a server of its own process.
pub enum Client {
    Stdio(Box<StdioClient>),
    Http(HttpClient),
}

impl Client {
    /// Starts `annals mcp` or `annals serve` on the store at `path`.
    pub fn start(http: bool, path: &Path) -> Self {
        if http {
            Self::Http(HttpClient::start(path))
        } else {
            Self::Stdio(Box::new(StdioClient::start(path)))
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Stdio(_) => "stdio",
            Self::Http(_) => "HTTP",
        }
    }

    pub fn process(&self) -> u32 {
        match self {
            Self::Stdio(client) => client.server.0.id(),
            Self::Http(client) => client.server.0.id(),
        }
    }

    /// Sends every message at this pace, and times each from its sending to its answer, which must
    /// contain `expected`.
    pub fn exchange(&mut self, pace: Pace, messages: &[Message], expected: &str) -> Round {
        let texts = messages.iter().enumerate().map(|(id, message)| message.text(id)).collect();
        match self {
            Self::Stdio(client) => client.exchange(pace, texts, expected),
            Self::Http(client) => client.exchange(pace, texts, expected),
        }
    }

    /// Sends the messages over stdio one after the other, each so long after the answer before; gives
    /// when each was answered.
    pub fn one_by_one(&mut self, pause: Duration, messages: &[Message]) -> Vec<Instant> {
        let Self::Stdio(client) = self else { panic!("over stdio only") };
        let mut line = String::new();
        let answered = messages.iter().enumerate().map(|(id, message)| {
            std::thread::sleep(pause);
            client.send(message.text(id));
            line.clear();
            client.output.read_line(&mut line).expect("the server answers");
            let received = Instant::now();
            check(&line, DONE);
            received
        });
        answered.collect()
    }

    /// Sends `rate` messages a second, over this many connections where the protocol has them, and
    /// times each from when it was due to its answer: a message that had to wait for its turn counts
    /// the wait.
    pub fn offer(&mut self, rate: u32, connections: usize, messages: &[Message]) -> Round {
        let texts: Vec<_> =
            messages.iter().enumerate().map(|(id, message)| message.text(id)).collect();
        match self {
            Self::Stdio(client) => client.offer(rate, &texts),
            Self::Http(client) => client.offer(rate, connections, &texts),
        }
    }
}

/// A schedule of so many messages a second, which does not wait for answers.
#[derive(Clone, Copy)]
struct Schedule {
    start: Instant,
    step: Duration,
}

impl Schedule {
    fn new(rate: u32) -> Self {
        Self {
            start: Instant::now() + Duration::from_millis(1),
            step: Duration::from_secs(1) / rate,
        }
    }

    fn due(&self, message: usize) -> Instant {
        self.start + self.step * u32::try_from(message).expect("a small number")
    }

    /// Waits until the message is due; gives that time, not the present one.
    fn wait_for(&self, message: usize) -> Instant {
        let due = self.due(message);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due
    }
}

/// A server process; dropped, it is ended.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Deserialize)]
struct Envelope {
    id: usize,
}

fn check(answer: &str, expected: &str) {
    assert!(answer.rfind(expected).is_some(), "{expected:?} is not in {answer}");
}

pub struct StdioClient {
    server: Server,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl StdioClient {
    fn start(path: &Path) -> Self {
        let mut server = annals()
            .args(["mcp", "--store", &address(path)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("annals mcp");
        let input = server.stdin.take().expect("its input");
        let output = BufReader::with_capacity(1 << 20, server.stdout.take().expect("its output"));
        Self { server: Server(server), input, output }
    }

    fn send(&mut self, mut line: String) -> Instant {
        line.push('\n');
        let before = Instant::now();
        self.input.write_all(line.as_bytes()).expect("the server reads");
        before
    }

    fn exchange(&mut self, pace: Pace, texts: Vec<String>, expected: &str) -> Round {
        let count = texts.len();
        let mut texts = texts.into_iter();
        let started = Instant::now();
        let mut sent: Vec<Instant> = Vec::with_capacity(count);
        for text in texts.by_ref().take(pace.in_flight) {
            sent.push(self.send(text));
        }
        let mut each = Vec::with_capacity(count);
        let mut line = String::new();
        while each.len() < count {
            line.clear();
            self.output.read_line(&mut line).expect("the server answers");
            let received = Instant::now();
            // The next one before the answer is looked at, so that as many stay under way.
            if let Some(text) = texts.next() {
                std::thread::sleep(pace.pause);
                sent.push(self.send(text));
            }
            let Envelope { id } = serde_json::from_str(&line).expect("an answer with an id");
            check(&line, expected);
            each.push(received - sent[id]);
        }
        Round::of(each, started.elapsed())
    }
}

impl StdioClient {
    fn offer(&mut self, rate: u32, texts: &[String]) -> Round {
        let Self { input, output, .. } = self;
        let schedule = Schedule::new(rate);
        let each = std::thread::scope(|scope| {
            scope.spawn(move || {
                for (at, text) in texts.iter().enumerate() {
                    schedule.wait_for(at);
                    input.write_all(format!("{text}\n").as_bytes()).expect("the server reads");
                }
            });
            let mut line = String::new();
            let answers = texts.iter().map(|_| {
                line.clear();
                output.read_line(&mut line).expect("the server answers");
                let received = Instant::now();
                let Envelope { id } = serde_json::from_str(&line).expect("an answer with an id");
                check(&line, DONE);
                received - schedule.due(id)
            });
            answers.collect()
        });
        Round::of(each, schedule.start.elapsed())
    }
}

pub struct HttpClient {
    server: Server,
    address: String,
}

impl HttpClient {
    fn start(path: &Path) -> Self {
        let mut server = annals()
            .args(["serve", "--listen", "127.0.0.1:0", "--store", &address(path)])
            .stderr(Stdio::piped())
            .spawn()
            .expect("annals serve");
        let mut lines = BufReader::new(server.stderr.take().expect("its messages")).lines();
        let address = lines
            .by_ref()
            .find_map(|line| Some(line.ok()?.strip_prefix("listening on http://")?.to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        Self { server: Server(server), address: address.expect("the server's address") }
    }

    fn exchange(&self, pace: Pace, texts: Vec<String>, expected: &str) -> Round {
        let mut shares: Vec<Vec<String>> = (0..pace.in_flight).map(|_| Vec::new()).collect();
        for (at, text) in texts.into_iter().enumerate() {
            shares[at % pace.in_flight].push(text);
        }
        let connections: Vec<_> =
            shares.into_iter().map(|share| (Connection::open(&self.address), share)).collect();
        let started = Instant::now();
        let each = std::thread::scope(|scope| {
            let threads: Vec<_> = connections
                .into_iter()
                .map(|(mut connection, share)| {
                    scope.spawn(move || connection.exchange(&share, expected, pace.pause))
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a caller")).collect()
        });
        Round::of(each, started.elapsed())
    }
}

impl HttpClient {
    fn offer(&self, rate: u32, connections: usize, texts: &[String]) -> Round {
        let open: Vec<_> = (0..connections).map(|_| Connection::open(&self.address)).collect();
        let schedule = Schedule::new(rate);
        let each = std::thread::scope(|scope| {
            let threads: Vec<_> = open
                .into_iter()
                .enumerate()
                .map(|(first, mut connection)| {
                    scope.spawn(move || {
                        let own = texts.iter().enumerate().skip(first).step_by(connections);
                        let times = own.map(|(at, text)| {
                            let due = schedule.wait_for(at);
                            check(&connection.ask(text), DONE);
                            due.elapsed()
                        });
                        times.collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a caller")).collect()
        });
        Round::of(each, schedule.start.elapsed())
    }
}

/// One connection, which is kept open; one request at a time.
struct Connection {
    input: TcpStream,
    output: BufReader<TcpStream>,
    address: String,
}

impl Connection {
    fn open(address: &str) -> Self {
        let input = TcpStream::connect(address).expect("a connection");
        input.set_nodelay(true).expect("no delay");
        let output = BufReader::with_capacity(1 << 18, input.try_clone().expect("a second handle"));
        Self { input, output, address: address.to_owned() }
    }

    fn exchange(&mut self, texts: &[String], expected: &str, pause: Duration) -> Vec<Duration> {
        texts
            .iter()
            .map(|text| {
                std::thread::sleep(pause);
                let before = Instant::now();
                let answer = self.ask(text);
                let taken = before.elapsed();
                check(&answer, expected);
                taken
            })
            .collect()
    }

    fn ask(&mut self, text: &str) -> String {
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n\r\n{text}",
            self.address,
            text.len()
        );
        self.input.write_all(request.as_bytes()).expect("the server reads");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).expect("the server answers");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("the whole answer");
        String::from_utf8(body).expect("an answer in UTF-8")
    }
}
