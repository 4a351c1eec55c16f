//! Middleware objects, read back as filters of the rules that name them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::GROUP;
use crate::{
    gateway::{
        api::Cors,
        facts::Facts,
        json::Json,
        objects::Objects,
        policies::{Addresses, AskedPath, Effect, Filter, Network, Password, Policies, Service, Substitute},
        regex,
    },
    k8s::{Inventory, NamespacedName, ObjectRef},
    request::{Handshake, Speech, Verification},
    targets::documents::{Document, millis, network, of_group},
};

/// Reads everything of the group.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let mut policies = Policies::default();
    let documents = of_group(objects, manifests, GROUP);
    let transports: BTreeMap<NamespacedName, &Value> = documents
        .iter()
        .filter(|document| document.object.kind == "ServersTransport")
        .map(|document| (NamespacedName::new(&document.object.namespace, &document.object.name), &document.spec))
        .collect();
    let entries = entries(&documents);
    for document in &documents {
        match document.object.kind.as_str() {
            "TraefikService" => {
                let Some(substitute) = stands_for(&document.spec, &document.object.namespace, &transports, &entries, facts) else {
                    continue;
                };
                let name = NamespacedName::new(&document.object.namespace, &document.object.name);
                policies.substitutes.insert(("TraefikService".to_owned(), name), substitute);
            }
            // What matters of it is read where it is named.
            "ServersTransport" => {}
            _ => continue,
        }
        policies.understood.insert(document.id);
    }
    for foreign in objects.foreign.iter().filter(|foreign| foreign.object.group == GROUP && foreign.object.kind == "Middleware") {
        let Some(node) = manifests.gateway_object(foreign.id) else { continue };
        let value = Json::from_node(node).to_value();
        let empty = Map::new();
        let spec = value.get("spec").and_then(Value::as_object).unwrap_or(&empty);
        let mut filter = Filter::default();
        // A Middleware does one thing.
        if spec.len() != 1 {
            filter.invalid = Some(format!("it does {} things, and not one", spec.len()));
        }
        for (name, body) in spec.iter().filter(|_| spec.len() == 1) {
            if !read(name, body, &foreign.object.namespace, facts, &mut filter) {
                filter.unmodelled.get_or_insert_with(|| format!("`{name}` of {}", foreign.object));
            }
        }
        if filter.invalid.is_some() {
            filter = Filter { invalid: filter.invalid, ..Filter::default() };
        }
        policies.filter("Middleware", NamespacedName::new(&foreign.object.namespace, &foreign.object.name), filter);
        policies.understood.insert(foreign.id);
    }
    policies
}

/// A port of a Service: namespace, name and port as written.
type PortName = (String, String, String);

/// What the objects say of each port of a Service. By default Traefik keeps one of them for all.
fn entries<'d>(documents: &'d [Document<'_>]) -> BTreeMap<PortName, Vec<&'d Value>> {
    let mut entries: BTreeMap<PortName, Vec<&'d Value>> = BTreeMap::new();
    for document in documents.iter().filter(|document| document.object.kind == "TraefikService") {
        let ways = document.spec.as_object().into_iter().flat_map(Map::values);
        for entry in ways.filter_map(|way| way.get("services")?.as_array()).flatten() {
            let known = entries.entry(port_name(entry, &document.object.namespace)).or_default();
            if !known.contains(&entry) {
                known.push(entry);
            }
        }
    }
    entries
}

fn port_name(entry: &Value, namespace: &str) -> PortName {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty()).unwrap_or(namespace);
    (namespace.to_owned(), text("name").to_owned(), entry.get("port").map(Value::to_string).unwrap_or_default())
}

/// What a `TraefikService` stands for; `None` where that are several things, or others than ports of Services, or where another object says
/// something else of the same port.
fn stands_for(
    spec: &Value,
    namespace: &str,
    transports: &BTreeMap<NamespacedName, &Value>,
    entries: &BTreeMap<PortName, Vec<&Value>>,
    facts: &Facts<'_>,
) -> Option<Substitute> {
    const KNOWN: [&str; 7] = ["name", "port", "scheme", "serversTransport", "sticky", "strategy", "nativeLB"];
    let (way, body) = spec.as_object().filter(|spec| spec.len() == 1)?.iter().next()?;
    let [written] = body.get("services")?.as_array()?.as_slice() else { return None };
    let entry = written.as_object()?;
    if !["weighted", "highestRandomWeight"].contains(&way.as_str()) || !entry.keys().all(|key| KNOWN.contains(&key.as_str())) {
        return None;
    }
    if entries.get(&port_name(written, namespace)).is_none_or(|said| said.len() > 1) {
        return None;
    }
    let transport = match entry.get("serversTransport").and_then(Value::as_str) {
        Some(name) => match transports.get(&NamespacedName::new(namespace, name)) {
            Some(transport) => Some(*transport),
            None => return Some(Substitute::Broken(format!("ServersTransport {namespace}/{name} does not exist"))),
        },
        None => None,
    };
    let port = entry.get("port")?.as_u64().and_then(|port| u16::try_from(port).ok())?;
    let service = NamespacedName::new(namespace, entry.get("name")?.as_str()?);
    let handshake = transport.and_then(|transport| handshake(transport, namespace, facts));
    let unseen = handshake.as_ref().is_some_and(|handshake| handshake.verification == Verification::Nobody);
    let speech = match entry.get("scheme").and_then(Value::as_str) {
        // As with a BackendTLSPolicy, certificates are taken for good where there are authorities.
        Some("https") if handshake.is_some() => Some(Speech::Https),
        Some("https") => return None,
        Some("h2c") => Some(Speech::Http2),
        Some("http") => Some(Speech::Http),
        Some(_) => return None,
        None => (unseen && facts.is_named_https(&service, port)).then_some(Speech::Https),
    };
    let address = entry.get("nativeLB") == Some(&Value::Bool(true));
    let handshake = handshake.filter(|_| speech.is_some_and(Speech::is_tls));
    let patience = transport.and_then(patience);
    Some(Substitute::Port { service, port, address, speech, handshake, patience })
}

