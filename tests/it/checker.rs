//! Holds what was acknowledged to callers against what a store has.
//!
//! As a process of its own, after a power cut for example, it is this test binary started as
//!
//! ```text
//! TEST_BINARY checker::checker_process --exact --test-threads=1 --nocapture
//! ```
//!
//! with `ANNALS_CHECKER_STORE`, the store, and `ANNALS_CHECKER_ACKNOWLEDGED`, a file of the lines
//! that writers printed (see `writer.rs`). It prints one line
//!
//! ```text
//! checked acknowledged=N stored=N lost=N faults=N
//! ```
//!
//! and a line `fault: …` for each of the first faults, and fails unless the last two numbers are 0.
//! Lost is an acknowledged event that is not there with its number and hash; any other fault (a gap,
//! a repeat, a broken chain, a torn batch, an order that no caller sent) shows a damaged store.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use annals::domain::event::Event;
use annals::domain::ids::{EventId, InstanceId};
use annals::domain::instance::Instance;
use annals::domain::time::Timestamp;
use annals::integrity::{Chain, Fault};
use annals::store::{self, InstanceFilter, Opening, SharedStore, SystemClock};

/// An event that a caller was told is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Where it should be.
    pub instance_id: InstanceId,
    /// Its number there.
    pub sequence_num: u64,
    /// Its id.
    pub event_id: EventId,
    /// Its hash, as hexadecimal digits.
    pub hash: String,
    /// Who was told. What one caller was told came in this order.
    pub caller: String,
}

/// Reads the lines of a writer. A last line without its end was cut off and says nothing.
pub fn acknowledged(output: &str) -> Vec<Acknowledged> {
    let whole = &output[..output.rfind('\n').map_or(0, |end| end + 1)];
    whole
        .lines()
        .filter_map(|line| line.strip_prefix("ack "))
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [instance, number, event, hash, caller] = fields[..] else {
                panic!("no acknowledgement: {line:?}")
            };
            Acknowledged {
                instance_id: instance.parse().unwrap(),
                sequence_num: number.parse().unwrap(),
                event_id: event.parse().unwrap(),
                hash: hash.to_owned(),
                caller: caller.to_owned(),
            }
        })
        .collect()
}

/// What the checker found.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many events were acknowledged.
    pub acknowledged: usize,
    /// How many events the store has.
    pub stored: usize,
    /// The acknowledged events that are not there as they should be.
    pub lost: Vec<String>,
    /// Whatever else is wrong.
    pub faults: Vec<String>,
}

impl Findings {
    /// Fails when anything is lost or wrong.
    #[track_caller]
    pub fn assert_none(&self) {
        assert!(self.lost.is_empty() && self.faults.is_empty(), "{self}");
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, stored, lost, faults } = self;
        let (losses, others) = (lost.len(), faults.len());
        write!(
            f,
            "checked acknowledged={acknowledged} stored={stored} lost={losses} faults={others}"
        )?;
        lost.iter().chain(faults).take(20).try_for_each(|fault| write!(f, "\nfault: {fault}"))
    }
}

/// Checks a store: every acknowledged event is there once with its number and hash; the events of
/// each instance are numbered 1, 2, 3 …; no event id repeats; the events of a caller stand in the
/// order in which it sent them; batches are whole; and the chains verify. Takes time and memory in
/// proportion to the events.
pub async fn check(store: &SharedStore, acknowledged: &[Acknowledged]) -> Findings {
    let mut check = Check::new(acknowledged);
    for instance in instances(store).await {
        let (head, mut stream) = store.scan(instance.instance_id, None).await.unwrap().unwrap();
        let (mut reading, mut chain) = (Reading::default(), Ok(Chain::new(head)));
        while let Some(chunk) = stream.recv().await {
            match chunk {
                Ok(events) => {
                    events.iter().for_each(|event| check.event(&mut reading, event));
                    chain = chain.and_then(|chain| follow(chain, &events));
                }
                Err(error) => check.fault(format!("{}: {error}", error.code)),
            }
        }
        check.torn(&reading);
        if let Err(fault) = chain.and_then(Chain::finish) {
            check.fault(format!("{}: {}", instance.instance_id, fault.message));
        }
    }
    check.absent();
    check.findings
}

/// Verifies the next events of a chain.
fn follow(mut chain: Chain, events: &[Event]) -> Result<Chain, Fault> {
    events.iter().try_for_each(|event| chain.push(event))?;
    Ok(chain)
}

async fn instances(store: &SharedStore) -> Vec<Instance> {
    let mut filter = InstanceFilter {
        project: None,
        status: None,
        now: Timestamp::now(),
        after: None,
        limit: 1_000,
    };
    let mut all = Vec::new();
    loop {
        let page = store.list_instances(&filter).await.unwrap();
        filter.after = page.instances.last().map(|last| (last.last_heartbeat, last.instance_id));
        all.extend(page.instances);
        if !page.has_more {
            return all;
        }
    }
}

