//! What an implementation accepts with a good status and then does not do: looked for in manifests, whoever wrote them.

use std::collections::BTreeMap;

use crate::{
    gateway::{
        api::{HttpFilter, HttpMatch, HttpMethod, HttpRoute, HttpRule, MatchType, Object, ParentRef, PathMatch, PathModifier},
        dialect::{Feature, Hazard, Target},
        hostname::Hostname,
        objects::Objects,
    },
    k8s::{FieldPath, NamespacedName, ObjectId, Subject},
    ledger::{Code, Finding, Findings},
};

/// A match of a route.
#[derive(Clone, Copy)]
struct Place<'a> {
    id: ObjectId,
    route: &'a HttpRoute,
    at: usize,
    rule: &'a HttpRule,
    number: Option<usize>,
    matched: &'a HttpMatch,
}

impl Place<'_> {
    fn subject(&self) -> Subject {
        let rule = FieldPath::from(["spec", "rules"]).child(self.at);
        let field = match self.number {
            Some(number) if self.rule.matches.len() > 1 => rule.child("matches").child(number),
            Some(_) | None => rule,
        };
        Subject::new(self.id, field)
    }

    fn hostnames(&self) -> Vec<Hostname> {
        let names = &self.route.spec.hostnames;
        if names.is_empty() { vec![Hostname::Any] } else { names.iter().map(|name| Hostname::parse(Some(name))).collect() }
    }

    /// One request can meet both: a host and a parent in common.
    fn meets(&self, other: &Self) -> bool {
        let of = |place: &Self, parent: &ParentRef| {
            (parent.name.clone(), parent.namespace.clone().unwrap_or_else(|| place.route.metadata.namespace.clone()))
        };
        let parents = &self.route.spec.parent_refs;
        let shared = |theirs: &ParentRef| {
            parents.iter().any(|mine| {
                let one_listener = mine.section_name.is_none() || theirs.section_name.is_none() || mine.section_name == theirs.section_name;
                one_listener && of(self, mine) == of(other, theirs)
            })
        };
        other.route.spec.parent_refs.iter().any(shared)
            && self.hostnames().iter().any(|one| other.hostnames().iter().any(|two| one.intersection(two).is_some()))
    }

    /// It takes every request.
    fn is_catch_all(&self) -> bool {
        let HttpMatch { path, headers, query_params, method } = self.matched;
        let whole = match path {
            None => true,
            Some(PathMatch::Prefix(value)) => value == "/",
            Some(PathMatch::Regex(value)) => value == ".*",
            Some(PathMatch::Exact(_)) => false,
        };
        whole && headers.is_empty() && query_params.is_empty() && method.is_none()
    }
}

/// What the target is known to accept and not to do.
pub(super) struct Hazards {
    /// Findings of the highest severity.
    pub(super) findings: Findings,
    /// Routes of which nobody here knows what becomes of them.
    pub(super) open: Vec<(ObjectId, NamespacedName)>,
}

/// Everything that the target is known to accept and not to do.
pub(super) fn hazards(target: &Target, objects: &Objects) -> Hazards {
    let all = HttpMatch::default();
    let mut places: Vec<Place<'_>> = Vec::new();
    for (id, object) in &objects.typed {
        let Object::HttpRoute(route) = object else { continue };
        for (at, rule) in route.spec.rules.iter().enumerate() {
            let place = Place { id: *id, route, at, rule, number: None, matched: &all };
            if rule.matches.is_empty() {
                places.push(place);
            }
            places.extend(rule.matches.iter().enumerate().map(|(number, matched)| Place { number: Some(number), matched, ..place }));
        }
    }
    let mut findings = Findings::new();
    let mut open: Vec<ObjectId> = Vec::new();
    for hazard in &target.hazards {
        for (place, effect, cause) in found(hazard.value, &places) {
            if !is_modelled(hazard.value) {
                open.push(place.object);
            }
            findings.push(Finding::about(
                Code::GatewaySilent,
                place,
                vec![("effect", effect), ("cause", cause), ("who", target.title.clone())],
            ));
        }
    }
    let refused = refused(target, &places);
    open.extend(refused.iter().filter_map(|finding| finding.subject.as_ref()).map(|subject| subject.object));
    findings.extend(refused);
    findings.extend(refused_kinds(target, objects));
    open.sort_unstable();
    open.dedup();
    let name = |id: &ObjectId| places.iter().find(|place| place.id == *id).map(|place| &place.route.metadata);
    let open = open.iter().filter_map(|id| name(id).map(|meta| (*id, NamespacedName::new(&meta.namespace, &meta.name)))).collect();
    Hazards { findings, open }
}

/// The dialect of whoever has it says what happens.
const fn is_modelled(hazard: Hazard) -> bool {
    match hazard {
        Hazard::EscapesNeverMatch | Hazard::TimesPassedOver => true,
        Hazard::CutBehindCatchAll | Hazard::MergedDuplicates | Hazard::Globs | Hazard::SplitAtCommas | Hazard::MethodsRefused => false,
    }
}

