//! Who may use whom.

use std::{collections::BTreeMap, fs, path::Path};

/// Each module and the modules it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("automata", &[]),
    ("yaml", &[]),
    ("k8s", &["yaml"]),
    ("request", &["automata", "k8s"]),
    ("catalog", &["yaml", "k8s"]),
    ("ledger", &["yaml", "k8s", "catalog"]),
    ("read", &["yaml", "k8s", "ledger"]),
    ("nginx", &["automata", "request", "k8s"]),
    ("gateway", &["automata", "request", "k8s", "yaml", "catalog", "ledger"]),
    ("snippet", &["automata", "request", "k8s", "catalog", "nginx"]),
    ("annotations", &["k8s", "catalog", "ledger", "snippet", "nginx", "gateway", "automata"]),
    ("ingress", &["k8s", "catalog", "ledger", "snippet", "annotations", "nginx", "automata"]),
    ("targets", &["automata", "request", "k8s", "yaml", "catalog", "ledger", "gateway"]),
    ("translate", &["automata", "request", "k8s", "catalog", "ledger", "annotations", "targets", "nginx", "gateway"]),
    ("compare", &["automata", "request", "k8s", "ledger", "nginx", "gateway"]),
    (
        "report",
        &[
            "automata",
            "yaml",
            "k8s",
            "request",
            "catalog",
            "ledger",
            "nginx",
            "gateway",
            "snippet",
            "annotations",
            "ingress",
            "targets",
            "translate",
            "compare",
        ],
    ),
];

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("source folder").map(|entry| entry.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    files(&root, &mut sources);
    let mut wrong = Vec::new();
    for path in sources {
        let relative = path.strip_prefix(&root).expect("below src");
        let module = relative.iter().next().and_then(|part| part.to_str()).expect("module");
        if !relative.starts_with(module) || relative.components().count() == 1 || module == "cli" {
            continue;
        }
        let may = allowed.get(module).unwrap_or_else(|| panic!("`{module}` is not in the table"));
        let text = fs::read_to_string(&path).expect("source");
        let code: String =
            text.lines().map(|line| if line.trim_start().starts_with("//") { "\n".to_owned() } else { format!("{line}\n") }).collect();
        for (at, _) in code.match_indices("crate::") {
            let line = code[..at].lines().count() + 1;
            for name in used(&code[at + "crate::".len()..]) {
                if (allowed.contains_key(name) || name == "cli") && name != module && !may.contains(&name) {
                    wrong.push(format!("{}:{line}: `{module}` may not use `{name}`", relative.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules behind `crate::`: one, or those of a group, which may go over several lines.
fn used(rest: &str) -> Vec<&str> {
    let word = |text: &str| -> usize { text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()) };
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..word(rest)]] };
    let (mut found, mut depth, mut start) = (Vec::new(), 0, true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            _ if start && depth == 0 && (character.is_alphanumeric() || character == '_') => {
                found.push(&group[at..at + word(&group[at..])]);
                start = false;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn groups_of_several_lines_are_read() {
    assert_eq!(used("yaml::Node;"), ["yaml"]);
    assert_eq!(used("{\n    gateway::{Intent, api},\n    ledger::Code,\n};"), ["gateway", "ledger"]);
}
