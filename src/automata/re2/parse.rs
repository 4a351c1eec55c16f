//! Reads the syntax of RE2 with the flags of Perl, as Go's `regexp` does. Groups live on a stack of our own.

use super::Error;
use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition};

/// The largest number of a repetition, and of nested ones multiplied.
const MAX_REPEAT: u32 = 1000;
/// How deep groups may nest. Go allows 1000; what is deeper than this was not written by a person, and would overflow
/// the stack of those who compile expressions.
const MAX_DEPTH: usize = 64;

#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // independent switches of RE2
pub(super) struct Flags {
    pub(super) fold: bool,
    multiline: bool,
    dot_newline: bool,
    ungreedy: bool,
}

pub(super) struct Parsed {
    pub(super) hir: Hir,
    pub(super) names: Vec<(String, usize)>,
    pub(super) groups: usize,
}

pub(super) struct Parser<'p> {
    text: &'p str,
    pub(super) at: usize,
    pub(super) flags: Flags,
    names: Vec<(String, usize)>,
    groups: u32,
    frames: Vec<Frame>,
}

struct Frame {
    capture: Option<(u32, Option<String>)>,
    flags: Flags,
    branches: Vec<Hir>,
    /// Items, each with the product of the repetitions inside.
    items: Vec<(Hir, u32)>,
    /// The greatest such product in earlier branches.
    weight: u32,
    start: usize,
}

impl Frame {
    fn new(capture: Option<(u32, Option<String>)>, flags: Flags, start: usize) -> Self {
        Self { capture, flags, branches: Vec::new(), items: Vec::new(), weight: 1, start }
    }

    fn end_branch(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.weight = items.iter().map(|(_, weight)| *weight).max().unwrap_or(1).max(self.weight);
        self.branches.push(Hir::concat(items.into_iter().map(|(item, _)| item).collect()));
    }

    fn finish(mut self) -> (Hir, u32) {
        self.end_branch();
        let body = Hir::alternation(self.branches);
        let hir = match self.capture {
            Some((index, name)) => Hir::capture(Capture { index, name: name.map(String::into_boxed_str), sub: Box::new(body) }),
            None => body,
        };
        (hir, self.weight)
    }
}

impl<'p> Parser<'p> {
    pub(super) fn new(text: &'p str) -> Self {
        let frames = vec![Frame::new(None, Flags::default(), 0)];
        Self { text, at: 0, flags: Flags::default(), names: Vec::new(), groups: 0, frames }
    }

