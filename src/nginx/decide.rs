//! A concrete request: routed, and every text given its value.

use std::borrow::Cow;

use super::{Certificate, Router, forward::UNREACHABLE, view::View};
use crate::request::{
    Answer, Decision, Deny, ErrorPage, Forward, Forwarding, Guard, HeaderExprs, HeaderOperation, NoAnswer, Outcome, Part, Request, Ruling,
    Scheme, Share, Step, TextExpr, Valuation, World, uri, with_rules, with_rules_of_any_status,
};

/// Common name of the certificate that the controller makes for itself.
const FAKE: &str = "Kubernetes Ingress Controller Fake Certificate";

/// What becomes of a request at its guards.
enum Passed {
    Yes,
    /// Answered with this status.
    No(u16),
    Unknown(&'static str),
}

impl Router<'_> {
    /// Decides for one request. `world` says how services answer, where that is known.
    pub fn decide(&self, request: &Request, world: &impl World) -> Decision {
        let request = &without_blanks(request);
        if let Some((outcome, text)) = self.at_another_port(request) {
            return Decision { outcome, certificate: None, trace: vec![Step { text: text.to_owned(), because: None }] };
        }
        let view = View::new(self, request);
        let ruling = self.route(&view);
        let mut trace = ruling.trace;
        let mut outcome = self.outcome(&view, request, world, ruling.answer, &mut trace);
        if let Some(what) = view.unknown.get() {
            outcome = Outcome::Unmodelled { what: what.to_owned() };
        }
        Decision { outcome, certificate: view.is_https().then(|| self.served_certificate(&view)).flatten(), trace }
    }

    /// What happens where the port is not that of the scheme.
    fn at_another_port(&self, request: &Request) -> Option<(Outcome, &'static str)> {
        let flags = &self.config.globals.flags;
        let port = request.port?;
        let tls = request.scheme == Scheme::Https;
        match (port == flags.http_port, port == flags.https_port) {
            (false, false) => Some((Outcome::NoAnswer(NoAnswer::Refused), "nginx does not listen on the port")),
            (true, false) if tls => Some((Outcome::NoAnswer(NoAnswer::Tls), "nginx does not speak TLS on the port")),
            (false, true) if !tls => Some((Outcome::Respond { status: 400, response_headers: Vec::new() }, "nginx speaks TLS on the port")),
            (_, _) => None,
        }
    }

    /// What the router rules for one request, before services are asked.
    pub fn rule(&self, request: &Request) -> Ruling {
        self.route(&View::new(self, request))
    }

    fn served_certificate(&self, view: &View<'_>) -> Option<String> {
        // The backend shows its own.
        if view.first(&self.passthrough.0).is_some() {
            return None;
        }
        let table = &self.config.certificates;
        let found = view.sni().and_then(|name| {
            let wildcard = || name.split_once('.').and_then(|(_, rest)| table.get(&format!("*.{rest}")));
            table.get(&name).or_else(wildcard)
        });
        let secret = match found {
            Some(Certificate::Secret(secret)) => Some(secret),
            Some(Certificate::Default) | None => self.config.globals.default_certificate.as_ref(),
        };
        match secret {
            None => Some(FAKE.to_owned()),
            Some(secret) => match self.config.certificate_names.get(secret) {
                Some(names) => Some(names.join(", ")),
                // The default certificate is missing or broken.
                None if Some(secret) == self.config.globals.default_certificate.as_ref()
                    && found != Some(&Certificate::Secret(secret.clone())) =>
                {
                    Some(FAKE.to_owned())
                }
                None => None,
            },
        }
    }

    fn outcome(&self, view: &View<'_>, request: &Request, world: &impl World, answer: Answer, trace: &mut Vec<Step>) -> Outcome {
        match answer {
            Answer::Forward(forwarding) => self.forward(view, request, world, *forwarding, trace),
            Answer::Redirect { status, location, response_headers } => {
                Outcome::Redirect { status, location: view.text(&location), response_headers: joined(values(view, &response_headers)) }
            }
            Answer::Respond { status, response_headers } => {
                Outcome::Respond { status, response_headers: joined(values(view, &response_headers)) }
            }
            Answer::Deny { why, status, response_headers } => {
                Outcome::Deny { why, status, response_headers: joined(values(view, &response_headers)) }
            }
            Answer::NoRoute { response_headers } => Outcome::NoRoute { response_headers: joined(values(view, &response_headers)) },
            Answer::NoAnswer(why) => Outcome::NoAnswer(why),
            Answer::Unmodelled { what } => Outcome::Unmodelled { what },
        }
    }

