//! Reading the store of a million events: pages, filters, replay and verification.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals::domain::ids::InstanceId;
use annals::domain::keyword::Keyword;
use annals::domain::time::{SECOND, TimeRange, Timestamp};
use annals::service::{ReplayRequest, Service, VerifyRequest};
use annals::store::{EventQuery, InstanceFilter, InstanceHint, SharedStore, SystemClock};
use rusqlite::{Connection, OpenFlags, params};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::rig::day::{self, Day, LARGEST};
use crate::rig::figures::{Round, Rounds, time_callers, time_each};
use crate::rig::random::Random;
use crate::rig::report::{Report, ms, ratio, whole};
use crate::rig::stores;

const ROUNDS: usize = 5;
/// Reads of each kind in a round.
const READS: usize = 300;
/// Events that the keyword is looked for in.
const SEARCHED: u64 = 10_000;

pub fn run(report: &mut Report) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let day = Day::copy_to(folder.path());
    let rig = Rig {
        store: stores::open(&day.path),
        peer: Connection::open_with_flags(&day.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the store's file"),
        day,
    };
    report.part("Reading, in the store, with 1,000,000 events in it");
    queries(report, &runtime, &rig);
    report.part("Replay and verification, with 1,000,000 events in the store");
    let service = Service::new(Arc::clone(&rig.store), Arc::new(SystemClock));
    short_replay(report, &runtime, &rig, &service);
    long_replay(report, &runtime, &rig, &service);
    verification(report, &runtime, &rig, &service);
    runtime.block_on(service.shutdown());
}

struct Rig {
    day: Day,
    store: SharedStore,
    peer: Connection,
}

impl Rig {
    fn largest(&self) -> InstanceId {
        self.day.instances[0].0
    }

    /// The instance that is nearest to 400 events, which most of them are.
    fn small(&self) -> InstanceId {
        self.day.instances.iter().min_by_key(|(_, size)| *size).expect("instances").0
    }
}

/// All events of an instance, newest first, a hundred of them.
fn last_hundred(instance_id: InstanceId) -> EventQuery {
    EventQuery::newest(instance_id, 100)
}

/// A part of the day, as long as this share of it.
fn part_of_day(random: &mut Random, share: f64) -> TimeRange {
    let day = (day::SECONDS * SECOND) as f64;
    let from = random.share() * (1.0 - share) * day;
    let start: Timestamp = day::START.parse().expect("a time");
    TimeRange {
        start: Some(start.plus(from as i64)),
        end: Some(start.plus((from + share * day) as i64)),
    }
}

/// A kind of read: what it is called, the limit on its p99, and a query of that kind.
struct Kind<'a> {
    name: &'a str,
    limit: Option<Duration>,
    query: Box<dyn FnMut(&mut Random) -> EventQuery + 'a>,
}

fn kind<'a>(
    name: &'a str,
    limit: Option<u64>,
    query: impl FnMut(&mut Random) -> EventQuery + 'a,
) -> Kind<'a> {
    Kind { name, limit: limit.map(Duration::from_millis), query: Box::new(query) }
}

const TYPES: &[&str] = &["command_logged", "test_failed", "commit_created", "epic_completed"];

fn kinds(rig: &Rig) -> Vec<Kind<'_>> {
    let typed = |instance_id, random: &mut Random| EventQuery {
        event_types: Some(vec![random.pick(TYPES).to_owned()]),
        ..last_hundred(instance_id)
    };
    let dated = |instance_id, random: &mut Random, share| EventQuery {
        effective: part_of_day(random, share),
        ..last_hundred(instance_id)
    };
    let both = move |instance_id, random: &mut Random, share| EventQuery {
        effective: part_of_day(random, share),
        ..typed(instance_id, random)
    };
    let (largest, small) = (rig.largest(), rig.small());
    vec![
        kind("last 100, by share", Some(1), |random| last_hundred(rig.day.by_share(random).0)),
        kind("last 100, the largest", Some(1), move |_| last_hundred(largest)),
        kind("type and a hundredth of the day, by share", Some(3), move |random| {
            both(rig.day.by_share(random).0, random, 0.01)
        }),
        kind("type and half of the day, by share", Some(3), move |random| {
            both(rig.day.by_share(random).0, random, 0.5)
        }),
        kind("type and a hundredth of the day, the largest", Some(3), move |random| {
            both(largest, random, 0.01)
        }),
        kind("type and half of the day, the largest", Some(3), move |random| {
            both(largest, random, 0.5)
        }),
        kind("type and half of the day, a small one", Some(3), move |random| {
            both(small, random, 0.5)
        }),
        kind("type, by share", None, move |random| typed(rig.day.by_share(random).0, random)),
        kind("type, the largest", None, move |random| typed(largest, random)),
        kind("a hundredth of the day, the largest", None, move |random| {
            dated(largest, random, 0.01)
        }),
        kind("half of the day, the largest", None, move |random| dated(largest, random, 0.5)),
        kind("half of the day, a small one", None, move |random| dated(small, random, 0.5)),
        kind("keyword in 10,000 events", None, move |random| EventQuery {
            after_sequence: Some(LARGEST as u64 - SEARCHED),
            keyword: Some(Keyword::new(random.pick(&["epic-077", "ROTATES AFTER", "zebra"]))),
            ..last_hundred(largest)
        }),
    ]
}

