//! Where and why nginx stops reading a snippet.

use std::ops::Range;

use super::{Place, Quote, catalogue};

/// What is wrong with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopKind {
    /// A character that cannot stand there.
    Unexpected,
    /// A `}` that closes the block the snippet is written into.
    ClosesPlace,
    /// The last directive has no `;` and takes in what follows the snippet.
    MissingSemicolon,
    /// A block is not closed.
    MissingBrace,
    /// A quotation is not closed.
    MissingQuote,
    /// A word or a comment longer than nginx's buffer.
    TooLong,
    /// Lua code that does not end.
    Lua,
}

/// A place where nginx stops, or reads on beyond the snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Bytes of the snippet.
    pub span: Range<usize>,
    /// What is wrong.
    pub kind: StopKind,
    /// What nginx says, or would say of the snippet alone.
    pub message: String,
}

impl Stop {
    pub(super) fn unexpected(text: &str, at: usize) -> Self {
        let character = text[at..].chars().next().unwrap_or('\0');
        Self { span: at..at + character.len_utf8(), kind: StopKind::Unexpected, message: format!("unexpected \"{character}\"") }
    }

    pub(super) fn closes_place(span: Range<usize>) -> Self {
        Self { span, kind: StopKind::ClosesPlace, message: "unexpected \"}\"".to_owned() }
    }

    pub(super) fn missing_semicolon(span: Range<usize>) -> Self {
        let message = "unexpected end of file, expecting \";\" or \"}\"".to_owned();
        Self { span, kind: StopKind::MissingSemicolon, message }
    }

    pub(super) fn missing_brace(span: Range<usize>) -> Self {
        Self { span, kind: StopKind::MissingBrace, message: "unexpected end of file, expecting \"}\"".to_owned() }
    }

    pub(super) fn missing_quote(span: Range<usize>, quote: Quote) -> Self {
        let mark = if quote == Quote::Double { '"' } else { '\'' };
        Self { span, kind: StopKind::MissingQuote, message: format!("missing terminating \"{mark}\" character") }
    }

    pub(super) fn too_long(text: &str, start: usize, quote: Option<Quote>) -> Self {
        let rest = &text[start..];
        let message = match quote {
            Some(Quote::Double) => "too long parameter, probably missing terminating \"\"\" character".to_owned(),
            Some(Quote::Single) => "too long parameter, probably missing terminating \"'\" character".to_owned(),
            None => format!("too long parameter \"{}...\" started", rest.chars().take(10).collect::<String>()),
        };
        let first = rest.chars().next().map_or(0, char::len_utf8);
        Self { span: start..start + first, kind: StopKind::TooLong, message }
    }

    pub(super) fn lua_unclosed(span: Range<usize>) -> Self {
        let message = "unexpected end of file, expecting terminating characters for lua code block".to_owned();
        Self { span, kind: StopKind::Lua, message }
    }

    pub(super) fn lua_too_long(span: Range<usize>) -> Self {
        let message = "too long lua code block, probably missing terminating characters".to_owned();
        Self { span, kind: StopKind::Lua, message }
    }

    pub(super) fn lua_bracket(span: Range<usize>, close: &str) -> Self {
        let message = format!("Lua code block missing the closing long bracket \"{close}\", the inlined Lua code may be too long");
        Self { span, kind: StopKind::Lua, message }
    }

    /// What it means for the configuration in which the snippet stands.
    pub fn consequence(&self, place: Place) -> Consequence {
        match self.kind {
            StopKind::Unexpected | StopKind::MissingBrace | StopKind::MissingQuote | StopKind::TooLong | StopKind::Lua => {
                Consequence::Refused
            }
            // Whoever closes the block of the template may open another one.
            StopKind::ClosesPlace => Consequence::Unknown,
            StopKind::MissingSemicolon => match catalogue::template(place).next.last().map(String::as_str) {
                Some("{" | "}") => Consequence::Refused,
                Some(_) | None => Consequence::Swallows,
            },
        }
    }
}

/// What a stop means for the whole configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// nginx refuses all of it.
    Refused,
    /// The last directive takes in the next one of the template, which is then missing.
    Swallows,
    /// It depends on the rest of the text.
    Unknown,
}
