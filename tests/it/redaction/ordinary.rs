//! Ordinary text stays as it is.

use std::fs;
use std::path::Path;

use annals::redact::Redactor;

use super::samples;

/// The most lines that may be touched, of each kind of text, in hundredths.
const TOUCHED: usize = 1;

/// A kind of ordinary text.
struct Kind {
    name: &'static str,
    texts: Vec<(String, String)>,
}

/// What this repository has: its sources and documents. Left out are those about redaction, which
/// show what is replaced.
fn repository(name: &'static str, folders: &[&str]) -> Kind {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in folders {
        read(&root.join(folder), &mut texts);
    }
    let below = |path: &str| path[root.as_os_str().len()..].to_owned();
    texts.iter_mut().for_each(|(path, _)| *path = below(path));
    texts.retain(|(path, _)| !path.contains("redact"));
    assert!(!texts.is_empty(), "{name}");
    Kind { name, texts }
}

fn read(path: &Path, texts: &mut Vec<(String, String)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            read(&entry.unwrap().path(), texts);
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        texts.push((path.display().to_string(), text));
    }
}

fn kinds() -> Vec<Kind> {
    let one = |name, text: String| Kind { name, texts: vec![(String::from(name), text)] };
    vec![
        repository("sources", &["src", "migrations", "benches", "scripts"]),
        repository("tests", &["tests"]),
        repository(
            "documents",
            &["docs", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"],
        ),
        repository("lock file", &["Cargo.lock", "Cargo.toml"]),
        one("lock files", samples::lock_files()),
        one("logs", samples::logs()),
        one("written", samples::written()),
        one("hashes", samples::hashes()),
        one("base64", samples::base64()),
        one("placeholders", samples::PLACEHOLDERS.to_owned()),
        one("prose", samples::PROSE.to_owned()),
        one("code", samples::CODE.to_owned()),
    ]
}

/// How many lines of `text` have something replaced, each printed.
fn touched(path: &str, text: &str) -> usize {
    let mut lines = Vec::new();
    for found in Redactor::standard().find(text) {
        let start = text[..found.range.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[found.range.end..].find('\n').map_or(text.len(), |at| found.range.end + at);
        let count = text[start..end].lines().count();
        println!(
            "touched by {}: {path}: {:?}",
            found.rule,
            text[start..end].get(..200.min(end - start))
        );
        lines.push((start, count));
    }
    lines.dedup();
    lines.iter().map(|(_, count)| count).sum()
}

#[test]
fn ordinary_text_is_left() {
    let mut high = Vec::new();
    let (mut all_touched, mut all) = (0, 0);
    for kind in kinds() {
        let lines: usize = kind.texts.iter().map(|(_, text)| text.lines().count()).sum();
        let touched: usize = kind.texts.iter().map(|(path, text)| touched(path, text)).sum();
        println!("{}: {touched} of {lines} lines touched", kind.name);
        if touched * 100 > lines * TOUCHED {
            high.push((kind.name, touched, lines));
        }
        all_touched += touched;
        all += lines;
    }
    println!("{all_touched} of {all} lines touched");
    assert!(all > 10_000, "{all} lines");
    assert!(high.is_empty(), "more than {TOUCHED} in 100: {high:?}");
}

/// What is written on one line in a text means the same on a line of its own.
#[test]
fn ordinary_lines_are_left_one_by_one() {
    for (name, text) in [
        ("placeholders", samples::PLACEHOLDERS),
        ("prose", samples::PROSE),
        ("code", samples::CODE),
    ] {
        let lines = text.lines().count();
        let touched: usize = text.lines().map(|line| touched(name, line)).sum();
        assert!(touched * 100 <= lines * TOUCHED, "{name}: {touched} of {lines}");
    }
}
