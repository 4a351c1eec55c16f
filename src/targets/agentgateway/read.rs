//! Policies of agentgateway, read back. They are merged field by field, from the Gateway down to the rule.

use super::{
    addresses,
    policies::BEFORE_ROUTING,
    types::{AgentgatewayPolicy, Authorization, ExtAuth, GROUP, HttpAuth, Traffic, Transform, Transformation},
};
use crate::{
    gateway::{
        api::HeaderModifier,
        dialect::Port443,
        facts::Facts,
        objects::Objects,
        policies::{AskedPath, Conduct, Effect, Merge, Password, Place, Policies, Service},
    },
    k8s::{Inventory, NamespacedName, ObjectRef},
    request::Verification,
    targets::documents::{millis, of_group, url},
};

/// One field of a policy, and its effect.
type Part = (&'static str, Effect);

/// Reads everything of the group.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let mut policies = Policies::default();
    for document in of_group(objects, manifests, GROUP) {
        let of = document.object;
        let Some(policy) = document.parse::<AgentgatewayPolicy>().filter(|_| of.kind == "AgentgatewayPolicy") else { continue };
        let AgentgatewayPolicy { target_refs, traffic, backend, frontend, strategy, other } = &policy;
        let early = traffic.as_ref().and_then(before_routing);
        let later = traffic.as_ref().filter(|_| early.is_none());
        let mut parts: Vec<Part> = later.map(|traffic| fields(traffic, of, facts)).unwrap_or_default();
        if frontend.is_some() || strategy.is_some() || !other.is_empty() {
            parts.push(("other", unmodelled(format!("a field of {of}"))));
        }
        if let Some(tls) = backend.as_ref().and_then(|backend| backend.tls.as_ref()) {
            let services = target_refs.iter().filter(|target| target.kind == "Service");
            let unseen = tls.insecure_skip_verify.as_deref() == Some("All") && tls.other.is_empty();
            let verification = if unseen { Verification::Nobody } else { Verification::Unknown };
            policies.tls_services.extend(services.map(|target| (NamespacedName::new(&of.namespace, &target.name), verification.clone())));
        }
        for target in target_refs {
            let place = Place::new(&target.kind, &NamespacedName::new(&of.namespace, &target.name), target.section_name.as_deref());
            if let Some(early) = &early {
                policies.conduct(place.clone(), Conduct { early: early.clone(), ..Conduct::default() });
            }
            for (family, effect) in &parts {
                document.attach(&mut policies, (objects, manifests), family, place.clone(), effect.clone(), Merge::WithAll);
            }
        }
        policies.understood.insert(document.id);
    }
    policies
}

/// What is taken away from requests before routes are looked at, where a policy does nothing else then.
fn before_routing(traffic: &Traffic) -> Option<HeaderModifier> {
    let Traffic { phase, transformation, .. } = traffic;
    let Transformation { request, response: None, other } = transformation.as_ref()? else { return None };
    let Transform { remove, other: beside } = request.as_ref()?;
    let alone = Traffic { phase: phase.clone(), transformation: transformation.clone(), ..Traffic::default() };
    let known = phase.as_deref() == Some(BEFORE_ROUTING) && other.is_empty() && beside.is_empty() && *traffic == alone;
    known.then(|| HeaderModifier { remove: remove.clone(), ..HeaderModifier::default() })
}

fn fields(traffic: &Traffic, of: &ObjectRef, facts: &Facts<'_>) -> Vec<Part> {
    let Traffic { phase, transformation, authorization, basic_authentication, ext_auth, buffer, rate_limit, retry: _, timeouts, other } =
        traffic;
    let mut parts: Vec<Part> = Vec::new();
    let before = phase.as_ref().filter(|phase| *phase == BEFORE_ROUTING).map(|_| "phase");
    let transforms = transformation.as_ref().map(|_| "transformation");
    if let Some(field) = other.keys().map(String::as_str).chain(before).chain(transforms).next() {
        parts.push(("traffic", unmodelled(format!("`{field}` of {of}"))));
    }
    parts.extend(authorization.as_ref().map(|rules| ("authorization", lists(rules, of))));
    if let Some(basic) = basic_authentication {
        let secret = basic.secret_ref.as_ref().filter(|_| basic.mode.as_deref() == Some("Strict") && basic.other.is_empty());
        parts.push((
            "basicAuthentication",
            secret.map_or_else(
                || unmodelled(format!("`basicAuthentication` of {of}")),
                |secret| {
                    let name = NamespacedName::new(&of.namespace, &secret.name);
                    let fault = facts.key_fault(&name, secret.key.as_deref().unwrap_or(".htaccess"));
                    let unmodelled = fault.map(|fault| format!("{of}: {fault}"));
                    // Credentials that are right are taken away from the request (basicauth.rs).
                    Effect { password: Some(Password { secret: name, removed: true }), unmodelled, ..Effect::default() }
                },
            ),
        ));
    }
    parts.extend(
        ext_auth.as_ref().map(|auth| ("extAuth", external(auth, of, facts).unwrap_or_else(|| unmodelled(format!("`extAuth` of {of}"))))),
    );
    if let Some(limit) = buffer.as_ref().and_then(|buffer| buffer.request.as_ref()).and_then(|request| request.max_bytes) {
        parts.push(("buffer", Effect { body: Some(limit), ..Effect::default() }));
    }
    if rate_limit.is_some() {
        parts.push(("rateLimit", Effect { rate: Some(429), ..Effect::default() }));
    }
    if let Some(request) = timeouts.as_ref().and_then(|timeouts| timeouts.request.as_deref()) {
        parts.push(("timeouts", Effect { timeout: millis(request), ..Effect::default() }));
    }
    parts
}

fn unmodelled(what: String) -> Effect {
    Effect { unmodelled: Some(what), ..Effect::default() }
}

fn lists(rules: &Authorization, of: &ObjectRef) -> Effect {
    let known = match (rules.action.as_deref(), rules.policy.match_expressions.as_slice()) {
        (Some("Require"), [only]) => addresses::read(only),
        (_, _) => None,
    };
    match known {
        Some(addresses) => Effect { addresses: Some(addresses), ..Effect::default() },
        None => unmodelled(format!("`authorization` of {of}")),
    }
}

fn external(auth: &ExtAuth, of: &ObjectRef, facts: &Facts<'_>) -> Option<Effect> {
    let ExtAuth { backend_ref, http, failure_mode, other } = auth;
    let HttpAuth { path, redirect, allowed_response_headers, .. } = http.as_ref()?;
    if failure_mode.as_deref() == Some("FailOpen") || redirect.is_some() || !other.is_empty() {
        return None;
    }
    let namespace = backend_ref.namespace.as_ref().unwrap_or(&of.namespace);
    let name = NamespacedName::new(namespace, &backend_ref.name);
    let port = backend_ref.port?;
    if facts.service_fault(&name, Some(port), Port443::Plain).is_some() {
        return None;
    }
    // A text between double quotes is the same in JSON; other expressions are not read.
    let path: String = serde_json::from_str(path.as_deref()?).ok()?;
    let service = Service {
        base: url(&name, port),
        path: AskedPath::Fixed(path),
        copied: allowed_response_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        failure: Some(403),
    };
    Some(Effect { service: Some(service), ..Effect::default() })
}
