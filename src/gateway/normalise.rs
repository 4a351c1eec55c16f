//! Paths as an implementation compares and forwards them: slashes, dot segments, escapes.

use super::dialect::{Backslash, Compared, Dialect, Dots, EscapedSlash, Escapes, OddCharacters, Oddity, SentPath, Slashes};
use crate::request::uri;

/// A path after normalisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// As sent upstream where a part of it is replaced.
    pub path: Vec<u8>,
    /// As sent upstream where nothing replaces it.
    pub sent: Vec<u8>,
    /// As compared with matches.
    pub compared: Vec<u8>,
    /// Where a request with escaped slashes is redirected to, if it has some and is redirected.
    pub unescaped: Option<Vec<u8>>,
}

/// Normalises the path of a target (without query). `None` where the request is refused.
pub fn normalise(raw: &[u8], dialect: &Dialect) -> Option<Normalised> {
    let refused = |oddity: Oddity| oddity == Oddity::Refused;
    if raw.contains(&b'#') && refused(*dialect.fragment_in_path) {
        return None;
    }
    if raw.iter().any(|byte| !(b'!'..=b'~').contains(byte)) && refused(*dialect.non_ascii) {
        return None;
    }
    let as_sent = raw.to_vec();
    if *dialect.compared_path == Compared::Location {
        let path = uri::normalise(raw.split(|byte| *byte == b'#').next().unwrap_or_default())?;
        return Some(Normalised { compared: path.clone(), sent: as_sent, path, unescaped: None });
    }
    let raw = &match *dialect.dots {
        Dots::ResolvedWithSlash => without_dot_parameters(raw),
        Dots::ResolvedWithoutParameters | Dots::ResolvedWithoutSlash | Dots::Kept => raw.to_vec(),
    };
    let mut path = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let byte = raw[at];
        match byte {
            b'%' => {
                let Some(value) = escaped(&raw[at..]) else {
                    if refused(*dialect.broken_escape) {
                        return None;
                    }
                    path.push(byte);
                    at += 1;
                    continue;
                };
                if value == 0 && refused(*dialect.escaped_zero) {
                    return None;
                }
                match *dialect.escapes {
                    Escapes::Decoded | Escapes::DecodedOthersUpper if is_unreserved(value) => path.push(value),
                    Escapes::DecodedOthersUpper => path.extend(raw[at..at + 3].to_ascii_uppercase()),
                    Escapes::Decoded | Escapes::Kept => path.extend(&raw[at..at + 3]),
                }
                at += 3;
            }
            b'\\' => {
                match *dialect.backslash {
                    Backslash::Slash => path.push(b'/'),
                    Backslash::Kept => path.push(byte),
                }
                at += 1;
            }
            _ if is_odd(byte) && *dialect.odd_characters == OddCharacters::Escaped => {
                path.extend(format!("%{byte:02X}").bytes());
                at += 1;
            }
            _ => {
                path.push(byte);
                at += 1;
            }
        }
    }
    // Go keeps the spelling of a path only where it is a valid one.
    if *dialect.odd_characters == OddCharacters::Reencoded && path.iter().any(|byte| is_odd(*byte)) {
        path = encode_path(&decode(&path)).into_bytes();
    }
    let plain = without_escaped_slashes(&path);
    let told = matches!(*dialect.escaped_slash, EscapedSlash::Redirected | EscapedSlash::Refused) && plain != path;
    let unescaped = told.then(|| tidy(&plain, dialect));
    let path = tidy(if *dialect.escaped_slash == EscapedSlash::Unescaped { &plain } else { &path }, dialect);
    let compared = match *dialect.compared_path {
        Compared::Normalised => path.clone(),
        Compared::Decoded => decoded_for_comparison(&path),
        Compared::Location => unreachable!("INVARIANT: read above"),
    };
    let sent = match *dialect.sent_path {
        SentPath::Normalised => path.clone(),
        SentPath::AsSent => as_sent,
    };
    Some(Normalised { path, sent, compared, unescaped })
}

/// Slashes merged and dot segments resolved.
fn tidy(path: &[u8], dialect: &Dialect) -> Vec<u8> {
    let resolved = match *dialect.dots {
        Dots::Kept => path.to_vec(),
        // An empty element is an element: `/a//../b` is `/a/b`.
        Dots::ResolvedWithSlash | Dots::ResolvedWithoutParameters => resolve_dots(path, true),
        // Go cleans both at once: `/a//../b` is `/b`.
        Dots::ResolvedWithoutSlash => resolve_dots(&merge_slashes(path), false),
    };
    match *dialect.slashes {
        Slashes::Kept => resolved,
        Slashes::Merged => merge_slashes(&resolved),
        Slashes::MergedUnlessAlone => {
            if resolved.len() > 1 && resolved.iter().all(|byte| *byte == b'/') {
                b"//".to_vec()
            } else {
                merge_slashes(&resolved)
            }
        }
    }
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut merged: Vec<u8> = Vec::with_capacity(path.len());
    for &byte in path {
        if byte != b'/' || merged.last() != Some(&b'/') {
            merged.push(byte);
        }
    }
    merged
}