/// Milliseconds to the head of an answer (`ResponseHeaderTimeout` of Go); `None` for as long as it takes.
fn patience(transport: &Value) -> Option<u64> {
    let written = transport.get("forwardingTimeouts")?.get("responseHeaderTimeout")?;
    let millis = written.as_u64().map(|seconds| seconds * 1_000).or_else(|| written.as_str().and_then(millis));
    millis.filter(|millis| *millis > 0)
}

/// What is done in handshakes with backends; `None` where the model does not know.
fn handshake(transport: &Value, namespace: &str, facts: &Facts<'_>) -> Option<Handshake> {
    let first = transport.get("certificatesSecrets").and_then(Value::as_array).and_then(|secrets| secrets.first());
    let shown = first.and_then(Value::as_str).map(|secret| NamespacedName::new(namespace, secret));
    if transport.get("insecureSkipVerify") == Some(&Value::Bool(true)) {
        return Some(Handshake { shown, ..Handshake::default() });
    }
    let places = transport.get("rootCAs").and_then(Value::as_array).filter(|places| !places.is_empty())?;
    let authorities = places.iter().map(|place| authority(place, namespace, facts)).collect::<Option<Vec<_>>>()?;
    let name = transport.get("serverName").and_then(Value::as_str);
    // Without a name that of the address counts, which nobody knows here.
    let verification = name.map_or(Verification::Unknown, |name| Verification::by(authorities, name));
    Some(Handshake { verification, server_name: name.map(str::to_ascii_lowercase), shown })
}

/// What holds authorities, where it is there and can.
fn authority(place: &Value, namespace: &str, facts: &Facts<'_>) -> Option<ObjectRef> {
    let named = |key: &str| place.get(key).and_then(Value::as_str).map(|name| NamespacedName::new(namespace, name));
    let (kind, name) = match (named("secret"), named("configMap")) {
        (Some(secret), _) => ("Secret", Some(secret).filter(|secret| facts.key_fault(secret, "ca.crt").is_none())?),
        (None, Some(map)) => ("ConfigMap", Some(map).filter(|map| facts.has_authorities(map))?),
        (None, None) => return None,
    };
    Some(ObjectRef { group: String::new(), kind: kind.to_owned(), namespace: name.namespace, name: name.name })
}

