//! Logs that the ConfigMap asks for, and what nginx says against them. Whether a file can be opened nobody knows here.

use indexmap::IndexMap;

use crate::{
    annotations::check,
    snippet::{arguments, units},
};

/// A key, and what nginx says.
type Problem = (&'static str, String);

const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];
const PARTS_OF_DEBUG: [&str; 7] = ["debug_core", "debug_alloc", "debug_mutex", "debug_event", "debug_http", "debug_mail", "debug_stream"];

/// Keys as they were given.
struct Logs<'a>(&'a IndexMap<String, String>);

impl<'a> Logs<'a> {
    fn text(&self, key: &str, default: &'a str) -> &'a str {
        self.0.get(key).map_or(default, String::as_str)
    }

    fn is_on(&self, key: &str) -> bool {
        self.0.get(key).and_then(|value| check::go_bool(value)).unwrap_or(false)
    }

    /// The first of the keys that says something, and what.
    fn first(&self, keys: [&'static str; 2], default: &'a str) -> (&'static str, &'a str) {
        let given = keys.into_iter().find(|key| self.0.get(*key).is_some_and(|value| !value.is_empty()));
        given.map_or((keys[1], self.text(keys[1], default)), |key| (key, self.text(key, default)))
    }
}

/// All problems. `knows` tells which variables nginx has, `resolves` which names of hosts can be looked up.
pub(super) fn problems(keys: &IndexMap<String, String>, knows: &dyn Fn(&str) -> bool, resolves: &dyn Fn(&str) -> bool) -> Vec<Problem> {
    let logs = Logs(keys);
    let mut problems = Vec::new();
    for (key, name) in [("log-format-upstream", "upstreaminfo"), ("log-format-stream", "log_stream")] {
        let text = keys.get(key);
        problems.extend(text.and_then(|text| Some((key, format(name, text, knows)?))));
    }
    let syslog = logs.is_on("enable-syslog");
    if syslog {
        problems.extend(server(&logs, resolves).map(|problem| ("syslog-host", problem)));
    }
    let parameters = logs.text("access-log-params", "");
    if !logs.is_on("disable-access-log") {
        if !syslog && !logs.is_on("disable-http-access-log") {
            let (key, path) = logs.first(["http-access-log-path", "access-log-path"], "/var/log/nginx/access.log");
            problems.extend(access_log(key, path, "upstreaminfo", &format!("{parameters} if=$loggable")));
        }
        if !logs.is_on("disable-stream-access-log") {
            let (key, path) = logs.first(["stream-access-log-path", "access-log-path"], "/var/log/nginx/access.log");
            problems.extend(access_log(key, path, "log_stream", parameters));
        }
    }
    problems.extend(error_log(logs.text("error-log-path", "/var/log/nginx/error.log"), logs.text("error-log-level", "notice")));
    problems
}

/// A text in single quotation marks, whose variables nginx looks up by their names alone.
fn format(name: &str, text: &str, knows: &dyn Fn(&str) -> bool) -> Option<String> {
    let words = match arguments(&format!("{name} '{text}'")) {
        Ok(words) => words,
        Err(problem) => return Some(problem),
    };
    words.iter().skip(1).find_map(|word| {
        let mut pieces = word.split('$');
        pieces.next();
        pieces.find_map(|piece| {
            let inner = piece.strip_prefix('{');
            let text = inner.unwrap_or(piece);
            let (name, behind) = text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len()));
            if inner.is_some() && !behind.starts_with('}') {
                return Some(format!("the closing bracket in \"{name}\" variable is missing"));
            }
            if name.is_empty() {
                return Some("invalid parameter \"$\"".to_owned());
            }
            (!knows(&name.to_ascii_lowercase())).then(|| format!("unknown \"{name}\" variable"))
        })
    })
}

/// Where `syslog:` goes.
fn server(logs: &Logs<'_>, resolves: &dyn Fn(&str) -> bool) -> Option<String> {
    let port = logs.0.get("syslog-port").and_then(|port| check::go_int_of_any_base(port)).unwrap_or(514);
    let written = format!("{}:{port}", logs.text("syslog-host", ""));
    let words = arguments(&written).unwrap_or_default();
    let [word] = words.as_slice() else { return Some(format!("`{written}` is not one word")) };
    // Further parameters follow a comma. Sockets and addresses in brackets are not looked at.
    let server = word.split(',').next().unwrap_or_default();
    if server.starts_with("unix:") || server.starts_with('[') || server.contains('/') {
        return None;
    }
    let (host, port) = server.split_once(':').unwrap_or((server, "514"));
    if host.is_empty() {
        return Some(format!("no host in syslog server \"{server}\""));
    }
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Some(format!("invalid port in syslog server \"{server}\""));
    }
    (!resolves(host)).then(|| format!("host not found in syslog server \"{server}\""))
}

