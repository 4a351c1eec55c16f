//! What routes refer to outside the Gateway API: Services, their endpoints, Secrets, Namespaces.

use std::collections::BTreeMap;

use super::api::LabelSelector;
use super::dialect::Port443;
use crate::k8s::{Inventory, NamespacedName, Service, ServicePort};

/// What an object that was not read means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Absent {
    /// It does not exist, where at least one object of its kind was read; else nobody gave us any.
    #[default]
    UnlessKindIsUnknown,
    /// It does not exist.
    Missing,
    /// It exists.
    Assumed,
    /// It does not exist, for kinds of which all objects are known.
    Known {
        /// All Services are known.
        services: bool,
        /// All Secrets are known.
        secrets: bool,
    },
}

/// Services, Secrets and Namespaces, ready to be asked.
#[derive(Debug)]
pub struct Facts<'a> {
    inventory: &'a Inventory,
    ready: BTreeMap<NamespacedName, usize>,
    services_known: bool,
    secrets_known: bool,
}

/// Why a backend gets no requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackendFault {
    /// Another kind than Service.
    Kind,
    /// Another namespace without grant.
    NotPermitted,
    /// The Service does not exist.
    Absent,
    /// The Service has no such port.
    Port,
    /// The Service is an alias of a name outside.
    ExternalName,
    /// The Service has no endpoints.
    NoEndpoints,
    /// The port is spoken to in TLS that cannot be verified.
    UnverifiedTls,
    /// A policy asks for TLS and cannot be resolved.
    BrokenTls,
    /// The application protocol of the port is one that the implementation does not speak.
    Protocol,
    /// An object of the implementation that stands for a backend is missing or broken.
    Unmade,
}

impl<'a> Facts<'a> {
    /// What an inventory says.
    pub fn of(inventory: &'a Inventory, absent: Absent) -> Self {
        let mut ready: BTreeMap<NamespacedName, usize> = BTreeMap::new();
        for slice in &inventory.endpoint_slices {
            *ready.entry(NamespacedName::new(&slice.meta.namespace, &slice.service)).or_default() += slice.ready;
        }
        let (services_known, secrets_known) = match absent {
            Absent::UnlessKindIsUnknown => (!inventory.services.is_empty(), !inventory.secrets.is_empty()),
            Absent::Missing => (true, true),
            Absent::Assumed => (false, false),
            Absent::Known { services, secrets } => (services, secrets),
        };
        Self { inventory, ready, services_known, secrets_known }
    }

    /// A ConfigMap of a controller says that connections begin with the PROXY protocol.
    pub fn speaks_proxy_protocol(&self) -> bool {
        self.inventory.config_maps.values().any(|map| map.data.get("use-proxy-protocol").is_some_and(|value| value == "true"))
    }

    /// What is wrong with a port of a Service, if anything.
    pub fn service_fault(&self, name: &NamespacedName, port: Option<u16>, port443: Port443) -> Option<BackendFault> {
        let Some(port) = port else { return Some(BackendFault::Port) };
        let service = self.inventory.services.get(name);
        if service.is_none() && self.services_known {
            return Some(BackendFault::Absent);
        }
        if service.is_some_and(|service| service.kind == "ExternalName") {
            return Some(BackendFault::ExternalName);
        }
        let found = |service: &'a Service| service.ports.iter().find(|known| known.port == i64::from(port) && known.protocol == "TCP");
        if service.is_some_and(|service| found(service).is_none()) {
            return Some(BackendFault::Port);
        }
        if self.ready.get(name) == Some(&0) {
            return Some(BackendFault::NoEndpoints);
        }
        if port443 == Port443::Plain {
            return None;
        }
        let protocol = service.and_then(found).map_or("", |port| port.app_protocol.as_str()).to_ascii_lowercase();
        match protocol.as_str() {
            "" => self.is_named_https(name, port).then_some(BackendFault::UnverifiedTls),
            "http" | "kubernetes.io/ws" | "kubernetes.io/h2c" => None,
            "https" | "kubernetes.io/wss" => Some(BackendFault::UnverifiedTls),
            _ => Some(BackendFault::Protocol),
        }
    }

