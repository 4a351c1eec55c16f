//! Rules that need not be written: those that nginx never reaches, and redirects below others that redirect as well.

use super::plan::{Action, PathRule, Rule};

/// Keeps the first of rules with the same match: nginx never reaches the others.
pub(super) fn drop_shadowed(rules: &mut Vec<Rule>) {
    let mut seen = std::collections::BTreeSet::new();
    let first: Vec<bool> = rules.iter().map(|rule| seen.insert((&rule.path, &rule.headers))).collect();
    keep(rules, first);
}

/// A redirect to HTTPS is redundant below a shorter prefix that redirects as well.
pub(super) fn drop_redundant_redirects(rules: &mut Vec<Rule>, regex: bool) {
    let to_https = |rule: &Rule| matches!(rule.action, Action::ToHttps { .. });
    if regex {
        if let Some(root) = rules.iter().find(|rule| rule.path == PathRule::Prefix("/".to_owned())).cloned()
            && rules.iter().all(|rule| rule.same_action(&root) && to_https(rule))
        {
            *rules = vec![root];
        }
        return;
    }
    let prefixes: std::collections::BTreeMap<&str, (bool, &Action)> = rules
        .iter()
        .filter_map(|rule| match &rule.path {
            PathRule::Prefix(path) => Some((path.as_str(), (rule.headers.is_empty() && to_https(rule), &rule.action))),
            PathRule::Exact(_) | PathRule::Regex(_) => None,
        })
        .collect();
    // A prefix that treats some requests in another way covers nothing.
    let divided: std::collections::BTreeSet<&str> = rules
        .iter()
        .filter(|rule| !rule.headers.is_empty())
        .filter_map(|rule| match &rule.path {
            PathRule::Prefix(path) => Some(path.as_str()),
            PathRule::Exact(_) | PathRule::Regex(_) => None,
        })
        .collect();
    let needed = |rule: &Rule| {
        let path = match &rule.path {
            PathRule::Prefix(path) => path.as_str(),
            PathRule::Exact(path) => path.as_str(),
            PathRule::Regex(_) => return true,
        };
        if !to_https(rule) || !rule.headers.is_empty() || (path == "/" && matches!(rule.path, PathRule::Prefix(_))) {
            return true;
        }
        let covering = ancestors(path, matches!(rule.path, PathRule::Exact(_))).find(|prefix| prefixes.contains_key(prefix));
        let covering = covering.filter(|prefix| !divided.contains(prefix)).and_then(|prefix| prefixes.get(prefix));
        !covering.is_some_and(|(redirects, action)| *redirects && **action == rule.action)
    };
    let needed: Vec<bool> = rules.iter().map(needed).collect();
    keep(rules, needed);
}

/// Keeps the rules that are marked, and no room for others: there are many hosts.
fn keep(rules: &mut Vec<Rule>, marked: Vec<bool>) {
    let mut marked = marked.into_iter();
    rules.retain(|_| marked.next() == Some(true));
    rules.shrink_to_fit();
}

/// Prefixes that cover a path, longest first; the path itself only where it is an exact one.
fn ancestors(path: &str, itself: bool) -> impl Iterator<Item = &str> {
    let whole = (itself && path.len() > 1).then(|| path.trim_end_matches('/'));
    let cuts = path.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
    whole
        .into_iter()
        .chain(cuts.into_iter().rev().map(move |at| if at == 0 { "/" } else { &path[..at] }))
        .filter(move |prefix| itself || *prefix != path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_are_whole_elements() {
        assert_eq!(ancestors("/a/b", false).collect::<Vec<_>>(), ["/a", "/"]);
        assert_eq!(ancestors("/a/b", true).collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
    }
}
