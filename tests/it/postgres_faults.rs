//! Exactly once: whatever breaks between a server and its database, every call succeeds in the end,
//! no acknowledged event is lost, and none is stored twice.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use annals::store::{self, Opening, SystemClock};

use crate::backends::postgres::PostgresPlace;
use crate::checker::check;
use crate::postgres_proxy::{self, Cuts};
use crate::postgres_server::PostgresServer;
use crate::writer::{Orders, Running};

/// How often something breaks; `ANNALS_FAULT_ROUNDS` sets another number.
fn rounds(default: u32) -> u32 {
    std::env::var("ANNALS_FAULT_ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}

/// Two processes that write to the same three instances.
fn writers(address: &str, calls: u64) -> Vec<Running> {
    let orders = |batch| Orders {
        instances: "3".into(),
        tasks: 4,
        calls: Some(calls),
        batch,
        ..Orders::new(address)
    };
    let first = orders(1).start();
    first.wait_for(1);
    vec![first, orders(3).start()]
}

/// Waits for the writers, and holds the store against what they were told.
fn assert_exactly_once(address: &str, writers: Vec<Running>, calls: u64) {
    let told: Vec<_> = writers.into_iter().flat_map(Running::finish).collect();
    assert_eq!(told.len() as u64, 4 * calls * (1 + 3), "every call succeeded");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let findings = runtime.block_on(async {
        let opening = Opening::new(Arc::new(SystemClock));
        let store = store::open(&address.parse().unwrap(), opening).await.unwrap();
        let findings = check(&store, &told).await;
        store.close().await;
        findings
    });
    findings.assert_none();
    assert_eq!(findings.stored, told.len() + 3, "no event is stored twice");
}

#[test]
fn connections_that_are_ended_lose_and_repeat_nothing() {
    let place = PostgresPlace::fresh();
    let (rounds, calls) = (rounds(30), 60 + 10 * u64::from(rounds(30)));
    let writers = writers(&place.url(), calls);
    let mut ended = 0;
    for _ in 0..rounds {
        sleep(Duration::from_millis(40));
        ended += place.end_connections();
    }
    assert!(ended > 0, "no connection was there to be ended");
    assert_exactly_once(&place.url(), writers, calls);
}

#[test]
fn connections_that_are_cut_around_a_commit_lose_and_repeat_nothing() {
    let place = PostgresPlace::fresh();
    let calls = 50 + 10 * u64::from(rounds(10));
    let cuts = Arc::new(Cuts::default());
    let proxying = tokio::runtime::Runtime::new().unwrap();
    let port = proxying.block_on(postgres_proxy::start(place.socket(), 7, Arc::clone(&cuts)));
    let address = format!("postgres://postgres@127.0.0.1:{port}/{}", place.database());
    let writers = writers(&address, calls);
    assert_exactly_once(&place.url(), writers, calls);
    for cut in [&cuts.before, &cuts.after] {
        assert!(cut.load(Ordering::Relaxed) >= 10, "{cuts:?}");
    }
}

/// A server of its own, to be crashed.
struct Crashing(PathBuf);

impl Crashing {
    fn script(&self, what: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/test-postgres");
        let ran = Command::new(script).arg(what).arg(&self.0).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Crashing {
    fn drop(&mut self) {
        self.script("stop");
    }
}

#[test]
fn a_server_that_crashes_loses_and_repeats_nothing() {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let crashing = Crashing(std::env::temp_dir().join(format!("annals-crash-{}", &id[..8])));
    let server = PostgresServer::at(&crashing.script("start"));
    let address = server.url(&server.create_database());
    let (rounds, calls) = (rounds(3), 100 * u64::from(rounds(3)));
    let writers = writers(&address, calls);
    for _ in 0..rounds {
        sleep(Duration::from_millis(200));
        crashing.script("crash");
    }
    assert_exactly_once(&address, writers, calls);
}
