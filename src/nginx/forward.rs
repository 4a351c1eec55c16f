//! What happens to requests that are passed on: canaries, address lists, authentication, and what backends receive.

use super::{
    Config, Router, Target, UpstreamId,
    code::Listed,
    route::{Here, Trace, origin},
    settings::{BackendProtocol, BasicKind, ExternalAuth, ProxyRedirect, Satisfy},
    texts::{self, BackendProtocolOf},
};
use crate::request::{Answer, ErrorPage, Forwarding, Guard, HeaderExprs, Part, Share, Speech, TextExpr, Valuation};

/// Status where a connection to the backend fails.
pub(super) const UNREACHABLE: u16 = 502;

impl Router<'_> {
    pub(super) fn backend(&self, v: &impl Valuation, here: &Here<'_>, target: TextExpr, trace: &mut Trace) -> Answer {
        let upstream = match *here.upstream.as_ref().unwrap_or(&here.location.target) {
            Target::Upstream(id) => Some(id),
            Target::Default => Some(Config::DEFAULT_BACKEND),
            Target::Gone => None,
        };
        let Some(id) = upstream.filter(|&id| self.config.upstream(id).is_tried() && !self.dynamic) else {
            trace.step("the Service has no endpoints", origin(here.location));
            return self.own(v, here, 503);
        };
        let split = if self.config.upstream(id).serves() {
            match self.split(v, id, trace) {
                Ok(split) => split,
                Err(what) => return Answer::Unmodelled { what },
            }
        } else {
            trace.step("nobody is behind the address of the Service", origin(here.location));
            vec![Share { backend: None, weight: 1, status: Some(UNREACHABLE) }]
        };
        let (guards, any_guard) = match self.access(v, here, trace) {
            Ok(guards) => guards,
            Err(answer) => return *answer,
        };
        if here.settings().modsecurity.enabled {
            return Answer::Unmodelled { what: "ModSecurity".to_owned() };
        }
        let protocol = if id == Config::DEFAULT_BACKEND { BackendProtocolOf::Http } else { BackendProtocolOf::of(here.settings()) };
        let speech = if id == Config::DEFAULT_BACKEND { Speech::Http } else { texts::speech(here.settings(), here.https) };
        let handshakes = if speech.is_tls() { vec![texts::handshake(here.server.proxy_tls_of(here.location))] } else { Vec::new() };
        let sent = self.sent(v, here, protocol);
        let grpc = matches!(here.settings().protocol.value, BackendProtocol::Grpc | BackendProtocol::Grpcs);
        let (host, headers) = match protocol {
            BackendProtocolOf::Http => self.changed_request(v, &here.levels, &here.state, Some(here.location), grpc, sent),
            BackendProtocolOf::WithoutHeaders | BackendProtocolOf::Fcgi => sent,
        };
        let mut response_headers = self.headers(here);
        let header_rules = self.cleared(&response_headers);
        let reached = split.iter().any(|share| share.backend.is_some());
        // The directives for answers of backends are those of the module for HTTP.
        let spoken = if id == Config::DEFAULT_BACKEND { BackendProtocol::Http } else { here.settings().protocol.value };
        let by_proxy = spoken.is_proxied();
        for hidden in self.config.globals.hide_headers.iter().filter(|_| reached && by_proxy) {
            if !response_headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(hidden)) {
                response_headers.push((hidden.to_ascii_lowercase(), None));
            }
        }
        let redirect = &here.settings().proxy.redirect;
        if let Some((from, to)) = replaced_location(redirect, spoken) {
            let completed = self.absolute(here, Vec::new());
            let parts = std::iter::once(Part::BackendLocation { from, to }).chain(completed.0).collect();
            response_headers.push(("location".to_owned(), Some(TextExpr(parts))));
        }
        Answer::Forward(Box::new(Forwarding {
            guards,
            any_guard,
            split,
            target,
            host,
            speech: vec![speech],
            handshakes,
            headers,
            response_headers,
            header_rules,
            read_timeout: self.patience(here),
            chunked_limit: here.settings().proxy.body_size.value,
            error_page: self.error_page(v, here).map(|page| ErrorPage { intercepts: page.intercepts && by_proxy, ..page }),
        }))
    }

    pub(super) fn share(&self, id: UpstreamId, weight: u64) -> Share {
        match self.config.upstream(id).label() {
            Some(label) => Share { backend: Some(label), weight, status: None },
            None => Share { backend: None, weight, status: Some(self.config.built_in_status()) },
        }
    }

    /// `route_to_alternative_balancer`: affinity, header, cookie, weight.
    pub(super) fn split(&self, v: &impl Valuation, primary: UpstreamId, trace: &mut Trace) -> Result<Vec<Share>, String> {
        let only = |id| Ok(vec![self.share(id, 1)]);
        let Some(&canary) = self.config.upstream(primary).alternatives.first() else { return only(primary) };
        let upstream = self.config.upstream(canary);
        let Some(asked) = self.canaries.get(&canary.0).filter(|_| upstream.serves()) else { return only(primary) };
        if v.first(&asked.affinity).is_some() {
            return Err("which backend the affinity cookie names".to_owned());
        }
        let Some(policy) = &upstream.canary else { return only(primary) };
        let annotation = |name| upstream.ingress.map(|id| self.config.annotation(id, name));
        if asked.header.is_some_and(|id| v.holds(id)) {
            if asked.broken_pattern {
                trace.step("the header pattern of the canary is broken", annotation("canary-by-header-pattern"));
                return only(primary);
            }
            if asked.header_hit.is_some_and(|id| v.holds(id)) {
                trace.step("a header selects the canary", annotation("canary-by-header"));
                return only(canary);
            }
            if asked.header_never.is_some_and(|id| v.holds(id)) {
                trace.step("a header excludes the canary", annotation("canary-by-header"));
                return only(primary);
            }
        }
        for (id, chosen, text) in
            [(asked.cookie_always, canary, "a cookie selects the canary"), (asked.cookie_never, primary, "a cookie excludes the canary")]
        {
            if id.is_some_and(|id| v.holds(id)) {
                trace.step(text, annotation("canary-by-cookie"));
                return only(chosen);
            }
        }
        let (share, total) = (policy.share(), policy.total());
        if share > 0 {
            trace.step(format!("the canary gets {share} of {total}"), annotation("canary-weight"));
        }
        Ok(match share {
            0 => vec![self.share(primary, 1)],
            share if share >= total => vec![self.share(canary, 1)],
            share => vec![self.share(primary, total - share), self.share(canary, share)],
        })
    }

    /// An authentication service is asked in the location.
    pub(super) fn asks_service(&self, here: &Here<'_>) -> bool {
        !here.location.no_auth && here.settings().denied.is_none() && self.external_auth(here).is_some()
    }

    pub(super) fn external_auth<'s>(&'s self, here: &'s Here<'_>) -> Option<&'s ExternalAuth> {
        let settings = here.settings();
        match &settings.external_auth {
            Some(auth) => Some(auth),
            None => self.config.globals.external_auth.as_ref().filter(|_| settings.global_auth.value),
        }
    }

    /// Seconds that a backend has between two reads; none at all where it has none to take the connection.
    fn patience(&self, here: &Here<'_>) -> Option<u64> {
        let timeouts = &here.settings().proxy.timeouts;
        if timeouts.connect.value == 0 { Some(0) } else { u64::try_from(timeouts.read.value).ok() }
    }

    /// Where the sign-in is. nginx completes a path; the location of the redirect is one of its own, which has what holds for all.
    pub(super) fn signin(&self, here: &Here<'_>, auth: &ExternalAuth) -> TextExpr {
        let text = texts::signin(auth);
        let is_path = auth.signin.starts_with('/') && !self.config.globals.defaults.redirect.relative.value;
        if is_path { self.completed(here.https, false, text.0) } else { text }
    }

    /// Headers of the redirect to the sign-in: its location is one of its own, which has the block of CORS too.
    pub(super) fn signin_headers(&self, v: &impl Valuation, here: &Here<'_>) -> HeaderExprs {
        let mut headers = self.outer_headers();
        if super::route::allows_origin(v, here) {
            texts::set(&mut headers, texts::cors(here.settings()));
        }
        headers
    }

    /// Address lists, and who is asked before the request is passed on.
    fn access(&self, v: &impl Valuation, here: &Here<'_>, trace: &mut Trace) -> Result<(Vec<Guard>, bool), Box<Answer>> {
        let settings = here.settings();
        let mut guards = Vec::new();
        if settings.limits.as_ref().is_some_and(|limits| limits.refuses()) || here.levels.is_limited() {
            let status = here.levels.limit_status().unwrap_or(self.config.globals.limit_request_status);
            guards.push(Guard::Rate { status });
        }
        let asked = here.asked;
        let lists = asked.allow.is_some() || asked.deny.is_some();
        // Lists of the location hide those of the server, and `allow` of an annotation ends with `deny all`.
        let listed = match self.listed(v, &here.levels) {
            Ok(listed) => listed.filter(|_| asked.allow.is_none() && (!lists || here.levels.lists_inside())),
            Err(what) => return Err(Box::new(Answer::Unmodelled { what: format!("a snippet: {what}") })),
        };
        let refused = if asked.deny.is_some_and(|id| v.holds(id)) {
            Some("denylist-source-range")
        } else if asked.allow.is_some_and(|id| !v.holds(id)) {
            Some("allowlist-source-range")
        } else if listed == Some(Listed::Denied) {
            Some("configuration-snippet")
        } else if !lists && listed.is_none() && self.common.blocked.is_some_and(|id| v.holds(id)) {
            Some("block-cidrs")
        } else {
            None
        };
        let asks = guards.len();
        if !here.location.no_auth {
            if let Some(auth) = settings.basic_auth.as_ref().filter(|auth| auth.protects()) {
                guards.push(Guard::Password {
                    secret: auth.secret.clone(),
                    digest: auth.kind != BasicKind::Basic,
                    realm: auth.realm.clone(),
                });
            }
            if settings.basic_auth.is_none() {
                guards.extend(here.levels.password());
            }
            if let Some(auth) = self.external_auth(here) {
                if auth.code.decides() {
                    let what = "an authentication service behind directives that decide about its answers".to_owned();
                    return Err(Box::new(Answer::Unmodelled { what }));
                }
                guards.push(texts::service(auth, self.signin(here, auth), self.signin_headers(v, here)));
            }
        }
        let any = here.levels.satisfy().unwrap_or(settings.addresses.satisfy) == Satisfy::Any;
        let has_guard = guards.len() > asks;
        match refused {
            Some(list) if !any || !has_guard => {
                trace.step(format!("`{list}` refuses the address"), self.annotation(here, list));
                Err(Box::new(self.own(v, here, 403)))
            }
            Some(_) => Ok((guards, true)),
            // A client that no line names is neither refused nor let in.
            None if any && (asked.allow.is_some() || listed == Some(Listed::Allowed)) => {
                guards.truncate(asks);
                Ok((guards, false))
            }
            None => Ok((guards, any)),
        }
    }

    /// Host and headers sent upstream.
    fn sent(&self, v: &impl Valuation, here: &Here<'_>, protocol: BackendProtocolOf) -> (Option<TextExpr>, HeaderExprs) {
        let settings = here.settings();
        let globals = &self.config.globals;
        match protocol {
            BackendProtocolOf::Http => {}
            BackendProtocolOf::WithoutHeaders => return (Some(TextExpr::literal(texts::BALANCER)), Vec::new()),
            BackendProtocolOf::Fcgi => return (Some([Part::HostHeader].into()), Vec::new()),
        }
        let host = if settings.upstream_host.is_empty() {
            [Part::ForwardedHost].into()
        } else {
            TextExpr(self.text_of_proxying(v, here, &settings.upstream_host))
        };
        let client = || Some(TextExpr::from([Part::ClientAddress]));
        let full = *globals.forwarded.trusted && globals.forwarded.full_forwarded_for;
        let mut headers: HeaderExprs = vec![
            ("x-real-ip".to_owned(), client()),
            ("x-forwarded-for".to_owned(), if full { Some([Part::FullForwardedFor].into()) } else { client() }),
            ("x-forwarded-host".to_owned(), Some([Part::ForwardedHost].into())),
            ("x-forwarded-port".to_owned(), Some([Part::ForwardedPort].into())),
            ("x-forwarded-proto".to_owned(), Some([Part::EffectiveScheme].into())),
            ("x-forwarded-scheme".to_owned(), Some([Part::EffectiveScheme].into())),
            ("x-scheme".to_owned(), Some([Part::EffectiveScheme].into())),
            ("x-original-forwarded-for".to_owned(), Some([Part::Header(globals.forwarded.for_header.to_ascii_lowercase())].into())),
            ("x-original-forwarded-host".to_owned(), Some([Part::Header(globals.forwarded.host_header.to_ascii_lowercase())].into())),
            ("proxy".to_owned(), None),
        ];
        if globals.original_uri_header {
            headers.push(("x-original-uri".to_owned(), Some([Part::Variable("request_uri".to_owned())].into())));
        }
        if settings.basic_auth.is_some() && !here.location.no_auth {
            headers.push(("authorization".to_owned(), None));
        }
        if let Some(regex) = here.asked.rewrite.filter(|_| !settings.forwarded_prefix.is_empty()) {
            let template = texts::pieces(&settings.forwarded_prefix, &self.groups);
            headers.push(("x-forwarded-prefix".to_owned(), Some([Part::Filled { regex, template }].into())));
        }
        // Entries of `proxy-set-headers` are sent besides; nothing is claimed of the names that come twice then.
        let mut added = super::texts::headers(&globals.proxy_set_headers);
        let twice = |name: &str, list: &HeaderExprs| list.iter().any(|(known, _)| known == name);
        let once: HeaderExprs = added.iter().filter(|(name, _)| !twice(name, &headers)).cloned().collect();
        headers.retain(|(name, _)| !twice(name, &added));
        added = once.into_iter().filter(|(_, text)| text.as_ref().is_some_and(is_literal)).collect();
        headers.extend(added);
        let host = Some(host).filter(|_| !headers.iter().any(|(name, _)| name == "host"));
        headers.retain(|(name, _)| name != "host");
        (host, headers)
    }
}