    /// Whether the number or the name of a port stands for HTTP over TLS.
    pub fn is_named_https(&self, name: &NamespacedName, port: u16) -> bool {
        port == 443 || self.port(name, Some(port)).is_some_and(|port| port.name.starts_with("https"))
    }

    /// Whether a Service has no address of its own.
    pub fn is_headless(&self, name: &NamespacedName) -> bool {
        self.inventory.services.get(name).is_some_and(Service::is_headless)
    }

    /// A port of a Service that was read.
    pub fn port(&self, name: &NamespacedName, port: Option<u16>) -> Option<&'a ServicePort> {
        let port = i64::from(port?);
        self.inventory.services.get(name)?.ports.iter().find(|known| known.port == port && known.protocol == "TCP")
    }

    /// Whether a ConfigMap can hold authorities, as far as we know. Of a live cluster only some ConfigMaps are read.
    pub fn has_authorities(&self, name: &NamespacedName) -> bool {
        match self.inventory.config_maps.get(name) {
            Some(map) => map.data.get("ca.crt").is_some_and(|text| !text.trim().is_empty()),
            None => self.inventory.config_maps.is_empty() || !self.inventory.listed.is_empty(),
        }
    }

    /// Whether a Secret can hold a certificate, as far as we know.
    pub fn has_certificate(&self, name: &NamespacedName) -> bool {
        match self.inventory.secrets.get(name) {
            Some(secret) => {
                secret.kind == "kubernetes.io/tls"
                    || secret.kind.is_empty()
                    || secret.keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key == "tls.crt"))
            }
            None => !self.secrets_known,
        }
    }

    /// What is wrong with a key that a Secret must have, as far as we know.
    pub fn key_fault(&self, name: &NamespacedName, key: &str) -> Option<String> {
        let Some(secret) = self.inventory.secrets.get(name) else {
            return self.secrets_known.then(|| format!("Secret {name} does not exist"));
        };
        let lacks = secret.keys.as_ref().is_some_and(|keys| !keys.iter().any(|known| known == key));
        lacks.then(|| format!("Secret {name} has no `{key}`"))
    }

    /// What is wrong with a Secret whose only key holds users, whatever its name, or a user with a password.
    pub fn users_fault(&self, name: &NamespacedName) -> Option<String> {
        let Some(secret) = self.inventory.secrets.get(name) else {
            return self.secrets_known.then(|| format!("Secret {name} does not exist"));
        };
        let keys = secret.keys.as_ref()?;
        if secret.kind == "kubernetes.io/basic-auth" {
            let lacks = ["username", "password"].into_iter().find(|wanted| !keys.iter().any(|key| key == wanted));
            return lacks.map(|lacks| format!("Secret {name} has no `{lacks}`"));
        }
        (keys.len() != 1).then(|| format!("Secret {name} has {} keys, and not one", keys.len()))
    }

    /// What is wrong with a key of a Secret that must be an htpasswd file with `{SHA}` lines only, as far as we know.
    pub fn password_fault(&self, name: &NamespacedName, key: &str) -> Option<String> {
        let Some(secret) = self.inventory.secrets.get(name) else {
            return self.secrets_known.then(|| format!("Secret {name} does not exist"));
        };
        if secret.keys.as_ref().is_some_and(|keys| !keys.iter().any(|known| known == key)) {
            return Some(format!("Secret {name} has no `{key}`"));
        }
        let fits = secret.sha_keys.as_ref().is_none_or(|keys| keys.iter().any(|known| known == key));
        (!fits).then(|| format!("`{key}` of Secret {name} has lines with other hashes than {{SHA}}"))
    }

    /// Names in the certificate of a Secret, where we know them.
    pub fn certificate_names(&self, name: &NamespacedName) -> Option<Vec<String>> {
        self.inventory.secrets.get(name)?.certificate_names.clone()
    }

    /// Whether the labels of a namespace are selected. Every namespace has its name as a label.
    pub fn selects(&self, selector: &LabelSelector, namespace: &str) -> bool {
        let mut labels: BTreeMap<String, String> = self
            .inventory
            .namespaces
            .get(namespace)
            .map(|namespace| namespace.meta.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
            .unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
        selector.selects(&labels)
    }
}
