//! From objects to a configuration: one reading per dialect that the target asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::api::{self, GROUP, Object};
use super::attach::{Attachment, Index, Parent, RouteHead};
use super::config::{Conducted, Config, FirstQuestions, Reading, Rule};
use super::dialect::{BadRegex, Dialect, Http10, RegexScope, Target, Websockets};
use super::facts::{Absent, Facts};
use super::grants::Grants;
use super::listeners::{self, RouteKind, Sources, Speaks};
use super::objects::Objects;
use super::policies::{self, Conduct, Effect, Reached};
use super::regex;
use super::rules::{Made, Maker, Policies};
use super::status::{RouteState, State, Statuses};
use super::tables::Builder;
use crate::k8s::{FieldPath, Inventory, NamespacedName, ObjectId, Subject};
use crate::ledger::{Code, Finding, Findings};
use crate::request::{Field, Malformed, Predicates, Regex, RegexDialect, Test};
use crate::threads;

/// Objects from which on two threads share the work.
const LARGE: usize = 256;

/// What is resolved besides the objects.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only this Gateway: requests are known to go to its address.
    pub gateway: Option<NamespacedName>,
    /// What a Service or Secret that was not read means.
    pub absent: Absent,
    /// Policies of the implementation that were understood.
    pub policies: policies::Policies,
}

/// Resolves Gateway API objects for a target. Services, Secrets and Namespaces come from `facts`, which may be another inventory
/// than that of the objects.
pub fn resolve(objects: &Objects, facts: &Inventory, target: &'static Target, options: &Options) -> Config {
    let facts = Facts::of(facts, options.absent);
    let grants = Grants::of(objects);
    // Where several dialects must agree, nobody's own policies count.
    let nobody = policies::Policies::default();
    let understood = if target.agrees_with.is_empty() { &options.policies } else { &nobody };
    let policies = Policies::of(objects, understood);
    let mut predicates = Predicates::default();
    let mut findings = Findings::new();
    let mut readings = Vec::new();
    let mut makers =
        target.readings().into_iter().map(|target| Maker { facts: &facts, grants: &grants, target, policies: &policies, understood });
    let draft = |maker| draft(objects, maker, options);
    let mut read = |draft| {
        let mut said = Findings::new();
        readings.push(read_as(objects, draft, &mut predicates, &mut said));
        // What every dialect says alike is said once; what only others say belongs to them.
        if readings.len() == 1 {
            findings = said;
        }
    };
    // Drafts know nothing of each other; the questions of the readings are numbered one after the other.
    let first = makers.next();
    let others: Vec<Maker<'_>> = makers.collect();
    let ((), drafts) = threads::both_if(
        objects.typed.len() >= LARGE,
        || first.into_iter().map(draft).for_each(&mut read),
        || others.into_iter().map(draft).collect::<Vec<_>>(),
    );
    drafts.into_iter().for_each(read);
    let mesh_routes = mesh_routes(objects, &mut findings);
    unknown_policies(objects, understood, &mut findings);
    findings.extend(understood.findings.iter().cloned());
    let compiled = (0..predicates.len()).map(|_| OnceLock::new()).collect();
    let streams = objects.typed.iter().any(|(_, object)| matches!(object, Object::TcpRoute(_) | Object::UdpRoute(_)));
    Config { predicates, readings, findings, mesh_routes, streams, compiled }
}

/// The objects as a dialect reads them, before anything is asked of a request.
struct Draft<'a> {
    maker: Maker<'a>,
    listeners: Vec<listeners::Listener<'a>>,
    conducts: BTreeMap<(u16, bool), Conducted>,
    routes: Vec<RouteDraft<'a>>,
    findings: Findings,
}

/// A route with the listeners that take it and the rules that it makes.
struct RouteDraft<'a> {
    head: RouteHead<'a>,
    object: &'a Object,
    parents: Vec<Parent>,
    made: Vec<Made>,
    findings: Findings,
}

