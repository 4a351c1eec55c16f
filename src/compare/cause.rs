//! Why a request is treated differently: its neighbours are asked. If `/api` is treated the same and `/API` is not, letter case is why.

use super::{
    answers::Unlike,
    hosts::HostClass,
    pass::Group,
    paths::{Languages, Paths},
    replay::{self, Replayed},
    router::Router,
    spaces::Asked,
    verdict::Aspect,
};
use crate::{
    automata::{Lang, pcre},
    ledger::Code,
    request::{NoAnswer, Outcome, Predicates, RegexDialect, Request, Test, World},
};

/// Languages by which regions are cut at most, so that each has one cause.
const LANGUAGES: usize = 48;

/// Whether neighbours can say why.
pub(super) fn is_routing(unlike: &Unlike) -> bool {
    matches!(unlike.aspect, Aspect::Status | Aspect::Backend | Aspect::Path)
        && !matches!(unlike.code, Code::DifferenceRedirectStatus | Code::DifferenceErrorPage | Code::DifferenceSplit)
}

/// Languages that tell the causes of differences apart: each expression with letter case, up to its full match, up to the end of an
/// element; each prefix up to the end of an element.
pub(super) fn langs(groups: &[Group], paths: &Paths, asked: &[Asked], languages: &mut Languages<'_>) -> Vec<Lang> {
    let routed = groups.iter().filter(|group| group.unlike.iter().any(is_routing));
    let witnesses: Vec<&str> =
        routed.flat_map(|group| &group.notes).map(|note| paths.atoms[note.atom].witness.as_str()).take(LANGUAGES).collect();
    let mut langs = Vec::new();
    let mut seen: Vec<&Test> = Vec::new();
    if witnesses.is_empty() {
        return langs;
    }
    for &one in asked {
        let test = languages.test(one);
        if langs.len() >= LANGUAGES {
            break;
        }
        if seen.contains(&test) {
            continue;
        }
        seen.push(test);
        match test {
            Test::Prefix(text) if !text.ends_with('/') => {
                let near = |witness: &&str| witness.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
                if witnesses.iter().any(near) {
                    langs.push(Lang::element_prefix(text));
                }
            }
            // What is searched for anywhere in the path rewrites it and chooses nothing.
            Test::Regex(regex) if regex.dialect == RegexDialect::PcreSearch && regex.pattern.starts_with('^') => {
                let lang = languages.texts(one);
                if !witnesses.iter().any(|witness| lang.contains(witness.as_bytes()) == Some(true)) {
                    continue;
                }
                let ends = ["$", "(?:/|$)"].map(|end| format!("(?:{}){end}", regex.pattern));
                let with_case = regex.caseless.then(|| (regex.pattern.clone(), false));
                for (pattern, caseless) in with_case.into_iter().chain(ends.into_iter().map(|pattern| (pattern, regex.caseless))) {
                    if let Ok(pattern) = pcre::Pattern::parse(&pattern, caseless) {
                        langs.push(Lang::pcre(&pattern));
                    }
                }
            }
            Test::Present
            | Test::Equals(_)
            | Test::Prefix(_)
            | Test::Suffix(_)
            | Test::Regex(_)
            | Test::InNetworks(_)
            | Test::Above(_)
            | Test::Malformed(_) => {}
        }
    }
    langs
}

/// Asks neighbours of a witness.
pub(super) struct Probes<'c, O, N, W> {
    pub(super) old: &'c O,
    pub(super) new: &'c N,
    pub(super) class: &'c HostClass,
    pub(super) sides: [&'c Predicates; 2],
    /// Questions about paths of the host.
    pub(super) asked: &'c [Asked],
    /// How services behave.
    pub(super) world: &'c W,
}

/// A witness and how it is treated.
struct Seen<'s> {
    request: &'s Request,
    unlike: &'s Unlike,
    replayed: &'s Replayed,
    path: &'s str,
    query: &'s str,
}

