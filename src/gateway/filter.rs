//! Filters of a rule or a backend, taken together as far as their order does not matter, and what each dialect makes of them.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::api::{Cors, ExplicitRef, GrpcFilter, HeaderModifier, HttpFilter, PathModifier, RequestMirror, RequestRedirect, UrlRewrite};
use super::dialect::{Dialect, FilterFaults, FilterOrder, Handling, HeaderOperations, HeaderValues, HostOperation, RedirectPaths};
use super::format::{self, Formatted};
use super::policies::{Cookie, Effect, Filter, HostFrom};
use crate::request::{Part, TextExpr};

/// What is done to a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// All its lines are replaced by one.
    Set(Option<TextExpr>),
    /// One more line.
    Add(Option<TextExpr>),
    /// It is not sent.
    Remove,
}

impl Operation {
    /// It does the same whatever was asked.
    pub(super) fn is_literal(&self) -> bool {
        match self {
            Self::Set(Some(text)) | Self::Add(Some(text)) => text.0.iter().all(|part| matches!(part, Part::Literal(_))),
            Self::Set(None) | Self::Add(None) => false,
            Self::Remove => true,
        }
    }

    /// The value may come out empty, which leaves everything as it was.
    pub(super) fn may_be_empty(&self) -> bool {
        match self {
            Self::Set(Some(text)) | Self::Add(Some(text)) => {
                !text.0.is_empty() && text.0.iter().all(|part| matches!(part, Part::Header(_)))
            }
            Self::Set(None) | Self::Add(None) | Self::Remove => false,
        }
    }
}

/// Operations beside others that touch these headers: which value of such a header they repeat is not known.
pub(super) fn beside<'o>(operations: &'o Operations, touched: impl FnOnce() -> Vec<&'o str>) -> Cow<'o, Operations> {
    let repeats = |operation: &Operation, which: &dyn Fn(&str) -> bool| match operation {
        Operation::Set(Some(text)) | Operation::Add(Some(text)) => {
            text.0.iter().any(|part| matches!(part, Part::Header(sent) if which(sent)))
        }
        Operation::Set(None) | Operation::Add(None) | Operation::Remove => false,
    };
    if !operations.iter().any(|(_, operation)| repeats(operation, &|_| true)) {
        return Cow::Borrowed(operations);
    }
    let touched = touched();
    let known = |operation: &Operation| match operation {
        Operation::Set(_) if repeats(operation, &|sent| touched.contains(&sent)) => Operation::Set(None),
        Operation::Add(_) if repeats(operation, &|sent| touched.contains(&sent)) => Operation::Add(None),
        Operation::Set(_) | Operation::Add(_) | Operation::Remove => operation.clone(),
    };
    Cow::Owned(operations.iter().map(|(name, operation)| (name.clone(), known(operation))).collect())
}

/// Operations on headers, names in lower case, in the order in which they take effect. A text that is `None` is not known.
pub type Operations = Vec<(String, Operation)>;

/// Why a text cannot replace a path.
fn refused_replacement(to: &str, dialect: &Dialect) -> Option<String> {
    let refused = to.chars().any(|one| dialect.refused_in_replacements.contains(one)) || !to.starts_with('/');
    let looks = !dialect.refused_in_replacements.is_empty() && !to.is_empty();
    (looks && refused).then(|| format!("the implementation takes no `{to}` in place of a path"))
}

/// Headers that are about the connection or the length of the body, which Go writes by itself.
const OF_CONNECTION: [&str; 8] =
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Seconds of the core CORS filter where it names none (default of `maxAge` in the CRD). Policies have no default.
const DEFAULT_MAX_AGE: u32 = 5;

/// What is known of an object that an `ExtensionRef` names.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// It does not exist.
    Absent,
    /// Its kind belongs to somebody else.
    Foreign,
    /// It exists, and what it does is not known.
    Opaque {
        /// It adds matches to those of the rule.
        adds_matches: bool,
    },
    /// It does this.
    Filter(&'a Filter),
}

