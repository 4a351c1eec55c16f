//! Changes of response headers that depend on the status, which only the backend knows.

use super::{HeaderExprs, TextExpr};

/// Statuses with which a response header is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statuses {
    /// 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308: `add_header` without `always`.
    Usual,
    /// All.
    All,
    /// `-s`: only these.
    Only(Vec<u16>),
}

impl Statuses {
    /// The header is sent with a status.
    pub fn include(&self, status: u16) -> bool {
        match self {
            Self::Usual => matches!(status, 200 | 201 | 204 | 206 | 301..=304 | 307 | 308),
            Self::All => true,
            Self::Only(list) => list.contains(&status),
        }
    }
}

/// What is done to a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderOperation {
    /// A line is added.
    Add(TextExpr),
    /// A line takes the place of all others.
    Set(TextExpr),
    /// All lines are taken away; a name that ends with `*` stands for all that begin so.
    Remove,
    /// The lines of the backend are taken away.
    Hide,
    /// Something that is not known.
    Unknown,
}

/// A change of a response header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRule {
    /// Name in lower case.
    pub name: String,
    /// What is done.
    pub operation: HeaderOperation,
    /// With which statuses.
    pub statuses: Statuses,
}

impl HeaderRule {
    /// The rule is about a header.
    pub fn covers(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.name,
        }
    }
}

/// Claims about the headers of an answer with a status, after the rules were applied in their order.
pub fn with_rules(base: &HeaderExprs, rules: &[HeaderRule], status: u16) -> HeaderExprs {
    let mut headers = base.clone();
    for rule in rules.iter().filter(|rule| rule.statuses.include(status)) {
        match &rule.operation {
            HeaderOperation::Add(text) => {
                headers.retain(|(name, value)| !rule.covers(name) || value.is_some());
                headers.push((rule.name.clone(), Some(text.clone())));
            }
            HeaderOperation::Set(text) => {
                headers.retain(|(name, _)| !rule.covers(name));
                headers.push((rule.name.clone(), Some(text.clone())));
            }
            HeaderOperation::Remove => {
                headers.retain(|(name, _)| !rule.covers(name));
                headers.push((rule.name.clone(), None));
            }
            HeaderOperation::Hide if headers.iter().any(|(name, _)| rule.covers(name)) => {}
            HeaderOperation::Hide => headers.push((rule.name.clone(), None)),
            HeaderOperation::Unknown => headers.retain(|(name, _)| !rule.covers(name)),
        }
    }
    headers
}

/// The same claims where the status is not known: what depends on it is not claimed.
pub fn with_rules_of_any_status(base: &HeaderExprs, rules: &[HeaderRule]) -> HeaderExprs {
    let certain = |rule: &HeaderRule| match rule.statuses {
        Statuses::All => rule.clone(),
        Statuses::Usual | Statuses::Only(_) => {
            HeaderRule { name: rule.name.clone(), operation: HeaderOperation::Unknown, statuses: Statuses::All }
        }
    };
    with_rules(base, &rules.iter().map(certain).collect::<Vec<_>>(), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, operation: HeaderOperation, statuses: Statuses) -> HeaderRule {
        HeaderRule { name: name.to_owned(), operation, statuses }
    }

    #[test]
    fn a_header_for_answers_without_error_is_not_claimed_of_errors() {
        let rules = [rule("x-a", HeaderOperation::Add(TextExpr::literal("1")), Statuses::Usual)];
        assert_eq!(with_rules(&Vec::new(), &rules, 404), Vec::new());
        assert_eq!(with_rules(&Vec::new(), &rules, 200), vec![("x-a".to_owned(), Some(TextExpr::literal("1")))]);
    }

    #[test]
    fn later_rules_see_what_earlier_ones_did() {
        let rules = [
            rule("x-a", HeaderOperation::Set(TextExpr::literal("1")), Statuses::All),
            rule("x-*", HeaderOperation::Remove, Statuses::All),
            rule("x-b", HeaderOperation::Add(TextExpr::literal("2")), Statuses::All),
        ];
        let expected = vec![("x-*".to_owned(), None), ("x-b".to_owned(), Some(TextExpr::literal("2")))];
        assert_eq!(with_rules(&Vec::new(), &rules, 200), expected);
    }
}
