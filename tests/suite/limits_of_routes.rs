//! Big hosts and big estates stay under the limits of the CRDs.

use std::fmt::Write as _;

use crate::shared::{Converted, convert, refused};

fn write(name: &str, text: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("gateshift-{}-{name}.yaml", std::process::id()));
    std::fs::write(&path, text).expect("temporary file");
    path
}

const CLASS: &str =
    "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx}\nspec: {controller: k8s.io/ingress-nginx}\n";

fn converted(name: &str, text: &str) -> Converted {
    let path = write(name, text);
    let converted = convert(vec![path.clone()], "standard", &[]);
    let _ = std::fs::remove_file(path);
    converted
}

#[test]
fn host_with_many_paths_becomes_several_routes_without_a_lost_path() {
    let mut text = format!(
        "{CLASS}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: big, namespace: app}}\nspec:\n  ingressClassName: nginx\n  rules:\n  - host: big.example.com\n    http:\n      paths:\n"
    );
    for number in 0..300 {
        let _ = writeln!(
            text,
            "      - {{path: /p{number}, pathType: Prefix, backend: {{service: {{name: s{}, port: {{number: 80}}}}}}}}",
            number % 40
        );
    }
    let converted = converted("paths", &text);
    assert_eq!(refused(&converted.objects, "1.5"), Vec::<String>::new());
    for number in 0..300 {
        assert_eq!(converted.yaml.matches(&format!("value: /p{number}\n")).count(), 1, "/p{number}");
    }
}

#[test]
fn more_than_64_tls_hosts_get_listener_sets() {
    let mut text = CLASS.to_owned();
    for number in 0..100 {
        let _ = write!(
            text,
            "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i{number}, namespace: n{number}}}\nspec:\n  ingressClassName: nginx\n  tls: [{{hosts: [h{number}.example.com], secretName: c}}]\n  rules:\n  - host: h{number}.example.com\n    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: s, port: {{number: 80}}}}}}}}]}}\n"
        );
    }
    let converted = converted("hosts", &text);
    assert_eq!(refused(&converted.objects, "1.5"), Vec::<String>::new());
    assert_eq!(converted.yaml.matches("\nkind: ListenerSet\n").count(), 4, "199 listeners beside the Gateway's own, 64 each");
    assert_eq!(converted.yaml.matches("hostname: h7.example.com\n").count(), 3, "two listeners and the redirect name the host");
    assert!(converted.yaml.contains("    kind: ListenerSet\n    namespace: gateway-system\n"), "the grants name the ListenerSets");
}
