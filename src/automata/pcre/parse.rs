//! Reads the text of a pattern into a tree. It refuses exactly what `pcre2_compile` of PCRE2 10.46 refuses without
//! UTF mode, with the same error and offset. Groups are kept on a stack of our own, so that no pattern overflows ours.

use super::{
    ast::{Assert, GroupKind, GroupRef, Look, Node, RepeatKind, Verb},
    error::Error,
    escape::Escape,
    group::{Frame, FrameKind},
};
use crate::automata::ByteSet;

/// Nested parentheses that PCRE2 accepts.
const NEST_LIMIT: usize = 250;
/// The largest number of a quantifier.
const MAX_REPEAT: u32 = 65_535;
/// The largest number of a group.
pub(super) const MAX_GROUP: u32 = 65_535;
/// The longest name.
const MAX_NAME: usize = 128;

/// Options that can change within a pattern.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // they are independent switches of PCRE2
pub(super) struct Options {
    pub(super) caseless: bool,
    pub(super) multiline: bool,
    pub(super) dotall: bool,
    pub(super) extended: bool,
    pub(super) extended_more: bool,
    pub(super) dupnames: bool,
    pub(super) no_auto_capture: bool,
    pub(super) ungreedy: bool,
}

/// A name and the group it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) number: u32,
    pub(super) duplicate: bool,
}

/// Something that can be judged only when all groups are known, in the order in which PCRE2 does.
#[derive(Clone, Debug)]
pub(super) enum Later {
    Number {
        number: u32,
        offset: usize,
    },
    /// The same, where the group is not to be matched but asked about.
    Asked {
        number: u32,
        offset: usize,
    },
    SmallBackref(u32),
    Name {
        name: String,
        offset: usize,
    },
    RecursionOrGroup {
        name: String,
        offset: usize,
    },
    ResetStartInLook,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) groups: u32,
    pub(super) names: Vec<Name>,
    pub(super) unsupported: Option<&'static str>,
}

/// Where the reader is.
#[allow(clippy::struct_excessive_bools)] // each is a state of its own
pub(super) struct Parser<'p> {
    pub(super) text: &'p [u8],
    pub(super) at: usize,
    pub(super) options: Options,
    pub(super) groups: u32,
    pub(super) names: Vec<Name>,
    pub(super) frames: Vec<Frame>,
    pub(super) duplicate_numbers: bool,
    pub(super) small_refs: [Option<usize>; 10],
    pub(super) later: Vec<Later>,
    /// Conditional groups with too many branches: their error comes last.
    pub(super) branch_errors: Vec<Error>,
    pub(super) has_lookbehind: bool,
    pub(super) utf: bool,
    pub(super) unsupported: Option<&'static str>,
    pub(super) newline_anycrlf_only: bool,
    /// Greater than zero where only an assertion may follow: after `(?(` of a condition.
    pub(super) expect_assertion: i32,
    /// Whether a quantifier may follow.
    pub(super) quantifiable: bool,
}

/// What was there before the current item.
pub(super) struct Before {
    pub(super) expect_assertion: i32,
}

