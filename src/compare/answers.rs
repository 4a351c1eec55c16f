//! Two answers, aspect by aspect.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    handshakes,
    text::{self, Apart, Known, Sym, TextCell},
    verdict::Aspect,
};
use crate::{
    ledger::Code,
    request::{
        Answer, Deny, ErrorPage, Forwarding, Guard, HeaderExprs, NoAnswer, Outcome, Scheme, Share, Speech, Statuses, TextExpr,
        is_proxy_header,
    },
};

/// Status of backends unless something else is said of them.
const USUAL_STATUS: u16 = 200;

/// A status that is none of those with which `add_header` adds headers.
const ERROR: u16 = 404;

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unlike {
    pub(super) aspect: Aspect,
    pub(super) code: Code,
    /// Name of a header.
    pub(super) detail: Option<String>,
}

impl Unlike {
    pub(super) fn new(aspect: Aspect, code: Code) -> Self {
        Self { aspect, code, detail: None }
    }

    /// Something of backends that no request can show, and that nobody knows to be the same.
    pub(super) fn doubt(reason: impl Into<String>) -> Self {
        Self { detail: Some(reason.into()), ..Self::new(Aspect::Protocol, Code::UndecidedUnmodelled) }
    }

    pub(super) fn is_doubt(&self) -> bool {
        self.code == Code::UndecidedUnmodelled
    }
}

/// What differs, or how the paths of the cell must be told apart first.
pub(super) type Compared = Result<Vec<Unlike>, Apart>;

/// How far a request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Served,
    Redirected,
    Denied(u16),
    Status(u16),
    Silent(NoAnswer),
}

fn reach(answer: &Answer) -> Reach {
    match answer {
        Answer::Forward(forwarding) => {
            let own = forwarding.split.iter().all(|share| share.backend.is_none());
            match forwarding.split.first().and_then(|share| share.status).filter(|_| own) {
                Some(status) => Reach::Status(status),
                None => Reach::Served,
            }
        }
        Answer::Redirect { .. } => Reach::Redirected,
        Answer::Respond { status, .. } => Reach::Status(*status),
        Answer::Deny { why: Deny::Broken, status, .. } => Reach::Status(*status),
        Answer::Deny { why: Deny::Address | Deny::Credentials | Deny::ClientCertificate, status, .. } => Reach::Denied(*status),
        Answer::NoRoute { .. } => Reach::Status(404),
        Answer::NoAnswer(silence) => Reach::Silent(*silence),
        // What is not known is asked for before.
        Answer::Unmodelled { .. } => Reach::Status(0),
    }
}

/// What a model does not know of an answer.
pub(super) fn unmodelled(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::Unmodelled { what } => Some(what),
        Answer::Forward(forwarding) => match forwarding.split.as_slice() {
            // Such an answer has no text that could be compared with a redirect of the other side.
            [Share { backend: None, status: Some(300..=399), .. }] => Some("a redirect behind authentication"),
            _ => None,
        },
        Answer::Redirect { .. } | Answer::Respond { .. } | Answer::Deny { .. } | Answer::NoRoute { .. } | Answer::NoAnswer(_) => None,
    }
}

/// A response header whose value a model does not know.
pub(super) fn unknown_header(name: &str) -> String {
    format!("what the response header `{name}` holds")
}

/// Compares two answers for the requests of a cell.
pub(super) fn compare(old: &Answer, new: &Answer, cell: &TextCell<'_>) -> Compared {
    let mut found = Vec::new();
    access(old, new, cell, &mut found)?;
    let plain = cell.entry.scheme == Scheme::Http && leads_to_tls(old) && reach(new) == Reach::Served;
    if plain {
        found.push(Unlike::new(Aspect::Tls, Code::DifferencePlainText));
        return Ok(found);
    }
    match (old, new) {
        (Answer::Forward(old), Answer::Forward(new)) if served(old) && served(new) => forwards(old, new, cell, &mut found)?,
        (
            Answer::Redirect { status: old_status, location: old_location, response_headers: old_headers },
            Answer::Redirect { status: new_status, location: new_location, response_headers: new_headers },
        ) => {
            if old_status != new_status {
                found.push(Unlike::new(Aspect::Status, Code::DifferenceRedirectStatus));
            }
            locations(old_location, new_location, cell, &mut found)?;
            response_headers(old_headers, new_headers, cell, &mut found)?;
        }
        (old, new) => {
            if let Some(unlike) = reaches(reach(old), reach(new)) {
                if !found.iter().any(|known| known.aspect == Aspect::Access) {
                    found.push(unlike);
                }
            } else if let (Some(old), Some(new)) = (headers_of(old), headers_of(new)) {
                response_headers(&old, &new, cell, &mut found)?;
            }
        }
    }
    Ok(found)
}

