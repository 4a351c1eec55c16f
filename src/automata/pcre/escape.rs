//! What follows a backslash.

use super::{
    ast::Assert,
    error::Error,
    parse::{MAX_GROUP, Parser},
};
use crate::automata::ByteSet;

/// What an escape means.
pub(super) enum Escape {
    Byte(u8),
    /// A character beyond 255, possible in UTF mode only.
    Wide,
    Backref(u32),
    Set(ByteSet),
    Newline,
    Grapheme,
    /// `\p` or, negated, `\P`; the name follows.
    Property(bool),
    Assert(Assert),
    ResetStart,
    /// `\k`, or `\g{name}`.
    Named,
    /// `\g<` or `\g'`.
    Subroutine,
}

/// The bytes of `\w`.
pub(super) fn word() -> ByteSet {
    ByteSet::range(b'a', b'z').fold_case().union(ByteSet::range(b'0', b'9')).union(ByteSet::single(b'_'))
}

/// The bytes of `\d`, `\s`, `\h`, `\v`, `\w` without UTF, and of their negations.
fn simple_set(letter: u8) -> Option<ByteSet> {
    let set = match letter.to_ascii_lowercase() {
        b'd' => ByteSet::range(b'0', b'9'),
        b's' => ByteSet::of(b" \t\n\x0b\x0c\r"),
        b'h' => ByteSet::of(b"\t \xa0"),
        b'v' => ByteSet::of(b"\n\x0b\x0c\r\x85"),
        b'w' => word(),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { set.negate() } else { set })
}

