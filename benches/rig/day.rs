//! The store of a million events: a working day of 1,000 agents, uneven as real ones are. One has
//! 100,000 events, the others 400 to a few thousand. Their events lie between one another's from
//! first to last, which is the worst case for reading one instance.
//!
//! It is loaded once through the store's own append, every event a request of its own, and kept
//! below the target directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use annals::domain::ids::{EventId, InstanceId};
use annals::domain::instance::Registration;
use annals::domain::time::{SECOND, Timestamp};
use annals::store::sqlite::{Options, SqliteStore};
use annals::store::{AppendRequest, Clock, EventStore};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::random::Random;
use super::traffic::Traffic;

pub const EVENTS: usize = 1_000_000;
pub const INSTANCES: usize = 1_000;
/// Events of the first instance.
pub const LARGEST: usize = 100_000;
/// Events of the smallest.
const SMALLEST: usize = 400;
/// Seconds from the first event to the last.
pub const SECONDS: i64 = 8 * 60 * 60;
/// When the day starts.
pub const START: &str = "2025-03-03T08:00:00Z";

/// Events that are under way at once while loading.
const LOADING: usize = 250;
/// Changes with what this file generates.
const VERSION: u32 = 1;

/// The day's store, in a file of its own that may be written to.
pub struct Day {
    pub path: PathBuf,
    /// The instances, the largest first, each with the number of its events.
    pub instances: Vec<(InstanceId, usize)>,
}

impl Day {
    /// A copy of the day's store in `folder`, flushed to disk.
    pub fn copy_to(folder: &Path) -> Self {
        let path = folder.join("day.db");
        std::fs::copy(loaded(), &path).expect("a copy of the store");
        std::fs::File::open(&path).and_then(|file| file.sync_all()).expect("a flush");
        Self { path, instances: instances() }
    }

    /// An instance, each as likely as it has events.
    pub fn by_share(&self, random: &mut Random) -> (InstanceId, usize) {
        let mut drawn = usize::try_from(random.below(EVENTS as u64)).expect("below a million");
        let found = self.instances.iter().find(|(_, events)| {
            let found = drawn < *events;
            drawn = drawn.saturating_sub(*events);
            found
        });
        *found.expect("the sizes add up")
    }

    pub fn ids(&self) -> Vec<String> {
        self.instances.iter().map(|(id, _)| id.to_string()).collect()
    }
}

/// The loaded file, which is not to be written to.
pub fn loaded() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&folder).expect("a folder below target");
    let path = folder.join(format!("day-{}.db", fingerprint()));
    if !path.exists() {
        let unfinished = path.with_extension("loading");
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", unfinished.display()));
        }
        load(&unfinished);
        std::fs::rename(&unfinished, &path).expect("the name of the loaded file");
    }
    path
}

/// Names the generator and the schema.
fn fingerprint() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the migrations")
        .map(|entry| entry.expect("a migration").path())
        .collect();
    files.sort();
    let mut digest = Sha256::new();
    digest.update(VERSION.to_be_bytes());
    files.iter().for_each(|file| digest.update(std::fs::read(file).expect("a migration")));
    digest.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn start() -> Timestamp {
    START.parse().expect("a time")
}

/// A time-ordered UUID of this time.
fn uuid_at(time: Timestamp, random: &mut Random) -> Uuid {
    let millis = u64::try_from(time.micros() / 1_000).expect("a time after 1970");
    let mut tail = [0; 10];
    tail.copy_from_slice(&random.bytes()[..10]);
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

/// The instances and how many events each has, its registration included.
fn instances() -> Vec<(InstanceId, usize)> {
    let mut random = Random::new(1);
    let extra = (EVENTS - LARGEST - (INSTANCES - 1) * SMALLEST) as f64;
    let weights: Vec<f64> = (1..INSTANCES).map(|_| random.share().powi(6)).collect();
    let sum: f64 = weights.iter().sum();
    let mut sizes: Vec<usize> =
        weights.iter().map(|weight| SMALLEST + (extra * weight / sum) as usize).collect();
    // What rounding left over.
    sizes[0] += EVENTS - LARGEST - sizes.iter().sum::<usize>();
    sizes.insert(0, LARGEST);
    sizes.into_iter().map(|size| (InstanceId(uuid_at(start(), &mut random)), size)).collect()
}

/// The instance of each event after the registrations, and its time, in the order of time.
fn schedule(instances: &[(InstanceId, usize)]) -> Vec<(i64, InstanceId)> {
    let mut random = Random::new(2);
    let mut schedule = Vec::with_capacity(EVENTS);
    for (id, size) in instances {
        // Evenly, a little earlier or later: no instance is silent for so long that it goes stale.
        let step = (SECONDS * SECOND) as f64 / (size - 1) as f64;
        schedule.extend((1..*size).map(|at| {
            let early = random.share() / 2.0;
            ((step * (at as f64 - early)) as i64, *id)
        }));
    }
    schedule.sort_unstable();
    schedule
}

struct DayClock(AtomicI64);

impl Clock for DayClock {
    fn now(&self) -> Timestamp {
        start().plus(self.0.load(Ordering::Acquire))
    }
}

fn load(path: &Path) {
    let clock = Arc::new(DayClock(AtomicI64::new(0)));
    let store = SqliteStore::open(path, Options::new(Arc::clone(&clock) as _)).expect("a store");
    let store = Arc::new(store);
    // On one thread, tasks run in the order in which they are made: the file is the same each time.
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let started = Instant::now();
    runtime.block_on(async {
        let instances = instances();
        append_all(&store, registrations(&instances)).await;
        let mut traffic = Traffic::new(3);
        let mut random = Random::new(4);
        for part in schedule(&instances).chunks(LOADING) {
            clock.0.store(part[0].0, Ordering::Release);
            let requests = part.iter().map(|(time, instance_id)| {
                let event_id = EventId(uuid_at(start().plus(*time), &mut random));
                AppendRequest {
                    instance_id: *instance_id,
                    register: None,
                    expected_sequence_num: None,
                    events: vec![traffic.new_event(event_id)],
                }
            });
            append_all(&store, requests).await;
        }
        store.close().await;
    });
    let rate = EVENTS as f64 / started.elapsed().as_secs_f64();
    println!("loaded {EVENTS} events, each a request of its own, {rate:.0} events/s\n");
}

fn registrations(instances: &[(InstanceId, usize)]) -> impl Iterator<Item = AppendRequest> {
    let mut random = Random::new(5);
    instances.iter().enumerate().map(move |(at, (instance_id, _))| {
        let project = format!("project-{}", at % 40);
        let handle = annals::domain::ids::handle(&project, "PS", *instance_id, 6);
        let mut event = Traffic::new(6).new_event(EventId(uuid_at(start(), &mut random)));
        event.event_type = "instance_registered".into();
        event.event_data.text = format!(r#"{{"instance_type":"PS","project":"{project}"}}"#);
        event.metadata = None;
        AppendRequest {
            instance_id: *instance_id,
            register: Some(Registration {
                handle,
                project,
                instance_type: "PS".into(),
                host: Some("mira".into()),
                pid: Some(4_211),
            }),
            expected_sequence_num: None,
            events: vec![event],
        }
    })
}

async fn append_all(store: &Arc<SqliteStore>, requests: impl Iterator<Item = AppendRequest>) {
    let mut appends = JoinSet::new();
    for request in requests {
        let store = Arc::clone(store);
        appends.spawn(async move {
            let appended = store.append(request).await.expect("an append");
            assert!(appended.automatic.is_empty(), "no event but the day's own");
        });
    }
    appends.join_all().await;
}
