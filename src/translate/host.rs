//! One server of nginx as the rules of a host, over plain HTTP and over HTTPS, in the order in which nginx would decide.

use super::{
    changes::is_precise_hostname,
    context::{Cx, differs, no_effect, unmappable},
    paths::{self, NoMatch},
    plan::{Action, Changes, HeaderCondition, HostPlan, Hostname, On, PathRule, Redirect, Rule, TlsPlan},
    shape,
    snippet::{self, Condition},
};
use crate::{
    gateway::Intent,
    k8s::{FieldPath, Subject},
    ledger::{Code, Facts, Settlement},
    nginx::{
        Certificate, IngressId, Location, Modifier, RedirectServer, Server, ServerName, Target,
        settings::{FixedRedirect, VerifyClient},
    },
    targets::RegexForm,
};

/// Whether rules of the host are prefixes or expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A host as Ingress defines it.
    Plain,
    /// A host in regex mode, every path an expression.
    Regex,
    /// A host in regex mode that needs prefixes because a prefix is replaced.
    Tight,
}

impl Cx<'_> {
    /// The rules of a server; `None` where it has none.
    pub(super) fn host(&mut self, server: &Server) -> Option<HostPlan> {
        let hostnames = self.hostnames(server);
        if hostnames.is_empty() {
            return None;
        }
        let mut plan = HostPlan { hostnames, http: Vec::new(), https: Vec::new(), tls_wishes: Vec::new(), passthrough: None };
        if let Some(ingress) = server.passthrough {
            self.passthrough(server, ingress, &mut plan);
        }
        if let Some(ingress) = server.denied {
            let mut rule = self.withheld_host(server, ingress, Code::AccessHostDenied);
            self.wishes.clear();
            if self.keeps(&Intent::Refuse { status: 403 }) {
                self.ask(ingress, &["auth-tls-secret"], &Intent::Refuse { status: 403 }, vec![]);
                rule.action = Action::Answered;
                rule.changes.wishes = self.take_wishes();
            } else {
                self.mark(ingress, &["auth-tls-secret"], &unmappable(Code::AccessHostDenied));
            }
            plan.http = vec![rule.clone()];
            plan.https = vec![rule];
            return Some(plan);
        }
        self.only_name = match plan.hostnames.as_slice() {
            [(Hostname::Name(name), _)] if !name.starts_with('*') => Some(name.clone()),
            _ => None,
        };
        let form = self.form(server);
        plan.http = self.rules(server, form, false);
        if plan.hostnames.iter().all(|(_, tls)| *tls == TlsPlan::None) {
            // nginx serves these over TLS, with a certificate that nobody trusts; what they say is looked at all the same.
            let lost: Vec<Subject> =
                plan.http.iter().filter(|rule| matches!(rule.action, Action::ToHttps { .. })).map(|rule| rule.origin.clone()).collect();
            if !lost.is_empty() {
                self.rules(server, form, true);
            }
            for place in lost.into_iter().filter(|_| plan.passthrough.is_none()) {
                self.mark_path(&place, unmappable(Code::TlsNoCertificate));
            }
        } else {
            plan.https = self.rules(server, form, true);
            self.wishes.clear();
            let lost = self.client_certificates(server, &plan.hostnames);
            plan.tls_wishes = self.take_wishes();
            if let Some(code) = lost {
                let owner = server.client_certificates.as_ref().map_or(IngressId(0), |client| client.ingress);
                plan.https = vec![self.withheld_host(server, owner, code)];
            }
        }
        if plan.http.is_empty() && plan.https.is_empty() {
            plan.http = self.closed_host(server);
            plan.https.clone_from(&plan.http);
        }
        drop_redundant_redirects(&mut plan.http, server.regex);
        (!plan.http.is_empty() || !plan.https.is_empty()).then_some(plan)
    }

    /// A host without rules answers 404 where requests for it would come to a wildcard or to the rules for every host otherwise.
    fn closed_host(&self, server: &Server) -> Vec<Rule> {
        let (Some(owner), ServerName::Exact(name)) = (server.created_by, &server.name) else { return vec![] };
        let caught = |other: &Server| match other.host.strip_prefix('*') {
            Some(suffix) => name.ends_with(suffix),
            None => other.name == ServerName::CatchAll && other.locations.iter().any(|location| !location.implicit),
        };
        let intent = Intent::Answer { status: 404, headers: Vec::new() };
        if !self.config.servers.iter().any(caught) || !self.keeps(&intent) {
            return vec![];
        }
        let changes = Changes { wishes: vec![intent], ..Changes::default() };
        vec![Rule {
            owner,
            origin: Subject::new(self.config.ingress(owner).object, FieldPath::root()),
            path: PathRule::Prefix("/".to_owned()),
            headers: vec![],
            action: Action::Answered,
            changes,
        }]
    }

    fn client_certificates(&mut self, server: &Server, hostnames: &[(Hostname, TlsPlan)]) -> Option<Code> {
        let client = server.client_certificates.as_ref()?;
        let names = &[
            "auth-tls-secret",
            "auth-tls-verify-client",
            "auth-tls-verify-depth",
            "auth-tls-error-page",
            "auth-tls-match-cn",
            "auth-tls-pass-certificate-to-upstream",
        ];
        let settings = &client.settings;
        let mut extras = Vec::new();
        for (name, given) in [
            ("auth-tls-error-page", !settings.error_page.is_empty()),
            ("auth-tls-match-cn", !settings.match_cn.is_empty()),
            ("auth-tls-pass-certificate-to-upstream", settings.pass_certificate),
        ] {
            extras.extend(given.then_some(name));
        }
        let intent = Intent::ClientCertificates {
            secret: client.secret.to_string(),
            required: matches!(settings.verify, VerifyClient::On),
            checked: matches!(settings.verify, VerifyClient::On | VerifyClient::Optional),
            extras,
        };
        let facts = vec![("host", server.host.clone()), ("secret", client.secret.to_string())];
        // A condition on the name in the certificate, and a listener that other hosts use too, need more than a policy of a listener.
        // Nothing is attached to a Gateway that is not ours.
        let foreign = self.options.emission.existing.is_some();
        let unsayable = foreign || !settings.match_cn.is_empty() || hostnames.iter().any(|(_, tls)| *tls == TlsPlan::Shared);
        if unsayable {
            let code = Code::AccessClientCertificates;
            self.mark(client.ingress, names, &unmappable(code));
            let subject = self.annotation(client.ingress, "auth-tls-secret");
            let mut facts = facts;
            facts.push(("target", self.options.target.id().to_owned()));
            self.say(code, Some(subject), facts);
            return Some(code).filter(|_| !self.options.allow_unprotected);
        }
        self.ask(client.ingress, names, &intent, facts).filter(|_| !self.options.allow_unprotected)
    }

    fn withheld_host(&self, server: &Server, owner: IngressId, code: Code) -> Rule {
        let origin = Subject::new(self.config.ingress(owner).object, FieldPath::root());
        let _ = server;
        Rule {
            owner,
            origin,
            path: PathRule::Prefix("/".to_owned()),
            headers: vec![],
            action: Action::Withheld(code),
            changes: Changes::default(),
        }
    }

    /// The names of a server with what serves them over TLS.
    fn hostnames(&mut self, server: &Server) -> Vec<(Hostname, TlsPlan)> {
        let mut names = Vec::with_capacity(1);
        if server.name == ServerName::CatchAll {
            let tls = if self.config.globals.flags.default_ssl_certificate.is_some() { TlsPlan::Shared } else { TlsPlan::None };
            names.push((Hostname::All, tls));
        } else {
            let host = server.host.to_ascii_lowercase();
            if host.starts_with("*.") {
                let subject = server.created_by.map(|id| Subject::new(self.config.ingress(id).object, FieldPath::root()));
                self.say(Code::HostWildcardWidens, subject, vec![("host", host.clone())]);
            }
            if !is_precise_hostname(host.strip_prefix("*.").unwrap_or(&host)) {
                let subject = server.created_by.map(|id| Subject::new(self.config.ingress(id).object, FieldPath::root()));
                self.say(Code::HostUnsayable, subject, vec![("host", host)]);
                return names;
            }
            let tls = self.tls(&host);
            names.push((Hostname::Name(host), tls));
        }
        let Some(from) = server.aliases_from else { return names };
        let mut settled = Settlement::Exact;
        for alias in &server.aliases {
            let name = match &alias.name {
                ServerName::Exact(name) => name.to_ascii_lowercase(),
                ServerName::LeadingWildcard(suffix) => format!("*{suffix}").to_ascii_lowercase(),
                ServerName::TrailingWildcard(_) | ServerName::Regex(_) | ServerName::CatchAll => String::new(),
            };
            if !is_precise_hostname(name.strip_prefix("*.").unwrap_or(&name)) {
                settled = settled.and(unmappable(Code::HostAliasUnsayable));
                let subject = self.annotation(from, "server-alias");
                let ingress = self.ingress_name(from);
                self.say(Code::HostAliasUnsayable, Some(subject), vec![("ingress", ingress), ("value", alias.text.clone())]);
                continue;
            }
            let tls = if server.tls.is_some() && alias.covered {
                names.first().map_or(TlsPlan::None, |(_, tls)| tls.clone())
            } else {
                self.tls(&name)
            };
            if !names.iter().any(|(known, _)| known.text() == Some(&name)) {
                names.push((Hostname::Name(name), tls));
            }
        }
        self.mark(from, &["server-alias"], &settled);
        names
    }

    /// What serves a name over TLS.
    fn tls(&self, name: &str) -> TlsPlan {
        match self.certificate(name) {
            Some(Certificate::Secret(secret)) => TlsPlan::Own(secret.clone()),
            Some(Certificate::Default) | None if self.config.globals.flags.default_ssl_certificate.is_some() => TlsPlan::Shared,
            Some(Certificate::Default) | None => TlsPlan::None,
        }
    }

    fn certificate(&self, name: &str) -> Option<&Certificate> {
        let wildcard = || self.config.certificates.get(&format!("*.{}", name.split_once('.')?.1));
        self.config.certificates.get(name).or_else(wildcard)
    }

    /// ssl-redirect sends plain requests of this host to HTTPS.
    fn host_redirects(&self, server: &Server) -> bool {
        server.name != ServerName::CatchAll && self.certificate(&server.host.to_ascii_lowercase()).is_some()
    }

    fn form(&mut self, server: &Server) -> Form {
        if !server.regex {
            return Form::Plain;
        }
        let needs_prefix = server.locations.iter().any(|location| {
            let target = &location.settings.rewrite.target;
            let path = split_url(target).map_or(target.as_str(), |(_, path)| path);
            location.rewrites
                && !location.implicit
                && path.contains('$')
                && matches!(shape::shape(&location.path).and_then(|shape| shape.change(path)), Some(shape::PathChange::Prefix { .. }))
        });
        let keeps = self.keeps(&Intent::RegexRewrite { pattern: "/(.*)".to_owned(), target: "/$1".to_owned() });
        // Paths beside those whose prefix is stripped would change their meaning as prefixes.
        let others = |location: &Location| {
            !location.implicit
                && location.path != "/"
                && !location.rewrites
                && !shape::shape(&location.path).is_some_and(|shape| shape.is_element())
        };
        self.rewrites_by_regex = needs_prefix && keeps && server.locations.iter().any(others);
        let (code, form) = if needs_prefix && !self.rewrites_by_regex {
            (Code::PathRegexTightened, Form::Tight)
        } else {
            (Code::PathNeedsCaselessRegex, Form::Regex)
        };
        // An implementation whose engine is known keeps the expression as it is.
        let kept = form == Form::Regex && self.options.target.regex_form() != RegexForm::Either;
        for &(ingress, annotation) in &server.regex_because {
            if kept {
                if annotation == "use-regex" {
                    self.mark(ingress, &["use-regex"], &Settlement::Exact);
                }
                continue;
            }
            let (subject, name) = (self.annotation(ingress, annotation), self.ingress_name(ingress));
            self.say(code, Some(subject), vec![("host", server.host.clone()), ("ingress", name), ("annotation", annotation.to_owned())]);
            if annotation == "use-regex" {
                self.mark(ingress, &["use-regex"], &differs(code));
            }
        }
        form
    }

    fn rules(&mut self, server: &Server, form: Form, tls: bool) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        let around = self.around_server(server);
        if let Some((_, ingress)) = server.app_root {
            let root = self.app_root(ingress);
            rules.extend(self.with_snippets(&around, server, vec![root], tls));
        }
        if let Some(owner) = server.created_by {
            rules.extend(self.snippet_locations(&around, server, owner, tls));
        }
        for location in &server.locations {
            // On a host in regex mode the exact copy is an expression too: `^/foo` beside `^/foo/`.
            if location.copy && form != Form::Regex {
                continue;
            }
            let Some(owner) = location.origin.as_ref().map(|origin| origin.ingress) else { continue };
            let paths = match self.path(server, location, form) {
                Ok(paths) => paths,
                Err(NoMatch::Unreachable) => continue,
                Err(NoMatch::Unsayable(code)) => {
                    let subject = location.origin.as_ref().map(|origin| origin.subject.clone());
                    self.say(code, subject, vec![("path", location.path.clone()), ("host", server.host.clone())]);
                    return vec![self.withheld_host(server, server.created_by.unwrap_or(owner), code)];
                }
            };
            let here = self.around_location(&around, location);
            if here.has_location() {
                rules.extend(self.snippet_locations(&here, server, owner, tls));
            }
            self.cors_by_rules = here.is_empty() && self.says_origins(location);
            let mut made = self.location(server, location, owner, paths.clone(), tls);
            if self.cors_by_rules {
                made = self.with_origins(location, owner, &paths, made);
            }
            let made = self.with_snippets(&here, server, made, tls);
            if server.app_root.is_some() {
                rules.extend(made.into_iter().filter(|rule| rule.path != PathRule::Exact("/".to_owned())));
            } else {
                rules.extend(made);
            }
        }
        rules.extend(self.own_pages(server, &rules));
        if form == Form::Plain {
            let slashes = self.trailing_slashes(server);
            rules.extend(slashes);
        }
        let mut rules = self.with_refusals_of_all(server, rules);
        self.guard_expressions(&mut rules);
        drop_shadowed(&mut rules);
        for rule in &rules {
            let settlement = match (&rule.action, form, &rule.path) {
                (Action::Withheld(code), _, _) => unmappable(*code),
                (_, Form::Regex, PathRule::Regex(_)) if self.options.target.regex_form() == RegexForm::Either => {
                    differs(Code::PathNeedsCaselessRegex)
                }
                (_, Form::Tight, PathRule::Prefix(path)) if path != "/" => differs(Code::PathRegexTightened),
                (Action::Forward(_) | Action::Redirect(_) | Action::ToHttps { .. } | Action::Answered, _, _) => Settlement::Exact,
            };
            self.mark_path(&rule.origin, settlement);
        }
        rules
    }

    /// Pages of nginx itself on the server for every other host: the health check, and the status that only nginx may see.
    fn own_pages(&self, server: &Server, rules: &[Rule]) -> Vec<Rule> {
        let Some(first) = rules.first().filter(|_| server.name == ServerName::CatchAll && !server.regex) else { return vec![] };
        let health = self.config.globals.flags.health_check_path.as_str();
        let mut pages = Vec::new();
        for (path, status) in [(health, 200), ("/nginx_status", 403)] {
            let intent = Intent::Answer { status, headers: Vec::new() };
            let Ok(path) = paths::prefix(path) else { continue };
            if path == PathRule::Prefix("/".to_owned()) || !self.keeps(&intent) {
                continue;
            }
            let changes = Changes { wishes: vec![intent], ..Changes::default() };
            pages.push(Rule { path, headers: vec![], action: Action::Answered, changes, ..first.clone() });
        }
        pages
    }

    fn app_root(&mut self, ingress: IngressId) -> Rule {
        let root = self.with_name(&self.config.ingress(ingress).settings.rewrite.app_root).into_owned();
        let origin = self.annotation(ingress, "app-root");
        let action = if root.contains('$') {
            let code = self.ask(ingress, &["app-root"], &Intent::Variables { text: root.clone() }, vec![("value", root)]);
            code.map_or(Action::Withheld(Code::HeaderVariables), Action::Withheld)
        } else {
            let intent = Intent::FixedRedirect { url: root.clone(), status: 302, headers: vec![] };
            if self.keeps(&intent) {
                self.wishes.clear();
                self.ask(ingress, &["app-root"], &intent, vec![]);
                let changes = Changes { wishes: self.take_wishes(), ..Changes::default() };
                let path = PathRule::Exact("/".to_owned());
                return Rule { owner: ingress, origin, path, headers: vec![], action: Action::Answered, changes };
            }
            self.mark(ingress, &["app-root"], &differs(Code::RedirectQueryKept));
            let name = self.ingress_name(ingress);
            self.say(Code::RedirectQueryKept, Some(origin.clone()), vec![("ingress", name), ("annotation", "app-root".to_owned())]);
            Action::Redirect(Redirect { scheme: None, hostname: None, port: None, path: Some(root), prefix: false, status: 302 })
        };
        Rule { owner: ingress, origin, path: PathRule::Exact("/".to_owned()), headers: vec![], action, changes: Changes::default() }
    }

    /// The matches of a location; several where the bare prefix is treated in another way.
    fn path(&mut self, server: &Server, location: &Location, form: Form) -> Result<Vec<PathRule>, NoMatch> {
        match (form, location.modifier) {
            (Form::Plain, Modifier::Exact) => Ok(vec![PathRule::Exact(paths::literal(&location.path)?)]),
            (Form::Plain, Modifier::Prefix) => Ok(vec![paths::prefix(&location.path)?]),
            (Form::Plain, Modifier::Regex) | (Form::Regex, _) => Ok(vec![paths::regex(&location.path, self.options.target.regex_form())?]),
            (Form::Tight, _) => {
                if location.path == "/" {
                    return Ok(vec![PathRule::Prefix("/".to_owned())]);
                }
                if let Some(path) = paths::tight(&location.path) {
                    let path = path?;
                    let bare = shape::shape(&location.path)
                        .filter(super::shape::Shape::is_element)
                        .and_then(|shape| shape.change(&location.settings.rewrite.target))
                        .is_some_and(|change| matches!(change, shape::PathChange::Prefix { bare: Some(_), .. }));
                    let exact = match &path {
                        PathRule::Prefix(value) if bare && value != "/" => Some(PathRule::Exact(value.clone())),
                        PathRule::Prefix(_) | PathRule::Exact(_) | PathRule::Regex(_) => None,
                    };
                    return Ok(exact.into_iter().chain([path]).collect());
                }
                let regex = paths::regex(&location.path, self.options.target.regex_form())?;
                let subject = location.origin.as_ref().map(|origin| origin.subject.clone());
                self.say(Code::PathRegexBesidePrefix, subject, vec![("path", location.path.clone()), ("host", server.host.clone())]);
                Ok(vec![regex])
            }
        }
    }

    /// What a location does, phase by phase (section 7 of the routing reference).
    fn location(&mut self, server: &Server, location: &Location, owner: IngressId, paths: Vec<PathRule>, tls: bool) -> Vec<Rule> {
        self.wishes.clear();
        let settings = &location.settings;
        let origin = location.origin.as_ref().map_or_else(|| self.annotation(owner, ""), |origin| origin.subject.clone());
        let rules = |action: &Action, changes: &Changes| -> Vec<Rule> {
            paths
                .iter()
                .map(|path| Rule {
                    owner,
                    origin: origin.clone(),
                    path: path.clone(),
                    headers: vec![],
                    action: action.clone(),
                    changes: changes.clone(),
                })
                .collect()
        };
        if let Some(denied) = settings.denied.as_ref().filter(|_| self.keeps(&Intent::Refuse { status: 503 })) {
            self.ask(owner, &[denied.annotation], &Intent::Refuse { status: 503 }, vec![]);
            let changes = Changes { wishes: self.take_wishes(), ..Changes::default() };
            return rules(&Action::Answered, &changes);
        }
        if let Some(denied) = &settings.denied {
            self.mark(owner, &[denied.annotation], &unmappable(Code::AccessLocationDenied));
            let (subject, name) = (self.annotation(owner, denied.annotation), self.ingress_name(owner));
            self.say(
                Code::AccessLocationDenied,
                Some(subject),
                vec![("ingress", name), ("annotation", denied.annotation.to_owned()), ("error", denied.why.clone())],
            );
            return rules(&Action::Withheld(Code::AccessLocationDenied), &Changes::default());
        }
        if let Some(fixed) = &settings.redirect.fixed {
            let mut changes = self.hsts(tls);
            let action = self.fixed_redirect(owner, fixed, &mut changes);
            return rules(&action, &changes);
        }
        if let Some(action) = self.rewrite_to_url(owner, location) {
            return rules(&action, &self.hsts(tls));
        }
        if !tls
            && !location.no_tls_redirect
            && (settings.rewrite.force_ssl_redirect.value || (settings.rewrite.ssl_redirect.value && self.host_redirects(server)))
        {
            self.settle_https_redirect(owner, location);
            let status = self.redirect_status(self.config.globals.redirect_code.value);
            let redirects = rules(&Action::ToHttps { status }, &Changes::default());
            if !*self.config.globals.forwarded.trusted {
                return redirects;
            }
            let content = self.location_content(server, location, owner, &rules, tls);
            return behind_tls_of_others(content, redirects);
        }
        self.location_content(server, location, owner, &rules, tls)
    }

    /// What serves a location, unless it redirects.
    fn location_content(
        &mut self,
        server: &Server,
        location: &Location,
        owner: IngressId,
        rules: &dyn Fn(&Action, &Changes) -> Vec<Rule>,
        tls: bool,
    ) -> Vec<Rule> {
        let settings = &location.settings;
        // The built-in default backend answers 404, as Gateway API does where no rule matches.
        if location.implicit && location.target == Target::Default && self.default_backend().is_none() {
            return self.built_in_page(location, rules);
        }
        self.residue(owner, server, location);
        if let Some(code) = self.lost_access_control(owner, server, location) {
            return rules(&Action::Withheld(code), &Changes::default());
        }
        let spoken = self.protocol(owner, server, location, tls);
        let changes = match spoken.and_then(|spoken| Ok((spoken, self.changes(owner, location, tls)?))) {
            Ok(((wire, backend_tls), changes)) => Changes { wire, backend_tls, wishes: self.take_wishes(), ..changes },
            Err(code) => return rules(&Action::Withheld(code), &Changes::default()),
        };
        let bare = shape::shape(&location.path).and_then(|shape| shape.change(&settings.rewrite.target));
        let forward = |mut rule: Rule| {
            if let (PathRule::Exact(_), Some(shape::PathChange::Prefix { bare: Some(bare), .. })) = (&rule.path, &bare) {
                rule.changes.path = Some(super::plan::PathModifier::Full(bare.clone()));
            }
            if let (PathRule::Regex(_), Some(super::plan::PathModifier::Prefix(_))) = (&rule.path, &rule.changes.path) {
                rule.action = Action::Withheld(Code::RewriteNeedsCaptures);
                rule.changes = Changes::default();
                return vec![rule];
            }
            self.forward(rule, &location.target)
        };
        rules(&Action::Withheld(Code::BackendGone), &changes).into_iter().flat_map(forward).collect()
    }

    /// What the built-in default backend answers where an error page makes another status of its 404.
    fn built_in_page(&self, location: &Location, rules: &dyn Fn(&Action, &Changes) -> Vec<Rule>) -> Vec<Rule> {
        let status = self.config.built_in_status();
        let intent = Intent::Answer { status, headers: Vec::new() };
        if status == 404 || !self.keeps(&intent) || !location.path.starts_with('/') {
            return vec![];
        }
        rules(&Action::Answered, &Changes { wishes: vec![intent], ..Changes::default() })
    }

    fn hsts(&self, tls: bool) -> Changes {
        let of_rules = tls && !self.options.target.sets_headers_of_listeners();
        let header = self.config.globals.hsts.header().filter(|_| of_rules);
        Changes {
            response_headers: header.into_iter().map(|value| ("Strict-Transport-Security".to_owned(), value)).collect(),
            ..Changes::default()
        }
    }

    fn settle_https_redirect(&mut self, owner: IngressId, location: &Location) {
        let rewrite = &location.settings.rewrite;
        let settled = if rewrite.preserve_trailing_slash.value { Settlement::Exact } else { differs(Code::RedirectTrailingSlash) };
        self.mark(owner, &["ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash"], &settled);
        if !rewrite.preserve_trailing_slash.value {
            self.say(Code::RedirectTrailingSlash, None, vec![]);
        }
    }

    fn fixed_redirect(&mut self, owner: IngressId, fixed: &FixedRedirect, changes: &mut Changes) -> Action {
        let names: &[&'static str] = if fixed.annotation == "temporal-redirect" {
            &["temporal-redirect", "temporal-redirect-code"]
        } else {
            &["permanent-redirect", "permanent-redirect-code"]
        };
        let subject = self.annotation(owner, fixed.annotation);
        let facts: Facts =
            vec![("ingress", self.ingress_name(owner)), ("annotation", fixed.annotation.to_owned()), ("value", fixed.url.clone())];
        let headers = std::mem::take(&mut changes.response_headers);
        let intent = Intent::FixedRedirect { url: fixed.url.clone(), status: fixed.status, headers: headers.clone() };
        let redirects =
            (300..400).contains(&fixed.status) && !fixed.url.contains('$') && (fixed.url.contains("://") || fixed.url.starts_with('/'));
        if redirects && self.keeps(&intent) {
            self.ask(owner, names, &intent, facts);
            changes.wishes = self.take_wishes();
            return Action::Answered;
        }
        changes.response_headers = headers;
        if let Some(mut redirect) = redirect_with_target(&fixed.url, fixed.status) {
            redirect.status = self.redirect_status(redirect.status);
            self.mark(owner, names, &Settlement::Exact);
            Action::Redirect(redirect)
        } else if let Some(mut redirect) = redirect_to(&fixed.url, fixed.status) {
            redirect.status = self.redirect_status(redirect.status);
            self.mark(owner, names, &differs(Code::RedirectQueryKept));
            self.say(Code::RedirectQueryKept, Some(subject), facts);
            Action::Redirect(redirect)
        } else {
            self.mark(owner, names, &unmappable(Code::RedirectUnsayable));
            self.say(Code::RedirectUnsayable, Some(subject), facts);
            Action::Withheld(Code::RedirectUnsayable)
        }
    }

    /// A rewrite target with a scheme is a redirect.
    fn rewrite_to_url(&mut self, owner: IngressId, location: &Location) -> Option<Action> {
        let target = &*self.with_name(&location.settings.rewrite.target).into_owned();
        if !location.rewrites || !(target.starts_with("http://") || target.starts_with("https://") || target.starts_with("$scheme")) {
            return None;
        }
        // Groups that a path does not have are empty.
        let target = if shape::is_literal(&location.path) { without_groups(target) } else { target.to_owned() };
        let target = target.as_str();
        if let Some(redirect) = (!target.contains('$')).then(|| redirect_to(target, 302)).flatten() {
            self.mark(owner, &["rewrite-target"], &Settlement::Exact);
            return Some(Action::Redirect(redirect));
        }
        if let Some(redirect) = redirect_with_rest(&location.path, target).filter(|redirect| !redirect.prefix || !self.rewrites_by_regex) {
            self.mark(owner, &["rewrite-target"], &Settlement::Exact);
            return Some(Action::Redirect(redirect));
        }
        let intent = Intent::RegexRewrite { pattern: location.path.clone(), target: target.to_owned() };
        let facts = vec![("path", location.path.clone()), ("value", target.to_owned())];
        self.ask(owner, &["rewrite-target"], &intent, facts).map(Action::Withheld)
    }

    /// nginx redirects `/foo` to `/foo/` where only the latter has a location.
    fn trailing_slashes(&self, server: &Server) -> Vec<Rule> {
        let exact: std::collections::BTreeSet<&str> = server
            .locations
            .iter()
            .filter(|location| location.modifier == Modifier::Exact)
            .map(|location| location.path.as_str())
            .collect();
        let mut rules = Vec::new();
        for location in &server.locations {
            let Some(bare) = location.path.strip_suffix('/').filter(|bare| !bare.is_empty()) else { continue };
            let Some(origin) = &location.origin else { continue };
            let known = |rule: &Rule| matches!(&rule.path, PathRule::Exact(path) if path == bare);
            if exact.contains(bare) || location.settings.denied.is_some() || rules.iter().rev().take(1).any(known) {
                continue;
            }
            let (Ok(from), Ok(to)) = (paths::literal(bare), paths::literal(&location.path)) else { continue };
            let redirect = Redirect { scheme: None, hostname: None, port: None, path: Some(to), prefix: false, status: 301 };
            rules.push(Rule {
                owner: origin.ingress,
                origin: origin.subject.clone(),
                path: PathRule::Exact(from),
                headers: vec![],
                action: Action::Redirect(redirect),
                changes: Changes::default(),
            });
        }
        rules
    }

    /// A redirect between a name and its `www.` form.
    pub(super) fn www(&mut self, server: &RedirectServer) -> HostPlan {
        let origin = self.annotation(server.ingress, "from-to-www-redirect");
        self.mark(server.ingress, &["from-to-www-redirect"], &differs(Code::RedirectPortDropped));
        let ingress = self.ingress_name(server.ingress);
        self.say(Code::RedirectPortDropped, Some(origin.clone()), vec![("ingress", ingress)]);
        let redirect = Redirect {
            scheme: None,
            hostname: Some(server.to.to_ascii_lowercase()),
            port: None,
            path: None,
            prefix: false,
            status: self.redirect_status(self.config.globals.redirect_code.value),
        };
        let rule = Rule {
            owner: server.ingress,
            origin,
            path: PathRule::Prefix("/".to_owned()),
            headers: vec![],
            action: Action::Redirect(redirect),
            changes: Changes::default(),
        };
        let name = server.from.to_ascii_lowercase();
        let tls = match &server.certificate {
            Some(Certificate::Secret(secret)) => TlsPlan::Own(secret.clone()),
            Some(Certificate::Default) | None => self.assumed_certificate(server, &name).unwrap_or_else(|| self.tls(&name)),
        };
        let https = if tls == TlsPlan::None { vec![] } else { vec![rule.clone()] };
        HostPlan { hostnames: vec![(Hostname::Name(name), tls)], http: vec![rule], https, tls_wishes: Vec::new(), passthrough: None }
    }

    /// A Secret that was not read is taken to cover the names that `spec.tls` lists for it.
    fn assumed_certificate(&self, server: &RedirectServer, name: &str) -> Option<TlsPlan> {
        let Some(Certificate::Secret(secret)) = self.certificate(&server.to.to_ascii_lowercase()) else { return None };
        let ingress = self.inventory_ingress(self.config.server(&server.to)?.tls.as_ref()?.ingress?)?;
        let listed = ingress
            .tls
            .iter()
            .any(|entry| entry.secret_name == secret.name && entry.hosts.iter().any(|host| host.eq_ignore_ascii_case(name)));
        (listed && !self.inventory.secrets.contains_key(secret)).then(|| TlsPlan::Own(secret.clone()))
    }

    /// `from-to-www-redirect` where the other name has rules of its own.
    pub(super) fn settle_www(&mut self) {
        for server in &self.config.servers {
            if let Some(ingress) = server.www.filter(|ingress| !self.config.redirects.iter().any(|redirect| redirect.ingress == *ingress)) {
                self.mark(ingress, &["from-to-www-redirect"], &no_effect("the other name has rules of its own"));
            }
        }
    }
}

