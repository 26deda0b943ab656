//! Where clocks, I/O and SQL may be: the core is pure, and all SQL lives in the store.

use super::tokens::{Kind, Token, follows};
use super::{Finding, Source, check, lines};

/// Layers without I/O, async or global state.
const PURE: &[&str] = &["domain", "replay", "integrity", "redact", "resume"];

/// What no pure layer names, and what to do instead.
const IMPURE: &[(&[&str], &str)] = &[
    (&["tokio"], "take data in and give data back; `service` waits"),
    (&["async"], "take data in and give data back; `service` waits"),
    (&["rusqlite"], "read and write in `store`"),
    (&["axum"], "serve in `http`"),
    (&["rmcp"], "serve in `mcp`"),
    (&["clap"], "parse arguments in `cli`"),
    (&["gix"], "read repositories in `capture`"),
    (&["std", ":", ":", "fs"], "take the content as an argument"),
    (&["std", ":", ":", "net"], "take the content as an argument"),
    (&["std", ":", ":", "io"], "take the content as an argument"),
    (&["std", ":", ":", "env"], "take the value as an argument"),
    (&["std", ":", ":", "process"], "take the value as an argument"),
    (&["std", ":", ":", "thread"], "let the caller choose the thread"),
    (&["SystemTime"], "take the time as an argument"),
    (&["Instant"], "take the time as an argument"),
];

/// What belongs to `domain` but not to what decides and folds: the time comes in from outside.
const CLOCKS: &[(&[&str], &str)] = &[
    (&["Timestamp", ":", ":", "now"], "take the time as an argument"),
    (&["Clock"], "take the time as an argument"),
];

/// Pure layers name no I/O, no async and no clock; their tests may.
fn pure_layers(source: &Source) -> Vec<Finding> {
    let layer = source.layer();
    if !source.is_product() || source.is_unit_tests() || !PURE.contains(&layer) {
        return Vec::new();
    }
    let code = source.code();
    let end = tests_start(&code).map_or(code.len(), |(at, _)| at);
    let banned = || IMPURE.iter().chain(if layer == "domain" { &[] } else { CLOCKS });
    let mut found = Vec::new();
    for at in 0..end {
        for (pattern, remedy) in banned() {
            if follows(&code, at, pattern) || in_group(&code, at, pattern) {
                let name = pattern.concat();
                let message = format!("`{layer}` is pure and must not use `{name}`; {remedy}");
                found.push(source.finding(code[at].line, message));
            }
        }
    }
    found
}

/// Whether the last word of a `std::` pattern stands at `at` inside `use std::{…}`.
fn in_group(code: &[&Token], at: usize, pattern: &[&str]) -> bool {
    let [.., last] = pattern else { return false };
    if pattern.len() == 1 || !code[at].is(last) {
        return false;
    }
    let statement = code[..at].iter().rposition(|token| token.is(";")).map_or(0, |at| at + 1);
    let leads = ["use", "std", ":", ":", "{"];
    follows(code, statement, &leads) && (code[at - 1].is("{") || code[at - 1].is(","))
}

/// Where `#[cfg(test)] mod … {` starts at the outermost level: the token's place and its line.
pub(super) fn tests_start(code: &[&Token]) -> Option<(usize, usize)> {
    let mut depth = 0_usize;
    for (at, token) in code.iter().enumerate() {
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth = depth.saturating_sub(1);
        } else if depth == 0
            && follows(code, at, &["#", "[", "cfg", "(", "test", ")", "]", "mod"])
            && code.get(at + 9).is_some_and(|token| token.is("{"))
        {
            return Some((at, token.line));
        }
    }
    None
}

/// The database is named in the store alone.
fn database_in_store(source: &Source) -> Vec<Finding> {
    if !source.is_product() || source.layer() == "store" {
        return Vec::new();
    }
    let code = source.code();
    let named = code.iter().filter(|token| token.is("rusqlite"));
    let message = "`rusqlite` is the store's business; call the `EventStore` trait";
    named.map(|token| source.finding(token.line, message)).collect()
}

/// SQL stands in the store and the migrations alone.
fn sql_in_store(source: &Source) -> Vec<Finding> {
    if !source.is_product() || source.layer() == "store" {
        return Vec::new();
    }
    let texts = source.tokens.iter().filter(|token| token.kind == Kind::Text);
    let message = "this is SQL, which lives in `src/store` and `migrations`";
    texts
        .filter(|token| is_sql(&token.text))
        .map(|token| source.finding(token.line, message))
        .collect()
}

