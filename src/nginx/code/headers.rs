//! The blocks that hold for a request, outermost first, and which of their directives apply by the inheritance of their modules.

use super::{
    Directive, Line, Reach, RequestHow, ResponseHow, Value,
    state::{Known, State},
    values::{Site, Values},
};
use crate::{
    k8s::NamespacedName,
    nginx::{Router, route::Here, settings::Satisfy, texts},
    request::{Field, Guard, HeaderExprs, HeaderOperation, HeaderRule, Statuses, Test, TextExpr, Valuation},
};

/// The blocks.
#[derive(Debug, Clone, Default)]
pub(in crate::nginx) struct Levels<'c> {
    /// The directives of each; the first one is around all servers, the second one the server.
    list: Vec<Vec<&'c [Line]>>,
    /// Index of the block of a location of the controller.
    controller: Option<usize>,
}

/// The template writes a line for the header into each location of the controller. One of a snippet beside it does not take its place.
pub fn is_sent_by_controller(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "connection",
        "host",
        "upgrade",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-scheme",
        "x-original-forwarded-for",
        "x-original-forwarded-host",
        "x-real-ip",
        "x-request-id",
        "x-scheme",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Host by which nginx knows the upstream of the controller.
const UPSTREAM: &str = "upstream_balancer";

impl<'c> Levels<'c> {
    pub(super) fn new(list: Vec<Vec<&'c [Line]>>, controller: Option<usize>) -> Self {
        Self { list, controller }
    }

    /// A block inside of the others: that of an `if` that held.
    pub(super) fn push(&mut self, block: &'c [Line]) {
        self.list.push(vec![block]);
    }

    /// The last block is one that a condition opened.
    pub(super) fn pop_to(&mut self, length: usize) {
        self.list.truncate(length);
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    fn lines<'s>(level: &'s [&'c [Line]]) -> impl Iterator<Item = &'c Line> + 's {
        level.iter().copied().flatten()
    }

    /// All directives that stand directly in the blocks.
    pub(super) fn all(&self) -> impl Iterator<Item = &'c Line> + '_ {
        self.list.iter().flat_map(|level| Self::lines(level))
    }

    /// Those of the last block.
    pub(super) fn last(&self) -> impl Iterator<Item = &'c Line> + '_ {
        self.list.last().into_iter().flat_map(|level| Self::lines(level))
    }

    /// The innermost block that has such a directive: its index, and its directives.
    pub(super) fn innermost(&self, wanted: impl Fn(&Directive) -> bool) -> Option<(usize, impl Iterator<Item = &'c Line> + '_)> {
        let at = self.list.iter().rposition(|level| Self::lines(level).any(|line| wanted(&line.directive)))?;
        Some((at, Self::lines(&self.list[at])))
    }

    /// What of it is not modelled.
    pub(in crate::nginx) fn unmodelled(&self, wanted: Reach) -> Option<&'c str> {
        self.all().find_map(|line| match &line.directive {
            Directive::Unmodelled { what, reach } if *reach == wanted => Some(what.as_str()),
            _ => None,
        })
    }

    /// Block of the controller's location.
    pub(super) fn controller(&self) -> Option<usize> {
        self.controller
    }

    /// A condition inside the location of the controller held.
    pub(in crate::nginx) fn has_inner(&self) -> bool {
        self.controller.is_some_and(|at| self.list.len() > at + 1)
    }
}

/// What `custom-headers` and CORS set, which stands behind the snippets of a location, as `more_set_headers`.
fn set_later(here: &Here<'_>) -> Vec<HeaderRule> {
    let cors = if here.cors { texts::cors(here.settings()) } else { Vec::new() };
    let rule = |(name, value): (String, Option<TextExpr>)| {
        let operation = match value {
            Some(text) if text.as_literal() != Some("") => HeaderOperation::Set(text),
            Some(_) | None => HeaderOperation::Remove,
        };
        HeaderRule { name, operation, statuses: Statuses::All }
    };
    texts::custom(here.settings()).into_iter().chain(cors).map(rule).collect()
}

fn response(line: &Line) -> Option<(ResponseHow, &str, &Value, &Statuses)> {
    match &line.directive {
        Directive::ResponseHeader { how, name, value, statuses } => Some((*how, name, value, statuses)),
        _ => None,
    }
}

impl Router<'_> {
    /// Changes of response headers in nginx's order: hidden ones, `more_*`, `expires`, `add_header`.
    pub(in crate::nginx) fn header_rules(
        &self,
        v: &impl Valuation,
        levels: &Levels<'_>,
        state: &State,
        here: Option<&Here<'_>>,
    ) -> Vec<HeaderRule> {
        let location = here.map(|here| here.location);
        let values = Values { router: self, v, state, site: Site { location, late: true } };
        let of = |wanted: fn(ResponseHow) -> bool| move |directive: &Directive| matches!(directive, Directive::ResponseHeader { how, .. } if wanted(*how));
        let read = |lines: &mut dyn Iterator<Item = &Line>, wanted: fn(ResponseHow) -> bool| -> Vec<HeaderRule> {
            let of_kind = lines.filter_map(response).filter(|(how, name, ..)| wanted(*how) && !name.is_empty());
            let rule = |(how, name, value, statuses): (ResponseHow, &str, &Value, &Statuses)| {
                let operation = operation(how, value, &values)?;
                let operation = if name.eq_ignore_ascii_case("location") { self.completed_path(v, operation, location) } else { operation };
                Some(HeaderRule { name: name.to_owned(), operation, statuses: statuses.clone() })
            };
            of_kind.filter_map(rule).collect()
        };
        let hide = |how| how == ResponseHow::Hide;
        let more = |how| matches!(how, ResponseHow::More { .. });
        let expires = |how| how == ResponseHow::Expires;
        let add = |how| how == ResponseHow::Add;
        let proxied = here.is_none_or(|here| here.settings().protocol.value.is_proxied());
        let mut rules = levels.innermost(of(hide)).filter(|_| proxied).map(|(_, mut lines)| read(&mut lines, hide)).unwrap_or_default();
        let set = read(&mut levels.all(), more);
        let later = here.filter(|_| !set.is_empty()).map(set_later).unwrap_or_default();
        rules.extend(set);
        rules.extend(later);
        if let Some((_, mut lines)) = levels.innermost(of(expires)) {
            rules.extend(read(&mut lines, expires));
        }
        // The controller adds a header of its own where an authentication service is asked, so that nothing is inherited.
        let own = levels.controller().filter(|_| here.is_some_and(|here| self.asks_service(here)));
        if let Some((_, mut lines)) = levels.innermost(of(add)).filter(|(at, _)| own.is_none_or(|own| *at >= own)) {
            rules.extend(read(&mut lines, add));
        }
        rules
    }

    /// A path in a Location that is set, which nginx completes as that of a redirect; one that is added stays.
    fn completed_path(&self, v: &impl Valuation, operation: HeaderOperation, location: Option<&crate::nginx::Location>) -> HeaderOperation {
        let settings = location.map_or(&self.config.globals.defaults, |location| &location.settings);
        match operation {
            HeaderOperation::Set(text) if !settings.redirect.relative.value && self.is_path(&text).is_ok_and(|is_path| is_path) => {
                let with_port = settings.rewrite.use_port_in_redirects.value;
                HeaderOperation::Set(self.completed(v.holds(self.common.https), with_port, text.0))
            }
            operation => operation,
        }
    }

    /// Host and headers sent upstream, changed by snippets.
    pub(in crate::nginx) fn changed_request(
        &self,
        v: &impl Valuation,
        levels: &Levels<'_>,
        state: &State,
        location: Option<&crate::nginx::Location>,
        grpc: bool,
        (mut host, mut headers): (Option<TextExpr>, HeaderExprs),
    ) -> (Option<TextExpr>, HeaderExprs) {
        let values = Values { router: self, v, state, site: Site { location, late: true } };
        let wanted = |how: RequestHow| how == if grpc { RequestHow::Grpc } else { RequestHow::Proxy };
        let sets = |directive: &Directive| matches!(directive, Directive::RequestHeader { how, .. } if wanted(*how));
        let mine: Vec<String> = headers.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in &state.input {
            let hidden = mine.contains(name) || name == "host";
            headers.retain(|(known, _)| hidden || known != name);
            if let (Ok(value), false) = (value, hidden) {
                headers.push((name.clone(), value.clone()));
            }
        }
        let Some((at, lines)) = levels.innermost(sets) else { return (host, headers) };
        let beside = levels.controller() == Some(at);
        match levels.controller() {
            Some(controller) if at < controller => return (host, headers),
            Some(controller) if at > controller => {
                host = Some(TextExpr::literal(UPSTREAM));
                headers.retain(|(name, _)| !mine.contains(name));
            }
            Some(_) | None => {}
        }
        for line in lines {
            let Directive::RequestHeader { how, name, value } = &line.directive else { continue };
            if !wanted(*how) {
                continue;
            }
            let name = name.to_ascii_lowercase();
            let value = match value {
                Value::Text(text) => values.text(text).map(Some),
                Value::None => Ok(None),
                Value::Unknown => Err(String::new()),
            };
            // An empty line is none. It takes nothing away from what the controller sends in the same block.
            let is_none = value.as_ref().is_ok_and(|value| value.as_ref().is_none_or(|text| text.as_literal() == Some("")));
            if name == "host" {
                if !(is_none && beside) {
                    host = value.ok().flatten();
                }
                continue;
            }
            let own = beside && is_sent_by_controller(&name);
            let claimed = headers.iter().any(|(known, value)| *known == name && value.is_some());
            match value {
                Ok(_) if own && is_none => {}
                // Both lines are sent.
                Ok(value) if claimed => headers.push((name, value)),
                value => {
                    headers.retain(|(known, _)| *known != name);
                    if let (Ok(value), false) = (value, own) {
                        headers.push((name, value));
                    }
                }
            }
        }
        (host, headers)
    }

    /// `more_set_input_headers` of all blocks.
    pub(super) fn input_headers(
        &self,
        v: &impl Valuation,
        levels: &Levels<'_>,
        state: &mut State,
        location: Option<&crate::nginx::Location>,
    ) {
        for line in levels.all() {
            let Directive::RequestHeader { how: RequestHow::Input { replace_only }, name, value } = &line.directive else { continue };
            let name = name.to_ascii_lowercase();
            let present = || {
                let id = self.predicates.find(&Field::Header(name.clone()), &Test::Present);
                id.is_some_and(|id| v.holds(id))
            };
            if *replace_only && !state.input.contains_key(&name) && !present() {
                continue;
            }
            let value = {
                let values = Values { router: self, v, state, site: Site { location, late: false } };
                match value {
                    Value::Text(text) => values.text(text).map(|text| Some(text).filter(|text| text.as_literal() != Some(""))),
                    Value::None => Ok(None),
                    Value::Unknown => Err(format!("header `{name}` of the request")),
                }
            };
            state.input.insert(name, value);
        }
    }

    /// What lists of snippets say of the client; `None` where there are none.
    pub(in crate::nginx) fn listed(&self, v: &impl Valuation, levels: &Levels<'_>) -> Known<Option<Listed>> {
        let Some((_, lines)) = levels.innermost(|directive| matches!(directive, Directive::Access { .. })) else { return Ok(None) };
        if let Some(what) = levels.unmodelled(Reach::Address) {
            return Err(what.to_owned());
        }
        for line in lines {
            let Directive::Access { allow, network } = &line.directive else { continue };
            let holds = match network {
                None => true,
                Some(cidr) => self.predicates.find(&Field::Client, &super::ask::networks(&[*cidr])).is_some_and(|id| v.holds(id)),
            };
            if holds {
                return Ok(Some(if *allow { Listed::Allowed } else { Listed::Denied }));
            }
        }
        Ok(Some(Listed::Unnamed))
    }
}