    pub(super) fn rest(&self) -> &'p str {
        &self.text[self.at..]
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("INVARIANT: the outermost frame stays")
    }

    fn push(&mut self, item: Hir) {
        self.frame().items.push((item, 1));
    }

    pub(super) fn parse(mut self) -> Result<Parsed, Error> {
        // Where the item just read was a repetition, where it starts.
        let mut last_repeat: Option<usize> = None;
        while let Some(char) = self.rest().chars().next() {
            let start = self.at;
            let mut repeat = None;
            match char {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.at += 1;
                    self.frame().end_branch();
                }
                '^' => self.look(if self.flags.multiline { Look::StartLF } else { Look::Start }, 1),
                '$' => self.look(if self.flags.multiline { Look::EndLF } else { Look::End }, 1),
                '.' => {
                    self.at += 1;
                    self.push(Hir::dot(if self.flags.dot_newline { Dot::AnyChar } else { Dot::AnyCharExceptLF }));
                }
                '[' => {
                    let class = self.class()?;
                    self.push(Hir::class(Class::Unicode(class)));
                }
                '*' | '+' | '?' => {
                    self.at += 1;
                    let (min, max) = match char {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(start, min, max, last_repeat)?;
                    repeat = Some(last_repeat.unwrap_or(start));
                }
                '{' => {
                    if let Some((min, max)) = self.counts()? {
                        self.repeat(start, min, max, last_repeat)?;
                        repeat = Some(last_repeat.unwrap_or(start));
                    } else {
                        self.at += 1;
                        self.literal('{');
                    }
                }
                '\\' => self.backslash()?,
                _ => {
                    self.at += char.len_utf8();
                    self.literal(char);
                }
            }
            last_repeat = repeat;
        }
        if self.frames.len() > 1 {
            return Err(Error::new("missing closing )", self.frame().start));
        }
        let frame = self.frames.pop().expect("INVARIANT: the outermost frame stays");
        let (hir, _) = frame.finish();
        Ok(Parsed { hir, names: self.names, groups: self.groups as usize })
    }

    fn look(&mut self, look: Look, length: usize) {
        self.at += length;
        self.push(Hir::look(look));
    }

    fn literal(&mut self, char: char) {
        if self.flags.fold {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(char, char)]);
            class.case_fold_simple();
            self.push(Hir::class(Class::Unicode(class)));
        } else {
            self.push(Hir::literal(char.to_string().into_bytes()));
        }
    }

    fn backslash(&mut self) -> Result<(), Error> {
        match self.rest().as_bytes().get(1) {
            Some(b'A') => self.look(Look::Start, 2),
            Some(b'z') => self.look(Look::End, 2),
            Some(b'b') => self.look(Look::WordAscii, 2),
            Some(b'B') => self.look(Look::WordAsciiNegate, 2),
            Some(b'Q') => {
                self.at += 2;
                let length = self.rest().find("\\E");
                let quoted = &self.rest()[..length.unwrap_or(self.rest().len())];
                for char in quoted.chars() {
                    self.literal(char);
                }
                self.at += quoted.len() + if length.is_some() { 2 } else { 0 };
            }
            _ => {
                if let Some(class) = self.class_escape()? {
                    self.push(Hir::class(Class::Unicode(class)));
                } else {
                    let char = self.escaped()?;
                    self.literal(char);
                }
            }
        }
        Ok(())
    }

    /// Reads `{n}`, `{n,}`, `{n,m}`; `None` and nothing read if it is no repetition.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, Error> {
        let Some(end) = self.rest().find('}') else { return Ok(None) };
        let inner = &self.rest()[1..end];
        let (low, high) = inner.split_once(',').map_or((inner, None), |(low, high)| (low, Some(high)));
        // Numbers with a leading zero are no repetition for Go.
        let valid = |digits: &str| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'))
        };
        if !valid(low) || high.is_some_and(|high| !high.is_empty() && !valid(high)) {
            return Ok(None);
        }
        let number = |digits: &str| digits.parse().ok().filter(|number: &u32| *number <= MAX_REPEAT);
        let invalid = || Error::new("invalid repeat count", self.at);
        let min = number(low).ok_or_else(invalid)?;
        let max = match high {
            None => Some(min),
            Some("") => None,
            Some(high) => Some(number(high).filter(|max| *max >= min).ok_or_else(invalid)?),
        };
        self.at += end + 1;
        Ok(Some((min, max)))
    }

    fn repeat(&mut self, start: usize, min: u32, max: Option<u32>, last: Option<usize>) -> Result<(), Error> {
        let lazy = self.rest().starts_with('?');
        self.at += usize::from(lazy);
        if let Some(last) = last {
            return Err(Error::new("invalid nested repetition operator", last));
        }
        let greedy = lazy == self.flags.ungreedy;
        let Some((body, weight)) = self.frame().items.pop() else {
            return Err(Error::new("missing argument to repetition operator", start));
        };
        let factor = max.unwrap_or(min).max(1);
        let weight = weight.saturating_mul(factor);
        if weight > MAX_REPEAT && factor > 1 {
            return Err(Error::new("invalid repeat count", start));
        }
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(body) });
        self.frame().items.push((hir, weight));
        Ok(())
    }

    fn open(&mut self) -> Result<(), Error> {
        let start = self.at;
        if self.frames.len() > MAX_DEPTH {
            return Err(Error::new("expression nests too deeply", start));
        }
        let rest = self.rest();
        if !rest.starts_with("(?") {
            self.at += 1;
            self.groups += 1;
            let frame = Frame::new(Some((self.groups, None)), self.flags, start);
            self.frames.push(frame);
            return Ok(());
        }
        let named = rest.strip_prefix("(?P<").filter(|rest| !rest.is_empty()).or_else(|| rest.strip_prefix("(?<"));
        if let Some(named) = named {
            let invalid = || Error::new("invalid named capture", start);
            let end = named.find('>').ok_or_else(invalid)?;
            let name = &named[..end];
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(invalid());
            }
            if self.names.iter().any(|(known, _)| known == name) {
                return Err(Error::new("duplicate capture group name", start));
            }
            self.groups += 1;
            self.names.push((name.to_owned(), self.groups as usize));
            self.at += rest.len() - named.len() + end + 1;
            let frame = Frame::new(Some((self.groups, Some(name.to_owned()))), self.flags, start);
            self.frames.push(frame);
            return Ok(());
        }
        self.inline_flags(start)
    }

    fn inline_flags(&mut self, start: usize) -> Result<(), Error> {
        self.at += 2;
        let mut flags = self.flags;
        let mut on = true;
        let mut saw = false;
        while let Some(char) = self.rest().chars().next() {
            self.at += char.len_utf8();
            match char {
                'i' => flags.fold = on,
                'm' => flags.multiline = on,
                's' => flags.dot_newline = on,
                'U' => flags.ungreedy = on,
                '-' if on => {
                    on = false;
                    saw = false;
                    continue;
                }
                ':' | ')' if on || saw => {
                    if char == ':' {
                        let frame = Frame::new(None, self.flags, start);
                        self.frames.push(frame);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            }
            saw = true;
        }
        Err(Error::new("invalid or unsupported Perl syntax", start))
    }

    fn close(&mut self) -> Result<(), Error> {
        if self.frames.len() == 1 {
            return Err(Error::new("unexpected )", self.at));
        }
        self.at += 1;
        let frame = self.frames.pop().expect("INVARIANT: a group is open");
        self.flags = frame.flags;
        let item = frame.finish();
        self.frame().items.push(item);
        Ok(())
    }
}
