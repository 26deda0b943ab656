//! What the name of a value says about the value.

/// What kind of value a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A password: any literal value is secret.
    Password,
    /// A secret with a purpose, such as `client_secret`: any literal value is, unless it describes
    /// itself.
    Secret,
    /// A token or key: what looks random is.
    Token,
    /// Perhaps a key: what has high entropy is.
    Perhaps,
    /// An authorization header: what follows the scheme is.
    Authorization,
    /// A cookie header: values that look random are.
    Cookie,
}

/// Words after the telling one that do not change what the value is.
const QUALIFIERS: &[&str] = &[
    "prod",
    "production",
    "dev",
    "development",
    "staging",
    "stage",
    "test",
    "testing",
    "live",
    "sandbox",
    "old",
    "new",
    "current",
    "next",
    "previous",
    "default",
    "main",
    "primary",
    "secondary",
    "value",
    "string",
    "str",
    "plain",
    "plaintext",
    "raw",
    "b64",
    "base64",
    "hex",
    "env",
    "var",
    "readonly",
    "ro",
    "rw",
    "admin",
    "root",
    "ci",
    "local",
    "data",
];

/// First words that make the name one of a text or a flag about a password.
const ABOUT: &[&str] = &[
    "forgot",
    "reset",
    "change",
    "invalid",
    "incorrect",
    "wrong",
    "missing",
    "show",
    "hide",
    "toggle",
    "require",
    "requires",
    "no",
    "bad",
    "weak",
    "enter",
    "label",
    "error",
    "msg",
];

/// Words of names whose value is made of a secret and does not give it away.
const HASHED: &[&str] = &["hashed", "digested"];

/// First words of keys that open no lock.
const OPEN_KEYS: &[&str] = &[
    "public",
    "pub",
    "publishable",
    "primary",
    "foreign",
    "cache",
    "partition",
    "sort",
    "shard",
    "idempotency",
    "idempotent",
    "row",
    "object",
    "lookup",
    "index",
    "range",
    "group",
    "dedup",
    "i18n",
    "translation",
    "locale",
    "message",
    "map",
    "dict",
    "registry",
    "host",
    "gpg",
    "column",
    "unique",
    "composite",
    "sorting",
    "routing",
    "order",
    "react",
    "item",
    "hot",
    "short",
    "query",
    "storage",
    "bucket",
    "config",
    "json",
    "field",
    "param",
    "metric",
    "label",
    "tag",
    "known",
    "license",
    "trusted",
    "verification",
    "validation",
];

/// First words of tokens that only mark a place or a count.
const OPEN_TOKENS: &[&str] = &[
    "next",
    "page",
    "continuation",
    "sync",
    "cursor",
    "max",
    "min",
    "num",
    "total",
    "input",
    "output",
    "prompt",
    "completion",
    "eos",
    "bos",
    "pad",
    "unk",
    "mask",
    "sep",
    "cls",
    "stop",
    "special",
    "client",
    "lock",
    "request",
    "idempotency",
    "starting",
    "public",
    "publishable",
    "cancellation",
    "change",
    "resume",
];

/// What the words of a key's name must hold so that it opens something.
const LOCKS: &[&str] = &[
    "api",
    "access",
    "auth",
    "encryption",
    "encrypt",
    "decryption",
    "cipher",
    "signing",
    "sign",
    "master",
    "private",
    "service",
    "account",
    "admin",
    "app",
    "application",
    "consumer",
    "shared",
    "deploy",
    "webhook",
    "integration",
    "ingest",
    "ingestion",
    "write",
    "subscription",
    "session",
    "hmac",
    "jwt",
    "aes",
    "root",
    "client",
    "server",
    "storage",
    "developer",
    "functions",
    "derive",
];

/// What a name promises; none where its value may be anything.
///
/// The telling word must be the last but for [`QUALIFIERS`]: `password_file` and `token_type` name
/// something else.
pub fn promise(name: &str) -> Option<Promise> {
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    while words.len() > 1 && words.last().is_some_and(|last| qualifies(last)) {
        words.pop();
    }
    let (last, before) = words.split_last()?;
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let previous = before.last().copied().unwrap_or_default();
    if ABOUT.contains(&words[0]) && words.len() > 1
        || before.iter().any(|word| HASHED.contains(word))
        || last.starts_with("hashed")
    {
        return None;
    }
    if is_password(last, before) {
        return Some(Promise::Password);
    }
    match last {
        "authorization" => Some(Promise::Authorization),
        "cookie" => Some(Promise::Cookie),
        "cookies" if before.is_empty() => Some(Promise::Cookie),
        "secret" | "secrets" if before.is_empty() => Some(Promise::Token),
        "key" if previous == "secret" || words.ends_with(&["secret", "access", "key"]) => {
            Some(Promise::Secret)
        }
        "base" if words.ends_with(&["secret", "key", "base"]) => Some(Promise::Secret),
        last if last.ends_with("secret") || last.ends_with("secretkey") => Some(Promise::Secret),
        "secrets" => Some(Promise::Token),
        "key" | "keys" => key(before),
        "token" => {
            (!before.iter().any(|word| OPEN_TOKENS.contains(word))).then_some(Promise::Token)
        }
        "jwt" | "pat" | "bearer" | "credential" | "credentials" | "creds" => Some(Promise::Token),
        "tokens" if ["access", "auth", "api", "refresh"].contains(&previous) => {
            Some(Promise::Token)
        }
        // Not the ids of sessions: those of agents are what events are about.
        "auth" | "phpsessid" | "jsessionid" => Some(Promise::Perhaps),
        last => joined(last),
    }
}

