//! What a regex location of nginx looks like to a person: a literal path, a stripped prefix, or a true expression.
//!
//! Only shapes that core Gateway API can say are recognised; everything else stays an expression.

/// Text behind the literal part of a path, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Nothing, or `.*`: everything that starts with the literal.
    Open,
    /// `(/|$)(.*)`: the element and everything below; the group with what follows the slash.
    Element(usize),
    /// `/(.*)`: everything below the slash; the group with what follows it.
    Below(usize),
    /// `(/.*)?`: the group with the slash and what follows.
    OptionalBelow(usize),
    /// `/?(.*)` or `(.*)`: the group with what follows.
    Rest(usize),
}

const TAILS: &[(&str, Tail)] = &[
    ("", Tail::Open),
    (".*", Tail::Open),
    ("(.*)", Tail::Rest(1)),
    ("(.*)$", Tail::Rest(1)),
    ("/?(.*)", Tail::Rest(1)),
    ("/?(.*)$", Tail::Rest(1)),
    ("(/|$)(.*)", Tail::Element(2)),
    ("(/|$)(.*)$", Tail::Element(2)),
    ("(?:/|$)(.*)", Tail::Element(1)),
    ("(?:/|$)(.*)$", Tail::Element(1)),
    ("(/|$)", Tail::Element(0)),
    ("(/|$).*", Tail::Element(0)),
    ("(?:/|$)", Tail::Element(0)),
    ("(?:/|$).*", Tail::Element(0)),
    ("/(.*)", Tail::Below(1)),
    ("/(.*)$", Tail::Below(1)),
    ("/.*", Tail::Below(0)),
    ("/.*$", Tail::Below(0)),
    ("(/.*)?", Tail::OptionalBelow(1)),
    ("(/.*)?$", Tail::OptionalBelow(1)),
    ("(/.*)", Tail::OptionalBelow(1)),
    ("(/.*)$", Tail::OptionalBelow(1)),
];

/// A path that is a literal followed by one of the usual tails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// Literal part without trailing slash; empty for `/` and everything below.
    pub literal: String,
    tail: Tail,
}

/// What becomes of the path on its way to the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathChange {
    /// Nothing.
    Same,
    /// It is replaced.
    Full(String),
    /// The literal part is replaced by this one, without trailing slash; empty means `/`.
    Prefix {
        /// What takes the place of the literal part.
        replacement: String,
        /// The bare literal becomes this, where that is something else than the replacement.
        bare: Option<String>,
    },
}

/// Characters with a meaning in an expression. The dot is one, but people write it as itself.
const META: &[char] = &['\\', '^', '$', '|', '?', '*', '+', '(', ')', '[', '{'];

/// The shape of a path, if it has one.
pub(super) fn shape(path: &str) -> Option<Shape> {
    let (literal, rest) = split(path);
    // `/api/(.*)` splits into `/api/` and `(.*)`, but its shape is `/api` and `/(.*)`; the longer tail says more.
    let candidates = [literal.strip_suffix('/').map(|shorter| (shorter, format!("/{rest}"))), Some((literal.as_str(), rest.to_owned()))];
    let (literal, tail) =
        candidates.into_iter().flatten().find_map(|(literal, rest)| Some((literal, TAILS.iter().find(|(text, _)| *text == rest)?.1)))?;
    if literal.is_empty() && matches!(tail, Tail::Open | Tail::OptionalBelow(_)) && !path.starts_with('/') {
        return None;
    }
    Some(Shape { literal: literal.trim_end_matches('/').to_owned(), tail })
}

/// The path has no character with a meaning besides the dot.
pub(super) fn is_literal(path: &str) -> bool {
    !path.contains(META)
}

