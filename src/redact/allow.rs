//! What is left alone although a rule finds it.

use regex::Regex;

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

    /// Allows every text that this regular expression matches as a whole.
    ///
    /// # Errors
    ///
    /// Why the expression cannot be compiled.
    pub fn pattern(&mut self, pattern: &str) -> Result<(), regex::Error> {
        self.patterns.push(Regex::new(&format!(r"\A(?:{pattern})\z"))?);
        Ok(())
    }

    /// Whether `secret` is allowed.
    pub fn has(&self, secret: &str) -> bool {
        self.texts.iter().any(|text| text == secret)
            || self.patterns.iter().any(|pattern| pattern.is_match(secret))
    }
}
