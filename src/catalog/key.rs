//! Whose an annotation key is.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use super::{
    annotation::{Annotation, annotations},
    configmap::{ConfigKey, RemovedKey, configmap_keys, removed_keys},
    neighbour::{Core, Foreign, Historical, core, foreign, historical},
    suggest::closest,
};

/// The prefix unless `--annotations-prefix` says otherwise, without slash.
pub const DEFAULT_PREFIX: &str = "nginx.ingress.kubernetes.io";

/// The prefix of releases before 0.9, without slash.
const FORMER_PREFIX: &str = "ingress.kubernetes.io";

/// Whose a key is.
#[derive(Clone, Copy)]
pub enum Key {
    /// An annotation of the controller, by its name.
    Ours(&'static Annotation),
    /// An annotation of the controller, by another name.
    Alias {
        /// The other name, without prefix.
        alias: &'static str,
        /// The annotation.
        of: &'static Annotation,
    },
    /// A key without prefix that the controller reads.
    Core(&'static Core),
    /// An annotation that older releases read, or nobody ever did.
    Historical(&'static Historical),
    /// A key of another controller or tool.
    Foreign(&'static Foreign),
    /// The name of an annotation under a prefix that the controller does not look at, or without any.
    WrongPrefix {
        /// The annotation that was surely meant.
        meant: &'static Annotation,
        /// Whose the prefix is, where it is known: the former prefix of the controller, say.
        prefix: Option<&'static Foreign>,
    },
    /// The prefix of the controller, and a name that it does not know.
    Unknown {
        /// A known name that is close.
        suggestion: Option<&'static str>,
        /// The key of the ConfigMap of that very name: it works there only.
        configmap: Option<&'static ConfigKey>,
        /// The key of the ConfigMap of that very name in older releases: it works nowhere.
        removed: Option<&'static RemovedKey>,
    },
    /// Nobody we know; without effect on ingress-nginx.
    Unrelated,
}

impl Key {
    /// The controller reads it, or did.
    pub const fn is_of_controller(&self) -> bool {
        matches!(self, Self::Ours(_) | Self::Alias { .. } | Self::Core(_) | Self::Historical(_))
    }
}

/// Whose `key` is, for a controller with this `--annotations-prefix`.
pub fn resolve(key: &str, prefix: &str) -> Key {
    if let Some(name) = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')) {
        return below_our_prefix(name);
    }
    if let Some(core) = core().get(key) {
        return Key::Core(core);
    }
    let foreign = foreign().of_key(key);
    match key.split_once('/') {
        // Other controllers took over our names: there the prefix is right.
        Some((elsewhere, name)) if foreign.is_none() || [FORMER_PREFIX, DEFAULT_PREFIX].contains(&elsewhere) => {
            match (meant(name), foreign) {
                (Some(meant), prefix) => Key::WrongPrefix { meant, prefix },
                (None, Some(foreign)) => Key::Foreign(foreign),
                (None, None) => misspelt_prefix(elsewhere, name),
            }
        }
        Some(_) => foreign.map_or(Key::Unrelated, Key::Foreign),
        None => match (meant(key), foreign) {
            (Some(meant), _) => Key::WrongPrefix { meant, prefix: None },
            (None, foreign) => foreign.map_or(Key::Unrelated, Key::Foreign),
        },
    }
}

fn below_our_prefix(name: &str) -> Key {
    if let Some(annotation) = annotations().get(name) {
        return Key::Ours(annotation);
    }
    if let Some((alias, of)) = annotations().alias(name) {
        return Key::Alias { alias, of };
    }
    if let Some(entry) = historical().annotation(name) {
        return Key::Historical(entry);
    }
    Key::Unknown { suggestion: suggestion(name), configmap: configmap_keys().get(name), removed: removed_keys().get(name) }
}

/// The name that was surely meant. An estate repeats its slips, so each is thought about once.
fn suggestion(name: &str) -> Option<&'static str> {
    static KNOWN: LazyLock<Mutex<BTreeMap<String, Option<&'static str>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&suggestion) = known.get(name) {
        return suggestion;
    }
    let suggestion = closest(name, annotations().all_names());
    known.insert(name.to_owned(), suggestion);
    suggestion
}

/// The annotation of this name or alias.
fn meant(name: &str) -> Option<&'static Annotation> {
    annotations().get(name).or_else(|| annotations().alias(name).map(|(_, of)| of))
}

