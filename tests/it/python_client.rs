//! The official MCP client for Python drives the real program: an independent reading of the
//! protocol. What it checks stands in `tests/clients/python`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of the environment that `scripts/test` makes.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = env::var_os("ANNALS_TEST_PYTHON")
        .map_or_else(|| target.join("test-venv/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "there is no {}: run scripts/test once, which makes the environment, or set \
         ANNALS_TEST_PYTHON to a Python that has tests/clients/python/requirements.txt installed",
        python.display()
    );
    python
}

/// Runs the life of an instance over `transport` in the era that `mode` chooses.
fn lifecycle(transport: &str, mode: &str) {
    run("test_lifecycle.py", transport, mode);
}

/// Runs a program of the client.
fn run(program: &str, transport: &str, mode: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/python");
    let program = folder.join(program);
    let output = Command::new(python())
        .arg(program)
        .args([env!("CARGO_BIN_EXE_annals"), transport, mode])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{transport} {mode}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_stdio_with_protocol_2026_07_28() {
    lifecycle("stdio", "auto");
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_stdio_with_protocol_2025_11_25() {
    lifecycle("stdio", "legacy");
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_http_with_protocol_2026_07_28() {
    lifecycle("http", "auto");
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_http_with_protocol_2025_11_25() {
    lifecycle("http", "legacy");
}

#[test]
fn resources_prompt_completion_and_updates_over_stdio_with_protocol_2026_07_28() {
    run("test_resources.py", "stdio", "auto");
}

#[test]
fn resources_prompt_completion_and_updates_over_stdio_with_protocol_2025_11_25() {
    run("test_resources.py", "stdio", "legacy");
}

#[test]
fn resources_prompt_completion_and_updates_over_http_with_protocol_2026_07_28() {
    run("test_resources.py", "http", "auto");
}

#[test]
fn resources_prompt_and_completion_over_http_with_protocol_2025_11_25() {
    run("test_resources.py", "http", "legacy");
}
