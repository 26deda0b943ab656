//! Secrets drawn from a seed: the repository holds the formats, never a secret.

/// SplitMix64: the same numbers for the same seed, on every machine.
pub struct Draw(u64);

/// Words that people make passwords of.
const WORDS: &[&str] = &[
    "tiger", "winter", "dragon", "coffee", "monkey", "orchid", "falcon", "summer", "harbor",
    "velvet", "rocket", "marble", "garden", "silver", "thunder", "pepper",
];

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    pub fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| letters[self.below(letters.len())]).collect()
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }

    /// Fills the gaps of a format. A gap is a letter for its alphabet and a length, as in `{h40}`;
    /// `{U}` is a UUID. Any other brace is itself.
    pub fn fill(&mut self, format: &str) -> String {
        let mut filled = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let gap = after.split_once('}').filter(|(gap, _)| is_gap(gap));
            rest = gap.map_or(after, |(_, after)| after);
            match gap {
                Some((gap, _)) => filled.push_str(&self.gap(gap)),
                None => filled.push('{'),
            }
        }
        filled + rest
    }

    fn gap(&mut self, gap: &str) -> String {
        if gap == "U" {
            return self.fill("{h8}-{h4}-4{h3}-a{h3}-{h12}");
        }
        let (kind, length) = gap.split_at(1);
        let lower = "abcdefghijklmnopqrstuvwxyz";
        let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let digits = "0123456789";
        let alphabet = match kind {
            "w" => [lower, upper, digits].concat(),
            "a" => [lower, upper].concat(),
            "l" => [lower, digits].concat(),
            "u" => [upper, digits].concat(),
            "d" => digits.to_owned(),
            "h" => "0123456789abcdef".to_owned(),
            "H" => "0123456789ABCDEF".to_owned(),
            // Base32, Bech32, Base64 and its form for URLs.
            "t" => [upper, "234567"].concat(),
            "q" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".to_owned(),
            "b" => [lower, upper, digits, "+/"].concat(),
            "s" => [lower, upper, digits, "-_"].concat(),
            _ => panic!("no alphabet {kind}"),
        };
        self.text(&alphabet, length.parse().expect("a length"))
    }

    /// A password as people choose them, or as a manager draws them.
    pub fn password(&mut self) -> String {
        let word = self.pick(WORDS).to_owned();
        let capital = word[..1].to_uppercase() + &word[1..];
        let number = self.below(90) + 10;
        match self.below(6) {
            0 => format!("{capital}{number}!"),
            1 => format!("{word}{number}"),
            2 => format!("{}-{}-{word}-{number}", self.pick(WORDS), self.pick(WORDS)),
            3 => self.fill("{w7}#{w8}"),
            4 => self.fill("{w16}"),
            _ => format!("{}${number}", word.replace('e', "3").replace('o', "0")),
        }
    }

    /// A password that a URL and a command line take without quotes.
    pub fn plain_password(&mut self) -> String {
        loop {
            let password = self.password();
            if password.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return password;
            }
        }
    }

    /// A password of letters alone.
    pub fn weak_password(&mut self) -> String {
        [self.pick(WORDS), self.pick(WORDS)].concat()
    }

    /// A key as services without a format of their own give out.
    pub fn key(&mut self) -> String {
        let format =
            ["{h32}", "{h40}", "{w24}", "{w32}", "{w40}", "{s43}", "{b43}=", "{U}", "{l36}"];
        let format = self.pick(&format);
        self.fill(format)
    }

    pub fn jwt(&mut self) -> String {
        let part = |text: String| base64_text(text.as_bytes(), URL);
        let header = part(r#"{"alg":"HS256","typ":"JWT"}"#.to_owned());
        let payload =
            part(format!(r#"{{"sub":"{}","iat":17{}}}"#, self.fill("{d10}"), self.fill("{d8}")));
        format!("{header}.{payload}.{}", self.fill("{s43}"))
    }

    /// A private key in PEM form; its bytes mean nothing.
    pub fn pem(&mut self, title: &str) -> String {
        let body = base64_text(&self.bytes(610), STANDARD);
        let mut lines: Vec<&str> = Vec::new();
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            lines.push(line);
            rest = after;
        }
        let dashes = "-----";
        format!("{dashes}BEGIN {title}{dashes}\n{}\n{dashes}END {title}{dashes}", lines.join("\n"))
    }

    /// What HTTP Basic authentication sends.
    pub fn basic(&mut self) -> String {
        let pair = format!("deploy:{}", self.password());
        base64_text(pair.as_bytes(), STANDARD)
    }
}

/// Whether this stands for something, and is not a brace of the format.
fn is_gap(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text == "U" || text.starts_with(|c: char| c.is_ascii_alphabetic()) && is_number(&text[1..])
}

/// The digits of Base64 that come after letters and numbers.
pub type Digits = (char, char, bool);
/// With padding.
pub const STANDARD: Digits = ('+', '/', true);
/// For URLs, without.
pub const URL: Digits = ('-', '_', false);

/// The Base64 of `bytes`.
pub fn base64_text(bytes: &[u8], (plus, slash, padded): Digits) -> String {
    let digit = |value: u32| match u8::try_from(value & 63).unwrap() {
        value @ 0..26 => char::from(b'A' + value),
        value @ 26..52 => char::from(b'a' + value - 26),
        value @ 52..62 => char::from(b'0' + value - 52),
        62 => plus,
        _ => slash,
    };
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            if place <= three.len() {
                text.push(digit(bits >> (18 - 6 * place)));
            } else if padded {
                text.push('=');
            }
        }
    }
    text
}
