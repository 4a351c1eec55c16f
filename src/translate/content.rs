//! What a location of a server does, phase by phase, and the redirects of nginx that no location asks for.

use std::collections::BTreeSet;

use super::{
    changes::HSTS,
    context::{Certified, Cx, differs, unmappable},
    paths,
    plan::{Action, Changed, Changes, HeaderCondition, On, PathModifier, PathRule, Redirect, Rule},
    shape,
    snippet::{self, Condition},
};
use crate::{
    gateway::Intent,
    ledger::{Code, Settlement},
    nginx::{IngressId, Location, Modifier, Server, Target},
};

/// Annotations that send clients to HTTPS.
const TO_HTTPS: &[&str] = &["ssl-redirect", "force-ssl-redirect"];

impl Cx<'_> {
    /// What a location does, phase by phase (section 7 of the routing reference).
    pub(super) fn location(
        &mut self,
        server: &Server,
        location: &Location,
        owner: IngressId,
        paths: Vec<PathRule>,
        tls: bool,
    ) -> Vec<Rule> {
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
                    changes: changes.clone().into(),
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
        if !tls && self.redirects_to_https(location) {
            self.settle_https_redirect(owner, location);
            let status = self.redirect_status(self.config.globals.redirect_code.value, owner, TO_HTTPS);
            let redirects = rules(&Action::ToHttps { status }, &Changes::default());
            if !*self.config.globals.forwarded.trusted {
                return redirects;
            }
            let content = self.location_content(server, location, owner, &rules, tls);
            return behind_tls_of_others(content, redirects);
        }
        self.location_content(server, location, owner, &rules, tls)
    }

    /// Whoever asks for a location in plain text is sent to HTTPS.
    pub(super) fn redirects_to_https(&self, location: &Location) -> bool {
        let rewrite = &location.settings.rewrite;
        let asks = rewrite.force_ssl_redirect.value || (rewrite.ssl_redirect.value && self.certified == Certified::Yes);
        asks && !location.no_tls_redirect
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
        self.verified = self.options.target.void_beside_backend_tls().is_some() && self.is_verified(location);
        self.residue(owner, server, location, tls);
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
                rule.changes.path = Some(PathModifier::Full(bare.clone()));
            }
            if let (PathRule::Regex(_), Some(PathModifier::Prefix(_))) = (&rule.path, &rule.changes.path) {
                rule.action = Action::Withheld(Code::RewriteNeedsCaptures);
                rule.changes = Changed::default();
                return vec![rule];
            }
            self.forward(rule, &location.target)
        };
        rules(&Action::Withheld(Code::BackendGone), &changes).into_iter().flat_map(forward).collect()
    }

    /// What the built-in default backend answers where an error page makes another status of its 404.
    fn built_in_page(&self, location: &Location, rules: &dyn Fn(&Action, &Changes) -> Vec<Rule>) -> Vec<Rule> {
        let status = self.config.built_in_status();
        let intent = Intent::Answer { status, headers: Vec::new(), body: None };
        if status == 404 || !self.keeps(&intent) || !location.path.starts_with('/') {
            return vec![];
        }
        rules(&Action::Answered, &Changes { wishes: vec![intent], ..Changes::default() })
    }

    fn hsts(&self, tls: bool) -> Changes {
        Changes {
            response_headers: self.hsts_of_rules(tls).into_iter().map(|value| (HSTS.to_owned(), value)).collect(),
            ..Changes::default()
        }
    }

    fn settle_https_redirect(&mut self, owner: IngressId, location: &Location) {
        let rewrite = &location.settings.rewrite;
        let settled = if rewrite.preserve_trailing_slash.value { Settlement::Exact } else { differs(Code::RedirectTrailingSlash) };
        self.mark(owner, TO_HTTPS, &settled);
        self.mark(owner, &["preserve-trailing-slash"], &settled);
        if !rewrite.preserve_trailing_slash.value {
            self.say(Code::RedirectTrailingSlash, None, vec![]);
        }
    }

    pub(super) fn app_root(&mut self, ingress: IngressId) -> Rule {
        let root = self.with_name(&self.config.ingress(ingress).settings.rewrite.app_root).into_owned();
        let origin = self.annotation(ingress, "app-root");
        let action = if root.contains('$') {
            let code = self.ask(ingress, &["app-root"], &Intent::Variables { text: root.clone() }, vec![("value", root)]);
            code.map_or(Action::Withheld(Code::HeaderVariables), Action::Withheld)
        } else {
            let intent = Intent::FixedRedirect { url: self.header_value(&root), status: 302, headers: vec![] };
            if self.keeps(&intent) {
                self.wishes.clear();
                self.ask(ingress, &["app-root"], &intent, vec![]);
                let changes = Changes { wishes: self.take_wishes(), ..Changes::default() };
                let path = PathRule::Exact("/".to_owned());
                return Rule { owner: ingress, origin, path, headers: vec![], action: Action::Answered, changes: changes.into() };
            }
            self.mark(ingress, &["app-root"], &differs(Code::RedirectQueryKept));
            let name = self.ingress_name(ingress);
            self.say(Code::RedirectQueryKept, Some(origin.clone()), vec![("ingress", name), ("annotation", "app-root".to_owned())]);
            Action::Redirect(Redirect { scheme: None, hostname: None, port: None, path: Some(root), prefix: false, status: 302 })
        };
        Rule { owner: ingress, origin, path: PathRule::Exact("/".to_owned()), headers: vec![], action, changes: Changed::default() }
    }

    /// nginx redirects `/foo` to `/foo/` where only the latter has a location.
    pub(super) fn trailing_slashes(&self, server: &Server) -> Vec<Rule> {
        let exact: BTreeSet<&str> = server
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
                changes: Changed::default(),
            });
        }
        rules
    }
}

/// Where proxies in front are trusted, only what they do not say came over TLS is redirected (`redirect_to_https` of the controller).
fn behind_tls_of_others(content: Vec<Rule>, redirects: Vec<Rule>) -> Vec<Rule> {
    // Every value but `http`; expressions of gateways have no complement, and some are searched anywhere in the value.
    let value = "^(?:(?:[^h]|h[^t]|ht[^t]|htt[^p]|http.).*|h|ht|htt)$".to_owned();
    let said = HeaderCondition { on: On::Header, name: "X-Forwarded-Proto".to_owned(), value, regex: true };
    let content =
        content.into_iter().filter_map(|mut rule| snippet::restrict(&mut rule, &[Condition::Field(said.clone())]).then_some(rule));
    snippet::closed(content.chain(redirects).collect())
}
