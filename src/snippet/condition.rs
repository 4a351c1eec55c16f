//! Conditions of `if`, as `ngx_http_rewrite_if_condition` reads them.

use std::fmt;

use super::{Text, TextPiece, pattern::Pattern};
use crate::request::{Field, Regex, RegexDialect, Test};

/// What the file system is asked, which nobody outside of the controller's image can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileTest {
    /// `-f`
    File,
    /// `-d`
    Directory,
    /// `-e`
    Exists,
    /// `-x`
    Executable,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The variable is neither empty nor `0`.
    Truthy,
    /// The variable equals the text.
    Equals(Text),
    /// The expression is found in the variable.
    Matches {
        /// Regular expression.
        regex: String,
        /// Letter case does not count.
        caseless: bool,
    },
}

/// The condition of an `if`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// About a variable.
    Variable {
        /// Without `$`.
        variable: String,
        /// What is asked.
        question: Question,
        /// The answer is turned round.
        negated: bool,
    },
    /// About a file.
    File {
        /// What is asked.
        test: FileTest,
        /// Path of the file.
        path: Text,
        /// The answer is turned round.
        negated: bool,
    },
}

/// A condition in the words of both routers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The field.
    pub field: Field,
    /// What is asked of it.
    pub test: Test,
    /// The answer is turned round.
    pub negated: bool,
}

impl Condition {
    /// Reads the words behind `if`; the error is what nginx says.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let invalid = |word: &str| Err(format!("invalid condition \"{word}\""));
        let (Some(&first), Some(&last)) = (words.first(), words.last()) else { return invalid("") };
        let Some(opened) = first.strip_prefix('(') else { return invalid(first) };
        let mut inner: Vec<&str> = words.to_vec();
        inner[0] = opened;
        if opened.is_empty() {
            inner.remove(0);
        }
        let Some(final_word) = inner.pop() else { return invalid(first) };
        let Some(closed) = final_word.strip_suffix(')') else { return invalid(last) };
        if !closed.is_empty() {
            inner.push(closed);
        }
        let Some(&subject) = inner.first() else { return invalid(first) };
        match (subject.strip_prefix('$').filter(|name| !name.is_empty()), inner.as_slice()) {
            (Some(name), [_]) => Ok(Self::Variable { variable: name.to_owned(), question: Question::Truthy, negated: false }),
            (Some(name), [_, operator, value]) => variable_condition(name, operator, value),
            (None, [_, path]) if subject.starts_with('-') && subject.len() == 2 || subject.starts_with("!-") && subject.len() == 3 => {
                let test = match &subject[subject.len() - 1..] {
                    "f" => FileTest::File,
                    "d" => FileTest::Directory,
                    "e" => FileTest::Exists,
                    "x" => FileTest::Executable,
                    _ => return invalid(subject),
                };
                let path = Text::parse(path).map_err(|error| error.to_string())?;
                Ok(Self::File { test, path, negated: subject.starts_with('!') })
            }
            _ => invalid(subject),
        }
    }

    /// Texts with variables in it; the variable it asks about is among them.
    pub(super) fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Variable { question: Question::Equals(text), .. } | Self::File { path: text, .. } => vec![text],
            Self::Variable { question: Question::Truthy | Question::Matches { .. }, .. } => Vec::new(),
        }
    }

    /// The same question of a request, where there is one.
    pub fn asked(&self) -> Option<Asked> {
        let Self::Variable { variable, question, negated } = self else { return None };
        let field = field(variable)?;
        let test = match question {
            Question::Truthy => Test::Regex(pcre("^(?!0?$)", false)),
            Question::Equals(text) => match text.as_literal()? {
                "" => return Some(Asked { field, test: Test::Regex(pcre(".", false)), negated: !negated }),
                text => Test::Equals(text.to_owned()),
            },
            // An absent header is an empty text for nginx, and fails every test of a field.
            Question::Matches { regex, caseless } if Pattern::new(regex, *caseless)?.is_match("") => return None,
            Question::Matches { regex, caseless } => Test::Regex(pcre(regex, *caseless)),
        };
        Some(Asked { field, test, negated: *negated })
    }
}

fn pcre(pattern: &str, caseless: bool) -> Regex {
    Regex { pattern: pattern.to_owned(), caseless, dialect: RegexDialect::PcreSearch }
}

/// The part of a request that a variable holds.
pub(super) fn field(variable: &str) -> Option<Field> {
    let named = |prefix: &str| variable.strip_prefix(prefix);
    if let Some(header) = named("http_") {
        return Some(Field::Header(header.to_ascii_lowercase().replace('_', "-")));
    }
    if let Some(name) = named("arg_") {
        return Some(Field::Query(name.to_owned()));
    }
    if let Some(name) = named("cookie_") {
        return Some(Field::Cookie(name.to_owned()));
    }
    match variable {
        "host" => Some(Field::Host),
        "request_method" => Some(Field::Method),
        "scheme" => Some(Field::Scheme),
        "uri" | "document_uri" => Some(Field::Path),
        "server_port" => Some(Field::Port),
        "remote_addr" => Some(Field::Client),
        "content_type" => Some(Field::Header("content-type".to_owned())),
        _ => None,
    }
}

fn variable_condition(name: &str, operator: &str, value: &str) -> Result<Condition, String> {
    let (question, negated) = match operator {
        "=" | "!=" => (Question::Equals(Text::parse(value).map_err(|error| error.to_string())?), operator == "!="),
        "~" | "~*" | "!~" | "!~*" => {
            (Question::Matches { regex: value.to_owned(), caseless: operator.ends_with('*') }, operator.starts_with('!'))
        }
        _ => return Err(format!("unexpected \"{operator}\" in condition")),
    };
    Ok(Condition::Variable { variable: name.to_owned(), question, negated })
}

impl fmt::Display for FileTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "is a file",
            Self::Directory => "is a directory",
            Self::Exists => "exists",
            Self::Executable => "is executable",
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match self {
            Self::Variable { variable, question, negated } => match question {
                Question::Truthy => write!(f, "`${variable}` is neither empty nor 0"),
                Question::Equals(text) => write!(f, "`${variable}` is {}`{text}`", not(negated)),
                Question::Matches { regex, caseless } => {
                    let case = if *caseless { ", in any letter case" } else { "" };
                    write!(f, "`{regex}` is {}found in `${variable}`{case}", not(negated))
                }
            },
            Self::File { test, path, negated } => write!(f, "it is {}true that `{path}` {test}", not(negated)),
        }
    }
}

impl TextPiece {
    /// It is a literal.
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parentheses_may_stand_alone() {
        let spaced = Condition::parse(&["(", "$a", "=", "1", ")"]);
        assert_eq!(spaced, Condition::parse(&["($a", "=", "1)"]));
        assert!(spaced.is_ok());
    }

    #[test]
    fn conditions_cannot_be_joined() {
        let joined = Condition::parse(&["($a", "=", "1", "&&", "$b)"]);
        assert_eq!(joined, Err("invalid condition \"$a\"".to_owned()));
    }

    #[test]
    fn a_header_is_a_field_of_the_request() {
        let asked = Condition::parse(&["($http_x_version", "=", "beta)"]).ok().and_then(|condition| condition.asked());
        let expected = Asked { field: Field::Header("x-version".to_owned()), test: Test::Equals("beta".to_owned()), negated: false };
        assert_eq!(asked, Some(expected));
    }

    #[test]
    fn the_raw_target_is_no_field() {
        let condition = Condition::parse(&["($request_uri", "~", "^/a)"]).expect("condition");
        assert_eq!(condition.asked(), None);
    }
}
