//! Fresh hostile cases and a second reading of the same rules: `../shared/lab/second_opinion`, which agrees with the real controller.
//!
//! `GATESHIFT_RANDOM_SEEDS` is the number of cases of 60 requests (default 100), `GATESHIFT_RANDOM_FIRST` the first seed.

#![expect(clippy::print_stdout, reason = "numbers for whoever runs it with --nocapture")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use gateshift::{nginx::Router, request::Outcome};
use serde_json::Value as Json;

use super::{
    echo::{self, Echo},
    nginx_truth::{Case, text},
    shared::{shared, skipped},
};

fn scripts() -> Option<PathBuf> {
    let folder = shared("lab/second_opinion")?;
    let works = |code: &str| Command::new("python3").args(["-c", code]).output().is_ok_and(|output| output.status.success());
    if !works("import yaml, ctypes; ctypes.CDLL('libpcre2-8.so.0')") {
        skipped("python3 with PyYAML and libpcre2-8 is needed");
        return None;
    }
    Some(folder)
}

fn number(name: &str, default: u32) -> u32 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Runs a script and gives what it printed.
fn python(script: &Path, arguments: &[String]) -> String {
    let output = Command::new("python3").arg(script).args(arguments).output().expect("python3 runs");
    assert!(output.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Aspects in which the model and the second reading differ.
fn differences(outcome: &Outcome, certificate: Option<&str>, answer: &Json) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |aspect: &str, ours: Json, theirs: Json| {
        if ours != theirs {
            wrong.push(format!("{aspect}: model {ours}, second reading {theirs}"));
        }
    };
    let theirs = |key: &str| answer.get(key).cloned().unwrap_or(Json::Null);
    let header = |headers: &[(String, Option<String>)], name: &str| -> Json {
        headers.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.clone()).map_or(Json::Null, Json::String)
    };
    let (status, headers, backend) = match outcome {
        Outcome::NoAnswer(_) => {
            check("refused", Json::Bool(true), Json::Bool(answer.get("refused").is_some()));
            return wrong;
        }
        Outcome::Unmodelled { .. } => return wrong,
        Outcome::Forward(forward) => {
            let backend = forward.split.iter().find_map(|share| share.backend.clone());
            check("path", Json::String(forward.target.clone()), theirs("path"));
            if answer.get("hostup").is_some() {
                check("host", forward.host.clone().map_or(Json::Null, Json::String), theirs("hostup"));
            }
            (None, &forward.response_headers, backend)
        }
        Outcome::Redirect { status, location, response_headers } => {
            check("location", Json::String(location.clone()), theirs("location"));
            (Some(*status), response_headers, None)
        }
        Outcome::Respond { status, response_headers } | Outcome::Deny { status, response_headers, .. } => {
            (Some(*status), response_headers, None)
        }
        Outcome::NoRoute { response_headers } => (Some(404), response_headers, None),
    };
    check("backend", backend.map_or(Json::Null, Json::String), theirs("backend"));
    if let Some(status) = status {
        check("status", status.into(), theirs("status"));
    }
    check("hsts", header(headers, "strict-transport-security"), theirs("hsts"));
    let cors = header(headers, "access-control-allow-methods") != Json::Null;
    check("cors", Json::Bool(cors), Json::Bool(answer.get("cors") == Some(&Json::Bool(true))));
    if let Some(theirs) = answer.get("cert").and_then(Json::as_str) {
        let ours = certificate.unwrap_or_default();
        let same = if theirs == "FAKE" { ours.contains("Fake Certificate") } else { ours.split(", ").any(|name| name == theirs) };
        check("certificate", Json::Bool(true), Json::Bool(same));
    }
    wrong
}

#[test]
fn the_model_agrees_with_a_second_reading_on_random_cases() {
    let Some(folder) = scripts() else { return };
    let (first, count) = (number("GATESHIFT_RANDOM_FIRST", 1000), number("GATESHIFT_RANDOM_SEEDS", 100));
    let out = env::temp_dir().join(format!("gateshift-random-{}-{first}-{count}", std::process::id()));
    fs::create_dir_all(&out).expect("folder");
    let (mut total, mut unmodelled, mut wrong) = (0, 0, Vec::new());
    // In portions, so that no command line becomes too long.
    for start in (first..first + count).step_by(200) {
        let end = (start + 200).min(first + count) - 1;
        python(
            &folder.join("random_cases.py"),
            &["--seeds".to_owned(), format!("{start}-{end}"), "--out".to_owned(), out.display().to_string()],
        );
        let mut files: Vec<PathBuf> = fs::read_dir(&out).expect("cases").map(|entry| entry.expect("entry").path()).collect();
        files.sort();
        let arguments: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let answers = python(&folder.join("answers.py"), &arguments);
        let mut answers = answers.lines();
        for file in files {
            let data: serde_yaml::Value = serde_yaml::from_str(&fs::read_to_string(&file).expect("case")).expect("YAML");
            let case = Case { name: text(&data, "topic").to_owned(), data };
            let mut inventory = case.inventory();
            if case.data.get("ordered").is_some() {
                for (at, ingress) in (0..).zip(&mut inventory.ingresses) {
                    ingress.meta.created = Some(60 * at);
                }
            }
            let resolved = case.resolve(&inventory);
            let router = Router::new(&resolved.config);
            let world = Echo::new(&inventory, text(&case.data, "given"));
            for exchange in echo::exchanges(&case.data) {
                let answer: Json = serde_json::from_str(answers.next().expect("an answer for each request")).expect("JSON");
                let answer = &answer["answer"];
                let request = echo::request(&exchange["request"], "10.77.200.1");
                let decision = router.decide(&request, &world);
                total += 1;
                if answer.get("unmodelled").is_some() || matches!(decision.outcome, Outcome::Unmodelled { .. }) {
                    unmodelled += 1;
                    continue;
                }
                // A denied location has no `error_page` (nginx.tmpl writes it only where `isLocationAllowed`), so its 503 stays; the second
                // reading replaces it all the same.
                let denied = decision.trace.iter().any(|step| step.text.starts_with("the location is denied"));
                if denied && answer.get("status") != Some(&Json::from(503)) {
                    continue;
                }
                let found = differences(&decision.outcome, decision.certificate.as_deref(), answer);
                if !found.is_empty() {
                    let shown = serde_json::to_string(&exchange["request"]).expect("JSON");
                    wrong.push(format!("{} {shown}\n    {}", case.name, found.join("\n    ")));
                }
            }
            fs::remove_file(file).expect("case");
        }
    }
    fs::remove_dir_all(&out).expect("folder");
    println!("{total} random requests, {} differ, {unmodelled} not modelled by one of the two", wrong.len());
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {total} differ\n{shown}", wrong.len());
    assert!(50 * unmodelled <= total, "{unmodelled} of {total} are not modelled");
}
