//! The command line as a user meets it: help, exit codes, streams, directories.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::cases::gateshift;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("gateshift-cli-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("temporary folder");
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

#[test]
fn help_of_every_verb_has_a_usage_line_and_goes_to_stdout() {
    for verb in ["convert", "validate", "explain"] {
        let output = gateshift(&root(), &[verb, "--help"]);
        assert_eq!(code(&output), 0, "{verb}");
        assert!(text(&output.stdout).contains(&format!("gateshift {verb}")), "{verb}: {}", text(&output.stdout));
        assert!(output.stderr.is_empty(), "{verb}");
    }
}

#[test]
fn wrong_flags_are_usage_errors_on_stderr() {
    for arguments in [
        &["convert", "--nonsense"][..],
        &["convert", "-f", "x", "--target", "nonsense"],
        &["convert", "-f", "x", "--gateway", "noslash"],
        &["convert", "-f", "testdata/clusters/shop", "--existing-gateway", "not/there"],
        &["convert", "-f", "testdata/clusters/shop", "--tls-owner", "app", "--gateway-api", "1.4"],
        &["convert", "-f", "testdata/clusters/shop", "--existing-gateway", "a/b", "--gateway", "c/d"],
        &["convert", "-f", "testdata/clusters/shop", "--target", "envoy-gateway@1.8", "--tls-owner", "app"],
        &["convert", "-f", "testdata/clusters/shop", "--target", "traefik", "--target-switch", "enableBackend"],
        &["targets", "-f", "testdata/clusters/shop", "--target-switch", "nonsense"],
        &["trace", "-f", "testdata/clusters/shop", "http://a.example/x", "http://b.example/y"],
        &["trace", "-f", "testdata/clusters/shop", "http://a.example/x", "--client", "999.1.1.1"],
        &["explain", "rewrite-tagret-nonsense-x"],
        &["explain", "target"],
        &["convert", "-f", "testdata/clusters/shop", "--gateway", "Foo/bar"],
        &["convert", "-f", "testdata/clusters/shop", "--gateway", "foo/Bar_"],
        &["convert", "-f", "testdata/clusters/shop", "-n", "Bad_NS"],
        &["convert", "-f", "testdata/clusters/shop", "--annotation-map", "nope.yaml"],
        &["diff", "-f", "testdata/clusters/shop", "--config", "nope.yaml"],
        &["report", "-f", "testdata/clusters/shop", "--baseline", "nope.json"],
        &["validate", "-f", "testdata/cases/validate-everything", "--target", "nonsense"],
    ] {
        let output = gateshift(&root(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn unknown_name_is_answered_with_the_nearest_known_one() {
    let output = gateshift(&root(), &["explain", "rewrite-tagret"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("did you mean `rewrite-target`?"), "{}", text(&output.stderr));
}

#[test]
fn missing_file_and_empty_folder_are_findings_and_exit_3() {
    let folder = scratch("missing");
    let output = gateshift(&folder, &["convert", "-f", "nothing.yaml", "-f", "."]);
    assert_eq!(code(&output), 3, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("nothing.yaml"), "{}", text(&output.stderr));
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn what_no_side_could_read_is_named_and_exit_3() {
    let folder = scratch("unread");
    let (good, broken) = (folder.join("good.yaml"), folder.join("broken.yaml"));
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {ingressClassName: nginx, rules: [{host: a.example}]}\n";
    fs::write(&good, ingress).expect("file");
    fs::write(&broken, "a: [b\n").expect("file");
    for arguments in [
        &["diff", "--ours", "nope.yaml", "--theirs", "good.yaml"][..],
        &["diff", "--ours", "good.yaml", "--theirs", "broken.yaml"],
        &["diff", "-f", "good.yaml", "--against", "nope.yaml"],
        &["trace", "http://a.example/", "-f", "good.yaml", "--against", "nope.yaml"],
        &["trace", "http://a.example/", "-f", "nope.yaml", "--old-only"],
        &["targets", "-f", "nope.yaml", "--only", "standard"],
        &["explain", "snippet", "-f", "broken.yaml"],
    ] {
        let output = gateshift(&folder, arguments);
        let said = text(&output.stderr);
        assert_eq!(code(&output), 3, "{arguments:?}: {said}");
        assert!(said.contains("nope.yaml") || said.contains("broken.yaml"), "{arguments:?}: {said}");
    }
    fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_folder_that_was_written_is_read_as_a_whole() {
    let folder = scratch("folder-again");
    let out = folder.join("out");
    let out = out.to_str().expect("a path");
    let written = gateshift(&root(), &["convert", "-f", "testdata/clusters/shop", "--gateway-class", "any", "--output-dir", out]);
    assert!(code(&written) < 2, "{}", text(&written.stderr));
    let output = gateshift(&root(), &["validate", "-f", out, "-R"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn stdin_is_read_and_nothing_but_manifests_goes_to_stdout() {
    let shop = root().join("testdata/clusters/shop/boutique.yaml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_gateshift"))
        .args(["convert", "-f", "-", "--gateway-class", "eg"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("gateshift starts");
    let input = fs::read(shop).expect("shop");
    child.stdin.take().expect("stdin").write_all(&input).expect("input is taken");
    let output = child.wait_with_output().expect("gateshift ends");
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("apiVersion: v1\nkind: Namespace\n"));
    for document in serde_yaml::Deserializer::from_slice(&output.stdout) {
        <serde_yaml::Value as serde::Deserialize>::deserialize(document).expect("every document is YAML");
    }
}

#[test]
fn output_directory_has_a_folder_per_owner_and_only_replaces_its_own() {
    let folder = scratch("directory");
    let shop = root().join("testdata/clusters/shop").display().to_string();
    let arguments = ["convert", "-f", &shop, "--gateway-class", "eg", "--output-dir", "out"];
    for _ in 0..2 {
        let output = gateshift(&folder, &arguments);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    for file in
        ["kustomization.yaml", "gateway/gateway.yaml", "gateway/kustomization.yaml", "boutique/httproutes.yaml", "payments/httproutes.yaml"]
    {
        assert!(folder.join("out").join(file).is_file(), "{file}");
    }
    fs::create_dir(folder.join("mine")).expect("folder");
    fs::write(folder.join("mine/notes.txt"), "keep").expect("file");
    let output = gateshift(&folder, &["convert", "-f", &shop, "--output-dir", "mine"]);
    assert_eq!(code(&output), 4);
    assert_eq!(fs::read_to_string(folder.join("mine/notes.txt")).expect("file"), "keep");
    let _ = fs::remove_dir_all(folder);
}

/// An estate whose output takes a while to write.
fn many_namespaces(folder: &Path) {
    let mut text =
        "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: k8s.io/ingress-nginx}}\n"
            .to_owned();
    for number in 0..1500 {
        text.push_str(&format!(
            "---\n{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: web, namespace: team-{number}}}, spec: {{ingressClassName: nginx, rules: [{{host: h{number}.example, \
             http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]}}}}\n"
        ));
    }
    fs::write(folder.join("many.yaml"), text).expect("file");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_partial_directory() {
    let folder = scratch("interrupt");
    many_namespaces(&folder);
    let mut interrupted = 0;
    for _ in 0..10 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gateshift"))
            .args(["convert", "-f", "many.yaml", "--no-check", "--output-dir", "out"])
            .current_dir(&folder)
            .stderr(Stdio::null())
            .spawn()
            .expect("gateshift runs");
        while child.try_wait().expect("a child").is_none() && !folder.join(".out.gateshift-new/team-0").exists() {
            std::thread::yield_now();
        }
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status().expect("kill runs");
        let end = child.wait().expect("an end");
        let left: Vec<String> = fs::read_dir(&folder)
            .expect("folder")
            .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name != "many.yaml")
            .collect();
        if kill.success() && end.code().is_none() && left.is_empty() {
            interrupted += 1;
            break;
        }
        // It was faster: then everything is there.
        assert_eq!(left, ["out"], "{end:?}");
        assert!(folder.join("out/team-1499/httproutes.yaml").is_file());
        fs::remove_dir_all(folder.join("out")).expect("folder");
    }
    assert_eq!(interrupted, 1, "no run was interrupted while it wrote");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn json_is_one_list_of_the_same_objects() {
    let shop = root().join("testdata/clusters/shop");
    let json = gateshift(&shop, &["convert", "-f", ".", "-o", "json"]);
    let list: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let yaml = gateshift(&shop, &["convert", "-f", "."]);
    let documents = serde_yaml::Deserializer::from_slice(&yaml.stdout).count();
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(documents));
}

#[test]
fn validate_tells_refused_from_accepted_by_its_exit_code() {
    let folder = scratch("validate");
    let route = |path: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r}}\nspec:\n  rules:\n  - matches: [{{path: {{type: PathPrefix, value: \"{path}\"}}}}]\n    backendRefs: [{{name: web, port: 80}}]\n"
        )
    };
    fs::write(folder.join("good.yaml"), route("/a")).expect("file");
    fs::write(folder.join("bad.yaml"), route("/a//b")).expect("file");
    let good = gateshift(&folder, &["validate", "-f", "good.yaml"]);
    assert_eq!(code(&good), 0, "{}", text(&good.stdout));
    let bad = gateshift(&folder, &["validate", "-f", "bad.yaml"]);
    assert_eq!(code(&bad), 1);
    assert!(text(&bad.stdout).contains("bad.yaml:6:"), "{}", text(&bad.stdout));
    let json = gateshift(&folder, &["validate", "-f", "bad.yaml", "-o", "json", "--gateway-api", "1.7", "--channel", "experimental"]);
    let findings: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(findings["version"], 1);
    assert_eq!(findings["findings"][0]["code"], "gateway-api/refused");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn what_convert_writes_passes_validate() {
    let folder = scratch("roundtrip");
    let shop = root().join("testdata/clusters/shop").display().to_string();
    let manifests = gateshift(&folder, &["convert", "-f", &shop, "--gateway-class", "eg"]);
    fs::write(folder.join("shop.yaml"), &manifests.stdout).expect("file");
    for version in ["1.5", "1.6", "1.7"] {
        let output = gateshift(&folder, &["validate", "-f", "shop.yaml", "--strict", "--gateway-api", version]);
        assert_eq!(code(&output), 0, "{version}: {}", text(&output.stdout));
    }
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn hostile_bytes_never_end_in_a_panic() {
    let folder = scratch("hostile");
    let deep = format!("a: {}{}", "[".repeat(20_000), "]".repeat(20_000));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
    let odd = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: \"../../etc\", namespace: \"a/b\", annotations: {nginx.ingress.kubernetes.io/rewrite-target: \"$\\u001b[31m\"}}\nspec: {ingressClassName: nginx, rules: [{host: \"-\", http: {paths: [{path: \"/\\u0000\", pathType: 7, backend: {service: {name: \"\", port: {number: -1}}}}]}}]}\n";
    for (name, bytes) in [
        ("deep", deep.as_bytes()),
        ("bomb", bomb.as_bytes()),
        ("binary", b"\xff\xfe\x00\x01kind: Ingress".as_slice()),
        ("odd", odd.as_bytes()),
        ("tabs", b"a:\n\t- b\n".as_slice()),
        ("empty", b"".as_slice()),
    ] {
        let file = folder.join(format!("{name}.yaml"));
        fs::write(&file, bytes).expect("file");
        let output =
            gateshift(&folder, &["convert", "-f", &format!("{name}.yaml"), "--watch-ingress-without-class", "--output-dir", "out"]);
        let notices = text(&output.stderr);
        assert!(matches!(code(&output), 0 | 1 | 3) && !notices.contains("panicked"), "{name}: {} {notices}", code(&output));
        assert!(!notices.contains('\u{1b}'), "{name}: escape sequences of the input reach the terminal");
    }
    assert!(!folder.parent().expect("parent").join("etc").exists());
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn trace_says_with_which_answers_of_services_nothing_would_change() {
    let file = scratch("answers").join("shop.yaml");
    let ingress = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations: {nginx.ingress.kubernetes.io/auth-url: 'http://auth.shop.svc.cluster.local/check'}
spec:
  ingressClassName: nginx
  rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
";
    let service = |name: &str| {
        format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{ports: [{{port: 80}}]}}\n")
    };
    fs::write(&file, format!("{ingress}{}{}", service("web"), service("auth"))).expect("written");
    let file = file.to_str().expect("a path");
    let output = gateshift(&root(), &["trace", "GET http://shop.example/", "-f", file, "--target", "envoy-gateway"]);
    let said = text(&output.stdout);
    assert!(
        said.contains("\nnot known to be the same: only if authentication services answer 200, 401 or 403\n"),
        "{said}{}",
        text(&output.stderr)
    );
}

/// What goes to stderr.
fn said(folder: &Path, arguments: &[&str]) -> String {
    text(&gateshift(folder, arguments).stderr)
}

#[test]
fn each_broken_document_is_named_with_its_place() {
    let folder = scratch("broken-each");
    for number in 0..14 {
        fs::write(folder.join(format!("b{number:02}.yaml")), "a:\n  b: : c\n").expect("file");
    }
    let stderr = said(&folder, &["convert", "-f", "."]);
    for number in 0..14 {
        assert!(stderr.contains(&format!("--> b{number:02}.yaml:2:6")), "{number}: {stderr}");
    }
    let _ = fs::remove_dir_all(folder);
}

/// An Ingress that asks for Basic authentication, which core Gateway API cannot keep.
fn guarded(name: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  annotations:\n    nginx.ingress.kubernetes.io/auth-type: basic\n    nginx.ingress.kubernetes.io/auth-secret: {name}\nspec:\n  ingressClassName: nginx\n  rules:\n  - host: {name}.example\n    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}\n---\n"
    )
}

#[test]
fn lost_protection_is_named_one_by_one_up_to_a_bound() {
    let folder = scratch("blocked-each");
    fs::write(folder.join("a.yaml"), (0..60).map(|number| guarded(&format!("w{number:02}"))).collect::<String>()).expect("file");
    let stderr = said(&folder, &["convert", "-f", "a.yaml", "--no-check"]);
    assert_eq!(stderr.matches("\nblocked[").count() + usize::from(stderr.starts_with("blocked[")), 50, "{stderr}");
    assert!(stderr.contains("10 more findings of medium severity or above are counted only"), "{stderr}");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn the_place_is_named_whatever_characters_the_line_has() {
    let folder = scratch("places");
    let ingress = guarded("a").replace("basic", "true");
    let crlf = ingress.replace('\n', "\r\n");
    let long = ingress.replace("auth-type: true", &format!("auth-type: true # {}", "x".repeat(500)));
    let tab = ingress.replace("auth-type: true", "auth-type:\ttrue");
    for (name, text) in [("crlf.yaml", &crlf), ("long.yaml", &long), ("tab.yaml", &tab)] {
        fs::write(folder.join(name), text).expect("file");
        let stderr = said(&folder, &["convert", "-f", name, "--no-check"]);
        assert!(stderr.contains(&format!("--> {name}:6:")), "{name}: {stderr}");
        assert_eq!(stderr.contains("6 |"), name != "long.yaml", "{name}: {stderr}");
    }
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn verbs_say_that_snippets_are_taken_as_without_effect() {
    let folder = scratch("settings-assumed");
    let text = guarded("a").replace("auth-type: basic", "configuration-snippet: |\n      more_set_headers \"A: b\";");
    fs::write(folder.join("a.yaml"), text).expect("file");
    for verb in [&["diff"][..], &["targets"], &["trace", "http://a.example/"], &["convert"]] {
        let stderr = said(&folder, &[verb, &["-f", "a.yaml"]].concat());
        assert!(stderr.contains("high[ingress/settings-assumed]"), "{verb:?}: {stderr}");
    }
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn nothing_to_validate_is_no_success() {
    let folder = scratch("validate-nothing");
    fs::write(folder.join("a.yaml"), guarded("a")).expect("file");
    let output = gateshift(&folder, &["validate", "-f", "a.yaml"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output.stderr).contains("nothing was checked"), "{}", text(&output.stderr));
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn policies_with_a_difference_count_the_same_everywhere() {
    let folder = scratch("counts");
    fs::copy(root().join("testdata/cases/estate-envoy-gateway/input.yaml"), folder.join("a.yaml")).expect("case");
    let target = ["-f", "a.yaml", "--target", "envoy-gateway"];
    let summary = said(&folder, &[&["convert", "--no-check"][..], &target].concat());
    let report: serde_json::Value =
        serde_json::from_slice(&gateshift(&folder, &[&["report", "-o", "json"][..], &target].concat()).stdout).expect("JSON");
    let targets: serde_json::Value =
        serde_json::from_slice(&gateshift(&folder, &["targets", "-f", "a.yaml", "--only", "envoy-gateway", "-o", "json"]).stdout)
            .expect("JSON");
    let (one, other) = (&report["totals"]["annotations"], &targets["targets"][0]["all"]);
    assert_eq!((&one["exact"], &one["policy"], &one["differs"]), (&other["exactly"], &other["byPolicy"], &other["changed"]));
    assert_ne!(one["differs"], 0);
    assert!(summary.contains(&format!("{} by policy, {} with a difference", one["policy"], one["differs"])), "{summary}");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn tables_keep_to_the_width_of_the_terminal() {
    for arguments in [&["targets", "-f", "testdata/clusters/shop"][..], &["report", "-f", "testdata/clusters/shop"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_gateshift"))
            .args(arguments)
            .current_dir(root())
            .env("COLUMNS", "60")
            .output()
            .expect("gateshift runs");
        // A command is in one line, so that it can be copied.
        for line in text(&output.stdout).lines().filter(|line| !line.starts_with("  try ")) {
            assert!(line.chars().count() <= 60, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn code_in_a_markdown_comparison_has_no_backslashes() {
    let output = gateshift(&root(), &["diff", "-f", "testdata/clusters/shop", "-o", "markdown"]);
    let markdown = text(&output.stdout);
    assert!(markdown.contains('`'), "{markdown}");
    for line in markdown.lines() {
        for span in line.split('`').skip(1).step_by(2) {
            assert!(!span.replace("\\|", "").contains('\\'), "{line}");
        }
    }
}
