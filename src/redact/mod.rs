//! Redaction: what looks like a secret is replaced by `[REDACTED:rule]` before anything is stored.
//!
//! A text without a keyword of any rule is left after one pass of an Aho-Corasick automaton; a rule
//! is compiled when a text first calls for it. The same text always gives the same answer.
//!
//! What this does not do: find every secret. A password among ordinary words, or a token of an
//! unknown form without a telling name, is stored as it is.

mod allow;
mod assignment;
mod counts;
mod header;
mod name;
mod pair;
mod payload;
mod prefilter;
mod private_key;
mod rule;
mod rules;
mod scan;
mod secret;
mod shape;

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::Value;

pub use allow::AllowList;
pub use counts::{Counts, METADATA_KEY};
pub use scan::Found;

/// Finds and replaces secrets.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    allow: AllowList,
    off: bool,
}

/// What a rule is called and what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleFacts {
    /// The name that stands in place of a secret.
    pub name: &'static str,
    /// The kind of secret.
    pub description: &'static str,
}

static STANDARD: LazyLock<Redactor> = LazyLock::new(Redactor::default);

impl Redactor {
    /// One that leaves alone what `allow` has.
    pub fn new(allow: AllowList) -> Self {
        Self { allow, off: false }
    }

    /// One that finds nothing.
    pub fn off() -> Self {
        Self { allow: AllowList::default(), off: true }
    }

    /// One with every rule and without exceptions of the user's own.
    pub fn standard() -> &'static Self {
        &STANDARD
    }

    /// Whether `text`, plain or JSON, may hold a secret. Cheap; where it says no, there is none.
    pub fn may_find(&self, text: &str) -> bool {
        !self.off && prefilter::prefilter().is_match(text)
    }

    /// The secrets in `text`, in order.
    pub fn find(&self, text: &str) -> Vec<Found> {
        if self.off { Vec::new() } else { scan::scan(text, &self.allow) }
    }

    /// `text` with its secrets replaced; each is added to `counts`.
    pub fn text<'t>(&self, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        counts.add(&found);
        Cow::Owned(replace(text, &found))
    }

    /// Replaces the secrets in the texts and keys of `value`, by their form and by their names; each
    /// is added to `counts`. Numbers, structure and everything else stay as they are.
    pub fn value(&self, value: &mut Value, counts: &mut Counts) {
        if !self.off {
            payload::redact(self, value, counts);
        }
    }

    /// Every rule, in order; some have several entries.
    pub fn rules() -> impl Iterator<Item = RuleFacts> {
        rules::all().map(|rule| RuleFacts { name: rule.name, description: rule.description })
    }
}

/// `text` with what was found in it replaced.
pub fn replace(text: &str, found: &[Found]) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for found in found {
        replaced.push_str(&text[done..found.range.start]);
        replaced.push_str("[REDACTED:");
        replaced.push_str(found.rule);
        replaced.push(']');
        done = found.range.end;
    }
    replaced.push_str(&text[done..]);
    replaced
}
