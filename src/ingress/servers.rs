//! Servers: one per rule host, with its implicit `/`, aliases, certificate and everything else that is decided per host (`createServers`).

use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    Item,
    certificates::Certificates,
    upstreams::{Upstreams, key, service},
};
use crate::{
    k8s::{IngressRule, Step, Subject},
    nginx::{
        Alias, Certificate, Globals, IngressId, Location, Modifier, PathOrigin, PathType, Server, ServerName, Settings, Target,
        TlsDecision,
        settings::{AddressLists, Setting},
    },
};

/// A server under construction.
pub(super) struct Draft<'a> {
    pub(super) server: Server,
    /// Locations by path text, in the order in which they were added.
    pub(super) by_path: IndexMap<&'a str, Vec<usize>>,
    /// Aliases of the first Ingress that has any, as written.
    aliases: Vec<String>,
}

/// Servers by host.
pub(super) type Drafts<'a> = IndexMap<&'a str, Draft<'a>>;

/// Key of the server of a rule.
pub(super) fn host(rule: &IngressRule) -> &str {
    match rule.host.as_deref() {
        None | Some("") => "_",
        Some(host) => host,
    }
}

/// Settings of the implicit `/` of `_`: no annotations, no defaults but those of proxying.
fn bare(globals: &Globals) -> Settings {
    let mut settings = (*globals.defaults).clone();
    let off = Setting::default(false);
    settings.rewrite.ssl_redirect = off;
    settings.rewrite.force_ssl_redirect = off;
    settings.rewrite.preserve_trailing_slash = off;
    settings.rewrite.use_port_in_redirects = off;
    settings.addresses = Arc::new(AddressLists {
        allow: Setting::default(Vec::new()),
        deny: Setting::default(Vec::new()),
        satisfy: crate::nginx::settings::Satisfy::All,
        says_satisfy: false,
    });
    settings.limits = None;
    settings.global_auth = off;
    settings
}

fn implicit(settings: Arc<Settings>, target: Target, origin: Option<PathOrigin>) -> Location {
    Location {
        path: "/".to_owned(),
        modifier: Modifier::Prefix,
        path_type: PathType::Prefix,
        ingress_path: "/".to_owned(),
        copy: false,
        implicit: true,
        origin,
        settings,
        rewrites: false,
        target,
        replaced: None,
        error_backend: None,
        no_tls_redirect: false,
        no_auth: false,
    }
}

fn server(host: &str, created_by: Option<IngressId>, root: Location) -> Server {
    let name = match host {
        "_" => ServerName::CatchAll,
        host if host.starts_with('*') => {
            // `buildServerName` escapes nothing but the dots.
            ServerName::Regex(format!(r"^(?<subdomain>[\w-]+)\.{}$", host.replacen("*.", "", 1).split('.').collect::<Vec<_>>().join(r"\.")))
        }
        host => ServerName::Exact(host.to_owned()),
    };
    Server {
        host: host.to_owned(),
        name,
        created_by,
        ingresses: Vec::new(),
        aliases: Vec::new(),
        aliases_from: None,
        tls: None,
        client_certificates: None,
        denied: None,
        regex: false,
        regex_because: Vec::new(),
        app_root: None,
        proxy_tls: None,
        passthrough: None,
        snippet: None,
        ssl_ciphers: None,
        ssl_prefer_server_ciphers: None,
        www: None,
        locations: vec![root],
    }
}

fn draft<'a>(server: Server) -> Draft<'a> {
    Draft { server, by_path: IndexMap::from([("/", vec![0])]), aliases: Vec::new() }
}

