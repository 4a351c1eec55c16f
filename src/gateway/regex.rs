//! Regular expressions of routes: whether an implementation would take them, and whether a text matches.

use crate::automata::{pcre, re2};
use crate::request::{Piece, Regex, RegexDialect};

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Compiled(Engine);

#[derive(Debug, Clone)]
enum Engine {
    Re2 { pattern: Box<re2::Pattern>, full: bool },
    Pcre(Box<pcre::Pattern>),
}

impl Compiled {
    /// Compiles an expression; `None` where its engine refuses it, or where it is too large.
    pub fn new(regex: &Regex) -> Option<Self> {
        let full = match regex.dialect {
            RegexDialect::Re2Full => true,
            RegexDialect::Re2Search => false,
            RegexDialect::PcreSearch => {
                return pcre::Pattern::parse(&regex.pattern, regex.caseless).ok().map(|one| Self(Engine::Pcre(Box::new(one))));
            }
        };
        Some(Self(Engine::Re2 { pattern: Box::new(re2(&regex.pattern, regex.caseless)?), full }))
    }

    /// Whether the text matches.
    pub fn is_match(&self, text: &[u8]) -> bool {
        match &self.0 {
            // nginx treats an expression that takes too many steps as one that does not match.
            Engine::Pcre(pattern) => pattern.is_match(text).unwrap_or(false),
            Engine::Re2 { pattern, full: true } => pattern.is_full_match(text),
            Engine::Re2 { pattern, full: false } => pattern.is_match(text),
        }
    }

    /// The text with every hit replaced. A group that took nothing is empty.
    pub fn replace(&self, text: &[u8], template: &[Piece]) -> Vec<u8> {
        // INVARIANT: what replaces on this side is an expression of RE2.
        let Engine::Re2 { pattern, .. } = &self.0 else { return text.to_vec() };
        let mut made = Vec::with_capacity(text.len());
        let mut end = 0;
        for found in pattern.find_all(text) {
            let whole = found.whole();
            made.extend(&text[end..whole.start]);
            end = whole.end;
            for piece in template {
                match piece {
                    Piece::Literal(literal) => made.extend(literal.bytes()),
                    Piece::Group(number) => {
                        if let Some(range) = found.get(usize::from(*number)) {
                            made.extend(&text[range]);
                        }
                    }
                    // INVARIANT: templates of this side have numbered groups only.
                    Piece::Named(_) | Piece::Variable(_) => {}
                }
            }
        }
        made.extend(&text[end..]);
        made
    }
}

/// An expression of RE2; `None` where Go or RE2 refuses it.
pub fn re2(pattern: &str, caseless: bool) -> Option<re2::Pattern> {
    if caseless { re2::Pattern::parse(&format!("(?i){pattern}")) } else { re2::Pattern::parse(pattern) }.ok()
}

/// Whether an expression is found in the empty text.
pub fn finds_nothing(pattern: &str) -> bool {
    re2(pattern, false).is_some_and(|pattern| pattern.is_match(b""))
}

/// Whether an expression can stand behind `location ~ ^` (pathFmt in common.go of NGINX Gateway Fabric).
pub fn is_location(pattern: &str) -> bool {
    let plain = !pattern.contains(|character: char| character.is_whitespace() || "{};".contains(character));
    // It is tried by an engine that knows nearly everything of PCRE, but no possessive repetition (`validatePathInRegexMatch`).
    plain && !is_possessive(pattern) && pattern.starts_with('/') && pcre::Pattern::parse(&format!("^{pattern}"), false).is_ok()
}

/// A substitution of RE2: `\0` is the whole hit, `\1` to `\9` its groups. `None` where RE2 would refuse it.
pub fn substitution(text: &str) -> Option<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars();
    while let Some(character) = chars.next() {
        if character != '\\' {
            literal.push(character);
            continue;
        }
        match chars.next()? {
            '\\' => literal.push('\\'),
            digit => {
                let number = u8::try_from(digit.to_digit(10)?).ok()?;
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Group(number));
            }
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Some(pieces)
}

/// An expression of PCRE in the spelling of RE2: groups without names, and braces that repeat nothing escaped. The names come beside it,
/// in the order of the groups; `None` for groups without one.
pub fn without_names(pattern: &str) -> (String, Vec<Option<String>>) {
    let bytes = pattern.as_bytes();
    let (mut text, mut names) = (String::with_capacity(pattern.len()), Vec::new());
    let (mut at, mut class) = (0, false);
    while at < bytes.len() {
        let rest = &pattern[at..];
        let Some(character) = rest.chars().next() else { break };
        let mut taken = character.len_utf8();
        match character {
            '\\' => {
                taken += rest[1..].chars().next().map_or(0, char::len_utf8);
                text.push_str(&rest[..taken]);
            }
            '[' if !class => {
                class = true;
                // `]` directly behind `[` or `[^` is a literal.
                let head = if rest.starts_with("[^]") { 3 } else { 1 + usize::from(rest.starts_with("[]")) };
                taken = head;
                text.push_str(&rest[..taken]);
            }
            ']' if class => {
                class = false;
                text.push(']');
            }
            '(' if !class && !rest.starts_with("(?") => {
                names.push(None);
                text.push('(');
            }
            '(' if !class => {
                let name = ["(?<", "(?P<"].iter().find_map(|start| {
                    let name = rest.strip_prefix(start)?.split_once('>')?.0;
                    (!name.is_empty() && !name.starts_with(['=', '!'])).then_some((start.len() + name.len() + 1, name))
                });
                if let Some((length, name)) = name {
                    taken = length;
                    names.push(Some(name.to_owned()));
                }
                text.push('(');
            }
            '{' if !class => match repetition(&bytes[at..]).filter(|_| at > 0) {
                Some(length) => {
                    taken = length;
                    text.push_str(&rest[..length]);
                }
                None => text.push_str("\\{"),
            },
            '}' if !class => text.push_str("\\}"),
            other => text.push(other),
        }
        at += taken;
    }
    (text, names)
}