/// A URL that ends with the target of the request: only scheme and host change. `None` where it is another one.
fn redirect_with_target(url: &str, status: u16) -> Option<Redirect> {
    let base = url.strip_suffix("$request_uri")?;
    let (scheme, authority) = base.split_once("://").filter(|(_, authority)| !authority.contains('/'))?;
    let keeps_scheme = scheme == "$scheme";
    let keeps_host = matches!(authority, "$host" | "$http_host");
    let host = if keeps_host { "host.invalid" } else { authority };
    let plain = redirect_to(&format!("{}://{host}", if keeps_scheme { "http" } else { scheme }), status)?;
    Some(Redirect {
        scheme: if keeps_scheme { None } else { plain.scheme },
        hostname: if keeps_host { None } else { plain.hostname },
        port: plain.port,
        path: None,
        prefix: false,
        status,
    })
}

/// A template in which no group holds anything.
fn without_groups(target: &str) -> String {
    let mut text = target.to_owned();
    for digit in '1'..='9' {
        text = text.replace(['$', digit].iter().collect::<String>().as_str(), "");
    }
    text
}

/// Scheme and authority of a URL, and the rest.
fn split_url(url: &str) -> Option<(&str, &str)> {
    let authority = url.find("://")? + 3;
    let path = url[authority..].find('/')?;
    Some(url.split_at(authority + path))
}

