//! What a template makes of a path, where that can be said for all paths of a cell: for a single path by matching it, for many where
//! the template only uses what a final catch-all group takes.

use super::{paths::PathAtom, text::is_plain};
use crate::{
    automata::{Lang, pcre},
    request::{Piece, Regex, RegexDialect},
};

/// A piece of a filled template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filled {
    Text(String),
    /// The path behind this many bytes.
    Rest(usize),
    Variable(String),
}

/// Fills a template. `None` where this depends on the path in a way that has no simpler form; an error where the paths must be told
/// apart by languages first.
pub(super) fn fill(
    regex: &Regex,
    template: &[Piece],
    path: &PathAtom,
    members: &dyn Fn() -> Option<Lang>,
) -> Result<Option<Vec<Filled>>, Vec<Lang>> {
    if regex.dialect != RegexDialect::PcreSearch {
        return Ok(None);
    }
    let Ok(pattern) = pcre::Pattern::parse(&regex.pattern, regex.caseless) else { return Ok(None) };
    if path.only { Ok(single(&pattern, template, &path.witness)) } else { many(&pattern, template, members) }
}

fn number(pattern: &pcre::Pattern, name: &str) -> Option<usize> {
    pattern.group_names().iter().find(|(known, _)| known == name).map(|(_, number)| *number)
}

fn plain(text: &str) -> Option<Filled> {
    text.bytes().all(|byte| is_plain(byte) && byte != b'+').then(|| Filled::Text(text.to_owned()))
}

fn single(pattern: &pcre::Pattern, template: &[Piece], path: &str) -> Option<Vec<Filled>> {
    let found = pattern.search(path.as_bytes()).ok()??;
    let group = |number: usize| found.get(number).and_then(|range| path.get(range)).unwrap_or_default();
    template
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => plain(text),
            Piece::Group(number) => plain(group(usize::from(*number))),
            Piece::Named(name) => plain(group(self::number(pattern, name)?)),
            Piece::Variable(name) => Some(Filled::Variable(name.clone())),
        })
        .collect()
}

fn many(pattern: &pcre::Pattern, template: &[Piece], members: &dyn Fn() -> Option<Lang>) -> Result<Option<Vec<Filled>>, Vec<Lang>> {
    let mut filled = Vec::with_capacity(template.len());
    let mut tail = None;
    for piece in template {
        let group = match piece {
            Piece::Literal(text) => {
                let Some(text) = plain(text) else { return Ok(None) };
                filled.push(text);
                continue;
            }
            Piece::Variable(name) => {
                filled.push(Filled::Variable(name.clone()));
                continue;
            }
            Piece::Group(number) => usize::from(*number),
            Piece::Named(name) => match number(pattern, name) {
                Some(number) => number,
                None => return Ok(None),
            },
        };
        // A group that does not exist is empty.
        if group > pattern.group_count() {
            continue;
        }
        let drop = match tail {
            Some(drop) => drop,
            None => match super::tail::start(pattern, group, members)? {
                Some(drop) => *tail.insert(drop),
                None => return Ok(None),
            },
        };
        if super::tail::last_group(pattern) != Some(group) {
            return Ok(None);
        }
        filled.push(Filled::Rest(drop));
    }
    Ok(Some(filled))
}
