//! Locations: the paths of all Ingresses, first come first served (`getBackendServers`).

use std::sync::Arc;

use super::{
    Item,
    facts::PathFate,
    order,
    servers::{Drafts, host},
    upstreams::{Upstreams, key, service},
};
use crate::{
    k8s::{self, HttpPath, Step, Subject},
    nginx::{ClientCertificates, Globals, Location, Modifier, PathOrigin, PathType, Target, UpstreamAffinity},
};

/// Path text as the controller keeps it.
pub(super) fn text(path: &HttpPath) -> &str {
    if path.path.is_empty() { "/" } else { &path.path }
}

/// Path type as the controller keeps it.
pub(super) fn path_type(path: &HttpPath) -> PathType {
    match &path.path_type {
        Some(k8s::PathType::Exact) => PathType::Exact,
        Some(k8s::PathType::Prefix | k8s::PathType::ImplementationSpecific | k8s::PathType::Other(_)) | None => PathType::Prefix,
    }
}

/// Adds the paths of all Ingresses, canaries included, and says what became of each.
pub(super) fn add<'a>(
    globals: &Globals,
    drafts: &mut Drafts<'a>,
    upstreams: &mut Upstreams<'a>,
    items: &[Item<'a>],
) -> Vec<Vec<Vec<PathFate>>> {
    items
        .iter()
        .map(|item| item.ingress.rules.iter().enumerate().map(|(at, _)| rule(globals, drafts, upstreams, items, item, at)).collect())
        .collect()
}

fn rule<'a>(
    globals: &Globals,
    drafts: &mut Drafts<'a>,
    upstreams: &mut Upstreams<'a>,
    items: &[Item<'a>],
    item: &Item<'a>,
    at: usize,
) -> Vec<PathFate> {
    let rule = &item.ingress.rules[at];
    let name = host(rule);
    let server = if drafts.contains_key(name) { name } else { "_" };
    let draft = &mut drafts[server];
    if draft.server.ingresses.last() != Some(&item.id) {
        draft.server.ingresses.push(item.id);
    }
    if rule.paths.is_none() && name != "_" {
        return Vec::new();
    }
    if draft.server.denied.is_none() && item.settings.host_denied.is_some() {
        draft.server.denied = Some(item.id);
    }
    if !draft.server.client_certificates.as_ref().is_some_and(|found| found.settings.ca) {
        let settings = item.settings.auth_tls.as_ref();
        draft.server.client_certificates = settings.map(|settings| ClientCertificates {
            ingress: item.id,
            secret: settings.secret.clone(),
            settings: Arc::clone(settings),
        });
    }
    if !globals.proxy_ssl_location_only && !draft.server.proxy_tls.as_ref().is_some_and(|(_, found)| found.has_ca) {
        draft.server.proxy_tls = item.settings.proxy_tls.as_ref().map(|settings| (item.id, Arc::clone(settings)));
    }
    let paths = rule.paths.as_deref().unwrap_or_default();
    paths.iter().enumerate().map(|(index, found)| path(drafts, upstreams, items, item, (at, index), server, found)).collect()
}

fn path<'a>(
    drafts: &mut Drafts<'a>,
    upstreams: &mut Upstreams<'a>,
    items: &[Item<'a>],
    item: &Item<'a>,
    (at, index): (usize, usize),
    server: &str,
    path: &'a HttpPath,
) -> PathFate {
    let Some((name, port)) = service(&path.backend) else { return PathFate::NoService };
    let namespace = &item.ingress.meta.namespace;
    let upstream = upstreams.get(&key(namespace, name, port)).expect("INVARIANT: every Service of a path has an upstream");
    if upstreams.at(upstream).canary.is_some() {
        let first = upstreams.at(upstream).ingress.unwrap_or(item.id);
        return PathFate::CanaryUpstream { first };
    }
    let draft = &mut drafts[server];
    let text = text(path);
    let kind = path_type(path);
    let origin = || PathOrigin {
        ingress: item.id,
        subject: Subject::new(
            item.ingress.id,
            [Step::from("spec"), "rules".into(), at.into(), "http".into(), "paths".into(), index.into()],
        ),
        rule: Some(u32::try_from(at).unwrap_or(u32::MAX)),
        path: Some(u32::try_from(index).unwrap_or(u32::MAX)),
    };
    // The search ends at the first location of the text: one of another type there hides the rest.
    let first = draft.by_path.get(text).and_then(|list| list.first().copied());
    let fate = match first.map(|position| &mut draft.server.locations[position]) {
        Some(location) if location.path_type == kind && location.implicit => {
            location.implicit = false;
            location.target = Target::Upstream(upstream);
            location.origin = Some(origin());
            location.settings = Arc::clone(&item.settings);
            PathFate::Location { server: server.to_owned() }
        }
        Some(location) if location.path_type == kind => {
            let winner = location.origin.as_ref();
            let other = winner.map(|winner| items[winner.ingress.0 as usize].ingress);
            PathFate::Lost {
                to: winner.map_or_else(|| origin().subject, |winner| winner.subject.clone()),
                assumed: other.is_some_and(|other| order::assumed(other, item.ingress)),
            }
        }
        Some(_) | None => {
            let position = draft.server.locations.len();
            draft.server.locations.push(Location {
                path: text.to_owned(),
                modifier: Modifier::Prefix,
                path_type: kind,
                ingress_path: text.to_owned(),
                copy: false,
                implicit: false,
                origin: Some(origin()),
                settings: Arc::clone(&item.settings),
                rewrites: false,
                target: Target::Upstream(upstream),
                replaced: None,
                error_backend: None,
                no_tls_redirect: false,
                no_auth: false,
            });
            draft.by_path.entry(text).or_default().push(position);
            PathFate::Location { server: server.to_owned() }
        }
    };
    if matches!(fate, PathFate::Location { .. }) && item.settings.redirect.www && draft.server.www.is_none() {
        draft.server.www = Some(item.id);
    }
    if let Some(cookie) = &item.settings.affinity {
        let affinity = upstreams.at_mut(upstream).affinity.get_or_insert_with(|| UpstreamAffinity {
            ingress: item.id,
            cookie: Arc::clone(cookie),
            paths: Vec::new(),
        });
        affinity.ingress = item.id;
        affinity.cookie = Arc::clone(cookie);
        affinity.paths.push((server.to_owned(), text.to_owned()));
        affinity.paths.extend(draft.server.aliases.iter().map(|alias| (alias.text.clone(), text.to_owned())));
    }
    fate
}
