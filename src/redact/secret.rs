//! Whether a value is a secret, given what its name promises and how it is written.

use super::name::{Promise, promise, words};
use super::rules::{HIGH_ENTROPY, NAMED_SECRET, PASSWORD};
use super::shape::{
    entropy, has_digit, is_code_path, is_hexadecimal, is_mixed, is_path, is_placeholder, is_random,
    is_uuid,
};

/// How many bytes of a value are looked at.
const HEAD: usize = 256;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text of a JSON payload, under its name.
    Field,
    /// In quotes, in code, configuration or JSON.
    Quoted,
    /// In quotes, after a name in quotes and a comma: an argument, or the next word of a list.
    Listed,
    /// Without quotes after an upper-case name and `=`.
    Environment,
    /// Without quotes after `=`, as in a query string or among the arguments of a function.
    Assigned,
    /// Without quotes after `:`, as in YAML, headers and prose.
    Stated,
    /// The argument after a flag.
    Argument,
}

/// The rule by which `value` is a secret, if it is one.
pub fn judge(promise: Promise, form: Form, value: &str) -> Option<&'static str> {
    // The head of a long value tells what it is.
    let value = &value[..value.floor_char_boundary(HEAD)];
    if value.is_empty() || is_placeholder(value) {
        return None;
    }
    match promise {
        Promise::Password => is_password(form, value).then_some(PASSWORD),
        Promise::Secret => is_named_secret(form, value).then_some(PASSWORD),
        Promise::Token => is_token(form, value).then_some(NAMED_SECRET),
        Promise::Perhaps => is_high_entropy(value).then_some(HIGH_ENTROPY),
        // These have a grammar of their own.
        Promise::Authorization | Promise::Cookie => None,
    }
}

fn is_password(form: Form, value: &str) -> bool {
    if is_no_value(value) || is_path(value) {
        return false;
    }
    let letters_only = value.chars().all(char::is_alphabetic);
    match form {
        Form::Field => !is_sentence(value),
        Form::Quoted => {
            value.chars().count() >= 3
                && !value.contains(char::is_whitespace)
                && !(letters_only && (is_title(value) || !value.is_ascii()))
                && !is_selector(value)
                && !names_itself(value)
        }
        Form::Environment => true,
        Form::Listed => !value.contains(char::is_whitespace) && has_sign(value),
        Form::Assigned | Form::Argument => {
            let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
            is_drawn(value)
                || (is_number && value.len() >= 5 || has_sign(value)) && !is_variable(value)
        }
        Form::Stated => {
            is_drawn(value) || value.len() >= 4 && is_mixed_or_signed(value) && !is_variable(value)
        }
    }
}

fn is_named_secret(form: Form, value: &str) -> bool {
    value.len() >= 6
        && !value.contains(char::is_whitespace)
        && !is_no_value(value)
        && !is_path(value)
        && !names_itself(value)
        && !is_selector(value)
        && match form {
            Form::Field | Form::Quoted | Form::Environment => !is_title(value),
            Form::Listed | Form::Assigned | Form::Argument | Form::Stated => {
                is_drawn(value)
                    || value.len() >= 8 && is_mixed_or_signed(value) && !is_variable(value)
            }
        }
}