    #[expect(clippy::too_many_lines, reason = "one step of a request after the other")]
    fn forward(&self, view: &View<'_>, request: &Request, world: &impl World, forwarding: Forwarding, trace: &mut Vec<Step>) -> Outcome {
        let claims = match answered(&forwarding, view, world) {
            Some(status) => forwarding.headers_with(status).into_owned(),
            None => with_rules_of_any_status(&forwarding.response_headers, &forwarding.header_rules),
        };
        let Forwarding {
            guards,
            any_guard,
            split,
            target,
            host,
            speech,
            handshakes,
            headers,
            response_headers,
            header_rules,
            read_timeout,
            chunked_limit,
            error_page,
        } = forwarding;
        let target_text = view.text(&target);
        let own = |status: u16, trace: &mut Vec<Step>| {
            self.replaced(view, request, world, error_page.as_ref(), status, trace)
                .unwrap_or_else(|| plain(status, values(view, &with_rules(&response_headers, &header_rules, status))))
        };
        match pass(view, world, &guards, any_guard, self) {
            Passed::Yes => {}
            Passed::Unknown(what) => return Outcome::Unmodelled { what: what.to_owned() },
            Passed::No(status) => {
                if let Some(outcome) = signed_in(view, &guards, status, trace) {
                    return outcome;
                }
                trace.push(Step { text: format!("access is refused with {status}"), because: None });
                return own(status, trace);
            }
        }
        // nginx counts what it reads (`ngx_http_request_body_chunked_filter`).
        if request.chunked && chunked_limit.is_some_and(|limit| request.body_bytes > limit) {
            trace.push(Step { text: "the chunked body is longer than `proxy-body-size`".to_owned(), because: None });
            return own(413, trace);
        }
        let outside = |share: &Share| {
            let backend = share.backend.as_deref()?;
            // A snippet may name somebody who is no Service.
            let named = || (!backend.contains('/')).then(|| backend.rsplit_once(':').map_or(backend, |(name, _)| name).to_owned());
            let of_service = self.external.get(backend).cloned().map(|name| (name, true));
            of_service.or_else(|| Some((named()?, false)))
        };
        if let Some((name, of_service)) = split.iter().find_map(outside) {
            // For a Service, a name that resolves to itself counts as one that does not (`resolve_external_names` in balancer.lua).
            let address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok().then_some(!of_service);
            match address.or_else(|| world.resolves(&name)) {
                Some(true) => {}
                Some(false) => return own(503, trace),
                None => return Outcome::Unmodelled { what: format!("whether `{name}` can be resolved") },
            }
        }
        let mut given = values(view, &claims);
        if matches!(split.as_slice(), [Share { backend: None, status: Some(UNREACHABLE), .. }]) {
            return own(UNREACHABLE, trace);
        }
        if read_timeout == Some(0) {
            trace.push(Step { text: "the backend has no time at all".to_owned(), because: None });
            return own(504, trace);
        }
        if let [Share { backend: None, status: Some(status), .. }] = split.as_slice() {
            // nginx asks itself, and refuses what is no path or leads above the root.
            let path = target_text.split('?').next().unwrap_or_default();
            let intercepted = error_page.as_ref().filter(|page| page.intercepts);
            if !path.starts_with('/') || uri::normalise(path.as_bytes()).is_none() {
                return self.replaced(view, request, world, intercepted, 400, trace).unwrap_or_else(|| plain(400, given));
            }
            if let Some(outcome) = self.replaced(view, request, world, intercepted, *status, trace) {
                return outcome;
            }
            return if *status == 404 { Outcome::NoRoute { response_headers: given } } else { plain(*status, given) };
        }
        if let Some(backend) = split.iter().find_map(|share| share.backend.as_deref())
            && let Some(answer) = world.backend(backend, &target_text)
        {
            if answer.delay > 0 && read_timeout.is_some_and(|limit| answer.delay >= limit.saturating_mul(1000)) {
                trace.push(Step { text: "the backend does not answer in time".to_owned(), because: None });
                return own(504, trace);
            }
            let intercepted = error_page.as_ref().filter(|page| page.intercepts);
            if let Some(outcome) = intercepted.and_then(|_| signed_in(view, &guards, answer.status, trace)) {
                return outcome;
            }
            if let Some(outcome) = self.replaced(view, request, world, intercepted, answer.status, trace) {
                return outcome;
            }
            let mut added: Vec<String> = Vec::new();
            for (name, value) in answer.headers {
                // `Server` is cleared, cookies may be rewritten or added.
                let hidden = self.config.globals.hide_headers.iter().any(|hidden| hidden.eq_ignore_ascii_case(&name));
                if hidden || name == "server" || name == "set-cookie" {
                    continue;
                }
                let value = match name.as_str() {
                    "location" => rewritten_location(view, &response_headers, value),
                    "refresh" => rewritten_refresh(&response_headers, value),
                    _ => Some(value),
                };
                let Some(value) = value else { continue };
                let status = answer.status;
                let mut rules = header_rules.iter().filter(|rule| rule.statuses.include(status) && rule.covers(&name));
                if rules.clone().any(|rule| !matches!(rule.operation, HeaderOperation::Add(_))) {
                    continue;
                }
                if rules.next().is_some() || added.contains(&name) {
                    // Lines of the backend come before those that nginx adds.
                    let at = given.iter().position(|(known, _)| *known == name).unwrap_or(given.len());
                    given.insert(at, (name.clone(), Some(value)));
                    added.push(name);
                    continue;
                }
                if !given.iter().any(|(known, set)| *known == name && set.is_some()) {
                    given.retain(|(known, _)| *known != name);
                    given.push((name, Some(value)));
                }
            }
        }
        Outcome::Forward(Forward {
            split,
            method: request.method.clone(),
            target: target_text,
            host: host.map(|host| view.text(&host)),
            speech,
            handshakes,
            headers: sent(view, &headers),
            response_headers: joined(given),
        })
    }

