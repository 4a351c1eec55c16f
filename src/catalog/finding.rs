//! The wording of findings.

use std::{fmt, sync::LazyLock};

use serde::Deserialize;

use super::maps::{self, Entry, Shelf};

/// How much a finding matters. Ordered: `Blocked` is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Cosmetic difference.
    Low,
    /// Some requests are answered differently.
    Medium,
    /// Likely breakage.
    High,
    /// Lost protection or an outage; nothing is emitted.
    Blocked,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Blocked => "blocked",
        })
    }
}

/// What is said of a finding, whatever the facts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingEntry {
    /// `area/what-is-true`; its area is its file.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// Short noun phrase.
    pub title: String,
    /// One sentence, lower case, without full stop, with `{fact}` where a fact goes.
    pub message: String,
    /// Why it matters.
    pub why: String,
    /// What to type or do.
    pub advice: String,
}

impl Entry for FindingEntry {
    const OPENS: &'static str = "- code: ";

    fn read(text: &'static str, _: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text)
    }
}

static FINDINGS: LazyLock<Shelf<FindingEntry>> = LazyLock::new(|| maps::shelf("findings", |_| true));

/// All findings, sorted by area and code.
pub fn findings() -> &'static Shelf<FindingEntry> {
    &FINDINGS
}

/// What is said of the finding of this code.
pub fn finding(code: &str) -> Option<&'static FindingEntry> {
    FINDINGS.get(code)
}

/// A message with its facts in place. A fact that is missing stays in braces, so that somebody notices.
pub fn render<V: AsRef<str>>(message: &str, facts: &[(&str, V)]) -> String {
    let mut written = String::with_capacity(message.len() + 32);
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('{') {
        written.push_str(before);
        let fact = after.split_once('}').and_then(|(name, behind)| {
            let (_, value) = facts.iter().find(|(fact, _)| *fact == name)?;
            Some((value, behind))
        });
        if let Some((value, behind)) = fact {
            written.push_str(value.as_ref());
            rest = behind;
        } else {
            written.push('{');
            rest = after;
        }
    }
    written.push_str(rest);
    written
}

/// A text about no finding in particular: facts are written as names in capitals.
pub fn unfilled(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        written.push_str(before);
        let name = after.split_once('}').filter(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        match name {
            Some((name, behind)) => {
                written.push_str(&name.to_uppercase());
                rest = behind;
            }
            None => {
                written.push('{');
                rest = after;
            }
        }
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_facts_name_them_in_capitals() {
        assert_eq!(unfilled("`{annotation}` of `{ingress}`, [{\"op\":1}], {"), "`ANNOTATION` of `INGRESS`, [{\"op\":1}], {");
    }

    #[test]
    fn facts_take_their_places() {
        assert_eq!(
            render("`{file}` cannot be read: {error}", &[("error", "no {file}"), ("file", "a.yaml")]),
            "`a.yaml` cannot be read: no {file}"
        );
    }

    #[test]
    fn braces_that_are_no_fact_stay() {
        assert_eq!(render("a {b} {c {d}", &[("d", "x")]), "a {b} {c x");
    }
}
