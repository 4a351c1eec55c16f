//! Snippets of annotations and of the ConfigMap: read once, with what they do and why nginx would refuse them.

use std::sync::Arc;

use super::reader::{Effect, Reader};
use crate::{
    nginx::{
        Snippet,
        code::Code,
        settings::{SnippetRefusal, SnippetUnless, Snippets},
    },
    snippet::{Defined, Place, Reading, Unless},
};

/// Annotations that hold nginx text.
const NAMES: [&str; 5] = ["configuration-snippet", "server-snippet", "stream-snippet", "auth-snippet", "modsecurity-snippet"];

/// Snippets of an Ingress; those that the controller does not allow are blank.
pub(super) fn snippets(reader: &mut Reader<'_>, allowed: bool) -> Option<Arc<Snippets>> {
    if !NAMES.iter().any(|name| reader.has(name)) {
        return None;
    }
    if !allowed {
        for name in NAMES {
            reader.note(name, Effect::Blanked);
        }
        return None;
    }
    let mut found = Snippets {
        configuration: reader.text_or_empty("configuration-snippet"),
        server: reader.text_or_empty("server-snippet"),
        stream: reader.text_or_empty("stream-snippet"),
        auth: reader.text_or_empty("auth-snippet"),
        ..Snippets::default()
    };
    if found == Snippets::default() {
        return None;
    }
    let (configuration, refused, defines) = understood(&found.configuration, Place::ConfigurationSnippet);
    found.configuration_code = configuration;
    found.refused.extend(refused.into_iter().map(|refusal| ("configuration-snippet", refusal)));
    found.defines.extend(defines);
    let (server, refused, defines) = understood(&found.server, Place::ServerSnippet);
    found.server_code = server;
    found.refused.extend(refused.into_iter().map(|refusal| ("server-snippet", refusal)));
    found.defines.extend(defines);
    let (_, refused, _) = understood(&found.stream, Place::StreamSnippet);
    found.stream_code = flat(&found.stream, Place::StreamSnippet);
    found.refused.extend(refused.into_iter().map(|refusal| ("stream-snippet", refusal)));
    let (_, refused, defines) = understood(&found.auth, Place::AuthSnippet);
    found.refused.extend(refused.into_iter().map(|refusal| ("auth-snippet", refusal)));
    found.defines.extend(defines);
    Some(Arc::new(found))
}

/// What a text does, why nginx refuses it, and what it defines.
fn understood(text: &str, place: Place) -> (Code, Vec<SnippetRefusal>, Vec<String>) {
    if text.is_empty() {
        return (Code::default(), Vec::new(), Vec::new());
    }
    let reading = Reading::new(text, place);
    let refused = reading.refusals().into_iter().map(|refusal| SnippetRefusal {
        part: refusal.span,
        message: refusal.message,
        unless: match refusal.unless {
            Unless::Never => SnippetUnless::Never,
            Unless::Loaded(key) => SnippetUnless::Loaded(key),
            Unless::Absent(key) => SnippetUnless::Absent(key),
            Unless::Replaced(key) => SnippetUnless::Replaced(key),
            Unless::Defined(defined) => SnippetUnless::Defined(defined_name(&defined)),
        },
    });
    (reading.code(), refused.collect(), reading.defines().map(|defined| defined_name(&defined)).collect())
}

fn flat(text: &str, place: Place) -> Code {
    if text.is_empty() { Code::default() } else { Reading::new(text, place).flat() }
}

/// Text of the location that asks an authentication service.
pub(crate) fn auth(text: &str) -> Code {
    understood(text, Place::AuthSnippet).0
}

/// Rules of `ModSecurity`.
pub(crate) fn rules(text: &str) -> Code {
    flat(text, Place::ModsecuritySnippet)
}

fn defined_name(defined: &Defined) -> String {
    match defined {
        Defined::Variable(name) => format!("${name}"),
        Defined::Zone(name) | Defined::Upstream(name) => name.clone(),
    }
}

/// A snippet of the ConfigMap.
pub(crate) fn global(key: &'static str, text: String) -> Snippet {
    let place = match key {
        "main-snippet" => Place::MainSnippet,
        "http-snippet" => Place::HttpSnippet,
        "server-snippet" => Place::GlobalServerSnippet,
        "stream-snippet" => Place::StreamSnippet,
        "global-auth-snippet" => Place::GlobalAuthSnippet,
        "modsecurity-snippet" => Place::ModsecuritySnippet,
        _ => Place::LocationSnippet,
    };
    let (code, refused, defines) = understood(&text, place);
    let (code, aside) = match place {
        Place::MainSnippet | Place::StreamSnippet | Place::ModsecuritySnippet => (Code::default(), flat(&text, place)),
        Place::GlobalAuthSnippet => (Code::default(), code),
        _ => (code, Code::default()),
    };
    Snippet { key, text, code, aside, refused, defines }
}
