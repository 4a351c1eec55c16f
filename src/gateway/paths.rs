//! Path matches as questions, and what replacing a path makes of it.

use super::api::{PathMatch, PathModifier};
use super::dialect::{Dialect, Order, PrefixReplacement, RegexScope, RewriteEncoding};
use super::normalise;
use crate::request::{PathExpr, Regex, RegexDialect, Test};

/// One of several questions about a path, of which one must hold.
pub type PathTests = Vec<Test>;

/// What a rewrite is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The path sent upstream.
    Rewrite,
    /// The path in a Location.
    Redirect,
}

/// A regular expression as the dialect applies it.
pub fn regex(pattern: &str, scope: RegexScope) -> Test {
    let (pattern, dialect) = match scope {
        RegexScope::Full => (pattern.to_owned(), RegexDialect::Re2Full),
        RegexScope::Search => (pattern.to_owned(), RegexDialect::Re2Search),
        // Only the first alternative is anchored, as in the line that NGINX Gateway Fabric writes (createPath in servers.go).
        RegexScope::Start => (format!("^{pattern}"), RegexDialect::PcreSearch),
    };
    Test::Regex(Regex { pattern, caseless: false, dialect })
}

/// The questions of a path match; none for every path.
pub fn tests(path: &PathMatch, dialect: &Dialect) -> PathTests {
    match path {
        PathMatch::Exact(value) => vec![Test::Equals(value.clone())],
        // A location with a final slash has no bare form.
        PathMatch::Prefix(value) if *dialect.order == Order::Locations && value.len() > 1 && value.ends_with('/') => {
            vec![Test::Prefix(value.clone())]
        }
        PathMatch::Prefix(value) => prefix_tests(value),
        PathMatch::Regex(value) => vec![regex(value, *dialect.regex)],
    }
}

fn prefix_tests(value: &str) -> PathTests {
    let elements = value.strip_suffix('/').unwrap_or(value);
    if elements.is_empty() { Vec::new() } else { vec![Test::Equals(elements.to_owned()), Test::Prefix(format!("{elements}/"))] }
}

/// The questions of a path match, and what the path becomes where one of them holds. The first form whose question holds counts.
pub fn forms(path: &PathMatch, modifier: Option<&PathModifier>, purpose: Purpose, dialect: &Dialect) -> Vec<(PathTests, PathExpr)> {
    let all = tests(path, dialect);
    match modifier {
        None => vec![(all, PathExpr::Same)],
        // Envoy takes nothing for no replacement, and a backslash for a group that its expression does not have.
        Some(PathModifier::ReplaceFullPath(to))
            if matches!(*dialect.prefix_replacement, PrefixReplacement::Text | PrefixReplacement::Literal)
                && (to.is_empty() || to.contains('\\')) =>
        {
            vec![(all, PathExpr::Same)]
        }
        Some(PathModifier::ReplaceFullPath(to)) => vec![(all, full(to, purpose, dialect))],
        Some(PathModifier::ReplacePrefixMatch(to)) => {
            let prefix = match path {
                PathMatch::Prefix(value) | PathMatch::Exact(value) => value.as_str(),
                PathMatch::Regex(_) => return vec![(all, PathExpr::Same)],
            };
            match *dialect.prefix_replacement {
                PrefixReplacement::Text => as_text(prefix, to, purpose, all),
                PrefixReplacement::Literal => literally(prefix, to, purpose, all),
                PrefixReplacement::Join => joined(prefix, to, purpose, all, *dialect.rewrite_encoding),
                PrefixReplacement::Elements => by_elements(prefix, to, all),
                PrefixReplacement::Expression => by_expression(prefix, to, all),
            }
        }
    }
}

/// What replaces a whole path. Go writes a slash for nothing in requests, and nothing in URLs.
pub fn full(to: &str, purpose: Purpose, dialect: &Dialect) -> PathExpr {
    let encoded = *dialect.rewrite_encoding == RewriteEncoding::Encoded;
    let lacks = match purpose {
        Purpose::Redirect => !(to.starts_with('/') || encoded && to.is_empty()),
        Purpose::Rewrite => encoded && to.is_empty(),
    };
    let to = format!("{}{to}", if lacks { "/" } else { "" });
    PathExpr::Fixed(if encoded { normalise::encode_path(to.as_bytes()) } else { to })
}

