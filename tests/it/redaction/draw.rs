//! Fills forms such as `ghp_{alnum:36}` with random characters, the same for the same seed.

/// A generator of random characters (SplitMix64).
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn characters(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet = alphabet.as_bytes();
        let mut pick = || char::from(alphabet[(self.next() % alphabet.len() as u64) as usize]);
        (0..length).map(|_| pick()).collect()
    }

    /// `form` with each `{alphabet:length}` and `{uuid}` drawn anew; other braces stay.
    pub fn fill(&mut self, form: &str) -> String {
        let mut filled = String::new();
        let mut rest = form;
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let drawn = rest.find('}').and_then(|end| Some((self.gap(&rest[1..end])?, end + 1)));
            let (text, length) = drawn.unwrap_or_else(|| ("{".to_owned(), 1));
            filled.push_str(&text);
            rest = &rest[length..];
        }
        filled + rest
    }

    fn gap(&mut self, gap: &str) -> Option<String> {
        if gap == "uuid" {
            let parts = [8, 4, 4, 4, 12].map(|length| self.characters("0123456789abcdef", length));
            return Some(parts.join("-"));
        }
        let (alphabet, length) = gap.split_once(':')?;
        Some(self.characters(alphabet_of(alphabet)?, length.parse().ok()?))
    }
}

fn alphabet_of(name: &str) -> Option<&'static str> {
    const ALL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    Some(match name {
        "alnum" => &ALL[..62],
        "url" => ALL,
        "alpha" => &ALL[..52],
        "digit" => &ALL[52..62],
        "lower" => &ALL[26..62],
        "upper" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "hex" => "0123456789abcdef",
        "upperhex" => "0123456789ABCDEF",
        "base32" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "bech32" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        "base64" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        _ => return None,
    })
}
