//! A process that writes, to be killed, cut off or raced: this test binary, started again as
//!
//! ```text
//! TEST_BINARY writer::writer_process --exact --test-threads=1
//! ```
//!
//! with these environment variables (without the first, the test returns at once):
//!
//! | variable | meaning |
//! | --- | --- |
//! | `ANNALS_WRITER_STORE` | the store, such as `sqlite:/path/to/annals.db` |
//! | `ANNALS_WRITER_INSTANCES` | the ids of the instances to write to, with commas between; or how many: those that an earlier writer registered, and new ones as far as these do not suffice. 1 by default |
//! | `ANNALS_WRITER_TASKS` | how many tasks emit at once, 1 by default. Each calls one after the other, and goes round all instances |
//! | `ANNALS_WRITER_CALLS` | how many calls each task makes; without it they go on until the process ends |
//! | `ANNALS_WRITER_BATCH` | how many events a call has, 1 by default |
//! | `ANNALS_WRITER_DURABILITY` | `full` (the default) or `none`, which flushes nothing |
//!
//! Each event that is acknowledged makes a line on standard output, written after the store has
//! answered that it is durable, in one piece:
//!
//! ```text
//! ack INSTANCE_ID SEQUENCE_NUM EVENT_ID HASH CALLER
//! ```
//!
//! Other lines come from the test harness and mean nothing. A task ends at its first error, which
//! goes to standard error as `error CODE MESSAGE`; the process then fails when every task has ended.
//! `checker.rs` holds the lines against the store.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use annals::domain::error::Result;
use annals::domain::ids::EventId;
use annals::service::{
    EmitBatchRequest, ListInstancesRequest, ReceiptView, RegisterRequest, Service,
};
use annals::store::sqlite::{Durability, Options, SqliteStore};
use annals::store::{self, Address, Opening, SharedStore, SystemClock};
use serde_json::{Value, json};

use crate::checker::{Acknowledged, acknowledged};
use crate::conformance::HANGS;

/// The project of the instances that writers register.
const PROJECT: &str = "writer";

/// What a writer is told; see the variables above.
#[derive(Clone, Debug)]
pub struct Orders {
    /// The store.
    pub store: String,
    /// Ids or a number.
    pub instances: String,
    /// Tasks at once.
    pub tasks: usize,
    /// Calls of each task; endless when absent.
    pub calls: Option<u64>,
    /// Events of each call.
    pub batch: u64,
    /// `full` or `none`.
    pub durability: String,
    /// The folder that the process starts in, if not that of this one.
    pub folder: Option<PathBuf>,
}

impl Orders {
    /// One task that writes one event after the other to one instance, for ever.
    pub fn new(store: &str) -> Self {
        Self {
            store: store.to_owned(),
            instances: "1".into(),
            tasks: 1,
            calls: None,
            batch: 1,
            durability: "full".into(),
            folder: None,
        }
    }

    fn from_environment() -> Option<Self> {
        let text = |name: &str| std::env::var(format!("ANNALS_WRITER_{name}")).ok();
        let number = |name: &str| text(name).map(|text| text.parse::<u64>().unwrap());
        let default = Self::new(&text("STORE")?);
        Some(Self {
            instances: text("INSTANCES").unwrap_or(default.instances),
            tasks: number("TASKS").map_or(default.tasks, |tasks| tasks.try_into().unwrap()),
            calls: number("CALLS"),
            batch: number("BATCH").unwrap_or(default.batch),
            durability: text("DURABILITY").unwrap_or(default.durability),
            ..default
        })
    }

