//! Hosts that no question tells apart. Names stand alone; wildcards and expressions cut what is left.

use std::collections::{BTreeMap, BTreeSet};

use super::{langs, limits::Limits, spaces::Asked};
use crate::{
    automata::{Lang, Partition},
    ledger::Code,
    request::{Field, PredicateId, Predicates, RegexDialect, Test},
};

/// Hosts that no question tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostClass {
    /// What it is called: a name, `*.example.com`, an expression behind `~`, or `*` for all other hosts.
    pub(super) label: String,
    /// One of them.
    pub(super) name: String,
    /// It is the only one.
    pub(super) only: bool,
    /// Questions that hold, by side.
    pub(super) holding: [Vec<PredicateId>; 2],
    /// Why questions about it cannot be answered for all of its hosts, as code and reason.
    pub(super) unsure: Option<(Code, String)>,
}

/// A question about names that is no name.
enum Shape<'t> {
    /// Names with something before this suffix.
    Below(&'t str),
    /// Names with one label before this suffix.
    OneLabelBelow(String),
    /// Anything else.
    Other(&'t Test),
}

/// The text of a quoted suffix, if it is nothing else: `\.example\.com`.
fn unquoted(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next().filter(|next| matches!(next, '.' | '-'))?),
            'a'..='z' | '0'..='9' | '-' | '_' => plain.push(character),
            _ => return None,
        }
    }
    plain.starts_with('.').then_some(plain)
}

/// Wildcards in the forms in which both routers ask for them; on host names `[\w-]+`, `[^.]+` and `[a-z0-9_-]+` are one label.
fn shape(test: &Test) -> Shape<'_> {
    let Test::Regex(regex) = test else {
        return match test {
            Test::Suffix(suffix) => Shape::Below(suffix),
            _ => Shape::Other(test),
        };
    };
    let one = match regex.dialect {
        RegexDialect::PcreSearch => ["^(?<subdomain>[\\w-]+)", "^[^.]+"]
            .iter()
            .find_map(|head| regex.pattern.strip_prefix(head))
            .and_then(|rest| rest.strip_suffix('$'))
            .and_then(unquoted),
        RegexDialect::Re2Full => regex.pattern.strip_prefix("[a-z0-9_-]+").and_then(unquoted),
        RegexDialect::Re2Search => None,
    };
    one.map_or(Shape::Other(test), Shape::OneLabelBelow)
}

/// `[a-z0-9.-]+` before a suffix is anything before it.
fn any_below(test: &Test) -> Option<String> {
    match test {
        Test::Regex(regex) if regex.dialect == RegexDialect::Re2Full => regex.pattern.strip_prefix("[a-z0-9.-]+").and_then(unquoted),
        _ => None,
    }
}

/// Everything that is asked about hosts.
#[derive(Default)]
pub(super) struct Questions<'p> {
    exact: BTreeMap<&'p str, Vec<Asked>>,
    below: BTreeMap<String, Vec<Asked>>,
    one_label: BTreeMap<String, Vec<Asked>>,
    others: Vec<(&'p Test, Lang, Vec<Asked>)>,
    /// Names of hosts, not only of certificates.
    hosts: BTreeSet<Asked>,
}

