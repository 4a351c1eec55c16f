//! What a scalar means to Kubernetes: YAML 1.1 as go-yaml v2 resolves it (resolve.go), before it becomes JSON.

use std::borrow::Cow;

use super::{
    Scalar, ScalarStyle,
    calendar::{days_in, digits},
};

/// The value of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved<'a> {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true`, `yes`, `on`, `y` and their like.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above `i64::MAX`.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
}

impl Resolved<'_> {
    /// The word that Go's JSON decoder has for the type.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Unsigned(_) | Self::Float(_) => "number",
            Self::Text(_) => "string",
        }
    }
}

/// A tag that does not fit its value, which kubectl refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMismatch(pub String);

impl Scalar {
    /// What the scalar means.
    pub fn resolve(&self) -> Result<Resolved<'_>, TagMismatch> {
        match self.tag.as_deref() {
            None if self.style == ScalarStyle::Plain => Ok(resolve_plain(&self.text)),
            Some("!!binary") => match super::decode_base64(&self.text) {
                Some(bytes) => Ok(Resolved::Text(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))),
                None => Err(TagMismatch("!!binary value contains invalid base64 data".to_owned())),
            },
            Some(tag @ ("!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp")) => self.resolve_as(tag),
            None | Some(_) => Ok(Resolved::Text(Cow::Borrowed(&self.text))),
        }
    }

    fn resolve_as(&self, tag: &str) -> Result<Resolved<'_>, TagMismatch> {
        if tag == "!!timestamp" && is_timestamp(&self.text) {
            return Ok(Resolved::Text(Cow::Borrowed(&self.text)));
        }
        let resolved = resolve_plain(&self.text);
        let found = match &resolved {
            Resolved::Null => "!!null",
            Resolved::Bool(_) => "!!bool",
            Resolved::Int(value) if tag == "!!float" => {
                #[expect(clippy::cast_precision_loss, reason = "go-yaml does the same")]
                return Ok(Resolved::Float(*value as f64));
            }
            Resolved::Int(_) | Resolved::Unsigned(_) => "!!int",
            Resolved::Float(_) => "!!float",
            Resolved::Text(_) => "!!str",
        };
        if found == tag { Ok(resolved) } else { Err(TagMismatch(format!("cannot decode {found} `{}` as a {tag}", self.text))) }
    }

    /// The text of the scalar as a key of a JSON object; `None` for null, which cannot be one.
    pub fn as_key(&self) -> Option<Cow<'_, str>> {
        match self.resolve().unwrap_or(Resolved::Text(Cow::Borrowed(&self.text))) {
            Resolved::Null => None,
            Resolved::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Resolved::Int(value) => Some(Cow::Owned(value.to_string())),
            Resolved::Unsigned(value) => Some(Cow::Owned(value.to_string())),
            Resolved::Float(value) => Some(Cow::Owned(float_key(value))),
            Resolved::Text(text) => Some(text),
        }
    }
}

/// `strconv.FormatFloat(value, 'g', -1, 32)` for the floats that occur as keys.
fn float_key(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml does the same")]
    let short = value as f32;
    if short.is_infinite() {
        return if short > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{short:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("INVARIANT: the format has an exponent");
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        _ => short.to_string(),
    }
}

/// An unquoted scalar without a tag.
pub(super) fn resolve_plain(text: &str) -> Resolved<'_> {
    let Some(&first) = text.as_bytes().first() else { return Resolved::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Resolved::Bool(true),
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Resolved::Bool(false),
            "~" | "null" | "Null" | "NULL" => Resolved::Null,
            _ => Resolved::Text(Cow::Borrowed(text)),
        },
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" => Resolved::Float(f64::INFINITY),
            _ => separated(text).and_then(|text| finite(&text)).unwrap_or(Resolved::Text(Cow::Borrowed(text))),
        },
        b'+' | b'-' | b'0'..=b'9' => resolve_number(text).unwrap_or(Resolved::Text(Cow::Borrowed(text))),
        _ => Resolved::Text(Cow::Borrowed(text)),
    }
}

fn resolve_number(text: &str) -> Option<Resolved<'static>> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Some(Resolved::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Resolved::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    let plain: Cow<'_, str> = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    parse_int(&plain).or_else(|| is_float(&plain).then(|| finite(&plain)).flatten())
}