type Found = Vec<(Subject, String, String)>;

fn found(hazard: Hazard, places: &[Place<'_>]) -> Found {
    let each = |say: &dyn Fn(&Place<'_>) -> Option<(String, &'static str)>| -> Found {
        places.iter().filter_map(|place| say(place).map(|(effect, cause)| (place.subject(), effect, cause.to_owned()))).collect()
    };
    match hazard {
        Hazard::CutBehindCatchAll => {
            let catch_alls = by_hostname(places.iter().filter(|place| place.is_catch_all() && !is_expression(place)));
            each(&|place| {
                let Some(PathMatch::Regex(value)) = &place.matched.path else { return None };
                let cut = !place.is_catch_all() && near(place, &catch_alls).any(|other| other.meets(place));
                cut.then(|| (format!("requests for `{value}` go to the rule for every path"), "rules behind that one are cut off"))
            })
        }
        Hazard::MergedDuplicates => duplicates(places),
        Hazard::Globs => each(&|place| match &place.matched.path {
            Some(PathMatch::Exact(value)) if value.contains(['*', '?']) => {
                Some((format!("`{value}` also takes other paths"), "a star or question mark in it is a pattern"))
            }
            Some(PathMatch::Prefix(value)) if value.contains(['*', '?']) => {
                Some((format!("the route is refused, and `{value}` is not served"), "a star or question mark in a prefix is refused"))
            }
            Some(PathMatch::Exact(_) | PathMatch::Prefix(_) | PathMatch::Regex(_)) | None => None,
        }),
        Hazard::SplitAtCommas => each(&|place| {
            let header = place.matched.headers.iter().find(|header| header.kind == MatchType::Exact && header.value.contains(','))?;
            let effect = format!("no request has the header `{}` with the value `{}`", header.name.as_str(), header.value);
            Some((effect, "values of header matches are split at commas"))
        }),
        Hazard::EscapesNeverMatch => each(&|place| match &place.matched.path {
            Some(PathMatch::Exact(value) | PathMatch::Prefix(value)) if value.contains('%') => Some((
                format!("no request ever has the path `{value}`: it falls to shorter rules"),
                "paths are decoded before they are compared",
            )),
            Some(PathMatch::Exact(_) | PathMatch::Prefix(_) | PathMatch::Regex(_)) | None => None,
        }),
        Hazard::MethodsRefused => each(&|place| {
            let method = place.matched.method.filter(|method| matches!(method, HttpMethod::Connect | HttpMethod::Trace))?;
            Some((format!("the match for {} is left out", method.as_str()), "the method is refused"))
        }),
        Hazard::TimesPassedOver => each(&|place| {
            let HttpRule { timeouts, retry, session_persistence, .. } = place.rule;
            let given =
                [("timeouts", timeouts.is_some()), ("retry", retry.is_some()), ("sessionPersistence", session_persistence.is_some())];
            let names: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
            let first = place.number.is_none_or(|number| number == 0);
            (first && !names.is_empty())
                .then(|| (format!("`{}` of the rule does nothing", names.join("` and `")), "the field is passed over"))
        }),
    }
}

fn is_expression(place: &Place<'_>) -> bool {
    matches!(place.matched.path, Some(PathMatch::Regex(_)))
}

/// Places by the text of each of their hostnames; those without a precise one under an empty text.
type ByHostname<'p> = BTreeMap<String, Vec<&'p Place<'p>>>;

fn by_hostname<'p>(places: impl Iterator<Item = &'p Place<'p>>) -> ByHostname<'p> {
    let mut found = ByHostname::new();
    for place in places {
        for name in texts(place) {
            found.entry(name).or_default().push(place);
        }
    }
    found
}

fn texts(place: &Place<'_>) -> Vec<String> {
    let names = &place.route.spec.hostnames;
    let text = |name: &String| if name.starts_with('*') { String::new() } else { name.to_ascii_lowercase() };
    if names.is_empty() { vec![String::new()] } else { names.iter().map(text).collect() }
}

/// Places that may have a hostname in common with this one.
fn near<'p>(place: &Place<'_>, all: &'p ByHostname<'p>) -> impl Iterator<Item = &'p Place<'p>> {
    let mut names = texts(place);
    names.push(String::new());
    let found: Vec<&'p Place<'p>> = if names.iter().filter(|name| name.is_empty()).count() > 1 {
        all.values().flatten().copied().collect()
    } else {
        names.iter().filter_map(|name| all.get(name)).flatten().copied().collect()
    };
    found.into_iter()
}

