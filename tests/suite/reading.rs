//! What the reader makes of files, lists, old versions and broken input.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use gateshift::{
    k8s::{BackendTarget, FieldPath, NamespacedName, PortRef, Subject},
    ledger::{Code, Finding},
    read::{self, Options, Reading},
};

use crate::shared::shared;

fn read(text: &str) -> Reading {
    read::texts([("input.yaml".to_owned(), text.to_owned())], &Options::default())
}

fn codes(reading: &Reading) -> Vec<Code> {
    reading.findings.iter().map(|finding| finding.code).collect()
}

fn line(reading: &Reading, finding: &Finding) -> usize {
    let (source, span) = match (&finding.subject, finding.at) {
        (Some(subject), _) => reading.inventory.span(subject).expect("a place"),
        (None, Some(at)) => at,
        (None, None) => panic!("no place"),
    };
    reading.inventory.sources.line_column(source, span.start).0
}

const INGRESS: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: true
spec:
  rules:
  - host: a.example
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: web
            port:
              number: 80
";

#[test]
fn a_boolean_annotation_is_used_and_reported_with_its_line() {
    let reading = read(INGRESS);
    assert_eq!(codes(&reading), [Code::InputWrongType]);
    assert_eq!(line(&reading, &reading.findings[0]), 6);
    let ingress = &reading.inventory.ingresses[0];
    assert_eq!(ingress.meta.annotations["nginx.ingress.kubernetes.io/ssl-redirect"], "true");
    assert!(!reading.partial);
}

#[test]
fn a_place_that_does_not_exist_has_the_line_of_its_parent() {
    let reading = read(INGRESS);
    let id = reading.inventory.ingresses[0].id;
    let (_, spans) = reading
        .inventory
        .spans(
            id,
            [
                &FieldPath::from(["spec", "rules"]).child(0).child("http").child("tls"),
                &FieldPath::from(["spec", "tls"]),
                &FieldPath::root(),
            ],
        )
        .expect("an origin");
    let lines: Vec<usize> = spans.iter().map(|span| reading.inventory.sources.line_column(0, span.start).0).collect();
    assert_eq!(lines, [10, 7, 1]);
}

#[test]
fn objects_after_a_broken_document_are_read() {
    let reading = read(&format!("{INGRESS}---\na: [\n---\n{}", INGRESS.replace("name: web\n  ann", "name: next\n  ann")));
    assert_eq!(reading.inventory.ingresses.len(), 2);
    let broken = reading.findings.iter().find(|finding| finding.code == Code::InputBrokenDocument).expect("a finding");
    assert_eq!(line(&reading, broken), 20);
    assert!(reading.partial);
}

#[test]
fn the_old_shape_is_read_as_the_new_one() {
    for version in ["extensions/v1beta1", "networking.k8s.io/v1beta1"] {
        let reading = read(&format!(
            "apiVersion: {version}\nkind: Ingress\nmetadata: {{name: old}}\nspec:\n  backend: {{serviceName: d, servicePort: http}}\n  rules:\n  - http:\n      paths:\n      - backend: {{serviceName: web, servicePort: \"80\"}}\n"
        ));
        assert_eq!(codes(&reading), [Code::InputRefusedByApiServer], "{version}");
        let ingress = &reading.inventory.ingresses[0];
        assert!(ingress.legacy);
        let default = ingress.default_backend.as_ref().expect("a default backend");
        assert_eq!(default.target, BackendTarget::Service { name: "d".into(), port: Some(PortRef::Name("http".into())) });
        let path = &ingress.rules[0].paths.as_ref().expect("paths")[0];
        assert_eq!((path.path.as_str(), &path.path_type), ("", &None));
        assert_eq!(path.backend.target, BackendTarget::Service { name: "web".into(), port: Some(PortRef::Number(80)) });
        assert_eq!(reading.inventory.object(ingress.id).group, "networking.k8s.io");
    }
}

#[test]
fn items_of_a_typed_list_need_no_kind() {
    let reading = read(
        "apiVersion: networking.k8s.io/v1\nkind: IngressList\nitems:\n- metadata: {name: a}\n  spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}\n- metadata: {name: b}\n  spec: {rules: [{host: X}]}\n",
    );
    assert_eq!(reading.inventory.ingresses.len(), 2);
    assert_eq!(codes(&reading), [Code::InputRefusedByApiServer]);
    assert_eq!(line(&reading, &reading.findings[0]), 7);
}

