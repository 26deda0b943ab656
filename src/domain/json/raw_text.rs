//! What a parser folds away without a word, found in the raw text: keys that stand twice in an
//! object, numbers that no 64-bit integer or float holds as they are written, and halves of
//! surrogate pairs, which are no characters.

use std::collections::HashSet;
use std::str::FromStr;

use super::normal_text;
use crate::domain::error::{Code, Error, Result};
use crate::domain::shown::shown;

/// Checks JSON text before it is parsed. `root` is the path that errors start with; it may be empty.
///
/// Text that is no JSON passes where nothing is found before the fault: the parser names that.
///
/// # Errors
///
/// `duplicate_key`, `inexact_number`, `invalid_unicode`, each with the path in `field`.
pub fn check(text: &str, root: &str) -> Result<()> {
    let mut scan = Scan { text, at: 0, root, open: Vec::new() };
    while let Some(byte) = scan.text.as_bytes().get(scan.at) {
        match byte {
            b'{' => scan.enter(Frame::Object { keys: HashSet::new(), key: None, wants_key: true }),
            b'[' => scan.enter(Frame::Array { index: 0 }),
            b'}' | b']' => scan.leave(),
            b',' => scan.next_item(),
            b'"' => scan.string()?,
            b'-' | b'0'..=b'9' => scan.number()?,
            _ => scan.at += 1,
        }
    }
    Ok(())
}

/// An object or array that the scan is in.
enum Frame<'a> {
    Object { keys: HashSet<String>, key: Option<&'a str>, wants_key: bool },
    Array { index: usize },
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    root: &'a str,
    open: Vec<Frame<'a>>,
}

impl<'a> Scan<'a> {
    fn enter(&mut self, frame: Frame<'a>) {
        self.open.push(frame);
        self.at += 1;
    }

    fn leave(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    fn next_item(&mut self) {
        match self.open.last_mut() {
            Some(Frame::Object { wants_key, .. }) => *wants_key = true,
            Some(Frame::Array { index }) => *index += 1,
            None => {}
        }
        self.at += 1;
    }

    fn string(&mut self) -> Result<()> {
        let start = self.at + 1;
        let mut end = start;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(end).filter(|byte| **byte != b'"') {
            end += if *byte == b'\\' { 2 } else { 1 };
        }
        self.at = end.saturating_add(1).min(bytes.len());
        let Some(token) = self.text.get(start..end) else { return Ok(()) };
        let is_key = matches!(self.open.last(), Some(Frame::Object { wants_key: true, .. }));
        let unpaired = has_unpaired_surrogate(token);
        if is_key {
            self.key(token, unpaired)
        } else if unpaired {
            Err(self.unpaired())
        } else {
            Ok(())
        }
    }

    fn key(&mut self, token: &'a str, unpaired: bool) -> Result<()> {
        let mut twice = false;
        if let Some(Frame::Object { keys, key, wants_key }) = self.open.last_mut() {
            (*key, *wants_key) = (Some(token), false);
            twice = !keys.insert(unescaped(token));
        }
        if unpaired {
            return Err(self.unpaired());
        }
        if !twice {
            return Ok(());
        }
        let path = self.path();
        Err(Error::new(
            Code::DuplicateKey,
            format!("{path} stands twice in its object"),
            "send each key once; which of two values counts would be a guess",
        )
        .at(path))
    }

    fn number(&mut self) -> Result<()> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let literal = &rest[..end];
        self.at += end;
        if is_exact(literal) {
            return Ok(());
        }
        let path = self.path();
        let shown = shown(literal, 40);
        Err(Error::new(
            Code::InexactNumber,
            format!("{path} is {shown}, a number that would change when it is stored"),
            "numbers are 64-bit integers or 64-bit floats; send others as text",
        )
        .at(path))
    }

    fn unpaired(&self) -> Error {
        let path = self.path();
        Error::new(
            Code::InvalidUnicode,
            format!("{path} has half of a surrogate pair, which is no character"),
            "send characters beyond U+FFFF whole, as themselves or as both halves",
        )
        .at(path)
    }

    /// Where the scan is: `event_data.list[2].name`.
    fn path(&self) -> String {
        let mut path = self.root.to_owned();
        for frame in &self.open {
            match frame {
                Frame::Array { index } => path += &format!("[{index}]"),
                Frame::Object { key: Some(key), .. } => {
                    let key = unescaped(key);
                    let shown = shown(&key, 80);
                    let dot = if path.is_empty() { "" } else { "." };
                    path += &format!("{dot}{shown}");
                }
                Frame::Object { key: None, .. } => {}
            }
        }
        path
    }
}

fn unescaped(token: &str) -> String {
    let whole = || serde_json::from_str(&format!("\"{token}\"")).ok();
    token.contains('\\').then(whole).flatten().unwrap_or_else(|| token.to_owned())
}

