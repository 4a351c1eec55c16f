//! JSON with positions, as Go's `encoding/json` reads it from a stream: one value, then whatever follows.

use super::{Node, Scalar, ScalarStyle, Span, SyntaxError, Value};

const MAX_DEPTH: usize = 1000;

/// Reads one value that starts at `pos` after white space; returns it and where it ends.
pub(super) fn parse(text: &str, pos: usize) -> Result<(Node, usize), SyntaxError> {
    let mut reader = Reader { text, pos };
    let node = reader.value()?;
    Ok((node, reader.pos))
}

struct Reader<'t> {
    text: &'t str,
    pos: usize,
}

enum Open {
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>, Option<Node>),
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.pos).copied().unwrap_or(0)
    }

    fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError { message: message.into(), span: Span::new(self.pos, self.pos) }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.pos += 1;
        }
    }

    /// A value, with a stack instead of recursion.
    fn value(&mut self) -> Result<Node, SyntaxError> {
        let mut stack: Vec<(Open, usize)> = Vec::new();
        loop {
            self.blanks();
            let start = self.pos;
            let mut done = match self.peek() {
                byte @ (b'{' | b'[') => {
                    if stack.len() == MAX_DEPTH {
                        return Err(self.error("nested deeper than 1000 levels"));
                    }
                    self.pos += 1;
                    self.blanks();
                    let close = if byte == b'{' { b'}' } else { b']' };
                    let mut open = if byte == b'{' { Open::Mapping(Vec::new(), None) } else { Open::Sequence(Vec::new()) };
                    if self.peek() == close {
                        self.pos += 1;
                        finish(open, start, self.pos)
                    } else {
                        self.key(&mut open)?;
                        stack.push((open, start));
                        continue;
                    }
                }
                b'"' => self.string()?,
                _ => self.literal()?,
            };
            loop {
                let Some((open, start)) = stack.last_mut() else { return Ok(done) };
                let close = match open {
                    Open::Sequence(items) => {
                        items.push(done);
                        b']'
                    }
                    Open::Mapping(entries, key) => {
                        entries.push((key.take().expect("INVARIANT: a key was read before its value"), done));
                        b'}'
                    }
                };
                self.blanks();
                match self.peek() {
                    b',' => {
                        self.pos += 1;
                        self.key(open)?;
                        break;
                    }
                    byte if byte == close => {
                        self.pos += 1;
                        let start = *start;
                        let (open, _) = stack.pop().expect("INVARIANT: the last one was seen");
                        done = finish(open, start, self.pos);
                    }
                    _ => return Err(self.error("expected a comma or the end of the collection")),
                }
            }
        }
    }

    /// Key and colon, where a mapping is open.
    fn key(&mut self, open: &mut Open) -> Result<(), SyntaxError> {
        let Open::Mapping(_, key) = open else { return Ok(()) };
        self.blanks();
        if self.peek() != b'"' {
            return Err(self.error("expected a key in double quotes"));
        }
        *key = Some(self.string()?);
        self.blanks();
        if self.peek() != b':' {
            return Err(self.error("expected `:` after a key"));
        }
        self.pos += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<Node, SyntaxError> {
        let start = self.pos;
        self.pos += 1;
        let mut text = String::new();
        loop {
            let from = self.pos;
            while !matches!(self.peek(), b'"' | b'\\' | 0..0x20) {
                self.pos += 1;
            }
            text.push_str(&self.text[from..self.pos]);
            match self.peek() {
                b'"' => break,
                b'\\' => text.push(self.escape()?),
                _ => return Err(self.error("a string does not end, or holds a control character")),
            }
        }
        self.pos += 1;
        Ok(scalar(text, ScalarStyle::Quoted, start, self.pos))
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let byte = self.text.as_bytes().get(self.pos + 1).copied().unwrap_or(0);
        self.pos += 2;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\x08',
            b'f' => '\x0C',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex().ok_or_else(|| self.error("bad \\u escape"))?;
                if !(0xD800..0xE000).contains(&first) {
                    return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
                }
                // A surrogate without its other half becomes U+FFFD, as in Go.
                let before = self.pos;
                if first < 0xDC00 && self.text[self.pos..].starts_with("\\u") {
                    self.pos += 2;
                    if let Some(second @ 0xDC00..0xE000) = self.hex() {
                        let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                        return Ok(char::from_u32(joined).unwrap_or('\u{fffd}'));
                    }
                }
                self.pos = before;
                '\u{fffd}'
            }
            _ => {
                self.pos -= 2;
                return Err(self.error("unknown escape"));
            }
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.pos..self.pos + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.pos += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// `true`, `false`, `null` or a number. Nothing has to separate it from what follows.
    fn literal(&mut self) -> Result<Node, SyntaxError> {
        let start = self.pos;
        let rest = &self.text[start..];
        let len = ["true", "false", "null"]
            .into_iter()
            .find(|word| rest.starts_with(word))
            .map_or_else(|| number_len(rest.as_bytes()), |word| Some(word.len()));
        let Some(len) = len else { return Err(self.error("expected a value")) };
        self.pos += len;
        Ok(scalar(rest[..len].to_owned(), ScalarStyle::Plain, start, self.pos))
    }
}

/// Length of `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?` at the start.
fn number_len(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = if bytes.get(sign) == Some(&b'0') { 1 } else { digits(sign) };
    let mut len = sign + whole;
    if whole == 0 {
        return None;
    }
    if bytes.get(len) == Some(&b'.') {
        let fraction = digits(len + 1);
        if fraction == 0 {
            return None;
        }
        len += 1 + fraction;
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(len + 1 + sign);
        if exponent == 0 {
            return None;
        }
        len += 1 + sign + exponent;
    }
    Some(len)
}

fn scalar(text: String, style: ScalarStyle, start: usize, end: usize) -> Node {
    Node { value: Value::Scalar(Scalar { text, style, tag: None }), span: Span::new(start, end) }
}

fn finish(open: Open, start: usize, end: usize) -> Node {
    let value = match open {
        Open::Sequence(items) => Value::Sequence(items),
        Open::Mapping(entries, _) => Value::Mapping(entries),
    };
    Node { value, span: Span::new(start, end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_the_next_begins() {
        let (node, end) = parse("{\"a\": [1, \"x\"]} {}", 0).expect("JSON");
        assert_eq!(end, 15);
        assert_eq!(node.get("a").and_then(|a| a.items().get(1)?.as_text()), Some("x"));
    }

    #[test]
    fn surrogates_join_or_are_replaced() {
        let (node, _) = parse(r#""\ud83d\ude00\ud83d!""#, 0).expect("JSON");
        assert_eq!(node.as_text(), Some("😀\u{fffd}!"));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["{a: 1}", "{\"a\" 1}", "[1,]", "{\"a\":1,}", "1.", "-", "1e", "\"a\nb\"", "\"\\q\"", "[1", "/*x*/ 1", ""] {
            assert!(parse(text, 0).is_err(), "{text}");
        }
    }

    #[test]
    fn a_literal_ends_where_its_grammar_ends() {
        assert_eq!(parse("012", 0).map(|(_, end)| end), Ok(1));
        assert_eq!(parse("true1", 0).map(|(_, end)| end), Ok(4));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse(&"[".repeat(100_000), 0).is_err());
    }
}