/// Literal part (with `\.`, `\-`, `\_` unescaped) and the rest.
fn split(path: &str) -> (String, &str) {
    let mut literal = String::new();
    let mut chars = path.char_indices().peekable();
    while let Some((at, character)) = chars.next() {
        match character {
            '\\' => match chars.peek() {
                Some(&(_, next @ ('.' | '-' | '_' | '/'))) => {
                    literal.push(next);
                    chars.next();
                }
                Some(_) | None => return (literal, &path[at..]),
            },
            '.' if path[at + 1..].starts_with(['*', '+', '?', '{']) => return (literal, &path[at..]),
            character if META.contains(&character) => {
                // A quantifier belongs to the character before it.
                if matches!(character, '*' | '+' | '?' | '{') && literal.pop().is_some() {
                    let start = path[..at].char_indices().next_back().map_or(at, |(start, _)| start);
                    return (literal, &path[start..]);
                }
                return (literal, &path[at..]);
            }
            character => literal.push(character),
        }
    }
    (literal, "")
}

impl Shape {
    /// The path and everything below it, but nothing that merely starts with the same text.
    pub(super) fn is_element(&self) -> bool {
        matches!(self.tail, Tail::Element(_))
    }

    /// Literal with at least a slash.
    pub(super) fn prefix(&self) -> &str {
        if self.literal.is_empty() { "/" } else { &self.literal }
    }

    /// What a rewrite target does to paths of this shape; `None` where core cannot say it.
    pub(super) fn change(&self, target: &str) -> Option<PathChange> {
        if !target.contains('$') {
            return target.starts_with('/').then(|| PathChange::Full(target.to_owned()));
        }
        let (before, group) = target.split_once('$')?;
        let group: usize = if group.len() == 1 { group.parse().ok()? } else { return None };
        let (replacement, bare) = match self.tail {
            Tail::Element(number) if number == group && number > 0 => {
                let replacement = before.strip_suffix('/')?;
                (replacement, (!replacement.is_empty()).then(|| before.to_owned()))
            }
            Tail::Below(number) if number == group && number > 0 => (before.strip_suffix('/')?, None),
            Tail::OptionalBelow(1) if group == 1 && !before.ends_with('/') => (before, None),
            Tail::Rest(1) if group == 1 => (before.strip_suffix('/')?, None),
            Tail::Open | Tail::Element(_) | Tail::Below(_) | Tail::OptionalBelow(_) | Tail::Rest(_) => return None,
        };
        if !(replacement.is_empty() || replacement.starts_with('/')) {
            return None;
        }
        if replacement == self.literal {
            return Some(PathChange::Same);
        }
        Some(PathChange::Prefix { replacement: replacement.to_owned(), bare })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, target: &str) -> Option<PathChange> {
        shape(path).and_then(|shape| shape.change(target))
    }

    #[test]
    fn strip_prefix_idiom_replaces_the_prefix_by_nothing() {
        assert_eq!(change("/api(/|$)(.*)", "/$2"), Some(PathChange::Prefix { replacement: String::new(), bare: None }));
        assert_eq!(shape("/api(/|$)(.*)").expect("shape").literal, "/api");
    }

    #[test]
    fn bare_prefix_keeps_the_slash_of_the_target() {
        assert_eq!(
            change("/api(/|$)(.*)", "/v2/$2"),
            Some(PathChange::Prefix { replacement: "/v2".to_owned(), bare: Some("/v2/".to_owned()) })
        );
    }

    #[test]
    fn catch_all_to_itself_changes_nothing() {
        assert_eq!(change("/(.*)", "/$1"), Some(PathChange::Same));
        assert_eq!(change("/api/(.*)", "/api/$1"), Some(PathChange::Same));
    }

    #[test]
    fn target_without_captures_replaces_everything() {
        assert_eq!(change("/foo", "/bar"), Some(PathChange::Full("/bar".to_owned())));
    }

    #[test]
    fn true_expressions_have_no_shape() {
        assert_eq!(shape("/api/v[0-9]+/(.*)"), None);
        assert_eq!(shape("/a|/b"), None);
        assert_eq!(shape("/fo+(.*)"), None);
    }

    #[test]
    fn swapped_groups_are_not_a_prefix() {
        assert_eq!(change("/api(/|$)(.*)", "/$1"), None);
        assert_eq!(change("/api(/|$)(.*)", "/$2/$1"), None);
    }
}
