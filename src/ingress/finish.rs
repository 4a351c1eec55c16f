//! From collected locations to what is written into nginx.conf: error backends, order, prefix expansion, regex mode, redirects, certificates.

use std::collections::BTreeMap;

use indexmap::IndexSet;

use super::{Item, certificates::Certificates, servers::Drafts, upstreams::Upstreams};
use crate::{
    annotations::Context,
    nginx::{
        Certificate, Config, Endpoints, Globals, IngressId, Location, Modifier, PathType, RedirectServer, Server, Target, settings::Given,
    },
};

/// `default-backend`: for locations whose upstream has no endpoints, and for error pages of the annotation.
pub(super) fn error_backends<'a>(drafts: &mut Drafts<'a>, upstreams: &mut Upstreams<'a>, items: &[Item<'a>], cx: &Context<'a>) {
    for draft in drafts.values_mut() {
        for location in &mut draft.server.locations {
            let name = &location.settings.default_backend;
            let (Target::Upstream(id), Some(origin)) = (&location.target, &location.origin) else { continue };
            let upstream = upstreams.at(*id);
            if name.is_empty() || upstream.deleted || *id == Config::DEFAULT_BACKEND {
                continue;
            }
            let empty = upstream.endpoints != Endpoints::Some && !upstream.by_address;
            let own_errors = matches!(location.settings.errors.codes.given, Given::Annotation(_));
            if !empty && !own_errors {
                continue;
            }
            let key = upstream.key.clone();
            let alternatives = upstream.alternatives.clone();
            let Some(custom) = upstreams.custom_default(cx, &items[origin.ingress.0 as usize], name) else { continue };
            // It is a copy of the upstream with other endpoints: the canaries stay (`getBackendServers`).
            if upstreams.at(custom).alternatives.is_empty() {
                upstreams.at_mut(custom).alternatives = alternatives;
            }
            location.error_backend = Some(custom);
            if empty {
                location.replaced = Some(key);
                location.target = Target::Upstream(custom);
            }
        }
    }
}

/// Longest path first, equal lengths by text descending, equal texts as they were added.
fn sort(locations: &mut [Location]) {
    locations.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then_with(|| b.path.as_bytes().cmp(a.path.as_bytes())));
}

/// `updateServerLocations`: a prefix `/foo` becomes `/foo/` and an exact `/foo`.
fn expand(locations: Vec<Location>) -> Vec<Location> {
    let exact: IndexSet<String> =
        locations.iter().filter(|location| location.path_type == PathType::Exact).map(|location| location.path.clone()).collect();
    let mut expanded = Vec::with_capacity(2 * locations.len());
    for mut location in locations {
        let settings = &location.settings;
        let kept = location.path == "/"
            || location.path_type == PathType::Exact
            || settings.rewrites(&location.path)
            || settings.rewrite.use_regex;
        if kept {
            expanded.push(location);
            continue;
        }
        let copy = (!exact.contains(&location.path)).then(|| Location { path_type: PathType::Exact, copy: true, ..location.clone() });
        if !location.path.ends_with('/') {
            location.path.push('/');
        }
        expanded.push(location);
        expanded.extend(copy);
    }
    expanded.shrink_to_fit();
    expanded
}

/// Finishes a server: order, expansion, regex mode, and what depends on the final text of the paths.
pub(super) fn finish(server: &mut Server, globals: &Globals) {
    sort(&mut server.locations);
    server.locations = expand(std::mem::take(&mut server.locations));
    let mut because: IndexSet<(IngressId, &'static str)> = IndexSet::new();
    for location in &mut server.locations {
        location.rewrites = location.settings.rewrites(&location.path);
        let Some(origin) = &location.origin else { continue };
        if location.rewrites {
            because.insert((origin.ingress, "rewrite-target"));
        }
        if location.settings.rewrite.use_regex {
            because.insert((origin.ingress, "use-regex"));
        }
    }
    server.regex = !because.is_empty();
    server.regex_because = because.into_iter().collect();
    server.regex_because.sort_unstable();
    for location in &mut server.locations {
        location.modifier = match location.path_type {
            _ if server.regex => Modifier::Regex,
            PathType::Exact => Modifier::Exact,
            PathType::Prefix => Modifier::Prefix,
        };
        let starts = |list: &[String]| list.iter().any(|item| location.path.starts_with(item.as_str()));
        (location.no_tls_redirect, location.no_auth) = (starts(&globals.no_tls_redirect_locations), starts(&globals.no_auth_locations));
    }
    server.app_root = server.locations.iter().enumerate().find_map(|(position, location)| {
        let origin = location.origin.as_ref()?;
        (!location.settings.rewrite.app_root.is_empty()).then_some((position, origin.ingress))
    });
    if !globals.flags.ssl_passthrough {
        server.passthrough = None;
    }
}

/// Servers between `www.HOST` and `HOST`, for hosts in the order of the file.
pub(super) fn redirects(servers: &[Server], certificates: &Certificates<'_>, items: &[Item<'_>]) -> Vec<RedirectServer> {
    let exists = |host: &str| servers.binary_search_by(|server| server.host.as_str().cmp(host)).is_ok();
    let mut list = Vec::new();
    for server in servers {
        let Some(ingress) = server.www else { continue };
        let from = server.host.strip_prefix("www.").map_or_else(|| format!("www.{}", server.host), str::to_owned);
        if exists(&from) {
            continue;
        }
        let certificate = server.tls.as_ref().filter(|tls| certificates.covers(tls, &from, items)).map(|tls| tls.certificate.clone());
        list.push(RedirectServer { from, to: server.host.clone(), certificate, ingress });
    }
    list
}

/// The table that `certificate.lua` looks names up in; later entries replace earlier ones, also with nothing.
pub(super) fn certificate_table(servers: &[Server], redirects: &[RedirectServer]) -> BTreeMap<String, Certificate> {
    let mut table: BTreeMap<String, Option<Certificate>> = BTreeMap::new();
    for server in servers {
        let certificate = server.tls.as_ref().map(|tls| tls.certificate.clone());
        table.insert(server.host.clone(), certificate.clone());
        for alias in &server.aliases {
            table.insert(alias.text.clone(), certificate.clone().filter(|_| alias.covered));
        }
    }
    for redirect in redirects {
        table.insert(redirect.from.clone(), redirect.certificate.clone());
    }
    table.into_iter().filter_map(|(name, certificate)| Some((name, certificate?))).collect()
}
