//! Location paths as matches of Gateway API: which text, which type, and where core cannot say it.

use super::{location, plan::PathRule, shape};
use crate::{
    automata::pcre,
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
fn alternatives(pattern: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut class) = (Vec::new(), 0, 0_usize, false);
    let mut escaped = false;
    for (at, character) in pattern.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match character {
            '\\' => escaped = true,
            '[' if !class => class = true,
            ']' if class && !pattern[..at].ends_with('[') && !pattern[..at].ends_with("[^") => class = false,
            '(' if !class => depth += 1,
            ')' if !class => depth = depth.saturating_sub(1),
            '|' if !class && depth == 0 => {
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
    fn bars_in_groups_and_classes_do_not_separate() {
        assert_eq!(alternatives("/(a|b)[|]\\|c"), ["/(a|b)[|]\\|c"]);
        assert_eq!(alternatives("/a|/b|"), ["/a", "/b", ""]);
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
}
