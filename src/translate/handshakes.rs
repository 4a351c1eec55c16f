//! Names of a server, and what serves them over TLS: certificates, cipher suites, certificates of clients.

use super::{
    changes::is_precise_hostname,
    context::{Cx, differs, no_effect, unmappable},
    plan::{Hostname, TlsPlan},
};
use crate::{
    gateway::Intent,
    k8s::{FieldPath, Subject},
    ledger::{Code, Settlement},
    nginx::{Certificate, IngressId, Server, ServerName, settings::VerifyClient},
};

/// Annotations about certificates of clients.
pub(super) const CLIENT_CERTIFICATES: &[&str] = &[
    "auth-tls-secret",
    "auth-tls-verify-client",
    "auth-tls-verify-depth",
    "auth-tls-error-page",
    "auth-tls-match-cn",
    "auth-tls-pass-certificate-to-upstream",
];

impl Cx<'_> {
    pub(super) fn client_certificates(&mut self, server: &Server, hostnames: &[(Hostname, TlsPlan)]) -> Option<Code> {
        let client = server.client_certificates.as_ref()?;
        let names = CLIENT_CERTIFICATES;
        let settings = &client.settings;
        if !client.are_asked() && settings.match_cn.is_empty() {
            let why = if settings.ca {
                "nobody is asked for a certificate"
            } else {
                "without `ca.crt` in its Secret nobody is asked for a certificate"
            };
            self.mark(client.ingress, names, &no_effect(why));
            return None;
        }
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
        let on_others = !self.owns_gateway() || hostnames.iter().any(|(_, tls)| *tls == TlsPlan::Shared);
        // Why the policy of a target that has one does not say it.
        let kept = self.keeps(&intent);
        let unsayable = if kept && !settings.match_cn.is_empty() {
            Some(Code::AccessClientSubject)
        } else if kept && on_others {
            // It belongs to a listener, and nothing is attached to a Gateway that is not ours.
            Some(Code::AccessClientCertificatesPlace)
        } else {
            None
        };
        if let Some(code) = unsayable {
            self.mark(client.ingress, names, &unmappable(code));
            let mut facts = facts;
            facts.push(("value", settings.match_cn.clone()));
            let about = if code == Code::AccessClientSubject { "auth-tls-match-cn" } else { "auth-tls-secret" };
            self.say_about(client.ingress, &[about], code, facts);
            return Some(code).filter(|_| !self.options.allow_unprotected);
        }
        let lost = self.ask(client.ingress, names, &intent, facts);
        if lost.is_none() && !settings.error_page.is_empty() {
            self.mark(client.ingress, &["auth-tls-error-page"], &unmappable(Code::AccessClientCertificatesDiffer));
        }
        lost.filter(|_| !self.options.allow_unprotected)
    }

    /// Cipher suites of a host, which a listener of its own can have.
    pub(super) fn ciphers(&mut self, server: &Server, hostnames: &[(Hostname, TlsPlan)]) {
        // Nothing is attached to a Gateway that is not ours.
        if !self.owns_gateway() || hostnames.iter().any(|(_, tls)| *tls == TlsPlan::Shared) {
            return self.no_ciphers(server);
        }
        let says = says_ciphers(server);
        if says.is_empty() {
            return;
        }
        let of = |ingress: Option<IngressId>| ingress.map(|ingress| &self.config.ingress(ingress).settings.server_tls);
        let list = of(server.ssl_ciphers).map(|tls| tls.ciphers.clone()).unwrap_or_default();
        let prefer_server = of(server.ssl_prefer_server_ciphers).and_then(|tls| tls.prefer_server_ciphers);
        let intent = Intent::Ciphers { list: list.clone(), prefer_server };
        for (ingress, names) in says {
            self.ask(ingress, &names, &intent, vec![("value", list.clone())]);
        }
    }

    /// Cipher suites of a host that has no listener of its own.
    fn no_ciphers(&mut self, server: &Server) {
        for (ingress, names) in says_ciphers(server) {
            self.mark(ingress, &names, &unmappable(Code::PolicyCiphers));
            self.say_about(ingress, &names, Code::PolicyCiphers, vec![]);
        }
    }

    /// The names of a server with what serves them over TLS.
    pub(super) fn hostnames(&mut self, server: &Server) -> Vec<(Hostname, TlsPlan)> {
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
            let name = alias.hostname().unwrap_or_default();
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
            if tls == TlsPlan::None && server.tls.as_ref().is_some_and(|tls| tls.ingress.is_some()) {
                settled = settled.and(differs(Code::TlsNoCertificate));
            }
            if !names.iter().any(|(known, _)| known.text() == Some(&name)) {
                names.push((Hostname::Name(name), tls));
            }
        }
        self.mark(from, &["server-alias"], &settled);
        names
    }

    /// What serves a name over TLS.
    pub(super) fn tls(&self, name: &str) -> TlsPlan {
        match self.certificate(name) {
            Some(Certificate::Secret(secret)) => TlsPlan::Own(secret.clone()),
            Some(Certificate::Default) | None if self.config.globals.flags.default_ssl_certificate.is_some() => TlsPlan::Shared,
            Some(Certificate::Default) | None => TlsPlan::None,
        }
    }

    pub(super) fn certificate(&self, name: &str) -> Option<&Certificate> {
        let wildcard = || self.config.certificates.get(&format!("*.{}", name.split_once('.')?.1));
        self.config.certificates.get(name).or_else(wildcard)
    }
}

/// Ingresses that say something of the cipher suites of a host, and the annotations that say it.
fn says_ciphers(server: &Server) -> Vec<(IngressId, Vec<&'static str>)> {
    const LIST: &str = "ssl-ciphers";
    const ORDER: &str = "ssl-prefer-server-ciphers";
    match (server.ssl_ciphers, server.ssl_prefer_server_ciphers) {
        (Some(one), Some(other)) if one == other => vec![(one, vec![LIST, ORDER])],
        (list, order) => {
            let list = list.map(|ingress| (ingress, vec![LIST]));
            list.into_iter().chain(order.map(|ingress| (ingress, vec![ORDER]))).collect()
        }
    }
}
