//! Through MCP, as a client sees it: the real program over standard input and output and over HTTP,
//! with a million events in the store. `--check` holds these figures to the specification's budgets.

use std::path::Path;
use std::time::Duration;

use annals::service::{EmitRequest, Service};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::rig::client::{Client, DONE, Message, Pace};
use crate::rig::day::{self, Day};
use crate::rig::figures::{Round, Rounds, time_callers};
use crate::rig::machine;
use crate::rig::random::Random;
use crate::rig::report::{Report, ms, ratio, whole};
use crate::rig::stores;
use crate::rig::traffic::Traffic;

const ROUNDS: usize = 5;
const IN_FLIGHT: usize = 32;
/// Messages of each kind in a round, one at a time.
const MESSAGES: usize = 300;
/// And as many with [`IN_FLIGHT`].
const MESSAGES_IN_FLIGHT: usize = 3_200;
/// Emits a second at which the budget is to hold: a hundred agents that each do something every other
/// second. The specification expects 1,000 events a day.
const OFFERED: u32 = 250;
/// And a rate at which the log is moved into the file all the time.
const OFFERED_MORE: u32 = 1_000;
/// Seconds of a round at such a rate.
const OFFERED_SECONDS: u32 = 3;
/// Bytes that `serve` may have in memory.
const MEMORY: f64 = 60e6;

const REFUSED: &str = "\"isError\":true";

pub fn run(report: &mut Report) {
    let runtime = Runtime::new().expect("a runtime");
    for http in [false, true] {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let mut rig = Rig::new(&runtime, http, folder.path());
        report.part(&format!("MCP over {}, with 1,000,000 events in the store", rig.client.name()));
        one_at_a_time(report, &runtime, &mut rig);
        offered(report, &mut rig);
        many_in_flight(report, &runtime, &mut rig);
        under_load(report, &mut rig);
        runtime.block_on(rig.service.shutdown());
    }
}

struct Rig {
    day: Day,
    client: Client,
    /// The same store once more, without a protocol.
    service: Service,
    instances: Vec<String>,
    traffic: Traffic,
    random: Random,
}

impl Rig {
    fn new(runtime: &Runtime, http: bool, folder: &Path) -> Self {
        let day = Day::copy_to(folder);
        // Says of each instance that it went stale since, so that the server need not.
        runtime.block_on(async {
            let service = stores::service(&day.path);
            service.sweep().await.expect("a sweep");
            service.shutdown().await;
        });
        let twin = folder.join("twin.db");
        std::fs::copy(&day.path, &twin).expect("a second copy");
        std::fs::File::open(&twin).and_then(|file| file.sync_all()).expect("a flush");
        Self {
            client: Client::start(http, &day.path),
            service: stores::service(&twin),
            instances: day.ids(),
            traffic: Traffic::new(31),
            random: Random::new(32),
            day,
        }
    }

    fn exchange(&mut self, kind: Kind, pace: Pace, count: usize) -> Round {
        let messages: Vec<Message> = (0..count).map(|_| self.message(kind)).collect();
        let expected = match kind {
            Kind::Ping => "\"result\":{}",
            Kind::Refused => REFUSED,
            _ => DONE,
        };
        self.client.exchange(pace, &messages, expected)
    }

    fn message(&mut self, kind: Kind) -> Message {
        let mut arguments = arguments(self.traffic.request(&self.instances));
        let instance = self.day.by_share(&mut self.random).0.to_string();
        match kind {
            Kind::Ping => Message::ping(),
            Kind::Refused => {
                arguments["expected_sequence_num"] = json!(-1);
                Message::call("mcp_meta_emit_event", &arguments)
            }
            Kind::Emit => Message::call("mcp_meta_emit_event", &arguments),
            Kind::Last => Message::call("mcp_meta_query_events", &json!({"instance_id": instance})),
            Kind::TypeAndDate => {
                let start: annals::domain::time::Timestamp = day::START.parse().expect("a time");
                let from =
                    start.plus(self.random.below(day::SECONDS as u64 / 2) as i64 * 1_000_000);
                let filters = json!({
                    "event_type": "command_logged",
                    "start_date": from,
                    "end_date": from.plus(day::SECONDS / 2 * 1_000_000),
                });
                let arguments = json!({"instance_id": instance, "filters": filters});
                Message::call("mcp_meta_query_events", &arguments)
            }
            Kind::Replay => {
                let arguments = json!({"instance_id": instance, "to_sequence_num": 100});
                Message::call("mcp_meta_replay_events", &arguments)
            }
        }
    }

