//! As much of Go's `net/url` as decides what the controller does with a URL.

/// A URL that Go could read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GoUrl<'a> {
    /// Scheme as written, empty where there is none.
    pub(crate) scheme: &'a str,
    /// Host with port, without user.
    pub(crate) host: &'a str,
    /// Query without `?`.
    pub(crate) query: &'a str,
}

impl<'a> GoUrl<'a> {
    /// `url.Parse`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return None;
        }
        let (text, _) = text.split_once('#').unwrap_or((text, ""));
        let (scheme, rest) = scheme(text)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut host = "";
        let path = if let Some(authority) = rest.strip_prefix("//").filter(|_| !rest.starts_with("///")) {
            let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
            host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            if !valid_host(host) {
                return None;
            }
            path
        } else {
            let first = rest.split('/').next().unwrap_or("");
            if scheme.is_empty() && !rest.starts_with('/') && first.contains(':') {
                return None;
            }
            rest
        };
        valid_escapes(path).then_some(Self { scheme, host, query })
    }

    /// Host without port and brackets.
    pub(crate) fn hostname(&self) -> &'a str {
        if let Some(inner) = self.host.strip_prefix('[') {
            return inner.split(']').next().unwrap_or(inner);
        }
        self.host.split_once(':').map_or(self.host, |(host, _)| host)
    }

    /// `parser.StringToURL`: a scheme and a host without two dots in a row.
    pub(crate) fn with_host(text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|url| !url.scheme.is_empty() && !url.host.is_empty() && !url.host.contains(".."))
    }
}

fn scheme(text: &str) -> Option<(&str, &str)> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((&text[..at], &text[at + 1..])),
            _ => return Some(("", text)),
        }
    }
    Some(("", text))
}

fn valid_host(host: &str) -> bool {
    let port = if host.starts_with('[') {
        match host.rfind(']') {
            Some(end) => &host[end + 1..],
            None => return false,
        }
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    port_fits && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80 || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte))
}

fn valid_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .iter()
        .enumerate()
        .filter(|&(_, &byte)| byte == b'%')
        .all(|(at, _)| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_and_host_are_needed() {
        assert!(GoUrl::with_host("http://auth.svc/check").is_some());
        assert!(
            GoUrl::with_host("/check").is_none()
                && GoUrl::with_host("http:///check").is_none()
                && GoUrl::with_host("http://a..b/").is_none()
        );
    }

    #[test]
    fn hosts_with_blanks_and_odd_ports_are_refused() {
        assert!(GoUrl::parse("http://a b/").is_none() && GoUrl::parse("http://a:x/").is_none());
        assert_eq!(GoUrl::parse("http://a:80/x").map(|url| url.hostname()), Some("a"));
    }
}
