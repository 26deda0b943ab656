//! Two servers on one file, one of which is killed or stands still.

use std::collections::HashSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{id, refused};
use crate::cli_program::{Home, Served, post, tool_call, tool_result, wait};

/// Clients of each server.
const CLIENTS: usize = 4;

/// Clients of one server that emit without a pause, until they are told to end or the server is gone.
struct Clients {
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Told>>,
}

/// What clients were told.
#[derive(Default)]
struct Told {
    acknowledged: Vec<String>,
    /// The ids of events for which no answer came.
    unanswered: Vec<String>,
    refusals: Vec<Value>,
}

impl Clients {
    fn start(served: &Served, instance: &str, events: usize) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let threads = (0..CLIENTS).map(|_| {
            let (address, end) = (served.address.clone(), Arc::clone(&end));
            let instance = instance.to_owned();
            thread::spawn(move || emit(&address, &instance, events, &end))
        });
        Self { threads: threads.collect(), end }
    }

    /// Until every client has emitted for a while.
    fn end(self) -> Told {
        self.end.store(true, Ordering::Release);
        self.join()
    }

    fn join(self) -> Told {
        let mut all = Told::default();
        for thread in self.threads {
            let told = thread.join().unwrap();
            assert!(!told.acknowledged.is_empty(), "everyone was served");
            all.acknowledged.extend(told.acknowledged);
            all.unanswered.extend(told.unanswered);
            all.refusals.extend(told.refusals);
        }
        all
    }
}

/// Emits so many events with each call.
fn emit(address: &str, instance: &str, events: usize, end: &AtomicBool) -> Told {
    let mut told = Told::default();
    while !end.load(Ordering::Acquire) {
        let ids: Vec<String> = (0..events).map(|_| Uuid::now_v7().to_string()).collect();
        let event = |id: &String| {
            let text = "x".repeat(1_000);
            json!({"event_type": "turn_completed", "event_data": {"text": text}, "event_id": id})
        };
        let batch: Vec<Value> = ids.iter().map(event).collect();
        let call = tool_call("emit_events", &json!({"instance_id": instance, "events": batch}));
        match post(address, &call) {
            Ok((_, answer)) => match tool_result(&answer) {
                (_, false) => told.acknowledged.extend(ids),
                (refusal, true) => told.refusals.push(refusal),
            },
            Err(_) => {
                told.unanswered.extend(ids);
                return told;
            }
        }
    }
    told
}

/// The ids of all events of clients, as the command line gives them.
fn stored(home: &Home, instance: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let after = cursor.as_deref().unwrap_or("f0.0");
        let ran = home.run(&["tail", instance, "--json", "--after", after]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let events: Vec<Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let Some(last) = events.last() else { return all };
        cursor = Some(last["cursor"].as_str().unwrap().to_owned());
        let emitted = events.iter().filter(|event| event["event_type"] == "turn_completed");
        all.extend(emitted.map(|event| id(event).to_owned()));
    }
}

/// Everything acknowledged is stored, once, and nothing that nobody sent.
fn assert_kept(home: &Home, instance: &str, told: &[Told]) {
    let stored = stored(home, instance);
    let set: HashSet<&String> = stored.iter().collect();
    assert_eq!(set.len(), stored.len(), "nothing twice");
    let acknowledged: HashSet<&String> = told.iter().flat_map(|told| &told.acknowledged).collect();
    assert!(acknowledged.is_subset(&set), "nothing lost");
    let unknown: HashSet<&String> = told.iter().flat_map(|told| &told.unanswered).collect();
    assert!(set.difference(&acknowledged).all(|id| unknown.contains(id)), "nothing else");
    assert_eq!(home.json(&["verify"])["valid"], true);
}

#[test]
fn a_killed_server_keeps_its_word_and_its_neighbour_goes_on() {
    let home = Home::new();
    let instance = home.register("odin");
    let neighbour = Served::start(&home, &[]);
    let going_on = Clients::start(&neighbour, &instance, 1);
    let mut told = Vec::new();
    for _ in 0..5 {
        let mut served = Served::start(&home, &[]);
        let cut_off = Clients::start(&served, &instance, 3);
        sleep(Duration::from_millis(300));
        served.child.kill().unwrap();
        wait(&mut served.child);
        told.push(cut_off.join());
    }
    assert!(told.iter().all(|told| told.refusals.is_empty()));
    let of_neighbour = going_on.end();
    assert_eq!(of_neighbour.refusals, Vec::<Value>::new());
    assert_eq!(of_neighbour.unanswered, Vec::<String>::new());
    told.push(of_neighbour);
    assert_kept(&home, &instance, &told);
    assert_eq!(neighbour.stop(), Some(0));
    assert_kept(&home, &instance, &told);
}

fn signal(served: &Served, signal: &str) {
    let pid = served.child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

/// Stops the server at a moment at which it holds the file's lock.
fn stop_with_the_lock(home: &Home, served: &Served) {
    let other = Connection::open(home.default_store()).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    for _ in 0..1_000 {
        signal(served, "-STOP");
        // A signal takes effect a moment after it was sent.
        sleep(Duration::from_millis(5));
        if other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err() {
            return;
        }
        signal(served, "-CONT");
        sleep(Duration::from_millis(1));
    }
    panic!("the server never has the lock");
}

#[test]
fn a_server_that_stands_still_with_the_lock_keeps_nobody_waiting_for_ever() {
    let home = Home::new();
    let instance = home.register("odin");
    let (still, neighbour) = (Served::start(&home, &[]), Served::start(&home, &[]));
    let clients = Clients::start(&still, &instance, 50);
    stop_with_the_lock(&home, &still);
    let event = json!({"instance_id": instance, "event_type": "turn_completed", "event_data": {}});
    let started = Instant::now();
    let emit = ["emit", &instance, "turn_completed", "{}", "--json"];
    let by_command = thread::scope(|scope| {
        let command = scope.spawn(|| home.run(&emit));
        let (refusal, is_refusal) = neighbour.call("emit_event", &event);
        assert!(is_refusal, "{refusal}");
        refused(Err::<(), _>(refusal), "store_locked");
        command.join().unwrap()
    });
    assert_eq!(by_command.code, 6, "{by_command:?}");
    refused(Err::<(), _>(by_command.json()), "store_locked");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    // Reading needs no lock.
    let (page, is_refusal) = neighbour.call("query_events", &json!({"instance_id": instance}));
    assert!(!is_refusal, "{page}");
    signal(&still, "-CONT");
    let (answer, is_refusal) = neighbour.call("emit_event", &event);
    assert!(!is_refusal, "{answer}");
    let mut told = clients.end();
    assert_eq!((told.refusals.len(), told.unanswered.len()), (0, 0), "those calls were late");
    told.acknowledged.push(id(&answer).to_owned());
    assert_kept(&home, &instance, &[told]);
    assert_eq!((still.stop(), neighbour.stop()), (Some(0), Some(0)));
}
