//! The phases of a request.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    Ending, Prediction, effects,
    site::{Found, Place, Site, Tree},
    variables,
};
use crate::nginx::settings::Satisfy;
use crate::request::Request;
use crate::snippet::{
    After, Auth, Condition, Defined, Limit, Meaning, Question, RequestHow, Rewrite, Upstream, Who,
    pattern::{Groups, Pattern, group_names},
    understand::provided,
};

/// nginx answers 500 after this many choices of a location.
const CYCLES: usize = 10;

/// The directives of a block.
pub(super) type Level<'a> = Vec<Place<'a>>;

/// What changes while a request is processed.
pub(super) struct State<'a> {
    pub(super) request: &'a Request,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) groups: Groups,
    /// Set variables; `None` for values that are unknown.
    pub(super) variables: BTreeMap<String, Option<String>>,
    /// Names of all variables that snippets set.
    pub(super) declared: BTreeSet<String>,
    /// Request headers that `more_set_input_headers` changed.
    pub(super) input: BTreeMap<String, Option<String>>,
}

pub(super) struct Run<'a> {
    tree: Tree<'a>,
    state: State<'a>,
    /// The path was changed, and the location must be chosen again.
    changed: bool,
    rewritten: bool,
    undecided: Vec<String>,
    /// The block of the last `if` that held in the current location.
    inner: Option<Level<'a>>,
}

/// How a script went on.
enum Script {
    /// To its end, or to a `break`.
    Done,
    /// To an answer.
    Ends(Ending),
}

impl<'a> Run<'a> {
    pub(super) fn new(site: &Site<'a>, request: &'a Request) -> Self {
        let tree = Tree::new(site);
        let (raw, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut declared = BTreeSet::new();
        let readings = site.before.iter().chain(&site.after).chain(site.locations.iter().flat_map(|location| &location.snippets));
        for one in readings.flat_map(|reading| &reading.understood) {
            if let Some(Defined::Variable(name)) = provided(&one.meaning) {
                declared.insert(name);
            }
        }
        let state = State {
            request,
            path: raw.split('#').next().unwrap_or("").to_owned(),
            query: query.split('#').next().unwrap_or("").to_owned(),
            groups: Groups::default(),
            variables: site.variables.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
            declared,
            input: BTreeMap::new(),
        };
        Self { tree, state, changed: false, rewritten: false, undecided: Vec::new(), inner: None }
    }

    pub(super) fn finish(mut self) -> Prediction {
        let (node, ending) = match normalise(&self.state.path) {
            Some(path) => {
                self.state.path = path;
                self.phases()
            }
            None => (0, Ending::Answer { status: 400, body: None }),
        };
        if !self.tree.unread.is_empty() {
            self.undecided.push(format!("expressions that only PCRE can run: {}", self.tree.unread.join(", ")));
        }
        let levels = self.levels(node);
        let error_page = levels.iter().flatten().any(|place| place.understood().meaning == Meaning::ErrorPage);
        if error_page && matches!(ending, Ending::Answer { status: 300.., .. } | Ending::Redirect { .. }) {
            self.undecided.push("an error page may take the place of the answer".to_owned());
        }
        let location = self.tree.nodes[node].site;
        Prediction {
            ending,
            location,
            request_headers: effects::request(&levels, self.in_controller(node), &self.state),
            response_headers: effects::response(&levels, &self.state),
            path: self.state.path,
            query: self.state.query,
            rewritten: self.rewritten,
            undecided: self.undecided,
        }
    }

    /// Blocks around a location, outermost first, with the block of an `if` that held.
    fn levels(&self, node: usize) -> Vec<Level<'a>> {
        let mut levels = Vec::new();
        let mut at = Some(node);
        while let Some(index) = at {
            levels.push(self.tree.nodes[index].directives.clone());
            at = self.tree.nodes[index].parent;
        }
        levels.reverse();
        levels.extend(self.inner.clone());
        levels
    }

    fn phases(&mut self) -> (usize, Ending) {
        let server = self.tree.nodes[0].directives.clone();
        if let Script::Ends(ending) = self.script(&server, true) {
            return (0, ending);
        }
        for _ in 0..=CYCLES {
            self.inner = None;
            self.changed = false;
            let (node, groups) = match self.tree.find(&self.state.path) {
                Found::Node(node, groups) => (node, groups),
                Found::Slash(node) => {
                    let query = if self.state.query.is_empty() { String::new() } else { format!("?{}", self.state.query) };
                    let location = self.absolute(&format!("{}/{query}", self.state.path));
                    return (node, Ending::Redirect { status: 301, location });
                }
            };
            self.take(groups);
            if let Some(ending) = self.before_rewrite(node) {
                return (node, ending);
            }
            let directives = self.tree.nodes[node].directives.clone();
            if node != 0
                && let Script::Ends(ending) = self.script(&directives, false)
            {
                return (node, ending);
            }
            if self.changed {
                continue;
            }
            return (node, self.content(node));
        }
        (0, Ending::Answer { status: 500, body: None })
    }