    /// The answer of an error page, if the status has one.
    fn replaced(
        &self,
        view: &View<'_>,
        request: &Request,
        world: &impl World,
        page: Option<&ErrorPage>,
        status: u16,
        trace: &mut Vec<Step>,
    ) -> Option<Outcome> {
        let page = page.filter(|page| page.codes.contains(&status))?;
        trace.push(Step { text: format!("the error page for {status} answers"), because: None });
        Some(self.outcome(view, request, world, (*page.answer).clone(), trace))
    }
}

/// Blanks around the Host are none of it.
fn without_blanks(request: &Request) -> Cow<'_, Request> {
    match request.host.as_deref().map(|host| (host, host.trim_matches(' '))) {
        Some((host, bare)) if host != bare => Cow::Owned(Request { host: Some(bare.to_owned()), ..request.clone() }),
        Some(_) | None => Cow::Borrowed(request),
    }
}

/// Status with which the backend answers, as far as that is known.
fn answered(forwarding: &Forwarding, view: &View<'_>, world: &impl World) -> Option<u16> {
    match forwarding.split.as_slice() {
        [Share { backend: None, status: Some(status), .. }] => Some(*status),
        shares => {
            let backend = shares.iter().find_map(|share| share.backend.as_deref()).filter(|_| !forwarding.header_rules.is_empty());
            backend.and_then(|backend| world.backend(backend, &view.text(&forwarding.target))).map(|answer| answer.status)
        }
    }
}

/// Several lines of a header as one.
fn joined(headers: Vec<(String, Option<String>)>) -> Vec<(String, Option<String>)> {
    let mut list: Vec<(String, Option<String>)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match (list.iter_mut().find(|(known, _)| *known == name), value) {
            (Some((_, Some(lines))), Some(value)) => {
                lines.push_str(", ");
                lines.push_str(&value);
            }
            (Some((_, before @ None)), value) => *before = value,
            (Some(_), None) => {}
            (None, value) => list.push((name, value)),
        }
    }
    list
}

fn plain(status: u16, response_headers: Vec<(String, Option<String>)>) -> Outcome {
    match status {
        401 => Outcome::Deny { why: Deny::Credentials, status, response_headers },
        403 => Outcome::Deny { why: Deny::Address, status, response_headers },
        _ => Outcome::Respond { status, response_headers },
    }
}

fn all_values(view: &View<'_>, headers: &HeaderExprs) -> Vec<(String, Option<String>)> {
    headers
        .iter()
        .filter(|(_, text)| !text.as_ref().is_some_and(from_backend))
        // Blanks around a value are none of it.
        .map(|(name, text)| (name.clone(), text.as_ref().map(|text| view.text(text).trim_matches([' ', '\t']).to_owned())))
        .collect()
}

/// Values of response headers; an empty one is not sent, and what the backend sends may stay.
fn values(view: &View<'_>, headers: &HeaderExprs) -> Vec<(String, Option<String>)> {
    all_values(view, headers).into_iter().filter(|(_, value)| value.as_deref() != Some("")).collect()
}

/// The text is made of the backend's answer.
fn from_backend(text: &crate::request::TextExpr) -> bool {
    matches!(text.0.first(), Some(Part::BackendLocation { .. }))
}

/// `proxy_redirect`: the text at the start is replaced, and nginx completes a path that it made so; `None` where that is not known.
fn rewritten_location(view: &View<'_>, headers: &HeaderExprs, value: String) -> Option<String> {
    let Some((from, to, start)) = proxy_redirect(headers) else { return Some(value) };
    Some(match rewritten(from, to, &value)? {
        (path, true) if path.starts_with('/') => format!("{}{path}", view.text(&TextExpr(start.to_vec()))),
        (text, _) => text,
    })
}

