//! Durable: a writer that is killed at any moment loses nothing that it acknowledged.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use annals::store::{self, Opening, SystemClock};

use crate::checker::{Acknowledged, check};
use crate::writer::Orders;

/// How many stores there are, and how often the writer of each is killed: 100 times in all.
const STORES: usize = 4;
const ROUNDS: usize = 25;

/// How long it lives after its first acknowledgement, in milliseconds.
const LIFE: std::ops::Range<u64> = 10..120;

/// Some number below `bound`.
fn random(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes) % bound
}

#[test]
fn a_writer_killed_100_times_loses_no_acknowledged_event() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    (0..STORES).for_each(|_| runtime.block_on(kill_and_go_on()));
}

/// Each round goes on with the data of the round before: several tasks emit single events or batches
/// to several instances until the process is killed; then everything that was ever acknowledged is
/// looked for, and every chain verified.
async fn kill_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("annals.db").display());
    let mut told: Vec<Acknowledged> = Vec::new();
    let mut stored = 0;
    for round in 0..ROUNDS {
        let orders = Orders {
            instances: "3".into(),
            tasks: 1 + round % 4,
            batch: 1 + round as u64 % 3,
            ..Orders::new(&address)
        };
        let writer = orders.start();
        writer.wait_for(1);
        sleep(Duration::from_millis(LIFE.start + random(LIFE.end - LIFE.start)));
        told.extend(writer.kill());
        let store = store::open(&address.parse().unwrap(), Opening::new(Arc::new(SystemClock)))
            .await
            .unwrap();
        let findings = check(&store, &told).await;
        store.close().await;
        assert!(
            findings.lost.is_empty() && findings.faults.is_empty(),
            "round {round}: {findings}"
        );
        assert!(findings.stored >= stored, "round {round}: {findings}");
        stored = findings.stored;
    }
    assert!(told.len() > ROUNDS, "the writers wrote: {}", told.len());
}
