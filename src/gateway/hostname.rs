//! Hostnames of listeners and routes: which requests they cover, how specific they are, and what two of them have in common.

use std::fmt;

/// A hostname as the Gateway API writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hostname {
    /// No hostname: every host.
    Any,
    /// `*.example.com`; the text is what follows the star, `.example.com`.
    Wildcard(String),
    /// One host.
    Exact(String),
}

impl Hostname {
    /// The hostname of that text; none and the empty one are every host.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            None | Some("" | "*") => Self::Any,
            Some(text) => match text.strip_prefix('*') {
                Some(suffix) => Self::Wildcard(suffix.to_owned()),
                None => Self::Exact(text.to_owned()),
            },
        }
    }

    /// Whether every host that `other` covers is covered by this one; several labels stand for a star.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Wildcard(suffix), Self::Wildcard(host) | Self::Exact(host)) => {
                host.ends_with(suffix.as_str()) && (matches!(other, Self::Wildcard(_)) || host.len() > suffix.len())
            }
            (Self::Exact(host), Self::Exact(other)) => host == other,
            (Self::Wildcard(_) | Self::Exact(_), Self::Any) | (Self::Exact(_), Self::Wildcard(_)) => false,
        }
    }

    /// What a listener and a route have in common; the more specific of the two, if one covers the other.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else if other.covers(self) {
            Some(self.clone())
        } else {
            None
        }
    }

    /// Greater for hostnames that are tried first: exact ones, then wildcards with more characters, then none.
    pub fn specificity(&self) -> (u8, usize) {
        match self {
            Self::Any => (0, 0),
            Self::Wildcard(suffix) => (1, suffix.len()),
            Self::Exact(host) => (2, host.len()),
        }
    }

    /// Characters of the hostname as written.
    pub fn length(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Wildcard(suffix) => suffix.len() + 1,
            Self::Exact(host) => host.len(),
        }
    }
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Wildcard(suffix) => write!(f, "*{suffix}"),
            Self::Exact(host) => f.write_str(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(listener: &str, route: &str) -> Option<String> {
        Hostname::parse(Some(listener)).intersection(&Hostname::parse(Some(route))).map(|host| host.to_string())
    }

    #[test]
    fn intersections_follow_the_table_of_the_specification() {
        for (listener, route, expected) in [
            ("*", "a.x", Some("a.x")),
            ("a.x", "*", Some("a.x")),
            ("a.x", "a.x", Some("a.x")),
            ("*.x", "a.b.x", Some("a.b.x")),
            ("a.x", "*.x", Some("a.x")),
            ("*.x", "*.b.x", Some("*.b.x")),
            ("*.b.x", "*.x", Some("*.b.x")),
            ("*.x", "x", None),
            ("*.x", "a.y", None),
        ] {
            assert_eq!(common(listener, route).as_deref(), expected, "{listener} and {route}");
        }
    }

    #[test]
    fn exact_hostnames_are_more_specific_than_longer_wildcards() {
        let exact = Hostname::parse(Some("a.x"));
        let wildcard = Hostname::parse(Some("*.very.long.x"));
        assert!(exact.specificity() > wildcard.specificity());
        assert!(wildcard.specificity() > Hostname::Any.specificity());
    }
}
