//! Values of texts and variables at a moment of the way, and conditions about them.

use super::{
    Condition, Directive, Question, Text,
    ask::{self, builtin},
    state::{Groups, Known, Path, SET_BY_LOCATIONS, State},
};
use crate::{
    automata::pcre::Pattern,
    nginx::{Location, Router, uri},
    request::{Part, Piece, TextExpr, Valuation},
};

/// Where a text is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Site<'s> {
    /// The location of the controller whose script ran.
    pub(super) location: Option<&'s Location>,
    /// The scripts are done, and so is the controller's own code.
    pub(super) late: bool,
}

/// Maps that use each other are followed no deeper.
const DEEPEST_MAP: usize = 4;

/// An evaluation.
pub(super) struct Values<'s, 'c, V> {
    pub(super) router: &'s Router<'c>,
    pub(super) v: &'s V,
    pub(super) state: &'s State,
    pub(super) site: Site<'s>,
}

/// Joins literals, and takes the value where it is known.
pub(super) fn settled(parts: Vec<Part>, v: &impl Valuation) -> TextExpr {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (_, Part::Literal(text)) if text.is_empty() => {}
            (Some(Part::Literal(last)), Part::Literal(text)) => last.push_str(&text),
            (_, part) => joined.push(part),
        }
    }
    let text = TextExpr(joined);
    if text.as_literal().is_some() {
        return text;
    }
    match v.known(&text) {
        Some(value) if value.is_empty() => TextExpr::default(),
        Some(value) => TextExpr::literal(value),
        None => text,
    }
}

impl<V: Valuation> Values<'_, '_, V> {
    /// The value of a text.
    pub(super) fn text(&self, text: &Text) -> Known<TextExpr> {
        self.text_within(text, 0)
    }

    fn text_within(&self, text: &Text, depth: usize) -> Known<TextExpr> {
        let mut parts = Vec::with_capacity(text.len());
        for piece in text {
            match piece {
                Piece::Literal(text) => parts.push(Part::Literal(text.clone())),
                Piece::Group(number) => parts.extend(self.group(*number)?),
                Piece::Named(name) | Piece::Variable(name) => parts.extend(self.variable(name, depth)?.0),
            }
        }
        Ok(settled(parts, self.v))
    }

    fn group(&self, number: u8) -> Known<Option<Part>> {
        match &self.state.groups {
            Groups::None => Ok(None),
            Groups::Literal(list) => Ok(list.get(usize::from(number)).map(|text| Part::Literal(text.clone()))),
            Groups::OfPath(regex) => Ok(Some(Part::Filled { regex: *regex, template: vec![Piece::Group(number)] })),
            Groups::Opaque => Err(format!("what `${number}` holds")),
        }
    }

    /// The value of a variable.
    fn variable(&self, name: &str, depth: usize) -> Known<TextExpr> {
        // The controller's Lua code writes these again behind every script.
        let written_late = ["best_http_host", "pass_access_scheme", "pass_port", "pass_server_port"].contains(&name);
        if let Some(value) = self.state.variables.get(name).filter(|_| !(self.site.late && written_late && self.site.location.is_some())) {
            return value.clone();
        }
        let one = |part: Part| Ok(TextExpr(vec![part]));
        match name {
            "uri" | "document_uri" => match &self.state.path {
                Path::Original => {}
                Path::Literal(path) => return Ok(TextExpr::literal(path)),
                Path::Made { regex, template } => return one(Part::Filled { regex: *regex, template: template.clone() }),
            },
            "args" | "query_string" | "is_args" => {
                if let Some(query) = &self.state.query {
                    let query = query.clone()?;
                    return match (name, query.as_literal()) {
                        ("is_args", Some("")) => Ok(TextExpr::default()),
                        ("is_args", Some(_)) => Ok(TextExpr::literal("?")),
                        ("is_args", None) => Err("whether the query is empty".to_owned()),
                        (_, _) => Ok(query),
                    };
                }
            }
            "request" => {
                return Ok(TextExpr(vec![
                    Part::Variable("request_method".to_owned()),
                    Part::Literal(" ".to_owned()),
                    Part::RawTarget { strip_slash: false },
                    Part::Literal(" ".to_owned()),
                    Part::Variable("server_protocol".to_owned()),
                ]));
            }
            "proxy_add_x_forwarded_for" if !*self.router.config.globals.forwarded.trusted => return one(Part::FullForwardedFor),
            _ => {}
        }
        if let Some(header) = name.strip_prefix("http_")
            && let Some(changed) = self.state.input.get(&header.replace('_', "-"))
        {
            return Ok(changed.clone()?.unwrap_or_default());
        }
        if let (Some(wanted), Some(query)) = (name.strip_prefix("arg_"), &self.state.query) {
            let query = query.clone()?;
            let Some(query) = query.as_literal() else { return Err(format!("what `${name}` holds")) };
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map_or("", |(_, value)| value);
            return Ok(TextExpr::literal(found));
        }
        if let Some(text) = builtin(name) {
            return Ok(text);
        }
        if let Some(value) = self.of_controller(name) {
            return value;
        }
        if let Some(map) = self.router.code.as_ref().and_then(|code| code.maps.get(name)) {
            return self.map(map, depth);
        }
        let declared = self.router.code.as_ref().is_some_and(|code| code.declared.contains(name));
        if declared { Ok(TextExpr::default()) } else { Err(format!("what `${name}` holds")) }
    }

