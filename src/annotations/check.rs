//! Validators of annotation values, as the controller's `parser/validators.go` has them.
//!
//! Empty values are never checked. Whether a refused value drops the Ingress, denies it or is replaced is not decided here.

use std::sync::LazyLock;

use regex_automata::{meta::Regex, util::syntax};

use crate::nginx::settings::Cidr;

/// A validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Anything.
    Any,
    /// Go's `strconv.ParseBool`.
    Bool,
    /// Go's `strconv.Atoi`.
    Int,
    /// Only characters of the class; `true` ignores blanks.
    Chars(Class, bool),
    /// A leading `/` at most, then only characters of the class (`RegexPathWithCapture`); `true` ignores blanks.
    Capture(bool),
    /// Digits and a unit.
    Size,
    /// One of the words, blanks around ignored.
    Word(&'static [&'static str]),
    /// The same without regard to letter case.
    WordAnyCase(&'static [&'static str]),
    /// One of the words, all blanks ignored.
    Squeezed(&'static [&'static str]),
    /// Contains one of the words.
    Contains(&'static [&'static str]),
    /// Comma list of addresses and networks.
    Cidrs,
    /// Characters of regular expressions, blanks around ignored.
    ServerName,
    /// Comma list of the same.
    ServerNames,
    /// DNS-1035 label.
    ServiceName,
    /// `CN=` and a regular expression.
    CommonName,
    /// The expression matches; `true` ignores blanks.
    Pattern(Pattern, bool),
}

/// Sets of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// `BasicCharsRegex`.
    Basic,
    /// `ExtendedCharsRegex`: with comma and blank.
    Extended,
    /// `CharsWithSpace`: with blank.
    Spaced,
    /// `IsValidRegex`: with the characters of regular expressions.
    Regex,
    /// `URLIsValidRegex`: with `,:?&=`.
    Url,
    /// `URLWithNginxVariableRegex`: with blank and `$` besides.
    UrlVariables,
    /// `HeadersVariable`.
    Headers,
    /// `NGINXVariable`.
    Variable,
    /// Letters, digits, `_` and `-`.
    Operation,
    /// OpenSSL cipher lists for backends.
    Ciphers,
}

/// Regular expressions of single annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    ErrorPage,
    CorsOrigins,
    CorsMethods,
    CorsExpose,
    ErrorCodes,
    CookieDomain,
    NextUpstream,
    SslCiphers,
    ProxySslProtocols,
    FastcgiIndex,
    CookieAge,
}

impl Class {
    pub(super) fn has(self, byte: u8) -> bool {
        let basic = byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte);
        match self {
            Self::Basic => basic,
            Self::Extended => basic || b", ".contains(&byte),
            Self::Spaced => basic || byte == b' ',
            Self::Regex => basic || b"^$[](){}*+?|&=\\".contains(&byte),
            Self::Url => basic || b",?&=".contains(&byte),
            Self::UrlVariables => basic || b", ?&=$".contains(&byte),
            Self::Headers => byte.is_ascii_alphanumeric() || b"-_, ".contains(&byte),
            Self::Variable => byte.is_ascii_alphanumeric() || b"-_${}".contains(&byte),
            Self::Operation => byte.is_ascii_alphanumeric() || b"-_".contains(&byte),
            Self::Ciphers => byte.is_ascii_alphanumeric() || b"+:_-!".contains(&byte),
        }
    }

    pub(super) fn all(self, text: &str) -> bool {
        text.bytes().all(|byte| self.has(byte))
    }
}

fn compile(pattern: &str) -> Regex {
    Regex::builder()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build(pattern)
        .expect("INVARIANT: the validators' expressions are constants")
}

macro_rules! pattern {
    ($text:expr) => {{
        static PATTERN: LazyLock<Regex> = LazyLock::new(|| compile($text));
        &PATTERN
    }};
}

impl Pattern {
    pub(super) fn matches(self, text: &str) -> bool {
        let regex = match self {
            Self::ErrorPage => pattern!(r"^(@[A-Za-z0-9_-]+|((https?://)?[A-Za-z0-9\-.]+(:\d+)?)?(/[A-Za-z0-9\-_.]+)*/?)$"),
            Self::CorsOrigins => pattern!(r"^((((([a-z]+://)?(\*\.)?[A-Za-z0-9\-.]*(:\d+)?,?)|null)+)|\*)?$"),
            Self::CorsMethods => pattern!(r"^([A-Za-z]+,?\s?)+$"),
            Self::CorsExpose => pattern!(r"^(([A-Za-z0-9\-\_]+|\*),?\s?)+$"),
            Self::ErrorCodes => pattern!(r"^(?:[4,5]\d{2},?)*$"),
            Self::CookieDomain => pattern!(r"^(off|[\-\._~a-zA-Z0-9/:]+\s+[\-\._~a-zA-Z0-9/:]+)$"),
            Self::NextUpstream => pattern!(
                r"^((error|timeout|invalid_header|http_500|http_502|http_503|http_504|http_403|http_404|http_429|non_idempotent|off)\s?)+$"
            ),
            Self::SslCiphers => pattern!(r"^(?:(?:[A-Za-z0-9!:+\-_])*(?:@STRENGTH)*(?:@SECLEVEL=[0-5])*(?:@STRENGTH)*)*$"),
            Self::ProxySslProtocols => pattern!(r"^(TLSv1\.2|TLSv1\.3| )*$"),
            Self::FastcgiIndex => pattern!(r"^[A-Za-z0-9.\-\_]+$"),
            Self::CookieAge => pattern!(r"(^0|-?[1-9]\d*$)"),
        };
        regex.is_match(text)
    }
}

