//! Sets of byte strings: literals, prefixes, regular expressions, and what can be made of them with *and*, *or*,
//! *not*. What is not regular (back-references of PCRE) is carried along as *opaque*: it can be asked about one string
//! but not reasoned about.

use super::{
    pcre,
    re2::{self, build},
    regular,
};
use regex_automata::meta;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, Look, Repetition};
use std::sync::{Arc, OnceLock};

/// A set of byte strings.
#[derive(Clone, Debug)]
pub struct Lang(Arc<Expr>);

/// How a set is made.
#[derive(Debug)]
pub(super) enum Expr {
    Leaf(Leaf),
    Not(Lang),
    And(Vec<Lang>),
    Or(Vec<Lang>),
}

/// What is not made of other sets.
#[derive(Debug)]
pub(super) enum Leaf {
    Exact(Box<[u8]>),
    Prefix(Box<[u8]>),
    Suffix(Box<[u8]>),
    Regex(Regex),
    Opaque(Box<pcre::Pattern>),
}

/// The strings that an expression matches as a whole.
#[derive(Debug)]
pub(super) struct Regex {
    pub(super) hir: Hir,
    key: String,
    matcher: OnceLock<Option<meta::Regex>>,
}

/// Tells leaves apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key<'a> {
    Exact(&'a [u8]),
    Prefix(&'a [u8]),
    Suffix(&'a [u8]),
    Regex(&'a str),
    Opaque(&'a str, bool),
}

impl Leaf {
    pub(super) fn key(&self) -> Key<'_> {
        match self {
            Leaf::Exact(text) => Key::Exact(text),
            Leaf::Prefix(text) => Key::Prefix(text),
            Leaf::Suffix(text) => Key::Suffix(text),
            Leaf::Regex(regex) => Key::Regex(&regex.key),
            Leaf::Opaque(pattern) => Key::Opaque(pattern.text(), pattern.caseless()),
        }
    }

    /// Whether the string is a member; `None` where a search gave up.
    pub(super) fn matches(&self, text: &[u8]) -> Option<bool> {
        match self {
            Leaf::Exact(exact) => Some(text == &**exact),
            Leaf::Prefix(prefix) => Some(text.starts_with(prefix)),
            Leaf::Suffix(suffix) => Some(text.ends_with(suffix)),
            Leaf::Regex(regex) => regex.matcher().map(|matcher| matcher.is_match(text)),
            Leaf::Opaque(pattern) => pattern.is_match(text).ok(),
        }
    }

    /// An expression that matches exactly the members as a whole.
    pub(super) fn hir(&self) -> Hir {
        match self {
            Leaf::Exact(text) => Hir::literal(text.clone()),
            Leaf::Prefix(text) => Hir::concat(vec![Hir::literal(text.clone()), anything()]),
            Leaf::Suffix(text) => Hir::concat(vec![anything(), Hir::literal(text.clone())]),
            Leaf::Regex(regex) => regex.hir.clone(),
            Leaf::Opaque(_) => anything(),
        }
    }
}

impl Regex {
    fn matcher(&self) -> Option<&meta::Regex> {
        let whole = || Hir::concat(vec![Hir::look(Look::Start), self.hir.clone(), Hir::look(Look::End)]);
        self.matcher.get_or_init(|| build(&whole())).as_ref()
    }
}

/// Any bytes at all.
pub(super) fn anything() -> Hir {
    repeated(any_byte(), 0, None)
}

pub(super) fn any_byte() -> Hir {
    Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(0, 255)])))
}

pub(super) fn repeated(body: Hir, min: u32, max: Option<u32>) -> Hir {
    Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(body) })
}

/// The text in any letter case of ASCII.
fn caseless(text: &[u8]) -> Hir {
    let byte = |byte: &u8| {
        if byte.is_ascii_alphabetic() {
            let (upper, lower) = (byte.to_ascii_uppercase(), byte.to_ascii_lowercase());
            Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(upper, upper), ClassBytesRange::new(lower, lower)])))
        } else {
            Hir::literal([*byte])
        }
    };
    Hir::concat(text.iter().map(byte).collect())
}

/// The text of an element prefix: one trailing slash does not count.
fn element(text: &[u8]) -> (&[u8], Vec<u8>) {
    let text = text.strip_suffix(b"/").unwrap_or(text);
    (text, [text, b"/"].concat())
}

impl Lang {
    fn leaf(leaf: Leaf) -> Self {
        Self(Arc::new(Expr::Leaf(leaf)))
    }

    /// Strings that an expression matches as a whole.
    pub(super) fn from_hir(hir: Hir) -> Self {
        let key = hir.to_string();
        Self::leaf(Leaf::Regex(Regex { hir, key, matcher: OnceLock::new() }))
    }

    pub(super) fn opaque(pattern: &pcre::Pattern) -> Self {
        Self::leaf(Leaf::Opaque(Box::new(pattern.clone())))
    }

    /// All strings.
    pub fn any() -> Self {
        Self(Arc::new(Expr::And(Vec::new())))
    }

    /// No string.
    pub fn none() -> Self {
        Self(Arc::new(Expr::Or(Vec::new())))
    }

