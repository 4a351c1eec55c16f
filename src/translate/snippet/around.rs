//! What stands around a location: the snippets, outermost first, and what the controller writes beside them.

use std::collections::BTreeSet;

use super::{
    Annotated, Around, Here, Origin, Others,
    condition::{Env, Held},
    refuses,
};
use crate::{
    gateway::Intent,
    k8s::Subject,
    nginx::{
        Location, Modifier, Server, ServerName,
        code::{About, Compare, Directive, Line, all, is_set_by_controller},
        settings::BackendProtocol,
    },
    translate::context::{Cx, positive},
};

/// The innermost of the blocks around.
const LOCATION: usize = 2;

/// Variables that the controller sets at the start of a location.
const SET: &[&str] = &["ingress_name", "location_path", "namespace", "service_name", "service_port"];

impl<'a> Around<'a> {
    /// There are none.
    pub(in crate::translate) fn is_empty(&self) -> bool {
        [&self.http, &self.server, &self.outer, &self.location].iter().all(|list| list.iter().all(|(lines, _)| lines.is_empty()))
    }

    /// Something stands in the location itself.
    pub(in crate::translate) fn has_location(&self) -> bool {
        self.location.iter().any(|(lines, _)| !lines.is_empty())
    }

    /// Why a directive changes nothing here; `said` are those of the blocks around.
    pub(super) fn without_effect(&self, here: &Here<'_>, said: &BTreeSet<String>) -> Option<&'static str> {
        let Here { line, .. } = here;
        let name = here.word(0);
        if line.usual && !said.contains(name) {
            return Some("it says what holds without it");
        }
        match line.about {
            About::BackendTls if self.plain => Some("the backend is not spoken to over TLS"),
            About::Cache
                if ["cache_", "no_cache"].iter().any(|part| name.contains(part)) && !self.has(&["proxy_cache", "fastcgi_cache"]) =>
            {
                Some("nothing is cached because of it")
            }
            About::Body if name.starts_with("sub_filter_") && !self.has(&["sub_filter"]) => Some("nothing is replaced because of it"),
            _ => None,
        }
    }

    /// A directive with one of these names stands around.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.levels().iter().flatten().any(|here| !here.line.usual && names.contains(&here.word(0)))
    }

    /// nginx answers with a text somewhere in it.
    pub(super) fn has_texts(&self) -> bool {
        let lists = [&self.http, &self.server, &self.location];
        let lines = lists.into_iter().flatten().flat_map(|(lines, _)| all(lines));
        lines.into_iter().any(|line| matches!(line.directive, Directive::Answer { text: Some(_), .. }))
    }

    /// Type of texts that nginx answers with.
    pub(super) fn content_type(&self) -> String {
        let own =
            self.levels().into_iter().rev().flatten().find_map(|here| here.line.text.strip_prefix("default_type ").map(str::to_owned));
        own.map_or_else(|| "text/html".to_owned(), |text| text.trim_matches(['"', '\'']).to_owned())
    }

