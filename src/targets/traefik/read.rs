//! Middleware objects, read back as filters of the rules that name them.

use serde_json::Value;

use super::GROUP;
use crate::{
    gateway::{
        facts::Facts,
        json::Json,
        objects::Objects,
        policies::{Addresses, AskedPath, Effect, Filter, Network, Password, Policies, Service},
    },
    k8s::{Inventory, NamespacedName},
    targets::documents::network,
};

/// Reads everything of the group.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let mut policies = Policies::default();
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