    async fn in_process(&mut self, callers: usize, count: usize) -> Round {
        let service = self.service.clone();
        let work = self.traffic.requests(count, &self.instances);
        time_callers(callers, work, move |request: EmitRequest| {
            let service = service.clone();
            async move {
                service.emit(request).await.expect("an acknowledged event");
            }
        })
        .await
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ping,
    /// A call as large as an emit, which the service refuses before it does anything.
    Refused,
    Emit,
    Last,
    TypeAndDate,
    Replay,
}

fn arguments(request: EmitRequest) -> Value {
    json!({
        "instance_id": request.instance_id,
        "event_type": request.event_type,
        "event_data": request.event_data,
        "metadata": request.metadata,
    })
}

const ONE_AT_A_TIME: [(Kind, &str, Option<u64>); 6] = [
    (Kind::Ping, "ping", None),
    (Kind::Refused, "a call that is refused at once", None),
    (Kind::Emit, "emit", Some(10)),
    (Kind::Last, "last 100", Some(50)),
    (Kind::TypeAndDate, "type and half of the day", Some(100)),
    (Kind::Replay, "replay of 100", Some(200)),
];

fn one_at_a_time(report: &mut Report, runtime: &Runtime, rig: &mut Rig) {
    let mut rounds = vec![Rounds::default(); ONE_AT_A_TIME.len()];
    let (mut in_process, mut paced) = (Rounds::default(), Rounds::default());
    for round in 0..=ROUNDS {
        report.watch.round_begins();
        let without = runtime.block_on(rig.in_process(1, MESSAGES));
        let taken = ONE_AT_A_TIME.map(|(kind, ..)| rig.exchange(kind, Pace::full(1), MESSAGES));
        let slow = Pace { in_flight: 1, pause: without.p50 };
        let waiting = rig.exchange(Kind::Refused, slow, MESSAGES);
        report.watch.round_ends();
        // The first round only warms up.
        if round > 0 {
            in_process.push(without);
            paced.push(waiting);
            rounds.iter_mut().zip(taken).for_each(|(rounds, taken)| rounds.push(taken));
        }
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    rows.push(row("emit, without a protocol", &in_process, "-"));
    for ((_, name, budget), rounds) in ONE_AT_A_TIME.iter().zip(&rounds) {
        let limit = budget.map(Duration::from_millis);
        rows.push(row(name, rounds, &limit.map_or("-".into(), ms)));
        if let Some(limit) = limit {
            let what = format!("MCP over {}, {name}: p99", rig.client.name());
            report.budget(&what, rounds.p99(), limit);
        }
    }
    rows.push(row("a call that is refused at once, after a pause as long as an emit", &paced, "-"));
    report.table(&["one at a time", "p50", "p99", "budget for p99"], &rows);
    // Threads that waited for a flush wake up as slowly as those that waited for a client.
    let added = rounds[2].p50().saturating_sub(in_process.p50()).as_secs_f64();
    let name = rig.client.name();
    let what = format!("what MCP over {name} adds to emit, to a refused call after a pause: p50");
    report.at_most(&what, added / paced.p50().as_secs_f64(), 1.0);
}

fn row(name: &str, rounds: &Rounds, limit: &str) -> Vec<String> {
    vec![name.to_owned(), ms(rounds.p50()), ms(rounds.p99()), limit.to_owned()]
}

fn many_in_flight(report: &mut Report, runtime: &Runtime, rig: &mut Rig) {
    let kinds = [(Kind::Refused, "a call that is refused at once"), (Kind::Emit, "emit")];
    let mut rounds = [Rounds::default(), Rounds::default()];
    let mut in_process = Rounds::default();
    for _ in 0..ROUNDS {
        report.watch.round_begins();
        in_process.push(runtime.block_on(rig.in_process(IN_FLIGHT, MESSAGES_IN_FLIGHT)));
        for ((kind, _), rounds) in kinds.iter().zip(&mut rounds) {
            rounds.push(rig.exchange(*kind, Pace::full(IN_FLIGHT), MESSAGES_IN_FLIGHT));
        }
        report.watch.round_ends();
    }
    let row = |name: &str, rounds: &Rounds| {
        vec![
            name.to_owned(),
            whole(rounds.rate()),
            ms(rounds.p50()),
            ms(rounds.p99()),
            ratio(rounds.rate_ratio(&in_process)),
        ]
    };
    let title = format!("{IN_FLIGHT} in flight");
    report.table(
        &[&title, "calls/s", "p50", "p99", "rate to that without a protocol"],
        &[
            row("emit, without a protocol", &in_process),
            row(kinds[0].1, &rounds[0]),
            row(kinds[1].1, &rounds[1]),
        ],
    );
}

/// Emits at a rate that does not depend on how fast they are answered.
fn offered(report: &mut Report, rig: &mut Rig) {
    let rates = [OFFERED, OFFERED_MORE];
    let mut rounds = [Rounds::default(), Rounds::default()];
    for _ in 0..ROUNDS {
        report.watch.round_begins();
        for (rate, rounds) in rates.iter().zip(&mut rounds) {
            let count = OFFERED_SECONDS * rate;
            let messages: Vec<Message> = (0..count).map(|_| rig.message(Kind::Emit)).collect();
            rounds.push(rig.client.offer(*rate, IN_FLIGHT, &messages));
        }
        report.watch.round_ends();
    }
    let rows: Vec<_> = rates
        .iter()
        .zip(&rounds)
        .zip(["10 ms", "-"])
        .map(|((rate, rounds), budget)| row(&whole(f64::from(*rate)), rounds, budget))
        .collect();
    report.table(&["emits a second, whatever the answers", "p50", "p99", "budget for p99"], &rows);
    let what = format!("MCP over {}, {OFFERED} emits a second: p99", rig.client.name());
    report.budget(&what, rounds[0].p99(), Duration::from_millis(10));
}

/// Everything at once, then a look at the server's memory.
fn under_load(report: &mut Report, rig: &mut Rig) {
    let idle = machine::memory(rig.client.process(), "VmRSS").expect("a live server");
    for _ in 0..ROUNDS {
        let kinds =
            [Kind::Emit, Kind::Emit, Kind::Emit, Kind::Last, Kind::TypeAndDate, Kind::Replay];
        let messages: Vec<Message> =
            (0..MESSAGES_IN_FLIGHT).map(|at| rig.message(kinds[at % kinds.len()])).collect();
        rig.client.exchange(Pace::full(IN_FLIGHT), &messages, DONE);
    }
    let largest = rig.day.instances[0].0.to_string();
    let replay = Message::call("mcp_meta_replay_events", &json!({"instance_id": largest}));
    rig.client.exchange(Pace::full(1), &[replay], DONE);
    let most = machine::memory(rig.client.process(), "VmHWM").expect("a live server") as f64;
    let megabytes = |bytes: f64| format!("{:.1} MB", bytes / 1e6);
    report.table(
        &["memory of the server", ""],
        &[
            vec!["after the rounds above".into(), megabytes(idle as f64)],
            vec![
                format!("the most, under {IN_FLIGHT} calls of every kind in flight"),
                megabytes(most),
            ],
        ],
    );
    let what = format!("memory of the server over {}, in MB", rig.client.name());
    report.at_most(&what, most / 1e6, MEMORY / 1e6);
}