    fn before_rewrite(&self, node: usize) -> Option<Ending> {
        let levels = self.levels(node);
        let own = levels.last()?;
        if !self.rewritten && own.iter().any(|place| place.understood().meaning == Meaning::Internal) {
            return Some(Ending::Answer { status: 404, body: None });
        }
        // Each location of the controller has a limit of its own, which hides that of the server.
        let hidden = usize::from(self.in_controller(node));
        let limit = levels.iter().skip(hidden).rev().find_map(|level| {
            level.iter().find_map(|place| match place.understood().meaning {
                Meaning::Limit(Limit::BodySize(bytes)) => Some(bytes),
                _ => None,
            })
        })?;
        let too_large = limit > 0 && !self.state.request.chunked && self.state.request.body_bytes > limit;
        too_large.then_some(Ending::Answer { status: 413, body: None })
    }

    /// The location is one of the controller's, or stands in one.
    fn in_controller(&self, node: usize) -> bool {
        std::iter::successors(Some(node), |&at| self.tree.nodes[at].parent).any(|at| self.tree.nodes[at].site.is_some())
    }

    fn take(&mut self, groups: Option<Groups>) {
        if let Some(groups) = groups {
            self.state.variables.extend(groups.named.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
            self.state.groups = groups;
        }
    }

    /// Runs the directives of the rewrite module; `if` cannot stand in `if`, so this goes no deeper than two levels.
    fn script(&mut self, directives: &[Place<'a>], server: bool) -> Script {
        let mut work: Vec<Place<'a>> = directives.iter().rev().copied().collect();
        while let Some(place) = work.pop() {
            match &place.understood().meaning {
                Meaning::Condition(condition) => match self.holds(condition) {
                    Some(true) => {
                        let block = place.block();
                        work.extend(block.iter().rev());
                        if !server {
                            self.inner = Some(block);
                        }
                    }
                    Some(false) => {}
                    None => {
                        self.undecided.push(format!("whether {condition}"));
                        return Script::Ends(Ending::Unknown);
                    }
                },
                Meaning::Set(set) => {
                    let value = set.value.as_ref().and_then(|text| variables::text(text, &self.state));
                    match (set.variable.as_str(), &value) {
                        ("args", Some(value)) => self.state.query.clone_from(value),
                        _ => drop(self.state.variables.insert(set.variable.clone(), value)),
                    }
                }
                Meaning::Break => {
                    self.changed = false;
                    return Script::Done;
                }
                Meaning::Redirect { status, location } => {
                    let location = variables::text(location, &self.state).and_then(|text| self.absolute(&text));
                    return Script::Ends(Ending::Redirect { status: *status, location });
                }
                Meaning::Answer { status: 444, .. } => return Script::Ends(Ending::Closed),
                Meaning::Answer { status, body } => {
                    let body = body.as_ref().and_then(|text| variables::text(text, &self.state));
                    return Script::Ends(Ending::Answer { status: *status, body });
                }
                Meaning::Rewrite(rewrite) => match self.rewrite(rewrite) {
                    Some(Script::Done) => return Script::Done,
                    Some(Script::Ends(ending)) => return Script::Ends(ending),
                    None => {}
                },
                _ => {}
            }
        }
        Script::Done
    }

    /// `None` where the next directive follows.
    fn rewrite(&mut self, rewrite: &Rewrite) -> Option<Script> {
        let unknown = |run: &mut Self, what: String| {
            run.undecided.push(what);
            Some(Script::Ends(Ending::Unknown))
        };
        let Some(pattern) = Pattern::new(&rewrite.regex, false) else {
            return unknown(self, format!("whether `{}` is found in the path", rewrite.regex));
        };
        let Some(groups) = pattern.groups(&self.state.path) else {
            self.state.groups = Groups::default();
            return None;
        };
        self.take(Some(groups));
        let Some(text) = variables::text(&rewrite.replacement, &self.state) else {
            return unknown(self, format!("what `{}` is", rewrite.replacement));
        };
        if let After::Redirect(status) = rewrite.after {
            let literal_query =
                rewrite.replacement.0.iter().any(|piece| matches!(piece, crate::snippet::TextPiece::Literal(part) if part.contains('?')));
            let joint = if literal_query { '&' } else { '?' };
            let query =
                if rewrite.keeps_query && !self.state.query.is_empty() { format!("{joint}{}", self.state.query) } else { String::new() };
            let location = self.absolute(&format!("{text}{query}"));
            return Some(Script::Ends(Ending::Redirect { status, location }));
        }
        let (path, query) = split_replacement(&rewrite.replacement, &self.state);
        if path.is_empty() {
            return Some(Script::Ends(Ending::Answer { status: 500, body: None }));
        }
        self.state.query = match (query, rewrite.keeps_query) {
            (None, true) => self.state.query.clone(),
            (None, false) => String::new(),
            (Some(query), true) if !self.state.query.is_empty() => format!("{query}&{}", self.state.query),
            (Some(query), _) => query,
        };
        self.state.path = path;
        self.rewritten = true;
        self.changed = rewrite.after != After::Break;
        match rewrite.after {
            After::Next => None,
            After::Last | After::Break | After::Redirect(_) => Some(Script::Done),
        }
    }

    /// Whether a condition holds; groups of its expression are taken.
    fn holds(&mut self, condition: &Condition) -> Option<bool> {
        let Condition::Variable { variable, question, negated } = condition else { return None };
        let value = variables::value(variable, &self.state)?;
        let holds = match question {
            Question::Truthy => !value.is_empty() && value != "0",
            Question::Equals(text) => value == variables::text(text, &self.state)?,
            Question::Matches { regex, caseless } => {
                let groups = Pattern::new(regex, *caseless)?.groups(&value);
                let found = groups.is_some();
                if let Some(groups) = groups {
                    self.take(Some(groups));
                } else {
                    self.state.groups = Groups::default();
                    for name in group_names(regex) {
                        self.state.variables.entry(name).or_insert_with(|| Some(String::new()));
                    }
                }
                found
            }
        };
        Some(holds != *negated)
    }

    /// Access and content of a location.
    fn content(&mut self, node: usize) -> Ending {
        let levels = self.levels(node);
        self.input_headers(&levels);
        for place in levels.iter().flatten() {
            match &place.understood().meaning {
                Meaning::Lua
                    if ["rewrite_by_lua", "access_by_lua", "content_by_lua"].iter().any(|phase| place.name().starts_with(phase)) =>
                {
                    self.undecided.push("what Lua code does".to_owned());
                    return Ending::Unknown;
                }
                Meaning::Limit(Limit::Rate { .. } | Limit::Connections { .. }) => {
                    self.undecided.push("whether a limit is reached".to_owned());
                }
                Meaning::Unknown => self.undecided.push(place.understood().why.clone()),
                _ => {}
            }
        }
        if let Some(ending) = self.access(&levels) {
            return ending;
        }
        let passes = levels.iter().skip(1).rev().take(1 + usize::from(self.inner.is_some())).find_map(|level| {
            level.iter().find_map(|place| match &place.understood().meaning {
                Meaning::Upstream(Upstream::Pass { url, .. }) => Some(url),
                _ => None,
            })
        });
        match (passes, self.tree.nodes[node].site) {
            (Some(url), _) => match variables::text(url, &self.state) {
                Some(url) => Ending::OtherBackend(url),
                None => Ending::OtherBackend(url.to_string()),
            },
            (None, Some(_)) if !self.tree.nodes[node].lost => Ending::Backend,
            (None, _) => Ending::Files,
        }
    }

    fn input_headers(&mut self, levels: &[Level<'a>]) {
        for place in levels.iter().flatten() {
            let Meaning::RequestHeaders(headers) = &place.understood().meaning else { continue };
            let RequestHow::Input { replace_only } = headers.how else { continue };
            for change in &headers.changes {
                let name = change.name.to_ascii_lowercase();
                let present = !variables::header(self.state.request, &name, &self.state.input).is_empty();
                if replace_only && !present {
                    continue;
                }
                let value = change.value.as_ref().and_then(|text| variables::text(text, &self.state)).filter(|value| !value.is_empty());
                self.state.input.insert(name, value);
            }
        }
    }

    /// `limit_except`, `allow`, `deny`, `auth_basic` and `satisfy`.
    fn access(&mut self, levels: &[Level<'a>]) -> Option<Ending> {
        let mut levels: Vec<Level<'a>> = levels.to_vec();
        let method = self.state.request.method.as_str();
        let excepted = levels.iter().flatten().find_map(|place| match &place.understood().meaning {
            Meaning::Methods(methods) => {
                let named = |wanted: &String| wanted.eq_ignore_ascii_case(method) || wanted.eq_ignore_ascii_case("GET") && method == "HEAD";
                (!methods.iter().any(named)).then_some(*place)
            }
            _ => None,
        });
        levels.extend(excepted.map(Place::block));
        let rules =
            levels.iter().rev().find(|level| level.iter().any(|place| matches!(place.understood().meaning, Meaning::Access { .. })));
        let client: Option<IpAddr> = self.state.request.client.parse().ok();
        let decided = rules.into_iter().flatten().find_map(|place| match &place.understood().meaning {
            Meaning::Access { allow, who } => match who {
                Who::All => Some(*allow),
                Who::Unix => None,
                Who::Network(cidr) => client.is_some_and(|client| cidr.contains(client)).then_some(*allow),
            },
            _ => None,
        });
        let innermost = |wanted: fn(&Auth) -> bool| {
            levels.iter().rev().find_map(|level| {
                level.iter().find_map(|place| match &place.understood().meaning {
                    Meaning::Auth(auth) if wanted(auth) => Some(auth.clone()),
                    _ => None,
                })
            })
        };
        let any = levels.iter().flatten().any(|place| place.understood().meaning == Meaning::Satisfy(Satisfy::Any));
        let basic = innermost(|auth| matches!(auth, Auth::Basic(_)));
        let asks = innermost(|auth| matches!(auth, Auth::Request(_)));
        let needs_credentials = matches!(basic, Some(Auth::Basic(Some(_))));
        if matches!(asks, Some(Auth::Request(Some(_)))) || any && needs_credentials {
            self.undecided.push("what authentication says".to_owned());
            return Some(Ending::Unknown);
        }
        if decided == Some(false) {
            return Some(Ending::Answer { status: 403, body: None });
        }
        if needs_credentials {
            if variables::header(self.state.request, "authorization", &self.state.input).is_empty() {
                return Some(Ending::Answer { status: 401, body: None });
            }
            self.undecided.push("whether credentials are right".to_owned());
            return Some(Ending::Unknown);
        }
        None
    }

    /// A `Location` as `ngx_http_header_filter` completes it.
    fn absolute(&self, location: &str) -> Option<String> {
        if location.starts_with('/') {
            let host = variables::host(self.state.request)?;
            return Some(format!("{}://{host}{location}", variables::scheme(self.state.request)));
        }
        Some(location.to_owned())
    }
}

/// Path and query of a replacement: a `?` written in it, not one that a variable brings, begins the query.
fn split_replacement(replacement: &crate::snippet::Text, state: &State) -> (String, Option<String>) {
    let (mut path, mut query): (String, Option<String>) = (String::new(), None);
    for piece in &replacement.0 {
        let single = crate::snippet::Text(vec![piece.clone()]);
        let value = variables::text(&single, state).unwrap_or_default();
        match (&mut query, piece) {
            (Some(query), _) => query.push_str(&value),
            (None, crate::snippet::TextPiece::Literal(text)) => match text.split_once('?') {
                Some((before, behind)) => {
                    path.push_str(before);
                    query = Some(behind.to_owned());
                }
                None => path.push_str(text),
            },
            (None, _) => path.push_str(&value),
        }
    }
    (path, query)
}

/// Decodes, joins slashes and resolves dot segments; `None` where nginx answers 400.
fn normalise(raw: &str) -> Option<String> {
    if !raw.starts_with('/') {
        return None;
    }
    let bytes = raw.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = raw.get(at + 1..at + 3)?;
            let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            if byte == 0 {
                return None;
            }
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    let decoded = String::from_utf8_lossy(&decoded).into_owned();
    let mut segments: Vec<&str> = Vec::new();
    let mut directory = false;
    for segment in decoded.split('/').skip(1) {
        directory = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            name => segments.push(name),
        }
    }
    let end = if directory && !segments.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn paths_are_normalised_as_nginx_does() {
        assert_eq!(normalise("/a//b/./c/../d%2Fe/").as_deref(), Some("/a/b/d/e/"));
    }

    #[test]
    fn nobody_leaves_the_root() {
        assert_eq!((normalise("/../x"), normalise("/%zz"), normalise("/%00")), (None, None, None));
    }
}
