//! The locations of a server with those that snippets add, and the choice among them (`ngx_http_core_find_location`).

use super::{
    Code, Compare, Directive, Line, Questions,
    ask::search,
    state::{Groups, Known, Path, State},
    values::{Taken, named_groups, take},
};
use crate::{
    k8s::Subject,
    nginx::{
        Config, IngressId, Modifier, Router, Settings,
        router::{BuiltIn, built_in},
    },
    request::{Field, PredicateId, Predicates, Test, Valuation},
};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nginx) enum Kind {
    /// The server itself.
    Server,
    /// A location of the controller, by index.
    Controller(usize),
    /// A location of a snippet; the location of the controller around it.
    Snippet(Option<usize>),
    /// A location that the controller adds to the server for everything else.
    BuiltIn(BuiltIn),
}

/// The server or a location.
#[derive(Debug, Clone)]
pub(in crate::nginx) struct Node<'c> {
    pub(super) parent: Option<usize>,
    pub(super) kind: Kind,
    /// Directives that stand directly in it, in the order of the file.
    pub(super) blocks: Vec<&'c [Line]>,
    /// Text that it compares with.
    pub(super) path: &'c str,
    pub(super) compare: Compare,
    /// It hands requests to a backend.
    pub(super) proxies: bool,
    /// A snippet without final `;` took in the next directive of the controller.
    pub(super) swallowed: bool,
    exact: Vec<(PredicateId, usize)>,
    slash: Vec<(PredicateId, usize)>,
    prefixes: Vec<(PredicateId, usize)>,
    regexes: Vec<(PredicateId, usize)>,
}

/// All locations of a server; the first node is the server.
#[derive(Debug, Clone)]
pub(in crate::nginx) struct Tree<'c> {
    pub(in crate::nginx) nodes: Vec<Node<'c>>,
    /// Directives of the server before and behind `app-root`.
    pub(super) before: &'c [Line],
    pub(super) after: &'c [Line],
    /// Directives around all servers.
    pub(super) http: Vec<&'c [Line]>,
}

/// What a path leads to.
pub(super) enum Found {
    Node(usize),
    Slash(usize),
}

/// The snippets of a server.
struct Codes<'c> {
    http: &'c Code,
    server: &'c Code,
    global_server: &'c Code,
    global_location: &'c Code,
}

static NOTHING: Code = Code { lines: Vec::new(), swallows: false };

impl<'c> Codes<'c> {
    fn new(config: &'c Config, server: Option<IngressId>) -> Self {
        let key = |key: &str| config.globals.snippets.iter().find(|snippet| snippet.key == key).map_or(&NOTHING, |snippet| &snippet.code);
        let own = server.and_then(|id| config.ingress(id).settings.snippets.as_ref()).map_or(&NOTHING, |snippets| &snippets.server_code);
        Self { http: key("http-snippet"), server: own, global_server: key("server-snippet"), global_location: key("location-snippet") }
    }
}

fn configuration(settings: &Settings) -> &Code {
    settings.snippets.as_ref().filter(|_| settings.denied.is_none()).map_or(&NOTHING, |snippets| &snippets.configuration_code)
}

