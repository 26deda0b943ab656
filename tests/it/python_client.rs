//! The official MCP clients for Python drive the real program: an independent reading of the
//! protocol. What it checks stands in `tests/clients/python`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environments that `scripts/test` makes, each with a version of the client.
const NEWEST: Environment = Environment {
    python: "test-venv/bin/python",
    variable: "ANNALS_TEST_PYTHON",
    requirements: "requirements.txt",
};
/// Version 1, which knows only the protocol up to 2025-11-25.
const LEGACY: Environment = Environment {
    python: "test-venv-legacy/bin/python",
    variable: "ANNALS_TEST_PYTHON_LEGACY",
    requirements: "requirements-legacy.txt",
};

struct Environment {
    /// Below the target directory.
    python: &'static str,
    /// The environment variable that names another Python.
    variable: &'static str,
    /// In `tests/clients/python`.
    requirements: &'static str,
}

impl Environment {
    fn python(&self) -> PathBuf {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let python =
            env::var_os(self.variable).map_or_else(|| target.join(self.python), PathBuf::from);
        assert!(
            python.exists(),
            "there is no {}: run scripts/test once, which makes the environment, or set {} to a \
             Python that has tests/clients/python/{} installed",
            python.display(),
            self.variable,
            self.requirements
        );
        python
    }

    /// Runs the life of an instance over `transport` in the era that `mode` chooses.
    fn lifecycle(&self, transport: &str, mode: &str) {
        self.run("test_lifecycle.py", transport, mode);
    }

    /// Runs a program of the client.
    fn run(&self, program: &str, transport: &str, mode: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/python");
        let program = folder.join(program);
        let output = Command::new(self.python())
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
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_stdio_with_protocol_2026_07_28() {
    NEWEST.lifecycle("stdio", "auto");
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_stdio_with_protocol_2025_11_25() {
    NEWEST.lifecycle("stdio", "legacy");
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_http_with_protocol_2026_07_28() {
    NEWEST.lifecycle("http", "auto");
}

#[test]
fn full_lifecycle_register_emit_query_replay_over_http_with_protocol_2025_11_25() {
    NEWEST.lifecycle("http", "legacy");
}

#[test]
fn the_python_client_of_version_1_is_served_over_stdio() {
    LEGACY.lifecycle("stdio", "legacy");
}

#[test]
fn the_python_client_of_version_1_is_served_over_http() {
    LEGACY.lifecycle("http", "legacy");
}

#[test]
fn resources_prompt_completion_and_updates_over_stdio_with_protocol_2026_07_28() {
    NEWEST.run("test_resources.py", "stdio", "auto");
}

#[test]
fn resources_prompt_completion_and_updates_over_stdio_with_protocol_2025_11_25() {
    NEWEST.run("test_resources.py", "stdio", "legacy");
}

#[test]
fn resources_prompt_completion_and_updates_over_http_with_protocol_2026_07_28() {
    NEWEST.run("test_resources.py", "http", "auto");
}

#[test]
fn resources_prompt_and_completion_over_http_with_protocol_2025_11_25() {
    NEWEST.run("test_resources.py", "http", "legacy");
}
