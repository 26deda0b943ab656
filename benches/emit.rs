//! Emitting, without a protocol: one caller beside the flush of the disk, many callers beside bare
//! SQLite and raw logs, on a fresh store and on the store of a million events.

use std::path::Path;

use annals::domain::event::{Event, Hash};
use annals::domain::ids::EventId;
use annals::domain::time::Timestamp;
use annals::service::{EmitRequest, Service};
use tokio::runtime::Runtime;

use crate::rig::bare_sqlite::BareSqlite;
use crate::rig::day::Day;
use crate::rig::disk::Appends;
use crate::rig::figures::{Round, Rounds, time_callers};
use crate::rig::raw_log::{RECORD, RawLog};
use crate::rig::report::{Report, ms, ratio, whole};
use crate::rig::stores;
use crate::rig::traffic::Traffic;

const ROUNDS: usize = 5;
const INSTANCES: usize = 1_000;
/// Bytes of the raw log that is written in advance: more than all its rounds write.
const PREALLOCATED: usize = 256 << 20;

pub fn run(report: &mut Report) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut arena = runtime.block_on(Arena::fresh(folder.path()));
    report.part("Emit, on a fresh store with 1,000 instances");
    one_caller(report, &runtime, &mut arena, "fresh store");
    for callers in [1, 8, 32, 128] {
        many_callers(report, &runtime, &mut arena, callers);
    }
    runtime.block_on(arena.service.shutdown());
    drop(arena);

    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let day = Day::copy_to(folder.path());
    let mut arena = runtime.block_on(Arena::of_the_day(folder.path(), &day));
    report.part("Emit, on the store of 1,000,000 events");
    one_caller(report, &runtime, &mut arena, "1,000,000 events");
    many_callers(report, &runtime, &mut arena, 32);
    runtime.block_on(arena.service.shutdown());
}

/// The contenders, each in a file of its own.
struct Arena {
    service: Service,
    instances: Vec<String>,
    traffic: Traffic,
    appends: Appends,
    bare: BareSqlite,
    growing: RawLog,
    preallocated: RawLog,
}

impl Arena {
    async fn fresh(folder: &Path) -> Self {
        let path = folder.join("annals.db");
        let service = stores::service(&path);
        let instances = stores::register(&service, INSTANCES).await;
        service.shutdown().await;
        Self::on(folder, &path, instances)
    }

    async fn of_the_day(folder: &Path, day: &Day) -> Self {
        let arena = Self::on(folder, &day.path, day.ids());
        // Says of each instance that it went stale since, so that the rounds need not.
        arena.service.sweep().await.expect("a sweep");
        arena
    }

    fn on(folder: &Path, store: &Path, instances: Vec<String>) -> Self {
        let bare = folder.join("bare.db");
        std::fs::copy(store, &bare).expect("a copy for the peer");
        Self {
            service: stores::service(store),
            instances,
            traffic: Traffic::new(11),
            appends: Appends::new(folder),
            bare: BareSqlite::start(&bare),
            growing: RawLog::start(&folder.join("growing.log"), None),
            preallocated: RawLog::start(&folder.join("preallocated.log"), Some(PREALLOCATED)),
        }
    }

    async fn emit(&mut self, callers: usize, count: usize) -> Round {
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

    async fn bare(&mut self, callers: usize, count: usize) -> Round {
        let bare = self.bare.clone();
        let work = (0..count).map(|_| self.row()).collect();
        time_callers(callers, work, move |row| {
            let bare = bare.clone();
            async move { bare.append(row).await }
        })
        .await
    }

    /// A finished row for the peer, which has only its number left to give.
    fn row(&mut self) -> Event {
        let new = self.traffic.new_event(EventId::generate());
        let request = self.traffic.request(&self.instances);
        Event {
            event_id: new.event_id,
            instance_id: request.instance_id.parse().expect("an instance id"),
            event_type: new.event_type,
            sequence_num: 0,
            timestamp: Timestamp::now(),
            occurred_at: None,
            hash: Hash([new.event_data.salt, new.event_data.salt].concat().try_into().expect("32")),
            event_data: new.event_data,
            metadata: new.metadata,
            caused_by: None,
            correlation_id: None,
        }
    }
}

async fn log(log: &RawLog, callers: usize, count: usize) -> Round {
    let log = log.clone();
    time_callers(callers, vec![vec![0x5a; RECORD]; count], move |record| {
        let log = log.clone();
        async move { log.append(record).await }
    })
    .await
}

fn one_caller(report: &mut Report, runtime: &Runtime, arena: &mut Arena, on: &str) {
    let (mut emit, mut flush) = (Rounds::default(), Rounds::default());
    runtime.block_on(async {
        arena.emit(1, 200).await;
        for _ in 0..ROUNDS {
            report.watch.round_begins();
            emit.push(arena.emit(1, 600).await);
            flush.push(arena.appends.round(600));
            report.watch.round_ends();
        }
    });
    let p50 = emit.p50_ratio(&flush);
    report.table(
        &["one caller", "p50", "p99", "p50 to the flush's"],
        &[
            vec!["emit".into(), ms(emit.p50()), ms(emit.p99()), ratio(p50)],
            vec!["4 KiB append and fdatasync".into(), ms(flush.p50()), ms(flush.p99()), "1".into()],
        ],
    );
    report.at_most(&format!("emit, one caller, {on}: p50 to that of a flush"), p50, 1.3);
}

fn many_callers(report: &mut Report, runtime: &Runtime, arena: &mut Arena, callers: usize) {
    let count = if callers == 1 { 1_500 } else { 6_000.max(callers * 150) };
    let names = ["emit", "bare SQLite", "raw log, growing", "raw log, preallocated"];
    let mut rounds: [Rounds; 4] = std::array::from_fn(|_| Rounds::default());
    runtime.block_on(async {
        for round in 0..ROUNDS {
            report.watch.round_begins();
            // Another one begins each time.
            for turn in 0..rounds.len() {
                let contender = (round + turn) % rounds.len();
                let taken = match contender {
                    0 => arena.emit(callers, count).await,
                    1 => arena.bare(callers, count).await,
                    2 => log(&arena.growing, callers, count).await,
                    _ => log(&arena.preallocated, callers, count).await,
                };
                rounds[contender].push(taken);
            }
            report.watch.round_ends();
        }
    });
    let emit = &rounds[0];
    let rows: Vec<Vec<String>> = names
        .iter()
        .zip(&rounds)
        .map(|(name, peer)| {
            vec![
                (*name).to_owned(),
                whole(peer.rate()),
                ms(peer.p50()),
                ms(peer.p99()),
                ratio(emit.rate_ratio(peer)),
            ]
        })
        .collect();
    let title = format!("{callers} callers");
    report.table(&[&title, "events/s", "p50", "p99", "emit to it"], &rows);
    if callers == 32 {
        report.at_least(
            "emit, 32 callers: rate to bare SQLite's",
            emit.rate_ratio(&rounds[1]),
            0.7,
        );
    }
}
