//! Regular expressions of RE2 and Go, as Envoy, Traefik and most Gateway API implementations use them. A pattern is
//! accepted where Go's `regexp` accepts it, which is what Envoy Gateway checks before Envoy's RE2 sees it, and where
//! RE2 does not refuse it for one of the two reasons Go lets pass: two groups of one name, and more than 8 MiB.
//!
//! Subjects are taken as UTF-8, the default of RE2 in Envoy: `.` and negated classes match no byte of an invalid
//! sequence. Go would read such a byte as U+FFFD; clean requests never contain one.

mod class;
mod parse;

use regex_automata::{meta, util::captures::Captures as Groups};
use regex_syntax::hir::{Hir, Look};
use std::{ops::Range, sync::OnceLock};

/// The largest automaton that a pattern may need, in bytes.
const SIZE_LIMIT: usize = 8 << 20;

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
    offset: usize,
}

impl Error {
    fn new(message: &str, offset: usize) -> Self {
        Self { message: message.to_owned(), offset }
    }

    /// What Go says.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where in the pattern, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at offset {}", self.message, self.offset)
    }
}

impl std::error::Error for Error {}

/// A pattern of RE2.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    hir: Hir,
    names: Vec<(String, usize)>,
    groups: usize,
    search: OnceLock<Option<meta::Regex>>,
    full: OnceLock<Option<meta::Regex>>,
}

impl Clone for Pattern {
    fn clone(&self) -> Self {
        let Self { text, hir, names, groups, search, full } = self;
        Self { text: text.clone(), hir: hir.clone(), names: names.clone(), groups: *groups, search: search.clone(), full: full.clone() }
    }
}

impl Pattern {
    /// Reads a pattern of Go or RE2.
    ///
    /// # Errors
    /// Where Go or RE2 refuses it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let parsed = parse::Parser::new(text).parse()?;
        let pattern = Self::new(text, parsed.hir, parsed.names, parsed.groups);
        pattern.check()
    }

    /// Reads a pattern of the Rust crate `regex`, which some implementations use: Unicode classes, `(?x)`, class
    /// operators, no back-references either.
    ///
    /// # Errors
    /// Where that crate refuses it.
    pub fn parse_rust(text: &str) -> Result<Self, Error> {
        let hir = regex_syntax::parse(text).map_err(|error| {
            let offset = match &error {
                regex_syntax::Error::Parse(error) => error.span().start.offset,
                regex_syntax::Error::Translate(error) => error.span().start.offset,
                _ => 0,
            };
            let kind = match &error {
                regex_syntax::Error::Parse(error) => error.kind().to_string(),
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                _ => error.to_string(),
            };
            Error::new(&kind, offset)
        })?;
        let mut names = Vec::new();
        collect_names(&hir, &mut names);
        let groups = hir.properties().explicit_captures_len();
        Self::new(text, hir, names, groups).check()
    }

    fn new(text: &str, hir: Hir, names: Vec<(String, usize)>, groups: usize) -> Self {
        Self { text: text.to_owned(), hir, names, groups, search: OnceLock::new(), full: OnceLock::new() }
    }

    fn check(self) -> Result<Self, Error> {
        if self.searcher().is_none() {
            return Err(Error::new("expression too large", 0));
        }
        Ok(self)
    }

    fn searcher(&self) -> Option<&meta::Regex> {
        self.search.get_or_init(|| build(&self.hir)).as_ref()
    }

    fn full(&self) -> Option<&meta::Regex> {
        let hir = || Hir::concat(vec![Hir::look(Look::Start), self.hir.clone(), Hir::look(Look::End)]);
        self.full.get_or_init(|| build(&hir())).as_ref()
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the pattern says.
    pub fn hir(&self) -> &Hir {
        &self.hir
    }

    /// Named groups and their numbers, in the order of the pattern.
    pub fn group_names(&self) -> &[(String, usize)] {
        &self.names
    }

    /// How many groups capture.
    pub fn group_count(&self) -> usize {
        self.groups
    }

    /// Whether it matches anywhere in the subject, as Traefik asks.
    pub fn is_match(&self, subject: &[u8]) -> bool {
        self.searcher().is_some_and(|regex| regex.is_match(subject))
    }

    /// Whether it matches the whole subject, as Envoy asks.
    pub fn is_full_match(&self, subject: &[u8]) -> bool {
        self.full().is_some_and(|regex| regex.is_match(subject))
    }

    /// Whether the leftmost match, alternatives tried in order, happens to be the whole subject.
    pub fn leftmost_is_full(&self, subject: &[u8]) -> bool {
        self.searcher().and_then(|regex| regex.find(subject)).is_some_and(|found| found.range() == (0..subject.len()))
    }

    /// The leftmost match and its groups.
    pub fn search(&self, subject: &[u8]) -> Option<Captures> {
        let regex = self.searcher()?;
        let mut groups = regex.create_captures();
        regex.captures(subject, &mut groups);
        Captures::new(&groups)
    }

    /// All matches from left to right, none of which overlap.
    pub fn find_all(&self, subject: &[u8]) -> Vec<Captures> {
        self.searcher().into_iter().flat_map(|regex| regex.captures_iter(subject)).filter_map(|groups| Captures::new(&groups)).collect()
    }

    /// The groups of a match of the whole subject.
    pub fn full_match(&self, subject: &[u8]) -> Option<Captures> {
        let regex = self.full()?;
        let mut groups = regex.create_captures();
        regex.captures(subject, &mut groups);
        Captures::new(&groups)
    }
}

/// Where a match and its groups are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    groups: Vec<Option<Range<usize>>>,
}