/// A backend gets it, at least sometimes.
pub(super) fn served(forwarding: &Forwarding) -> bool {
    forwarding.split.iter().any(|share| share.backend.is_some())
}

fn leads_to_tls(answer: &Answer) -> bool {
    match answer {
        Answer::Redirect { location, .. } => match location.0.first() {
            Some(crate::request::Part::Literal(text)) => text.starts_with("https:"),
            Some(_) | None => false,
        },
        Answer::Forward(_)
        | Answer::Respond { .. }
        | Answer::Deny { .. }
        | Answer::NoRoute { .. }
        | Answer::NoAnswer(_)
        | Answer::Unmodelled { .. } => false,
    }
}

/// A redirect to HTTPS of this very host and path; a final slash does not count.
pub(super) fn sends_to_tls(outcome: &Outcome, host: &str, path: &str) -> bool {
    let Outcome::Redirect { location, .. } = outcome else { return false };
    let Some(rest) = location.strip_prefix("https://") else { return false };
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let same_host = authority.strip_suffix(":443").unwrap_or(authority).eq_ignore_ascii_case(host);
    same_host && target.trim_end_matches('/') == path.trim_end_matches('/')
}

fn headers_of(answer: &Answer) -> Option<Cow<'_, HeaderExprs>> {
    match answer {
        Answer::Forward(forwarding) => Some(forwarding.headers_with(USUAL_STATUS)),
        Answer::Redirect { response_headers, .. }
        | Answer::Respond { response_headers, .. }
        | Answer::Deny { response_headers, .. }
        | Answer::NoRoute { response_headers } => Some(Cow::Borrowed(response_headers)),
        Answer::NoAnswer(_) | Answer::Unmodelled { .. } => None,
    }
}

fn reaches(old: Reach, new: Reach) -> Option<Unlike> {
    use Reach::{Denied, Redirected, Served, Silent, Status};
    let (aspect, code) = match (old, new) {
        (Served, Served) | (Redirected, Redirected) => return None,
        (Status(old) | Denied(old), Status(new) | Denied(new)) if old == new => return None,
        (Silent(old), Silent(new)) if old == new => return None,
        // Nobody is served either way: where nginx only has its own 404, a closed door takes nothing away.
        (Status(404), Silent(_)) => return None,
        (Denied(_), Served) => (Aspect::Access, Code::DifferenceAccessLost),
        (Served, Denied(_)) => (Aspect::Access, Code::DifferenceAccessRefused),
        (Served, Redirected) => (Aspect::Status, Code::DifferenceRedirectAdded),
        (Redirected, Served) => (Aspect::Status, Code::DifferenceRedirectLost),
        (Served, Status(_) | Silent(_)) => (Aspect::Status, Code::DifferenceNotServed),
        (Status(_), Served) | (Silent(_), Served | Redirected | Denied(_) | Status(_)) => (Aspect::Status, Code::DifferenceNewlyServed),
        (Redirected | Denied(_) | Status(_) | Silent(_), Silent(_)) => (Aspect::Status, Code::DifferenceNoAnswer),
        (Redirected, Denied(_) | Status(_)) | (Denied(_) | Status(_), Redirected | Denied(_) | Status(_)) => {
            (Aspect::Status, Code::DifferenceStatus)
        }
    };
    Some(Unlike::new(aspect, code))
}

/// Guards that ask who somebody is; limits by rate are none.
fn guards(answer: &Answer) -> Vec<&Guard> {
    match answer {
        Answer::Forward(forwarding) => forwarding.guards.iter().filter(|guard| !matches!(guard, Guard::Rate { .. })).collect(),
        Answer::Redirect { .. }
        | Answer::Respond { .. }
        | Answer::Deny { .. }
        | Answer::NoRoute { .. }
        | Answer::NoAnswer(_)
        | Answer::Unmodelled { .. } => Vec::new(),
    }
}