/// Filters together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Plan {
    /// Changes of request headers.
    pub request: Operations,
    /// Changes of response headers.
    pub response: Operations,
    /// Redirect, which needs no backend.
    pub redirect: Option<RequestRedirect>,
    /// Rewrite of path and host.
    pub rewrite: Option<UrlRewrite>,
    /// Host set by a header modifier.
    pub host: Option<TextExpr>,
    /// It was set behind a rewrite of the host, and counts more.
    pub host_is_last: bool,
    /// Header that names the host sent upstream, in lower case.
    pub host_header: Option<String>,
    /// CORS.
    pub cors: Option<Cors>,
    /// Mirrors.
    pub mirrors: Vec<RequestMirror>,
    /// Why the rule answers 500.
    pub failure: Option<String>,
    /// A header value that the data plane refuses, with everything beside it.
    pub poison: Option<String>,
    /// Why the matches of the rule are left out.
    pub dropped: Option<String>,
    /// Why nothing is published any more for the Gateways of the rule.
    pub stops: Option<String>,
    /// The failure is a reference to something that does not exist.
    pub dangling: bool,
    /// Every hit of the expression in the path is replaced: expression, and text with `\\1` for groups.
    pub regex: Option<(String, String)>,
    /// An answer without backend.
    pub direct: Option<(u16, Operations)>,
    /// What filters do as policies would.
    pub effect: Option<Box<Effect>>,
    /// Alternatives of conditions that are added to every match.
    pub cookies: Vec<Vec<Cookie>>,
    /// A filter that this model does not know.
    pub unmodelled: Option<String>,
    /// That filter adds matches to those of the rule.
    pub adds_matches: bool,
    /// A Service says that it speaks `WebSocket`.
    pub websockets: bool,
}

impl Plan {
    /// A plan that is not changed any more. Most backends have no filters, and all of those have the same one.
    pub fn shared(self) -> Arc<Self> {
        static NOTHING: LazyLock<Arc<Plan>> = LazyLock::new(Arc::default);
        if self == **NOTHING { Arc::clone(&NOTHING) } else { Arc::new(self) }
    }