/// A rewrite to a URL with what follows the literal part of the path; `None` where a redirect filter cannot say it.
fn redirect_with_rest(path: &str, target: &str) -> Option<Redirect> {
    let (base, rest) = split_url(target)?;
    let redirect = redirect_to(base, 302)?;
    match shape::shape(path)?.change(rest)? {
        shape::PathChange::Same => Some(Redirect { path: None, ..redirect }),
        shape::PathChange::Prefix { replacement, bare: None } => {
            let replacement = if replacement.is_empty() { "/".to_owned() } else { replacement };
            Some(Redirect { path: Some(replacement), prefix: true, ..redirect })
        }
        shape::PathChange::Prefix { bare: Some(_), .. } | shape::PathChange::Full(_) => None,
    }
}

/// A URL, or a path, as the redirect filter says it; `None` where it cannot.
pub(super) fn redirect_to(url: &str, status: u16) -> Option<Redirect> {
    if ![301, 302, 303, 307, 308].contains(&status) || url.contains(['?', '#']) {
        return None;
    }
    if url.starts_with('/') {
        return Some(Redirect { scheme: None, hostname: None, port: None, path: Some(url.to_owned()), prefix: false, status });
    }
    let (scheme, rest) = url.split_once("://")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => "http",
        "https" => "https",
        _ => return None,
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|&port| port > 0)?)),
        None => (authority, None),
    };
    let host = host.to_ascii_lowercase();
    if !is_precise_hostname(&host) {
        return None;
    }
    let path = if path.is_empty() { "/" } else { path };
    let port = port.filter(|&port| port != if scheme == "http" { 80 } else { 443 });
    Some(Redirect { scheme: Some(scheme), hostname: Some(host), port, path: Some(path.to_owned()), prefix: false, status })
}

