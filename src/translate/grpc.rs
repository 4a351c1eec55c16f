//! `backend-protocol: GRPC`: which hosts are served by a `GRPCRoute`, and which stay with HTTPRoutes.
//!
//! An implementation may refuse a GRPCRoute and an HTTPRoute that share a hostname on one listener, and had to before 1.6. So a GRPCRoute
//! takes a host only where gRPC is all that the host has on that listener; else HTTP would be lost to gain gRPC.

use super::{
    context::{Cx, unmappable},
    plan::{Action, Changes, HostPlan, On, PathRule, Rule, Wire},
};
use crate::{
    gateway::{
        Intent, Silence, Waits,
        api::{GrpcFilter, GrpcMatch, GrpcMethod, GrpcRule},
        hostname::Hostname,
        rules::H2C,
    },
    ledger::{Code, Settlement},
};

const ANNOTATION: &[&str] = &["backend-protocol"];

/// Decides for every host and scheme, and settles the annotation.
pub(super) fn decide(cx: &mut Cx<'_>, plans: &mut [HostPlan]) {
    let names: Vec<Vec<Hostname>> =
        plans.iter().map(|plan| plan.hostnames.iter().map(|(hostname, _)| Hostname::parse(hostname.text())).collect()).collect();
    for at in 0..plans.len() {
        if !plans[at].http.iter().chain(&plans[at].https).any(|rule| rule.changes.wire == Wire::GrpcOverHttp) {
            continue;
        }
        let meets_others = names
            .iter()
            .enumerate()
            .any(|(other, theirs)| other != at && theirs.iter().any(|their| names[at].iter().any(|our| our.intersection(their).is_some())));
        let plan = &mut plans[at];
        for rules in [&mut plan.http, &mut plan.https] {
            let takes_all = !meets_others && !rules.is_empty() && rules.iter().all(|rule| cx.is_sayable(rule));
            for rule in rules.iter_mut().filter(|rule| rule.changes.wire == Wire::GrpcOverHttp) {
                if takes_all {
                    rule.changes.wire = Wire::Grpc;
                    cx.settle_grpc_route(rule);
                } else if matches!(rule.action, Action::Forward(_)) {
                    cx.settle_grpc_over_http(rule);
                }
            }
        }
    }
}

impl Cx<'_> {
    /// A GRPCRoute can say it: requests are passed on to a gRPC backend, and nothing plays a part that such a route has no field for.
    fn is_sayable(&self, rule: &Rule) -> bool {
        let Rule { owner: _, origin: _, path, headers, action, changes } = rule;
        let Changes {
            path: path_change,
            host,
            request_headers: _,
            request_removed: _,
            request_added: _,
            response_headers: _,
            response_added: _,
            response_removed: _,
            cors,
            wishes,
            no_timeout: _,
            wire,
            backend_tls: _,
            mirror: _,
            retry: _,
        } = &**changes;
        *wire == Wire::GrpcOverHttp
            && matches!(action, Action::Forward(_))
            && path_change.is_none()
            && host.is_none()
            && cors.is_none()
            && self.takes(&calls(path))
            && headers.iter().all(|condition| condition.on == On::Header)
            // Filters of implementations are made for HTTPRoutes.
            && self.options.target.filters(wishes, "", "").is_empty()
    }

    /// A match of the target says these calls.
    fn takes(&self, calls: &Calls) -> bool {
        match calls {
            Calls::All => true,
            Calls::Of(method) => method.method.is_some() || !self.sayable.wants_whole_methods(),
            Calls::Unsayable => false,
        }
    }

    /// A route that does not ask for HTTP/2 by itself reaches the Services of a rule in HTTP/2: they say themselves that they speak it, or the handshake of TLS does.
    fn speaks_http2(&self, rule: &Rule) -> bool {
        if rule.changes.backend_tls.is_some() {
            return true;
        }
        let Action::Forward(backends) = &rule.action else { return false };
        backends.iter().all(|backend| {
            let ports = self.inventory.services.get(&backend.service).map_or(&[][..], |service| &service.ports);
            ports.iter().any(|port| port.port == i64::from(backend.port) && port.app_protocol == H2C)
        })
    }

    /// A GRPCRoute can say neither timeouts nor retries. A limit of the target is lifted by a policy of the target.
    fn settle_grpc_route(&mut self, rule: &mut Rule) {
        if rule.changes.retry.take().is_some() {
            self.mark(
                rule.owner,
                &["proxy-next-upstream", "proxy-next-upstream-tries", "proxy-next-upstream-timeout"],
                &unmappable(Code::PolicyRetry),
            );
        }
        if self.options.target.calls_grpc_backends() {
            self.mark(rule.owner, ANNOTATION, &Settlement::Exact);
        } else {
            self.settle_grpc_over_http(rule);
        }
        if std::mem::take(&mut rule.changes.no_timeout) {
            let timeouts = &self.config.ingress(rule.owner).settings.proxy.timeouts;
            let longest = u64::try_from(timeouts.send.value.max(timeouts.read.value)).ok().filter(|seconds| *seconds > 0);
            let silence = longest.map(|seconds| Silence { seconds, other: seconds, waits: Waits::ForAnswer });
            let facts = vec![("annotation", ANNOTATION[0].to_owned()), ("value", "GRPC".to_owned())];
            self.ask(rule.owner, ANNOTATION, &Intent::Timeouts { connect: None, idle: silence }, facts);
            rule.changes.wishes.extend(self.take_wishes());
            rule.changes.wishes.sort();
            rule.changes.wishes.dedup();
        }
    }

    fn settle_grpc_over_http(&mut self, rule: &Rule) {
        if self.speaks_http2(rule) {
            self.mark(rule.owner, ANNOTATION, &Settlement::Exact);
            return;
        }
        let service = match &rule.action {
            Action::Forward(backends) => backends.first().map(|backend| backend.service.to_string()),
            Action::Redirect(_) | Action::ToHttps { .. } | Action::Answered | Action::Withheld(_) => None,
        };
        self.ask(rule.owner, ANNOTATION, &Intent::Grpc, vec![("service", service.unwrap_or_default())]);
    }
}

