//! Header directives as filters, by the inheritance of their modules.

use std::collections::BTreeSet;

use crate::{
    gateway::Intent,
    nginx::code::{Directive, RequestHow, ResponseHow, Value, is_sent_by_controller},
    request::{Piece, Statuses},
    targets::Side,
    translate::{
        changes::is_precise_hostname,
        context::Cx,
        plan::{Action, Changes, Rule},
    },
};

use super::{
    Around, Here,
    condition::Held,
    decide::{Decision, Inner, Leaf},
    values::{self, Scene},
};

/// Headers that the controller sends to backends by itself: the variables with which it does so, and those that say nearly the same.
const USUAL: &[(&str, &[&str], &[&str])] = &[
    ("host", &["host", "http_host", "best_http_host"], &[]),
    ("x-real-ip", &["remote_addr"], &["http_x_real_ip", "realip_remote_addr"]),
    ("x-forwarded-for", &["remote_addr"], &["proxy_add_x_forwarded_for", "http_x_forwarded_for", "realip_remote_addr"]),
    ("x-forwarded-proto", &["scheme", "pass_access_scheme"], &["http_x_forwarded_proto"]),
    ("x-forwarded-scheme", &["scheme", "pass_access_scheme"], &["http_x_forwarded_proto"]),
    ("x-scheme", &["scheme", "pass_access_scheme"], &["http_x_forwarded_proto"]),
    ("x-forwarded-host", &["host", "http_host", "best_http_host"], &["http_x_forwarded_host"]),
    ("x-forwarded-port", &["server_port", "pass_port"], &["http_x_forwarded_port"]),
    ("upgrade", &["http_upgrade"], &[]),
    ("x-request-id", &["req_id"], &["request_id", "http_x_request_id"]),
    ("connection", &["connection_upgrade", "http_connection"], &[]),
];

/// The controller sends the header by itself, with this variable.
pub(super) fn is_usual(name: &str, variable: &str) -> bool {
    USUAL.iter().any(|(usual, same, _)| *usual == name && same.contains(&variable))
}

/// Response headers whose lines say the same when they are joined.
const LISTS: &[&str] = &["cache-control", "content-security-policy", "link", "permissions-policy", "vary"];

