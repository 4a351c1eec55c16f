//! Targets of redirects and rewrites as the filters say them.

use crate::{
    nginx::code::Text,
    request::Piece,
    translate::{
        plan::{PathModifier, Redirect},
        redirects::redirect_to,
        shape::{self, PathChange},
    },
};

use super::condition::Env;

/// Where a target is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In `return`: the query is what the text says.
    Return,
    /// In `rewrite`, which appends the query.
    Rewrite,
}

const SCHEME: char = '\u{e000}';
const HOST: char = '\u{e001}';
const TARGET: char = '\u{e002}';
const PATH: char = '\u{e003}';
const QUERY: char = '\u{e004}';

const PORT: char = '\u{e005}';

const QUERY_KEPT: &str = "the filter keeps the query of the request";

/// A text with marks for what a filter can keep.
fn marked(text: &Text, env: &Env) -> Option<String> {
    let mut out = String::new();
    let mut pieces = text.iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Group(_) => return None,
            Piece::Variable(name) | Piece::Named(name) => match (name.as_str(), env.get(name)) {
                (_, Some(value)) => out.push_str(value.text()?),
                ("scheme" | "pass_access_scheme", None) => out.push(SCHEME),
                ("host" | "http_host" | "best_http_host", None) => out.push(HOST),
                ("server_port", None) => out.push(PORT),
                ("request_uri", None) => out.push(TARGET),
                ("uri" | "document_uri", None) => out.push(PATH),
                ("is_args", None) if !env.contains_key("args") => {
                    let args = |next: &&Piece| matches!(next, Piece::Variable(name) if name == "args" || name == "query_string");
                    pieces.next_if(args)?;
                    out.push(QUERY);
                }
                (_, None) => return None,
            },
        }
    }
    Some(out)
}

/// A target without groups, and what differs.
pub(super) fn of_text(text: &Text, status: u16, env: &Env, place: Place) -> Option<(Redirect, Option<&'static str>)> {
    let text = marked(text, env)?;
    let (text, keeps) = match text.strip_suffix(TARGET) {
        Some(before) => (before.to_owned(), Some(None)),
        None => match (text.strip_suffix(QUERY).and_then(|text| text.strip_suffix(PATH)), text.strip_suffix(PATH)) {
            (Some(before), _) => (before.to_owned(), Some(None)),
            (None, Some(before)) => (before.to_owned(), Some((place == Place::Return).then_some(QUERY_KEPT))),
            (None, None) => (text.trim_end_matches(QUERY).to_owned(), None),
        },
    };
    let wanted = (place == Place::Return && keeps.is_none()).then_some(QUERY_KEPT);
    let (scheme, rest) = match text.strip_prefix(SCHEME) {
        Some(rest) => (None, rest.strip_prefix("://")?),
        None => match text.split_once("://") {
            Some(("http", rest)) => (Some("http"), rest),
            Some(("https", rest)) => (Some("https"), rest),
            Some(_) => return None,
            None if text.is_empty() && keeps.is_some() => {
                return [301, 302, 303, 307, 308].contains(&status).then(|| (same(status), keeps.flatten()));
            }
            None if text.starts_with('/') && keeps.is_none() => return redirect_to(&text, status).map(|redirect| (redirect, wanted)),
            None => return None,
        },
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // The port of the listener is the one of the target anyway.
    let host = if scheme.is_none() { host.strip_suffix(PORT).and_then(|host| host.strip_suffix(':')).unwrap_or(host) } else { host };
    // A path in front of the path of the request is more than a filter can say.
    if keeps.is_some() && !path.is_empty() {
        return None;
    }
    let name = if host == HOST.to_string() { "placeholder.invalid" } else { host };
    let mut redirect = redirect_to(&format!("{}://{name}{path}", scheme.unwrap_or("http")), status)?;
    if scheme.is_none() {
        redirect.scheme = None;
    }
    if host == HOST.to_string() {
        redirect.hostname = None;
    }
    if keeps.is_some() {
        redirect.path = None;
    }
    Some((redirect, keeps.map_or(wanted, |but| but)))
}

fn same(status: u16) -> Redirect {
    Redirect { scheme: None, hostname: None, port: None, path: None, prefix: false, status }
}

/// The replacement as text with `$1`.
pub(super) fn template(replacement: &Text) -> Option<String> {
    replacement
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Some(text.clone()),
            Piece::Group(number) => Some(format!("${number}")),
            Piece::Variable(_) | Piece::Named(_) => None,
        })
        .collect()
}

