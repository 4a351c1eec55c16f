//! Statements of nginx configuration, read as `ngx_conf_read_token` of `src/core/ngx_conf_file.c` reads them.

use std::ops::Range;

use super::Stop;

/// nginx reads its file through a buffer of this size, and no word may be longer.
const BUFFER: usize = 4096;

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quote {
    /// `"…"`
    Double,
    /// `'…'`
    Single,
}

impl Quote {
    const fn byte(self) -> u8 {
        match self {
            Self::Double => b'"',
            Self::Single => b'\'',
        }
    }
}

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its value, quotes and escapes resolved.
    pub text: String,
    /// Bytes of the snippet, quotes included.
    pub span: Range<usize>,
    /// How it is written.
    pub quote: Option<Quote>,
}

/// How a statement ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Terminator {
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}` alone.
    Close,
    /// The text ends; there are words only where the `;` is missing.
    End,
}

/// One statement.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) words: Vec<Word>,
    pub(super) terminator: Terminator,
    /// Bytes from its first word to its terminator.
    pub(super) span: Range<usize>,
    /// The text ended inside a quotation.
    pub(super) unclosed: Option<Quote>,
}

/// Reads statements one after the other.
pub(super) struct Tokens<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// The next statement, or where nginx stops.
    pub(super) fn next(&mut self) -> Result<Statement, Stop> {
        let bytes = self.text.as_bytes();
        let mut words: Vec<Word> = Vec::new();
        let mut first = None;
        let mut state = State::Between;
        let mut start = self.position;
        let mut quote: Option<Quote> = None;
        let mut escaped = false;
        let mut variable = false;
        while let Some(&byte) = bytes.get(self.position) {
            let at = self.position;
            self.position += 1;
            if state == State::Comment {
                if byte != b'\n' {
                    if at - start >= BUFFER {
                        return Err(self.too_long(start, None));
                    }
                    continue;
                }
                state = State::Between;
            }
            if escaped {
                escaped = false;
                continue;
            }
            if state == State::AfterQuote {
                match byte {
                    b' ' | b'\t' | b'\r' | b'\n' => {
                        state = State::Between;
                        continue;
                    }
                    b';' => return Ok(finish(words, Terminator::Semicolon, first, self.position)),
                    b'{' => return Ok(finish(words, Terminator::Open, first, self.position)),
                    b')' => state = State::Between,
                    _ => return Err(Stop::unexpected(self.text, at)),
                }
            }
            if state == State::Between {
                start = at;
                match byte {
                    b' ' | b'\t' | b'\r' | b'\n' => continue,
                    b';' | b'{' if words.is_empty() => return Err(Stop::unexpected(self.text, at)),
                    b';' => return Ok(finish(words, Terminator::Semicolon, first, self.position)),
                    b'{' => return Ok(finish(words, Terminator::Open, first, self.position)),
                    b'}' if !words.is_empty() => return Err(Stop::unexpected(self.text, at)),
                    b'}' => return Ok(finish(words, Terminator::Close, Some(at), self.position)),
                    b'#' => {
                        state = State::Comment;
                        continue;
                    }
                    b'\\' => escaped = true,
                    b'"' => quote = Some(Quote::Double),
                    b'\'' => quote = Some(Quote::Single),
                    b'$' => variable = true,
                    _ => {}
                }
                first = first.or(Some(at));
                state = State::Word;
                continue;
            }
            if at - start - usize::from(quote.is_some()) >= BUFFER {
                return Err(self.too_long(start, quote));
            }
            if byte == b'{' && variable {
                continue;
            }
            variable = false;
            match (byte, quote) {
                (b'\\', _) => escaped = true,
                (b'$', _) => variable = true,
                (_, Some(open)) if byte == open.byte() => {
                    words.push(Word { text: unescape(&self.text[start + 1..at]), span: start..self.position, quote });
                    quote = None;
                    state = State::AfterQuote;
                }
                (b' ' | b'\t' | b'\r' | b'\n', None) => {
                    words.push(Word { text: unescape(&self.text[start..at]), span: start..at, quote: None });
                    state = State::Between;
                }
                (b';' | b'{', None) => {
                    words.push(Word { text: unescape(&self.text[start..at]), span: start..at, quote: None });
                    let terminator = if byte == b';' { Terminator::Semicolon } else { Terminator::Open };
                    return Ok(finish(words, terminator, first, self.position));
                }
                _ => {}
            }
        }
        if state == State::Word {
            // What follows the snippet starts on a new line, which ends a word but no quotation.
            let from = start + usize::from(quote.is_some());
            words.push(Word { text: unescape(&self.text[from..]), span: start..self.position, quote });
        }
        let mut statement = finish(words, Terminator::End, first, self.position);
        statement.unclosed = quote;
        Ok(statement)
    }

    /// The Lua code of a block, as the lexer of lua-nginx-module delimits it; the position is behind its `{`.
    pub(super) fn lua(&mut self, directive: &Range<usize>) -> Result<Range<usize>, Stop> {
        let bytes = self.text.as_bytes();
        let start = self.position;
        let mut level = 1_usize;
        let mut token = self.position;
        while let Some(&byte) = bytes.get(self.position) {
            let at = self.position;
            if at - token > BUFFER {
                return Err(Stop::lua_too_long(directive.clone()));
            }
            self.position += 1;
            match byte {
                b'{' => level += 1,
                b'}' => {
                    level -= 1;
                    if level == 0 {
                        return Ok(start..at);
                    }
                }
                b'"' | b'\'' => {
                    if let Some(end) = lua_string(bytes, at) {
                        self.position = end;
                    } else {
                        continue;
                    }
                }
                b'-' if bytes.get(at + 1) == Some(&b'-') => match long_bracket(bytes, at + 2) {
                    Some(open) => self.position = self.long_text(open)?,
                    None => self.position = line_end(bytes, at),
                },
                b'[' => match long_bracket(bytes, at) {
                    Some(open) => self.position = self.long_text(open)?,
                    None => continue,
                },
                _ => continue,
            }
            token = self.position;
        }
        Err(Stop::lua_unclosed(directive.clone()))
    }

    /// The end of a text in long brackets that open at the range.
    fn long_text(&self, open: Range<usize>) -> Result<usize, Stop> {
        let close = self.text[open.clone()].replace('[', "]");
        match self.text[open.end..].find(&close) {
            Some(found) => Ok(open.end + found + close.len()),
            None => Err(Stop::lua_bracket(open, &close)),
        }
    }

    fn too_long(&self, start: usize, quote: Option<Quote>) -> Stop {
        Stop::too_long(self.text, start, quote)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Blanks before a word.
    Between,
    /// Inside a word.
    Word,
    /// Behind a closing quotation mark.
    AfterQuote,
    Comment,
}

fn finish(words: Vec<Word>, terminator: Terminator, first: Option<usize>, end: usize) -> Statement {
    Statement { words, terminator, span: first.unwrap_or(end)..end, unclosed: None }
}

/// Resolves the escapes that nginx knows; other backslashes stay.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        let replaced = match (character, characters.peek()) {
            ('\\', Some(&next @ ('"' | '\'' | '\\'))) => next,
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('n')) => '\n',
            _ => {
                out.push(character);
                continue;
            }
        };
        characters.next();
        out.push(replaced);
    }
    out
}

/// `[`, any number of `=`, `[`.
fn long_bracket(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    let equals = bytes[at + 1..].iter().take_while(|&&byte| byte == b'=').count();
    (bytes.get(at + 1 + equals) == Some(&b'[')).then_some(at..at + equals + 2)
}

/// The end of a string on one line, as the expressions `"(?:\\[^\n]|[^"\n\\])*"` of the lexer say.
fn lua_string(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    // A longer string does not fit into nginx's buffer.
    let end = bytes.len().min(open + BUFFER);
    while at < end {
        let byte = bytes[at];
        match byte {
            b'\n' => return None,
            b'\\' if bytes.get(at + 1).is_none_or(|&next| next == b'\n') => return None,
            b'\\' => at += 2,
            _ if byte == bytes[open] => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |found| at + found)
}
