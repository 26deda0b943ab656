//! `annals export` and `annals import jsonl`, killed at random points and done again.
//!
//! `ANNALS_KILL_ROUNDS` says how often each is tried.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::archive::{copied, exported, recorded, timeless};
use crate::cli_program::{Home, wait};

const ROUNDS: u64 = 2;

fn rounds() -> u64 {
    std::env::var("ANNALS_KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// Some number below `bound`.
fn random(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes) % bound
}

/// Runs a command to its end; gives the time that it took.
fn timed(mut command: Command) -> Duration {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(wait(&mut child), Some(0));
    started.elapsed()
}

/// Runs a command up to four times and kills it at some point of the time that it may take, unless it
/// ends before. Gives the points.
fn killed(command: impl Fn() -> Command, whole: Duration) -> Vec<Duration> {
    let kill = |_| {
        let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let point = Duration::from_micros(random(u64::try_from(whole.as_micros()).unwrap()));
        std::thread::sleep(point);
        child.kill().unwrap();
        child.wait().unwrap();
        point
    };
    (0..=random(4)).map(kill).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn an_export_killed_at_random_points_and_resumed_is_the_same() {
    let home = Home::new();
    recorded(&home, 3_000);
    let export = |name: &str| home.command(&["export", "--all", "-o", name, "--resume"]);
    let whole = timed(export("whole.jsonl"));
    let path = home.work().join("parts.jsonl");
    for round in 0..rounds() {
        let points = killed(|| export("parts.jsonl"), whole);
        timed(export("parts.jsonl"));
        let same = timeless(&read(&path)) == timeless(&read(&home.work().join("whole.jsonl")));
        assert!(same, "round {round}, killed after {points:?}");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_file_that_ends_anywhere_is_finished_to_the_same_export() {
    let home = Home::new();
    recorded(&home, 300);
    let whole = exported(&home, "whole.jsonl");
    let length = whole.len();
    let ends = [0, 10, 150, 400, length - 130, length - 1, length];
    for end in ends.into_iter().chain((0..rounds()).map(|_| random(length as u64) as usize)) {
        let path = home.file("parts.jsonl", &whole.as_bytes()[..end]);
        timed(home.command(&["export", "--all", "-o", "parts.jsonl", "--resume"]));
        assert_eq!(timeless(&read(&path)), timeless(&whole), "cut at {end}");
    }
}

#[test]
fn an_import_killed_at_random_points_and_done_again_restores_the_same() {
    let home = Home::new();
    recorded(&home, 3_000);
    let export = exported(&home, "whole.jsonl");
    let fresh = || {
        let other = Home::new();
        copied(&home, &other, "whole.jsonl");
        other
    };
    let whole = timed(fresh().command(&["import", "jsonl", "whole.jsonl"]));
    for round in 0..rounds() {
        let other = fresh();
        let points = killed(|| other.command(&["import", "jsonl", "whole.jsonl"]), whole);
        // What is there is whole, and a beginning of what was exported.
        assert_eq!(other.json(&["verify"])["valid"], true, "round {round}, {points:?}");
        assert_eq!(other.json(&["import", "jsonl", "whole.jsonl"])["success"], true);
        assert_eq!(other.json(&["verify"])["valid"], true);
        let same = timeless(&exported(&other, "again.jsonl")) == timeless(&export);
        assert!(same, "round {round}, killed after {points:?}");
    }
}

#[test]
fn plain_lines_killed_at_random_points_and_imported_again_are_there_once() {
    let text: String =
        (0..3_000).map(|n| json!({"task_id": format!("t-{}", n / 2)}).to_string() + "\n").collect();
    let arguments =
        ["import", "jsonl", "in.jsonl", "--project", "odin", "--event-type", "task_spawned"];
    let fresh = || {
        let home = Home::new();
        home.file("in.jsonl", &text);
        home
    };
    let whole = timed(fresh().command(&arguments));
    for round in 0..rounds() {
        let home = fresh();
        let points = killed(|| home.command(&arguments), whole);
        let answer = home.json(&arguments);
        let handle = answer["handle"].as_str().unwrap();
        let page = home.json(&["query", handle, "--type", "task_spawned", "--limit", "1"]);
        assert_eq!(page["total_count"], 3_000, "round {round}, killed after {points:?}");
        assert_eq!(home.json(&["verify"])["valid"], true);
    }
}