/// A rewrite that redirects, and what differs.
pub(super) fn of_rewrite(
    regex: &str,
    replacement: &Text,
    status: u16,
    env: &Env,
    keeps_query: bool,
) -> Option<(Redirect, Option<&'static str>)> {
    let dropped = (!keeps_query).then_some(QUERY_KEPT);
    if !replacement.iter().any(|piece| matches!(piece, Piece::Group(_))) {
        return of_text(replacement, status, env, Place::Rewrite).map(|(redirect, but)| (redirect, but.or(dropped)));
    }
    // What stands before the path is a target of its own.
    let first = replacement.iter().position(|piece| match piece {
        Piece::Literal(text) => text.split_once("://").is_some_and(|(_, rest)| rest.contains('/')) || text.starts_with('/'),
        Piece::Group(_) => true,
        Piece::Variable(_) | Piece::Named(_) => false,
    })?;
    let mut origin: Text = replacement[..first].to_vec();
    let mut path: Text = replacement[first..].to_vec();
    if let Some(Piece::Literal(text)) = path.first().cloned() {
        let at = match text.split_once("://") {
            Some((scheme, rest)) => scheme.len() + 3 + rest.find('/')?,
            None => text.find('/')?,
        };
        if at > 0 {
            origin.push(Piece::Literal(text[..at].to_owned()));
        }
        path[0] = Piece::Literal(text[at..].to_owned());
    }
    let (mut redirect, _) = if origin.is_empty() { (same(status), None) } else { of_text(&origin, status, env, Place::Rewrite)? };
    match changed(regex, &path)? {
        PathChange::Same => redirect.path = None,
        PathChange::Full(path) => redirect.path = Some(path),
        PathChange::Prefix { replacement, .. } => {
            redirect.path = Some(if replacement.is_empty() { "/".to_owned() } else { replacement });
            redirect.prefix = true;
        }
    }
    Some((redirect, dropped))
}

/// What a rewrite makes of paths with its expression.
fn changed(regex: &str, replacement: &Text) -> Option<PathChange> {
    let target = template(replacement)?;
    let body = regex.strip_prefix('^').unwrap_or(regex);
    // The whole path, whatever it is.
    if ["(.*)", "(.*)$", "(/.*)", "(/.*)$"].contains(&body) && (target == "$1" || target == "/$1" && !body.starts_with("(/")) {
        return (target == "$1").then_some(PathChange::Same);
    }
    if ["/(.*)", "/(.*)$"].contains(&body) && target == "/$1" {
        return Some(PathChange::Same);
    }
    shape::shape(body)?.change(&target)
}

/// The path sent upstream by a rewrite, and what differs.
pub(super) fn change(regex: &str, replacement: &Text, keeps_query: bool) -> Option<(PathModifier, Option<&'static str>)> {
    let text = template(replacement)?;
    if text.contains('?') || !keeps_query {
        return None;
    }
    if !text.contains('$') && text.starts_with('/') {
        return Some((PathModifier::Full(text), None));
    }
    if !regex.starts_with('^') {
        return None;
    }
    match changed(regex, replacement)? {
        PathChange::Same => None,
        PathChange::Full(path) => Some((PathModifier::Full(path), None)),
        PathChange::Prefix { replacement, .. } => {
            Some((PathModifier::Prefix(if replacement.is_empty() { "/".to_owned() } else { replacement }), None))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parts: &[&str]) -> Text {
        parts
            .iter()
            .map(|part| match part.strip_prefix('$') {
                Some(name) => name.parse().map_or_else(|_| Piece::Variable(name.to_owned()), Piece::Group),
                None => Piece::Literal((*part).to_owned()),
            })
            .collect()
    }

    #[test]
    fn the_target_of_the_request_is_kept() {
        let (redirect, but) = of_text(&text(&["https://", "$host", "$request_uri"]), 301, &Env::new(), Place::Return).expect("redirect");
        assert_eq!((redirect.scheme, redirect.hostname, redirect.path, but), (Some("https"), None, None, None));
        let (redirect, _) = of_text(&text(&["https://new.example", "$request_uri"]), 301, &Env::new(), Place::Return).expect("redirect");
        assert_eq!((redirect.hostname.as_deref(), redirect.path), (Some("new.example"), None));
    }

    #[test]
    fn a_fixed_target_differs_by_the_query() {
        let (redirect, but) = of_text(&text(&["https://new.example/x"]), 302, &Env::new(), Place::Return).expect("redirect");
        assert_eq!((redirect.path.as_deref(), but), (Some("/x"), Some(QUERY_KEPT)));
    }

    #[test]
    fn a_prefix_before_the_path_cannot_be_said() {
        assert_eq!(of_text(&text(&["https://new.example/old", "$request_uri"]), 302, &Env::new(), Place::Return), None);
    }

    #[test]
    fn captured_rests_replace_a_prefix() {
        let (redirect, _) =
            of_rewrite("^/old/(.*)$", &text(&["https://new.example/new/", "$1"]), 301, &Env::new(), true).expect("redirect");
        assert_eq!((redirect.hostname.as_deref(), redirect.path.as_deref(), redirect.prefix), (Some("new.example"), Some("/new"), true));
    }
}
