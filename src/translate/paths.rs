//! Location paths as matches of Gateway API: which text, which type, and where core cannot say it.

use super::{location, plan::PathRule, shape};
use crate::{
    automata::{pcre, re2},
    gateway::regex::{is_location, without_names},
    ledger::Code,
    targets::RegexForm,
};

/// Longest path value that a CRD accepts.
const LONGEST: usize = 1024;

/// Why a path cannot be a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoMatch {
    /// No request ever has such a path, neither today nor later.
    Unreachable,
    /// It cannot be said, for the reason of the code.
    Unsayable(Code),
}

/// A literal path in the characters that a match value may have; others are percent-encoded.
pub(super) fn literal(path: &str) -> Result<String, NoMatch> {
    // nginx compares with the normalised path, which has none of these.
    if path.contains("//") || path.split('/').any(|segment| segment == "." || segment == "..") || !path.starts_with('/') {
        return Err(NoMatch::Unreachable);
    }
    let mut value = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    if value.len() > LONGEST { Err(NoMatch::Unsayable(Code::PathTooLong)) } else { Ok(value) }
}

/// Whether a literal path has characters that no match value has, or that no location of nginx takes.
pub(super) fn is_odd(path: &str) -> bool {
    !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&byte))
}

/// A literal path as an expression behind `location ~ ^`, with odd characters by their number.
pub(super) fn numbered(path: &str, exact: bool) -> Result<PathRule, NoMatch> {
    literal(path)?;
    let mut value = String::with_capacity(path.len());
    for byte in if exact { path } else { path.trim_end_matches('/') }.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_/".contains(&byte) {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("\\x{byte:02X}"));
        }
    }
    value.push_str(if exact { "$" } else { "(?:/|$)" });
    if value.len() > LONGEST { Err(NoMatch::Unsayable(Code::PathTooLong)) } else { Ok(PathRule::Regex(value)) }
}

/// A prefix match of a literal path, without trailing slash.
pub(super) fn prefix(path: &str) -> Result<PathRule, NoMatch> {
    let value = literal(path)?;
    let trimmed = value.trim_end_matches('/');
    Ok(PathRule::Prefix(if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() }))
}

/// A location of a host in regex mode, as an expression in the form of the target.
pub(super) fn regex(path: &str, form: RegexForm) -> Result<PathRule, NoMatch> {
    if path == "/" {
        return Ok(PathRule::Prefix("/".to_owned()));
    }
    if form == RegexForm::Start {
        return location(path);
    }
    let plain = without_names(path).0;
    if regex_syntax::Parser::new().parse(&plain).is_err() || pcre::Pattern::parse(path, true).is_err() || !means_the_same_in_re2(path) {
        return Err(NoMatch::Unsayable(Code::PathNeedsPcre));
    }
    // nginx parses `^/a|/b` as "starts with /a, or contains /b"; the anchor belongs to the first alternative only.
    let body = match alternatives(&plain).as_slice() {
        [only] => (*only).to_owned(),
        [first, rest @ ..] => {
            std::iter::once((*first).to_owned()).chain(rest.iter().map(|branch| format!(".*(?:{branch})"))).collect::<Vec<_>>().join("|")
        }
        [] => String::new(),
    };
    let value = match form {
        RegexForm::Full => format!("(?i)(?:{body}).*"),
        RegexForm::Search => format!("(?i)^(?:{body})"),
        RegexForm::Either | RegexForm::Start => format!("(?i)^(?:{body}).*"),
    };
    // RE2 and Go repeat nothing more than a thousand times.
    if re2::Pattern::parse(&value).is_err() {
        return Err(NoMatch::Unsayable(Code::PathNeedsPcre));
    }
    if value.len() > LONGEST { Err(NoMatch::Unsayable(Code::PathTooLong)) } else { Ok(PathRule::Regex(value)) }
}

/// The expression as nginx reads it today, behind `location ~ ^` and in the characters that may stand there.
fn location(path: &str) -> Result<PathRule, NoMatch> {
    let unsayable = || NoMatch::Unsayable(Code::PathNeedsPcre);
    let value = location::value(path).ok_or_else(unsayable)?;
    if !is_location(&value) {
        return Err(unsayable());
    }
    if value.len() > LONGEST { Err(NoMatch::Unsayable(Code::PathTooLong)) } else { Ok(PathRule::Regex(value)) }
}

