//! Policies and filters of Envoy Gateway, read back as the controller reads them: the oldest of a kind on one place counts, a policy that
//! the controller refuses in part makes its routes answer 500 where its other parts let a request pass, and what is not known here is said
//! to be.

use serde_json::{Map, Value};

use super::{
    backend, connections,
    types::{
        Backend, BackendTrafficPolicy, ClientTrafficPolicy, GROUP, HttpRouteFilter, OverridePath, ResponseOverride, SecurityPolicy,
        ServiceRef, TargetRef, TargetSelector,
    },
};
use crate::{
    gateway::{
        api::{self, Cors, Object},
        dialect::Port443,
        facts::{BackendFault, Facts},
        format::{self, Formatted},
        grants::{Grants, Referent, Referrer},
        objects::Objects,
        policies::{
            Addresses, AskedPath, Cookie, Effect, Filter, HostFrom, Instead, Merge, Network, Origin, Override, Password, Place, Policies,
            Service,
        },
        regex,
    },
    k8s::{Inventory, NamespacedName, ObjectRef},
    ledger::{Code, Finding},
    targets::{
        documents::{Document, millis, network, of_group, url},
        envoy,
    },
};

/// What Envoy answers where an authentication service fails.
const FORBIDDEN: u16 = 403;

/// Status of a redirect of `responseOverride` that names none (default of `statusCode` in the CRD).
const FOUND: u16 = 302;

/// What policies are read with.
pub(super) struct Reader<'a> {
    objects: &'a Objects,
    facts: &'a Facts<'a>,
    grants: Grants<'a>,
    manifests: &'a Inventory,
}

/// Reads everything of the group.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let reader = Reader { objects, facts, grants: Grants::of(objects), manifests };
    let mut policies = Policies::default();
    for document in of_group(objects, manifests, GROUP) {
        reader.document(&document, &mut policies);
    }
    policies
}

