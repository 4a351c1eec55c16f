//! Where the final catch-all group of an expression begins: `/api(/|$)(.*)` takes everything behind `/api/`.

use super::paths::Relation;
use crate::automata::{
    ByteSet, Lang,
    pcre::{Assert, GroupKind, Node, Pattern, RepeatKind},
    re2,
};

/// Heads with more lengths than this are not looked at.
const LENGTHS: usize = 12;

/// Number of the group, if the expression ends with one that takes everything.
pub(super) fn last_group(pattern: &Pattern) -> Option<usize> {
    split(pattern.node()).map(|(_, group)| group)
}

/// The part before a final `(.*)`, and the number of that group.
fn split(node: &Node) -> Option<(Vec<&Node>, usize)> {
    let mut items: Vec<&Node> = match node {
        Node::Concat(items) => items.iter().collect(),
        other => vec![other],
    };
    while matches!(items.last(), Some(Node::Assert(Assert::End | Assert::EndOrNewline))) {
        items.pop();
    }
    let Some(Node::Group { kind: GroupKind::Capture(number), body }) = items.pop() else { return None };
    let Node::Repeat { body, min: 0, max: None, kind: RepeatKind::Greedy | RepeatKind::Possessive } = &**body else { return None };
    // `.` takes every byte of a clean path.
    let set = body.as_set()?;
    (0x21..0x7f_u8).all(|byte| set.contains(byte)).then_some((items, *number as usize))
}

/// One way in which a head can match: sets of bytes, and whether the path must end behind them.
#[derive(Debug, Clone, Default)]
struct Way {
    bytes: Vec<ByteSet>,
    ends: bool,
}

/// All ways in which a sequence can match, in the order in which they are tried; `None` where they are too many or not simple.
fn ways(items: &[&Node]) -> Option<Vec<Way>> {
    let mut all = vec![Way::default()];
    for item in items {
        let next = alternatives(item)?;
        let mut longer = Vec::with_capacity(all.len() * next.len());
        for way in &all {
            for tail in &next {
                // Nothing follows the end of the path.
                if way.ends && !tail.bytes.is_empty() {
                    continue;
                }
                let bytes = way.bytes.iter().chain(&tail.bytes).copied().collect();
                longer.push(Way { bytes, ends: way.ends || tail.ends });
            }
        }
        if longer.len() > 64 {
            return None;
        }
        all = longer;
    }
    Some(all)
}

fn alternatives(node: &Node) -> Option<Vec<Way>> {
    if let Some(set) = node.as_set() {
        return Some(vec![Way { bytes: vec![set], ends: false }]);
    }
    match node {
        Node::Empty => Some(vec![Way::default()]),
        Node::Assert(Assert::End | Assert::EndOrNewline) => Some(vec![Way { bytes: Vec::new(), ends: true }]),
        Node::Group { kind: GroupKind::Capture(_), body } => alternatives(body),
        Node::Concat(items) => ways(&items.iter().collect::<Vec<_>>()),
        Node::Alternate(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(alternatives(branch)?);
            }
            Some(all)
        }
        Node::Repeat { body, min: 0, max: Some(1), kind } => {
            let mut some = alternatives(body)?;
            match kind {
                RepeatKind::Greedy => some.push(Way::default()),
                RepeatKind::Lazy => some.insert(0, Way::default()),
                RepeatKind::Possessive => return None,
            }
            Some(some)
        }
        Node::Byte { .. }
        | Node::Set(_)
        | Node::Grapheme
        | Node::Assert(_)
        | Node::ResetStart
        | Node::Group { .. }
        | Node::Look(_)
        | Node::Repeat { .. }
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Cond { .. }
        | Node::Verb(_)
        | Node::Unsupported => None,
    }
}

/// Paths that start in this way.
fn lang(way: &Way) -> Option<Lang> {
    let mut pattern = String::new();
    for set in &way.bytes {
        pattern.push('[');
        let mut some = false;
        for byte in (0x21..0x7f_u8).filter(|byte| set.contains(*byte)) {
            pattern.push_str(&format!("\\x{byte:02x}"));
            some = true;
        }
        if !some {
            return Some(Lang::none());
        }
        pattern.push(']');
    }
    let pattern = re2::Pattern::parse(&pattern).ok()?;
    Some(if way.ends { Lang::full(&pattern) } else { Lang::starts_with(&pattern) })
}

/// How many bytes stand before the group in all paths of the cell. `None` where that has no simple answer, an error where the paths
/// must be told apart by languages first.
pub(super) fn start(pattern: &Pattern, group: usize, relation: &dyn Fn(&Lang) -> Relation) -> Result<Option<usize>, Vec<Lang>> {
    let Some((items, last)) = split(pattern.node()) else { return Ok(None) };
    if last != group {
        return Ok(None);
    }
    let items: Vec<&Node> = items.into_iter().skip_while(|item| matches!(item, Node::Assert(Assert::Start))).collect();
    let Some(ways) = ways(&items) else { return Ok(None) };
    if ways.is_empty() || ways.len() > LENGTHS {
        return Ok(None);
    }
    // The search begins at the first byte: a clean path starts with a slash, and so must every way.
    if !ways.iter().all(|way| way.bytes.first().is_some_and(|set| set.contains(b'/'))) {
        return Ok(None);
    }
    let mut langs = Vec::with_capacity(ways.len());
    for way in &ways {
        let Some(lang) = lang(way) else { return Ok(None) };
        langs.push(lang);
    }
    let relations: Vec<Relation> = langs.iter().map(relation).collect();
    if relations.contains(&Relation::Unsure) {
        return Ok(None);
    }
    let uncut = langs.into_iter().zip(&relations).filter(|(_, relation)| **relation == Relation::Uncut).map(|(lang, _)| lang);
    let uncut: Vec<Lang> = uncut.collect();
    if !uncut.is_empty() {
        return Err(uncut);
    }
    // The first way that is possible is the one that is taken.
    Ok(ways.iter().zip(&relations).find(|(_, relation)| **relation == Relation::Inside).map(|(way, _)| way.bytes.len()))
}