/// Matches that another route has too.
fn duplicates(places: &[Place<'_>]) -> Found {
    let mut by_match: BTreeMap<(String, String), Vec<&Place<'_>>> = BTreeMap::new();
    for place in places {
        let names = &place.route.spec.hostnames;
        let any = [String::new()];
        for name in if names.is_empty() { &any[..] } else { names.as_slice() } {
            by_match.entry((format!("{:?}", place.matched), name.clone())).or_default().push(place);
        }
    }
    let mut found = Found::new();
    for group in by_match.into_values() {
        for (at, place) in group.iter().enumerate() {
            let Some(first) = group[..at].iter().find(|first| first.id != place.id && first.meets(place)) else { continue };
            let name = &first.route.metadata.name;
            let said = (
                place.subject(),
                format!("its requests are shared with route `{}/{name}`, half to each", first.route.metadata.namespace),
                "equal matches of two routes are merged".to_owned(),
            );
            if !found.contains(&said) {
                found.push(said);
            }
        }
    }
    found
}

/// Rules with something that the target refuses or passes over. CORS and mirrors are known to the dialect where somebody asked.
fn refused(target: &Target, places: &[Place<'_>]) -> Findings {
    let mut findings = Findings::new();
    for fact in &target.refused {
        let told = fact.value == Feature::Cors && target.knows("cors") || fact.value == Feature::RequestMirror && target.knows("mirror");
        for place in places.iter().filter(|place| !told && uses(place, fact.value)) {
            let facts = vec![("feature", fact.value.words().to_owned()), ("who", target.title.clone())];
            findings.push(Finding::about(Code::GatewayFeatureIgnored, place.subject(), facts));
        }
    }
    findings
}

fn refused_kinds(target: &Target, objects: &Objects) -> Findings {
    let kind = |object: &Object| match object {
        Object::GrpcRoute(_) => Some(Feature::GrpcRoute),
        Object::TlsRoute(_) => Some(Feature::TlsRoute),
        Object::TcpRoute(_) => Some(Feature::TcpRoute),
        Object::UdpRoute(_) => Some(Feature::UdpRoute),
        Object::ListenerSet(_) => Some(Feature::ListenerSet),
        Object::BackendTlsPolicy(_) => Some(Feature::BackendTlsPolicy),
        Object::Namespace(_)
        | Object::GatewayClass(_)
        | Object::Gateway(_)
        | Object::HttpRoute(_)
        | Object::ReferenceGrant(_)
        | Object::Service(_)
        | Object::Custom(_) => None,
    };
    let refused = |feature: &Feature| target.refused.iter().any(|fact| fact.value == *feature);
    objects
        .typed
        .iter()
        .filter_map(|(id, object)| kind(object).filter(refused).map(|feature| (*id, feature)))
        .map(|(id, feature)| {
            let facts = vec![("feature", feature.words().to_owned()), ("who", target.title.clone())];
            Finding::about(Code::GatewayFeatureIgnored, Subject::new(id, FieldPath::root()), facts)
        })
        .collect()
}

/// Whether a match, or the rule around its first match, uses a feature.
fn uses(place: &Place<'_>, feature: Feature) -> bool {
    let HttpMatch { path, headers, query_params, method } = place.matched;
    let first = place.number.is_none_or(|number| number == 0);
    let filter = |wanted: &dyn Fn(&HttpFilter) -> bool| first && place.rule.filters.iter().any(wanted);
    let redirect = |wanted: &dyn Fn(&crate::gateway::api::RequestRedirect) -> bool| {
        filter(&|one| matches!(one, HttpFilter::RequestRedirect(redirect) if wanted(redirect)))
    };
    let status = |wanted: u16| redirect(&|redirect| redirect.status_code.is_some_and(|code| u16::from(code) == wanted));
    match feature {
        Feature::Redirect303 => status(303),
        Feature::Redirect307 => status(307),
        Feature::Redirect308 => status(308),
        Feature::Cors => filter(&|one| matches!(one, HttpFilter::Cors(_))),
        Feature::HostRewrite => filter(&|one| matches!(one, HttpFilter::UrlRewrite(rewrite) if rewrite.hostname.is_some())),
        Feature::MethodMatching => method.is_some(),
        Feature::PathRedirect => redirect(&|redirect| redirect.path.is_some()),
        Feature::PathRewrite => filter(&|one| {
            matches!(one, HttpFilter::UrlRewrite(rewrite)
                if matches!(rewrite.path, Some(PathModifier::ReplaceFullPath(_) | PathModifier::ReplacePrefixMatch(_))))
        }),
        Feature::PortRedirect => redirect(&|redirect| redirect.port.is_some()),
        Feature::QueryParamMatching => !query_params.is_empty(),
        Feature::RequestMirror => filter(&|one| matches!(one, HttpFilter::RequestMirror(_))),
        Feature::ResponseHeaderModification => filter(&|one| matches!(one, HttpFilter::ResponseHeaderModifier(_))),
        Feature::SchemeRedirect => redirect(&|redirect| redirect.scheme.is_some()),
        Feature::PathExpression => matches!(path, Some(PathMatch::Regex(_))),
        Feature::ValueExpression => headers.iter().chain(query_params).any(|value| value.kind == MatchType::RegularExpression),
        Feature::ListenerSet
        | Feature::GrpcRoute
        | Feature::TlsRoute
        | Feature::TcpRoute
        | Feature::UdpRoute
        | Feature::TlsModeMixed
        | Feature::BackendTlsPolicy => false,
    }
}
