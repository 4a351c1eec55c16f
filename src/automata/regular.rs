//! PCRE patterns as regular languages, where they are. A look-ahead behind a start of fixed length, and a look-behind
//! before the end, become conjunctions; possessive quantifiers and atomic groups stay where they cannot change what
//! matches; everything else makes the pattern opaque.

use super::{
    ByteSet, Lang,
    lang::{any_byte, anything, repeated},
    pcre::{Assert, GroupKind, Look, Node, Pattern, RepeatKind, Verb},
};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, Look as At};

/// How many alternatives around look-arounds are multiplied out.
const MAX_BRANCHES: usize = 256;
/// How deep a pattern may nest; deeper ones would overflow the stack of those who compile expressions.
const MAX_DEPTH: usize = 200;

/// The strings in which the pattern is found, or nothing where that is not regular.
pub(super) fn lang(pattern: &Pattern) -> Option<Lang> {
    if pattern.unsupported().is_some() || is_deeper(pattern.node(), MAX_DEPTH) {
        return None;
    }
    let mut branches = 0;
    branch(Start::default(), vec![pattern.node()], &mut branches)
}

/// Whether the node nests deeper than that.
fn is_deeper(node: &Node, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return true };
    match node {
        Node::Group { body, .. } | Node::Repeat { body, .. } => is_deeper(body, depth),
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(|part| is_deeper(part, depth)),
        Node::Look(look) => look.branches.iter().any(|part| is_deeper(part, depth)),
        Node::Empty
        | Node::Byte { .. }
        | Node::Set(_)
        | Node::Grapheme
        | Node::Assert(_)
        | Node::ResetStart
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Cond { .. }
        | Node::Verb(_)
        | Node::Unsupported => false,
    }
}

/// What has been read of one way through the pattern.
#[derive(Clone, Default)]
struct Start {
    /// What is matched up to here.
    prefix: Vec<Hir>,
    /// Whether it begins at the first byte.
    anchored: bool,
    /// Its length, where all strings have the same.
    length: Option<usize>,
    /// What else must hold.
    also: Vec<Lang>,
}

impl Start {
    /// The length where the position is known whatever the string.
    fn position(&self) -> Option<usize> {
        if self.prefix.is_empty() { Some(0) } else { self.length }.filter(|_| self.anchored)
    }

    fn matched(&self, tail: Vec<Hir>) -> Hir {
        let mut items = if self.anchored { Vec::new() } else { vec![anything()] };
        items.extend(self.prefix.iter().cloned());
        items.extend(tail);
        Hir::concat(items)
    }

    fn push(&mut self, hir: Hir) {
        let properties = hir.properties();
        let fixed = properties.minimum_len().filter(|min| Some(*min) == properties.maximum_len());
        let before = if self.prefix.is_empty() { Some(0) } else { self.length };
        self.length = before.zip(fixed).map(|(before, more)| before + more);
        self.prefix.push(hir);
    }

    fn finish(self) -> Lang {
        let hir = self.matched(vec![anything()]);
        Lang::and(std::iter::once(Lang::from_hir(hir)).chain(self.also))
    }
}

/// One way through the pattern; `items` are still to come, the next one last.
fn branch(mut start: Start, mut items: Vec<&Node>, branches: &mut usize) -> Option<Lang> {
    *branches += 1;
    if *branches > MAX_BRANCHES {
        return None;
    }
    while let Some(item) = items.pop() {
        match item {
            Node::Concat(parts) => items.extend(parts.iter().rev()),
            Node::Assert(Assert::Start) if start.prefix.is_empty() => start.anchored = true,
            Node::Group { kind: GroupKind::Capture(_), body } if has_look(body) || is_start(body) => items.push(body),
            Node::Alternate(parts) if has_look(item) || starts_differ(item, &start) => {
                let ways = parts.iter().map(|part| {
                    let mut items = items.clone();
                    items.push(part);
                    branch(start.clone(), items, branches)
                });
                return Some(Lang::or(ways.collect::<Option<Vec<_>>>()?));
            }
            Node::Look(look) if look.behind => match look_behind(&start, look, &items)? {
                Behind::Also(lang) => start.also.push(lang),
                Behind::Whole(lang) => return Some(lang),
            },
            Node::Look(look) => {
                // Only where the position is the same in every string does "matches from here" become a set.
                start.position()?;
                let mut ways = Vec::new();
                for part in &look.branches {
                    ways.push(branch(Start { also: Vec::new(), ..start.clone() }, vec![part], branches)?);
                }
                let ahead = Lang::or(ways);
                start.also.push(if look.negative { ahead.not() } else { ahead });
            }
            Node::Empty
            | Node::Byte { .. }
            | Node::Set(_)
            | Node::Grapheme
            | Node::Assert(_)
            | Node::ResetStart
            | Node::Group { .. }
            | Node::Alternate(_)
            | Node::Repeat { .. }
            | Node::Backref { .. }
            | Node::Recurse(_)
            | Node::Cond { .. }
            | Node::Verb(_)
            | Node::Unsupported => {
                let follow = follow(&items);
                let hir = hir(item, follow)?;
                start.push(hir);
            }
        }
    }
    Some(start.finish())
}

