//! Bytes of a commit as text of an event.

use gix::bstr::ByteSlice;

/// The text of `bytes` in the encoding that the commit declares, else in UTF-8. What fits no
/// character becomes U+FFFD.
pub(super) fn decode(bytes: &[u8], encoding: Option<&[u8]>) -> String {
    let declared = encoding.and_then(|label| {
        gix::filter::plumbing::worktree::encoding::for_label(label.as_bstr()).ok()
    });
    match declared {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// `text` in at most `max` characters; what was cut ends in a mark that says so.
pub(super) fn bounded_chars(text: String, max: usize) -> String {
    // Bytes are counted faster, and are never fewer.
    if text.len() <= max || text.chars().count() <= max {
        return text;
    }
    let mark = format!("… [cut: {} characters in all]", text.chars().count());
    let room = max.saturating_sub(mark.chars().count());
    text.chars().take(room).chain(mark.chars()).collect()
}

/// `text` in at most `max` bytes; what was cut ends in a mark that says so.
pub(super) fn bounded_bytes(mut text: String, max: usize) -> String {
    if text.len() > max {
        let mark = format!("… [cut: {} bytes in all]", text.len());
        text.truncate(text.floor_char_boundary(max.saturating_sub(mark.len())));
        text.push_str(&mark);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_the_declared_encoding_else_as_utf8() {
        assert_eq!(decode("Jürgen €".as_bytes(), None), "Jürgen €");
        assert_eq!(decode(b"J\xfcrgen", None), "J\u{fffd}rgen");
        for label in ["ISO-8859-1", "iso8859-1", "latin1"] {
            assert_eq!(decode(b"J\xfcrgen", Some(label.as_bytes())), "Jürgen", "{label}");
        }
        assert_eq!(decode(b"\x83e\x83X\x83g", Some(b"SHIFT-JIS")), "テスト");
        assert_eq!(decode("Jürgen".as_bytes(), Some(b"no such encoding")), "Jürgen");
        assert_eq!(decode("Jürgen".as_bytes(), Some(b"UTF-8")), "Jürgen");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(bounded_bytes("x".repeat(100), 100), "x".repeat(100));
        let cut = bounded_bytes("é".repeat(100), 99);
        assert!(cut.len() <= 99 && cut.len() >= 97, "{}", cut.len());
        assert!(cut.starts_with("éé") && cut.ends_with("é… [cut: 200 bytes in all]"), "{cut}");
        assert_eq!(bounded_chars("é".repeat(100), 100), "é".repeat(100));
        let cut = bounded_chars("é".repeat(101), 100);
        assert_eq!(cut.chars().count(), 100);
        assert!(cut.starts_with("éé") && cut.ends_with("é… [cut: 101 characters in all]"), "{cut}");
    }
}
