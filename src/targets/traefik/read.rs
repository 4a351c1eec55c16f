//! Middleware objects, read back as filters of the rules that name them.

use serde_json::Value;

use super::GROUP;
use crate::{
    gateway::{
        api::Cors,
        facts::Facts,
        json::Json,
        objects::Objects,
        policies::{Addresses, AskedPath, Effect, Filter, Network, Password, Policies, Service},
    },
    k8s::{Inventory, NamespacedName},
    targets::documents::{network, of_group},
};

/// Reads everything of the group.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let mut policies = Policies::default();
    for document in of_group(objects, manifests, GROUP) {
        match document.object.kind.as_str() {
            "TraefikService" => {
                let Some((service, tls)) = stands_for(&document.spec, &document.object.namespace) else { continue };
                if tls {
                    policies.tls_services.insert(service.0.clone());
                }
                let name = NamespacedName::new(&document.object.namespace, &document.object.name);
                policies.substitutes.insert(("TraefikService".to_owned(), name), service);
            }
            // How a backend is connected to changes no answer.
            "ServersTransport" => {}
            _ => continue,
        }
        policies.understood.insert(document.id);
    }
    for foreign in objects.foreign.iter().filter(|foreign| foreign.object.group == GROUP && foreign.object.kind == "Middleware") {
        let Some((_, node)) = manifests.gateway_objects.iter().find(|(id, _)| *id == foreign.id) else { continue };
        let value = Json::from_node(node).to_value();
        let Some(spec) = value.get("spec").and_then(Value::as_object) else { continue };
        let mut filter = Filter::default();
        for (name, body) in spec {
            if !read(name, body, &foreign.object.namespace, facts, &mut filter) {
                filter.unmodelled.get_or_insert_with(|| format!("`{name}` of {}", foreign.object));
            }
        }
        if filter.invalid.is_some() {
            filter.effect = None;
        }
        policies.filter("Middleware", NamespacedName::new(&foreign.object.namespace, &foreign.object.name), filter);
        policies.understood.insert(foreign.id);
    }
    policies
}

/// The only Service port behind a `TraefikService`, and whether it is spoken to over TLS; `None` where there are several, or other things.
fn stands_for(spec: &Value, namespace: &str) -> Option<((NamespacedName, u16), bool)> {
    const KNOWN: [&str; 7] = ["name", "port", "scheme", "serversTransport", "sticky", "strategy", "nativeLB"];
    let (way, body) = spec.as_object().filter(|spec| spec.len() == 1)?.iter().next()?;
    let entry = body.get("services")?.as_array().filter(|services| services.len() == 1)?.first()?.as_object()?;
    if !["weighted", "highestRandomWeight"].contains(&way.as_str()) || !entry.keys().all(|key| KNOWN.contains(&key.as_str())) {
        return None;
    }
    let port = entry.get("port")?.as_u64().and_then(|port| u16::try_from(port).ok())?;
    let name = NamespacedName::new(namespace, entry.get("name")?.as_str()?);
    Some(((name, port), entry.get("scheme").and_then(Value::as_str) == Some("https")))
}

/// One thing that a Middleware does; whether it is known here.
fn read(name: &str, body: &Value, namespace: &str, facts: &Facts<'_>, filter: &mut Filter) -> bool {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let texts = |key: &str| -> Vec<String> {
        body.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let effect = filter.effect.get_or_insert_with(Effect::default);
    match name {
        "ipAllowList" => {
            let networks: Option<Vec<Network>> = texts("sourceRange").iter().map(|text| network(text)).collect();
            let plain = body.get("ipStrategy").is_none() && body.get("rejectStatusCode").is_none();
            let Some(networks) = networks.filter(|_| plain) else { return false };
            effect.addresses = Some(Addresses { rules: vec![(true, networks)], others: false, first: true });
        }
        "basicAuth" => {
            let secret = NamespacedName::new(namespace, text("secret").unwrap_or_default());
            if let Some(fault) = facts.key_fault(&secret, "users") {
                filter.invalid = Some(fault);
            }
            effect.password = Some(Password { secret, removed: body.get("removeHeader") == Some(&Value::Bool(true)) });
        }
        "forwardAuth" => {
            let address = text("address").unwrap_or_default();
            let (base, path) = split(&address);
            effect.service = Some(Service {
                base,
                path: AskedPath::Fixed(path),
                copied: texts("authResponseHeaders").iter().map(|name| name.to_ascii_lowercase()).collect(),
                failure: 403,
            });
            return text("authSigninURL").is_none();
        }
        "rateLimit" | "inFlightReq" => effect.rate = Some(429),
        "buffering" => effect.body = body.get("maxRequestBodyBytes").and_then(Value::as_u64).filter(|bytes| *bytes > 0),
        "replacePathRegex" => {
            let replacement = text("replacement").unwrap_or_default();
            let (Some(regex), Some(replacement)) = (text("regex"), backslashes(&replacement)) else { return false };
            filter.path = Some((regex, replacement));
        }
        "headers" => {
            let known = [
                "accessControlAllowOriginList",
                "accessControlAllowMethods",
                "accessControlAllowHeaders",
                "accessControlExposeHeaders",
                "accessControlAllowCredentials",
                "accessControlMaxAge",
            ];
            // An expression for origins is wider or narrower than a star.
            if !body.as_object().is_some_and(|body| body.keys().all(|key| known.contains(&key.as_str()))) {
                return false;
            }
            effect.cors = Some(Cors {
                allow_origins: texts("accessControlAllowOriginList"),
                allow_methods: texts("accessControlAllowMethods"),
                allow_headers: texts("accessControlAllowHeaders"),
                expose_headers: texts("accessControlExposeHeaders"),
                allow_credentials: body.get("accessControlAllowCredentials").and_then(Value::as_bool),
                max_age: body.get("accessControlMaxAge").and_then(Value::as_u64).and_then(|seconds| u32::try_from(seconds).ok()),
            });
        }
        // Which answer comes in the end stays the same.
        "retry" | "compress" => {}
        _ => return false,
    }
    true
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
