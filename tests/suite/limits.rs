//! The offline validator: what it says, and about which place.

use gateshift::{
    catalog,
    gateway::{
        api::{HttpBackendRef, HttpFilter, HttpMatch, HttpRoute, HttpRouteSpec, HttpRule, Object, PathMatch, PathModifier, UrlRewrite},
        limits::{self, Answer, Channel, Judge, Version, What},
    },
    k8s::ObjectId,
    ledger::{Code, Finding},
    yaml::{self, Documents},
};

fn node(text: &str) -> yaml::Node {
    Documents::new(text).next().and_then(|document| document.root).expect("a document")
}

fn route(spec: &str) -> String {
    format!("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web}}\nspec: {spec}\n")
}

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

fn judge(text: &str, at: &str, channel: Channel) -> Answer {
    Judge::new(version(at), channel).node(&node(text))
}

fn findings(text: &str) -> Vec<Finding> {
    limits::check(&[(ObjectId(0), &node(text))], Version::newest(), Channel::Standard)
}

/// Field and rule of all doubts about an accepted object.
fn doubts(text: &str) -> Vec<String> {
    let answer = Judge::new(Version::newest(), Channel::Standard).node(&node(text));
    assert!(answer.is_accepted(), "{:?}", answer.remarks);
    let doubtful = |remark: &limits::Remark| matches!(remark.what, What::Doubtful { .. }).then(|| remark.field.to_string());
    answer.remarks.iter().filter_map(doubtful).collect()
}

#[test]
fn versions_are_named_with_and_without_patch_release() {
    assert_eq!(version("1.6"), version("v1.6.3"));
    for text in ["1", "1.3", "1.6.x", "1.6.3.1", "", "latest"] {
        assert!(text.parse::<Version>().is_err(), "{text}");
    }
}

#[test]
fn a_redirect_with_308_needs_version_1_5() {
    let text = route("{rules: [{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 308}}]}]}");
    assert!(!judge(&text, "1.4", Channel::Standard).is_accepted());
    assert!(judge(&text, "1.5", Channel::Standard).is_accepted());
}

#[test]
fn retry_is_silently_lost_before_1_7_and_refused_by_kubectl_apply() {
    let text = route("{rules: [{retry: {attempts: 2}, backendRefs: [{name: web, port: 80}]}]}");
    let answer = judge(&text, "1.6", Channel::Standard);
    assert!(answer.is_accepted() && !answer.is_accepted_strictly());
    assert!(judge(&text, "1.7", Channel::Standard).is_accepted_strictly());
    assert!(judge(&text, "1.6", Channel::Experimental).is_accepted_strictly());
}

#[test]
fn parents_that_differ_in_port_only_need_the_experimental_channel() {
    let text = route("{parentRefs: [{name: gw, port: 80}, {name: gw, port: 443}]}");
    assert!(!judge(&text, "1.7", Channel::Standard).is_accepted());
    assert!(judge(&text, "1.7", Channel::Experimental).is_accepted());
}

#[test]
fn a_refusal_names_the_field_and_speaks_plainly() {
    let found = findings(&route("{rules: [{matches: [{path: {value: //a}}], backendRefs: [{name: web, port: 80}]}]}"));
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(finding.code, Code::GatewayApiRefused);
    assert_eq!(finding.subject.as_ref().expect("a subject").field.to_string(), "spec.rules[0].matches[0].path");
    let rule = finding.facts.iter().find(|(name, _)| *name == "rule").map(|(_, rule)| rule.as_str());
    assert_eq!(rule, Some("breaks a rule: an Exact or PathPrefix value must not contain `//`"));
}

#[test]
fn kinds_of_implementations_are_left_alone() {
    let text = "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: SecurityPolicy\nmetadata: {name: A_B}\nspec: {x: 1}\n";
    assert!(findings(text).is_empty());
}

#[test]
fn a_kind_without_version_in_the_channel_is_not_served() {
    let text = "apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: TCPRoute\nmetadata: {name: a}\nspec: {rules: [{backendRefs: [{name: b, port: 1}]}]}\n";
    let codes: Vec<_> = findings(text).into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::GatewayApiNotServed]);
    assert!(judge(text, "1.7", Channel::Experimental).is_accepted());
}

#[test]
fn a_status_is_no_reason_to_refuse() {
    let text = route("{rules: [{backendRefs: [{name: web, port: 80}]}]}") + "status: {parents: [{conditions: []}]}\n";
    assert!(judge(&text, "1.7", Channel::Standard).is_accepted_strictly());
}

#[test]
fn two_backends_that_replace_the_prefix_are_doubtful_without_one_prefix_match() {
    let filter = "filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}}]";
    let backends = format!("backendRefs: [{{name: a, port: 80, {filter}}}, {{name: b, port: 80, {filter}}}]");
    let spec = format!("{{rules: [{{matches: [{{path: {{type: Exact, value: /a}}}}], {backends}}}]}}");
    assert_eq!(doubts(&route(&spec)), ["spec.rules[0].backendRefs"]);
}

