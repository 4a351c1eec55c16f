//! Settings of a location that change requests or answers on the way: rewrites, hosts, headers, CORS.

use std::collections::BTreeSet;

use super::{
    backends::is_token,
    context::{Cx, differs, no_effect, unmappable},
    plan::{Changes, CorsRule, PathModifier},
    shape::{self, PathChange},
};
use crate::{
    gateway::{CorsWish, Intent},
    ledger::{Code, Settlement},
    nginx::{
        IngressId, Location,
        settings::{Cors, CustomHeaders},
    },
};

pub(super) const HSTS: &str = "Strict-Transport-Security";

fn is_hsts(name: &str) -> bool {
    name.eq_ignore_ascii_case(HSTS)
}

/// Methods that the CORS filter may name.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

const CUSTOM_HEADERS: &[&str] = &["custom-headers"];

/// A header of answers that the rules of a location set.
pub(super) struct OwnHeader {
    pub(super) name: String,
    pub(super) value: String,
    /// It is sent as it stands: the controller escapes what nginx would take for a variable (`escapeLiteralDollar` in template.go).
    pub(super) literal: bool,
}

/// Sets a header, in the place of one of its name.
fn put(list: &mut Vec<(String, String)>, name: &str, value: String) {
    match list.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some(known) => known.1 = value,
        None => list.push((name.to_owned(), value)),
    }
}