fn queries(report: &mut Report, runtime: &Runtime, rig: &Rig) {
    let mut random = Random::new(21);
    let mut kinds = kinds(rig);
    let mut rounds = vec![Rounds::default(); kinds.len()];
    let mut listings = [Rounds::default(), Rounds::default(), Rounds::default()];
    for _ in 0..=ROUNDS {
        report.watch.round_begins();
        for (kind, rounds) in kinds.iter_mut().zip(&mut rounds) {
            let count = if kind.name.starts_with("keyword") { 30 } else { READS };
            let queries = (0..count).map(|_| (kind.query)(&mut random)).collect();
            rounds.push(runtime.block_on(time_queries(rig, queries)));
        }
        for (at, rounds) in listings.iter_mut().enumerate() {
            rounds.push(runtime.block_on(time_listings(rig, at, &mut random)));
        }
        report.watch.round_ends();
    }
    // The first round only warms up.
    rounds.iter_mut().chain(&mut listings).for_each(Rounds::drop_first);
    let mut rows = Vec::new();
    for (kind, rounds) in kinds.iter().zip(&rounds) {
        let limit = kind.limit.map_or_else(|| "-".to_owned(), ms);
        rows.push(vec![kind.name.to_owned(), ms(rounds.p50()), ms(rounds.p99()), limit]);
        if let Some(limit) = kind.limit {
            report.within(&format!("{}: p99", kind.name), rounds.p99(), limit);
        }
    }
    for (name, rounds) in LISTINGS.iter().zip(&listings) {
        rows.push(vec![(*name).to_owned(), ms(rounds.p50()), ms(rounds.p99()), "-".into()]);
    }
    report.table(&["read", "p50", "p99", "aim for p99"], &rows);
}

async fn time_queries(rig: &Rig, queries: Vec<EventQuery>) -> Round {
    let store = Arc::clone(&rig.store);
    time_callers(1, queries, move |query| {
        let store = Arc::clone(&store);
        async move {
            let page = store.query(&query).await.expect("a page");
            assert_eq!(page.events.len() as u64, page.total_count.min(100));
        }
    })
    .await
}

const LISTINGS: [&str; 3] =
    ["an instance by a part of its handle", "list 100 instances", "list 100 of a project"];

async fn time_listings(rig: &Rig, kind: usize, random: &mut Random) -> Round {
    let work: Vec<(InstanceId, usize)> = (0..READS).map(|_| rig.day.by_share(random)).collect();
    let store = Arc::clone(&rig.store);
    time_callers(1, work, move |(id, _)| {
        let store = Arc::clone(&store);
        async move {
            let hex = id.0.simple().to_string();
            if kind == 0 {
                let hint = InstanceHint::Handle(hex[hex.len() - 6..].to_owned());
                assert!(!store.find_instances(&hint, 10).await.expect("a match").is_empty());
                return;
            }
            let filter = InstanceFilter {
                project: (kind == 2).then(|| "project-7".into()),
                status: None,
                now: Timestamp::now(),
                after: None,
                limit: 100,
            };
            assert!(store.list_instances(&filter).await.expect("a page").total_count > 0);
        }
    })
    .await
}

async fn replay(service: &Service, id: InstanceId, to: Option<i64>) -> u64 {
    let request = ReplayRequest { instance_id: id.to_string(), to_sequence_num: to };
    service.replay(request).await.expect("a state").events_replayed
}