/// A prefix that is a slip away from ours carries names that are misspelt too.
fn misspelt_prefix(prefix: &str, name: &str) -> Key {
    if closest(prefix, [DEFAULT_PREFIX.replace('.', "-").as_str()]).is_none() {
        return Key::Unrelated;
    }
    Key::Unknown { suggestion: suggestion(name), configmap: None, removed: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(key: &str) -> String {
        match resolve(key, DEFAULT_PREFIX) {
            Key::Ours(annotation) => format!("ours {}", annotation.name),
            Key::Alias { alias, of } => format!("alias {alias} of {}", of.name),
            Key::Core(core) => format!("core {}", core.name),
            Key::Historical(entry) => format!("historical {}", entry.name),
            Key::Foreign(foreign) => format!("foreign {}", foreign.name),
            Key::WrongPrefix { meant, .. } => format!("wrong prefix of {}", meant.name),
            Key::Unknown { suggestion, .. } => format!("unknown, {}", suggestion.unwrap_or("no suggestion")),
            Key::Unrelated => "unrelated".to_owned(),
        }
    }

    #[test]
    fn keys_are_told_apart() {
        for (key, expected) in [
            ("nginx.ingress.kubernetes.io/rewrite-target", "ours rewrite-target"),
            ("nginx.ingress.kubernetes.io/whitelist-source-range", "alias whitelist-source-range of allowlist-source-range"),
            ("nginx.ingress.kubernetes.io/secure-backends", "historical secure-backends"),
            ("nginx.ingress.kubernetes.io/rewrite-targt", "unknown, rewrite-target"),
            ("nginx.ingress.kubernetes.io/Rewrite-Target", "unknown, rewrite-target"),
            ("nginx.ingress.kubernetes.io/ssl-redirects", "unknown, ssl-redirect"),
            ("nginx.ingress.kubernetes.io/websocket-services", "unknown, no suggestion"),
            ("nginx.ingress.kubernetes.io/cors-enable", "unknown, enable-cors"),
            ("kubernetes.io/ingress.class", "core kubernetes.io/ingress.class"),
            ("kubernetes.io/tls-acme", "foreign kubernetes.io/tls-acme"),
            ("cert-manager.io/cluster-issuer", "foreign cert-manager.io/"),
            ("acme.cert-manager.io/http01-edit-in-place", "foreign acme.cert-manager.io/"),
            ("nginx.org/rewrites", "foreign nginx.org/"),
            ("haproxy-ingress.github.io/ssl-redirect", "foreign haproxy-ingress.github.io/"),
            ("ingress.kubernetes.io/ssl-redirect", "wrong prefix of ssl-redirect"),
            ("nginx.kubernetes.io/proxy-body-size", "wrong prefix of proxy-body-size"),
            ("nginx.ingress.kubernets.io/proxy-body-size", "wrong prefix of proxy-body-size"),
            ("nginx.ingress.kubernets.io/proxy-body-sizes", "unknown, proxy-body-size"),
            ("auth-tls-error-page", "wrong prefix of auth-tls-error-page"),
            ("app.example.com/team", "unrelated"),
            ("description", "unrelated"),
        ] {
            assert_eq!(word(key), expected, "{key}");
        }
    }

    #[test]
    fn custom_prefix_makes_the_default_one_wrong() {
        assert!(matches!(resolve("edge.example.com/canary", "edge.example.com"), Key::Ours(annotation) if annotation.name == "canary"));
        assert!(
            matches!(resolve("nginx.ingress.kubernetes.io/canary", "edge.example.com"), Key::WrongPrefix { meant, .. } if meant.name == "canary")
        );
    }

    #[test]
    fn former_key_of_the_configmap_is_recognised() {
        let key = resolve("nginx.ingress.kubernetes.io/jaeger-service-name", DEFAULT_PREFIX);
        assert!(matches!(key, Key::Unknown { removed: Some(key), .. } if key.removed == "1.10.0"));
    }

    #[test]
    fn key_of_the_configmap_is_recognised() {
        let key = resolve("nginx.ingress.kubernetes.io/upstream-keepalive-timeout", DEFAULT_PREFIX);
        assert!(matches!(key, Key::Unknown { configmap: Some(key), .. } if key.name == "upstream-keepalive-timeout"));
    }
}
