//! The locations of a host, with those that snippets add, and the choice among them (`ngx_http_core_find_location`).

use std::collections::BTreeMap;

use crate::snippet::{Consequence, LocationModifier, Meaning, Reading, Understood, pattern::Pattern};

/// A location that the controller writes.
#[derive(Debug, Clone)]
pub struct SiteLocation<'a> {
    /// How it compares.
    pub modifier: LocationModifier,
    /// What it compares with.
    pub path: String,
    /// Snippets in it, in the order of the template.
    pub snippets: Vec<&'a Reading>,
}

/// A host.
#[derive(Debug, Clone, Default)]
pub struct Site<'a> {
    /// Snippets of the server before the locations.
    pub before: Vec<&'a Reading>,
    /// Locations in the order of the template. All of them have a backend.
    pub locations: Vec<SiteLocation<'a>>,
    /// Snippets of the server behind the locations.
    pub after: Vec<&'a Reading>,
    /// Variables that are known to the caller, without `$`.
    pub variables: BTreeMap<String, String>,
}

/// A directive: which snippet, and which of its directives.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) reading: &'a Reading,
    pub(super) index: usize,
}

impl<'a> Place<'a> {
    pub(super) fn understood(self) -> &'a Understood {
        &self.reading.understood[self.index]
    }

    pub(super) fn name(self) -> &'a str {
        self.reading.snippet.directives[self.index].name()
    }

    /// The directives of its block.
    pub(super) fn block(self) -> Vec<Place<'a>> {
        self.reading.snippet.children(Some(self.index)).map(|index| Place { reading: self.reading, index }).collect()
    }
}

/// The server (the first one) or a location.
pub(super) struct Node<'a> {
    pub(super) parent: Option<usize>,
    modifier: LocationModifier,
    path: String,
    regex: Option<Pattern>,
    /// Directives that stand directly in it.
    pub(super) directives: Vec<Place<'a>>,
    children: Vec<usize>,
    /// Index in [`Site::locations`].
    pub(super) site: Option<usize>,
    /// A snippet without final `;` took in its `proxy_pass`.
    pub(super) lost: bool,
}

/// All locations of a site.
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Expressions that this engine cannot run.
    pub(super) unread: Vec<String>,
}

/// What was found for a path.
pub(super) enum Found {
    /// A location, or the server itself where none fits; and the groups of its expression.
    Node(usize, Option<crate::snippet::pattern::Groups>),
    /// The path lacks the final slash of a location with a backend.
    Slash(usize),
}

impl<'a> Tree<'a> {
    pub(super) fn new(site: &Site<'a>) -> Self {
        let mut tree = Self { nodes: Vec::new(), unread: Vec::new() };
        let root = Node {
            parent: None,
            modifier: LocationModifier::Prefix,
            path: String::new(),
            regex: None,
            directives: Vec::new(),
            children: Vec::new(),
            site: None,
            lost: false,
        };
        tree.nodes.push(root);
        let mut work: Vec<(usize, Place<'a>)> = Vec::new();
        let top = |reading: &'a Reading| reading.snippet.children(None).map(move |index| Place { reading, index });
        for place in site.before.iter().flat_map(|reading| top(reading)) {
            tree.place(0, place, &mut work);
        }
        tree.expand(&mut work);
        for (index, location) in site.locations.iter().enumerate() {
            let node = tree.add(0, location.modifier, &location.path, Some(index));
            let swallows = |reading: &&'a Reading| {
                reading.snippet.stops.iter().any(|stop| stop.consequence(reading.snippet.place) == Consequence::Swallows)
            };
            tree.nodes[node].lost = location.snippets.iter().any(swallows);
            for place in location.snippets.iter().flat_map(|reading| top(reading)) {
                tree.place(node, place, &mut work);
            }
            tree.expand(&mut work);
        }
        for place in site.after.iter().flat_map(|reading| top(reading)) {
            tree.place(0, place, &mut work);
        }
        tree.expand(&mut work);
        tree
    }

