//! Snippets for which nginx refuses the configuration: by themselves, by what surrounds them, or by what others fail to define.

use std::{collections::BTreeSet, ops::Range};

use super::refusals::{Check, config_map_key};
use crate::{
    k8s::Subject,
    ledger::{Code as Finds, Finding},
    nginx::{
        Config, Globals, IngressId, Location, Modifier, Server, Settings,
        code::{Code, Directive},
        settings::{BackendProtocol, BasicKind, Given, SnippetRefusal, SnippetUnless, Snippets},
    },
    snippet::{LocationModifier, Place, Reading, Written, conflicts},
};

impl Check<'_> {
    /// Snippets that nginx does not take. Those of Ingresses are only written where a location or server of the Ingress is.
    pub(super) fn snippets(&mut self) {
        let config = self.config;
        let defined = self.defined();
        for snippet in &config.globals.snippets {
            for refusal in &snippet.refused {
                if is_refused(refusal, &config.globals.defaults, config, &defined) {
                    let message = format!("`{}` of the ConfigMap: {}", snippet.key, refusal.message);
                    let subjects = config_map_key(&config.globals, snippet.key);
                    let at = (refusal.message.as_str(), refusal.part.clone());
                    self.say(at, &snippet.text, snippet.key, "the controller's ConfigMap".to_owned(), subjects.first().cloned());
                    self.once(message, subjects);
                }
            }
        }
        for server in &config.servers {
            if let Some(ingress) = server.snippet {
                self.written(ingress, &config.ingress(ingress).settings, &["server-snippet"], &defined);
                self.beside(server, ingress);
            }
            self.global_beside(server);
            for location in server.locations.iter().filter(|location| location.settings.denied.is_none()) {
                let Some(origin) = &location.origin else { continue };
                let settings = &location.settings;
                let auth = if settings.external_auth.is_some() { "auth-snippet" } else { "" };
                self.written(origin.ingress, settings, &["configuration-snippet", "stream-snippet", auth], &defined);
                self.inside(location, origin.ingress);
            }
        }
    }

    fn once(&mut self, message: String, subjects: Vec<Subject>) {
        if !self.found.iter().any(|refusal| refusal.message == message) {
            self.refuse(message, subjects);
        }
    }

    /// Names the line that nginx refuses, once.
    fn say(&mut self, (message, part): (&str, Range<usize>), text: &str, annotation: &str, ingress: String, subject: Option<Subject>) {
        let word = message.strip_prefix("unknown directive \"").and_then(|rest| rest.strip_suffix('"'));
        let line = 1 + text.get(..part.start).map_or(0, |before| before.matches('\n').count());
        let mut facts = vec![("annotation", annotation.to_owned()), ("ingress", ingress), ("line", line.to_string())];
        let code = match word {
            Some(word) => {
                facts.push(("directive", word.to_owned()));
                Finds::SnippetUnknownDirective
            }
            None => {
                facts.push(("error", message.to_owned()));
                Finds::SnippetRefused
            }
        };
        let mut finding = match subject {
            Some(subject) => Finding::about(code, subject, facts),
            None => Finding::estate(code, facts),
        };
        finding.at = finding.subject.as_ref().and_then(|subject| self.inventory.part_of_text(subject, text, part));
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn written(&mut self, ingress: IngressId, settings: &Settings, names: &[&str], defined: &BTreeSet<String>) {
        let Some(snippets) = &settings.snippets else { return };
        for (name, refusal) in snippets.refused.iter().filter(|(name, _)| names.contains(name)) {
            if is_refused(refusal, settings, self.config, defined) {
                let subject = self.config.annotation(ingress, name);
                let at = (refusal.message.as_str(), refusal.part.clone());
                self.say(at, text_of(snippets, name), name, self.config.ingress(ingress).name.to_string(), Some(subject.clone()));
                self.once(format!("`{name}`: {}", refusal.message), vec![subject]);
            }
        }
    }

    /// Variables (with `$`) and zones that snippets and expressions of paths define.
    pub(super) fn defined(&self) -> BTreeSet<String> {
        let config = self.config;
        let own = config.ingresses.iter().filter_map(|ingress| ingress.settings.snippets.as_ref()).flat_map(|snippets| &snippets.defines);
        let groups = self.groups.iter().map(|group| format!("${group}"));
        config.globals.snippets.iter().flat_map(|snippet| &snippet.defines).chain(own).cloned().chain(groups).collect()
    }

    /// Locations of a server snippet beside those of the controller.
    fn beside(&mut self, server: &Server, ingress: IngressId) {
        let Some(snippets) = &self.config.ingress(ingress).settings.snippets else { return };
        if !has_locations(&snippets.server_code) {
            return;
        }
        let beside = around(server, &self.config.globals);
        for refusal in conflicts(&Reading::new(&snippets.server, Place::ServerSnippet), None, &beside) {
            let message = format!("`server-snippet` of host `{}`: {}", server.host, refusal.message);
            let (subject, name) = (self.config.annotation(ingress, "server-snippet"), self.config.ingress(ingress).name.to_string());
            self.say((&refusal.message, refusal.span), &snippets.server, "server-snippet", name, Some(subject.clone()));
            self.once(message, vec![subject]);
        }
    }

    fn global_beside(&mut self, server: &Server) {
        let config = self.config;
        for snippet in config.globals.snippets.iter().filter(|snippet| has_locations(&snippet.code)) {
            let found = match snippet.key {
                "server-snippet" => {
                    conflicts(&Reading::new(&snippet.text, Place::GlobalServerSnippet), None, &around(server, &config.globals))
                }
                "location-snippet" => {
                    let reading = Reading::new(&snippet.text, Place::LocationSnippet);
                    let locations = server.locations.iter().filter(|location| location.settings.denied.is_none());
                    locations.flat_map(|location| with_written(location, |written| conflicts(&reading, Some(written), &[]))).collect()
                }
                _ => Vec::new(),
            };
            for refusal in found {
                let message = format!("`{}` of the ConfigMap: {}", snippet.key, refusal.message);
                let subjects = config_map_key(&config.globals, snippet.key);
                let whose = "the controller's ConfigMap".to_owned();
                self.say((&refusal.message, refusal.span), &snippet.text, snippet.key, whose, subjects.first().cloned());
                self.once(message, subjects);
            }
        }
    }

    /// Locations of a snippet inside the location of the controller.
    fn inside(&mut self, location: &Location, ingress: IngressId) {
        let Some(snippets) = &location.settings.snippets else { return };
        if !has_locations(&snippets.configuration_code) {
            return;
        }
        let reading = Reading::new(&snippets.configuration, Place::ConfigurationSnippet);
        for refusal in with_written(location, |written| conflicts(&reading, Some(written), &[])) {
            let message = format!("`configuration-snippet`: {}", refusal.message);
            let (subject, name) = (self.config.annotation(ingress, "configuration-snippet"), self.config.ingress(ingress).name.to_string());
            self.say((&refusal.message, refusal.span), &snippets.configuration, "configuration-snippet", name, Some(subject.clone()));
            self.once(message, vec![subject]);
        }
    }
}