/// Whether a text is a statement: its first word, written in one case, and what must follow.
fn is_sql(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(first) = words.first() else { return false };
    if *first != first.to_uppercase() && *first != first.to_lowercase() {
        return false; // A sentence: "Select an instance from the list".
    }
    let has = |word: &str| words[1..].iter().any(|found| found.eq_ignore_ascii_case(word));
    let next = |choices: &[&str]| {
        let second = words.get(1).copied().unwrap_or_default();
        choices.iter().any(|choice| second.eq_ignore_ascii_case(choice))
    };
    match first.to_uppercase().as_str() {
        "SELECT" => has("FROM") || first.chars().all(char::is_uppercase),
        "INSERT" | "REPLACE" => has("INTO"),
        "UPDATE" => has("SET"),
        "DELETE" => next(&["FROM"]),
        "CREATE" => has("TABLE") || has("INDEX") || has("TRIGGER") || has("VIEW"),
        "DROP" | "ALTER" => next(&["TABLE", "INDEX", "TRIGGER", "VIEW"]),
        "BEGIN" => next(&["IMMEDIATE", "EXCLUSIVE", "DEFERRED", "TRANSACTION"]),
        "PRAGMA" => words.len() > 1,
        _ => false,
    }
}

#[test]
fn the_core_is_pure() {
    check(pure_layers);
}

#[test]
fn the_database_is_named_in_the_store_alone() {
    check(database_in_store);
}

#[test]
fn sql_stands_in_the_store_alone() {
    check(sql_in_store);
}

#[test]
fn impurities_are_found() {
    for text in [
        "use tokio::sync::mpsc;",
        "use std::fs;",
        "fn f() { std::fs::read(\"a\"); }",
        "use std::{fmt, net::TcpStream};",
        "use std::time::SystemTime;",
        "async fn f() {}",
        "fn f() -> Timestamp { Timestamp::now() }",
        "use crate::store::Clock;",
    ] {
        assert_eq!(lines(pure_layers, "src/replay/fold.rs", text), [1], "{text}");
    }
    assert_eq!(lines(pure_layers, "src/domain/time.rs", "use std::env;"), [1]);
}

#[test]
fn tests_other_layers_and_the_clock_of_the_domain_are_left_alone() {
    let tests = "use std::fmt;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}";
    assert!(lines(pure_layers, "src/replay/fold.rs", tests).is_empty());
    assert!(lines(pure_layers, "src/replay/tests.rs", "use std::fs;").is_empty());
    assert!(lines(pure_layers, "src/service/emit.rs", "use tokio::sync::mpsc;").is_empty());
    assert!(lines(pure_layers, "src/domain/time.rs", "fn f() { Timestamp::now(); }").is_empty());
    assert!(lines(pure_layers, "src/replay/fold.rs", "fn f(fs: u8) { let net = fs; }").is_empty());
}

#[test]
fn sql_outside_the_store_is_found_and_sentences_are_not() {
    for text in [
        "SELECT 1",
        "select event_id from event_store",
        "INSERT OR REPLACE INTO event_store VALUES (1)",
        "update supervisor_sessions set status = 'closed'",
        "DELETE FROM event_store",
        "CREATE UNIQUE INDEX a ON b(c)",
        "DROP TABLE event_store",
        "PRAGMA synchronous = FULL",
        "BEGIN IMMEDIATE",
    ] {
        let source = format!("fn f() {{\n    run(\"{text}\");\n}}");
        assert_eq!(lines(sql_in_store, "src/service/emit.rs", &source), [2], "{text}");
        assert!(lines(sql_in_store, "src/store/sqlite/read.rs", &source).is_empty(), "{text}");
    }
    for text in
        ["Select an instance from the list", "delete the token", "update", "create an instance"]
    {
        let source = format!("fn f() {{ say(\"{text}\"); }}");
        assert!(lines(sql_in_store, "src/cli/emit.rs", &source).is_empty(), "{text}");
    }
    assert_eq!(lines(database_in_store, "src/service/mod.rs", "\nuse rusqlite::Row;"), [2]);
    assert!(lines(database_in_store, "src/service/mod.rs", "// rusqlite\n").is_empty());
}
