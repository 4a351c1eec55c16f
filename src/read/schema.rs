//! The fields of the kinds that are read, from `k8s.io/api` and `k8s.io/apimachinery` 0.37.

use super::shape::Shape::{self, Any, Bool, Bytes, Int32, Int64, IntOrString, List, Map, Object, Open, Text, Time};

const TEXTS: Shape = List(&Text);

const OWNER: Shape =
    Object(&[("apiVersion", Text), ("kind", Text), ("name", Text), ("uid", Text), ("controller", Bool), ("blockOwnerDeletion", Bool)]);

const MANAGED_FIELDS: Shape = Object(&[
    ("manager", Text),
    ("operation", Text),
    ("apiVersion", Text),
    ("time", Time),
    ("fieldsType", Text),
    ("fieldsV1", Any),
    ("subresource", Text),
]);

const META: Shape = Object(&[
    ("name", Text),
    ("namespace", Text),
    ("annotations", Map(&Text)),
    ("labels", Map(&Text)),
    ("generateName", Text),
    ("creationTimestamp", Time),
    ("uid", Text),
    ("resourceVersion", Text),
    ("generation", Int64),
    ("selfLink", Text),
    ("deletionTimestamp", Time),
    ("deletionGracePeriodSeconds", Int64),
    ("ownerReferences", List(&OWNER)),
    ("finalizers", TEXTS),
    ("managedFields", List(&MANAGED_FIELDS)),
]);

const BACKEND: Shape = Object(&[
    ("service", Object(&[("name", Text), ("port", Object(&[("number", Int32), ("name", Text)]))])),
    ("resource", Object(&[("apiGroup", Text), ("kind", Text), ("name", Text)])),
]);

const LOAD_BALANCER: Shape = Object(&[(
    "ingress",
    List(&Object(&[("ip", Text), ("hostname", Text), ("ports", List(&Object(&[("port", Int32), ("protocol", Text), ("error", Text)])))])),
)]);

/// `networking.k8s.io/v1` Ingress.
pub(super) const INGRESS: Shape = Object(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", META),
    (
        "spec",
        Object(&[
            ("ingressClassName", Text),
            ("defaultBackend", BACKEND),
            ("tls", List(&Object(&[("hosts", TEXTS), ("secretName", Text)]))),
            (
                "rules",
                List(&Object(&[
                    ("host", Text),
                    ("http", Object(&[("paths", List(&Object(&[("path", Text), ("pathType", Text), ("backend", BACKEND)])))])),
                ])),
            ),
        ]),
    ),
    ("status", Object(&[("loadBalancer", LOAD_BALANCER)])),
]);

/// An object of which only the metadata is looked at.
pub(super) const METADATA: Shape = Open(&[("apiVersion", Text), ("kind", Text), ("metadata", META)]);

/// `networking.k8s.io/v1` IngressClass.
pub(super) const INGRESS_CLASS: Shape = Object(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", META),
    (
        "spec",
        Object(&[
            ("controller", Text),
            ("parameters", Object(&[("apiGroup", Text), ("kind", Text), ("name", Text), ("scope", Text), ("namespace", Text)])),
        ]),
    ),
]);

/// `v1` ConfigMap.
pub(super) const CONFIG_MAP: Shape = Object(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", META),
    ("data", Map(&Text)),
    ("binaryData", Map(&Bytes)),
    ("immutable", Bool),
]);

/// `v1` Secret.
pub(super) const SECRET: Shape = Object(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", META),
    ("type", Text),
    ("data", Map(&Bytes)),
    ("stringData", Map(&Text)),
    ("immutable", Bool),
]);

/// `v1` Namespace.
pub(super) const NAMESPACE: Shape =
    Object(&[("apiVersion", Text), ("kind", Text), ("metadata", META), ("spec", Object(&[("finalizers", TEXTS)])), ("status", Any)]);

/// `v1` Service.
pub(super) const SERVICE: Shape = Object(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", META),
    (
        "spec",
        Object(&[
            (
                "ports",
                List(&Object(&[
                    ("name", Text),
                    ("port", Int32),
                    ("targetPort", IntOrString),
                    ("protocol", Text),
                    ("appProtocol", Text),
                    ("nodePort", Int32),
                ])),
            ),
            ("selector", Map(&Text)),
            ("type", Text),
            ("clusterIP", Text),
            ("clusterIPs", TEXTS),
            ("externalName", Text),
            ("externalIPs", TEXTS),
            ("sessionAffinity", Text),
            ("sessionAffinityConfig", Object(&[("clientIP", Object(&[("timeoutSeconds", Int32)]))])),
            ("loadBalancerIP", Text),
            ("loadBalancerSourceRanges", TEXTS),
            ("loadBalancerClass", Text),
            ("externalTrafficPolicy", Text),
            ("internalTrafficPolicy", Text),
            ("healthCheckNodePort", Int32),
            ("publishNotReadyAddresses", Bool),
            ("ipFamilies", TEXTS),
            ("ipFamilyPolicy", Text),
            ("allocateLoadBalancerNodePorts", Bool),
            ("trafficDistribution", Text),
        ]),
    ),
    ("status", Any),
]);
