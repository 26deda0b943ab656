//! An acknowledged event is durable. `scripts/power-cut` cuts the power under a writer where root
//! may mount a file system; a trace of the system calls shows the order of writing, flushing and
//! acknowledging wherever the tests run. Each test has a control that must fail.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

mod trace;

/// The exit status of `scripts/power-cut` where the machine does not let it run.
const IMPOSSIBLE: i32 = 3;

/// Rounds of the short form; `ANNALS_POWER_CUT_ROUNDS` asks for more.
const ROUNDS: u32 = 8;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The writer and checker, `tests/power_cut/acknowledge.rs`. Cargo builds it with all tests, but not
/// when asked for one test binary alone, so that it is made sure of here.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--example", "acknowledge"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let built = build.current_dir(repository("")).status().unwrap();
        assert!(built.success(), "building the example `acknowledge`: {built}");
        let annals = Path::new(env!("CARGO_BIN_EXE_annals"));
        annals.parent().unwrap().join("examples/acknowledge")
    })
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

fn cut_annals(mode: &str, rounds: u32, arguments: &[&str]) {
    let program = program().display();
    let writer = format!("'{program}' write {{dir}} {mode}");
    let checker = format!("'{program}' check {{dir}} {{acks}}");
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
fn traced(mode: &str) -> trace::Verdict {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let output = Command::new("strace")
        .args(trace::STRACE)
        .arg("-o")
        .arg(&path)
        .arg(program())
        .arg("write")
        .args([folder.path().as_os_str(), mode.as_ref(), "20".as_ref()])
        .output()
        .unwrap_or_else(|error| panic!("strace: {error}; run scripts/test, which installs it"));
    assert!(output.status.success(), "{}\n{}", output.status, text(&output));
    let verdict = trace::judge(&fs::read_to_string(&path).unwrap());
    let printed = output.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(verdict.acknowledged, printed, "the trace shows every acknowledgement");
    assert!(printed > 100, "only {printed} acknowledgements");
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
