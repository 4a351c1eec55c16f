//! Golden cases: each folder of `testdata/cases` holds an input and what `convert` makes of it, pure files that can be read alone.
//!
//! `UPDATE_GOLDEN=1 cargo test cases` writes the outputs anew; a person reads them in the diff. A case may have `arguments` (one a line)
//! for flags beside `-f input.yaml`, or a `command` (one word a line) that is run instead: its stdout is `output.txt`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Folders of all cases, sorted.
fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).expect("testdata/cases").map(|entry| entry.expect("entry").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Runs gateshift in a folder.
pub(crate) fn gateshift(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gateshift"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("COLUMNS")
        .output()
        .expect("gateshift runs")
}

fn compare(file: &Path, actual: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(file, actual).expect("golden file is written");
        return;
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected != actual {
        let diff = similar::TextDiff::from_lines(&expected, actual.to_owned()).unified_diff().header("golden", "actual").to_string();
        wrong.push(format!("{}\n{diff}", file.display()));
    }
}

#[test]
fn convert_gives_what_the_golden_files_say() {
    let mut wrong = Vec::new();
    let folders = cases();
    assert!(folders.len() > 20, "only {} cases", folders.len());
    for folder in folders.into_iter().filter(|folder| !folder.join("command").is_file()) {
        let extra = fs::read_to_string(folder.join("arguments")).unwrap_or_default();
        let ledger =
            std::env::temp_dir().join(format!("gateshift-{}-{}.json", std::process::id(), folder.file_name().expect("name").display()));
        let ledger_text = ledger.display().to_string();
        let mut arguments = vec!["convert", "-f", "input.yaml", "--ledger", &ledger_text];
        arguments.extend(extra.lines());
        let output = gateshift(&folder, &arguments);
        let account = fs::read_to_string(&ledger).unwrap_or_default();
        let _ = fs::remove_file(&ledger);
        compare(&folder.join("output.yaml"), &String::from_utf8_lossy(&output.stdout), &mut wrong);
        compare(&folder.join("summary.txt"), &summary(&output), &mut wrong);
        compare(&folder.join("ledger.json"), &account, &mut wrong);
    }
    assert!(wrong.is_empty(), "{} golden file(s) differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_object_is_written_twice() {
    for folder in cases() {
        let output = fs::read_to_string(folder.join("output.yaml")).unwrap_or_default();
        let mut seen = std::collections::BTreeSet::new();
        for document in output.split("---\n").filter(|document| document.contains("\nmetadata:\n")) {
            let field = |name: &str| document.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let id = (field("kind: "), field("  namespace: "), field("  name: "));
            assert!(seen.insert(id), "{id:?} of {}", folder.display());
        }
    }
}

/// What goes to stderr, and the exit code.
fn summary(output: &Output) -> String {
    format!("{}exit {}\n", String::from_utf8_lossy(&output.stderr), output.status.code().unwrap_or(-1))
}

#[test]
fn commands_say_what_the_golden_files_say() {
    let mut wrong = Vec::new();
    for folder in cases() {
        let Ok(command) = fs::read_to_string(folder.join("command")) else { continue };
        let output = gateshift(&folder, &command.lines().collect::<Vec<_>>());
        compare(&folder.join("output.txt"), &String::from_utf8_lossy(&output.stdout), &mut wrong);
        compare(&folder.join("summary.txt"), &summary(&output), &mut wrong);
    }
    assert!(wrong.is_empty(), "{} golden file(s) differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Codes that no file can bring about, and what does.
const NOT_FROM_FILES: &[(&str, &str)] = &[
    ("cluster/controller-unknown", "cluster"),
    ("cluster/forbidden", "cluster"),
    ("cluster/mixed-bundles", "cluster"),
    ("cluster/not-installed", "cluster"),
    ("cluster/not-served", "cluster"),
    ("cluster/one-namespace", "cluster"),
    ("cluster/unreachable", "cluster_cli: one of several clusters does not answer"),
    ("cluster/unreadable", "cluster"),
    ("gateway/condition-false", "cluster_cli: a status comes from a cluster"),
    ("gateway/own-object-refused", "a defect: what is emitted is accepted"),
    ("input/unreadable-file", "reading: it takes a file that the system does not open"),
];

#[test]
fn every_finding_code_occurs_in_some_case_or_sample() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = String::new();
    let mut folders = cases();
    folders.push(root.join("reports/samples/shop"));
    for folder in folders {
        for entry in fs::read_dir(folder).expect("a case") {
            let path = entry.expect("entry").path();
            let golden = ["summary.txt", "output.txt", "ledger.json", "report.json"];
            if golden.iter().any(|name| path.ends_with(name)) {
                texts.push_str(&fs::read_to_string(path).expect("a golden file"));
            }
        }
    }
    // A code ends where a letter or a dash does not follow.
    let occurs = |code: &str| {
        texts
            .match_indices(code)
            .any(|(at, _)| !texts[at + code.len()..].starts_with(|next: char| next.is_ascii_lowercase() || next == '-'))
    };
    let missing: Vec<&str> = gateshift::ledger::Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !occurs(code) && NOT_FROM_FILES.iter().all(|(known, _)| known != code))
        .collect();
    assert!(missing.is_empty(), "no case has {}", missing.join(", "));
    let excused: Vec<&str> = NOT_FROM_FILES.iter().map(|(code, _)| *code).filter(|code| occurs(code)).collect();
    assert!(excused.is_empty(), "some case has {} after all", excused.join(", "));
}

/// Pieces of texts of findings around each place for a fact, which nobody must ever see.
fn unfilled() -> Vec<String> {
    let mut pieces = Vec::new();
    for entry in gateshift::catalog::findings().iter() {
        for text in [&entry.title, &entry.message, &entry.why, &entry.advice] {
            for (at, _) in text.match_indices('{') {
                let Some(end) =
                    text[at..].find('}').filter(|end| text[at + 1..at + end].bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
                else {
                    continue;
                };
                let start = text[..at].char_indices().rev().nth(9).map_or(0, |(start, _)| start);
                let stop = text[at + end..].char_indices().nth(6).map_or(text.len(), |(stop, _)| at + end + stop);
                pieces.push(text[start..stop].to_owned());
            }
        }
    }
    pieces
}

#[test]
fn no_text_is_shown_with_a_place_that_no_fact_fills() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pieces = unfilled();
    assert!(pieces.len() > 200, "{}", pieces.len());
    let mut wrong = Vec::new();
    let mut folders = cases();
    folders.push(root.join("reports/samples/shop"));
    for folder in folders {
        for entry in fs::read_dir(&folder).expect("a case") {
            let path = entry.expect("entry").path();
            let name = path.file_name().map(|name| name.display().to_string()).unwrap_or_default();
            if name.starts_with("input") || !path.is_file() {
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            wrong.extend(pieces.iter().filter(|piece| text.contains(piece.as_str())).map(|piece| format!("{}: {piece}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn same_input_gives_the_same_bytes_whatever_the_order_of_files() {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clusters/shop");
    let forward = gateshift(&shop, &["convert", "-f", "boutique.yaml", "-f", "payments.yaml", "-f", "platform.yaml"]);
    let backward = gateshift(&shop, &["convert", "-f", "platform.yaml", "-f", "payments.yaml", "-f", "boutique.yaml"]);
    assert!(!forward.stdout.is_empty());
    assert_eq!(String::from_utf8_lossy(&forward.stdout), String::from_utf8_lossy(&backward.stdout));
    assert_eq!(String::from_utf8_lossy(&forward.stderr), String::from_utf8_lossy(&backward.stderr));
}
