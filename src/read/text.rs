//! Bytes of a file → text, as kubectl decodes them: a byte order mark decides between UTF-8 and UTF-16, and what is invalid becomes U+FFFD.

/// A text and what its bytes had to say.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) name: String,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Readable {
        text: String,
        /// Offset in `text` of the first character that replaces invalid bytes.
        invalid: Option<usize>,
        /// Offset in `text` of the first character that replaces a NUL.
        nul: Option<usize>,
    },
    Binary,
}

impl Text {
    pub(super) fn decode(name: String, bytes: Vec<u8>) -> Self {
        let (text, invalid) = match bytes.as_slice() {
            [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
            [0xEF, 0xBB, 0xBF, ..] => decode_utf8(bytes[3..].to_vec()),
            _ => decode_utf8(bytes),
        };
        let control = text.bytes().filter(|byte| *byte < 0x20 && !byte.is_ascii_whitespace()).count();
        if control > 16 && control * 20 > text.len() {
            return Self { name, content: Content::Binary };
        }
        let nul = text.find('\0');
        let text = if nul.is_some() { text.replace('\0', "\u{fffd}") } else { text };
        Self { name, content: Content::Readable { text, invalid, nul } }
    }
}

fn decode_utf8(bytes: Vec<u8>) -> (String, Option<usize>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let invalid = error.utf8_error().valid_up_to();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(invalid))
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, Option<usize>) {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut invalid = None;
    for decoded in char::decode_utf16(units) {
        if decoded.is_err() {
            invalid.get_or_insert(text.len());
        }
        text.push(decoded.unwrap_or('\u{fffd}'));
    }
    (text, invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        match Text::decode(String::new(), bytes.to_vec()).content {
            Content::Readable { text, .. } => text,
            Content::Binary => "binary".to_owned(),
        }
    }

    #[test]
    fn byte_order_marks_decide_and_go() {
        assert_eq!(text(b"\xEF\xBB\xBFa"), "a");
        assert_eq!(text(b"\xFF\xFEa\0\xE4\0"), "aä");
        assert_eq!(text(b"\xFE\xFF\0a"), "a");
    }

    #[test]
    fn invalid_bytes_are_replaced_and_remembered() {
        let Content::Readable { text, invalid, .. } = Text::decode(String::new(), b"k: \xff\xfe".to_vec()).content else {
            panic!("binary")
        };
        assert_eq!((text.as_str(), invalid), ("k: \u{fffd}\u{fffd}", Some(3)));
    }

    #[test]
    fn control_characters_make_a_file_binary() {
        assert_eq!(text(&[0x7F, b'E', b'L', b'F', 1, 2].iter().copied().cycle().take(300).collect::<Vec<_>>()), "binary");
    }
}