/// What a path says in the words of gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Calls {
    /// `/`: all of them.
    All,
    /// `/a.B`, a service, or `/a.B/C`, a method.
    Of(GrpcMethod),
    /// Something else.
    Unsayable,
}

fn calls(path: &PathRule) -> Calls {
    let is_name = |text: &str| is_identifier(text, |first| first.is_ascii_alphabetic() || first == b'_');
    let service = |text: &str| text.split('.').all(is_name).then(|| text.to_owned());
    let of = |service: Option<String>, method: Option<String>| match service {
        Some(service) => Calls::Of(GrpcMethod { service: Some(service), method, ..GrpcMethod::default() }),
        None => Calls::Unsayable,
    };
    match path {
        PathRule::Prefix(path) if path == "/" => Calls::All,
        PathRule::Prefix(path) => of(path.strip_prefix('/').and_then(service), None),
        PathRule::Exact(path) => match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
            Some((name, method)) if is_name(method) => of(service(name), Some(method.to_owned())),
            Some(_) | None => Calls::Unsayable,
        },
        PathRule::Regex(_) => Calls::Unsayable,
    }
}

fn is_identifier(text: &str, first: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(first) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A match of a rule that can be said.
fn wire_match(rule: &Rule) -> GrpcMatch {
    let method = match calls(&rule.path) {
        Calls::Of(method) => Some(method),
        Calls::All | Calls::Unsayable => None,
    };
    GrpcMatch { method, headers: super::wire::fields(rule, On::Header) }
}

/// Rules of one treatment as a rule of a GRPCRoute.
pub(super) fn wire_rule(cx: &mut Cx<'_>, rules: &[&Rule], namespace: &str) -> GrpcRule {
    let first = rules[0];
    let mut matches: Vec<GrpcMatch> = rules.iter().map(|rule| wire_match(rule)).collect();
    if matches == [GrpcMatch::default()] {
        matches.clear();
    }
    let mut filters = Vec::new();
    let changes = &first.changes;
    let request = super::wire::modifier(&changes.request_headers, &changes.request_added, &changes.request_removed);
    let response = super::wire::modifier(&changes.response_headers, &changes.response_added, &changes.response_removed);
    filters.extend(request.map(GrpcFilter::RequestHeaderModifier));
    // The comparison tells of headers that answers lack then.
    let response = response.filter(|_| cx.options.target.changes_answers_of_grpc());
    filters.extend(response.map(GrpcFilter::ResponseHeaderModifier));
    if let Some(mirror) = &first.changes.mirror {
        filters.push(GrpcFilter::RequestMirror(super::wire::mirror(cx, mirror, "GRPCRoute", namespace)));
    }
    let backend_refs = match &first.action {
        Action::Forward(backends) => super::wire::backend_refs(cx, backends, "GRPCRoute", namespace),
        Action::Redirect(_) | Action::ToHttps { .. } | Action::Answered | Action::Withheld(_) => Vec::new(),
    };
    GrpcRule { matches, filters, backend_refs, ..GrpcRule::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_grpc_are_services_and_methods() {
        let words = |path: PathRule| match calls(&path) {
            Calls::All => "all".to_owned(),
            Calls::Of(of) => format!("{} {}", of.service.unwrap_or_default(), of.method.unwrap_or_default()),
            Calls::Unsayable => String::new(),
        };
        let prefix = |path: &str| words(PathRule::Prefix(path.to_owned()));
        let exact = |path: &str| words(PathRule::Exact(path.to_owned()));
        assert_eq!(
            (prefix("/").as_str(), prefix("/shop.v1.Cart").as_str(), exact("/shop.Cart/Add").as_str()),
            ("all", "shop.v1.Cart ", "shop.Cart Add")
        );
        for path in ["/shop.Cart/Add", "/shop-cart", "/1a", "/a..b"] {
            assert_eq!(prefix(path), "", "{path}");
        }
        assert_eq!((exact("/shop.Cart").as_str(), exact("/shop.Cart/A-b").as_str()), ("", ""));
    }
}