fn is_token(form: Form, value: &str) -> bool {
    let length = value.len();
    if length < 8 || value.contains(char::is_whitespace) || is_path(value) || is_number(value) {
        return false;
    }
    if is_uuid(value) {
        return true;
    }
    if is_hexadecimal(value) {
        return length >= 20 && is_mixed(value);
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let may_be_code = matches!(form, Form::Assigned | Form::Stated | Form::Argument);
    is_random(value) && !(may_be_code && (is_variable(value) || !has_digit(value)))
}

fn is_high_entropy(value: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_=.~-".contains(&byte);
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    value.len() >= 20
        && value.bytes().all(fits)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && !value.starts_with("sha")
        && !value.starts_with("AAAA")
        && !is_uuid(value)
        && !is_hexadecimal(value)
        && !is_path(value)
        && !(value.contains('.') && is_code_path(value))
        && entropy(value) >= 3.7
        && is_random(value)
}

/// Whether the value of an argument of a command is a secret.
pub fn is_argument(value: &str) -> bool {
    !is_placeholder(value) && !is_path(value) && !is_no_value(value)
}

/// Whether what stands between `:` and `@` in a URL is a password, and not a port with more.
pub fn is_url_password(value: &str) -> bool {
    let port = value.bytes().take_while(u8::is_ascii_digit).count();
    let goes_on = value.as_bytes().get(port).is_some_and(|byte| b"?#".contains(byte));
    let is_port = port > 0 && goes_on;
    !(is_port || is_placeholder(value) || is_no_value(value))
}

/// Words that stand where a password would and are none: values of switches, types, and the words
/// for the thing itself.
#[expect(clippy::too_many_lines, reason = "a table")]
fn is_no_value(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "null",
        "nil",
        "none",
        "undefined",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "0",
        "1",
        "string",
        "str",
        "text",
        "password",
        "passwd",
        "pwd",
        "pass",
        "secret",
        "token",
        "hidden",
        "required",
        "optional",
        "prompt",
        "ask",
        "any",
        "unknown",
        "void",
        "never",
        "empty",
        "n/a",
        "na",
        "tbd",
        "todo",
        "default",
        "bool",
        "boolean",
        "number",
        "object",
        "binary",
        "varchar",
        "char",
        "bytes",
        "auto",
        "unset",
        "current-password",
        "new-password",
        "one-time-code",
        "passphrase",
        "credentials",
        "key",
        "user",
        "username",
        "nopass",
        "nopasswd",
        "plain",
        "md5",
        "scram-sha-256",
        "trust",
        "peer",
        "stdin",
        "-",
        "sensitive",
        "masked",
        "test",
        "foo",
        "bar",
        "baz",
        "foobar",
        "pw",
        "passw0rd",
        "input",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.contains(&lower.as_str())
}

/// Whether the value names what it is for, in words: `my-app-secret`, `db_password`.
fn names_itself(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let words =
        ["secret", "token", "password", "passwd", "apikey", "api_key", "api-key", "_key", "-key"];
    let plain = |byte: u8| byte.is_ascii_alphabetic() || b"_-. :".contains(&byte);
    value.bytes().all(plain)
        && value.bytes().any(|byte| b"_-.".contains(&byte))
        && words.iter().any(|word| lower.contains(word))
}

/// Whether this is one capitalised word, as on a label.
fn is_title(value: &str) -> bool {
    let mut characters = value.chars();
    characters.next().is_some_and(char::is_uppercase) && characters.all(char::is_lowercase)
}

/// Whether several words make a sentence or a label rather than a passphrase.
fn is_sentence(value: &str) -> bool {
    let words = value.split_whitespace().count();
    words > 1
        && (value.ends_with(['.', '?', '!', ':', '\u{2026}'])
            || value.starts_with(char::is_uppercase))
        && !has_digit(value)
}

/// Whether this selects an element of a page.
fn is_selector(value: &str) -> bool {
    value.starts_with(['#', '.', '['])
        && value.bytes().all(|byte| byte.is_ascii_lowercase() || b"#.[]-_=".contains(&byte))
}

/// Whether an unquoted value is likelier a name or a type in code: `user.password`, `password2`,
/// `*mut`, `0x04`.
fn is_variable(value: &str) -> bool {
    if value.starts_with(['_', '*', '&']) || value.starts_with("0x") && value.len() < 18 {
        return true;
    }
    if !is_code_path(value) {
        return false;
    }
    let tells = ["pass", "pwd", "cred", "input", "value", "param", "arg"];
    let is_telling =
        |word: &String| tells.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()));
    let starts_lower = value.starts_with(|c: char| c.is_ascii_lowercase());
    value.contains('.')
        || value.contains("::")
        || starts_lower && (promise(value).is_some() || words(value).iter().any(is_telling))
        || !has_digit(value)
}

/// Whether a value of letters and digits is too irregular for a name in code.
fn is_drawn(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric()) && is_random(value)
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit() || b".-+:TZ_ ".contains(&byte))
}

/// Whether there is more than letters: a digit beside letters, or a sign that names lack.
fn has_sign(value: &str) -> bool {
    is_mixed(value) || value.bytes().any(|byte| b"!@#$%^&*+=?~".contains(&byte))
}

fn is_mixed_or_signed(value: &str) -> bool {
    let signs = value.bytes().filter(|byte| b"!@#$%^&*+=?~".contains(byte)).count();
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    letters && (has_digit(value) || signs > 0)
}