/// Creates the servers. The second part says which hosts use the default backend of which Ingress.
pub(super) fn create<'a>(
    globals: &Globals,
    items: &[Item<'a>],
    upstreams: &Upstreams<'a>,
) -> (Drafts<'a>, IndexMap<IngressId, Vec<String>>) {
    let mut drafts: Drafts<'a> = IndexMap::with_capacity(items.len() + 1);
    let mut default_backends: IndexMap<IngressId, Vec<String>> = IndexMap::new();
    let mut catch_all = server("_", None, implicit(Arc::new(bare(globals)), Target::Default, None));
    catch_all.tls = Some(TlsDecision { certificate: Certificate::Default, ingress: None, because: None, unusable: None });
    drafts.insert("_", draft(catch_all));
    for item in items.iter().filter(|item| !item.settings.is_canary()) {
        let mut target = Target::Default;
        if let Some((name, port)) = item.ingress.default_backend.as_ref().and_then(service) {
            let key = key(&item.ingress.meta.namespace, name, port);
            target = upstreams.get(&key).map_or(Target::Gone, Target::Upstream);
            let root = &mut drafts[0].server.locations[0];
            if root.implicit && item.ingress.rules.is_empty() {
                root.implicit = false;
                root.target = target.clone();
                root.origin = Some(PathOrigin {
                    ingress: item.id,
                    subject: Subject::new(item.ingress.id, ["spec", "defaultBackend"]),
                    rule: None,
                    path: None,
                });
                root.settings = Arc::new(catch_all_settings(&item.settings, &root.settings));
                default_backends.entry(item.id).or_default().push("_".to_owned());
            }
        }
        for (at, rule) in item.ingress.rules.iter().enumerate() {
            let host = host(rule);
            if drafts.contains_key(host) {
                continue;
            }
            let subject = Subject::new(item.ingress.id, [Step::from("spec"), "rules".into(), at.into()]);
            let origin = PathOrigin { ingress: item.id, subject, rule: Some(u32::try_from(at).unwrap_or(u32::MAX)), path: None };
            let root = implicit(Arc::clone(&item.settings), target.clone(), Some(origin));
            drafts.insert(host, draft(server(host, Some(item.id), root)));
            if item.ingress.default_backend.as_ref().is_some_and(|backend| service(backend).is_some()) {
                default_backends.entry(item.id).or_default().push(host.to_owned());
            }
        }
    }
    (drafts, default_backends)
}

/// An Ingress that takes over the catch-all brings everything but redirects and rewrites.
fn catch_all_settings(settings: &Settings, bare: &Settings) -> Settings {
    let mut taken = settings.clone();
    let port = taken.rewrite.use_port_in_redirects;
    taken.rewrite = bare.rewrite.clone();
    taken.rewrite.use_port_in_redirects = port;
    taken.redirect = bare.redirect.clone();
    taken
}

/// Aliases, certificates and the other settings per host, of all Ingresses that are no canaries.
pub(super) fn settle<'a>(drafts: &mut Drafts<'a>, items: &[Item<'a>], certificates: &Certificates<'_>) {
    for item in items.iter().filter(|item| !item.settings.is_canary()) {
        for rule in &item.ingress.rules {
            let host = host(rule);
            let Some(Draft { server, aliases, .. }) = drafts.get_mut(host) else { continue };
            if aliases.is_empty() && !item.settings.aliases.is_empty() {
                aliases.clone_from(&item.settings.aliases);
                server.aliases_from = Some(item.id);
            }
            let tls = &item.settings.server_tls;
            let snippet = item.settings.snippets.as_ref().is_some_and(|snippets| !snippets.server.is_empty());
            server.snippet = server.snippet.or(snippet.then_some(item.id));
            server.passthrough = server.passthrough.or(tls.passthrough.then_some(item.id));
            server.ssl_ciphers = server.ssl_ciphers.or((!tls.ciphers.is_empty()).then_some(item.id));
            server.ssl_prefer_server_ciphers = server.ssl_prefer_server_ciphers.or(tls.prefer_server_ciphers.map(|_| item.id));
            if server.tls.is_none() && !item.ingress.tls.is_empty() {
                server.tls = Some(certificates.decide(host, item));
            }
        }
    }
    let hosts: Vec<&str> = drafts.keys().copied().collect();
    for host in hosts {
        let taken = std::mem::take(&mut drafts[host].aliases);
        let mut list = Vec::new();
        for text in taken.into_iter().filter(|alias| alias != host && !drafts.contains_key(alias.as_str())) {
            let covered = drafts[host].server.tls.as_ref().is_some_and(|tls| certificates.covers(tls, &text, items));
            for name in alias_names(&text) {
                list.push(Alias { name, text: text.clone(), covered });
            }
        }
        drafts[host].server.aliases = list;
    }
}

/// How nginx reads a name of `server_name`; `.x` stands for `x` and `*.x`.
fn alias_names(text: &str) -> Vec<ServerName> {
    let lower = text.to_ascii_lowercase();
    if let Some(pattern) = text.strip_prefix('~') {
        vec![ServerName::Regex(pattern.to_owned())]
    } else if let Some(suffix) = lower.strip_prefix('*') {
        vec![ServerName::LeadingWildcard(suffix.to_owned())]
    } else if let Some(prefix) = lower.strip_suffix('*') {
        vec![ServerName::TrailingWildcard(prefix.to_owned())]
    } else if let Some(name) = lower.strip_prefix('.') {
        vec![ServerName::Exact(name.to_owned()), ServerName::LeadingWildcard(lower)]
    } else {
        vec![ServerName::Exact(lower)]
    }
}