    pub(super) fn here<'s>(list: &'s [(&'a [Line], Origin)]) -> Vec<Here<'s>> {
        list.iter().flat_map(|(lines, origin)| lines.iter().map(move |line| Here { line, origin })).collect()
    }

    /// Directives in the order in which they are run, those of the server first.
    pub(super) fn script(&self) -> Vec<Here<'_>> {
        Self::here(&self.server).into_iter().chain(Self::here(&self.location)).collect()
    }

    /// What is known before the first directive of a script: the name of the server, variables that are empty until a snippet sets them,
    /// and those that the controller sets, unless the server's own script, which runs before, looks at them.
    pub(super) fn constants(&self, server: &Server) -> Env {
        let mut env: Env = self.empty().map(|name| (name.clone(), Held::Text(String::new()))).collect();
        if let ServerName::Exact(name) = &server.name {
            env.insert("server_name".to_owned(), Held::Text(name.clone()));
        }
        let early = |name: &str| self.server.iter().any(|(_, origin)| origin.text.contains(name));
        if !SET.iter().any(|name| early(name)) {
            env.extend(self.set.iter().map(|(name, value)| ((*name).to_owned(), Held::Text(value.clone()))));
        }
        env
    }

    /// Variables that only snippets set.
    fn empty(&self) -> impl Iterator<Item = &String> {
        let lines = self.server.iter().chain(&self.location).flat_map(|(lines, _)| all(lines));
        lines.filter_map(|line| match &line.directive {
            Directive::Set { variable, .. } => Some(variable).filter(|name| !is_set_by_controller(name)),
            _ => None,
        })
    }

    /// What a directive about retries asks for, with those beside it: conditions of one block add up, and `off` ends all.
    pub(super) fn again(&self, here: &Here<'_>, level: usize) -> Option<Intent> {
        let name = here.word(0);
        if !["proxy_next_upstream", "proxy_next_upstream_tries"].contains(&name) {
            return None;
        }
        let beside = self.levels().swap_remove(level);
        let lines = |name: &'static str| beside.iter().filter(move |here| here.word(0) == name);
        let written = self.retries.as_ref().filter(|_| self.controller && level == LOCATION);
        let own = lines("proxy_next_upstream").flat_map(|here| here.line.text.split(' ').skip(1));
        let mut words: Vec<&str> = written.map_or("", |(words, _)| words).split_whitespace().chain(own).collect();
        if words.is_empty() {
            words = vec!["error", "timeout"];
        }
        let mut said = BTreeSet::new();
        words.retain(|word| said.insert(*word));
        let tries = lines("proxy_next_upstream_tries").find_map(|here| here.word(1).parse().ok());
        let tries = written.map(|(_, tries)| *tries).or(tries).unwrap_or(0);
        let conditions = if said.contains("off") { "off".to_owned() } else { words.join(" ") };
        Some(Intent::Retry { conditions, tries, seconds: 0 })
    }

    /// Directives that hold for the location, block by block, outermost first.
    pub(super) fn levels(&self) -> Vec<Vec<Here<'_>>> {
        let inherited = |here: &Here<'_>| is_inherited(&here.line.directive);
        let outer = self.outer.iter().map(|block| Self::here(std::slice::from_ref(block)).into_iter().filter(inherited).collect());
        [Self::here(&self.http), Self::here(&self.server)].into_iter().chain(outer).chain([Self::here(&self.location)]).collect()
    }
}

impl<'a> Cx<'a> {
    fn global(&self, key: &str) -> Option<(&'a [Line], Origin)> {
        let globals = &self.config.globals;
        let snippet = globals.snippets.iter().find(|snippet| snippet.key == key)?;
        let subject = globals.config_map.as_ref().map(|map| Subject { object: map.object, field: map.field.child(snippet.key) });
        Some((
            &snippet.code.lines,
            Origin { ingress: None, name: snippet.key, subject, text: snippet.text.clone(), swallows: snippet.code.swallows },
        ))
    }