    fn add(&mut self, parent: usize, modifier: LocationModifier, path: &str, site: Option<usize>) -> usize {
        let regex = match modifier {
            LocationModifier::Regex | LocationModifier::RegexIgnoringCase => {
                let pattern = Pattern::new(path, modifier == LocationModifier::RegexIgnoringCase);
                if pattern.is_none() {
                    self.unread.push(path.to_owned());
                }
                pattern
            }
            LocationModifier::Exact | LocationModifier::Prefix | LocationModifier::PrefixBeforeRegex | LocationModifier::Named => None,
        };
        let index = self.nodes.len();
        self.nodes.push(Node {
            parent: Some(parent),
            modifier,
            path: path.to_owned(),
            regex,
            directives: Vec::new(),
            children: Vec::new(),
            site,
            lost: false,
        });
        self.nodes[parent].children.push(index);
        index
    }

    fn place(&mut self, node: usize, place: Place<'a>, work: &mut Vec<(usize, Place<'a>)>) {
        if let Meaning::Location(location) = &place.understood().meaning {
            let index = self.add(node, location.modifier, &location.path, None);
            work.extend(place.block().into_iter().rev().map(|child| (index, child)));
        } else {
            self.nodes[node].directives.push(place);
        }
    }

    fn expand(&mut self, work: &mut Vec<(usize, Place<'a>)>) {
        while let Some((node, place)) = work.pop() {
            self.place(node, place, work);
        }
    }

    /// The location has a backend.
    pub(super) fn proxies(&self, node: usize) -> bool {
        let passes = |place: &Place| matches!(place.understood().meaning, Meaning::Upstream(crate::snippet::Upstream::Pass { .. }));
        self.nodes[node].site.is_some() && !self.nodes[node].lost || self.nodes[node].directives.iter().any(passes)
    }

    /// Chooses the location of a path.
    pub(super) fn find(&self, path: &str) -> Found {
        let (mut start, mut groups) = (0, None);
        loop {
            // Down through the longest prefixes …
            let mut chain = vec![(start, false)];
            let mut current = start;
            while let Some((node, exact)) = self.static_child(current, path) {
                if exact {
                    let name = &self.nodes[node].path;
                    return if path.len() < name.len() { Found::Slash(node) } else { Found::Node(node, groups) };
                }
                if let Some(last) = chain.last_mut() {
                    last.1 = self.nodes[node].modifier == LocationModifier::PrefixBeforeRegex;
                }
                chain.push((node, false));
                current = node;
            }
            // … and up again, looking at the regular expressions of each level.
            let matched = chain.iter().rev().filter(|(_, no_regex)| !no_regex).find_map(|&(level, _)| {
                self.nodes[level].children.iter().find_map(|&child| Some((child, self.nodes[child].regex.as_ref()?.groups(path)?)))
            });
            match matched {
                Some((node, taken)) => {
                    groups = Some(taken);
                    start = node;
                    if self.nodes[node].children.is_empty() {
                        return Found::Node(node, groups);
                    }
                }
                None => return Found::Node(current, groups),
            }
        }
    }

    /// The location by text: true for an exact one, or one that only lacks its final slash.
    fn static_child(&self, level: usize, path: &str) -> Option<(usize, bool)> {
        let mut longest: Option<usize> = None;
        let mut slash = None;
        for &child in &self.nodes[level].children {
            let node = &self.nodes[child];
            match node.modifier {
                LocationModifier::Exact if node.path == path => return Some((child, true)),
                LocationModifier::Prefix | LocationModifier::PrefixBeforeRegex => {
                    if path.starts_with(node.path.as_str()) {
                        if longest.is_none_or(|best| self.nodes[best].path.len() < node.path.len()) {
                            longest = Some(child);
                        }
                    } else if node.path.strip_suffix('/') == Some(path) && self.proxies(child) {
                        slash = Some(child);
                    }
                }
                LocationModifier::Exact | LocationModifier::Regex | LocationModifier::RegexIgnoringCase | LocationModifier::Named => {}
            }
        }
        slash.map(|child| (child, true)).or_else(|| longest.map(|child| (child, false)))
    }
}