    /// Starts a writer as a process of its own.
    pub fn start(&self) -> Running {
        let mut command = this_binary("writer::writer_process");
        command
            .env("ANNALS_WRITER_STORE", &self.store)
            .env("ANNALS_WRITER_INSTANCES", &self.instances)
            .env("ANNALS_WRITER_TASKS", self.tasks.to_string())
            .env("ANNALS_WRITER_BATCH", self.batch.to_string())
            .env("ANNALS_WRITER_DURABILITY", &self.durability);
        if let Some(calls) = self.calls {
            command.env("ANNALS_WRITER_CALLS", calls.to_string());
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        Running::of(command.spawn().unwrap())
    }

    async fn open(&self) -> Result<SharedStore> {
        let clock = Arc::new(SystemClock);
        let address: Address = self.store.parse()?;
        match (self.durability.as_str(), &address) {
            ("full", _) => store::open(&address, Opening::new(clock)).await,
            ("none", Address::Sqlite(path)) => {
                let options = Options { durability: Durability::None, ..Options::new(clock) };
                Ok(Arc::new(SqliteStore::open(path, options)?))
            }
            (other, _) => panic!("ANNALS_WRITER_DURABILITY is {other:?}"),
        }
    }
}

/// A writer at work; killed when dropped.
pub struct Running {
    child: Child,
    /// The whole lines of its output so far.
    output: Arc<(Mutex<Vec<String>>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    fn of(mut child: Child) -> Self {
        let mut from = BufReader::new(child.stdout.take().unwrap());
        let output = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let to = Arc::clone(&output);
        let reader = thread::spawn(move || {
            let mut line = String::new();
            while from.read_line(&mut line).unwrap() > 0 {
                to.0.lock().unwrap().push(std::mem::take(&mut line));
                to.1.notify_all();
            }
        });
        Self { child, output, reader: Some(reader) }
    }

    /// Waits until so many events were acknowledged.
    pub fn wait_for(&self, acknowledgements: usize) {
        let few = |lines: &mut Vec<String>| {
            lines.iter().filter(|line| line.starts_with("ack ")).count() < acknowledgements
        };
        let lines = self.output.0.lock().unwrap();
        let (_lines, waited) = self.output.1.wait_timeout_while(lines, HANGS, few).unwrap();
        assert!(!waited.timed_out(), "the writer hangs");
    }

    /// Kills the process with SIGKILL; gives what it acknowledged.
    pub fn kill(mut self) -> Vec<Acknowledged> {
        self.child.kill().unwrap();
        self.end().1
    }

    /// Waits for a good end; gives what was acknowledged.
    pub fn finish(mut self) -> Vec<Acknowledged> {
        let (status, told) = self.end();
        assert!(status.success(), "the writer ended with {status}");
        told
    }

    fn end(&mut self) -> (ExitStatus, Vec<Acknowledged>) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status, acknowledged(&self.output.0.lock().unwrap().concat()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This test binary, about to run one test.
pub fn this_binary(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--test-threads=1"]).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

#[test]
fn writer_process() {
    let Some(orders) = Orders::from_environment() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let failed = runtime.block_on(write(&orders));
    assert_eq!(failed, 0, "tasks that failed");
}

/// Writes as ordered; gives how many tasks failed.
async fn write(orders: &Orders) -> usize {
    // The harness has started a line of its own.
    say("\n");
    let service = Service::new(orders.open().await.unwrap(), Arc::new(SystemClock));
    let instances: Arc<[String]> = instances(&service, &orders.instances).await.into();
    let tasks: Vec<_> = (0..orders.tasks)
        .map(|task| {
            let (service, instances) = (service.clone(), Arc::clone(&instances));
            tokio::spawn(call(service, instances, task, orders.calls, orders.batch))
        })
        .collect();
    let mut failed = 0;
    for task in tasks {
        if let Err(error) = task.await.unwrap() {
            eprintln!("error {} {}", error.code, error.message);
            failed += 1;
        }
    }
    service.shutdown().await;
    failed
}

async fn instances(service: &Service, wanted: &str) -> Vec<String> {
    let Ok(number) = wanted.parse::<usize>() else {
        return wanted.split(',').map(str::to_owned).collect();
    };
    let known = ListInstancesRequest {
        project: Some(PROJECT.into()),
        limit: Some(1_000),
        ..ListInstancesRequest::default()
    };
    let known = service.list_instances(known).await.unwrap().instances;
    let mut ids: Vec<String> = known.into_iter().map(|known| known.instance_id).collect();
    ids.sort();
    ids.truncate(number);
    while ids.len() < number {
        let request = RegisterRequest { project: PROJECT.into(), ..RegisterRequest::default() };
        ids.push(service.register(request).await.unwrap().instance_id);
    }
    ids
}

/// One task: one call after the other, to one instance after the other.
async fn call(
    service: Service,
    instances: Arc<[String]>,
    task: usize,
    calls: Option<u64>,
    batch: u64,
) -> Result<()> {
    let caller = format!("{}.{task}", std::process::id());
    for call in 0..calls.unwrap_or(u64::MAX) {
        let place = task + usize::try_from(call).unwrap_or(0);
        let instance = &instances[place % instances.len()];
        let events: Vec<Value> =
            (0..batch).map(|part| event(&caller, task, call * batch + part, part, batch)).collect();
        let request: EmitBatchRequest =
            serde_json::from_value(json!({"instance_id": instance, "events": events})).unwrap();
        for receipt in service.emit_batch(request).await?.events {
            acknowledge(instance, &receipt, &caller);
        }
    }
    Ok(())
}

/// The `n`th event of a caller, which says so. Every second task names the ids of its events.
fn event(caller: &str, task: usize, n: u64, part: u64, batch: u64) -> Value {
    let mut event = json!({
        "event_type": "task_spawned",
        "event_data": {"task_id": format!("{caller}-{n}"), "caller": caller, "n": n},
        "metadata": {"part": part, "of": batch},
    });
    if task % 2 == 1 {
        event["event_id"] = EventId::generate().to_string().into();
    }
    event
}

fn acknowledge(instance: &str, receipt: &ReceiptView, caller: &str) {
    let ReceiptView { sequence_num, event_id, hash, .. } = receipt;
    say(&format!("ack {instance} {sequence_num} {event_id} {hash} {caller}\n"));
}

/// Writes to standard output, past the harness, which would keep it until the end.
fn say(line: &str) {
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}
