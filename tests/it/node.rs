//! Node and the packages from npm that `scripts/test` installs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::cli_program::Home;

/// The folder of `package.json`, which pins the packages.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/typescript")
}

/// The folder that holds Node, as `node`, and `node_modules`.
fn installed() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder =
        env::var_os("ANNALS_TEST_NPM").map_or_else(|| target.join("test-npm"), PathBuf::from);
    assert!(
        folder.join("node").exists() && folder.join("node_modules").exists(),
        "{} has no Node and no packages: run scripts/test once, which installs them, or set \
         ANNALS_TEST_NPM to a folder where tests/clients/typescript/package.json is installed, with \
         Node as `node`",
        folder.display(),
    );
    folder
}

/// Node on a program, with nothing of this process's environment but the path.
fn node(home: &Home) -> Command {
    let folder = installed();
    let mut command = Command::new(folder.join("node"));
    command
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.home())
        .env("TMPDIR", home.work())
        .env("ANNALS_TEST_NPM", folder)
        .current_dir(home.work());
    command
}

/// A program of the folder of sources.
pub fn source(home: &Home, file: &str) -> Command {
    let mut command = node(home);
    command.arg("--import").arg(sources().join("installed.mjs")).arg(sources().join(file));
    command
}

/// A program of an installed package.
pub fn package(home: &Home, file: &str) -> Command {
    let mut command = node(home);
    command.arg(installed().join("node_modules").join(file));
    command
}

/// All that a process printed, for who has to find out why it failed.
pub fn printed(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn json(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(sources().join(file)).unwrap()).unwrap()
}

#[test]
fn the_table_of_clients_in_the_documentation_has_every_pin() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let mut pins = Vec::new();
    for (name, version) in json("package.json")["dependencies"].as_object().unwrap() {
        pins.push(format!("`{name}` | {} |", version.as_str().unwrap()));
    }
    for list in ["requirements.txt", "requirements-legacy.txt"] {
        let text = read(&format!("tests/clients/python/{list}"));
        let version = text.lines().find_map(|line| line.strip_prefix("mcp==")).expect("a pin");
        pins.push(format!("`mcp` | {version} |"));
    }
    let table = read("docs/mcp.md");
    for pin in pins {
        assert!(table.contains(&pin), "docs/mcp.md does not have {pin}");
    }
}

#[test]
fn packages_are_pinned_exactly_and_by_hash_and_from_no_certain_registry() {
    for (name, version) in json("package.json")["dependencies"].as_object().unwrap() {
        let version = version.as_str().unwrap();
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{name}: {version}");
    }
    let lock = json("package-lock.json");
    let packages = lock["packages"].as_object().unwrap();
    assert!(packages.len() > 100);
    for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
        assert!(package["integrity"].is_string(), "{path} has no hash");
        assert!(package["resolved"].is_null(), "{path}: take `resolved` out, it names a registry");
    }
}
