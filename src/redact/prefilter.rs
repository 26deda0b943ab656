//! The keywords of all rules, looked for at once, and the patterns that they call for.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};

use super::rule::Rule;
use super::rules;

/// A rule that a keyword calls for.
pub struct Target {
    /// The rule.
    pub rule: &'static Rule,
    /// Its place in the table: of two rules that find the same secret, the first names it.
    pub place: usize,
    /// The keyword as the rule writes it.
    pub keyword: &'static str,
}

/// Finds keywords, whatever their case.
pub struct Prefilter {
    automaton: AhoCorasick,
    /// For each pattern of the automaton, the rules that it calls for.
    targets: Vec<Vec<Target>>,
    /// The pattern of each rule, by its place, compiled when a text first calls for it.
    patterns: Vec<OnceLock<Regex>>,
}

/// A keyword in a text.
pub struct Hit<'p> {
    /// Where it starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The rules that it calls for.
    pub targets: &'p [Target],
}

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(Prefilter::new);

/// The keywords of the table.
pub fn prefilter() -> &'static Prefilter {
    &PREFILTER
}

impl Prefilter {
    fn new() -> Self {
        let mut by_keyword: BTreeMap<String, Vec<Target>> = BTreeMap::new();
        for (place, rule) in rules::all().enumerate() {
            for keyword in rule.keywords {
                let same = by_keyword.entry(keyword.to_ascii_lowercase()).or_default();
                same.push(Target { rule, place, keyword });
            }
        }
        let (keywords, targets): (Vec<_>, Vec<_>) = by_keyword.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&keywords)
            .expect("the keywords of the table are few and short");
        let patterns = rules::all().map(|_| OnceLock::new()).collect();
        Self { automaton, targets, patterns }
    }

    /// The compiled pattern of the rule at `place`.
    pub fn compiled(&self, place: usize, pattern: &str) -> &Regex {
        self.patterns[place].get_or_init(|| {
            // Bytes, for Unicode classes make large programs, and tokens are ASCII.
            let compiled = RegexBuilder::new(pattern).unicode(false).build();
            compiled.expect("a test compiles every pattern of the table")
        })
    }

    /// Whether the text has a keyword. The keywords have no characters that JSON escapes, so that
    /// JSON text can be asked as it is.
    pub fn is_match(&self, text: &str) -> bool {
        self.automaton.is_match(text)
    }

    /// Every keyword in the text, by its end; those that overlap too.
    pub fn hits<'p>(&'p self, text: &'p str) -> impl Iterator<Item = Hit<'p>> {
        self.automaton.find_overlapping_iter(text).map(|found| Hit {
            start: found.start(),
            end: found.end(),
            targets: &self.targets[found.pattern().as_usize()],
        })
    }
}