struct Check<'a> {
    /// What is still to be found.
    expected: HashMap<(InstanceId, u64), &'a Acknowledged>,
    ids: HashSet<EventId>,
    findings: Findings,
}

/// What was read of an instance so far.
#[derive(Default)]
struct Reading {
    last: u64,
    timestamp: Option<Timestamp>,
    /// The number of the last event of each caller, as the caller counts.
    callers: HashMap<String, u64>,
    /// The caller and the parts left of a batch that has begun.
    open_batch: Option<(String, u64)>,
}

impl<'a> Check<'a> {
    fn new(acknowledged: &'a [Acknowledged]) -> Self {
        let findings = Findings { acknowledged: acknowledged.len(), ..Findings::default() };
        let mut check = Self { expected: HashMap::new(), ids: HashSet::new(), findings };
        let mut last_of_caller: HashMap<(&str, InstanceId), u64> = HashMap::new();
        for told in acknowledged {
            let place = (told.instance_id, told.sequence_num);
            if let Some(other) = check.expected.insert(place, told) {
                check.fault(format!("{other:?} and {told:?} have the same number"));
            }
            let before = last_of_caller
                .insert((&told.caller, told.instance_id), told.sequence_num)
                .unwrap_or(0);
            if before >= told.sequence_num {
                check.fault(format!("{told:?} was told after {before} of the same caller"));
            }
        }
        check
    }

    fn fault(&mut self, fault: String) {
        self.findings.faults.push(fault);
    }

    fn event(&mut self, reading: &mut Reading, event: &Event) {
        self.findings.stored += 1;
        let (instance, number) = (event.instance_id, event.sequence_num);
        if number != reading.last + 1 {
            self.fault(format!("{instance}: {number} follows on {}", reading.last));
        }
        reading.last = number;
        if reading.timestamp.is_some_and(|before| before > event.timestamp) {
            self.fault(format!("{instance}: the timestamp of {number} is before the one before"));
        }
        reading.timestamp = Some(event.timestamp);
        if !self.ids.insert(event.event_id) {
            self.fault(format!("{instance}: {number} has the event id of another event"));
        }
        if let Some(told) = self.expected.remove(&(instance, number))
            && (told.event_id != event.event_id || told.hash != event.hash.to_string())
        {
            self.findings.lost.push(format!("{told:?}, and {event:?} is in its place"));
        }
        self.caller(reading, event);
    }

    /// Checks what the events of `writer.rs` say of themselves.
    fn caller(&mut self, reading: &mut Reading, event: &Event) {
        let (instance, number) = (event.instance_id, event.sequence_num);
        let data = event.event_data.value().unwrap_or_default();
        let (Some(caller), Some(n)) = (data["caller"].as_str(), data["n"].as_u64()) else {
            return self.torn(reading);
        };
        if let Some(before) = reading.callers.insert(caller.to_owned(), n)
            && before >= n
        {
            self.fault(format!("{instance}: {number} is {n} of {caller}, after {before}"));
        }
        let metadata = event.metadata.as_ref().and_then(|metadata| metadata.value().ok());
        let metadata = metadata.unwrap_or_default();
        let (Some(part), Some(of)) = (metadata["part"].as_u64(), metadata["of"].as_u64()) else {
            return;
        };
        let open = (part > 0).then(|| (caller.to_owned(), of - part));
        if reading.open_batch != open {
            self.fault(format!("{instance}: {number} is part {part} of {of}, out of its batch"));
        }
        reading.open_batch = (part + 1 < of).then(|| (caller.to_owned(), of - part - 1));
    }

    /// No batch may be open here.
    fn torn(&mut self, reading: &Reading) {
        if let Some((caller, left)) = &reading.open_batch {
            let last = reading.last;
            self.fault(format!("a batch of {caller} lacks its last {left} events near {last}"));
        }
    }

    fn absent(&mut self) {
        let absent = self.expected.drain().map(|(_, told)| format!("{told:?} is absent"));
        self.findings.lost.extend(absent);
    }
}

