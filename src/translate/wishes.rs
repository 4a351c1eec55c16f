//! What the implementation has to do for the rules of a route: filters that they refer to, objects that take the place of Services, and
//! wishes for policies.

use std::{borrow::Cow, collections::BTreeSet};

use super::{context::Cx, names::shorten, plan::Action, routes::Combined};
use crate::{
    gateway::{
        Intent,
        api::{Custom, ExplicitRef, HttpFilter, HttpRule},
    },
    k8s::{NamespacedName, Service},
    ledger::Code,
    targets::Wish,
};

/// Filters of the implementation for rules that need one.
pub(super) fn filters(cx: &Cx<'_>, route: &NamespacedName, rules: &[Combined<'_>], wire: &mut [HttpRule], filters: &mut Vec<Custom>) {
    for (number, (rule, wire)) in rules.iter().zip(wire).enumerate() {
        let wishes = &rule.matches[0].changes.wishes;
        let name = format!("{}-{number}", route.name);
        let (mut guards, mut others) = (Vec::new(), Vec::new());
        for mut filter in cx.options.target.filters(wishes, &route.namespace, &name) {
            filter.metadata.name = shorten(&filter.metadata.name);
            let side = if cx.options.target.is_guard(&filter) { &mut guards } else { &mut others };
            let same = |known: &&Custom| known.spec == filter.spec && known.kind == filter.kind;
            let known = filters.iter().find(same).map(|known| known.metadata.name.clone());
            let name = known.clone().unwrap_or_else(|| filter.metadata.name.clone());
            side.push(HttpFilter::ExtensionRef(ExplicitRef::local(filter.group, filter.kind, name)));
            if known.is_none() {
                filters.push(filter);
            }
        }
        guard(&mut wire.filters, guards);
        wire.filters.extend(others);
    }
}

/// Names guards before what changes requests, and behind what changes answers, their own ones too. Whoever is redirected is not asked
/// first: nginx redirects before it asks.
fn guard(filters: &mut Vec<HttpFilter>, guards: Vec<HttpFilter>) {
    let changes = |filter: &HttpFilter| matches!(filter, HttpFilter::RequestHeaderModifier(_) | HttpFilter::UrlRewrite(_));
    let redirects = |filter: &HttpFilter| matches!(filter, HttpFilter::RequestRedirect(_));
    if guards.is_empty() || filters.iter().any(redirects) || !filters.iter().any(changes) {
        filters.extend(guards);
        return;
    }
    let of_answers = |filter: &HttpFilter| matches!(filter, HttpFilter::ResponseHeaderModifier(_) | HttpFilter::Cors(_));
    let (first, rest): (Vec<HttpFilter>, Vec<HttpFilter>) = std::mem::take(filters).into_iter().partition(of_answers);
    filters.extend(first);
    filters.extend(guards);
    filters.extend(rest);
}

/// Objects of the implementation that take the place of Services, for rules that need one. They stand beside the Service, and only a route
/// of the same namespace can name them.
pub(super) fn backends(cx: &mut Cx<'_>, route: &NamespacedName, rules: &[Combined<'_>], wire: &mut [HttpRule], objects: &mut Vec<Custom>) {
    for (number, (rule, wire)) in rules.iter().zip(wire).enumerate() {
        let first = rule.matches[0];
        let Action::Forward(backends) = &first.action else { continue };
        for (backend, reference) in backends.iter().zip(&mut wire.backend_refs) {
            let service = cx.inventory.services.get(&backend.service);
            // An object around a Service or port that does not exist would cost the whole rule, so that others take its requests.
            let absent = service.map_or(!cx.inventory.services.is_empty(), |service| {
                service.kind != "ExternalName" && service.ports.iter().all(|known| known.port != i64::from(backend.port))
            });
            if absent {
                continue;
            }
            let name = shorten(&format!("{}-{number}-{}", route.name, backend.service.name));
            // nginx keeps to the endpoints of a Service without address.
            let mut wishes = Cow::from(&first.changes.wishes);
            if service.is_some_and(Service::is_headless) {
                wishes.to_mut().retain(|wish| !matches!(wish, Intent::ServiceAddress));
            }
            let tls = first.changes.backend_tls.as_deref();
            let Some(made) = cx.options.target.substitute(&wishes, tls, &backend.service, backend.port, &name) else { continue };
            if backend.service.namespace != route.namespace {
                let facts = vec![("ingress", cx.ingress_name(first.owner)), ("service", backend.service.to_string())];
                cx.say(Code::PolicyOtherNamespace, Some(first.origin.clone()), facts);
                continue;
            }
            let own = |name: &str| cx.options.target.substitute(&wishes, tls, &backend.service, backend.port, name);
            let same =
                |known: &&Custom| known.kind == made.object.kind && own(&known.metadata.name).is_some_and(|one| one.object == **known);
            let known = objects.iter().find(same).map(|known| known.metadata.name.clone());
            let is_new = known.is_none();
            reference.group = Some(made.object.group.to_owned());
            reference.kind = Some(made.object.kind.to_owned());
            reference.name = known.unwrap_or(name);
            reference.port = None;
            if is_new {
                objects.push(made.object);
                objects.extend(made.beside);
            }
        }
    }
}

/// Wishes for policies. Rules are named where not all of them wish the same.
pub(super) fn wishes(kind: &'static str, route: &NamespacedName, rules: &[Combined<'_>], mut call: impl FnMut(usize, String)) -> Vec<Wish> {
    let forwards = |rule: &Combined<'_>| matches!(rule.matches[0].action, Action::Forward(_));
    let of = |rule: &Combined<'_>| rule.matches[0].changes.wishes.clone();
    let first = of(&rules[0]);
    if rules.iter().all(|rule| forwards(rule) && rule.matches[0].changes.wishes == first) {
        let age = age(&rules[0]);
        return vec![Wish { kind, route: route.clone(), rule: None, age, intents: first, services: services(rules.iter()) }];
    }
    let mut wishes = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        if forwards(rule) && !rule.matches[0].changes.wishes.is_empty() {
            let name = format!("rule-{number}");
            call(number, name.clone());
            let services = services(std::iter::once(rule));
            wishes.push(Wish { kind, route: route.clone(), rule: Some(name), age: age(rule), intents: of(rule), services });
        }
    }
    wishes
}

fn age(rule: &Combined<'_>) -> usize {
    rule.matches[0].owner.0 as usize
}

/// Services that rules send requests to, sorted.
fn services<'r>(rules: impl Iterator<Item = &'r Combined<'r>>) -> Vec<NamespacedName> {
    let backends = rules.filter_map(|rule| match &rule.matches[0].action {
        Action::Forward(backends) => Some(backends),
        Action::Redirect(_) | Action::ToHttps { .. } | Action::Answered | Action::Withheld(_) => None,
    });
    let found: BTreeSet<NamespacedName> = backends.flatten().map(|backend| backend.service.clone()).collect();
    found.into_iter().collect()
}