fn access(old: &Answer, new: &Answer, cell: &TextCell<'_>, found: &mut Vec<Unlike>) -> Result<(), Apart> {
    let (before, after) = (guards(old), guards(new));
    if before.is_empty() && after.is_empty() {
        return Ok(());
    }
    // Somebody who is asked before a request that goes nowhere protects nothing.
    let code = match (before.is_empty(), after.is_empty()) {
        (false, true) if reach(new) == Reach::Served => Code::DifferenceAccessLost,
        (true, false) if reach(old) == Reach::Served => Code::DifferenceAccessRefused,
        (false, false) if any_guard(old) != any_guard(new) => Code::DifferenceAccessChanged,
        (false, false) => match guards_apart(&before, &after, cell)? {
            Some(code) => code,
            None => return Ok(()),
        },
        (_, _) => return Ok(()),
    };
    found.push(Unlike::new(Aspect::Access, code));
    Ok(())
}

/// One side asks who somebody is, and the other does not.
pub(super) fn asks_on_one_side(old: &Answer, new: &Answer) -> bool {
    guards(old).is_empty() != guards(new).is_empty()
}

fn any_guard(answer: &Answer) -> bool {
    matches!(answer, Answer::Forward(forwarding) if forwarding.any_guard && forwarding.guards.len() > 1)
}

/// How guards differ: in what is asked, or only in where those who are refused are sent.
fn guards_apart(old: &[&Guard], new: &[&Guard], cell: &TextCell<'_>) -> Result<Option<Code>, Apart> {
    if old.len() != new.len() {
        return Ok(Some(Code::DifferenceAccessChanged));
    }
    let mut apart = None;
    for (old, new) in old.iter().zip(new) {
        match (old, new) {
            (Guard::Password { secret: old, digest: one, .. }, Guard::Password { secret: new, digest: other, .. })
                if old == new && one == other => {}
            (
                Guard::Service { url: old, method: one, signin: old_signin, .. },
                Guard::Service { url: new, method: other, signin: new_signin, .. },
            ) if one == other && same_service(old, new, cell)? => match (old_signin, new_signin) {
                (None, None) => {}
                (Some(old), Some(new)) if same_text(old, new, cell)? => {}
                (Some(_), Some(_)) => apart = Some(Code::DifferenceRedirectTarget),
                (Some(_), None) | (None, Some(_)) => return Ok(Some(Code::DifferenceAccessChanged)),
            },
            (Guard::Password { .. } | Guard::Service { .. } | Guard::Rate { .. }, _) => return Ok(Some(Code::DifferenceAccessChanged)),
        }
    }
    Ok(apart)
}

fn same_text(old: &TextExpr, new: &TextExpr, cell: &TextCell<'_>) -> Result<bool, Apart> {
    Ok(text::normal(old, 0, cell)? == text::normal(new, 1, cell)?)
}

/// The same is asked of the same service, by whatever name.
fn same_service(old: &TextExpr, new: &TextExpr, cell: &TextCell<'_>) -> Result<bool, Apart> {
    let (old, new) = (text::normal(old, 0, cell)?, text::normal(new, 1, cell)?);
    let ([Sym::Literal(before)], [Sym::Literal(after)]) = (old.as_slice(), new.as_slice()) else { return Ok(old == new) };
    Ok((cell.same_service)(before, after))
}

fn forwards(old: &Forwarding, new: &Forwarding, cell: &TextCell<'_>, found: &mut Vec<Unlike>) -> Result<(), Apart> {
    if let Some(code) = splits(&old.split, &new.split) {
        found.push(Unlike::new(Aspect::Backend, code));
    }
    if old.is_passed_through() != new.is_passed_through() {
        // Nothing that one side sees of a request can be compared with what the other side never sees.
        found.push(Unlike::new(Aspect::Tls, Code::DifferencePassthrough));
        return Ok(());
    }
    if !same_text(&old.target, &new.target, cell)? {
        found.push(Unlike::new(Aspect::Path, Code::DifferencePathUpstream));
    }
    if let (Some(old), Some(new)) = (&old.host, &new.host)
        && !same_text(old, new, cell)?
    {
        found.push(Unlike::new(Aspect::Host, Code::DifferenceHostUpstream));
    }
    if !speaks_alike(&old.speech, &new.speech) {
        found.push(Unlike::new(Aspect::Protocol, Code::DifferenceProtocol));
    }
    found.extend(handshakes::compare(&old.handshakes, &new.handshakes).unlike);
    request_headers(&old.headers, &new.headers, cell, found)?;
    response_headers(&old.headers_with(USUAL_STATUS), &new.headers_with(USUAL_STATUS), cell, found)?;
    if !same_pages(old.error_page.as_ref(), new.error_page.as_ref(), cell)? {
        found.push(Unlike::new(Aspect::Status, Code::DifferenceErrorPage));
    }
    Ok(())
}

