//! Standard base64, as Secrets and `!!binary` carry it.

/// Decodes padded base64; line breaks are skipped, as Go does.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut quantum = 0_u32;
    let mut filled = 0;
    let mut padding = 0;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' => continue,
            b'=' => {
                padding += 1;
                0
            }
            _ => return None,
        };
        if byte != b'=' && padding > 0 {
            return None;
        }
        quantum = (quantum << 6) | u32::from(value);
        filled += 1;
        if filled == 4 {
            let [_, first, second, third] = quantum.to_be_bytes();
            let keep = 3_usize.checked_sub(padding).filter(|keep| *keep > 0)?;
            bytes.extend_from_slice(&[first, second, third][..keep]);
            (quantum, filled) = (0, 0);
            if padding > 0 {
                padding = 4;
            }
        } else if padding > 2 {
            return None;
        }
    }
    (filled == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::decode_base64;

    #[test]
    fn padding_ends_the_text() {
        assert_eq!(decode_base64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(decode_base64("aA==\n"), Some(b"h".to_vec()));
        assert_eq!(decode_base64("aA==aA=="), None);
        assert_eq!(decode_base64("aGk"), None);
        assert_eq!(decode_base64("===="), None);
    }

    #[test]
    fn empty_text_is_empty() {
        assert_eq!(decode_base64(""), Some(Vec::new()));
    }
}
