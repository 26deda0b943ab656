//! Secrets in HTTP headers: what follows an authorization scheme, and the values of cookies.

use std::ops::Range;

use super::shape::{has_digit, is_hexadecimal, is_mixed, is_placeholder, is_random, is_uuid};

/// Where the credentials stand in the value of an authorization header, if it has any.
pub fn credentials(value: &str) -> Option<Range<usize>> {
    let start = value.len() - value.trim_start().len();
    let mut words = value[start..].split(' ').filter(|word| !word.is_empty());
    let first = words.next()?;
    let is_scheme = first.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    let secret = match words.next() {
        // Of several parameters, those that a request is signed with are no lasting secret.
        Some(second) if is_scheme && !second.contains("=\"") && !second.ends_with(',') => second,
        Some(_) => return None,
        None => first,
    };
    let secret = secret.trim_end_matches([',', ';', '\'', '"', ')', '\\']);
    let at = value.find(secret)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=:-".contains(&byte);
    let is_secret = secret.len() >= 8
        && secret.bytes().all(fits)
        && (has_digit(secret) || is_basic_credentials(secret))
        && !is_placeholder(secret);
    is_secret.then(|| at..at + secret.len())
}

/// Where values that look random stand in the value of a cookie header.
pub fn cookies(value: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for part in value.split(';') {
        if let Some((name, content)) = part.split_once('=') {
            let at = start + name.len() + 1;
            let content = content.trim_end();
            let whole = content.trim_end_matches(['"', '\'']);
            let is_secret = whole.len() >= 16
                && whole.bytes().all(|byte| byte.is_ascii_graphic())
                && !is_placeholder(whole)
                && (is_random(whole) || is_uuid(whole) || is_hexadecimal(whole) && is_mixed(whole));
            if is_secret {
                found.push(at..at + whole.len());
            }
        }
        start += part.len() + 1;
    }
    found
}

/// Whether `text` is the Base64 of `user:password`.
pub fn is_basic_credentials(text: &str) -> bool {
    let Some(bytes) = decode_base64(text) else { return false };
    std::str::from_utf8(&bytes).is_ok_and(|plain| {
        plain.len() >= 3 && plain.contains(':') && !plain.contains(|c: char| c.is_control())
    })
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        (bits, count) = (bits << 6 | u32::from(value), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push(bits.checked_shr(count)?.to_le_bytes()[0]);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stand_after_the_scheme() {
        let token = ["q7Zt9LbX2mVc", "4NdR8sKe"].concat();
        for before in ["Bearer ", "token ", "", "Bot ", "GenieKey "] {
            let value = format!("{before}{token}");
            assert_eq!(credentials(&value), Some(before.len()..value.len()), "{value}");
        }
        for value in ["Bearer", "Bearer authentication", "Basic realm=\"x\"", "", "Bearer ${TOKEN}"]
        {
            assert_eq!(credentials(value), None, "{value}");
        }
    }

    #[test]
    fn cookies_are_judged_one_by_one() {
        let value = ["theme=dark; sid=", "q7Zt9LbX2mVc4NdR8sKe", "; lang=en"].concat();
        assert_eq!(cookies(&value), vec![16..36]);
        assert!(cookies("theme=dark; lang=en").is_empty());
    }

    #[test]
    fn basic_credentials_decode_to_a_pair() {
        assert!(is_basic_credentials("YWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(is_basic_credentials("dTpw"));
        assert!(!is_basic_credentials("authentication"));
        assert!(!is_basic_credentials("a"));
        assert!(!is_basic_credentials("\u{e9}"));
    }
}
