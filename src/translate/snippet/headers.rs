//! Header directives as filters, by the inheritance of their modules.

use crate::{
    nginx::code::{Directive, RequestHow, ResponseHow, Value},
    request::{Piece, Statuses},
    translate::{
        changes::is_precise_hostname,
        context::Cx,
        plan::{Action, Changes, Rule},
    },
};

use super::{Around, Here, decide::Inner};

/// Headers that the controller sends to backends by itself, with the variables that say the same.
const USUAL: &[(&str, &[&str])] = &[
    ("host", &["host", "http_host", "best_http_host"]),
    ("x-real-ip", &["remote_addr", "http_x_real_ip"]),
    ("x-forwarded-for", &["proxy_add_x_forwarded_for", "remote_addr", "http_x_forwarded_for"]),
    ("x-forwarded-proto", &["scheme", "pass_access_scheme", "http_x_forwarded_proto"]),
    ("x-forwarded-scheme", &["scheme", "pass_access_scheme"]),
    ("x-scheme", &["scheme", "pass_access_scheme"]),
    ("x-forwarded-host", &["host", "http_host", "best_http_host"]),
    ("x-forwarded-port", &["server_port", "pass_port"]),
    ("upgrade", &["http_upgrade"]),
    ("x-request-id", &["req_id", "request_id", "http_x_request_id"]),
    ("connection", &["connection_upgrade", "http_connection"]),
];

