//! Values with a telling name: `NAME=value`, `"name": "value"`, `--name value`, `<name>value</name>`
//! and their like, found from a keyword inside the name.

use std::ops::Range;

use super::header;
use super::name::{Promise, promise};
use super::pair;
use super::rules::{AUTHORIZATION, COOKIE};
use super::secret::{Form, judge};

/// The most bytes of a name, counted from the keyword to either side.
const NAME: usize = 64;
/// The most bytes of a value. A longer one is no secret that anybody types or stores under a name.
const VALUE: usize = 8 * 1024;
/// The most bytes of white space between a name, its sign and its value.
const GAP: usize = 40;

/// Looks at the names in one text. Keywords must come in the order in which they stand.
pub struct Assignments<'t> {
    text: &'t str,
    /// Where the last name ended: a name with two keywords is looked at once.
    name_end: usize,
    /// The last unquoted value, which other names may stand in.
    bare: Range<usize>,
    /// Where the last cookie header ended.
    cookies_end: usize,
}

/// What stands between a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Equals,
    Colon,
    /// `,` between two quoted texts.
    Comma,
    /// White space after a flag.
    Flag,
    /// White space where a grammar has no sign: SQL, netrc.
    Space,
    /// What introduces a literal: white space in Dockerfiles, or what [`pair::value`] finds.
    Literal,
    /// The end of an opening tag.
    Tag,
    /// " is ".
    Prose,
}

