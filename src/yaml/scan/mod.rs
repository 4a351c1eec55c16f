//! Text → tokens, as the YAML library of Kubernetes scans it.
//!
//! kubectl and the API server read YAML with go-yaml v2, a translation of libyaml (YAML 1.1). Whether they take a document depends on rules
//! of that scanner which no YAML 1.2 parser shares, so this is the same scanner again (scannerc.go), on byte offsets. It never decides what
//! a scalar means. Nothing here recurses.

mod property;
mod scalar;

use std::{borrow::Cow, collections::VecDeque};

use super::{ScalarStyle, Span, SyntaxError};

/// Collections nested deeper than this are refused. go-yaml allows ten times as much, but no object of Kubernetes comes near.
const MAX_DEPTH: usize = 1000;

/// A place in the text. Columns and the index count characters, as go-yaml does; `pos` counts bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) pos: usize,
    index: usize,
    line: usize,
    column: usize,
}

/// What a token is.
#[derive(Debug)]
pub(super) enum TokenKind<'t> {
    StreamEnd,
    VersionDirective { major: u8, minor: u8 },
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'t str),
    Anchor(&'t str),
    Tag { handle: String, suffix: String },
    Scalar { text: Cow<'t, str>, style: ScalarStyle },
}

/// A token and its place.
#[derive(Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Flow level of the simple key that this token may turn out to be.
    key_level: Option<usize>,
}

/// A token that becomes a key if a `:` follows soon enough.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    number: usize,
    mark: Mark,
}

