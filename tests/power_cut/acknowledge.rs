//! The program that the tests of durability kill, cut off and trace. It is not installed.
//!
//! ```text
//! acknowledge write DIR full|none [CALLS]   emits, prints each acknowledgement
//! acknowledge check DIR ACKS                looks for every acknowledgement in the file ACKS
//! ```
//!
//! Without CALLS, `write` goes on until it is killed; with it, each caller ends after so many calls.
//! An acknowledgement is a line `instance_id sequence_num event_id hash`, printed after the store
//! answered. `none` flushes nothing, so that a test can show that it would notice. `check` prints a
//! line for each acknowledged event that is lost or has changed and for each broken chain, and exits
//! with 1 if there is one.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, fs};

use annals::domain::ids::InstanceId;
use annals::service::{ListInstancesRequest, ReceiptView, RegisterRequest, Service, VerifyRequest};
use annals::store::sqlite::{Durability, Options, SqliteStore};
use annals::store::{SharedStore, SystemClock};
use serde_json::{Value, json};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// How many callers emit at once. The first two share an instance.
const CALLERS: usize = 5;

#[tokio::main]
async fn main() -> Fallible<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", folder, mode] => write(folder, durability(mode)?, usize::MAX).await,
        ["write", folder, mode, calls] => write(folder, durability(mode)?, calls.parse()?).await,
        ["check", folder, acks] => check(folder, &fs::read_to_string(acks)?).await,
        _ => {
            Err("usage: acknowledge write DIR full|none [CALLS], or acknowledge check DIR ACKS"
                .into())
        }
    }
}

fn durability(mode: &str) -> Fallible<Durability> {
    match mode {
        "full" => Ok(Durability::Full),
        "none" => Ok(Durability::None),
        _ => Err(format!("{mode:?} is neither full nor none").into()),
    }
}

/// The store's file, in a folder that the store has to make.
fn file(folder: &str) -> PathBuf {
    Path::new(folder).join("data").join("annals.db")
}

fn open(folder: &str, durability: Durability) -> annals::domain::error::Result<SharedStore> {
    let options = Options { durability, ..Options::new(Arc::new(SystemClock)) };
    Ok(Arc::new(SqliteStore::open(&file(folder), options)?))
}

/// Lets every caller make its calls; the first refusal ends it.
async fn write(folder: &str, durability: Durability, calls: usize) -> Fallible<ExitCode> {
    let service = Service::new(open(folder, durability)?, Arc::new(SystemClock));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let instance_id = instance(&service, &format!("caller-{}", caller.max(1))).await?;
        let service = service.clone();
        callers.spawn(async move {
            let ended = emit_all(&service, &instance_id, calls).await;
            ended.map_err(|error| format!("caller {caller}: {error}"))
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    service.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// The instance of a project, registered at the first call. It goes on over all rounds.
async fn instance(service: &Service, project: &str) -> Fallible<String> {
    let request = ListInstancesRequest { project: Some(project.to_owned()), ..Default::default() };
    if let Some(known) = service.list_instances(request).await?.instances.pop() {
        return Ok(known.instance_id);
    }
    let request = RegisterRequest { project: project.to_owned(), ..Default::default() };
    Ok(service.register(request).await?.instance_id)
}

/// Single events of many sizes, and now and then a batch.
async fn emit_all(service: &Service, instance_id: &str, calls: usize) -> Fallible<()> {
    for number in 1..=calls {
        if number.is_multiple_of(10) {
            emit_batch(service, instance_id, number).await?;
        } else {
            emit(service, instance_id, number).await?;
        }
    }
    Ok(())
}

async fn emit(service: &Service, instance_id: &str, number: usize) -> Fallible<()> {
    // Every hundredth event spreads over several pages of the file.
    let length = if number.is_multiple_of(100) { 20_000 } else { number * 37 % 600 };
    let request = json!({
        "instance_id": instance_id,
        "event_type": "commit_created",
        "event_data": {"commit_hash": format!("{number:07x}"), "message": "m".repeat(length)},
    });
    let answer = service.emit(serde_json::from_value(request)?).await?;
    acknowledge(instance_id, &[answer.receipt])
}

async fn emit_batch(service: &Service, instance_id: &str, number: usize) -> Fallible<()> {
    let event = |part: usize| {
        let epic_id = format!("epic-{number}-{part}");
        json!({"event_type": "epic_started", "event_data": {"epic_id": epic_id}})
    };
    let events: Vec<Value> = (0..7).map(event).collect();
    let request = json!({"instance_id": instance_id, "events": events});
    let answer = service.emit_batch(serde_json::from_value(request)?).await?;
    acknowledge(instance_id, &answer.events)
}

fn acknowledge(instance_id: &str, receipts: &[ReceiptView]) -> Fallible<()> {
    let lines: String = receipts.iter().map(|receipt| line(instance_id, receipt)).collect();
    let mut output = io::stdout().lock();
    output.write_all(lines.as_bytes())?;
    output.flush()?;
    Ok(())
}

fn line(instance_id: &str, receipt: &ReceiptView) -> String {
    let ReceiptView { sequence_num, event_id, hash, .. } = receipt;
    format!("{instance_id} {sequence_num} {event_id} {hash}\n")
}

/// Compares the acknowledgements with the store, and verifies every chain.
async fn check(folder: &str, acks: &str) -> Fallible<ExitCode> {
    let mut by_instance: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ack in acks.lines() {
        by_instance.entry(ack.split(' ').next().unwrap_or_default()).or_default().push(ack);
    }
    if by_instance.is_empty() && !file(folder).exists() {
        return Ok(ExitCode::SUCCESS);
    }
    let losses = match losses(folder, &by_instance).await {
        Ok(losses) => losses,
        // A store that cannot be read has lost everything, and more than acknowledgements.
        Err(error) => {
            let all = acks.lines().map(|ack| format!("lost: {ack}"));
            all.chain([format!("unreadable: {error}")]).collect()
        }
    };
    let mut output = io::stdout().lock();
    for loss in &losses {
        writeln!(output, "{loss}")?;
    }
    Ok(ExitCode::from(u8::from(!losses.is_empty())))
}

async fn losses(folder: &str, acks: &BTreeMap<&str, Vec<&str>>) -> Fallible<Vec<String>> {
    let store = open(folder, Durability::Full)?;
    let mut losses = Vec::new();
    for (instance_id, acks) in acks {
        let stored = stored(&store, instance_id.parse()?).await?;
        for ack in acks {
            let event_id = ack.split(' ').nth(2).unwrap_or_default();
            match stored.get(event_id) {
                Some(found) if found == ack => {}
                Some(found) => losses.push(format!("changed: {ack} is now {found}")),
                None => losses.push(format!("lost: {ack}")),
            }
        }
    }
    let service = Service::new(store, Arc::new(SystemClock));
    let verified = service.verify(VerifyRequest::default(), |_| {}).await?;
    losses.extend(verified.faults.into_iter().map(|fault| format!("chain: {}", fault.message)));
    service.shutdown().await;
    Ok(losses)
}

/// Each stored event of an instance as the line that acknowledges it, by its id.
async fn stored(store: &SharedStore, instance_id: InstanceId) -> Fallible<HashMap<String, String>> {
    let mut found = HashMap::new();
    if let Some((_, mut events)) = store.scan(instance_id, None).await? {
        while let Some(chunk) = events.recv().await {
            for event in chunk? {
                let event_id = event.event_id.to_string();
                let line =
                    format!("{instance_id} {} {event_id} {}", event.sequence_num, event.hash);
                found.insert(event_id, line);
            }
        }
    }
    Ok(found)
}
