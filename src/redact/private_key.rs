//! Private keys in armour: PEM, OpenPGP, SSH2 and PuTTY, on several lines or with escaped breaks.

use std::ops::Range;

/// The most bytes that are read of one block.
const MOST: usize = 64 * 1024;
/// The fewest characters of Base64 that make a key; less is a header that code compares with.
const LEAST: usize = 24;

/// The block of a private key whose first line holds `hit`, a place in `text`. It ends with its last
/// line, or with its Base64 where the end is missing.
pub fn block(text: &str, hit: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if text[hit..].get(..14).is_some_and(|head| head.eq_ignore_ascii_case("Private-Lines:")) {
        let line = hit + text[hit..].find(['\n', '\\'])?;
        let body = body_end(bytes, line);
        let lead = bytes[line..body].iter().take_while(|byte| is_break(**byte)).count();
        let is_key = base64(&bytes[line..body]) >= LEAST;
        return is_key.then(|| line + lead..trimmed(bytes, line..body));
    }
    // The keyword has the last dash before BEGIN.
    let start = hit - bytes[..hit].iter().rev().take_while(|byte| **byte == b'-').count();
    let title_start = hit + text[hit..].find("BEGIN ")?;
    let title_length = text[title_start..].bytes().take(64).position(|byte| byte == b'-')?;
    let title = &text[title_start + 6..title_start + title_length];
    if !title.contains("PRIVATE KEY") {
        return None;
    }
    let dashes =
        bytes[title_start + title_length..].iter().take_while(|byte| **byte == b'-').count();
    let body_start = title_start + title_length + dashes;
    let body = body_end(bytes, body_start);
    if base64(&bytes[body_start..body]) < LEAST {
        return None;
    }
    let rest = &text[body..];
    let end = rest.trim_start_matches('-').trim_start();
    let close = format!("END {title}");
    let end = match end.strip_prefix(&close) {
        Some(after) => {
            let after = after.len() - after.bytes().take_while(|byte| *byte == b'-').count();
            text.len() - after
        }
        None => trimmed(bytes, body_start..body),
    };
    Some(start..end)
}

/// Where the lines of a block that starts at `start` end: at the next line of dashes, or where
/// something stands that no block has.
fn body_end(bytes: &[u8], start: usize) -> usize {
    let limit = bytes.len().min(start + MOST);
    let mut at = start;
    while at < limit {
        let byte = bytes[at];
        if byte == b'-' && bytes[at..].starts_with(b"----") {
            break;
        }
        // Headers such as `Proc-Type: 4,ENCRYPTED`, quotes and `+` of joined literals.
        if !(byte.is_ascii_alphanumeric()
            || is_break(byte)
            || b"+/=:,-.()'\"`@<>|#*".contains(&byte))
        {
            break;
        }
        at += 1;
    }
    at
}

/// Where the block ends without its last line: after its last stretch of Base64, so that words
/// which follow are left alone.
fn trimmed(bytes: &[u8], body: Range<usize>) -> usize {
    let (mut last, mut length) = (body.start, 0);
    for at in body {
        length = if is_base64(bytes[at]) { length + 1 } else { 0 };
        if length >= 16 {
            last = at + 1;
        }
    }
    last
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

fn is_break(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\\'
}

/// The length of the longest stretch of Base64, line breaks left out.
fn base64(bytes: &[u8]) -> usize {
    let (mut longest, mut length) = (0, 0);
    for byte in bytes {
        if is_base64(*byte) {
            length += 1;
            longest = longest.max(length);
        } else if !b"\r\n".contains(byte) {
            length = 0;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun";

    fn begin(title: &str) -> String {
        format!("{0}BEGIN {title}{0}", "-----")
    }

    fn found(text: &str) -> Option<&str> {
        let hit = text.find("-BEGIN ").unwrap();
        block(text, hit).map(|range| &text[range])
    }

    #[test]
    fn a_block_is_taken_from_its_first_line_to_its_last() {
        for line in ["\n", "\\n", "\r\n", "\\r\\n", "\\n\" +\n  \""] {
            let key = format!(
                "{}{line}{BODY}{line}{BODY}{line}-----END RSA PRIVATE KEY-----",
                begin("RSA PRIVATE KEY")
            );
            assert_eq!(found(&format!("key = \"{key}\";")), Some(key.as_str()), "{key}");
        }
    }

    #[test]
    fn a_block_without_its_end_is_taken_to_the_end_of_its_base64() {
        let key = format!("{}\n{BODY}", begin("PRIVATE KEY"));
        assert_eq!(found(&format!("{key}\n\u{2026} cut")), Some(key.as_str()));
    }

    #[test]
    fn public_keys_and_bare_headers_are_left() {
        assert_eq!(found(&format!("{}\n{BODY}", begin("CERTIFICATE"))), None);
        assert_eq!(found(&format!("if line == \"{}\" {{", begin("PRIVATE KEY"))), None);
    }
}
