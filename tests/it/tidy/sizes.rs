//! A source file holds one concept, and a reader can hold it in their head.

use super::purity::tests_start;
use super::{Finding, Source, check, lines};

/// The most lines of a source file without its tests.
const LINES: usize = 400;

/// The most characters of a line of prose.
const PROSE: usize = 110;

/// A product source has at most [`LINES`] lines before its `#[cfg(test)]` module.
fn source_length(source: &Source) -> Vec<Finding> {
    if !source.is_product() || source.is_unit_tests() {
        return Vec::new();
    }
    let length = match tests_start(&source.code()) {
        Some((_, line)) => line - 1,
        None => source.text.lines().count(),
    };
    if length <= LINES {
        return Vec::new();
    }
    let message = format!("{length} lines without the tests, {LINES} at most; split by concept");
    vec![source.finding(LINES + 1, message)]
}

/// Nothing but the tests stands below the tests, where nobody would look for it.
fn tests_are_last(source: &Source) -> Vec<Finding> {
    let code = source.code();
    let Some((at, line)) = tests_start(&code).filter(|_| source.is_product()) else {
        return Vec::new();
    };
    let mut depth = 0_usize;
    let end = code[at..].iter().position(|token| {
        depth += usize::from(token.is("{"));
        depth -= usize::from(token.is("}"));
        token.is("}") && depth == 0
    });
    match end.and_then(|end| code.get(at + end + 1)) {
        Some(after) => {
            let message = format!("move this above the tests, which start in line {line}");
            vec![source.finding(after.line, message)]
        }
        None => Vec::new(),
    }
}

/// Prose keeps to [`PROSE`] characters. Tables, code and lines with a link may be longer.
fn prose_width(source: &Source) -> Vec<Finding> {
    if !source.path.ends_with(".md") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut in_code = false;
    for (at, line) in source.text.lines().enumerate() {
        let trimmed = line.trim_start();
        in_code ^= trimmed.starts_with("```");
        let free = in_code || trimmed.starts_with('|') || line.contains("://");
        let width = line.chars().count();
        if !free && width > PROSE {
            let message = format!("{width} characters, {PROSE} at most; break the line");
            found.push(source.finding(at + 1, message));
        }
    }
    found
}

#[test]
fn no_source_is_too_long() {
    check(source_length);
}

#[test]
fn the_tests_stand_last() {
    check(tests_are_last);
}

#[test]
fn no_prose_is_too_wide() {
    check(prose_width);
}

#[test]
fn a_source_that_is_too_long_is_found_and_its_tests_do_not_count() {
    let tests = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n";
    let long = "// x\n".repeat(LINES + 1);
    let full = "// x\n".repeat(LINES);
    assert_eq!(lines(source_length, "src/store/mod.rs", &long), [LINES + 1]);
    assert_eq!(lines(source_length, "src/store/mod.rs", &format!("{long}{tests}")), [LINES + 1]);
    assert!(lines(source_length, "src/store/mod.rs", &format!("{full}{tests}")).is_empty());
    assert!(lines(source_length, "tests/it/cli.rs", &long).is_empty());
    assert!(lines(source_length, "src/store/tests.rs", &long).is_empty());
}

#[test]
fn code_below_the_tests_is_found() {
    let text = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n\nfn g() {}\n";
    assert_eq!(lines(tests_are_last, "src/store/mod.rs", text), [6]);
    assert!(lines(tests_are_last, "src/store/mod.rs", &text[..text.len() - 10]).is_empty());
}

#[test]
fn wide_prose_is_found_and_tables_code_and_links_are_not() {
    let wide = "x".repeat(PROSE + 1);
    assert_eq!(lines(prose_width, "README.md", &format!("a\n{wide}")), [2]);
    let free = format!("| {wide}\n```\n{wide}\n```\nhttps://docs.rs/{wide}\n");
    assert!(lines(prose_width, "README.md", &free).is_empty());
    assert_eq!(lines(prose_width, "README.md", &format!("{free}{wide}")), [6]);
}