impl<O: Router, N: Router, W: World> Probes<'_, O, N, W> {
    /// The code that says why, or else what.
    pub(super) fn code(&self, unlike: &Unlike, request: &Request, replayed: &Replayed) -> Code {
        let [old, new] = [&replayed.old, &replayed.new].map(|treatment| &treatment.decision.outcome);
        let answered = |outcome: &Outcome| !matches!(outcome, Outcome::Forward(_) | Outcome::Unmodelled { .. });
        let limits = |outcome: &Outcome| matches!(outcome, Outcome::Respond { status: 413, .. });
        // A redirect that is refused leads nobody any more.
        let nowhere = limits(old) && answered(new) || limits(new) && answered(old) && !matches!(old, Outcome::Redirect { .. });
        if unlike.code == Code::DifferenceBodyLimit && nowhere {
            return Code::DifferenceBodyLimitAnswered;
        }
        if unlike.code == Code::DifferenceCors && self.is_capital_origin(request) {
            return Code::DifferenceOriginCase;
        }
        if !is_routing(unlike) {
            return unlike.code;
        }
        let (path, query) = request.target.split_at(request.target.find('?').unwrap_or(request.target.len()));
        let seen = Seen { request, unlike, replayed, path, query };
        if self.class.label == "*" && self.old.is_own_page(path) != self.new.is_own_page(path) {
            return Code::DifferenceOwnPage;
        }
        if self.lacks_certificate(&seen) {
            return Code::DifferenceClientCertificate;
        }
        if self.wants_http2(&seen) {
            return Code::DifferenceHttp2NotOffered;
        }
        if self.by_labels(&seen) {
            return Code::DifferenceWildcardLabels;
        }
        if self.is_preflight(&seen) {
            return Code::DifferencePreflight;
        }
        if appends_slash(old, path) && !appends_slash(new, path) {
            return Code::DifferenceTrailingSlashRedirect;
        }
        let lower = path.to_ascii_lowercase();
        if lower != path && self.is_twin(&seen, &lower) {
            return Code::DifferenceLetterCase;
        }
        self.by_end(&seen).unwrap_or(unlike.code)
    }

    /// Both sides agree about the neighbour, as far as it matters here.
    fn agree(&self, seen: &Seen<'_>, neighbour: &Request) -> Option<Replayed> {
        let replayed = replay::replay(self.old, self.new, neighbour, self.world);
        let matters = |unlike: &Unlike| {
            unlike.aspect == seen.unlike.aspect || matches!(unlike.aspect, Aspect::Access | Aspect::Tls | Aspect::Status | Aspect::Backend)
        };
        // One of several possible outcomes may agree: this only names the difference, it claims nothing.
        (!replayed.unknown && !replayed.unlike.iter().any(matters)).then_some(replayed)
    }

    /// Both sides treat another path as the old side treats this one.
    fn is_twin(&self, seen: &Seen<'_>, path: &str) -> bool {
        let neighbour = Request { target: format!("{path}{}", seen.query), ..seen.request.clone() };
        self.agree(seen, &neighbour).is_some_and(|twin| {
            replay::alike(&twin.old.decision.outcome, &seen.replayed.old.decision.outcome)
                || replay::alike(&twin.new.decision.outcome, &seen.replayed.new.decision.outcome) && self.both_serve(&twin)
        })
    }

    fn both_serve(&self, twin: &Replayed) -> bool {
        matches!(twin.old.decision.outcome, Outcome::Forward(_)) && matches!(twin.new.decision.outcome, Outcome::Forward(_))
    }

    /// A wildcard takes the host with one label less on both sides.
    fn by_labels(&self, seen: &Seen<'_>) -> bool {
        let Some(suffix) = self.class.label.strip_prefix('*').filter(|suffix| !suffix.is_empty()) else { return false };
        let Some(labels) = self.class.name.strip_suffix(suffix).filter(|labels| labels.contains('.')) else { return false };
        let host = format!("{}{suffix}", labels.rsplit('.').next().unwrap_or(labels));
        let sni = seen.request.sni.as_ref().map(|_| host.clone());
        self.agree(seen, &Request { host: Some(host), sni, ..seen.request.clone() }).is_some()
    }

    /// Both sides refuse the client, one of them in the handshake, and agree where its certificate is good.
    fn lacks_certificate(&self, seen: &Seen<'_>) -> bool {
        let certificate = seen.request.client_certificate.as_deref();
        if seen.unlike.code != Code::DifferenceNoAnswer || certificate.is_some_and(|name| !name.starts_with("untrusted ")) {
            return false;
        }
        self.agree(seen, &Request { client_certificate: Some("client".to_owned()), ..seen.request.clone() }).is_some()
    }

    /// The new side offers no HTTP/2, which clients of a backend without HTTP/2 can do without.
    fn wants_http2(&self, seen: &Seen<'_>) -> bool {
        let refused = matches!(seen.replayed.new.decision.outcome, Outcome::NoAnswer(NoAnswer::Tls));
        let needed =
            matches!(&seen.replayed.old.decision.outcome, Outcome::Forward(to) if to.speech.iter().any(|speech| speech.is_http2()));
        if seen.request.http_version != "2" || !refused || needed {
            return false;
        }
        self.agree(seen, &Request { http_version: "1.1".to_owned(), ..seen.request.clone() }).is_some()
    }

    /// In lower case, as browsers send it, the origin gets the same on both sides.
    fn is_capital_origin(&self, request: &Request) -> bool {
        let mut neighbour = request.clone();
        let origins = neighbour.headers.iter_mut().filter(|header| header.name.eq_ignore_ascii_case("origin"));
        origins.for_each(|header| header.value.make_ascii_lowercase());
        let differs = || replay::replay(self.old, self.new, &neighbour, self.world).unlike;
        neighbour != *request && !differs().iter().any(|unlike| unlike.code == Code::DifferenceCors)
    }

    /// Without an origin both sides agree, or with another method where the new side answers `OPTIONS` whoever asks.
    fn is_preflight(&self, seen: &Seen<'_>) -> bool {
        let is_cors = |name: &str| name.eq_ignore_ascii_case("origin") || name.to_ascii_lowercase().starts_with("access-control-");
        if seen.request.method != "OPTIONS" {
            return false;
        }
        let [old, new] = [&seen.replayed.old, &seen.replayed.new].map(|treatment| &treatment.decision.outcome);
        let success = |outcome: &Outcome| matches!(outcome, Outcome::Respond { status: 200..=299, .. });
        if success(new) && (success(old) || matches!(old, Outcome::Forward(_))) {
            return self.agree(seen, &Request { method: "GET".to_owned(), ..seen.request.clone() }).is_some();
        }
        if !seen.request.headers.iter().any(|header| is_cors(&header.name)) {
            return false;
        }
        // A browser that asks is told no more: that is no other form.
        let asks = seen.request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("access-control-request-method"));
        if asks && success(old) && !success(new) {
            return false;
        }
        let mut neighbour = seen.request.clone();
        neighbour.headers.retain(|header| !is_cors(&header.name));
        self.agree(seen, &neighbour).is_some()
    }

    /// A shorter path is treated the same: the match ends there, on an element or inside one.
    fn by_end(&self, seen: &Seen<'_>) -> Option<Code> {
        let path = seen.path;
        let prefixes = self.asked.iter().filter_map(|&(side, id)| match &self.sides[side].get(id).test {
            Test::Prefix(text) | Test::Equals(text) => Some(text.as_str()),
            Test::Present | Test::Suffix(_) | Test::Regex(_) | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => None,
        });
        let inside = |text: &&str| {
            text.len() > 1
                && !text.ends_with('/')
                && path.strip_prefix(*text).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        };
        if let Some(prefix) = prefixes.filter(inside).max_by_key(|text| text.len()) {
            let (head, rest) = path.split_at(prefix.len());
            if self.is_twin(seen, &format!("{head}/{rest}")) {
                return Some(Code::DifferenceElementBoundary);
            }
        }
        for end in (2..path.len()).rev().take(24).filter(|end| path.is_char_boundary(*end)) {
            let (head, rest) = path.split_at(end);
            if !self.is_twin(seen, head) {
                continue;
            }
            let boundary = !rest.starts_with('/') && !head.ends_with('/') && self.is_twin(seen, &format!("{head}/{rest}"));
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
        Outcome::Forward(_)
        | Outcome::Respond { .. }
        | Outcome::Deny { .. }
        | Outcome::NoRoute { .. }
        | Outcome::NoAnswer(_)
        | Outcome::Unmodelled { .. } => false,
    }
}