/// A repetition that gives nothing back.
fn is_possessive(pattern: &str) -> bool {
    let (mut class, mut escaped, mut repeated) = (false, false, false);
    for byte in pattern.bytes() {
        if std::mem::take(&mut escaped) {
            repeated = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => class = true,
            b']' => class = false,
            b'+' if !class && repeated => return true,
            _ => {}
        }
        repeated = !class && !escaped && b"*+?".contains(&byte);
    }
    false
}

/// A bar outside of groups and classes.
pub fn has_bar(pattern: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for byte in pattern.bytes() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => class = true,
            b']' => class = false,
            b'(' if !class => depth += 1,
            b')' if !class => depth = depth.saturating_sub(1),
            b'|' if !class && depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// Whether RE2 and Go take the pattern: no look-around, no back-references, no stacked quantifiers, no large repetitions.
pub fn is_valid(pattern: &str) -> bool {
    re2(pattern, false).is_some()
}

/// Length of `{2}`, `{2,}` or `{2,3}`.
fn repetition(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|byte| *byte == b'}')?;
    let inside = &bytes[1..end];
    let digits = inside.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &inside[digits..];
    let valid = digits > 0 && (rest.is_empty() || rest[0] == b',' && rest[1..].iter().all(u8::is_ascii_digit));
    valid.then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, dialect: RegexDialect, text: &str) -> bool {
        Compiled::new(&Regex { pattern: pattern.to_owned(), caseless: false, dialect }).is_some_and(|regex| regex.is_match(text.as_bytes()))
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for pattern in ["/(?!admin).*", "/(a)\\1", "/foo(", "/a++", "a**", "a{2}{3}", "(?<=a)b"] {
            assert!(!is_valid(pattern), "{pattern}");
        }
        for pattern in ["/(?:a|b)\\d+", "(?i)/api", "a+?", "[+*]+", "\\++", "a{2,3}?", "x{", "(a+)+", "[]+]+"] {
            assert!(is_valid(pattern) || pattern == "x{", "{pattern}");
        }
    }

    #[test]
    fn possessive_repetitions_stand_in_no_location() {
        for pattern in ["/a++", "/a*+", "/(a|b)?+c"] {
            assert!(!is_location(pattern), "{pattern}");
        }
        for pattern in ["/a+?", "/[*+]+", "/\\++", "/(a+)+", "/(?!admin).*", "/(a)\\1"] {
            assert!(is_location(pattern), "{pattern}");
        }
    }

    #[test]
    fn names_are_dropped_and_literal_braces_escaped() {
        assert_eq!(
            without_names("/u/(?<uid>[0-9]{2,3})/(a)(?:b)"),
            ("/u/([0-9]{2,3})/(a)(?:b)".to_owned(), vec![Some("uid".to_owned()), None])
        );
        assert_eq!(without_names("/br/{id}[{}]\\{").0, "/br/\\{id\\}[{}]\\{");
        assert_eq!(without_names("(?<=a)b").0, "(?<=a)b");
    }

    #[test]
    fn a_full_match_needs_the_whole_text_whatever_alternative_comes_first() {
        assert!(matches("/a|/ab", RegexDialect::Re2Full, "/ab"));
        assert!(!matches("/foo", RegexDialect::Re2Full, "/foobar"));
        assert!(matches("/foo", RegexDialect::Re2Search, "/x/foobar"));
        assert!(matches("^/anch$", RegexDialect::Re2Full, "/anch"));
    }

    #[test]
    fn texts_are_utf_8() {
        assert!(matches("/.", RegexDialect::Re2Full, "/é"));
        assert!(!matches("/..", RegexDialect::Re2Full, "/é"));
        let any = Regex { pattern: ".*".to_owned(), caseless: false, dialect: RegexDialect::Re2Full };
        let any = Compiled::new(&any).expect("valid");
        assert!(any.is_match(b"caf\xC3\xA9") && !any.is_match(b"caf\xE9"));
    }

    #[test]
    fn every_hit_is_replaced() {
        let letters = Regex { pattern: "(b)(c)?".to_owned(), caseless: true, dialect: RegexDialect::Re2Search };
        let template = substitution("<\\1\\2>").expect("valid");
        assert_eq!(Compiled::new(&letters).expect("valid").replace(b"abc-B-cb", &template), b"a<bc>-<B>-c<b>");
    }
}