/// One thing that a Middleware does; whether it is known here.
fn read(name: &str, body: &Value, namespace: &str, facts: &Facts<'_>, filter: &mut Filter) -> bool {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let texts = |key: &str| -> Vec<String> {
        body.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let only = |known: &[&str]| body.as_object().is_some_and(|body| body.keys().all(|key| known.contains(&key.as_str())));
    let effect = filter.effect.get_or_insert_with(Effect::default);
    match name {
        "ipAllowList" => {
            let ranges = texts("sourceRange");
            let networks: Option<Vec<Network>> = ranges.iter().map(|text| network(text)).collect();
            let Some(networks) = networks.filter(|networks| !networks.is_empty()) else {
                filter.invalid = Some("its `sourceRange` names no networks".to_owned());
                return true;
            };
            effect.addresses = Some(Addresses { rules: vec![(true, networks)], others: false, first: true });
            return only(&["sourceRange"]);
        }
        "basicAuth" => {
            let secret = NamespacedName::new(namespace, text("secret").unwrap_or_default());
            filter.invalid = facts.users_fault(&secret);
            effect.password = Some(Password { secret, removed: body.get("removeHeader") == Some(&Value::Bool(true)) });
            return only(&["secret", "realm", "removeHeader"]);
        }
        "forwardAuth" => {
            let address = text("address").unwrap_or_default();
            let (base, path) = split(&address);
            effect.service = Some(Service {
                base,
                path: AskedPath::Fixed(path),
                copied: texts("authResponseHeaders").iter().map(|name| name.to_ascii_lowercase()).collect(),
                failure: None,
            });
            return only(&["address", "authResponseHeaders", "trustForwardHeader"]);
        }
        "rateLimit" | "inFlightReq" => effect.rate = Some(429),
        "buffering" => {
            effect.body = body.get("maxRequestBodyBytes").and_then(Value::as_u64).filter(|bytes| *bytes > 0);
            return only(&["maxRequestBodyBytes", "memRequestBodyBytes"]);
        }
        "replacePathRegex" => {
            let trimmed = |key: &str| text(key).unwrap_or_default().trim().to_owned();
            let pattern = trimmed("regex");
            if !regex::is_valid(&pattern) {
                filter.invalid = Some(format!("`{pattern}` is no regular expression of Go"));
                return true;
            }
            let Some(replacement) = backslashes(&trimmed("replacement")).filter(|text| !text.is_empty()) else { return false };
            filter.path = Some((pattern, replacement));
        }
        "headers" if body.as_object().is_some_and(|body| body.keys().eq(["customRequestHeaders"])) => {
            let headers = body.get("customRequestHeaders").and_then(Value::as_object);
            // An empty value takes the header away.
            let (removed, set): (Vec<_>, Vec<_>) =
                headers.into_iter().flatten().partition(|(_, value)| value.as_str().is_none_or(str::is_empty));
            filter.removed = removed.into_iter().map(|(name, _)| name.clone()).collect();
            return set.is_empty();
        }
        "headers" => {
            const KNOWN: [&str; 7] = [
                "accessControlAllowOriginList",
                "accessControlAllowOriginListRegex",
                "accessControlAllowMethods",
                "accessControlAllowHeaders",
                "accessControlExposeHeaders",
                "accessControlAllowCredentials",
                "accessControlMaxAge",
            ];
            let patterns = texts("accessControlAllowOriginListRegex");
            if !patterns.iter().all(|pattern| regex::is_valid(pattern)) {
                filter.invalid = Some("an origin is no regular expression of Go".to_owned());
                return true;
            }
            if body.as_object().is_none_or(Map::is_empty) {
                filter.invalid = Some("it says nothing".to_owned());
                return true;
            }
            effect.cors = Some(Cors {
                allow_origins: texts("accessControlAllowOriginList"),
                origin_patterns: patterns.clone(),
                allow_methods: texts("accessControlAllowMethods"),
                allow_headers: texts("accessControlAllowHeaders"),
                expose_headers: texts("accessControlExposeHeaders"),
                allow_credentials: body.get("accessControlAllowCredentials").and_then(Value::as_bool),
                max_age: body.get("accessControlMaxAge").and_then(Value::as_u64).and_then(|seconds| u32::try_from(seconds).ok()),
            });
            // Where it is found in nothing at all, the empty origin is named to those who send none.
            return only(&KNOWN) && !patterns.iter().any(|pattern| regex::finds_nothing(pattern));
        }
        "retry" => {
            filter.invalid = retry_fault(body);
        }
        // Which answer comes in the end stays the same.
        "compress" => {}
        _ => return false,
    }
    true
}

/// Why a retry cannot be made (`New` in retry.go). Which answer comes in the end stays the same where it can.
fn retry_fault(body: &Value) -> Option<String> {
    let statuses = body.get("status").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if statuses.is_empty() && body.get("disableRetryOnNetworkError") == Some(&Value::Bool(true)) {
        return Some("it names nothing that is tried again".to_owned());
    }
    if body.get("attempts").and_then(Value::as_u64).is_none_or(|attempts| attempts == 0) {
        return Some("`attempts` is not above 0".to_owned());
    }
    // Each is a status or two with a `-` between (`NewHTTPCodeRanges` in http_code_range.go).
    let is_range = |text: &str| text.split('-').take(2).all(|end| end.parse::<i64>().is_ok());
    let odd = statuses.iter().filter_map(Value::as_str).find(|text| !is_range(text))?;
    Some(format!("`{odd}` is no range of statuses"))
}

/// A URL up to its path, and the path.
fn split(url: &str) -> (String, String) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let at = url[start..].find('/').map_or(url.len(), |at| start + at);
    (url[..at].to_owned(), if at < url.len() { url[at..].to_owned() } else { "/".to_owned() })
}

/// `${1}` and `$1` as `\1`; `None` for names.
fn backslashes(replacement: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let (digits, behind) = match after.strip_prefix('{') {
            Some(inner) => inner.split_once('}')?,
            None => after.split_at(after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len())),
        };
        if digits.len() != 1 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        text.push('\\');
        text.push_str(digits);
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_with_and_without_braces() {
        assert_eq!(backslashes("/x${1}y$2").as_deref(), Some("/x\\1y\\2"));
        assert_eq!(backslashes("/$1x"), None);
    }

    #[test]
    fn a_url_without_path_asks_for_the_root() {
        assert_eq!(split("http://a.b:80"), ("http://a.b:80".to_owned(), "/".to_owned()));
        assert_eq!(split("http://a.b/c?d"), ("http://a.b".to_owned(), "/c?d".to_owned()));
    }
}
