//! Policies and filters of kgateway, read back. Fields of the first level of a policy are kept apart: for each, the more specific policy
//! counts, and of two on one place the older one.

use super::types::{
    Acl, BackendConfigPolicy, DirectResponse, ExtAuth, GROUP, GatewayExtension, HttpService, HttpSettings, ListenerPolicy, PathRegex, Tls,
    TrafficPolicy, UrlRewrite, WEBSOCKET,
};
use crate::{
    gateway::{
        api::HeaderModifier,
        dialect::Port443,
        facts::Facts,
        objects::Objects,
        policies::{Addresses, AskedPath, Conduct, Effect, Filter, Merge, Network, Password, Place, Policies, Service, Trust},
        regex,
    },
    k8s::{Inventory, NamespacedName, ObjectRef},
    request::Verification,
    targets::{
        documents::{Document, millis, network, of_group, url},
        envoy,
    },
};

/// Reads everything of the group.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let mut policies = Policies::default();
    let documents = of_group(objects, manifests, GROUP);
    let reader = Reader { documents: &documents, facts };
    for document in &documents {
        match document.object.kind.as_str() {
            "TrafficPolicy" => {
                let Some(policy) = document.parse::<TrafficPolicy>() else { continue };
                for target in &policy.target_refs {
                    let name = NamespacedName::new(&document.object.namespace, &target.name);
                    let place = Place::new(&target.kind, &name, target.section_name.as_deref());
                    for (family, effect) in reader.traffic(&policy, document) {
                        document.attach(&mut policies, (objects, manifests), family, place.clone(), effect, Merge::WithAll);
                    }
                }
                if !policy.target_selectors.is_empty() {
                    continue;
                }
            }
            // How endpoints are chosen changes no answer.
            "BackendConfigPolicy" => {
                let Some(policy) = document.parse::<BackendConfigPolicy>().filter(|policy| policy.other.is_empty()) else { continue };
                if let Some(tls) = &policy.tls {
                    let services = policy.target_refs.iter().filter(|target| target.kind == "Service");
                    let names = services.map(|target| NamespacedName::new(&document.object.namespace, &target.name));
                    policies.tls_services.extend(names.map(|name| (name, verification(tls))));
                }
            }
            "ListenerPolicy" => {
                let Some(policy) = document.parse::<ListenerPolicy>() else { continue };
                let conduct = conduct(&policy, document.object);
                for target in &policy.target_refs {
                    let name = NamespacedName::new(&document.object.namespace, &target.name);
                    policies.conduct(Place::new(&target.kind, &name, target.section_name.as_deref()), conduct.clone());
                }
            }
            "GatewayExtension" if document.parse::<GatewayExtension>().is_some_and(|extension| extension.other.is_empty()) => {}
            "DirectResponse" => {
                let Some(response) = document.parse::<DirectResponse>() else { continue };
                let name = NamespacedName::new(&document.object.namespace, &document.object.name);
                let unmodelled = document.unknown(&response.other);
                let answer = Some((response.status, HeaderModifier::default()));
                policies.filter("DirectResponse", name, Filter { answer, unmodelled, ..Filter::default() });
            }
            _ => continue,
        }
        policies.understood.insert(document.id);
    }
    policies
}

/// How certificates of backends are looked at.
fn verification(tls: &Tls) -> Verification {
    let unseen = Tls { insecure_skip_verify: Some(true), ..Tls::default() };
    if *tls == unseen { Verification::Nobody } else { Verification::Unknown }
}

struct Reader<'a> {
    documents: &'a [Document<'a>],
    facts: &'a Facts<'a>,
}