impl<'p> Parser<'p> {
    pub(super) fn new(text: &'p str, caseless: bool) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            options: Options { caseless, ..Options::default() },
            groups: 0,
            names: Vec::new(),
            frames: vec![Frame::new(FrameKind::Plain, Options::default())],
            duplicate_numbers: false,
            small_refs: [None; 10],
            later: Vec::new(),
            branch_errors: Vec::new(),
            has_lookbehind: false,
            utf: false,
            unsupported: None,
            newline_anycrlf_only: false,
            expect_assertion: 0,
            quantifiable: false,
        }
    }

    pub(super) fn error<T>(&self, code: u16) -> Result<T, Error> {
        Err(Error::new(code, self.at))
    }

    pub(super) fn error_at<T>(code: u16, offset: usize) -> Result<T, Error> {
        Err(Error::new(code, offset))
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    pub(super) fn rest(&self) -> &'p [u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    pub(super) fn push(&mut self, node: Node) {
        self.frames.last_mut().expect("INVARIANT: the outermost frame stays").items.push(node);
    }

    pub(super) fn unsupported(&mut self, what: &'static str) {
        self.unsupported.get_or_insert(what);
    }

    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Reads the whole pattern.
    pub(super) fn parse(mut self) -> Result<Parsed, Error> {
        self.start_options()?;
        let mut literal = false;
        let mut after_quantifier = false;
        while let Some(byte) = self.peek(0) {
            if self.frames.len() - 1 > NEST_LIMIT {
                return self.error(19);
            }
            self.at += 1;
            if literal {
                if byte == b'\\' && self.peek(0) == Some(b'E') {
                    literal = false;
                    self.at += 1;
                } else if self.expect_assertion > 0 {
                    return Self::error_at(28, self.at - 1);
                } else {
                    self.literal(byte);
                    after_quantifier = false;
                }
                continue;
            }
            // Comments, white space and \Q..\E never separate an item from its quantifier.
            if byte == b'\\' && matches!(self.peek(0), Some(b'Q' | b'E')) {
                literal = self.peek(0) == Some(b'Q');
                self.at += 1;
                continue;
            }
            if self.options.extended && self.skip_extended(byte) {
                continue;
            }
            if byte == b'(' && self.rest().starts_with(b"?#") {
                match self.rest()[1..].iter().skip(1).position(|byte| *byte == b')') {
                    Some(length) => self.at += length + 3,
                    None => return Self::error_at(18, self.text.len()),
                }
                continue;
            }
            if self.expect_assertion > 0 && !self.is_assertion(byte) {
                return Self::error_at(28, self.at - 1);
            }
            let before = Before { expect_assertion: self.expect_assertion };
            self.expect_assertion = 0;
            let quantifiable = std::mem::take(&mut self.quantifiable);
            if std::mem::take(&mut after_quantifier) && matches!(byte, b'?' | b'+') {
                self.modify_quantifier(byte);
                continue;
            }
            after_quantifier = self.item(byte, quantifiable, &before)?;
        }
        if self.frames.len() > 1 {
            return self.error(14);
        }
        let frame = self.frames.pop().expect("INVARIANT: the outermost frame stays");
        let mut parsed = Parsed { node: frame.finish(), groups: self.groups, names: self.names, unsupported: self.unsupported };
        let checks = super::check::Checks {
            later: &self.later,
            branch_errors: &self.branch_errors,
            small_refs: &self.small_refs,
            duplicate_numbers: self.duplicate_numbers,
            pattern_length: self.text.len(),
        };
        checks.run(&mut parsed, self.has_lookbehind)?;
        Ok(parsed)
    }

    /// Reads one item; answers whether it was a quantifier.
    fn item(&mut self, byte: u8, quantifiable: bool, before: &Before) -> Result<bool, Error> {
        match byte {
            b'\\' => self.escape()?,
            b'^' => self.push(Node::Assert(if self.options.multiline { Assert::LineStart } else { Assert::Start })),
            b'$' => self.push(Node::Assert(if self.options.multiline { Assert::LineEnd } else { Assert::EndOrNewline })),
            b'.' => {
                let set = if self.options.dotall { ByteSet::ALL } else { ByteSet::single(b'\n').negate() };
                self.push(Node::Set(set));
                self.quantifiable = true;
            }
            b'*' | b'+' | b'?' | b'{' => return self.quantifier(byte, quantifiable),
            b'[' => self.class()?,
            b'(' => self.open(before)?,
            b'|' => self.alternative(),
            b')' => self.close()?,
            _ => self.literal(byte),
        }
        Ok(false)
    }

    pub(super) fn literal(&mut self, byte: u8) {
        self.push(Node::Byte { byte, caseless: self.options.caseless && byte.is_ascii_alphabetic() });
        self.quantifiable = true;
    }

    /// White space and comments of `(?x)`.
    fn skip_extended(&mut self, byte: u8) -> bool {
        match byte {
            // Besides isspace() PCRE2 with Unicode support skips U+0085, here a byte.
            b' ' | b'\t'..=b'\r' | 0x85 => true,
            b'#' => {
                let end = self.rest().iter().position(|byte| *byte == b'\n');
                self.at += end.map_or(self.rest().len(), |end| end + 1);
                true
            }
            _ => false,
        }
    }

    fn is_assertion(&self, byte: u8) -> bool {
        let rest = self.rest();
        if byte != b'(' || rest.len() < 3 {
            return false;
        }
        match (rest[0], rest[1]) {
            (b'*', letter) => letter.is_ascii_lowercase(),
            (b'?', b'C') => self.expect_assertion == 2,
            (b'?', b'=' | b'!') => true,
            (b'?', b'<') => matches!(rest[2], b'=' | b'!'),
            _ => false,
        }
    }

    fn quantifier(&mut self, byte: u8, quantifiable: bool) -> Result<bool, Error> {
        let (min, max) = match byte {
            b'*' => (0, None),
            b'+' => (1, None),
            b'?' => (0, Some(1)),
            _ => {
                let Some(counts) = self.repeat_counts()? else {
                    self.literal(byte);
                    return Ok(false);
                };
                counts
            }
        };
        if !quantifiable {
            return Self::error_at(9, self.at - 1);
        }
        let kind = if self.options.ungreedy { RepeatKind::Lazy } else { RepeatKind::Greedy };
        let items = &mut self.frames.last_mut().expect("INVARIANT: the outermost frame stays").items;
        let body = Box::new(items.pop().expect("INVARIANT: what can be quantified was pushed"));
        items.push(Node::Repeat { body, min, max, kind });
        Ok(true)
    }

    fn modify_quantifier(&mut self, byte: u8) {
        let lazy = if self.options.ungreedy { RepeatKind::Greedy } else { RepeatKind::Lazy };
        let items = &mut self.frames.last_mut().expect("INVARIANT: the outermost frame stays").items;
        if let Some(Node::Repeat { kind, .. }) = items.last_mut() {
            *kind = if byte == b'+' { RepeatKind::Possessive } else { lazy };
        }
    }

    /// Reads `n}`, `n,}`, `,m}`, `n,m}` after `{`; `None` and nothing read if it is not a quantifier.
    pub(super) fn repeat_counts(&mut self) -> Result<Option<(u32, Option<u32>)>, Error> {
        let Some((min, max, end)) = repeat_syntax(self.rest()) else { return Ok(None) };
        let mut number = |range: std::ops::Range<usize>| -> Result<u32, Error> {
            let digits = &self.text[self.at + range.start..self.at + range.end];
            let value = digits.iter().try_fold(0_u32, |value, digit| {
                let value = value * 10 + u32::from(digit - b'0');
                (value <= MAX_REPEAT).then_some(value)
            });
            value.ok_or_else(|| {
                let offset = self.at + range.end;
                Error::new(5, offset)
            })
        };
        let low = min.clone().map_or(Ok(0), &mut number)?;
        let high = match max {
            Bound::Same => Some(low),
            Bound::Unlimited => None,
            Bound::Digits(range) => {
                let after = self.at + range.end;
                let high = number(range)?;
                if min.is_some() && high < low {
                    return Self::error_at(4, after);
                }
                Some(high)
            }
        };
        self.at += end;
        Ok(Some((low, high)))
    }

    /// A number. With `relative` a sign counts from the groups read so far. `None` and nothing read without digits.
    pub(super) fn number(&mut self, relative: bool, code: u16) -> Result<Option<u32>, Error> {
        let start = self.at;
        let mut max = MAX_GROUP;
        let sign = match self.peek(0) {
            Some(sign @ (b'+' | b'-')) if relative => {
                if sign == b'+' {
                    max -= self.groups;
                }
                self.at += 1;
                Some(sign)
            }
            _ => None,
        };
        if !self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at = start;
            return Ok(None);
        }
        let mut value = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek(0) {
            value = value * 10 + u32::from(digit - b'0');
            self.at += 1;
            if value > max {
                while self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at += 1;
                }
                return self.error(code);
            }
        }
        match sign {
            None => Ok(Some(value)),
            Some(_) if value == 0 => self.error(26),
            Some(b'+') => Ok(Some(value + self.groups)),
            Some(_) if value > self.groups => self.error(15),
            Some(_) => Ok(Some(self.groups + 1 - value)),
        }
    }

    /// A group name up to `terminator`; the reader stands on the byte before the name. Answers name and offset.
    pub(super) fn name(&mut self, terminator: u8) -> Result<(String, usize), Error> {
        self.at += 1;
        if terminator == b'}' {
            self.skip_blanks();
        }
        if self.peek(0).is_none() {
            return self.error(62);
        }
        let start = self.at;
        if self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            return self.error(44);
        }
        while self.peek(0).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        if self.at > start + MAX_NAME {
            return self.error(48);
        }
        if self.at == start {
            return self.error(62);
        }
        let name = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        if terminator == b'}' {
            self.skip_blanks();
        }
        if self.peek(0) != Some(terminator) {
            return self.error(42);
        }
        self.at += 1;
        Ok((name, start))
    }

    fn escape(&mut self) -> Result<(), Error> {
        match self.read_escape(false)? {
            Escape::Byte(byte) => self.literal(byte),
            Escape::Wide => {
                self.unsupported("UTF mode");
                self.push(Node::Unsupported);
                self.quantifiable = true;
            }
            Escape::Backref(number) => {
                let offset = self.at - 1;
                if number < 10 {
                    let first = *self.small_refs[number as usize].get_or_insert(offset);
                    self.note(first);
                    self.later.push(Later::SmallBackref(number));
                } else {
                    self.later.push(Later::Number { number, offset });
                    self.note(offset);
                }
                self.push(Node::Backref { group: GroupRef::Number(number), caseless: self.options.caseless });
                self.quantifiable = true;
            }
            Escape::Set(set) => {
                self.push(Node::Set(set));
                self.quantifiable = true;
            }
            Escape::Newline => {
                self.push(newline_sequence(self.newline_anycrlf_only));
                self.quantifiable = true;
            }
            Escape::Grapheme => {
                self.push(Node::Grapheme);
                self.quantifiable = true;
            }
            Escape::Property(negated) => {
                let set = self.property(negated)?;
                self.push(set.map_or(Node::Unsupported, Node::Set));
                self.quantifiable = true;
            }
            Escape::Assert(assert) => self.push(Node::Assert(assert)),
            Escape::ResetStart => {
                if self.frames.iter().any(Frame::is_look) {
                    self.later.push(Later::ResetStartInLook);
                }
                self.push(Node::ResetStart);
            }
            Escape::Named | Escape::Subroutine => self.named_escape(self.text[self.at - 1] == b'g')?,
        }
        Ok(())
    }

    /// `\k` and `\g` with a name, `\g` with a number in quotes or angle brackets.
    fn named_escape(&mut self, subroutine: bool) -> Result<(), Error> {
        let terminator = match self.peek(0) {
            Some(b'{') => b'}',
            Some(b'<') => b'>',
            Some(b'\'') => b'\'',
            _ => return self.error(if subroutine { 57 } else { 69 }),
        };
        if subroutine && terminator != b'}' {
            self.at += 1;
            let start = self.at;
            if let Some(number) = self.number(true, 61).map_err(|error| Error::new(error.code() - 100, start - 1))? {
                if self.peek(0) != Some(terminator) {
                    return Self::error_at(57, start - 1);
                }
                self.recurse_number(number);
                return Ok(());
            }
            self.at = start - 1;
        }
        let (name, offset) = self.name(terminator)?;
        self.later.push(Later::Name { name: name.clone(), offset });
        self.note(offset);
        let group = GroupRef::Name(name);
        self.push(if subroutine && terminator != b'}' {
            Node::Recurse(group)
        } else {
            Node::Backref { group, caseless: self.options.caseless }
        });
        self.quantifiable = true;
        Ok(())
    }

    /// A subroutine call by number; the reader stands on its terminator.
    pub(super) fn recurse_number(&mut self, number: u32) {
        self.later.push(Later::Number { number, offset: self.at });
        self.note(self.at);
        self.at += 1;
        self.push(Node::Recurse(GroupRef::Number(number)));
        self.quantifiable = true;
    }

    /// The ugly `[[:<:]]` and `[[:>:]]` of another library: start and end of a word.
    pub(super) fn weird_word_boundary(&mut self) -> bool {
        let start = self.rest().starts_with(b"[:<:]]");
        if !start && !self.rest().starts_with(b"[:>:]]") {
            return false;
        }
        self.at += 6;
        self.has_lookbehind |= !start;
        self.push(Node::Assert(Assert::WordBoundary));
        self.push(Node::Look(Look {
            behind: !start,
            negative: false,
            atomic: true,
            branches: vec![Node::Set(super::escape::word())],
            widths: Vec::new(),
            id: self.at,
            offset: 0,
        }));
        self.quantifiable = true;
        true
    }

    pub(super) fn verb(&mut self, verb: Verb) {
        if verb == Verb::Then {
            self.unsupported("(*THEN)");
        }
        self.push(Node::Verb(verb));
    }
}

