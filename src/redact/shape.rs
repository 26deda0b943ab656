//! What a text looks like: random, or made by people and programs for another purpose.

/// Shannon entropy in bits a byte: 0 for a repeated character, 4 for random hexadecimal digits in
/// any number, at most 6 for Base64.
pub fn entropy(text: &str) -> f32 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len() as f32;
    let bits = |count: u32| {
        let share = count as f32 / length;
        -share * share.log2()
    };
    counts.into_iter().filter(|count| *count > 0).map(bits).sum()
}

/// Whether there is a digit.
pub fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether there are digits and letters.
pub fn is_mixed(text: &str) -> bool {
    has_digit(text) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether this is a UUID with hyphens.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether these are hexadecimal digits alone, as in a hash, with an optional `0x`.
pub fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this is a name in code: words joined by `.`, `::` or `->`.
pub fn is_code_path(text: &str) -> bool {
    let normal = text.replace("::", ".").replace("->", ".").replace("?.", ".");
    normal.split('.').all(|word| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Whether this is the path of a file or the address of a page.
pub fn is_path(text: &str) -> bool {
    let head = text.get(..text.len().min(24)).unwrap_or(text);
    if head.contains("://") {
        return true;
    }
    let drive = text.as_bytes();
    if matches!(drive, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic()) {
        return true;
    }
    if ["./", "../", "~/"].iter().any(|start| text.starts_with(start)) {
        return true;
    }
    // Base64 has slashes too, but no short lower-case words between them.
    let wordy = |part: &&str| {
        let letters =
            part.bytes().filter(|byte| byte.is_ascii_lowercase() || b"._-".contains(byte));
        (1..=24).contains(&part.len()) && letters.count() * 10 >= part.len() * 8
    };
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).take(8).collect();
    let words = parts.iter().filter(|part| wordy(part)).count();
    let is_file = parts.last().is_some_and(|last| last.contains('.') && wordy(last));
    words * 2 >= parts.len()
        && (text.starts_with('/') && words > 0 || parts.len() > 2 || parts.len() == 2 && is_file)
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Lower,
    Upper,
    Digit,
}

fn class(byte: u8) -> Option<Class> {
    match byte {
        b'a'..=b'z' => Some(Class::Lower),
        b'A'..=b'Z' => Some(Class::Upper),
        b'0'..=b'9' => Some(Class::Digit),
        _ => None,
    }
}

/// Whether the text looks drawn at random: letters and digits that take turns far more often than
/// in words, names and version numbers.
pub fn is_random(text: &str) -> bool {
    let (mut length, mut turns, mut digits, mut longest) = (0_usize, 0_usize, 0_usize, 0_usize);
    let (mut before, mut run) = (None, 0_usize);
    let (mut uppers, mut wordy, mut lowers) = (0_usize, 0_usize, 0_usize);
    for byte in text.bytes() {
        let now = class(byte);
        lowers = if now == Some(Class::Lower) { lowers + 1 } else { 0 };
        wordy += match lowers {
            0..4 => 0,
            4 => 4,
            _ => 1,
        };
        uppers += usize::from(now == Some(Class::Upper));
        if now.is_some() {
            (length, run) = (length + 1, run + 1);
            longest = longest.max(run);
            digits += usize::from(now == Some(Class::Digit));
            turns += usize::from(before.is_some() && before != now);
        } else {
            run = 0;
        }
        before = now;
    }
    // Words in camel case are mostly runs of lower-case letters.
    if longest < 8 || uppers > 0 && wordy * 2 > length {
        return false;
    }
    let often = if digits >= 2 || digits == 1 && length < 16 { 20 } else { 42 };
    let least = if text.len() < 16 { 2.5 } else { 3.0 };
    turns * 100 >= length * often && entropy(text) >= least
}

/// Whether the text stands where a secret would, without being one: an example, a mask, a gap to
/// fill in, or a reference to where the secret is kept.
pub fn is_placeholder(text: &str) -> bool {
    is_reference(text) || is_mask(text) || has_filler(text)
}

/// Whether the text says where a secret is kept, or is code that reads it.
pub fn is_reference(text: &str) -> bool {
    const STARTS: &[&str] = &[
        "$",
        "{{",
        "{%",
        "%(",
        "%s",
        "<",
        "#{",
        "@{",
        "env:",
        "env.",
        "env(",
        "os.environ",
        "process.env",
        "vault:",
        "op://",
        "arn:",
        "ssm:",
        "secretsmanager:",
        "projects/",
        "file:",
        "ENC[",
        "@Microsoft.KeyVault",
        "ref+",
        "keyring:",
        "bw://",
        "akv://",
        "import.meta",
        "System.getenv",
        "secrets.",
        "var.",
        "local.",
        "data.",
        "module.",
        "config.",
        "settings.",
        "this.",
        "self.",
        "{",
        "\\u003c",
        "&lt;",
    ];
    is_windows_variable(text)
        || text.contains("[REDACTED")
        || STARTS.iter().any(|start| text.starts_with(start))
        || is_tag(text)
}

/// Whether this is a YAML tag, as in `!vault`, or the delayed expansion `!NAME!`.
fn is_tag(text: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphabetic() || b"_:/!.".contains(&byte);
    text.strip_prefix('!').is_some_and(|name| name.bytes().all(is_name))
}

/// Whether this is `%NAME%`, or `%%NAME%%` as batch files write it.
fn is_windows_variable(text: &str) -> bool {
    let bare = text.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
    bare.map(|name| name.trim_matches('%')).is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.()-".contains(&byte))
    })
}

