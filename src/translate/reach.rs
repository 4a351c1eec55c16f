//! Locations of a host in regex mode that nginx never reaches: an expression that is tried before matches whatever they match. A gateway
//! would prefer some of them as the more specific ones.

use std::collections::BTreeSet;

use crate::{
    automata::{Answer, Budget, Domain, Lang, pcre::Pattern},
    nginx::Server,
};

/// Positions of such locations among those of the server.
pub(super) fn never_reached(server: &Server) -> BTreeSet<usize> {
    let mut never = BTreeSet::new();
    if !server.regex {
        return never;
    }
    let mut before: Vec<(String, Option<Lang>)> = Vec::with_capacity(server.locations.len());
    for (position, location) in server.locations.iter().enumerate() {
        let head = head(&location.path);
        let mut found = None;
        let hidden = before.iter().filter(|(other, _)| other.starts_with(&head) || head.starts_with(other.as_str())).any(|(_, earlier)| {
            let own = found.get_or_insert_with(|| searched(&location.path));
            let (Some(own), Some(earlier)) = (own.as_ref(), earlier) else { return false };
            own.is_subset(earlier, Domain::clean_paths(), Budget::default()) == Answer::Holds
        });
        if hidden {
            never.insert(position);
        } else {
            before.push((head, found.unwrap_or_else(|| searched(&location.path))));
        }
    }
    never
}

/// Paths that a location matches: nginx searches for its text without regard to letter case.
fn searched(path: &str) -> Option<Lang> {
    Some(Lang::pcre(&Pattern::parse(&format!("^{path}"), true).ok()?))
}

/// What every path that an expression matches begins with, in lower case, as far as that is plain to see.
fn head(path: &str) -> String {
    if path.contains('|') && !path.contains('(') {
        return String::new();
    }
    let end = path.find(['\\', '.', '[', ']', '(', ')', '{', '}', '*', '+', '?', '^', '$', '|']).unwrap_or(path.len());
    let mut head = path[..end].to_ascii_lowercase();
    // What is repeated may be missing.
    if path[end..].starts_with(['*', '?', '{']) {
        head.pop();
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_what_is_always_there() {
        assert_eq!(["/App(/|$)(.*)", "/foo?", "/foo+", "/a{2}", "/a|/b"].map(head), ["/app", "/fo", "/foo", "/", ""]);
    }
}