impl Parser<'_> {
    /// Reads an escape; the reader stands behind the backslash.
    pub(super) fn read_escape(&mut self, in_class: bool) -> Result<Escape, Error> {
        let Some(byte) = self.peek(0) else { return self.error(1) };
        self.at += 1;
        if let Some(set) = simple_set(byte) {
            return Ok(Escape::Set(set));
        }
        // Escapes that a class refuses are refused one byte earlier in newer error offsets of PCRE2.
        let refused = || Err(Error::new(7, self.at - 1));
        Ok(match byte {
            b'a' => Escape::Byte(7),
            b'e' => Escape::Byte(27),
            b'f' => Escape::Byte(12),
            b'n' => Escape::Byte(b'\n'),
            b'r' => Escape::Byte(b'\r'),
            b't' => Escape::Byte(b'\t'),
            b'b' if in_class => Escape::Byte(8),
            b'g' | b'k' if in_class => Escape::Byte(byte),
            b'A' | b'B' | b'C' | b'G' | b'K' | b'R' | b'X' | b'Z' | b'z' if in_class => return refused(),
            b'A' | b'G' => Escape::Assert(Assert::Start),
            b'Z' => Escape::Assert(Assert::EndOrNewline),
            b'z' => Escape::Assert(Assert::End),
            b'b' => Escape::Assert(Assert::WordBoundary),
            b'B' => Escape::Assert(Assert::NotWordBoundary),
            b'C' => Escape::Set(ByteSet::ALL),
            b'K' => Escape::ResetStart,
            b'R' => Escape::Newline,
            b'X' => Escape::Grapheme,
            b'N' => return self.not_newline(in_class),
            b'P' | b'p' => Escape::Property(byte == b'P'),
            b'k' => Escape::Named,
            b'F' | b'l' | b'L' | b'u' | b'U' => return self.error(37),
            b'g' => return self.group_reference(),
            b'0'..=b'9' => return self.digits(byte, in_class),
            b'o' => return self.octal_braced(),
            b'x' => return self.hexadecimal(),
            b'c' => return self.control(),
            b'A'..=b'Z' | b'a'..=b'z' => return Self::error_at(3, self.at - 1),
            _ => Escape::Byte(byte),
        })
    }

    fn not_newline(&mut self, in_class: bool) -> Result<Escape, Error> {
        if self.peek(0) == Some(b'{') {
            let start = self.at;
            self.at += 1;
            self.skip_blanks();
            if self.rest().starts_with(b"U+") {
                if self.utf {
                    self.at += 2;
                    return self.hexadecimal_braced();
                }
                return Self::error_at(93, start);
            }
            let counts = if in_class { Ok(None) } else { self.repeat_counts() };
            self.at = start;
            match counts {
                Ok(Some(_)) => {}
                Ok(None) => return self.error(37),
                Err(error) => return Self::error_at(error.code() - 100, start),
            }
        }
        if in_class { self.error(71) } else { Ok(Escape::Set(ByteSet::single(b'\n').negate())) }
    }

    fn group_reference(&mut self) -> Result<Escape, Error> {
        let number = match self.peek(0) {
            None => return self.error(57),
            Some(b'<' | b'\'') => return Ok(Escape::Subroutine),
            Some(b'{') => {
                let start = self.at;
                self.at += 1;
                self.skip_blanks();
                let number = match self.number(true, 61) {
                    Ok(Some(number)) => number,
                    Ok(None) => {
                        self.at = start;
                        return Ok(Escape::Named);
                    }
                    Err(error) => return Self::error_at(error.code() - 100, start),
                };
                self.skip_blanks();
                if self.peek(0) != Some(b'}') {
                    return Self::error_at(57, start);
                }
                self.at += 1;
                number
            }
            Some(_) => match self.number(true, 61)? {
                Some(number) => number,
                None => return self.error(57),
            },
        };
        if number == 0 { self.error(15) } else { Ok(Escape::Backref(number)) }
    }

    fn digits(&mut self, first: u8, in_class: bool) -> Result<Escape, Error> {
        if first != b'0' && !in_class {
            let start = self.at;
            self.at -= 1;
            let number = self.number(false, 61);
            // An over-large number may still be octal.
            let large = number.is_err();
            let number = number.ok().flatten().unwrap_or(u32::MAX);
            if number < 10 || first >= b'8' || number <= self.groups {
                return if large || number > MAX_GROUP { self.error(61) } else { Ok(Escape::Backref(number)) };
            }
            self.at = start;
        }
        if first >= b'8' {
            return Ok(Escape::Byte(first));
        }
        let mut value = u32::from(first - b'0');
        for _ in 0..2 {
            let Some(digit @ b'0'..=b'7') = self.peek(0) else { break };
            value = value * 8 + u32::from(digit - b'0');
            self.at += 1;
        }
        self.code_point(value, 51)
    }

    fn code_point(&self, value: u32, code: u16) -> Result<Escape, Error> {
        match u8::try_from(value) {
            Ok(byte) if byte < 0x80 || !self.utf => Ok(Escape::Byte(byte)),
            _ if self.utf => Ok(Escape::Wide),
            _ => self.error(code),
        }
    }

    fn octal_braced(&mut self) -> Result<Escape, Error> {
        match self.peek(0) {
            Some(b'{') => {}
            Some(_) => return self.error(55),
            None => return Self::error_at(55, self.at - 1),
        }
        self.at += 1;
        self.skip_blanks();
        self.braced(8, 64)
    }

    fn hexadecimal(&mut self) -> Result<Escape, Error> {
        if self.peek(0) == Some(b'{') {
            self.at += 1;
            self.skip_blanks();
            return self.hexadecimal_braced();
        }
        let Some(first) = self.peek(0).and_then(|byte| char::from(byte).to_digit(16)) else { return self.error(78) };
        self.at += 1;
        let mut value = first;
        if let Some(second) = self.peek(0).and_then(|byte| char::from(byte).to_digit(16)) {
            self.at += 1;
            value = value * 16 + second;
        }
        self.code_point(value, 51)
    }

    fn hexadecimal_braced(&mut self) -> Result<Escape, Error> {
        self.braced(16, 67)
    }

    fn braced(&mut self, radix: u32, code: u16) -> Result<Escape, Error> {
        if matches!(self.peek(0), None | Some(b'}')) {
            return self.error(78);
        }
        let mut value = 0;
        let mut large = false;
        while let Some(digit) = self.peek(0).and_then(|byte| char::from(byte).to_digit(radix)) {
            self.at += 1;
            value = value * radix + digit;
            if value > if self.utf { 0x10_ffff } else { 0xff } {
                large = true;
                break;
            }
        }
        self.skip_blanks();
        if large {
            while self.peek(0).is_some_and(|byte| char::from(byte).is_digit(radix)) {
                self.at += 1;
            }
            return self.error(34);
        }
        if self.peek(0) != Some(b'}') {
            // PCRE2 steps back from the byte it has looked at; at the end of the pattern there is none.
            if self.peek(0).is_none() {
                self.at -= 1;
            }
            return self.error(code);
        }
        self.at += 1;
        if self.utf && (0xd800..=0xdfff).contains(&value) {
            return Self::error_at(73, self.at - 1);
        }
        self.code_point(value, 34)
    }

    fn control(&mut self) -> Result<Escape, Error> {
        match self.peek(0) {
            None => self.error(2),
            Some(byte @ 32..=126) => {
                self.at += 1;
                Ok(Escape::Byte(byte.to_ascii_uppercase() ^ 0x40))
            }
            Some(_) => self.error(68),
        }
    }
}

/// Whether `\w` matches.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
