//! A rule of a plan as a rule of a route: matches, filters, backends.

use super::{
    context::Cx,
    plan::{Action, Backend, Changes, HeaderCondition, On, PathModifier, PathRule, Rule},
    routes::Combined,
};
use crate::{
    gateway::api::{
        self, BackendObjectRef, Cors, Duration, FilteredBackendRef, HeaderModifier, HeaderName, HeaderValue, HttpFilter, HttpMatch,
        HttpRule, HttpTimeouts, PathMatch, RedirectScheme, RedirectStatus, RequestMirror, RequestRedirect, UrlRewrite, ValueMatch,
    },
    k8s::NamespacedName,
};

pub(super) fn wire_rule(cx: &mut Cx<'_>, rule: &Combined<'_>, namespace: &str, hostname: Option<&str>) -> HttpRule {
    let first = rule.matches[0];
    let backend_refs = match &first.action {
        Action::Forward(backends) => backend_refs(cx, backends, "HTTPRoute", namespace),
        Action::Redirect(_) | Action::ToHttps { .. } | Action::Answered | Action::Withheld(_) => Vec::new(),
    };
    HttpRule {
        matches: rule.matches.iter().map(|rule| wire_match(rule)).collect(),
        filters: filters(cx, &first.changes, &first.action, hostname, namespace),
        backend_refs,
        timeouts: (first.changes.no_timeout && matches!(first.action, Action::Forward(_)))
            .then(|| HttpTimeouts { request: Duration::from_secs(0), backend_request: None }),
        retry: first
            .changes
            .retry
            .as_deref()
            .filter(|_| matches!(first.action, Action::Forward(_)))
            .map(super::retries::wire)
            .map(Box::new),
        ..HttpRule::default()
    }
}

/// The backends of a rule, with the grants that they need.
pub(super) fn backend_refs<F>(cx: &mut Cx<'_>, backends: &[Backend], kind: &'static str, namespace: &str) -> Vec<FilteredBackendRef<F>> {
    let weighted = backends.len() > 1;
    backends
        .iter()
        .map(|backend| {
            let reference = FilteredBackendRef::from(target(cx, backend, kind, namespace));
            if weighted { reference.weighted(backend.weight) } else { reference }
        })
        .collect()
}

/// A Service port, and the grant that it needs.
fn target(cx: &mut Cx<'_>, backend: &Backend, kind: &'static str, namespace: &str) -> BackendObjectRef {
    let NamespacedName { namespace: of, name } = &backend.service;
    let mut reference = BackendObjectRef::service(name, backend.port);
    if of != namespace {
        reference.namespace = Some(of.clone());
        cx.grant_service(kind, namespace, of, name);
    }
    reference
}

/// Who gets copies.
pub(super) fn mirror(cx: &mut Cx<'_>, backend: &Backend, kind: &'static str, namespace: &str) -> RequestMirror {
    RequestMirror { backend_ref: target(cx, backend, kind, namespace), percent: None, fraction: None }
}

/// A modifier that sets these headers, if there are any.
pub(super) fn modifier(set: &[(String, String)], added: &[(String, String)], removed: &[String]) -> Option<HeaderModifier> {
    let values = |list: &[(String, String)]| -> Vec<HeaderValue> {
        let mut values = Vec::with_capacity(list.len());
        values.extend(list.iter().filter_map(|(name, value)| HeaderValue::new(name.as_str(), value.as_str())));
        values
    };
    let remove: Vec<_> = removed.iter().filter_map(|name| name.parse().ok()).collect();
    let modifier = HeaderModifier { set: values(set), add: values(added), remove };
    (modifier != HeaderModifier::default()).then_some(modifier)
}

/// Conditions of a rule on headers, or on parameters of the query.
pub(super) fn fields(rule: &Rule, on: On) -> Vec<ValueMatch> {
    let wire = |condition: &HeaderCondition| {
        let name: HeaderName = condition.name.parse().ok()?;
        Some(if condition.regex { ValueMatch::regex(name, &condition.value) } else { ValueMatch::exact(name, &condition.value) })
    };
    rule.headers.iter().filter(|condition| condition.on == on).filter_map(wire).collect()
}

fn wire_match(rule: &Rule) -> HttpMatch {
    let path = match &rule.path {
        PathRule::Exact(value) => PathMatch::Exact(value.clone()),
        PathRule::Prefix(value) => PathMatch::Prefix(value.clone()),
        PathRule::Regex(value) => PathMatch::Regex(value.clone()),
    };
    let method = rule.headers.iter().find(|condition| condition.on == On::Method);
    let method = method.and_then(|condition| api::HttpMethod::named(&condition.value));
    HttpMatch { headers: fields(rule, On::Header), query_params: fields(rule, On::Query), method, ..HttpMatch::path(path) }
}

fn filters(cx: &mut Cx<'_>, changes: &Changes, action: &Action, hostname: Option<&str>, namespace: &str) -> Vec<HttpFilter> {
    let Changes {
        path,
        host,
        request_headers,
        request_removed,
        request_added,
        response_headers,
        response_added,
        response_removed,
        cors,
        mirror,
        wishes: _,
        no_timeout: _,
        wire: _,
        backend_tls: _,
        retry: _,
    } = changes;
    // Most routes have one filter, and a filter is large.
    let mut filters = Vec::with_capacity(1);
    if let Some(cors) = cors {
        filters.push(HttpFilter::Cors(Box::new(Cors {
            allow_origins: cors.origins.clone(),
            origin_patterns: Vec::new(),
            allow_credentials: cors.credentials.then_some(true),
            allow_methods: cors.methods.clone(),
            allow_headers: cors.headers.clone(),
            expose_headers: cors.expose.clone(),
            max_age: u32::try_from(cors.max_age).ok(),
        })));
    }
    filters.extend(modifier(request_headers, request_added, request_removed).map(HttpFilter::RequestHeaderModifier));
    if path.is_some() || host.is_some() {
        let path = path.as_ref().map(|path| match path {
            PathModifier::Full(value) => api::PathModifier::ReplaceFullPath(value.clone()),
            PathModifier::Prefix(value) => api::PathModifier::ReplacePrefixMatch(value.clone()),
        });
        filters.push(HttpFilter::UrlRewrite(UrlRewrite { hostname: host.clone(), path }));
    }
    match action {
        Action::Redirect(redirect) => filters.push(HttpFilter::RequestRedirect(RequestRedirect {
            scheme: redirect.scheme.map(|scheme| if scheme == "http" { RedirectScheme::Http } else { RedirectScheme::Https }),
            hostname: redirect.hostname.clone(),
            port: redirect.port,
            path: redirect.path.clone().map(if redirect.prefix {
                api::PathModifier::ReplacePrefixMatch
            } else {
                api::PathModifier::ReplaceFullPath
            }),
            status_code: RedirectStatus::try_from(redirect.status).ok(),
        })),
        Action::ToHttps { status } => filters.push(HttpFilter::RequestRedirect(RequestRedirect {
            scheme: Some(RedirectScheme::Https),
            hostname: hostname.map(str::to_owned),
            status_code: RedirectStatus::try_from(*status).ok(),
            ..RequestRedirect::default()
        })),
        Action::Forward(_) => {
            let copies = mirror.as_ref().map(|mirror| self::mirror(cx, mirror, "HTTPRoute", namespace));
            filters.extend(copies.map(HttpFilter::RequestMirror));
        }
        Action::Answered | Action::Withheld(_) => {}
    }
    filters.extend(modifier(response_headers, response_added, response_removed).map(HttpFilter::ResponseHeaderModifier));
    filters
}
