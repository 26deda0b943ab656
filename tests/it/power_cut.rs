//! An acknowledged event is durable. `scripts/power-cut` cuts the power under a writer where root
//! may mount a file system; a trace of the system calls shows the order of writing, flushing and
//! acknowledging wherever the tests run. The writer and the checker are those of `writer.rs` and
//! `checker.rs`. Each test has a control, a store that does not flush, which must fail it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

mod trace;

/// The exit status of `scripts/power-cut` where the machine does not let it run.
const IMPOSSIBLE: i32 = 3;

/// Rounds of the short form; `ANNALS_POWER_CUT_ROUNDS` asks for more.
const ROUNDS: u32 = 8;

/// Tasks of the writer that is traced, and calls of each.
const TASKS: usize = 5;
const CALLS: usize = 30;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(output: &Output) -> String {
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}

/// Runs `scripts/power-cut`; says aloud when this machine does not let it run.
fn cut(writer: &str, checker: &str, rounds: u32, arguments: &[&str]) {
    let output = Command::new(repository("scripts/power-cut"))
        .args(["--writer", writer, "--checker", checker, "--rounds", &rounds.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    if output.status.code() == Some(IMPOSSIBLE) {
        // Past the test harness, which shows nothing of a test that passes.
        let reason = text(&output);
        let note = format!("\nNOTE: power cuts were NOT tested. {}\n", reason.trim());
        io::stderr().write_all(note.as_bytes()).unwrap();
        return;
    }
    assert!(output.status.success(), "{}\n{}", output.status, text(&output));
}

fn cut_annals(durability: &str, rounds: u32, arguments: &[&str]) {
    let binary = env::current_exe().unwrap();
    let binary = binary.display();
    let writer = format!(
        "env ANNALS_WRITER_STORE=sqlite:{{dir}}/data/annals.db ANNALS_WRITER_INSTANCES=3 \
         ANNALS_WRITER_TASKS=5 ANNALS_WRITER_BATCH=3 ANNALS_WRITER_DURABILITY={durability} \
         '{binary}' writer::writer_process --exact --test-threads=1"
    );
    let checker = format!(
        "env ANNALS_CHECKER_STORE=sqlite:{{dir}}/data/annals.db ANNALS_CHECKER_ACKNOWLEDGED={{acks}} \
         '{binary}' checker::checker_process --exact --test-threads=1 --nocapture"
    );
    cut(&writer, &checker, rounds, arguments);
}

fn cut_plain_sqlite(synchronous: &str, rounds: u32, arguments: &[&str]) {
    let plain = repository("tests/power_cut/plain_sqlite.py");
    let writer = format!("python3 '{}' write {{dir}} {synchronous}", plain.display());
    let checker = format!("python3 '{}' check {{dir}} {{acks}}", plain.display());
    cut(&writer, &checker, rounds, arguments);
}

#[test]
fn power_cuts_lose_no_acknowledged_event() {
    let asked = env::var("ANNALS_POWER_CUT_ROUNDS");
    let rounds = asked.map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    cut_annals("full", rounds, &[]);
}

#[test]
fn power_cuts_lose_events_of_a_store_that_does_not_flush() {
    cut_annals("none", 2, &["--expect-loss"]);
}

#[test]
fn the_rig_cuts_the_power_and_nothing_else() {
    cut_plain_sqlite("FULL", 2, &[]);
    cut_plain_sqlite("OFF", 2, &["--expect-loss"]);
}

/// Traces a short run of the writer.
fn traced(durability: &str) -> trace::Verdict {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let store = format!("sqlite:{}", folder.path().join("annals.db").display());
    let output = Command::new("strace")
        .args(trace::STRACE)
        .arg("-o")
        .arg(&path)
        .arg(env::current_exe().unwrap())
        .args(["writer::writer_process", "--exact", "--test-threads=1"])
        .env("ANNALS_WRITER_STORE", store)
        .env("ANNALS_WRITER_TASKS", TASKS.to_string())
        .env("ANNALS_WRITER_CALLS", CALLS.to_string())
        .env("ANNALS_WRITER_DURABILITY", durability)
        .output()
        .unwrap_or_else(|error| panic!("strace: {error}; run scripts/test, which installs it"));
    assert!(output.status.success(), "{}\n{}", output.status, text(&output));
    let verdict = trace::judge(&fs::read_to_string(&path).unwrap());
    assert_eq!(verdict.acknowledged, TASKS * CALLS, "the trace shows every acknowledgement");
    verdict
}

#[test]
fn every_acknowledgement_follows_a_completed_flush_of_its_event() {
    assert_eq!(traced("full").unflushed, Vec::<String>::new());
}

#[test]
fn the_trace_of_a_store_that_does_not_flush_shows_it() {
    let verdict = traced("none");
    assert_eq!(verdict.unflushed.len(), verdict.acknowledged);
}
