//! Texts as Go and the controller's parsers read them: booleans, integers, networks, sizes.
//!
//! Validators are data of the catalogue; only what a parser looks at once more is here.

use std::sync::LazyLock;

use regex_automata::{meta::Regex, util::syntax};

use crate::nginx::settings::Cidr;

/// Regular expressions that parsers look at once more after the validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    CorsMethods,
    CorsExpose,
    FastcgiIndex,
    CookieAge,
}

/// Only the characters of `HeadersVariable`.
pub(super) fn is_header_list(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_, ".contains(&byte))
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
            Self::CorsMethods => pattern!(r"^([A-Za-z]+,?\s?)+$"),
            Self::CorsExpose => pattern!(r"^(([A-Za-z0-9\-\_]+|\*),?\s?)+$"),
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

/// The same with the base that its prefix says, as in Go's literals (`strconv.ParseInt` with base 0): `0x`, `0o` and `0`, `0b`, and `_`
/// between digits.
pub(crate) fn go_int_of_any_base(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().find_map(|(prefix, base)| Some((lower.strip_prefix(prefix)?, base)));
    let (bare, base) = match prefixed {
        Some((rest, base)) => (rest.strip_prefix('_').unwrap_or(rest), base),
        None if lower.len() > 1 && lower.starts_with('0') => (lower[1..].strip_prefix('_').unwrap_or(&lower[1..]), 8),
        None => (lower.as_str(), 10),
    };
    let is_sound = !bare.is_empty() && !bare.starts_with(['_', '+', '-']) && !bare.ends_with('_') && !bare.contains("__");
    let value = i128::from_str_radix(&bare.replace('_', ""), base).ok().filter(|_| is_sound)?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Comma list of addresses and networks; none for an empty text. Any bad item spoils the list.
pub(crate) fn cidrs(text: &str) -> Option<Vec<Cidr>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let network = |item: &str| item.trim().parse().ok().map(Cidr::as_go_prints_it);
    let mut list = text.split(',').map(network).collect::<Option<Vec<Cidr>>>()?;
    list.sort_unstable();
    list.dedup();
    Some(list)
}

/// Size in bytes of nginx's notation with `k`, `m`, `g`; `None` where the template does not print it. One of more than 63 bits, which nginx
/// refuses, is above [`LARGEST`].
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
    Some(digits.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit))
}

/// The largest size that nginx reads (`NGX_MAX_OFF_T_VALUE`).
pub(crate) const LARGEST: u64 = u64::MAX >> 1;

/// Size of a buffer in bytes (`ngx_parse_size`): nginx knows no `g` there.
pub(crate) fn buffer_size(text: &str) -> Option<u64> {
    size(text).filter(|&size| size <= LARGEST && !text.trim_end().ends_with(['g', 'G']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        assert_eq!((go_bool("T"), go_bool("0")), (Some(true), Some(false)));
        assert_eq!((go_bool("yes"), go_bool("tRUE"), go_bool(" true")), (None, None, None));
    }

    #[test]
    fn integers_have_neither_unit_nor_blank() {
        assert_eq!((go_int("-5"), go_int("+5")), (Some(-5), Some(5)));
        assert!(["60s", " 5", "1_000", "-", ""].iter().all(|text| go_int(text).is_none()));
    }

    #[test]
    fn a_prefix_says_the_base() {
        let read = ["010", "0X1f", "0b101", "0o17", "-0x_a", "1_000", "0"].map(go_int_of_any_base);
        assert_eq!(read, [Some(8), Some(31), Some(5), Some(15), Some(-10), Some(1000), Some(0)]);
        assert!(
            ["", "0x", "08", "_1", "1__0", "1_", "60s", "--1", "99999999999999999999"]
                .iter()
                .all(|text| go_int_of_any_base(text).is_none())
        );
    }

    #[test]
    fn one_bad_address_spoils_the_list() {
        assert_eq!(cidrs("10.0.0.0/8, 192.0.2.1").map(|list| list.len()), Some(2));
        assert!(cidrs("10.0.0.0/8,").is_none() && cidrs("10.0.0.0/33").is_none());
    }

    #[test]
    fn sizes_have_units_that_the_template_prints() {
        assert_eq!((size("8k"), size("1M"), size("10")), (Some(8 << 10), Some(1 << 20), Some(10)));
        assert_eq!((size("10b"), size("k"), size("")), (None, None, None));
        assert!(["9999999999999g", "99999999999999999999"].iter().all(|text| size(text).is_some_and(|size| size > LARGEST)));
        assert_eq!(buffer_size("99999999999999999999"), None);
    }
}
