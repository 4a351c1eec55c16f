//! Directives that change headers.

use super::{Call, Understanding, plain};
use crate::snippet::{
    Expires, HeaderChange, Meaning, RequestHeaders, RequestHow, ResponseHeaders, ResponseHow, Statuses, Text, catalogue::Sense, units,
};

pub(super) fn meaning(sense: Sense, call: &Call) -> Understanding {
    match sense {
        Sense::SetRequestHeader => set_request_header(call),
        Sense::MoreSetInputHeaders => more(call, true, false),
        Sense::MoreClearInputHeaders => more(call, true, true),
        Sense::MoreSetHeaders => more(call, false, false),
        Sense::MoreClearHeaders => more(call, false, true),
        Sense::AddResponseHeader => add(call, ResponseHow::Add),
        Sense::AddTrailer => add(call, ResponseHow::Trailer),
        Sense::HideResponseHeader => named(call, ResponseHow::Hide, "is taken from the backend's answer"),
        Sense::PassResponseHeader => named(call, ResponseHow::Keep, "is kept in the backend's answer"),
        Sense::ServerHeader => plain(Meaning::NoEffect, "the version of nginx in error pages"),
        Sense::PassRequestHeaders => match call.arguments.first() {
            Some(&"on") => plain(Meaning::NoEffect, "request headers are passed on anyway"),
            Some(_) | None => Err("the request headers of the client are not passed on".to_owned()),
        },
        Sense::Expires => expires(call),
        _ => Err("no header directive".to_owned()),
    }
}

fn set_request_header(call: &Call) -> Understanding {
    let (name, text) = (call.arguments[0], call.arguments[1]);
    let value = Text::parse(text).map_err(|error| error.to_string())?;
    let value = (!value.0.is_empty()).then_some(value);
    let why = match &value {
        Some(value) => format!("sends `{name}: {value}` to the backend"),
        None => format!("does not send `{name}` to the backend"),
    };
    let changes = vec![HeaderChange { name: name.to_owned(), value }];
    plain(Meaning::RequestHeaders(RequestHeaders { how: RequestHow::ProxySet, changes, types: Vec::new() }), why)
}

fn add(call: &Call, how: ResponseHow) -> Understanding {
    let (name, text) = (call.arguments[0], call.arguments[1]);
    let statuses = match call.arguments.get(2) {
        None => Statuses::Usual,
        Some(&"always") => Statuses::All,
        Some(other) => return Err(format!("invalid parameter \"{other}\"")),
    };
    let value = Text::parse(text).map_err(|error| error.to_string())?;
    if value.0.is_empty() {
        let headers = ResponseHeaders { how, changes: Vec::new(), statuses, types: Vec::new() };
        return plain(Meaning::ResponseHeaders(headers), format!("`{name}` is empty and not sent, but hides what blocks around it add"));
    }
    let when = if statuses == Statuses::All { "every answer" } else { "answers that are no errors" };
    let why = format!("adds `{name}: {value}` to {when}");
    let changes = vec![HeaderChange { name: name.to_owned(), value: Some(value) }];
    plain(Meaning::ResponseHeaders(ResponseHeaders { how, changes, statuses, types: Vec::new() }), why)
}

fn named(call: &Call, how: ResponseHow, what: &str) -> Understanding {
    let changes = vec![HeaderChange { name: call.arguments[0].to_owned(), value: None }];
    let why = format!("`{}` {what}", call.arguments[0]);
    plain(Meaning::ResponseHeaders(ResponseHeaders { how, changes, statuses: Statuses::All, types: Vec::new() }), why)
}

