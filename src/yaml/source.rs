//! The texts that were read, and places in them.

use std::sync::OnceLock;

use super::{Documents, Node};

/// Byte range in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A range of bytes. Sources are smaller than 4 GiB.
    pub(super) fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end.max(start)) }
    }

    /// The same range further on.
    pub(super) fn shifted(self, by: usize) -> Self {
        Self::new(self.start as usize + by, self.end as usize + by)
    }
}

/// One step of a path to a place in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// Key of a mapping.
    Key(&'a str),
    /// Index in a sequence.
    Index(usize),
}

/// One text: a file as named on the command line, or `-`.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name for messages.
    pub name: String,
    /// Text; invalid UTF-8 was replaced and reported.
    pub text: String,
    /// Byte offsets at which lines start, counted when first asked for.
    lines: OnceLock<Vec<u32>>,
}

/// All texts of a run.
#[derive(Debug, Clone, Default)]
pub struct Sources(pub Vec<Source>);

impl Sources {
    /// Adds a text and returns its index.
    pub fn add(&mut self, name: impl Into<String>, text: String) -> u32 {
        self.0.push(Source { name: name.into(), text, lines: OnceLock::new() });
        u32::try_from(self.0.len() - 1).expect("INVARIANT: fewer than 2^32 sources")
    }

    /// Line and column (in characters), both from 1, of a byte offset.
    pub fn line_column(&self, source: u32, offset: u32) -> (usize, usize) {
        let source = &self.0[source as usize];
        let text = &source.text;
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let lines = source.lines.get_or_init(|| {
            let breaks = text.match_indices('\n').map(|(at, _)| Span::new(at + 1, at + 1).start);
            std::iter::once(0).chain(breaks).collect()
        });
        let line = lines.partition_point(|start| *start as usize <= offset);
        let start = lines[line - 1] as usize;
        (line, text[start..offset].chars().count() + 1)
    }

    /// Where the values at some paths stand, in the document that starts at `offset` (in its list at `item`). A path that does not exist
    /// gives the nearest parent that does. The document is parsed again, once for all paths; nothing positional is kept for objects.
    pub fn locate<'p>(
        &self,
        source: u32,
        offset: u32,
        item: Option<u32>,
        paths: impl IntoIterator<Item = Vec<Place<'p>>>,
    ) -> Option<Vec<Span>> {
        let document = Documents::at(&self.0.get(source as usize)?.text, offset as usize)?;
        let root = document.root?;
        let object = match item {
            Some(item) => root.get("items").and_then(|items| items.items().get(item as usize)).unwrap_or(&root),
            None => &root,
        };
        Some(paths.into_iter().map(|path| find(object, &path)).collect())
    }
}

/// The span of the value at a path, of its key where the value is empty or of several lines, or of the nearest parent.
fn find(object: &Node, path: &[Place<'_>]) -> Span {
    let mut node = object;
    let mut span = heading(object);
    for place in path {
        match place {
            Place::Key(key) => {
                let Some((name, value)) = node.entries().iter().rev().find(|(name, _)| name.as_text() == Some(key)) else { break };
                span = if value.as_scalar().is_some() && value.span.end > value.span.start { value.span } else { name.span };
                node = value;
            }
            Place::Index(index) => {
                let Some(item) = node.items().get(*index) else { break };
                span = if item.as_scalar().is_some() { item.span } else { heading(item) };
                node = item;
            }
        }
    }
    span
}

/// Something short to underline for a collection: its first key.
fn heading(node: &Node) -> Span {
    match node.entries().first() {
        Some((key, _)) => Span { start: node.span.start.min(key.span.start), end: key.span.end },
        None => node.span,
    }
}
