//! Tells the program which commit it is built from, and for what.
//!
//! The script runs again where the sources, or the commit that is checked out, may have changed.

#![allow(clippy::print_stdout, reason = "that is how a build script speaks to Cargo")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 5] = ["build.rs", "Cargo.toml", "Cargo.lock", "src", "migrations"];

fn main() {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    for source in SOURCES.iter().filter(|source| root.join(source).exists()) {
        println!("cargo::rerun-if-changed={source}");
    }
    let commit = packaged(&root).or_else(|| checked_out(&root));
    println!("cargo::rustc-env=ANNALS_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=ANNALS_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=ANNALS_PROFILE={}", variable("PROFILE"));
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The commit that `cargo package` noted; there is no work tree then.
fn packaged(root: &Path) -> Option<String> {
    let facts = std::fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, after) = facts.split_once("\"sha1\"")?;
    let commit = after.split('"').nth(1)?.to_owned();
    let changes = if facts.contains("\"dirty\": true") { " with changes" } else { "" };
    is_commit(&commit).then(|| commit + changes)
}

/// The commit of the work tree that this folder is the root of. A repository further up is that of
/// something else.
fn checked_out(root: &Path) -> Option<String> {
    let top = git(root, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    let commit = git(root, &["rev-parse", "HEAD"]).filter(|commit| is_commit(commit))?;
    watch(root);
    let changed = git(root, &[&["status", "--porcelain", "--"], &SOURCES[..]].concat())?;
    Some(if changed.is_empty() { commit } else { commit + " with changes" })
}

/// What changes with the commit that is checked out: `HEAD` itself, its log, the branch that it names.
/// Cargo takes a file that is not there for one that has changed, each time.
fn watch(root: &Path) {
    let branch = git(root, &["symbolic-ref", "--quiet", "HEAD"]);
    let names = ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref());
    let paths = names.filter_map(|name| git(root, &["rev-parse", "--git-path", name]));
    for path in paths.map(|path| root.join(path)).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a git command prints; `None` where there is no git, or where it fails.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let ran = Command::new("git").current_dir(root).args(arguments).output().ok()?;
    let text = String::from_utf8(ran.stdout).ok().filter(|_| ran.status.success())?;
    Some(text.trim_end().to_owned())
}
