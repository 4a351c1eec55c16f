//! What can be asked for: resources, their paths, and what is assumed where they cannot be read.

use std::fmt::Write as _;

/// A resource of the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resource<'a> {
    /// Group, empty for core.
    pub(super) group: &'a str,
    /// Version.
    pub(super) version: &'a str,
    /// Plural name, as in paths.
    pub(super) plural: &'a str,
    /// Kind.
    pub(super) kind: &'a str,
}

const fn resource(group: &'static str, plural: &'static str, kind: &'static str) -> Resource<'static> {
    Resource { group, version: "v1", plural, kind }
}

pub(super) const INGRESSES: Resource<'static> = resource("networking.k8s.io", "ingresses", "Ingress");
pub(super) const INGRESS_CLASSES: Resource<'static> = resource("networking.k8s.io", "ingressclasses", "IngressClass");
pub(super) const NETWORK_POLICIES: Resource<'static> = resource("networking.k8s.io", "networkpolicies", "NetworkPolicy");
pub(super) const SERVICES: Resource<'static> = resource("", "services", "Service");
pub(super) const ENDPOINT_SLICES: Resource<'static> = resource("discovery.k8s.io", "endpointslices", "EndpointSlice");
pub(super) const NAMESPACES: Resource<'static> = resource("", "namespaces", "Namespace");
pub(super) const DEPLOYMENTS: Resource<'static> = resource("apps", "deployments", "Deployment");
pub(super) const DAEMON_SETS: Resource<'static> = resource("apps", "daemonsets", "DaemonSet");
pub(super) const CONFIG_MAPS: Resource<'static> = resource("", "configmaps", "ConfigMap");
pub(super) const SECRETS: Resource<'static> = resource("", "secrets", "Secret");
pub(super) const DEFINITIONS: Resource<'static> = resource("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition");

impl Resource<'_> {
    /// `v1`, or `group/version`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Path of all objects, or of those of a namespace.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let mut path =
            if self.group.is_empty() { format!("/api/{}", self.version) } else { format!("/apis/{}/{}", self.group, self.version) };
        if let Some(namespace) = namespace {
            path.push_str("/namespaces/");
            path.push_str(&encoded(namespace));
        }
        path.push('/');
        path.push_str(self.plural);
        path
    }

    /// What takes the place of objects of this kind that cannot be read.
    pub(super) fn assumption(&self) -> &'static str {
        match self.kind {
            "IngressClass" => "class `nginx` is taken to be that of ingress-nginx",
            "Service" => "every Service that an Ingress names is taken to exist with that port and to have endpoints",
            "EndpointSlice" => "every Service is taken to have endpoints",
            "Namespace" => "namespaces are taken to have no labels",
            "Deployment" | "DaemonSet" => "the controller is taken to run with the flags that other objects and the command line give",
            "ConfigMap" => "what it says is taken to be the default",
            "Secret" => "every Secret that an Ingress names is taken to exist and to fit",
            "GatewayClass" => "nothing is known of what the implementations in the cluster support",
            "CustomResourceDefinition" => "the installed version of Gateway API is not known, and that of `--gateway-api` is taken",
            "NetworkPolicy" => "none of them is taken to admit the controller only",
            "Rollout" | "Canary" => "none of them is taken to steer an Ingress",
            "Issuer" | "ClusterIssuer" => "none of them is taken to solve challenges through an Ingress class",
            "Certificate" => "the names in certificates of cert-manager are not known",
            _ => "there are taken to be none",
        }
    }
}

/// Whether a text can be the name of a namespace, Secret or ConfigMap. Nothing else goes into a path.
pub(super) fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.len() <= 253 && text.bytes().all(inner) && edge(text.as_bytes().first()) && edge(text.as_bytes().last())
}

/// A text as part of a path or query.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_and_named_groups_have_their_paths() {
        assert_eq!(SERVICES.path(Some("shop")), "/api/v1/namespaces/shop/services");
        assert_eq!(INGRESSES.path(None), "/apis/networking.k8s.io/v1/ingresses");
    }

    #[test]
    fn only_names_go_into_paths() {
        for bad in ["", ".", "..", "a/b", "A", "a_b", "a?b", "-a", "a."] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_name("shop-1.eu"));
    }

    #[test]
    fn tokens_are_encoded() {
        assert_eq!(encoded("a+/=é"), "a%2B%2F%3D%C3%A9");
    }
}
