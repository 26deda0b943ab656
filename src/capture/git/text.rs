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

/// `text` in at most `max` bytes; what was cut ends in a mark that says so and how long it was.
pub(super) fn bounded(mut text: String, max: usize) -> String {
    if text.len() > max {
        let mark = format!("… [cut: {} bytes in all]", text.len());
        let room = max.saturating_sub(mark.len());
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
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
        assert_eq!(bounded("x".repeat(100), 100), "x".repeat(100));
        let cut = bounded("é".repeat(100), 99);
        assert!(cut.len() <= 99 && cut.len() >= 97, "{}", cut.len());
        assert!(cut.starts_with("éé") && cut.ends_with("é… [cut: 200 bytes in all]"), "{cut}");
    }
}