/// Backends understand the new side as they understand the old one. Over TLS a backend for HTTP/2 is found by the handshake; one for HTTP/1
/// is not understood where the gateway insists on HTTP/2, and understands clients whose TLS was taken off. Where a side does not know,
/// nothing is said.
fn speaks_alike(old: &[Speech], new: &[Speech]) -> bool {
    let understood =
        |new: &Speech| old.contains(new) || matches!((old, new), ([Speech::Http2Tls], Speech::Https) | ([Speech::Http], Speech::Decrypted));
    old.is_empty() || new.iter().all(understood)
}

/// The same statuses of backends are replaced by the same.
fn same_pages(old: Option<&ErrorPage>, new: Option<&ErrorPage>, cell: &TextCell<'_>) -> Result<bool, Apart> {
    let codes = |page: &ErrorPage| page.codes.iter().copied().collect::<BTreeSet<u16>>();
    match (intercepted(old), intercepted(new)) {
        (None, None) => Ok(true),
        (Some(old), Some(new)) => Ok(codes(old) == codes(new) && compare(&old.answer, &new.answer, cell)?.is_empty()),
        (Some(_), None) | (None, Some(_)) => Ok(false),
    }
}

fn intercepted(page: Option<&ErrorPage>) -> Option<&ErrorPage> {
    page.filter(|page| page.intercepts)
}

/// Statuses of backends that an error page replaces.
pub(super) fn replaced_statuses(answer: &Answer) -> Vec<u16> {
    match answer {
        Answer::Forward(forwarding) => intercepted(forwarding.error_page.as_ref()).map(|page| page.codes.clone()).unwrap_or_default(),
        Answer::Redirect { .. }
        | Answer::Respond { .. }
        | Answer::Deny { .. }
        | Answer::NoRoute { .. }
        | Answer::NoAnswer(_)
        | Answer::Unmodelled { .. } => Vec::new(),
    }
}

fn splits(old: &[Share], new: &[Share]) -> Option<Code> {
    let (old, new) = (normalised(old), normalised(new));
    if old == new {
        return None;
    }
    let who = |shares: &[Share]| shares.iter().map(|share| (share.backend.clone(), share.status)).collect::<Vec<_>>();
    Some(if who(&old) == who(&new) { Code::DifferenceSplit } else { Code::DifferenceBackend })
}

/// Shares in lowest terms, sorted; equal backends once.
fn normalised(shares: &[Share]) -> Vec<Share> {
    let mut sorted: Vec<Share> = Vec::with_capacity(shares.len());
    for share in shares.iter().filter(|share| share.weight > 0) {
        match sorted.iter_mut().find(|known| known.backend == share.backend && known.status == share.status) {
            Some(known) => known.weight += share.weight,
            None => sorted.push(share.clone()),
        }
    }
    sorted.sort();
    let divisor = sorted.iter().fold(0, |divisor, share| gcd(divisor, share.weight)).max(1);
    for share in &mut sorted {
        share.weight /= divisor;
    }
    sorted
}

fn gcd(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn locations(old: &TextExpr, new: &TextExpr, cell: &TextCell<'_>, found: &mut Vec<Unlike>) -> Result<(), Apart> {
    let (old, new) = (canonical(text::normal(old, 0, cell)?, cell), canonical(text::normal(new, 1, cell)?, cell));
    if old == new {
        return Ok(());
    }
    let stripped = |syms: &[Sym]| syms.contains(&Sym::Stripped);
    let code = if stripped(&old) != stripped(&new) || slash_apart(&old, &new) {
        Code::DifferenceRedirectSlash
    } else {
        Code::DifferenceRedirectTarget
    };
    found.push(Unlike::new(Aspect::Redirect, code));
    Ok(())
}

/// A URL as clients take it: absolute, in lower case up to its path, without the port that its scheme has anyway, and with `/` for an
/// empty path.
fn canonical(mut syms: Vec<Sym>, cell: &TextCell<'_>) -> Vec<Sym> {
    let whole = syms.len() == 1;
    if let (Some(Sym::Literal(text)), Some(host)) = (syms.first_mut(), cell.host.filter(|_| cell.entry.port.is_none()))
        && text.starts_with('/')
        && !text.starts_with("//")
    {
        *text = format!("{}://{host}{text}", cell.entry.scheme_name());
    }
    if let Some(Sym::Literal(text)) = syms.first_mut()
        && let Some((scheme, rest)) = text.split_once("://")
    {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let usual = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => "",
        };
        let authority = if usual.is_empty() { authority } else { authority.strip_suffix(usual).unwrap_or(authority) };
        let path = if path.is_empty() && whole { "/" } else { path };
        *text = format!("{scheme}://{}{path}", authority.to_ascii_lowercase());
    }
    syms
}