impl<'p> Questions<'p> {
    pub(super) fn of(sides: [&'p Predicates; 2]) -> Self {
        let mut questions = Self::default();
        for (side, predicates) in sides.into_iter().enumerate() {
            for (id, predicate) in predicates.iter() {
                if !matches!(predicate.field, Field::Host | Field::Sni) {
                    continue;
                }
                let asked = (side, id);
                if predicate.field == Field::Host {
                    questions.hosts.insert(asked);
                }
                questions.add(&predicate.test, asked);
            }
        }
        questions
    }

    fn add(&mut self, test: &'p Test, asked: Asked) {
        if let Test::Equals(name) = test {
            // Nobody can ask for a name that is none, such as the catch-all `_` of nginx.
            if langs::hosts().contains(name.as_bytes()) {
                self.exact.entry(name).or_default().push(asked);
            }
            return;
        }
        if let Some(suffix) = any_below(test) {
            self.below.entry(suffix).or_default().push(asked);
            return;
        }
        match shape(test) {
            Shape::Below(suffix) => self.below.entry(suffix.to_owned()).or_default().push(asked),
            Shape::OneLabelBelow(suffix) => self.one_label.entry(suffix).or_default().push(asked),
            Shape::Other(test) => {
                if let Some((_, _, users)) = self.others.iter_mut().find(|(known, _, _)| *known == test) {
                    users.push(asked);
                    return;
                }
                self.others.push((test, langs::texts(test), vec![asked]));
            }
        }
    }

    /// Questions that hold of a name.
    fn holding(&self, name: &str) -> Vec<Asked> {
        let mut holding: Vec<Asked> = self.exact.get(name).cloned().unwrap_or_default();
        for (at, _) in name.match_indices('.') {
            if at == 0 {
                continue;
            }
            let suffix = &name[at..];
            holding.extend(self.below.get(suffix).into_iter().flatten());
            if !name[..at].contains('.') {
                holding.extend(self.one_label.get(suffix).into_iter().flatten());
            }
        }
        for (_, lang, users) in &self.others {
            if lang.contains(name.as_bytes()) == Some(true) {
                holding.extend(users);
            }
        }
        holding.sort_unstable();
        holding
    }

    /// What the class of a name is called.
    pub(super) fn label_of(&self, name: &str) -> String {
        let named = self.exact.get(name).is_some_and(|users| self.is_host(users));
        if named { name.to_owned() } else { label(self, &self.holding(name)) }
    }

    fn is_host(&self, holding: &[Asked]) -> bool {
        holding.iter().any(|asked| self.hosts.contains(asked))
    }
}

/// All classes of hosts, names first.
pub(super) fn classes(sides: [&Predicates; 2], limits: &Limits) -> Vec<HostClass> {
    let questions = Questions::of(sides);
    let mut classes = Vec::with_capacity(questions.exact.len() + 1);
    for name in questions.exact.keys() {
        let holding = questions.holding(name);
        let label = if questions.is_host(&questions.exact[name]) { (*name).to_owned() } else { label(&questions, &holding) };
        classes.push(class(label, name, true, &holding));
    }
    let names = if questions.others.is_empty() { structured(&questions) } else { cut(&questions, limits, &mut classes) };
    let mut seen: BTreeSet<Vec<Asked>> = BTreeSet::new();
    for name in names {
        let holding = questions.holding(&name);
        if seen.insert(holding.clone()) {
            classes.push(class(label(&questions, &holding), &name, false, &holding));
        }
    }
    classes
}

fn class(label: String, name: &str, only: bool, holding: &[Asked]) -> HostClass {
    let side = |side: usize| holding.iter().filter(|(of, _)| *of == side).map(|(_, id)| *id).collect();
    HostClass { label, name: name.to_owned(), only, holding: [side(0), side(1)], unsure: None }
}

/// The most specific wildcard that takes the hosts.
fn label(questions: &Questions<'_>, holding: &[Asked]) -> String {
    let holds = |users: &Vec<Asked>| users.iter().any(|user| questions.hosts.contains(user) && holding.binary_search(user).is_ok());
    let wildcards = questions.below.iter().chain(&questions.one_label).filter(|(_, users)| holds(users)).map(|(suffix, _)| suffix);
    if let Some(suffix) = wildcards.max_by_key(|suffix| suffix.len()) {
        return format!("*{suffix}");
    }
    let expression = questions.others.iter().find(|(_, _, users)| holds(users));
    match expression {
        Some((Test::Regex(regex), _, _)) => format!("~{}", regex.pattern),
        Some((Test::Prefix(prefix), _, _)) => format!("{prefix}*"),
        Some(_) | None => "*".to_owned(),
    }
}

/// Names nobody lists, for all ways in which wildcards can hold: with one label, and with several, before each suffix.
fn structured(questions: &Questions<'_>) -> Vec<String> {
    let suffixes = questions.below.keys().chain(questions.one_label.keys());
    let taken = |name: &str| questions.exact.contains_key(name);
    let is_suffix = |name: &str| questions.below.contains_key(name) || questions.one_label.contains_key(name);
    let fresh = |suffix: &str| {
        let labels = ["www", "app", "any", "other"].into_iter().map(str::to_owned).chain((1_u32..).map(|number| format!("x{number}")));
        let free = |label: &String| !taken(&format!("{label}{suffix}")) && !is_suffix(&format!(".{label}{suffix}"));
        labels.filter(free).take(1).next().unwrap_or_default()
    };
    let mut names = Vec::new();
    for suffix in suffixes {
        let label = fresh(suffix);
        names.push(format!("{label}{suffix}"));
        let below = format!(".{label}{suffix}");
        let deeper = fresh(&below);
        names.push(format!("{deeper}{below}"));
    }
    let mut other = "unknown.example".to_owned();
    while !questions.holding(&other).is_empty() {
        other.insert(0, 'x');
        if other.len() > 200 {
            break;
        }
    }
    names.push(other);
    names
}

fn not_regular() -> (Code, String) {
    (Code::UndecidedNotRegular, "an expression for hosts is not regular".to_owned())
}

/// A class for each expression of which nobody knows the names that it takes.
fn irregular(questions: &Questions<'_>, partition: &Partition) -> Vec<HostClass> {
    let before = questions.below.len() + questions.one_label.len();
    let unsure: BTreeSet<usize> = partition.atoms().iter().flat_map(|atom| atom.unsure.iter()).collect();
    let unsure = unsure.into_iter().filter_map(|number| questions.others.get(number.checked_sub(before)?));
    unsure
        .filter(|(_, _, users)| questions.is_host(users))
        .map(|(_, _, users)| {
            let mut one = class(label(questions, users), "unknown.example", false, users);
            one.unsure = Some(not_regular());
            one
        })
        .collect()
}

/// Names nobody lists, for all ways in which wildcards and expressions can hold.
fn cut(questions: &Questions<'_>, limits: &Limits, classes: &mut Vec<HostClass>) -> Vec<String> {
    let wildcard = |suffix: &String| Lang::suffix(suffix);
    let one_label = |suffix: &String| {
        let pattern = format!("[a-z0-9-]+{}", regex_syntax::escape(suffix));
        crate::automata::re2::Pattern::parse(&pattern).map_or_else(|_| Lang::none(), |pattern| Lang::full(&pattern))
    };
    let mut langs: Vec<Lang> = questions.below.keys().map(wildcard).collect();
    langs.extend(questions.one_label.keys().map(one_label));
    langs.extend(questions.others.iter().map(|(_, lang, _)| lang.clone()));
    let partition = match Partition::new(&langs, langs::hosts(), limits.partition) {
        Ok(partition) => partition,
        Err(error) => {
            let mut other = class("*".to_owned(), "unknown.example", false, &questions.holding("unknown.example"));
            other.unsure = Some((Code::UndecidedOverBudget, format!("hosts cannot be told apart: {error}")));
            classes.push(other);
            return Vec::new();
        }
    };
    classes.extend(irregular(questions, &partition));
    let mut names = Vec::new();
    for (number, atom) in partition.atoms().iter().enumerate() {
        let witness = String::from_utf8_lossy(&atom.witness).into_owned();
        let usual = ["unknown.example"].into_iter().find(|name| partition.atom_of(name.as_bytes()) == Some(number));
        let name = usual.map_or(witness, str::to_owned);
        if !questions.exact.contains_key(name.as_str()) {
            names.push(name);
            continue;
        }
        // The shortest host is listed; is there another one?
        let listed = questions.exact.keys().filter(|name| partition.atom_of(name.as_bytes()) == Some(number)).map(Lang::exact);
        let rest = partition.lang_of(number).map(|lang| Lang::and([lang, Lang::or(listed).not()]));
        match rest.map(|lang| lang.witness(langs::hosts(), limits.partition)) {
            Some(Ok(None)) => {}
            Some(Ok(Some(witness))) => names.push(String::from_utf8_lossy(&witness).into_owned()),
            Some(Err(_)) | None => {
                let mut other = class(name.clone(), &name, false, &questions.holding(&name));
                other.unsure = Some(not_regular());
                classes.push(other);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Regex;

    fn labels(tests: &[Test]) -> Vec<(String, String)> {
        let mut predicates = Predicates::default();
        for test in tests {
            predicates.intern(Field::Host, test.clone(), None);
        }
        let empty = Predicates::default();
        classes([&predicates, &empty], &Limits::default()).into_iter().map(|class| (class.label, class.name)).collect()
    }

    fn wildcard(suffix: &str) -> Test {
        let pattern = format!(r"^(?<subdomain>[\w-]+){}$", suffix.replace('.', r"\."));
        Test::Regex(Regex { pattern, caseless: false, dialect: RegexDialect::PcreSearch })
    }

    fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
        found.iter().map(|(label, name)| (label.as_str(), name.as_str())).collect()
    }

    #[test]
    fn a_wildcard_stands_for_one_label_in_nginx_and_for_more_elsewhere() {
        let found =
            labels(&[wildcard(".shop.example"), Test::Suffix(".shop.example".to_owned()), Test::Equals("www.shop.example".to_owned())]);
        let expected = [
            ("www.shop.example", "www.shop.example"),
            ("*.shop.example", "app.shop.example"),
            ("*.shop.example", "www.app.shop.example"),
            ("*", "unknown.example"),
        ];
        assert_eq!(pairs(&found), expected);
    }

    #[test]
    fn expressions_are_cut_by_an_automaton() {
        let regex = Regex { pattern: "^a+\\.example$".to_owned(), caseless: false, dialect: RegexDialect::PcreSearch };
        let found = labels(&[Test::Regex(regex), Test::Equals("a.example".to_owned())]);
        let expected = [("a.example", "a.example"), ("*", "unknown.example"), ("~^a+\\.example$", "aa.example")];
        assert_eq!(pairs(&found), expected);
    }
}
