//! Questions about texts as sets of texts, and the texts that proofs are about.

use std::sync::LazyLock;

use crate::{
    automata::{Domain, Lang, pcre},
    gateway::regex::re2,
    request::{Regex, RegexDialect, Test},
};

/// The texts of which a test holds; a test that is not about texts holds of none.
pub(super) fn texts(test: &Test) -> Lang {
    match test {
        Test::Present => Lang::any(),
        Test::Equals(text) => Lang::exact(text),
        Test::Prefix(text) => Lang::prefix(text),
        Test::Suffix(text) => Lang::suffix(text),
        Test::Regex(regex) => expression(regex),
        Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => Lang::none(),
    }
}

/// An expression that cannot be compiled holds of nothing.
fn expression(regex: &Regex) -> Lang {
    let Regex { pattern, caseless, dialect } = regex;
    let lang = match dialect {
        RegexDialect::PcreSearch => pcre::Pattern::parse(pattern, *caseless).ok().map(|pattern| Lang::pcre(&pattern)),
        RegexDialect::Re2Search => re2(pattern, *caseless).map(|pattern| Lang::search(&pattern)),
        RegexDialect::Re2Full => re2(pattern, *caseless).map(|pattern| Lang::full(&pattern)),
    };
    lang.unwrap_or_else(Lang::none)
}

/// The path that a question names, where no clean path is it or starts with it.
pub(super) fn unclean(test: &Test) -> Option<String> {
    match test {
        Test::Equals(path) | Test::Prefix(path) => {
            Some(path).filter(|path| path.starts_with('/') && !paths().contains(path.as_bytes())).cloned()
        }
        Test::Present | Test::Suffix(_) | Test::Regex(_) | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => None,
    }
}

fn domain(pattern: &str) -> Domain {
    let pattern = re2(pattern, false).expect("INVARIANT: the patterns of our domains are valid");
    Domain::new(&Lang::full(&pattern)).expect("INVARIANT: the domains are small")
}

/// Clean paths: absolute, made of the characters that a URI carries unescaped, without empty elements, dot elements, `%` and `;`.
pub(super) fn paths() -> &'static Domain {
    static DOMAIN: LazyLock<Domain> = LazyLock::new(|| {
        let plain = r"[A-Za-z0-9\-_~!$&'()*+,=:@]";
        let byte = r"[A-Za-z0-9\-_~!$&'()*+,=:@.]";
        let element = format!(r"(?:{plain}{byte}*|\.{plain}{byte}*|\.\.{byte}+)");
        domain(&format!("(?:/{element})*/|(?:/{element})+"))
    });
    &DOMAIN
}

/// Host names: labels of lower-case letters, digits and hyphens.
pub(super) fn hosts() -> &'static Domain {
    static DOMAIN: LazyLock<Domain> = LazyLock::new(|| domain(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*"));
    &DOMAIN
}

/// Values of headers.
pub(super) fn values() -> &'static Domain {
    Domain::values()
}

/// Values of query parameters: unreserved characters.
pub(super) fn query_values() -> &'static Domain {
    static DOMAIN: LazyLock<Domain> = LazyLock::new(|| domain(r"[A-Za-z0-9\-._~]*"));
    &DOMAIN
}

/// `Cookie` headers: pairs of name and value.
pub(super) fn cookies() -> &'static Domain {
    static DOMAIN: LazyLock<Domain> = LazyLock::new(|| {
        let pair = r"[A-Za-z0-9_-]+=[A-Za-z0-9_.|-]*";
        domain(&format!("{pair}(?:; {pair})*"))
    });
    &DOMAIN
}

/// `Cookie` headers in which the cookie of that name passes a test; `None` for an expression that we cannot put into one for headers.
/// Names are compared without regard to case, as nginx does.
pub(super) fn cookie(name: &str, test: &Test) -> Option<Lang> {
    let value = match test {
        Test::Present => "[^;]*".to_owned(),
        Test::Equals(text) => regex_syntax::escape(text),
        Test::Prefix(text) => format!("{}[^;]*", regex_syntax::escape(text)),
        Test::Suffix(text) => format!("[^;]*{}", regex_syntax::escape(text)),
        Test::Regex(Regex { pattern, .. }) if !pattern.contains(['^', '$', '(', '.', '[']) => format!("[^;]*{pattern}[^;]*"),
        Test::Regex(_) => return None,
        Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => return Some(Lang::none()),
    };
    let pattern = format!("(?:.*; )?(?i:{})={value}(?:; .*)?", regex_syntax::escape(name));
    re2(&pattern, false).map(|pattern| Lang::full(&pattern))
}

/// `Cookie` headers that name a cookie twice, which no proof is about.
pub(super) fn cookie_twice(name: &str) -> Lang {
    let name = regex_syntax::escape(name);
    let pattern = format!("(?:.*; )?(?i:{name})=.*; (?i:{name})=.*");
    re2(&pattern, false).map_or_else(Lang::none, |pattern| Lang::full(&pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_paths_hold_what_nobody_rewrites() {
        for path in ["/", "/a", "/a/", "/a.b/c", "/..a", "/a@b", "/A-Z~!$&'()*+,=:"] {
            assert!(paths().contains(path.as_bytes()), "{path}");
        }
        for path in ["", "//", "/.", "/a/..", "/a%20", "/{x}", "/a;b", "/[x]", "/a b", "/\"", "/a?b"] {
            assert!(!paths().contains(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_cookie_is_found_wherever_it_stands() {
        let lang = cookie("Canary", &Test::Equals("always".to_owned())).expect("readable");
        for (header, holds) in
            [("canary=always", true), ("a=b; CANARY=always; c=d", true), ("xcanary=always", false), ("canary=always1", false)]
        {
            assert_eq!(lang.contains(header.as_bytes()), Some(holds), "{header}");
        }
    }
}