    /// The filters of an HTTPRoute rule or backend. `known` says whether the object of an `ExtensionRef`
    /// was read, and then whether it adds matches.
    pub fn of_http<'k>(filters: &[HttpFilter], dialect: &Dialect, known: &dyn Fn(&ExplicitRef) -> Known<'k>) -> Self {
        let mut plan = Self::default();
        let redirect = filters.iter().position(|filter| matches!(filter, HttpFilter::RequestRedirect(_)));
        let last = redirect.filter(|_| *dialect.filter_order == FilterOrder::Listed).map_or(filters.len(), |at| at + 1);
        let (filters, idle) = filters.split_at(last);
        if !idle.is_empty() {
            // They do nothing, and yet they must be there.
            let Self { failure, dropped, .. } = Self::of_http(idle, dialect, known);
            plan.failure = failure;
            plan.dropped = dropped;
        }
        for filter in filters {
            // An answer without backend is the last filter that counts (ProcessHTTPFilters in internal/gatewayapi/filters.go).
            if plan.direct.is_some() {
                break;
            }
            let changes_headers = matches!(filter, HttpFilter::RequestHeaderModifier(_) | HttpFilter::ResponseHeaderModifier(_));
            let goes_on = plan.take(changes_headers, dialect, |plan| match filter {
                HttpFilter::RequestHeaderModifier(modifier) => plan.modify_request(modifier, dialect),
                HttpFilter::ResponseHeaderModifier(modifier) => plan.modify_response(modifier, dialect),
                HttpFilter::RequestMirror(mirror) => plan.mirror(mirror, dialect),
                HttpFilter::RequestRedirect(redirect) => plan.redirect = Some(redirect.clone()),
                HttpFilter::UrlRewrite(rewrite) => {
                    if rewrite.path.is_none() && rewrite.hostname.is_none() && *dialect.filter_faults == FilterFaults::Silent {
                        plan.fail("a rewrite that says nothing");
                    }
                    if rewrite.hostname.is_some() {
                        plan.host_is_last = false;
                    }
                    plan.rewrite = Some(rewrite.clone());
                }
                HttpFilter::Cors(cors) => match *dialect.cors {
                    Handling::Works => plan.cors = Some(Cors { max_age: cors.max_age.or(Some(DEFAULT_MAX_AGE)), ..Cors::clone(cors) }),
                    Handling::RuleFails => plan.fail("the implementation refuses the CORS filter"),
                },
                HttpFilter::ExternalAuth(_) => plan.fail("the implementation has no ExternalAuth filter"),
                HttpFilter::ExtensionRef(reference) => plan.extension(reference, known(reference), dialect),
            });
            if !goes_on {
                break;
            }
        }
        if let Some(PathModifier::ReplaceFullPath(to) | PathModifier::ReplacePrefixMatch(to)) = plan.path_modifier().cloned()
            && let Some(why) = refused_replacement(&to, dialect)
        {
            plan.fail(&why);
        }
        let rewritten = plan.rewrite.as_ref().is_some_and(|rewrite| rewrite.path.is_some());
        if *dialect.filter_order == FilterOrder::Listed && plan.regex.is_some() && rewritten {
            plan.unmodelled.get_or_insert_with(|| "a path that two filters rewrite".to_owned());
        }
        // Whoever gave a password stands in the Location.
        let named = plan.effect.as_ref().is_some_and(|effect| effect.password.is_some());
        if *dialect.filter_order == FilterOrder::Listed && named && plan.redirect.is_some() {
            plan.unmodelled.get_or_insert_with(|| "a redirect behind a password".to_owned());
        }
        if let (FilterOrder::Listed, Some(effect)) = (*dialect.filter_order, &mut plan.effect) {
            effect.headed = heads_refusals(filters, known);
        }
        let odd = |redirect: &RequestRedirect| matches!(&redirect.path, Some(PathModifier::ReplaceFullPath(to) | PathModifier::ReplacePrefixMatch(to)) if !is_clean(to));
        if *dialect.redirect_paths == RedirectPaths::Clean && plan.redirect.as_ref().is_some_and(odd) {
            plan.fail("the path of a redirect may have no query, doubled slashes and dot segments");
        }
        plan.settle_mirrors(dialect);
        plan
    }

    /// Mirrors and answers that need no backend exclude each other.
    fn settle_mirrors(&mut self, dialect: &Dialect) {
        let refused = self.direct.is_some() || (self.redirect.is_some() && *dialect.mirror_beside_redirect == Handling::RuleFails);
        if refused && !self.mirrors.is_empty() {
            self.direct = None;
            self.redirect = None;
            self.mirrors.clear();
            self.fail("a mirror does not go with an answer that needs no backend");
        }
    }

    /// The filters of a GRPCRoute rule or backend.
    pub fn of_grpc<'k>(filters: &[GrpcFilter], dialect: &Dialect, known: impl Fn(&ExplicitRef) -> Known<'k>) -> Self {
        let mut plan = Self::default();
        for filter in filters {
            if plan.direct.is_some() {
                break;
            }
            let changes_headers = matches!(filter, GrpcFilter::RequestHeaderModifier(_) | GrpcFilter::ResponseHeaderModifier(_));
            let goes_on = plan.take(changes_headers, dialect, |plan| match filter {
                GrpcFilter::RequestHeaderModifier(modifier) => plan.modify_request(modifier, dialect),
                GrpcFilter::ResponseHeaderModifier(modifier) => match *dialect.grpc_response_headers {
                    Handling::Works => plan.modify_response(modifier, dialect),
                    Handling::RuleFails => plan.fail("the implementation changes no response headers of gRPC"),
                },
                GrpcFilter::RequestMirror(mirror) => plan.mirror(mirror, dialect),
                GrpcFilter::ExtensionRef(reference) => plan.extension(reference, known(reference), dialect),
            });
            if !goes_on {
                break;
            }
        }
        plan.settle_mirrors(dialect);
        plan
    }

    /// Takes one filter more, and says whether those behind it count. Those behind one that cannot be do not, unless it is headers that it
    /// cannot change (`ProcessHTTPFilters` and `ProcessGRPCFilters` in internal/gatewayapi/filters.go).
    fn take(&mut self, changes_headers: bool, dialect: &Dialect, filter: impl FnOnce(&mut Self)) -> bool {
        let earlier = self.failure.take();
        filter(self);
        let ends = self.failure.is_some() && !changes_headers && *dialect.filter_order != FilterOrder::Listed;
        self.failure = earlier.or_else(|| self.failure.take());
        !ends
    }

    /// There is nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Replacement of the path, in a rewrite or a redirect.
    pub fn path_modifier(&self) -> Option<&PathModifier> {
        self.redirect.as_ref().and_then(|redirect| redirect.path.as_ref()).or_else(|| self.rewrite.as_ref()?.path.as_ref())
    }

    fn fail(&mut self, why: &str) {
        self.failure.get_or_insert_with(|| why.to_owned());
    }

    fn mirror(&mut self, mirror: &RequestMirror, dialect: &Dialect) {
        match *dialect.mirror {
            Handling::Works => self.mirrors.push(mirror.clone()),
            Handling::RuleFails => self.fail("the implementation refuses the RequestMirror filter"),
        }
    }

    fn extension(&mut self, reference: &ExplicitRef, known: Known<'_>, dialect: &Dialect) {
        let name = format!("{} {}", reference.kind, reference.name);
        match known {
            Known::Opaque { adds_matches } => {
                self.adds_matches |= adds_matches;
                self.unmodelled.get_or_insert(name);
            }
            Known::Absent if dialect.looks_up(&reference.kind) => {
                self.dropped.get_or_insert_with(|| format!("{name} does not exist"));
            }
            Known::Foreign => self.fail(&format!("the filter refers to {name}, which this implementation does not know")),
            Known::Absent => {
                self.dangling = true;
                self.fail(&format!("the filter refers to {name}, which does not exist"));
            }
            Known::Filter(filter) => {
                self.own(filter, dialect);
                if let (Some(why), true) = (&filter.invalid, dialect.looks_up(&reference.kind)) {
                    self.dropped.get_or_insert_with(|| format!("{name}: {why}"));
                }
            }
        }
    }

    /// A filter of the implementation.
    fn own(&mut self, filter: &Filter, dialect: &Dialect) {
        let Filter { invalid, stops, path, host, answer, typed, cookies, effect, injected, removed, unmodelled } = filter;
        if let Some(effect) = effect {
            let before = self.effect.take().map(|known| *known).unwrap_or_default();
            let asks = effect.password.is_some() || effect.service.is_some();
            if asks && *dialect.filter_order == FilterOrder::Listed && self.request.iter().any(|(name, _)| name == "authorization") {
                self.unmodelled.get_or_insert_with(|| "credentials that are changed before anybody looks at them".to_owned());
            }
            let rewritten = self.rewrite.is_some() || self.regex.is_some();
            if effect.service.is_some() && *dialect.filter_order == FilterOrder::Listed && rewritten {
                self.unmodelled.get_or_insert_with(|| "an authentication service that is told a rewritten request".to_owned());
            }
            let after = if dialect.named_objects.is_empty() { before.over(effect.clone()) } else { before.then(effect.clone()) };
            self.effect = Some(Box::new(after));
        }
        if let Some(why) = invalid.as_ref().filter(|_| dialect.named_objects.is_empty()) {
            self.fail(why);
        }
        if stops.is_some() {
            self.stops.clone_from(stops);
        }
        if path.is_some() {
            self.regex.clone_from(path);
        }
        match host {
            Some(HostFrom::Header(name)) => {
                self.host_header = Some(name.to_ascii_lowercase());
            }
            Some(HostFrom::Unknown) => {
                self.unmodelled.get_or_insert_with(|| "a host that depends on the path".to_owned());
            }
            None => {}
        }
        if let Some((status, headers)) = answer {
            if let Some(name) = self.set_twice(headers, *typed) {
                self.stops.get_or_insert_with(|| format!("the header `{name}` that an answer sets twice"));
            }
            let headers = operations(headers, dialect, &mut self.poison);
            self.direct = Some((*status, headers));
        }
        self.cookies.extend(cookies.iter().cloned());
        self.request.extend(removed.iter().map(|name| (name.to_ascii_lowercase(), Operation::Remove)));
        self.request.extend(injected.iter().map(|name| (name.to_ascii_lowercase(), Operation::Set(None))));
        if unmodelled.is_some() && self.unmodelled.is_none() {
            self.unmodelled.clone_from(unmodelled);
        }
    }

    /// A header that an answer sets, and that was set before it: nothing with such a rule is published (`HTTPRoute.Validate` in
    /// internal/ir/xds.go of Envoy Gateway).
    fn set_twice(&self, headers: &HeaderModifier, typed: bool) -> Option<String> {
        let before = self.response.iter().filter(|(_, operation)| *operation != Operation::Remove).map(|(name, _)| name.clone());
        let mut taken: Vec<String> = before.chain(typed.then(|| "content-type".to_owned())).collect();
        headers.add.iter().chain(&headers.set).map(|header| header.name.as_str().to_ascii_lowercase()).find(|name| {
            let known = taken.contains(name);
            taken.push(name.clone());
            known
        })
    }

    fn modify_request(&mut self, modifier: &HeaderModifier, dialect: &Dialect) {
        let mut operations = operations(modifier, dialect, &mut self.poison);
        if *dialect.header_operations == HeaderOperations::Listed {
            operations = listed(operations, dialect);
        }
        let of_connection = operations.iter().find(|(name, _)| OF_CONNECTION.contains(&name.as_str()));
        if let (Some((name, _)), FilterOrder::Listed) = (of_connection, *dialect.filter_order) {
            self.unmodelled.get_or_insert_with(|| format!("a change of `{name}`, which belongs to the connection"));
        }
        self.refuse_headers(&operations, |name| dialect.refuses_in_requests(name));
        if operations.iter().any(|(name, _)| name == "host") {
            match *dialect.host_operation {
                HostOperation::RuleFails => self.fail("a header modifier may not change the Host"),
                HostOperation::PortFails => {
                    self.poison.get_or_insert_with(|| "host".to_owned());
                }
                HostOperation::Sets | HostOperation::SetsHosts => {
                    for (name, operation) in &operations {
                        if let ("host", Operation::Set(text)) = (name.as_str(), operation) {
                            self.host = match text {
                                Some(text) if *dialect.host_operation == HostOperation::SetsHosts && !is_host(text) => {
                                    Some(TextExpr::literal(""))
                                }
                                _ => text.clone(),
                            };
                            self.host_is_last = *dialect.filter_order == FilterOrder::Listed;
                        }
                    }
                }
            }
            operations.retain(|(name, _)| name != "host");
        }
        self.request.extend(operations);
    }

    fn modify_response(&mut self, modifier: &HeaderModifier, dialect: &Dialect) {
        let operations = operations(modifier, dialect, &mut self.poison);
        self.refuse_headers(&operations, |name| dialect.refuses_in_answers(name));
        self.response.extend(operations);
    }

    fn refuse_headers(&mut self, operations: &Operations, refused: impl Fn(&str) -> bool) {
        if let Some((name, _)) = operations.iter().find(|(name, operation)| *operation != Operation::Remove && refused(name)) {
            self.fail(&format!("the implementation lets nobody change `{name}`"));
        }
    }
}

