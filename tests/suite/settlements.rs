//! Every annotation that does something is settled by what becomes of it: none is called *without effect* because nobody looked.

use std::collections::BTreeMap;

use gateshift::{
    catalog::{self, Annotation},
    ledger::Settlement,
    targets, translate,
};

use crate::{judge, shared::convert};

/// Annotations that have no effect beside a plain backend, and why.
const INERT: &[(&str, &str)] = &[
    ("affinity-canary-behavior", "it is read on canaries whose main Ingress has affinity"),
    ("canary", "without a main Ingress the canary is deleted"),
    ("canary-by-cookie", "without a main Ingress the canary is deleted"),
    ("canary-by-header", "without a main Ingress the canary is deleted"),
    ("canary-by-header-pattern", "without a main Ingress the canary is deleted"),
    ("canary-by-header-value", "without a main Ingress the canary is deleted"),
    ("canary-weight", "without a main Ingress the canary is deleted"),
    ("canary-weight-total", "without a main Ingress the canary is deleted"),
    ("http2-push-preload", "the directive is obsolete in the controller's nginx"),
    ("ssl-passthrough", "it needs a flag of the controller"),
    ("affinity-mode", "the example is the value that the controller does not take for persistent"),
    ("auth-keepalive-requests", "it needs auth-keepalive"),
    ("auth-keepalive-timeout", "it needs auth-keepalive"),
    ("permanent-redirect-code", "the redirect that it needs is tried with it below"),
    ("auth-keepalive", "it has no effect while HTTP/2 is on, which is the default"),
    ("fastcgi-index", "it needs a FastCGI backend"),
    ("fastcgi-params-configmap", "it needs a FastCGI backend"),
    ("x-forwarded-prefix", "it is only sent together with a rewrite"),
    ("upstream-hash-by-subset", "it needs upstream-hash-by"),
    ("upstream-hash-by-subset-size", "it needs upstream-hash-by"),
    ("limit-allowlist", "it needs a limit"),
    ("limit-burst-multiplier", "it needs a limit"),
    ("satisfy", "it needs address lists and credentials"),
    ("enable-global-auth", "there is no global authentication"),
    ("proxy-ssl-ciphers", "it needs a backend that speaks TLS"),
    ("proxy-ssl-name", "it needs a backend that speaks TLS"),
    ("proxy-ssl-protocols", "it needs a backend that speaks TLS"),
    ("proxy-ssl-secret", "it needs a backend that speaks TLS"),
    ("proxy-ssl-server-name", "it needs a backend that speaks TLS"),
    ("proxy-ssl-verify", "it needs a backend that speaks TLS"),
    ("proxy-ssl-verify-depth", "it needs a backend that speaks TLS"),
    ("modsecurity-transaction-id", "it needs enable-modsecurity"),
    ("enable-owasp-core-rules", "it needs enable-modsecurity"),
];

/// A value that passes and is not the default.
fn value(annotation: &Annotation) -> Option<&str> {
    let usable =
        || annotation.examples.iter().filter(|example| example.valid && example.then.is_none()).map(|example| example.value.as_str());
    let plain = |value: &&str| {
        !value.is_empty()
            && !matches!(*value, "false" | "0" | "off" | "f")
            && Some(*value) != annotation.default.as_deref()
            && !value.contains('\n')
    };
    // Some only do something when they switch something off.
    usable()
        .find(plain)
        .or_else(|| usable().find(|value| !value.is_empty() && Some(*value) != annotation.default.as_deref()))
        .or_else(|| usable().find(|value| !value.is_empty()))
}

fn with_needs(annotation: &Annotation, chosen: &mut BTreeMap<String, String>) -> Option<()> {
    chosen.insert(annotation.name.clone(), value(annotation)?.to_owned());
    for needed in &annotation.needs {
        if !chosen.contains_key(needed) {
            with_needs(catalog::annotations().get(needed)?, chosen)?;
        }
    }
    Some(())
}

#[test]
fn annotations_with_effect_are_not_settled_as_without() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for annotation in catalog::annotations().iter() {
        if annotation.name.ends_with("-snippet") || INERT.iter().any(|(name, _)| *name == annotation.name) {
            continue;
        }
        let mut chosen = BTreeMap::new();
        if with_needs(annotation, &mut chosen).is_none() {
            wrong.push(format!("{}: no example to try", annotation.name));
            continue;
        }
        let annotations: String = chosen
            .iter()
            .map(|(name, value)| format!("    nginx.ingress.kubernetes.io/{name}: {}\n", serde_json::to_string(value).expect("text")))
            .collect();
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  namespace: default\n  annotations:\n{annotations}spec:\n  tls: [{{hosts: [a.example.com], secretName: c}}]\n  rules:\n  - host: a.example.com\n    http: {{paths: [{{path: /x, pathType: Prefix, backend: {{service: {{name: s, port: {{number: 80}}}}}}}}]}}\n"
        );
        let path = std::env::temp_dir().join(format!("gateshift-{}-settle-{}.yaml", std::process::id(), annotation.name));
        std::fs::write(&path, text).expect("temporary file");
        let converted = convert(vec![path.clone()], "standard", &["--watch-ingress-without-class=true"]);
        let _ = std::fs::remove_file(path);
        let entry =
            converted.ledger.entries().iter().find(|entry| entry.subject.field.to_string().contains(&format!("/{}\"", annotation.name)));
        match entry.and_then(|entry| entry.settlement.as_ref()) {
            Some(Settlement::NoEffect { why }) => {
                wrong.push(format!("{} = {:?}: without effect: {why}", annotation.name, chosen[&annotation.name]));
            }
            Some(_) => checked += 1,
            None => wrong.push(format!("{}: open", annotation.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 90, "only {checked} annotations were tried");
}

#[test]
fn two_threads_write_and_say_what_one_does() {
    let cases = std::fs::read_dir("testdata/cases").expect("cases");
    let mut several = 0;
    for case in cases.map(|entry| entry.expect("entry").path().join("input.yaml")) {
        let Ok(yaml) = std::fs::read_to_string(&case) else { continue };
        let inventory = judge::inventory(&yaml);
        let config = judge::ingresses(&inventory);
        several += usize::from(config.servers.len() > 1);
        for target in targets::all() {
            let [one, two] = [usize::MAX, 2].map(|second_thread_from| {
                let options = translate::Options { second_thread_from, ..translate::Options::of(*target, "any") };
                let translate::Translation { objects, marks, paths, directives, tools, findings } =
                    translate::translate(&config, &inventory, &options);
                (format!("{objects:?}"), marks, paths, directives, tools, findings)
            });
            assert!(one == two, "{} for {}", case.display(), target.id());
        }
    }
    assert!(several > 100, "{several}");
}