/// What a Refresh header names is replaced in the same way, and not completed (`ngx_http_upstream_rewrite_refresh`).
fn rewritten_refresh(headers: &HeaderExprs, value: String) -> Option<String> {
    let Some((from, to, _)) = proxy_redirect(headers) else { return Some(value) };
    let Some(at) = value.to_ascii_lowercase().find("url=").map(|at| at + "url=".len()) else { return Some(value) };
    let (before, url) = value.split_at(at);
    let (url, _) = rewritten(from, to, url)?;
    Some(format!("{before}{url}"))
}

/// What is replaced, by what, and what stands before a path that comes of it.
fn proxy_redirect(headers: &HeaderExprs) -> Option<(&str, &str, &[Part])> {
    headers.iter().find_map(|(_, text)| match text.as_ref()?.0.split_first()? {
        (Part::BackendLocation { from, to }, start) => Some((from.as_str(), to.as_str(), start)),
        _ => None,
    })
}

/// The text with its start replaced, and whether it started so; `None` where that is not known.
fn rewritten(from: &str, to: &str, value: &str) -> Option<(String, bool)> {
    if from == "default" || from.starts_with('~') {
        return None;
    }
    let rest = value.strip_prefix(from).filter(|_| to != "off");
    Some(rest.map_or_else(|| (value.to_owned(), false), |rest| (format!("{to}{rest}"), true)))
}

/// Headers sent upstream: one with an empty value is not sent.
fn sent(view: &View<'_>, headers: &HeaderExprs) -> Vec<(String, Option<String>)> {
    all_values(view, headers).into_iter().map(|(name, value)| (name, value.filter(|value| !value.is_empty()))).collect()
}

/// Asks the guards: all must let pass, or one of those that ask who it is.
fn pass(view: &View<'_>, world: &impl World, guards: &[Guard], any: bool, router: &Router<'_>) -> Passed {
    let mut refused: Option<u16> = None;
    let mut asked = false;
    for guard in guards {
        let passed = match guard {
            // Single requests are taken to stay below limits.
            Guard::Rate { .. } => continue,
            Guard::Password { secret, digest, .. } => {
                let credentials = view.holds(router.common.credentials);
                if *digest {
                    match view.header("authorization") {
                        Some(_) => Passed::Unknown("whether digest credentials are right"),
                        None => Passed::No(401),
                    }
                } else if !credentials {
                    Passed::No(401)
                } else {
                    match user_and_password(view.header("authorization").unwrap_or_default()) {
                        None => Passed::No(401),
                        Some((user, password)) => match world.password(secret, &user, &password) {
                            Some(true) => Passed::Yes,
                            Some(false) => Passed::No(401),
                            None => Passed::Unknown("whether the password is right"),
                        },
                    }
                }
            }
            Guard::Service { url, .. } => match world.authentication(&view.text(url)) {
                None => Passed::Unknown("what the authentication service answers"),
                Some(200..=299) => Passed::Yes,
                Some(status @ (401 | 403)) => Passed::No(status),
                Some(_) => Passed::No(500),
            },
        };
        asked = true;
        match passed {
            Passed::Yes if any => return Passed::Yes,
            Passed::Yes => {}
            Passed::Unknown(what) => return Passed::Unknown(what),
            // Only these two let others be asked (`ngx_http_core_access_phase`).
            Passed::No(status) if !any || !matches!(status, 401 | 403) => return Passed::No(status),
            Passed::No(status) => {
                if refused != Some(401) {
                    refused = Some(status);
                }
            }
        }
    }
    match refused {
        Some(status) if asked => Passed::No(status),
        Some(_) | None => Passed::Yes,
    }
}

/// `error_page 401` leads to the sign-in whoever refused.
fn signed_in(view: &View<'_>, guards: &[Guard], status: u16, trace: &mut Vec<Step>) -> Option<Outcome> {
    let (location, headers) = guards.iter().filter(|_| status == 401).find_map(|guard| match guard {
        Guard::Service { signin: Some(signin), signin_headers, .. } => Some((view.text(signin), values(view, signin_headers))),
        Guard::Service { signin: None, .. } | Guard::Password { .. } | Guard::Rate { .. } => None,
    })?;
    trace.push(Step { text: "redirected to sign in".to_owned(), because: None });
    Some(Outcome::Redirect { status: 302, location, response_headers: headers })
}

/// User and password of `Basic` credentials.
fn user_and_password(header: &str) -> Option<(String, String)> {
    let encoded = header.get(6..)?.trim();
    let decoded = decode_base64(encoded)?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = Vec::with_capacity(text.len());
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap_or_default());
        }
    }
    Some(bytes)
}
