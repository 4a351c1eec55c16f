//! Regular expressions as nginx runs them, as far as an engine without look-around can.

use regex_automata::{
    Input,
    meta::{Config, Regex},
    util::{captures::Captures, syntax},
};

/// An expression that was compiled.
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles an expression. `None` where it needs PCRE itself, or where it is read in another way there.
    pub(super) fn new(pattern: &str, caseless: bool) -> Option<Self> {
        if reads_otherwise(pattern) {
            return None;
        }
        let syntax = syntax::Config::new().case_insensitive(caseless).unicode(false).utf8(false);
        let config = Config::new().utf8_empty(false).nfa_size_limit(Some(1 << 22));
        Regex::builder().syntax(syntax).configure(config).build(pattern).ok().map(Self)
    }

    /// It is found in a text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(Input::new(text))
    }

    /// What the groups take, the whole match first, and the named groups.
    pub(super) fn groups(&self, text: &str) -> Option<Groups> {
        let mut captures = self.0.create_captures();
        self.0.captures(text, &mut captures);
        captures.is_match().then(|| Groups::of(&captures, text))
    }
}

/// What the groups of an expression took.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    /// By number; 0 is the whole match.
    pub(super) numbered: Vec<String>,
    /// By name.
    pub(super) named: Vec<(String, String)>,
}

impl Groups {
    fn of(captures: &Captures, text: &str) -> Self {
        let taken =
            |index: usize| captures.get_group(index).map_or_else(String::new, |span| text.get(span.range()).unwrap_or("").to_owned());
        let numbered: Vec<String> = (0..captures.group_len()).map(taken).collect();
        let all = captures.pattern().map(|pattern| captures.group_info().pattern_names(pattern).enumerate());
        let named = all.into_iter().flatten().filter_map(|(at, name)| Some((name?.to_owned(), numbered.get(at)?.clone()))).collect();
        Self { numbered, named }
    }
}

/// Possessive quantifiers are two quantifiers for our engine, and `\<` and `\>` are characters in PCRE.
fn reads_otherwise(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    let mut class = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if matches!(bytes.get(at + 1), Some(b'<' | b'>')) => return true,
            b'\\' => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'*' | b'+' | b'?' | b'}' if !class && bytes.get(at + 1) == Some(&b'+') => return true,
            _ => {}
        }
        at += 1;
    }
    false
}

/// The named groups of an expression, which are variables in nginx.
pub(super) fn group_names(pattern: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in pattern.match_indices("(?") {
        let behind = pattern[at + 2..].trim_start_matches('P');
        if let Some(name) = behind.strip_prefix('<').and_then(|rest| rest.split_once('>')).map(|(name, _)| name)
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_take_nothing_are_empty() {
        let groups = Pattern::new("^/a(b)?(c)$", false).and_then(|pattern| pattern.groups("/ac")).expect("match");
        assert_eq!(groups.numbered, ["/ac", "", "c"]);
    }

    #[test]
    fn look_ahead_needs_pcre() {
        assert!(Pattern::new("^/(?!api)", false).is_none());
    }

    #[test]
    fn names_of_groups_are_found() {
        assert_eq!(group_names("^/(?<user>[^/]+)/(?P<item>.*)(?:x)(?<!y)"), ["user", "item"]);
    }
}
