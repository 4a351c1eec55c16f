//! A server that snippets concern, phase by phase: its own script, the choice of the location, the script there, and so on.

use super::{
    After, Directive, Levels, Reach, State, Tree,
    run::{End, Script},
    state::{Groups, Known},
    tree::{Found, Kind},
    values::Site,
};
use crate::{
    k8s::Subject,
    nginx::{
        Router, ServerName, Target, UpstreamId,
        route::{Here, Trace, origin},
        texts,
    },
    request::{
        Answer, Deny, Field, HeaderExprs, HeaderOperation, HeaderRule, NoAnswer, Part, PathExpr, Piece, Test, TextExpr, Valuation,
        with_rules,
    },
};

/// nginx answers 500 after this many choices of a location.
const CYCLES: usize = 10;

/// What comes of a location.
pub(super) enum Next {
    Answer(Answer),
    /// The path was changed: the location is chosen again.
    Again,
}

/// An answer of nginx itself.
pub(in crate::nginx) fn plain(status: u16, response_headers: HeaderExprs) -> Answer {
    match status {
        401 => Answer::Deny { why: Deny::Credentials, status, response_headers },
        403 => Answer::Deny { why: Deny::Address, status, response_headers },
        404 => Answer::NoRoute { response_headers },
        _ => Answer::Respond { status, response_headers },
    }
}

/// A server and the request there.
pub(super) struct Visit<'s, 'c> {
    pub(super) at: usize,
    pub(super) tree: &'s Tree<'c>,
    pub(super) name: Option<&'s str>,
    pub(super) https: bool,
}