/// The forms with bare prefixes apart from what lies below them.
pub fn places(forms: Vec<(PathTests, PathExpr)>) -> Vec<(PathTests, PathExpr)> {
    let apart = |(tests, path): (PathTests, PathExpr)| -> Vec<(PathTests, PathExpr)> {
        let (bare, below): (PathTests, PathTests) = tests.into_iter().partition(|test| matches!(test, Test::Equals(_)));
        match (bare.is_empty(), below.is_empty()) {
            (false, false) => vec![(bare, path.clone()), (below, path)],
            (true, _) => vec![(below, path)],
            (false, true) => vec![(bare, path)],
        }
    };
    forms.into_iter().flat_map(apart).collect()
}

fn splice(drop: usize, insert: impl Into<String>) -> PathExpr {
    PathExpr::Splice { drop, insert: insert.into() }
}

/// Envoy replaces the matched text. Envoy Gateway drops a final slash of the replacement in rewrites, and uses the regular
/// expression `^PREFIX\/*` where nothing or `/` replaces (useRegexRewriteForPrefixMatchReplace in route.go), whose PREFIX keeps
/// its final slash and then misses the bare path.
fn as_text(prefix: &str, to: &str, purpose: Purpose, all: PathTests) -> Vec<(PathTests, PathExpr)> {
    let elements = prefix.strip_suffix('/').unwrap_or(prefix);
    if to.is_empty() || to == "/" {
        if elements.is_empty() {
            return vec![(all, splice(1, "/"))];
        }
        if elements.len() < prefix.len() {
            return vec![
                (vec![Test::Equals(elements.to_owned())], PathExpr::Same),
                (vec![Test::Prefix(prefix.to_owned())], splice(prefix.len(), "/")),
            ];
        }
        // A path no longer than the prefix is dropped as a whole.
        return vec![(all, splice(elements.len() + 1, "/"))];
    }
    let insert = match purpose {
        Purpose::Rewrite => to.strip_suffix('/').unwrap_or(to),
        Purpose::Redirect => to,
    };
    vec![(all, splice(elements.len().max(1), insert))]
}

/// Envoy replaces the matched text. kgateway drops a final slash of the prefix, and uses the regular expression `^PREFIX\/*` where `/`
/// replaces in a rewrite (urlRewriteIr in pkg/krtcollections/builtin.go).
fn literally(prefix: &str, to: &str, purpose: Purpose, all: PathTests) -> Vec<(PathTests, PathExpr)> {
    let elements = prefix.strip_suffix('/').unwrap_or(prefix);
    match (to, purpose) {
        ("", _) => vec![(all, PathExpr::Same)],
        ("/", Purpose::Rewrite) => as_text(elements, to, purpose, all),
        (_, _) => vec![(all, splice(elements.len().max(1), to))],
    }
}

/// Traefik joins with Go's `path.Join`, which cleans, and puts a final slash back that the request had. What replaces is escaped, and what
/// remains of the request stays as it is.
fn joined(prefix: &str, to: &str, purpose: Purpose, all: PathTests, encoding: RewriteEncoding) -> Vec<(PathTests, PathExpr)> {
    let elements = prefix.strip_suffix('/').unwrap_or(prefix);
    let mut to = normalise::clean_path(to);
    if encoding == RewriteEncoding::Encoded {
        to = normalise::encode_path(to.as_bytes());
    }
    // A URL with a host gets the slash that its path lacks.
    if purpose == Purpose::Redirect && !to.starts_with('/') {
        to.insert(0, '/');
    }
    if to.is_empty() {
        let bare = if elements.is_empty() { "/".to_owned() } else { elements.to_owned() };
        let mut forms = vec![(vec![Test::Equals(bare)], PathExpr::Fixed("/".to_owned()))];
        if !elements.is_empty() {
            forms.push((vec![Test::Equals(format!("{elements}/"))], PathExpr::Fixed("/".to_owned())));
        }
        forms.push((vec![Test::Prefix(format!("{elements}/"))], splice(elements.len() + 1, "")));
        return forms;
    }
    if to == "/" {
        return vec![(all, splice(elements.len() + 1, "/"))];
    }
    if elements.is_empty() { vec![(all, splice(1, format!("{to}/")))] } else { vec![(all, splice(elements.len(), to))] }
}