enum Behind {
    Also(Lang),
    Whole(Lang),
}

/// A look-behind at a fixed position, or right before the end.
fn look_behind(start: &Start, look: &Look, rest: &[&Node]) -> Option<Behind> {
    let mut bodies = Vec::new();
    for part in &look.branches {
        bodies.push(hir(part, Follow::DEAD)?);
    }
    if let Some(position) = start.position() {
        let mut ways = Vec::new();
        for (body, (min, max)) in bodies.iter().zip(&look.widths) {
            for width in *min..=*max {
                let Some(before) = position.checked_sub(width as usize) else { break };
                let fixed = body.properties();
                if min != max || fixed.minimum_len() != fixed.maximum_len() {
                    return None;
                }
                let skip = repeated(any_byte(), u32::try_from(before).ok()?, u32::try_from(before).ok());
                ways.push(Lang::from_hir(Hir::concat(vec![skip, body.clone(), anything()])));
            }
        }
        let behind = Lang::or(ways);
        return Some(Behind::Also(if look.negative { behind.not() } else { behind }));
    }
    let (first, others) = rest.split_last()?;
    let ends: &[&[u8]] = match first {
        Node::Assert(Assert::End) => &[b""],
        Node::Assert(Assert::EndOrNewline) => &[b"", b"\n"],
        _ => return None,
    };
    if !others.is_empty() {
        return None;
    }
    let ways = ends.iter().map(|end| {
        let end = || Hir::literal(end.to_vec());
        let behind = Lang::or(bodies.iter().map(|body| Lang::from_hir(Hir::concat(vec![anything(), body.clone(), end()]))));
        let behind = if look.negative { behind.not() } else { behind };
        let matched = Lang::from_hir(start.matched(vec![end()]));
        Lang::and([matched, behind].into_iter().chain(start.also.iter().cloned()))
    });
    Some(Behind::Whole(Lang::or(ways)))
}

/// Whether the item is or starts with `^` only, so that reading it at the start anchors the pattern.
fn is_start(node: &Node) -> bool {
    match node {
        Node::Assert(Assert::Start) => true,
        Node::Concat(parts) => parts.first().is_some_and(is_start),
        Node::Alternate(parts) => parts.iter().any(is_start),
        Node::Group { kind: GroupKind::Capture(_), body } => is_start(body),
        _ => false,
    }
}

/// Whether the alternatives at the very start are anchored differently.
fn starts_differ(node: &Node, start: &Start) -> bool {
    start.prefix.is_empty() && !start.anchored && is_start(node)
}

fn has_look(node: &Node) -> bool {
    match node {
        Node::Look(_) => true,
        Node::Group { body, .. } | Node::Repeat { body, .. } => has_look(body),
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(has_look),
        Node::Empty
        | Node::Byte { .. }
        | Node::Set(_)
        | Node::Grapheme
        | Node::Assert(_)
        | Node::ResetStart
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Cond { .. }
        | Node::Verb(_)
        | Node::Unsupported => false,
    }
}

/// What can come behind an item.
#[derive(Clone, Copy)]
struct Follow {
    /// The bytes it can start with.
    first: ByteSet,
    /// Whether it can be empty.
    empty: bool,
    /// Whether it matches at every position.
    always: bool,
    /// Whether it may ask about its position.
    asks: bool,
}

impl Follow {
    /// The end of a pattern that is searched: it always matches.
    const END: Self = Self { first: ByteSet::EMPTY, empty: true, always: true, asks: false };
    /// Behind a look-behind, where nothing is known.
    const DEAD: Self = Self { first: ByteSet::ALL, empty: false, always: false, asks: true };

    fn after(self, next: Self) -> Self {
        Self {
            first: if self.empty { self.first.union(next.first) } else { self.first },
            empty: self.empty && next.empty,
            always: self.always && next.always,
            asks: self.asks || next.asks,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            first: self.first.union(other.first),
            empty: self.empty || other.empty,
            always: self.always || other.always,
            asks: self.asks || other.asks,
        }
    }
}

/// What remains, the next item last.
fn follow(items: &[&Node]) -> Follow {
    items.iter().fold(Follow::END, |behind, item| start_of(item).after(behind))
}

