//! Plain, quoted and block scalars.

use std::borrow::Cow;

use super::{ScalarStyle, Scanner, SyntaxError, TokenKind};

/// What follows a block scalar's text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl<'t> Scanner<'t> {
    pub(super) fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), SyntaxError> {
        self.remove_key()?;
        self.key_allowed = true;
        let start = self.mark.pos;
        self.skip();
        let (chomping, increment) = self.scan_block_header(start)?;
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_to_line_end();
        }
        if !self.is_breakz(0) {
            return Err(self.error_at(start, "did not find expected comment or line break"));
        }
        self.skip_line();

        let mut indent = if increment > 0 { usize::try_from(self.indent).unwrap_or(0) + increment } else { 0 };
        let mut text = String::new();
        let mut leading_break = String::new();
        let mut trailing_breaks = String::new();
        let mut end = self.mark.pos;
        self.scan_block_breaks(&mut indent, &mut trailing_breaks, &mut end)?;
        let mut leading_blank = false;
        while self.mark.column == indent && !self.is_end(0) {
            let trailing_blank = self.is_blank(0);
            if !literal && !leading_blank && !trailing_blank && leading_break.starts_with('\n') {
                if trailing_breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(&leading_break);
            }
            leading_break.clear();
            text.push_str(&trailing_breaks);
            trailing_breaks.clear();
            leading_blank = self.is_blank(0);
            let from = self.mark.pos;
            self.skip_to_line_end();
            text.push_str(&self.text[from..self.mark.pos]);
            end = self.mark.pos;
            if self.is_end(0) {
                // kubectl ends the last line of a file that has no final newline.
                leading_break.push('\n');
            } else {
                self.read_line(&mut leading_break);
            }
            self.scan_block_breaks(&mut indent, &mut trailing_breaks, &mut end)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(&leading_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&trailing_breaks);
        }
        self.push(TokenKind::Scalar { text: Cow::Owned(text), style: ScalarStyle::Block }, start);
        let token = self.tokens.back_mut().expect("INVARIANT: just pushed");
        token.end = end.min(token.end);
        Ok(())
    }

    /// `+`, `-` and a digit, in either order.
    fn scan_block_header(&mut self, start: usize) -> Result<(Chomping, usize), SyntaxError> {
        let mut chomping = Chomping::Clip;
        let mut increment = 0;
        for _ in 0..2 {
            match self.at(0) {
                b'+' if chomping == Chomping::Clip => chomping = Chomping::Keep,
                b'-' if chomping == Chomping::Clip => chomping = Chomping::Strip,
                b'0' if increment == 0 => return Err(self.error_at(start, "found an indentation indicator equal to 0")),
                digit @ b'1'..=b'9' if increment == 0 => increment = usize::from(digit - b'0'),
                _ => break,
            }
            self.skip();
        }
        Ok((chomping, increment))
    }

    fn scan_block_breaks(&mut self, indent: &mut usize, breaks: &mut String, end: &mut usize) -> Result<(), SyntaxError> {
        let mut max_indent = 0;
        loop {
            let line = self.mark.pos;
            while (*indent == 0 || self.mark.column < *indent) && self.at(0) == b' ' {
                self.skip();
            }
            max_indent = max_indent.max(self.mark.column);
            if (*indent == 0 || self.mark.column < *indent) && self.at(0) == b'\t' {
                return Err(self.error("found a tab character where an indentation space is expected"));
            }
            if !self.is_break(0) {
                if self.is_end(0) && self.mark.pos > line {
                    // kubectl ends the last line, which has nothing but blanks.
                    breaks.push('\n');
                }
                break;
            }
            self.read_line(breaks);
            *end = (*end).max(self.mark.pos);
        }
        if *indent == 0 {
            *indent = max_indent.max(usize::try_from(self.indent + 1).unwrap_or(0)).max(1);
        }
        Ok(())
    }

    pub(super) fn fetch_quoted(&mut self, single: bool) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark.pos;
        self.skip();
        let text = match self.scan_simple_quoted(single) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.scan_quoted(single, start)?),
        };
        self.push(TokenKind::Scalar { text, style: ScalarStyle::Quoted }, start);
        Ok(())
    }

    fn scan_quoted(&mut self, single: bool, start: usize) -> Result<String, SyntaxError> {
        let quote = if single { b'\'' } else { b'"' };
        let mut text = String::new();
        let mut leading_break = String::new();
        let mut trailing_breaks = String::new();
        loop {
            if self.mark.column == 0 && (self.is_document_indicator(b'-') || self.is_document_indicator(b'.')) {
                return Err(self.error("found unexpected document indicator"));
            }
            if self.is_end(0) {
                return Err(self.error_at(start, "found unexpected end of stream"));
            }
            let mut leading_blanks = false;
            while !self.is_blankz(0) {
                let byte = self.at(0);
                if single && byte == quote && self.at(1) == quote {
                    text.push('\'');
                    self.skip();
                    self.skip();
                } else if byte == quote {
                    break;
                } else if !single && byte == b'\\' && self.is_break(1) {
                    self.skip();
                    self.skip_line();
                    leading_blanks = true;
                    break;
                } else if !single && byte == b'\\' {
                    let escaped = self.scan_escape(start)?;
                    text.push(escaped);
                } else {
                    let from = self.mark.pos;
                    self.skip();
                    text.push_str(&self.text[from..self.mark.pos]);
                }
            }
            if self.at(0) == quote {
                self.skip();
                return Ok(text);
            }
            let from = self.mark.pos;
            let mut blanks_end = from;
            while self.is_blank(0) || self.is_break(0) {
                if self.is_blank(0) {
                    self.skip();
                    if !leading_blanks {
                        blanks_end = self.mark.pos;
                    }
                } else if leading_blanks {
                    self.read_line(&mut trailing_breaks);
                } else {
                    self.read_line(&mut leading_break);
                    leading_blanks = true;
                }
            }
            if leading_blanks {
                fold(&mut text, &mut leading_break, &mut trailing_breaks);
            } else {
                text.push_str(&self.text[from..blanks_end]);
            }
        }
    }

    /// The usual quoted scalar, of one line and without escapes; leaves the scanner alone where it is anything else.
    fn scan_simple_quoted(&mut self, single: bool) -> Option<&'t str> {
        let rest = &self.text[self.mark.pos..];
        let quote = if single { b'\'' } else { b'"' };
        let end = rest.bytes().position(|byte| byte == quote || !(0x20..0x80).contains(&byte) || (!single && byte == b'\\'))?;
        let bytes = rest.as_bytes();
        if bytes[end] != quote || (single && bytes.get(end + 1) == Some(&quote)) {
            return None;
        }
        self.advance_ascii(end + 1);
        Some(&rest[..end])
    }

    fn scan_escape(&mut self, start: usize) -> Result<char, SyntaxError> {
        let digits = match self.at(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            other => {
                let escaped = match other {
                    b'0' => '\0',
                    b'a' => '\x07',
                    b'b' => '\x08',
                    b't' | b'\t' => '\t',
                    b'n' => '\n',
                    b'v' => '\x0B',
                    b'f' => '\x0C',
                    b'r' => '\r',
                    b'e' => '\x1B',
                    b' ' => ' ',
                    b'"' => '"',
                    b'\'' => '\'',
                    b'\\' => '\\',
                    b'N' => '\u{85}',
                    b'_' => '\u{A0}',
                    b'L' => '\u{2028}',
                    b'P' => '\u{2029}',
                    _ => return Err(self.error("found unknown escape character")),
                };
                self.skip();
                self.skip();
                return Ok(escaped);
            }
        };
        self.skip();
        self.skip();
        let mut value = 0_u32;
        for distance in 0..digits {
            let Some(digit) = char::from(self.at(distance)).to_digit(16) else {
                return Err(self.error_at(start, "did not find expected hexdecimal number"));
            };
            value = (value << 4) | digit;
        }
        let escaped = char::from_u32(value).ok_or_else(|| self.error("found invalid Unicode character escape code"))?;
        for _ in 0..digits {
            self.skip();
        }
        Ok(escaped)
    }

    pub(super) fn fetch_plain(&mut self) -> Result<(), SyntaxError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark.pos;
        let indent = self.indent + 1;
        let flow = self.flow_level() > 0;
        // A plain scalar is mostly one word: it stays a slice of the source until something has to be folded.
        let mut text: Cow<'t, str> = Cow::Borrowed("");
        let mut end = start;
        let mut leading_break = String::new();
        let mut trailing_breaks = String::new();
        let mut leading_blanks = false;
        loop {
            if self.mark.column == 0 && (self.is_document_indicator(b'-') || self.is_document_indicator(b'.')) {
                break;
            }
            if self.at(0) == b'#' {
                break;
            }
            let from = self.mark.pos;
            self.skip_plain_word(flow);
            let to = self.mark.pos;
            if to > from {
                if leading_blanks {
                    fold(text.to_mut(), &mut leading_break, &mut trailing_breaks);
                    leading_blanks = false;
                    text.to_mut().push_str(&self.text[from..to]);
                } else {
                    match &mut text {
                        Cow::Borrowed(slice) => *slice = &self.text[start..to],
                        Cow::Owned(owned) => owned.push_str(&self.text[end..to]),
                    }
                }
                end = to;
            }
            if !(self.is_blank(0) || self.is_break(0)) {
                break;
            }
            while self.is_blank(0) || self.is_break(0) {
                if self.is_blank(0) {
                    if leading_blanks && self.column() < indent && self.at(0) == b'\t' {
                        return Err(self.error("found a tab character that violates indentation"));
                    }
                    self.skip();
                } else if leading_blanks {
                    self.read_line(&mut trailing_breaks);
                } else {
                    self.read_line(&mut leading_break);
                    leading_blanks = true;
                }
            }
            if !flow && self.column() < indent {
                break;
            }
        }
        self.push(TokenKind::Scalar { text, style: ScalarStyle::Plain }, start);
        self.tokens.back_mut().expect("INVARIANT: just pushed").end = end;
        if leading_blanks {
            self.key_allowed = true;
        }
        Ok(())
    }

    /// Skips to the next blank, break or indicator that ends a plain scalar.
    fn skip_plain_word(&mut self, flow: bool) {
        while !self.is_blankz(0) {
            match self.at(0) {
                b':' if self.is_blankz(1) => return,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if flow => return,
                _ => self.skip(),
            }
            let plain =
                self.text.as_bytes()[self.mark.pos..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(byte));
            let len = plain.count();
            self.advance_ascii(len);
        }
    }
}

/// Joins two lines: one break becomes a blank, more lose the first.
fn fold(text: &mut String, leading_break: &mut String, trailing_breaks: &mut String) {
    if leading_break.starts_with('\n') {
        if trailing_breaks.is_empty() {
            text.push(' ');
        } else {
            text.push_str(trailing_breaks);
        }
    } else {
        text.push_str(leading_break);
        text.push_str(trailing_breaks);
    }
    leading_break.clear();
    trailing_breaks.clear();
}
