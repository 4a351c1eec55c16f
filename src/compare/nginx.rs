//! ingress-nginx as a side of a comparison.

use super::router::{Decided, Dependence, Router, Served, Verdict};
use crate::{
    nginx::{self, Certificate},
    request::{Answer, Field, Guard, NoAnswer, Part, Predicates, Request, TextExpr, Valuation, World},
};

impl Router for nginx::Router<'_> {
    fn predicates(&self) -> &Predicates {
        nginx::Router::predicates(self)
    }

    fn route(&self, v: &impl Valuation, host: &str) -> Verdict {
        let ruling = nginx::Router::route(self, v);
        let timeout = match &ruling.answer {
            Answer::Forward(forwarding) => forwarding.read_timeout.map(|seconds| seconds.saturating_mul(1000)),
            Answer::Redirect { .. }
            | Answer::Respond { .. }
            | Answer::Deny { .. }
            | Answer::NoRoute { .. }
            | Answer::NoAnswer(_)
            | Answer::Unmodelled { .. } => None,
        };
        let silent = matches!(ruling.answer, Answer::NoAnswer(NoAnswer::Refused | NoAnswer::Reset | NoAnswer::Tls));
        // The backend shows its own.
        let passed = matches!(&ruling.answer, Answer::Forward(forwarding) if forwarding.is_passed_through());
        let certificate = (!silent && !passed).then(|| served(self.config(), host));
        Verdict {
            ruling,
            others: Vec::new(),
            undecided: None,
            timeout,
            timeouts_differ: false,
            certificate,
            other_certificates: Vec::new(),
        }
    }

    fn decide(&self, request: &Request, world: &impl World) -> Decided {
        let decision = nginx::Router::decide(self, request, world);
        Decided { decision, others: Vec::new(), undecided: None, other_certificates: Vec::new() }
    }

    fn is_own_page(&self, path: &str) -> bool {
        [self.config().globals.flags.health_check_path.as_str(), "/nginx_status"].iter().any(|own| path.starts_with(own))
    }

    fn has_streams(&self) -> bool {
        let flags = &self.config().globals.flags;
        flags.tcp_services.is_some() || flags.udp_services.is_some()
    }

    fn dependence(&self, request: &Request) -> Dependence {
        let assumed = self.assumed_secret(request).map(ToString::to_string);
        let Answer::Forward(forwarding) = self.rule(request).answer else { return Dependence { assumed, ..Dependence::default() } };
        let asks = forwarding.split.iter().any(|share| share.backend.is_some());
        let rewrites = |value: &Option<TextExpr>| {
            value.as_ref().is_some_and(|text| text.0.iter().any(|part| matches!(part, Part::BackendLocation { .. })))
        };
        let unknown_header = forwarding.unknown_header().map(str::to_owned);
        Dependence {
            replaced: forwarding.error_page.filter(|page| page.intercepts && asks).map(|page| page.codes).unwrap_or_default(),
            rewrites_location: forwarding.response_headers.iter().any(|(_, value)| rewrites(value)),
            patience: forwarding.read_timeout.map(|seconds| seconds.saturating_mul(1000)),
            limited: forwarding.guards.iter().any(|guard| matches!(guard, Guard::Rate { .. })),
            assumed,
            unknown_header,
        }
    }

    fn reads_absent_as_empty(&self, field: &Field) -> bool {
        matches!(field, Field::Header(name) if name == "user-agent" || name == "referer")
    }
}

/// The name, then the name with `*` for its first label, then the default.
fn served(config: &nginx::Config, host: &str) -> Served {
    let table = &config.certificates;
    let wildcard = || host.split_once('.').and_then(|(_, rest)| table.get(&format!("*.{rest}")));
    let secret = match table.get(host).or_else(wildcard) {
        Some(Certificate::Secret(secret)) => Some(secret),
        Some(Certificate::Default) | None => config.globals.default_certificate.as_ref(),
    };
    secret.map_or(Served::Default, |secret| Served::Secret(secret.to_string()))
}
