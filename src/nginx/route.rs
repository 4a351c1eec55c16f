//! What nginx answers, phase by phase, written once for concrete requests and for whole classes of them.

use super::{
    BackendProtocolOf, Config, Location, RefusalKind, Router, Server, Settings, Target,
    router::{Asked, BuiltIn, Choice, Place},
    settings::{BasicKind, ErrorPages, Given, Satisfy, VerifyClient},
    texts,
};
use crate::{
    k8s::Subject,
    request::{
        Answer, Deny, ErrorPage, Forwarding, Guard, HeaderExprs, NoAnswer, Part, PathExpr, PredicateId, Ruling, Share, Step, Test, TextExpr,
        Valuation,
    },
};

/// Steps of one walk through the phases.
#[derive(Default)]
struct Trace(Vec<Step>);

impl Trace {
    fn step(&mut self, text: impl Into<String>, because: Option<Subject>) {
        self.0.push(Step { text: text.into(), because });
    }
}

/// What the path leads to.
enum Found {
    Location(usize),
    Slash(usize),
    BuiltIn(BuiltIn),
    Nothing,
}

/// A location and what is known of the request there.
struct Here<'s> {
    server: &'s Server,
    location: &'s Location,
    asked: &'s Asked,
    https: bool,
    /// CORS headers are added.
    cors: bool,
}

impl Here<'_> {
    fn settings(&self) -> &Settings {
        &self.location.settings
    }
}

