//! Secrets of no single provider: by their form, by how they are sent, and by their names.

use crate::redact::header::is_basic_credentials;
use crate::redact::rule::{Rule, anywhere, named, private_key, token};
use crate::redact::secret;
use crate::redact::shape::is_mixed;

/// The names of the rules for values with a telling name.
pub const PASSWORD: &str = "password";
/// See [`PASSWORD`].
pub const NAMED_SECRET: &str = "named-secret";
/// See [`PASSWORD`].
pub const HIGH_ENTROPY: &str = "high-entropy";
/// See [`PASSWORD`].
pub const AUTHORIZATION: &str = "authorization";
/// See [`PASSWORD`].
pub const COOKIE: &str = "cookie";

/// The rules.
pub static RULES: &[Rule] = &[
    private_key(
        "private-key",
        "private key in PEM, OpenPGP or PuTTY form",
        &["-BEGIN ", "- BEGIN ", "Private-Lines:"],
    ),
    token(
        "private-key",
        "private key in PEM form, in Base64",
        &["LS0tLS1CRUdJTiB"],
        r"\ALS0tLS1CRUdJTiB(?:QUklWQVRFIEtFW|SU0EgUFJJVkFURSBLRV|FQyBQUklWQVRFIEtFW|PUEVOU1NIIFBSSVZBVEUgS0VZ|FTkNSWVBURUQgUFJJVkFURSBLRV|EU0EgUFJJVkFURSBLRV)[A-Za-z0-9+/]{40,}=*",
    ),
    token(
        "jwt",
        "JSON Web Token",
        &["eyJ"],
        r"\AeyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.(?:[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]{10,}){0,2})?",
    )
    .not_after(b"-_"),
    anywhere(
        "url-password",
        "password in a URL",
        &["://"],
        r#"(?i:[a-z][a-z0-9+.-]*)://[^\s:/?\#@"'`<>\[\]{}()\\,]*:([^\s/@"'`<>\\]+)@[^\s@]"#,
    )
    .only_if(secret::is_url_password),
    anywhere(
        AUTHORIZATION,
        "bearer token",
        &["bearer"],
        r"(?i)\bbearer(?:[ \t]|%20|\+|=|:)+([a-z0-9._~+/-]{16,}=*)",
    )
    .only_if(is_mixed),
    anywhere(
        AUTHORIZATION,
        "credentials of HTTP Basic authentication",
        &["basic "],
        r"(?i)\bbasic[ \t]+([a-z0-9+/_-]{6,}={0,2})",
    )
    .only_if(is_basic_credentials),
    anywhere(
        "command-password",
        "password among the arguments of a command",
        &["curl ", "wget ", "http ", "https ", "xh "],
        r#"\b(?:curl|wget|https?|xh)(?:\.exe)?[ \t](?:[^\n]*?[ \t])?(?:-u|--user|--proxy-user|-U|-a|--auth)[ =]?["']?[^\s:"'$/-][^\s:"'$/]*:(?:([^\s"'$@]{3,})|[^\s"'$@]{1,2}[^\s"'@]+)"#,
    )
    .only_if(secret::is_argument),
    anywhere(
        "command-password",
        "password among the arguments of a command",
        &["sshpass", "mysql", "mariadb", "redis-cli", " login ", "twine ", "7z", "zip ", "ldap"],
        r#"\b(?:sshpass[ \t]+-p[ \t]*|(?:mysql(?:dump|admin|import)?|mariadb(?:-dump)?|7z[a-z]?)[ \t](?:[^\n;|]*?[ \t])?-p|redis-cli[ \t](?:[^\n;|]*?[ \t])?(?:-a|--pass)[ \t]+|(?:docker|podman|helm|az|twine|oras|skopeo|buildah|nerdctl)[ \t](?:[^\n;|]*?[ \t])?(?:login|upload)[ \t](?:[^\n;|]*?[ \t])?-p[ \t=]*|(?:un)?zip[ \t](?:[^\n;|]*?[ \t])?-P[ \t]*|ldap[a-z]+[ \t](?:[^\n;|]*?[ \t])?-w[ \t]*)(?:'([^'\n]+)'|"([^"\n]+)"|([^\s"'$;|&<>-][^\s"';|&<>]*))"#,
    )
    .only_if(secret::is_argument),
    anywhere(
        "command-password",
        "password given to OpenSSL, chpasswd or PowerShell, or as a pair of arguments",
        &["pass:", "chpasswd", "auth", "convertto-securestring"],
        r#"\b-?pass(?:in|out)?[ \t=]["']?pass:([^\s"'$<]+)|\becho[ \t]+(?:-[en]+[ \t]+)?["']?[A-Za-z0-9_.-]+:([^\s"'$|]+)["']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd|(?i:\bConvertTo-SecureString)[ \t]+(?:-String[ \t]+)?["']([^"'\n]+)["']|(?i:\b(?:basic_?)?auth)(?:[ \t]*=[ \t]*|\()\(?[ \t]*["'][^"'\n]{1,80}["'][ \t]*,[ \t]*["']([^"'\n]{3,})["']"#,
    )
    .only_if(secret::is_argument),
    named(
        PASSWORD,
        "value of a name such as password, passphrase or client_secret",
        &["passw", "passphrase", "passcode", "pass", "pwd", "secret", "mnemonic", "seed", "identified by"],
    ),
    named(
        NAMED_SECRET,
        "random-looking value of a name such as token, api_key or secret",
        &["token", "key", "credential", "creds", "jwt", "auth", "_pat"],
    ),
    named(AUTHORIZATION, "value of an authorization header", &["authorization"]),
    named(COOKIE, "random-looking value in a cookie header", &["cookie"]),
    named(HIGH_ENTROPY, "value of high entropy with a name such as key or auth", &["sessid", "sessionid"]),
];