#[test]
fn the_later_of_equal_objects_wins() {
    let reading = read(&format!("{0}---\n{0}", INGRESS.replace("true", "\"true\"")));
    assert_eq!(codes(&reading), [Code::InputDuplicateObject]);
    assert_eq!(reading.inventory.ingresses.len(), 1);
    assert_eq!(reading.inventory.ingresses[0].id.0, 1);
    assert_eq!(line(&reading, &reading.findings[0]), 20);
}

#[test]
fn a_helm_template_is_named() {
    for text in ["{{- if .Values.ingress }}\nkind: Ingress\n{{- end }}\n", "kind: Ingress\nmetadata: {name: {{ .Release.Name }}}\n"] {
        let reading = read(text);
        assert_eq!(codes(&reading), [Code::InputNotRendered], "{text}");
        assert!(reading.partial);
    }
}

#[test]
fn a_kustomization_is_named() {
    let reading = read("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n");
    assert_eq!(codes(&reading), [Code::InputNotRendered]);
}

#[test]
fn other_kinds_are_counted_and_not_complained_about() {
    let reading = read(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a, labels: {a: b}}\nspec: {parallelism: x}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n",
    );
    assert_eq!(reading.inventory.others.get("Job"), Some(&1));
    assert_eq!(reading.inventory.others.get("Deployment"), Some(&1));
    assert_eq!(codes(&reading), []);
}

#[test]
fn metadata_that_kubectl_cannot_decode_is_found_in_every_kind() {
    for (kind, field) in [("batch/v1\nkind: Job", "metadata.labels.a"), ("cert-manager.io/v1\nkind: Issuer", "metadata.labels.a")] {
        let reading = read(&format!("apiVersion: {kind}\nmetadata: {{name: a, labels: {{a: 1}}}}\n"));
        assert_eq!(codes(&reading), [Code::InputWrongType], "{kind}");
        assert_eq!(reading.findings[0].subject.as_ref().expect("a subject").field.to_string(), field);
        assert_eq!(line(&reading, &reading.findings[0]), 3);
    }
}

#[test]
fn a_kind_that_the_group_of_ingresses_does_not_have_is_found() {
    let reading = read("apiVersion: networking.k8s.io/v1\nkind: Ingresses\nmetadata: {name: a}\n");
    assert_eq!(codes(&reading), [Code::InputRefusedByApiServer]);
    let reading = read("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n");
    assert_eq!(codes(&reading), []);
}

#[test]
fn an_ingress_of_another_group_is_another_kind() {
    let reading = read("apiVersion: config.openshift.io/v1\nkind: Ingress\nmetadata: {name: cluster}\n");
    assert_eq!(reading.inventory.ingresses.len(), 0);
    assert_eq!(reading.inventory.others.get("Ingress"), Some(&1));
}

#[test]
fn the_controller_is_recognised_by_its_containers() {
    let reading = read(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c, namespace: ingress-nginx}\nspec:\n  template:\n    spec:\n      containers:\n      - image: registry.k8s.io/ingress-nginx/controller:v1.15.1\n        args: [/nginx-ingress-controller, --ingress-class=nginx]\n",
    );
    assert_eq!(reading.inventory.workloads[0].containers[0].1, ["/nginx-ingress-controller", "--ingress-class=nginx"]);
}

