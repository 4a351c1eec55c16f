//! Upstreams as backendRefs, and canaries as conditions and weights.

use super::{
    context::{Cx, differs, no_effect, unmappable},
    plan::{Action, Backend, Changes, HeaderCondition, On, Rule},
};
use crate::{
    automata::pcre::Pattern,
    gateway::{
        Intent,
        dialect::{Feature, Hazard},
    },
    k8s::{PortRef, Subject},
    ledger::{Code, Settlement},
    nginx::{self, Endpoints, Target, UpstreamId, settings::Canary},
};

/// Largest weight that a CRD accepts.
const HEAVIEST: u64 = 1_000_000;

/// Status of nginx where there is nobody to ask.
const UNAVAILABLE: u16 = 503;

/// Annotations of a canary.
pub(super) const ALL_CANARY: &[&str] = &[
    "canary",
    "canary-weight",
    "canary-weight-total",
    "canary-by-header",
    "canary-by-header-value",
    "canary-by-header-pattern",
    "canary-by-cookie",
];

impl Cx<'_> {
    /// The rules that a forwarding rule becomes: one per decision of its canary, the most specific first.
    pub(super) fn forward(&mut self, rule: Rule, target: &Target) -> Vec<Rule> {
        let id = match target {
            Target::Upstream(id) => Some(*id),
            Target::Default => self.default_backend(),
            Target::Gone => None,
        };
        let Some(id) = id else {
            return vec![self.refused(rule, Code::BackendGone)];
        };
        let mut rule = rule;
        if self.config.upstream(id).endpoints == Endpoints::MissingService {
            let page = self.unavailable(&rule.changes.wishes);
            rule.changes.wishes.extend(page);
            rule.changes.wishes.sort();
        }
        let primary = match self.backend(id, &rule.origin) {
            Ok(backend) => backend,
            Err(code) => return vec![self.refused(rule, code)],
        };
        let config = self.config;
        let upstream = config.upstream(id);
        for &dead in upstream.alternatives.iter().skip(1) {
            self.settle_canary(dead, &no_effect("another canary of the same Service comes first, and nginx only ever uses the first"));
        }
        let canary = upstream.alternatives.first().map(|&id| (id, config.upstream(id))).and_then(|(id, up)| Some((id, up.canary.clone()?)));
        let Some((alternative, policy)) = canary.filter(|_| upstream.serves()) else {
            return vec![Rule { action: Action::Forward(vec![primary]), ..rule }];
        };
        if !config.upstream(alternative).serves() {
            self.settle_canary(alternative, &no_effect("its Service has no endpoints, so that the main Service gets everything"));
            return vec![Rule { action: Action::Forward(vec![primary]), ..rule }];
        }
        match self.backend(alternative, &rule.origin) {
            Ok(secondary) => self.split(&rule, &primary, &secondary, alternative, &policy),
            Err(code) => {
                self.settle_canary(alternative, &unmappable(code));
                vec![Rule { action: Action::Forward(vec![primary]), ..rule }]
            }
        }
    }

    /// nginx answers 503 for a Service that does not exist, or what an error page makes of that.
    fn unavailable(&self, wishes: &[Intent]) -> Option<Intent> {
        let page = wishes.iter().find_map(|wish| match wish {
            Intent::ErrorStatus { codes, status, .. } if codes.contains(&UNAVAILABLE) => Some(*status),
            _ => None,
        });
        let intent = Intent::ErrorStatus { codes: vec![500], status: page.unwrap_or(UNAVAILABLE), of_backends: false };
        self.keeps(&intent).then_some(intent)
    }

    /// The Service of `--default-backend-service`.
    pub(super) fn default_backend(&self) -> Option<UpstreamId> {
        let id = nginx::Config::DEFAULT_BACKEND;
        self.config.upstream(id).label().map(|_| id)
    }

    /// A rule that has no backend. Where nginx answers 503 for want of one, a filter can say the same.
    fn refused(&self, mut rule: Rule, code: Code) -> Rule {
        let intent = Intent::Refuse { status: 503 };
        let today = matches!(code, Code::BackendGone | Code::BackendMissingPort);
        if today && self.keeps(&intent) {
            rule.changes = Changes { wishes: vec![intent], ..Changes::default() }.into();
            return Rule { action: Action::Answered, ..rule };
        }
        Rule { action: Action::Withheld(code), ..rule }
    }

    fn settle_canary(&mut self, id: UpstreamId, settlement: &Settlement) {
        if let Some(ingress) = self.config.upstream(id).ingress {
            self.mark(ingress, ALL_CANARY, settlement);
        }
    }

    fn split(&mut self, rule: &Rule, primary: &Backend, secondary: &Backend, alternative: UpstreamId, policy: &Canary) -> Vec<Rule> {
        let to = |backend: &Backend, condition: HeaderCondition| {
            let mut special = rule.clone();
            special.headers.push(condition);
            special.action = Action::Forward(vec![backend.clone()]);
            special
        };
        let mut rules = Vec::new();
        let owner = self.config.upstream(alternative).ingress;
        let settle = |cx: &mut Self, names: &[&'static str], settlement: &Settlement| {
            if let Some(owner) = owner {
                cx.mark(owner, names, settlement);
            }
        };
        settle(self, &["canary"], &Settlement::Exact);
        if policy.header.is_empty() {
            settle(self, &["canary-by-header-value", "canary-by-header-pattern"], &no_effect("there is no canary-by-header"));
        } else {
            let header =
                |value: &str, regex| HeaderCondition { on: On::Header, name: policy.header.clone(), value: value.to_owned(), regex };
            if !is_token(&policy.header) {
                settle(
                    self,
                    &["canary-by-header", "canary-by-header-value", "canary-by-header-pattern"],
                    &unmappable(Code::CanaryHeaderName),
                );
                self.say_canary(Code::CanaryHeaderName, owner, "canary-by-header", policy.header.clone());
            } else if policy.header_value.contains(',') && self.has_hazard(Hazard::SplitAtCommas) {
                settle(self, &["canary-by-header", "canary-by-header-value"], &unmappable(Code::CanaryNotMatched));
                self.say_canary(Code::CanaryNotMatched, owner, "canary-by-header-value", policy.header_value.clone());
            } else if !policy.header_value.is_empty() {
                rules.push(to(secondary, header(&policy.header_value, false)));
                settle(self, &["canary-by-header", "canary-by-header-value"], &Settlement::Exact);
                settle(self, &["canary-by-header-pattern"], &no_effect("canary-by-header-value takes its place"));
            } else if !policy.header_pattern.is_empty() && !self.matches_values() {
                settle(self, &["canary-by-header", "canary-by-header-pattern"], &unmappable(Code::CanaryNotMatched));
                self.say_canary(Code::CanaryNotMatched, owner, "canary-by-header-pattern", policy.header_pattern.clone());
            } else if !policy.header_pattern.is_empty() && Pattern::parse(&policy.header_pattern, false).is_err() {
                // The controller's code fails, and a request with the header stays with the main Service.
                rules.push(to(primary, header(".*", true)));
                settle(self, &["canary-by-header", "canary-by-header-pattern"], &differs(Code::CanaryNeedsRegex));
                self.say_canary(Code::CanaryNeedsRegex, owner, "canary-by-header-pattern", policy.header_pattern.clone());
            } else if !policy.header_pattern.is_empty() {
                rules.push(to(secondary, header(&format!(".*(?:{}).*", policy.header_pattern), true)));
                settle(self, &["canary-by-header"], &Settlement::Exact);
                settle(self, &["canary-by-header-pattern"], &differs(Code::CanaryNeedsRegex));
                self.say_canary(Code::CanaryNeedsRegex, owner, "canary-by-header-pattern", policy.header_pattern.clone());
            } else {
                rules.push(to(secondary, header("always", false)));
                rules.push(to(primary, header("never", false)));
                settle(self, &["canary-by-header"], &Settlement::Exact);
            }
        }
        if !policy.cookie.is_empty() && !self.matches_values() {
            settle(self, &["canary-by-cookie"], &unmappable(Code::CanaryNotMatched));
            self.say_canary(Code::CanaryNotMatched, owner, "canary-by-cookie", policy.cookie.clone());
        } else if !policy.cookie.is_empty() {
            let cookie = |value: &str| HeaderCondition {
                on: On::Header,
                name: "Cookie".to_owned(),
                value: format!("^(?:.*;\\s*)?(?i:{})={value}(?:;.*)?$", regex_syntax::escape(&policy.cookie)),
                regex: true,
            };
            rules.push(to(secondary, cookie("always")));
            rules.push(to(primary, cookie("never")));
            settle(self, &["canary-by-cookie"], &differs(Code::CanaryNeedsRegex));
            self.say_canary(Code::CanaryNeedsRegex, owner, "canary-by-cookie", policy.cookie.clone());
        }
        let (share, total) = scale(policy.share(), policy.total());
        let backends = match share {
            0 => vec![Backend { weight: 1, ..primary.clone() }],
            all if all == total => vec![Backend { weight: 1, ..secondary.clone() }],
            some => vec![Backend { weight: total - some, ..primary.clone() }, Backend { weight: some, ..secondary.clone() }],
        };
        settle(self, &["canary-weight", "canary-weight-total"], &Settlement::Exact);
        if backends.len() > 1
            && let Some(canary) = owner
        {
            self.pinned_canary(rule.owner, canary);
        }
        rules.push(Rule { action: Action::Forward(backends), ..rule.clone() });
        rules
    }

    /// The affinity cookie of the main Ingress is asked before the weight (`route_to_alternative_balancer`); weights of rules know no cookie.
    fn pinned_canary(&mut self, main: nginx::IngressId, canary: nginx::IngressId) {
        if self.config.ingress(main).settings.affinity.is_none() {
            return;
        }
        let differs = differs(Code::CanaryAffinity);
        self.mark(main, &["affinity"], &differs);
        self.mark(canary, &["canary-weight", "canary-weight-total", "affinity-canary-behavior"], &differs);
        let facts = vec![("ingress", self.ingress_name(main)), ("canary", self.ingress_name(canary))];
        self.say(Code::CanaryAffinity, Some(self.annotation(canary, "canary-weight")), facts);
    }

    fn say_canary(&mut self, code: Code, owner: Option<nginx::IngressId>, annotation: &'static str, value: String) {
        if let Some(owner) = owner {
            let subject = self.annotation(owner, annotation);
            let facts = vec![
                ("ingress", self.ingress_name(owner)),
                ("annotation", annotation.to_owned()),
                ("value", value),
                ("who", self.sayable.who_lacks(Feature::ValueExpression)),
            ];
            self.say(code, Some(subject), facts);
        }
    }

    /// The Service port of an upstream.
    pub(super) fn backend(&mut self, id: UpstreamId, origin: &Subject) -> Result<Backend, Code> {
        let upstream = self.config.upstream(id);
        if upstream.deleted {
            self.say(Code::BackendGone, Some(origin.clone()), vec![]);
            return Err(Code::BackendGone);
        }
        let (code, facts) = match &upstream.backend {
            nginx::Backend::BuiltIn => return Err(Code::BackendGone),
            nginx::Backend::External { service, name, port, .. } => {
                if let Some(backend) = self.alias(name, *port) {
                    return Ok(backend);
                }
                (Code::BackendExternalName, vec![("service", service.to_string()), ("name", name.clone())])
            }
            nginx::Backend::Service { service, written, port } => {
                let number = match (port, written) {
                    (Some(number), _) | (None, Some(PortRef::Number(number))) => u16::try_from(*number).ok().filter(|&number| number > 0),
                    (None, Some(PortRef::Name(_)) | None) => None,
                };
                let written = written.as_ref().map_or_else(String::new, ToString::to_string);
                match upstream.endpoints {
                    Endpoints::Some | Endpoints::NotReady | Endpoints::Refused => {}
                    Endpoints::MissingService => {
                        let facts = vec![("service", service.to_string()), ("ingress", String::new())];
                        self.say(Code::BackendMissingService, Some(origin.clone()), facts);
                    }
                    Endpoints::MissingPort => {
                        let facts = vec![("service", service.to_string()), ("port", written.clone())];
                        self.say(Code::BackendMissingPort, Some(origin.clone()), facts);
                        return Err(Code::BackendMissingPort);
                    }
                }
                if let Some(port) = number {
                    return Ok(Backend { service: service.clone(), port, weight: 1 });
                }
                (Code::BackendNamedPort, vec![("service", service.to_string()), ("port", written)])
            }
        };
        self.say(code, Some(origin.clone()), facts);
        Err(code)
    }
}

impl Cx<'_> {
    /// The port of a Service that an `ExternalName` is another name of, where both were read.
    fn alias(&self, name: &str, port: Option<i64>) -> Option<Backend> {
        let meant = crate::k8s::NamespacedName::of_service_name(name)?;
        let service = self.inventory.services.get(&meant).filter(|service| service.kind != "ExternalName")?;
        let port = service.ports.iter().find(|known| Some(known.port) == port && known.protocol == "TCP")?.port;
        Some(Backend { service: meant, port: u16::try_from(port).ok()?, weight: 1 })
    }
}

/// Share and total within the limit of a weight.
fn scale(share: u64, total: u64) -> (u32, u32) {
    let divisor = total.div_ceil(HEAVIEST).max(1);
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let scaled = if share == 0 { 0 } else { (share / divisor).max(1) };
    (narrow(scaled), narrow((total / divisor).max(scaled)))
}

/// A header name.
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.len() <= 256 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_above_the_limit_of_a_weight_are_scaled() {
        assert_eq!(scale(10, 100), (10, 100));
        assert_eq!(scale(1, 3_000_000), (1, 1_000_000));
        assert_eq!(scale(3_000_000, 3_000_000), (1_000_000, 1_000_000));
    }
}
