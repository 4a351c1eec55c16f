//! Printing and reading back.

use serde_json::json;

use super::*;

fn route() -> HttpRoute {
    let rule = HttpRule {
        matches: vec![HttpMatch::path(PathMatch::Prefix("/api".into()))],
        filters: vec![HttpFilter::UrlRewrite(UrlRewrite { hostname: None, path: Some(PathModifier::ReplacePrefixMatch("/".into())) })],
        backend_refs: vec![HttpBackendRef::service("web", 80).weighted(9)],
        timeouts: Some(HttpTimeouts { request: Duration::from_secs(90), backend_request: None }),
        ..HttpRule::default()
    };
    let spec = HttpRouteSpec {
        parent_refs: vec![ParentRef::gateway("infra", "gw", Some("https".into()))],
        hostnames: vec!["a.example".into()],
        rules: vec![rule],
        ..HttpRouteSpec::default()
    };
    HttpRoute::new("shop", "web", spec)
}

#[test]
fn an_object_prints_in_the_order_a_person_writes() {
    let text = serde_json::to_string(&Object::from(route())).expect("prints");
    let expected = r#"{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"web","namespace":"shop"},"spec":{"parentRefs":[{"name":"gw","namespace":"infra","sectionName":"https"}],"hostnames":["a.example"],"rules":[{"matches":[{"path":{"type":"PathPrefix","value":"/api"}}],"filters":[{"type":"URLRewrite","urlRewrite":{"path":{"type":"ReplacePrefixMatch","replacePrefixMatch":"/"}}}],"backendRefs":[{"name":"web","port":80,"weight":9}],"timeouts":{"request":"1m30s"}}]}}"#;
    assert_eq!(text, expected);
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let object = Object::from(route());
    assert_eq!(read_value(&object.to_value()), (Some(object), Vec::new()));
}

#[test]
fn unknown_fields_are_kept_as_issues_with_their_place() {
    let mut value = Object::from(route()).to_value();
    value["spec"]["rules"][0]["backendRefs"][0]["wight"] = json!(3);
    let (object, issues) = read_value(&value);
    assert!(object.is_some());
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].field.to_string(), "spec.rules[0].backendRefs[0].wight");
    assert_eq!(issues[0].kind, IssueKind::UnknownField);
}

#[test]
fn null_is_an_absent_field() {
    let mut value = Object::from(route()).to_value();
    value["spec"]["rules"][0]["timeouts"] = json!(null);
    let (object, issues) = read_value(&value);
    assert!(matches!(object, Some(Object::HttpRoute(route)) if route.spec.rules[0].timeouts.is_none()) && issues.is_empty());
}

#[test]
fn a_value_of_the_wrong_type_makes_the_object_unreadable_and_names_the_place() {
    let mut value = Object::from(route()).to_value();
    value["spec"]["rules"][0]["backendRefs"][0]["port"] = json!("http");
    let (object, issues) = read_value(&value);
    assert!(object.is_none());
    assert_eq!(issues[0].field.to_string(), "spec.rules[0].backendRefs[0].port");
}

#[test]
fn a_filter_with_a_block_of_another_type_is_unreadable() {
    let mut value = Object::from(route()).to_value();
    value["spec"]["rules"][0]["filters"][0]["type"] = json!("RequestRedirect");
    let (object, issues) = read_value(&value);
    assert!(object.is_none());
    assert_eq!(issues[0].field.to_string(), "spec.rules[0].filters[0]");
}

#[test]
fn a_route_without_rules_reads_as_the_default_rule() {
    let (object, _) = read_value(&json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "a"}, "spec": {},
    }));
    assert!(matches!(object, Some(Object::HttpRoute(route)) if route.spec.rules == [HttpRule::default()]));
}

#[test]
fn cluster_scoped_kinds_drop_the_namespace_and_empty_specs_are_not_printed() {
    let text = serde_json::to_string(&Namespace::new("ignored", "infra", NamespaceSpec {})).expect("prints");
    assert_eq!(text, r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"infra"}}"#);
}

#[test]
fn status_is_read_and_not_printed() {
    let mut value = Object::from(route()).to_value();
    let condition = json!({"type": "Accepted", "status": "True", "reason": "Accepted", "message": ""});
    value["status"] = json!({"parents": [{"parentRef": {"name": "gw"}, "controllerName": "x/y", "conditions": [condition]}]});
    let (object, issues) = read_value(&value);
    assert_eq!(issues, Vec::new());
    let Some(Object::HttpRoute(read)) = object else { panic!("reads") };
    assert_eq!(read.status.parents[0].conditions[0].kind, "Accepted");
    assert!(Object::HttpRoute(read).to_value().get("status").is_none());
}