    /// The snippets around a server.
    pub(in crate::translate) fn around_server(&self, server: &Server) -> Around<'a> {
        let own = server.snippet.and_then(|ingress| {
            let snippets = self.config.ingress(ingress).settings.snippets.as_ref()?;
            let subject = Some(self.annotation(ingress, "server-snippet"));
            let origin = Origin { ingress: Some(ingress), name: "server-snippet", subject, text: snippets.server.clone(), swallows: false };
            Some((snippets.server_code.lines.as_slice(), origin))
        });
        let globals = &self.config.globals.snippets;
        let any = own.is_some() || !globals.is_empty() || server.locations.iter().any(|location| location.settings.snippets.is_some());
        Around {
            http: self.global("http-snippet").into_iter().collect(),
            server: own.into_iter().chain(self.global("server-snippet")).collect(),
            paths: if any { self.paths_of(server) } else { Vec::new() },
            ..Around::default()
        }
    }

    /// What a rewrite in a location of this path may lead to.
    fn others(around: &Around<'_>, path: &str) -> Others {
        let of_controller = around.paths.iter().filter(|(other, _)| other != bare(path)).map(|(_, kind)| *kind);
        let of_snippets = around.server.iter().flat_map(|(lines, _)| lines.iter()).filter_map(|line| match &line.directive {
            Directive::Location { block, .. } if refuses(block) => Some(Others::Guarded),
            Directive::Location { .. } => Some(Others::Open),
            _ => None,
        });
        of_controller.chain(of_snippets).max().unwrap_or_default()
    }

    /// Paths of a server that tell what lies beside any of its locations: of each kind two, as the location itself does not count.
    fn paths_of(&self, server: &Server) -> Vec<(String, Others)> {
        let mut paths: Vec<(String, Others)> = Vec::new();
        for location in &server.locations {
            let (path, kind) = (bare(&location.path), self.kind(location));
            let known = || paths.iter().filter(|(_, other)| *other == kind);
            if known().count() < 2 && known().all(|(other, _)| other != path) {
                paths.push((path.to_owned(), kind));
            }
        }
        paths
    }

    fn kind(&self, location: &Location) -> Others {
        let text = location.settings.snippets.as_ref().is_some_and(|snippets| refuses(&snippets.configuration_code.lines));
        if text || self.is_guarded(location) { Others::Guarded } else { Others::Open }
    }

    /// Somebody is refused at a location itself, and at those inside it.
    fn is_guarded(&self, location: &Location) -> bool {
        let settings = &location.settings;
        let lists = !settings.addresses.allow.is_empty() || !settings.addresses.deny.is_empty();
        let asks = settings.basic_auth.as_ref().is_some_and(|basic| basic.protects())
            || self.config.asks_service(location)
            || settings.auth_tls.is_some();
        let own = |line: &Line| !matches!(line.directive, Directive::Location { .. }) && refuses(std::slice::from_ref(line));
        let text = settings.snippets.as_ref().is_some_and(|snippets| snippets.configuration_code.lines.iter().any(own));
        settings.denied.is_some() || lists || asks || settings.modsecurity.enabled || text
    }

    /// The snippets around a location.
    pub(in crate::translate) fn around_location(&self, around: &Around<'a>, location: &Location) -> Around<'a> {
        let mut around = Around { controller: true, ..around.clone() };
        if location.settings.denied.is_none() {
            self.push_snippets(&mut around, location);
        }
        if around.is_empty() {
            return around;
        }
        let others = Self::others(&around, &location.path);
        let next = &location.settings.proxy.next_upstream;
        Around {
            set: SET.iter().filter_map(|name| Some((*name, self.config.constant(location, name)?))).collect(),
            plain: matches!(location.settings.protocol.value, BackendProtocol::Http | BackendProtocol::Grpc),
            asks: self.config.asks_service(location),
            guarded: self.is_guarded(location),
            rewrites: location.rewrites || location.settings.redirect.fixed.is_some(),
            annotated: annotated(location),
            limits: location.settings.limits.clone(),
            retries: Some((next.conditions.value.clone(), positive(next.tries.value))),
            others,
            compared: vec![compared(location)],
            ..around
        }
    }

    /// The snippets of a location itself.
    fn push_snippets(&self, around: &mut Around<'a>, location: &Location) {
        if let Some(from) = &location.origin
            && let Some(snippets) = &self.config.ingress(from.ingress).settings.snippets
        {
            let subject = Some(self.annotation(from.ingress, "configuration-snippet"));
            let text = snippets.configuration.clone();
            let origin = Origin {
                ingress: Some(from.ingress),
                name: "configuration-snippet",
                subject,
                text,
                swallows: snippets.configuration_code.swallows,
            };
            around.location.push((&snippets.configuration_code.lines, origin));
        }
        around.location.extend(self.global("location-snippet"));
    }
}

/// The list of addresses that the annotations of a location write.
fn annotated(location: &Location) -> Annotated {
    let lists = &location.settings.addresses;
    if !lists.allow.is_empty() {
        Annotated::Decides
    } else if lists.deny.is_empty() {
        Annotated::Nothing
    } else {
        Annotated::Denies(lists.deny.iter().map(ToString::to_string).collect())
    }
}

/// What a location says holds for locations inside it too.
const fn is_inherited(directive: &Directive) -> bool {
    !matches!(directive, Directive::Internal | Directive::Except { .. } | Directive::Pass(_))
}

/// How a location of the controller compares, as one of a snippet would.
fn compared(location: &Location) -> (Compare, String) {
    match location.modifier {
        Modifier::Exact => (Compare::Exact, location.path.clone()),
        Modifier::Prefix => (Compare::Prefix, location.path.clone()),
        Modifier::Regex => (Compare::Regex { caseless: true }, format!("^{}", location.path)),
    }
}

/// A path without final slashes.
fn bare(path: &str) -> &str {
    path.trim_end_matches('/')
}