impl Reader<'_> {
    fn document(&self, document: &Document<'_>, policies: &mut Policies) {
        let Document { id, object, .. } = document;
        match object.kind.as_str() {
            "SecurityPolicy" => {
                let Some(policy) = document.parse::<SecurityPolicy>() else { return };
                let effect = self.security(&policy, object);
                let merge = merge(policy.merge_type.as_deref());
                for place in self.places(&policy.target_refs, policy.target_ref.as_ref(), &policy.target_selectors, object) {
                    self.attach(policies, "security", document, place, effect.clone(), merge);
                }
            }
            "BackendTrafficPolicy" => {
                let Some(policy) = document.parse::<BackendTrafficPolicy>() else { return };
                let effect = traffic(&policy, object);
                let merge = merge(policy.merge_type.as_deref());
                for place in self.places(&policy.target_refs, policy.target_ref.as_ref(), &policy.target_selectors, object) {
                    self.attach(policies, "traffic", document, place, effect.clone(), merge);
                }
            }
            "ClientTrafficPolicy" => {
                let Some(policy) = document.parse::<ClientTrafficPolicy>() else { return };
                let conduct = connections::conduct(&policy, object, self.facts);
                for place in self.places(&policy.target_refs, policy.target_ref.as_ref(), &policy.target_selectors, object) {
                    policies.conduct(place, conduct.clone());
                }
            }
            "HTTPRouteFilter" => {
                let Some(filter) = document.parse::<HttpRouteFilter>() else { return };
                policies.filter("HTTPRouteFilter", NamespacedName::new(&object.namespace, &object.name), self::filter(&filter, object));
            }
            "Backend" => {
                let Some(substitute) = document.parse::<Backend>().as_ref().and_then(backend::stands_for) else { return };
                policies.substitutes.insert(("Backend".to_owned(), NamespacedName::new(&object.namespace, &object.name)), substitute);
            }
            _ => return,
        }
        policies.understood.insert(*id);
    }

    /// Attaches an effect, and says what of it surprises.
    fn attach(&self, policies: &mut Policies, family: &'static str, document: &Document<'_>, place: Place, effect: Effect, merge: Merge) {
        let routes_again = effect.overrides.iter().flatten().any(|one| matches!(one.instead, Instead::Route { .. }));
        let facts = routes_again.then(|| document.facts(&place));
        document.attach(policies, (self.objects, self.manifests), family, place, effect, merge);
        if let Some(facts) = facts {
            policies.findings.push(Finding::about(Code::GatewayInternalRedirect, document.subject(), facts));
        }
    }

    /// What a policy is attached to.
    fn places(&self, refs: &[TargetRef], one: Option<&TargetRef>, selectors: &[TargetSelector], policy: &ObjectRef) -> Vec<Place> {
        let mut places: Vec<Place> = refs
            .iter()
            .chain(one)
            .map(|target| Place::new(&target.kind, &NamespacedName::new(&policy.namespace, &target.name), target.section_name.as_deref()))
            .collect();
        for selector in selectors {
            let wanted = |meta: &api::Meta| {
                meta.namespace == policy.namespace
                    && selector.match_labels.iter().all(|(key, value)| meta.labels.get(key).is_some_and(|label| label == value))
            };
            let chosen = self.objects.typed.iter().map(|(_, object)| object).filter(|object| object.kind().as_str() == selector.kind);
            places.extend(
                chosen
                    .map(Object::meta)
                    .filter(|meta| wanted(meta))
                    .map(|meta| Place::new(&selector.kind, &NamespacedName::new(&meta.namespace, &meta.name), None)),
            );
        }
        places
    }

    fn security(&self, policy: &SecurityPolicy, object: &ObjectRef) -> Effect {
        let SecurityPolicy {
            target_refs: _,
            target_ref: _,
            target_selectors: _,
            merge_type: _,
            cors,
            basic_auth,
            ext_auth,
            authorization,
            other,
        } = policy;
        let mut effect = Effect { unmodelled: unknown(object, [other]), ..Effect::default() };
        effect.cors = cors.as_ref().map(|cors| Cors {
            allow_origins: cors.allow_origins.clone(),
            origin_patterns: Vec::new(),
            allow_methods: cors.allow_methods.clone(),
            allow_headers: cors.allow_headers.clone(),
            expose_headers: cors.expose_headers.clone(),
            max_age: cors.max_age.as_deref().and_then(millis).and_then(|millis| u32::try_from(millis / 1000).ok()),
            allow_credentials: cors.allow_credentials,
        });
        if let Some(basic) = basic_auth {
            let namespace = basic.users.namespace.as_ref().unwrap_or(&object.namespace);
            let secret = NamespacedName::new(namespace, &basic.users.name);
            match self.facts.password_fault(&secret, ".htpasswd") {
                Some(fault) => effect.invalid = Some(format!("{object}: {fault}")),
                None => effect.password = Some(Password { secret, removed: false }),
            }
        }
        if let Some(ext) = ext_auth {
            match (&ext.http, ext.other.is_empty()) {
                (Some(http), true) => {
                    let service = http.backend_refs.first().or(http.backend_ref.as_ref());
                    let fails_open = ext.fail_open == Some(true);
                    match service.map(|service| self.service(service, object)) {
                        Some(Ok(base)) => {
                            let path = match (&http.path_override, &http.path) {
                                (Some(path), _) => AskedPath::Fixed(path.clone()),
                                (None, prefix) => AskedPath::Behind(prefix.clone().unwrap_or_default()),
                            };
                            let copied = http.headers_to_backend.iter().map(|name| name.to_ascii_lowercase()).collect();
                            effect.service = Some(Service { base, path, copied, failure: Some(ext.status_on_error.unwrap_or(FORBIDDEN)) });
                            if fails_open {
                                effect.unmodelled.get_or_insert_with(|| format!("`failOpen` of {object}"));
                            }
                        }
                        // Nobody is asked where that is said to be fine; other faults of the policy still count.
                        Some(Err(_)) | None if fails_open => {}
                        Some(Err(fault)) => effect.invalid = Some(format!("{object}: {fault}")),
                        None => effect.invalid = Some(format!("{object}: no authentication service is named")),
                    }
                }
                (_, _) => {
                    effect.unmodelled.get_or_insert_with(|| format!("`extAuth` of {object}"));
                }
            }
        }
        if let Some(authorization) = authorization {
            let allow = |action: Option<&str>| action == Some("Allow");
            let mut addresses = Addresses { rules: Vec::new(), others: allow(authorization.default_action.as_deref()), first: false };
            for rule in &authorization.rules {
                let networks: Option<Vec<Network>> = rule.principal.client_cidrs.iter().map(|text| network(text)).collect();
                let known = rule.other.is_empty() && rule.principal.other.is_empty();
                match networks.filter(|networks| known && !networks.is_empty()) {
                    Some(networks) => addresses.rules.push((allow(Some(&rule.action)), networks)),
                    None => {
                        effect.unmodelled.get_or_insert_with(|| format!("a rule of `authorization` of {object}"));
                    }
                }
            }
            effect.addresses = Some(addresses);
        }
        effect
    }

    /// Where an authentication service is reached.
    fn service(&self, reference: &ServiceRef, policy: &ObjectRef) -> Result<String, String> {
        let namespace = reference.namespace.as_ref().unwrap_or(&policy.namespace);
        let name = NamespacedName::new(namespace, &reference.name);
        let kind = reference.kind.as_deref().unwrap_or("Service");
        if kind != "Service" {
            return Ok(format!("{} {name}", kind.to_ascii_lowercase()));
        }
        let referent = Referent { group: "", kind, namespace, name: &reference.name };
        let referrer = Referrer { kind: &policy.kind, namespace: &policy.namespace };
        if namespace != &policy.namespace && !self.grants.allow_of(&policy.group, referrer, referent) {
            return Err(format!("no ReferenceGrant allows Service {name}"));
        }
        let port = reference.port.unwrap_or_default();
        match self.facts.service_fault(&name, reference.port, Port443::Plain) {
            Some(BackendFault::Absent | BackendFault::Port | BackendFault::ExternalName) => {
                Err(format!("Service {name} has no port {port}"))
            }
            Some(
                BackendFault::Kind
                | BackendFault::NotPermitted
                | BackendFault::NoEndpoints
                | BackendFault::UnverifiedTls
                | BackendFault::BrokenTls
                | BackendFault::Protocol
                | BackendFault::Unmade,
            )
            | None => Ok(url(&name, port)),
        }
    }
}