#[test]
fn checker_process() {
    let Ok(address) = std::env::var("ANNALS_CHECKER_STORE") else { return };
    let path = std::env::var("ANNALS_CHECKER_ACKNOWLEDGED").unwrap();
    let told = acknowledged(&std::fs::read_to_string(path).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let findings = runtime.block_on(async {
        let store = store::open(&address.parse().unwrap(), Opening::new(Arc::new(SystemClock)))
            .await
            .unwrap();
        let findings = check(&store, &told).await;
        store.close().await;
        findings
    });
    println!("\n{findings}");
    findings.assert_none();
}

/// The checker finds what it is there for.
mod finds {
    use super::*;
    use crate::conformance::{Annals, TurnableClock, id};
    use annals::service::Service;
    use serde_json::{Value, json};

    /// A store with one instance, and a call of the caller `1.0` in it.
    async fn store(events: Vec<Value>) -> (Annals, String, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("annals.db").display());
        let clock = TurnableClock::at("2026-11-23T09:30:00Z");
        let store =
            store::open(&address.parse().unwrap(), Opening::new(clock.clone())).await.unwrap();
        let annals = Annals { service: Service::new(Arc::clone(&store), clock), store };
        let instance = annals.register().await;
        for event in events {
            let batch = json!({"instance_id": instance, "events": [event]});
            annals.emit_batch(batch).await.unwrap();
        }
        (annals, instance, folder)
    }

    fn event(n: u64, part: u64, of: u64) -> Value {
        json!({"event_type": "task_spawned", "event_data": {"task_id": "t", "caller": "1.0", "n": n},
            "metadata": {"part": part, "of": of}})
    }

    async fn told(annals: &Annals, instance: &str) -> Vec<Acknowledged> {
        let events = annals.events(instance).await.into_iter();
        events
            .skip(1)
            .map(|event| Acknowledged {
                instance_id: id(instance),
                sequence_num: event.sequence_num,
                event_id: event.event_id,
                hash: event.hash.to_string(),
                caller: "1.0".into(),
            })
            .collect()
    }

    #[tokio::test]
    async fn nothing_where_nothing_is_wrong() {
        let (annals, instance, _folder) = store(vec![event(1, 0, 1), event(2, 0, 1)]).await;
        let told = told(&annals, &instance).await;
        let findings = check(&annals.store, &told).await;
        findings.assert_none();
        assert_eq!((findings.acknowledged, findings.stored), (2, 3));
        let fewer = check(&annals.store, &told[..1]).await;
        fewer.assert_none();
    }

    #[tokio::test]
    async fn what_was_acknowledged_and_is_not_there() {
        let (annals, instance, _folder) = store(vec![event(1, 0, 1)]).await;
        let good = told(&annals, &instance).await.remove(0);
        let bad = [
            Acknowledged { sequence_num: 3, ..good.clone() },
            Acknowledged { event_id: EventId::generate(), ..good.clone() },
            Acknowledged { hash: "0".repeat(64), ..good.clone() },
            Acknowledged { instance_id: InstanceId::generate(), ..good },
        ];
        for told in bad {
            let findings = check(&annals.store, &[told]).await;
            assert_eq!((findings.lost.len(), findings.faults.len()), (1, 0), "{findings}");
        }
    }

    #[tokio::test]
    async fn the_same_number_told_twice_and_an_order_that_was_not_kept() {
        let (annals, instance, _folder) = store(vec![event(1, 0, 1), event(2, 0, 1)]).await;
        let told = told(&annals, &instance).await;
        let twice = [told[0].clone(), told[0].clone()];
        assert!(!check(&annals.store, &twice).await.faults.is_empty());
        let turned = [told[1].clone(), told[0].clone()];
        assert_eq!(check(&annals.store, &turned).await.faults.len(), 1);
        let (annals, _, _other) = store(vec![event(2, 0, 1), event(1, 0, 1)]).await;
        assert_eq!(check(&annals.store, &[]).await.faults.len(), 1);
    }

    #[tokio::test]
    async fn a_torn_batch() {
        let torn = [
            vec![event(1, 0, 2)],
            vec![event(1, 0, 3), event(2, 1, 3)],
            vec![event(1, 1, 2)],
            vec![event(1, 0, 3), event(2, 2, 3)],
        ];
        for events in torn {
            let (annals, _, _folder) = store(events).await;
            assert!(!check(&annals.store, &[]).await.faults.is_empty());
        }
        let (annals, _, _folder) = store(vec![event(1, 0, 2), event(2, 1, 2)]).await;
        check(&annals.store, &[]).await.assert_none();
    }

    #[tokio::test]
    async fn a_removed_event() {
        let (annals, instance, folder) = store(vec![event(1, 0, 1), event(2, 0, 1)]).await;
        let told = told(&annals, &instance).await;
        annals.close().await;
        let path = folder.path().join("annals.db");
        let other = rusqlite::Connection::open(&path).unwrap();
        let sql = "DROP TRIGGER event_store_refuses_delete;
                   DELETE FROM event_store WHERE sequence_num = 2";
        other.execute_batch(sql).unwrap();
        let address = format!("sqlite:{}", path.display());
        let store = store::open(&address.parse().unwrap(), Opening::new(Arc::new(SystemClock)))
            .await
            .unwrap();
        let findings = check(&store, &told).await;
        assert_eq!(findings.lost.len(), 1, "{findings}");
        assert!(findings.faults.iter().any(|fault| fault.contains("removed")), "{findings}");
    }

    #[test]
    fn half_a_line_is_no_acknowledgement() {
        let id = InstanceId::generate();
        let line = format!("ack {id} 2 {} {} 1.0", EventId::generate(), "0".repeat(64));
        assert_eq!(acknowledged(&format!("noise\n{line}\n{line}")).len(), 1);
        assert_eq!(acknowledged(&line).len(), 0);
        assert_eq!(acknowledged("").len(), 0);
    }
}
