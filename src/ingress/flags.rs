//! The controller's command line.

use crate::{
    annotations::check,
    catalog::{self, ValueType},
    k8s::NamespacedName,
    ledger::{Code, Finding, Findings},
    nginx::Flags,
};

/// Flags of the library for logs, which say nothing about routing.
const OF_LOGGING: [(&str, ValueType); 13] = [
    ("add_dir_header", ValueType::Bool),
    ("alsologtostderr", ValueType::Bool),
    ("log_backtrace_at", ValueType::Text),
    ("log_dir", ValueType::Text),
    ("log_file", ValueType::Text),
    ("log_file_max_size", ValueType::Int),
    ("logtostderr", ValueType::Bool),
    ("one_output", ValueType::Bool),
    ("skip_headers", ValueType::Bool),
    ("skip_log_headers", ValueType::Bool),
    ("stderrthreshold", ValueType::Text),
    ("v", ValueType::Int),
    ("vmodule", ValueType::Text),
];

/// Flags whose value is looked at only when it is used, if at all.
const LOOKED_AT_LATER: [&str; 3] = ["default-ssl-certificate", "tcp-services-configmap", "udp-services-configmap"];

/// Reads arguments in the controller's spelling over `flags`; later ones win. Returns why the controller does not start with them.
pub(super) fn read(flags: &mut Flags, arguments: &[String], findings: &mut Findings) -> Vec<String> {
    let mut ends = Vec::new();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        // What follows is no flag.
        if argument == "--" {
            break;
        }
        let Some(text) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else { continue };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if let Some(slot) = switch(flags, name) {
            match value.as_deref().map_or(Some(true), check::go_bool) {
                Some(value) => *slot = value,
                None => ends.extend(invalid(findings, name, value.as_deref().unwrap_or_default())),
            }
            continue;
        }
        let setter = setter(name);
        if let Some(kind) = kind(name).filter(|_| setter.is_none()) {
            let value = value.or_else(|| if kind == ValueType::Bool { Some("true".to_owned()) } else { rest.next().cloned() });
            let value = value.unwrap_or_default();
            if !reads(kind, &value) {
                ends.extend(invalid(findings, name, &value));
            }
            continue;
        }
        let Some(set) = setter else {
            ends.push(unknown(findings, name));
            if value.is_none() {
                rest.next_if(|next| !next.starts_with('-'));
            }
            continue;
        };
        let Some(value) = value.or_else(|| rest.next().cloned()) else {
            ends.extend(invalid(findings, name, ""));
            continue;
        };
        if set(flags, &value).is_none() {
            ends.extend(invalid(findings, name, &value));
        }
    }
    ends
}

/// What a flag takes that does not bear on requests.
fn kind(name: &str) -> Option<ValueType> {
    match OF_LOGGING.iter().find(|(known, _)| *known == name) {
        Some((_, kind)) => Some(*kind),
        None => catalog::flags().get(&format!("--{name}")).map(|flag| flag.value_type),
    }
}

/// The library of flags reads the value; of other kinds than these nothing is known.
fn reads(kind: ValueType, value: &str) -> bool {
    match kind {
        ValueType::Bool => check::go_bool(value).is_some(),
        ValueType::Int | ValueType::Port | ValueType::Seconds => check::go_int_of_any_base(value).is_some(),
        ValueType::Float => value.parse::<f64>().is_ok(),
        _ => true,
    }
}

fn unknown(findings: &mut Findings, name: &str) -> String {
    findings.push(Finding::estate(Code::IngressUnknownFlag, vec![("flag", format!("--{name}"))]));
    format!("`--{name}` is no flag of it")
}

fn invalid(findings: &mut Findings, name: &str, value: &str) -> Option<String> {
    findings.push(Finding::estate(Code::IngressInvalidFlag, vec![("flag", format!("--{name}")), ("value", value.to_owned())]));
    (!LOOKED_AT_LATER.contains(&name)).then(|| format!("`{value}` is no value of `--{name}`"))
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

/// Sets a flag; `None` where it does not take the value.
type Setter = fn(&mut Flags, &str) -> Option<()>;

/// Flags with values that decide about routing.
fn setter(name: &str) -> Option<Setter> {
    fn text(flag: &mut String, value: &str) -> Option<()> {
        value.clone_into(flag);
        Some(())
    }
    fn object(flag: &mut Option<NamespacedName>, value: &str) -> Option<()> {
        let (namespace, name) = value.split_once('/')?;
        *flag = Some(NamespacedName::new(namespace, name));
        Some(())
    }
    fn port(flag: &mut u16, value: &str) -> Option<()> {
        *flag = value.parse().ok()?;
        Some(())
    }
    let setter: Setter = match name {
        "ingress-class" => |flags, value| text(&mut flags.ingress_class, value),
        "controller-class" => |flags, value| text(&mut flags.controller_class, value),
        "watch-namespace" => |flags, value| text(&mut flags.watch_namespace, value),
        "watch-namespace-selector" => |flags, value| text(&mut flags.watch_namespace_selector, value),
        "annotations-prefix" => |flags, value| text(&mut flags.annotations_prefix, value),
        "health-check-path" => |flags, value| text(&mut flags.health_check_path, value),
        "default-backend-service" => |flags, value| object(&mut flags.default_backend_service, value),
        "default-ssl-certificate" => |flags, value| object(&mut flags.default_ssl_certificate, value),
        "tcp-services-configmap" => |flags, value| object(&mut flags.tcp_services, value),
        "udp-services-configmap" => |flags, value| object(&mut flags.udp_services, value),
        "http-port" => |flags, value| port(&mut flags.http_port, value),
        "https-port" => |flags, value| port(&mut flags.https_port, value),
        "default-server-port" => |flags, value| port(&mut flags.default_server_port, value),
        "ssl-passthrough-proxy-port" => |flags, value| port(&mut flags.ssl_passthrough_proxy_port, value),
        _ => return None,
    };
    Some(setter)
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
    }

    #[test]
    fn the_controller_does_not_start_with_what_it_cannot_read() {
        let ends = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
            read(&mut Flags::default(), &arguments, &mut Findings::new()).len()
        };
        assert_eq!(
            (ends(&["--no-such"]), ends(&["--disable-catch-all=no"]), ends(&["--http-port=x"]), ends(&["--ingress-class"])),
            (1, 1, 1, 1)
        );
        assert_eq!((ends(&["--enable-metrics=no"]), ends(&["--healthz-port", "x"]), ends(&["--enable-metrics", "no"])), (1, 1, 0));
        assert_eq!((ends(&["--disable-catch-all", "--v=2"]), ends(&["--", "--no-such"]), ends(&["--tcp-services-configmap=x"])), (0, 0, 0));
    }

    #[test]
    fn every_flag_of_the_controller_is_known() {
        let of_logging = OF_LOGGING.map(|(name, _)| format!("--{name}"));
        for argument in catalog::flags().keys().map(str::to_owned).chain(of_logging) {
            let said = flags(&[&argument, "true"]).1;
            assert!(said.iter().all(|finding| finding.code != Code::IngressUnknownFlag), "{argument}");
        }
    }
}