fn merge(merge_type: Option<&str>) -> Merge {
    if merge_type.is_some() { Merge::WithGateway } else { Merge::Replaces }
}

/// Fields that nobody here knows.
pub(super) fn unknown<'a>(object: &ObjectRef, others: impl IntoIterator<Item = &'a Map<String, Value>>) -> Option<String> {
    let field = others.into_iter().flat_map(Map::keys).next()?;
    Some(format!("`{field}` of {object}"))
}

fn traffic(policy: &BackendTrafficPolicy, object: &ObjectRef) -> Effect {
    let mut effect = Effect { unmodelled: unknown(object, [&policy.other]), ..Effect::default() };
    if let Some(http) = policy.timeout.as_ref().and_then(|timeout| timeout.http.as_ref()) {
        effect.timeout = http.request_timeout.as_deref().and_then(millis);
        effect.idle = http.stream_idle_timeout.as_deref().and_then(millis);
    }
    if policy.proxy_protocol.is_some() {
        effect.unmodelled.get_or_insert_with(|| format!("`proxyProtocol` of {object}"));
    }
    if policy.timeout.as_ref().and_then(|timeout| timeout.http.as_ref()).is_some_and(|http| http.max_stream_duration.is_some()) {
        effect.unmodelled.get_or_insert_with(|| format!("`maxStreamDuration` of {object}"));
    }
    if let Some(buffer) = &policy.request_buffer {
        effect.body = envoy::bytes(&buffer.limit);
        // `buildRequestBuffer` in backendtrafficpolicy.go.
        if effect.body.is_some_and(|bytes| bytes > envoy::LONGEST_BODY) {
            effect.invalid = Some(format!("{object}: `requestBuffer.limit` is longer than {} bytes", envoy::LONGEST_BODY));
        }
    }
    if let Some(limit) = &policy.rate_limit {
        effect.rate = limit.local.as_ref().filter(|local| !local.rules.is_empty()).map(|_| 429);
        if limit.global.is_some() {
            effect.rate = Some(429);
        }
    }
    if let Some(fault) = &policy.fault_injection {
        match fault.abort.as_ref().map(|abort| (abort.http_status, abort.percentage.unwrap_or(100.0))) {
            Some((_, share)) if share <= 0.0 => {}
            Some((Some(status), share)) if share >= 100.0 => effect.abort = Some(status),
            Some(_) => {
                effect.unmodelled.get_or_insert_with(|| format!("`faultInjection` of {object}"));
            }
            None => {}
        }
    }
    if !policy.response_override.is_empty() {
        effect.overrides = Some(policy.response_override.iter().filter_map(replacement).collect());
    }
    effect
}

