//! `annals emit` as a whole process, as hooks and scripts run it: from its start to its end, by when
//! the event is durable and the store is closed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::rig::client::{Client, address, annals};
use crate::rig::day::Day;
use crate::rig::disk::Appends;
use crate::rig::figures::{Round, Rounds, time_each};
use crate::rig::report::{Report, ms};
use crate::rig::stores;
use crate::rig::traffic::Traffic;

const ROUNDS: usize = 5;
const RUNS: usize = 40;

pub fn run(report: &mut Report) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let small = folder.path().join("annals.db");
    let instances = runtime.block_on(async {
        let service = stores::service(&small);
        let instances = stores::register(&service, 100).await;
        service.shutdown().await;
        instances
    });
    let day = Day::copy_to(folder.path());
    let served = folder.path().join("served.db");
    std::fs::copy(&day.path, &served).expect("a copy");
    std::fs::File::open(&served).and_then(|file| file.sync_all()).expect("a flush");
    let server = Client::start(true, &served);

    report.part("`annals emit`, the whole process");
    let (mut start, mut flush) = (Rounds::default(), Rounds::default());
    let mut emits = [Rounds::default(), Rounds::default(), Rounds::default()];
    let mut traffic = Traffic::new(41);
    let mut appends = Appends::new(folder.path());
    for _ in 0..=ROUNDS {
        report.watch.round_begins();
        start.push(time_each(0..RUNS, |_| run_to_end(&["--version".into()])));
        flush.push(appends.round(RUNS));
        emits[0].push(emit(&small, &instances, &mut traffic));
        emits[1].push(emit(&day.path, &day.ids(), &mut traffic));
        emits[2].push(emit(&served, &day.ids(), &mut traffic));
        report.watch.round_ends();
    }
    drop(server);
    // The first round only warms up.
    [&mut start, &mut flush].into_iter().chain(&mut emits).for_each(Rounds::drop_first);
    let row =
        |name: &str, rounds: &Rounds| vec![name.to_owned(), ms(rounds.p50()), ms(rounds.p99())];
    let mut rows =
        vec![row("4 KiB append and fdatasync", &flush), row("`annals --version`", &start)];
    let names =
        ["on a small store", "on 1,000,000 events", "on 1,000,000 events, while `serve` runs"];
    for (name, rounds) in names.iter().zip(&emits) {
        rows.push(row(&format!("`annals emit` {name}"), rounds));
        report.within(&format!("annals emit {name}: p50"), rounds.p50(), Duration::from_millis(10));
    }
    report.table(&["process", "p50", "p99"], &rows);
}

fn emit(store: &Path, instances: &[String], traffic: &mut Traffic) -> Round {
    let calls: Vec<Vec<String>> = (0..RUNS)
        .map(|_| {
            let request = traffic.request(instances);
            let metadata = request.metadata.expect("traffic has metadata");
            vec![
                "emit".into(),
                "--store".into(),
                address(store),
                request.instance_id,
                request.event_type,
                request.event_data.to_string(),
                "--metadata".into(),
                metadata.to_string(),
            ]
        })
        .collect();
    time_each(calls, |call| run_to_end(&call))
}

fn run_to_end(arguments: &[String]) {
    let mut command = annals();
    let status = command.args(arguments).stdout(Stdio::null()).status().expect("annals");
    assert!(status.success(), "{status}");
}
