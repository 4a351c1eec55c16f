//! Access control and everything else of a location that core has no field for: each becomes an intent that the target answers.

use super::context::{Cx, differs, no_effect};
use crate::{
    gateway::Intent,
    ledger::{Code, Settlement},
    nginx::{
        IngressId, Location,
        settings::{BackendProtocol, BasicKind, Given, Satisfy},
    },
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
const BUFFERING: &[(&str, fn(&crate::nginx::settings::Buffering) -> Given)] = &[
    ("proxy-buffering", |b| b.responses.given),
    ("proxy-request-buffering", |b| b.requests.given),
    ("proxy-buffer-size", |b| b.size.given),
    ("proxy-buffers-number", |b| b.number.given),
    ("proxy-busy-buffers-size", |b| b.busy.given),
    ("proxy-max-temp-file-size", |b| b.temp_file.given),
    ("client-body-buffer-size", |b| b.body.given),
];

fn annotated(given: Given) -> bool {
    matches!(given, Given::Annotation(_))
}

impl Cx<'_> {
    /// Why the location must not be served without access control that the target cannot say; `None` where it may.
    pub(super) fn lost_access_control(&mut self, ingress: IngressId, location: &Location) -> Option<Code> {
        let settings = &location.settings;
        let mut lost = None;
        let lists = &settings.addresses;
        if !lists.allow.is_empty() || !lists.deny.is_empty() {
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
                    BasicKind::Basic => Intent::BasicAuth { secret: secret.clone(), realm: basic.realm.clone() },
                    BasicKind::Digest | BasicKind::OtherDigest => Intent::DigestAuth { secret: secret.clone() },
                };
                lost = lost.or(self.ask(ingress, BASIC, &intent, vec![("secret", secret)]));
            } else {
                self.mark(ingress, BASIC, &no_effect("nobody is asked for credentials here"));
            }
        }
        if let Some(external) = &settings.external_auth {
            let intent = Intent::ExternalAuth { url: external.url.clone(), global: false };
            lost = lost.or(self.ask(ingress, EXTERNAL, &intent, vec![("url", external.url.clone())]));
        } else if let Some(external) = self.config.globals.external_auth.clone().filter(|_| settings.global_auth.value && !location.no_auth)
        {
            let intent = Intent::ExternalAuth { url: external.url.clone(), global: true };
            lost = lost.or(self.ask(ingress, &["enable-global-auth"], &intent, vec![("url", external.url)]));
        }
        if settings.satisfy_matters() {
            self.mark(ingress, &["satisfy"], &lost.map_or(Settlement::Exact, super::context::unmappable));
        }
        if settings.modsecurity.enabled {
            let names = &["enable-modsecurity", "enable-owasp-core-rules", "modsecurity-transaction-id", "modsecurity-snippet"];
            lost = lost.or(self.ask(ingress, names, &Intent::Firewall, vec![]));
        }
        lost.filter(|_| !self.options.allow_unprotected)
    }

    /// Why the backend cannot be spoken to as it wants; `None` where it can.
    pub(super) fn unspoken_protocol(&mut self, ingress: IngressId, location: &Location, tls: bool) -> Option<Code> {
        let protocol = &location.settings.protocol;
        let name = &["backend-protocol"];
        let intent = match protocol.value {
            BackendProtocol::Http => None,
            BackendProtocol::AutoHttp => tls.then_some(Intent::BackendTls),
            BackendProtocol::Https => Some(Intent::BackendTls),
            BackendProtocol::Grpc | BackendProtocol::Grpcs | BackendProtocol::GrpcWithoutHeaders { .. } => Some(Intent::Grpc),
            BackendProtocol::Fcgi => Some(Intent::Fastcgi),
        };
        let Some(intent) = intent else {
            if annotated(protocol.given) {
                self.mark(ingress, name, &Settlement::Exact);
            }
            return None;
        };
        let mut names = name.to_vec();
        if matches!(intent, Intent::Fastcgi) {
            names.extend(["fastcgi-index", "fastcgi-params-configmap"]);
        }
        if location.settings.proxy_tls.is_some() {
            names.extend([
                "proxy-ssl-secret",
                "proxy-ssl-ciphers",
                "proxy-ssl-name",
                "proxy-ssl-protocols",
                "proxy-ssl-verify",
                "proxy-ssl-verify-depth",
                "proxy-ssl-server-name",
            ]);
        }
        self.ask(ingress, &names, &intent, vec![])
    }

    /// Settles what core has no field for and what does not decide whether or where a request goes.
    pub(super) fn residue(&mut self, ingress: IngressId, location: &Location) {
        let settings = location.settings.clone();
        let proxy = &settings.proxy;
        if annotated(proxy.body_size.given) {
            let size = proxy.body_size.value.map_or_else(|| "no limit".to_owned(), |bytes| format!("{bytes} bytes"));
            self.ask(ingress, &["proxy-body-size"], &Intent::BodyLimit { bytes: proxy.body_size.value }, vec![("value", size)]);
        }
        for (name, given) in BUFFERING {
            if annotated(given(&proxy.buffering)) {
                self.ask(ingress, &[name], &Intent::Buffering, vec![]);
            }
        }
        let timeouts = &proxy.timeouts;
        for (name, setting) in
            [("proxy-connect-timeout", &timeouts.connect), ("proxy-send-timeout", &timeouts.send), ("proxy-read-timeout", &timeouts.read)]
        {
            if annotated(setting.given) {
                self.ask(ingress, &[name], &Intent::Timeouts, vec![("annotation", name.to_owned()), ("value", setting.value.to_string())]);
            }
        }
        let next = &proxy.next_upstream;
        for (name, given) in [
            ("proxy-next-upstream", next.conditions.given),
            ("proxy-next-upstream-timeout", next.timeout.given),
            ("proxy-next-upstream-tries", next.tries.given),
        ] {
            if annotated(given) {
                self.ask(ingress, &[name], &Intent::Retry, vec![]);
            }
        }
        for (name, given) in [("proxy-redirect-from", proxy.redirect.from.given), ("proxy-redirect-to", proxy.redirect.to.given)] {
            if annotated(given) {
                self.ask(ingress, &[name], &Intent::LocationRewrite, vec![]);
            }
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
        if annotated(proxy.http_version.given) {
            self.ask(ingress, &["proxy-http-version"], &Intent::BackendHttpVersion, vec![("value", proxy.http_version.value.clone())]);
        }
        if let Some(limits) = &settings.limits {
            if limits.refuses() {
                let names =
                    &["limit-connections", "limit-rps", "limit-rpm", "limit-burst-multiplier", "limit-allowlist", "limit-whitelist"];
                self.ask(ingress, names, &Intent::RateLimit, vec![]);
            }
            if limits.rate > 0 || limits.rate_after > 0 {
                self.ask(ingress, &["limit-rate", "limit-rate-after"], &Intent::Bandwidth, vec![]);
            }
        }
        self.residue_of_backends(ingress, &settings);
        self.residue_of_server(ingress, &settings);
    }

    fn residue_of_backends(&mut self, ingress: IngressId, settings: &crate::nginx::Settings) {
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
            self.ask(ingress, names, &Intent::SessionAffinity { cookie: affinity.name.clone() }, vec![("value", affinity.name.clone())]);
        }
        let balancing = &settings.balancing;
        if annotated(balancing.algorithm.given) {
            if balancing.algorithm.value == "round_robin" {
                self.mark(ingress, &["load-balance"], &Settlement::Exact);
            } else {
                let by = balancing.algorithm.value.clone();
                self.ask(ingress, &["load-balance"], &Intent::LoadBalancing { by: by.clone() }, vec![("value", by)]);
            }
        }
        if !balancing.hash_by.is_empty() {
            let by = balancing.hash_by.clone();
            let names = &["upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size"];
            self.ask(ingress, names, &Intent::LoadBalancing { by: by.clone() }, vec![("value", by)]);
        }
        if annotated(balancing.service_upstream.given) && balancing.service_upstream.value {
            self.ask(ingress, &["service-upstream"], &Intent::ServiceAddress, vec![]);
        }
        if let Some(mirror) = &settings.mirror {
            let intent = Intent::Mirror { target: mirror.target.clone() };
            self.ask(ingress, &["mirror-target", "mirror-host", "mirror-request-body"], &intent, vec![("value", mirror.target.clone())]);
        }
        if !settings.connection_header.is_empty() {
            self.ask(ingress, &["connection-proxy-header"], &Intent::ConnectionHeader, vec![("value", settings.connection_header.clone())]);
        }
        if annotated(settings.errors.codes.given) || annotated(settings.errors.intercept_disabled.given) {
            self.ask(ingress, &["custom-http-errors", "disable-proxy-intercept-errors"], &Intent::ErrorPages, vec![]);
        }
        if !settings.default_backend.is_empty() {
            self.ask(ingress, &["default-backend"], &Intent::ErrorPages, vec![]);
        }
    }

    fn residue_of_server(&mut self, ingress: IngressId, settings: &crate::nginx::Settings) {
        if !settings.server_tls.ciphers.is_empty() || settings.server_tls.prefer_server_ciphers.is_some() {
            self.ask(ingress, &["ssl-ciphers", "ssl-prefer-server-ciphers"], &Intent::Ciphers, vec![]);
        }
        let logs = &settings.observability;
        if annotated(logs.access_log.given) {
            self.ask(ingress, &["enable-access-log"], &Intent::AccessLog, vec![]);
        }
        if annotated(logs.rewrite_log.given) {
            self.ask(ingress, &["enable-rewrite-log"], &Intent::AccessLog, vec![]);
        }
        if logs.opentelemetry.is_some() || logs.opentelemetry_trust.is_some() || !logs.opentelemetry_operation.is_empty() {
            let names = &["enable-opentelemetry", "opentelemetry-operation-name", "opentelemetry-trust-incoming-span"];
            self.ask(ingress, names, &Intent::Tracing, vec![]);
        }
        if let Some(snippets) = &settings.snippets {
            for (name, text) in [("stream-snippet", &snippets.stream), ("auth-snippet", &snippets.auth)] {
                if !text.is_empty() {
                    self.ask(ingress, &[name], &Intent::Snippet, vec![("annotation", name.to_owned())]);
                }
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
