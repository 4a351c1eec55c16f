//! The controller's command line.

use crate::{
    k8s::NamespacedName,
    ledger::{Code, Finding, Findings},
    nginx::Flags,
};

/// Flags that change nothing about routing.
const OTHER: &[&str] = &[
    "alsologtostderr",
    "apiserver-host",
    "bucket-factor",
    "certificate-authority",
    "configmap",
    "default-server-port",
    "disable-full-test",
    "disable-leader-election",
    "disable-sync-events",
    "dynamic-configuration-retries",
    "election-id",
    "election-ttl",
    "enable-metrics",
    "enable-ssl-chain-completion",
    "exclude-socket-metrics",
    "health-check-timeout",
    "healthz-host",
    "healthz-port",
    "internal-logger-address",
    "kubeconfig",
    "length-buckets",
    "log_backtrace_at",
    "log_dir",
    "log_file",
    "logtostderr",
    "maxmind-edition-ids",
    "maxmind-license-key",
    "maxmind-mirror",
    "metrics-per-host",
    "metrics-per-undefined-host",
    "monitor-max-batch-size",
    "post-shutdown-grace-period",
    "profiler-port",
    "profiling",
    "publish-service",
    "publish-status-address",
    "report-node-internal-ip-address",
    "report-status-classes",
    "shutdown-grace-period",
    "size-buckets",
    "status-port",
    "status-update-interval",
    "stderrthreshold",
    "stream-port",
    "sync-period",
    "sync-rate-limit",
    "time-buckets",
    "update-status",
    "update-status-on-shutdown",
    "v",
    "validating-webhook",
    "validating-webhook-certificate",
    "validating-webhook-key",
    "version",
    "vmodule",
];

/// Reads arguments in the controller's spelling over `flags`; later ones win.
pub(super) fn read(flags: &mut Flags, arguments: &[String], findings: &mut Findings) {
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(text) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else { continue };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if let Some(slot) = switch(flags, name) {
            match value.as_deref().map_or(Some(true), crate::annotations::check::go_bool) {
                Some(value) => *slot = value,
                None => invalid(findings, name, value.as_deref().unwrap_or_default()),
            }
            continue;
        }
        if OTHER.binary_search(&name).is_ok() {
            if value.is_none() && rest.peek().is_some_and(|next| !next.starts_with('-')) {
                rest.next();
            }
            continue;
        }
        let Some(value) = value.or_else(|| rest.next_if(|next| !next.starts_with("--")).cloned()) else {
            unknown(findings, name);
            continue;
        };
        if !assign(flags, name, &value) {
            if is_valued(name) {
                invalid(findings, name, &value);
            } else {
                unknown(findings, name);
            }
        }
    }
}

fn unknown(findings: &mut Findings, name: &str) {
    findings.push(Finding::estate(Code::IngressUnknownFlag, vec![("flag", format!("--{name}"))]));
}

fn invalid(findings: &mut Findings, name: &str, value: &str) {
    findings.push(Finding::estate(Code::IngressInvalidFlag, vec![("flag", format!("--{name}")), ("value", value.to_owned())]));
}

fn switch<'f>(flags: &'f mut Flags, name: &str) -> Option<&'f mut bool> {
    Some(match name {
        "watch-ingress-without-class" => &mut flags.watch_ingress_without_class,
        "ingress-class-by-name" => &mut flags.ingress_class_by_name,
        "enable-annotation-validation" => &mut flags.annotation_validation,
        "deep-inspect" => &mut flags.deep_inspect,
        "disable-catch-all" => &mut flags.disable_catch_all,
        "enable-ssl-passthrough" => &mut flags.ssl_passthrough,
        "disable-svc-external-name" => &mut flags.disable_external_name,
        "enable-topology-aware-routing" => &mut flags.topology_aware_routing,
        _ => return None,
    })
}

fn is_valued(name: &str) -> bool {
    matches!(
        name,
        "default-backend-service"
            | "default-ssl-certificate"
            | "tcp-services-configmap"
            | "udp-services-configmap"
            | "http-port"
            | "https-port"
            | "ssl-passthrough-proxy-port"
    )
}

fn assign(flags: &mut Flags, name: &str, value: &str) -> bool {
    let object = || value.split_once('/').map(|(namespace, name)| NamespacedName::new(namespace, name));
    match name {
        "ingress-class" => value.clone_into(&mut flags.ingress_class),
        "controller-class" => value.clone_into(&mut flags.controller_class),
        "watch-namespace" => value.clone_into(&mut flags.watch_namespace),
        "watch-namespace-selector" => value.clone_into(&mut flags.watch_namespace_selector),
        "annotations-prefix" => value.clone_into(&mut flags.annotations_prefix),
        "health-check-path" => value.clone_into(&mut flags.health_check_path),
        "default-backend-service" => match object() {
            Some(name) => flags.default_backend_service = Some(name),
            None => return false,
        },
        "default-ssl-certificate" => match object() {
            Some(name) => flags.default_ssl_certificate = Some(name),
            None => return false,
        },
        "tcp-services-configmap" => match object() {
            Some(name) => flags.tcp_services = Some(name),
            None => return false,
        },
        "udp-services-configmap" => match object() {
            Some(name) => flags.udp_services = Some(name),
            None => return false,
        },
        "http-port" => match value.parse() {
            Ok(port) => flags.http_port = port,
            Err(_) => return false,
        },
        "https-port" => match value.parse() {
            Ok(port) => flags.https_port = port,
            Err(_) => return false,
        },
        "ssl-passthrough-proxy-port" => match value.parse() {
            Ok(port) => flags.ssl_passthrough_proxy_port = port,
            Err(_) => return false,
        },
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(arguments: &[&str]) -> (Flags, Findings) {
        let mut flags = Flags::default();
        let mut findings = Findings::new();
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        read(&mut flags, &arguments, &mut findings);
        (flags, findings)
    }

    #[test]
    fn switches_stand_alone_or_with_a_value() {
        assert!(flags(&["--watch-ingress-without-class"]).0.watch_ingress_without_class);
        assert!(!flags(&["--deep-inspect=false"]).0.deep_inspect);
    }

    #[test]
    fn values_follow_an_equals_sign_or_a_blank() {
        assert_eq!(flags(&["--ingress-class", "a"]).0.ingress_class, "a");
        assert_eq!(flags(&["/nginx-ingress-controller", "--election-id=x", "--ingress-class=b"]).0.ingress_class, "b");
    }

    #[test]
    fn unknown_flags_are_findings() {
        assert_eq!(flags(&["--no-such=1"]).1.len(), 1);
        assert!(OTHER.is_sorted());
    }
}
