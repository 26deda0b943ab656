//! Ordinary text, written or drawn: what resembles secrets and is none.

use super::draw::{Draw, STANDARD, URL, base64_text};

/// What stands where a secret would: references, gaps to fill in, masks, types, descriptions.
pub const PLACEHOLDERS: &str = include_str!("placeholders.txt");

/// Prose about secrets and about nothing of the kind.
pub const PROSE: &str = include_str!("prose.txt");

/// Code in several languages that deals with secrets without holding any.
pub const CODE: &str = include_str!("code.txt");

/// A kind of ordinary text, drawn: its lines, with gaps as in [`Draw::fill`].
const LOGS: &[&str] = &[
    "2026-11-23T09:31:{d2}.{d3}Z INFO  request_id={U} method=GET path=/api/v1/users/{d6} status=200 ms={d2}",
    "2026-11-23 09:31:{d2},{d3} [main] DEBUG o.e.Pool - connection {h8} released, {d2} idle",
    "[{d10}.{d6}] eth0: link up at {d4} Mbps",
    "trace_id={h32} span_id={h16} parent={h16} name=\"token refresh\"",
    "Nov 23 09:31:{d2} host sshd[{d5}]: Accepted publickey for app from 192.0.2.{d2} port {d5} ssh2: ED25519 SHA256:{b43}",
    "Nov 23 09:31:{d2} host sshd[{d5}]: Failed password for invalid user admin from 192.0.2.7 port {d5} ssh2",
    "192.0.2.{d2} - - [23/Nov/2026:09:31:{d2} +0000] \"GET /static/app.{h8}.js HTTP/1.1\" 200 {d5} \"-\" \"curl/8.9\"",
    "{\"level\":\"info\",\"ts\":17{d8}.{d3},\"msg\":\"session opened\",\"session_id\":\"{U}\",\"user_id\":{d6}}",
    "::1 audit: user=app action=login result=ok session={U}",
    "time=\"2026-11-23T09:31:{d2}Z\" level=warning msg=\"token expired, refreshing\" attempt={d1}",
    "container {h12} started from image sha256:{h64}",
    "pushed layer sha256:{h64} ({d3}.{d1} MB)",
    "ETag: \"{h32}\"",
    "X-Request-Id: {U}",
    "Content-MD5: {b22}==",
    "traceparent: 00-{h32}-{h16}-01",
    "cache hit key=user:{d6}:profile:v2",
    "cache miss for key {h40}, computing",
    "partition_key={h16} sort_key=2026-11-23#{d6} consumed=1",
    "idempotency-key: {U}",
    "usage: input_tokens={d5} output_tokens={d4} cache_read_input_tokens={d5}",
    "goroutine {d3} [running]:",
    "\tauth.(*Service).Authenticate(0xc000{h6}, 0x{h2}, 0x{h2})",
];

const HASHES: &[&str] = &[
    "commit {h40}",
    "index {h7}..{h7} 100644",
    "Merge: {h7} {h7}",
    "{h64}  target/release/annals",
    "{h40}\trefs/heads/main",
    "md5 {h32} ok",
    "sha512-{b86}==",
    "{U}",
    "id: {U}",
    "\"etag\": \"W/\\\"{h32}\\\"\",",
    "  \"commit\": \"{h40}\",",
    "FROM rust@sha256:{h64}",
    "uses: actions/checkout@{h40} # v4",
    "SHA256:{b43} ci@host (ED25519)",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b43} ci@host",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB{b340}== ci@host",
    "event_id {U} hash {h64}",
    "  \"integrity\": \"sha384-{b64}\"",
    "    \"hashed_secret\": \"{h40}\",",
    "password_hash = \"$2b$12${b22}{b31}\"",
    "  \"line_number\": {d3}, \"type\": \"Hex High Entropy String\"",
];

const LOCK: &[&str] = &[
    "checksum = \"{h64}\"",
    "source = \"registry+https://index.example/\"",
    "    \"node_modules/@babel/code-frame\": {",
    "      \"integrity\": \"sha512-{b86}==\",",
    "  resolved \"https://npm.example/tokenize/-/tokenize-1.{d1}.{d1}.tgz#{h40}\"",
    "  integrity sha512-{b86}==",
    "    --hash=sha256:{h64} \\",
    "golang.org/x/crypto v0.{d2}.0 h1:{b43}=",
    "golang.org/x/crypto v0.{d2}.0/go.mod h1:{b43}=",
    "content-hash = \"{h64}\"",
    "    {file = \"keyring-25.{d1}-py3-none-any.whl\", hash = \"sha256:{h64}\"},",
    "  jsonwebtoken (9.{d1}.2)",
    "\"passport-local@npm:^1.0.0\":",
    "  checksum: 10c0/{h128}",
];

/// What has no letters to tell: file contents in Base64, and the like.
pub fn base64() -> String {
    let mut draw = Draw::new(7);
    let mut text = String::new();
    for length in [45, 57, 300, 900] {
        for _ in 0..40 {
            text += &base64_text(&draw.bytes(length), STANDARD);
            text += "\n";
            text +=
                &format!("data:image/png;base64,{}\n", base64_text(&draw.bytes(length), STANDARD));
            text += &format!("\"cursor\": \"{}\",\n", base64_text(&draw.bytes(length), URL));
            text += &format!(
                "//# sourceMappingURL=data:application/json;base64,{}\n",
                base64_text(&draw.bytes(length), STANDARD)
            );
        }
    }
    let dashes = "-----";
    for _ in 0..4 {
        text += &format!("{dashes}BEGIN CERTIFICATE{dashes}\n");
        for _ in 0..20 {
            text += &base64_text(&draw.bytes(48), STANDARD);
            text += "\n";
        }
        text += &format!("{dashes}END CERTIFICATE{dashes}\n");
    }
    text
}

/// Lines of each form, `rounds` times, drawn anew.
fn drawn(seed: u64, forms: &[&str], rounds: usize) -> String {
    let mut draw = Draw::new(seed);
    let mut text = String::new();
    for _ in 0..rounds {
        for form in forms {
            text += &draw.fill(form);
            text += "\n";
        }
    }
    text
}

/// What was mistaken once, or may be.
pub fn written() -> String {
    let lines: Vec<&str> = include_str!("ordinary.txt").lines().collect();
    drawn(4, &lines, 10)
}

pub fn logs() -> String {
    drawn(1, LOGS, 40)
}

pub fn hashes() -> String {
    drawn(2, HASHES, 40)
}

pub fn lock_files() -> String {
    drawn(3, LOCK, 40)
}
