//! What a rule is made of.

/// One kind of secret: how it is found, and what it is called where it stood.
pub struct Rule {
    /// Stands in the text in place of the secret, and counts it; never changes meaning.
    pub name: &'static str,
    /// The kind of secret, in a few words.
    pub description: &'static str,
    /// One of these stands in every text that holds such a secret. Matched without regard to case.
    pub keywords: &'static [&'static str],
    /// How the secret is found once a keyword is.
    pub find: Find,
    /// What must not stand right before a token, besides letters and digits.
    pub not_after: &'static [u8],
    /// The least Shannon entropy of the secret in bits a character; 0 asks for none.
    pub entropy: f32,
    /// A further condition on the secret.
    pub check: Option<fn(&str) -> bool>,
}

/// How a secret is found once a keyword is.
pub enum Find {
    /// The keyword starts the secret, and this pattern matches from there.
    Token(&'static str),
    /// This pattern matches anywhere in the text.
    Anywhere(&'static str),
    /// The block of a private key starts at the keyword.
    PrivateKey,
    /// The keyword is part of the name of a value, see [`super::assignment`].
    Assignment,
}

/// A token that starts with one of its keywords. The pattern starts with `\A`.
pub const fn token(
    name: &'static str,
    description: &'static str,
    keywords: &'static [&'static str],
    pattern: &'static str,
) -> Rule {
    let find = Find::Token(pattern);
    Rule { name, description, keywords, find, not_after: b"", entropy: 0.0, check: None }
}

/// A secret that a pattern finds in a text with one of the keywords.
pub const fn anywhere(
    name: &'static str,
    description: &'static str,
    keywords: &'static [&'static str],
    pattern: &'static str,
) -> Rule {
    let find = Find::Anywhere(pattern);
    Rule { name, description, keywords, find, not_after: b"", entropy: 0.0, check: None }
}

/// The secret in the value of a name with one of the keywords, see [`super::assignment`].
pub const fn named(
    name: &'static str,
    description: &'static str,
    keywords: &'static [&'static str],
) -> Rule {
    let find = Find::Assignment;
    Rule { name, description, keywords, find, not_after: b"", entropy: 0.0, check: None }
}

/// The block of a private key, see [`super::private_key`].
pub const fn private_key(
    name: &'static str,
    description: &'static str,
    keywords: &'static [&'static str],
) -> Rule {
    let find = Find::PrivateKey;
    Rule { name, description, keywords, find, not_after: b"", entropy: 0.0, check: None }
}

impl Rule {
    /// Excludes tokens after one of these.
    pub const fn not_after(mut self, bytes: &'static [u8]) -> Self {
        self.not_after = bytes;
        self
    }

    /// Asks for an entropy, in bits a character.
    pub const fn least_entropy(mut self, bits: f32) -> Self {
        self.entropy = bits;
        self
    }

    /// Adds a condition.
    pub const fn only_if(mut self, check: fn(&str) -> bool) -> Self {
        self.check = Some(check);
        self
    }
}
