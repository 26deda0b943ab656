//! `annals tail --follow` beside eight writers, each a process of its own: from when a writer has the
//! acknowledgement of its event to when the follower has printed the line.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::rig::client::{Client, Message, address, annals};
use crate::rig::figures::{Round, Rounds};
use crate::rig::report::{Report, ms, whole};
use crate::rig::stores;
use crate::rig::traffic::Traffic;

const ROUNDS: usize = 5;
const WRITERS: usize = 8;
/// Events of each writer in a round.
const EVENTS: usize = 150;
/// The aim.
const WITHIN: Duration = Duration::from_millis(200);

pub fn run(report: &mut Report) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let store = folder.path().join("annals.db");
    let instances = Runtime::new().expect("a runtime").block_on(async {
        let service = stores::service(&store);
        let instances = stores::register(&service, WRITERS).await;
        service.shutdown().await;
        instances
    });
    let mut writers: Vec<_> = (0..WRITERS).map(|_| Client::start(false, &store)).collect();
    let mut traffic = Traffic::new(43);
    let mut number = 0;

    report.part("`annals tail --follow`, beside 8 writing processes");
    let loads = [
        ("an event every 50 ms each", Duration::from_millis(50)),
        ("as fast as they go", Duration::ZERO),
    ];
    let mut rows = Vec::new();
    for (name, pause) in loads {
        let mut rounds = Rounds::default();
        for _ in 0..=ROUNDS {
            let work =
                (0..WRITERS).map(|writer| emits(&mut traffic, &instances[writer], &mut number));
            let work = work.collect();
            report.watch.round_begins();
            rounds.push(round(&store, &mut writers, pause, work));
            report.watch.round_ends();
        }
        rounds.drop_first();
        rows.push(vec![
            name.to_owned(),
            whole(rounds.rate()),
            ms(rounds.p50()),
            ms(rounds.p99()),
            ms(WITHIN),
        ]);
        report.within(&format!("tail --follow, 8 writers, {name}: p99"), rounds.p99(), WITHIN);
    }
    report.table(&["8 writers", "events/s", "p50", "p99", "aim for p99"], &rows);
}

/// Emits of an instance, each with the id that it is to have.
fn emits(traffic: &mut Traffic, instance: &str, number: &mut u64) -> Vec<(String, Message)> {
    let instance = [instance.to_owned()];
    (0..EVENTS)
        .map(|_| {
            *number += 1;
            let id = format!("0191e7a4-0000-7000-8000-{number:012x}");
            let request = traffic.request(&instance);
            let arguments = json!({
                "instance_id": request.instance_id,
                "event_type": request.event_type,
                "event_data": request.event_data,
                "metadata": request.metadata,
                "event_id": id,
            });
            (id, Message::call("mcp_meta_emit_event", &arguments))
        })
        .collect()
}

fn round(
    store: &Path,
    writers: &mut [Client],
    pause: Duration,
    work: Vec<Vec<(String, Message)>>,
) -> Round {
    let follower = Follower::start(store, work.iter().map(Vec::len).sum());
    let started = Instant::now();
    let acknowledged: Vec<(String, Instant)> = std::thread::scope(|scope| {
        let threads: Vec<_> = writers
            .iter_mut()
            .zip(work)
            .map(|(writer, work)| {
                scope.spawn(move || {
                    let (ids, messages): (Vec<_>, Vec<_>) = work.into_iter().unzip();
                    ids.into_iter().zip(writer.one_by_one(pause, &messages)).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a writer")).collect()
    });
    let together = started.elapsed();
    let printed = follower.printed();
    let each = acknowledged.iter().map(|(id, at)| printed[id].saturating_duration_since(*at));
    Round::of(each.collect(), together)
}

/// `annals tail --follow --json`, and when it printed which event.
struct Follower {
    process: Child,
    lines: JoinHandle<Vec<(Instant, String)>>,
}

#[derive(Deserialize)]
struct Line {
    event_id: String,
}

impl Follower {
    /// One that follows already, and is to print so many events.
    fn start(store: &Path, events: usize) -> Self {
        let mut process = annals()
            .args(["tail", "--follow", "--json", "--lines", "1", "--store", &address(store)])
            .stdout(Stdio::piped())
            .spawn()
            .expect("annals tail");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let mut lines = output.lines().map(|line| line.expect("a line"));
        lines.next().expect("the last event before");
        let lines = std::thread::spawn(move || {
            lines.map(|line| (Instant::now(), line)).take(events).collect()
        });
        Self { process, lines }
    }

    /// When each event was printed, once all are.
    fn printed(mut self) -> HashMap<String, Instant> {
        let lines = self.lines.join().expect("a reader");
        let _ = self.process.kill();
        let _ = self.process.wait();
        let id = |line: &str| serde_json::from_str::<Line>(line).expect("an event").event_id;
        lines.iter().map(|(at, line)| (id(line), *at)).collect()
    }
}
