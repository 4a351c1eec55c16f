//! Gateway API as a side of a comparison.

use super::router::{Decided, Dependence, Entry, Router, Served, Verdict};
use crate::{
    gateway::{self, config::Config},
    request::{Predicates, Request, Scheme, Valuation, World},
};

impl Router for Config {
    fn predicates(&self) -> &Predicates {
        &self.predicates
    }

    fn route(&self, v: &impl Valuation, _: &str) -> Verdict {
        let gateway::route::Verdict {
            ruling,
            others,
            undecided,
            certificate,
            other_certificates,
            timeout,
            timeouts_differ,
            overrides: _,
            refuses_with_headers: _,
            late: _,
            unread: _,
        } = Config::route(self, v);
        let served = |served| match served {
            gateway::route::Served::Secret(certificate) => Served::Secret(certificate.secret),
            gateway::route::Served::Default => Served::Default,
        };
        let other_certificates = other_certificates.into_iter().map(served).collect();
        Verdict { ruling, others, undecided, timeout, timeouts_differ, certificate: certificate.map(served), other_certificates }
    }

    fn decide(&self, request: &Request, world: &impl World) -> Decided {
        let gateway::evaluate::Decided { decision, others, undecided, limited: _, other_certificates } =
            Config::decide(self, request, world);
        Decided { decision, others, undecided, other_certificates }
    }

    fn has_streams(&self) -> bool {
        self.streams
    }

    fn dependence(&self, request: &Request) -> Dependence {
        let gateway::evaluate::Expected { replaced, patience, limited } = Config::expected(self, request);
        Dependence { replaced, patience, limited, ..Dependence::default() }
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for reading in &self.readings {
            for (number, port) in &reading.ports {
                for (side, scheme) in [(&port.plain, Scheme::Http), (&port.tls, Scheme::Https)] {
                    let usual = Entry { scheme, port: None }.number() == *number;
                    let entry = Entry { scheme, port: Some(*number) };
                    if !side.doors.is_empty() && !usual && !entries.contains(&entry) {
                        entries.push(entry);
                    }
                }
            }
        }
        entries.sort();
        entries
    }
}
