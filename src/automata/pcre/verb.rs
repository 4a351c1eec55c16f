//! `(*VERB)` items, and the options that may stand at the very start of a pattern.

use super::{ast::Verb, error::Error, parse::Parser};

/// The longest name of a verb.
const MAX_MARK: usize = 255;

impl<'p> Parser<'p> {
    /// The word behind `(*`; the reader stands on the asterisk.
    pub(super) fn word_after_asterisk(&mut self) -> Result<&'p [u8], Error> {
        self.at += 1;
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        if self.at > start + 128 {
            return self.error(48);
        }
        Ok(&self.text[start..self.at])
    }

    /// `(*ACCEPT)` and the like; the reader stands on the asterisk.
    pub(super) fn read_verb(&mut self) -> Result<(), Error> {
        let name = self.word_after_asterisk()?;
        if !matches!(self.peek(0), Some(b':' | b')')) {
            return self.error(60);
        }
        let verb = match name {
            b"" | b"MARK" => Verb::Mark,
            b"ACCEPT" => Verb::Accept,
            b"F" | b"FAIL" => Verb::Fail,
            b"COMMIT" => Verb::Commit,
            b"PRUNE" => Verb::Prune,
            b"SKIP" => Verb::Skip,
            b"THEN" => Verb::Then,
            _ => return self.error(60),
        };
        if self.peek(0) == Some(b':') && self.peek(1) == Some(b')') {
            self.at += 1;
        }
        if verb == Verb::Mark && self.peek(0) != Some(b':') {
            return self.error(66);
        }
        if self.peek(0) == Some(b':') {
            self.at += 1;
            let Some(length) = self.rest().iter().position(|byte| *byte == b')') else {
                self.at = self.text.len();
                return self.error(60);
            };
            self.at += length;
            if length > MAX_MARK {
                return self.error(76);
            }
            if verb == Verb::Skip {
                self.unsupported("(*SKIP:name)");
            }
        }
        self.at += 1;
        self.verb(verb);
        self.quantifiable = verb == Verb::Accept;
        Ok(())
    }

    /// `(*UTF)`, `(*CRLF)` and so on, before anything else.
    pub(super) fn start_options(&mut self) -> Result<(), Error> {
        while self.rest().starts_with(b"(*") {
            let rest = &self.rest()[2..];
            let Some((name, effect)) = START_OPTIONS.iter().find(|(name, _)| rest.starts_with(name.as_bytes())) else { break };
            self.at += 2 + name.len();
            match effect {
                Start::None => {}
                Start::Utf => {
                    self.utf = true;
                    self.unsupported("UTF mode");
                }
                Start::Unsupported(what) => self.unsupported(what),
                Start::AnyCrLf => self.newline_anycrlf_only = true,
                Start::AnyNewline => self.newline_anycrlf_only = false,
                Start::Limit => {
                    let start = self.at;
                    let mut value: u32 = 0;
                    while let Some(digit @ b'0'..=b'9') = self.peek(0) {
                        if value > u32::MAX / 10 - 1 {
                            break;
                        }
                        value = value * 10 + u32::from(digit - b'0');
                        self.at += 1;
                    }
                    if self.at == start || self.peek(0) != Some(b')') {
                        return self.error(60);
                    }
                    self.at += 1;
                    self.unsupported("a limit in the pattern");
                }
            }
        }
        Ok(())
    }
}

enum Start {
    None,
    Utf,
    Unsupported(&'static str),
    AnyCrLf,
    AnyNewline,
    Limit,
}

const START_OPTIONS: &[(&str, Start)] = &[
    ("UTF8)", Start::Utf),
    ("UTF)", Start::Utf),
    ("UCP)", Start::Unsupported("(*UCP)")),
    ("NOTEMPTY)", Start::Unsupported("(*NOTEMPTY)")),
    ("NOTEMPTY_ATSTART)", Start::Unsupported("(*NOTEMPTY_ATSTART)")),
    ("NO_AUTO_POSSESS)", Start::None),
    ("NO_DOTSTAR_ANCHOR)", Start::None),
    ("NO_JIT)", Start::None),
    ("NO_START_OPT)", Start::None),
    ("CASELESS_RESTRICT)", Start::None),
    ("TURKISH_CASING)", Start::Unsupported("(*TURKISH_CASING)")),
    ("LIMIT_HEAP=", Start::Limit),
    ("LIMIT_MATCH=", Start::Limit),
    ("LIMIT_DEPTH=", Start::Limit),
    ("LIMIT_RECURSION=", Start::Limit),
    ("CR)", Start::Unsupported("another newline")),
    ("LF)", Start::None),
    ("CRLF)", Start::Unsupported("another newline")),
    ("ANY)", Start::Unsupported("another newline")),
    ("NUL)", Start::Unsupported("another newline")),
    ("ANYCRLF)", Start::Unsupported("another newline")),
    ("BSR_ANYCRLF)", Start::AnyCrLf),
    ("BSR_UNICODE)", Start::AnyNewline),
];