    /// This string only.
    pub fn exact(text: impl AsRef<[u8]>) -> Self {
        Self::leaf(Leaf::Exact(text.as_ref().into()))
    }

    /// Strings that start with these bytes.
    pub fn prefix(text: impl AsRef<[u8]>) -> Self {
        Self::leaf(Leaf::Prefix(text.as_ref().into()))
    }

    /// Strings that end with these bytes.
    pub fn suffix(text: impl AsRef<[u8]>) -> Self {
        Self::leaf(Leaf::Suffix(text.as_ref().into()))
    }

    /// Paths whose first elements are these: `/foo` and `/foo/` both mean `/foo` and what starts with `/foo/`.
    pub fn element_prefix(text: impl AsRef<[u8]>) -> Self {
        let (exact, prefix) = element(text.as_ref());
        Self::or([Self::exact(exact), Self::prefix(prefix)])
    }

    /// This string in any letter case of ASCII.
    pub fn exact_caseless(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        if text.iter().any(u8::is_ascii_alphabetic) { Self::from_hir(caseless(text)) } else { Self::exact(text) }
    }

    /// Strings that start with these bytes in any letter case of ASCII.
    pub fn prefix_caseless(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        if text.iter().any(u8::is_ascii_alphabetic) {
            Self::from_hir(Hir::concat(vec![caseless(text), anything()]))
        } else {
            Self::prefix(text)
        }
    }

    /// Strings in which nginx finds the pattern.
    pub fn pcre(pattern: &pcre::Pattern) -> Self {
        regular::lang(pattern).unwrap_or_else(|| Self::opaque(pattern))
    }

    /// Strings in which the pattern matches anywhere.
    pub fn search(pattern: &re2::Pattern) -> Self {
        Self::from_hir(Hir::concat(vec![anything(), pattern.hir().clone(), anything()]))
    }

    /// Strings at whose start the pattern matches.
    pub fn starts_with(pattern: &re2::Pattern) -> Self {
        Self::from_hir(Hir::concat(vec![pattern.hir().clone(), anything()]))
    }

    /// Strings that the pattern matches as a whole.
    pub fn full(pattern: &re2::Pattern) -> Self {
        Self::from_hir(pattern.hir().clone())
    }

    /// Strings of all of these sets.
    pub fn and(langs: impl IntoIterator<Item = Lang>) -> Self {
        let mut parts = Vec::new();
        for lang in langs {
            match &*lang.0 {
                Expr::And(inner) => parts.extend(inner.iter().cloned()),
                Expr::Leaf(_) | Expr::Not(_) | Expr::Or(_) => parts.push(lang),
            }
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => Self(Arc::new(Expr::And(parts))),
        }
    }

    /// Strings of at least one of these sets.
    pub fn or(langs: impl IntoIterator<Item = Lang>) -> Self {
        let mut parts = Vec::new();
        for lang in langs {
            match &*lang.0 {
                Expr::Or(inner) => parts.extend(inner.iter().cloned()),
                Expr::Leaf(_) | Expr::Not(_) | Expr::And(_) => parts.push(lang),
            }
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => Self(Arc::new(Expr::Or(parts))),
        }
    }

    /// Strings that are not in this set.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // `!lang` would read as a test
    pub fn not(self) -> Self {
        match &*self.0 {
            Expr::Not(inner) => inner.clone(),
            Expr::And(parts) if parts.is_empty() => Self::none(),
            Expr::Or(parts) if parts.is_empty() => Self::any(),
            Expr::Leaf(_) | Expr::And(_) | Expr::Or(_) => Self(Arc::new(Expr::Not(self))),
        }
    }

    /// Whether the string is a member; `None` where a search that is not regular gave up.
    pub fn contains(&self, text: &[u8]) -> Option<bool> {
        self.evaluate(&mut |leaf| leaf.matches(text))
    }

    /// Whether membership can be reasoned about: no part is opaque.
    pub fn is_regular(&self) -> bool {
        let mut regular = true;
        self.leaves(&mut |leaf| regular &= !matches!(leaf, Leaf::Opaque(_)));
        regular
    }

    /// Membership, given that of each leaf, in the logic of three values.
    pub(super) fn evaluate(&self, leaf: &mut impl FnMut(&Leaf) -> Option<bool>) -> Option<bool> {
        match &*self.0 {
            Expr::Leaf(inner) => leaf(inner),
            Expr::Not(inner) => inner.evaluate(leaf).map(|holds| !holds),
            Expr::And(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match part.evaluate(leaf) {
                        Some(false) => return Some(false),
                        None => all = None,
                        Some(true) => {}
                    }
                }
                all
            }
            Expr::Or(parts) => {
                let mut any = Some(false);
                for part in parts {
                    match part.evaluate(leaf) {
                        Some(true) => return Some(true),
                        None => any = None,
                        Some(false) => {}
                    }
                }
                any
            }
        }
    }

    /// Visits all leaves.
    pub(super) fn leaves<'a>(&'a self, visit: &mut impl FnMut(&'a Leaf)) {
        match &*self.0 {
            Expr::Leaf(leaf) => visit(leaf),
            Expr::Not(inner) => inner.leaves(visit),
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| part.leaves(visit)),
        }
    }
}
