//! Redirects that annotations ask for, as filters: to another URL, to the rest of a path elsewhere, and between a name and its `www.` form.

use std::collections::BTreeSet;

use super::{
    changes::is_precise_hostname,
    context::{Cx, differs, no_effect, unmappable},
    plan::{Action, Changed, Changes, HostPlan, Hostname, PathRule, Redirect, Rule, TlsPlan},
    shape,
};
use crate::{
    gateway::Intent,
    ledger::{Code, Facts, Settlement},
    nginx::{Certificate, IngressId, Location, RedirectServer, settings::FixedRedirect},
};

impl Cx<'_> {
    pub(super) fn fixed_redirect(&mut self, owner: IngressId, fixed: &FixedRedirect, changes: &mut Changes) -> Action {
        let names: &[&'static str] = if fixed.annotation == "temporal-redirect" {
            &["temporal-redirect", "temporal-redirect-code"]
        } else {
            &["permanent-redirect", "permanent-redirect-code"]
        };
        let subject = self.annotation(owner, fixed.annotation);
        let facts: Facts =
            vec![("ingress", self.ingress_name(owner)), ("annotation", fixed.annotation.to_owned()), ("value", fixed.url.clone())];
        let headers = std::mem::take(&mut changes.response_headers);
        let intent = Intent::FixedRedirect { url: self.header_value(&fixed.url), status: fixed.status, headers: headers.clone() };
        let redirects =
            (300..400).contains(&fixed.status) && !fixed.url.contains('$') && (fixed.url.contains("://") || fixed.url.starts_with('/'));
        if redirects && self.keeps(&intent) {
            self.ask(owner, names, &intent, facts);
            changes.wishes = self.take_wishes();
            return Action::Answered;
        }
        changes.response_headers = headers;
        if let Some(mut redirect) = redirect_with_target(&fixed.url, fixed.status) {
            redirect.status = self.redirect_status(redirect.status, owner, names);
            self.mark(owner, names, &Settlement::Exact);
            Action::Redirect(redirect)
        } else if let Some(mut redirect) = redirect_to(&fixed.url, fixed.status) {
            redirect.status = self.redirect_status(redirect.status, owner, names);
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
    pub(super) fn rewrite_to_url(&mut self, owner: IngressId, location: &Location) -> Option<Action> {
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
            status: self.redirect_status(self.config.globals.redirect_code.value, server.ingress, &["from-to-www-redirect"]),
        };
        let rule = Rule {
            owner: server.ingress,
            origin,
            path: PathRule::Prefix("/".to_owned()),
            headers: vec![],
            action: Action::Redirect(redirect),
            changes: Changed::default(),
        };
        let name = server.from.to_ascii_lowercase();
        let tls = match &server.certificate {
            Some(Certificate::Secret(secret)) => TlsPlan::Own(secret.clone()),
            Some(Certificate::Default) | None => self.tls(&name),
        };
        let https = if tls == TlsPlan::None { vec![] } else { vec![rule.clone()] };
        HostPlan { hostnames: vec![(Hostname::Name(name), tls)], http: vec![rule], https, tls_wishes: Vec::new(), passthrough: None }
    }

    /// `from-to-www-redirect` where the other name has rules of its own.
    pub(super) fn settle_www(&mut self) {
        let redirecting: BTreeSet<IngressId> = self.config.redirects.iter().map(|redirect| redirect.ingress).collect();
        for server in &self.config.servers {
            if let Some(ingress) = server.www.filter(|ingress| !redirecting.contains(ingress)) {
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
pub(super) fn split_url(url: &str) -> Option<(&str, &str)> {
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
}