/// Whether a path consists of what needs no escape, or is escaped, and of nothing that is normalised (`ValidateRoutePath` in
/// pkg/kgateway/translator/irtranslator/validate.go of kgateway).
fn is_clean(path: &str) -> bool {
    const ALLOWED: &str = "/:@._~!$&'()*+,=;-%";
    const REFUSED: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
    path.chars().all(|letter| letter.is_ascii_alphanumeric() || ALLOWED.contains(letter))
        && !REFUSED.iter().any(|refused| path.contains(refused))
        && !["/..", "/."].iter().any(|end| path.ends_with(end))
}

/// The operations of one modifier of a connection in the order in which they take effect: Envoy's own filter for that removes last.
pub(super) fn mutations(modifier: &HeaderModifier, dialect: &Dialect, poison: &mut Option<String>) -> Operations {
    let (removed, mut operations): (Operations, Operations) =
        operations(modifier, dialect, poison).into_iter().partition(|(_, operation)| *operation == Operation::Remove);
    operations.extend(removed);
    operations
}

/// Each byte may stand in a Host (`ValidHostHeader` in golang.org/x/net/http/httpguts).
fn is_host(text: &TextExpr) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~".contains(&byte);
    text.0.iter().all(|part| !matches!(part, Part::Literal(literal) if !literal.bytes().all(may_stand)))
}

