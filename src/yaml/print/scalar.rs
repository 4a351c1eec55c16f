//! How a string is written.

use crate::yaml::Resolved;
use crate::yaml::resolve::resolve_plain;

/// Longest key that is written without `?`; go-yaml gives up after 1024 characters.
const LONGEST_KEY: usize = 512;

/// How a string is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Block,
}

/// Whether a character may stand in a document as it is: what go-yaml takes, without breaks and what cannot be seen.
pub(super) fn is_printable(c: char) -> bool {
    match c {
        '\x00'..='\x1F'
        | '\x7F'..='\u{A0}'
        | '\u{AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF0}'..='\u{FFFF}' => false,
        _ => u32::from(c) & 0xFFFE != 0xFFFE,
    }
}

/// Writes a string as the value of a key or an item, without the break that ends it. `indent` is that of a block.
pub(super) fn write_text(out: &mut String, text: &str, indent: Option<usize>) {
    match style(text, indent.is_some()) {
        Style::Plain => out.push_str(text),
        Style::Single => write_single(out, text),
        Style::Double => write_double(out, text),
        Style::Block => write_block(out, text, indent.unwrap_or(0)),
    }
}

/// Writes a key and its colon.
pub(super) fn write_key(out: &mut String, key: &str, indent: usize) {
    if key.len() > LONGEST_KEY {
        out.push_str("? ");
        write_double(out, key);
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    } else {
        write_text(out, key, None);
    }
    out.push(':');
}

fn style(text: &str, block: bool) -> Style {
    if is_plain(text) {
        Style::Plain
    } else if text.contains('\n') && block && is_block(text) {
        Style::Block
    } else if text.chars().all(is_printable) && text.contains(['\\', '"']) {
        Style::Single
    } else {
        Style::Double
    }
}

/// Whether a bare word is read as this text by YAML 1.1 and 1.2 alike.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Most keys are such words, and none of them is read as something else.
    if bytes.len() > LONGEST_WORD && bytes.iter().all(u8::is_ascii_alphabetic) {
        return true;
    }
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    let starts = first.is_ascii_alphanumeric()
        || matches!(first, b'/' | b'_' | b'$' | b'(' | b'.' | b'+' | b'^')
        || (first == b'-' && bytes.len() > 1);
    if !starts || last == b' ' || last == b':' {
        return false;
    }
    if matches!(first, b'-' | b'.') && (text.starts_with("---") || text.starts_with("...") || text.starts_with("- ")) {
        return false;
    }
    let found = bytes.iter().fold(0, |found, &byte| found | SPECIAL[usize::from(byte)]);
    if found & FOREIGN != 0 || (found & COLON != 0 && text.contains(": ")) || (found & HASH != 0 && text.contains(" #")) {
        return false;
    }
    // Only what starts like a number or like a word can be one; this is asked of every key.
    if first.is_ascii_alphabetic() {
        return bytes.len() > LONGEST_WORD || !is_word(text);
    }
    let could_be_one = first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.') || bytes.len() <= LONGEST_WORD;
    !could_be_one || (!looks_like_a_number(text) && !is_word(text) && matches!(resolve_plain(text), Resolved::Text(_)))
}

const COLON: u8 = 1;
const HASH: u8 = 2;
/// What never stands in a bare word.
const FOREIGN: u8 = 4;

