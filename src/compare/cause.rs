//! Why a request is treated differently: its neighbours are asked. If `/api` is treated the same and `/API` is not, letter case is why.

use super::{
    answers::Unlike,
    hosts::HostClass,
    replay::{self, Replayed, Stage},
    router::Router,
    spaces::Asked,
    verdict::Aspect,
};
use crate::{
    ledger::Code,
    request::{Outcome, Predicates, Request, Test},
};

/// Asks neighbours of a witness.
pub(super) struct Probes<'c, O, N> {
    pub(super) old: &'c O,
    pub(super) new: &'c N,
    pub(super) class: &'c HostClass,
    pub(super) sides: [&'c Predicates; 2],
    /// Questions about paths of the host.
    pub(super) asked: &'c [Asked],
    pub(super) stage: Stage,
}

impl<O: Router, N: Router> Probes<'_, O, N> {
    /// The code that says why, or else what.
    pub(super) fn code(&self, unlike: &Unlike, request: &Request, replayed: &Replayed) -> Code {
        let routing = matches!(unlike.aspect, Aspect::Status | Aspect::Backend | Aspect::Path)
            && !matches!(unlike.code, Code::DifferenceRedirectStatus | Code::DifferenceErrorPage | Code::DifferenceSplit);
        if !routing {
            return unlike.code;
        }
        let (path, query) = request.target.split_at(request.target.find('?').unwrap_or(request.target.len()));
        if self.by_labels(request) {
            return Code::DifferenceWildcardLabels;
        }
        if appends_slash(&replayed.old.decision.outcome, path) && !appends_slash(&replayed.new.decision.outcome, path) {
            return Code::DifferenceTrailingSlashRedirect;
        }
        let lower = path.to_ascii_lowercase();
        if lower != path && self.same(request, &format!("{lower}{query}")) {
            return Code::DifferenceLetterCase;
        }
        if let Some(code) = self.by_end(request, path, query) {
            return code;
        }
        unlike.code
    }

    fn ask(&self, request: &Request) -> Replayed {
        replay::replay(self.old, self.new, request, self.stage)
    }

    fn same(&self, request: &Request, target: &str) -> bool {
        self.ask(&Request { target: target.to_owned(), ..request.clone() }).same()
    }

    /// A wildcard takes the host with one label less on both sides.
    fn by_labels(&self, request: &Request) -> bool {
        let Some(suffix) = self.class.label.strip_prefix('*').filter(|suffix| !suffix.is_empty()) else { return false };
        let Some(labels) = self.class.name.strip_suffix(suffix).filter(|labels| labels.contains('.')) else { return false };
        let host = format!("{}{suffix}", labels.rsplit('.').next().unwrap_or(labels));
        let sni = request.sni.as_ref().map(|_| host.clone());
        self.ask(&Request { host: Some(host), sni, ..request.clone() }).same()
    }

    /// A shorter path is treated the same: the match ends there, on an element or inside one.
    fn by_end(&self, request: &Request, path: &str, query: &str) -> Option<Code> {
        let prefixes = self.asked.iter().filter_map(|&(side, id)| match &self.sides[side].get(id).test {
            Test::Prefix(text) | Test::Equals(text) => Some(text.as_str()),
            Test::Present | Test::Suffix(_) | Test::Regex(_) | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => None,
        });
        let inside = |text: &&str| {
            text.len() > 1 && !text.ends_with('/') && path.strip_prefix(*text).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        };
        if let Some(prefix) = prefixes.filter(inside).max_by_key(|text| text.len()) {
            let (head, rest) = path.split_at(prefix.len());
            if self.same(request, &format!("{head}/{rest}{query}")) {
                return Some(Code::DifferenceElementBoundary);
            }
        }
        for end in (2..path.len()).rev().take(24).filter(|end| path.is_char_boundary(*end)) {
            let (head, rest) = path.split_at(end);
            if !self.same(request, &format!("{head}{query}")) {
                continue;
            }
            let boundary = !rest.starts_with('/') && !head.ends_with('/') && self.same(request, &format!("{head}/{rest}{query}"));
            return Some(if boundary { Code::DifferenceElementBoundary } else { Code::DifferenceMatchEnd });
        }
        None
    }
}

/// Redirected to the same path with a slash.
fn appends_slash(outcome: &Outcome, path: &str) -> bool {
    match outcome {
        Outcome::Redirect { location, .. } => {
            let end = location.find('?').unwrap_or(location.len());
            location[..end].strip_suffix('/').is_some_and(|location| location.ends_with(path)) && !path.ends_with('/')
        }
        Outcome::Forward(_) | Outcome::Respond { .. } | Outcome::Deny { .. } | Outcome::NoRoute { .. } | Outcome::NoAnswer(_) | Outcome::Unmodelled { .. } => {
            false
        }
    }
}
