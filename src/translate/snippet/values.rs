//! Values of headers: what is known before there is a request, and what the target has words for.

use std::collections::BTreeSet;

use super::{Here, condition::Env};
use crate::{
    request::Piece,
    targets::{Said, Side, Told},
    translate::{context::Cx, plan::Changes},
};

/// Where a value is used.
pub(super) struct Scene<'s> {
    /// Variables that were set.
    pub(super) env: &'s Env,
    /// Requests come over TLS.
    pub(super) tls: bool,
    /// An authentication service is asked.
    pub(super) asks: bool,
    /// Requests are not sent to HTTPS instead.
    pub(super) forwards: bool,
    /// Request headers that are changed on the way, in lower case.
    pub(super) changed: &'s BTreeSet<String>,
    /// Status of the answer, where it is known.
    pub(super) status: Option<u16>,
}

impl<'s> Scene<'s> {
    /// With these variables, and nothing else out of the ordinary.
    pub(super) fn of(env: &'s Env) -> Self {
        static NOTHING: BTreeSet<String> = BTreeSet::new();
        Self { env, tls: false, asks: false, forwards: true, changed: &NOTHING, status: None }
    }
}

/// The text, where it does not depend on the request.
pub(super) fn literal(text: &[Piece]) -> Option<&str> {
    match text {
        [] => Some(""),
        [Piece::Literal(text)] => Some(text),
        _ => None,
    }
}

impl Cx<'_> {
    /// A text in which everything is written out that is known before there is a request.
    pub(super) fn resolved(&self, text: &[Piece], scene: &Scene<'_>) -> Vec<Piece> {
        let mut resolved: Vec<Piece> = Vec::with_capacity(text.len());
        for piece in text {
            let known = match piece {
                Piece::Literal(text) => Some(text.as_str()),
                Piece::Variable(name) | Piece::Named(name) => self.value(name, scene),
                Piece::Group(_) => None,
            };
            match (known, resolved.last_mut()) {
                (None, _) => resolved.push(piece.clone()),
                (Some(""), _) => {}
                (Some(text), Some(Piece::Literal(last))) => last.push_str(text),
                (Some(text), _) => resolved.push(Piece::Literal(text.to_owned())),
            }
        }
        resolved
    }

    fn value<'s>(&'s self, name: &str, scene: &Scene<'s>) -> Option<&'s str> {
        if let Some(held) = scene.env.get(name) {
            return held.text();
        }
        let forwarded = &self.config.globals.forwarded;
        match name {
            "host" => self.only_name.as_deref(),
            "scheme" => Some(if scene.tls { "https" } else { "http" }),
            "pass_access_scheme" if !*forwarded.trusted => Some(if scene.tls { "https" } else { "http" }),
            "https" => Some(if scene.tls { "on" } else { "" }),
            "server_port" => Some(if scene.tls { "443" } else { "80" }),
            "literal_dollar" => Some("$"),
            _ => None,
        }
    }

    /// A text in the words of the target, where it has words for all of it.
    pub(super) fn worded(&self, text: &[Piece], side: Side, scene: &Scene<'_>) -> Option<Said> {
        let text = self.resolved(text, scene);
        if let Some(text) = literal(&text) {
            return Some(Said { value: self.header_value(text), but: None, stays: false });
        }
        self.options.target.header_text(&pieces(&text, scene)?, side)
    }

    /// The value in the words of the target; where it has none, the directive is settled as lost.
    pub(super) fn said(&mut self, here: &Here<'_>, text: &[Piece], side: Side, scene: &Scene<'_>, changes: &Changes) -> Option<Said> {
        let Some(pieces) = pieces(text, scene) else {
            self.lost(here, "what its variable holds is not known before there is a request");
            return None;
        };
        // A gateway looks at the request as it is at that moment, nginx as the client sent it.
        let changed = |piece: &Told<'_>| match piece {
            Told::Variable(name) => {
                name.strip_prefix("http_").is_some_and(|header| scene.changed.contains(&header.replace('_', "-")))
                    || (side == Side::Response && name.ends_with("host") && changes.host.is_some())
            }
            Told::Text(_) => false,
        };
        if pieces.iter().any(changed) {
            self.lost(here, "it repeats a header that is changed on the way");
            return None;
        }
        let said = self.options.target.header_text(&pieces, side);
        if said.is_none() {
            if pieces.iter().all(of_request) { self.variables(here) } else { self.lost(here, "a filter does not know its variable") }
        }
        said
    }
}

/// A text for the target; `None` where a variable of snippets, or captured text, is in it.
fn pieces<'t>(text: &'t [Piece], scene: &Scene<'_>) -> Option<Vec<Told<'t>>> {
    text.iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Some(Told::Text(text)),
            Piece::Variable(name) | Piece::Named(name) => (!scene.env.contains_key(name)).then_some(Told::Variable(name)),
            Piece::Group(_) => None,
        })
        .collect()
}

/// The request gives the value, so that some implementation might say it.
fn of_request(piece: &Told<'_>) -> bool {
    const OF_REQUEST: &[&str] = &[
        "args",
        "host",
        "http_host",
        "is_args",
        "query_string",
        "remote_addr",
        "request_id",
        "request_method",
        "request_uri",
        "req_id",
        "server_protocol",
        "uri",
    ];
    match piece {
        Told::Text(_) => true,
        Told::Variable(name) => OF_REQUEST.contains(name) || name.starts_with("http_"),
    }
}