/// Whoever changes headers of answers is listed before everybody who refuses, and so sees what they answer.
fn heads_refusals<'k>(filters: &[HttpFilter], known: &dyn Fn(&ExplicitRef) -> Known<'k>) -> bool {
    let does = |filter: &HttpFilter, what: fn(&Effect) -> bool| match filter {
        HttpFilter::ExtensionRef(reference) => {
            matches!(known(reference), Known::Filter(Filter { effect: Some(effect), .. }) if what(effect))
        }
        _ => false,
    };
    let changes =
        |filter: &HttpFilter| matches!(filter, HttpFilter::ResponseHeaderModifier(_)) || does(filter, |effect| effect.cors.is_some());
    let refuses = filters.iter().position(|filter| does(filter, Effect::refuses));
    let (Some(refuses), Some(changes)) = (refuses, filters.iter().rposition(changes)) else { return false };
    changes < refuses
}

/// What is added in a request stands behind what the client sent and a comma. What the router sends by itself stays beside it.
fn listed(operations: Operations, dialect: &Dialect) -> Operations {
    let mut seen: Vec<String> = Vec::new();
    let sent_by_itself = |name: &str| dialect.forwarded_headers.iter().any(|forwarded| forwarded.name == name);
    let list = |(name, operation): (String, Operation)| {
        let first = !seen.contains(&name);
        seen.push(name.clone());
        let operation = match operation {
            Operation::Add(_) if sent_by_itself(&name) => Operation::Add(None),
            Operation::Add(Some(TextExpr(parts))) if first => {
                let client = Part::Variable(format!("{}{name}", super::variables::LISTED));
                Operation::Set(Some(TextExpr([vec![client], parts].concat())))
            }
            other => other,
        };
        (name, operation)
    };
    operations.into_iter().map(list).collect()
}