/// `access_log PATH FORMAT PARAMETERS`.
fn access_log(key: &'static str, path: &str, format: &str, parameters: &str) -> Option<Problem> {
    let words = match arguments(&format!("{path} {format} {parameters}")) {
        Ok(words) => words,
        Err(problem) => return Some((key, problem)),
    };
    match words.as_slice() {
        [off, second, ..] if off == "off" => return Some((key, format!("invalid parameter \"{second}\""))),
        [_, name, ..] if ![format, "combined"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
            return Some((key, format!("unknown log format \"{name}\"")));
        }
        _ => {}
    }
    let wrong = words.iter().skip(2).find(|word| !is_parameter(word));
    let has = |name: &str| words.iter().skip(2).any(|word| word.starts_with(name));
    let problem = match wrong {
        Some(word) => format!("invalid parameter \"{word}\""),
        None if has("flush=") && !has("buffer=") && !has("gzip") => "no buffer is defined for access_log".to_owned(),
        None => return None,
    };
    Some(("access-log-params", problem))
}

fn is_parameter(word: &str) -> bool {
    match word.split_once('=') {
        Some(("buffer", size)) => check::buffer_size(size).is_some_and(|bytes| bytes > 0),
        Some(("flush", time)) => units::milliseconds(time).is_some_and(|time| time > 0),
        Some(("gzip", level)) => level.parse::<u8>().is_ok_and(|level| (1..=9).contains(&level)),
        Some(("if", _)) => true,
        Some(_) => false,
        None => word == "gzip",
    }
}

/// `error_log PATH LEVEL…`: one level, or parts of what is told for debugging.
fn error_log(path: &str, level: &str) -> Option<Problem> {
    let words = match arguments(&format!("{path} {level}")) {
        Ok(words) => words,
        Err(problem) => return Some(("error-log-path", problem)),
    };
    if words.is_empty() {
        return Some(("error-log-path", "invalid number of arguments in \"error_log\" directive".to_owned()));
    }
    let mut before = None;
    for word in words.iter().skip(1) {
        let is_part = PARTS_OF_DEBUG.contains(&word.as_str());
        let problem = match before {
            _ if !is_part && !LEVELS.contains(&word.as_str()) => format!("invalid log level \"{word}\""),
            Some(_) if !is_part => format!("duplicate log level \"{word}\""),
            Some(false) => format!("invalid log level \"{word}\""),
            Some(true) | None => {
                before = Some(is_part);
                continue;
            }
        };
        return Some(("error-log-level", problem));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: &[(&str, &str)]) -> Vec<&'static str> {
        let keys = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        problems(&keys, &|name| name == "remote_addr", &|host| host != "gone").into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn nothing_is_said_against_the_defaults() {
        assert!(refused(&[]).is_empty());
    }

    #[test]
    fn formats_end_at_a_quotation_mark_and_know_their_variables() {
        assert!(refused(&[("log-format-upstream", "$remote_addr \"${remote_addr}\"\n"), ("log-format-stream", "a")]).is_empty());
        for text in ["it's", "$nosuch", "$", "${remote_addr", "$1"] {
            assert_eq!(refused(&[("log-format-upstream", text)]), ["log-format-upstream"], "{text}");
        }
    }

    #[test]
    fn paths_are_one_word_and_parameters_are_known() {
        assert!(refused(&[("access-log-params", "buffer=4k flush=5s if=$x"), ("error-log-path", "/dev/stderr")]).is_empty());
        assert_eq!(refused(&[("http-access-log-path", "off")]), ["http-access-log-path"]);
        assert_eq!(refused(&[("stream-access-log-path", "/a b")]), ["stream-access-log-path"]);
        assert_eq!(refused(&[("access-log-params", "bogus=1"), ("disable-http-access-log", "true")]), ["access-log-params"]);
        assert!(refused(&[("access-log-params", "bogus=1"), ("disable-access-log", "true")]).is_empty());
    }

    #[test]
    fn one_level_or_parts_of_debugging() {
        for (level, fine) in
            [("\"warn\"", true), ("", true), ("debug_http debug_event", true), ("verbose", false), ("warn error", false), ("WARN", false)]
        {
            assert_eq!(refused(&[("error-log-level", level)]).is_empty(), fine, "{level}");
        }
    }

    #[test]
    fn syslog_needs_a_host() {
        let with = |host| refused(&[("enable-syslog", "true"), ("syslog-host", host)]);
        assert!(with("logs.example.org").is_empty());
        for host in ["", "a b", "gone", "a:x"] {
            assert_eq!(with(host), ["syslog-host"], "{host}");
        }
    }
}