impl Router<'_> {
    /// Decides for the requests that the valuation stands for.
    pub fn route(&self, v: &impl Valuation) -> Ruling {
        let mut trace = Trace::default();
        let answer = self.walk(v, &mut trace);
        Ruling { answer, trace: trace.0 }
    }

    fn walk(&self, v: &impl Valuation, trace: &mut Trace) -> Answer {
        let down = self.config.refusals.iter().find(|refusal| refusal.kind != RefusalKind::Dynamic);
        if let Some(refusal) = down {
            trace.step(format!("nothing listens: {}", refusal.message), refusal.subjects.first().cloned());
            return Answer::NoAnswer(NoAnswer::Refused);
        }
        if let Some(doubt) = &self.doubt {
            return Answer::Unmodelled { what: doubt.clone() };
        }
        let https = v.holds(self.common.https);
        if https && let Some(answer) = self.passed_through(v, trace) {
            return answer;
        }
        if https && self.config.globals.ssl_reject_handshake && !self.certificate_offered(v) {
            return Answer::NoAnswer(NoAnswer::Tls);
        }
        if let Some(answer) = self.malformed(v, trace) {
            return answer;
        }
        if self.has_snippet("http-snippet") {
            return Answer::Unmodelled { what: "`http-snippet` of the controller's ConfigMap".to_owned() };
        }
        let chosen = v.first(&self.hosts.0).map(|at| (self.hosts.0[at], self.hosts.1[at]));
        let (server, name) = match chosen {
            Some((_, Choice::Redirect(at))) => return self.www(v, at, trace),
            Some((id, Choice::Server(at))) => (at, self.exact(id)),
            None => (self.catch_all(), None),
        };
        self.server(v, server, name, https, trace)
    }

    /// `ssl-passthrough`: the connection goes to the Service of `/` as it is, chosen by the name of the handshake.
    fn passed_through(&self, v: &impl Valuation, trace: &mut Trace) -> Option<Answer> {
        let at = v.first(&self.passthrough.0)?;
        let (server, upstream) = self.passthrough.1[at];
        let server = &self.config.servers[server];
        let because = server.passthrough.map(|id| self.config.annotation(id, "ssl-passthrough"));
        trace.step(format!("TLS for `{}` is passed through", server.host), because);
        Some(Answer::Forward(Box::new(Forwarding {
            guards: Vec::new(),
            any_guard: false,
            split: vec![self.share(upstream, 1)],
            target: [Part::RawTarget { strip_slash: false }].into(),
            host: Some([Part::HostHeader].into()),
            headers: Vec::new(),
            response_headers: Vec::new(),
            read_timeout: None,
            error_page: None,
        })))
    }

    fn exact(&self, id: PredicateId) -> Option<&str> {
        match &self.predicates.get(id).test {
            Test::Equals(name) => Some(name),
            Test::Present | Test::Prefix(_) | Test::Suffix(_) | Test::Regex(_) | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => None,
        }
    }

    fn catch_all(&self) -> usize {
        self.config.servers.iter().position(|server| server.host == "_").unwrap_or(0)
    }

    fn certificate_offered(&self, v: &impl Valuation) -> bool {
        let chosen = v.first(&self.hosts.0).map(|at| self.hosts.0[at]);
        self.has_certificate(v, chosen.and_then(|id| self.exact(id)))
    }

    fn has_snippet(&self, key: &str) -> bool {
        self.config.globals.snippets.iter().any(|snippet| snippet.key == key)
    }

    fn malformed(&self, v: &impl Valuation, trace: &mut Trace) -> Option<Answer> {
        let common = &self.common;
        let (status, text) = if v.holds(common.bad_method) {
            (400, "the method is none")
        } else if v.holds(common.too_long) {
            (414, "the request line is longer than a header buffer")
        } else if v.holds(common.bad_target) {
            (400, "the target cannot be read")
        } else if v.holds(common.bad_header) {
            (400, "a header is longer than a header buffer")
        } else if v.holds(common.bad_host) {
            (400, "the Host header is missing or none")
        } else if v.first(&common.unserved_methods).is_some() {
            (405, "nginx serves neither TRACE nor CONNECT")
        } else {
            return None;
        };
        trace.step(text, None);
        Some(self.respond(status))
    }

    /// An answer outside any location.
    fn respond(&self, status: u16) -> Answer {
        Answer::Respond { status, response_headers: self.outer_headers() }
    }

    fn outer_headers(&self) -> HeaderExprs {
        let mut headers: HeaderExprs = vec![("strict-transport-security".to_owned(), None)];
        headers.extend(texts::headers(&self.config.globals.add_headers));
        headers
    }

    fn www(&self, v: &impl Valuation, at: usize, trace: &mut Trace) -> Answer {
        let redirect = &self.config.redirects[at];
        if self.blocked(v, trace) {
            return Answer::Deny { why: Deny::Address, status: 403, response_headers: self.outer_headers() };
        }
        trace.step(
            format!("`{}` redirects to `{}`", redirect.from, redirect.to),
            Some(self.config.annotation(redirect.ingress, "from-to-www-redirect")),
        );
        let location = [
            Part::EffectiveScheme,
            Part::Literal(format!("://{}:", redirect.to)),
            Part::EffectivePort,
            Part::RawTarget { strip_slash: true },
        ];
        Answer::Redirect { status: self.config.globals.redirect_code.value, location: location.into(), response_headers: self.outer_headers() }
    }

    fn blocked(&self, v: &impl Valuation, trace: &mut Trace) -> bool {
        for (list, key) in [(&self.common.blocked_agents, "block-user-agents"), (&self.common.blocked_referers, "block-referers")] {
            if let Some(at) = v.first(list) {
                trace.step(format!("`{key}` refuses it"), self.predicates.get(list[at]).origin.clone());
                return true;
            }
        }
        false
    }

    fn server(&self, v: &impl Valuation, at: usize, name: Option<&str>, https: bool, trace: &mut Trace) -> Answer {
        let server = &self.config.servers[at];
        let created = server.created_by.map(|id| Subject::new(self.config.ingress(id).object, crate::k8s::FieldPath::root()));
        trace.step(format!("server `{}`", server.host), created);
        if https && let Some(answer) = self.client_certificate(v, server, trace) {
            return answer;
        }
        if self.blocked(v, trace) {
            return Answer::Deny { why: Deny::Address, status: 403, response_headers: self.outer_headers() };
        }
        if let Some(found) = &server.client_certificates
            && !found.settings.match_cn.is_empty()
            && !self.subject_matches(v, at)
        {
            trace.step("the subject of the client certificate does not match", Some(self.config.annotation(found.ingress, "auth-tls-match-cn")));
            return Answer::Deny { why: Deny::ClientCertificate, status: 403, response_headers: self.outer_headers() };
        }
        if let Some(ingress) = server.denied {
            trace.step("the host is refused: `auth-tls-secret` is broken", Some(self.config.annotation(ingress, "auth-tls-secret")));
            return Answer::Deny { why: Deny::Broken, status: 403, response_headers: self.outer_headers() };
        }
        if let Some(ingress) = server.snippet {
            trace.step("a snippet of the server decides", Some(self.config.annotation(ingress, "server-snippet")));
            return Answer::Unmodelled { what: "`server-snippet`".to_owned() };
        }
        if let Some((position, ingress)) = server.app_root
            && v.holds(self.common.root)
        {
            trace.step("`app-root` of the host", Some(self.config.annotation(ingress, "app-root")));
            let mut location = vec![Part::Scheme, Part::Literal("://".to_owned()), Part::HostHeader];
            location.extend(texts::variables(&server.locations[position].settings.rewrite.app_root));
            return Answer::Redirect { status: 302, location: TextExpr(location), response_headers: self.outer_headers() };
        }
        if self.has_snippet("server-snippet") {
            return Answer::Unmodelled { what: "`server-snippet` of the controller's ConfigMap".to_owned() };
        }
        match self.find(v, at) {
            Found::Location(position) => self.location(v, at, position, name, https, trace),
            Found::Slash(position) => self.slash(v, at, position, https, trace),
            Found::BuiltIn(BuiltIn::Health) => {
                trace.step("the health check path of the controller", None);
                self.respond(200)
            }
            Found::BuiltIn(BuiltIn::Status) => {
                trace.step("the status page of nginx, for the machine itself", None);
                self.respond(if v.holds(self.common.local) { 200 } else { 403 })
            }
            Found::Nothing => {
                trace.step("no location matches", None);
                Answer::NoRoute { response_headers: self.outer_headers() }
            }
        }
    }

    fn subject_matches(&self, v: &impl Valuation, at: usize) -> bool {
        self.subjects.get(&at).is_none_or(|&id| v.holds(id))
    }

    /// 421 where handshake and Host differ, 400 or a redirect without a valid certificate.
    fn client_certificate(&self, v: &impl Valuation, server: &Server, trace: &mut Trace) -> Option<Answer> {
        let found = server.client_certificates.as_ref().filter(|found| found.settings.ca && found.settings.verify != VerifyClient::Off)?;
        let because = Some(self.config.annotation(found.ingress, "auth-tls-secret"));
        if v.holds(self.common.sni_differs) {
            trace.step("the handshake named another server", because);
            return Some(self.respond(421));
        }
        let present = v.holds(self.common.certificate);
        let untrusted = present && v.holds(self.common.untrusted);
        let refused = match found.settings.verify {
            VerifyClient::On => !present || untrusted,
            VerifyClient::Optional => untrusted,
            VerifyClient::Off | VerifyClient::OptionalNoCa => false,
        };
        if !refused {
            return None;
        }
        trace.step("no valid client certificate", because);
        let page = found.settings.error_page.as_str();
        if page.is_empty() {
            return Some(Answer::Deny { why: Deny::ClientCertificate, status: 400, response_headers: self.outer_headers() });
        }
        if page.starts_with("http://") || page.starts_with("https://") {
            return Some(Answer::Redirect { status: 302, location: TextExpr::literal(page), response_headers: self.outer_headers() });
        }
        Some(Answer::Unmodelled { what: "`auth-tls-error-page` inside the host".to_owned() })
    }

    fn find(&self, v: &impl Valuation, at: usize) -> Found {
        let paths = &self.paths[at];
        if let Some(found) = v.first(&paths.first.0) {
            return Found::Location(paths.first.1[found]);
        }
        if let Some(found) = v.first(&paths.slash.0) {
            return Found::Slash(paths.slash.1[found]);
        }
        match v.first(&paths.prefixes.0).map(|found| paths.prefixes.1[found]) {
            Some(Place::Location(found)) => Found::Location(found),
            Some(Place::BuiltIn(found)) => Found::BuiltIn(found),
            None => Found::Nothing,
        }
    }

    fn here(&self, at: usize, position: usize, https: bool) -> Here<'_> {
        let server = &self.config.servers[at];
        Here { server, location: &server.locations[position], asked: &self.asked[at][position], https, cors: false }
    }

    /// Headers of answers from a location.
    fn headers(&self, here: &Here<'_>) -> HeaderExprs {
        let globals = &self.config.globals;
        let hsts = globals.hsts.header().filter(|_| here.https);
        let mut headers: HeaderExprs = vec![("strict-transport-security".to_owned(), hsts.map(TextExpr::literal))];
        headers.extend(texts::headers(&globals.add_headers));
        if here.settings().denied.is_none() {
            if let Some(custom) = &here.settings().custom_headers {
                headers.extend(custom.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), Some(TextExpr::literal(value.as_str())))));
            }
            if here.cors {
                headers.extend(texts::cors(here.settings()));
            }
        }
        headers
    }

    /// An answer of nginx itself, which an error page may replace.
    fn own(&self, here: &Here<'_>, status: u16) -> Answer {
        let answer = match status {
            401 => Answer::Deny { why: Deny::Credentials, status, response_headers: self.headers(here) },
            403 => Answer::Deny { why: Deny::Address, status, response_headers: self.headers(here) },
            _ => Answer::Respond { status, response_headers: self.headers(here) },
        };
        match self.error_page(here) {
            Some(page) if page.codes.contains(&status) => *page.answer,
            Some(_) | None => answer,
        }
    }

    /// Who answers errors here. A location with `error_page` of its own, or below a server with one, does not inherit those of the ConfigMap.
    fn error_page(&self, here: &Here<'_>) -> Option<ErrorPage> {
        let ErrorPages { codes, intercept_disabled } = &here.settings().errors;
        let globals = &self.config.globals;
        let own = matches!(codes.given, Given::Annotation(_));
        let shadowed = || {
            let signin = here.settings().denied.is_none()
                && !here.location.no_auth
                && self.external_auth(here).is_some_and(|auth| !auth.signin.is_empty());
            let page = here.server.client_certificates.as_ref().is_some_and(|found| found.settings.ca && !found.settings.error_page.is_empty());
            signin || page
        };
        // A denied location has no directives of its own.
        let own = own && here.settings().denied.is_none();
        let codes = if own { codes.value.clone() } else { globals.errors.codes.clone() };
        if codes.is_empty() || (!own && shadowed()) || here.location.replaced.is_some() {
            return None;
        }
        let intercepts = (own && !intercept_disabled.value) || (!globals.errors.codes.is_empty() && !globals.errors.intercept_disabled);
        let backend = here.location.error_backend.filter(|_| own).unwrap_or(Config::DEFAULT_BACKEND);
        Some(ErrorPage { codes, intercepts, answer: Box::new(self.error_answer(backend)) })
    }

    fn error_answer(&self, backend: super::UpstreamId) -> Answer {
        let response_headers = self.outer_headers();
        let Some(label) = self.config.upstream(backend).label() else {
            let status = self.built_in_status();
            return if status == 404 { Answer::NoRoute { response_headers } } else { Answer::Respond { status, response_headers } };
        };
        Answer::Forward(Box::new(Forwarding {
            guards: Vec::new(),
            any_guard: false,
            split: vec![Share { backend: Some(label), weight: 1, status: None }],
            target: [Part::Path(PathExpr::Fixed("/".to_owned())), Part::Query].into(),
            host: Some([Part::ForwardedHost].into()),
            headers: Vec::new(),
            response_headers,
            read_timeout: None,
            error_page: None,
        }))
    }

    /// The built-in server inherits the error pages of the ConfigMap, but has no page for them.
    fn built_in_status(&self) -> u16 {
        if self.config.globals.errors.codes.contains(&404) { 500 } else { 404 }
    }

    fn slash(&self, v: &impl Valuation, at: usize, position: usize, https: bool, trace: &mut Trace) -> Answer {
        let here = self.here(at, position, https);
        trace.step(format!("location `{}` is reached with its slash", here.location.path), origin(here.location));
        if here.asked.body.is_some_and(|id| v.holds(id)) {
            trace.step("the body is longer than `proxy-body-size`", None);
            return self.own(&here, 413);
        }
        let path = Part::Path(PathExpr::Fixed(super::uri::escape_path(here.location.path.as_bytes())));
        let location = self.absolute(&here, vec![path, Part::Query]);
        Answer::Redirect { status: 301, location, response_headers: self.headers(&here) }
    }

    /// `absolute_redirect` and `port_in_redirect`; 80 and 443 are never written.
    fn absolute(&self, here: &Here<'_>, parts: Vec<Part>) -> TextExpr {
        if here.settings().redirect.relative.value {
            return TextExpr(parts);
        }
        let mut all = vec![Part::Scheme, Part::Literal("://".to_owned()), Part::Host];
        let flags = &self.config.globals.flags;
        let port = if here.https { flags.https_port } else { flags.http_port };
        if here.settings().rewrite.use_port_in_redirects.value && ![80, 443].contains(&port) {
            all.push(Part::Literal(format!(":{port}")));
        }
        all.extend(parts);
        TextExpr(all)
    }

    fn location(&self, v: &impl Valuation, at: usize, position: usize, name: Option<&str>, https: bool, trace: &mut Trace) -> Answer {
        let mut here = self.here(at, position, https);
        trace.step(texts::location(here.location), origin(here.location));
        if here.asked.body.is_some_and(|id| v.holds(id)) {
            trace.step("the body is longer than `proxy-body-size`", None);
            return self.own(&here, 413);
        }
        if let Some(denied) = &here.settings().denied {
            let because = here.location.origin.as_ref().map(|origin| self.config.annotation(origin.ingress, denied.annotation));
            trace.step(format!("the location is denied: {}", denied.why), because);
            return self.own(&here, 503);
        }
        here.cors = self.allows_origin(v, &here);
        if here.cors && v.holds(self.common.options) {
            trace.step("a CORS preflight", self.annotation(&here, "enable-cors"));
            return Answer::Respond { status: 204, response_headers: self.headers(&here) };
        }
        if here.settings().snippets.as_ref().is_some_and(|snippets| !snippets.configuration.is_empty()) {
            trace.step("a snippet of the location decides", self.annotation(&here, "configuration-snippet"));
            return Answer::Unmodelled { what: "`configuration-snippet`".to_owned() };
        }
        if self.has_snippet("location-snippet") {
            return Answer::Unmodelled { what: "`location-snippet` of the controller's ConfigMap".to_owned() };
        }
        if let Some(answer) = self.fixed_redirect(&here, trace) {
            return answer;
        }
        let target = match self.rewritten(v, &here, trace) {
            Ok(target) => target,
            Err(answer) => return answer,
        };
        if let Some(answer) = self.https_redirect(v, &here, name, trace) {
            return answer;
        }
        self.backend(v, &here, target, trace)
    }

    fn annotation(&self, here: &Here<'_>, name: &str) -> Option<Subject> {
        here.location.origin.as_ref().map(|origin| self.config.annotation(origin.ingress, name))
    }

    fn allows_origin(&self, v: &impl Valuation, here: &Here<'_>) -> bool {
        let Some(cors) = &here.settings().cors else { return false };
        cors.origins == ["*"] || here.asked.origin.is_some_and(|id| v.holds(id))
    }

    fn fixed_redirect(&self, here: &Here<'_>, trace: &mut Trace) -> Option<Answer> {
        let fixed = here.settings().redirect.fixed.as_ref()?;
        trace.step(format!("`{}`", fixed.annotation), self.annotation(here, fixed.annotation));
        let response_headers = self.headers(here);
        // Other codes make `return` send the URL as text.
        if ![301, 302, 303, 307, 308].contains(&fixed.status) {
            return Some(Answer::Respond { status: fixed.status, response_headers });
        }
        let parts = texts::variables(&fixed.url);
        let location = if fixed.url.starts_with('/') { self.absolute(here, parts) } else { TextExpr(parts) };
        Some(Answer::Redirect { status: fixed.status, location, response_headers })
    }

    /// The target sent upstream, or a redirect by `rewrite-target`.
    fn rewritten(&self, v: &impl Valuation, here: &Here<'_>, trace: &mut Trace) -> Result<TextExpr, Answer> {
        let same = || Ok([Part::RawTarget { strip_slash: false }].into());
        let Some(regex) = here.asked.rewrite.filter(|&id| v.holds(id)) else { return same() };
        let text = here.settings().rewrite.target.as_str();
        trace.step(format!("rewritten to `{text}`"), self.annotation(here, "rewrite-target"));
        let (path, args) = text.split_once('?').map_or((text, None), |(path, args)| (path, Some(args)));
        if ["http://", "https://", "$scheme"].iter().any(|scheme| text.starts_with(scheme)) {
            let template = texts::pieces(text, &self.groups);
            let query = if args.is_some() { Part::MoreQuery } else { Part::Query };
            let location = [Part::Redirected { regex, template }, query].into();
            return Err(Answer::Redirect { status: 302, location, response_headers: self.headers(here) });
        }
        let mut parts = vec![Part::Path(PathExpr::Captures { regex, template: texts::pieces(path, &self.groups) })];
        match args {
            None => parts.push(Part::Query),
            Some(args) => {
                parts.push(Part::Literal("?".to_owned()));
                parts.push(Part::Redirected { regex, template: texts::pieces(args, &self.groups) });
                parts.push(Part::MoreQuery);
            }
        }
        Ok(TextExpr(parts))
    }

    fn https_redirect(&self, v: &impl Valuation, here: &Here<'_>, name: Option<&str>, trace: &mut Trace) -> Option<Answer> {
        let rewrite = &here.settings().rewrite;
        if here.location.no_tls_redirect || !v.holds(self.common.effective_http) {
            return None;
        }
        let because = if rewrite.force_ssl_redirect.value {
            self.annotation(here, "force-ssl-redirect")
        } else if rewrite.ssl_redirect.value && !self.dynamic && self.has_certificate(v, name) {
            here.server.tls.as_ref().and_then(|tls| tls.because.clone())
        } else {
            return None;
        };
        trace.step("redirected to HTTPS", because);
        let mut location = vec![Part::Literal("https://".to_owned()), Part::ForwardedHostName];
        if rewrite.use_port_in_redirects.value {
            location.push(Part::Literal(format!(":{}", self.config.globals.flags.https_port)));
        }
        location.push(Part::RawTarget { strip_slash: !rewrite.preserve_trailing_slash.value });
        let status = self.config.globals.redirect_code.value;
        Some(Answer::Redirect { status, location: TextExpr(location), response_headers: self.headers(here) })
    }

    fn backend(&self, v: &impl Valuation, here: &Here<'_>, target: TextExpr, trace: &mut Trace) -> Answer {
        let upstream = match here.location.target {
            Target::Upstream(id) => Some(id),
            Target::Default => Some(Config::DEFAULT_BACKEND),
            Target::Gone => None,
        };
        let Some(id) = upstream.filter(|&id| self.config.upstream(id).serves() && !self.dynamic) else {
            trace.step("the Service has no endpoints", origin(here.location));
            return self.own(here, 503);
        };
        let split = match self.split(v, id, trace) {
            Ok(split) => split,
            Err(what) => return Answer::Unmodelled { what },
        };
        let (guards, any_guard) = match self.access(v, here, trace) {
            Ok(guards) => guards,
            Err(answer) => return *answer,
        };
        if here.settings().modsecurity.enabled {
            return Answer::Unmodelled { what: "ModSecurity".to_owned() };
        }
        let protocol = if id == Config::DEFAULT_BACKEND { BackendProtocolOf::Http } else { BackendProtocolOf::of(here.settings()) };
        let (host, headers) = self.sent(here, protocol);
        let mut response_headers = self.headers(here);
        let redirect = &here.settings().proxy.redirect;
        if redirect.from.value != "off" {
            let (from, to) = (redirect.from.value.clone(), redirect.to.value.clone());
            response_headers.push(("location".to_owned(), Some([Part::BackendLocation { from, to }].into())));
        }
        Answer::Forward(Box::new(Forwarding {
            guards,
            any_guard,
            split,
            target,
            host,
            headers,
            response_headers,
            read_timeout: u64::try_from(here.settings().proxy.timeouts.read.value).ok(),
            error_page: self.error_page(here),
        }))
    }

    fn share(&self, id: super::UpstreamId, weight: u64) -> Share {
        match self.config.upstream(id).label() {
            Some(label) => Share { backend: Some(label), weight, status: None },
            None => Share { backend: None, weight, status: Some(self.built_in_status()) },
        }
    }

    /// `route_to_alternative_balancer`: affinity, header, cookie, weight.
    fn split(&self, v: &impl Valuation, primary: super::UpstreamId, trace: &mut Trace) -> Result<Vec<Share>, String> {
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

    fn external_auth<'s>(&'s self, here: &'s Here<'_>) -> Option<&'s super::settings::ExternalAuth> {
        let settings = here.settings();
        match &settings.external_auth {
            Some(auth) => Some(auth),
            None => self.config.globals.external_auth.as_ref().filter(|_| settings.global_auth.value),
        }
    }

    /// Address lists, and who is asked before the request is passed on.
    fn access(&self, v: &impl Valuation, here: &Here<'_>, trace: &mut Trace) -> Result<(Vec<Guard>, bool), Box<Answer>> {
        let settings = here.settings();
        let mut guards = Vec::new();
        if settings.limits.as_ref().is_some_and(|limits| limits.refuses()) {
            guards.push(Guard::Rate { status: self.config.globals.limit_request_status });
        }
        let asked = here.asked;
        let lists = asked.allow.is_some() || asked.deny.is_some();
        let refused = if asked.deny.is_some_and(|id| v.holds(id)) {
            Some("denylist-source-range")
        } else if asked.allow.is_some_and(|id| !v.holds(id)) {
            Some("allowlist-source-range")
        } else if !lists && self.common.blocked.is_some_and(|id| v.holds(id)) {
            Some("block-cidrs")
        } else {
            None
        };
        let asks = guards.len();
        if !here.location.no_auth {
            if let Some(auth) = settings.basic_auth.as_ref().filter(|auth| auth.protects()) {
                guards.push(Guard::Password { secret: auth.secret.clone(), digest: auth.kind != BasicKind::Basic, realm: auth.realm.clone() });
            }
            if let Some(auth) = self.external_auth(here) {
                guards.push(texts::service(auth));
            }
        }
        let any = settings.addresses.satisfy == Satisfy::Any;
        let has_guard = guards.len() > asks;
        match refused {
            Some(list) if !any || !has_guard => {
                trace.step(format!("`{list}` refuses the address"), self.annotation(here, list));
                Err(Box::new(self.own(here, 403)))
            }
            Some(_) => Ok((guards, true)),
            None if any && (lists || self.common.blocked.is_some()) => {
                guards.truncate(asks);
                Ok((guards, false))
            }
            None => Ok((guards, any)),
        }
    }

    /// Host and headers sent upstream.
    fn sent(&self, here: &Here<'_>, protocol: BackendProtocolOf) -> (Option<TextExpr>, HeaderExprs) {
        let settings = here.settings();
        let globals = &self.config.globals;
        match protocol {
            BackendProtocolOf::Http => {}
            BackendProtocolOf::WithoutHeaders => return (Some(TextExpr::literal("upstream_balancer")), Vec::new()),
            BackendProtocolOf::Fcgi => return (Some([Part::HostHeader].into()), Vec::new()),
        }
        let host = if settings.upstream_host.is_empty() {
            [Part::ForwardedHost].into()
        } else {
            TextExpr(texts::variables(&settings.upstream_host))
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
        let added = &globals.proxy_set_headers;
        headers.retain(|(name, _)| !added.keys().any(|key| key.eq_ignore_ascii_case(name)));
        (Some(host), headers)
    }
}

fn origin(location: &Location) -> Option<Subject> {
    location.origin.as_ref().map(|origin| origin.subject.clone())
}
