//! User agents and referers that the controller refuses everywhere, as rules before all others of a host.

use super::{
    context::Cx,
    plan::{Action, Changes, HeaderCondition, On, PathRule, Rule},
    snippet::{self, Condition},
};
use crate::{
    gateway::Intent,
    nginx::{MapKey, Server},
};

/// Status of those who are refused.
const FORBIDDEN: u16 = 403;

impl Cx<'_> {
    /// Conditions under which the controller refuses requests to every host; `None` where a match cannot say one of them, or the target
    /// cannot refuse.
    pub(super) fn refusals_of_all(&self) -> Option<Vec<HeaderCondition>> {
        let lists = &self.config.globals.access;
        let named = [("User-Agent", &lists.block_user_agents), ("Referer", &lists.block_referers)];
        let conditions: Option<Vec<HeaderCondition>> =
            named.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| condition(name, list)).collect();
        conditions.filter(|_| self.keeps(&Intent::Refuse { status: FORBIDDEN }))
    }

    /// The rules of a server, and before those of each path the refusals.
    pub(super) fn with_refusals_of_all(&self, server: &Server, rules: Vec<Rule>) -> Vec<Rule> {
        let conditions = self.refusals_of_all().unwrap_or_default();
        let Some(first) = rules.first().filter(|_| !conditions.is_empty()).cloned() else { return rules };
        let mut paths: Vec<PathRule> = Vec::new();
        for rule in &rules {
            if !paths.contains(&rule.path) {
                paths.push(rule.path.clone());
            }
        }
        let mut made = Vec::with_capacity(rules.len() + paths.len() * conditions.len());
        for path in &paths {
            let of_path: Vec<Rule> = rules.iter().filter(|rule| rule.path == *path).cloned().collect();
            let refused = conditions.iter().filter_map(|condition| refusal(&of_path[0], path, condition));
            made.extend(snippet::closed(refused.chain(of_path.iter().cloned()).collect()));
        }
        let root = PathRule::Prefix("/".to_owned());
        if !paths.contains(&root) && !server.regex {
            made.extend(conditions.iter().filter_map(|condition| refusal(&first, &root, condition)));
        }
        made
    }
}

fn refusal(like: &Rule, path: &PathRule, condition: &HeaderCondition) -> Option<Rule> {
    let changes = Changes { wishes: vec![Intent::Refuse { status: FORBIDDEN }], ..Changes::default() };
    let mut rule = Rule { path: path.clone(), headers: Vec::new(), action: Action::Answered, changes: changes.into(), ..like.clone() };
    snippet::restrict(&mut rule, &[Condition::Field(condition.clone())]).then_some(rule)
}

/// All keys as one expression for a header; `None` where one is for the header that is missing, which no match can say.
fn condition(name: &str, list: &[MapKey]) -> Option<HeaderCondition> {
    let alternatives: Option<Vec<String>> = list
        .iter()
        .map(|key| match key {
            MapKey::Regex { pattern, caseless } => snippet::searched(pattern, *caseless),
            MapKey::Text(text) if text.is_empty() => None,
            MapKey::Text(text) => Some(format!("(?i){}", regex_syntax::escape(text))),
        })
        .map(|alternative| alternative.map(|alternative| format!("(?:{alternative})")))
        .collect();
    Some(HeaderCondition { on: On::Header, name: name.to_owned(), value: alternatives?.join("|"), regex: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_expressions_become_alternatives() {
        let regex = |pattern: &str| MapKey::Regex { pattern: pattern.to_owned(), caseless: true };
        let made = condition("User-Agent", &[regex("badbot"), MapKey::Text("curl/0".to_owned())]).expect("condition");
        assert_eq!(made.value, "(?:(?i).*(?:badbot).*)|(?:(?i)curl/0)");
        assert_eq!(condition("User-Agent", &[regex("")]), None);
        assert_eq!(condition("User-Agent", &[MapKey::Text(String::new())]), None);
    }
}
