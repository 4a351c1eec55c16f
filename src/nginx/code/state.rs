//! What changes while a request goes through the scripts of a server and its locations.

use std::collections::BTreeMap;

use crate::request::{Part, Piece, PredicateId, TextExpr};

/// A value, or why it is not known.
pub(super) type Known<T> = Result<T, String>;

/// The path at this moment, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::nginx) enum Path {
    /// That of the request.
    #[default]
    Original,
    /// This one.
    Literal(String),
    /// Made of the path of the request.
    Made {
        /// The expression.
        regex: PredicateId,
        /// The template.
        template: Vec<Piece>,
    },
}

/// What the groups of the last expression took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Groups {
    /// Nothing.
    #[default]
    None,
    /// These texts; the first is the whole match.
    Literal(Vec<String>),
    /// Parts of the path of the request.
    OfPath(PredicateId),
    /// Something that is not known.
    Opaque,
}

/// The state.
#[derive(Debug, Clone, Default)]
pub(in crate::nginx) struct State {
    pub(in crate::nginx) path: Path,
    /// The path or the query was changed, so that the target is written anew.
    pub(in crate::nginx) rewritten: bool,
    /// The location must be chosen again.
    pub(super) changed: bool,
    /// The query, where it is not that of the request.
    pub(super) query: Option<Known<TextExpr>>,
    pub(super) groups: Groups,
    pub(super) variables: BTreeMap<String, Known<TextExpr>>,
    /// Request headers that were changed, by name in lower case.
    pub(super) input: BTreeMap<String, Known<Option<TextExpr>>>,
}

/// Variables that the controller sets at the start of each of its locations, whatever was set before.
pub(super) const SET_BY_LOCATIONS: &[&str] = &[
    "best_http_host",
    "ingress_name",
    "location_path",
    "namespace",
    "pass_access_scheme",
    "pass_port",
    "pass_server_port",
    "proxy_upstream_name",
    "service_name",
    "service_port",
];

/// A variable is no matter of snippets alone: nginx has it, or the controller's template sets it.
pub fn is_set_by_controller(name: &str) -> bool {
    const OTHERS: &[&str] = &["args", "limit_rate", "proxy_alternative_upstream_name", "proxy_host", "balancer_ewma_score"];
    SET_BY_LOCATIONS.contains(&name) || OTHERS.contains(&name) || super::ask::builtin(name).is_some()
}

impl State {
    /// A location of the controller sets its variables again.
    pub(super) fn enter_location(&mut self) {
        self.variables.retain(|name, _| !SET_BY_LOCATIONS.contains(&name.as_str()));
    }

    /// Nothing was done to the path.
    pub(in crate::nginx) fn is_original(&self) -> bool {
        self.path == Path::Original
    }

    /// The target that is sent upstream.
    pub(in crate::nginx) fn target(&self) -> Known<TextExpr> {
        if !self.rewritten {
            return Ok([Part::RawTarget { strip_slash: false }].into());
        }
        let mut parts = vec![match &self.path {
            Path::Original => Part::Path(crate::request::PathExpr::Splice { drop: 0, insert: String::new() }),
            Path::Literal(path) => Part::Path(crate::request::PathExpr::Fixed(crate::nginx::uri::escape_path(path.as_bytes()))),
            Path::Made { regex, template } => Part::Path(crate::request::PathExpr::Captures { regex: *regex, template: template.clone() }),
        }];
        parts.extend(self.query_with('?')?);
        Ok(TextExpr(parts))
    }

    /// `?` or `&` and the query, where there is one.
    pub(super) fn query_with(&self, joint: char) -> Known<Vec<Part>> {
        match &self.query {
            None => Ok(vec![if joint == '?' { Part::Query } else { Part::MoreQuery }]),
            Some(query) => {
                let query = query.clone()?;
                match query.as_literal() {
                    Some("") => Ok(Vec::new()),
                    // A text that may be empty has no `?` then.
                    None if !matches!(query.0.first(), Some(Part::Literal(_))) => Err("whether the query is empty".to_owned()),
                    Some(_) | None => Ok(std::iter::once(Part::Literal(joint.to_string())).chain(query.0).collect()),
                }
            }
        }
    }
}
