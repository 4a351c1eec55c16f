//! Character classes: `[…]` and the extended `(?[…])` of Perl.

use super::{
    ast::Node,
    error::Error,
    escape::{self, Escape},
    parse::Parser,
};
use crate::automata::ByteSet;

/// Nested classes that PCRE2 accepts.
const NEST_LIMIT: usize = 15;

/// What the last member allows a hyphen to mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    /// A hyphen is a literal.
    No,
    /// Behind a hyphen that makes a range from this byte.
    Started(u8),
    /// Behind `\d` and the like.
    Forbidden,
    /// Behind a hyphen behind `\d`, with the place of the hyphen.
    ForbiddenStarted(usize),
    /// A hyphen makes a range from this byte.
    Possible(u8),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Operand,
    Operator,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    Extended,
    Leaf,
}

/// An open class.
struct Level {
    negated: bool,
    mode: Mode,
    set: ByteSet,
    /// Operands and operators of an extended class.
    operands: Vec<ByteSet>,
    operators: Vec<u8>,
}

impl Level {
    fn new(negated: bool, mode: Mode) -> Self {
        Self { negated, mode, set: ByteSet::EMPTY, operands: Vec::new(), operators: Vec::new() }
    }

    fn add(&mut self, set: ByteSet) {
        if self.mode == Mode::Extended {
            self.operands.push(set);
            while self.operators.last() == Some(&b'!') {
                self.operators.pop();
                self.apply(b'!');
            }
        } else {
            self.set = self.set.union(set);
        }
    }

    /// An operator between two operands; `&` binds tighter, all others are equal and go from left to right.
    fn operator(&mut self, operator: u8) {
        if operator != b'!' {
            while self.operators.last().is_some_and(|last| *last == b'&' || (*last != b'!' && operator != b'&')) {
                if let Some(last) = self.operators.pop() {
                    self.apply(last);
                }
            }
        }
        self.operators.push(operator);
    }

    fn apply(&mut self, operator: u8) {
        let right = self.operands.pop().unwrap_or_default();
        if operator == b'!' {
            self.operands.push(right.negate());
            return;
        }
        let left = self.operands.pop().unwrap_or_default();
        self.operands.push(match operator {
            b'&' => left.intersect(right),
            b'-' => left.intersect(right.negate()),
            b'^' => left.symmetric_difference(right),
            _ => left.union(right),
        });
    }

    fn finish(mut self) -> ByteSet {
        while let Some(operator) = self.operators.pop() {
            self.apply(operator);
        }
        let set = self.operands.pop().map_or(self.set, |set| set.union(self.set));
        if self.negated { set.negate() } else { set }
    }
}

