//! Request targets and hosts as nginx reads them, and texts as it writes them again.

pub(super) use crate::request::uri::escape_path;
use crate::request::uri::{escape, normalise};

/// A target that nginx accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Host of the absolute form.
    pub(super) host: Option<String>,
    /// What follows the host, as it is sent upstream: the path as sent, with query and fragment, and never without a slash.
    pub(super) raw: String,
    /// A host with a bare query: `$request_uri` has no slash then.
    pub(super) bare_query: bool,
    /// Normalised path: decoded, slashes merged, dot segments resolved.
    pub(super) path: Vec<u8>,
    /// Query without `?` and without fragment.
    pub(super) args: String,
    /// The path has an escape or a plus sign, so that captures are escaped in redirects.
    pub(super) quoted: bool,
}

impl Target {
    /// Reads a target; `None` where the answer is 400.
    pub(super) fn parse(target: &str) -> Option<Self> {
        if target.bytes().any(|byte| byte <= 0x20 || byte == 0x7f) {
            return None;
        }
        let (host, raw) = if target.starts_with('/') { (None, target.to_owned()) } else { absolute(target)? };
        let (path, rest) = raw.split_at(raw.find(['?', '#']).unwrap_or(raw.len()));
        let args = rest.strip_prefix('?').unwrap_or_default().split('#').next().unwrap_or_default().to_owned();
        let quoted = path.contains(['%', '+']);
        let path = normalise(path.as_bytes())?;
        let bare_query = host.is_some() && !target.ends_with(raw.as_str()) && raw.len() > 1;
        Some(Self { host, raw, bare_query, path, args, quoted })
    }
}

/// Host and rest of `scheme://host...`.
fn absolute(target: &str) -> Option<(Option<String>, String)> {
    let (scheme, rest) = target.split_once("://")?;
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !letters(scheme) {
        return None;
    }
    let (host, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if !is_host_of_line(host) {
        return None;
    }
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    Some((Some(host.to_owned()), rest))
}

/// Host and port as they may stand in a request line (`ngx_http_parse_request_line`).
fn is_host_of_line(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((_, behind)) => ("[", behind),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_literal = host == "[" && text.starts_with('[');
    let plain = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    (plain || is_literal) && (port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())))
}

/// Host by which the server is chosen: lower case, without port and one final dot; `None` where nginx answers 400.
pub(super) fn host(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    let mut dot = None;
    let mut state = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        match (state, byte) {
            (0, b'.') => {
                if at > 0 && dot == Some(at - 1) {
                    return None;
                }
                dot = Some(at);
            }
            (0, b':') => {
                end = at;
                state = 2;
            }
            (0, b'[') if at == 0 => state = 1,
            (0, byte) if byte <= 0x20 || byte == 0x7f || byte == b'/' => return None,
            (1, b']') => {
                state = 2;
                end = at + 1;
            }
            (2, b'/' | 0) => return None,
            _ => {}
        }
    }
    if end > 0 && dot == Some(end - 1) {
        end -= 1;
    }
    let name = text.get(..end)?.to_ascii_lowercase();
    (!name.is_empty()).then_some(name)
}

/// `ngx_escape_uri` for query arguments (`NGX_ESCAPE_ARGS`).
pub(super) fn escape_args(bytes: &[u8]) -> String {
    escape(bytes, |byte| byte <= 0x20 || byte >= 0x7f || b"\"#%&+;<>?\\^`{|}".contains(&byte))
}

/// Everything but unreserved characters, as `set_escape_uri` does.
pub(super) fn escape_component(bytes: &[u8]) -> String {
    escape(bytes, |byte| !(byte.is_ascii_alphanumeric() || b"-._~!*'()".contains(&byte)))
}

/// `NGX_UNESCAPE_REDIRECT`: printable characters up to the first `?`.
pub(super) fn unescape_redirect(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'?' {
            break;
        }
        let value = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok()))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value {
            Some(value) if value > b'%' && value < 0x7f => {
                out.push(value);
                at += 3;
                if value == b'?' {
                    break;
                }
            }
            Some(_) | None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out.extend_from_slice(&bytes[at..]);
    text_of(&out)
}

/// Bytes as text: UTF-8 where they are, else byte by byte.
pub(super) fn text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|&byte| char::from(byte)).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(target: &str) -> Option<String> {
        Target::parse(target).map(|target| text_of(&target.path))
    }

    #[test]
    fn encoded_slashes_and_dots_count_for_the_choice() {
        assert_eq!(path("/public/..%2Fadmin").as_deref(), Some("/admin"));
        assert_eq!(path("/a//b/./c/").as_deref(), Some("/a/b/c/"));
        assert_eq!(path("/a/..").as_deref(), Some("/"));
    }

    #[test]
    fn broken_escapes_and_climbing_above_the_root_are_refused() {
        for target in ["/%", "/%2", "/%zz", "/%00", "/..", "/a/../..", "*", "x", "http://u@h/"] {
            assert_eq!(path(target), None, "{target}");
        }
    }

    #[test]
    fn the_absolute_form_brings_its_host() {
        let target = Target::parse("http://Shop.example.com:99?y").expect("target");
        assert_eq!((target.host.as_deref(), target.raw.as_str()), (Some("Shop.example.com:99"), "/?y"));
    }

    #[test]
    fn hosts_of_request_lines_have_few_characters() {
        for target in ["http://a_b/", "http://a:abc/", "http://a#f", "http://[::1", "http://%61.example/", "http://[::1]x/", "http:///"] {
            assert_eq!(path(target), None, "{target}");
        }
        for target in ["http://a-b.c:80/", "http://a:/", "http://[::1]:80/", "http://a"] {
            assert_eq!(path(target).as_deref(), Some("/"), "{target}");
        }
    }

    #[test]
    fn a_bare_query_has_no_slash_of_its_own() {
        let bare = |target: &str| Target::parse(target).map(|target| (target.raw, target.bare_query));
        assert_eq!(bare("http://a?x/"), Some(("/?x/".to_owned(), true)));
        assert_eq!(bare("http://a"), Some(("/".to_owned(), false)));
        assert_eq!(bare("http://a/?x"), Some(("/?x".to_owned(), false)));
        assert_eq!(bare("/?x"), Some(("/?x".to_owned(), false)));
    }

    #[test]
    fn hosts_lose_port_and_one_final_dot() {
        assert_eq!(host("SHOP.example.com.:80").as_deref(), Some("shop.example.com"));
        assert_eq!(host("[::1]:80").as_deref(), Some("[::1]"));
        assert_eq!(host("a..b"), None);
        assert_eq!(host("shop.example.com.."), None);
        assert_eq!(host(".a").as_deref(), Some(".a"));
    }
}