impl Cx<'_> {
    /// Applies the header directives around a rule, and those of a condition that holds.
    pub(super) fn apply_headers(&mut self, around: &Around<'_>, decision: &Decision<'_>, tls: bool, rule: &mut Rule) {
        let mut levels = around.levels();
        let outer = levels.len();
        if let Some(Inner { block, origin }) = &decision.inner {
            levels.push(block.iter().map(|line| Here { line, origin }).collect());
        }
        let of_request = |here: &Here<'_>| match &here.line.directive {
            Directive::RequestHeader { name, .. } => Some(name.to_ascii_lowercase()),
            _ => None,
        };
        let changed: BTreeSet<String> = levels
            .iter()
            .flatten()
            .filter_map(of_request)
            .chain(rule.changes.request_headers.iter().map(|(name, _)| name.to_ascii_lowercase()))
            .collect();
        let status = match &decision.leaf {
            Leaf::Own(Intent::Refuse { status } | Intent::Answer { status, .. } | Intent::FixedRedirect { status, .. }) => Some(*status),
            Leaf::Redirect(redirect, _) => Some(redirect.status),
            Leaf::Pass { .. } => own_status(rule),
            Leaf::Own(_) | Leaf::Answer(_) => None,
        };
        let forwards = !matches!(rule.action, Action::ToHttps { .. });
        let scene = Scene { env: &decision.env, tls, asks: around.asks, forwards, changed: &changed, status };
        // Nobody sees the headers of an answer that is not said, but the directives are settled all the same.
        let mut changes = std::mem::take(&mut rule.changes).into_changes();
        self.request(&levels, (outer, around.controller), &scene, &mut changes);
        self.response(&levels, &scene, &mut changes);
        match rule.action {
            Action::Forward(_) | Action::Redirect(_) => rule.changes = changes.into(),
            Action::Answered => {
                let Changes { wishes, response_headers, response_added, .. } = changes;
                rule.changes = Changes { response_headers, response_added, wishes, ..Changes::default() }.into();
            }
            Action::Withheld(_) | Action::ToHttps { .. } => {}
        }
    }

    fn request(&mut self, levels: &[Vec<Here<'_>>], (outer, controller): (usize, bool), scene: &Scene<'_>, changes: &mut Changes) {
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
                let beside = !input && !hides && controller && is_sent_by_controller(name);
                let but = if hides {
                    Some("the headers that the controller sends are hidden by it today, and sent later")
                } else {
                    let two = beside && !name.eq_ignore_ascii_case("host");
                    two.then_some("the controller sends a line of its own beside it today")
                };
                match value {
                    value if beside && self.is_no_line(value, scene) => {
                        self.idle(here, "the controller sends the header all the same, in a line of its own");
                    }
                    Value::Unknown => self.lost(here, "it depends on the type of the body"),
                    _ if matches!(how, RequestHow::Input { replace_only: true }) => {
                        self.lost(here, "a filter does not ask whether the header is there");
                    }
                    Value::None => self.without(here, name, but, changes),
                    Value::Text(text) => self.request_header(here, (name, text), but, scene, changes),
                }
            }
        }
    }

    /// Nothing is sent for such a value.
    fn is_no_line(&self, value: &Value, scene: &Scene<'_>) -> bool {
        match value {
            Value::Text(text) => values::literal(&self.resolved(text, scene)) == Some(""),
            Value::None => true,
            Value::Unknown => false,
        }
    }

    /// A request header is taken away.
    fn without(&mut self, here: &Here<'_>, name: &str, but: Option<&'static str>, changes: &mut Changes) {
        let other = |(known, _): &(String, String)| !known.eq_ignore_ascii_case(name);
        changes.request_headers.retain(other);
        changes.request_added.retain(other);
        push_name(&mut changes.request_removed, name);
        self.kept(here, but);
    }

    fn request_header(
        &mut self,
        here: &Here<'_>,
        (name, text): (&str, &[Piece]),
        but: Option<&'static str>,
        scene: &Scene<'_>,
        changes: &mut Changes,
    ) {
        let lower = name.to_ascii_lowercase();
        if let [Piece::Variable(variable)] = text
            && !scene.env.contains_key(variable)
            && let Some((_, same, alike)) = USUAL.iter().find(|(usual, ..)| *usual == lower)
        {
            if same.contains(&variable.as_str()) {
                return self.idle(here, "the controller sends it by itself, and so do gateways in their way");
            }
            if alike.contains(&variable.as_str()) {
                return self.kept(here, Some("gateways make this header in their own way"));
            }
        }
        if let [Piece::Variable(variable)] = text
            && let Some(Held::OfAuth(header)) = scene.env.get(variable)
        {
            return self.of_auth(here, name, header, scene, changes);
        }
        if matches!(text, [Piece::Variable(variable)] if variable.strip_prefix("http_").is_some_and(|same| same.replace('_', "-") == lower))
        {
            return self.idle(here, "the header is passed on as it came");
        }
        let text = self.resolved(text, scene);
        if let Some(value) = values::literal(&text) {
            return match lower.as_str() {
                "host" if is_precise_hostname(value) => {
                    changes.host = Some(value.to_owned());
                    self.kept(here, but);
                }
                "host" => self.lost(here, "a filter cannot send such a host"),
                "connection" | "upgrade" => self.idle(here, "gateways switch protocols by themselves"),
                _ if breaks(value) => self.lost(here, "a header cannot hold a line break"),
                _ if value.is_empty() => self.without(here, name, but, changes),
                _ => self.set_request(here, name, self.header_value(value), but, changes),
            };
        }
        match self.said(here, &text, Side::Request, scene, changes) {
            Some(_) if ["host", "connection", "upgrade"].contains(&lower.as_str()) => {
                self.lost(here, "a filter cannot make it of variables");
            }
            Some(said) if said.stays => {
                // What the client sends under the name must go in any case.
                self.without(here, name, but.or(said.but), changes);
                changes.request_added.push((name.to_owned(), said.value));
            }
            Some(said) => self.set_request(here, name, said.value, but.or(said.but), changes),
            None => {}
        }
    }

    fn set_request(&mut self, here: &Here<'_>, name: &str, value: String, but: Option<&'static str>, changes: &mut Changes) {
        let other = |(known, _): &(String, String)| !known.eq_ignore_ascii_case(name);
        changes.request_headers.retain(other);
        changes.request_added.retain(other);
        changes.request_removed.retain(|known| !known.eq_ignore_ascii_case(name));
        changes.request_headers.push((name.to_owned(), value));
        self.kept(here, but);
    }

    /// A header of the answer of the authentication service; without a service its variable is empty, and the header is taken away.
    fn of_auth(&mut self, here: &Here<'_>, name: &str, header: &str, scene: &Scene<'_>, changes: &mut Changes) {
        if !scene.asks {
            return self.without(here, name, None, changes);
        }
        let asks = changes.wishes.iter_mut().find_map(|wish| match wish {
            Intent::ExternalAuth { asks, .. } => Some(asks),
            _ => None,
        });
        match asks {
            Some(asks) if name.eq_ignore_ascii_case(header) => {
                if !asks.response_headers.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                    asks.response_headers.push(name.to_owned());
                }
                self.kept(here, Some("what the client sends stays where the authentication service says nothing"));
            }
            Some(_) => self.lost(here, "a policy copies a header of the authentication service under its own name only"),
            None if !scene.forwards => self.idle(here, "the request is redirected"),
            None => self.lost(here, "no policy asks the authentication service"),
        }
    }

    fn response(&mut self, levels: &[Vec<Here<'_>>], scene: &Scene<'_>, changes: &mut Changes) {
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
                    self.response_header(here, *how, (name, value, statuses), scene, changes);
                }
            }
        }
    }

    fn response_header(
        &mut self,
        here: &Here<'_>,
        how: ResponseHow,
        (name, value, statuses): (&str, &Value, &Statuses),
        scene: &Scene<'_>,
        changes: &mut Changes,
    ) {
        if name.is_empty() {
            return self.idle(here, "it only hides what blocks around it add");
        }
        let but = match statuses {
            Statuses::All => None,
            statuses if scene.status.is_some_and(|status| statuses.include(status)) => None,
            _ if scene.status.is_some() => return self.idle(here, "it is not sent with the status of this answer"),
            Statuses::Usual => Some("the header is sent with errors too"),
            Statuses::Only(_) => return self.lost(here, "a filter does not ask for the status"),
        };
        if name.ends_with('*') {
            return self.lost(here, "a filter takes away headers by their whole name only");
        }
        match value {
            Value::Unknown if how == ResponseHow::Expires && name == "expires" && says_age(here) => {
                self.kept(here, Some("`Expires` is not sent; `Cache-Control` says the same"));
            }
            Value::Unknown => self.lost(here, "its value depends on the answer, or on the time"),
            Value::None => self.without_response(here, name, changes),
            Value::Text(text) => {
                let text = self.resolved(text, scene);
                let adds = matches!(how, ResponseHow::Add | ResponseHow::More { append: true });
                let (value, more, stays) = match values::literal(&text) {
                    Some("") if adds => return self.idle(here, "an empty header is not added"),
                    Some("") => return self.without_response(here, name, changes),
                    Some(value) if breaks(value) => return self.lost(here, "a header cannot hold a line break"),
                    Some(value) => (self.header_value(value), None, false),
                    None => match self.said(here, &text, Side::Response, scene, changes) {
                        Some(said) => (said.value, said.but, said.stays && !adds),
                        None => return,
                    },
                };
                let same = |known: &(String, String)| known.0.eq_ignore_ascii_case(name);
                if adds
                    && let Some((_, known)) =
                        changes.response_headers.iter_mut().chain(&mut changes.response_added).find(|known| same(known))
                {
                    if !LISTS.contains(&name.to_ascii_lowercase().as_str()) {
                        return self.lost(here, "a filter sends one line of a header");
                    }
                    known.push_str(", ");
                    known.push_str(&value);
                    return self.kept(here, Some("two lines of the header are sent as one"));
                }
                if stays {
                    // What the backend sends under the name must go in any case.
                    self.without_response(here, name, changes);
                    changes.response_added.push((name.to_owned(), value));
                    return self.kept(here, but.or(more));
                }
                changes.response_removed.retain(|known| !known.eq_ignore_ascii_case(name));
                if adds {
                    changes.response_added.push((name.to_owned(), value));
                } else {
                    changes.response_headers.retain(|known| !same(known));
                    changes.response_headers.push((name.to_owned(), value));
                }
                self.kept(here, but.or(more));
            }
        }
    }

    fn without_response(&mut self, here: &Here<'_>, name: &str, changes: &mut Changes) {
        changes.response_headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        changes.response_added.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        push_name(&mut changes.response_removed, name);
        self.kept(here, None);
    }
}

/// Status of a rule that the target answers.
pub(super) fn own_status(rule: &Rule) -> Option<u16> {
    match (&rule.action, rule.changes.wishes.as_slice()) {
        (Action::Answered, [Intent::Refuse { status }]) => Some(*status),
        _ => None,
    }
}

/// `expires` that sets an age too, which clients take before the date.
fn says_age(here: &Here<'_>) -> bool {
    here.word(1).starts_with(|c: char| c.is_ascii_digit() || c == '-') && here.line.text.split(' ').count() == 2
}

/// A text that cannot be a value: it would end the header.
fn breaks(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_control() && c != '\t')
}

fn push_name(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        list.push(name.to_owned());
    }
}
