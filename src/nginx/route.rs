//! What nginx answers, phase by phase, written once for concrete requests and for whole classes of them.

use std::cell::Cell;

use super::{
    Location, Router, Server, Settings, Target,
    code::{Levels, State},
    errors::{self, Outside},
    router::{Asked, BuiltIn, Choice, Place},
    settings::VerifyClient,
    texts,
    view::View,
};
use crate::{
    k8s::{NamespacedName, Subject},
    request::{
        Answer, Deny, Forwarding, HeaderExprs, HeaderOperation, HeaderRule, NoAnswer, Part, PathExpr, PredicateId, Request, Ruling, Speech,
        Statuses, Step, Test, TextExpr, Valuation,
    },
};

/// Statuses of nginx itself that are shown as 400, by which error pages are looked up.
const HEADER_TOO_LARGE: u16 = 494;
const BAD_CERTIFICATE: u16 = 495;
const NO_CERTIFICATE: u16 = 496;

/// Steps of one walk through the phases.
#[derive(Default)]
pub(super) struct Trace(Vec<Step>);

impl Trace {
    pub(super) fn step(&mut self, text: impl Into<String>, because: Option<Subject>) {
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
pub(super) struct Here<'s> {
    pub(super) server: &'s Server,
    pub(super) location: &'s Location,
    pub(super) asked: &'s Asked,
    pub(super) https: bool,
    /// The script of the location was begun, so that its variables have values.
    pub(super) scripted: bool,
    /// CORS headers are added.
    pub(super) cors: bool,
    /// Blocks of snippets that hold here.
    pub(super) levels: Levels<'s>,
    /// What snippets did to the request.
    pub(super) state: State,
    /// The target that a snippet chose.
    pub(super) upstream: Option<Target>,
    /// An error page took the place of the answer.
    pub(super) replaced: Cell<bool>,
}

impl Here<'_> {
    pub(super) fn settings(&self) -> &Settings {
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
        let down = self.config.refusals.iter().find(|refusal| refusal.kind.is_down());
        if let Some(refusal) = down {
            trace.step(format!("nothing listens: {}", refusal.message), refusal.subjects.first().cloned());
            return Answer::NoAnswer(NoAnswer::Refused);
        }
        let https = v.holds(self.common.https);
        if https && let Some(answer) = self.passed_through(v, trace) {
            return answer;
        }
        if https && self.taken.as_ref().is_some_and(|names| v.first(names).is_none()) {
            trace.step("no server takes the name of the handshake, and `ssl-reject-handshake` ends it", None);
            return Answer::NoAnswer(NoAnswer::Tls);
        }
        if let Some(answer) = self.malformed(v, trace) {
            return answer;
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
        let Some(upstream) = upstream else {
            trace.step("nobody is behind its path `/`", None);
            return Some(Answer::NoAnswer(NoAnswer::Tls));
        };
        Some(Answer::Forward(Box::new(Forwarding::stream(vec![self.share(upstream, 1)], Speech::Passthrough))))
    }

    /// A Secret on which the answer depends and which was only assumed to exist: without it nginx refuses everybody.
    pub fn assumed_secret(&self, request: &Request) -> Option<&NamespacedName> {
        let view = View::new(self, request);
        let at = match view.first(&self.hosts.0).map(|at| self.hosts.1[at]) {
            Some(Choice::Redirect(_)) => return None,
            Some(Choice::Server(at)) => at,
            None => self.catch_all(),
        };
        let server = &self.config.servers[at];
        let of_host = server.client_certificates.as_ref().filter(|found| found.settings.assumed).map(|found| &found.secret);
        // A canary has no server of its own: where its host has none either, its broken Secret closes the one for every other host.
        let strays = self.config.ingresses.iter().filter(|ingress| server.host == "_" && ingress.settings.is_canary());
        let stray =
            strays.filter_map(|ingress| ingress.settings.auth_tls.as_deref()).find(|found| found.assumed).map(|found| &found.secret);
        let of_location = || {
            let coded = self.code.as_ref().is_some_and(|code| code.tree(at).is_some());
            // The redirect of `app-root` comes before its location is asked.
            if !coded && server.app_root.is_some() && view.holds(self.common.root) {
                return None;
            }
            let (Found::Location(position) | Found::Slash(position)) = self.find(&view, at) else { return None };
            let basic = server.locations[position].settings.basic_auth.as_deref();
            basic.filter(|basic| basic.assumed).map(|basic| &basic.secret)
        };
        of_host.or(stray).or_else(of_location)
    }

    fn exact(&self, id: PredicateId) -> Option<&str> {
        match &self.predicates.get(id).test {
            Test::Equals(name) => Some(name),
            Test::Present
            | Test::Prefix(_)
            | Test::Suffix(_)
            | Test::Regex(_)
            | Test::InNetworks(_)
            | Test::Above(_)
            | Test::Malformed(_) => None,
        }
    }

    pub(super) fn catch_all(&self) -> usize {
        self.config.position("_").unwrap_or(0)
    }

    pub(super) fn has_snippet(&self, key: &str) -> bool {
        self.config.globals.snippets.iter().any(|snippet| snippet.key == key)
    }

    fn malformed(&self, v: &impl Valuation, trace: &mut Trace) -> Option<Answer> {
        let common = &self.common;
        let server = Outside::Server(&self.config.servers[self.catch_all()]);
        let (outside, looked_up, status, text) = if v.holds(common.bad_method) {
            (Outside::Unreachable, 400, 400, "the method is none")
        } else if v.holds(common.too_long) {
            (Outside::Unreachable, 414, 414, "the request line is longer than a header buffer")
        } else if v.holds(common.bad_target) {
            (Outside::Unreachable, 400, 400, "the target cannot be read")
        } else if v.holds(common.bad_version) {
            (Outside::Unreachable, 505, 505, "the version of HTTP is not spoken")
        } else if v.holds(common.bad_header) {
            (server, HEADER_TOO_LARGE, 400, "the headers do not fit into the header buffers")
        } else if v.holds(common.bad_header_name) {
            (server, 400, 400, "a header is none, or says in two ways where the request goes or ends")
        } else if v.holds(common.bad_host) {
            (server, 400, 400, "the Host header is missing or none")
        } else if v.holds(common.bad_encoding) {
            (server, 501, 501, "nginx reads no other encoding of bodies than `chunked`")
        } else if v.first(&common.unserved_methods).is_some() {
            (server, 405, 405, "nginx serves neither TRACE nor CONNECT")
        } else {
            return None;
        };
        trace.step(text, None);
        Some(self.outside(v, outside, looked_up, self.respond(status)))
    }

    /// An answer outside any location.
    fn respond(&self, status: u16) -> Answer {
        Answer::Respond { status, response_headers: self.outer_headers() }
    }

    /// 403 outside any location, from `return` without a text.
    fn forbidden(&self, v: &impl Valuation, outside: Outside<'_>, why: Deny) -> Answer {
        self.outside(v, outside, 403, Answer::Deny { why, status: 403, response_headers: self.outer_headers() })
    }

    pub(super) fn outer_headers(&self) -> HeaderExprs {
        let mut headers: HeaderExprs = vec![("strict-transport-security".to_owned(), None)];
        texts::set(&mut headers, texts::headers(&self.config.globals.add_headers));
        headers
    }

    /// Headers that `add-headers` takes away, even those of backends.
    pub(super) fn cleared(&self, headers: &HeaderExprs) -> Vec<HeaderRule> {
        let emptied = self.config.globals.add_headers.iter().filter(|(_, value)| value.is_empty());
        let names = emptied.map(|(name, _)| name.to_ascii_lowercase());
        let gone = names.filter(|name| headers.iter().any(|(known, value)| known == name && value.is_none()));
        gone.map(|name| HeaderRule { name, operation: HeaderOperation::Remove, statuses: Statuses::All }).collect()
    }

    fn www(&self, v: &impl Valuation, at: usize, trace: &mut Trace) -> Answer {
        let redirect = &self.config.redirects[at];
        if self.blocked(v, trace) {
            return self.forbidden(v, Outside::Unreachable, Deny::Address);
        }
        trace.step(
            format!("`{}` redirects to `{}`", redirect.from, redirect.to),
            Some(self.config.annotation(redirect.ingress, "from-to-www-redirect")),
        );
        let location = [
            Part::EffectiveScheme,
            Part::Literal(format!("://{}:", redirect.to)),
            self.told_port(v),
            Part::RawTarget { strip_slash: true },
        ];
        let status = self.config.globals.redirect_code.value;
        let answer = Answer::Redirect { status, location: location.into(), response_headers: self.outer_headers() };
        self.outside(v, Outside::Unreachable, status, answer)
    }

    /// Port of the connection as nginx has it, or as a trusted proxy in front tells it.
    fn told_port(&self, v: &impl Valuation) -> Part {
        let globals = &self.config.globals;
        if globals.flags.ssl_passthrough && !*globals.forwarded.trusted && v.holds(self.common.https) {
            return Part::Literal(globals.flags.tls_port().to_string());
        }
        Part::EffectivePort
    }

    fn blocked(&self, v: &impl Valuation, trace: &mut Trace) -> bool {
        for (list, key) in [(&self.common.blocked_agents, "block-user-agents"), (&self.common.blocked_referers, "block-referers")] {
            if let Some(id) = list.found(v) {
                trace.step(format!("`{key}` refuses it"), self.predicates.get(id).origin.clone());
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
            return self.forbidden(v, Outside::Server(server), Deny::Address);
        }
        if let Some(found) = &server.client_certificates
            && !found.settings.match_cn.is_empty()
            && !self.subject_matches(v, at)
        {
            trace.step(
                "the subject of the client certificate does not match",
                Some(self.config.annotation(found.ingress, "auth-tls-match-cn")),
            );
            return Answer::Deny { why: Deny::ClientCertificate, status: 403, response_headers: self.outer_headers() };
        }
        if let Some(ingress) = server.denied {
            trace.step("the host is refused: `auth-tls-secret` is broken", Some(self.config.annotation(ingress, "auth-tls-secret")));
            return self.forbidden(v, Outside::Server(server), Deny::Broken);
        }
        if let Some(tree) = self.code.as_ref().and_then(|code| code.tree(at)) {
            return self.coded(v, (at, tree), name, https, trace);
        }
        if let Some((position, ingress)) = server.app_root
            && v.holds(self.common.root)
        {
            trace.step("`app-root` of the host", Some(self.config.annotation(ingress, "app-root")));
            let mut location = vec![Part::Scheme, Part::Literal("://".to_owned()), Part::HostHeader];
            location.extend(Self::text_of_server(server, &server.locations[position].settings.rewrite.app_root));
            let answer = Answer::Redirect { status: 302, location: TextExpr(location), response_headers: self.outer_headers() };
            return self.outside(v, Outside::Server(server), 302, answer);
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
                if v.holds(self.common.local) {
                    self.respond(200)
                } else {
                    self.outside(v, Outside::Server(server), 403, self.respond(403))
                }
            }
            Found::Nothing => {
                trace.step("no location matches", None);
                self.outside(v, Outside::Server(server), 404, Answer::NoRoute { response_headers: self.outer_headers() })
            }
        }
    }

    fn subject_matches(&self, v: &impl Valuation, at: usize) -> bool {
        self.subjects.get(&at).is_none_or(|&id| v.holds(id))
    }

    /// 421 where handshake and Host differ, 400 or a redirect without a valid certificate.
    fn client_certificate(&self, v: &impl Valuation, server: &Server, trace: &mut Trace) -> Option<Answer> {
        let found = server.client_certificates.as_ref().filter(|found| found.are_asked())?;
        let because = Some(self.config.annotation(found.ingress, "auth-tls-secret"));
        if v.holds(self.common.sni_differs) {
            trace.step("the handshake named another server", because);
            return Some(self.outside(v, Outside::Server(server), 421, self.respond(421)));
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
            let looked_up = if present { BAD_CERTIFICATE } else { NO_CERTIFICATE };
            let answer = Answer::Deny { why: Deny::ClientCertificate, status: 400, response_headers: self.outer_headers() };
            return Some(self.outside(v, Outside::Server(server), looked_up, answer));
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

    pub(super) fn here(&self, at: usize, position: usize, https: bool) -> Here<'_> {
        let server = &self.config.servers[at];
        Here {
            server,
            location: &server.locations[position],
            asked: &self.asked[at][position],
            https,
            scripted: false,
            cors: false,
            levels: Levels::default(),
            state: State::default(),
            upstream: None,
            replaced: Cell::new(false),
        }
    }

    /// Headers of answers from a location: `more_set_headers` of the location replaces that around it, `if` of CORS that of the location, and
    /// all of them what Lua set (the module comes before that of Lua, so that its filter runs later).
    pub(super) fn headers(&self, here: &Here<'_>) -> HeaderExprs {
        let globals = &self.config.globals;
        let hsts = globals.hsts.header().filter(|_| here.https);
        let mut headers: HeaderExprs = vec![("strict-transport-security".to_owned(), hsts.map(TextExpr::literal))];
        texts::set(&mut headers, texts::headers(&globals.add_headers));
        if here.settings().denied.is_none() {
            texts::set(&mut headers, texts::custom(here.settings()));
            if here.cors {
                texts::set(&mut headers, texts::cors(here.settings()));
            }
        }
        headers
    }

    /// An answer of nginx itself, which an error page may replace.
    pub(super) fn own(&self, v: &impl Valuation, here: &Here<'_>, status: u16) -> Answer {
        let answer = match status {
            401 => Answer::Deny { why: Deny::Credentials, status, response_headers: self.headers(here) },
            403 => Answer::Deny { why: Deny::Address, status, response_headers: self.headers(here) },
            _ => Answer::Respond { status, response_headers: self.headers(here) },
        };
        self.instead(v, here, status, answer)
    }

    fn slash(&self, v: &impl Valuation, at: usize, position: usize, https: bool, trace: &mut Trace) -> Answer {
        let here = self.here(at, position, https);
        trace.step(format!("location `{}` is reached with its slash", here.location.path), origin(here.location));
        if here.asked.body.is_some_and(|id| v.holds(id)) {
            trace.step("the body is longer than `proxy-body-size`", None);
            return self.own(v, &here, 413);
        }
        let path = Part::Path(PathExpr::Fixed(super::uri::escape_path(here.location.path.as_bytes())));
        let location = self.absolute(&here, vec![path, Part::Query]);
        self.redirect(v, &here, 301, location)
    }

    /// A redirect from a location, which an error page may replace.
    pub(super) fn redirect(&self, v: &impl Valuation, here: &Here<'_>, status: u16, location: TextExpr) -> Answer {
        self.instead(v, here, status, Answer::Redirect { status, location, response_headers: self.headers(here) })
    }

    fn instead(&self, v: &impl Valuation, here: &Here<'_>, status: u16, answer: Answer) -> Answer {
        match self.error_page(v, here) {
            Some(page) if page.codes.contains(&status) => {
                here.replaced.set(true);
                errors::with_location_of(answer, *page.answer)
            }
            Some(_) | None => answer,
        }
    }

    /// `absolute_redirect` and `port_in_redirect`; 80 and 443 are never written.
    pub(super) fn absolute(&self, here: &Here<'_>, parts: Vec<Part>) -> TextExpr {
        if here.settings().redirect.relative.value {
            return TextExpr(parts);
        }
        self.completed(here.https, here.settings().rewrite.use_port_in_redirects.value, parts)
    }

    /// A path with the scheme and the host before it.
    pub(in crate::nginx) fn completed(&self, https: bool, with_port: bool, parts: Vec<Part>) -> TextExpr {
        let mut all = vec![Part::Scheme, Part::Literal("://".to_owned()), Part::Host];
        let flags = &self.config.globals.flags;
        let port = if https { flags.tls_port() } else { flags.http_port };
        if with_port && ![80, 443].contains(&port) {
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
            return self.own(v, &here, 413);
        }
        here.scripted = true;
        if let Some(denied) = &here.settings().denied {
            let because = here.location.origin.as_ref().map(|origin| self.config.annotation(origin.ingress, denied.annotation));
            trace.step(format!("the location is denied: {}", denied.why), because);
            return self.own(v, &here, 503);
        }
        here.cors = allows_origin(v, &here);
        if here.cors && v.holds(self.common.options) {
            trace.step("a CORS preflight", self.annotation(&here, "enable-cors"));
            return Answer::Respond { status: 204, response_headers: self.headers(&here) };
        }
        if let Some(answer) = self.fixed_redirect(v, &here, trace) {
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

    pub(super) fn annotation(&self, here: &Here<'_>, name: &str) -> Option<Subject> {
        here.location.origin.as_ref().map(|origin| self.config.annotation(origin.ingress, name))
    }

    pub(super) fn fixed_redirect(&self, v: &impl Valuation, here: &Here<'_>, trace: &mut Trace) -> Option<Answer> {
        let fixed = here.settings().redirect.fixed.as_ref()?;
        trace.step(format!("`{}`", fixed.annotation), self.annotation(here, fixed.annotation));
        // Other codes make `return` send the URL as text.
        if ![301, 302, 303, 307, 308].contains(&fixed.status) {
            return Some(Answer::Respond { status: fixed.status, response_headers: self.headers(here) });
        }
        let parts = self.text_of_script(v, here, &fixed.url);
        let location = if fixed.url.starts_with('/') { self.absolute(here, parts) } else { TextExpr(parts) };
        Some(self.redirect(v, here, fixed.status, location))
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
            return Err(self.redirect(v, here, 302, location));
        }
        let mut parts = vec![Part::Path(PathExpr::Captures { regex, template: texts::pieces(path, &self.groups) })];
        // It ends there, before anybody is asked or redirected, and no page is found for it.
        if v.known(&TextExpr(parts.clone())).is_some_and(|path| path.is_empty()) {
            trace.step("the rewritten path is empty", self.annotation(here, "rewrite-target"));
            return Err(Answer::Respond { status: 500, response_headers: self.headers(here) });
        }
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

    pub(super) fn https_redirect(&self, v: &impl Valuation, here: &Here<'_>, name: Option<&str>, trace: &mut Trace) -> Option<Answer> {
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
        Some(self.redirect(v, here, status, TextExpr(location)))
    }
}

pub(super) fn allows_origin(v: &impl Valuation, here: &Here<'_>) -> bool {
    let Some(cors) = &here.settings().cors else { return false };
    cors.origins == ["*"] || here.asked.origin.is_some_and(|id| v.holds(id))
}

pub(super) fn origin(location: &Location) -> Option<Subject> {
    location.origin.as_ref().map(|origin| origin.subject.clone())
}
