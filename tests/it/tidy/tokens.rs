//! Just enough of Rust's lexical grammar to tell code from comments and text.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword; of a raw identifier, what follows `r#`.
    Word,
    /// What a string literal holds, escapes as written.
    Text,
    /// A comment, with its slashes.
    Comment,
    /// One character of punctuation. Characters and numbers are left out.
    Mark,
}

/// A token and the line that it starts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// What it says.
    pub text: String,
    /// From 1.
    pub line: usize,
}

impl Token {
    /// Whether this is the word or punctuation `text`.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && self.text == text
    }
}

/// The tokens of a Rust source. Anything that does not compile may come out as anything.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner { rest: source, line: 1, found: Vec::new() };
    while let Some(first) = scanner.rest.chars().next() {
        scanner.next(first);
    }
    scanner.found
}

/// Whether `code`, the tokens without comments, goes on with `pattern` at `at`.
pub fn follows(code: &[&Token], at: usize, pattern: &[&str]) -> bool {
    code.len() >= at + pattern.len()
        && code[at..].iter().zip(pattern).all(|(token, text)| token.is(text))
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Token>,
}

impl Scanner<'_> {
    fn next(&mut self, first: char) {
        let rest = self.rest;
        if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            self.push(Kind::Comment, 0, length, length);
        } else if rest.starts_with("/*") {
            let length = block_comment(rest);
            self.push(Kind::Comment, 0, length, length);
        } else if let Some((start, end, length)) = string(rest) {
            self.push(Kind::Text, start, end, length);
        } else if first == '\'' {
            self.skip(character_or_lifetime(rest));
        } else if first.is_alphabetic() || first == '_' {
            let start = if rest.starts_with("r#") { 2 } else { 0 };
            let length = start + word(&rest[start..]);
            self.push(Kind::Word, start, length, length);
        } else if first.is_ascii_digit() {
            self.skip(word(rest));
        } else {
            self.push(Kind::Mark, 0, first.len_utf8(), first.len_utf8());
        }
    }

    /// Takes `length` bytes as a token that says what stands from `start` to `end`.
    fn push(&mut self, kind: Kind, start: usize, end: usize, length: usize) {
        self.found.push(Token { kind, text: self.rest[start..end].to_owned(), line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// The length of the block comment at the start; block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest[at..].starts_with("*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Where the content of the string literal at the start begins and ends, and the literal's length.
fn string(rest: &str) -> Option<(usize, usize, usize)> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).map(|after| after.trim_start_matches('#'));
        after.is_some_and(|after| after.starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..].bytes().take_while(|byte| *byte == b'#').count();
    let raw = prefix.ends_with('r');
    if hashes > 0 && !raw {
        return None;
    }
    let start = prefix.len() + hashes + 1;
    let end = if raw {
        let close = format!("\"{}", "#".repeat(hashes));
        start + rest[start..].find(&close).unwrap_or(rest.len() - start)
    } else {
        start + escaped_until(&rest[start..], '"')
    };
    Some((start, end, (end + 1 + hashes).min(rest.len())))
}

/// How far it is to the next `close` that no backslash precedes.
fn escaped_until(rest: &str, close: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == close => return at,
            _ => {}
        }
    }
    rest.len()
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut after = rest.char_indices().skip(1);
    match (after.next(), after.next()) {
        (Some((_, '\\')), _) => (2 + escaped_until(&rest[1..], '\'')).min(rest.len()),
        (_, Some((at, '\''))) => at + 1,
        _ => 1 + word(&rest[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(source: &str) -> Vec<(Kind, &'static str, usize)> {
        let leak = |text: String| &*text.leak();
        tokens(source).into_iter().map(|token| (token.kind, leak(token.text), token.line)).collect()
    }

    #[test]
    fn code_comments_and_text_are_told_apart() {
        assert_eq!(
            seen(
                "a //x \"y\"\n/* b /* c */\n*/ r#\"d\"e\n\"# \"f\\\"g\" b\"h\" 'i' '\"' '\\'' &'j k"
            ),
            [
                (Kind::Word, "a", 1),
                (Kind::Comment, "//x \"y\"", 1),
                (Kind::Comment, "/* b /* c */\n*/", 2),
                (Kind::Text, "d\"e\n", 3),
                (Kind::Text, "f\\\"g", 4),
                (Kind::Text, "h", 4),
                (Kind::Mark, "&", 4),
                (Kind::Word, "k", 4),
            ]
        );
    }

    #[test]
    fn words_and_marks_are_told_apart() {
        assert_eq!(
            seen("r#type::x1 0xff_u8 é"),
            [
                (Kind::Word, "type", 1),
                (Kind::Mark, ":", 1),
                (Kind::Mark, ":", 1),
                (Kind::Word, "x1", 1),
                (Kind::Word, "é", 1),
            ]
        );
    }
}
