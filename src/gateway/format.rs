//! Values of header modifiers as Envoy reads them: format strings with commands between percent signs.

use crate::request::{Part, PathExpr, TextExpr};

/// What Envoy makes of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formatted {
    /// A text that we can make too.
    Text(TextExpr),
    /// A valid format whose text we do not know.
    Unknown,
    /// No valid format: Envoy refuses the whole table of routes.
    Bad,
}

/// Commands that stand alone and whose text only a running proxy knows.
const OPAQUE: &[&str] = &[
    "BYTES_RECEIVED",
    "BYTES_SENT",
    "CONNECTION_ID",
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_PORT",
    "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_PEER_SUBJECT",
    "DOWNSTREAM_PEER_URI_SAN",
    "DOWNSTREAM_PEER_CERT",
    "DOWNSTREAM_PEER_FINGERPRINT_1",
    "DOWNSTREAM_PEER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_PORT",
    "DOWNSTREAM_TLS_CIPHER",
    "DOWNSTREAM_TLS_VERSION",
    "DURATION",
    "HOSTNAME",
    "PROTOCOL",
    "REQUESTED_SERVER_NAME",
    "RESPONSE_CODE",
    "RESPONSE_CODE_DETAILS",
    "RESPONSE_FLAGS",
    "ROUTE_NAME",
    "START_TIME",
    "UPSTREAM_CLUSTER",
    "UPSTREAM_HOST",
    "UPSTREAM_REMOTE_ADDRESS",
    "VIRTUAL_CLUSTER_NAME",
];

/// Commands with something in parentheses whose text only a running proxy knows.
const OPAQUE_CALLS: &[&str] =
    &["DYNAMIC_METADATA", "ENVIRONMENT", "FILTER_STATE", "METADATA", "RESP", "START_TIME", "TRAILER", "UPSTREAM_METADATA"];

/// Reads a value.
pub fn read(value: &str) -> Formatted {
    let (mut parts, mut literal, mut unknown) = (Vec::new(), String::new(), false);
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        literal.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('%') {
            literal.push('%');
            rest = behind;
            continue;
        }
        let Some((command, behind)) = split_command(rest) else { return Formatted::Bad };
        rest = behind;
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        match part(command) {
            Some(Some(mut known)) => parts.append(&mut known),
            Some(None) => unknown = true,
            None => return Formatted::Bad,
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    if unknown { Formatted::Unknown } else { Formatted::Text(TextExpr(parts)) }
}

/// `NAME%`, `NAME(…)%` or `NAME(…):12%`, without the first percent sign: the command and what follows its last percent sign.
fn split_command(text: &str) -> Option<(&str, &str)> {
    let name = text.bytes().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_').count();
    if name == 0 {
        return None;
    }
    let mut end = name;
    if text[end..].starts_with('(') {
        end += text[end..].find(')')? + 1;
    }
    if text[end..].starts_with(':') {
        let digits = text[end + 1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        end += 1 + digits;
    }
    text[end..].starts_with('%').then(|| (&text[..end], &text[end + 1..]))
}

/// What a command stands for; `Some(None)` where nobody can know, `None` where there is no such command.
#[expect(clippy::option_option, reason = "no command, a command nobody can foresee, and a known one are three things")]
fn part(command: &str) -> Option<Option<Vec<Part>>> {
    match command {
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => {
            return Some(Some(vec![Part::PeerAddress]));
        }
        _ => {}
    }
    let (name, call) = command.split_once('(').map_or((command, None), |(name, rest)| (name, Some(rest)));
    let Some(call) = call else { return OPAQUE.contains(&name).then_some(None) };
    if name != "REQ" && name != "REQ_WITHOUT_QUERY" {
        return OPAQUE_CALLS.contains(&name).then_some(None);
    }
    let Some(header) = call.strip_suffix(')') else { return Some(None) };
    if header.eq_ignore_ascii_case("x-forwarded-host?:authority") {
        return Some(Some(vec![Part::ForwardedHost]));
    }
    let (first, _) = header.split_once('?').unwrap_or((header, ""));
    let with_query = name == "REQ";
    Some(match first.to_ascii_lowercase().as_str() {
        ":authority" | "host" => Some(vec![Part::HostHeader]),
        ":method" => Some(vec![Part::Variable("request_method".to_owned())]),
        ":scheme" => Some(vec![Part::Scheme]),
        "x-forwarded-proto" => Some(vec![Part::EffectiveScheme]),
        ":path" | "x-envoy-original-path" if with_query => Some(vec![Part::Path(PathExpr::Same), Part::Query]),
        ":path" | "x-envoy-original-path" => Some(vec![Part::Path(PathExpr::Same)]),
        name if !name.starts_with(':')
            && !name.starts_with("x-envoy-")
            && !name.starts_with("x-forwarded-")
            && !name.starts_with("x-request-") =>
        {
            Some(vec![Part::Header(name.to_owned())])
        }
        _ => None,
    })
}

/// A value that NGINX Gateway Fabric writes between double quotes: a text, or one variable of nginx.
pub fn quoted(value: &str) -> Formatted {
    if !value.contains('$') {
        return Formatted::Text(TextExpr::literal(unquoted(value)));
    }
    let name = value.strip_prefix('$').map(|name| name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name));
    let part = match name {
        Some("host") => Part::Host,
        Some("http_host") => Part::HostHeader,
        Some("remote_addr") => Part::PeerAddress,
        Some("request_method") => Part::Variable("request_method".to_owned()),
        Some("request_uri") => return Formatted::Text(TextExpr(vec![Part::Path(PathExpr::Same), Part::Query])),
        Some("scheme") => Part::Scheme,
        Some(name) => match name.strip_prefix("http_") {
            Some(header) if !header.starts_with("x_forwarded_") && header != "x_real_ip" => Part::Header(header.replace('_', "-")),
            Some(_) | None => return Formatted::Unknown,
        },
        None => return Formatted::Unknown,
    };
    Formatted::Text(TextExpr(vec![part]))
}

/// What stands between double quotes of nginx, without its backslashes.
pub fn unquoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { characters.next().unwrap_or(character) } else { character });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_percent_sign_is_no_format() {
        for value in ["50% off", "%", "100%", "%unknown%", "%REQ(X%"] {
            assert_eq!(read(value), Formatted::Bad, "{value}");
        }
    }

    #[test]
    fn one_variable_may_be_the_whole_value() {
        assert_eq!(quoted("$http_x_team"), Formatted::Text(TextExpr(vec![Part::Header("x-team".to_owned())])));
        assert_eq!(quoted("${host}"), Formatted::Text(TextExpr(vec![Part::Host])));
        assert_eq!((quoted("a $host"), quoted("$request_id")), (Formatted::Unknown, Formatted::Unknown));
    }

    #[test]
    fn commands_and_doubled_percent_signs_are_read() {
        assert_eq!(read("50%% off"), Formatted::Text(TextExpr::literal("50% off")));
        assert_eq!(
            read("http://%REQ(:AUTHORITY)%"),
            Formatted::Text(TextExpr(vec![Part::Literal("http://".to_owned()), Part::HostHeader]))
        );
        assert_eq!(read("%DOWNSTREAM_LOCAL_PORT%"), Formatted::Unknown);
    }
}
