//! Character classes and escapes of RE2.

use super::{Error, parse::Parser};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// `\d` and the like: ASCII only, and `\s` without the vertical tab.
fn perl(letter: char) -> Option<&'static [(char, char)]> {
    Some(match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    })
}

fn posix(name: &str) -> Option<&'static [(char, char)]> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

impl Parser<'_> {
    fn ranges(&self, ranges: &[(char, char)], negated: bool) -> ClassUnicode {
        let mut class = ClassUnicode::new(ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last)));
        if self.flags.fold {
            class.case_fold_simple();
        }
        if negated {
            class.negate();
        }
        class
    }

    /// `\d`, `\pL` and the like, standing on the backslash.
    pub(super) fn class_escape(&mut self) -> Result<Option<ClassUnicode>, Error> {
        let mut chars = self.rest().chars();
        chars.next();
        let Some(letter) = chars.next() else { return Ok(None) };
        if let Some(ranges) = perl(letter) {
            self.at += 2;
            return Ok(Some(self.ranges(ranges, letter.is_ascii_uppercase())));
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(None);
        }
        let start = self.at;
        self.at += 2;
        let Some(first) = self.rest().chars().next() else { return Err(Error::new("invalid character class range", start)) };
        let name = if first == '{' {
            let Some(end) = self.rest().find('}') else { return Err(Error::new("invalid character class range", start)) };
            let name = self.rest()[1..end].to_owned();
            self.at += end + 1;
            name
        } else {
            self.at += first.len_utf8();
            first.to_string()
        };
        let (caret, name) = name.strip_prefix('^').map_or((false, name.as_str()), |name| (true, name));
        // Go knows general categories and scripts by their own spelling.
        let spelt = name.chars().next().is_some_and(|first| first.is_ascii_uppercase())
            && name.chars().all(|char| char.is_ascii_alphabetic() || char == '_');
        let class = spelt.then(|| regex_syntax::parse(&format!("\\p{{{name}}}")).ok()).flatten();
        let Some(HirKind::Class(Class::Unicode(class))) = class.map(regex_syntax::hir::Hir::into_kind) else {
            return Err(Error::new("invalid character class range", start));
        };
        let mut class = class;
        if self.flags.fold {
            class.case_fold_simple();
        }
        if caret != (letter == 'P') {
            class.negate();
        }
        Ok(Some(class))
    }

    /// `[…]`, standing on the bracket.
    pub(super) fn class(&mut self) -> Result<ClassUnicode, Error> {
        let start = self.at;
        let missing = || Error::new("missing closing ]", start);
        self.at += 1;
        let negated = self.rest().starts_with('^');
        self.at += usize::from(negated);
        let mut class = ClassUnicode::empty();
        let mut first = true;
        loop {
            let Some(char) = self.rest().chars().next() else { return Err(missing()) };
            if char == ']' && !first {
                break;
            }
            first = false;
            if self.rest().starts_with("[:")
                && let Some(end) = self.rest()[2..].find(":]")
            {
                let name = &self.rest()[2..end + 2];
                let (caret, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
                let Some(ranges) = posix(name) else { return Err(Error::new("invalid character class range", self.at)) };
                class.union(&self.ranges(ranges, caret));
                self.at += end + 4;
                continue;
            }
            if char == '\\'
                && let Some(set) = self.class_escape()?
            {
                class.union(&set);
                continue;
            }
            let place = self.at;
            let low = self.class_char().map_err(|error| if self.rest().is_empty() { missing() } else { error })?;
            let mut high = low;
            if self.rest().starts_with('-') && self.rest().len() > 1 && !self.rest().starts_with("-]") {
                self.at += 1;
                high = self.class_char().map_err(|error| if self.rest().is_empty() { missing() } else { error })?;
                if high < low {
                    return Err(Error::new("invalid character class range", place));
                }
            }
            class.union(&self.ranges(&[(low, high)], false));
        }
        self.at += 1;
        if negated {
            class.negate();
        }
        Ok(class)
    }

    fn class_char(&mut self) -> Result<char, Error> {
        match self.rest().chars().next() {
            None => Err(Error::new("missing closing ]", self.at)),
            Some('\\') => self.escaped(),
            Some(char) => {
                self.at += char.len_utf8();
                Ok(char)
            }
        }
    }

    /// An escaped character, standing on the backslash.
    pub(super) fn escaped(&mut self) -> Result<char, Error> {
        let start = self.at;
        let invalid = || Error::new("invalid escape sequence", start);
        self.at += 1;
        let Some(char) = self.rest().chars().next() else { return Err(Error::new("trailing backslash at end of expression", start)) };
        self.at += char.len_utf8();
        let octal = |char: char| char.to_digit(8);
        Ok(match char {
            '1'..='7' if self.rest().chars().next().and_then(octal).is_none() => return Err(invalid()),
            '0'..='7' => {
                let mut value = octal(char).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.rest().chars().next().and_then(octal) else { break };
                    value = value * 8 + digit;
                    self.at += 1;
                }
                char::from_u32(value).ok_or_else(invalid)?
            }
            'x' => self.hexadecimal().ok_or_else(invalid)?,
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            _ if char.is_ascii() && !char.is_ascii_alphanumeric() => char,
            _ => return Err(invalid()),
        })
    }

    fn hexadecimal(&mut self) -> Option<char> {
        let rest = self.rest();
        let (digits, length) = if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find('}')?;
            (&braced[..end], end + 2)
        } else {
            (rest.get(..2)?, 2)
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let digits = digits.trim_start_matches('0');
        let value = if digits.is_empty() { 0 } else { u32::from_str_radix(digits, 16).ok()? };
        self.at += length;
        char::from_u32(value)
    }
}
