//! The rules of the repository that no compiler checks, see ARCHITECTURE.md and CONTRIBUTING.md.
//! Each is a function from a file to findings, with a sample of what it must find.

use std::fmt;
use std::fs;
use std::path::Path;

mod layers;
mod names;
mod purity;
mod sizes;
mod texts;
mod tokens;

use tokens::{Kind, Token, tokens};

/// A text file of the repository.
struct Source {
    /// From the root, with slashes.
    path: String,
    text: String,
    /// Of a Rust source, else none.
    tokens: Vec<Token>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let tokens = if path.ends_with(".rs") { tokens(text) } else { Vec::new() };
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// The tokens without comments.
    fn code(&self) -> Vec<&Token> {
        self.tokens.iter().filter(|token| token.kind != Kind::Comment).collect()
    }

    /// Whether this is Rust source of the product, not of its tests or tools.
    fn is_product(&self) -> bool {
        self.path.starts_with("src/") && self.path.ends_with(".rs")
    }

    /// Whether this file is the `tests` module of another.
    fn is_unit_tests(&self) -> bool {
        self.is_product() && (self.path.ends_with("/tests.rs") || self.path.contains("/tests/"))
    }

    /// The layer of a product source, `domain` for `src/domain/time.rs`; of the crate's roots,
    /// `main` and `lib`.
    fn layer(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let end = below.find(['/', '.']).unwrap_or(below.len());
        &below[..end]
    }

    fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, message: message.into() }
    }
}

/// Where a rule is broken, and what to do.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Every text file of the repository, sorted by path. `Cargo.lock` is cargo's.
fn repository() -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            let hidden = name.starts_with('.') && name != ".ci" && name != ".github";
            if !hidden && name != "target" && name != "__pycache__" {
                collect(&entry.path(), &format!("{path}/"), found);
            }
        } else if kind.is_file() && path != "Cargo.lock" && path != ".git" {
            // What is no text is no source.
            if let Ok(text) = String::from_utf8(fs::read(entry.path()).unwrap()) {
                found.push(Source::new(&path, &text));
            }
        }
    }
}

/// Fails with every finding of a rule in the repository.
fn check(rule: impl Fn(&Source) -> Vec<Finding>) {
    let found: Vec<String> =
        repository().iter().flat_map(rule).map(|found| found.to_string()).collect();
    assert!(found.is_empty(), "{} finding(s):\n{}", found.len(), found.join("\n"));
}

/// The lines that a rule finds fault with in a sample, once each.
fn lines(rule: impl Fn(&Source) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
    let mut lines: Vec<usize> =
        rule(&Source::new(path, text)).into_iter().map(|finding| finding.line).collect();
    lines.dedup();
    lines
}

#[test]
fn the_walk_finds_this_file_and_the_product() {
    let paths: Vec<String> = repository().into_iter().map(|source| source.path).collect();
    for path in ["Cargo.toml", "scripts/test", "src/lib.rs", "tests/it/tidy.rs"] {
        assert!(paths.iter().any(|found| found == path), "{path}");
    }
    assert!(!paths.iter().any(|path| path.starts_with("target/") || path.starts_with(".git/")));
}

#[test]
fn a_finding_names_file_line_and_remedy() {
    let finding = Source::new("src/cli/emit.rs", "").finding(7, "say it elsewhere");
    assert_eq!(finding.to_string(), "src/cli/emit.rs:7: say it elsewhere");
}

#[test]
fn the_layer_of_a_file_is_its_first_folder() {
    for (path, layer) in [
        ("src/domain/catalogue/git.rs", "domain"),
        ("src/store/mod.rs", "store"),
        ("src/replay.rs", "replay"),
        ("src/main.rs", "main"),
    ] {
        assert_eq!(Source::new(path, "").layer(), layer);
    }
}