#[test]
fn no_private_key_is_kept() {
    let text = "\
apiVersion: v1
kind: Secret
metadata: {name: c}
type: kubernetes.io/tls
data: {tls.crt: YQ==, tls.key: c2VjcmV0, other: \"c2Vj\\\n  cmV0\"}
stringData:
  password: |-
    secret word
    and more
  empty: ''
";
    let reading = read(text);
    let kept = &reading.inventory.sources.0[0].text;
    assert_eq!(kept.len(), text.len());
    assert!(kept.contains("YQ==") && !kept.contains("c2Vj") && !kept.contains("cmV0") && !kept.contains("secret"), "{kept}");
    let secret = &reading.inventory.secrets[&NamespacedName::new("default", "c")];
    assert_eq!(secret.keys.as_deref(), Some(&["other", "password", "tls.crt", "tls.key"].map(str::to_owned)[..]));
    let place = reading.inventory.span(&Subject::new(secret.id, ["stringData", "password"])).expect("a place");
    assert_eq!(reading.inventory.sources.line_column(0, place.1.start).0, 8);
}

#[test]
fn deep_nesting_and_alias_bombs_are_broken_documents() {
    let deep = format!("a: {}", "[".repeat(200_000));
    let block = "- ".repeat(200_000);
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..20 {
        let items = vec![format!("*a{}", level - 1); 10].join(",");
        writeln!(bomb, "a{level}: &a{level} [{items}]").expect("text");
    }
    for text in [deep, block, bomb, "a: &a [*a]".to_owned()] {
        let reading = read(&format!("{text}\n---\n{INGRESS}"));
        assert!(codes(&reading).contains(&Code::InputBrokenDocument), "{}", &text[..20.min(text.len())]);
        assert_eq!(reading.inventory.ingresses.len(), 1);
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reading").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
        self
    }

    fn read(&self, names: &[&str], recursive: bool) -> Reading {
        let paths = names.iter().map(|name| self.0.join(name)).collect();
        read::read(&Options { paths, recursive, ..Options::default() }).expect("input")
    }
}

fn named(name: &str) -> String {
    INGRESS.replace("name: web\n  ann", &format!("name: {name}\n  ann")).replace("true", "\"true\"")
}

fn names(reading: &Reading) -> Vec<String> {
    reading.inventory.ingresses.iter().map(|ingress| ingress.meta.name.clone()).collect()
}

#[test]
fn the_order_of_the_command_line_does_not_matter() {
    let folder = Folder::new("order");
    folder.write("a.yaml", &named("one")).write("b.yml", &named("two")).write("c.json", "").write("d.txt", &named("three"));
    assert_eq!(names(&folder.read(&["b.yml", "a.yaml"], false)), ["one", "two"]);
    assert_eq!(names(&folder.read(&["", "a.yaml"], false)), ["one", "two"]);
    assert_eq!(names(&folder.read(&["d.txt", "b.yml"], false)), ["two", "three"]);
}

#[test]
fn folders_in_folders_are_read_on_request() {
    let folder = Folder::new("recursive");
    folder.write("a.yaml", &named("one")).write("sub/b.yaml", &named("two"));
    assert_eq!(names(&folder.read(&[""], false)), ["one"]);
    assert_eq!(names(&folder.read(&[""], true)), ["one", "two"]);
}

#[test]
fn missing_files_and_empty_folders_are_findings() {
    let folder = Folder::new("missing");
    folder.write("a.yaml", &named("one")).write("empty/readme.txt", "");
    let reading = folder.read(&["a.yaml", "nowhere.yaml", "empty"], false);
    assert_eq!(names(&reading), ["one"]);
    assert!(reading.partial);
    let mut found = codes(&reading);
    found.sort();
    assert_eq!(found, [Code::InputEmptyFolder, Code::InputMissingFile]);
}

#[cfg(unix)]
#[test]
fn files_that_the_system_does_not_open_are_findings() {
    let folder = Folder::new("unreadable");
    folder.write("a.yaml", &named("one"));
    std::os::unix::fs::symlink("round.yaml", folder.0.join("round.yaml")).expect("a link to itself");
    let reading = folder.read(&["."], false);
    assert_eq!(names(&reading), ["one"]);
    assert!(reading.partial);
    assert_eq!(codes(&reading), [Code::InputUnreadableFile]);
}

#[test]
fn every_file_of_the_corpus_is_read_or_refused_with_a_place() {
    let Some(corpus) = shared("corpus") else { return };
    let reading = read::read(&Options { paths: vec![corpus], recursive: true, ..Options::default() }).expect("input");
    assert!(reading.inventory.ingresses.len() > 500, "{}", reading.inventory.ingresses.len());
    for finding in &reading.findings {
        if finding.subject.is_some() || finding.at.is_some() {
            assert!(line(&reading, finding) > 0);
        }
    }
}