    /// Variables that the controller's template sets: at the start of each location, and again by its Lua code.
    fn of_controller(&self, name: &str) -> Option<Known<TextExpr>> {
        let Some(location) = self.site.location else {
            return (SET_BY_LOCATIONS.contains(&name) && name != "proxy_upstream_name").then(|| Ok(TextExpr::default()));
        };
        let part = match (name, self.site.late) {
            ("best_http_host", false) => Part::HostHeader,
            ("best_http_host", true) => Part::ForwardedHost,
            ("pass_access_scheme", false) => Part::Scheme,
            ("pass_access_scheme", true) => Part::EffectiveScheme,
            ("pass_port" | "pass_server_port", false) => Part::Port,
            ("pass_port", true) => Part::ForwardedPort,
            ("pass_server_port", true) => Part::EffectivePort,
            (name, _) => Part::Literal(self.router.config.constant(location, name)?),
        };
        Some(Ok(TextExpr(vec![part])))
    }

    fn map(&self, map: &Directive, depth: usize) -> Known<TextExpr> {
        let Directive::Map { variable, source, entries, default } = map else { return Ok(TextExpr::default()) };
        if depth > DEEPEST_MAP {
            return Err(format!("what `${variable}` holds"));
        }
        let value = self.text_within(source, depth + 1)?;
        for (question, text) in entries {
            let holds = self.asked(&value, question).ok_or_else(|| format!("what `${variable}` holds"))?;
            if holds {
                if text.iter().any(|piece| matches!(piece, Piece::Group(_))) {
                    return Err(format!("what `${variable}` holds"));
                }
                return self.text_within(text, depth + 1);
            }
        }
        self.text_within(default, depth + 1)
    }

    /// The answer to a question about a value, without its groups.
    fn asked(&self, value: &TextExpr, question: &Question) -> Option<bool> {
        let value = settled(value.0.clone(), self.v);
        if let Some(value) = value.as_literal() {
            return match question {
                Question::Truthy => Some(!value.is_empty() && value != "0"),
                Question::Equals(text) => self.text(text).ok()?.as_literal().map(|wanted| wanted == value),
                Question::File(_) => None,
                Question::Matches { regex, caseless } => Pattern::parse(regex, *caseless).ok()?.is_match(value.as_bytes()).ok(),
            };
        }
        let raw = matches!(value.0.as_slice(), [Part::RawTarget { .. }]);
        if let (Question::Matches { regex, caseless }, true, Some(code)) = (question, raw, &self.router.code)
            && code.everywhere.contains(&(regex.as_str(), *caseless))
        {
            return Some(true);
        }
        let (field, formula) = ask::formula(&value, question)?;
        formula.decide(&field, &self.router.predicates, self.v)
    }

    /// Whether a condition holds, and what its groups took.
    pub(super) fn holds(&self, condition: &Condition) -> Known<(bool, Option<Taken>)> {
        let Condition { variable, question, negated } = condition;
        if let Question::File(what) = question {
            return Err(format!("whether {what}"));
        }
        let value = settled(self.variable(variable, 0)?.0, self.v);
        let unknown = || format!("whether a condition about `${variable}` holds");
        let Question::Matches { regex, caseless } = question else {
            let question = match question {
                Question::Equals(text) => &Question::Equals(pieces(&self.text(text)?).ok_or_else(unknown)?),
                other => other,
            };
            return self.asked(&value, question).map(|holds| (holds != *negated, None)).ok_or_else(unknown);
        };
        if let Some(text) = value.as_literal() {
            let taken = take(regex, *caseless, text).map_err(|()| unknown())?;
            return Ok((taken.is_some() != *negated, Some(taken.unwrap_or_default())));
        }
        let holds = self.asked(&value, question).ok_or_else(unknown)?;
        let of_path = matches!(value.0.as_slice(), [Part::Variable(name)] if name == "uri");
        let id = self.router.predicates.find(&crate::request::Field::Path, &ask::search(regex, *caseless)).filter(|_| of_path);
        let groups = match (holds, id) {
            (false, _) => Groups::None,
            (true, Some(id)) => Groups::OfPath(id),
            (true, None) => Groups::Opaque,
        };
        let named = named_groups(regex, &groups);
        Ok((holds != *negated, Some(Taken { groups, named })))
    }
}