fn text_of<'a>(snippets: &'a Snippets, name: &str) -> &'a str {
    match name {
        "configuration-snippet" => &snippets.configuration,
        "server-snippet" => &snippets.server,
        "stream-snippet" => &snippets.stream,
        _ => &snippets.auth,
    }
}

fn has_locations(code: &Code) -> bool {
    code.all().any(|line| matches!(line.directive, Directive::Location { .. }))
}

/// How the controller writes a location.
fn with_written<T>(location: &Location, then: impl FnOnce(Written<'_>) -> T) -> T {
    match location.modifier {
        Modifier::Exact => then((LocationModifier::Exact, &location.path)),
        Modifier::Prefix => then((LocationModifier::Prefix, &location.path)),
        Modifier::Regex => then((LocationModifier::RegexIgnoringCase, &format!("^{}", location.path))),
    }
}

/// Plain locations that the controller writes into a server.
fn around<'a>(server: &'a Server, globals: &'a Globals) -> Vec<Written<'a>> {
    let plain = server.locations.iter().filter_map(|location| match location.modifier {
        Modifier::Exact => Some((LocationModifier::Exact, location.path.as_str())),
        Modifier::Prefix => Some((LocationModifier::Prefix, location.path.as_str())),
        Modifier::Regex => None,
    });
    let mut list: Vec<Written<'_>> = plain.collect();
    if server.host == "_" {
        list.extend([(LocationModifier::Prefix, globals.flags.health_check_path.as_str()), (LocationModifier::Prefix, "/nginx_status")]);
    }
    list
}

/// Whether a refusal comes true.
fn is_refused(refusal: &SnippetRefusal, settings: &Settings, config: &Config, defined: &BTreeSet<String>) -> bool {
    match &refusal.unless {
        SnippetUnless::Never => true,
        SnippetUnless::Defined(name) => !defined.contains(name),
        SnippetUnless::Absent(key) => writes(key, settings, &config.globals),
        SnippetUnless::Replaced(key) => writes_off(key, settings),
        SnippetUnless::Loaded(key) => !loads(key, config),
    }
}

/// A switch of the ConfigMap that nothing else looks at.
fn is_on(globals: &Globals, key: &str) -> bool {
    globals.logging.get(key).is_some_and(|value| value == "true")
}

/// The controller writes `off` where an annotation or a key does not say something else.
fn writes_off(key: &str, settings: &Settings) -> bool {
    let proxy = &settings.proxy;
    let value = match key {
        "proxy-cookie-domain" => &proxy.cookie_domain.value,
        "proxy-cookie-path" => &proxy.cookie_path.value,
        _ => &proxy.redirect.from.value,
    };
    value == "off"
}

/// The controller writes directives of its own for an annotation or a key.
fn writes(key: &str, settings: &Settings, globals: &Globals) -> bool {
    let limits = settings.limits.as_ref();
    match key {
        "enable-access-log" => !settings.observability.access_log.value,
        "enable-rewrite-log" => settings.observability.rewrite_log.value,
        "relative-redirects" => settings.redirect.relative.value,
        "auth-type" => settings.basic_auth.as_ref().is_some_and(|auth| auth.kind == BasicKind::Basic),
        "auth-url" => settings.external_auth.is_some() || (settings.global_auth.value && globals.external_auth.is_some()),
        "auth-method" => settings.external_auth.as_ref().is_some_and(|auth| !auth.method.is_empty()),
        "auth-cache-key" => settings.external_auth.as_ref().is_some_and(|auth| !auth.cache_key.is_empty()),
        "auth-tls-secret" => settings.auth_tls.is_some(),
        "client-body-buffer-size" => matches!(settings.proxy.buffering.body.given, Given::Annotation(_)),
        "proxy-busy-buffers-size" => !settings.proxy.buffering.busy.value.is_empty(),
        "fastcgi-index" => settings.fastcgi.is_some(),
        "backend-protocol" => matches!(settings.protocol.value, BackendProtocol::Grpc | BackendProtocol::Grpcs),
        "limit-rate" => limits.is_some_and(|limits| limits.rate > 0),
        "limit-rate-after" => limits.is_some_and(|limits| limits.rate_after > 0),
        "mirror-target" => settings.mirror.is_some(),
        "enable-modsecurity" => settings.modsecurity.enabled || settings.modsecurity.given,
        "custom-http-errors" => !settings.errors.codes.value.is_empty(),
        "proxy-ssl-secret" | "proxy-ssl-name" | "proxy-ssl-server-name" => settings.proxy_tls.is_some(),
        "satisfy" => settings.addresses.says_satisfy,
        "ssl-ciphers" => !settings.server_tls.ciphers.is_empty(),
        "ssl-prefer-server-ciphers" => settings.server_tls.prefer_server_ciphers.is_some(),
        "use-forwarded-headers" => *globals.forwarded.trusted || globals.forwarded.real_ip,
        // The session cache is on unless the ConfigMap says otherwise.
        "ssl-session-cache" => globals.logging.get(key).is_none_or(|value| value == "true"),
        _ => is_on(globals, key),
    }
}

/// The controller loads a module for a key, or for an annotation of any Ingress.
fn loads(key: &str, config: &Config) -> bool {
    let any = |wanted: fn(&Settings) -> bool| {
        config.servers.iter().flat_map(|server| &server.locations).any(|location| wanted(&location.settings))
    };
    match key {
        "enable-modsecurity" => config.globals.modsecurity || any(|settings| settings.modsecurity.enabled),
        "enable-opentelemetry" => is_on(&config.globals, key) || any(|settings| settings.observability.opentelemetry == Some(true)),
        "auth-type" => any(|settings| settings.basic_auth.as_ref().is_some_and(|auth| auth.kind == BasicKind::Digest)),
        _ => is_on(&config.globals, key),
    }
}