/// Two texts that differ in a final slash only.
fn slash_apart(old: &[Sym], new: &[Sym]) -> bool {
    match (old, new) {
        ([Sym::Literal(old)], [Sym::Literal(new)]) => old.strip_suffix('/') == Some(new) || new.strip_suffix('/') == Some(old),
        (_, _) => false,
    }
}

const CORS: &str = "access-control-";
const HSTS: &str = "strict-transport-security";

/// Headers by which proxies tell each other about the request, each in a way of its own: only what both claim is compared.
fn is_default_header(name: &str) -> bool {
    is_proxy_header(name) || name.starts_with("x-envoy-")
}

/// What nginx says of a header without being told to: it sends `X-Scheme`, and drops `Proxy`, and `Authorization` once it has looked at the
/// password. What somebody sets is no such thing.
fn is_usual(claim: &Claim<'_>, name: &str) -> bool {
    match name {
        "x-scheme" => true,
        "proxy" | AUTHORIZATION => claim.iter().all(Option::is_none),
        _ => false,
    }
}

const AUTHORIZATION: &str = "authorization";

type Claim<'h> = Vec<Option<&'h TextExpr>>;

fn claim<'h>(headers: &'h HeaderExprs, name: &str) -> Option<Claim<'h>> {
    let lines: Claim<'h> = headers.iter().filter(|(known, _)| known == name).map(|(_, text)| text.as_ref()).collect();
    (!lines.is_empty()).then_some(lines)
}