/// `proxy_redirect` as the template prints it: what the backend's `Location` begins with, and what takes its place. Of a text without a
/// second one nothing is printed, and nginx's own default holds: the name that it proxies to becomes the root (`ngx_http_proxy_merge_loc_conf`).
fn replaced_location(redirect: &ProxyRedirect, protocol: BackendProtocol) -> Option<(String, String)> {
    let scheme = match protocol {
        BackendProtocol::Http => Some("http"),
        BackendProtocol::Https => Some("https"),
        // A name with variables has no default.
        BackendProtocol::AutoHttp => None,
        // Nor do other modules have the directive.
        BackendProtocol::Grpc | BackendProtocol::Grpcs | BackendProtocol::GrpcWithoutHeaders { .. } | BackendProtocol::Fcgi => return None,
    };
    match (redirect.from.value.as_str(), redirect.to.value.as_str()) {
        ("off", _) => None,
        ("default", _) | (_, "off") => scheme.map(|scheme| (format!("{scheme}://{}/", texts::BALANCER), "/".to_owned())),
        (from, to) => Some((from.to_owned(), to.to_owned())),
    }
}

/// There are no variables in it.
fn is_literal(text: &TextExpr) -> bool {
    text.0.iter().all(|part| matches!(part, Part::Literal(_)))
}
