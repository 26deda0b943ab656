//! Finding the secrets of one text.

use std::ops::Range;

use regex::bytes::Regex;

use super::allow::AllowList;
use super::assignment::Assignments;
use super::prefilter::{Hit, Target, prefilter};
use super::private_key;
use super::rule::{Find, Rule};
use super::shape::{entropy, is_placeholder};

/// The most bytes that the pattern of a token sees. What goes on as letters and digits after it
/// belongs to the secret.
const TOKEN: usize = 4 * 1024;
/// The fewest characters of a token; fewer are not worth compiling a pattern for.
const SHORTEST: usize = 12;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// The name of the rule that it falls under.
    pub rule: &'static str,
    /// Where two rules find the same secret, the lower one names it.
    pub place: usize,
}

/// The secrets of `text`, in order, none overlapping another.
pub fn scan(text: &str, allow: &AllowList) -> Vec<Found> {
    let mut scan = Scan {
        text,
        allow,
        found: Vec::new(),
        searched: Vec::new(),
        assignments: Assignments::new(text),
        tokens_end: 0,
        refused: (0, 0),
    };
    for hit in prefilter().hits(text) {
        for target in hit.targets {
            scan.follow(&hit, target);
        }
    }
    merge(scan.found)
}

/// Puts findings in order and makes one of those that overlap.
pub fn merge(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.range.start, found.place));
    let mut merged: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut() {
            Some(last) if next.range.start < last.range.end => {
                last.range.end = last.range.end.max(next.range.end);
                if next.place < last.place {
                    (last.place, last.rule) = (next.place, next.rule);
                }
            }
            _ => merged.push(next),
        }
    }
    merged
}

struct Scan<'t> {
    text: &'t str,
    allow: &'t AllowList,
    found: Vec<Found>,
    /// The places of the rules whose pattern has gone through the whole text.
    searched: Vec<usize>,
    assignments: Assignments<'t>,
    /// Where the last token or key block ended; no other starts in it.
    tokens_end: usize,
    /// The rule that last refused what its pattern matched, and where that ended: what starts in it
    /// is refused as well.
    refused: (usize, usize),
}

impl Scan<'_> {
    fn follow(&mut self, hit: &Hit<'_>, target: &Target) {
        match &target.rule.find {
            Find::Token(pattern) => self.token(hit.start, target, pattern),
            Find::Anywhere(pattern) => self.anywhere(target, pattern),
            Find::PrivateKey => {
                if hit.start >= self.tokens_end
                    && let Some(range) = private_key::block(self.text, hit.start)
                {
                    self.tokens_end = range.end;
                    self.add(range, target.rule.name, target.place);
                }
            }
            Find::Assignment => {
                let (text, allow, found) = (self.text, self.allow, &mut self.found);
                self.assignments.at(hit.start..hit.end, |range, rule| {
                    if !allow.has(&text[range.clone()]) {
                        found.push(Found { range, rule, place: usize::MAX });
                    }
                });
            }
        }
    }

    fn token(&mut self, start: usize, target: &Target, pattern: &str) {
        let rest = &self.text[start..];
        if start < self.tokens_end
            || self.refused.0 == target.place && start < self.refused.1
            || !rest.starts_with(target.keyword)
            || !is_start(&self.text.as_bytes()[..start], target.rule.not_after)
            || rest.bytes().take(SHORTEST).any(|byte| !is_token(byte))
        {
            return;
        }
        let window = &rest[..rest.floor_char_boundary(TOKEN)];
        let pattern = prefilter().compiled(target.place, pattern);
        let Some(range) = first(pattern, window, 0) else { return };
        let whole = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let more = rest.as_bytes()[range.end..].iter().take_while(|byte| whole(byte)).count();
        let range = start + range.start..start + range.end + more;
        if self.holds(target.rule, &self.text[range.clone()]) {
            self.tokens_end = range.end;
            self.add(range, target.rule.name, target.place);
        } else {
            self.refused = (target.place, range.end);
        }
    }

    /// Every match in the text, once for each rule.
    fn anywhere(&mut self, target: &Target, pattern: &str) {
        if self.searched.contains(&target.place) {
            return;
        }
        self.searched.push(target.place);
        let pattern = prefilter().compiled(target.place, pattern);
        let mut from = 0;
        while let Some(secret) = first(pattern, self.text, from) {
            // What comes after the secret may start the next match.
            from = secret.end;
            if self.holds(target.rule, &self.text[secret.clone()]) {
                self.add(secret, target.rule.name, target.place);
            }
        }
    }

    /// Whether what a pattern found meets the other conditions of its rule.
    fn holds(&self, rule: &Rule, secret: &str) -> bool {
        rule.check.is_none_or(|check| check(secret))
            && (rule.entropy == 0.0 || entropy(secret) >= rule.entropy)
            && !is_placeholder(secret)
    }

    fn add(&mut self, range: Range<usize>, rule: &'static str, place: usize) {
        if !self.allow.has(&self.text[range.clone()]) {
            self.found.push(Found { range, rule, place });
        }
    }
}

/// The first secret in `text` from `from` on: the first group that takes part in the match, or else the
/// whole match.
fn first(pattern: &Regex, text: &str, from: usize) -> Option<Range<usize>> {
    let found = if pattern.captures_len() == 1 {
        pattern.find_at(text.as_bytes(), from)?.range()
    } else {
        let captures = pattern.captures_at(text.as_bytes(), from)?;
        captures.iter().skip(1).flatten().next().or(captures.get(0))?.range()
    };
    Some(text.floor_char_boundary(found.start)..text.ceil_char_boundary(found.end))
}

/// Whether a token may start after `before`: not inside a word, but after an escape such as `\n` or
/// `%3D`.
fn is_start(before: &[u8], not_after: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        [.., last] => !last.is_ascii_alphanumeric() && !not_after.contains(last),
        [] => true,
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.+/=$%:~".contains(&byte)
}