/// One field of a policy, and its effect.
type Part = (&'static str, Effect);

impl Reader<'_> {
    fn traffic(&self, policy: &TrafficPolicy, document: &Document<'_>) -> Vec<Part> {
        let TrafficPolicy {
            target_refs: _,
            target_selectors: _,
            acl,
            basic_auth,
            ext_auth,
            buffer,
            rate_limit,
            timeouts,
            retry: _,
            url_rewrite,
            compression: _,
            tracing: _,
            stat_prefix: _,
            other,
        } = policy;
        let of = document.object;
        let mut parts: Vec<Part> = Vec::new();
        parts.extend(document.unknown(other).map(|what| ("other", unmodelled(what))));
        parts.extend(acl.as_ref().map(|acl| ("acl", addresses(acl, of))));
        if let Some(basic) = basic_auth {
            let effect = match &basic.secret_ref {
                Some(secret) => {
                    let namespace = secret.namespace.as_ref().unwrap_or(&of.namespace);
                    let name = NamespacedName::new(namespace, &secret.name);
                    let fault = self.facts.password_fault(&name, secret.key.as_deref().unwrap_or(".htpasswd"));
                    match fault {
                        // Its rules answer 500.
                        Some(fault) => Effect { invalid: Some(format!("{of}: {fault}")), ..Effect::default() },
                        None => Effect { password: Some(Password { secret: name, removed: false }), ..Effect::default() },
                    }
                }
                None => unmodelled(format!("`basicAuth` of {of}")),
            };
            parts.push(("basicAuth", effect));
        }
        parts.extend(ext_auth.as_ref().map(|auth| ("extAuth", self.external(auth, of))));
        if let Some(limit) = buffer.as_ref().and_then(|buffer| buffer.max_request_size.as_ref()) {
            let body = envoy::bytes(limit);
            let unmodelled = body.is_none().then(|| format!("`{limit}` of {of}"));
            parts.push(("buffer", Effect { body, unmodelled, ..Effect::default() }));
        }
        if rate_limit.is_some() {
            parts.push(("rateLimit", Effect { rate: Some(429), ..Effect::default() }));
        }
        if let Some(times) = timeouts {
            let (timeout, idle) = (times.request.as_deref().and_then(millis), times.stream_idle.as_deref().and_then(millis));
            parts.push(("timeouts", Effect { timeout, idle, ..Effect::default() }));
        }
        if let Some(UrlRewrite { path_regex: Some(PathRegex { pattern, substitution, .. }), .. }) = url_rewrite {
            let good = regex::is_valid(pattern) && !pattern.is_empty() && regex::substitution(substitution).is_some();
            let path = good.then(|| (pattern.clone(), substitution.clone()));
            let unmodelled = (!good).then(|| format!("`{pattern}` of {of}"));
            parts.push(("urlRewrite", Effect { path, unmodelled, ..Effect::default() }));
        }
        parts
    }

    fn external(&self, auth: &ExtAuth, of: &ObjectRef) -> Effect {
        let unknown = || unmodelled(format!("`extAuth` of {of}"));
        let Some(reference) = &auth.extension_ref else { return unknown() };
        let namespace = reference.namespace.as_ref().unwrap_or(&of.namespace);
        let named = |document: &&Document<'_>| {
            let object = document.object;
            object.kind == "GatewayExtension" && object.name == reference.name && object.namespace == *namespace
        };
        let extension = self.documents.iter().find(named).and_then(Document::parse::<GatewayExtension>);
        let service =
            extension.and_then(|extension| extension.ext_auth).filter(|auth| auth.fail_open != Some(true) && auth.other.is_empty());
        let Some(HttpService { backend_ref, path_prefix, authorization_response, .. }) = service.and_then(|auth| auth.http_service) else {
            return unknown();
        };
        let namespace = backend_ref.namespace.as_ref().unwrap_or(namespace);
        let name = NamespacedName::new(namespace, &backend_ref.name);
        let port = backend_ref.port.unwrap_or(80);
        if self.facts.service_fault(&name, Some(port), Port443::Plain).is_some() {
            return unmodelled(format!("{of}: Service {name} cannot be asked"));
        }
        let copied = authorization_response.map(|response| response.headers_to_backend).unwrap_or_default();
        let service = Service {
            base: url(&name, port),
            path: AskedPath::Behind(path_prefix.unwrap_or_default()),
            copied: copied.iter().map(|name| name.to_ascii_lowercase()).collect(),
            failure: Some(403),
        };
        Effect { service: Some(service), ..Effect::default() }
    }
}

/// Who is believed about the client, and which headers of clients are changed before anything looks at them.
fn conduct(policy: &ListenerPolicy, of: &ObjectRef) -> Conduct {
    let lacks = || Conduct { unmodelled: Some(format!("a field of {of}")), ..Conduct::default() };
    let settings = policy.default.as_ref().filter(|_| policy.other.is_empty() && policy.per_port.is_empty());
    let Some(settings) = settings.filter(|settings| settings.other.is_empty()) else { return lacks() };
    let Some(settings) = &settings.http_settings else { return Conduct::default() };
    let HttpSettings { use_remote_address, xff_num_trusted_hops, xff_trusted_cidrs, early_request_header_modifier, upgrade_config, other } =
        settings;
    let mut upgrades = upgrade_config.iter().flat_map(|config| &config.enabled_upgrades);
    let passes_websockets = upgrades.any(|upgrade| upgrade.eq_ignore_ascii_case(WEBSOCKET));
    let early = early_request_header_modifier.clone().unwrap_or_default();
    let networks: Option<Vec<Network>> = xff_trusted_cidrs.iter().map(|text| network(text)).collect();
    let trust = match (use_remote_address, xff_num_trusted_hops, networks) {
        (Some(false), None, Some(networks)) if !networks.is_empty() => Some(Trust::Networks(networks)),
        (None | Some(true), None | Some(0), _) => None,
        (None | Some(true), Some(hops), _) => Some(Trust::Hops(*hops)),
        (Some(false), ..) => return lacks(),
    };
    if other.is_empty() { Conduct { trust, passes_websockets, early, ..Conduct::default() } } else { lacks() }
}

fn unmodelled(what: String) -> Effect {
    Effect { unmodelled: Some(what), ..Effect::default() }
}

/// The longest prefix that holds the address counts.
fn addresses(acl: &Acl, of: &ObjectRef) -> Effect {
    let Acl { default_action, rules, deny_response, other } = acl;
    let mut found: Vec<(bool, Network)> = Vec::new();
    for rule in rules {
        for text in &rule.cidrs {
            let Some(network) = network(text) else { return unmodelled(format!("`{text}` of {of}")) };
            found.push((rule.action == "allow", network));
        }
    }
    found.sort_by_key(|(_, (_, length))| std::cmp::Reverse(*length));
    let rules = found.into_iter().map(|(allow, network)| (allow, vec![network])).collect();
    let strange = deny_response.is_some() || !other.is_empty();
    Effect {
        addresses: Some(Addresses { rules, others: default_action == "allow", first: false }),
        unmodelled: strange.then(|| format!("`acl` of {of}")),
        ..Effect::default()
    }
}
