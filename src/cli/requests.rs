//! Requests as users write them: a line on the command line, or a YAML or JSON file in the words that README documents.

use std::{net::IpAddr, path::Path};

use anyhow::{Context as _, bail};
use serde_yaml::Value;

use crate::request::{Header, Request, Scheme};

/// A request and its text, for output that repeats it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The request.
    pub request: Request,
    /// As it was asked.
    pub asked: serde_json::Value,
    /// It is sent more than once in a row.
    pub repeated: bool,
}

/// A file of requests: a list, or a case with `exchanges`, `client`, and perhaps `given` and `controller`.
#[derive(Debug, Default)]
pub(super) struct RequestFile {
    /// The requests.
    pub requests: Vec<Asked>,
    /// Objects that came with them.
    pub given: Option<String>,
    /// Data of the controller's ConfigMap that came with them.
    pub config_map: Vec<(String, String)>,
    /// Flags of the controller that came with them.
    pub flags: Vec<String>,
}

/// Reads a file of requests.
pub(super) fn read(path: &Path) -> anyhow::Result<RequestFile> {
    let text = super::named("requests", path)?;
    let data: Value = serde_yaml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let mut file = RequestFile::default();
    let client = data.get("client").map(scalar).unwrap_or_default();
    let list = match data.get("exchanges").unwrap_or(&data) {
        Value::Sequence(list) => list,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Mapping(_) | Value::Tagged(_) => {
            bail!("{}: neither a list of requests nor a file with `exchanges`", path.display())
        }
    };
    let plain = data.get("exchanges").is_none();
    for (position, item) in list.iter().enumerate() {
        if let Some(key) = unknown_key(item).filter(|_| plain && item.get("request").is_none()) {
            bail!("{}: request {}: `{key}` is no part of a request", path.display(), position + 1);
        }
        let asked = item.get("request").unwrap_or(item);
        let request = parse(asked, &client).with_context(|| format!("{}: request {}", path.display(), position + 1))?;
        let asked = serde_json::to_value(asked).with_context(|| format!("{}: request {}", path.display(), position + 1))?;
        let repeated = item.get("request").unwrap_or(item).get("repeat").and_then(Value::as_u64).is_some_and(|times| times > 1);
        file.requests.push(Asked { request, asked, repeated });
    }
    file.given = data.get("given").and_then(Value::as_str).map(str::to_owned);
    if let Some(controller) = data.get("controller") {
        for (key, value) in controller.get("configmap").and_then(Value::as_mapping).into_iter().flatten() {
            file.config_map.push((scalar(key), scalar(value)));
        }
        file.flags = controller.get("flags").and_then(Value::as_sequence).into_iter().flatten().map(scalar).collect();
    }
    Ok(file)
}

/// Parts of a request. Recorded ones may say more.
const PARTS: [&str; 15] = [
    "body_bytes",
    "chunked",
    "client",
    "client_cert",
    "from",
    "headers",
    "host",
    "http_version",
    "method",
    "path",
    "port",
    "protocol",
    "repeat",
    "scheme",
    "sni",
];

/// A key of a request that says nothing, which is mostly misspelt.
fn unknown_key(request: &Value) -> Option<String> {
    request.as_mapping()?.keys().map(scalar).find(|key| !PARTS.contains(&key.as_str()))
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => String::new(),
    }
}

fn parse(asked: &Value, client: &str) -> anyhow::Result<Request> {
    if !asked.is_mapping() {
        bail!("is no mapping");
    }
    let text = |key: &str| asked.get(key).map(scalar).filter(|text| !text.is_empty());
    let number = |key: &str| asked.get(key).and_then(Value::as_u64);
    let scheme = match text("scheme").as_deref() {
        None | Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        Some(other) => bail!("`scheme` is http or https, not `{other}`"),
    };
    let host = asked.get("host").and_then(|host| (!host.is_null()).then(|| scalar(host)));
    let mut headers = Vec::new();
    for (name, value) in asked.get("headers").and_then(Value::as_mapping).into_iter().flatten() {
        let values: Vec<String> = value.as_sequence().map_or_else(|| vec![scalar(value)], |list| list.iter().map(scalar).collect());
        headers.extend(values.into_iter().map(|value| Header { name: scalar(name), value }));
    }
    Ok(Request {
        method: text("method").unwrap_or_else(|| "GET".to_owned()),
        scheme,
        sni: sni(scheme, asked.get("sni").map(scalar), host.as_deref()),
        host,
        target: asked.get("path").map_or_else(|| "/".to_owned(), scalar),
        headers,
        body_bytes: number("body_bytes").unwrap_or(0),
        chunked: asked.get("chunked").and_then(Value::as_bool).unwrap_or(false),
        http_version: if text("protocol").as_deref() == Some("h2") {
            "2".to_owned()
        } else {
            text("http_version").unwrap_or_else(|| "1.1".to_owned())
        },
        client: text("from")
            .or_else(|| text("client"))
            .or_else(|| Some(client.to_owned()).filter(|client| !client.is_empty()))
            .unwrap_or_else(|| DEFAULT_CLIENT.to_owned()),
        port: number("port").and_then(|port| u16::try_from(port).ok()),
        client_certificate: text("client_cert"),
    })
}

/// Address of the client where none is given (a documentation address, so that no list holds it by chance).
const DEFAULT_CLIENT: &str = "198.51.100.7";

