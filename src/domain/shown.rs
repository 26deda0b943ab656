//! What a refusal shows of a text that a caller gave.

use std::borrow::Cow;

/// How much of a word is shown that goes on beyond the cut.
const STUMP_CHARS: usize = 8;

/// `text`, cut to at most so many characters, with an ellipsis where something was cut off.
///
/// Of a word that the cut goes through hardly anything is left: half of a secret is one that no rule
/// of redaction knows any more, and this comes before those.
pub fn shown(text: &str, chars: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(chars) else { return Cow::Borrowed(text) };
    // One character makes room for the ellipsis.
    let head = text[..end].char_indices().next_back().map_or("", |(last, _)| &text[..last]);
    let goes_on = !text[head.len()..].starts_with(char::is_whitespace);
    let word = head.char_indices().rev().find(|(_, c)| c.is_whitespace());
    let word = word.map_or(0, |(at, space)| at + space.len_utf8());
    let stump = head[word..].char_indices().nth(STUMP_CHARS).filter(|_| goes_on);
    let end = stump.map_or(head.len(), |(at, _)| word + at);
    Cow::Owned(format!("{}…", &head[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(shown("short", 5), "short");
        let cut = shown("éé éé éé éé", 5);
        assert_eq!(cut, "éé é…");
        assert_eq!(shown("", 0), "");
        assert_eq!(shown("x", 0), "…");
    }

    #[test]
    fn of_a_word_that_is_cut_only_the_start_is_shown() {
        let token = "abcdefgh".repeat(20);
        assert_eq!(shown(&token, 80), "abcdefgh…");
        assert_eq!(shown(&format!("with {token}"), 80), "with abcdefgh…");
        let whole = format!("{} and more", &token[..79]);
        assert_eq!(shown(&whole, 80), format!("{}…", &token[..79]));
    }
}
