//! What an implementation refuses is not written: rules that need it are withheld or do without, and what its conformance report does not
//! claim is named.

use std::collections::BTreeSet;

use super::{
    context::{Cx, unmappable},
    paths::{self, NoMatch},
    plan::{Action, Changed, Changes, On, PathModifier, PathRule, Redirect, Rule},
};
use crate::{
    gateway::{
        Intent,
        dialect::{Feature, Hazard, Stand},
    },
    k8s::Subject,
    ledger::Code,
    nginx::IngressId,
};

/// Annotations that ask for a feature, as far as there are any.
const fn annotations(feature: Feature) -> &'static [&'static str] {
    match feature {
        Feature::PathRewrite => &["rewrite-target"],
        Feature::HostRewrite => &["upstream-vhost"],
        Feature::SchemeRedirect => &["ssl-redirect", "force-ssl-redirect"],
        Feature::PathRedirect | Feature::PortRedirect => &["app-root", "permanent-redirect", "temporal-redirect"],
        Feature::ResponseHeaderModification => &["custom-headers"],
        Feature::Redirect303
        | Feature::Redirect307
        | Feature::Redirect308
        | Feature::Cors
        | Feature::MethodMatching
        | Feature::QueryParamMatching
        | Feature::RequestMirror
        | Feature::ListenerSet
        | Feature::PathExpression
        | Feature::ValueExpression
        | Feature::GrpcRoute
        | Feature::TlsRoute
        | Feature::TcpRoute
        | Feature::UdpRoute
        | Feature::TlsModeMixed
        | Feature::BackendTlsPolicy => &[],
    }
}

impl Cx<'_> {
    /// The target takes no expressions in paths.
    pub(super) fn spells_paths(&self) -> bool {
        self.sayable.stand(Feature::PathExpression) == Stand::Refused
    }

    /// The target is known to accept something and not to do it.
    pub(super) fn has_hazard(&self, hazard: Hazard) -> bool {
        self.sayable.has_hazard(hazard)
    }

    /// Paths of a location in the form that the target meets, or why there is none.
    pub(super) fn as_met(&self, paths: Vec<PathRule>) -> Result<Vec<PathRule>, NoMatch> {
        paths
            .into_iter()
            .map(|path| match path {
                PathRule::Exact(value) | PathRule::Prefix(value) if value.contains(['*', '?']) && self.has_hazard(Hazard::Globs) => {
                    Err(NoMatch::Unsayable(Code::PathPattern))
                }
                PathRule::Exact(value) if value.contains('%') && self.has_hazard(Hazard::EscapesNeverMatch) => paths::decoded(&value, "$"),
                PathRule::Prefix(value) if value.contains('%') && self.has_hazard(Hazard::EscapesNeverMatch) => {
                    paths::decoded(&value, "(?:/|$)")
                }
                PathRule::Exact(_) | PathRule::Prefix(_) | PathRule::Regex(_) => Ok(path),
            })
            .collect()
    }

    /// The target takes expressions in conditions on headers.
    pub(super) fn matches_values(&self) -> bool {
        self.sayable.stand(Feature::ValueExpression) != Stand::Refused
    }

    /// Rules as the target takes them.
    pub(super) fn as_claimed(&mut self, rules: &mut Vec<Rule>) {
        let mut closed: BTreeSet<PathRule> = BTreeSet::new();
        for rule in rules.iter_mut() {
            for feature in features(rule) {
                match self.sayable.stand(feature) {
                    Stand::Claimed => {}
                    Stand::Open => self.say_unclaimed(feature),
                    Stand::Refused if feature == Feature::ResponseHeaderModification => {
                        self.say_refused(Code::HeaderAnswerRefused, feature, rule.owner, rule.origin.clone());
                        let mut changes: Changes = std::mem::take(&mut rule.changes).into_changes();
                        changes.response_headers.clear();
                        changes.response_added.clear();
                        changes.response_removed.clear();
                        rule.changes = changes.into();
                    }
                    Stand::Refused => {
                        self.say_refused(Code::GatewayFeatureRefused, feature, rule.owner, rule.origin.clone());
                        if !rule.headers.is_empty() {
                            closed.insert(rule.path.clone());
                        }
                        rule.headers.clear();
                        // The rule is withheld for everything that the expression may take.
                        if let PathRule::Regex(value) = &rule.path {
                            rule.path = PathRule::Prefix(paths::before_expression(value));
                        }
                        rule.action = Action::Withheld(Code::GatewayFeatureRefused);
                        rule.changes = Changed::default();
                        break;
                    }
                }
            }
        }
        // A condition that cannot be said leaves its path without rules that others could fall to.
        rules.retain(|rule| !closed.contains(&rule.path) || rule.headers.is_empty() && matches!(rule.action, Action::Withheld(_)));
        if self.spells_paths() {
            let withheld: Vec<PathRule> = rules
                .iter()
                .filter(|rule| rule.action == Action::Withheld(Code::GatewayFeatureRefused))
                .map(|rule| rule.path.clone())
                .collect();
            rules.retain(|rule| {
                rule.action == Action::Withheld(Code::GatewayFeatureRefused) || !withheld.iter().any(|above| above.takes(&rule.path))
            });
        }
        if self.has_hazard(Hazard::CutBehindCatchAll) {
            without_prefix_of_everything(rules);
        }
    }

    pub(super) fn say_unclaimed(&mut self, feature: Feature) {
        let facts = vec![("feature", feature.words().to_owned()), ("who", self.sayable.who_lacks(feature))];
        self.say(Code::GatewayFeatureUnclaimed, None, facts);
    }

    pub(super) fn say_refused(&mut self, code: Code, feature: Feature, owner: IngressId, place: Subject) {
        self.mark(owner, annotations(feature), &unmappable(code));
        let facts =
            vec![("feature", feature.words().to_owned()), ("who", self.sayable.who_lacks(feature)), ("ingress", self.ingress_name(owner))];
        self.say(code, Some(place), facts);
    }

    /// nginx matches without regard to case and without end, prefixes do not: what misses a prefix that somebody guards must not reach a
    /// rule above it that leads to the same Service without the guard.
    pub(super) fn guard_prefixes(&mut self, rules: &mut [Rule]) {
        if self.options.allow_unprotected {
            return;
        }
        let guarded: Vec<(String, Option<Vec<Intent>>, Action)> = rules
            .iter()
            .filter_map(|rule| {
                let (PathRule::Prefix(path) | PathRule::Exact(path)) = &rule.path else { return None };
                let guards = guards(rule);
                (guards.as_ref().is_none_or(|guards| !guards.is_empty())).then(|| (path.clone(), guards, rule.action.clone()))
            })
            .collect();
        for rule in rules.iter_mut() {
            let PathRule::Prefix(path) = &rule.path else { continue };
            let own = guards(rule);
            let opens = |(below, guards, action): &&(String, Option<Vec<Intent>>, Action)| {
                below != path && paths::covers(path, below) && *guards != own && same_service(action, &rule.action)
            };
            if !matches!(rule.action, Action::Forward(_)) || !guarded.iter().any(|one| opens(&one)) {
                continue;
            }
            let facts = vec![("path", path.clone()), ("ingress", self.ingress_name(rule.owner))];
            self.say(Code::PathGuardedBelow, Some(rule.origin.clone()), facts);
            rule.action = Action::Withheld(Code::PathGuardedBelow);
            rule.changes = Changed::default();
        }
    }
}

