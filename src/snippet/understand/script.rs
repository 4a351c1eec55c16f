//! Directives of the rewrite module, and those that set variables.

use super::{Call, Understanding, plain};
use crate::snippet::{After, Auth, Meaning, Rewrite, Set, Text, catalogue, catalogue::Sense, condition::Condition};

pub(super) fn meaning(sense: Sense, call: &Call) -> Understanding {
    match sense {
        Sense::Return => answer(call),
        Sense::Rewrite => rewrite(call),
        Sense::Break => plain(Meaning::Break, "no further rewrites"),
        Sense::If => {
            let condition = Condition::parse(&call.arguments)?;
            let why = format!("only where {condition}");
            plain(Meaning::Condition(condition), why)
        }
        Sense::Set => {
            let variable = variable(call.arguments[0])?;
            let value = Text::parse(call.arguments[1]).map_err(|error| error.to_string())?;
            let steers = catalogue::steers(&variable);
            let why =
                if steers { format!("the controller sends the request to `{value}`") } else { format!("`${variable}` becomes `{value}`") };
            plain(Meaning::Set(Set { variable, value: Some(value), steers }), why)
        }
        Sense::AuthRequestSet => {
            let variable = variable(call.arguments[0])?;
            let value = Text::parse(call.arguments[1]).map_err(|error| error.to_string())?;
            let why = format!("`${variable}` becomes `{value}` of the authentication service's answer");
            plain(Meaning::Auth(Auth::Variable { variable, value }), why)
        }
        Sense::ComputeVariable => computed(call),
        _ => Err("no rewrite directive".to_owned()),
    }
}

fn variable(word: &str) -> Result<String, String> {
    match word.strip_prefix('$') {
        Some(name) => Ok(name.to_owned()),
        None => Err(format!("invalid variable name \"{word}\"")),
    }
}

fn computed(call: &Call) -> Understanding {
    match call.arguments.first().and_then(|word| word.strip_prefix('$')) {
        Some(name) => {
            let set = Set { variable: name.to_owned(), value: None, steers: catalogue::steers(name) };
            plain(Meaning::Set(set), format!("`${name}` is computed by `{}`", call.name))
        }
        None => plain(Meaning::NoEffect, "changes nothing by itself; other directives use its result"),
    }
}

/// A text that makes a redirect of `return` and `rewrite`.
fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme")
}

fn answer(call: &Call) -> Understanding {
    let first = call.arguments[0];
    let plain_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    let status = match first.parse::<u16>() {
        Ok(status) if plain_number && status <= 999 => status,
        _ if call.arguments.len() == 1 && is_url(first) => {
            let location = Text::parse(first).map_err(|error| error.to_string())?;
            let why = format!("redirects to `{location}`");
            return plain(Meaning::Redirect { status: 302, location }, why);
        }
        _ => return Err(format!("invalid return code \"{first}\"")),
    };
    let text = call.arguments.get(1).map(|text| Text::parse(text)).transpose().map_err(|error| error.to_string())?;
    match (status, text) {
        (301..=303 | 307 | 308, Some(location)) => {
            let why = format!("redirects to `{location}` with status {status}");
            plain(Meaning::Redirect { status, location }, why)
        }
        (444, _) => plain(Meaning::Answer { status, body: None }, "closes the connection without an answer"),
        (_, body) => plain(Meaning::Answer { status, body }, format!("answers {status}")),
    }
}

fn rewrite(call: &Call) -> Understanding {
    let (regex, raw) = (call.arguments[0], call.arguments[1]);
    if raw.is_empty() {
        return Err("empty replacement".to_owned());
    }
    let (text, keeps_query) = raw.strip_suffix('?').map_or((raw, true), |text| (text, false));
    let mut after = if is_url(text) { After::Redirect(302) } else { After::Next };
    match (call.arguments.get(2), after) {
        (Some(&"last"), After::Next) => after = After::Last,
        (Some(&"break"), After::Next) => after = After::Break,
        // A URL stays a redirect whatever the flag says.
        (None | Some(&("last" | "break")), _) => {}
        (Some(&"redirect"), _) => after = After::Redirect(302),
        (Some(&"permanent"), _) => after = After::Redirect(301),
        (Some(other), _) => return Err(format!("invalid parameter \"{other}\"")),
    }
    let replacement = Text::parse(text).map_err(|error| error.to_string())?;
    let why = match after {
        After::Redirect(status) => format!("redirects paths with `{regex}` to `{replacement}` with status {status}"),
        After::Next | After::Last => format!("a path with `{regex}` becomes `{replacement}`, and its location is chosen again"),
        After::Break => format!("a path with `{regex}` becomes `{replacement}` for the backend"),
    };
    plain(Meaning::Rewrite(Rewrite { regex: regex.to_owned(), replacement, keeps_query, after }), why)
}
