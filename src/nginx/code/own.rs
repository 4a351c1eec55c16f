//! Locations that snippets write, and backends that they name.

use super::{
    Directive, Levels, Listed, Reach, State, Text,
    location::{Next, Visit, plain},
    run::Script,
    state::Known,
    tree::Kind,
    values::{Site, Values},
};
use crate::{
    nginx::{
        Router,
        route::{Here, Trace},
        router::BuiltIn,
        texts,
    },
    request::{Answer, Field, Forwarding, Guard, HeaderExprs, Part, PathExpr, Share, Test, TextExpr, Valuation},
};

/// Seconds that nginx waits for a silent backend.
const READ_TIMEOUT: u64 = 60;

/// A URL of `proxy_pass`.
struct Url {
    backend: String,
    /// Host that is sent unless something else is said.
    host: String,
    /// Path and query, where it has any.
    uri: Option<String>,
}

impl Router<'_> {
    /// The server itself, a location of a snippet, or one that the controller adds.
    pub(super) fn at_node(
        &self,
        v: &impl Valuation,
        visit: &Visit<'_, '_>,
        node: usize,
        state: &mut State,
        trace: &mut Trace,
    ) -> Known<Next> {
        let tree = visit.tree;
        let inside = match tree.nodes[node].kind {
            Kind::Snippet(inside) => inside,
            Kind::Server | Kind::Controller(_) | Kind::BuiltIn(_) => None,
        };
        let mut levels = Levels::new(tree.levels(node), None);
        let base = self.base_headers(visit, inside);
        let finish = |answer: Answer, levels: &Levels<'_>, state: &State| {
            let answer = with_base(answer, &base);
            Ok(Next::Answer(self.dressed(v, answer, levels, state)))
        };
        match tree.nodes[node].kind {
            Kind::Server | Kind::Controller(_) => {
                trace.step("no location matches", None);
                return finish(plain(404, Vec::new()), &levels, state);
            }
            Kind::BuiltIn(BuiltIn::Health) => {
                trace.step("the health check path of the controller", None);
                return finish(plain(200, Vec::new()), &levels, state);
            }
            Kind::BuiltIn(BuiltIn::Status) => {
                trace.step("the status page of nginx, for the machine itself", None);
                return finish(plain(if v.holds(self.common.local) { 200 } else { 403 }, Vec::new()), &levels, state);
            }
            Kind::Snippet(_) => {}
        }
        trace.step(format!("location `{}` of a snippet", tree.nodes[node].path), None);
        if let Some(what) = levels.unmodelled(Reach::All) {
            return Err(what.to_owned());
        }
        if state.is_original() && levels.last().any(|line| line.directive == Directive::Internal) {
            return finish(self.own_outside(404, false, &levels)?, &levels, state);
        }
        if self.body_is_too_long(v, visit, inside, &levels) {
            trace.step("the body is too long", None);
            return finish(self.own_outside(413, false, &levels)?, &levels, state);
        }
        let blocks = &tree.nodes[node].blocks;
        match self.excepted(v, &levels)? {
            Some(block) => levels.push(block),
            None => {
                let script = Script { location: None, levels: Some(&mut levels), because: None };
                let end = self.script(v, state, blocks, script, trace)?;
                if let Some(answer) = self.ended_outside(&end, &levels, visit)? {
                    return finish(answer, &levels, state);
                }
                if state.changed {
                    return Ok(Next::Again);
                }
            }
        }
        if inside.is_some() {
            // The script of the controller's location around it did not run, so that its code does not know the upstream.
            trace.step("the controller's code knows no upstream here", None);
            return finish(self.own_outside(503, false, &levels)?, &levels, state);
        }
        let answer = self.content(v, visit, node, &levels, state)?;
        finish(answer, &levels, state)
    }

    /// Headers of answers from a location of a snippet: those inside a location of the controller inherit its.
    fn base_headers(&self, visit: &Visit<'_, '_>, inside: Option<usize>) -> HeaderExprs {
        match inside {
            Some(position) => self.headers(&self.here(visit.at, position, visit.https)),
            None => self.outer_headers(),
        }
    }

    fn body_is_too_long(&self, v: &impl Valuation, visit: &Visit<'_, '_>, inside: Option<usize>, levels: &Levels<'_>) -> bool {
        let limit = |directive: &Directive| if let Directive::BodyLimit(limit) = directive { Some(*limit) } else { None };
        let own = levels.innermost(|directive| limit(directive).is_some());
        // The location of the controller around it has a limit, which hides that of the server.
        let own =
            own.filter(|(at, _)| inside.is_none() || *at > 2).and_then(|(_, mut lines)| lines.find_map(|line| limit(&line.directive)));
        let id = match (own, inside) {
            (Some(0), _) => return false,
            (Some(limit), _) => self.predicates.find(&Field::BodyLength, &Test::Above(limit)),
            (None, Some(position)) => self.here(visit.at, position, visit.https).asked.body,
            (None, None) => self.predicates.find(&Field::BodyLength, &Test::Above(1 << 20)),
        };
        id.is_some_and(|id| v.holds(id))
    }

    /// Access and content of a location outside of those of the controller.
    fn content(&self, v: &impl Valuation, visit: &Visit<'_, '_>, node: usize, levels: &Levels<'_>, state: &mut State) -> Known<Answer> {
        if let Some(what) = levels.unmodelled(Reach::Content) {
            return Err(what.to_owned());
        }
        self.input_headers(v, levels, state, None);
        let refused = match self.listed(v, levels)? {
            Some(listed) => listed == Listed::Denied,
            None => self.common.blocked.is_some_and(|id| v.holds(id)),
        };
        if refused {
            return self.own_outside(403, false, levels);
        }
        let pass = levels.last().chain(visit.tree.nodes[node].blocks.iter().flat_map(|block| block.iter()));
        let pass = pass.into_iter().find_map(|line| if let Directive::Pass(url) = &line.directive { Some(url) } else { None });
        let Some(url) = pass else {
            let asked = levels.password().map(|_| "whether credentials are right".to_owned());
            return asked.map_or_else(|| self.files(v, state, Vec::new()), Err);
        };
        let variable = super::ask::literal(url).is_none();
        let url = self.url(v, state, url, None)?;
        let target = match &url.uri {
            None => state.target()?,
            Some(uri) if variable => TextExpr::literal(uri),
            Some(_) if state.rewritten => return Err("a rewrite behind `proxy_pass` with a path".to_owned()),
            Some(uri) => {
                let part = PathExpr::Splice { drop: visit.tree.nodes[node].path.len(), insert: uri.clone() };
                [Part::Path(part), Part::Query].into()
            }
        };
        let (host, headers) = self.changed_request(v, levels, state, None, false, (Some(TextExpr::literal(&url.host)), Vec::new()));
        let timeout = |directive: &Directive| if let Directive::ReadTimeout(seconds) = directive { Some(*seconds) } else { None };
        let read_timeout = levels.all().filter_map(|line| timeout(&line.directive)).last().unwrap_or(READ_TIMEOUT);
        let mut guards: Vec<Guard> = levels.password().into_iter().collect();
        if levels.is_limited() {
            guards.push(Guard::Rate { status: self.config.globals.limit_request_status });
        }
        let redirect = Part::BackendLocation { from: "default".to_owned(), to: String::new() };
        Ok(Answer::Forward(Box::new(Forwarding {
            guards,
            any_guard: false,
            split: vec![Share { backend: Some(url.backend), weight: 1, status: None }],
            target,
            host,
            speech: Vec::new(),
            handshakes: Vec::new(),
            headers,
            response_headers: vec![("location".to_owned(), Some([redirect].into()))],
            header_rules: Vec::new(),
            read_timeout: Some(read_timeout),
            chunked_limit: None,
            error_page: None,
        })))
    }

    /// `proxy_pass` in a condition of a location of the controller.
    pub(super) fn passed_inside(&self, v: &impl Valuation, here: &Here<'_>, url: &Text, forwarding: Forwarding) -> Known<Answer> {
        let url = self.url(v, &here.state, url, Some(here.location))?;
        if let Some(uri) = url.uri {
            return Err(format!("`proxy_pass` with the path `{uri}`"));
        }
        Ok(Answer::Forward(Box::new(Forwarding {
            split: vec![Share { backend: Some(url.backend), weight: 1, status: None }],
            host: forwarding.host.map(|host| if host.as_literal() == Some(texts::BALANCER) { TextExpr::literal(&url.host) } else { host }),
            speech: Vec::new(),
            handshakes: Vec::new(),
            ..forwarding
        })))
    }

    /// The Service that a URL names.
    fn url(&self, v: &impl Valuation, state: &State, url: &Text, location: Option<&crate::nginx::Location>) -> Known<Url> {
        let values = Values { router: self, v, state, site: Site { location, late: true } };
        let text = values.text(url)?;
        let unknown = || "which backend `proxy_pass` names".to_owned();
        let text = text.as_literal().ok_or_else(unknown)?;
        let (rest, usual) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (rest, 80),
            (None, Some(rest)) => (rest, 443),
            (None, None) => return Err(unknown()),
        };
        let (authority, uri) = match rest.find('/') {
            Some(at) => (&rest[..at], Some(rest[at..].to_owned())),
            None => (rest, None),
        };
        let (name, port) = match authority.split_once(':') {
            Some((name, port)) => (name, port.parse::<u16>().map_err(|_| unknown())?),
            None => (authority, usual),
        };
        let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
        let (service, namespace) = match labels.as_slice() {
            [service, namespace] | [service, namespace, "svc"] | [service, namespace, "svc", "cluster", "local"] => (service, namespace),
            // Somebody outside of the cluster, of whom nothing is known.
            _ => (&"", &""),
        };
        let host = if port == usual { name.to_owned() } else { format!("{name}:{port}") };
        let backend = if service.is_empty() { format!("{name}:{port}") } else { format!("{namespace}/{service}:{port}") };
        Ok(Url { backend, host, uri })
    }

    /// nginx's own files: a welcome page, and 404 for everything else.
    pub(super) fn files(&self, v: &impl Valuation, state: &State, response_headers: HeaderExprs) -> Known<Answer> {
        let method = |name: &str| self.predicates.find(&Field::Method, &Test::Equals(name.to_owned())).is_some_and(|id| v.holds(id));
        if !method("GET") && !method("HEAD") {
            return Err("what nginx's own files answer to other methods".to_owned());
        }
        let root = self.of_path(v, state, self.common.root)?;
        Ok(plain(if root { 200 } else { 404 }, response_headers))
    }
}

/// An answer whose headers begin with these.
fn with_base(mut answer: Answer, base: &HeaderExprs) -> Answer {
    match &mut answer {
        Answer::Forward(forwarding) => {
            let own = std::mem::take(&mut forwarding.response_headers);
            forwarding.response_headers = base.iter().cloned().chain(own).collect();
        }
        Answer::Redirect { response_headers, .. }
        | Answer::Respond { response_headers, .. }
        | Answer::Deny { response_headers, .. }
        | Answer::NoRoute { response_headers } => response_headers.clone_from(base),
        Answer::NoAnswer(_) | Answer::Unmodelled { .. } => {}
    }
    answer
}