impl<'c> Tree<'c> {
    /// The locations of a server; `None` where no snippet concerns it.
    pub(super) fn new(config: &'c Config, at: usize, predicates: &mut Predicates) -> Option<Self> {
        let server = &config.servers[at];
        let codes = Codes::new(config, server.snippet);
        let global = [codes.http, codes.server, codes.global_server, codes.global_location];
        let none = global.iter().all(|code| code.is_empty());
        if none && server.locations.iter().all(|location| configuration(&location.settings).is_empty()) {
            return None;
        }
        let (before, after) = (codes.server.lines.as_slice(), codes.global_server.lines.as_slice());
        let mut tree = Self { nodes: Vec::new(), before, after, http: vec![&codes.http.lines] };
        tree.nodes.push(Node::new(None, Kind::Server, "", Compare::Prefix));
        tree.nodes[0].blocks = vec![before, after];
        tree.nest(0, before, server.snippet.map(|id| config.annotation(id, "server-snippet")), predicates);
        for (position, location) in server.locations.iter().enumerate() {
            let compare = match location.modifier {
                Modifier::Exact => Compare::Exact,
                Modifier::Prefix => Compare::Prefix,
                Modifier::Regex => Compare::Regex { caseless: true },
            };
            let mut node = Node::new(Some(0), Kind::Controller(position), &location.path, compare);
            let code = configuration(&location.settings);
            let denied = location.settings.denied.is_some();
            node.blocks = if denied { Vec::new() } else { vec![&code.lines, &codes.global_location.lines] };
            node.swallowed = !denied && (code.swallows || codes.global_location.swallows);
            node.proxies = !denied && !node.swallowed;
            let origin = location.origin.as_ref();
            let index = tree.add(node, origin.map(|origin| origin.subject.clone()), predicates);
            if !denied {
                let place = origin.map(|origin| config.annotation(origin.ingress, "configuration-snippet"));
                tree.nest(index, &code.lines, place.clone(), predicates);
                tree.nest(index, &codes.global_location.lines, place, predicates);
            }
        }
        for (path, found) in built_in(config, server) {
            tree.add(Node::new(Some(0), Kind::BuiltIn(found), path, Compare::Prefix), None, predicates);
        }
        tree.nest(0, after, config.globals.config_map.clone(), predicates);
        for index in 0..tree.nodes.len() {
            let mut prefixes = std::mem::take(&mut tree.nodes[index].prefixes);
            prefixes.sort_by_key(|(_, node)| std::cmp::Reverse(tree.nodes[*node].path.len()));
            // A prefix of the very text is found before the longer one gets its slash.
            let mut slash = std::mem::take(&mut tree.nodes[index].slash);
            let plain = |path: &str| prefixes.iter().any(|(_, node)| path.strip_suffix('/') == Some(tree.nodes[*node].path));
            slash.retain(|(_, node)| !plain(tree.nodes[*node].path));
            tree.nodes[index].slash = slash;
            tree.nodes[index].prefixes = prefixes;
        }
        Some(tree)
    }

    /// Adds the locations of a block, and those inside of them.
    fn nest(&mut self, parent: usize, block: &'c [Line], origin: Option<Subject>, predicates: &mut Predicates) {
        let mut work: Vec<(usize, &'c [Line])> = vec![(parent, block)];
        while let Some((parent, block)) = work.pop() {
            for line in block {
                let Directive::Location { compare, path, block } = &line.directive else { continue };
                let inside = match self.nodes[parent].kind {
                    Kind::Controller(position) => Some(position),
                    Kind::Snippet(inside) => inside,
                    Kind::Server | Kind::BuiltIn(_) => None,
                };
                let mut node = Node::new(Some(parent), Kind::Snippet(inside), path, *compare);
                node.blocks = vec![block];
                node.proxies = block.iter().any(|line| matches!(line.directive, Directive::Pass(_)));
                let index = self.add(node, origin.clone(), predicates);
                work.push((index, block));
            }
        }
    }

    fn add(&mut self, node: Node<'c>, origin: Option<Subject>, predicates: &mut Predicates) -> usize {
        let index = self.nodes.len();
        let parent = node.parent.unwrap_or_default();
        let mut ask = |test| (predicates.intern(Field::Path, test, origin.clone()), index);
        let equals = |text: &str| Test::Equals(text.to_owned());
        match node.compare {
            Compare::Exact => self.nodes[parent].exact.push(ask(equals(node.path))),
            Compare::Prefix | Compare::FirstPrefix => self.nodes[parent].prefixes.push(ask(Test::Prefix(node.path.to_owned()))),
            Compare::Regex { caseless } => {
                let regex = if matches!(node.kind, Kind::Controller(_)) { format!("^{}", node.path) } else { node.path.to_owned() };
                self.nodes[parent].regexes.push(ask(search(&regex, caseless)));
            }
            Compare::Named => {}
        }
        let plain = matches!(node.compare, Compare::Exact | Compare::Prefix | Compare::FirstPrefix);
        if let Some(short) = node.path.strip_suffix('/').filter(|short| !short.is_empty() && plain && node.proxies) {
            let asked = ask(equals(short));
            let slashes = &mut self.nodes[parent].slash;
            match slashes.iter_mut().find(|(id, _)| *id == asked.0) {
                // The exact location of the text gives its settings, where there is one.
                Some(known) if node.compare == Compare::Exact => known.1 = index,
                Some(_) => {}
                None => slashes.push(asked),
            }
        }
        self.nodes.push(node);
        index
    }

    /// Blocks around a node and its own, outermost first.
    pub(super) fn levels(&self, node: usize) -> Vec<Vec<&'c [Line]>> {
        let mut levels: Vec<Vec<&'c [Line]>> =
            std::iter::successors(Some(node), |&at| self.nodes[at].parent).map(|at| self.nodes[at].blocks.clone()).collect();
        levels.push(self.http.clone());
        levels.reverse();
        levels
    }
}

