//! A cell as a request that a person would type, and as a line for `curl`.

use std::fmt::Write as _;

use super::{router::Entry, spaces::Key};
use crate::request::{Header, Request, Scheme};

/// The address of a client that nobody knows.
pub(super) const CLIENT: &str = "203.0.113.7";

/// Gives the request an origin, as scripts of another site do.
pub(super) fn come_from_elsewhere(request: &mut Request) {
    if !request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("origin")) {
        request.headers.push(Header { name: "Origin".to_owned(), value: "https://elsewhere.example".to_owned() });
    }
}

/// A proxy before the router says that the client came through TLS.
pub(super) fn come_through_tls(request: &mut Request) {
    request.headers.push(Header { name: "X-Forwarded-Proto".to_owned(), value: "https".to_owned() });
}

/// A plain request.
pub(super) fn plain(entry: Entry, host: &str, path: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        scheme: entry.scheme,
        host: Some(host.to_owned()),
        sni: (entry.scheme == Scheme::Https).then(|| host.to_owned()),
        target: path.to_owned(),
        headers: Vec::new(),
        body_bytes: 0,
        chunked: false,
        http_version: "1.1".to_owned(),
        client: CLIENT.to_owned(),
        port: entry.port,
        client_certificate: None,
    }
}

/// A plain `GET` of a URL; the scheme is HTTP unless it says `https`.
pub fn get(url: &str) -> Request {
    let (entry, rest) = match url.split_once("://") {
        Some(("https", rest)) => (Entry::HTTPS, rest),
        Some((_, rest)) => (Entry::HTTP, rest),
        None => (Entry::HTTP, url),
    };
    let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    plain(entry, host, &target)
}

/// A part of the request gets a value.
pub(super) fn set(request: &mut Request, key: &Key, value: Option<&str>) {
    match (key, value) {
        (Key::Method, Some(value)) => value.clone_into(&mut request.method),
        (Key::Protocol, Some(value)) => {
            value.rsplit('/').next().unwrap_or(value).trim_start_matches('h').clone_into(&mut request.http_version);
        }
        (Key::Header(name), Some(value)) => request.headers.push(Header { name: header_name(name), value: value.to_owned() }),
        (Key::Query(name), Some(value)) => {
            let joint = if request.target.contains('?') { '&' } else { '?' };
            let _ = write!(request.target, "{joint}{name}={value}");
        }
        (Key::Client, Some(value)) => value.clone_into(&mut request.client),
        (Key::Body, Some(value)) => {
            request.body_bytes = value.parse().unwrap_or_default();
            if request.body_bytes > 0 && request.method == "GET" {
                "POST".clone_into(&mut request.method);
            }
        }
        (Key::Certificate, value) => request.client_certificate = value.map(str::to_owned),
        (Key::Method | Key::Protocol | Key::Header(_) | Key::Query(_) | Key::Client | Key::Body, None) => {}
    }
}

/// The request with a header that it has not yet.
pub(super) fn with_header(request: &Request, name: &str) -> Option<Request> {
    if request.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
        return None;
    }
    let value = match name {
        "authorization" => "Bearer abc",
        "cookie" => "a=b",
        _ => "1",
    };
    let mut request = request.clone();
    request.headers.push(Header { name: header_name(name), value: value.to_owned() });
    Some(request)
}

/// `x-canary` as `X-Canary`.
fn header_name(name: &str) -> String {
    let mut upper = true;
    name.chars()
        .map(|character| {
            let written = if upper { character.to_ascii_uppercase() } else { character };
            upper = character == '-';
            written
        })
        .collect()
}

/// `GET /API/V0`.
pub fn short(request: &Request) -> String {
    format!("{} {}", request.method, request.target)
}

/// The request line with its host: `GET https://shop.example/cart`.
pub fn long(request: &Request) -> String {
    let Request { method, scheme, host, target, port, .. } = request;
    let scheme = match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let mut text = format!("{method} {scheme}://{}{port}{target}", host.as_deref().unwrap_or_default());
    for Header { name, value } in &request.headers {
        let _ = write!(text, " -H '{name}: {value}'");
    }
    text
}

/// A line for a POSIX shell that sends the request to an entry point. `address` is its IP address or name.
pub fn curl(request: &Request, address: &str) -> String {
    let Request { method, scheme, host, sni, target, headers, body_bytes, chunked, http_version, client: _, port, client_certificate } =
        request;
    let (name, usual) = match scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    let mut line = String::new();
    if *body_bytes > 0 {
        let _ = write!(line, "head -c {body_bytes} /dev/zero | ");
    }
    line.push_str("curl -i");
    if *scheme == Scheme::Https {
        line.push('k');
    }
    match (method.as_str(), body_bytes) {
        ("GET", 0) | ("POST", 1..) => {}
        ("HEAD", _) => line.push_str(" -I"),
        (method, _) => {
            let _ = write!(line, " -X {}", quote(method));
        }
    }
    match http_version.as_str() {
        "1.0" => line.push_str(" --http1.0"),
        // Over TLS too: a client that also offers HTTP/1.1 may be answered in that.
        "2" => line.push_str(" --http2-prior-knowledge"),
        _ => {}
    }
    if target.contains("/.") || target.contains("//") {
        line.push_str(" --path-as-is");
    }
    let number = port.unwrap_or(usual);
    let server = sni.as_deref().or(host.as_deref()).unwrap_or(address);
    // A Host header that is not the name of the URL is sent as it is.
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) && !name.ends_with('.')
    };
    let authority = if plain(server) {
        let _ = write!(line, " --resolve {}", quote(&format!("{server}:{number}:{address}")));
        server
    } else {
        address
    };
    match host.as_deref() {
        Some(host) if host != authority => {
            let _ = write!(line, " -H {}", quote(&format!("Host: {host}")));
        }
        Some(_) => {}
        None => line.push_str(" -H 'Host:'"),
    }
    for Header { name, value } in headers {
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(line, " -H {}", quote(&header));
    }
    if client_certificate.is_some() {
        line.push_str(" --cert client.crt --key client.key");
    }
    if *body_bytes > 0 {
        line.push_str(" --data-binary @-");
    }
    if *chunked {
        line.push_str(" -H 'Transfer-Encoding: chunked'");
    }
    let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
    let _ = write!(line, " {}", quote(&format!("{name}://{authority}{port}{target}")));
    line
}

/// A word for a POSIX shell.
fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_request_needs_an_address_and_a_url() {
        let request = plain(Entry::HTTP, "shop.example", "/API/V0");
        assert_eq!(curl(&request, "10.0.0.1"), "curl -i --resolve shop.example:80:10.0.0.1 http://shop.example/API/V0");
    }

    #[test]
    fn quotes_survive_the_shell() {
        let mut request = plain(Entry::HTTPS, "shop.example", "/it's?a=1&b");
        set(&mut request, &Key::Header("x-canary".to_owned()), Some("$(id)"));
        let expected = r"curl -ik --resolve shop.example:443:ADDRESS -H 'X-Canary: $(id)' 'https://shop.example/it'\''s?a=1&b'";
        assert_eq!(curl(&request, "ADDRESS"), expected);
    }

    #[test]
    fn bodies_come_from_a_pipe() {
        let mut request = plain(Entry::HTTP, "a.example", "/");
        set(&mut request, &Key::Body, Some("1001"));
        assert_eq!(
            curl(&request, "ADDRESS"),
            "head -c 1001 /dev/zero | curl -i --resolve a.example:80:ADDRESS --data-binary @- http://a.example/"
        );
    }
}