impl Cx<'_> {
    /// Applies the header directives around a rule, and those of a condition that holds.
    pub(super) fn apply_headers(&mut self, around: &Around<'_>, inner: Option<&Inner<'_>>, rule: &mut Rule) {
        let mut levels = around.levels();
        if let Some(Inner { block, origin }) = inner {
            levels.push(block.iter().map(|line| Here { line, origin }).collect());
        }
        // Nobody sees the headers of an answer that is not said, but the directives are settled all the same.
        let mut changes = std::mem::take(&mut rule.changes).into_changes();
        self.request(&levels, around.levels().len(), &mut changes);
        self.response(&levels, &mut changes);
        if !matches!(rule.action, Action::Withheld(_) | Action::ToHttps { .. } | Action::Answered) {
            rule.changes = changes.into();
        } else if rule.action == Action::Answered {
            rule.changes.wishes = changes.wishes;
        }
    }

    fn request(&mut self, levels: &[Vec<Here<'_>>], outer: usize, changes: &mut Changes) {
        let proxied =
            |here: &&Here<'_>| matches!(here.line.directive, Directive::RequestHeader { how: RequestHow::Proxy | RequestHow::Grpc, .. });
        let innermost = levels.iter().rposition(|level| level.iter().any(|here| proxied(&here)));
        for (at, level) in levels.iter().enumerate() {
            for here in level {
                let Directive::RequestHeader { how, name, value } = &here.line.directive else { continue };
                let input = matches!(how, RequestHow::Input { .. });
                // Each location of the controller has such directives, which hide those of the server.
                if !input && (at < 2 || innermost.is_some_and(|innermost| at < innermost)) {
                    self.idle(here, "such directives of a block inside hide it");
                    continue;
                }
                let hides = !input && at >= outer;
                let but = hides.then_some("the headers that the controller sends are hidden by it today, and sent later");
                match value {
                    Value::Unknown => self.lost(here, "it depends on the type of the body"),
                    _ if matches!(how, RequestHow::Input { replace_only: true }) => {
                        self.lost(here, "a filter does not ask whether the header is there");
                    }
                    Value::None => {
                        changes.request_headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                        push_name(&mut changes.request_removed, name);
                        self.kept(here, but);
                    }
                    Value::Text(text) => self.request_header(here, name, text, but, changes),
                }
            }
        }
    }

    fn request_header(&mut self, here: &Here<'_>, name: &str, text: &[Piece], but: Option<&'static str>, changes: &mut Changes) {
        let lower = name.to_ascii_lowercase();
        if let [Piece::Variable(variable)] = text
            && USUAL.iter().any(|(usual, variables)| *usual == lower && variables.contains(&variable.as_str()))
        {
            return self.idle(here, "gateways send it by themselves");
        }
        let Some(value) = self.literal(text) else { return self.with_variables(here, text) };
        match lower.as_str() {
            "host" if is_precise_hostname(&value) => {
                changes.host = Some(value);
                self.kept(here, but);
            }
            "host" => self.lost(here, "a filter cannot send such a host"),
            "connection" | "upgrade" => self.idle(here, "gateways switch protocols by themselves"),
            _ => {
                let value = self.header_value(&value);
                changes.request_headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                changes.request_headers.push((name.to_owned(), value));
                self.kept(here, but);
            }
        }
    }

    /// A text whose variables are known before there is a request.
    fn literal(&self, text: &[Piece]) -> Option<String> {
        text.iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(text.as_str()),
                Piece::Variable(name) if name == "host" => self.only_name.as_deref(),
                Piece::Group(_) | Piece::Named(_) | Piece::Variable(_) => None,
            })
            .collect()
    }

    /// A value of variables that a request gives is for the target to say; others nobody knows.
    fn with_variables(&mut self, here: &Here<'_>, text: &[Piece]) {
        const OF_REQUEST: &[&str] = &[
            "args",
            "host",
            "http_host",
            "is_args",
            "query_string",
            "remote_addr",
            "request_method",
            "request_uri",
            "scheme",
            "server_port",
            "server_protocol",
            "uri",
        ];
        let known = |piece: &Piece| match piece {
            Piece::Literal(_) => true,
            Piece::Variable(name) | Piece::Named(name) => OF_REQUEST.contains(&name.as_str()) || name.starts_with("http_"),
            Piece::Group(_) => false,
        };
        if text.iter().all(known) { self.variables(here) } else { self.lost(here, "a filter does not know its variable") }
    }

    fn response(&mut self, levels: &[Vec<Here<'_>>], changes: &mut Changes) {
        let innermost = |wanted: ResponseHow| {
            let is = move |here: &Here<'_>| matches!(here.line.directive, Directive::ResponseHeader { how, .. } if how == wanted);
            levels.iter().rposition(|level| level.iter().any(is))
        };
        let hidden = |how: ResponseHow, at: usize| match how {
            ResponseHow::More { .. } => false,
            how => innermost(how).is_some_and(|innermost| at < innermost),
        };
        for wanted in [false, true] {
            for (at, level) in levels.iter().enumerate() {
                for here in level {
                    let Directive::ResponseHeader { how, name, value, statuses } = &here.line.directive else { continue };
                    if (*how == ResponseHow::Add) != wanted {
                        continue;
                    }
                    if hidden(*how, at) {
                        self.idle(here, "such directives of a block inside hide it");
                        continue;
                    }
                    self.response_header(here, *how, (name, value), statuses, changes);
                }
            }
        }
    }

    fn response_header(
        &mut self,
        here: &Here<'_>,
        how: ResponseHow,
        (name, value): (&str, &Value),
        statuses: &Statuses,
        changes: &mut Changes,
    ) {
        if name.is_empty() {
            return self.idle(here, "it only hides what blocks around it add");
        }
        let but = match statuses {
            Statuses::All => None,
            Statuses::Usual => Some("the header is sent with errors too"),
            Statuses::Only(_) => return self.lost(here, "a filter does not ask for the status"),
        };
        if name.ends_with('*') {
            return self.lost(here, "a filter takes away headers by their whole name only");
        }
        match value {
            Value::Unknown => self.lost(here, "its value depends on the answer, or on the time"),
            Value::None => {
                changes.response_headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                changes.response_added.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                push_name(&mut changes.response_removed, name);
                self.kept(here, None);
            }
            Value::Text(text) => {
                let Some(value) = self.literal(text) else { return self.with_variables(here, text) };
                let value = self.header_value(&value);
                let same = |known: &(String, String)| known.0.eq_ignore_ascii_case(name);
                let adds = matches!(how, ResponseHow::Add | ResponseHow::More { append: true });
                if adds && changes.response_added.iter().any(same) {
                    return self.lost(here, "a filter adds one line of a header");
                }
                changes.response_removed.retain(|known| !known.eq_ignore_ascii_case(name));
                if adds {
                    changes.response_added.push((name.to_owned(), value));
                } else {
                    changes.response_headers.retain(|known| !same(known));
                    changes.response_headers.push((name.to_owned(), value));
                }
                self.kept(here, but);
            }
        }
    }
}

fn push_name(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        list.push(name.to_owned());
    }
}