/// The operations of one modifier in the order in which they take effect.
pub(super) fn operations(modifier: &HeaderModifier, dialect: &Dialect, poison: &mut Option<String>) -> Operations {
    let mut text = |value: &str| match *dialect.header_values {
        HeaderValues::Literal => Some(TextExpr::literal(value)),
        HeaderValues::Quoted => match format::quoted(value) {
            Formatted::Text(text) => Some(text),
            Formatted::Unknown | Formatted::Bad => None,
        },
        HeaderValues::Formats => match format::read(value) {
            Formatted::Text(text) => Some(text),
            Formatted::Unknown => None,
            Formatted::Bad => {
                poison.get_or_insert_with(|| value.to_owned());
                None
            }
        },
    };
    let name = |name: &str| name.to_ascii_lowercase();
    let HeaderModifier { set, add, remove } = modifier;
    let added: Operations = add.iter().map(|header| (name(header.name.as_str()), Operation::Add(text(&header.value)))).collect();
    let set: Operations = set.iter().map(|header| (name(header.name.as_str()), Operation::Set(text(&header.value)))).collect();
    let removed = remove.iter().map(|header| (name(header), Operation::Remove));
    match *dialect.header_operations {
        HeaderOperations::SetAddRemove => set.into_iter().chain(added).chain(removed).collect(),
        HeaderOperations::Listed => {
            let is_added = |name: &str| added.iter().any(|(known, _)| known == name);
            let beside = |(name, operation): (String, Operation)| match operation {
                Operation::Set(text) if is_added(&name) => (name, Operation::Add(text)),
                other => (name, other),
            };
            let set: Operations = set.into_iter().map(beside).collect();
            let left: Operations = removed.filter(|(name, _)| !is_added(name) && !set.iter().any(|(known, _)| known == name)).collect();
            added.iter().cloned().chain(set).chain(left).collect()
        }
        HeaderOperations::RemoveAdd => {
            // Envoy Gateway takes each name once, additions before settings; Envoy removes first.
            let mut operations: Operations = removed.collect();
            let mut taken: Vec<String> = Vec::new();
            for (name, operation) in added.into_iter().chain(set) {
                if !taken.contains(&name) {
                    taken.push(name.clone());
                    operations.push((name, operation));
                }
            }
            operations
        }
    }
}
