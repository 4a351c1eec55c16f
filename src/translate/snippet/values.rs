//! Values of headers: what is known before there is a request, and what the target has words for.

use std::collections::BTreeSet;

use super::{
    Here,
    condition::{Env, Held},
};
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
    /// Request headers that are changed on the way, in lower case.
    pub(super) changed: &'s BTreeSet<String>,
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

    /// The value in the words of the target; where it has none, the directive is settled as lost.
    pub(super) fn said(&mut self, here: &Here<'_>, text: &[Piece], side: Side, scene: &Scene<'_>, changes: &Changes) -> Option<Said> {
        let mut pieces = Vec::with_capacity(text.len());
        for piece in text {
            match piece {
                Piece::Literal(text) => pieces.push(Told::Text(text)),
                Piece::Variable(name) | Piece::Named(name) if !scene.env.contains_key(name) => pieces.push(Told::Variable(name)),
                Piece::Variable(_) | Piece::Named(_) | Piece::Group(_) => {
                    self.lost(here, "what its variable holds is not known before there is a request");
                    return None;
                }
            }
        }
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
