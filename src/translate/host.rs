//! One server of nginx as the rules of a host, over plain HTTP and over HTTPS, in the order in which nginx would decide.

use std::collections::BTreeSet;

use super::{
    backends::ALL_CANARY,
    context::{Certified, Cx, differs, unmappable},
    handshakes::CLIENT_CERTIFICATES,
    paths::{self, NoMatch},
    plan::{Action, Changed, Changes, HostPlan, Hostname, PathRule, Rule, TlsPlan},
    reach,
    redirects::split_url,
    redundant::{drop_redundant_redirects, drop_shadowed},
    shape,
};
use crate::{
    gateway::{Intent, dialect::Hazard},
    k8s::{FieldPath, Subject},
    ledger::{Code, Settlement},
    nginx::{IngressId, Location, Modifier, Server, ServerName, Target},
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
    /// A host in regex mode whose implementation takes no expressions: each is written out.
    Spelled,
}

/// What nginx says to everybody whom a whole host refuses.
const REFUSAL: Intent = Intent::Refuse { status: 403 };

impl Cx<'_> {
    /// The rules of a server; none where it has none, and two where ssl-redirect takes some of its names only.
    pub(super) fn hosts(&mut self, server: &Server) -> Vec<HostPlan> {
        let hostnames = self.hostnames(server);
        let Some((first, _)) = hostnames.first() else { return vec![] };
        let main = self.certified(first);
        let depends = server.locations.iter().any(|location| {
            let rewrite = &location.settings.rewrite;
            rewrite.ssl_redirect.value && !rewrite.force_ssl_redirect.value && !location.no_tls_redirect
        });
        let is_alike = |(hostname, _): &(Hostname, TlsPlan)| !depends || self.certified(hostname) == main;
        let (alike, others) = if hostnames.iter().all(is_alike) { (hostnames, vec![]) } else { hostnames.into_iter().partition(is_alike) };
        let mut plans = Vec::new();
        for (names, certified) in [(alike, main), (others, main.other())] {
            if !names.is_empty() {
                self.certified = certified;
                plans.extend(self.host(server, names));
            }
        }
        for rule in plans.iter_mut().flat_map(|plan| plan.http.iter_mut().chain(&mut plan.https)) {
            rule.changes.share(&mut self.last_changes);
        }
        plans
    }

    /// Whether a name has a certificate; every host has none of its own.
    fn certified(&self, hostname: &Hostname) -> Certified {
        if hostname.text().is_some_and(|name| self.certificate(name).is_some()) { Certified::Yes } else { Certified::No }
    }

    /// The rules of names of a server that ssl-redirect takes alike.
    fn host(&mut self, server: &Server, hostnames: Vec<(Hostname, TlsPlan)>) -> Option<HostPlan> {
        let mut plan = HostPlan { hostnames, http: Vec::new(), https: Vec::new(), tls_wishes: Vec::new(), passthrough: None };
        let own_name =
            plan.hostnames.iter().any(|(hostname, _)| hostname.text().is_none_or(|name| name.eq_ignore_ascii_case(&server.host)));
        if let Some(ingress) = server.passthrough.filter(|_| own_name) {
            self.passthrough(server, ingress, &mut plan);
        }
        if let Some(ingress) = server.denied {
            let rule = self.refused_host(ingress, Code::AccessHostDenied);
            if rule.action == Action::Answered {
                self.ask(ingress, &["auth-tls-secret"], &REFUSAL, vec![]);
            } else {
                self.mark(ingress, &["auth-tls-secret"], &unmappable(Code::AccessHostDenied));
            }
            self.wishes.clear();
            plan.http = vec![rule.clone()];
            plan.https = vec![rule];
            return Some(plan);
        }
        self.only_name = match plan.hostnames.as_slice() {
            [(Hostname::Name(name), _)] if !name.starts_with('*') => Some(name.clone()),
            _ => None,
        };
        self.named = plan.hostnames.iter().all(|(name, _)| name.is_precise());
        let form = self.form(server);
        self.expressions = form == Form::Regex;
        let never = reach::never_reached(server);
        plan.http = self.rules(server, form, false, &never);
        let mut refused = Code::AccessClientCertificates;
        if plan.hostnames.iter().all(|(_, tls)| *tls == TlsPlan::None) {
            // nginx serves these over TLS, with a certificate that nobody trusts; what they say is looked at all the same.
            let lost: Vec<Subject> =
                plan.http.iter().filter(|rule| matches!(rule.action, Action::ToHttps { .. })).map(|rule| rule.origin.clone()).collect();
            // TLS that passes unread asks nobody.
            if !lost.is_empty() && plan.passthrough.is_none() {
                self.rules(server, form, true, &never);
            }
            for place in lost.into_iter().filter(|_| plan.passthrough.is_none()) {
                self.mark_path(&place, unmappable(Code::TlsNoCertificate));
            }
            if let Some(client) = server.client_certificates.as_ref().filter(|client| own_name && client.are_asked()) {
                self.mark(client.ingress, CLIENT_CERTIFICATES, &unmappable(Code::TlsNoCertificate));
            }
        } else {
            plan.https = self.rules(server, form, true, &never);
            self.wishes.clear();
            let lost = self.client_certificates(server, &plan.hostnames);
            self.ciphers(server, &plan.hostnames);
            plan.tls_wishes = self.take_wishes();
            if let Some(code) = lost {
                let owner = server.client_certificates.as_ref().map_or(IngressId(0), |client| client.ingress);
                plan.https = vec![self.withheld_host(owner, code)];
                refused = code;
            }
        }
        let subject = server.client_certificates.as_ref().filter(|client| !client.settings.match_cn.is_empty());
        if let Some(client) = subject.filter(|_| !self.options.allow_unprotected) {
            // Nobody shows a certificate over plain HTTP: everybody is refused there, before any redirect.
            plan.http = vec![self.refused_host(client.ingress, refused)];
        }
        if plan.http.is_empty() && plan.https.is_empty() {
            plan.http = self.closed_host(server);
            plan.https.clone_from(&plan.http);
        }
        drop_redundant_redirects(&mut plan.http, server.regex);
        // All plans are there at the same time.
        plan.http.shrink_to_fit();
        plan.https.shrink_to_fit();
        (!plan.http.is_empty() || !plan.https.is_empty()).then_some(plan)
    }

    /// A host without rules answers 404 where requests for it would come to a wildcard or to the rules for every host otherwise.
    fn closed_host(&self, server: &Server) -> Vec<Rule> {
        let (Some(owner), ServerName::Exact(name)) = (server.created_by, &server.name) else { return vec![] };
        let caught = |other: &Server| match other.host.strip_prefix('*') {
            Some(suffix) => name.ends_with(suffix),
            None => other.name == ServerName::CatchAll && other.locations.iter().any(|location| !location.implicit),
        };
        let intent = Intent::Answer { status: 404, headers: Vec::new(), body: None };
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
            changes: changes.into(),
        }]
    }

    /// A rule that refuses everybody with 403 where the target can say so, and serves nobody elsewhere.
    fn refused_host(&self, owner: IngressId, code: Code) -> Rule {
        let mut rule = self.withheld_host(owner, code);
        if self.keeps(&REFUSAL) {
            rule.action = Action::Answered;
            rule.changes.wishes = vec![REFUSAL];
        }
        rule
    }

    fn withheld_host(&self, owner: IngressId, code: Code) -> Rule {
        let origin = Subject::new(self.config.ingress(owner).object, FieldPath::root());
        Rule {
            owner,
            origin,
            path: PathRule::Prefix("/".to_owned()),
            headers: vec![],
            action: Action::Withheld(code),
            changes: Changed::default(),
        }
    }

    fn form(&mut self, server: &Server) -> Form {
        if !server.regex {
            return Form::Plain;
        }
        if self.spells_paths() {
            self.rewrites_by_regex = false;
            self.say_form(server, Code::PathRegexSpelled);
            return Form::Spelled;
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
        if form == Form::Regex && self.options.target.regex_form() != RegexForm::Either {
            for &(ingress, _) in server.regex_because.iter().filter(|(_, annotation)| *annotation == "use-regex") {
                self.mark(ingress, &["use-regex"], &Settlement::Exact);
            }
        } else {
            self.say_form(server, code);
        }
        form
    }

    /// Says that a host in regex mode has another form.
    fn say_form(&mut self, server: &Server, code: Code) {
        for &(ingress, annotation) in &server.regex_because {
            let (subject, name) = (self.annotation(ingress, annotation), self.ingress_name(ingress));
            self.say(code, Some(subject), vec![("host", server.host.clone()), ("ingress", name), ("annotation", annotation.to_owned())]);
            if annotation == "use-regex" {
                self.mark(ingress, &["use-regex"], &differs(code));
            }
        }
    }

    /// What comes of a location. Where that is not served, nothing that was said of its annotations is kept, nor its canaries.
    fn at_location(&mut self, location: &Location, translate: impl FnOnce(&mut Self) -> Vec<Rule>) -> Vec<Rule> {
        self.kept_here.clear();
        let rules = translate(self);
        let withheld = |rule: &Rule| if let Action::Withheld(code) = rule.action { Some(code) } else { None };
        let codes: Option<BTreeSet<Code>> = rules.iter().map(withheld).collect();
        if let Some(code) = codes.and_then(|codes| codes.first().copied()) {
            for (ingress, name) in std::mem::take(&mut self.kept_here) {
                self.marks.join(ingress, name, &unmappable(code));
            }
            if let Target::Upstream(id) = location.target {
                let canaries = self.config.upstream(id).alternatives.iter().filter_map(|id| self.config.upstream(*id).ingress);
                for ingress in canaries.collect::<Vec<_>>() {
                    self.mark(ingress, ALL_CANARY, &unmappable(code));
                }
            }
        }
        rules
    }

    fn rules(&mut self, server: &Server, form: Form, tls: bool, never: &BTreeSet<usize>) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        self.refuses_unsaid_paths = false;
        let around = self.around_server(server);
        if let Some((_, ingress)) = server.app_root {
            let root = self.app_root(ingress);
            rules.extend(self.with_snippets(&around, server, vec![root], tls));
        }
        if let Some(owner) = server.created_by {
            rules.extend(self.snippet_locations(&around, server, owner, tls));
        }
        for (position, location) in server.locations.iter().enumerate() {
            if never.contains(&position) {
                continue;
            }
            // On a host in regex mode the exact copy is an expression too: `^/foo` beside `^/foo/`.
            if location.copy && form != Form::Regex {
                continue;
            }
            let Some(owner) = location.origin.as_ref().map(|origin| origin.ingress) else { continue };
            let paths = match self.path(server, location, form).and_then(|paths| self.as_met(paths)) {
                Ok(paths) => paths,
                Err(NoMatch::Unreachable) => continue,
                Err(NoMatch::Unsayable(code)) => {
                    let subject = location.origin.as_ref().map(|origin| origin.subject.clone());
                    self.say(code, subject, vec![("path", location.path.clone()), ("host", server.host.clone())]);
                    for origin in server.locations.iter().filter_map(|location| location.origin.as_ref()) {
                        self.mark_path(&origin.subject, unmappable(code));
                    }
                    return vec![self.withheld_host(server.created_by.unwrap_or(owner), code)];
                }
            };
            let here = self.around_location(&around, location);
            if here.has_location() {
                rules.extend(self.snippet_locations(&here, server, owner, tls));
            }
            self.cors_by_rules = here.is_empty() && self.says_origins(location);
            let made = self.at_location(location, |cx| {
                let made = cx.location(server, location, owner, paths.clone(), tls);
                let made = if cx.cors_by_rules { cx.with_origins(location, owner, &paths, made) } else { made };
                cx.with_snippets(&here, server, made, tls)
            });
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
        self.as_claimed(&mut rules);
        if matches!(form, Form::Tight | Form::Spelled) {
            self.guard_prefixes(&mut rules);
        }
        drop_shadowed(&mut rules);
        for rule in &rules {
            let settlement = match (&rule.action, form, &rule.path) {
                (Action::Withheld(code), _, _) => unmappable(*code),
                (_, Form::Regex, PathRule::Regex(_)) if self.options.target.regex_form() == RegexForm::Either => {
                    differs(Code::PathNeedsCaselessRegex)
                }
                (_, Form::Tight, PathRule::Prefix(path)) if path != "/" => differs(Code::PathRegexTightened),
                (_, Form::Spelled, PathRule::Prefix(path)) if path != "/" => differs(Code::PathRegexSpelled),
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
            let intent = Intent::Answer { status, headers: Vec::new(), body: None };
            let Ok(path) = paths::prefix(path) else { continue };
            if path == PathRule::Prefix("/".to_owned()) || !self.keeps(&intent) {
                continue;
            }
            let changes = Changes { wishes: vec![intent], ..Changes::default() };
            pages.push(Rule { path, headers: vec![], action: Action::Answered, changes: changes.into(), ..first.clone() });
        }
        pages
    }

    /// The matches of a location; several where the bare prefix is treated in another way.
    fn path(&mut self, server: &Server, location: &Location, form: Form) -> Result<Vec<PathRule>, NoMatch> {
        match (form, location.modifier) {
            // There the path is compared with what its escapes stand for, and no semicolon is taken.
            (Form::Plain, Modifier::Exact | Modifier::Prefix)
                if self.options.target.regex_form() == RegexForm::Start && paths::is_odd(&location.path) =>
            {
                Ok(vec![paths::numbered(&location.path, location.modifier == Modifier::Exact)?])
            }
            (Form::Plain, Modifier::Exact) => Ok(vec![PathRule::Exact(paths::literal(&location.path)?)]),
            (Form::Plain, Modifier::Prefix) => Ok(vec![paths::prefix(&location.path)?]),
            // Behind a prefix `/` no expression is asked.
            (Form::Regex, _) if location.path == "/" && self.has_hazard(Hazard::CutBehindCatchAll) => {
                Ok(vec![PathRule::Regex(".*".to_owned())])
            }
            (Form::Plain, Modifier::Regex) | (Form::Regex, _) => Ok(vec![paths::regex(&location.path, self.options.target.regex_form())?]),
            (Form::Spelled, _) if location.path == "/" => Ok(vec![PathRule::Prefix("/".to_owned())]),
            (Form::Spelled, _) => paths::spelled(&location.path).ok_or(NoMatch::Unsayable(Code::PathRegexRefused)),
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
                if self.has_hazard(Hazard::CutBehindCatchAll) {
                    return paths::spelled(&location.path).ok_or(NoMatch::Unsayable(Code::PathRegexRefused));
                }
                let regex = paths::regex(&location.path, self.options.target.regex_form())?;
                let subject = location.origin.as_ref().map(|origin| origin.subject.clone());
                self.say(Code::PathRegexBesidePrefix, subject, vec![("path", location.path.clone()), ("host", server.host.clone())]);
                Ok(vec![regex])
            }
        }
    }
}
