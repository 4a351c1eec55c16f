//! `diff -o json`, version 1. The words are documented in README.

use serde_json::{Map, Value, json};

use super::{Selection, Sides, sentence};
use crate::{
    compare::{Comparison, Difference, HostVerdict, Treatment, witness},
    report::observed,
    request::{Request, Scheme},
};

/// `{version, context, summary, hosts: [{host, verdict, assumptions, differences, undecided, probed}]}`; `context` only where there are
/// several.
pub fn comparison_json(comparison: &Comparison, sides: Sides<'_>, selection: &Selection) -> String {
    let hosts: Vec<Value> = comparison
        .hosts
        .iter()
        .filter(|host| !selection.only_differences || selection.differences(host).next().is_some())
        .map(|host| self::host(host, sides, selection))
        .collect();
    let summary = comparison.summary;
    let mut whole = json!({
        "version": 1,
        "summary": {"proved": summary.proved, "differs": summary.differs, "undecided": summary.undecided},
        "hosts": hosts,
    });
    if let Some(context) = sides.context {
        whole["context"] = json!(context);
    }
    let mut text = serde_json::to_string_pretty(&whole).expect("INVARIANT: the report has string keys only");
    text.push('\n');
    text
}

fn host(host: &HostVerdict, sides: Sides<'_>, selection: &Selection) -> Value {
    let undecided: Vec<Value> = host
        .undecided
        .iter()
        .map(|open| {
            json!({
                "code": open.code.as_str(),
                "severity": open.severity,
                "reason": open.reason,
                "region": open.region,
                "example": open.example.as_ref().map(request),
                "sampled": open.sampled,
            })
        })
        .collect();
    let probed: Vec<Value> =
        host.probed.iter().map(|probe| json!({"family": probe.family, "request": request(&probe.request), "same": probe.same})).collect();
    json!({
        "host": host.host,
        "verdict": host.verdict.as_str(),
        "assumptions": host.assumptions,
        "differences": selection.differences(host).map(|difference| self::difference(host, difference, sides)).collect::<Vec<_>>(),
        "undecided": undecided,
        "probed": probed,
    })
}

fn difference(host: &HostVerdict, difference: &Difference, sides: Sides<'_>) -> Value {
    let mut map = Map::new();
    map.insert("code".to_owned(), json!(difference.code.as_str()));
    map.insert("severity".to_owned(), json!(difference.severity));
    map.insert("aspect".to_owned(), json!(difference.aspect.as_str()));
    if !difference.details.is_empty() {
        map.insert("details".to_owned(), json!(difference.details));
    }
    map.insert("message".to_owned(), json!(sentence(host, difference)));
    map.insert("region".to_owned(), json!(difference.region));
    map.insert("witness".to_owned(), request(&difference.witness));
    map.insert("curl".to_owned(), json!(witness::curl(&difference.witness, "GATEWAY")));
    map.insert("old".to_owned(), treatment(&difference.old));
    map.insert("new".to_owned(), treatment(&difference.new));
    map.insert("causes".to_owned(), json!(difference.causes.iter().map(|cause| sides.place(cause)).collect::<Vec<_>>()));
    if let Some(reason) = &difference.accepted {
        map.insert("accepted".to_owned(), json!(reason));
    }
    Value::Object(map)
}

fn treatment(treatment: &Treatment) -> Value {
    observed(&treatment.decision, treatment.undecided.as_deref())
}

/// A request in the words of request files.
fn request(request: &Request) -> Value {
    let Request { method, scheme, host, sni, target, headers, body_bytes, chunked, http_version, client, port, client_certificate } =
        request;
    let mut map = Map::new();
    map.insert("method".to_owned(), json!(method));
    map.insert("scheme".to_owned(), json!(if *scheme == Scheme::Https { "https" } else { "http" }));
    map.insert("host".to_owned(), json!(host));
    if *scheme == Scheme::Https && sni.as_deref() != host.as_deref() {
        map.insert("sni".to_owned(), json!(sni.clone().unwrap_or_default()));
    }
    map.insert("path".to_owned(), json!(target));
    if !headers.is_empty() {
        let mut lines: Map<String, Value> = Map::new();
        for header in headers {
            match lines.get_mut(&header.name) {
                Some(Value::Array(list)) => list.push(json!(header.value)),
                Some(known) => *known = json!([known.clone(), header.value]),
                None => {
                    lines.insert(header.name.clone(), json!(header.value));
                }
            }
        }
        map.insert("headers".to_owned(), Value::Object(lines));
    }
    if *body_bytes > 0 {
        map.insert("body_bytes".to_owned(), json!(body_bytes));
    }
    if *chunked {
        map.insert("chunked".to_owned(), json!(true));
    }
    if http_version != "1.1" {
        map.insert("http_version".to_owned(), json!(http_version));
    }
    map.insert("client".to_owned(), json!(client));
    if let Some(port) = port {
        map.insert("port".to_owned(), json!(port));
    }
    if let Some(name) = client_certificate {
        map.insert("client_cert".to_owned(), json!(name));
    }
    Value::Object(map)
}
