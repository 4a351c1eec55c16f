//! `\p{…}`: without UTF a byte has the properties of the Unicode character with its number.

use super::{error::Error, parse::Parser};
use crate::automata::ByteSet;
use regex_syntax::hir::{Class, HirKind};

/// The longest name of a property.
const MAX_NAME: usize = 49;

impl Parser<'_> {
    /// Reads the name of a property and answers the bytes that have it, or `None` where it is valid but unknown to us.
    pub(super) fn property(&mut self, negated: bool) -> Result<Option<ByteSet>, Error> {
        let (caret, name) = self.property_name()?;
        let (key, value) = match name.split_once([':', '=']) {
            Some((key, value)) => (Some(key), value),
            None => (None, name.as_str()),
        };
        let set = match key {
            None => named(value, self.options.caseless),
            Some("sc" | "script") => unicode(&format!("sc={value}")),
            Some("scx" | "scriptextensions") => unicode(&format!("scx={value}")),
            Some(_) => None,
        };
        match set {
            Some(set) => Ok(Some(if negated == caret { set } else { set.negate() })),
            None if value.starts_with("bidi") || matches!(key, Some("bc" | "bidiclass")) => {
                self.unsupported("bidirectional property");
                Ok(None)
            }
            None => self.error(47),
        }
    }

    fn property_name(&mut self) -> Result<(bool, String), Error> {
        let Some(byte) = self.peek(0) else { return self.error(46) };
        self.at += 1;
        if byte.is_ascii_alphabetic() {
            return Ok((false, char::from(byte.to_ascii_lowercase()).to_string()));
        }
        if byte != b'{' {
            return self.error(46);
        }
        let mut name = String::new();
        let mut caret = false;
        loop {
            let Some(byte) = self.peek(0) else { return self.error(46) };
            self.at += 1;
            match byte {
                b'_' | b'-' | b' ' | b'\t'..=b'\r' => {}
                b'^' if name.is_empty() && !caret => caret = true,
                b'}' => return Ok((caret, name)),
                b'&'..=b'z' if name.len() < MAX_NAME => name.push(char::from(byte.to_ascii_lowercase())),
                _ => return self.error(46),
            }
        }
    }
}

fn named(name: &str, caseless: bool) -> Option<ByteSet> {
    match name {
        "lu" | "ll" | "lt" if caseless => unicode("LC"),
        "any" => Some(ByteSet::ALL),
        "l&" | "lc" => unicode("LC"),
        "xan" => Some(unicode("L")?.union(unicode("N")?)),
        "xwd" => Some(unicode("L")?.union(unicode("N")?).union(unicode("Mn")?).union(unicode("Pc")?)),
        "xsp" | "xps" => Some(ByteSet::of(b" \t\n\x0b\x0c\r\x85\xa0")),
        "xuc" => Some(ByteSet::of(b"$@`").union(ByteSet::range(0xa0, 0xff))),
        _ => unicode(name),
    }
}

/// The bytes that a class of `regex-syntax` contains.
fn unicode(name: &str) -> Option<ByteSet> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'=') {
        return None;
    }
    let hir = regex_syntax::parse(&format!("\\p{{{name}}}")).ok()?;
    let mut set = ByteSet::EMPTY;
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.ranges() {
                for byte in (0..=255_u8).filter(|byte| (range.start()..=range.end()).contains(&char::from(*byte))) {
                    set.insert(byte);
                }
            }
        }
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            for byte in text.chars().filter_map(|char| u8::try_from(char).ok()) {
                set.insert(byte);
            }
        }
        _ => {}
    }
    Some(set)
}