impl Router<'_> {
    /// Answers by a server that snippets concern.
    pub(in crate::nginx) fn coded(
        &self,
        v: &impl Valuation,
        (at, tree): (usize, &Tree<'_>),
        name: Option<&str>,
        https: bool,
        trace: &mut Trace,
    ) -> Answer {
        let visit = Visit { at, tree, name, https };
        self.visit(v, &visit, trace).unwrap_or_else(|what| Answer::Unmodelled { what: format!("a snippet: {what}") })
    }

    fn visit(&self, v: &impl Valuation, visit: &Visit<'_, '_>, trace: &mut Trace) -> Known<Answer> {
        let server = &self.config.servers[visit.at];
        let tree = visit.tree;
        let mut state = State::default();
        if let ServerName::Exact(name) = &server.name {
            state.variables.insert("server_name".to_owned(), Ok(TextExpr::literal(name)));
        }
        let levels = Levels::new(tree.levels(0), None);
        if let Some(what) = levels.unmodelled(Reach::All) {
            return Err(what.to_owned());
        }
        let because = server.snippet.map(|id| self.config.annotation(id, "server-snippet"));
        let script = Script { location: None, levels: None, because };
        let mut end = self.script(v, &mut state, &[tree.before], script, trace)?;
        if end == End::Done {
            if let Some((position, ingress)) = server.app_root
                && self.of_path(v, &state, self.common.root)?
            {
                trace.step("`app-root` of the host", Some(self.config.annotation(ingress, "app-root")));
                let mut location = vec![Part::Scheme, Part::Literal("://".to_owned()), Part::HostHeader];
                location.extend(Self::text_of_server(server, &server.locations[position].settings.rewrite.app_root));
                end = End::Redirect { status: 302, location: TextExpr(location) };
            } else {
                let script = Script { location: None, levels: None, because: self.config_map_key("server-snippet") };
                end = self.script(v, &mut state, &[tree.after], script, trace)?;
            }
        }
        if let Some(answer) = self.ended_outside(&end, &levels, visit)? {
            return Ok(self.dressed(v, answer, &levels, &state));
        }
        let mut last = None;
        for _ in 0..=CYCLES {
            state.changed = false;
            let next = match self.locate(v, tree, &mut state)? {
                Found::Slash(node) => Next::Answer(self.with_slash(v, visit, node, &state, trace)?),
                Found::Node(node) => match tree.nodes[node].kind {
                    Kind::Controller(position) => {
                        last = Some(position);
                        self.at_location(v, visit, (node, position), &mut state, trace)?
                    }
                    Kind::Server | Kind::Snippet(_) | Kind::BuiltIn(_) => self.at_node(v, visit, node, &mut state, trace)?,
                },
            };
            if let Next::Answer(answer) = next {
                return Ok(answer);
            }
            trace.step("the location is chosen again", None);
        }
        trace.step("the location was chosen too often", None);
        // The answer is that of the location in which it came to this.
        let headers = last.map_or_else(|| self.outer_headers(), |position| self.headers(&self.here(visit.at, position, visit.https)));
        Ok(self.dressed(v, plain(500, headers), &levels, &state))
    }

    pub(super) fn config_map_key(&self, key: &'static str) -> Option<Subject> {
        self.config.globals.config_map.as_ref().map(|map| Subject { object: map.object, field: map.field.child(key) })
    }

    /// The answer with which a script outside of the controller's locations ended, without its headers; `None` where it goes on.
    pub(super) fn ended_outside(&self, end: &End, levels: &Levels<'_>, visit: &Visit<'_, '_>) -> Known<Option<Answer>> {
        Ok(Some(match end {
            End::Done | End::Broken => return Ok(None),
            End::Closed => Answer::NoAnswer(NoAnswer::Reset),
            End::Redirect { status, location } => {
                let location = if self.is_path(location)? {
                    self.relative(levels)?;
                    self.completed(visit.https, true, location.0.clone())
                } else {
                    location.clone()
                };
                Answer::Redirect { status: *status, location, response_headers: self.outer_headers() }
            }
            End::Answer { status, text } => self.own_outside(*status, *text, levels)?,
        }))
    }

    /// An answer of nginx outside of the controller's locations; error pages of the ConfigMap may take its place.
    pub(super) fn own_outside(&self, status: u16, text: bool, levels: &Levels<'_>) -> Known<Answer> {
        if status >= 400 && !text {
            if let Some(what) = levels.unmodelled(Reach::Errors) {
                return Err(what.to_owned());
            }
            if self.config.globals.errors.codes.contains(&status) {
                return Err("an error page for the answer of a snippet".to_owned());
            }
        }
        Ok(plain(status, self.outer_headers()))
    }

    /// An answer with the headers that snippets change.
    pub(super) fn dressed(&self, v: &impl Valuation, answer: Answer, levels: &Levels<'_>, state: &State) -> Answer {
        self.dress(v, answer, levels, state, None)
    }

    fn dress(&self, v: &impl Valuation, answer: Answer, levels: &Levels<'_>, state: &State, here: Option<&Here<'_>>) -> Answer {
        let rules = self.header_rules(v, levels, state, here);
        match answer {
            Answer::Forward(mut forwarding) => {
                forwarding.header_rules.extend(rules);
                Answer::Forward(forwarding)
            }
            Answer::Redirect { status, location, response_headers } => {
                let response_headers = with_rules(&response_headers, &rules, status);
                // The header of the redirect is one that can be set and taken away.
                let of_location = |rule: &&HeaderRule| rule.statuses.include(status) && rule.covers("location");
                match rules.iter().filter(of_location).map(|rule| &rule.operation).next_back() {
                    Some(HeaderOperation::Set(text)) => Answer::Redirect { status, location: text.clone(), response_headers },
                    Some(HeaderOperation::Remove) => Answer::Respond { status, response_headers },
                    Some(HeaderOperation::Hide | HeaderOperation::Add(_) | HeaderOperation::Unknown) | None => {
                        Answer::Redirect { status, location, response_headers }
                    }
                }
            }
            Answer::Respond { status, response_headers } => {
                Answer::Respond { status, response_headers: with_rules(&response_headers, &rules, status) }
            }
            Answer::Deny { why, status, response_headers } => {
                Answer::Deny { why, status, response_headers: with_rules(&response_headers, &rules, status) }
            }
            Answer::NoRoute { response_headers } => Answer::NoRoute { response_headers: with_rules(&response_headers, &rules, 404) },
            Answer::NoAnswer(_) | Answer::Unmodelled { .. } => answer,
        }
    }

    /// An answer from a location of the controller with the headers that snippets change.
    fn finished(&self, v: &impl Valuation, here: &Here<'_>, answer: Answer) -> Known<Next> {
        if here.replaced.get() {
            return Ok(Next::Answer(answer));
        }
        if let (Answer::Redirect { status, .. } | Answer::Respond { status, .. } | Answer::Deny { status, .. }, Some(what)) =
            (&answer, here.levels.unmodelled(Reach::Errors))
            && *status >= 300
        {
            return Err(what.to_owned());
        }
        // Pages of its own take the place of all that are inherited.
        if let (Answer::Forward(forwarding), Some(what)) = (&answer, here.levels.unmodelled(Reach::Errors))
            && forwarding.error_page.is_some()
        {
            return Err(what.to_owned());
        }
        Ok(Next::Answer(self.dress(v, answer, &here.levels, &here.state, Some(here))))
    }

    fn with_slash(&self, v: &impl Valuation, visit: &Visit<'_, '_>, node: usize, state: &State, trace: &mut Trace) -> Known<Answer> {
        let tree = visit.tree;
        let path = Part::Path(PathExpr::Fixed(crate::nginx::uri::escape_path(tree.nodes[node].path.as_bytes())));
        let mut parts = vec![path];
        parts.extend(state.query_with('?')?);
        match tree.nodes[node].kind {
            Kind::Controller(position) => {
                let mut here = self.here(visit.at, position, visit.https);
                trace.step(format!("location `{}` is reached with its slash", here.location.path), origin(here.location));
                here.levels = Levels::new(tree.levels(node), Some(2));
                here.state = state.clone();
                let answer = if here.asked.body.is_some_and(|id| v.holds(id)) {
                    self.own(v, &here, 413)
                } else {
                    self.relative(&here.levels)?;
                    self.redirect(v, &here, 301, self.absolute(&here, parts))
                };
                match self.finished(v, &here, answer)? {
                    Next::Answer(answer) => Ok(answer),
                    Next::Again => Err("a redirect that is none".to_owned()),
                }
            }
            Kind::Server | Kind::Snippet(_) | Kind::BuiltIn(_) => {
                let levels = Levels::new(tree.levels(node), None);
                let end = End::Redirect { status: 301, location: TextExpr(parts) };
                let answer = self.ended_outside(&end, &levels, visit)?;
                Ok(answer.map_or(Answer::NoAnswer(NoAnswer::Reset), |answer| self.dressed(v, answer, &levels, state)))
            }
        }
    }

    fn relative(&self, levels: &Levels<'_>) -> Known<()> {
        levels.unmodelled(Reach::Redirects).map_or(Ok(()), |what| Err(what.to_owned()))
    }

    /// A location of the controller.
    fn at_location(
        &self,
        v: &impl Valuation,
        visit: &Visit<'_, '_>,
        (node, position): (usize, usize),
        state: &mut State,
        trace: &mut Trace,
    ) -> Known<Next> {
        let tree = visit.tree;
        let mut here = self.here(visit.at, position, visit.https);
        trace.step(texts::location(here.location), origin(here.location));
        here.levels = Levels::new(tree.levels(node), Some(2));
        here.state = state.clone();
        if let Some(what) = here.levels.unmodelled(Reach::All) {
            return Err(what.to_owned());
        }
        // A rewrite makes a request one of nginx itself.
        if state.is_original() && here.settings().denied.is_none() && here.levels.last().any(|line| line.directive == Directive::Internal) {
            trace.step("the location is for nginx itself", self.annotation(&here, "configuration-snippet"));
            return self.finished(v, &here, self.own(v, &here, 404));
        }
        if here.asked.body.is_some_and(|id| v.holds(id)) {
            trace.step("the body is longer than `proxy-body-size`", None);
            return self.finished(v, &here, self.own(v, &here, 413));
        }
        here.scripted = true;
        if let Some(denied) = &here.settings().denied {
            trace.step(format!("the location is denied: {}", denied.why), self.annotation(&here, denied.annotation));
            return self.finished(v, &here, self.own(v, &here, 503));
        }
        if self.excepted(v, &here.levels)?.is_some() {
            // The block of `limit_except` runs no script, so that the controller's code does not know the upstream.
            trace.step("`limit_except` takes the script of the location away", self.annotation(&here, "configuration-snippet"));
            return self.finished(v, &here, self.own(v, &here, 503));
        }
        here.cors = crate::nginx::route::allows_origin(v, &here);
        if here.cors && v.holds(self.common.options) {
            trace.step("a CORS preflight", self.annotation(&here, "enable-cors"));
            let answer = Answer::Respond { status: 204, response_headers: self.headers(&here) };
            return self.finished(v, &here, answer);
        }
        if here.settings().cors.as_ref().is_some_and(|cors| cors.origins == ["*"]) {
            here.state.variables.insert("http_origin".to_owned(), Ok(TextExpr::literal("*")));
        }
        here.state.enter_location();
        // Which origin it is was asked before the snippet, and an expression that is not found leaves no groups.
        if let Some(origin) = here.asked.origin {
            here.state.groups = if v.holds(origin) { Groups::Opaque } else { Groups::None };
        }
        let blocks = &tree.nodes[node].blocks;
        let because = self.annotation(&here, "configuration-snippet");
        let script = Script { location: Some(here.location), levels: Some(&mut here.levels), because };
        let end = self.script(v, &mut here.state, blocks, script, trace)?;
        // Headers of CORS stand in a condition of the controller, and only the last condition that holds counts.
        here.cors &= !here.levels.has_inner();
        if let Some(answer) = self.ended(v, &here, &end)? {
            return self.finished(v, &here, answer);
        }
        if end == End::Done {
            if let Some(answer) = self.fixed_redirect(v, &here, trace) {
                return self.finished(v, &here, answer);
            }
            let end = self.rewrite_target(v, &mut here, trace)?;
            if let Some(answer) = self.ended(v, &here, &end)? {
                return self.finished(v, &here, answer);
            }
        }
        *state = here.state.clone();
        if state.changed {
            return Ok(Next::Again);
        }
        if let Some(answer) = self.https_redirect(v, &here, visit.name, trace) {
            return self.finished(v, &here, answer);
        }
        let answer = self.served(v, visit, node, &mut here, trace)?;
        self.finished(v, &here, answer)
    }

    /// The block of `limit_except` that concerns the method of the request.
    pub(super) fn excepted<'c>(&self, v: &impl Valuation, levels: &Levels<'c>) -> Known<Option<&'c [super::Line]>> {
        for line in levels.last() {
            let Directive::Except { methods, block } = &line.directive else { continue };
            let mut named = false;
            for method in methods {
                let id = self.predicates.find(&Field::Method, &Test::Equals(method.clone()));
                named |= v.holds(id.ok_or("a method that was not foreseen")?);
            }
            if !named {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    /// The answer with which the script of a location ended.
    fn ended(&self, v: &impl Valuation, here: &Here<'_>, end: &End) -> Known<Option<Answer>> {
        Ok(Some(match end {
            End::Done | End::Broken => return Ok(None),
            End::Closed => Answer::NoAnswer(NoAnswer::Reset),
            End::Redirect { status, location } => {
                let location = if self.is_path(location)? {
                    self.relative(&here.levels)?;
                    self.absolute(here, location.0.clone())
                } else {
                    location.clone()
                };
                self.redirect(v, here, *status, location)
            }
            End::Answer { status, text: false } if *status >= 400 => self.own(v, here, *status),
            End::Answer { status, .. } => plain(*status, self.headers(here)),
        }))
    }

    /// `rewrite-target` behind the script of a snippet.
    fn rewrite_target(&self, v: &impl Valuation, here: &mut Here<'_>, trace: &mut Trace) -> Known<End> {
        let Some(id) = here.asked.rewrite else { return Ok(End::Done) };
        if !self.of_path(v, &here.state, id)? {
            return Ok(End::Done);
        }
        let text = here.location.settings.rewrite.target.as_str();
        trace.step(format!("rewritten to `{text}`"), self.annotation(here, "rewrite-target"));
        let url = ["http://", "https://", "$scheme"].iter().any(|scheme| text.starts_with(scheme));
        let after = if url { After::Redirect(302) } else { After::Break };
        let (text, keeps_query) = text.strip_suffix('?').map_or((text, true), |text| (text, false));
        let site = Site { location: Some(here.location), late: false };
        let replacement = texts::pieces(text, &self.groups);
        self.rewrite(v, &mut here.state, site, (id, &replacement, keeps_query, after))
    }

    /// What a location of the controller hands on.
    fn served(&self, v: &impl Valuation, visit: &Visit<'_, '_>, node: usize, here: &mut Here<'_>, trace: &mut Trace) -> Known<Answer> {
        if let Some(what) = here.levels.unmodelled(Reach::Content) {
            return Err(what.to_owned());
        }
        self.input_headers(v, &here.levels, &mut here.state, Some(here.location));
        here.upstream = self.chosen_upstream(here)?;
        if visit.tree.nodes[node].swallowed {
            return self.without_backend(v, here, trace);
        }
        let target = here.state.target()?;
        let pass = here.levels.last().find_map(|line| if let Directive::Pass(url) = &line.directive { Some(url) } else { None });
        let answer = self.backend(v, here, target, trace);
        match (pass, answer) {
            (None, answer) => Ok(answer),
            (Some(url), Answer::Forward(forwarding)) => self.passed_inside(v, here, url, *forwarding),
            (Some(_), answer) => Ok(answer),
        }
    }

    /// `set $proxy_upstream_name`: the controller's Lua code looks for an upstream of that name.
    fn chosen_upstream(&self, here: &Here<'_>) -> Known<Option<Target>> {
        let Some(name) = here.state.variables.get("proxy_upstream_name") else { return Ok(None) };
        let name = name.clone()?;
        let Some(name) = name.as_literal() else { return Err("which upstream a snippet chooses".to_owned()) };
        let found = self.config.upstreams.iter().position(|upstream| upstream.key == name);
        Ok(Some(found.map_or(Target::Gone, |at| Target::Upstream(UpstreamId(u32::try_from(at).unwrap_or(u32::MAX))))))
    }

    /// A snippet without final `;` took in the directive that names the backend: nginx answers from its own files.
    fn without_backend(&self, v: &impl Valuation, here: &Here<'_>, trace: &mut Trace) -> Known<Answer> {
        let beside = here.location.rewrites || here.settings().redirect.fixed.is_some() || here.location.replaced.is_some();
        if beside || self.has_snippet("location-snippet") {
            return Err("which directive a snippet without `;` takes in".to_owned());
        }
        trace.step("the snippet took in the directive that names the backend", self.annotation(here, "configuration-snippet"));
        let answer = self.backend(v, here, TextExpr::default(), trace);
        if !matches!(answer, Answer::Forward(_)) {
            return Ok(answer);
        }
        self.files(v, &here.state, self.headers(here))
    }
}

impl Router<'_> {
    /// A location that begins with the path; an error where that is not known.
    pub(super) fn is_path(&self, location: &TextExpr) -> Known<bool> {
        let unknown = || Err("whether a redirect stays on its host".to_owned());
        match location.0.first() {
            None => Ok(false),
            Some(Part::Literal(text)) => Ok(text.starts_with('/')),
            Some(Part::RawTarget { .. } | Part::Path(_)) => Ok(true),
            Some(Part::Variable(name)) if name == "uri" => Ok(true),
            Some(Part::Filled { regex, template } | Part::Redirected { regex, template }) => {
                match (template.first(), &self.predicates.get(*regex).test) {
                    (Some(Piece::Literal(text)), _) => Ok(text.starts_with('/')),
                    (Some(Piece::Group(group)), Test::Regex(regex)) if starts_with_slash(&regex.pattern, *group) => Ok(true),
                    (_, _) => unknown(),
                }
            }
            Some(Part::Scheme | Part::EffectiveScheme) => Ok(false),
            Some(_) => unknown(),
        }
    }
}

