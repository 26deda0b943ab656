//! Names say what a thing is, and sources are finished and documented.

use super::tokens::{Kind, follows};
use super::{Finding, Source, check, lines};

/// Words that say nothing about what a file holds.
const EMPTY_WORDS: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "misc", "stuff"];

/// Macros that stand for something unfinished.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Files, folders and modules have names that say what they hold.
fn telling_names(source: &Source) -> Vec<Finding> {
    let mut names = Vec::new();
    names.extend(source.path.split('/').map(|part| (1, part.to_owned())));
    let code = source.code();
    for at in 1..code.len() {
        if code[at - 1].is("mod") && code[at].kind == Kind::Word {
            names.push((code[at].line, code[at].text.clone()));
        }
    }
    let words = |name: &str| name.split(['.', '_', '-']).map(str::to_lowercase).collect::<Vec<_>>();
    let is_empty = |name: &str| words(name).iter().any(|word| EMPTY_WORDS.contains(&word.as_str()));
    names
        .into_iter()
        .filter(|(_, name)| is_empty(name))
        .map(|(line, name)| {
            source.finding(line, format!("`{name}` does not say what it holds; name the concept"))
        })
        .collect()
}

/// Nothing is left for later, and no test is switched off.
fn finished(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for token in source.tokens.iter().filter(|token| token.kind == Kind::Comment) {
        for (at, line) in token.text.lines().enumerate() {
            let marked = line
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| ["TODO", "FIXME", "XXX", "HACK"].contains(&word));
            let message = if marked {
                "do it now, or say in the documentation what is not there"
            } else if line.contains("```ignore") {
                "let the example run; `no_run` where it cannot, `text` where it is no Rust"
            } else {
                continue;
            };
            found.push(source.finding(token.line + at, message));
        }
    }
    let code = source.code();
    for at in 0..code.len() {
        let line = code[at].line;
        if UNFINISHED.iter().any(|name| follows(&code, at, &[name, "!"])) {
            found.push(source.finding(line, format!("finish it without `{}!`", code[at].text)));
        }
        if follows(&code, at, &["#", "[", "ignore"]) {
            let message = "a test that does not run proves nothing; make it run, or remove it";
            found.push(source.finding(line, message));
        }
    }
    found
}

/// Every product source starts with what it is for.
fn introduced(source: &Source) -> Vec<Finding> {
    if !source.is_product() || source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![source.finding(1, "start with `//! ` and what the module is for")]
}

#[test]
fn names_say_what_they_hold() {
    check(telling_names);
}

#[test]
fn nothing_is_left_unfinished() {
    check(finished);
}

#[test]
fn every_source_says_what_it_is_for() {
    check(introduced);
}

#[test]
fn names_that_say_nothing_are_found() {
    for path in [
        "src/store/utils.rs",
        "src/common/mod.rs",
        "tests/it/test_helpers.rs",
        "src/service/session-manager.rs",
        "scripts/Helper.py",
    ] {
        assert_eq!(lines(telling_names, path, ""), [1], "{path}");
    }
    assert_eq!(lines(telling_names, "src/cli/mod.rs", "//! a\npub mod misc;"), [2]);
    assert!(lines(telling_names, "src/cli/mod.rs", "mod emit;\nfn common() {}").is_empty());
}

#[test]
fn unfinished_sources_are_found() {
    for text in [
        "\n// TODO: write it",
        "\n/// FIXME",
        "/*\n TODO */",
        "\nfn f() { todo!() }",
        "\nfn f() { unimplemented!(\"later\") }",
        "\nfn f() { dbg!(1); }",
        "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
        "\n/// ```ignore",
    ] {
        assert_eq!(lines(finished, "benches/append.rs", text), [2], "{text}");
    }
    assert!(
        lines(finished, "src/cli/mod.rs", "const A: &str = \"TODO\";\nfn todo() {}").is_empty()
    );
    assert!(lines(finished, "src/cli/mod.rs", "#[allow(dead_code)]\nfn ignore() {}").is_empty());
}

#[test]
fn a_source_without_introduction_is_found() {
    assert_eq!(lines(introduced, "src/cli/emit.rs", "use std::fmt;\n"), [1]);
    assert!(lines(introduced, "src/cli/emit.rs", "//! `annals emit`.\n").is_empty());
}