fn byte_node(byte: u8) -> Node {
    Node::Byte { byte, caseless: false }
}

fn atomic(body: Node) -> Node {
    Node::Group { kind: GroupKind::Atomic, body: Box::new(body) }
}

/// CR LF, or else one byte of the set.
pub(super) fn crlf_or(single: ByteSet) -> Node {
    Node::Alternate(vec![Node::Concat(vec![byte_node(b'\r'), byte_node(b'\n')]), Node::Set(single)])
}

fn newline_sequence(anycrlf_only: bool) -> Node {
    let single = if anycrlf_only { ByteSet::of(b"\r\n") } else { ByteSet::of(b"\n\x0b\x0c\r\x85") };
    atomic(crlf_or(single))
}

enum Bound {
    Same,
    Unlimited,
    Digits(std::ops::Range<usize>),
}

/// Finds the numbers of a quantifier and where it ends, or nothing if it is none.
fn repeat_syntax(text: &[u8]) -> Option<(Option<std::ops::Range<usize>>, Bound, usize)> {
    let skip = |mut at: usize, wanted: fn(&u8) -> bool| {
        while text.get(at).is_some_and(wanted) {
            at += 1;
        }
        at
    };
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = skip(0, blank);
    let digits = skip(start, u8::is_ascii_digit);
    let min = (digits > start).then_some(start..digits);
    let at = skip(digits, blank);
    match text.get(at)? {
        b'}' => min.map(|min| (Some(min), Bound::Same, at + 1)),
        b',' => {
            let start = skip(at + 1, blank);
            let digits = skip(start, u8::is_ascii_digit);
            let end = skip(digits, blank);
            if text.get(end) != Some(&b'}') || (digits == start && min.is_none()) {
                return None;
            }
            let max = if digits > start { Bound::Digits(start..digits) } else { Bound::Unlimited };
            Some((min, max, end + 1))
        }
        _ => None,
    }
}
