//! Policies and filters of NGINX Gateway Fabric, read back. Policies become directives of nginx, of which those of a route take the place
//! of those of the Gateway one by one.

use super::{
    snippets,
    types::{
        AuthenticationFilter, ClientSettingsPolicy, GROUP, ProxySettingsPolicy, RateLimitPolicy, SnippetsFilter, TargetRef,
        UpstreamSettingsPolicy,
    },
    values::{bytes, millis},
};
use crate::{
    gateway::{
        facts::Facts,
        objects::Objects,
        policies::{Effect, Filter, Merge, Password, Place, Policies},
    },
    k8s::{Inventory, NamespacedName},
    targets::documents::{Document, of_group},
};

/// Reads everything of the group.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let mut policies = Policies::default();
    for document in of_group(objects, manifests, GROUP) {
        let read = match document.object.kind.as_str() {
            "ClientSettingsPolicy" => document.parse().map(|policy: ClientSettingsPolicy| ("body", client(&policy, &document))),
            "ProxySettingsPolicy" => document.parse().map(|policy: ProxySettingsPolicy| ("proxy", proxy(&policy, &document))),
            "RateLimitPolicy" => document.parse().map(|policy: RateLimitPolicy| ("rate", rate(&policy, &document))),
            // Traces change no answer.
            "ObservabilityPolicy" => {
                policies.understood.insert(document.id);
                continue;
            }
            // How endpoints are chosen changes no answer.
            "UpstreamSettingsPolicy" => {
                if document.parse::<UpstreamSettingsPolicy>().is_some() {
                    policies.understood.insert(document.id);
                }
                continue;
            }
            "AuthenticationFilter" | "SnippetsFilter" => {
                if let Some(filter) = filter(&document, facts) {
                    let name = NamespacedName::new(&document.object.namespace, &document.object.name);
                    policies.filter(&document.object.kind, name, filter);
                    policies.understood.insert(document.id);
                }
                continue;
            }
            _ => continue,
        };
        let Some((family, (targets, effect))) = read else { continue };
        for target in targets {
            let place = Place::new(&target.kind, &NamespacedName::new(&document.object.namespace, &target.name), None);
            document.attach(&mut policies, (objects, manifests), family, place, effect.clone(), Merge::WithAll);
        }
        policies.understood.insert(document.id);
    }
    policies
}

type Attached = (Vec<TargetRef>, Effect);

fn client(policy: &ClientSettingsPolicy, document: &Document<'_>) -> Attached {
    let ClientSettingsPolicy { target_ref, body, keep_alive: _, other } = policy;
    let mut effect = Effect { unmodelled: document.unknown(other), ..Effect::default() };
    effect.body = body.as_ref().and_then(|body| body.max_size.as_deref()).and_then(bytes);
    (vec![target_ref.clone()], effect)
}

fn proxy(policy: &ProxySettingsPolicy, document: &Document<'_>) -> Attached {
    let ProxySettingsPolicy { target_refs, buffering: _, timeout, other } = policy;
    let mut effect = Effect { unmodelled: document.unknown(other), ..Effect::default() };
    effect.idle = timeout.as_ref().and_then(|timeout| timeout.read.as_deref()).and_then(millis);
    (target_refs.clone(), effect)
}

fn rate(policy: &RateLimitPolicy, document: &Document<'_>) -> Attached {
    let RateLimitPolicy { target_refs, rate_limit, other } = policy;
    let mut effect = Effect { unmodelled: document.unknown(other), ..Effect::default() };
    let counts = rate_limit.local.as_ref().is_some_and(|local| !local.rules.is_empty()) && rate_limit.dry_run != Some(true);
    effect.rate = counts.then_some(rate_limit.reject_code.unwrap_or(503));
    (target_refs.clone(), effect)
}

fn filter(document: &Document<'_>, facts: &Facts<'_>) -> Option<Filter> {
    if document.object.kind == "SnippetsFilter" {
        return document.parse::<SnippetsFilter>().map(|filter| snippets::read(&filter));
    }
    let AuthenticationFilter { r#type, basic, other } = document.parse()?;
    let mut filter = Filter { unmodelled: document.unknown(&other), ..Filter::default() };
    let Some(basic) = basic.filter(|_| r#type == "Basic") else {
        filter.unmodelled.get_or_insert_with(|| format!("`{type}` of {}", document.object, type = r#type));
        return Some(filter);
    };
    let secret = NamespacedName::new(&document.object.namespace, &basic.secret_ref.name);
    match facts.key_fault(&secret, "auth") {
        Some(fault) => filter.invalid = Some(fault),
        None => filter.effect = Some(Effect { password: Some(Password { secret, removed: false }), ..Effect::default() }),
    }
    Some(filter)
}