/// What a byte may mean inside a bare word.
const SPECIAL: [u8; 256] = {
    let mut table = [FOREIGN; 256];
    let mut byte = 0x20;
    while byte < 0x7F {
        table[byte] = match byte {
            0x3A => COLON,
            0x23 => HASH,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// Length of the longest word that YAML reads as something else.
const LONGEST_WORD: usize = "false".len();

/// Numbers, times, dates and addresses: everything that some version of YAML may take for a number.
fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['+', '-', '.']);
    (unsigned.len() < text.len() || text.starts_with(|c: char| c.is_ascii_digit()))
        && unsigned.bytes().all(|byte| {
            byte.is_ascii_hexdigit()
                || matches!(byte, b'x' | b'X' | b'o' | b'O' | b'_' | b'.' | b':' | b'+' | b'-' | b' ' | b't' | b'T' | b'z' | b'Z')
        })
}

/// Words for booleans, null and infinity, in any case.
fn is_word(text: &str) -> bool {
    const WORDS: [&[&str]; LONGEST_WORD + 1] =
        [&[], &["y", "n"], &["no", "on"], &["yes", "off", "inf", "nan"], &["true", "null"], &["false"]];
    let word = text.trim_start_matches(['+', '-', '.']);
    WORDS.get(word.len()).is_some_and(|words| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// Whether a literal block keeps this text: one break at the end or none, no blank line of spaces, nothing that shifts the indentation.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    !body.is_empty()
        && !body.starts_with(['\n', ' '])
        && !body.ends_with('\n')
        && body.split('\n').all(|line| line.chars().all(is_printable) && !line.ends_with(' '))
}

fn write_block(out: &mut String, text: &str, indent: usize) {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    out.push_str(header);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
}

fn write_single(out: &mut String, text: &str) {
    out.push('\'');
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
    out.push('\'');
}

fn write_double(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if is_printable(c) => out.push(c),
            _ => match u32::from(c) {
                code @ 0..=0xFF => push_escape(out, 'x', code, 2),
                code @ 0x100..=0xFFFF => push_escape(out, 'u', code, 4),
                code => push_escape(out, 'U', code, 8),
            },
        }
    }
    out.push('"');
}

fn push_escape(out: &mut String, letter: char, code: u32, digits: usize) {
    out.push('\\');
    out.push(letter);
    for position in (0..digits).rev() {
        let digit = (code >> (4 * position)) & 0xF;
        out.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        write_text(&mut out, text, Some(2));
        out
    }

    #[test]
    fn what_yaml_takes_for_something_else_is_quoted() {
        for text in [
            "",
            "on",
            "Yes",
            "n",
            "NULL",
            "~",
            "12:30:00",
            "1e3",
            "1_000",
            "0o7",
            "0x1F",
            "2024-01-01",
            "1.5",
            ".5",
            "+1",
            ".inf",
            "-.INF",
            "<<",
            "=",
            "80",
            "10.0.0.1",
            " a",
            "a ",
            "a: b",
            "a:",
            "a #b",
            "- a",
            "---",
            "...",
            "@a",
            "`a`",
            "%a",
            "*a",
            "&a",
            "!a",
            "|",
            "> a",
            "[a",
            "{a",
            "# a",
            "?",
            "a\tb",
        ] {
            assert!(written(text).starts_with(['"', '\'']), "{text}: {}", written(text));
        }
    }

    #[test]
    fn ordinary_words_are_bare() {
        for text in [
            "web",
            "/",
            "/a(/|$)(.*)",
            "/$1",
            "a.example.com",
            "8m",
            "10.0.0.0/8,10.1.0.0/16",
            "https://a.example/b?c=d&e",
            "a#b",
            "--flag=x",
            "a, b",
            "yesterday",
        ] {
            assert_eq!(written(text), text);
        }
    }

    #[test]
    fn backslashes_are_kept_readable() {
        assert_eq!(written(r"/api/v\d+"), r"/api/v\d+");
        assert_eq!(written(r"~ \d+'s"), r"'~ \d+''s'");
    }

    #[test]
    fn what_a_block_would_change_is_quoted() {
        for text in [" a\nb\n", "\na\n", "a\n\n", "a\n \nb", "a\tb\nc", "a \nb", "\n", "a\r\nb"] {
            assert!(written(text).starts_with('"'), "{text:?}");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(written("a\u{0}\u{7f}\u{85}\u{feff}\u{1f}ü"), "\"a\\x00\\x7f\\x85\\ufeff\\x1fü\"");
    }
}
