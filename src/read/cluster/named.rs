//! Which ConfigMaps, Secrets and Services flags, annotations and other objects name.

use std::collections::{BTreeMap, BTreeSet};

use super::resource::is_name;
use crate::k8s::{Ingress, Inventory, NamespacedName};

/// Annotations that name a ConfigMap, by what follows the prefix.
const CONFIG_MAP_ANNOTATIONS: [&str; 3] = ["auth-proxy-set-headers", "custom-headers", "fastcgi-params-configmap"];
/// Annotations that name a Secret.
const SECRET_ANNOTATIONS: [&str; 3] = ["auth-secret", "auth-tls-secret", "proxy-ssl-secret"];
/// Flags that name a ConfigMap.
const CONFIG_MAP_FLAGS: [&str; 3] = ["configmap", "tcp-services-configmap", "udp-services-configmap"];
/// Keys of the controller's ConfigMap that name another.
const CONFIG_MAP_KEYS: [&str; 2] = ["add-headers", "proxy-set-headers"];

/// Names of ConfigMaps in flags and annotations. Without a controller, the one that its chart creates.
pub(super) fn config_maps(inventory: &Inventory, arguments: &[String]) -> BTreeSet<NamespacedName> {
    let mut names = BTreeSet::new();
    for flag in CONFIG_MAP_FLAGS {
        names.extend(flag_values(inventory, arguments, flag).iter().filter_map(|value| full(value)));
    }
    if inventory.workloads.is_empty() {
        names.extend(full("ingress-nginx/ingress-nginx-controller"));
    }
    for ingress in &inventory.ingresses {
        names.extend(annotated(ingress, &CONFIG_MAP_ANNOTATIONS));
    }
    names
}

/// Names of ConfigMaps in the ConfigMaps that were read.
pub(super) fn by_config_maps(inventory: &Inventory) -> BTreeSet<NamespacedName> {
    let values = inventory.config_maps.values().flat_map(|map| CONFIG_MAP_KEYS.iter().filter_map(|key| map.data.get(*key)));
    values.filter_map(|value| full(value)).collect()
}

/// Names of Secrets by namespace, and whether they are named as certificates to serve.
pub(super) fn secrets(inventory: &Inventory, arguments: &[String]) -> BTreeMap<String, BTreeMap<String, bool>> {
    let mut names: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    let mut add = |name: NamespacedName, serves: bool| {
        *names.entry(name.namespace).or_default().entry(name.name).or_default() |= serves;
    };
    for ingress in &inventory.ingresses {
        for tls in ingress.tls.iter().filter(|tls| is_name(&tls.secret_name)) {
            add(NamespacedName::new(&ingress.meta.namespace, &tls.secret_name), true);
        }
        for name in annotated(ingress, &SECRET_ANNOTATIONS) {
            add(name, false);
        }
    }
    for value in flag_values(inventory, arguments, "default-ssl-certificate") {
        if let Some(name) = full(&value) {
            add(name, true);
        }
    }
    names
}

/// Names of Services in flags and in the ConfigMaps of TCP and UDP services.
pub(super) fn services(inventory: &Inventory, arguments: &[String]) -> BTreeSet<NamespacedName> {
    let mut names: BTreeSet<NamespacedName> =
        flag_values(inventory, arguments, "default-backend-service").iter().filter_map(|value| full(value)).collect();
    for flag in ["tcp-services-configmap", "udp-services-configmap"] {
        let maps = flag_values(inventory, arguments, flag);
        for map in maps.iter().filter_map(|value| inventory.config_maps.get(&full(value)?)) {
            names.extend(map.data.values().filter_map(|value| full(value.split(':').next().unwrap_or(""))));
        }
    }
    names
}

/// Values of a flag: of every workload that may be the controller, and as given.
fn flag_values(inventory: &Inventory, arguments: &[String], name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for workload in &inventory.workloads {
        for (_, words) in &workload.containers {
            values.extend(flag_value(words, name).map(|value| value.replace("$(POD_NAMESPACE)", &workload.meta.namespace)));
        }
    }
    values.extend(flag_value(arguments, name).map(str::to_owned));
    values
}

/// The last value, as `--flag=value` or `--flag value`.
fn flag_value<'w>(words: &'w [String], name: &str) -> Option<&'w str> {
    words.iter().enumerate().rev().find_map(|(at, word)| {
        let rest = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?.strip_prefix(name)?;
        if rest.is_empty() { words.get(at + 1).map(String::as_str) } else { rest.strip_prefix('=') }
    })
}

/// Names in annotations; those without namespace are in that of the Ingress.
fn annotated<'i>(ingress: &'i Ingress, annotations: &'i [&str]) -> impl Iterator<Item = NamespacedName> + 'i {
    ingress.meta.annotations.iter().filter_map(|(key, value)| {
        let name = key.rsplit_once('/').map_or(key.as_str(), |(_, name)| name);
        if !annotations.contains(&name) {
            return None;
        }
        full(value).or_else(|| is_name(value).then(|| NamespacedName::new(&ingress.meta.namespace, value)))
    })
}

/// `namespace/name`, if both can be names.
fn full(text: &str) -> Option<NamespacedName> {
    let (namespace, name) = text.split_once('/')?;
    (is_name(namespace) && is_name(name)).then(|| NamespacedName::new(namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_flag_counts_however_it_is_written() {
        let words: Vec<String> = ["--configmap=a/b", "--configmap", "c/d"].map(str::to_owned).into();
        assert_eq!(flag_value(&words, "configmap"), Some("c/d"));
        assert_eq!(flag_value(&words, "config"), None);
    }

    #[test]
    fn what_is_no_name_is_not_asked_for() {
        assert_eq!(full("../secrets/x"), None);
        assert_eq!(full("a/b?c"), None);
        assert_eq!(full("a/b"), Some(NamespacedName::new("a", "b")));
    }
}
