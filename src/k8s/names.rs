//! The formats of names, each with what the API server says of a text that does not fit (`k8s.io/apimachinery` validation).

use std::net::{Ipv4Addr, Ipv6Addr};

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/// What is wrong with a name; empty where nothing is.
pub(crate) type Reasons = Vec<String>;

/// Lower-case letters, digits and `-`, with a letter or digit at both ends.
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let outer = |byte: &u8| *byte != b'-';
    let bytes = text.as_bytes();
    bytes.iter().all(inner) && bytes.first().is_some_and(outer) && bytes.last().is_some_and(outer)
}

/// DNS labels joined by dots, of any length.
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// `IsDNS1123Label`.
pub(crate) fn label(text: &str) -> Reasons {
    let mut reasons = longer_than(63, text);
    if !is_label(text) {
        reasons.push(if is_subdomain(text) { "must not contain dots".to_owned() } else { LABEL.to_owned() });
    }
    reasons
}

/// `IsDNS1123Subdomain`.
pub(crate) fn subdomain(text: &str) -> Reasons {
    let mut reasons = longer_than(253, text);
    if !is_subdomain(text) {
        reasons.push(SUBDOMAIN.to_owned());
    }
    reasons
}

/// `IsWildcardDNS1123Subdomain`.
pub(crate) fn wildcard(text: &str) -> Reasons {
    let mut reasons = longer_than(253, text);
    if !text.strip_prefix("*.").is_some_and(is_subdomain) {
        reasons.push(WILDCARD.to_owned());
    }
    reasons
}

/// A name that gets a suffix when it is created: a hyphen at its end is fine.
pub(crate) fn prefix_of(text: &str, check: fn(&str) -> Reasons) -> Reasons {
    match text.strip_suffix('-') {
        // maskTrailingDash puts an `a` in place of the last two characters.
        Some(rest) if !rest.is_empty() => {
            let end = rest.char_indices().next_back().map_or(0, |(at, _)| at);
            check(&format!("{}a", &rest[..end]))
        }
        _ => check(text),
    }
}

/// A name such as the API server makes of a prefix (`GenerateName` in apiserver): 58 bytes of it and five characters.
pub(crate) fn generated(prefix: &str) -> String {
    let end = (0..=prefix.len().min(58)).rev().find(|end| prefix.is_char_boundary(*end)).unwrap_or(0);
    format!("{}x4x4x", &prefix[..end])
}

/// `IsQualifiedName`: keys of labels and annotations, finalizers.
pub(crate) fn qualified(text: &str) -> Reasons {
    let mut reasons = Vec::new();
    let mut parts = text.split('/');
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => name,
        (Some(prefix), Some(name), None) => {
            if prefix.is_empty() {
                reasons.push("prefix part must be non-empty".to_owned());
            } else {
                reasons.extend(subdomain(prefix).into_iter().map(|reason| format!("prefix part {reason}")));
            }
            name
        }
        _ => return vec![format!("a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/'")],
    };
    if name.is_empty() {
        reasons.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        reasons.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_label_text(name) {
        reasons.push(format!("name part {QUALIFIED}"));
    }
    reasons
}

/// Letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
pub(crate) fn is_label_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// `IsValidLabelValue`.
pub(crate) fn label_value(text: &str) -> Reasons {
    let mut reasons = Vec::new();
    if text.len() > 63 {
        reasons.push("must be no more than 63 bytes".to_owned());
    }
    if !text.is_empty() && !is_label_text(text) {
        reasons.push(format!("a valid label must be an empty string or {}", QUALIFIED.trim_start_matches("must ")));
    }
    reasons
}

/// `IsValidPortName`.
pub(crate) fn port_name(text: &str) -> Reasons {
    let mut reasons = longer_than(15, text);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        reasons.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        reasons.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        reasons.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        reasons.push("must not begin or end with a hyphen".to_owned());
    }
    reasons
}

/// `IsConfigMapKey`.
pub(crate) fn config_key(text: &str) -> Reasons {
    let mut reasons = longer_than(253, text);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        reasons.push("a valid config key must consist of alphanumeric characters, '-', '_' or '.'".to_owned());
    }
    match text {
        "." => reasons.push("must not be '.'".to_owned()),
        ".." => reasons.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => reasons.push("must not start with '..'".to_owned()),
        _ => {}
    }
    reasons
}

/// `IsPathSegmentName`.
pub(crate) fn path_segment(text: &str) -> Reasons {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"].into_iter().filter(|part| text.contains(part)).map(|part| format!("may not contain '{part}'")).collect()
}

/// `IsDomainPrefixedPath`: the controller of an IngressClass.
pub(crate) fn domain_prefixed_path(text: &str) -> Reasons {
    if text.is_empty() {
        return vec!["must not be empty".to_owned()];
    }
    let Some((domain, path)) = text.split_once('/').filter(|(domain, path)| !domain.is_empty() && !path.is_empty()) else {
        return vec!["must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned()];
    };
    let mut reasons = subdomain(domain);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    if !path.bytes().all(fits) {
        reasons.push("invalid path".to_owned());
    }
    reasons
}

fn longer_than(limit: usize, text: &str) -> Reasons {
    if text.len() > limit { vec![format!("must be no more than {limit} characters")] } else { Vec::new() }
}

/// `ParseIPSloppy`: numbers of an IPv4 address may have leading zeros.
pub(crate) fn is_ip(text: &str) -> bool {
    if text.contains(':') {
        let (head, tail) = text.rsplit_once(':').unwrap_or(("", text));
        if tail.contains('.') {
            return sloppy_ipv4(tail).is_some_and(|address| format!("{head}:{address}").parse::<Ipv6Addr>().is_ok());
        }
        return text.parse::<Ipv6Addr>().is_ok();
    }
    sloppy_ipv4(text).is_some()
}

fn sloppy_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut numbers = [0_u8; 4];
    let mut parts = text.split('.');
    for number in &mut numbers {
        let part = parts.next().filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.trim_start_matches('0').parse().ok().or_else(|| part.bytes().all(|byte| byte == b'0').then_some(0))?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sloppy_addresses_are_addresses() {
        for text in ["192.0.2.1", "192.000.002.01", "0.0.0.0", "::1", "::ffff:192.0.2.01"] {
            assert!(is_ip(text), "{text}");
        }
        for text in ["999.0.2.1", "1.2.3", "1.2.3.4.5", "a.b.c.d", "::1%eth0", "1..2.3", ""] {
            assert!(!is_ip(text), "{text}");
        }
    }

    #[test]
    fn a_label_of_a_subdomain_may_be_long() {
        assert!(subdomain(&"a".repeat(64)).is_empty());
        assert_eq!(label(&"a".repeat(64)), ["must be no more than 63 characters"]);
    }

    #[test]
    fn a_dotted_label_is_told_apart() {
        assert_eq!(label("a.b"), ["must not contain dots"]);
    }

    #[test]
    fn a_generated_name_may_end_with_a_hyphen() {
        assert!(prefix_of("web-", subdomain).is_empty());
        assert!(!prefix_of("Web-", subdomain).is_empty());
        assert!(!prefix_of("-", subdomain).is_empty());
    }
}