impl Parser<'_> {
    /// Reads a class; the reader stands behind `[`.
    pub(super) fn class(&mut self) -> Result<(), Error> {
        if self.weird_word_boundary() {
            return Ok(());
        }
        if matches!(self.peek(0), Some(b':' | b'.' | b'=')) && self.posix_end().is_some() {
            return Self::error_at(if self.peek(0) == Some(b':') { 12 } else { 13 }, self.at - 1);
        }
        self.class_body(Mode::Normal)
    }

    /// Reads an extended class; the reader stands behind `(?[`.
    pub(super) fn extended_class(&mut self) -> Result<(), Error> {
        self.class_body(Mode::Extended)
    }

    #[allow(clippy::too_many_lines)] // one loop with one state, as in PCRE2
    fn class_body(&mut self, outer: Mode) -> Result<(), Error> {
        let mut levels: Vec<Level> = Vec::new();
        let mut range = Range::No;
        let mut state = State::Empty;
        let mut literal = false;
        let mut byte = b'[';
        loop {
            let mode = levels.last().map_or(outer, |level| level.mode);
            let mut plain = false;
            if literal {
                if byte == b'\\' && self.peek(0) == Some(b'E') {
                    literal = false;
                    self.at += 1;
                } else if mode == Mode::Extended {
                    return self.error(116);
                } else {
                    plain = true;
                }
            } else if matches!(byte, b' ' | b'\t') && (self.options.extended_more || mode != Mode::Normal) {
                // Ignored.
            } else if let Some(end) = self.posix_start(byte, &levels) {
                let set = self.posix_class(end, range, state, mode)?;
                self.add(&mut levels, set);
                range = Range::Forbidden;
                state = State::Operand;
            } else if (byte == b'[' && (levels.is_empty() || mode == Mode::Extended)) || (byte == b'(' && mode == Mode::Extended) {
                if let Range::Started(_) = range {
                    Self::add_byte(self.options.caseless, &mut levels, b'-');
                }
                if state == State::Operand && mode == Mode::Extended {
                    return self.error(113);
                }
                if levels.len() >= NEST_LIMIT {
                    return self.error(107);
                }
                let inner = if byte == b'[' && mode == Mode::Extended && !levels.is_empty() { Mode::Leaf } else { mode };
                let (negated, first) = self.class_start(byte, inner)?;
                levels.push(Level::new(negated, inner));
                range = Range::No;
                state = State::Empty;
                byte = first;
                if first == b']' && inner != Mode::Extended {
                    plain = true;
                } else {
                    continue;
                }
            } else if byte == b']' || (byte == b')' && mode == Mode::Extended) {
                if mode == Mode::Extended {
                    if byte == b']' && levels.len() != 1 {
                        return Self::error_at(14, self.at - 1);
                    }
                    if byte == b')' && levels.len() < 2 {
                        return self.error(22);
                    }
                }
                if state == State::Operator {
                    return self.error(110);
                }
                if mode == Mode::Extended && state == State::Empty {
                    return self.error(114);
                }
                if let Range::Started(_) = range {
                    Self::add_byte(self.options.caseless, &mut levels, b'-');
                }
                let set = levels.pop().expect("INVARIANT: a class is open").finish();
                let Some(parent) = levels.last_mut() else {
                    if mode == Mode::Extended {
                        if self.peek(0) != Some(b')') {
                            return self.error(115);
                        }
                        self.at += 1;
                    }
                    self.push(Node::Set(set));
                    self.quantifiable = true;
                    return Ok(());
                };
                parent.add(set);
                range = Range::No;
                state = State::Operand;
            } else if mode == Mode::Extended && matches!(byte, b'+' | b'|' | b'-' | b'&' | b'^' | b'!') {
                if (state == State::Operand) == (byte == b'!') {
                    return self.error(if byte == b'!' { 113 } else { 109 });
                }
                levels.last_mut().expect("INVARIANT: a class is open").operator(byte);
                range = Range::No;
                state = State::Operator;
            } else if byte == b'\\' {
                match self.class_escape()? {
                    ClassEscape::Byte(value) => {
                        byte = value;
                        plain = true;
                    }
                    ClassEscape::Quote(on) => literal = on,
                    ClassEscape::Set(set) => {
                        match range {
                            Range::Started(_) => return self.error(50),
                            Range::ForbiddenStarted(at) => return Self::error_at(50, at),
                            Range::No | Range::Forbidden | Range::Possible(_) => {}
                        }
                        if state == State::Operand && mode == Mode::Extended {
                            return self.error(113);
                        }
                        self.add(&mut levels, set);
                        range = Range::Forbidden;
                        state = State::Operand;
                    }
                }
            } else if mode == Mode::Extended {
                return self.error(116);
            } else if let (b'-', Range::Possible(first)) = (byte, range) {
                range = Range::Started(first);
            } else if byte == b'-' && range == Range::Forbidden {
                Self::add_byte(self.options.caseless, &mut levels, b'-');
                range = Range::ForbiddenStarted(self.at);
            } else {
                plain = true;
            }
            if plain {
                if state == State::Operand && mode == Mode::Extended {
                    return self.error(113);
                }
                range = match range {
                    Range::Started(first) if first > byte => return Self::error_at(8, self.at - 1),
                    Range::Started(first) => {
                        let set = ByteSet::range(first, byte);
                        let set = if self.options.caseless { set.fold_case() } else { set };
                        self.add(&mut levels, set);
                        Range::No
                    }
                    Range::ForbiddenStarted(at) => return Self::error_at(50, at),
                    Range::No | Range::Forbidden | Range::Possible(_) => {
                        Self::add_byte(self.options.caseless, &mut levels, byte);
                        Range::Possible(byte)
                    }
                };
                state = State::Operand;
            }
            let Some(next) = self.peek(0) else {
                return self.error(6);
            };
            byte = next;
            self.at += 1;
        }
    }

    fn add(&self, levels: &mut [Level], set: ByteSet) {
        let _ = self;
        levels.last_mut().expect("INVARIANT: a class is open").add(set);
    }

    fn add_byte(caseless: bool, levels: &mut [Level], byte: u8) {
        let set = ByteSet::single(byte);
        levels.last_mut().expect("INVARIANT: a class is open").add(if caseless { set.fold_case() } else { set });
    }

    /// Reads `^` and what PCRE2 ignores at the start of a class; answers negation and the first real byte.
    fn class_start(&mut self, open: u8, mode: Mode) -> Result<(bool, u8), Error> {
        let mut negated = false;
        loop {
            let Some(byte) = self.peek(0) else { return self.error(if open == b'(' { 14 } else { 6 }) };
            self.at += 1;
            match byte {
                _ if mode == Mode::Extended => return Ok((negated, byte)),
                b'\\' if self.peek(0) == Some(b'E') => self.at += 1,
                b'\\' if self.rest().starts_with(b"Q\\E") => self.at += 3,
                b' ' | b'\t' if self.options.extended_more || mode != Mode::Normal => {}
                b'^' if !negated => negated = true,
                _ => return Ok((negated, byte)),
            }
        }
    }

    fn class_escape(&mut self) -> Result<ClassEscape, Error> {
        match self.peek(0) {
            Some(b'Q') => {
                self.at += 1;
                return Ok(ClassEscape::Quote(true));
            }
            Some(b'E') => {
                self.at += 1;
                return Ok(ClassEscape::Quote(false));
            }
            _ => {}
        }
        Ok(match self.read_escape(true)? {
            Escape::Byte(byte) => ClassEscape::Byte(byte),
            Escape::Set(set) => ClassEscape::Set(set),
            Escape::Property(negated) => {
                let set = self.property(negated)?;
                ClassEscape::Set(set.unwrap_or_default())
            }
            Escape::Wide => {
                self.unsupported("UTF mode");
                ClassEscape::Byte(0xff)
            }
            Escape::Backref(_)
            | Escape::Newline
            | Escape::Grapheme
            | Escape::Assert(_)
            | Escape::ResetStart
            | Escape::Named
            | Escape::Subroutine => unreachable!("INVARIANT: these are refused in a class"),
        })
    }

    /// Where a POSIX class inside a class ends, if one starts here.
    fn posix_start(&self, byte: u8, levels: &[Level]) -> Option<usize> {
        if levels.is_empty() || byte != b'[' || self.rest().len() < 3 || !matches!(self.peek(0), Some(b':' | b'.' | b'=')) {
            return None;
        }
        self.posix_end()
    }

    /// The place of the closing `:]`, `.]`, `=]`; the reader stands behind `[`.
    fn posix_end(&self) -> Option<usize> {
        let terminator = self.peek(0)?;
        let mut at = self.at + 1;
        while at + 2 <= self.text.len() {
            match (self.text[at], self.text[at + 1]) {
                (b'\\', b']' | b'\\') => at += 1,
                (b'[', next) if next == terminator => return None,
                (b']', _) => return None,
                (byte, b']') if byte == terminator => return Some(at),
                _ => {}
            }
            at += 1;
        }
        None
    }

    fn posix_class(&mut self, end: usize, range: Range, state: State, mode: Mode) -> Result<ByteSet, Error> {
        let after = end + 2;
        match range {
            Range::Started(_) => return Self::error_at(50, after),
            Range::ForbiddenStarted(at) => return Self::error_at(50, at),
            Range::No | Range::Forbidden | Range::Possible(_) => {}
        }
        if state == State::Operand && mode == Mode::Extended {
            return Self::error_at(113, after);
        }
        if self.peek(0) != Some(b':') {
            return Self::error_at(13, after);
        }
        let name = &self.text[self.at + 1..end];
        let (negated, name) = name.strip_prefix(b"^").map_or((false, name), |name| (true, name));
        self.at = after;
        let Some(set) = posix_set(name, self.options.caseless) else { return self.error(30) };
        Ok(if negated { set.negate() } else { set })
    }
}