/// Parts of an expression between its alternation signs outside groups and classes.
pub(super) fn alternatives(pattern: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    // Where the first character of a class stands: there a bracket does not close it.
    let mut class: Option<usize> = None;
    let mut escaped = false;
    for (at, character) in pattern.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match character {
            '\\' => escaped = true,
            '[' if class.is_none() => class = Some(at + if pattern[at..].starts_with("[^") { 2 } else { 1 }),
            ']' if class.is_some_and(|first| at > first) => class = None,
            '(' if class.is_none() => depth += 1,
            ')' if class.is_none() => depth = depth.saturating_sub(1),
            '|' if class.is_none() && depth == 0 => {
                parts.push(&pattern[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&pattern[start..]);
    parts
}

/// Constructs that RE2 reads, but not as PCRE does.
fn means_the_same_in_re2(pattern: &str) -> bool {
    // `a++` is possessive in PCRE and a nested repetition here; `\Z`, `\h`, `\R` and `\K` exist in PCRE only.
    !["++", "*+", "?+", "}+"].iter().any(|text| pattern.contains(text)) && !pattern.contains("\\Q")
}

/// Most prefixes that one expression is written out as.
const MOST_SPELLED: usize = 16;

/// An expression of a host in regex mode written out as prefixes and exact paths; `None` where it is more than a choice of texts. Letter
/// case counts then, and a prefix ends where an element ends.
pub(super) fn spelled(path: &str) -> Option<Vec<PathRule>> {
    let mut rules: Vec<PathRule> = Vec::new();
    for text in choices(path)? {
        let whole = text.strip_suffix('$').filter(|_| !text.ends_with("\\$"));
        let (text, slash) = match whole {
            Some(whole) => match whole.strip_suffix("/?") {
                Some(bare) => (bare.to_owned(), true),
                None => (whole.to_owned(), false),
            },
            None => (text.clone(), false),
        };
        let found = match whole {
            Some(_) if shape::is_literal(&text) => {
                let exact = literal(&text).ok()?;
                let slashed = slash.then(|| PathRule::Exact(format!("{exact}/")));
                std::iter::once(PathRule::Exact(exact)).chain(slashed).collect()
            }
            Some(whole) => vec![prefix(shape::shape(&format!("{whole}$")).as_ref()?.prefix()).ok()?],
            None if shape::is_literal(&text) => vec![prefix(&text).ok()?],
            None => vec![prefix(shape::shape(&text).as_ref()?.prefix()).ok()?],
        };
        for rule in found {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    Some(rules)
}

/// The texts that an expression chooses from, where its groups hold nothing but literals; `None` for too many.
fn choices(path: &str) -> Option<Vec<String>> {
    let mut open = vec![path.strip_prefix('^').unwrap_or(path).to_owned()];
    let mut done = Vec::new();
    while let Some(text) = open.pop() {
        let groups = text.match_indices('(').filter(|(at, _)| !text[..*at].ends_with('\\'));
        let choice = groups.into_iter().find_map(|(at, _)| {
            let length = text[at..].find(')')?;
            let inner = &text[at + 1..at + length];
            let inner = inner.strip_prefix("?:").unwrap_or(inner);
            let plain = inner.split('|').all(|one| !one.is_empty() && shape::is_literal(one));
            let repeated = text[at + length + 1..].starts_with(['*', '+', '?', '{']);
            (plain && !repeated).then(|| (at, at + length + 1, inner.to_owned()))
        });
        match choice {
            None if text.contains('|') && !text.contains("(/|$)") && !text.contains("(?:/|$)") => return None,
            None => done.push(text),
            Some((start, end, inner)) => {
                open.extend(inner.split('|').rev().map(|one| format!("{}{one}{}", &text[..start], &text[end..])));
            }
        }
        if open.len() + done.len() > MOST_SPELLED {
            return None;
        }
    }
    Some(done)
}

/// A path with escapes as an expression for decoded paths. What is reserved stays escaped there, and what it is compared with is not known.
pub(super) fn decoded(value: &str, end: &str) -> Result<PathRule, NoMatch> {
    let unsayable = || NoMatch::Unsayable(Code::PathPattern);
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let hex = |at: usize| behind.get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                let byte = high << 4 | low;
                if b":/?#[]@!$&'()*+,;=%".contains(&byte) {
                    return Err(unsayable());
                }
                bytes.push(byte);
                rest = &behind[2..];
            }
            (byte, ..) => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| unsayable())?;
    let value = format!("^{}{end}", regex_syntax::escape(&text));
    if value.len() > LONGEST { Err(NoMatch::Unsayable(Code::PathTooLong)) } else { Ok(PathRule::Regex(value)) }
}

/// The prefix that everything which an expression takes lies below: whole elements before its first sign, `/` where there are none.
pub(super) fn before_expression(value: &str) -> String {
    let text = value.trim_start_matches("(?i)").trim_start_matches('^').trim_start_matches("(?:");
    let literal = text.split(|sign: char| "\\^$.|?*+()[]{}".contains(sign)).next().unwrap_or_default();
    // A bar would let the next choice begin anew.
    let whole = if value.replace("(?:/|$)", "").contains('|') || value.starts_with("(?i)") { "" } else { literal };
    let element = whole.rfind('/').map_or("", |at| &whole[..at]);
    let done = if text[whole.len()..].starts_with("(?:/|$)") { whole } else { element };
    if done.starts_with('/') { done.trim_end_matches('/').to_owned() } else { "/".to_owned() }
}

/// Whether a prefix covers another path.
pub(super) fn covers(prefix: &str, path: &str) -> bool {
    prefix == "/" || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Path of a location on a host in regex mode that stays a plain prefix, where the host needs that form.
pub(super) fn tight(path: &str) -> Option<Result<PathRule, NoMatch>> {
    if shape::is_literal(path) {
        return Some(prefix(path));
    }
    shape::shape(path).map(|shape| prefix(shape.prefix()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_alternative_is_anchored() {
        assert_eq!(regex("/(?:a|b)$|/c", RegexForm::Full), Ok(PathRule::Regex("(?i)(?:/(?:a|b)$|.*(?:/c)).*".to_owned())));
    }

    #[test]
    fn everything_that_an_expression_takes_lies_below_its_literal_elements() {
        for (value, prefix) in [
            ("(?:/private).*", "/"),
            ("(?:/a/b(?:/|$).*).*", "/a/b"),
            ("/a/b[0-9]+", "/a"),
            (".*(?:\\.php$).*", "/"),
            ("(?i)(?:/a/b/c).*", "/"),
            ("(?:/a|/b).*", "/"),
        ] {
            assert_eq!(before_expression(value), prefix, "{value}");
        }
    }

    #[test]
    fn escapes_are_decoded_for_whoever_compares_decoded_paths() {
        assert_eq!(decoded("/a%20b", "$"), Ok(PathRule::Regex("^/a b$".to_owned())));
        assert_eq!(decoded("/caf%C3%A9.x", "(?:/|$)"), Ok(PathRule::Regex("^/caf\u{e9}\\.x(?:/|$)".to_owned())));
        assert_eq!(decoded("/a%3Fb", "$"), Err(NoMatch::Unsayable(Code::PathPattern)));
    }

    #[test]
    fn a_choice_of_texts_is_written_out() {
        let prefixes = |texts: &[&str]| Some(texts.iter().map(|text| PathRule::Prefix((*text).to_owned())).collect::<Vec<_>>());
        assert_eq!(spelled("/api"), prefixes(&["/api"]));
        assert_eq!(spelled("/(api|web)/.*"), prefixes(&["/api", "/web"]));
        assert_eq!(spelled("/a(?:b|c)(/|$)(.*)"), prefixes(&["/ab", "/ac"]));
        let exact = |text: &str| PathRule::Exact(text.to_owned());
        assert_eq!(spelled("/health$"), Some(vec![exact("/health")]));
        assert_eq!(spelled("/(live|ready)/?$"), Some(vec![exact("/live"), exact("/live/"), exact("/ready"), exact("/ready/")]));
        for more in ["/v[0-9]+", "/a|/b", "/(a|b.+)", "/(?!x).*", "/(a|b)*"] {
            assert_eq!(spelled(more), None, "{more}");
        }
    }

    #[test]
    fn bars_in_groups_and_classes_do_not_separate() {
        assert_eq!(alternatives("/(a|b)[|]\\|c"), ["/(a|b)[|]\\|c"]);
        assert_eq!(alternatives("/a|/b|"), ["/a", "/b", ""]);
        assert_eq!(alternatives(r"/x[a\[]|/y[[]|/z[]|]|/w[^]|]"), [r"/x[a\[]", "/y[[]", "/z[]|]", "/w[^]|]"]);
    }

    #[test]
    fn odd_characters_are_written_by_their_number() {
        assert!(is_odd("/a;b") && is_odd("/a b") && is_odd("/caf\u{e9}") && !is_odd("/a(b)+c.d"));
        assert_eq!(numbered("/a;b.c/", false), Ok(PathRule::Regex("/a\\x3Bb\\x2Ec(?:/|$)".to_owned())));
        assert_eq!(numbered("/\u{e9}", true), Ok(PathRule::Regex("/\\xC3\\xA9$".to_owned())));
    }

    #[test]
    fn blanks_and_braces_are_encoded() {
        assert_eq!(literal("/a b{1}"), Ok("/a%20b%7B1%7D".to_owned()));
    }

    #[test]
    fn paths_that_nginx_never_sees_are_unreachable() {
        assert_eq!(literal("/a//b"), Err(NoMatch::Unreachable));
        assert_eq!(literal("/a/../b"), Err(NoMatch::Unreachable));
    }

    #[test]
    fn look_around_needs_pcre() {
        assert_eq!(regex("/(?!admin).*", RegexForm::Full), Err(NoMatch::Unsayable(Code::PathNeedsPcre)));
    }

    #[test]
    fn more_than_a_thousand_repetitions_need_pcre() {
        for form in [RegexForm::Full, RegexForm::Search, RegexForm::Either] {
            assert!(regex("/[a-z]{1,1000}", form).is_ok());
            assert_eq!(regex("/[a-z]{1,1001}", form), Err(NoMatch::Unsayable(Code::PathNeedsPcre)));
            assert_eq!(regex("/([a-z]{1,40}/){1,40}", form), Err(NoMatch::Unsayable(Code::PathNeedsPcre)));
        }
    }
}
