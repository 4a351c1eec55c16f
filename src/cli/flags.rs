//! Flags that several verbs share: what is read, how the controller ran, what is written for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    gateway::limits::{Channel, Version},
    k8s::names,
};

/// Where input comes from.
#[derive(Debug, Args)]
pub(super) struct Input {
    /// File or directory to read, or - for stdin (repeatable)
    #[cfg_attr(feature = "cluster", doc = "[default: the cluster]")]
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR|-", required = cfg!(not(feature = "cluster")))]
    pub filenames: Vec<PathBuf>,
    /// Read directories with everything below them
    #[arg(short = 'R', long)]
    pub recursive: bool,
    /// Namespace to read [default: that of the context]; with -f, that of objects that name none [default: default]
    #[arg(short = 'n', long, value_name = "NAMESPACE", value_parser = namespace)]
    pub namespace: Option<String>,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    pub cluster: super::cluster::Cluster,
}

impl Input {
    /// Namespace of objects in files that name none.
    pub(super) fn namespace_of_objects(&self) -> String {
        self.namespace.clone().unwrap_or_else(|| "default".to_owned())
    }
}

/// A name that a namespace can have.
fn namespace(text: &str) -> Result<String, String> {
    match names::label(text).as_slice() {
        [] => Ok(text.to_owned()),
        reasons => Err(reasons.join("; ")),
    }
}

/// How Ingresses without creation time are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// By `creationTimestamp`; where files carry none, all are equally old and the controller's name rule decides.
    Timestamp,
    /// As the documents stand, first is oldest.
    Document,
}

/// The controller's own settings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Controller settings (override what the input says)")]
pub(super) struct Controller {
    /// File with the controller's ConfigMaps, Deployment or DaemonSet
    #[arg(long, value_name = "FILE")]
    pub controller_config: Vec<PathBuf>,
    /// Value of the kubernetes.io/ingress.class annotation that the controller serves [default: nginx]
    #[arg(long, value_name = "NAME")]
    pub ingress_class: Option<String>,
    /// spec.controller of the IngressClasses that the controller serves [default: k8s.io/ingress-nginx]
    #[arg(long, value_name = "NAME")]
    pub controller_class: Option<String>,
    /// Also serve the IngressClass whose name is --ingress-class
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub ingress_class_by_name: Option<bool>,
    /// Also serve Ingresses that name no class
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub watch_ingress_without_class: Option<bool>,
    /// Serve only Ingresses of this namespace
    #[arg(long, value_name = "NAMESPACE")]
    pub watch_namespace: Option<String>,
    /// Serve only Ingresses of namespaces with these labels
    #[arg(long, value_name = "SELECTOR")]
    pub watch_namespace_selector: Option<String>,
    /// Prefix of annotations [default: nginx.ingress.kubernetes.io]
    #[arg(long, value_name = "PREFIX")]
    pub annotations_prefix: Option<String>,
    /// Whether annotation values are validated [default: true]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub enable_annotation_validation: Option<bool>,
    /// Whether hosts and paths are searched for suspicious text [default: true]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub deep_inspect: Option<bool>,
    /// Leave out Ingresses with a default backend
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub disable_catch_all: Option<bool>,
    /// Service that answers what nobody else answers
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub default_backend_service: Option<String>,
    /// Secret with the certificate of hosts that have none
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub default_ssl_certificate: Option<String>,
    /// Whether ssl-passthrough has an effect
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub enable_ssl_passthrough: Option<bool>,
    /// Do not resolve `ExternalName` Services
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub disable_svc_external_name: Option<bool>,
    /// Prefer endpoints of the same zone
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub enable_topology_aware_routing: Option<bool>,
    /// Port of plain HTTP [default: 80]
    #[arg(long, value_name = "PORT")]
    pub http_port: Option<u16>,
    /// Port of HTTPS [default: 443]
    #[arg(long, value_name = "PORT")]
    pub https_port: Option<u16>,
    /// Port on which the controller hands TLS to itself where it passes TLS through [default: 442]
    #[arg(long, value_name = "PORT")]
    pub ssl_passthrough_proxy_port: Option<u16>,
    /// Path of the health check on unknown hosts [default: /healthz]
    #[arg(long, value_name = "PATH")]
    pub health_check_path: Option<String>,
    /// Service whose address goes into the status of Ingresses (no effect on routing)
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub publish_service: Option<String>,
    /// Addresses that go into the status of Ingresses (no effect on routing)
    #[arg(long, value_name = "ADDRESSES")]
    pub publish_status_address: Option<String>,
    /// ConfigMap with TCP services
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub tcp_services_configmap: Option<String>,
    /// ConfigMap with UDP services
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub udp_services_configmap: Option<String>,
    /// How to order Ingresses of equal age
    #[arg(long, value_enum, default_value_t = Order::Timestamp)]
    pub order: Order,
}

