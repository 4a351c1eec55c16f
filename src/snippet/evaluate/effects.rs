//! Which header directives apply at the end, by the inheritance of their modules.

use super::{
    run::{Level, State},
    variables,
};
use crate::nginx::code::is_sent_by_controller;
use crate::snippet::{Expires, Meaning, RequestHow, ResponseHow, Statuses};

/// A change of a request header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEffect {
    /// Name as written.
    pub name: String,
    /// Value; `None` for "not sent".
    pub value: Option<String>,
    /// The value depends on something unknown.
    pub unknown: bool,
    /// All `proxy_set_header` of the controller are hidden by this one, which stands in a block of its own.
    pub hides_controller: bool,
}

/// A change of a response header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseEffect {
    /// What is done.
    pub how: ResponseHow,
    /// Name as written.
    pub name: String,
    /// Value; `None` takes the header away, or is unknown.
    pub value: Option<String>,
    /// The value depends on something unknown.
    pub unknown: bool,
    /// With which statuses.
    pub statuses: Statuses,
    /// Only for these types of content; empty for all.
    pub types: Vec<String>,
}

impl ResponseEffect {
    /// Changes headers (lower-case names) of an answer with the status.
    pub fn apply(&self, status: u16, headers: &mut Vec<(String, String)>) {
        if !self.statuses.include(status) {
            return;
        }
        let name = self.name.to_ascii_lowercase();
        let same = |other: &str| match name.strip_suffix('*') {
            Some(prefix) => other.starts_with(prefix),
            None => other == name,
        };
        match (self.how, &self.value) {
            (ResponseHow::Keep | ResponseHow::Trailer, _) | (ResponseHow::Add | ResponseHow::Append, None) => {}
            (ResponseHow::Add | ResponseHow::Append, Some(value)) => headers.push((name, value.clone())),
            (ResponseHow::Set, Some(value)) => {
                headers.retain(|(other, _)| !same(other));
                headers.push((name, value.clone()));
            }
            (ResponseHow::Set, None) | (ResponseHow::Remove | ResponseHow::Hide, _) => headers.retain(|(other, _)| !same(other)),
        }
    }
}

/// Changes of response headers, in nginx's order: hidden ones, `more_*`, `expires`, `add_header`.
pub(super) fn response(levels: &[Level], state: &State) -> Vec<ResponseEffect> {
    let mut effects = Vec::new();
    collect(innermost(levels, |how| how == ResponseHow::Hide), |how| how == ResponseHow::Hide, state, &mut effects);
    let more = |how| matches!(how, ResponseHow::Set | ResponseHow::Append | ResponseHow::Remove);
    for level in levels {
        collect(Some(level), more, state, &mut effects);
    }
    expires(levels, &mut effects);
    collect(innermost(levels, |how| how == ResponseHow::Add), |how| how == ResponseHow::Add, state, &mut effects);
    effects
}

fn innermost<'a, 'b>(levels: &'b [Level<'a>], wanted: impl Fn(ResponseHow) -> bool) -> Option<&'b Level<'a>> {
    levels.iter().rev().find(|level| {
        level.iter().any(|place| matches!(&place.understood().meaning, Meaning::ResponseHeaders(headers) if wanted(headers.how)))
    })
}

fn collect(level: Option<&Level>, wanted: impl Fn(ResponseHow) -> bool, state: &State, effects: &mut Vec<ResponseEffect>) {
    for place in level.into_iter().flatten() {
        let Meaning::ResponseHeaders(headers) = &place.understood().meaning else { continue };
        if !wanted(headers.how) {
            continue;
        }
        for change in &headers.changes {
            let value = change.value.as_ref().map(|text| variables::text(text, state));
            let unknown = matches!(value, Some(None));
            // A value that turns out empty takes the header away, or does not add it.
            let value = value.flatten().filter(|value| !value.is_empty());
            effects.push(ResponseEffect {
                how: headers.how,
                name: change.name.clone(),
                value,
                unknown,
                statuses: headers.statuses.clone(),
                types: headers.types.clone(),
            });
        }
    }
}

fn expires(levels: &[Level], effects: &mut Vec<ResponseEffect>) {
    let found = levels.iter().rev().find_map(|level| {
        level.iter().find_map(|place| match &place.understood().meaning {
            Meaning::Expires(expires) => Some(expires),
            _ => None,
        })
    });
    let Some(expires) = found else { return };
    let (cache, date) = match expires {
        Expires::Off => return,
        Expires::Epoch => ("no-cache".to_owned(), Some("Thu, 01 Jan 1970 00:00:01 GMT")),
        Expires::Max => ("max-age=315360000".to_owned(), Some("Thu, 31 Dec 2037 23:55:55 GMT")),
        Expires::After(seconds) if *seconds >= 0 => (format!("max-age={seconds}"), None),
        Expires::After(_) => ("no-cache".to_owned(), None),
        Expires::Modified(_) | Expires::Daily(_) | Expires::Variable(_) => (String::new(), None),
    };
    for (name, value) in [("Expires", date.map(str::to_owned)), ("Cache-Control", Some(cache).filter(|value| !value.is_empty()))] {
        let unknown = value.is_none();
        let effect =
            ResponseEffect { how: ResponseHow::Set, name: name.to_owned(), value, unknown, statuses: Statuses::Usual, types: Vec::new() };
        effects.push(effect);
    }
}

/// Changes of the headers that the backend gets.
pub(super) fn request(levels: &[Level], in_controller: bool, state: &State) -> Vec<RequestEffect> {
    let mut effects = Vec::new();
    let sets = |level: &Level| {
        level
            .iter()
            .any(|place| matches!(&place.understood().meaning, Meaning::RequestHeaders(headers) if headers.how == RequestHow::ProxySet))
    };
    if let Some(at) = levels.iter().rposition(sets) {
        // The controller writes its own into each of its locations, beside those of a snippet at the same level.
        let controller_level = 1;
        if at >= controller_level || !in_controller {
            for place in &levels[at] {
                let Meaning::RequestHeaders(headers) = &place.understood().meaning else { continue };
                if headers.how != RequestHow::ProxySet {
                    continue;
                }
                for change in &headers.changes {
                    let value = change.value.as_ref().map(|text| variables::text(text, state));
                    let unknown = matches!(value, Some(None));
                    let value = value.flatten().filter(|value| !value.is_empty());
                    let hides_controller = in_controller && at > controller_level;
                    // An empty line is none, and takes nothing away from what the controller sends in the same block.
                    if value.is_none() && !unknown && in_controller && !hides_controller && is_sent_by_controller(&change.name) {
                        continue;
                    }
                    effects.push(RequestEffect { name: change.name.clone(), value, unknown, hides_controller });
                }
            }
        }
    }
    for (name, value) in &state.input {
        effects.push(RequestEffect { name: name.clone(), value: value.clone(), unknown: false, hides_controller: false });
    }
    effects
}