/// Go's `strconv.ParseBool`.
pub(crate) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Go's `strconv.Atoi`: a sign and decimal digits.
pub(crate) fn go_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Comma list of addresses and networks; none for an empty text. Any bad item spoils the list.
pub(crate) fn cidrs(text: &str) -> Option<Vec<Cidr>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut list = text.split(',').map(|item| item.trim().parse().ok()).collect::<Option<Vec<Cidr>>>()?;
    list.sort_unstable();
    list.dedup();
    Some(list)
}

/// Size in bytes of nginx's notation with `k`, `m`, `g`; `None` where nginx (and the template) would not take it.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        b'g' | b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok().map(|number| number.saturating_mul(unit))
}

impl Check {
    /// The value passes.
    pub(super) fn passes(self, value: &str) -> bool {
        let squeezed;
        let stripped = |strip: bool, value: &str| if strip { value.replace(' ', "") } else { value.to_owned() };
        let single_line = |text: &str| !text.contains(['\r', '\n']);
        match self {
            Self::Any => true,
            Self::Bool => go_bool(value).is_some(),
            Self::Int => go_int(value).is_some(),
            Self::Chars(class, strip) => class.all(&stripped(strip, value)),
            Self::Capture(strip) => stripped(strip, value).bytes().all(|byte| Class::Basic.has(byte) || byte == b'$'),
            Self::Size => {
                squeezed = stripped(true, value);
                let digits = squeezed.strip_suffix(['b', 'B', 'k', 'K', 'm', 'M', 'g', 'G']).unwrap_or(&squeezed);
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Word(words) => words.contains(&value.trim()),
            Self::WordAnyCase(words) => words.contains(&value.trim().to_ascii_lowercase().as_str()),
            Self::Squeezed(words) => words.contains(&stripped(true, value).as_str()),
            Self::Contains(words) => {
                squeezed = stripped(true, value);
                words.iter().any(|word| squeezed.contains(word)) && single_line(&squeezed)
            }
            Self::Cidrs => cidrs(value).is_some(),
            Self::ServerName => Class::Regex.all(value.trim()),
            Self::ServerNames => value.split(',').all(|name| Class::Regex.all(name.trim())),
            Self::ServiceName => {
                value.len() <= 63
                    && value.starts_with(|c: char| c.is_ascii_lowercase())
                    && !value.ends_with('-')
                    && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            }
            Self::CommonName => value.strip_prefix("CN=").is_some_and(|pattern| regex_automata::meta::Regex::new(pattern).is_ok()),
            Self::Pattern(pattern, strip) => {
                squeezed = stripped(strip, value);
                pattern.matches(&squeezed) && single_line(&squeezed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        assert!(Check::Bool.passes("T") && Check::Bool.passes("0"));
        assert!(!Check::Bool.passes("yes") && !Check::Bool.passes("tRUE") && !Check::Bool.passes(" true"));
    }

    #[test]
    fn integers_have_neither_unit_nor_blank() {
        assert!(Check::Int.passes("-5") && Check::Int.passes("+5"));
        assert!(!Check::Int.passes("60s") && !Check::Int.passes(" 5") && !Check::Int.passes("1_000") && !Check::Int.passes("-"));
    }

    #[test]
    fn rewrite_targets_take_no_question_mark_and_no_newline() {
        assert!(Check::Capture(false).passes("/$1/x~y:z"));
        assert!(!Check::Capture(false).passes("/a?b") && !Check::Capture(false).passes("/a\n") && !Check::Capture(false).passes(" /a"));
    }

    #[test]
    fn one_bad_address_spoils_the_list() {
        assert_eq!(cidrs("10.0.0.0/8, 192.0.2.1").map(|list| list.len()), Some(2));
        assert!(cidrs("10.0.0.0/8,").is_none() && cidrs("10.0.0.0/33").is_none());
    }

    #[test]
    fn authentication_types_only_have_to_contain_the_word() {
        assert!(Check::Contains(&["basic", "digest"]).passes("xbasicx"));
        assert!(!Check::Contains(&["basic", "digest"]).passes("Basic"));
    }
}