impl Cx<'_> {
    /// Changes of a location, or the code why it must not be served without one that cannot be said.
    pub(super) fn changes(&mut self, ingress: IngressId, location: &Location, tls: bool) -> Result<Changes, Code> {
        let settings = &location.settings;
        let mut changes = Changes { path: self.path_change(ingress, location)?, ..Changes::default() };
        if !settings.upstream_host.is_empty() {
            let host = self.with_name(&settings.upstream_host).into_owned();
            changes.host = self.upstream_host(ingress, &host)?;
        }
        let forwarded = &self.config.globals.forwarded;
        if forwarded.believe_header() {
            let headers = self.options.target.client_headers(forwarded.full_forwarded_for);
            changes.request_headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
        for (name, value) in &self.config.globals.proxy_set_headers {
            self.set_header(&mut changes.request_headers, name, value);
        }
        if !settings.forwarded_prefix.is_empty() {
            if !location.rewrites {
                self.mark(ingress, &["x-forwarded-prefix"], &no_effect("it is only sent together with a rewrite"));
            } else if settings.forwarded_prefix.contains('$') {
                let intent = Intent::Variables { text: settings.forwarded_prefix.clone() };
                self.ask(ingress, &["x-forwarded-prefix"], &intent, vec![("value", settings.forwarded_prefix.clone())]);
            } else {
                changes.request_headers.push(("X-Forwarded-Prefix".to_owned(), self.header_value(&settings.forwarded_prefix)));
                self.mark(ingress, &["x-forwarded-prefix"], &Settlement::Exact);
            }
        }
        // The controller sends no credentials to backends that it asked a password for.
        let asked = self.wishes.iter().any(|wish| matches!(wish, Intent::BasicAuth { .. }));
        let set = changes.request_headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if asked && !set && self.options.target.shows_passwords() {
            changes.request_removed.push("Authorization".to_owned());
        }
        for OwnHeader { name, value, literal } in self.own_response_headers(location) {
            let who = self.sayable.who_refuses_in_answers(&name).map(str::to_owned);
            if value.is_empty() {
                changes.response_removed.push(name);
            } else if let Some(who) = who {
                if literal {
                    self.mark(ingress, CUSTOM_HEADERS, &unmappable(Code::HeaderAnswerRefused));
                }
                let place = location.origin.as_ref().map(|origin| origin.subject.clone());
                let facts = vec![("feature", format!("a change of `{name}`")), ("who", who), ("ingress", self.ingress_name(ingress))];
                self.say(Code::HeaderAnswerRefused, place, facts);
            } else if !literal {
                self.set_header(&mut changes.response_headers, &name, &value);
            } else if value.contains('$') && !self.options.target.takes_dollars() {
                self.mark(ingress, CUSTOM_HEADERS, &unmappable(Code::HeaderVariables));
                self.say_variables(&name, &value);
            } else {
                put(&mut changes.response_headers, &name, self.header_value(&value));
            }
        }
        if let Some(custom) = &settings.custom_headers {
            self.settle_custom_headers(ingress, custom);
        }
        // Those that the controller sends itself are not hidden.
        for hidden in &self.config.globals.hide_headers {
            let sent = changes.response_headers.iter().map(|(name, _)| name).chain(&changes.response_removed);
            let refused = self.sayable.who_refuses_in_answers(hidden).is_some();
            if !refused && !sent.into_iter().any(|known| known.eq_ignore_ascii_case(hidden)) {
                changes.response_removed.push(hidden.clone());
            }
        }
        let given = changes.response_headers.iter().map(|(name, _)| name).chain(&changes.response_removed).any(|name| is_hsts(name));
        if let Some(value) = self.hsts_of_rules(tls).filter(|_| !given) {
            changes.response_headers.push((HSTS.to_owned(), self.header_value(&value)));
        }
        if let Some(cors) = settings.cors.as_ref().filter(|_| !self.cors_by_rules) {
            changes.cors = self.cors(ingress, cors).map(Box::new);
        }
        changes.mirror = self.mirror(ingress, location).map(Box::new);
        changes.retry = self.retry(ingress, location).map(Box::new);
        changes.no_timeout = self.options.target.cuts_long_requests();
        Ok(changes)
    }

    /// Which headers a ConfigMap names is not known where nobody read it.
    fn settle_custom_headers(&mut self, ingress: IngressId, custom: &CustomHeaders) {
        if self.inventory.config_maps.contains_key(&custom.config_map) {
            return self.mark(ingress, CUSTOM_HEADERS, &Settlement::Exact);
        }
        self.mark(ingress, CUSTOM_HEADERS, &unmappable(Code::HeaderConfigMapUnread));
        self.say_about(ingress, CUSTOM_HEADERS, Code::HeaderConfigMapUnread, vec![("value", custom.config_map.to_string())]);
    }

    /// The target sets headers of every answer for listeners, which are ours.
    pub(super) fn sets_headers_of_listeners(&self) -> bool {
        self.options.target.sets_headers_of_listeners() && self.owns_gateway()
    }

    /// Headers of every answer that the target sets for listeners of ours: such that no location sets otherwise.
    pub(super) fn headers_of_listeners(&self) -> Vec<(String, String)> {
        if !self.sets_headers_of_listeners() {
            return Vec::new();
        }
        let alike = |(name, value): &(&String, &String)| !value.is_empty() && !value.contains('$') && !self.some_location_sets(name);
        self.config.globals.add_headers.iter().filter(alike).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn some_location_sets(&self, name: &str) -> bool {
        let all = || {
            let mut names = BTreeSet::new();
            for location in self.config.servers.iter().flat_map(|server| &server.locations) {
                let custom = location.settings.custom_headers.iter().flat_map(|custom| custom.headers.keys());
                names.extend(custom.map(|name| name.to_ascii_lowercase()));
                names.extend(
                    location.settings.cors.iter().flat_map(|cors| self.cors_headers(cors)).map(|(name, _)| name.to_ascii_lowercase()),
                );
            }
            names
        };
        self.set_by_locations.get_or_init(all).contains(&name.to_ascii_lowercase())
    }

    /// Headers that the rules of a location set themselves: a later one takes the place of an earlier one.
    pub(super) fn own_response_headers(&self, location: &Location) -> Vec<OwnHeader> {
        let of_listeners = self.headers_of_listeners();
        let globals = self.config.globals.add_headers.iter().filter(|(name, _)| !of_listeners.iter().any(|(known, _)| known == *name));
        let custom = location.settings.custom_headers.iter().flat_map(|custom| &custom.headers);
        let mut own: Vec<OwnHeader> = Vec::new();
        for ((name, value), literal) in globals.map(|header| (header, false)).chain(custom.map(|header| (header, true))) {
            let header = OwnHeader { name: name.clone(), value: value.clone(), literal };
            match own.iter_mut().find(|known| known.name.eq_ignore_ascii_case(name)) {
                Some(known) => *known = header,
                None => own.push(header),
            }
        }
        own
    }

    /// The target sets `Strict-Transport-Security` for listeners of ours, unless one is given for some location, which takes its place there.
    fn sets_hsts_of_listeners(&self) -> bool {
        let given = || self.config.globals.add_headers.keys().any(|name| is_hsts(name)) || self.some_location_sets(HSTS);
        self.sets_headers_of_listeners() && !given()
    }

    /// `Strict-Transport-Security` as the target sets it for listeners of ours.
    pub(super) fn hsts_of_listeners(&self) -> Option<String> {
        self.sets_hsts_of_listeners().then(|| self.config.globals.hsts.header()).flatten()
    }

    /// The same as the rules of a location set it.
    pub(super) fn hsts_of_rules(&self, tls: bool) -> Option<String> {
        (tls && !self.sets_hsts_of_listeners()).then(|| self.config.globals.hsts.header()).flatten()
    }

    fn set_header(&mut self, list: &mut Vec<(String, String)>, name: &str, value: &str) {
        let value = &*self.with_name(value).into_owned();
        if value.contains('$') {
            return self.say_variables(name, value);
        }
        put(list, name, self.header_value(value));
    }

    fn say_variables(&mut self, name: &str, value: &str) {
        let target = self.options.target.id().to_owned();
        self.say(Code::HeaderVariables, None, vec![("value", format!("{name}: {value}")), ("target", target), ("ingress", String::new())]);
    }

    /// A header value as the target takes it.
    pub(super) fn header_value(&self, value: &str) -> String {
        self.options.target.header_value(value)
    }

    fn path_change(&mut self, ingress: IngressId, location: &Location) -> Result<Option<PathModifier>, Code> {
        let target = &self.with_name(&location.settings.rewrite.target).into_owned();
        if target.is_empty() {
            return Ok(None);
        }
        if !location.rewrites {
            self.mark(ingress, &["rewrite-target"], &no_effect("it equals the path"));
            return Ok(None);
        }
        let change = match shape::shape(&location.path) {
            Some(shape) => shape.change(target),
            None if !target.contains('$') && target.starts_with('/') => Some(PathChange::Full(target.clone())),
            None => None,
        };
        match change {
            Some(PathChange::Same) => {
                self.mark(ingress, &["rewrite-target"], &Settlement::Exact);
                Ok(None)
            }
            Some(PathChange::Full(path)) => {
                self.mark(ingress, &["rewrite-target"], &Settlement::Exact);
                Ok(Some(PathModifier::Full(path)))
            }
            Some(PathChange::Prefix { replacement, .. })
                if !self.rewrites_by_regex && location.path.starts_with('/') && self.can_replace(location, &replacement) =>
            {
                self.mark(ingress, &["rewrite-target"], &Settlement::Exact);
                Ok(Some(PathModifier::Prefix(if replacement.is_empty() { "/".to_owned() } else { replacement })))
            }
            Some(PathChange::Prefix { .. }) | None => {
                let intent = Intent::RegexRewrite { pattern: location.path.clone(), target: target.clone() };
                let facts = vec![("path", location.path.clone()), ("value", target.clone())];
                self.ask(ingress, &["rewrite-target"], &intent, facts).map_or(Ok(None), Err)
            }
        }
    }

    fn can_replace(&self, location: &Location, replacement: &str) -> bool {
        let root = shape::shape(&location.path).is_some_and(|shape| shape.prefix() == "/");
        !root || replacement.is_empty() || self.options.target.replaces_root_prefix()
    }

    fn upstream_host(&mut self, ingress: IngressId, host: &str) -> Result<Option<String>, Code> {
        if host.contains('$') {
            let facts = vec![("value", host.to_owned())];
            return self.ask(ingress, &["upstream-vhost"], &Intent::Variables { text: host.to_owned() }, facts).map_or(Ok(None), Err);
        }
        if is_precise_hostname(host) {
            self.mark(ingress, &["upstream-vhost"], &Settlement::Exact);
            return Ok(Some(host.to_owned()));
        }
        self.mark(ingress, &["upstream-vhost"], &unmappable(Code::HeaderHostUnsayable));
        let (subject, name) = (self.annotation(ingress, "upstream-vhost"), self.ingress_name(ingress));
        self.say(Code::HeaderHostUnsayable, Some(subject), vec![("ingress", name), ("value", host.to_owned())]);
        Err(Code::HeaderHostUnsayable)
    }

    /// How long browsers may remember a preflight, which the filter says in whole seconds above none.
    fn max_age(&mut self, ingress: IngressId, seconds: i64) -> i32 {
        let said = i32::try_from(seconds.clamp(1, i64::from(i32::MAX))).unwrap_or(i32::MAX);
        if i64::from(said) != seconds {
            self.mark(ingress, &["cors-max-age"], &differs(Code::CorsMaxAge));
            let facts = vec![("ingress", self.ingress_name(ingress)), ("old", seconds.to_string()), ("new", said.to_string())];
            self.say(Code::CorsMaxAge, Some(self.annotation(ingress, "cors-max-age")), facts);
        }
        said
    }

    fn cors(&mut self, ingress: IngressId, cors: &Cors) -> Option<CorsRule> {
        const ALL: &[&str] =
            &["enable-cors", "cors-allow-methods", "cors-allow-headers", "cors-allow-credentials", "cors-max-age", "cors-expose-headers"];
        let name = self.ingress_name(ingress);
        let by_policy = !self.options.target.keeps_cors() && self.keeps(&Intent::Cors(Box::default()));
        if !by_policy && (!self.options.target.keeps_cors() || !self.sayable.cors) {
            let (code, facts) = if self.options.target.keeps_cors() {
                (Code::CorsNeedsVersion, vec![("ingress", name), ("version", self.sayable.name())])
            } else {
                (Code::CorsNotKept, vec![("ingress", name), ("target", self.options.target.id().to_owned())])
            };
            self.mark(ingress, ALL, &unmappable(code));
            self.mark(ingress, &["cors-allow-origin"], &unmappable(code));
            let subject = self.annotation(ingress, "enable-cors");
            self.say(code, Some(subject), facts);
            return None;
        }
        self.mark(ingress, ALL, &Settlement::Exact);
        let subject = self.annotation(ingress, "cors-allow-origin");
        let mut origins = Vec::new();
        let mut settled = Settlement::Exact;
        for origin in &cors.origins {
            if origin == "*" {
                origins = vec!["*".to_owned()];
                break;
            }
            let said = by_policy && origin.contains("://") || is_origin(origin);
            if !said {
                if origin == "null" || origin.contains("://") {
                    settled = settled.and(differs(Code::CorsOriginUnsayable));
                    self.say(Code::CorsOriginUnsayable, Some(subject.clone()), vec![("ingress", name.clone()), ("value", origin.clone())]);
                }
                continue;
            }
            if origin.contains("://*.") {
                settled = settled.and(differs(Code::CorsOriginWidens));
                self.say(Code::CorsOriginWidens, Some(subject.clone()), vec![("ingress", name.clone()), ("value", origin.clone())]);
            }
            if !origins.contains(origin) {
                origins.push(origin.clone());
            }
        }
        self.mark(ingress, &["cors-allow-origin"], &settled);
        if origins.is_empty() {
            return None;
        }
        let list = |text: &str| -> Vec<String> {
            let mut items: Vec<String> = Vec::new();
            for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                if !items.iter().any(|known| known.eq_ignore_ascii_case(item)) {
                    items.push(item.to_owned());
                }
            }
            if items.iter().any(|item| item == "*") { vec!["*".to_owned()] } else { items }
        };
        let (methods, unsayable): (Vec<_>, Vec<_>) =
            list(&cors.methods).into_iter().partition(|method| METHODS.contains(&method.as_str()) || method == "*");
        if !unsayable.is_empty() {
            self.mark(ingress, &["cors-allow-methods"], &differs(Code::CorsMethodUnsayable));
            let subject = self.annotation(ingress, "cors-allow-methods");
            self.say(Code::CorsMethodUnsayable, Some(subject), vec![("ingress", name), ("value", unsayable.join(", "))]);
        }
        let named = |text: &str| list(text).into_iter().partition::<Vec<_>, _>(|item| is_token(item));
        let [(headers, no_headers), (expose, no_exposed)] = [named(&cors.headers), named(&cors.expose)];
        for (key, wrong) in [("cors-allow-headers", no_headers), ("cors-expose-headers", no_exposed)] {
            if !wrong.is_empty() {
                self.mark(ingress, &[key], &differs(Code::CorsHeaderUnsayable));
                let (subject, name) = (self.annotation(ingress, key), self.ingress_name(ingress));
                self.say(Code::CorsHeaderUnsayable, Some(subject), vec![("ingress", name), ("value", wrong.join(", "))]);
            }
        }
        let rule = CorsRule {
            methods,
            headers,
            expose,
            // nginx answers a literal star, with which browsers refuse credentials. Implementations repeat the origin instead, and with
            // credentials every site could use those of its visitors.
            credentials: cors.credentials && origins != ["*"],
            origins,
            max_age: self.max_age(ingress, cors.max_age),
        };
        if !by_policy {
            return Some(rule);
        }
        let CorsRule { origins, methods, headers, expose, credentials, max_age } = rule;
        let wish = CorsWish { origins, methods, headers, expose, credentials, max_age: max_age.unsigned_abs() };
        let names: Vec<&'static str> = ALL.iter().copied().chain(["cors-allow-origin"]).collect();
        self.ask(ingress, &names, &Intent::Cors(Box::new(wish)), vec![]);
        None
    }
}

/// An origin that the CORS filter takes: `http` or `https`, a host whose first label may be `*`, and a port.
fn is_origin(origin: &str) -> bool {
    let Some(rest) = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) else { return false };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    let host = host.strip_prefix("*.").unwrap_or(host);
    (host == "*" || host.split('.').all(is_label)) && port.is_none_or(is_port)
}

/// A host name without wildcard, as the CRDs want it.
pub(super) fn is_precise_hostname(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}
