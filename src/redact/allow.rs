//! What is left alone although a rule finds it.

use regex::bytes::{Regex, RegexBuilder};

/// Texts that are known to be no secrets.
#[derive(Clone, Debug, Default)]
pub struct AllowList {
    texts: Vec<String>,
    patterns: Vec<Regex>,
}

impl AllowList {
    /// Allows exactly this text.
    pub fn text(&mut self, text: impl Into<String>) {
        self.texts.push(text.into());
    }

    /// Allows every text that this regular expression matches as a whole. Classes such as `\w` and
    /// `\d` mean ASCII.
    ///
    /// # Errors
    ///
    /// Why the expression cannot be compiled.
    pub fn pattern(&mut self, pattern: &str) -> Result<(), regex::Error> {
        let compile = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build();
        // By itself first: `a)(b` is whole only within the group.
        compile(pattern)?;
        self.patterns.push(compile(&format!(r"\A(?:{pattern})\z"))?);
        Ok(())
    }

    /// Whether `secret` is allowed.
    pub fn has(&self, secret: &str) -> bool {
        self.texts.iter().any(|text| text == secret)
            || self.patterns.iter().any(|pattern| pattern.is_match(secret.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_allows_whole_texts_alone() {
        let mut allow = AllowList::default();
        allow.pattern(r"test-\d+").unwrap();
        allow.pattern("a|b").unwrap();
        assert!(allow.has("test-12") && allow.has("a") && allow.has("b"));
        assert!(!allow.has("my test-12") && !allow.has("test-12\n") && !allow.has("ab"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for bad in ["[a", "a)(b"] {
            assert!(AllowList::default().pattern(bad).is_err(), "{bad}");
        }
    }
}
