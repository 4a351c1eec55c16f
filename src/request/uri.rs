//! Paths as nginx reads and writes them, on either side.

/// Decodes every `%XX`, merges slashes and resolves dot segments; `None` where nginx answers 400.
pub fn normalise(path: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let value = u8::try_from(digit()? * 16 + digit()?).ok()?;
        if value == 0 {
            return None;
        }
        decoded.push(value);
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut parts = decoded.split(|&byte| byte == b'/').skip(1).peekable();
    let mut open = false;
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            b"" | b"." => open = last,
            b".." => {
                segments.pop()?;
                open = last;
            }
            segment => {
                segments.push(segment);
                open = false;
            }
        }
    }
    let mut normal = Vec::with_capacity(decoded.len() + 1);
    for segment in &segments {
        normal.push(b'/');
        normal.extend_from_slice(segment);
    }
    if open || segments.is_empty() {
        normal.push(b'/');
    }
    Some(normal)
}

/// `ngx_escape_uri` for paths sent upstream (`NGX_ESCAPE_URI`).
pub fn escape_path(bytes: &[u8]) -> String {
    escape(bytes, |byte| byte <= 0x20 || byte >= 0x7f || b"\"#%<>?\\^`{|}".contains(&byte))
}

/// A text with escapes for bytes that must have one.
pub fn escape(bytes: &[u8], must: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if must(byte) {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        } else {
            text.push(char::from(byte));
        }
    }
    text
}
