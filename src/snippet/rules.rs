//! Rules of `ModSecurity`, which the controller writes between single quotation marks into `modsecurity_rules '…';`.

use super::{Directive, End, Snippet, Stop, Word};

/// Reads the lines of `snippet.text` into its directives.
pub(super) fn read(snippet: &mut Snippet) {
    let end = match first_quote(&snippet.text) {
        Some(at) => {
            let behind = snippet.text[at + 1..].chars().next();
            snippet.stops.push(match behind {
                Some(';') => Stop::closes_place(at..at + 1),
                Some(character) if !character.is_ascii_whitespace() => Stop::unexpected(&snippet.text, at + 1),
                Some(_) | None => Stop {
                    message: "invalid number of arguments in \"modsecurity_rules\" directive".to_owned(),
                    ..Stop::unexpected(&snippet.text, at)
                },
            });
            at
        }
        None => snippet.text.len(),
    };
    let mut start = 0;
    while start < end {
        let line_end = logical_line(&snippet.text[..end], start);
        let words = words(&snippet.text, start, line_end);
        if let (Some(first), Some(last)) = (words.first(), words.last())
            && !first.text.starts_with('#')
        {
            let span = first.span.start..last.span.end;
            let next = snippet.directives.len() + 1;
            snippet.directives.push(Directive { words, span, end: End::Semicolon, parent: None, next });
        }
        start = line_end + 1;
    }
}

/// The quotation mark that ends the text for nginx.
fn first_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\'' => return Some(at),
            _ => {}
        }
    }
    None
}

/// The end of a line that goes on where it ends with a backslash.
fn logical_line(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        let stop = bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |found| at + found);
        let line = text[at..stop].trim_end_matches([' ', '\t', '\r']);
        if !line.ends_with('\\') {
            return stop;
        }
        at = stop + 1;
    }
    bytes.len()
}

fn words(text: &str, start: usize, end: usize) -> Vec<Word> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = start;
    while at < end {
        if bytes[at].is_ascii_whitespace() || (bytes[at] == b'\\' && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace)) {
            at += 1;
            continue;
        }
        let from = at;
        let mut quoted = false;
        while at < end && (quoted || !bytes[at].is_ascii_whitespace()) {
            match bytes[at] {
                b'\\' => at += 1,
                b'"' => quoted = !quoted,
                _ => {}
            }
            at += 1;
        }
        let mut to = at.min(end);
        while !text.is_char_boundary(to) {
            to += 1;
        }
        at = to;
        words.push(Word { text: text[from..to].trim_matches('"').to_owned(), span: from..to, quote: None });
    }
    words
}