fn is_password(last: &str, before: &[&str]) -> bool {
    const ENDS: &[&str] = &["password", "passwd", "passphrase", "passcode", "pwd", "passwords"];
    if last == "pwd" && before.first() == Some(&"old") || last == "oldpwd" {
        return false;
    }
    ENDS.iter().any(|end| last.ends_with(end))
        || last == "pass"
        || ["dbpass", "userpass", "mysqlpass", "sshpass", "storepass", "keypass"].contains(&last)
        || last == "mnemonic"
        || last == "phrase"
            && ["seed", "recovery", "pass", "secret"].contains(before.last().unwrap_or(&""))
        || last == "by" && before.last() == Some(&"identified")
}

fn key(before: &[&str]) -> Option<Promise> {
    if before.iter().any(|word| LOCKS.contains(word))
        && !["public", "pub", "publishable"].iter().any(|open| before.contains(open))
    {
        return Some(Promise::Token);
    }
    (!before.iter().any(|word| OPEN_KEYS.contains(word))).then_some(Promise::Perhaps)
}

/// Words written together: `apikey`, `authtoken`.
fn joined(last: &str) -> Option<Promise> {
    if last.ends_with("token") {
        return (!OPEN_TOKENS.iter().any(|open| last.starts_with(open))).then_some(Promise::Token);
    }
    let lock = last.strip_suffix("key")?;
    LOCKS.iter().any(|word| lock.ends_with(word)).then_some(Promise::Token)
}

fn qualifies(word: &str) -> bool {
    QUALIFIERS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The words of a name in snake, kebab, dotted or camel case, in lower case; at most the last 12.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        let next_is_lower = characters.peek().is_some_and(char::is_ascii_lowercase);
        let starts = !before.is_ascii_alphanumeric()
            || c.is_ascii_uppercase()
                && (before.is_ascii_lowercase() || before.is_ascii_uppercase() && next_is_lower);
        if c.is_ascii_alphanumeric() {
            if starts {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(c.to_ascii_lowercase());
            }
        }
        before = c;
    }
    let excess = words.len().saturating_sub(12);
    words.split_off(excess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_what_their_last_word_says() {
        for (promised, names) in [
            (
                Some(Promise::Password),
                "password PASSWORD db.password DB_PASSWORD userPassword PGPASSWORD smtp-passwd \
                 ROOT_PWD passphrase mysqlPass DB_PASS password2 ADMIN_PASSWORD_PROD seed_phrase",
            ),
            (
                Some(Promise::Secret),
                "client_secret clientSecret JWT_SECRET SECRET_KEY AWS_SECRET_ACCESS_KEY \
                 webhook-secret secretKey clientsecret SecretAccessKey secret_key_base",
            ),
            (
                Some(Promise::Token),
                "token GITHUB_TOKEN accessToken auth-token X-Api-Key apiKey apikey api_key \
                 private_key encryptionKey secret credentials NPM_PAT x-auth-token bearer \
                 PrivateKey STRIPE_API_KEY_LIVE Ocp-Apim-Subscription-Key",
            ),
            (Some(Promise::Perhaps), "key auth PHPSESSID _auth some_key"),
            (Some(Promise::Authorization), "Authorization proxy-authorization"),
            (Some(Promise::Cookie), "Cookie Set-Cookie cookies"),
            (
                None,
                "password_file token_type tokenizer max_tokens tokens passed_count monkey author \
                 primary_key public_key cache-key next_page_token keyboard secretName bypass \
                 passwordLength compass access_token_url resetPassword forgot_password keys.len \
                 sessionId context_tokens OLDPWD token.example.com api_key_id user hashed_secret \
                 hashedPassword password_hash hashedsecret",
            ),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(promise(name), promised, "{name}");
            }
        }
        assert_eq!(promise(""), None);
    }
}