impl Captures {
    fn new(groups: &Groups) -> Option<Self> {
        groups.is_match().then(|| Self { groups: groups.iter().map(|span| span.map(|span| span.range())).collect() })
    }

    /// The whole match.
    pub fn whole(&self) -> Range<usize> {
        self.get(0).expect("INVARIANT: group 0 of a match is set")
    }

    /// Group `number`, 0 for the whole match; `None` where it is not set or does not exist.
    pub fn get(&self, number: usize) -> Option<Range<usize>> {
        self.groups.get(number).cloned().flatten()
    }
}

/// A matcher on bytes; `None` where it would be too large.
pub(super) fn build(hir: &Hir) -> Option<meta::Regex> {
    let config = meta::Config::new().utf8_empty(false).nfa_size_limit(Some(SIZE_LIMIT));
    meta::Builder::new().configure(config).build_from_hir(hir).ok()
}

fn collect_names(hir: &Hir, names: &mut Vec<(String, usize)>) {
    use regex_syntax::hir::HirKind;
    match hir.kind() {
        HirKind::Capture(capture) => {
            if let Some(name) = &capture.name {
                names.push((name.to_string(), capture.index as usize));
            }
            collect_names(&capture.sub, names);
        }
        HirKind::Repetition(repetition) => collect_names(&repetition.sub, names),
        HirKind::Concat(items) | HirKind::Alternation(items) => items.iter().for_each(|item| collect_names(item, names)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &str) -> bool {
        Pattern::parse(text).is_ok()
    }

    #[test]
    fn what_only_pcre_knows_is_refused() {
        for text in [
            "(?=a)",
            "(?!a)",
            "(?<=a)b",
            "(?<!a)b",
            r"(a)\1",
            r"\k<a>",
            "a++",
            "a*+",
            "a?+",
            "a**",
            "a{2}{3}",
            r"a\Z",
            r"\G",
            r"\K",
            r"\R",
            r"\h",
            "(?>a)",
            "(?|a)",
            "(?#c)a",
            "(?x)a",
            "(?R)",
            "(?1)",
            "(*FAIL)",
            "(?(1)a)",
            "(?'n'a)",
            r"\C",
            r"\u0041",
            r"\e",
            r"[[:foo:]]",
            r"\N",
            r"\8",
            r"\1",
        ] {
            assert!(!accepted(text), "{text}");
        }
    }

    #[test]
    fn what_go_accepts_is_accepted() {
        for text in [
            "a{",
            "a{,2}",
            "a{x}",
            "{",
            "a}",
            "]",
            "^*",
            "$+",
            r"\Qa.b\E",
            r"\012",
            r"\x{41}\x41",
            "(?i)a",
            "(?i:a)b",
            "(?-i)",
            "(?s-m:.)",
            "(?U)a*",
            "(?P<n>a)(?<m>b)",
            r"\pL\p{Greek}\p{^Lu}\PL",
            "[[:word:]]",
            "[]a]",
            "[^]a]",
            "[a-]",
            "[a-c-e]",
            r"\_\<\-",
            "a|",
            "()",
            "(|a)",
            r"\z\A\b\B",
            "a{1000}",
            "(?:)",
            "(?)",
            r"[\d-z]",
            "a??",
            r"\0",
        ] {
            assert!(accepted(text), "{text}: {:?}", Pattern::parse(text).err());
        }
    }

    #[test]
    fn large_repetitions_are_refused() {
        for text in [
            "a{1001}",
            "a{1,1001}",
            "a{2,1}",
            "(?:a{1000}){2}",
            "(?:(?:a{10}){10}){11}",
            "(",
            ")",
            "a)",
            "[a",
            "[b-a]",
            r"\",
            "*a",
            "(*a)",
            "a|*",
            "(?P<n>a)(?P<n>b)",
            "(?P<>a)",
            "(?i",
            "(?i-)a",
            "(?--i)a",
        ] {
            assert!(!accepted(text), "{text}");
        }
        assert!(accepted("(?:a{10}){100}"));
    }

    #[test]
    fn dollar_is_the_very_end() {
        let pattern = Pattern::parse("^/a$").expect("valid");
        assert!(pattern.is_match(b"/a"));
        assert!(!pattern.is_match(b"/a\n"));
    }

    #[test]
    fn perl_classes_are_ascii() {
        let pattern = Pattern::parse(r"^\d\w\s$").expect("valid");
        assert!(pattern.is_match(b"1a\t"));
        assert!(!pattern.is_match("\u{661}a\t".as_bytes()));
        assert!(!pattern.is_match(b"1a\x0b"));
    }

    #[test]
    fn ignoring_case_folds_unicode() {
        assert!(Pattern::parse("(?i)^K$").expect("valid").is_match("\u{212a}".as_bytes()));
    }

    #[test]
    fn full_match_tries_all_alternatives() {
        let pattern = Pattern::parse("/a|/ab").expect("valid");
        assert!(pattern.is_full_match(b"/ab"));
        assert!(!pattern.leftmost_is_full(b"/ab"));
        assert!(pattern.is_match(b"x/abc"));
    }

    #[test]
    fn groups_are_found() {
        let pattern = Pattern::parse("(?i)^/api(/|$)(?P<rest>.*)").expect("valid");
        assert_eq!(pattern.group_names(), [("rest".to_owned(), 2)]);
        let found = pattern.full_match(b"/API/x/y").expect("match");
        assert_eq!((found.get(1), found.get(2), found.get(3)), (Some(4..5), Some(5..8), None));
    }

    #[test]
    fn rust_syntax_is_its_own() {
        assert!(Pattern::parse_rust("(?x) a b").is_ok());
        assert!(Pattern::parse_rust("(?=a)").is_err());
    }
}
