//! What a million events take: on disk over their data and metadata, and in the memory of a process
//! that reads them all.

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::rig::client::{address, annals};
use crate::rig::day::{self, Day};
use crate::rig::machine;
use crate::rig::report::{Report, whole};

pub fn run(report: &mut Report) {
    report.part("Space on disk, with 1,000,000 events");
    on_disk(report);
    report.part("Memory of processes that read everything");
    in_memory(report);
}

fn on_disk(report: &mut Report) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = Connection::open_with_flags(day::loaded(), flags).expect("the store's file");
    let number = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
    let payload = number(
        "SELECT sum(octet_length(event_data) + coalesce(octet_length(metadata), 0)) FROM event_store",
    );
    let pages = number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    let each = |bytes: i64| format!("{:.1}", bytes as f64 / day::EVENTS as f64);
    let mut statement = file
        .prepare("SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name ORDER BY 2 DESC")
        .expect("the page statistics");
    let mut rows = vec![
        vec!["whole file".into(), whole(pages as f64), each(pages), "-".into()],
        vec!["data and metadata".into(), whole(payload as f64), each(payload), "-".into()],
        vec![
            "over data and metadata".into(),
            whole((pages - payload) as f64),
            each(pages - payload),
            "-".into(),
        ],
    ];
    let parts = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .expect("the page statistics");
    for part in parts {
        let (name, bytes, unused) = part.expect("a row");
        if bytes > 1 << 20 {
            rows.push(vec![format!("`{name}`"), whole(bytes as f64), each(bytes), each(unused)]);
        }
    }
    report.table(&["part", "bytes", "bytes an event", "of which free"], &rows);
    let over = (pages - payload) as f64 / day::EVENTS as f64;
    report.at_most("bytes an event over data and metadata", over, 450.0);
}

fn in_memory(report: &mut Report) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let day = Day::copy_to(folder.path());
    let store = address(&day.path);
    let largest = day.instances[0].0.to_string();
    let (smallest, fewest) = day.instances.iter().min_by_key(|(_, size)| *size).expect("instances");
    let smallest = smallest.to_string();
    let few = |command: &str| format!("`annals {command}` of {fewest} events");
    let rows: Vec<Vec<String>> = [
        (few("replay"), vec!["replay", &smallest]),
        ("`annals replay` of 100,000 events".into(), vec!["replay", &largest]),
        (few("verify"), vec!["verify", &smallest]),
        ("`annals verify` of 1,000,000 events".into(), vec!["verify"]),
    ]
    .into_iter()
    .map(|(name, arguments)| {
        let most = most_memory(&[&arguments[..], &["--store", &store]].concat());
        vec![name, format!("{:.1} MB", most as f64 / 1e6)]
    })
    .collect();
    report.table(&["process", "most memory"], &rows);
}

/// Runs the program to its end; gives the most memory that it was seen to have.
fn most_memory(arguments: &[&str]) -> u64 {
    let mut process = annals()
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("annals");
    let mut most = 0;
    loop {
        let ended = process.try_wait().expect("a child process");
        if let Some(status) = ended {
            assert!(status.success(), "{status}");
            return most;
        }
        most = most.max(machine::memory(process.id(), "VmHWM").unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
}