/// Whether a few characters stand again and again in place of what is hidden.
fn is_mask(text: &str) -> bool {
    let signs = "*.xX-_#?\"'\u{2022}\u{2026}";
    let mut rest: Vec<char> = text.chars().filter(|c| !signs.contains(*c)).collect();
    rest.dedup();
    // Some masks show the start or the end.
    let masked = ["***", "xxxx", "XXXX", "...", "####", "----", "____", "\u{2022}", "\u{2026}"];
    rest.len() <= 1
        || text.chars().count() - rest.len() >= 4 && masked.iter().any(|mask| text.contains(mask))
}

/// Whether the text has a word that tells an example, or counts up.
fn has_filler(text: &str) -> bool {
    const FILLERS: &[&str] = &[
        "example",
        "placeholder",
        "changeme",
        "change_me",
        "change-me",
        "changeit",
        "your_",
        "your-",
        "yourpass",
        "yourtoken",
        "yourkey",
        "yoursecret",
        "yourapi",
        "replace",
        "redacted",
        "insert",
        "dummy",
        "fixme",
        "notareal",
        "not-a-real",
        "not_a_real",
        "goes_here",
        "goes-here",
        "here>",
        "0123456789",
        "1234567890",
        "123456abcdef",
        "abcdefghij",
        "0000000000",
        "deadbeef",
    ];
    let lower = text.to_ascii_lowercase();
    FILLERS.iter().any(|filler| lower.contains(filler))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_texts_are_told_from_names() {
        for text in [
            "q7Zt9LbX2mVc4NdR8sKe",
            "a8f5f167f44f4964e6c998dee827110c",
            "k2jd8s0qpz71mcx5",
            "Zx8/qT+4mLw0RbY7nVc1Ks9dHf3gJp6a",
            "x7Kp2mQ9",
        ] {
            assert!(is_random(text), "{text}");
        }
        for text in [
            "getUserAccountFromToken",
            "CreateUsagePlanKey2Request",
            "my-k8s-secret-name-2026",
            "application_password_field",
            "v1.12.3-beta.4",
            "test_token_12345",
            "utf8mb4_unicode_ci",
            "2026-11-23T09:30:00Z",
            "hello",
            "",
        ] {
            assert!(!is_random(text), "{text}");
        }
    }

    #[test]
    fn paths_and_addresses_are_told_from_base64() {
        for text in [
            "/etc/ssl/private/server.key",
            "./a",
            "https://x.example/y",
            "C:\\keys\\a",
            "src/redact/mod.rs",
            "/token",
        ] {
            assert!(is_path(text), "{text}");
        }
        for text in ["wJ9rXU/nFEM1I/K7MDE8", "hunter2", "pa/ss", "/x9$k"] {
            assert!(!is_path(text), "{text}");
        }
    }

    #[test]
    fn placeholders_are_recognised() {
        for text in [
            "xxxxxxxx",
            "********",
            "<your-token>",
            "${TOKEN}",
            "$GITHUB_TOKEN",
            "your_api_key_here",
            "changeme",
            "...",
            "\u{2026}",
            "sk-xxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLE",
            "{{ token }}",
            "op://vault/item",
            "%DB_PASSWORD%",
            "%%TOKEN%%",
            "!vault",
            "!NAME!",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in
            ["hunter2", "!hunter2", "%x9$k2%", "s3cr3t!", "q7Zt9LbX2mVc4NdR8sKe", "correct-horse"]
        {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn entropy_is_in_bits_a_character() {
        assert_eq!(entropy("aaaa"), 0.0);
        assert_eq!(entropy("abab"), 1.0);
        assert!((entropy("0123456789abcdef") - 4.0).abs() < 0.001);
        assert_eq!(entropy(""), 0.0);
    }
}