fn draft<'a>(objects: &'a Objects, maker: Maker<'a>, options: &'a Options) -> Draft<'a> {
    let target = maker.target;
    let mut findings = Findings::new();
    let sources = Sources { objects, facts: maker.facts, grants: maker.grants, target, only: options.gateway.as_ref() };
    let mut listeners = listeners::listeners(sources, &mut findings);
    for listener in &mut listeners {
        let name = &listener.gateway;
        let policy = maker.policies.on(GROUP, "Gateway", &name.namespace, &name.name, Some(&listener.spec.name));
        let owner = &listener.state.owner;
        let policy = policy.or_else(|| {
            listener.from_set.then(|| maker.policies.on(GROUP, "ListenerSet", &owner.namespace, &owner.name, Some(&listener.spec.name)))?
        });
        if listener.unmodelled.is_none() {
            listener.unmodelled = policy;
        }
        listener.conduct = maker.understood.conduct_of(listener.place()).cloned().unwrap_or_default();
        if listener.unmodelled.is_none() {
            listener.unmodelled.clone_from(&listener.conduct.unmodelled);
        }
        if listener.unmodelled.is_none() {
            listener.unmodelled = maker.understood.unseen_at(&listener.gateway).map(str::to_owned);
        }
    }
    let conducts = conducts(&mut listeners, target);
    let index = Index::of(&listeners, &objects.refused);
    let mut routes = Vec::new();
    for (id, object) in &objects.typed {
        let Some(head) = head(*id, object) else { continue };
        let mut said = Findings::new();
        let parents = index.parents(head, &target.dialect, maker.facts, &mut said);
        if parents.is_empty() {
            findings.append(&mut said);
            continue;
        }
        let made = make_rules(*id, object, maker, &mut said);
        routes.push(RouteDraft { head, object, parents, made, findings: said });
    }
    Draft { maker, listeners, conducts, routes, findings }
}

fn read_as(objects: &Objects, draft: Draft<'_>, predicates: &mut Predicates, findings: &mut Findings) -> Reading {
    let Draft { maker, mut listeners, conducts, routes, findings: mut said } = draft;
    findings.append(&mut said);
    let target = maker.target;
    let mut opened: BTreeSet<(ObjectId, ObjectId)> = BTreeSet::new();
    let mut states = Vec::new();
    let mut attached = vec![0; listeners.len()];
    let mut builder = Builder::new(&listeners, target, predicates);
    for RouteDraft { head, object, parents, mut made, findings: mut said } in routes {
        findings.append(&mut said);
        if parents.iter().any(|parent| parent.unresolved) && made.iter().all(|made| made.resolved.is_ok()) {
            for made in &mut made {
                made.rule.plan.failure.get_or_insert_with(|| "the controller reported references that are not resolved".to_owned());
            }
        }
        let judged: Vec<(State, bool)> = made.iter().map(|made| (made.resolved, made.refused)).collect();
        let rules: Vec<_> = made.into_iter().map(|made| std::sync::Arc::new(made.rule)).collect();
        for parent in parents {
            for attachment in &parent.attachments {
                attached[attachment.listener] += 1;
            }
            opened.extend(opened_by_policies(&parent.attachments, &listeners, head, object, maker));
            let mut left_out = Vec::new();
            for (position, group) in groups(&parent.attachments, &listeners, head, object, maker).into_iter().enumerate() {
                let ruled = group.rules(&rules, &mut builder, &target.dialect);
                // What holds for all groups is said once.
                let mut again = Findings::new();
                let said = if position == 0 { &mut *findings } else { &mut again };
                left_out = builder.attach(head, object, &ruled, &group.attachments, said);
            }
            // References of rules that are left out are not looked at.
            let mut standing = judged.iter().enumerate().filter(|(at, _)| !left_out.contains(at)).map(|(_, judged)| judged);
            let resolved = standing.clone().find_map(|(resolved, _)| resolved.err()).map_or(Ok(()), Err);
            let nothing_left = !judged.is_empty() && standing.all(|(_, refused)| *refused);
            let told = *target.dialect.bad_regex == BadRegex::Rule && nothing_left;
            let accepted = parent.accepted.and(if told { Err("UnsupportedValue") } else { Ok(()) });
            states.push(RouteState { route: head.object_ref(), parent: parent.reference, accepted, resolved });
        }
    }
    let built = builder.finish(findings);
    for (policy, other) in opened {
        let facts = vec![("policy", objects.name_of(policy)), ("other", objects.name_of(other))];
        findings.push(Finding::about(Code::GatewayPolicyReplaced, Subject::new(policy, FieldPath::from(["spec"])), facts));
    }
    for (listener, attached) in listeners.iter_mut().zip(attached) {
        listener.state.attached = attached;
    }
    let first = first_questions(predicates, &target.dialect);
    let statuses = Statuses { listeners: listeners.into_iter().map(|listener| listener.state).collect(), routes: states };
    Reading {
        target,
        ports: built.ports,
        first,
        statuses,
        shaken: built.shaken,
        underscored: built.underscored,
        conducts,
        loose: built.loose,
        closes_unknown_names: built.closes_unknown_names,
    }
}

