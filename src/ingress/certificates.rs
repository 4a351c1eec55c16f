//! Which certificate a host gets, and which names it covers.

use super::Item;
use crate::{
    annotations::{Absent, Context},
    k8s::{IngressTls, NamespacedName, Step, Subject},
    nginx::{Certificate, TlsDecision},
};

/// What is known of a TLS Secret.
enum Known<'a> {
    /// Nothing serves it.
    Unusable,
    /// The names in its certificate.
    Names(&'a [String]),
    /// It exists, or is assumed to, but its names are not known.
    Hidden,
}

/// Looks at TLS Secrets.
pub(super) struct Certificates<'a> {
    cx: Context<'a>,
}

impl<'a> Certificates<'a> {
    pub(super) fn new(cx: Context<'a>) -> Self {
        Self { cx }
    }

    fn known(&self, name: &NamespacedName) -> Known<'a> {
        let Some(secret) = self.cx.inventory.secrets.get(name) else {
            return if self.cx.secrets == Absent::Assumed { Known::Hidden } else { Known::Unusable };
        };
        if let Some(names) = &secret.certificate_names {
            return Known::Names(names);
        }
        let live = self.cx.inventory.objects.get(secret.id.0 as usize).is_some_and(|(_, origin)| origin.is_none());
        let has_certificate = secret.keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key == "tls.crt"));
        if live && has_certificate { Known::Hidden } else { Known::Unusable }
    }

    /// `extractTLSSecretName` and what follows it: the entry that lists the host, else the first whose certificate covers it.
    pub(super) fn decide(&self, host: &str, item: &Item<'_>) -> TlsDecision {
        let secret = |entry: &IngressTls| NamespacedName::new(&item.ingress.meta.namespace, &entry.secret_name);
        let place = |at: usize| Subject::new(item.ingress.id, [Step::from("spec"), "tls".into(), at.into()]);
        let decision =
            |certificate, because, unusable| TlsDecision { certificate, ingress: Some(item.id), because: Some(because), unusable };
        let lists = |entry: &IngressTls| entry.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host));
        if let Some((at, entry)) = item.ingress.tls.iter().enumerate().find(|(_, entry)| lists(entry)) {
            if entry.secret_name.is_empty() {
                return decision(Certificate::Default, place(at), None);
            }
            let name = secret(entry);
            let usable = match self.known(&name) {
                Known::Unusable => false,
                Known::Names(names) => covered(names, host),
                Known::Hidden => true,
            };
            return if usable {
                decision(Certificate::Secret(name), place(at), None)
            } else {
                decision(Certificate::Default, place(at), Some(name))
            };
        }
        for (at, entry) in item.ingress.tls.iter().enumerate().filter(|(_, entry)| !entry.secret_name.is_empty()) {
            let name = secret(entry);
            let covers = match self.known(&name) {
                Known::Unusable => false,
                Known::Names(names) => covered(names, host),
                // Nobody lists names that the certificate does not have; one without a list is taken to be for the hosts of its Ingress.
                Known::Hidden if entry.hosts.is_empty() => host != "_",
                Known::Hidden => covered(&entry.hosts, host),
            };
            if covers {
                return decision(Certificate::Secret(name), place(at), None);
            }
        }
        decision(Certificate::Default, Subject::new(item.ingress.id, ["spec", "tls"]), None)
    }

    /// The certificate covers another name (`ssl.IsValidHostname`). A hidden one is taken to cover what `spec.tls` lists for it.
    pub(super) fn covers(&self, tls: &TlsDecision, name: &str, items: &[Item<'_>]) -> bool {
        match &tls.certificate {
            Certificate::Secret(secret) => match self.known(secret) {
                Known::Names(names) => is_valid_hostname(names, name),
                Known::Hidden => {
                    let entries = tls.ingress.map_or(&[][..], |ingress| &items[ingress.0 as usize].ingress.tls);
                    entries.iter().any(|entry| entry.secret_name == secret.name && is_valid_hostname(&entry.hosts, name))
                }
                Known::Unusable => false,
            },
            Certificate::Default => match self.default_names() {
                Some(names) => is_valid_hostname(names, name),
                None => name.eq_ignore_ascii_case("ingress.local"),
            },
        }
    }

    /// Names of `--default-ssl-certificate`; `None` for the self-signed certificate.
    pub(super) fn default_names(&self) -> Option<&'a [String]> {
        let name = self.cx.globals.flags.default_ssl_certificate.as_ref()?;
        match self.known(name) {
            Known::Names(names) => Some(names),
            Known::Unusable | Known::Hidden => None,
        }
    }
}

/// `ssl.IsValidHostname`: the name, or the name with `*` for its first label, is among them.
fn is_valid_hostname(names: &[String], name: &str) -> bool {
    let candidate = name.split_once('.').map_or_else(|| "*".to_owned(), |(_, rest)| format!("*.{rest}"));
    names.iter().any(|covered| covered.eq_ignore_ascii_case(name) || covered.eq_ignore_ascii_case(&candidate))
}

/// Go's `VerifyHostname`: `*` stands for exactly one first label; a name that is no host (`*.x`) must be equal.
fn covered(names: &[String], host: &str) -> bool {
    names.iter().any(|name| {
        if name.eq_ignore_ascii_case(host) {
            return true;
        }
        let (Some(suffix), Some((label, rest))) = (name.strip_prefix("*."), host.split_once('.')) else { return false };
        !label.is_empty() && label != "*" && rest.eq_ignore_ascii_case(suffix)
    })
}