/// The table of the specification: both sides without final slash, an empty result is `/`.
fn by_elements(prefix: &str, to: &str, all: PathTests) -> Vec<(PathTests, PathExpr)> {
    let elements = prefix.strip_suffix('/').unwrap_or(prefix);
    let to = to.strip_suffix('/').unwrap_or(to);
    if to.is_empty() {
        return vec![(all, splice(elements.len() + 1, "/"))];
    }
    if elements.is_empty() { vec![(all, splice(1, format!("{to}/")))] } else { vec![(all, splice(elements.len(), to))] }
}

/// nginx replaces the prefix, and with it the slash behind it where the replacement brings its own (createMainRewriteForFilters in
/// servers.go of NGINX Gateway Fabric).
fn by_expression(prefix: &str, to: &str, all: PathTests) -> Vec<(PathTests, PathExpr)> {
    let to = if to.is_empty() { "/" } else { to };
    match (prefix.ends_with('/'), to.ends_with('/')) {
        (true, false) => vec![(all, splice(prefix.len(), format!("{to}/")))],
        (false, true) => {
            let bare = (vec![Test::Equals(prefix.to_owned())], PathExpr::Fixed(to.to_owned()));
            vec![bare, (vec![Test::Prefix(format!("{prefix}/"))], splice(prefix.len() + 1, to))]
        }
        (true, true) | (false, false) => vec![(all, splice(prefix.len(), to))],
    }
}

/// The path that an expression makes of a normalised path. A path shorter than what is dropped is dropped as a whole.
pub fn apply(expression: &PathExpr, path: &[u8]) -> Vec<u8> {
    match expression {
        PathExpr::Same | PathExpr::Captures { .. } | PathExpr::Restored { .. } => path.to_vec(),
        PathExpr::Fixed(to) => to.clone().into_bytes(),
        PathExpr::Splice { drop, insert } => [insert.as_bytes(), path.get(*drop..).unwrap_or_default()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::dialect::Target;

    fn replaced(target: &str, purpose: Purpose, prefix: &str, to: &str, path: &str) -> String {
        let dialect = &Target::named(target).expect("target").dialect;
        let forms = forms(&PathMatch::Prefix(prefix.to_owned()), Some(&PathModifier::ReplacePrefixMatch(to.to_owned())), purpose, dialect);
        let holds = |test: &Test| match test {
            Test::Equals(text) => path == text,
            Test::Prefix(text) => path.starts_with(text.as_str()),
            _ => false,
        };
        let (_, expression) = forms.iter().find(|(tests, _)| tests.is_empty() || tests.iter().any(holds)).expect("the path matches");
        String::from_utf8(apply(expression, path.as_bytes())).expect("text")
    }

    #[test]
    fn replaced_prefixes_follow_the_table_of_the_specification() {
        for (prefix, to, path, expected) in [
            ("/foo", "/xyz", "/foo/bar", "/xyz/bar"),
            ("/foo", "/xyz/", "/foo/bar", "/xyz/bar"),
            ("/foo/", "/xyz", "/foo/bar", "/xyz/bar"),
            ("/foo/", "/xyz/", "/foo/bar", "/xyz/bar"),
            ("/foo", "/xyz", "/foo", "/xyz"),
            ("/foo/", "/xyz", "/foo/", "/xyz/"),
            ("/foo", "", "/foo/bar", "/bar"),
            ("/foo", "", "/foo/", "/"),
            ("/foo", "/", "/foo", "/"),
        ] {
            for target in ["standard", "envoy-gateway"] {
                assert_eq!(replaced(target, Purpose::Rewrite, prefix, to, path), expected, "{target}: {prefix} to {to} on {path}");
            }
        }
    }

    #[test]
    fn what_replaces_the_root_is_joined_by_traefik_and_pasted_by_envoy() {
        assert_eq!(replaced("traefik", Purpose::Rewrite, "/", "/inner", "/a"), "/inner/a");
        assert_eq!(replaced("envoy-gateway", Purpose::Rewrite, "/", "/inner", "/a"), "/innera");
        assert_eq!(replaced("envoy-gateway", Purpose::Redirect, "/", "/inner/", "/a"), "/inner/a");
        assert_eq!(replaced("traefik", Purpose::Rewrite, "/p6", "", "/p6/bar"), "bar");
    }
}