impl<'c> Node<'c> {
    fn new(parent: Option<usize>, kind: Kind, path: &'c str, compare: Compare) -> Self {
        Self {
            parent,
            kind,
            blocks: Vec::new(),
            path,
            compare,
            proxies: false,
            swallowed: false,
            exact: Vec::new(),
            slash: Vec::new(),
            prefixes: Vec::new(),
            regexes: Vec::new(),
        }
    }
}

impl Questions<'_> {
    /// The locations of a server that snippets concern.
    pub(in crate::nginx) fn tree(&self, server: usize) -> Option<&Tree<'_>> {
        self.trees.get(&server)
    }
}

impl Router<'_> {
    /// Whether a question about the path is to be answered with yes, at this moment.
    pub(super) fn of_path(&self, v: &impl Valuation, state: &State, id: PredicateId) -> Known<bool> {
        match &state.path {
            Path::Original => Ok(v.holds(id)),
            Path::Literal(path) => match &self.predicates.get(id).test {
                Test::Equals(text) => Ok(path == text),
                Test::Prefix(text) => Ok(path.starts_with(text.as_str())),
                Test::Suffix(text) => Ok(path.ends_with(text.as_str())),
                Test::Present => Ok(true),
                Test::Regex(_) => match self.pattern(id) {
                    Some(pattern) => pattern.is_match(path.as_bytes()).map_err(|_| "an expression that needs too many steps".to_owned()),
                    None => Ok(false),
                },
                Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => Ok(false),
            },
            Path::Made { .. } => Err("which location a rewritten path has".to_owned()),
        }
    }

    fn first_of_path(&self, v: &impl Valuation, state: &State, list: &[(PredicateId, usize)]) -> Known<Option<(PredicateId, usize)>> {
        for &(id, node) in list {
            if self.of_path(v, state, id)? {
                return Ok(Some((id, node)));
            }
        }
        Ok(None)
    }

    /// What an expression that was found in the path took.
    pub(super) fn taken_of_path(&self, v: &impl Valuation, state: &State, id: PredicateId) -> Known<Taken> {
        let Test::Regex(regex) = &self.predicates.get(id).test else { return Ok(Taken::default()) };
        let original = match &state.path {
            Path::Original => v.known(&[crate::request::Part::Variable("uri".to_owned())].into()),
            Path::Literal(path) => Some(path.clone()),
            Path::Made { .. } => None,
        };
        match (original, &state.path) {
            (Some(path), _) => {
                let taken = take(&regex.pattern, regex.caseless, &path);
                taken.map(Option::unwrap_or_default).map_err(|()| "an expression that needs too many steps".to_owned())
            }
            (None, Path::Original) => {
                let groups = Groups::OfPath(id);
                let named = named_groups(&regex.pattern, &groups);
                Ok(Taken { groups, named })
            }
            (None, Path::Literal(_) | Path::Made { .. }) => Ok(Taken { groups: Groups::Opaque, named: Vec::new() }),
        }
    }

    /// The location of the path at this moment; groups of its expression are taken.
    pub(super) fn locate(&self, v: &impl Valuation, tree: &Tree<'_>, state: &mut State) -> Known<Found> {
        let mut start = 0;
        loop {
            // Down through the longest prefixes, …
            let mut chain = vec![(start, false)];
            let mut current = start;
            loop {
                let node = &tree.nodes[current];
                if let Some((_, found)) = self.first_of_path(v, state, &node.exact)? {
                    return Ok(Found::Node(found));
                }
                if let Some((_, found)) = self.first_of_path(v, state, &node.slash)? {
                    return Ok(Found::Slash(found));
                }
                let Some((_, found)) = self.first_of_path(v, state, &node.prefixes)? else { break };
                if let Some(last) = chain.last_mut() {
                    last.1 = tree.nodes[found].compare == Compare::FirstPrefix;
                }
                chain.push((found, false));
                current = found;
            }
            // … and up again, looking at the expressions of each level.
            let mut matched = None;
            for &(level, skips) in chain.iter().rev() {
                if !skips && let Some(found) = self.first_of_path(v, state, &tree.nodes[level].regexes)? {
                    matched = Some(found);
                    break;
                }
            }
            let Some((id, node)) = matched else { return Ok(Found::Node(current)) };
            self.taken_of_path(v, state, id)?.store(state);
            start = node;
            let inner = &tree.nodes[node];
            if inner.exact.is_empty() && inner.slash.is_empty() && inner.prefixes.is_empty() && inner.regexes.is_empty() {
                return Ok(Found::Node(node));
            }
        }
    }
}