/// Where proxies in front are trusted, only what they do not say came over TLS is redirected (`redirect_to_https` of the controller).
fn behind_tls_of_others(content: Vec<Rule>, redirects: Vec<Rule>) -> Vec<Rule> {
    // Every value but `http`; expressions of gateways have no complement.
    let value = "(?:[^h]|h[^t]|ht[^t]|htt[^p]|http.).*|h|ht|htt".to_owned();
    let said = HeaderCondition { on: On::Header, name: "X-Forwarded-Proto".to_owned(), value, regex: true };
    let content =
        content.into_iter().filter_map(|mut rule| snippet::restrict(&mut rule, &[Condition::Field(said.clone())]).then_some(rule));
    snippet::closed(content.chain(redirects).collect())
}

/// Keeps the first of rules with the same match: nginx never reaches the others.
fn drop_shadowed(rules: &mut Vec<Rule>) {
    let mut seen = std::collections::BTreeSet::new();
    let first: Vec<bool> = rules.iter().map(|rule| seen.insert((&rule.path, &rule.headers))).collect();
    keep(rules, first);
}

/// A redirect to HTTPS is redundant below a shorter prefix that redirects as well.
fn drop_redundant_redirects(rules: &mut Vec<Rule>, regex: bool) {
    let to_https = |rule: &Rule| matches!(rule.action, Action::ToHttps { .. });
    if regex {
        if let Some(root) = rules.iter().find(|rule| rule.path == PathRule::Prefix("/".to_owned())).cloned()
            && rules.iter().all(|rule| rule.same_action(&root) && to_https(rule))
        {
            *rules = vec![root];
        }
        return;
    }
    let prefixes: std::collections::BTreeMap<&str, (bool, &Action)> = rules
        .iter()
        .filter_map(|rule| match &rule.path {
            PathRule::Prefix(path) => Some((path.as_str(), (rule.headers.is_empty() && to_https(rule), &rule.action))),
            PathRule::Exact(_) | PathRule::Regex(_) => None,
        })
        .collect();
    // A prefix that treats some requests in another way covers nothing.
    let divided: std::collections::BTreeSet<&str> = rules
        .iter()
        .filter(|rule| !rule.headers.is_empty())
        .filter_map(|rule| match &rule.path {
            PathRule::Prefix(path) => Some(path.as_str()),
            PathRule::Exact(_) | PathRule::Regex(_) => None,
        })
        .collect();
    let needed = |rule: &Rule| {
        let path = match &rule.path {
            PathRule::Prefix(path) => path.as_str(),
            PathRule::Exact(path) => path.as_str(),
            PathRule::Regex(_) => return true,
        };
        if !to_https(rule) || !rule.headers.is_empty() || (path == "/" && matches!(rule.path, PathRule::Prefix(_))) {
            return true;
        }
        let covering = ancestors(path, matches!(rule.path, PathRule::Exact(_))).find(|prefix| prefixes.contains_key(prefix));
        let covering = covering.filter(|prefix| !divided.contains(prefix)).and_then(|prefix| prefixes.get(prefix));
        !covering.is_some_and(|(redirects, action)| *redirects && **action == rule.action)
    };
    let needed: Vec<bool> = rules.iter().map(needed).collect();
    keep(rules, needed);
}

