//! Names and values as a report shows them: as they are, made harmless, or as pseudonyms.
//!
//! A pseudonym is a word and a number, given in the order in which things are first met. The same thing has the same one everywhere in a
//! report, and in every report of the same input. What is not known to be harmless is hidden.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{catalog, k8s::ObjectRef, report::printable, snippet};

/// Facts of findings that tell nothing about whose estate it is.
const HARMLESS: &[&str] = &[
    "api_version",
    "bytes",
    "channel",
    "code",
    "count",
    "expires",
    "hint",
    "kind",
    "kinds",
    "limit",
    "line",
    "meant",
    "reader",
    "target",
    "today",
    "advice",
    "version",
];

/// Headers that everybody has, in lower case. Others can tell whose they are.
const HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-security-policy",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expires",
    "host",
    "location",
    "origin",
    "permissions-policy",
    "pragma",
    "proxy",
    "referer",
    "referrer-policy",
    "server",
    "set-cookie",
    "strict-transport-security",
    "traceparent",
    "upgrade",
    "user-agent",
    "vary",
    "www-authenticate",
    "x-canary",
    "x-content-type-options",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-frame-options",
    "x-original-forwarded-for",
    "x-original-method",
    "x-original-url",
    "x-powered-by",
    "x-real-ip",
    "x-request-id",
    "x-scheme",
    "x-xss-protection",
];

/// Whether a key of an annotation or of a ConfigMap is one that the controller or a known tool has, or a directive of nginx.
fn is_known_key(key: &str) -> bool {
    let is_known = |key: &str| {
        let resolved = catalog::resolve(key, catalog::DEFAULT_PREFIX);
        resolved.is_of_controller() || matches!(resolved, catalog::Key::Foreign(_))
    };
    let is_directive = || key.contains('_') && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_known(key)
        || is_known(&format!("{}/{key}", catalog::DEFAULT_PREFIX))
        || catalog::configmap_keys().get(key).is_some()
        || ["auth", ".htpasswd", "ca.crt"].contains(&key)
        || is_directive()
}

/// What is shown in place of text that may hold anything.
const HIDDEN: &str = "(hidden)";

/// How names are shown: as they are, unless they are redacted.
#[derive(Debug, Default)]
pub(super) struct Names {
    hidden: Option<RefCell<BTreeMap<&'static str, BTreeMap<String, usize>>>>,
}

impl Names {
    /// As pseudonyms.
    pub(super) fn redacting() -> Self {
        Self { hidden: Some(RefCell::default()) }
    }

    /// Pseudonyms are shown.
    pub(super) fn redacted(&self) -> bool {
        self.hidden.is_some()
    }

    fn number(&self, word: &'static str, text: &str) -> Option<usize> {
        let mut known = self.hidden.as_ref()?.borrow_mut();
        let of_word = known.entry(word).or_default();
        let next = of_word.len() + 1;
        Some(*of_word.entry(text.to_owned()).or_insert(next))
    }

    fn shown(&self, word: &'static str, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        self.number(word, text).map_or_else(|| printable(text), |number| format!("{word}-{number}"))
    }

    /// A host as the judge calls it.
    pub(super) fn host(&self, text: &str) -> String {
        match text {
            "*" | "_" | "" => text.to_owned(),
            _ => match (text.strip_prefix("*."), text.strip_prefix('~')) {
                (Some(rest), _) if self.redacted() => format!("*.{}.example", self.shown("host", rest)),
                (_, Some(_)) if self.redacted() => format!("~{}", self.shown("pattern", text)),
                _ if self.redacted() => format!("{}.example", self.shown("host", &text.to_ascii_lowercase())),
                _ => printable(text),
            },
        }
    }

    /// A cluster.
    pub(super) fn cluster(&self, text: &str) -> String {
        self.shown("cluster", text)
    }

    /// A namespace.
    pub(super) fn namespace(&self, text: &str) -> String {
        self.shown("namespace", text)
    }

    /// The name of an object, in its namespace.
    pub(super) fn name(&self, namespace: &str, name: &str) -> String {
        if self.redacted() && !name.is_empty() { self.shown("name", &format!("{namespace}/{name}")) } else { printable(name) }
    }

    /// `namespace/name`.
    pub(super) fn pair(&self, text: &str) -> String {
        match text.split_once('/') {
            Some((namespace, name)) => format!("{}/{}", self.namespace(namespace), self.name(namespace, name)),
            None => self.shown("name", text),
        }
    }

    /// Kind, namespace and name.
    pub(super) fn object(&self, object: &ObjectRef) -> String {
        let ObjectRef { group: _, kind, namespace, name } = object;
        let name = self.name(namespace, name);
        if namespace.is_empty() {
            format!("{} {name}", printable(kind))
        } else {
            format!("{} {}/{name}", printable(kind), self.namespace(namespace))
        }
    }