fn has_unpaired_surrogate(token: &str) -> bool {
    let mut rest = token;
    let mut high = false;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        let unit =
            escape.strip_prefix('u').and_then(|hex| u16::from_str_radix(hex.get(..4)?, 16).ok());
        let is_low = matches!(unit, Some(0xdc00..=0xdfff));
        if (high && at > 0) || high != is_low {
            return true;
        }
        high = matches!(unit, Some(0xd800..=0xdbff));
        let length =
            if unit.is_some() { 5 } else { escape.chars().next().map_or(0, char::len_utf8) };
        rest = &escape[length..];
    }
    high
}

/// Whether the number that a parser makes of `literal` has the same value.
fn is_exact(literal: &str) -> bool {
    let Ok(number) = f64::from_str(literal) else { return true };
    if !literal.contains(['.', 'e', 'E']) {
        return literal == "-0" || i64::from_str(literal).is_ok() || u64::from_str(literal).is_ok();
    }
    // As it will be stored: halfway between two shortest forms, Rust's own formatting takes the other.
    number.is_finite() && decimal(literal) == decimal(&normal_text(&number.into()))
}

/// The digits of a number without zeros at either end, and the power of ten of the last one.
fn decimal(literal: &str) -> Option<(String, i64)> {
    let literal = literal.strip_prefix('-').unwrap_or(literal);
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some((String::new(), 0));
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let exponent: i64 = exponent.trim_start_matches('+').parse().ok()?;
    let power = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    Some((significant.to_owned(), power.checked_add(i64::try_from(zeros).ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::super::tests::any_json;
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> (Code, String) {
        let error = check(text, "event_data").expect_err(text);
        (error.code, error.field.unwrap_or_default())
    }

    #[test]
    fn a_key_that_stands_twice_is_named_by_its_path() {
        let at = |path: &str| (Code::DuplicateKey, path.to_owned());
        assert_eq!(refused(r#"{"a":1,"a":1}"#), at("event_data.a"));
        assert_eq!(refused(r#"{"l":[0,{"x":{"k":1,"\u006b":2}}]}"#), at("event_data.l[1].x.k"));
        assert!(check(r#"{"a":{"a":1},"b":[{"a":1},{"a":2}],"A":1}"#, "").is_ok());
    }

    #[test]
    fn numbers_that_would_change_are_refused_and_others_pass() {
        let long = "0.1000000000000000055511151231257827";
        for literal in [
            "18446744073709551616",
            "-9223372036854775809",
            "1e400",
            long,
            "1.00000000000000000001",
        ] {
            let text = format!(r#"{{"n":[{literal}]}}"#);
            assert_eq!(
                refused(&text),
                (Code::InexactNumber, "event_data.n[0]".into()),
                "{literal}"
            );
        }
        for literal in [
            "0",
            "-0",
            "-0.0",
            "1.0",
            "1.10",
            "1E+2",
            "100e-2",
            "5e-324",
            "0.1",
            "1e21",
            "18446744073709551615",
            "-9223372036854775808",
            "1.7976931348623157e308",
            "9007199254740993",
            "0e999999999",
            "-1424460900652182.2",
        ] {
            assert!(check(&format!(r#"{{"n":{literal}}}"#), "").is_ok(), "{literal}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_refused_and_a_whole_one_passes() {
        let at = |path: &str| (Code::InvalidUnicode, path.to_owned());
        assert_eq!(refused(r#"{"s":"\ud83d"}"#), at("event_data.s"));
        assert_eq!(refused(r#"{"s":"\ud83d x \ude00"}"#), at("event_data.s"));
        assert_eq!(refused(r#"{"s":"\ude00"}"#), at("event_data.s"));
        assert_eq!(refused(r#"{"\ud83d\n":1}"#).0, Code::InvalidUnicode);
        assert!(check(r#"{"s":"\ud83d\ude00 \\ud83d \u0000 \" \\"}"#, "").is_ok());
    }

    #[test]
    fn broken_text_is_left_to_the_parser() {
        for text in [
            "",
            "{",
            "[",
            "\"",
            "{\"a",
            "{\"a\\",
            "}",
            "]]]",
            ",",
            "-",
            "1e",
            "\\",
            "{\"\\u",
            "\u{feff}{}",
            "\"\\é\"",
        ] {
            assert!(check(text, "").is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_normal_text_passes(value in any_json()) {
            prop_assert_eq!(check(&super::super::normal_text(&value), "x"), Ok(()));
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[{}\[\]",:\\u0-9a-fA-FdD.eE+ \-é]{0,60}"#) {
            let _ = check(&text, "");
        }

        #[test]
        fn a_number_passes_only_if_its_value_stays(digits in "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?(e-?[0-9]{1,2})?") {
            let parsed: std::result::Result<serde_json::Value, _> = serde_json::from_str(&digits);
            let back = parsed.map(|value| value.to_string());
            let same = back.is_ok_and(|back| decimal(&back) == decimal(&digits));
            prop_assert_eq!(is_exact(&digits), same, "{}", digits);
        }
    }
}
