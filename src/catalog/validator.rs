//! Validators as data: which raw values of an annotation the controller lets pass.
//!
//! The patterns are those of the controller, written for Go's RE2; `regex-automata` reads them alike once Unicode
//! classes are off. Each is compiled when it is first used.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use regex_automata::{meta::Regex, util::syntax};
use serde::Deserialize;

use super::{maps, value};

/// A value that a validator refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct Invalid {
    /// What was expected.
    pub expected: String,
}

/// What a validator does with blanks before it looks. The value itself keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Blanks {
    /// They count as characters like any other.
    Kept,
    /// Spaces are removed wherever they stand.
    Removed,
}

/// Which values pass.
#[derive(Debug, Deserialize)]
#[serde(from = "Written")]
pub struct Validator(Rule);

#[derive(Debug)]
enum Rule {
    Named(String),
    Pattern { pattern: String, blanks: Blanks },
    Regex { regex: Compiled, blanks: Blanks, text: String },
    Words { words: Vec<String>, caseless: bool },
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Written {
    Named(String),
    Pattern {
        pattern: String,
        blanks: Blanks,
    },
    Regex {
        regex: String,
        blanks: Blanks,
        text: String,
    },
    Words {
        #[serde(rename = "enum")]
        words: Vec<String>,
        caseless: bool,
    },
}

impl From<Written> for Validator {
    fn from(written: Written) -> Self {
        Self(match written {
            Written::Named(name) => Rule::Named(name),
            Written::Pattern { pattern, blanks } => Rule::Pattern { pattern, blanks },
            Written::Regex { regex, blanks, text } => Rule::Regex { regex: Compiled::new(regex), blanks, text },
            Written::Words { words, caseless } => Rule::Words { words, caseless },
        })
    }
}

impl Validator {
    /// Whether a raw value that is not empty passes.
    pub fn check(&self, raw: &str) -> Result<(), Invalid> {
        if self.passes(raw) { Ok(()) } else { Err(Invalid { expected: self.to_string() }) }
    }

    fn passes(&self, raw: &str) -> bool {
        match &self.0 {
            Rule::Named(name) => match name.as_str() {
                "any" => true,
                "bool" => value::boolean(raw).is_some(),
                "int" => value::integer(raw).is_some(),
                "cidrs" => value::networks(raw).is_some(),
                "service-name" => service_name(raw),
                "common-name" => common_name(raw),
                "server-name" => server_name(raw),
                "server-names" => raw.split(',').all(server_name),
                name => unreachable!("INVARIANT: tests read every entry, but nobody knows the validator `{name}`"),
            },
            Rule::Pattern { pattern: name, blanks } => named(name).regex.finds(raw, *blanks),
            Rule::Regex { regex, blanks, .. } => regex.finds(raw, *blanks),
            Rule::Words { words, caseless } => {
                let trimmed = raw.trim();
                let read = if *caseless { Cow::Owned(trimmed.to_lowercase()) } else { Cow::Borrowed(trimmed) };
                words.iter().any(|word| *word == read)
            }
        }
    }
}

impl std::fmt::Display for Validator {
    /// What it expects, as the end of a sentence: `digits with optional unit b, k, m or g (blanks do not count)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Rule::Named(name) => f.write_str(&named(name).text),
            Rule::Pattern { pattern, blanks } => write!(f, "{}{}", named(pattern).text, blanks.remark()),
            Rule::Regex { text, blanks, .. } => write!(f, "{text}{}", blanks.remark()),
            Rule::Words { words, caseless } => {
                f.write_str(&words.join(", "))?;
                if *caseless { f.write_str(" (in any case)") } else { Ok(()) }
            }
        }
    }
}

impl Blanks {
    const fn remark(self) -> &'static str {
        match self {
            Self::Kept => "",
            Self::Removed => " (blanks do not count)",
        }
    }
}

/// A pattern or a check that validators name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Name in `validator`.
    pub name: String,
    /// The pattern; nothing where code checks.
    #[serde(default)]
    regex: Compiled,
    /// What it expects.
    pub text: String,
    /// Name in the source of the controller.
    pub source: String,
}

