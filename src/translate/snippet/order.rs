//! Rules in the order of nginx, which takes the first that fits, made such that a gateway, which takes the most specific one, does the same.

use std::collections::BTreeSet;

use crate::translate::plan::{HeaderCondition, On, PathRule, Rule};

/// More rules than this are not added for one location.
const MOST: usize = 48;

/// How specific a rule is, as Gateway API compares rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    exact: bool,
    expression: bool,
    length: usize,
    method: bool,
    headers: usize,
    queries: usize,
}

fn rank(rule: &Rule) -> Rank {
    let count = |on: On| rule.headers.iter().filter(|condition| condition.on == on).count();
    let (exact, expression, length) = match &rule.path {
        PathRule::Exact(path) => (true, false, path.len()),
        PathRule::Prefix(path) => (false, false, path.len()),
        PathRule::Regex(path) => (false, true, path.len()),
    };
    Rank { exact, expression, length, method: count(On::Method) > 0, headers: count(On::Header), queries: count(On::Query) }
}

/// Adds, wherever a later rule would win over an earlier one, the rule for requests that fit both.
pub(in crate::translate) fn closed(rules: Vec<Rule>) -> Vec<Rule> {
    let mut list: Vec<(usize, Rule)> = rules.into_iter().enumerate().collect();
    let mut seen: BTreeSet<(PathRule, Vec<HeaderCondition>)> = list.iter().map(|(_, rule)| key(rule)).collect();
    let mut done = 0;
    while done < list.len() && list.len() <= MOST {
        for other in 0..done {
            let (one, two) = (&list[done], &list[other]);
            let (first, second) = if one.0 <= two.0 { (one, two) } else { (two, one) };
            if first.0 == second.0 || rank(&second.1) <= rank(&first.1) || first.1.same_action(&second.1) {
                continue;
            }
            let Some(both) = both(&first.1, &second.1) else { continue };
            if seen.insert(key(&both)) {
                let index = first.0;
                list.push((index, both));
            }
        }
        done += 1;
    }
    // Rules for several conditions come first among those of one decision; a gateway does not care, people do.
    list.sort_by_key(|(index, rule)| (*index, std::cmp::Reverse(rule.headers.len())));
    list.into_iter().map(|(_, rule)| rule).collect()
}

fn key(rule: &Rule) -> (PathRule, Vec<HeaderCondition>) {
    let mut headers = rule.headers.clone();
    headers.sort();
    (rule.path.clone(), headers)
}

/// The first rule for requests that fit the second one too; `None` where there are none.
fn both(first: &Rule, second: &Rule) -> Option<Rule> {
    let mut rule = first.clone();
    let path = super::condition::Match::Path(second.path.clone());
    let fields = second.headers.iter().cloned().map(super::condition::Match::Field);
    let conditions: Vec<_> = std::iter::once(path).chain(fields).collect();
    (super::condition::add(&mut rule, &conditions) == super::condition::Together::Said).then_some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        k8s::{FieldPath, ObjectId, Subject},
        ledger::Code,
        nginx::IngressId,
        translate::plan::{Action, Changed},
    };

    fn rule(on: &[(On, &str)], code: Code) -> Rule {
        let condition =
            |(on, name): &(On, &str)| HeaderCondition { on: *on, name: (*name).to_owned(), value: "1".to_owned(), regex: false };
        Rule {
            owner: IngressId(0),
            origin: Subject::new(ObjectId(0), FieldPath::root()),
            path: PathRule::Prefix("/".to_owned()),
            headers: on.iter().map(condition).collect(),
            action: Action::Withheld(code),
            changes: Changed::default(),
        }
    }

    #[test]
    fn a_later_method_does_not_win_over_an_earlier_header() {
        let rules =
            vec![rule(&[(On::Header, "a")], Code::BackendGone), rule(&[(On::Method, "")], Code::PathTooLong), rule(&[], Code::BackendGone)];
        let made = closed(rules);
        let shape: Vec<_> = made.iter().map(|rule| (rule.headers.len(), rule.action.clone())).collect();
        let withheld = Action::Withheld;
        assert_eq!(
            shape,
            [
                (2, withheld(Code::BackendGone)),
                (1, withheld(Code::BackendGone)),
                (1, withheld(Code::PathTooLong)),
                (0, withheld(Code::BackendGone))
            ]
        );
    }

    #[test]
    fn rules_of_one_kind_need_no_others() {
        let rules = vec![
            rule(&[(On::Header, "a")], Code::BackendGone),
            rule(&[(On::Header, "b")], Code::PathTooLong),
            rule(&[], Code::BackendGone),
        ];
        assert_eq!(closed(rules.clone()), rules);
    }
}