impl Controller {
    /// Every flag that was given, in the controller's spelling.
    pub(super) fn arguments(&self) -> Vec<String> {
        self.given().into_iter().map(|(name, value)| format!("--{name}={value}")).collect()
    }

    /// Name and value of every flag that was given, without dashes, in the controller's spelling.
    pub(super) fn given(&self) -> Vec<(&'static str, String)> {
        fn text<T: ToString>(value: Option<&T>) -> Option<String> {
            value.map(ToString::to_string)
        }
        [
            ("ingress-class", self.ingress_class.clone()),
            ("controller-class", self.controller_class.clone()),
            ("ingress-class-by-name", text(self.ingress_class_by_name.as_ref())),
            ("watch-ingress-without-class", text(self.watch_ingress_without_class.as_ref())),
            ("watch-namespace", self.watch_namespace.clone()),
            ("watch-namespace-selector", self.watch_namespace_selector.clone()),
            ("annotations-prefix", self.annotations_prefix.clone()),
            ("enable-annotation-validation", text(self.enable_annotation_validation.as_ref())),
            ("deep-inspect", text(self.deep_inspect.as_ref())),
            ("disable-catch-all", text(self.disable_catch_all.as_ref())),
            ("default-backend-service", self.default_backend_service.clone()),
            ("default-ssl-certificate", self.default_ssl_certificate.clone()),
            ("enable-ssl-passthrough", text(self.enable_ssl_passthrough.as_ref())),
            ("disable-svc-external-name", text(self.disable_svc_external_name.as_ref())),
            ("enable-topology-aware-routing", text(self.enable_topology_aware_routing.as_ref())),
            ("http-port", text(self.http_port.as_ref())),
            ("https-port", text(self.https_port.as_ref())),
            ("ssl-passthrough-proxy-port", text(self.ssl_passthrough_proxy_port.as_ref())),
            ("health-check-path", self.health_check_path.clone()),
            ("publish-service", self.publish_service.clone()),
            ("publish-status-address", self.publish_status_address.clone()),
            ("tcp-services-configmap", self.tcp_services_configmap.clone()),
            ("udp-services-configmap", self.udp_services_configmap.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }
}

/// What the new side is to look like.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gateway settings")]
pub(super) struct Gateway {
    /// Gateway to emit
    #[arg(long, value_name = "NAMESPACE/NAME", default_value = "gateway-system/gateway")]
    pub gateway: String,
    /// Class of the Gateway [default: a placeholder that you must replace]
    #[arg(long, value_name = "NAME")]
    pub gateway_class: Option<String>,
    /// Also emit the GatewayClass (targets with a known controllerName)
    #[arg(long)]
    pub emit_gateway_class: bool,
    /// Admit routes by this label on their namespaces instead of by namespace name
    #[arg(long, value_name = "KEY=VALUE")]
    pub namespace_label: Option<String>,
    /// Implementation to write for, with or without its version
    #[arg(long, value_name = "ID[@VERSION]", default_value = Self::STANDARD)]
    pub target: String,
    /// Version of Gateway API to write for [default: what the cluster has installed, else 1.5]
    #[arg(long, value_name = "VERSION")]
    pub gateway_api: Option<Version>,
    /// Channel of Gateway API to write for [default: what the cluster has installed, else standard]
    #[arg(long, value_name = "standard|experimental")]
    pub channel: Option<Channel>,
    /// Attach routes to this Gateway, which is read from the input or the cluster, and emit none
    #[arg(long, value_name = "NAMESPACE/NAME", conflicts_with_all = ["gateway", "gateway_class", "emit_gateway_class"])]
    pub existing_gateway: Option<String>,
    /// Who owns listeners with certificates: the platform team in the Gateway, or each app in a ListenerSet beside its Secret
    #[arg(long, value_enum, default_value_t = TlsOwner::Platform)]
    pub tls_owner: TlsOwner,
    /// Emit routes although their access control is lost
    #[arg(long)]
    pub allow_unprotected: bool,
    /// Write raw configuration of the implementation where no typed field says it
    #[arg(long)]
    pub allow_raw: bool,
    /// Switch of the implementation that is on, so that what needs it is written (repeatable; `explain target ID` names them)
    #[arg(long, value_name = "NAME")]
    pub target_switch: Vec<String>,
    /// File that maps annotations of your own to filters or labels of routes
    #[arg(long, value_name = "FILE")]
    pub annotation_map: Option<PathBuf>,
}

impl Gateway {
    /// The target that stands for no implementation.
    pub(super) const STANDARD: &'static str = "standard";
}

/// Who owns listeners with certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TlsOwner {
    /// The platform team.
    Platform,
    /// The team of the application.
    App,
}
