//! Whether the verdicts of two dialects are the same in everything that counts.

use super::dialect::Target;
use super::route::Verdict;
use super::variables::{HOST_PORT, HOST_WITHOUT_DEFAULT_PORT};
use crate::request::{Answer, Forwarding, HeaderExprs, Part, TextExpr};

/// Response headers that count: a difference in others is not claimed by either.
const COUNTING: [&str; 7] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "strict-transport-security",
];

/// Takes the verdict of another dialect into account: headers that proxies send by themselves and only one of them claims are dropped,
/// the shorter of two timeouts counts, and what differs else makes the verdict undecided.
pub(super) fn join(verdict: &mut Verdict, other: Verdict, target: &Target) {
    let title = &target.title;
    verdict.timeouts_differ |= verdict.timeout != other.timeout || other.timeouts_differ;
    verdict.timeout = verdict.timeout.into_iter().chain(other.timeout).min();
    join_certificates(&mut verdict.certificate, &mut verdict.other_certificates, other.certificate);
    if other.undecided.is_some() && verdict.undecided.is_none() {
        verdict.undecided = other.undecided;
        verdict.others.extend(other.others);
    }
    if verdict.ruling.answer == other.ruling.answer {
        canonicalise(&mut verdict.ruling.answer);
        return;
    }
    let (mut ours, mut theirs) = (verdict.ruling.answer.clone(), other.ruling.answer.clone());
    canonicalise(&mut ours);
    canonicalise(&mut theirs);
    if ours == theirs || counting(&ours) == counting(&theirs) {
        if let Some(name) = disputed(&ours, &theirs) {
            verdict.undecided.get_or_insert_with(|| treats_header(title, name));
            if !verdict.others.contains(&other.ruling.answer) {
                verdict.others.push(other.ruling.answer);
            }
            return;
        }
        verdict.ruling.answer = common(ours, &theirs);
        return;
    }
    verdict.undecided.get_or_insert_with(|| format!("{title} treats it in another way"));
    if !verdict.others.contains(&other.ruling.answer) {
        verdict.others.push(other.ruling.answer);
    }
}

/// Makes it the answer for requests whose Host header has no port, which is what dialects differ in most.
fn canonicalise(answer: &mut Answer) {
    match answer {
        Answer::Forward(forwarding) => {
            let Forwarding { target, host, headers, response_headers, .. } = &mut **forwarding;
            canonical_text(target);
            host.iter_mut().for_each(canonical_text);
            headers.iter_mut().chain(response_headers).filter_map(|(_, text)| text.as_mut()).for_each(canonical_text);
        }
        Answer::Redirect { location, response_headers, .. } => {
            canonical_text(location);
            response_headers.iter_mut().filter_map(|(_, text)| text.as_mut()).for_each(canonical_text);
        }
        Answer::Respond { .. } | Answer::Deny { .. } | Answer::NoRoute { .. } | Answer::NoAnswer(_) | Answer::Unmodelled { .. } => {}
    }
}

fn canonical_text(text: &mut TextExpr) {
    text.0.retain(|part| !matches!(part, Part::Variable(name) if name == HOST_PORT));
    for part in &mut text.0 {
        if matches!(part, Part::Host) || matches!(part, Part::Variable(name) if name == HOST_WITHOUT_DEFAULT_PORT) {
            *part = Part::HostHeader;
        }
    }
}

/// The answer with the headers that count only.
fn counting(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    let keep = |headers: &mut HeaderExprs| {
        headers.retain(|(name, text)| text.is_some() && COUNTING.contains(&name.as_str()));
        headers.sort();
    };
    match &mut answer {
        Answer::Forward(forwarding) => {
            forwarding.headers.clear();
            forwarding.split.sort();
            keep(&mut forwarding.response_headers);
        }
        Answer::Redirect { response_headers, .. }
        | Answer::Respond { response_headers, .. }
        | Answer::Deny { response_headers, .. }
        | Answer::NoRoute { response_headers } => keep(response_headers),
        Answer::NoAnswer(_) | Answer::Unmodelled { .. } => {}
    }
    answer
}

/// Takes the certificate of another dialect beside ours. Where one of them serves none, nothing can be compared.
pub(super) fn join_certificates<C: PartialEq>(ours: &mut Option<C>, others: &mut Vec<C>, theirs: Option<C>) {
    match (ours.as_ref(), theirs) {
        (Some(one), Some(certificate)) => {
            if *one != certificate && !others.contains(&certificate) {
                others.push(certificate);
            }
        }
        (_, _) => {
            *ours = None;
            others.clear();
        }
    }
}

/// A header upstream of which the dialects claim different things, besides those that proxies send by themselves.
fn disputed<'a>(ours: &'a Answer, theirs: &'a Answer) -> Option<&'a str> {
    let (Answer::Forward(ours), Answer::Forward(theirs)) = (ours, theirs) else { return None };
    let pairs = [(&ours.headers, &theirs.headers), (&theirs.headers, &ours.headers)];
    let mut only = pairs.into_iter().flat_map(|(these, those)| these.iter().filter(|header| !those.contains(header)));
    // What proxies send by themselves is never a text that somebody wrote down.
    let written = |text: &TextExpr| !text.0.is_empty() && text.0.iter().all(|part| matches!(part, Part::Literal(_)));
    only.find(|(name, text)| !is_of_proxies(name) || text.as_ref().is_some_and(written)).map(|(name, _)| name.as_str())
}

/// Why the answers of two dialects are not the same, where that is a header upstream.
pub(super) fn header_dispute(ours: &Answer, theirs: &Answer, title: &str) -> Option<String> {
    let (mut ours, mut theirs) = (ours.clone(), theirs.clone());
    canonicalise(&mut ours);
    canonicalise(&mut theirs);
    disputed(&ours, &theirs).map(|name| treats_header(title, name))
}

fn treats_header(title: &str, name: &str) -> String {
    format!("{title} treats the header `{name}` in another way")
}

/// Headers that proxies send, complete or drop by themselves.
fn is_of_proxies(name: &str) -> bool {
    name.starts_with("x-forwarded-")
        || name.starts_with("x-envoy-")
        || ["accept-encoding", "forwarded", "x-real-ip", "x-request-id"].contains(&name)
}

/// Our answer with the headers that both claim alike.
fn common(mut ours: Answer, theirs: &Answer) -> Answer {
    let both = |ours: &mut HeaderExprs, theirs: &HeaderExprs| ours.retain(|header| theirs.contains(header));
    match (&mut ours, theirs) {
        (Answer::Forward(ours), Answer::Forward(theirs)) => {
            both(&mut ours.headers, &theirs.headers);
            both(&mut ours.response_headers, &theirs.response_headers);
        }
        (
            Answer::Redirect { response_headers: ours, .. }
            | Answer::Respond { response_headers: ours, .. }
            | Answer::Deny { response_headers: ours, .. }
            | Answer::NoRoute { response_headers: ours },
            Answer::Redirect { response_headers: theirs, .. }
            | Answer::Respond { response_headers: theirs, .. }
            | Answer::Deny { response_headers: theirs, .. }
            | Answer::NoRoute { response_headers: theirs },
        ) => both(ours, theirs),
        (_, _) => {}
    }
    ours
}