    /// `namespace/service:port`.
    pub(super) fn backend(&self, text: &str) -> String {
        if !self.redacted() {
            return printable(text);
        }
        let (service, port) = text.rsplit_once(':').unwrap_or((text, ""));
        let port = if port.bytes().all(|byte| byte.is_ascii_digit()) { port.to_owned() } else { self.shown("port", port) };
        format!("{}{}{port}", self.pair(service), if port.is_empty() { "" } else { ":" })
    }

    /// A path, or an expression for paths.
    pub(super) fn path(&self, text: &str) -> String {
        match text {
            "/" | "" => text.to_owned(),
            _ if self.redacted() => format!("/{}", self.shown("path", text)),
            _ => printable(text),
        }
    }

    /// A value of an annotation or a field. Booleans and numbers stay.
    pub(super) fn value(&self, text: &str) -> String {
        let plain = matches!(text, "true" | "false" | "True" | "False" | "on" | "off" | "Prefix" | "Exact" | "ImplementationSpecific");
        if plain || text.bytes().all(|byte| byte.is_ascii_digit()) { printable(text) } else { self.shown("value", text) }
    }

    /// A file.
    pub(super) fn file(&self, text: &str) -> String {
        if self.redacted() { format!("{}.yaml", self.shown("file", text)) } else { printable(text) }
    }

    /// Key of an annotation or a field path. Keys that nobody knows can be names too.
    pub(super) fn field(&self, text: &str, known: bool) -> String {
        if known || !self.redacted() { printable(text) } else { self.shown("key", text) }
    }

    /// Names of headers, as a list in a wording.
    fn headers(&self, text: &str) -> String {
        let shown = |name: &str| {
            let lower = name.to_ascii_lowercase();
            if HEADERS.contains(&lower.as_str()) || lower.starts_with("access-control-") {
                printable(name)
            } else {
                self.shown("header", &lower)
            }
        };
        text.split("`, `").map(shown).collect::<Vec<_>>().join("`, `")
    }

    /// Text that may hold anything.
    pub(super) fn text(&self, text: &str) -> String {
        if self.redacted() && !text.is_empty() { HIDDEN.to_owned() } else { printable(text) }
    }

    /// A fact of a finding, by its name in the wording.
    pub(super) fn fact(&self, name: &str, value: &str) -> String {
        if !self.redacted() || HARMLESS.contains(&name) {
            return printable(value);
        }
        match name {
            "host" => self.host(value),
            "header" => self.headers(value),
            "annotation" | "key" => self.field(value, is_known_key(value)),
            "ingress" | "winner" | "loser" | "canary" | "first" => self.pair(value),
            "object" | "secret" | "service" => self.pair(value.rsplit_once(' ').map_or(value, |(_, name)| name)),
            "namespace" => self.namespace(value),
            "file" => self.file(value),
            "path" => self.path(value),
            "directive" => {
                let name = value.split_whitespace().next().unwrap_or_default();
                if snippet::catalogue::find(name).next().is_some() { printable(name) } else { self.shown("directive", name) }
            }
            "value" | "url" | "class" | "port" | "name" | "word" => self.value(value),
            _ => self.text(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_has_the_same_pseudonym() {
        let names = Names::redacting();
        assert_eq!(names.host("shop.acme.test"), "host-1.example");
        assert_eq!(names.host("*.acme.test"), "*.host-2.example");
        assert_eq!(names.host("SHOP.acme.test"), "host-1.example");
        assert_eq!(names.pair("acme/web"), "namespace-1/name-1");
        assert_eq!(names.backend("acme/web:80"), "namespace-1/name-1:80");
        assert_eq!(names.fact("anything-new", "acme"), HIDDEN);
    }

    #[test]
    fn headers_and_keys_that_not_everybody_has_are_hidden() {
        let names = Names::redacting();
        assert_eq!(names.fact("header", "x-real-ip`, `x-acme-tenant"), "x-real-ip`, `header-1");
        assert_eq!(names.fact("annotation", "nginx.ingress.kubernetes.io/acme"), "key-1");
        assert_eq!(names.fact("annotation", "rewrite-target"), "rewrite-target");
        assert_eq!(names.fact("annotation", "proxy_cache"), "proxy_cache");
        assert_eq!(names.fact("key", "proxy-body-size"), "proxy-body-size");
        assert_eq!(names.fact("key", "acme-key"), "key-2");
    }

    #[test]
    fn nothing_is_replaced_unless_asked_for() {
        let names = Names::default();
        assert_eq!(names.backend("acme/web:80"), "acme/web:80");
        assert_eq!(names.host("shop.acme.test"), "shop.acme.test");
    }
}