/// What a list of addresses says of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nginx) enum Listed {
    /// It is let in, with `satisfy any` also without credentials.
    Allowed,
    /// It is refused.
    Denied,
    /// No line is about it: it is not refused.
    Unnamed,
}

impl Levels<'_> {
    /// `satisfy` of a snippet.
    pub(in crate::nginx) fn satisfy(&self) -> Option<Satisfy> {
        let (_, lines) = self.innermost(|directive| matches!(directive, Directive::Satisfy(_)))?;
        lines.into_iter().find_map(|line| if let Directive::Satisfy(satisfy) = &line.directive { Some(*satisfy) } else { None })
    }

    /// The innermost list of a snippet stands in the location, not around it.
    pub(in crate::nginx) fn lists_inside(&self) -> bool {
        let found = self.innermost(|directive| matches!(directive, Directive::Access { .. }));
        found.is_some_and(|(at, _)| self.controller.is_some_and(|controller| at >= controller))
    }

    /// `auth_basic`: the users stand in a file of the controller's container.
    pub(in crate::nginx) fn password(&self) -> Option<Guard> {
        let (_, lines) = self.innermost(|directive| matches!(directive, Directive::Password { .. }))?;
        lines.into_iter().find_map(|line| match &line.directive {
            Directive::Password { realm } => {
                Some(Guard::Password { secret: NamespacedName::new("", "auth_basic_user_file"), digest: false, realm: realm.clone() })
            }
            _ => None,
        })
    }

    /// Status of requests above a limit by rate, where a snippet says it.
    pub(in crate::nginx) fn limit_status(&self) -> Option<u16> {
        let said = |line: &Line| line.text.strip_prefix("limit_req_status ")?.parse().ok();
        self.list.iter().rev().find_map(|level| Self::lines(level).find_map(said))
    }

    /// A limit by rate or by connections.
    pub(in crate::nginx) fn is_limited(&self) -> bool {
        self.all().any(|line| line.directive == Directive::Rate)
    }
}

fn operation(how: ResponseHow, value: &Value, values: &Values<'_, '_, impl Valuation>) -> Option<HeaderOperation> {
    let text = match value {
        Value::Unknown => return Some(HeaderOperation::Unknown),
        Value::None => None,
        Value::Text(text) => match values.text(text) {
            Ok(text) if text.as_literal() == Some("") => None,
            Ok(text) => Some(text),
            Err(_) => return Some(HeaderOperation::Unknown),
        },
    };
    match (how, text) {
        (ResponseHow::Hide, _) => Some(HeaderOperation::Hide),
        (ResponseHow::Add | ResponseHow::More { append: true }, Some(text)) => Some(HeaderOperation::Add(text)),
        (ResponseHow::Add | ResponseHow::More { append: true }, None) => None,
        (ResponseHow::More { append: false } | ResponseHow::Expires, Some(text)) => Some(HeaderOperation::Set(text)),
        (ResponseHow::More { append: false } | ResponseHow::Expires, None) => Some(HeaderOperation::Remove),
    }
}
