//! How `annals serve` and `annals mcp` end, and what ends neither.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::cli_program::{Home, Served, post, tool_call, tool_result, wait};

/// Long enough for a call to arrive and to begin.
const A_WHILE: Duration = Duration::from_millis(500);

fn signal(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

fn is_running(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_none()
}

fn event(instance: &str) -> Vec<u8> {
    let event = json!({"instance_id": instance, "event_type": "turn_completed", "event_data": {}});
    tool_call("emit_event", &event)
}

fn events(home: &Home, instance: &str) -> Value {
    home.json(&["query", instance, "--type", "turn_completed"])["total_count"].take()
}

/// Holds the lock of the store, so that whoever writes waits.
fn hold(home: &Home) -> Connection {
    let other = Connection::open(home.default_store()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

/// A call that is under way, over HTTP or over stdio.
struct Call {
    server: Server,
    answer: thread::JoinHandle<std::io::Result<Value>>,
}

enum Server {
    Http(Served),
    Stdio(Child),
}

impl Server {
    fn child(&mut self) -> &mut Child {
        match self {
            Self::Http(served) => &mut served.child,
            Self::Stdio(child) => child,
        }
    }
}

impl Call {
    fn over_http(home: &Home, instance: &str) -> Self {
        let (served, call) = (Served::start(home, &[]), event(instance));
        let address = served.address.clone();
        let answer = thread::spawn(move || post(&address, &call).map(|(_, answer)| answer));
        Self { server: Server::Http(served), answer }
    }

    fn over_stdio(home: &Home, instance: &str) -> Self {
        let mut server = home.command(&["mcp"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = server.stdin.take().unwrap();
        input.write_all(&event(instance)).unwrap();
        input.write_all(b"\n").unwrap();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        let answer = thread::spawn(move || {
            let mut line = String::new();
            output.read_line(&mut line)?;
            drop(input); // until now it stays open
            Ok(serde_json::from_str(&line)?)
        });
        Self { server: Server::Stdio(server), answer }
    }
}

#[test]
fn a_call_under_way_is_answered_before_the_end() {
    for (begin, stop) in [
        (Call::over_http as fn(&Home, &str) -> Call, "-TERM"),
        (Call::over_http, "-INT"),
        (Call::over_stdio, "-TERM"),
        (Call::over_stdio, "-INT"),
    ] {
        let home = Home::new();
        let instance = home.register("odin");
        let lock = hold(&home);
        let mut call = begin(&home, &instance);
        sleep(A_WHILE);
        signal(call.server.child(), stop);
        sleep(A_WHILE);
        assert!(is_running(call.server.child()), "{stop}: the call is not answered yet");
        lock.execute_batch("ROLLBACK").unwrap();
        let (content, is_refusal) = tool_result(&call.answer.join().unwrap().unwrap());
        assert!(!is_refusal, "{content}");
        assert_eq!(wait(call.server.child()), Some(0));
        assert_eq!(events(&home, &instance), 1);
    }
}

#[test]
fn a_second_signal_ends_at_once_and_leaves_the_store_whole() {
    for begin in [Call::over_http as fn(&Home, &str) -> Call, Call::over_stdio] {
        let home = Home::new();
        let instance = home.register("odin");
        let lock = hold(&home);
        let mut call = begin(&home, &instance);
        sleep(A_WHILE);
        signal(call.server.child(), "-TERM");
        sleep(A_WHILE);
        assert!(is_running(call.server.child()), "the call is not answered yet");
        signal(call.server.child(), "-TERM");
        assert_eq!(wait(call.server.child()), Some(130));
        assert!(call.answer.join().unwrap().is_err(), "there was no answer");
        lock.execute_batch("ROLLBACK").unwrap();
        assert_eq!(events(&home, &instance), 0);
        assert_eq!(home.json(&["verify"])["valid"], true);
    }
}

/// The start of a POST whose body has so many bytes.
fn head(address: &str, bytes: usize) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         MCP-Protocol-Version: 2025-11-25\r\nContent-Length: {bytes}\r\n\r\n"
    )
}

/// An instance whose events are more than a connection buffers, and a call that asks for them.
fn much(home: &Home) -> (String, Vec<u8>) {
    let instance = home.register("odin");
    let data = json!({"text": "x".repeat(200_000)});
    let line = json!({"event_type": "turn_completed", "event_data": data});
    home.file("events.jsonl", format!("{line}\n").repeat(60));
    let ran = home.run(&["emit", &instance, "--batch", "@events.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let asked = json!({"instance_id": instance, "limit": 1000});
    (instance, tool_call("query_events", &asked))
}

/// Each would otherwise keep the server for the ten seconds that calls have.
#[test]
fn clients_that_stand_still_do_not_keep_a_server_from_ending() {
    let home = Home::new();
    let (_, call) = much(&home);
    let mut served = Served::start(&home, &[]);
    let address = served.address.clone();
    let whole = [head(&address, call.len()).as_bytes(), &call].concat();
    let beginnings =
        [&b""[..], b"POST /mcp HT", &whole[..head(&address, 1).len() + 10], &whole[..]];
    let clients: Vec<TcpStream> = beginnings
        .iter()
        .map(|beginning| {
            let mut client = TcpStream::connect(&address).unwrap();
            client.write_all(beginning).unwrap();
            client
        })
        .collect();
    sleep(A_WHILE);
    let started = Instant::now();
    served.terminate();
    assert_eq!(wait(&mut served.child), Some(0));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    drop(clients);
    // It ended in good order: nothing is left beside the store.
    let log = home.default_store().with_extension("db-wal");
    assert!(!log.exists());
}

/// The answers that were asked for are much work, and nobody will read them.
#[test]
fn a_client_that_goes_away_in_the_midst_of_large_answers_ends_the_server() {
    let home = Home::new();
    let (_, call) = much(&home);
    let mut server = home.command(&["mcp"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = server.stdin.take().unwrap();
    for _ in 0..40 {
        input.write_all(&[&call[..], b"\n"].concat()).unwrap();
    }
    let mut output = server.stdout.take().unwrap();
    output.read_exact(&mut [0; 1_000]).unwrap();
    let started = Instant::now();
    drop((input, output));
    assert_eq!(wait(&mut server), Some(0));
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    let mut said = String::new();
    server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn without_input_there_is_nothing_to_serve_over_stdio() {
    let home = Home::new();
    for line in
        ["exec \"$0\" mcp </dev/null", "exec \"$0\" mcp <&-", "exec \"$0\" mcp <&- >&- 2>&-"]
    {
        let mut command = home.around(Command::new("sh"));
        let mut child = command.args(["-c", line, env!("CARGO_BIN_EXE_annals")]).spawn().unwrap();
        assert_eq!(wait(&mut child), Some(0), "{line}");
    }
}