fn short_replay(report: &mut Report, runtime: &Runtime, rig: &Rig, service: &Service) {
    let mut random = Random::new(22);
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        report.watch.round_begins();
        let work: Vec<InstanceId> = (0..READS).map(|_| rig.day.by_share(&mut random).0).collect();
        let service = service.clone();
        rounds.push(runtime.block_on(time_callers(1, work, move |id| {
            let service = service.clone();
            async move { assert_eq!(replay(&service, id, Some(100)).await, 100) }
        })));
        report.watch.round_ends();
    }
    let row =
        vec!["replay of 100 events".into(), ms(rounds.p50()), ms(rounds.p99()), "1 ms".into()];
    report.table(&["replay", "p50", "p99", "aim for p50"], &[row]);
    report.within("replay of 100 events: p50", rounds.p50(), Duration::from_millis(1));
}

/// Reads and parses the payloads of an instance in order: the least that a replay has to do.
fn read_and_parse(peer: &Connection, id: InstanceId) -> usize {
    let mut statement = peer
        .prepare_cached(
            "SELECT event_data FROM event_store WHERE instance_id = ?1 ORDER BY sequence_num",
        )
        .expect("a statement");
    let mut rows = statement.query(params![id.0.as_bytes()]).expect("rows");
    let mut parsed = 0;
    while let Some(row) = rows.next().expect("a row") {
        let text = row.get_ref(0).and_then(|text| Ok(text.as_str()?)).expect("a payload");
        let value: Value = serde_json::from_str(text).expect("a payload in JSON");
        parsed += usize::from(value.is_object());
    }
    parsed
}

fn long_replay(report: &mut Report, runtime: &Runtime, rig: &Rig, service: &Service) {
    let (mut own, mut peer) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        report.watch.round_begins();
        own.push(time_each(0..2, |_| {
            let events = runtime.block_on(replay(service, rig.largest(), None));
            assert_eq!(events, LARGEST as u64);
        }));
        peer.push(time_each(0..2, |_| {
            assert_eq!(read_and_parse(&rig.peer, rig.largest()), LARGEST);
        }));
        report.watch.round_ends();
    }
    let to_peer = own.p50_ratio(&peer);
    report.table(
        &["100,000 events", "time", "to the peer's"],
        &[
            vec!["replay".into(), ms(own.p50()), ratio(to_peer)],
            vec!["read and parse the payloads".into(), ms(peer.p50()), "1".into()],
        ],
    );
    report.at_most("replay of 100,000 events to reading and parsing them", to_peer, 1.5);
}

fn verification(report: &mut Report, runtime: &Runtime, rig: &Rig, service: &Service) {
    let (mut own, mut peer, mut ordered) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        report.watch.round_begins();
        let started = Instant::now();
        let answer = runtime.block_on(service.verify(VerifyRequest::default(), |_| {}));
        let answer = answer.expect("a verification");
        assert!(answer.valid && answer.events_checked == day::EVENTS as u64);
        own.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        let parsed = rig.day.instances.iter().map(|(id, _)| read_and_parse(&rig.peer, *id));
        assert_eq!(parsed.sum::<usize>(), day::EVENTS);
        ordered.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        assert_eq!(scan_and_parse(&rig.peer), day::EVENTS);
        peer.push(started.elapsed().as_secs_f64());
        report.watch.round_ends();
    }
    let median = |times: Vec<f64>| crate::rig::figures::median_number(times.into_iter());
    let (own, ordered, peer) = (median(own), median(ordered), median(peer));
    let row = |name: &str, seconds: f64| {
        vec![
            name.to_owned(),
            format!("{seconds:.2} s"),
            whole(day::EVENTS as f64 / seconds),
            ratio(own / seconds),
        ]
    };
    report.table(
        &["1,000,000 events", "time", "events/s", "verify to it"],
        &[
            row("verify", own),
            row("read and parse, instance by instance", ordered),
            row("read and parse, in the order of the file", peer),
        ],
    );
}

fn scan_and_parse(peer: &Connection) -> usize {
    let mut statement = peer.prepare("SELECT event_data FROM event_store").expect("a statement");
    let mut rows = statement.query([]).expect("rows");
    let mut parsed = 0;
    while let Some(row) = rows.next().expect("a row") {
        let text = row.get_ref(0).and_then(|text| Ok(text.as_str()?)).expect("a payload");
        let value: Value = serde_json::from_str(text).expect("a payload in JSON");
        parsed += usize::from(value.is_object());
    }
    parsed
}