/// Envoy takes `..;x` for `..`, but not `%2e%2e;x`.
fn without_dot_parameters(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|byte| *byte == b'/').map(|segment| match segment.split(|byte| *byte == b';').next() {
        Some(name @ (b"." | b"..")) => name,
        Some(_) | None => segment,
    });
    segments.collect::<Vec<_>>().join(&b'/')
}

/// Resolves `.` and `..`; what leads above the root is dropped. Envoy leaves a slash behind a final dot segment; Go's `path.Clean`
/// ends without slash unless the path had one.
fn resolve_dots(path: &[u8], slash: bool) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"/") else { return path.to_vec() };
    let segments: Vec<&[u8]> = rest.split(|byte| *byte == b'/').collect();
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut slash_behind = false;
    for (position, segment) in segments.iter().enumerate() {
        let last = position + 1 == segments.len();
        match *segment {
            b"." => slash_behind = last && slash,
            b".." => {
                kept.pop();
                slash_behind = last && slash;
            }
            _ => kept.push(segment),
        }
    }
    let mut resolved = Vec::with_capacity(path.len());
    for segment in &kept {
        resolved.push(b'/');
        resolved.extend(*segment);
    }
    if kept.is_empty() || slash_behind {
        resolved.push(b'/');
    }
    resolved
}

fn without_escaped_slashes(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut at = 0;
    while at < path.len() {
        if let Some(b'/' | b'\\') = escaped(&path[at..]) {
            plain.push(b'/');
            at += 3;
        } else {
            plain.push(path[at]);
            at += 1;
        }
    }
    plain
}

/// Traefik compares with everything decoded but reserved characters and `%` (withRoutingPath in mux.go).
fn decoded_for_comparison(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut at = 0;
    while at < path.len() {
        match escaped(&path[at..]) {
            Some(value) if !b":/?#[]@!$&'()*+,;=%".contains(&value) => {
                decoded.push(value);
                at += 3;
            }
            Some(_) => {
                decoded.extend(&path[at..at + 3]);
                at += 3;
            }
            None => {
                decoded.push(path[at]);
                at += 1;
            }
        }
    }
    decoded
}

/// The byte that an escape at the start stands for.
pub fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Characters that no path has.
fn is_odd(byte: u8) -> bool {
    !(b'!'..=b'~').contains(&byte) || b"\"<>\\^`{|}".contains(&byte)
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// A text with all escapes decoded; broken ones stay.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if let Some(value) = escaped(&text[at..]) {
            decoded.push(value);
            at += 3;
        } else {
            decoded.push(text[at]);
            at += 1;
        }
    }
    decoded
}

/// Whether every `%` begins an escape.
pub fn has_whole_escapes(text: &[u8]) -> bool {
    (0..text.len()).all(|at| text[at] != b'%' || escaped(&text[at..]).is_some())
}

/// A path as Go sends it: as it is where that is a valid spelling, else decoded and escaped again.
pub fn respelled(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b"/".to_vec();
    }
    let invalid = path.iter().any(|&byte| is_odd(byte) || byte == b'?' || byte == b'#');
    if invalid { encode_path(&decode(path)).into_bytes() } else { path.to_vec() }
}

/// A path as Go writes it: escapes for everything but unreserved characters and `$&+,/:;=@`.
pub fn encode_path(path: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len());
    for &byte in path {
        if is_unreserved(byte) || b"$&+,/:;=@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789ABCDEF"[usize::from(half)])));
        }
    }
    encoded
}

/// `path.Clean` of Go without its `.` for nothing: slashes merged, dot segments resolved, no final slash but the root's.
pub fn clean_path(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            _ => kept.push(segment),
        }
    }
    let joined = kept.join("/");
    if rooted { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::dialect::Target;

    fn forwarded(target: &str, path: &str) -> Option<String> {
        let dialect = &Target::named(target).expect("target").dialect;
        normalise(path.as_bytes(), dialect).map(|normalised| String::from_utf8_lossy(&normalised.path).into_owned())
    }

    #[test]
    fn envoy_merges_slashes_and_leaves_one_behind_dot_segments() {
        for (path, expected) in [
            ("//", "//"),
            ("//a//b", "/a/b"),
            ("/a///b//", "/a/b/"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/x/..;/admin", "/admin"),
            ("/..", "/"),
            ("/a/%2e%2e/admin", "/admin"),
            ("/a/b/...", "/a/b/..."),
            ("/a\\b", "/a/b"),
            ("/a%zz", "/a%zz"),
        ] {
            assert_eq!(forwarded("envoy-gateway", path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(forwarded("envoy-gateway", "/caf\u{e9}"), None);
    }

    #[test]
    fn traefik_loses_the_slash_behind_dot_segments_and_writes_escapes_in_upper_case() {
        for (path, expected) in [
            ("//", "/"),
            ("/a/b/..", "/a"),
            ("/admin/.", "/admin"),
            ("/x/..;/admin", "/x/..;/admin"),
            ("/a%2fb", "/a%2Fb"),
            ("/a\\b", "/a%5Cb"),
        ] {
            assert_eq!(forwarded("traefik", path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(forwarded("traefik", "/a%"), None);
    }
}
