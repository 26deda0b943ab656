//! The machine that the figures are of, and how busy other programs keep it.

use std::cell::Cell;
use std::fs;
use std::time::{Duration, Instant};

/// Cores that other programs may use while a round is measured.
const QUIET: f64 = 0.15;
/// How long the machine is watched before it is called quiet.
const GLANCE: Duration = Duration::from_millis(200);
/// Seconds that a whole run waits for a quiet machine, unless `ANNALS_BENCH_PATIENCE` says other.
const PATIENCE: u64 = 120;

/// What a run is measured on, in one line.
pub fn description() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores{model}, kernel {}", kernel.trim())
}

/// Bytes of memory of a process: `VmHWM` for the most that it ever had, `VmRSS` for now. `None` once
/// it has ended.
pub fn memory(process: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib = line.trim_matches(|c: char| !c.is_ascii_digit());
    Some(kib.parse::<u64>().expect("a number of KiB") * 1024)
}

/// Watches what other programs take of the machine while a part is measured.
pub struct Watch {
    started: Cell<Usage>,
    /// Core seconds of others, and seconds, while rounds were measured.
    others: Cell<(f64, f64)>,
    patience: Cell<Duration>,
}

impl Watch {
    pub fn new() -> Self {
        let given = std::env::var("ANNALS_BENCH_PATIENCE").ok().and_then(|text| text.parse().ok());
        Self {
            started: Cell::new(Usage::now()),
            others: Cell::default(),
            patience: Cell::new(Duration::from_secs(given.unwrap_or(PATIENCE))),
        }
    }

    /// To be called before each round: waits until the machine is quiet, as long as there is
    /// patience left.
    pub fn round_begins(&self) {
        loop {
            let before = Usage::now();
            std::thread::sleep(GLANCE);
            let patience = self.patience.get();
            if Usage::now().others_since(before) < QUIET || patience.is_zero() {
                break;
            }
            self.patience.set(patience.saturating_sub(GLANCE));
        }
        self.started.set(Usage::now());
    }

    /// To be called after each round.
    pub fn round_ends(&self) {
        let (now, started) = (Usage::now(), self.started.get());
        let seconds = (now.at - started.at).as_secs_f64();
        let (others, all) = self.others.get();
        self.others.set((others + now.others_since(started) * seconds, all + seconds));
    }

    /// Cores that others used during the rounds since the last call, on average.
    pub fn others(&self) -> f64 {
        let (others, all) = self.others.take();
        if all > 0.0 { others / all } else { 0.0 }
    }
}

/// Processor time, in clock ticks since the machine started.
#[derive(Clone, Copy)]
struct Usage {
    at: Instant,
    all: u64,
    own: u64,
}

impl Usage {
    fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let ticks: Vec<u64> = stat
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        // user nice system idle iowait irq softirq steal; a guest's time is part of user.
        let all = ticks.iter().enumerate().filter(|(at, _)| ![3, 4].contains(at) && *at < 8);
        Self { at: Instant::now(), all: all.map(|(_, ticks)| ticks).sum(), own: own_ticks() }
    }

    fn others_since(&self, before: Usage) -> f64 {
        let others = (self.all - before.all).saturating_sub(self.own.saturating_sub(before.own));
        // A hundred ticks a second, as Linux shows them on every machine.
        others as f64 / 100.0 / (self.at - before.at).as_secs_f64()
    }
}

/// What this process and its children have used, those included that have ended.
fn own_ticks() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let children = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let living: u64 = children.map(|id| ticks_of(&id, &[13, 14])).sum();
    ticks_of("self", &[13, 14, 15, 16]) + living
}

/// The sum of these fields of `/proc/ID/stat`, counted from 0.
fn ticks_of(process: &str, fields: &[usize]) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is a name in brackets, which may hold spaces.
    let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
    let values: Vec<&str> = after.split(' ').collect();
    let value = |field: &usize| values.get(field - 2).and_then(|text| text.parse::<u64>().ok());
    fields.iter().filter_map(value).sum()
}