/// Name of the handshake: as given (empty for none), else the host without port. An address is no name (RFC 6066, 3).
fn sni(scheme: Scheme, given: Option<String>, host: Option<&str>) -> Option<String> {
    if scheme == Scheme::Http {
        return None;
    }
    let name = |host: &str| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_address = host.starts_with('[') || name.parse::<IpAddr>().is_ok();
        (!is_address).then(|| name.to_owned())
    };
    given.or_else(|| host.and_then(name)).filter(|name| !name.is_empty())
}

/// A method is a token (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A request of the command line: `[METHOD] URL` and header lines `Name: value`.
pub(super) fn line(text: &str, headers: &[String], client: Option<&str>) -> anyhow::Result<Asked> {
    let text = text.trim();
    let (method, url) = match text.split_once(char::is_whitespace) {
        Some((method, url)) => (method.to_owned(), url.trim()),
        None => ("GET".to_owned(), text),
    };
    if !is_token(&method) || url.contains(char::is_whitespace) {
        bail!("`{text}` is no request; write one as `[METHOD] URL`, and several in a file with --requests");
    }
    if let Some(client) = client.filter(|client| client.parse::<IpAddr>().is_err()) {
        bail!("`{client}` is no address of a client");
    }
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
        Some((scheme, _)) => bail!("`{scheme}` is neither http nor https"),
        None => (Scheme::Http, url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    if authority.is_empty() {
        bail!("`{url}` names no host; write for example https://shop.example.com/path");
    }
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    let mut lines = Vec::new();
    let mut host = authority.to_owned();
    for header in headers {
        let (name, value) = header.split_once(':').with_context(|| format!("`{header}` is no header; write `Name: value`"))?;
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if name.eq_ignore_ascii_case("host") {
            host = value;
        } else {
            lines.push(Header { name, value });
        }
    }
    let usual = if scheme == Scheme::Https { 443 } else { 80 };
    let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).filter(|port| *port != usual);
    let request = Request {
        method,
        scheme,
        sni: sni(scheme, None, Some(authority)),
        host: Some(host),
        target,
        headers: lines,
        body_bytes: 0,
        chunked: false,
        http_version: "1.1".to_owned(),
        client: client.unwrap_or(DEFAULT_CLIENT).to_owned(),
        port,
        client_certificate: None,
    };
    let asked = serde_json::json!({
        "method": request.method,
        "scheme": if scheme == Scheme::Https { "https" } else { "http" },
        "host": request.host,
        "path": request.target,
    });
    Ok(Asked { request, asked, repeated: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_without_path_asks_for_the_root() {
        let asked = line("https://shop.example.com?x=1", &[], None).expect("request");
        assert_eq!((asked.request.target.as_str(), asked.request.sni.as_deref()), ("/?x=1", Some("shop.example.com")));
    }

    #[test]
    fn an_address_is_no_name_of_a_handshake() {
        for url in ["https://[::1]/", "https://[::1]:8443/", "https://10.0.0.1/"] {
            assert_eq!(line(url, &[], None).expect("request").request.sni, None, "{url}");
        }
    }

    #[test]
    fn a_port_is_the_usual_one_of_its_scheme_only() {
        let ports = ["http://a.example:443/", "https://a.example:80/", "https://a.example:443/"];
        let ports = ports.map(|url| line(url, &[], None).expect("request").request.port);
        assert_eq!(ports, [Some(443), Some(80), None]);
    }

    #[test]
    fn method_and_host_header_are_taken() {
        let asked = line("POST http://10.0.0.1/a", &["Host: shop.example.com".to_owned(), "X-A: 1".to_owned()], None).expect("request");
        assert_eq!((asked.request.method.as_str(), asked.request.host.as_deref()), ("POST", Some("shop.example.com")));
        assert_eq!(asked.request.headers.len(), 1);
    }

    #[test]
    fn several_urls_and_addresses_that_are_none_are_refused() {
        assert!(line("http://a.example/x http://b.example/y", &[], None).is_err());
        assert!(line("GET http://a.example/x http://b.example/y", &[], None).is_err());
        assert!(line("http://a.example/x", &[], Some("999.1.1.1")).is_err());
        assert!(line("M-SEARCH http://a.example/x", &[], Some("2001:db8::1")).is_ok());
    }

    #[test]
    fn keys_that_are_no_part_of_a_request_are_found() {
        let unknown = |text: &str| unknown_key(&serde_yaml::from_str(text).expect("yaml"));
        assert_eq!(unknown("{host: a, pathh: /x}").as_deref(), Some("pathh"));
        assert_eq!(unknown("{url: \"http://a\"}").as_deref(), Some("url"));
        assert_eq!(unknown("{host: a, path: /x, headers: {X-A: b}, from: 10.0.0.1}"), None);
    }

    #[test]
    fn header_with_a_list_is_several_lines() {
        let asked: Value = serde_yaml::from_str("{host: a, headers: {X-A: [one, 2]}}").expect("yaml");
        let request = parse(&asked, "").expect("request");
        assert_eq!(request.headers.iter().map(|header| header.value.as_str()).collect::<Vec<_>>(), ["one", "2"]);
    }

    #[test]
    fn null_host_sends_none() {
        let asked: Value = serde_yaml::from_str("{host: null}").expect("yaml");
        assert_eq!(parse(&asked, "").expect("request").host, None);
    }
}