impl<'t> Assignments<'t> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'t str) -> Self {
        Self { text, name_end: 0, bare: 0..0, cookies_end: 0 }
    }

    /// The secrets in the value of the name that holds the keyword at `hit`, each with its rule.
    pub fn at(&mut self, hit: Range<usize>, mut found: impl FnMut(Range<usize>, &'static str)) {
        let name = self.name(&hit);
        if name.end == self.name_end {
            return;
        }
        self.name_end = name.end;
        let Some((sign, start)) = self.sign(&name) else { return };
        let Some(promise) = promise(&self.text[name.clone()]) else { return };
        if sign == Sign::Colon && promise == Promise::Password && self.is_verdict(&name) {
            return;
        }
        if let Promise::Authorization | Promise::Cookie = promise {
            return self.header(promise, start, found);
        }
        let Some((value, form)) = self.value(&name, sign, start) else { return };
        if let Some(rule) = judge(promise, form, &self.text[value.clone()]) {
            found(value, rule);
        }
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes().get(at).copied()
    }

    /// The name around a keyword.
    fn name(&self, hit: &Range<usize>) -> Range<usize> {
        let bytes = self.bytes();
        let before = bytes[..hit.start].iter().rev().take(NAME);
        let mut start = hit.start - before.take_while(|byte| is_name(**byte)).count();
        let after = bytes[hit.end..].iter().take(NAME);
        let mut end = hit.end + after.take_while(|byte| is_name(**byte)).count();
        while end > hit.end && b".-".contains(&bytes[end - 1]) {
            end -= 1;
        }
        // `\n` before a name in escaped text is no part of it.
        if start > 0
            && bytes[start - 1] == b'\\'
            && b"nrt".contains(&bytes[start])
            && start < hit.start
        {
            start += 1;
        }
        start..end
    }

    /// Whether this is the outcome of a test, as in `PASS: TestLogin2`.
    fn is_verdict(&self, name: &Range<usize>) -> bool {
        self.text[name.clone()].eq_ignore_ascii_case("pass") && !self.is_quoted(name)
    }

    fn is_quoted(&self, name: &Range<usize>) -> bool {
        matches!(self.byte(name.end), Some(b'"' | b'\'' | b'`' | b'\\'))
    }

    /// The sign after a name, and where the value may start.
    fn sign(&self, name: &Range<usize>) -> Option<(Sign, usize)> {
        let mut at = name.end;
        let closers = self.bytes()[at..].iter().take(5);
        at += closers.take_while(|byte| b"\\\"'`])*".contains(byte)).count();
        let closed = at > name.end;
        let gap = self.gap(at);
        let after = at + gap;
        let rest = &self.bytes()[after.min(self.text.len())..];
        let sign = match rest {
            [b'=', b'=' | b'~', ..] | [b':', b':', ..] => return None,
            [b'=', b'>', ..] => (Sign::Equals, after + 2),
            [b':' | b'?' | b'+', b'=', ..] => (Sign::Equals, after + 2),
            [b':', b'-', ..] if self.opens(name, b"${") => (Sign::Equals, after + 2),
            [b'=', ..] => (Sign::Equals, after + 1),
            // Parts of an identifier, as in `arn:aws:secretsmanager:…:secret:name`.
            [b':', next, ..] if self.opens(name, b":") && next.is_ascii_graphic() => return None,
            [b':', ..] => (Sign::Colon, after + 1),
            [b'>', ..] if self.opens(name, b"<") => (Sign::Tag, after + 1),
            [b',', ..] if closed && self.pair(name).is_none() => (Sign::Comma, after + 1),
            [b'(', b'"' | b'\'', ..] if !closed => (Sign::Comma, after + 1),
            [b'i' | b'I', b's' | b'S', b' ', ..] if gap > 0 => (Sign::Prose, after + 3),
            _ if gap > 0 && !closed && self.is_flag(name) => (Sign::Flag, after),
            _ if gap > 0 && !closed && self.takes_literal(name) => (Sign::Literal, after),
            _ if gap > 0 && !closed && self.takes_space(name, rest) => (Sign::Space, after),
            _ => (Sign::Literal, self.pair(name)?),
        };
        Some((sign.0, sign.1 + self.gap(sign.1)))
    }

    fn gap(&self, at: usize) -> usize {
        let rest = self.bytes().get(at..).unwrap_or_default();
        rest.iter().take(GAP).take_while(|byte| b" \t".contains(byte)).count()
    }

    /// Whether `mark` stands right before the name.
    fn opens(&self, name: &Range<usize>, mark: &[u8]) -> bool {
        self.bytes()[..name.start].ends_with(mark)
    }

    fn is_flag(&self, name: &Range<usize>) -> bool {
        self.text[name.clone()].starts_with('-')
            && name
                .start
                .checked_sub(1)
                .is_none_or(|before| b" \t\n\"'`([".contains(&self.bytes()[before]))
    }

    /// Where a value that stands apart from this name starts.
    fn pair(&self, name: &Range<usize>) -> Option<usize> {
        let start = pair::value(self.before(name), &self.text[name.end..])?;
        Some(name.end + start)
    }

    /// Whether this is the clause of an SQL statement, whose quotes hold a literal.
    fn is_statement(&self, name: &Range<usize>) -> bool {
        let word = &self.text[name.clone()];
        word == "PASSWORD" || word.get(word.len().saturating_sub(3)..) == Some(" BY")
    }

    /// A stretch of the text before a name.
    fn before(&self, name: &Range<usize>) -> &'t str {
        &self.text[self.text.floor_char_boundary(name.start.saturating_sub(120))..name.start]
    }

    /// The line before a name.
    fn line(&self, name: &Range<usize>) -> &'t str {
        let before = self.before(name);
        &before[before.rfind('\n').map_or(0, |at| at + 1)..]
    }

    /// Whether white space alone comes before a literal here: `ENV NAME value`, `set -x NAME value`.
    fn takes_literal(&self, name: &Range<usize>) -> bool {
        let line = self.line(name).trim_start();
        let is_command = |start: &str| line.starts_with(start) && line.ends_with(' ');
        line == "ENV " || line == "ARG " || line == "setx " || is_command("set -")
    }

    /// Whether white space alone comes before the value here.
    fn takes_space(&self, name: &Range<usize>, rest: &[u8]) -> bool {
        let word = self.text[name.clone()].to_ascii_lowercase();
        let line = self.line(name);
        let is_quoted = matches!(rest, [b'\'' | b'"', ..]);
        let netrc = word == "password" && (line.contains("login ") || line.contains("machine "));
        is_quoted && (word.ends_with("password") || word.ends_with(" by")) || netrc
    }

    /// The value at `start`, and how it is written.
    fn value(
        &mut self,
        name: &Range<usize>,
        sign: Sign,
        start: usize,
    ) -> Option<(Range<usize>, Form)> {
        let start = self.after_type(sign, start);
        if let Some(quoted) = self.quoted(start) {
            let form = match sign {
                Sign::Prose => Form::Assigned,
                Sign::Comma | Sign::Space if !self.is_statement(name) => Form::Listed,
                _ => Form::Quoted,
            };
            return Some((quoted, form));
        }
        let form = match sign {
            Sign::Comma => return None,
            Sign::Flag => Form::Argument,
            Sign::Colon | Sign::Prose => Form::Stated,
            Sign::Space => Form::Assigned,
            Sign::Literal | Sign::Tag => Form::Quoted,
            Sign::Equals => self.assigned(name, start),
        };
        let value = self.bare(start);
        let value = match form {
            Form::Environment => self.to_white_space(value),
            _ => value,
        };
        // What goes on so is code.
        let is_text = sign == Sign::Tag && self.text[value.end..].starts_with("</");
        let is_code = form != Form::Environment
            && matches!(self.byte(value.end), Some(b'(' | b'[' | b'{' | b'<'));
        let is_code = if sign == Sign::Tag { !is_text } else { is_code };
        let is_call = self.text[value.clone()].ends_with("()");
        let trimmed = self.text[value.clone()].trim_end_matches(['.', ':']);
        let is_prose = matches!(form, Form::Stated);
        let end =
            if is_prose && trimmed.len() >= 4 { value.start + trimmed.len() } else { value.end };
        (!is_code && !is_call && !value.is_empty()).then_some((value.start..end, form))
    }

    /// After the type in `name: Type = "value"`, or `start` where there is none.
    fn after_type(&self, sign: Sign, start: usize) -> usize {
        if sign != Sign::Colon {
            return start;
        }
        let is_type = |byte: u8| byte.is_ascii_alphanumeric() || b"&_<>[]:' ".contains(&byte);
        let rest = &self.bytes()[start.min(self.text.len())..];
        let length = rest.iter().take(NAME).take_while(|byte| is_type(**byte)).count();
        match rest.get(length..) {
            Some([b'=', b' ', b'"' | b'\'' | b'`', ..]) if length > 1 => start + length + 2,
            _ => start,
        }
    }

    /// What stands in quotes at `start`; the quotes may be escaped, and letters may come before.
    fn quoted(&self, start: usize) -> Option<Range<usize>> {
        let bytes = self.bytes();
        let rest = bytes.get(start..)?;
        let prefix = rest.iter().take(2).take_while(|byte| b"bBrRfFuU@$".contains(byte)).count();
        let prefix = if matches!(rest.get(prefix), Some(b'"' | b'\'')) { prefix } else { 0 };
        let escapes = rest[prefix..].iter().take(7).take_while(|byte| **byte == b'\\').count();
        let quote = *rest.get(prefix + escapes)?;
        if !b"\"'`".contains(&quote) {
            return None;
        }
        let mut from = start + prefix + escapes + 1;
        if escapes == 0 && bytes[from..].starts_with(&[quote, quote]) {
            from += 2;
        }
        let limit = bytes.len().min(from + VALUE);
        let mut at = from;
        while at < limit {
            if bytes[at] == b'\\' {
                let run = bytes[at..limit].iter().take_while(|byte| **byte == b'\\').count();
                let closes = escapes > 0 && run == escapes && bytes.get(at + run) == Some(&quote);
                if closes {
                    return Some(from..at);
                }
                // An odd run escapes what follows.
                at += run + if escapes == 0 { run % 2 } else { 0 };
            } else if bytes[at] == quote {
                return Some(from..at);
            } else if bytes[at] == b'\n' && quote != b'`' {
                break;
            } else {
                at += 1;
            }
        }
        // Cut off in the middle; or the quote closed what stood before.
        let is_rest = bytes.get(from).is_none_or(|first| b"),;]}".contains(first));
        (at >= limit && limit == bytes.len() && !is_rest).then_some(from..limit)
    }

    /// What stands at `start` without quotes.
    fn bare(&mut self, start: usize) -> Range<usize> {
        if !self.bare.contains(&start) {
            let rest = &self.bytes()[start.min(self.text.len())..];
            let length = rest.iter().take(VALUE).take_while(|byte| is_bare(**byte)).count();
            self.bare = start..start + length;
        }
        // A character of several bytes is never cut: none of its bytes ends a value.
        start..self.text.floor_char_boundary(self.bare.end.max(start))
    }

    /// Environment files end a value at white space alone, unless a shell would end it before.
    fn to_white_space(&self, value: Range<usize>) -> Range<usize> {
        let rest = &self.bytes()[value.end..];
        let more = rest.iter().take(VALUE).take_while(|byte| !byte.is_ascii_whitespace()).count();
        let tail = &rest[..more];
        let ends = |byte: &u8| b";&|)]}\"'`>,\\<".contains(byte);
        if tail.iter().all(ends)
            || tail.starts_with(b"\\")
            || tail.first().is_some_and(|byte| b"\"'`,".contains(byte))
        {
            return value;
        }
        value.start..self.text.floor_char_boundary(value.end + more)
    }

    fn assigned(&self, name: &Range<usize>, start: usize) -> Form {
        let text = &self.text[name.clone()];
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let is_close = start == name.end + 1;
        let is_query = self.opens(name, b"?") || self.opens(name, b"&");
        let starts = name.start == 0
            || !self.bytes()[name.start - 1].is_ascii_graphic()
            || b"\"'+-`;".contains(&self.bytes()[name.start - 1]);
        if is_close && (self.is_flag(name) || !is_query && starts && text.bytes().all(upper)) {
            Form::Environment
        } else if is_close && is_query {
            Form::Quoted
        } else {
            Form::Assigned
        }
    }

    /// The secrets of a header whose value starts at `start`.
    fn header(
        &mut self,
        promise: Promise,
        start: usize,
        mut found: impl FnMut(Range<usize>, &'static str),
    ) {
        if promise == Promise::Cookie && start < self.cookies_end {
            return;
        }
        let value = self.quoted(start).unwrap_or_else(|| {
            let rest = &self.bytes()[start.min(self.text.len())..];
            let ends = |byte: u8| b"\r\n\"'`\\".contains(&byte);
            let length = rest.iter().take(VALUE).take_while(|byte| !ends(**byte)).count();
            start..self.text.floor_char_boundary(start + length)
        });
        let text = &self.text[value.clone()];
        let at = |range: Range<usize>| value.start + range.start..value.start + range.end;
        if promise == Promise::Authorization {
            if let Some(range) = header::credentials(text) {
                found(at(range), AUTHORIZATION);
            }
        } else {
            self.cookies_end = value.end;
            header::cookies(text).into_iter().for_each(|range| found(at(range), COOKIE));
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

fn is_bare(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !b"\"'`,;()[]{}<>|&\\".contains(&byte)
}
