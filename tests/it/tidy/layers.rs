//! A layer uses only the layers below it:
//! `cli | mcp | http | capture -> service -> store | archive | replay | resume | integrity | redact
//! -> domain`.

use super::tokens::{Kind, Token, follows};
use super::{Finding, Source, check, lines};

/// Each layer and the others that it may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("replay", &["domain"]),
    ("integrity", &["domain"]),
    ("redact", &["domain"]),
    ("resume", &["domain", "replay"]),
    ("archive", &["domain", "integrity"]),
    ("store", &["domain", "integrity"]),
    ("service", &["domain", "replay", "integrity", "redact", "resume", "archive", "store"]),
    ("capture", &["domain", "service"]),
    ("mcp", &["domain", "service"]),
    // Serves `mcp` at /mcp.
    ("http", &["domain", "service", "mcp"]),
    // Opens the store for the service, and starts the other entry layers.
    ("cli", &["domain", "store", "service", "capture", "mcp", "http"]),
];

/// Every path of a product source leads into its own layer or one that this may use.
fn arrows(source: &Source) -> Vec<Finding> {
    let layer = source.layer();
    if !source.is_product() || layer == "main" || layer == "lib" {
        return Vec::new();
    }
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        let message = format!("`{layer}` is no layer; put the file into one, or add it to LAYERS");
        return vec![source.finding(1, message)];
    };
    let mut found = Vec::new();
    for (line, used) in used_layers(source) {
        let message = if used == layer || below.contains(&used.as_str()) {
            continue;
        } else if LAYERS.iter().any(|(name, _)| *name == used) {
            format!(
                "`{layer}` must not use `{used}`; it may use {}. Move the code down, or pass in \
                 what it needs",
                if below.is_empty() { "no other layer".to_owned() } else { below.join(", ") }
            )
        } else {
            format!("`crate::{used}` names no layer; write the path with its layer")
        };
        found.push(source.finding(line, message));
    }
    found
}

/// The first segment of every path that starts at the root of the crate, `super::` resolved.
fn used_layers(source: &Source) -> Vec<(usize, String)> {
    let code = source.code();
    let mut found = Vec::new();
    // The brace depths at which the modules inside the file began.
    let (mut depth, mut inner_modules) = (0_usize, Vec::new());
    for (at, token) in code.iter().enumerate() {
        match token.text.as_str() {
            "{" if token.kind == Kind::Mark => {
                if at >= 2 && code[at - 2].is("mod") {
                    inner_modules.push(depth);
                }
                depth += 1;
            }
            "}" if token.kind == Kind::Mark => {
                depth = depth.saturating_sub(1);
                inner_modules.pop_if(|began| *began == depth);
            }
            "crate" if token.kind == Kind::Word && follows(&code, at + 1, &[":", ":"]) => {
                first_segments(&code, at + 3, &mut found);
            }
            "super" if token.kind == Kind::Word && !follows_path(&code, at) => {
                let (mut climbed, mut next) = (1, at + 3);
                while follows(&code, next, &["super"]) {
                    (climbed, next) = (climbed + 1, next + 3);
                }
                if climbed == module_depth(&source.path) + inner_modules.len() {
                    first_segments(&code, next, &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether the token at `at` goes on a path rather than starting one.
fn follows_path(code: &[&Token], at: usize) -> bool {
    at >= 2 && code[at - 1].is(":") && code[at - 2].is(":")
}

/// How many `super` lead from a file's module to the root of the crate.
fn module_depth(path: &str) -> usize {
    let parts = path.matches('/').count();
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// Adds the first segment of the path at `at`, or of each in the group at `at`.
fn first_segments(code: &[&Token], at: usize, found: &mut Vec<(usize, String)>) {
    let Some(first) = code.get(at) else { return };
    if !first.is("{") {
        found.push((first.line, first.text.clone()));
        return;
    }
    let (mut depth, mut expected) = (0, true);
    for token in &code[at..] {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => expected = true,
            text if expected && depth == 1 => {
                found.push((token.line, text.to_owned()));
                expected = false;
            }
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

#[test]
fn every_layer_uses_only_those_below_it() {
    check(arrows);
}

#[test]
fn an_arrow_upwards_is_found_however_it_is_written() {
    for (path, text) in [
        ("src/domain/event.rs", "use crate::store::Clock;"),
        ("src/domain/event.rs", "use crate::{domain::{ids, time}, store};"),
        ("src/domain/event.rs", "fn f(c: &dyn crate::store::Clock) {}"),
        ("src/domain/event.rs", "use super::super::store::Clock;"),
        ("src/domain/mod.rs", "pub use super::integrity::hash;"),
        ("src/domain/mod.rs", "mod tests { use super::super::service; }"),
        ("src/integrity/decide.rs", "use crate::replay::fold;"),
        ("src/store/sqlite/append.rs", "use crate::service::emit;"),
        ("src/store/sqlite/append.rs", "mod a {}\nuse super::super::super::service::emit;"),
        ("src/service/emit.rs", "use crate::mcp::Server;"),
        ("src/mcp/tools/emit.rs", "use crate::store::SharedStore;"),
        ("src/capture/git.rs", "use crate::cli::Output;"),
        ("src/store/mod.rs", "use crate::*;"),
        ("src/store/mod.rs", "use crate::Event;"),
        ("src/extras/mod.rs", ""),
    ] {
        let line = if text.starts_with("mod a") { 2 } else { 1 };
        assert_eq!(lines(arrows, path, text), [line], "{path}: {text}");
    }
}

#[test]
fn arrows_downwards_comments_and_texts_are_left_alone() {
    for (path, text) in [
        ("src/service/emit.rs", "use crate::{domain::time, store::{Clock, sqlite}, replay};"),
        ("src/service/emit.rs", "use super::query;\nmod tests { use super::super::query; }"),
        (
            "src/domain/event.rs",
            "/// See [`crate::store::Clock`].\nconst A: &str = \"crate::cli\";",
        ),
        ("src/domain/mod.rs", "mod tests { use super::*; }\nmod more { use super::ids; }"),
        ("src/main.rs", "use annals::cli;"),
        ("tests/it/cli.rs", "use crate::mcp;"),
    ] {
        assert!(lines(arrows, path, text).is_empty(), "{path}: {text}");
    }
}