fn names<'h>(old: &'h HeaderExprs, new: &'h HeaderExprs) -> Vec<&'h str> {
    let mut names: Vec<&str> = Vec::with_capacity(old.len() + new.len());
    for (name, _) in new.iter().chain(old) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// Lines that are sent, in normal form; nobody sends an empty one.
fn lines(claim: &Claim<'_>, side: usize, cell: &TextCell<'_>) -> Result<Vec<Vec<Sym>>, Apart> {
    let mut lines = Vec::with_capacity(claim.len());
    for text in claim.iter().flatten() {
        let line = text::normal(text, side, cell)?;
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines.sort();
    Ok(lines)
}

fn request_headers(old: &HeaderExprs, new: &HeaderExprs, cell: &TextCell<'_>, found: &mut Vec<Unlike>) -> Result<(), Apart> {
    for name in names(old, new) {
        let same = match (claim(old, name), claim(new, name)) {
            (Some(old), Some(new)) => {
                let (mut old, mut new) = (lines(&old, 0, cell)?, lines(&new, 1, cell)?);
                // The same line once more says nothing more.
                old.dedup();
                new.dedup();
                old == new || (name == FORWARDED_FOR && without_blanks(old) == without_blanks(new))
            }
            (Some(_), None) | (None, Some(_)) if is_default_header(name) => true,
            // Who asks for a password takes it away, and that somebody asks was said.
            (None, Some(_)) if name == AUTHORIZATION && found.iter().any(|known| known.aspect == Aspect::Access) => true,
            // A header that is passed on as it came is not touched.
            (Some(one), None) => untouched(&one, name) || is_usual(&one, name),
            (None, Some(one)) => untouched(&one, name),
            (None, None) => true,
        };
        if !same {
            found.push(Unlike { detail: Some(name.to_owned()), ..Unlike::new(Aspect::RequestHeader, Code::DifferenceRequestHeader) });
        }
    }
    Ok(())
}

/// A list of addresses; blanks behind its commas mean nothing.
const FORWARDED_FOR: &str = "x-forwarded-for";

fn without_blanks(mut lines: Vec<Vec<Sym>>) -> Vec<Vec<Sym>> {
    for sym in lines.iter_mut().flatten() {
        if let Sym::Literal(text) = sym {
            *text = text.replace(", ", ",");
        }
    }
    lines
}

fn untouched(claim: &Claim<'_>, name: &str) -> bool {
    matches!(claim.as_slice(), [Some(TextExpr(parts))] if matches!(parts.as_slice(), [crate::request::Part::Header(sent)] if sent == name))
}

/// Headers that browsers look at in answers to preflights alone.
const OF_PREFLIGHTS: [&str; 3] = ["access-control-allow-headers", "access-control-allow-methods", "access-control-max-age"];

fn response_headers(old: &HeaderExprs, new: &HeaderExprs, cell: &TextCell<'_>, found: &mut Vec<Unlike>) -> Result<(), Apart> {
    if old.is_empty() && new.is_empty() {
        return Ok(());
    }
    // Without an origin nobody looks at these.
    let absent = |name: &str| matches!((cell.header)(name), Known::Value(None));
    let (no_origin, no_preflight) = (absent("origin"), !cell.preflights || absent("access-control-request-method"));
    for name in names(old, new).into_iter().filter(|name| !(no_origin && name.starts_with(CORS))) {
        let counts = name == HSTS || name.starts_with(CORS);
        let (before, after) = (claim(old, name), claim(new, name));
        let same = match (&before, &after) {
            (Some(old), Some(new)) => lines(old, 0, cell)? == lines(new, 1, cell)?,
            // Nobody but the router adds these.
            (Some(old), None) if counts => lines(old, 0, cell)?.is_empty(),
            (None, Some(new)) if counts => lines(new, 1, cell)?.is_empty(),
            (Some(_), None) | (None, Some(_)) => false,
            (None, None) => true,
        };
        if !same {
            let code = if name == HSTS {
                Code::DifferenceHsts
            } else if no_preflight && OF_PREFLIGHTS.contains(&name) {
                Code::DifferencePreflightHeaders
            } else if counts {
                Code::DifferenceCors
            } else {
                Code::DifferenceResponseHeader
            };
            found.push(Unlike { detail: Some(name.to_owned()), ..Unlike::new(Aspect::ResponseHeader, code) });
        }
    }
    Ok(())
}

/// Headers of answers of backends differ with statuses with which nginx leaves some out.
pub(super) fn differ_with_errors(old: &Answer, new: &Answer, cell: &TextCell<'_>) -> Result<bool, Apart> {
    let (Answer::Forward(old), Answer::Forward(new)) = (old, new) else { return Ok(false) };
    let by_status = |forwarding: &Forwarding| forwarding.header_rules.iter().any(|rule| rule.statuses != Statuses::All);
    if !by_status(old) && !by_status(new) {
        return Ok(false);
    }
    let mut found = Vec::new();
    response_headers(&old.headers_with(ERROR), &new.headers_with(ERROR), cell, &mut found)?;
    Ok(!found.is_empty())
}

/// An outcome as the answer that always has it.
pub(super) fn of_outcome(outcome: &Outcome) -> Answer {
    let headers = |headers: &[(String, Option<String>)]| -> HeaderExprs {
        headers.iter().map(|(name, value)| (name.clone(), value.as_ref().map(TextExpr::literal))).collect()
    };
    match outcome {
        Outcome::Forward(forward) => Answer::Forward(Box::new(Forwarding {
            guards: Vec::new(),
            any_guard: false,
            split: forward.split.clone(),
            target: TextExpr::literal(&forward.target),
            host: forward.host.as_ref().map(TextExpr::literal),
            speech: forward.speech.clone(),
            handshakes: forward.handshakes.clone(),
            headers: headers(&forward.headers),
            response_headers: headers(&forward.response_headers),
            header_rules: Vec::new(),
            read_timeout: None,
            chunked_limit: None,
            error_page: None,
        })),
        Outcome::Redirect { status, location, response_headers } => {
            Answer::Redirect { status: *status, location: TextExpr::literal(location), response_headers: headers(response_headers) }
        }
        Outcome::Respond { status, response_headers } => Answer::Respond { status: *status, response_headers: headers(response_headers) },
        Outcome::Deny { why, status, response_headers } => {
            Answer::Deny { why: why.clone(), status: *status, response_headers: headers(response_headers) }
        }
        Outcome::NoRoute { response_headers } => Answer::NoRoute { response_headers: headers(response_headers) },
        Outcome::NoAnswer(silence) => Answer::NoAnswer(*silence),
        Outcome::Unmodelled { what } => Answer::Unmodelled { what: what.clone() },
    }
}