enum ClassEscape {
    Byte(u8),
    Set(ByteSet),
    Quote(bool),
}

fn posix_set(name: &[u8], caseless: bool) -> Option<ByteSet> {
    let lower = ByteSet::range(b'a', b'z');
    let upper = ByteSet::range(b'A', b'Z');
    let digit = ByteSet::range(b'0', b'9');
    let alpha = lower.union(upper);
    let graph = ByteSet::range(0x21, 0x7e);
    Some(match name {
        b"lower" | b"upper" if caseless => alpha,
        b"alpha" => alpha,
        b"lower" => lower,
        b"upper" => upper,
        b"alnum" => alpha.union(digit),
        b"ascii" => ByteSet::range(0, 0x7f),
        b"blank" => ByteSet::of(b" \t"),
        b"cntrl" => ByteSet::range(0, 0x1f).union(ByteSet::single(0x7f)),
        b"digit" => digit,
        b"graph" => graph,
        b"print" => graph.union(ByteSet::single(b' ')),
        b"punct" => graph.intersect(alpha.union(digit).negate()),
        b"space" => ByteSet::of(b" \t\n\x0b\x0c\r"),
        b"word" => escape::word(),
        b"xdigit" => digit.union(ByteSet::range(b'a', b'f').fold_case()),
        _ => return None,
    })
}