fn replacement(one: &ResponseOverride) -> Option<Override> {
    let statuses = one
        .r#match
        .status_codes
        .iter()
        .filter_map(|code| match (&code.range, code.value) {
            (Some(range), _) => Some((range.start, range.end)),
            (None, Some(value)) => Some((value, value)),
            (None, None) => None,
        })
        .collect();
    let of = match one.source.as_deref() {
        Some("Local") => Origin::Router,
        Some("Backend" | "Upstream") => Origin::Backend,
        Some(_) | None => Origin::Both,
    };
    let instead = match (&one.response, &one.redirect) {
        (Some(response), _) => Instead::Answer { status: response.status_code, headers: response.header.clone().unwrap_or_default() },
        (None, Some(redirect)) => Instead::Route {
            host: redirect.hostname.clone(),
            path: redirect.path.as_ref().and_then(|OverridePath { replace_full_path, .. }| replace_full_path.clone()),
            status: Some(redirect.status_code.unwrap_or(FOUND)),
        },
        (None, None) => return None,
    };
    Some(Override { statuses, of, instead })
}

fn filter(filter: &HttpRouteFilter, object: &ObjectRef) -> Filter {
    let mut effect = Filter { unmodelled: unknown(object, [&filter.other]), ..Filter::default() };
    if let Some(rewrite) = &filter.url_rewrite {
        if let Some(replacement) = rewrite.path.as_ref().and_then(|path| path.replace_regex_match.as_ref()) {
            if !regex::is_valid(&replacement.pattern)
                || replacement.pattern.is_empty()
                || regex::substitution(&replacement.substitution).is_none()
            {
                effect.invalid = Some(format!("`{}` of {object} is no regular expression of RE2", replacement.pattern));
            } else if replacement.substitution.is_empty() {
                // Refused where the whole configuration is checked (ExtendedHTTPPathModifier.Validate in internal/ir/xds.go).
                effect.stops = Some(format!("an empty `substitution` of {object}"));
            }
            effect.path = Some((replacement.pattern.clone(), replacement.substitution.clone()));
        }
        if let Some(host) = &rewrite.hostname {
            effect.host = match (&host.header, host.r#type.as_str()) {
                (Some(header), "Header") => Some(HostFrom::Header(header.clone())),
                // Endpoints of Services have addresses and no names.
                (_, "Backend") => None,
                (_, _) => Some(HostFrom::Unknown),
            };
        }
    }
    if let Some(direct) = &filter.direct_response {
        effect.answer = Some((direct.status_code.unwrap_or(200), direct.header.clone().unwrap_or_default()));
        effect.typed = direct.content_type.is_some();
        let body = direct.body.as_ref().and_then(|body| body.get("inline")).and_then(Value::as_str).unwrap_or_default();
        if format::read(body) == Formatted::Bad {
            effect.unmodelled.get_or_insert_with(|| format!("a body of {object} that the data plane refuses"));
        }
    }
    effect.cookies = filter
        .matches
        .iter()
        .map(|matched| {
            let cookie = |cookie: &super::types::CookieMatch| Cookie {
                name: cookie.name.clone(),
                value: cookie.value.clone(),
                regex: cookie.r#type.as_deref() == Some("RegularExpression"),
            };
            matched.cookies.iter().map(cookie).collect()
        })
        .collect();
    if let Some(injection) = &filter.credential_injection {
        effect.injected.push(injection.header.clone().unwrap_or_else(|| "authorization".to_owned()));
    }
    effect
}
