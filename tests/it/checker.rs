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
use annals::service::{Service, VerifyRequest};
use annals::store::{self, InstanceFilter, SharedStore, SystemClock};

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
        let (_, mut stream) = store.scan(instance.instance_id, None).await.unwrap().unwrap();
        let mut reading = Reading::default();
        while let Some(chunk) = stream.recv().await {
            match chunk {
                Ok(events) => events.iter().for_each(|event| check.event(&mut reading, event)),
                Err(error) => check.findings.faults.push(format!("{}: {error}", error.code)),
            }
        }
        check.torn(&reading);
    }
    check.absent();
    let service = Service::new(Arc::clone(store), Arc::new(SystemClock));
    let verified = service.verify(VerifyRequest::default(), |_| {}).await.unwrap();
    check.findings.faults.extend(verified.faults.into_iter().map(|fault| fault.message));
    check.findings
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
        let data = event.event_data.value().unwrap();
        let (Some(caller), Some(n)) = (data["caller"].as_str(), data["n"].as_u64()) else {
            return self.torn(reading);
        };
        if let Some(before) = reading.callers.insert(caller.to_owned(), n)
            && before >= n
        {
            self.fault(format!("{instance}: {number} is {n} of {caller}, after {before}"));
        }
        let metadata = event.metadata.as_ref().map(|metadata| metadata.value().unwrap());
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
        let store = store::open(&address.parse().unwrap(), Arc::new(SystemClock)).unwrap();
        let findings = check(&store, &told).await;
        store.close().await;
        findings
    });
    println!("\n{findings}");
    findings.assert_none();
}
