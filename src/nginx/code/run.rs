//! Scripts: the directives of the rewrite module, in the order of the file.

use super::{
    After, Directive, Levels, Line, Reach, Text,
    ask::search,
    state::{Groups, Known, Path, State},
    values::{Site, Values, settled},
};
use crate::{
    k8s::Subject,
    nginx::{Location, Router, route::Trace, uri},
    request::{Field, Part, Piece, PredicateId, TextExpr, Valuation},
};

/// How a script ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// With its last directive.
    Done,
    /// With `break` or its kin, so that no further directives of the module are looked at.
    Broken,
    /// With a redirect.
    Redirect { status: u16, location: TextExpr },
    /// With an answer; one with a text is not replaced by an error page.
    Answer { status: u16, text: bool },
    /// Without an answer.
    Closed,
}

/// A script and where it stands.
pub(super) struct Script<'s, 'c> {
    pub(super) location: Option<&'s Location>,
    /// Blocks of conditions that hold become blocks of the request.
    pub(super) levels: Option<&'s mut Levels<'c>>,
    pub(super) because: Option<Subject>,
}

impl Router<'_> {
    /// Runs the directives of blocks that stand behind each other.
    pub(super) fn script<'c>(
        &self,
        v: &impl Valuation,
        state: &mut State,
        blocks: &[&'c [Line]],
        mut script: Script<'_, 'c>,
        trace: &mut Trace,
    ) -> Known<End> {
        let site = Site { location: script.location, late: false };
        let outer = script.levels.as_ref().map(|levels| levels.len());
        let mut work: Vec<&'c Line> = blocks.iter().rev().flat_map(|block| block.iter().rev()).collect();
        while let Some(line) = work.pop() {
            let values = Values { router: self, v, state, site };
            match &line.directive {
                Directive::Unmodelled { what, reach: Reach::All } => return Err(what.clone()),
                Directive::If { condition, block } => {
                    let (holds, taken) = values.holds(condition)?;
                    if let Some(taken) = taken {
                        taken.store(state);
                    }
                    if holds {
                        trace.step(format!("`{}` holds", line.text), script.because.clone());
                        work.extend(block.iter().rev());
                        if let (Some(levels), Some(outer)) = (&mut script.levels, outer) {
                            levels.pop_to(outer);
                            levels.push(block);
                        }
                    }
                }
                Directive::Set { variable, value } => {
                    let value = match value {
                        Some(text) => values.text(text),
                        None => Err(format!("what `${variable}` holds")),
                    };
                    if variable == "args" {
                        state.query = Some(value);
                        state.rewritten = true;
                    } else {
                        state.variables.insert(variable.clone(), value);
                    }
                }
                Directive::Defines(variable) => drop(state.variables.insert(variable.clone(), Err(format!("what `${variable}` holds")))),
                Directive::OfAuth { variable, .. } => {
                    let asks = script.location.is_none_or(|location| self.config.asks_service(location));
                    let value = if asks { Err(format!("what `${variable}` holds")) } else { Ok(TextExpr::default()) };
                    state.variables.insert(variable.clone(), value);
                }
                Directive::Break => {
                    state.changed = false;
                    return Ok(End::Broken);
                }
                Directive::Redirect { status, location } => {
                    trace.step(format!("`{}`", line.text), script.because.clone());
                    return Ok(End::Redirect { status: *status, location: values.text(location)? });
                }
                Directive::Answer { status, text } => {
                    trace.step(format!("`{}`", line.text), script.because.clone());
                    return Ok(if matches!(*status, 444 | 499) {
                        End::Closed
                    } else {
                        End::Answer { status: *status, text: text.is_some() }
                    });
                }
                Directive::Rewrite { regex, replacement, keeps_query, after } => {
                    let id = self.predicates.find(&Field::Path, &search(regex, false)).ok_or("a rewrite that was not foreseen")?;
                    if !self.of_path(v, state, id)? {
                        state.groups = Groups::None;
                        continue;
                    }
                    trace.step(format!("`{}`", line.text), script.because.clone());
                    let end = self.rewrite(v, state, site, (id, replacement, *keeps_query, *after))?;
                    if end != End::Done {
                        return Ok(end);
                    }
                }
                Directive::Aside
                | Directive::Location { .. }
                | Directive::Except { .. }
                | Directive::Map { .. }
                | Directive::RequestHeader { .. }
                | Directive::ResponseHeader { .. }
                | Directive::Access { .. }
                | Directive::Satisfy(_)
                | Directive::Internal
                | Directive::BodyLimit(_)
                | Directive::ReadTimeout(_)
                | Directive::Rate
                | Directive::Password { .. }
                | Directive::Pass(_)
                | Directive::Unmodelled { .. } => {}
            }
        }
        Ok(End::Done)
    }

    /// A rewrite whose expression was found.
    pub(super) fn rewrite(
        &self,
        v: &impl Valuation,
        state: &mut State,
        site: Site<'_>,
        (id, replacement, keeps_query, after): (PredicateId, &Text, bool, After),
    ) -> Known<End> {
        let original = state.is_original();
        self.taken_of_path(v, state, id)?.store(state);
        let (path, query) = split(replacement);
        let known = matches!(state.groups, Groups::Literal(_));
        let escapes = known && is_quoted(v);
        if let After::Redirect(status) = after {
            let joint = if query.is_some() { '&' } else { '?' };
            let mut parts = if known {
                let text = self.filled(v, state, site, replacement, escapes)?;
                vec![Part::Literal(uri::unescape_redirect(&text))]
            } else {
                vec![Part::Redirected { regex: id, template: self.template(v, state, site, id, replacement)? }]
            };
            if keeps_query {
                parts.extend(state.query_with(joint)?);
            }
            return Ok(End::Redirect { status, location: settled(parts, v) });
        }
        let query = match query {
            None => None,
            Some(query) if known => Some(TextExpr::literal(self.filled(v, state, site, &query, escapes)?)),
            Some(query) => Some(TextExpr(vec![Part::Redirected { regex: id, template: self.template(v, state, site, id, &query)? }])),
        };
        let new = if known {
            let text = self.filled(v, state, site, &path, false)?;
            if text.is_empty() {
                return Ok(End::Answer { status: 500, text: false });
            }
            Path::Literal(text)
        } else {
            let template = self.template(v, state, site, id, &path)?;
            match super::ask::literal(&template) {
                Some("") => return Ok(End::Answer { status: 500, text: false }),
                Some(text) => Path::Literal(text.to_owned()),
                None if original => Path::Made { regex: id, template },
                None => return Err("a path that was rewritten twice".to_owned()),
            }
        };
        state.query = match (query, keeps_query) {
            (None, true) => state.query.take(),
            (None, false) => Some(Ok(TextExpr::default())),
            (Some(query), true) => {
                let more = state.query_with('&')?;
                Some(Ok(settled(query.0.into_iter().chain(more).collect(), v)))
            }
            (Some(query), false) => Some(Ok(query)),
        };
        state.path = new;
        state.rewritten = true;
        state.changed = after != After::Break;
        Ok(match after {
            After::Next | After::Redirect(_) => End::Done,
            After::Last | After::Break => End::Broken,
        })
    }

    /// A text whose value is known, captured text escaped where nginx would.
    fn filled(&self, v: &impl Valuation, state: &State, site: Site<'_>, text: &Text, escapes: bool) -> Known<String> {
        let mut out = String::new();
        for piece in text {
            if let (Piece::Group(number), Groups::Literal(list), true) = (piece, &state.groups, escapes) {
                out.push_str(&uri::escape_args(list.get(usize::from(*number)).map_or("", String::as_str).as_bytes()));
                continue;
            }
            let values = Values { router: self, v, state, site };
            let value = values.text(&vec![piece.clone()])?;
            out.push_str(value.as_literal().ok_or_else(|| "what a rewritten path holds".to_owned())?);
        }
        Ok(out)
    }

    /// A template over the groups of the expression; variables must be such that the request alone gives them.
    fn template(&self, v: &impl Valuation, state: &State, site: Site<'_>, id: PredicateId, text: &Text) -> Known<Vec<Piece>> {
        let mut template: Text = Vec::with_capacity(text.len());
        for piece in text {
            let piece = match piece {
                Piece::Literal(text) => Piece::Literal(text.clone()),
                Piece::Group(number) => Piece::Group(*number),
                Piece::Named(name) | Piece::Variable(name) => {
                    let values = Values { router: self, v, state, site };
                    let value = values.text(&vec![piece.clone()])?;
                    match value.0.as_slice() {
                        [] => continue,
                        [Part::Literal(text)] => Piece::Literal(text.clone()),
                        [Part::Filled { regex, template: inner }] if *regex == id && inner.len() == 1 => inner[0].clone(),
                        [Part::Variable(_) | Part::Host | Part::HostHeader | Part::Scheme | Part::Header(_)] if state.is_original() => {
                            Piece::Variable(name.clone())
                        }
                        _ => return Err(format!("what `${name}` holds")),
                    }
                }
            };
            match (template.last_mut(), piece) {
                (Some(Piece::Literal(last)), Piece::Literal(text)) => last.push_str(&text),
                (_, piece) => template.push(piece),
            }
        }
        Ok(template)
    }
}

/// Path and query of a replacement: a `?` written in it, not one that a variable brings, begins the query.
fn split(replacement: &Text) -> (Text, Option<Text>) {
    let (mut path, mut query): (Text, Option<Text>) = (Vec::new(), None);
    for piece in replacement {
        match (&mut query, piece) {
            (Some(query), piece) => query.push(piece.clone()),
            (None, Piece::Literal(text)) => match text.split_once('?') {
                Some((before, behind)) => {
                    path.extend((!before.is_empty()).then(|| Piece::Literal(before.to_owned())));
                    query = Some((!behind.is_empty()).then(|| Piece::Literal(behind.to_owned())).into_iter().collect());
                }
                None => path.push(piece.clone()),
            },
            (None, piece) => path.push(piece.clone()),
        }
    }
    (path, query)
}

/// The path of the request has an escape or a plus sign.
fn is_quoted(v: &impl Valuation) -> bool {
    let raw = v.known(&[Part::RawTarget { strip_slash: false }].into()).unwrap_or_default();
    raw.split(['?', '#']).next().is_some_and(|path| path.contains(['%', '+']))
}
