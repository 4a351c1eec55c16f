//! What stops the controller as a whole: configurations that nginx refuses, a panic, and a block of the controller's own requests.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use super::{Item, controller::Controller, logs, printed, proxying};
use crate::{
    annotations::{Absent, url::GoUrl},
    automata::pcre::Pattern,
    k8s::{Inventory, NamespacedName, Step, Subject},
    ledger::Findings,
    nginx::{
        Config, Globals, Location, MapKey, Modifier, PathType, Refusal, RefusalKind, Server, ServerName, Settings,
        settings::{BasicKind, Given, Proxy},
        template,
    },
    snippet::catalogue,
};

/// Collects refusals and compiles each expression once.
pub(super) struct Check<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) config: &'a Config,
    pub(super) found: Vec<Refusal>,
    /// Services that were not read.
    services: Absent,
    compiled: BTreeMap<(String, bool), Result<Vec<String>, String>>,
    /// Settings against whose directives of proxying nothing is to be said; most locations share them.
    sound: Option<Arc<Settings>>,
    pub(super) groups: BTreeSet<String>,
    pub(super) findings: Findings,
}

/// All refusals of a configuration.
pub(super) fn check(
    inventory: &Inventory,
    config: &Config,
    items: &[Item<'_>],
    controller: &Controller,
    services: Absent,
) -> (Vec<Refusal>, Findings) {
    let mut check = Check {
        inventory,
        config,
        found: Vec::new(),
        services,
        compiled: BTreeMap::new(),
        sound: None,
        groups: BTreeSet::from(["subdomain".to_owned()]),
        findings: Findings::new(),
    };
    check.panics(items);
    check.own_requests();
    check.blocked();
    check.expressions();
    for server in &config.servers {
        check.names(server);
        check.duplicates(server);
        check.duplicate_authentication(server);
        check.client_certificates(server);
        for location in server.locations.iter().filter(|location| !location.copy) {
            check.authentication(location);
            check.location(server, location);
        }
    }
    check.start(controller);
    check.redirects();
    check.snippets();
    check.globals(controller);
    check.digest();
    (check.found, check.findings)
}

pub(super) fn config_map_key(globals: &Globals, key: &'static str) -> Vec<Subject> {
    globals.config_map.iter().map(|map| Subject { object: map.object, field: map.field.child(key) }).collect()
}

impl Check<'_> {
    pub(super) fn refuse(&mut self, message: String, subjects: Vec<Subject>) {
        self.found.push(Refusal { kind: RefusalKind::Config, message, subjects });
    }

    /// Named groups of an expression, or what PCRE says against it.
    fn compile(&mut self, pattern: &str, caseless: bool) -> Result<Vec<String>, String> {
        if pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"^/-_.~".contains(&byte)) {
            return Ok(Vec::new());
        }
        let compiled = self.compiled.entry((pattern.to_owned(), caseless)).or_insert_with(|| match Pattern::parse(pattern, caseless) {
            Ok(pattern) => Ok(pattern.group_names().iter().map(|(name, _)| name.clone()).collect()),
            Err(error) => Err(error.to_string()),
        });
        compiled.clone()
    }

    /// A canary rule without `http` is dereferenced when canaries are merged.
    fn panics(&mut self, items: &[Item<'_>]) {
        if items.iter().all(|item| item.settings.is_canary()) {
            return;
        }
        for item in items.iter().filter(|item| item.settings.is_canary()) {
            for (at, rule) in item.ingress.rules.iter().enumerate().filter(|(_, rule)| rule.paths.is_none()) {
                let host = rule.host.as_deref().unwrap_or_default();
                self.found.push(Refusal {
                    kind: RefusalKind::Crash,
                    message: format!("the canary rule of host `{host}` has no `http`"),
                    subjects: vec![Subject::new(item.ingress.id, [Step::from("spec"), "rules".into(), at.into()])],
                });
            }
        }
    }

    fn own_requests(&mut self) {
        let globals = &self.config.globals;
        if globals.access.blocks(IpAddr::V4(Ipv4Addr::LOCALHOST)) {
            self.found.push(Refusal {
                kind: RefusalKind::Dynamic,
                message: "`block-cidrs` contains 127.0.0.1, from which the controller configures nginx".to_owned(),
                subjects: config_map_key(globals, "block-cidrs"),
            });
        }
        // The controller's own requests get the added headers too, and wait for a body that does not come.
        let longer = |(name, value): (&String, &String)| name.eq_ignore_ascii_case("content-length") && value.trim() != "0";
        if globals.add_headers.iter().any(longer) {
            self.found.push(Refusal {
                kind: RefusalKind::Certificates,
                message: "`add-headers` gives the answers to the controller's own requests a `Content-Length`".to_owned(),
                subjects: config_map_key(globals, "add-headers"),
            });
        }
    }

    /// Expressions of lists that refuse everywhere.
    fn blocked(&mut self) {
        let access = &self.config.globals.access;
        for (key, list) in [("block-user-agents", &access.block_user_agents), ("block-referers", &access.block_referers)] {
            for item in list {
                let MapKey::Regex { pattern, caseless } = item else { continue };
                match self.compile(pattern, *caseless) {
                    Ok(names) => self.groups.extend(names),
                    Err(error) => {
                        let message = format!("`{key}` of the ConfigMap: `{pattern}` is no regular expression: {error}");
                        self.refuse(message, config_map_key(&self.config.globals, key));
                    }
                }
            }
        }
    }

    /// Regular expressions of locations and names; their named groups are variables everywhere.
    fn expressions(&mut self) {
        for server in self.config.servers.iter().filter(|server| server.denied.is_none()) {
            for location in server.locations.iter().filter(|location| location.modifier == Modifier::Regex) {
                match self.compile(&format!("^{}", location.path), true) {
                    Ok(names) => self.groups.extend(names),
                    Err(error) => {
                        let message = format!("the path `{}` of host `{}` is no regular expression: {error}", location.path, server.host);
                        self.refuse(message, origin(location));
                    }
                }
            }
        }
    }

    fn names(&mut self, server: &Server) {
        let subjects = || server.aliases_from.map(|id| self.config.annotation(id, "server-alias")).into_iter().collect::<Vec<_>>();
        let mut wrong = Vec::new();
        let mut groups = Vec::new();
        for alias in &server.aliases {
            let name = alias.text.as_str();
            let problem = match &alias.name {
                ServerName::Regex(pattern) => match Pattern::parse(pattern, false) {
                    _ if pattern.is_empty() => Some("it is an empty expression".to_owned()),
                    Ok(pattern) => {
                        groups.extend(pattern.group_names().iter().map(|(name, _)| name.clone()));
                        None
                    }
                    Err(error) => Some(error.to_string()),
                },
                ServerName::LeadingWildcard(_) | ServerName::TrailingWildcard(_) | ServerName::Exact(_) | ServerName::CatchAll => {
                    (!is_wildcard_name(name)).then(|| "it is no name and no wildcard".to_owned())
                }
            };
            if let Some(problem) = problem {
                wrong.push((format!("`server-alias` `{name}` of host `{}`: {problem}", server.host), subjects()));
            }
        }
        self.groups.extend(groups);
        for (message, subjects) in wrong {
            self.refuse(message, subjects);
        }
    }

    /// Each location has one for its authentication service, named by path and type (`buildAuthLocation`): two spellings of a path that
    /// expansion makes one share it, where the locations themselves are expressions and do not meet.
    fn duplicate_authentication(&mut self, server: &Server) {
        let everywhere = self.config.globals.external_auth.is_some();
        let mut seen: BTreeMap<(&str, PathType), &Location> = BTreeMap::new();
        for location in server.locations.iter().filter(|location| server.regex && server.denied.is_none() && !location.copy) {
            let settings = &location.settings;
            if settings.external_auth.is_none() && !(everywhere && settings.global_auth.value) {
                continue;
            }
            if let Some(before) = seen.insert((&location.path, location.path_type), location) {
                let message = format!("duplicate location for the authentication of `{}` of host `{}`", location.path, server.host);
                let subjects = origin(before).into_iter().chain(origin(location)).collect();
                self.refuse(message, subjects);
            }
        }
    }

    /// Two plain locations of the same text and kind. A denied host has none in nginx.conf.
    fn duplicates(&mut self, server: &Server) {
        if server.regex || server.denied.is_some() {
            return;
        }
        let mut seen: BTreeMap<(Modifier, &str), &Location> = BTreeMap::new();
        let health = self.config.globals.flags.health_check_path.as_str();
        for location in &server.locations {
            let key = (location.modifier, location.path.as_str());
            let built_in = server.host == "_" && location.modifier == Modifier::Prefix && [health, "/nginx_status"].contains(&key.1);
            let before = seen.insert(key, location);
            if before.is_some() || built_in {
                let message = format!("duplicate location `{}` of host `{}`", location.path, server.host);
                let subjects = before.map(origin).unwrap_or_default().into_iter().chain(origin(location)).collect();
                self.refuse(message, subjects);
            }
        }
    }

    fn location(&mut self, server: &Server, location: &Location) {
        let Some(origin) = &location.origin else { return };
        // Of a denied host nothing is written.
        if server.denied.is_some() {
            return;
        }
        if location.settings.denied.is_some() {
            if !location.settings.rewrite.app_root.is_empty() {
                self.variables("app-root", &location.settings.rewrite.app_root, origin.ingress);
            }
            return;
        }
        let ingress = origin.ingress;
        let settings = &location.settings;
        if location.rewrites {
            if let Err(error) = self.compile(&format!("(?i){}", location.path), false)
                && !server.regex
            {
                self.refuse(format!("the path `{}` is no regular expression: {error}", location.path), vec![origin.subject.clone()]);
            }
            self.variables("rewrite-target", &settings.rewrite.target, ingress);
            self.variables("x-forwarded-prefix", &settings.forwarded_prefix, ingress);
        }
        self.variables("app-root", &settings.rewrite.app_root, ingress);
        self.variables("upstream-vhost", &settings.upstream_host, ingress);
        if let Some(fixed) = &settings.redirect.fixed {
            self.variables(fixed.annotation, &fixed.url, ingress);
        }
        if let Some(auth) = &settings.external_auth {
            self.variables("auth-url", &auth.url, ingress);
            self.variables("auth-signin", &auth.signin, ingress);
            self.variables("auth-request-redirect", &auth.request_redirect, ingress);
        }
        if let Some(mirror) = &settings.mirror
            && !mirror.target.is_empty()
            && !mirror.host.is_empty()
        {
            self.variables("mirror-target", &mirror.target, ingress);
        }
        self.mirror(location);
        self.proxying(server, location);
    }

    fn variables(&mut self, annotation: &'static str, text: &str, ingress: crate::nginx::IngressId) {
        if !text.contains('$') {
            return;
        }
        if let Err(error) = template::parse(text, &self.groups) {
            let subject = self.config.annotation(ingress, annotation);
            let message = format!("`{annotation}` `{text}`: {error}");
            if !self.found.iter().any(|refusal| refusal.message == message) {
                self.refuse(message, vec![subject]);
            }
        }
    }

    /// The mirror's location needs a scheme, and a host that can be resolved when nginx starts.
    fn mirror(&mut self, location: &Location) {
        let (Some(mirror), Some(origin)) = (&location.settings.mirror, &location.origin) else { return };
        // Without a host the mirror's own location is not written.
        if mirror.target.is_empty() || mirror.host.is_empty() || mirror.target.contains('$') {
            return;
        }
        let scheme = GoUrl::parse(&mirror.target).is_some_and(|url| ["http", "https"].contains(&url.scheme));
        let host = GoUrl::with_host(&mirror.target).map(|url| url.hostname().to_owned()).unwrap_or_default();
        let resolves = self.resolves(&host);
        if !scheme || !resolves {
            let why = if scheme { format!("host `{host}` cannot be resolved") } else { "it has no scheme".to_owned() };
            let subject = self.config.annotation(origin.ingress, "mirror-target");
            let message = format!("`mirror-target` `{}`: {why}", mirror.target);
            if !self.found.iter().any(|refusal| refusal.message == message) {
                self.refuse(message, vec![subject]);
            }
        }
    }

    /// With `auth-keepalive` the service gets an upstream block, of a denied location too, and its host is looked up when nginx starts. The
    /// controller writes none while it speaks HTTP/2.
    fn authentication(&mut self, location: &Location) {
        let (Some(auth), Some(origin)) = (&location.settings.external_auth, &location.origin) else { return };
        if auth.keepalive == 0 || self.config.globals.use_http2 || self.resolves(&auth.host) {
            return;
        }
        let message = format!("`auth-url` `{}`: host `{}` cannot be resolved", auth.url, auth.host);
        let subject = self.config.annotation(origin.ingress, "auth-url");
        self.refuse_each(vec![(message, vec![subject])]);
    }

    /// Addresses do; names below reserved top-level domains and those of Services that do not exist do not; anything else is taken to.
    fn resolves(&self, host: &str) -> bool {
        if host.parse::<IpAddr>().is_ok() {
            return true;
        }
        let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
        match labels.as_slice() {
            [name, namespace, "svc"] | [name, namespace, "svc", "cluster", "local"] => {
                self.services == Absent::Assumed || self.inventory.services.contains_key(&NamespacedName::new(*namespace, *name))
            }
            [.., last] => !["invalid", "test", "example", "nonexistent"].contains(last),
            [] => true,
        }
    }

    /// `auth-tls-*` of a host.
    fn client_certificates(&mut self, server: &Server) {
        let Some(found) = server.client_certificates.as_ref().filter(|_| server.denied.is_none()) else { return };
        let place = |(name, message): (&'static str, String)| (message, vec![self.config.annotation(found.ingress, name)]);
        let problems = printed::of_client_certificates(&found.settings).into_iter().map(place).collect();
        self.refuse_each(problems);
    }

    /// Directives of proxying with arguments that nginx refuses.
    fn proxying(&mut self, server: &Server, location: &Location) {
        let Some(origin) = &location.origin else { return };
        let annotation = |name: &str| vec![self.config.annotation(origin.ingress, name)];
        let is_sound = self.sound.as_ref().is_some_and(|sound| Arc::ptr_eq(sound, &location.settings));
        let mut problems = if is_sound { Vec::new() } else { self.of_proxy(&location.settings.proxy, annotation) };
        if problems.is_empty() && !is_sound {
            self.sound = Some(Arc::clone(&location.settings));
        }
        problems.extend(printed::problems(server, location).into_iter().map(|(name, message)| (message, annotation(name))));
        self.refuse_each(problems);
    }

    fn of_proxy(&self, proxy: &Proxy, annotation: impl Fn(&str) -> Vec<Subject>) -> Vec<(String, Vec<Subject>)> {
        let places = |given| match given {
            Given::Annotation(name) => annotation(name),
            Given::ConfigMap(name) => config_map_key(&self.config.globals, name),
            Given::Default => Vec::new(),
        };
        proxying::problems(proxy).into_iter().map(|(given, message)| (message, places(given))).collect()
    }

    fn refuse_each(&mut self, problems: Vec<(String, Vec<Subject>)>) {
        for (message, subjects) in problems {
            if !self.found.iter().any(|refusal| refusal.message == message) {
                self.refuse(message, subjects);
            }
        }
    }

    fn redirects(&mut self) {
        let wrong: Vec<_> = self.config.redirects.iter().filter(|redirect| redirect.from.contains('*')).collect();
        for redirect in wrong {
            let message = format!("`{}` is no server name (`from-to-www-redirect` on a wildcard host)", redirect.from);
            self.refuse(message, vec![self.config.annotation(redirect.ingress, "from-to-www-redirect")]);
        }
    }

    fn globals(&mut self, controller: &Controller) {
        let globals = &self.config.globals;
        let from = &globals.defaults.proxy.redirect.from;
        let problems = self.of_proxy(&globals.defaults.proxy, |_| Vec::new());
        // The implicit `/` of `_` takes over proxy-redirect-from, but an empty proxy-redirect-to.
        if let Some(problem) = proxying::redirects(&from.value, "") {
            let message = format!("`proxy-redirect-from` `{}` of the ConfigMap on the default server: {problem}", from.value);
            self.refuse(message, config_map_key(globals, "proxy-redirect-from"));
        }
        self.refuse_each(problems);
        for (key, item) in &controller.unreadable {
            let used = match *key {
                "whitelist-source-range" | "denylist-source-range" => !self.config.ingresses.is_empty(),
                _ => *key != "proxy-real-ip-cidr" || *globals.forwarded.trusted || globals.forwarded.real_ip,
            };
            if used && !["all", "unix:"].contains(&item.as_str()) {
                self.refuse(format!("`{key}` of the ConfigMap: invalid parameter `{item}`"), config_map_key(globals, key));
            }
        }
        let defined = self.defined();
        let knows = |name: &str| {
            catalogue::knows_variable(name)
                || defined.contains(&format!("${name}"))
                || template::parse(&format!("${{{name}}}"), &self.groups).is_ok()
        };
        let mut refused = controller.refused.clone();
        refused.extend(logs::problems(&globals.logging, &knows, &|host| self.resolves(host)));
        refused.extend(globals.errors.codes.iter().filter_map(|&code| Some(("custom-http-errors", printed::error_page(code)?))));
        let said: Vec<_> = refused
            .into_iter()
            .map(|(key, problem)| (format!("`{key}` of the ConfigMap: {problem}"), config_map_key(globals, key)))
            .collect();
        self.refuse_each(said);
        let headers = |name: &'static str, map: &indexmap::IndexMap<String, String>, groups: &BTreeSet<String>| {
            map.iter()
                .filter_map(|(header, value)| Some((header, template::parse(value, groups).err()?)))
                .map(|(header, error)| format!("header `{header}` of `{name}`: {error}"))
                .collect::<Vec<_>>()
        };
        let mut wrong = headers("proxy-set-headers", &globals.proxy_set_headers, &self.groups);
        wrong.extend(headers("add-headers", &globals.add_headers, &self.groups));
        for message in wrong {
            self.refuse(message, Vec::new());
        }
        for (key, code) in
            [("limit-req-status-code", globals.limit_request_status), ("limit-conn-status-code", globals.limit_connection_status)]
        {
            if !(400..600).contains(&code) {
                self.refuse(format!("`{key}` {code} of the ConfigMap is not between 400 and 599"), config_map_key(globals, key));
            }
        }
    }

    /// What ends the controller before it writes anything, and servers of nginx that cannot listen beside each other.
    fn start(&mut self, controller: &Controller) {
        let mut ends = controller.ends.clone();
        let flags = &self.config.globals.flags;
        // Manifests of a workload need not come with all Services.
        let known = controller.workload.is_none() || self.inventory.listed.contains("Service");
        let services = [("--default-backend-service", &flags.default_backend_service), ("--publish-service", &controller.publish_service)];
        for (flag, service) in services.into_iter().filter(|_| known && self.services == Absent::Missing) {
            if let Some(service) = service.as_ref().filter(|service| !self.inventory.services.contains_key(*service)) {
                ends.push(format!("there is no Service `{service}` for `{flag}`"));
            }
        }
        if !flags.watch_namespace.is_empty() && !flags.watch_namespace_selector.is_empty() {
            ends.push("`--watch-namespace` and `--watch-namespace-selector` are mutually exclusive".to_owned());
        }
        self.found.extend(ends.into_iter().map(|message| Refusal { kind: RefusalKind::Crash, message, subjects: Vec::new() }));
        let ports = [("--http-port", flags.http_port), (flags.tls_port_flag(), flags.tls_port())];
        let default = flags.default_server_port;
        if ports[0].1 == ports[1].1 {
            self.refuse(
                format!("a duplicate listen 0.0.0.0:{}, as `{}` and `{}` are the same", ports[0].1, ports[0].0, ports[1].0),
                Vec::new(),
            );
        }
        // With addresses of their own the servers of hosts do not listen where that one does.
        if self.config.globals.logging.contains_key("bind-address") {
            return;
        }
        for (flag, port) in ports.into_iter().filter(|(_, port)| *port == default) {
            self.refuse(
                format!("a duplicate default server for 0.0.0.0:{port}, which `{flag}` and `--default-server-port` name"),
                Vec::new(),
            );
        }
    }

    /// The module for digest is loaded only where some location says exactly `digest`.
    fn digest(&mut self) {
        let locations = || self.config.servers.iter().flat_map(|server| &server.locations);
        let kind = |location: &Location| location.settings.basic_auth.as_ref().map(|auth| auth.kind);
        if locations().any(|location| kind(location) == Some(BasicKind::Digest)) {
            return;
        }
        let other = locations()
            .find(|location| kind(location) == Some(BasicKind::OtherDigest) && location.settings.denied.is_none() && !location.no_auth);
        if let Some(origin) = other.and_then(|location| location.origin.as_ref()) {
            let subject = self.config.annotation(origin.ingress, "auth-type");
            self.refuse("unknown directive `auth_digest`, as no location has `auth-type: digest`".to_owned(), vec![subject]);
        }
    }
}

fn origin(location: &Location) -> Vec<Subject> {
    location.origin.iter().map(|origin| origin.subject.clone()).collect()
}

/// A name, `*.suffix`, `prefix.*` or `.suffix` (`ngx_hash_add_key`).
fn is_wildcard_name(name: &str) -> bool {
    let inner = name.strip_prefix("*.").or_else(|| name.strip_suffix(".*")).or_else(|| name.strip_prefix('.')).unwrap_or(name);
    !inner.is_empty() && !inner.contains('*') && !name.contains("..")
}