/// `more_*`, as `ngx_http_headers_more_parse_directive` reads it.
fn more(call: &Call, input: bool, clear: bool) -> Understanding {
    let (mut changes, mut types, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
    let (mut append, mut replace_only) = (false, false);
    let mut arguments = call.arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "" => {}
            "-t" => {
                let Some(list) = arguments.next() else { return Err("option -t takes an argument".to_owned()) };
                types.extend(list.split(|c: char| c.is_ascii_whitespace() || c == ';').filter(|item| !item.is_empty()).map(str::to_owned));
            }
            "-s" if !input => {
                let Some(list) = arguments.next() else { return Err("option -s takes an argument".to_owned()) };
                for item in list.split_ascii_whitespace() {
                    statuses.push(item.parse().map_err(|_| format!("invalid digit found in the status code list \"{list}\""))?);
                }
            }
            "-a" if !input && !clear => append = true,
            "-r" if input && !clear => replace_only = true,
            option if option.starts_with('-') => return Err(format!("invalid option name: \"{option}\"")),
            header => changes.push(change(header, clear)?),
        }
    }
    let list = |changes: &[HeaderChange]| changes.iter().map(describe).collect::<Vec<_>>().join(", ");
    if input {
        let why = format!("the backend, and nginx itself, see {}", list(&changes));
        return plain(Meaning::RequestHeaders(RequestHeaders { how: RequestHow::Input { replace_only }, changes, types }), why);
    }
    let how = match (clear, append) {
        (true, _) => ResponseHow::Remove,
        (false, true) => ResponseHow::Append,
        (false, false) => ResponseHow::Set,
    };
    let when = if statuses.is_empty() { String::new() } else { format!(" with status {statuses:?}") };
    let why = format!("the client gets {}{when}", list(&changes));
    let statuses = if statuses.is_empty() { Statuses::All } else { Statuses::Only(statuses) };
    plain(Meaning::ResponseHeaders(ResponseHeaders { how, changes, statuses, types }), why)
}

fn describe(change: &HeaderChange) -> String {
    match &change.value {
        Some(value) => format!("`{}: {value}`", change.name),
        None => format!("no `{}`", change.name),
    }
}

/// The name ends at a colon or blank; colons and blanks before the value are skipped.
fn change(header: &str, clear: bool) -> Result<HeaderChange, String> {
    let separator = |c: char| c == ':' || c.is_ascii_whitespace();
    let trimmed = header.trim_start_matches(|c: char| c.is_ascii_whitespace());
    // The first character belongs to the name, even a colon.
    let Some(first) = trimmed.chars().next() else { return Err(format!("no key found in the header argument: {header}")) };
    let end = trimmed[first.len_utf8()..].find(separator).map_or(trimmed.len(), |found| found + first.len_utf8());
    let name = &trimmed[..end];
    let value = trimmed[end..].trim_start_matches(separator);
    let value = if clear || value.is_empty() { None } else { Some(Text::parse(value).map_err(|error| error.to_string())?) };
    if name == "*" {
        return Err(format!("wildcard key too short: {header}"));
    }
    Ok(HeaderChange { name: name.to_owned(), value })
}

fn expires(call: &Call) -> Understanding {
    let (modified, text) = match call.arguments.as_slice() {
        ["modified", text] => (true, *text),
        [text] => (false, *text),
        _ => return Err("invalid value".to_owned()),
    };
    let expires = match text {
        "off" => Expires::Off,
        "epoch" => Expires::Epoch,
        "max" => Expires::Max,
        _ if text.starts_with('$') => Expires::Variable(Text::parse(text).map_err(|error| error.to_string())?),
        _ => {
            let (daily, rest) = text.strip_prefix('@').map_or((false, text), |rest| (true, rest));
            let (negative, rest) = match rest.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, rest.strip_prefix('+').unwrap_or(rest)),
            };
            let seconds = units::seconds(rest).and_then(|seconds| i64::try_from(seconds).ok()).ok_or("invalid value")?;
            let seconds = if negative { -seconds } else { seconds };
            match (daily, modified) {
                (true, _) => Expires::Daily(seconds),
                (false, true) => Expires::Modified(seconds),
                (false, false) => Expires::After(seconds),
            }
        }
    };
    plain(Meaning::Expires(expires), "sets `Expires` and `Cache-Control` of answers that are no errors")
}
