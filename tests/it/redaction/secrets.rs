//! The labelled corpus: secrets in the texts where they stand.

use super::contexts as at;
use super::draw::{Draw, STANDARD, base64_text};
use super::formats;

/// A secret in its text.
pub struct Sample {
    /// What kind of secret it is: for a provider's, the rule.
    pub class: &'static str,
    /// Whether the class is a rule, which must stand in its place.
    pub exact: bool,
    pub before: String,
    pub secret: String,
    pub after: String,
}

impl Sample {
    pub fn text(&self) -> String {
        format!("{}{}{}", self.before, self.secret, self.after)
    }
}

/// The class of passwords of letters alone, drawn or of words: what code and prose hold at the same
/// places, too.
pub const LETTERS: &str = "letters alone";

/// How often a format of a provider stands in the corpus, each time elsewhere.
const PLACES: usize = 4;

/// The whole corpus, the same each time.
pub fn corpus() -> Vec<Sample> {
    let mut corpus = Corpus { draw: Draw::new(2026), samples: Vec::new() };
    corpus.providers();
    corpus.passwords();
    corpus.keys();
    corpus.headers();
    corpus.lines();
    corpus.samples
}

struct Corpus {
    draw: Draw,
    samples: Vec<Sample>,
}

impl Corpus {
    /// Adds a sample; where the text has the place twice, both are the secret.
    fn add(&mut self, class: &'static str, context: &str, secret: String) {
        let (before, after) = context.split_once('¤').expect("a context has a place");
        let after = after.replace('¤', &secret);
        let exact = !after.contains(&secret);
        let is_letters = secret.bytes().all(|byte| byte.is_ascii_alphabetic());
        let class = if is_letters { LETTERS } else { class };
        self.samples.push(Sample { class, exact, before: before.into(), secret, after });
    }

    fn providers(&mut self) {
        let mut place = 0;
        for (rule, formats) in formats::TOKENS {
            for format in *formats {
                for _ in 0..PLACES {
                    let secret = self.draw.fill(format);
                    self.add(rule, at::ANYWHERE[place % at::ANYWHERE.len()], secret);
                    place += 1;
                }
            }
        }
        for (rule, context, format) in formats::PLACED {
            for _ in 0..2 {
                let id = self.draw.fill("AKIA{t16}");
                let secret = self.draw.fill(format);
                self.add(rule, &context.replace("{AKIA}", &id), secret);
            }
        }
        for context in at::ANYWHERE {
            let jwt = self.draw.jwt();
            self.add("jwt", context, jwt);
        }
    }

    fn passwords(&mut self) {
        for _ in 0..2 {
            for context in at::PASSWORDS {
                // What ends a value where it is not quoted is not in it.
                let is_quoted = context.contains(['"', '\'']);
                let password =
                    if is_quoted { self.draw.password() } else { self.draw.plain_password() };
                self.add("password", context, password);
            }
            for (class, context) in at::COMMANDS {
                let password = self.draw.plain_password();
                self.add(class, context, password);
            }
        }
        for context in at::PASSWORDS {
            let password = self.draw.weak_password();
            self.add(LETTERS, context, password);
        }
    }

    fn keys(&mut self) {
        for _ in 0..3 {
            for context in at::NAMED {
                let key = self.draw.key();
                self.add("named-secret", context, key);
            }
        }
        for context in at::BESIDE {
            for format in ["{w32}", "{w40}", "{s43}", "{b43}="] {
                let key = self.draw.fill(format);
                self.add("high-entropy", context, key);
            }
        }
        for (at, (line, context)) in at::KEYS.iter().enumerate() {
            for place in 0..2 {
                let title = at::TITLES[(2 * at + place) % at::TITLES.len()];
                let key = self.draw.pem(title).replace('\n', line);
                self.add("private-key", context, key);
            }
        }
        for title in &at::TITLES[..5] {
            let key = base64_text(self.draw.pem(title).as_bytes(), STANDARD);
            self.add("private-key", "client-key-data: ¤", key);
        }
        let lines = self.draw.fill("{b64}\n{b64}\n{b28}");
        let putty =
            "PuTTY-User-Key-File-3: ssh-ed25519\nComment: ci\nPrivate-Lines: 3\n¤\nPrivate-MAC: 00";
        self.add("private-key", putty, lines);
    }

    /// The lines of `named.txt`: a class, and a text with the form of the secret between « and ».
    fn lines(&mut self) {
        let lines = include_str!("named.txt").lines();
        for line in lines.filter(|line| !line.starts_with('#')) {
            let (class, text) = line.split_once(' ').expect("a class");
            let (before, rest) = text.split_once('«').expect("the start of a secret");
            let (form, after) = rest.split_once('»').expect("the end of a secret");
            for _ in 0..12 {
                let secret = self.draw.fill(form);
                self.add(class, &format!("{before}¤{after}"), secret);
            }
        }
    }

    fn headers(&mut self) {
        for _ in 0..3 {
            for context in at::BEARER {
                let key = self.draw.key();
                self.add("bearer", context, key);
            }
            for context in at::BASIC {
                let pair = self.draw.basic();
                self.add("basic", context, pair);
            }
            for context in at::COOKIES {
                let value = self.draw.fill("{w32}");
                self.add("cookie", context, value);
            }
        }
    }
}