/// Keeps the rules that are marked, and no room for others: there are many hosts.
fn keep(rules: &mut Vec<Rule>, marked: Vec<bool>) {
    let mut marked = marked.into_iter();
    rules.retain(|_| marked.next() == Some(true));
    rules.shrink_to_fit();
}

/// Prefixes that cover a path, longest first; the path itself only where it is an exact one.
fn ancestors(path: &str, itself: bool) -> impl Iterator<Item = &str> {
    let whole = (itself && path.len() > 1).then(|| path.trim_end_matches('/'));
    let cuts = path.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
    whole
        .into_iter()
        .chain(cuts.into_iter().rev().map(move |at| if at == 0 { "/" } else { &path[..at] }))
        .filter(move |prefix| itself || *prefix != path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_with_a_query_cannot_be_said() {
        assert_eq!(redirect_to("https://new.example/x?a=1", 301), None);
    }

    #[test]
    fn url_without_path_leads_to_the_root() {
        let redirect = redirect_to("https://New.example", 301).expect("redirect");
        assert_eq!((redirect.hostname.as_deref(), redirect.path.as_deref()), (Some("new.example"), Some("/")));
    }

    #[test]
    fn only_scheme_and_host_change_before_the_target_of_the_request() {
        let redirect = redirect_with_target("https://new.example$request_uri", 301).expect("redirect");
        assert_eq!((redirect.scheme, redirect.hostname.as_deref(), redirect.path), (Some("https"), Some("new.example"), None));
        let redirect = redirect_with_target("https://$host$request_uri", 308).expect("redirect");
        assert_eq!((redirect.scheme, redirect.hostname), (Some("https"), None));
        assert_eq!(redirect_with_target("https://new.example/x$request_uri", 301), None);
        assert_eq!(redirect_with_target("https://new.example/$request_uri", 301), None);
    }

    #[test]
    fn the_rest_of_a_path_follows_another_url() {
        let redirect = redirect_with_rest("/go/(.*)", "https://new.example/in/$1").expect("redirect");
        assert_eq!((redirect.hostname.as_deref(), redirect.path.as_deref(), redirect.prefix), (Some("new.example"), Some("/in"), true));
        let redirect = redirect_with_rest("/(.*)", "https://new.example/$1").expect("redirect");
        assert_eq!((redirect.path, redirect.prefix), (None, false));
        assert_eq!(redirect_with_rest("/(a|b)", "https://new.example/$1"), None);
        assert_eq!(redirect_with_rest("/go/(.*)", "https:/$1"), None);
    }

    #[test]
    fn codes_that_the_filter_does_not_know_cannot_be_said() {
        assert_eq!(redirect_to("https://new.example/", 304), None);
    }

    #[test]
    fn ancestors_are_whole_elements() {
        assert_eq!(ancestors("/a/b", false).collect::<Vec<_>>(), ["/a", "/"]);
        assert_eq!(ancestors("/a/b", true).collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
    }
}