/// A group of an expression begins with a slash, whatever it takes.
fn starts_with_slash(pattern: &str, group: u8) -> bool {
    let mut open = 0;
    let mut rest = pattern;
    while let Some(at) = rest.find(['(', '\\', '[']) {
        let found = &rest[at..];
        // Classes are not read; what stands behind one is not looked at.
        let skip = match found.as_bytes().first() {
            Some(b'\\') => 1 + found[1..].chars().next().map_or(0, char::len_utf8),
            Some(b'(') => 1,
            Some(_) | None => return false,
        };
        rest = &found[skip..];
        if found.starts_with('(') && !rest.starts_with('?') {
            open += 1;
            if open == group {
                let inner = rest.split(')').next().unwrap_or_default();
                let whole = !rest[inner.len()..].starts_with(")?")
                    && !rest[inner.len()..].starts_with(")*")
                    && !rest[inner.len()..].starts_with("){");
                return whole
                    && inner.starts_with('/')
                    && !inner.starts_with("/?")
                    && !inner.starts_with("/*")
                    && !inner.starts_with("/{")
                    && !inner.contains(['|', '(']);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::starts_with_slash;

    #[test]
    fn groups_that_begin_with_a_slash_are_found() {
        assert!(starts_with_slash("^(/docs)$", 1) && starts_with_slash(r"^/(a\(b)(/.*)$", 2));
        for (pattern, group) in [("^(docs)$", 1), ("^(/docs)?$", 1), ("^(/?docs)$", 1), ("^(/a|b)$", 1), ("^(/a)$", 2), ("^[(](/a)", 1)] {
            assert!(!starts_with_slash(pattern, group), "{pattern}");
        }
    }
}