static PATTERNS: LazyLock<BTreeMap<String, Pattern>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        validators: Vec<Pattern>,
    }
    let text = maps::text("annotations/validators.yaml").expect("INVARIANT: the file is embedded");
    let file: File = serde_yaml::from_str(text).unwrap_or_else(|error| panic!("INVARIANT: tests read validators.yaml, but: {error}"));
    file.validators.into_iter().map(|pattern| (pattern.name.clone(), pattern)).collect()
});

/// Everything that validators name, sorted by name.
pub fn patterns() -> impl Iterator<Item = &'static Pattern> {
    PATTERNS.values()
}

fn named(name: &str) -> &'static Pattern {
    PATTERNS.get(name).unwrap_or_else(|| panic!("INVARIANT: tests read every entry, but nobody knows the validator `{name}`"))
}

/// A pattern, compiled when it is first used.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "String")]
struct Compiled {
    source: String,
    regex: OnceLock<Regex>,
}

impl From<String> for Compiled {
    fn from(source: String) -> Self {
        Self::new(source)
    }
}

impl Compiled {
    fn new(source: String) -> Self {
        Self { source, regex: OnceLock::new() }
    }

    /// Whether the pattern is found, and no line break (validators.go refuses those after the match).
    fn finds(&self, raw: &str, blanks: Blanks) -> bool {
        let seen = match blanks {
            Blanks::Removed if raw.contains(' ') => Cow::Owned(raw.replace(' ', "")),
            Blanks::Removed | Blanks::Kept => Cow::Borrowed(raw),
        };
        self.matches(&seen) && !seen.contains(['\r', '\n'])
    }

    fn matches(&self, text: &str) -> bool {
        let regex = self.regex.get_or_init(|| {
            Regex::builder()
                .syntax(syntax::Config::new().unicode(false).utf8(false))
                .build(&self.source)
                .unwrap_or_else(|error| panic!("INVARIANT: tests compile every pattern, but `{}`: {error}", self.source))
        });
        regex.is_match(text)
    }
}

/// A name for `server_name`, with the characters of regular expressions. Blanks and line breaks around it do not count.
fn server_name(text: &str) -> bool {
    named("regex-chars").regex.matches(text.trim())
}

/// A DNS-1035 label.
fn service_name(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `CN=` and a regular expression of Go. RE2's `\Q…\E` and `\C`, which `regex-syntax` lacks, are not known here.
fn common_name(text: &str) -> bool {
    text.strip_prefix("CN=").is_some_and(|pattern| regex_syntax::Parser::new().parse(pattern).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validator(yaml: &str) -> Validator {
        serde_yaml::from_str(yaml).expect("validator")
    }

    #[test]
    fn line_breaks_are_refused_by_patterns() {
        let path = validator("{pattern: path-with-captures, blanks: kept}");
        assert_eq!(["/x", "/x\n", "/x\r"].map(|text| path.passes(text)), [true, false, false]);
    }

    #[test]
    fn unanchored_pattern_still_refuses_line_breaks() {
        let cookie = validator(r"{regex: '(^0|-?[1-9]\d*$)', blanks: kept, text: x}");
        assert_eq!(["0x", "x5", "0\n"].map(|text| cookie.passes(text)), [true, true, false]);
    }

    #[test]
    fn digits_are_ascii() {
        let digits = validator(r"{regex: '^\d+$', blanks: kept, text: x}");
        assert_eq!(["5", "٥"].map(|text| digits.passes(text)), [true, false]);
    }

    #[test]
    fn words_are_trimmed_with_line_breaks() {
        let words = validator("{enum: [on, off], caseless: false}");
        assert_eq!([" on\n", "On", "o n"].map(|text| words.passes(text)), [true, false, false]);
    }

    #[test]
    fn refusal_says_what_was_expected() {
        let error = validator("bool").check("yes").expect_err("no Go boolean");
        assert!(error.to_string().starts_with("not a boolean"), "{error}");
    }
}