/// What an item can start with.
fn start_of(node: &Node) -> Follow {
    match node {
        Node::Empty | Node::ResetStart | Node::Verb(Verb::Mark) => Follow::END,
        Node::Assert(Assert::EndOrNewline) => Follow { always: false, ..Follow::END },
        Node::Assert(_) | Node::Look(_) => Follow { always: false, asks: true, ..Follow::END },
        Node::Byte { .. } | Node::Set(_) => {
            Follow { first: node.as_set().unwrap_or(ByteSet::ALL), empty: false, always: false, asks: false }
        }
        Node::Group { body, .. } => start_of(body),
        Node::Concat(parts) => parts.iter().rev().fold(Follow::END, |behind, part| start_of(part).after(behind)),
        Node::Alternate(parts) => {
            let nothing = Follow { first: ByteSet::EMPTY, empty: false, always: false, asks: false };
            parts.iter().fold(nothing, |all, part| all.or(start_of(part)))
        }
        Node::Repeat { body, min, .. } => {
            let start = start_of(body);
            if *min == 0 { Follow { empty: true, always: true, ..start } } else { start }
        }
        Node::Grapheme | Node::Backref { .. } | Node::Recurse(_) | Node::Cond { .. } | Node::Verb(_) | Node::Unsupported => Follow::DEAD,
    }
}

fn class(set: ByteSet) -> Hir {
    let ranges = set.ranges().into_iter().map(|(first, last)| ClassBytesRange::new(first, last));
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

/// The node as an expression, where it is regular in this place.
fn hir(node: &Node, follow: Follow) -> Option<Hir> {
    Some(match node {
        Node::Empty | Node::ResetStart | Node::Verb(Verb::Mark) => Hir::empty(),
        Node::Byte { byte, caseless: false } => Hir::literal([*byte]),
        Node::Byte { caseless: true, .. } | Node::Set(_) => class(node.as_set()?),
        Node::Verb(Verb::Fail) => Hir::fail(),
        Node::Assert(assert) => self::assert(*assert, follow)?,
        Node::Group { kind: GroupKind::Capture(_), body } => hir(body, follow)?,
        Node::Group { kind: GroupKind::Atomic, body } => atomic(body, follow)?,
        Node::Concat(parts) => {
            let mut behind = follow;
            let mut items = Vec::new();
            for part in parts.iter().rev() {
                items.push(hir(part, behind)?);
                behind = start_of(part).after(behind);
            }
            items.reverse();
            Hir::concat(items)
        }
        Node::Alternate(parts) => Hir::alternation(parts.iter().map(|part| hir(part, follow)).collect::<Option<Vec<_>>>()?),
        Node::Repeat { body, min, max, kind } => {
            let (min, max) = (*min, *max);
            if *kind == RepeatKind::Possessive && (min, max) != (1, Some(1)) && !follow.always {
                let set = body.as_set()?;
                if !takes_all(set, follow) {
                    return None;
                }
            }
            let again = if max == Some(1) || max == Some(0) { follow } else { start_of(body).or(follow) };
            let again = Follow { always: follow.always && max == Some(1), ..again };
            repeated(hir(body, again)?, min, max)
        }
        Node::Grapheme
        | Node::Look(_)
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Cond { .. }
        | Node::Verb(_)
        | Node::Unsupported => return None,
    })
}

fn assert(assert: Assert, follow: Follow) -> Option<Hir> {
    Some(match assert {
        Assert::Start => Hir::look(At::Start),
        Assert::End => Hir::look(At::End),
        // The newline before the end is consumed here, so nothing behind may want it, or ask where it is.
        Assert::EndOrNewline if !follow.asks && (follow.empty || !follow.first.contains(b'\n')) => {
            Hir::concat(vec![repeated(Hir::literal([b'\n']), 0, Some(1)), Hir::look(At::End)])
        }
        Assert::WordBoundary => Hir::look(At::WordAscii),
        Assert::NotWordBoundary => Hir::look(At::WordAsciiNegate),
        Assert::EndOrNewline | Assert::LineStart | Assert::LineEnd => return None,
    })
}

/// An atomic group loses no match where what follows always matches, where it can match in one way only, or where
/// its one choice is how often to repeat bytes that cannot follow.
fn atomic(body: &Node, follow: Follow) -> Option<Hir> {
    let parts = match body {
        Node::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(body),
    };
    let last_is_safe = parts.split_last().is_some_and(|(last, before)| {
        before.iter().all(single_way)
            && (single_way(last) || matches!(last, Node::Repeat { body, kind, .. } if *kind != RepeatKind::Lazy && body.as_set().is_some_and(|set| takes_all(set, follow))))
    });
    if follow.always || last_is_safe { hir(body, follow) } else { None }
}

/// Whether a repetition of these bytes must take all it can for the rest to match.
fn takes_all(set: ByteSet, follow: Follow) -> bool {
    !follow.asks && set.intersect(follow.first).is_empty()
}

fn single_way(node: &Node) -> bool {
    match node {
        Node::Empty | Node::Byte { .. } | Node::Set(_) | Node::Assert(_) | Node::ResetStart => true,
        Node::Group { body, .. } => single_way(body),
        Node::Concat(parts) => parts.iter().all(single_way),
        Node::Repeat { body, min, max, .. } => Some(*min) == *max && single_way(body),
        Node::Alternate(_)
        | Node::Grapheme
        | Node::Look(_)
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Cond { .. }
        | Node::Verb(_)
        | Node::Unsupported => false,
    }
}