/// Behind a prefix `/` no expression is asked, and behind the expression for everything there is nothing left to ask.
fn without_prefix_of_everything(rules: &mut [Rule]) {
    let root = PathRule::Prefix("/".to_owned());
    let everything = PathRule::Regex(".*".to_owned());
    if !rules.iter().any(|rule| matches!(&rule.path, PathRule::Regex(_)) && rule.path != everything) {
        return;
    }
    for rule in rules.iter_mut().filter(|rule| rule.path == root) {
        rule.path = everything.clone();
        let by_prefix = matches!(rule.changes.path, Some(PathModifier::Prefix(_)))
            || matches!(&rule.action, Action::Redirect(redirect) if redirect.prefix);
        if by_prefix {
            rule.action = Action::Withheld(Code::RewriteNeedsCaptures);
            rule.changes = Changed::default();
        }
    }
}

/// What a rule asks of clients; `None` where it is withheld.
fn guards(rule: &Rule) -> Option<Vec<Intent>> {
    match rule.action {
        Action::Withheld(_) => None,
        Action::Forward(_) | Action::Redirect(_) | Action::ToHttps { .. } | Action::Answered => {
            Some(rule.changes.wishes.iter().filter(|wish| wish.is_access_control()).cloned().collect())
        }
    }
}

/// Both may lead to one Service. Nobody knows where a withheld rule would have led.
fn same_service(guarded: &Action, open: &Action) -> bool {
    match (guarded, open) {
        (Action::Withheld(_), _) => true,
        (Action::Forward(one), Action::Forward(other)) => {
            one.iter().any(|backend| other.iter().any(|known| known.service == backend.service))
        }
        (Action::Forward(_) | Action::Redirect(_) | Action::ToHttps { .. } | Action::Answered, _) => false,
    }
}

/// Everything that a rule uses and that an implementation need not have.
fn features(rule: &Rule) -> Vec<Feature> {
    let Rule { owner: _, origin: _, path, headers, action, changes } = rule;
    let mut features = Vec::new();
    let mut needs = |feature, needed: bool| features.extend(needed.then_some(feature));
    needs(Feature::PathExpression, matches!(path, PathRule::Regex(_)));
    needs(Feature::ValueExpression, headers.iter().any(|condition| condition.regex));
    needs(Feature::MethodMatching, headers.iter().any(|condition| condition.on == On::Method));
    needs(Feature::QueryParamMatching, headers.iter().any(|condition| condition.on == On::Query));
    let answers = !changes.response_headers.is_empty() || !changes.response_added.is_empty() || !changes.response_removed.is_empty();
    needs(Feature::ResponseHeaderModification, answers);
    let passes = match action {
        Action::Withheld(_) => return features,
        Action::Redirect(Redirect { scheme, hostname: _, port, path, prefix: _, status: _ }) => {
            needs(Feature::SchemeRedirect, scheme.is_some());
            needs(Feature::PortRedirect, port.is_some());
            needs(Feature::PathRedirect, path.is_some());
            false
        }
        Action::ToHttps { status: _ } => {
            needs(Feature::SchemeRedirect, true);
            false
        }
        Action::Forward(_) => true,
        Action::Answered => false,
    };
    needs(Feature::PathRewrite, passes && changes.path.is_some());
    needs(Feature::HostRewrite, passes && changes.host.is_some());
    needs(Feature::RequestMirror, passes && changes.mirror.is_some());
    features
}
