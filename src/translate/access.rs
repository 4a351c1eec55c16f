//! Access control and everything else of a location that core has no field for: each becomes an intent that the target answers.

use std::{collections::BTreeSet, sync::Arc};

use super::context::{Cx, differs, no_effect, positive, unmappable};
use crate::{
    gateway::{AuthRequest, Buffers, Intent, Per, Rate, SessionCookie, Silence, Users, Waits},
    k8s::{NamespacedName, Service},
    ledger::{Code, Settlement},
    nginx::{
        self, IngressId, Location, Server, Target,
        settings::{AddressLists, BackendProtocol, BasicAuth, BasicKind, ExternalAuth, Given, Satisfy, SecretKind},
    },
    targets::Answer,
};

const BASIC: &[&str] = &["auth-type", "auth-secret", "auth-secret-type", "auth-realm"];
const EXTERNAL: &[&str] = &[
    "auth-url",
    "auth-method",
    "auth-signin",
    "auth-signin-redirect-param",
    "auth-response-headers",
    "auth-request-redirect",
    "auth-cache-key",
    "auth-cache-duration",
    "auth-proxy-set-headers",
    "auth-always-set-cookie",
    "auth-keepalive",
    "auth-keepalive-requests",
    "auth-keepalive-timeout",
    "auth-keepalive-share-vars",
];
/// Buffers by annotation: what they are for, their value, and where it comes from.
fn buffers(buffering: &nginx::settings::Buffering) -> [(&'static str, Buffers, String, Given); 7] {
    let nginx::settings::Buffering { responses, requests, size, number, busy, temp_file, body } = buffering;
    [
        ("proxy-buffering", Buffers::Responses, responses.value.clone(), responses.given),
        ("proxy-request-buffering", Buffers::Requests, requests.value.clone(), requests.given),
        ("proxy-buffer-size", Buffers::Head, size.value.clone(), size.given),
        ("proxy-buffers-number", Buffers::Memory, number.value.to_string(), number.given),
        ("proxy-busy-buffers-size", Buffers::Memory, busy.value.clone(), busy.given),
        ("proxy-max-temp-file-size", Buffers::Memory, temp_file.value.clone(), temp_file.given),
        ("client-body-buffer-size", Buffers::Memory, body.value.clone(), body.given),
    ]
}

fn annotated(given: Given) -> bool {
    matches!(given, Given::Annotation(_))
}

impl Cx<'_> {
    /// Somebody asks for credentials at a location.
    fn asks_for_credentials(&self, location: &Location) -> bool {
        let password = location.settings.basic_auth.as_ref().is_some_and(|basic| basic.protects());
        password && !location.no_auth || self.config.asks_service(location)
    }

    /// With `satisfy: any` a list that only denies changes nothing: credentials let in whom it refuses, and without them nobody passes.
    fn only_credentials_decide(&self, server: &Server, location: &Location) -> bool {
        let AddressLists { allow, satisfy, .. } = location.settings.addresses.as_ref();
        let texts = location.settings.snippets.is_some() || server.snippet.is_some() || !self.config.globals.snippets.is_empty();
        *satisfy == Satisfy::Any && allow.is_empty() && !texts && self.asks_for_credentials(location)
    }

    /// Why the location must not be served without access control that the target cannot say; `None` where it may.
    pub(super) fn lost_access_control(&mut self, ingress: IngressId, server: &Server, location: &Location) -> Option<Code> {
        let settings = &location.settings;
        let mut lost = None;
        let lists = &settings.addresses;
        let blocked = &self.config.globals.access;
        let asks = !blocked.block_user_agents.is_empty() || !blocked.block_referers.is_empty();
        if asks && self.refusals_of_all().is_none() {
            let name = self.ingress_name(ingress);
            self.say(Code::AccessBlockedAgents, self.config.globals.config_map.clone(), vec![("ingress", name)]);
            lost = Some(Code::AccessBlockedAgents);
        }
        if lists.allow.is_empty() && lists.deny.is_empty() && !blocked.block_cidrs.is_empty() {
            // The list of the controller counts where a location has none of its own.
            let deny = blocked.block_cidrs.iter().map(ToString::to_string).collect();
            lost = lost.or(self.ask(ingress, &[], &Intent::AddressLists { allow: vec![], deny }, vec![]));
        }
        let only_credentials = self.only_credentials_decide(server, location);
        if only_credentials {
            self.mark(
                ingress,
                &["denylist-source-range"],
                &no_effect("with `satisfy: any` credentials let in whom it refuses, and everybody needs them"),
            );
        } else if !lists.allow.is_empty() || !lists.deny.is_empty() {
            let text = |list: &[crate::nginx::settings::Cidr]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
            let intent = Intent::AddressLists { allow: text(&lists.allow), deny: text(&lists.deny) };
            let names: &[&str] = if lists.allow.is_empty() {
                &["denylist-source-range"]
            } else {
                &["allowlist-source-range", "whitelist-source-range", "denylist-source-range"]
            };
            lost = lost.or(self.ask(ingress, names, &intent, vec![]));
        }
        if let Some(basic) = &settings.basic_auth {
            if basic.protects() && !location.no_auth {
                let secret = basic.secret.to_string();
                let intent = match basic.kind {
                    BasicKind::Basic => Intent::BasicAuth {
                        secret: secret.clone(),
                        realm: basic.realm.clone(),
                        users: self.users(basic),
                        keys: self.inventory.secrets.get(&basic.secret).and_then(|secret| Some(secret.keys.as_ref()?.len())),
                    },
                    BasicKind::Digest | BasicKind::OtherDigest => Intent::DigestAuth { secret: secret.clone() },
                };
                let key = self.options.target.password_key().to_owned();
                lost = lost.or(self.ask(ingress, BASIC, &intent, vec![("secret", secret), ("key", key)]));
            } else {
                self.mark(ingress, BASIC, &no_effect("nobody is asked for credentials here"));
            }
        }
        if settings.external_auth.is_some() && location.no_auth {
            self.mark(ingress, EXTERNAL, &no_effect("nobody is asked for credentials here"));
        } else if let Some(external) = &settings.external_auth {
            let asks = Box::new(self.auth_request(server, external));
            let extras = asks.extras.clone();
            let intent = Intent::ExternalAuth { url: external.url.clone(), global: false, asks };
            let (unanswered, codes) = self.put(ingress, EXTERNAL, &intent);
            for code in codes {
                let names = if code == Code::AccessSignInForgets { &["auth-signin"] } else { EXTERNAL };
                self.say_about(ingress, names, code, vec![("url", external.url.clone())]);
            }
            if unanswered.is_none() {
                self.lost_extras(ingress, &extras);
            }
            lost = lost.or(unanswered);
        } else if let Some(external) = self.config.globals.external_auth.clone().filter(|_| settings.global_auth.value && !location.no_auth)
        {
            let asks = Box::new(self.auth_request(server, &external));
            let intent = Intent::ExternalAuth { url: external.url.clone(), global: true, asks };
            lost = lost.or(self.ask(ingress, &["enable-global-auth"], &intent, vec![("url", external.url)]));
        }
        if settings.addresses.satisfy == Satisfy::Any && settings.satisfy_matters() {
            // Policies ask everybody: whom one of them refuses, no other lets pass.
            let lists = !lists.allow.is_empty() || !lists.deny.is_empty() && !only_credentials;
            if lists && self.asks_for_credentials(location) && lost.is_none() {
                self.mark(ingress, &["satisfy"], &unmappable(Code::AccessSatisfyAny));
                let (subject, name) = (self.annotation(ingress, "satisfy"), self.ingress_name(ingress));
                let facts = vec![("ingress", name), ("target", self.options.target.id().to_owned())];
                self.say(Code::AccessSatisfyAny, Some(subject), facts);
                lost = Some(Code::AccessSatisfyAny);
            }
        }
        if settings.satisfy_matters() {
            self.mark(ingress, &["satisfy"], &lost.map_or(Settlement::Exact, unmappable));
        }
        if settings.modsecurity.enabled {
            let names = &["enable-modsecurity", "enable-owasp-core-rules", "modsecurity-transaction-id", "modsecurity-snippet"];
            let firewall = self.ask(ingress, names, &Intent::Firewall, vec![]);
            self.firewall_rules(ingress, &settings.modsecurity, firewall);
            lost = lost.or(firewall);
        }
        lost.filter(|_| !self.options.allow_unprotected)
    }

    /// No policy has a field for these parts of a request to an authentication service. Snippets are settled by themselves.
    fn lost_extras(&mut self, ingress: IngressId, extras: &[&'static str]) {
        for &name in extras.iter().filter(|name| **name != "auth-snippet") {
            self.mark(ingress, &[name], &unmappable(Code::AccessAuthRequestPart));
            self.say_about(ingress, &[name], Code::AccessAuthRequestPart, vec![("annotation", name.to_owned())]);
        }
    }

    /// What is known of the passwords of a Secret.
    fn users(&self, basic: &BasicAuth) -> Users {
        if basic.secret_kind == SecretKind::Map {
            return Users::Map;
        }
        let Some(secret) = self.inventory.secrets.get(&basic.secret) else { return Users::Unknown };
        let Some(sha) = &secret.sha_keys else { return Users::Unknown };
        let has = |key: &str| sha.iter().any(|known| known == key);
        match (has(".htpasswd"), has("auth")) {
            (true, _) => Users::Ready,
            (false, true) => Users::Sha,
            (false, false) => Users::Others,
        }
    }

    /// What an authentication service is asked, and which Service of the cluster that is.
    fn auth_request(&self, server: &Server, external: &ExternalAuth) -> AuthRequest {
        let mut extras = Vec::new();
        for (name, given) in [
            ("auth-method", !external.method.is_empty()),
            ("auth-request-redirect", !external.request_redirect.is_empty()),
            ("auth-cache-key", !external.cache_key.is_empty()),
            ("auth-proxy-set-headers", external.proxy_set_headers.is_some()),
            ("auth-snippet", !external.snippet.is_empty()),
            ("auth-always-set-cookie", external.always_set_cookie),
        ] {
            extras.extend(given.then_some(name));
        }
        let mut asks = AuthRequest {
            signin: external.signin.clone(),
            signin_parameter: external.signin_parameter.clone(),
            response_headers: external.response_headers.clone(),
            extras,
            ..AuthRequest::default()
        };
        let Some((scheme, rest)) = external.url.split_once("://") else { return asks };
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        if path.contains('$') {
            return asks;
        }
        asks.path = Some(path.to_owned());
        let (host, port) = authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let port = match port.map(str::parse::<u16>) {
            Some(Ok(port)) => port,
            Some(Err(_)) => return asks,
            None if scheme == "https" => 443,
            None => 80,
        };
        asks.service = match NamespacedName::of_service_name(host) {
            // Backends of policies are spoken to in plain text.
            Some(service) if scheme == "http" => Some((service.to_string(), port)),
            Some(_) => None,
            None => self.service_behind(server, host, path),
        };
        asks
    }

    /// The Service that gets requests for a host of this estate and a path, where nothing happens to them on the way.
    fn service_behind(&self, server: &Server, host: &str, path: &str) -> Option<(String, u16)> {
        let server = match host {
            "$host" | "$http_host" | "$best_http_host" => server,
            name => self.config.server(name)?,
        };
        let path = path.split('?').next().unwrap_or_default();
        let covers = |location: &&Location| match location.modifier {
            nginx::Modifier::Exact => location.path == path,
            nginx::Modifier::Prefix => path.starts_with(location.path.as_str()),
            nginx::Modifier::Regex => {
                location.path.starts_with('/') && !location.path.contains(['(', '[', '\\']) && path.starts_with(&location.path)
            }
        };
        let location =
            server.locations.iter().filter(|location| !location.implicit).filter(covers).max_by_key(|location| location.path.len())?;
        if location.rewrites || !matches!(location.settings.protocol.value, BackendProtocol::Http) {
            return None;
        }
        let Target::Upstream(id) = location.target else { return None };
        let upstream = self.config.upstream(id);
        match (&upstream.backend, upstream.label()) {
            (nginx::Backend::Service { service, port: Some(port), .. }, Some(_)) => Some((service.to_string(), u16::try_from(*port).ok()?)),
            (_, _) => None,
        }
    }

    /// Settles what core has no field for and what does not decide whether or where a request goes.
    pub(super) fn residue(&mut self, ingress: IngressId, server: &Server, location: &Location, tls: bool) {
        let settings = location.settings.clone();
        let proxy = &settings.proxy;
        if annotated(proxy.body_size.given) && proxy.body_size.value.is_none() && !self.options.target.keeps_body_limit() {
            // Nothing limits bodies there.
            self.mark(ingress, &["proxy-body-size"], &Settlement::Exact);
        } else if annotated(proxy.body_size.given) {
            let size = proxy.body_size.value.map_or_else(|| "no limit".to_owned(), |bytes| format!("{bytes} bytes"));
            self.ask(ingress, &["proxy-body-size"], &Intent::BodyLimit { bytes: proxy.body_size.value }, vec![("value", size)]);
        }
        for (name, what, value, given) in buffers(&proxy.buffering) {
            if annotated(given) {
                self.ask(ingress, &[name], &Intent::Buffering { what, value }, vec![]);
            }
        }
        let timeouts = &proxy.timeouts;
        let seconds = |value: i64| u64::try_from(value).ok().filter(|seconds| *seconds > 0);
        let silence = |waits, value, other| {
            let idle = seconds(value).map(|seconds| Silence { seconds, other: positive(other), waits });
            Intent::Timeouts { connect: None, idle }
        };
        let (read, send) = (timeouts.read.value, timeouts.send.value);
        let defaults = &self.config.globals.defaults.proxy.timeouts;
        for (name, setting, default, intent) in [
            (
                "proxy-connect-timeout",
                &timeouts.connect,
                &defaults.connect,
                Intent::Timeouts { connect: seconds(timeouts.connect.value), idle: None },
            ),
            ("proxy-send-timeout", &timeouts.send, &defaults.send, silence(Waits::ForRequest, send, read)),
            ("proxy-read-timeout", &timeouts.read, &defaults.read, silence(Waits::ForAnswer, read, send)),
        ] {
            if !annotated(setting.given) {
                continue;
            }
            if setting.value == default.value && matches!(self.answer(&intent), Answer::No(_)) {
                // What it says holds for everybody who says nothing.
                self.mark(ingress, &[name], &differs(Code::DefaultTimeouts));
                self.say(Code::DefaultTimeouts, None, vec![]);
            } else {
                self.ask(ingress, &[name], &intent, vec![("annotation", name.to_owned()), ("value", setting.value.to_string())]);
            }
        }
        let redirect = &proxy.redirect;
        let given = [("proxy-redirect-from", annotated(redirect.from.given)), ("proxy-redirect-to", annotated(redirect.to.given))];
        let names: Vec<&'static str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if redirect.from.value == "off" || redirect.to.value == "off" && redirect.from.value != "default" {
            self.mark(ingress, &names, &Settlement::Exact);
        } else if !names.is_empty() {
            self.ask(ingress, &names, &Intent::LocationRewrite, vec![]);
        }
        for (name, setting) in [("proxy-cookie-domain", &proxy.cookie_domain), ("proxy-cookie-path", &proxy.cookie_path)] {
            if annotated(setting.given) {
                if setting.value == "off" {
                    self.mark(ingress, &[name], &Settlement::Exact);
                } else {
                    self.ask(ingress, &[name], &Intent::CookieRewrite, vec![]);
                }
            }
        }
        if annotated(proxy.http_version.given) && proxy.http_version.value == "1.1" {
            // What every implementation speaks unless told otherwise.
            self.mark(ingress, &["proxy-http-version"], &Settlement::Exact);
        } else if annotated(proxy.http_version.given) {
            self.ask(ingress, &["proxy-http-version"], &Intent::BackendHttpVersion, vec![("value", proxy.http_version.value.clone())]);
        }
        if let Some(limits) = &settings.limits {
            if limits.refuses() {
                let rate = |per, value| {
                    let requests = positive(value);
                    let burst = requests.saturating_mul(positive(limits.burst_multiplier).max(1));
                    (requests > 0).then_some(Rate { requests, per, burst, at_once: None })
                };
                let rates = [rate(Per::Second, limits.per_second), rate(Per::Minute, limits.per_minute)];
                let intent = Intent::RateLimit {
                    rates: rates.into_iter().flatten().collect(),
                    connections: positive(limits.connections),
                    exempt: limits.exempt.iter().map(ToString::to_string).collect(),
                    status: None,
                };
                self.limit(ingress, &intent);
            }
            let names = &["limit-rate", "limit-rate-after"];
            if limits.rate > 0 && proxy.buffering.responses.value.trim().eq_ignore_ascii_case("on") {
                let intent = Intent::Bandwidth { rate: positive(limits.rate) * 1024, after: positive(limits.rate_after) * 1024 };
                self.ask(ingress, names, &intent, vec![]);
            } else if limits.rate > 0 {
                self.mark(ingress, names, &no_effect("nginx slows answers down only where `proxy-buffering` is on"));
            } else if limits.rate_after > 0 {
                self.mark(ingress, names, &no_effect("`limit-rate` is not set"));
            }
        }
        self.residue_of_backends(ingress, location, tls);
        self.balancing(ingress, location);
        self.error_pages(ingress, server, location);
        self.stand_in(ingress, server, location);
        self.residue_of_server(ingress, &settings);
    }

    /// Rates, connections and exempt networks are annotations of their own, and a target may keep only some of them.
    fn limit(&mut self, ingress: IngressId, intent: &Intent) {
        const RATES: &[&str] = &["limit-rps", "limit-rpm", "limit-burst-multiplier"];
        const CONNECTIONS: &[&str] = &["limit-connections"];
        const EXEMPT: &[&str] = &["limit-allowlist", "limit-whitelist"];
        let about = |code: Code| match code {
            Code::PolicyConnectionLimit => CONNECTIONS,
            Code::PolicyRateLimitExempt => EXEMPT,
            _ => RATES,
        };
        let answer = self.answer(intent);
        let (_, codes) = self.put(ingress, &[], intent);
        let of = |names: &[&str]| codes.iter().copied().filter(|code| about(*code) == names).collect::<BTreeSet<Code>>();
        for names in [RATES, CONNECTIONS, EXEMPT] {
            let lost = if names == RATES { BTreeSet::new() } else { of(names) };
            let settlement = match &answer {
                Answer::No(code) => unmappable(*code),
                Answer::Already => Settlement::Exact,
                Answer::Kept { .. } if !lost.is_empty() => Settlement::Unmappable { codes: lost },
                Answer::Kept { kind, .. } => {
                    Settlement::Policy { target: self.options.target.id().to_owned(), kind: (*kind).to_owned(), codes: of(RATES) }
                }
            };
            self.mark(ingress, names, &settlement);
        }
        for code in codes {
            let names: Vec<&str> = about(code).iter().chain(CONNECTIONS).copied().collect();
            self.say_about(ingress, &names, code, vec![]);
        }
    }

    /// A limit that the target counts so many times over.
    pub(super) fn limits_apart(&mut self, ingress: IngressId, count: usize) {
        let names = &["limit-rps", "limit-rpm", "limit-connections", "configuration-snippet", "server-snippet"];
        self.mark(ingress, &names[..3], &differs(Code::PolicyRateLimitApart));
        self.say_about(ingress, names, Code::PolicyRateLimitApart, vec![("count", count.to_string())]);
    }

    /// Path and `Secure` of a session cookie that names none itself, for targets that write them as nginx does, and what cannot be kept.
    fn scope_cookie(&self, location: &Location, tls: bool, cookie: &mut SessionCookie) -> Vec<&'static str> {
        let mut lost = Vec::new();
        if !self.options.target.scopes_cookies() {
            return lost;
        }
        if cookie.path.is_empty() {
            match self.path_of_cookie(location) {
                Some(path) => cookie.path = path,
                None => lost.push("for `/` and not for the path that was asked for"),
            }
        }
        // Where both schemes are served one cookie is for both.
        match (tls && !cookie.secure, self.redirects_to_https(location)) {
            (true, true) => cookie.secure = true,
            (true, false) => lost.push("without `Secure`, since it is set over HTTP as well"),
            (false, _) => {}
        }
        lost
    }

    fn residue_of_backends(&mut self, ingress: IngressId, location: &Location, tls: bool) {
        let settings = &location.settings;
        if let Some(affinity) = &settings.affinity {
            let names = &[
                "affinity",
                "affinity-mode",
                "session-cookie-name",
                "session-cookie-path",
                "session-cookie-domain",
                "session-cookie-expires",
                "session-cookie-max-age",
                "session-cookie-samesite",
                "session-cookie-conditional-samesite-none",
                "session-cookie-secure",
                "session-cookie-change-on-failure",
            ];
            let mut attributes = SessionCookie {
                path: affinity.path.clone(),
                domain: affinity.domain.clone(),
                max_age: affinity.max_age.clone(),
                same_site: affinity.same_site.clone(),
                secure: affinity.secure,
            };
            let otherwise = self.scope_cookie(location, tls, &mut attributes);
            let intent = Intent::SessionAffinity { cookie: affinity.name.clone(), attributes };
            let how = "for `/` unless `session-cookie-path` names a path, and with `Secure` only where `session-cookie-secure` asks for it";
            let lost = self.ask(ingress, names, &intent, vec![("value", affinity.name.clone()), ("how", how.to_owned())]);
            for how in otherwise.into_iter().filter(|_| lost.is_none()) {
                self.mark(ingress, &["affinity"], &differs(Code::PolicyAffinityCookie));
                let facts = vec![("value", affinity.name.clone()), ("how", how.to_owned())];
                self.say_about(ingress, &["affinity"], Code::PolicyAffinityCookie, facts);
            }
            if affinity.change_on_failure && lost.is_none() {
                let names = &["session-cookie-change-on-failure"];
                self.mark(ingress, names, &unmappable(Code::PolicyAffinityFailure));
                self.say_about(ingress, names, Code::PolicyAffinityFailure, vec![("value", affinity.name.clone())]);
            }
        }
        if !settings.connection_header.is_empty() {
            self.ask(ingress, &["connection-proxy-header"], &Intent::ConnectionHeader, vec![("value", settings.connection_header.clone())]);
        }
    }

    /// `default-backend`: it answers errors where statuses are replaced, and else requests for a Service without endpoints.
    fn stand_in(&mut self, ingress: IngressId, server: &Server, location: &Location) {
        const NAMES: &[&str] = &["default-backend"];
        let name = &location.settings.default_backend;
        if name.is_empty() {
            return;
        }
        let pages = self.config.replaced_errors(server, location);
        if pages.is_some_and(|pages| Some(pages.backend) == location.error_backend) {
            self.ask(ingress, NAMES, &Intent::ErrorPages, vec![]);
            return;
        }
        let (settlement, what) = if location.replaced.is_some() {
            (differs(Code::BackendStandIn), "it gets their requests without `X-Code: 503` and the other headers that say for whom")
        } else {
            (unmappable(Code::BackendStandIn), "once one has none, its requests are answered by the implementation")
        };
        self.mark(ingress, NAMES, &settlement);
        self.say_about(ingress, NAMES, Code::BackendStandIn, vec![("value", name.clone()), ("what", what.to_owned())]);
    }

    /// How requests are distributed. It belongs to the upstream, and the Ingress that names it first says it for all.
    fn balancing(&mut self, ingress: IngressId, location: &Location) {
        const HASH: &[&str] = &["upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size"];
        let Target::Upstream(id) = location.target else { return };
        let upstream = self.config.upstream(id);
        let first = upstream.ingress.unwrap_or(ingress);
        if first != ingress {
            let own = &location.settings.balancing;
            let given = [
                (&["load-balance"][..], annotated(own.algorithm.given)),
                (HASH, !own.hash_by.is_empty()),
                (&["service-upstream"], annotated(own.service_upstream.given)),
            ];
            let why = format!("`{}` names the same port of the Service first, and says it for both", self.ingress_name(first));
            for (names, _) in given.into_iter().filter(|(_, given)| *given) {
                self.mark(ingress, names, &no_effect(&why));
            }
        }
        let settings = Arc::clone(&self.config.ingress(first).settings);
        let (balancing, sticky) = (&settings.balancing, upstream.affinity.is_some());
        let (hashed, algorithm) = (!balancing.hash_by.is_empty(), &balancing.algorithm);
        if annotated(algorithm.given) {
            let by = algorithm.value.clone();
            if sticky || hashed {
                let why = if sticky { "a cookie names the endpoint" } else { "`upstream-hash-by` chooses the endpoint" };
                self.mark(first, &["load-balance"], &no_effect(why));
            } else if by == "round_robin" {
                self.mark(first, &["load-balance"], &Settlement::Exact);
            } else {
                self.ask(first, &["load-balance"], &Intent::LoadBalancing { by: by.clone(), hashed: false }, vec![("value", by)]);
            }
        }
        if hashed && sticky {
            self.mark(first, HASH, &no_effect("a cookie names the endpoint"));
        } else if hashed {
            let by = balancing.hash_by.clone();
            self.ask(first, HASH, &Intent::LoadBalancing { by: by.clone(), hashed: true }, vec![("value", by)]);
        }
        if annotated(balancing.service_upstream.given) && balancing.service_upstream.value {
            let headless = |service| self.inventory.services.get(service).is_some_and(Service::is_headless);
            if matches!(&upstream.backend, nginx::Backend::Service { service, .. } if headless(service)) {
                self.mark(first, &["service-upstream"], &no_effect("a headless Service has no address of its own"));
            } else {
                self.ask(first, &["service-upstream"], &Intent::ServiceAddress, vec![]);
            }
        }
    }

    /// Errors that somebody else answers: a Service, or the built-in page.
    fn error_pages(&mut self, ingress: IngressId, server: &Server, location: &Location) {
        let names = &["custom-http-errors", "disable-proxy-intercept-errors"];
        let errors = &location.settings.errors;
        let given = annotated(errors.codes.given) || annotated(errors.intercept_disabled.given);
        let replaced = self.config.replaced_errors(server, location);
        let built_in = |replaced: &nginx::ReplacedErrors| self.config.upstream(replaced.backend).label().is_none();
        match replaced.filter(built_in) {
            Some(nginx::ReplacedErrors { codes, intercepts, backend: _ }) => {
                let intent = Intent::ErrorStatus { codes, status: self.config.built_in_status(), of_backends: intercepts };
                self.ask(ingress, if given { names } else { &[] }, &intent, vec![]);
            }
            None if given && errors.codes.value.is_empty() && self.config.globals.errors.codes.is_empty() => {
                self.mark(ingress, names, &no_effect("no errors are replaced here"));
            }
            None if given => drop(self.ask(ingress, names, &Intent::ErrorPages, vec![])),
            None => {}
        }
    }

    fn residue_of_server(&mut self, ingress: IngressId, settings: &crate::nginx::Settings) {
        let logs = &settings.observability;
        if annotated(logs.access_log.given) {
            self.ask(ingress, &["enable-access-log"], &Intent::AccessLog, vec![]);
        }
        if annotated(logs.rewrite_log.given) {
            self.ask(ingress, &["enable-rewrite-log"], &Intent::AccessLog, vec![]);
        }
        if logs.opentelemetry.is_some() || logs.opentelemetry_trust.is_some() || !logs.opentelemetry_operation.is_empty() {
            let names = &["enable-opentelemetry", "opentelemetry-operation-name", "opentelemetry-trust-incoming-span"];
            if logs.opentelemetry == Some(false) && logs.opentelemetry_trust.is_none() {
                // Nobody traces unless he is told to.
                self.mark(ingress, names, &Settlement::Exact);
            } else {
                self.ask(ingress, names, &Intent::Tracing, vec![]);
            }
        }
        if annotated(settings.redirect.relative.given) && settings.redirect.relative.value {
            self.mark(ingress, &["relative-redirects"], &differs(Code::RedirectAbsolute));
            let (subject, name) = (self.annotation(ingress, "relative-redirects"), self.ingress_name(ingress));
            self.say(Code::RedirectAbsolute, Some(subject), vec![("ingress", name)]);
        }
        if annotated(settings.rewrite.use_port_in_redirects.given) && settings.rewrite.use_port_in_redirects.value {
            self.mark(ingress, &["use-port-in-redirects"], &differs(Code::RedirectPortDropped));
            let (subject, name) = (self.annotation(ingress, "use-port-in-redirects"), self.ingress_name(ingress));
            self.say(Code::RedirectPortDropped, Some(subject), vec![("ingress", name)]);
        }
    }
}

impl crate::nginx::Settings {
    /// `satisfy` decides something: there are address lists and credentials.
    fn satisfy_matters(&self) -> bool {
        self.addresses.satisfy == Satisfy::Any
            || !self.addresses.allow.is_empty()
            || !self.addresses.deny.is_empty()
            || self.basic_auth.is_some()
            || self.external_auth.is_some()
    }
}
