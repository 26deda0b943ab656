//! Redaction against a labelled corpus. The forms of tokens are those that the providers publish,
//! written down apart from the rules; the secrets are drawn at random, so that none stands here.

#![allow(clippy::print_stdout, reason = "a failing test shows what it missed")]

mod draw;

use std::collections::BTreeMap;
use std::path::Path;

use annals::redact::{Redactor, replace};
use draw::Draw;

/// Least share of all secrets found, in percent.
const RECALL: usize = 95;
/// Least share of the secrets of a class.
const CLASS_RECALL: usize = 80;
/// Most lines of ordinary text touched, in percent.
const TOUCHED: usize = 1;

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with("# ") && !line.is_empty())
}

fn stored(text: &str) -> String {
    replace(text, &Redactor::standard().find(text))
}

/// Whether eight characters in a row of the secret are left, outside the names of rules.
fn is_left(secret: &str, stored: &str) -> bool {
    let window = secret.len().min(8);
    let rules = Redactor::rules().map(|rule| format!("[REDACTED:{}]", rule.name));
    let stored = rules.fold(stored.to_owned(), |text, rule| text.replace(&rule, "\n"));
    secret
        .as_bytes()
        .windows(window)
        .any(|part| stored.as_bytes().windows(window).any(|left| left == part))
}

/// Texts that hold a secret each: the class, the text and the secret.
fn secrets() -> Vec<(&'static str, String, String)> {
    let mut draw = Draw::new(7);
    let contexts: Vec<&str> = lines(include_str!("contexts.txt")).collect();
    let mut texts = Vec::new();
    for (place, line) in lines(include_str!("formats.txt")).enumerate() {
        let (class, form) = line.split_once(' ').unwrap();
        for turn in 0..7 {
            let secret = draw.fill(form);
            let context = contexts[(place + turn * 2) % contexts.len()];
            texts.push((class, context.replace("{}", &secret), secret));
        }
    }
    for line in lines(include_str!("named.txt")) {
        let (class, form) = line.split_once(' ').unwrap();
        let (before, rest) = form.split_once('«').unwrap();
        let (form, after) = rest.split_once('»').unwrap();
        for _ in 0..6 {
            let secret = draw.fill(form);
            texts.push((class, format!("{before}{secret}{after}"), secret));
        }
    }
    texts
}

#[test]
fn the_secrets_of_the_corpus_are_found() {
    let mut classes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut found, mut all) = (0, 0);
    for (class, text, secret) in secrets() {
        let stored = stored(&text);
        let is_found = !is_left(&secret, &stored);
        let (class_found, class_all) = classes.entry(class).or_default();
        (found, all) = (found + usize::from(is_found), all + 1);
        (*class_found, *class_all) = (*class_found + usize::from(is_found), *class_all + 1);
        if !is_found {
            println!("missed, {class}: {stored}");
        }
    }
    println!("{found} of {all} secrets found");
    assert!(all >= 500, "the corpus has {all} secrets");
    assert!(found * 100 >= all * RECALL, "{found} of {all} secrets found");
    for (class, (found, all)) in classes {
        assert!(found * 100 >= all * CLASS_RECALL, "{class}: {found} of {all} found");
    }
}

/// The texts below `folder`, by their path. The tests of redaction are about secrets and left out.
fn gather(folder: &Path, texts: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.ends_with("src/redact") {
        } else if path.is_dir() {
            gather(&path, texts);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            texts.push((path.display().to_string(), text));
        }
    }
}

fn touched(name: &str, text: &str) -> (usize, usize) {
    let (mut touched, mut all) = (0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        all += 1;
        let stored = stored(line);
        if stored != line {
            touched += 1;
            println!("touched, {name}: {line}\n  as {stored}");
        }
    }
    (touched, all)
}

#[test]
fn ordinary_text_is_left_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["src", "docs", "migrations", "benches"] {
        gather(&root.join(folder), &mut texts);
    }
    for file in ["Cargo.lock", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        texts.push((file.to_owned(), std::fs::read_to_string(root.join(file)).unwrap()));
    }
    let (mut lines_touched, mut all) = (0, 0);
    for (name, text) in &texts {
        let (file_touched, file_all) = touched(name, text);
        (lines_touched, all) = (lines_touched + file_touched, all + file_all);
    }
    println!("{lines_touched} of {all} lines of the repository touched");
    assert!(all >= 5_000, "{all} lines");
    assert!(lines_touched * 100 <= all * TOUCHED, "{lines_touched} of {all} lines touched");
}

#[test]
fn the_written_samples_are_left_alone() {
    let mut draw = Draw::new(11);
    let (mut lines_touched, mut all) = (0, 0);
    for _ in 0..10 {
        for line in include_str!("ordinary.txt").lines() {
            let (line_touched, line_all) = touched("ordinary.txt", &draw.fill(line));
            (lines_touched, all) = (lines_touched + line_touched, all + line_all);
        }
    }
    println!("{lines_touched} of {all} sample lines touched");
    assert!(lines_touched * 100 <= all * TOUCHED, "{lines_touched} of {all} lines touched");
}
