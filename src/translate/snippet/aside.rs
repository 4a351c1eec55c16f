//! Text of nginx beside requests themselves: what an authentication service is asked, TCP and UDP, the processes of nginx, and rules of a
//! firewall. Each directive is settled where it stands.

use crate::{
    k8s::Subject,
    ledger::Code,
    nginx::{
        IngressId,
        code::{About, Code as Text, Directive, Line, Value},
        settings::ModSecurity,
    },
    request::Piece,
    translate::context::{Cx, unmappable},
};

use super::{Here, Origin, headers};

impl Cx<'_> {
    /// Settles the directives of all snippets that are run for no request of a client.
    pub(in crate::translate) fn snippets_aside(&mut self) {
        let config = self.config;
        for (at, source) in config.ingresses.iter().enumerate() {
            let ingress = IngressId(u32::try_from(at).unwrap_or(u32::MAX));
            if let Some(auth) = &source.settings.external_auth {
                let origin = self.of_annotation(ingress, "auth-snippet", &auth.snippet);
                self.of_service(&auth.code, &origin);
            }
            if let Some(snippets) = &source.settings.snippets {
                let origin = self.of_annotation(ingress, "stream-snippet", &snippets.stream);
                self.of_processes(&snippets.stream_code, &origin);
            }
        }
        for snippet in &config.globals.snippets {
            let subject = config.globals.config_map.as_ref().map(|map| Subject { object: map.object, field: map.field.child(snippet.key) });
            let origin = Origin { ingress: None, name: snippet.key, subject, text: snippet.text.clone(), swallows: false };
            match snippet.key {
                "global-auth-snippet" => self.of_service(&snippet.aside, &origin),
                "modsecurity-snippet" => {
                    for line in snippet.aside.all() {
                        self.rule_of_firewall(&Here { line, origin: &origin }, config.globals.modsecurity.then_some(Code::AccessFirewall));
                    }
                }
                _ => self.of_processes(&snippet.aside, &origin),
            }
        }
    }

    fn of_annotation(&self, ingress: IngressId, name: &'static str, text: &str) -> Origin {
        Origin { ingress: Some(ingress), name, subject: Some(self.annotation(ingress, name)), text: text.to_owned(), swallows: false }
    }

    /// Directives of the location that asks an authentication service.
    fn of_service(&mut self, code: &Text, origin: &Origin) {
        for line in code.all() {
            let here = Here { line, origin };
            match (&line.directive, line.about) {
                (Directive::RequestHeader { name, value: Value::Text(text), .. }, _) if is_usual(name, text) => {
                    self.idle(&here, "the controller sends it to the service by itself, and so do gateways in their way");
                }
                (Directive::RequestHeader { .. }, _) => {
                    self.lost(&here, "what the authentication service is asked has no headers of its own");
                }
                (Directive::ResponseHeader { .. }, _) | (_, About::Addition | About::Compression | About::ContentType | About::Body) => {
                    self.idle(&here, "clients do not see the answers of the authentication service");
                }
                (Directive::BodyLimit(_), _) | (_, About::Buffers) => self.idle(&here, "the service is asked without a body"),
                (Directive::OfAuth { .. }, _) => self.idle(&here, "it says nothing in the location that asks the service"),
                (Directive::Set { .. } | Directive::Defines(_) | Directive::Break, _) => {
                    self.idle(&here, "nothing that a client sees depends on it");
                }
                (_, About::NoEffect | About::Definition) => self.idle(&here, "it changes no answer"),
                (_, About::Timeout) => self.lost(&here, "the question to the authentication service has no time of its own"),
                (_, About::Cache) => self.lost(&here, "answers of the authentication service are not kept"),
                (_, _) => self.lost(&here, "it changes whom the authentication service lets pass"),
            }
        }
    }

    /// Directives of `stream` and of the whole process.
    fn of_processes(&mut self, code: &Text, origin: &Origin) {
        let mut whole = None;
        for line in code.all() {
            let here = Here { line, origin };
            if line.about == About::Inside {
                match whole {
                    Some(Whole::Idle) => self.idle(&here, "the block around it changes no answer"),
                    Some(Whole::Lost) => self.settle(&here, unmappable(Code::SnippetNotConvertible)),
                    None => {}
                }
                continue;
            }
            let idle = matches!(line.about, About::NoEffect | About::Definition);
            whole = Some(if idle { Whole::Idle } else { Whole::Lost });
            match line.about {
                About::NoEffect => self.idle(&here, "it changes no answer"),
                About::Definition => self.idle(&here, "it only defines what other directives use"),
                About::Stream => self.lost(&here, "TCP and UDP beside HTTP need listeners and routes of their own"),
                _ => self.lost(&here, "what it does to the whole of nginx is not known"),
            }
        }
    }

    /// Rules of the firewall of an Ingress; `lost` where the target has none.
    pub(in crate::translate) fn firewall_rules(&mut self, ingress: IngressId, firewall: &ModSecurity, lost: Option<Code>) {
        let origin = self.of_annotation(ingress, "modsecurity-snippet", &firewall.snippet);
        let lines: Vec<&Line> = firewall.code.all().collect();
        // Where the ConfigMap says it, it is settled there.
        if self.inventory_ingress(ingress).is_some_and(|read| read.meta.annotations.keys().any(|key| key.ends_with("/modsecurity-snippet")))
        {
            for line in lines {
                self.rule_of_firewall(&Here { line, origin: &origin }, lost);
            }
        }
    }

    fn rule_of_firewall(&mut self, here: &Here<'_>, lost: Option<Code>) {
        match lost {
            Some(code) => self.settle(here, unmappable(code)),
            None => self.idle(here, "the firewall is switched off"),
        }
    }
}

/// What becomes of a block as a whole.
#[derive(Debug, Clone, Copy)]
enum Whole {
    Idle,
    Lost,
}

/// A header that the controller sends anyway.
fn is_usual(name: &str, text: &[Piece]) -> bool {
    matches!(text, [Piece::Variable(variable)] if headers::is_usual(&name.to_ascii_lowercase(), variable))
}