/// `strconv.ParseInt` and `ParseUint` with base 0.
fn parse_int(text: &str) -> Option<Resolved<'static>> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = digits.len() < text.len();
    let bytes = digits.as_bytes();
    let (radix, digits) = match bytes {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if radix == 2 && !signed && bytes[1] == b'b' && digits.starts_with(['+', '-']) {
        // go-yaml takes `0b-1`, because it parses what follows `0b` as a number with a sign.
        return i64::from_str_radix(digits, 2).ok().map(Resolved::Int);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    match (i64::try_from(value), negative) {
        (Ok(value), false) => Some(Resolved::Int(value)),
        (Ok(value), true) => Some(Resolved::Int(-value)),
        (Err(_), true) => (value == i64::MIN.unsigned_abs()).then_some(Resolved::Int(i64::MIN)),
        (Err(_), false) => (!signed).then_some(Resolved::Unsigned(value)),
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match fraction {
        Some(fraction) if whole.is_empty() => digits(fraction),
        Some(fraction) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(whole),
    };
    mantissa_fits && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

/// A number without its underscores, which Go takes between digits only.
fn separated(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let fits = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| digit(at.checked_sub(1).and_then(|before| bytes.get(before))) && digit(bytes.get(at + 1)));
    fits.then(|| Cow::Owned(text.replace('_', "")))
}

/// A float that Go can hold; `1e400` stays text.
fn finite(text: &str) -> Option<Resolved<'static>> {
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Resolved::Float)
}

/// The formats of go-yaml (`allowedTimestampFormats` in resolve.go): a date, perhaps with a time, which has a zone after `T` and none
/// after blanks.
fn is_timestamp(text: &str) -> bool {
    let mut rest = text;
    let Some(year) = digits(&mut rest, 4, 4) else { return false };
    let (Some(month), Some(day)) = (part(&mut rest, '-'), part(&mut rest, '-')) else { return false };
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    let zoned = rest.starts_with(['T', 't']);
    rest = if zoned { &rest[1..] } else { rest.trim_start_matches(' ') };
    let (Some(hour), Some(minute), Some(second)) = (digits(&mut rest, 1, 2), part(&mut rest, ':'), part(&mut rest, ':')) else {
        return false;
    };
    let separated = zoned || text.contains(' ');
    if !separated || hour > 23 || minute > 59 || second > 59 {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(['.', ',']).filter(|fraction| fraction.starts_with(|c: char| c.is_ascii_digit())) {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    if zoned { is_zone(rest) } else { rest.is_empty() }
}

/// `Z`, or hours and minutes with a sign.
fn is_zone(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix(['+', '-']) else { return text == "Z" };
    let hours = digits(&mut rest, 2, 2);
    let minutes = rest.strip_prefix(':').and_then(|mut rest| digits(&mut rest, 2, 2).filter(|_| rest.is_empty()));
    hours.is_some_and(|hours| hours <= 24) && minutes.is_some_and(|minutes| minutes <= 60)
}

/// A separator and a number of one or two digits.
fn part(rest: &mut &str, separator: char) -> Option<i64> {
    *rest = rest.strip_prefix(separator)?;
    digits(rest, 1, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_yaml_1_1_are_booleans() {
        for (text, value) in [("on", true), ("Yes", true), ("y", true), ("OFF", false), ("n", false)] {
            assert_eq!(resolve_plain(text), Resolved::Bool(value), "{text}");
        }
    }

    #[test]
    fn mixed_case_words_are_text() {
        for text in ["oN", "yEs", "nULL", "tRUE", "yes "] {
            assert_eq!(resolve_plain(text), Resolved::Text(text.into()), "{text}");
        }
    }

    #[test]
    fn whole_numbers_have_prefixes_and_underscores() {
        for (text, value) in [("012", 10), ("0o12", 10), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("+1", 1), ("0_", 0), ("-0x10", -16)] {
            assert_eq!(resolve_plain(text), Resolved::Int(value), "{text}");
        }
    }

    #[test]
    fn an_octal_that_is_none_is_a_float() {
        assert_eq!(resolve_plain("08"), Resolved::Float(8.0));
    }

    #[test]
    fn times_sizes_and_numbers_out_of_range_are_text() {
        for text in ["12:30:00", "8m", "1.2.3", "1e400", "-", "--", "0x", "1e", "2024-01-01", "<<", "="] {
            assert_eq!(resolve_plain(text), Resolved::Text(text.into()), "{text}");
        }
    }

    #[test]
    fn a_timestamp_has_a_date_that_exists() {
        for text in ["2024-01-01", "2024-2-29", "2024-01-01T1:2:3Z", "2024-01-01t01:02:03.5+02:00", "2024-01-01  1:02:03,25"] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in
            ["2023-2-29", "2024-0-1", "2024-01-01x", "2024-01-01T01:02:03", "2024-01-01 01:02:03Z", "24-01-01", "2024-01-0101:02:03"]
        {
            assert!(!is_timestamp(text), "{text}");
        }
    }

    #[test]
    fn a_signed_number_above_the_range_is_a_float() {
        assert_eq!(resolve_plain("9223372036854775808"), Resolved::Unsigned(9_223_372_036_854_775_808));
        assert!(matches!(resolve_plain("+9223372036854775808"), Resolved::Float(_)));
    }
}
