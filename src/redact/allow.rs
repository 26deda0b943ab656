//! What is left alone although a rule finds it.

use regex::bytes::{Regex, RegexBuilder};

use crate::domain::error::{Code, Error, Result};

/// Texts that are known to be no secrets.
#[derive(Clone, Debug, Default)]
pub struct AllowList {
    patterns: Vec<Regex>,
}

impl AllowList {
    /// Allows every text that one of these regular expressions matches as a whole. Classes such as
    /// `\w` and `\d` mean ASCII.
    ///
    /// # Errors
    ///
    /// `invalid_argument` names the first expression that cannot be compiled, by its place from 1 and
    /// its text, and says why.
    pub fn of_patterns<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self> {
        let compile = |(index, pattern): (usize, P)| {
            let pattern = pattern.as_ref();
            compiled(pattern).map_err(|error| refusal(index + 1, pattern, &error))
        };
        let patterns = patterns.into_iter().enumerate().map(compile).collect::<Result<_>>()?;
        Ok(Self { patterns })
    }

    /// Whether `secret` is allowed.
    pub fn has(&self, secret: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_match(secret.as_bytes()))
    }
}

/// Compiled by itself first: `a)(b` would be whole only within the group.
fn compiled(pattern: &str) -> std::result::Result<Regex, regex::Error> {
    let compile = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build();
    compile(pattern)?;
    compile(&format!("\\A(?:{pattern})\\z"))
}

fn refusal(place: usize, pattern: &str, error: &regex::Error) -> Error {
    Error::new(
        Code::InvalidArgument,
        format!("allow pattern {place}, {pattern:?}, is no regular expression: {error}"),
        "mend it; to allow a text as it is, escape its signs with \\",
    )
    .at("allow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_allows_whole_texts_alone() {
        let allow = AllowList::of_patterns(["test-\\d+", "a|b"]).unwrap();
        assert!(allow.has("test-12") && allow.has("a") && allow.has("b"));
        assert!(!allow.has("my test-12") && !allow.has("test-12\n") && !allow.has("ab"));
    }

    #[test]
    fn a_bad_pattern_is_named() {
        for bad in ["[a", "a)(b"] {
            let error = AllowList::of_patterns(["ok", bad]).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("allow"));
            assert!(error.message.contains(&format!("allow pattern 2, {bad:?}")), "{error:?}");
        }
    }
}