/// The scanner.
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    mark: Mark,
    tokens: VecDeque<Token<'t>>,
    parsed: usize,
    indent: isize,
    indents: Vec<isize>,
    keys: Vec<SimpleKey>,
    key_allowed: bool,
    pending_key: Option<usize>,
    /// Room for the break after a scalar, kept from one to the next.
    scratch: String,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            mark: Mark::default(),
            tokens: VecDeque::new(),
            parsed: 0,
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            key_allowed: true,
            pending_key: None,
            scratch: String::new(),
        }
    }

    /// The next token, without taking it.
    pub(super) fn peek(&mut self) -> Result<&Token<'t>, SyntaxError> {
        self.fill()?;
        Ok(self.tokens.front().expect("INVARIANT: `fill` leaves a token"))
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<Token<'t>, SyntaxError> {
        self.fill()?;
        self.parsed += 1;
        Ok(self.tokens.pop_front().expect("INVARIANT: `fill` leaves a token"))
    }

    /// Byte offset up to which the text was scanned.
    pub(super) fn position(&self) -> usize {
        self.mark.pos
    }

    fn flow_level(&self) -> usize {
        self.keys.len() - 1
    }

    fn column(&self) -> isize {
        isize::try_from(self.mark.column).unwrap_or(isize::MAX)
    }

    /// Byte at a distance from the current one; 0 past the end. INVARIANT: the text has no NUL.
    fn at(&self, distance: usize) -> u8 {
        self.text.as_bytes().get(self.mark.pos + distance).copied().unwrap_or(0)
    }

    fn is_end(&self, distance: usize) -> bool {
        self.at(distance) == 0
    }

    fn is_blank(&self, distance: usize) -> bool {
        matches!(self.at(distance), b' ' | b'\t')
    }

    /// Length of the line break here, 0 where there is none.
    fn break_len(&self, distance: usize) -> usize {
        match self.at(distance) {
            b'\n' => 1,
            b'\r' => match (self.at(distance + 1), self.at(distance + 2)) {
                (b'\n', _) => 2,
                // kubectl cuts CR LF off every line and puts LF back, which leaves CR LF here.
                (b'\r', b'\n') => 3,
                _ => 1,
            },
            0xC2 if self.at(distance + 1) == 0x85 => 2,
            0xE2 if self.at(distance + 1) == 0x80 && matches!(self.at(distance + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    fn is_break(&self, distance: usize) -> bool {
        self.break_len(distance) > 0
    }

    fn is_breakz(&self, distance: usize) -> bool {
        self.is_end(distance) || self.is_break(distance)
    }

    fn is_blankz(&self, distance: usize) -> bool {
        self.is_blank(distance) || self.is_breakz(distance)
    }

    /// Skips one character.
    fn skip(&mut self) {
        let width = match self.at(0) {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0.. => 4,
        };
        self.mark.pos += width;
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Skips ASCII characters that are no breaks.
    fn advance_ascii(&mut self, len: usize) {
        self.mark.pos += len;
        self.mark.index += len;
        self.mark.column += len;
    }

    /// Skips a line break; does nothing elsewhere.
    fn skip_line(&mut self) {
        let len = self.break_len(0);
        if len > 0 {
            self.mark.index += if self.at(0) == b'\r' { len } else { 1 };
            self.mark.pos += len;
            self.mark.column = 0;
            self.mark.line += 1;
        }
    }

    fn skip_to_line_end(&mut self) {
        while !self.is_breakz(0) {
            self.skip();
        }
    }

    /// Copies a line break: every kind becomes `\n`, but U+2028 and U+2029 stay.
    fn read_line(&mut self, into: &mut String) {
        let len = self.break_len(0);
        if self.at(0) == 0xE2 && len > 0 {
            into.push_str(&self.text[self.mark.pos..self.mark.pos + 3]);
        } else if len > 0 {
            into.push('\n');
        }
        self.skip_line();
    }

    fn error(&self, message: impl Into<Cow<'static, str>>) -> SyntaxError {
        self.error_at(self.mark.pos, message)
    }

    fn error_at(&self, pos: usize, message: impl Into<Cow<'static, str>>) -> SyntaxError {
        let end = self.text[pos.min(self.text.len())..].chars().next().filter(|c| *c != '\n').map_or(pos, |c| pos + c.len_utf8());
        SyntaxError { message: message.into(), span: Span::new(pos, end) }
    }

    /// At least one token whose nature is certain: no `:` can still turn it into a key.
    fn fill(&mut self) -> Result<(), SyntaxError> {
        loop {
            if let Some(head) = self.tokens.front() {
                let Some(level) = head.key_level else { return Ok(()) };
                let Some(key) = self.keys.get(level).copied().filter(|key| key.possible && key.number == self.parsed) else {
                    return Ok(());
                };
                if self.is_stale(key)? {
                    self.keys[level].possible = false;
                    return Ok(());
                }
            }
            self.fetch()?;
        }
    }

    /// Whether it is too late for this key: it must end on its line and within 1024 characters.
    fn is_stale(&self, key: SimpleKey) -> Result<bool, SyntaxError> {
        let stale = key.mark.line < self.mark.line || key.mark.index + 1024 < self.mark.index;
        if stale && key.required {
            return Err(self.error_at(key.mark.pos, "could not find expected ':'"));
        }
        Ok(stale)
    }

    fn push(&mut self, kind: TokenKind<'t>, start: usize) {
        let key_level = self.pending_key.take();
        self.tokens.push_back(Token { kind, start, end: self.mark.pos, key_level });
    }

    fn insert(&mut self, number: usize, kind: TokenKind<'t>, pos: usize) {
        let token = Token { kind, start: pos, end: pos, key_level: None };
        match number.checked_sub(self.parsed) {
            Some(index) => self.tokens.insert(index.min(self.tokens.len()), token),
            // The token of this number is gone. go-yaml appends in such a case.
            None => self.tokens.push_back(token),
        }
    }

    fn fetch(&mut self) -> Result<(), SyntaxError> {
        self.skip_to_next_token();
        self.unroll_indent(self.column());
        if self.is_end(0) {
            return self.fetch_stream_end();
        }
        if self.mark.column == 0 {
            if self.at(0) == b'%' {
                return self.fetch_directive();
            }
            if self.is_document_indicator(b'-') {
                return self.fetch_document_indicator(TokenKind::DocumentStart);
            }
            if self.is_document_indicator(b'.') {
                return self.fetch_document_indicator(TokenKind::DocumentEnd);
            }
        }
        let flow = self.flow_level() > 0;
        match self.at(0) {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.is_blankz(1) => self.fetch_block_entry(),
            b'?' if flow || self.is_blankz(1) => self.fetch_key(),
            b':' if flow || self.is_blankz(1) => self.fetch_value(),
            b'*' => self.fetch_anchor(true),
            b'&' => self.fetch_anchor(false),
            b'!' => self.fetch_tag(),
            b'|' if !flow => self.fetch_block_scalar(true),
            b'>' if !flow => self.fetch_block_scalar(false),
            b'\'' => self.fetch_quoted(true),
            b'"' => self.fetch_quoted(false),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => Err(self.error("found character that cannot start any token")),
            _ => self.fetch_plain(),
        }
    }

    fn is_document_indicator(&self, byte: u8) -> bool {
        self.at(0) == byte && self.at(1) == byte && self.at(2) == byte && self.is_blankz(3)
    }

    fn skip_to_next_token(&mut self) {
        loop {
            // go-yaml looks for a BOM at the start of its buffer only, which is the start of the text.
            if self.mark.pos == 0 && self.text.starts_with('\u{feff}') {
                self.mark.pos = '\u{feff}'.len_utf8();
            }
            while self.at(0) == b' ' || ((self.flow_level() > 0 || !self.key_allowed) && self.at(0) == b'\t') {
                self.skip();
            }
            if self.at(0) == b'#' {
                self.skip_to_line_end();
            }
            if !self.is_break(0) {
                return;
            }
            self.skip_line();
            if self.flow_level() == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn save_key(&mut self) -> Result<(), SyntaxError> {
        let required = self.flow_level() == 0 && self.indent == self.column();
        if self.key_allowed {
            let key = SimpleKey { possible: true, required, number: self.parsed + self.tokens.len(), mark: self.mark };
            self.remove_key()?;
            let level = self.flow_level();
            self.keys[level] = key;
            self.pending_key = Some(level);
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Result<(), SyntaxError> {
        let level = self.flow_level();
        let key = self.keys[level];
        if key.possible && key.required {
            return Err(self.error_at(key.mark.pos, "could not find expected ':'"));
        }
        self.keys[level].possible = false;
        Ok(())
    }

    /// Opens a block collection where the column is further in than the one around it.
    fn roll_indent(&mut self, column: isize, number: Option<usize>, kind: TokenKind<'t>, pos: usize) -> Result<(), SyntaxError> {
        if self.flow_level() > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let number = number.unwrap_or(self.parsed + self.tokens.len());
        self.insert(number, kind, pos);
        Ok(())
    }

    fn unroll_indent(&mut self, column: isize) {
        if self.flow_level() > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.mark.pos);
            self.indent = self.indents.pop().expect("INVARIANT: one entry for each level of indentation");
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), SyntaxError> {
        // The end is on a line of its own, so that no key can still follow.
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_key()?;
        self.key_allowed = false;
        self.push(TokenKind::StreamEnd, self.mark.pos);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), SyntaxError> {
        self.unroll_indent(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let start = self.mark.pos;
        let kind = self.scan_directive()?;
        self.push(kind, start);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind<'t>) -> Result<(), SyntaxError> {
        self.unroll_indent(-1);
        self.remove_key()?;
        self.key_allowed = false;
        self.punctuation(kind, 3);
        Ok(())
    }

    /// Takes an indicator of some ASCII characters.
    fn punctuation(&mut self, kind: TokenKind<'t>, len: usize) {
        let start = self.mark.pos;
        for _ in 0..len {
            self.skip();
        }
        self.push(kind, start);
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'t>) -> Result<(), SyntaxError> {
        self.save_key()?;
        let pending = self.pending_key.take();
        self.keys.push(SimpleKey { number: self.parsed + self.tokens.len(), mark: self.mark, ..SimpleKey::default() });
        if self.flow_level() > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.key_allowed = true;
        self.pending_key = pending;
        self.punctuation(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'t>) -> Result<(), SyntaxError> {
        self.remove_key()?;
        if self.flow_level() > 0 {
            // go-yaml forgets here that the collection may be a key, because both have the same token number: the parser gets it at once,
            // and a `:` after it comes too late.
            let number = self.keys.pop().map_or(0, |key| key.number);
            if let Some(opening) = number.checked_sub(self.parsed).and_then(|index| self.tokens.get_mut(index)) {
                opening.key_level = None;
            }
        }
        self.key_allowed = false;
        self.punctuation(kind, 1);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), SyntaxError> {
        self.remove_key()?;
        self.key_allowed = true;
        self.punctuation(TokenKind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), SyntaxError> {
        // In the flow context the parser refuses the token.
        if self.flow_level() == 0 {
            if !self.key_allowed {
                return Err(self.error("block sequence entries are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, TokenKind::BlockSequenceStart, self.mark.pos)?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.punctuation(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), SyntaxError> {
        if self.flow_level() == 0 {
            if !self.key_allowed {
                return Err(self.error("mapping keys are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark.pos)?;
        }
        self.remove_key()?;
        self.key_allowed = self.flow_level() == 0;
        self.punctuation(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), SyntaxError> {
        let level = self.flow_level();
        let key = self.keys[level];
        if key.possible && !self.is_stale(key)? {
            self.insert(key.number, TokenKind::Key, key.mark.pos);
            let column = isize::try_from(key.mark.column).unwrap_or(isize::MAX);
            self.roll_indent(column, Some(key.number), TokenKind::BlockMappingStart, key.mark.pos)?;
            self.keys[level].possible = false;
            self.key_allowed = false;
        } else {
            self.keys[level].possible = false;
            if level == 0 {
                if !self.key_allowed {
                    return Err(self.error("mapping values are not allowed in this context"));
                }
                self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark.pos)?;
            }
            self.key_allowed = level == 0;
        }
        self.punctuation(TokenKind::Value, 1);
        Ok(())
    }
}
