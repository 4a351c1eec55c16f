//! Finds the controller's settings among what was read, and merges them with what was given.

use indexmap::IndexMap;

use super::{config_map, flags};
use crate::{
    k8s::{Inventory, NamespacedName, ObjectId, Workload},
    ledger::{Code, Finding, Findings},
    nginx::{Flags, Globals},
};

/// Settings given beside the objects.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Data of the ConfigMap; `None` looks for one among the objects.
    pub config_map: Option<IndexMap<String, String>>,
    /// Arguments in the controller's spelling; they win over those of a Deployment or DaemonSet.
    pub arguments: Vec<String>,
}

/// The controller.
#[derive(Debug, Clone)]
pub struct Controller {
    /// Settings.
    pub globals: Globals,
    /// Unknown and unusable keys and flags.
    pub findings: Findings,
    /// `--publish-service` of the given arguments, without which the controller does not start.
    pub publish_service: Option<NamespacedName>,
    /// Given arguments with which the controller does not start, as sentences without full stop.
    pub ends: Vec<String>,
    /// Items of address lists in the ConfigMap that stop nginx: key and item.
    pub unreadable: Vec<(&'static str, String)>,
    /// Keys of the ConfigMap with whose value nginx refuses the configuration, and what it says.
    pub refused: Vec<(&'static str, String)>,
    /// The ConfigMap that was taken.
    pub config_map: Option<NamespacedName>,
    /// There was no ConfigMap, so that its settings are the defaults.
    pub defaults_assumed: bool,
    /// No flags of the controller were read or given.
    pub flags_assumed: bool,
    /// The Deployment or DaemonSet that was taken.
    pub workload: Option<NamespacedName>,
}

/// Reads the settings of the controller.
pub fn controller(inventory: &Inventory, given: &Given) -> Controller {
    let mut findings = Findings::new();
    let mut parsed = Flags::default();
    let workload = inventory.workloads.iter().find_map(|workload| Some((workload, arguments_of(workload)?)));
    let mut named = None;
    if let Some((workload, arguments)) = workload {
        let namespace = workload.meta.namespace.as_str();
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("$(POD_NAMESPACE)", namespace)).collect();
        // Where it runs it took them, so it is of another version.
        let _ = flags::read(&mut parsed, &arguments, &mut findings);
        named = value_of(&arguments, "--configmap").and_then(object);
    }
    let ends = flags::read(&mut parsed, &given.arguments, &mut findings);
    named = value_of(&given.arguments, "--configmap").and_then(object).or(named);
    if given.config_map.is_none() && !has_map(inventory, named.as_ref()) {
        let assumed = match found(inventory, None) {
            Some(map) => format!("ConfigMap `{}` is taken in its place", map.meta.key()),
            None => "every setting is taken to have its default".to_owned(),
        };
        findings.push(unread("--configmap", named.as_ref(), assumed));
    }
    for (flag, name, protocol) in
        [("--tcp-services-configmap", &parsed.tcp_services, "TCP"), ("--udp-services-configmap", &parsed.udp_services, "UDP")]
    {
        if !has_map(inventory, name.as_ref()) {
            findings.push(unread(flag, name.as_ref(), format!("no {protocol} port is taken to be served")));
        }
    }
    let publish_service = value_of(&given.arguments, "--publish-service").and_then(object);
    let empty = IndexMap::new();
    let (data, object, name): (&IndexMap<String, String>, Option<ObjectId>, _) = match &given.config_map {
        Some(data) => (data, None, None),
        None => match found(inventory, named) {
            Some(map) => (&map.data, Some(map.id), Some(map.meta.key())),
            None => (&empty, None, None),
        },
    };
    let read = config_map::read(inventory, parsed, data, object);
    findings.extend(read.findings);
    Controller {
        globals: read.globals,
        findings,
        publish_service,
        ends,
        unreadable: read.unreadable,
        refused: read.refused,
        defaults_assumed: given.config_map.is_none() && name.is_none(),
        flags_assumed: given.arguments.is_empty() && workload.is_none(),
        config_map: name,
        workload: workload.map(|(workload, _)| workload.meta.key()),
    }
}

/// Nobody names a ConfigMap, or it was read, or there is none in the cluster either.
fn has_map(inventory: &Inventory, name: Option<&NamespacedName>) -> bool {
    inventory.listed.contains("ConfigMap") || name.is_none_or(|name| inventory.config_maps.contains_key(name))
}

/// A flag names a ConfigMap that is not among the objects.
fn unread(flag: &str, name: Option<&NamespacedName>, assumed: String) -> Finding {
    let map = name.map(ToString::to_string).unwrap_or_default();
    Finding::estate(Code::IngressConfigMapAssumed, vec![("flag", flag.to_owned()), ("map", map), ("assumed", assumed)])
}

/// The container that runs the controller: by its image, its command or a flag that only it has.
fn arguments_of(workload: &Workload) -> Option<&[String]> {
    workload
        .containers
        .iter()
        .find(|(image, arguments)| {
            let image = image.split('@').next().unwrap_or(image);
            let name = image.rsplit('/').next().unwrap_or(image).split(':').next().unwrap_or("");
            (image.contains("ingress-nginx") && name.starts_with("controller"))
                || name == "nginx-ingress-controller"
                || arguments.iter().any(|argument| argument == "/nginx-ingress-controller" || argument.starts_with("--controller-class"))
        })
        .map(|(_, arguments)| arguments.as_slice())
}

fn value_of<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    arguments.iter().enumerate().rev().find_map(|(at, argument)| match argument.strip_prefix(name)? {
        "" => arguments.get(at + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

fn object(text: &str) -> Option<NamespacedName> {
    text.split_once('/').map(|(namespace, name)| NamespacedName::new(namespace, name))
}

/// The ConfigMap of this name, or else the one that the chart and the manifests of the project create.
fn found(inventory: &Inventory, named: Option<NamespacedName>) -> Option<&crate::k8s::ConfigMap> {
    if let Some(map) = named.and_then(|name| inventory.config_maps.get(&name)) {
        return Some(map);
    }
    let mut candidates = inventory.config_maps.values().filter(|map| {
        map.meta.name == "ingress-nginx-controller"
            || (map.meta.labels.get("app.kubernetes.io/name").is_some_and(|name| name == "ingress-nginx")
                && map.meta.labels.get("app.kubernetes.io/component").is_some_and(|component| component == "controller"))
    });
    candidates.next()
}
