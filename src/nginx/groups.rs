//! Numbered groups in texts of locations and servers: which expression took them last.

use std::collections::BTreeSet;

use super::{Modifier, Router, Server, route::Here, router::location_test, texts};
use crate::request::{Field, Part, Piece, PredicateId, Valuation};

impl Router<'_> {
    /// A text of a server outside of any location: groups are those of its name.
    pub(super) fn text_of_server(server: &Server, text: &str) -> Vec<Part> {
        with_groups(text, |group| name_group(server, group))
    }

    /// A text of a location that is read when all its scripts have run: `rewrite-target` was the last to look at the path.
    pub(super) fn text_of_proxying(&self, v: &impl Valuation, here: &Here<'_>, text: &str) -> Vec<Part> {
        match here.asked.rewrite.filter(|&id| v.holds(id)) {
            Some(regex) if has_groups(text) => vec![self.of_path_expression(regex, text)],
            Some(_) | None => self.text_of_script(v, here, text),
        }
    }

    /// A text of a location that its script reads: groups are those of a list of origins, else of the path of the location, else of the name of
    /// the server.
    pub(super) fn text_of_script(&self, v: &impl Valuation, here: &Here<'_>, text: &str) -> Vec<Part> {
        if let Some(origins) = here.asked.origin {
            let origin = || vec![Part::Header("origin".to_owned())];
            return with_groups(text, |group| match (v.holds(origins), group) {
                (false, _) => Vec::new(),
                (true, 0 | 1) => origin(),
                // Which of the origins it was is in the groups behind it.
                (true, group) => vec![Part::Variable(group.to_string())],
            });
        }
        match self.predicates.find(&Field::Path, &location_test(here.location)) {
            Some(regex) if here.location.modifier == Modifier::Regex && has_groups(text) => vec![self.of_path_expression(regex, text)],
            Some(_) | None => with_groups(text, |group| name_group(here.server, group)),
        }
    }

    fn of_path_expression(&self, regex: PredicateId, text: &str) -> Part {
        Part::Filled { regex, template: texts::pieces(text, &self.groups) }
    }
}

fn has_groups(text: &str) -> bool {
    texts::pieces(text, &BTreeSet::new()).iter().any(|piece| matches!(piece, Piece::Group(_)))
}

/// The text as parts, each numbered group as these.
fn with_groups(text: &str, group: impl Fn(u8) -> Vec<Part>) -> Vec<Part> {
    let part = |piece| match piece {
        Piece::Literal(text) => vec![Part::Literal(text)],
        Piece::Variable(name) => vec![Part::Variable(name)],
        Piece::Group(number) => group(number),
        Piece::Named(_) => Vec::new(),
    };
    texts::pieces(text, &BTreeSet::new()).into_iter().flat_map(part).collect()
}

/// The name of a wildcard host is an expression with one group, its first label (`buildServerName`).
fn name_group(server: &Server, group: u8) -> Vec<Part> {
    if group == 1 && server.host.starts_with("*.") { vec![Part::Variable("subdomain".to_owned())] } else { Vec::new() }
}