/// Dialects of ports, where policies change them. Listeners of one port that disagree are not understood.
fn conducts(listeners: &mut [listeners::Listener<'_>], target: &'static Target) -> BTreeMap<(u16, bool), Conducted> {
    let mut wanted: BTreeMap<(u16, bool), Vec<Conducted>> = BTreeMap::new();
    for listener in listeners.iter().filter(|listener| listener.serves()) {
        let Conduct { slashes, escaped_slash, underscores, .. } = listener.conduct;
        let mut dialect = target.dialect.clone();
        dialect.slashes.value = slashes.unwrap_or(dialect.slashes.value);
        dialect.escaped_slash.value = escaped_slash.unwrap_or(dialect.escaped_slash.value);
        if listener.conduct.serves_http10 {
            dialect.http10.value = Http10::Served;
        }
        if listener.conduct.passes_websockets {
            dialect.websockets.value = Websockets::Passed;
        }
        dialect.underscores.value = underscores.unwrap_or(dialect.underscores.value);
        let conducted = Conducted { dialect: Box::new(dialect), trust: listener.conduct.trust.clone() };
        let known = wanted.entry((listener.spec.port, listener.speaks != Speaks::Http)).or_default();
        if !known.contains(&conducted) {
            known.push(conducted);
        }
    }
    for listener in listeners.iter_mut() {
        let port = (listener.spec.port, listener.speaks != Speaks::Http);
        if wanted.get(&port).is_some_and(|known| known.len() > 1) {
            listener.unmodelled.get_or_insert_with(|| "policies that read requests differently from listener to listener".to_owned());
        }
    }
    let changed = |conducted: &Conducted| conducted.trust.is_some() || *conducted.dialect != target.dialect;
    wanted.into_iter().filter_map(|(port, mut known)| Some((port, known.pop()?))).filter(|(_, conducted)| changed(conducted)).collect()
}

/// Attachments of a route that policies treat alike.
struct Group {
    attachments: Vec<Attachment>,
    /// What policies do to each rule.
    effects: Vec<Option<Effect>>,
    conduct: Conduct,
}

/// Names of the rules of a route.
fn names_of(object: &Object) -> Vec<Option<&str>> {
    match object {
        Object::HttpRoute(route) => route.spec.rules.iter().map(|rule| rule.name.as_deref()).collect(),
        Object::GrpcRoute(route) => route.spec.rules.iter().map(|rule| rule.name.as_deref()).collect(),
        _ => Vec::new(),
    }
}

/// Policies that open what others closed.
fn opened_by_policies(
    attachments: &[Attachment],
    listeners: &[listeners::Listener<'_>],
    head: RouteHead<'_>,
    object: &Object,
    maker: Maker<'_>,
) -> Vec<(ObjectId, ObjectId)> {
    if maker.understood.is_empty() {
        return Vec::new();
    }
    let route = NamespacedName::new(&head.meta.namespace, &head.meta.name);
    let mut opened = Vec::new();
    for attachment in attachments {
        for rule in names_of(object) {
            let listener = listeners[attachment.listener].place();
            opened.extend(maker.understood.opened(Reached { kind: head.kind.as_str(), route: &route, rule, listener }));
        }
    }
    opened
}

fn groups(
    attachments: &[Attachment],
    listeners: &[listeners::Listener<'_>],
    head: RouteHead<'_>,
    object: &Object,
    maker: Maker<'_>,
) -> Vec<Group> {
    if maker.understood.is_empty() {
        return vec![Group { attachments: attachments.to_vec(), effects: Vec::new(), conduct: Conduct::default() }];
    }
    let names = names_of(object);
    let route = NamespacedName::new(&head.meta.namespace, &head.meta.name);
    let mut groups: Vec<Group> = Vec::new();
    for attachment in attachments {
        let listener = &listeners[attachment.listener];
        let effect = |rule| maker.understood.effect(Reached { kind: head.kind.as_str(), route: &route, rule, listener: listener.place() });
        let effects: Vec<Option<Effect>> = names.iter().copied().map(effect).collect();
        match groups.iter_mut().find(|group| group.effects == effects && group.conduct == listener.conduct) {
            Some(group) => group.attachments.push(attachment.clone()),
            None => groups.push(Group { attachments: vec![attachment.clone()], effects, conduct: listener.conduct.clone() }),
        }
    }
    groups
}

impl Group {
    /// The rules as policies leave them.
    fn rules(&self, rules: &[Arc<Rule>], builder: &mut Builder<'_>, dialect: &Dialect) -> Vec<Arc<Rule>> {
        let plain = self.conduct == Conduct::default() && *dialect.body_limit == 0 && *dialect.default_silence == 0;
        rules
            .iter()
            .enumerate()
            .map(|(position, rule)| {
                let effect = self.effects.get(position).and_then(Option::as_ref);
                if plain && effect.is_none() && rule.plan.effect.is_none() {
                    return Arc::clone(rule);
                }
                let mut rule = Rule::clone(rule);
                let of_policies = effect.cloned().unwrap_or_default();
                let effect = &match rule.plan.effect.take() {
                    Some(of_filters) => of_filters.over(of_policies),
                    None => of_policies,
                };
                if let Some(why) = &effect.invalid {
                    rule.plan.failure.get_or_insert_with(|| why.clone());
                }
                if let Some(path) = &effect.path {
                    rule.plan.regex = Some(path.clone());
                }
                if rule.plan.cors.is_none() {
                    rule.plan.cors.clone_from(&effect.cors);
                }
                let above_zero = |millis: &u64| *millis > 0;
                let whole = match effect.timeout {
                    // What the route says counts more.
                    Some(millis) if !rule.timed => Some(millis).filter(above_zero),
                    Some(_) | None => rule.timeout,
                };
                let idle = effect.idle.or(self.conduct.idle).unwrap_or(*dialect.default_silence);
                let idle = Some(idle).filter(above_zero);
                rule.timeout = whole.into_iter().chain(idle).min();
                if rule.unmodelled.is_none() {
                    rule.unmodelled.clone_from(&effect.unmodelled);
                }
                rule.policy = builder.policy(effect, &self.conduct);
                Arc::new(rule)
            })
            .collect()
    }
}

/// The part of an object that attaches, if it is a route of HTTP or TLS.
fn head(id: ObjectId, object: &Object) -> Option<RouteHead<'_>> {
    Some(match object {
        Object::HttpRoute(route) => RouteHead {
            id,
            kind: RouteKind::Http,
            meta: &route.metadata,
            parents: &route.spec.parent_refs,
            hostnames: &route.spec.hostnames,
            status: &route.status,
        },
        Object::GrpcRoute(route) => RouteHead {
            id,
            kind: RouteKind::Grpc,
            meta: &route.metadata,
            parents: &route.spec.parent_refs,
            hostnames: &route.spec.hostnames,
            status: &route.status,
        },
        Object::TlsRoute(route) => RouteHead {
            id,
            kind: RouteKind::Tls,
            meta: &route.metadata,
            parents: &route.spec.parent_refs,
            hostnames: &route.spec.hostnames,
            status: &route.status,
        },
        Object::Namespace(_)
        | Object::GatewayClass(_)
        | Object::Gateway(_)
        | Object::ListenerSet(_)
        | Object::ReferenceGrant(_)
        | Object::Service(_)
        | Object::TcpRoute(_)
        | Object::UdpRoute(_)
        | Object::BackendTlsPolicy(_)
        | Object::Custom(_) => return None,
    })
}

fn make_rules(id: ObjectId, object: &Object, maker: Maker<'_>, findings: &mut Findings) -> Vec<Made> {
    let origin = |rule: usize| Subject::new(id, FieldPath::from(["spec", "rules"]).child(rule));
    let made: Vec<Made> = match object {
        Object::HttpRoute(route) => route.spec.rules.iter().enumerate().map(|(at, rule)| maker.http(route, rule, origin(at))).collect(),
        Object::GrpcRoute(route) => route.spec.rules.iter().enumerate().map(|(at, rule)| maker.grpc(route, rule, origin(at))).collect(),
        Object::TlsRoute(route) => route.spec.rules.iter().enumerate().map(|(at, rule)| maker.tls(route, rule, origin(at))).collect(),
        Object::Namespace(_)
        | Object::GatewayClass(_)
        | Object::Gateway(_)
        | Object::ListenerSet(_)
        | Object::ReferenceGrant(_)
        | Object::Service(_)
        | Object::TcpRoute(_)
        | Object::UdpRoute(_)
        | Object::BackendTlsPolicy(_)
        | Object::Custom(_) => Vec::new(),
    };
    for made in &made {
        if let Some(reason) = &made.rule.plan.failure {
            findings.push(Finding::about(Code::GatewayRuleFails, made.rule.origin.clone(), vec![("reason", reason.clone())]));
        }
    }
    made
}

fn first_questions(predicates: &mut Predicates, dialect: &Dialect) -> FirstQuestions {
    let body_limit = *dialect.body_limit;
    let mut ask = |field: Field, test: Test| predicates.intern(field, test, None);
    let header = |name: &str| Field::Header(name.to_owned());
    let grpc = Regex { pattern: "application/grpc(\\+.*)?".to_owned(), caseless: false, dialect: RegexDialect::Re2Full };
    let something = Regex { pattern: ".+".to_owned(), caseless: false, dialect: RegexDialect::Re2Full };
    let word = |pattern: &str| Test::Regex(Regex { pattern: pattern.to_owned(), caseless: true, dialect: RegexDialect::Re2Full });
    let asked_for = *dialect.websockets == Websockets::AskedFor;
    FirstQuestions {
        malformed_host: ask(Field::Request, Test::Malformed(Malformed::Host)),
        malformed_method: ask(Field::Request, Test::Malformed(Malformed::Method)),
        malformed_target: ask(Field::Request, Test::Malformed(Malformed::Target)),
        malformed_header: ask(Field::Request, Test::Malformed(Malformed::HeaderName)),
        https: ask(Field::Scheme, Test::Equals("https".to_owned())),
        http10: ask(Field::Protocol, Test::Equals("http/1.0".to_owned())),
        http2: ask(Field::Protocol, Test::Equals("h2".to_owned())),
        escaped_slash: ask(Field::Request, Test::Malformed(Malformed::EscapedSlash)),
        grpc: ask(header("content-type"), Test::Regex(grpc)),
        options: ask(Field::Method, Test::Equals("OPTIONS".to_owned())),
        preflight: ask(header("access-control-request-method"), Test::Regex(something)),
        origin: ask(header("origin"), Test::Present),
        certificate: ask(Field::ClientCertificate, Test::Present),
        untrusted: ask(Field::ClientCertificate, Test::Prefix("untrusted ".to_owned())),
        websocket: asked_for
            .then(|| [ask(header("upgrade"), word("websocket")), ask(header("connection"), word("(.*,)? *upgrade *(,.*)?"))]),
        large: (body_limit > 0).then(|| ask(Field::BodyLength, Test::Above(body_limit))),
    }
}

fn mesh_routes(objects: &Objects, findings: &mut Findings) -> Vec<crate::k8s::ObjectRef> {
    let mut routes = Vec::new();
    for (id, object) in &objects.typed {
        let Some(head) = head(*id, object) else { continue };
        let Some((at, parent)) =
            head.parents.iter().enumerate().find(|(_, parent)| parent.group().is_empty() && parent.kind() == "Service")
        else {
            continue;
        };
        let facts = vec![("route", head.object_ref().to_string()), ("parent", parent.name.clone())];
        findings.push(Finding::about(Code::GatewayMeshRoute, Subject::new(*id, FieldPath::from(["spec", "parentRefs"]).child(at)), facts));
        routes.push(head.object_ref());
    }
    routes
}

fn unknown_policies(objects: &Objects, understood: &policies::Policies, findings: &mut Findings) {
    let unknown = |foreign: &&super::objects::Foreign| !foreign.targets.is_empty() && !understood.understood.contains(&foreign.id);
    for foreign in objects.foreign.iter().filter(unknown) {
        let facts = vec![("policy", foreign.object.to_string())];
        findings.push(Finding::about(Code::GatewayUnknownPolicy, Subject::new(foreign.id, FieldPath::root()), facts));
    }
}

/// Whether a match of an HTTPRoute can be compiled at all; the reason where not.
pub(super) fn bad_expression(matched: &api::HttpMatch, scope: RegexScope) -> Option<String> {
    let path = match &matched.path {
        Some(api::PathMatch::Regex(value)) => Some(value),
        Some(api::PathMatch::Exact(_) | api::PathMatch::Prefix(_)) | None => None,
    };
    let values = matched.headers.iter().chain(&matched.query_params).filter(|value| !value.kind.is_exact()).map(|value| &value.value);
    if let (RegexScope::Start, Some(path)) = (scope, path) {
        return (!regex::is_location(path)).then(|| format!("`{path}` cannot stand in a location of nginx"));
    }
    path.into_iter()
        .chain(values)
        .find(|pattern| !regex::is_valid(pattern))
        .map(|pattern| format!("`{pattern}` is no regular expression of RE2"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::limits::{Channel, Judge, Version};
    use crate::k8s::{ObjectRef, Origin};
    use crate::request::{Answer, Header, Outcome, Request, Scheme, Unknown};
    use crate::yaml;

    /// An inventory with the objects of a text, one a document, as `kind name` and the rest of the object.
    fn inventory(documents: &[(&str, &str, &str)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (kind, name, spec) in documents {
            let text = format!("apiVersion: {GROUP}/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}\n{spec}\n");
            let node = yaml::Documents::new(&text).find_map(|document| document.root).expect("a document");
            let object =
                ObjectRef { group: GROUP.to_owned(), kind: (*kind).to_owned(), namespace: "default".to_owned(), name: (*name).to_owned() };
            let id = inventory.register(object, None::<Origin>);
            inventory.gateway_objects.push((id, node));
        }
        inventory
    }

    const GATEWAY: (&str, &str, &str) =
        ("Gateway", "gw", "spec: {gatewayClassName: x, listeners: [{name: http, protocol: HTTP, port: 80}]}");

    fn request(host: &str, target: &str) -> Request {
        Request {
            method: "GET".to_owned(),
            scheme: Scheme::Http,
            host: Some(host.to_owned()),
            sni: None,
            target: target.to_owned(),
            headers: Vec::<Header>::new(),
            body_bytes: 0,
            chunked: false,
            http_version: "1.1".to_owned(),
            client: "192.0.2.1".to_owned(),
            port: None,
            client_certificate: None,
        }
    }

    fn resolved(documents: &[(&str, &str, &str)], target: &str) -> Config {
        let inventory = inventory(documents);
        let judge = Judge::new(Version::newest(), Channel::Standard);
        let read = Objects::read(&inventory, Some(&judge));
        assert!(read.refused.is_empty(), "{:?}", read.refused);
        resolve(&read.objects, &inventory, Target::named(target).expect("target"), &Options::default())
    }

    #[test]
    fn a_path_that_no_dialect_reads_otherwise_is_decided_for_the_standard() {
        let route = (
            "HTTPRoute",
            "n",
            "spec: {parentRefs: [{name: gw}], hostnames: [a.test], rules: [{matches: [{path: {value: /x}}], backendRefs: [{name: y, port: 80}]}]}",
        );
        let decided = resolved(&[GATEWAY, route], "standard").decide(&request("a.test", "/x/z"), &Unknown);
        assert_eq!(decided.undecided, None);
        assert!(matches!(decided.decision.outcome, Outcome::Forward(_)), "{:?}", decided.decision);
    }

    #[test]
    fn a_regular_expression_is_undecided_for_the_standard() {
        let route = (
            "HTTPRoute",
            "r",
            "spec: {parentRefs: [{name: gw}], hostnames: [a.test], rules: [{matches: [{path: {type: RegularExpression, value: /x}}], backendRefs: [{name: w, port: 80}]}]}",
        );
        let decided = resolved(&[GATEWAY, route], "standard").decide(&request("a.test", "/x/z"), &Unknown);
        assert!(decided.undecided.is_some(), "{decided:?}");
    }

    #[test]
    fn a_route_that_the_controller_refused_does_not_serve() {
        let route = (
            "HTTPRoute",
            "r",
            "spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: w, port: 80}]}]}\nstatus: {parents: [{parentRef: {name: gw}, controllerName: x/y, conditions: [{type: Accepted, status: 'False', reason: Pending, message: m, lastTransitionTime: '2026-01-01T00:00:00Z'}]}]}",
        );
        let config = resolved(&[GATEWAY, route], "envoy-gateway");
        assert!(matches!(config.decide(&request("a.test", "/"), &Unknown).decision.outcome, Outcome::NoRoute { .. }));
        assert!(config.findings.iter().any(|finding| finding.code == Code::GatewayConditionFalse));
    }

    #[test]
    fn a_mesh_route_is_left_alone_and_named() {
        let route = (
            "HTTPRoute",
            "r",
            "spec: {parentRefs: [{group: '', kind: Service, name: web, port: 80}], rules: [{backendRefs: [{name: w, port: 80}]}]}",
        );
        let config = resolved(&[GATEWAY, route], "envoy-gateway");
        assert_eq!(config.mesh_routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>(), ["r"]);
    }

    #[test]
    fn classes_of_requests_take_the_way_of_concrete_ones() {
        struct Nothing;
        impl crate::request::Valuation for Nothing {
            fn holds(&self, _: crate::request::PredicateId) -> bool {
                false
            }
        }
        let config = resolved(&[GATEWAY], "envoy-gateway");
        assert!(matches!(config.route(&Nothing).ruling.answer, Answer::NoAnswer(_)));
    }
}
