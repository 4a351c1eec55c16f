//! What a template makes of a path, where that can be said for all paths of a cell: for a single path by matching it, for many where
//! the template only uses what a final catch-all group takes.

use super::{
    paths::{PathAtom, Relation},
    text::is_plain,
};
use crate::{
    automata::{Lang, pcre},
    gateway::regex::has_bar,
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
    relation: &dyn Fn(&Lang) -> Relation,
) -> Result<Option<Vec<Filled>>, Vec<Lang>> {
    let Some((pattern, caseless)) = whole(regex) else { return Ok(None) };
    let Ok(pattern) = pcre::Pattern::parse(pattern, caseless) else { return Ok(None) };
    if path.only { Ok(single(&pattern, template, &path.witness)) } else { many(&pattern, template, relation) }
}

/// The expression as PCRE reads it, and whether letter case does not count, if what it makes takes the place of the whole path. nginx
/// always does that; Envoy replaces the hit, which is the whole path only where the expression says so.
fn whole(regex: &Regex) -> Option<(&str, bool)> {
    match regex.dialect {
        RegexDialect::PcreSearch => Some((&regex.pattern, regex.caseless)),
        RegexDialect::Re2Search => {
            let (pattern, caseless) = match regex.pattern.strip_prefix("(?i)") {
                Some(pattern) => (pattern, true),
                None => (regex.pattern.as_str(), regex.caseless),
            };
            let anchored = pattern.starts_with('^') && pattern.ends_with('$') && !pattern.ends_with("\\$") && !has_bar(pattern);
            anchored.then_some((pattern, caseless))
        }
        RegexDialect::Re2Full => None,
    }
}

/// An expression in one form for both sides: without anchors, and without what takes the rest of the path.
pub(super) fn canonical(regex: &Regex) -> Regex {
    let Some((pattern, caseless)) = whole(regex) else { return regex.clone() };
    let mut pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    if regex.dialect == RegexDialect::Re2Search || pattern.ends_with("(.*)$") {
        pattern = pattern.strip_suffix('$').unwrap_or(pattern);
        pattern = pattern.strip_suffix(".*").unwrap_or(pattern);
    }
    Regex { pattern: pattern.to_owned(), caseless, dialect: RegexDialect::PcreSearch }
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

fn many(pattern: &pcre::Pattern, template: &[Piece], relation: &dyn Fn(&Lang) -> Relation) -> Result<Option<Vec<Filled>>, Vec<Lang>> {
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
            None => match super::tail::start(pattern, group, relation)? {
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
