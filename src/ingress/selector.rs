//! Label selectors as text: `a=b,c!=d,e,!f,g in (h,i),j notin (k)`.

use indexmap::IndexMap;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

/// Requirements that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selector(Vec<Requirement>);

impl Selector {
    pub(super) fn parse(text: &str) -> Self {
        Self(split(text).into_iter().map(str::trim).filter(|part| !part.is_empty()).map(requirement).collect())
    }

    pub(super) fn matches(&self, labels: &IndexMap<String, String>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Missing(key) => !labels.contains_key(key),
        })
    }
}

/// At commas outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(text: &str) -> Requirement {
    let set = |values: &str| {
        let inner = values.trim().trim_start_matches('(').trim_end_matches(')');
        inner.split(',').map(|value| value.trim().to_owned()).collect()
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    // A key has no blank, so that the word behind it is an operator; a parenthesis ends it as well as a blank.
    let words = text.split_once(char::is_whitespace).map(|(key, rest)| (key, rest.trim_start()));
    let of_word = |word: &'static str| {
        words.and_then(|(key, rest)| Some((key, rest.strip_prefix(word)?))).filter(|(_, values)| values.trim_start().starts_with('('))
    };
    if let Some((key, values)) = of_word("notin") {
        Requirement::NotIn(key.to_owned(), set(values))
    } else if let Some((key, values)) = of_word("in") {
        Requirement::In(key.to_owned(), set(values))
    } else if let Some((key, value)) = text.split_once("!=") {
        Requirement::NotIn(key.trim().to_owned(), one(value))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        Requirement::In(key.trim().to_owned(), one(value))
    } else if let Some(key) = text.strip_prefix('!') {
        Requirement::Missing(key.trim().to_owned())
    } else {
        Requirement::Exists(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_requirements_must_hold() {
        let labels = IndexMap::from([("team".to_owned(), "a".to_owned())]);
        assert!(Selector::parse("team in (a, b),!old").matches(&labels));
        assert!(!Selector::parse("team!=a").matches(&labels));
    }

    #[test]
    fn sets_need_no_blank_before_their_parenthesis() {
        let labels = IndexMap::from([("env".to_owned(), "a".to_owned())]);
        assert!(Selector::parse("env in(a,b)").matches(&labels) && Selector::parse("env  in (a)").matches(&labels));
        assert!(!Selector::parse("env notin(a)").matches(&labels) && Selector::parse("env notin(b),env").matches(&labels));
    }
}