/// A literal as a text to compare with.
fn pieces(text: &TextExpr) -> Option<Text> {
    text.as_literal().map(|text| vec![Piece::Literal(text.to_owned())])
}

/// What an expression took.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    pub(super) groups: Groups,
    pub(super) named: Vec<(String, Known<TextExpr>)>,
}

impl Taken {
    /// Groups and named groups from now on.
    pub(super) fn store(self, state: &mut State) {
        state.groups = self.groups;
        state.variables.extend(self.named);
    }
}

/// Named groups of an expression that was found, without its text.
pub(super) fn named_groups(regex: &str, groups: &Groups) -> Vec<(String, Known<TextExpr>)> {
    if !regex.contains("(?") || *groups == Groups::None {
        return Vec::new();
    }
    let Ok(pattern) = Pattern::parse(regex, false) else { return Vec::new() };
    let value = |number: usize, name: &str| match groups {
        Groups::OfPath(id) => u8::try_from(number)
            .map(|number| TextExpr(vec![Part::Filled { regex: *id, template: vec![Piece::Group(number)] }]))
            .map_err(|_| format!("what `${name}` holds")),
        Groups::None | Groups::Literal(_) | Groups::Opaque => Err(format!("what `${name}` holds")),
    };
    pattern.group_names().iter().map(|(name, number)| (name.clone(), value(*number, name))).collect()
}

/// Searches an expression in a text; an error where that needs too many steps or the expression is none.
pub(super) fn take(regex: &str, caseless: bool, text: &str) -> Result<Option<Taken>, ()> {
    let pattern = Pattern::parse(regex, caseless).map_err(drop)?;
    let Some(found) = pattern.search(text.as_bytes()).map_err(drop)? else { return Ok(None) };
    let group = |number: usize| uri::text_of(found.get(number).and_then(|range| text.as_bytes().get(range)).unwrap_or_default());
    let numbered: Vec<String> = (0..found.len()).map(group).collect();
    let named = pattern.group_names().iter().map(|(name, number)| (name.clone(), Ok(TextExpr::literal(group(*number))))).collect();
    Ok(Some(Taken { groups: Groups::Literal(numbered), named }))
}

/// Whether an expression says the same of a target as of its path: it begins with the path, and cannot reach into the query.
pub fn ignores_query(regex: &str) -> bool {
    let Some(mut rest) = regex.strip_prefix('^').filter(|rest| rest.starts_with('/')) else { return false };
    while let Some(shorter) = ["(.*)$", "(.*)", ".*$", ".*"].iter().find_map(|tail| rest.strip_suffix(tail)) {
        rest = shorter;
    }
    let mut chars = rest.chars();
    let mut depth = 0_usize;
    while let Some(character) = chars.next() {
        match character {
            '\\' if !matches!(chars.next(), Some('.' | '/' | '-' | '_')) => return false,
            '\\' => {}
            '(' if chars.as_str().starts_with('?') && !chars.as_str().starts_with("?:") => return false,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return false,
            '[' => {
                let Some((class, behind)) = chars.as_str().split_once(']') else { return false };
                let plain = ["a-z", "A-Z", "0-9"].iter().fold(class.to_owned(), |class, range| class.replace(range, ""));
                if plain.is_empty() && class.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./".contains(&byte))
                {
                    return false;
                }
                chars = behind.chars();
            }
            '.' | '$' | '^' | '{' | '}' => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_stay_in_the_path() {
        for regex in ["^/old", "^/old/(.*)$", "^/(a|b)/", r"^/robots\.txt", "^/v[0-9]+/.*"] {
            assert!(ignores_query(regex), "{regex}");
        }
        for regex in ["old", "^/old$", "^/a|/b", "^/a.b", r"^/a\?b", "^/[^x]", "^/(?!x)"] {
            assert!(!ignores_query(regex), "{regex}");
        }
    }

    #[test]
    fn groups_of_a_text_are_taken() {
        let taken = take("^/a/(?<id>[0-9]+)(x)?", false, "/a/12").expect("runs").expect("found");
        assert_eq!(taken.groups, Groups::Literal(vec!["/a/12".to_owned(), "12".to_owned(), String::new()]));
        assert_eq!(taken.named, vec![("id".to_owned(), Ok(TextExpr::literal("12")))]);
    }
}