#[test]
fn an_address_as_hostname_is_doubtful() {
    assert_eq!(doubts(&route("{hostnames: [a.example, 10.0.0.1]}")), ["spec.hostnames[1]"]);
}

#[test]
fn a_replacement_without_leading_slash_is_doubtful_and_an_empty_prefix_is_not() {
    let rewrite = |path: &str| {
        doubts(&route(&format!(
            "{{rules: [{{filters: [{{type: URLRewrite, urlRewrite: {{path: {path}}}}}], backendRefs: [{{name: a, port: 1}}]}}]}}"
        )))
    };
    assert_eq!(rewrite("{type: ReplaceFullPath, replaceFullPath: a}"), ["spec.rules[0].filters[0].urlRewrite.path.replaceFullPath"]);
    assert_eq!(rewrite("{type: ReplacePrefixMatch, replacePrefixMatch: a}").len(), 1);
    assert!(rewrite("{type: ReplacePrefixMatch, replacePrefixMatch: ''}").is_empty());
}

#[test]
fn header_names_that_differ_in_case_are_doubtful() {
    let spec = "{rules: [{matches: [{headers: [{name: X-A, value: b}, {name: x-a, value: c}]}], backendRefs: [{name: a, port: 1}]}]}";
    assert_eq!(doubts(&route(spec)), ["spec.rules[0].matches[0].headers[1]"]);
}

#[test]
fn repeated_rule_names_are_doubtful_where_nobody_refuses_them() {
    let text = route("{rules: [{name: a, backendRefs: [{name: a, port: 1}]}, {name: a, backendRefs: [{name: a, port: 1}]}]}");
    let answer = judge(&text, "1.6", Channel::Standard);
    assert!(answer.is_accepted() && answer.remarks.iter().any(|remark| remark.field.to_string() == "spec.rules[1].name"));
    assert!(!judge(&text, "1.7", Channel::Standard).is_accepted());
}

#[test]
fn a_built_object_is_judged_like_its_text() {
    let rule = HttpRule {
        matches: vec![HttpMatch::path(PathMatch::Exact("/a".into()))],
        filters: vec![HttpFilter::UrlRewrite(UrlRewrite { hostname: None, path: Some(PathModifier::ReplacePrefixMatch("/b".into())) })],
        backend_refs: vec![HttpBackendRef::service("web", 80)],
        ..HttpRule::default()
    };
    let object = Object::from(HttpRoute::new("shop", "web", HttpRouteSpec { rules: vec![rule], ..HttpRouteSpec::default() }));
    let judge = Judge::new(Version::newest(), Channel::Standard);
    let text = serde_json::to_string(&object).expect("prints");
    assert!(!judge.object(&object).is_accepted());
    assert_eq!(judge.object(&object), judge.node(&node(&text)));
}

#[test]
fn every_finding_has_the_facts_that_its_wording_needs() {
    let text = route("{hostnames: [1.2.3.4], colour: red, parentRefs: null, rules: [{name: 'A', backendRefs: [{name: web, port: 80}]}]}");
    let alpha = "apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: TLSRoute\nmetadata: {name: a}\nspec: {rules: [{backendRefs: [{name: b, port: 1}]}]}\n";
    let judge = Judge::new(Version::newest(), Channel::Experimental).with_defaults();
    let unserved = text.replace("/v1", "/v7");
    let nodes = [node(&text), node(alpha), node(&unserved)];
    let objects: Vec<_> = nodes.iter().map(|node| (ObjectId(0), node)).collect();
    let mut codes = std::collections::BTreeSet::new();
    for finding in judge.findings(&objects) {
        let message = catalog::finding(finding.code.as_str()).expect("an entry").message.clone();
        for (name, value) in &finding.facts {
            assert!(!value.is_empty() || *name == "field", "{name} of {}", finding.code);
        }
        let names: Vec<_> = finding.facts.iter().map(|(name, _)| format!("{{{name}}}")).collect();
        let rest = names.iter().fold(message, |text, name| text.replace(name, ""));
        assert!(!rest.contains('{'), "{}: {rest}", finding.code);
        codes.insert(finding.code);
    }
    assert_eq!(codes.len(), 7, "{codes:?}");
}

#[test]
fn deep_and_odd_documents_are_judged_without_harm() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    for spec in [deep.as_str(), "[]", "null", "7", "{rules: {a: [b]}}", "{rules: [null, [1], {matches: [7]}]}", "{parentRefs: [[], {}]}"] {
        assert!(!findings(&route(spec)).is_empty() || spec == "null", "{spec}");
    }
    assert!(findings("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n").len() >= 2);
}
