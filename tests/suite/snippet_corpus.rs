//! What becomes of the snippets of the shared corpus: how many directives of each meaning, and how many snippets and repositories, each
//! target keeps.

#![allow(clippy::print_stdout, reason = "tests say what they skip and what they measured")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use gateshift::{
    ingress,
    k8s::Step,
    ledger::{Code, Settlement},
    report,
    snippet::{Place, Reading, Unless},
    targets, translate,
};

use super::{judge, shared::shared, snippet::snippets_of, snippet_conversion::objects};

/// A snippet of a location or a server.
struct Snippet {
    repository: String,
    annotation: String,
    text: String,
}

fn snippets(folder: &std::path::Path) -> Vec<Snippet> {
    let mut files: Vec<_> = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.file_name().expect("name").to_string_lossy().into_owned();
        let repository = name.split("__").take(2).collect::<Vec<_>>().join("/");
        for (annotation, text) in snippets_of(&fs::read_to_string(&file).expect("file")) {
            if ["configuration-snippet", "server-snippet"].contains(&annotation.as_str()) {
                all.push(Snippet { repository: repository.clone(), annotation, text });
            }
        }
    }
    all
}

/// What was kept of a snippet, directive by directive, and what was said of those that are not.
struct Outcome {
    directives: Vec<bool>,
    said: Vec<String>,
}

impl Outcome {
    fn is_full(&self) -> bool {
        self.directives.iter().all(|kept| *kept)
    }
}

/// A fixed answer that becomes a 500 is not kept, though nobody is served.
fn kept(settlement: &Settlement) -> bool {
    match settlement {
        Settlement::Exact | Settlement::Policy { .. } | Settlement::NoEffect { .. } => true,
        Settlement::Differs { codes } => !codes.contains(&Code::SnippetAnswer),
        Settlement::Unmappable { .. } | Settlement::Unknown { .. } => false,
    }
}

/// The settlement of a directive: the annotation's entry has an index.
fn directive(entry: &gateshift::ledger::Entry) -> Option<&Settlement> {
    match entry.subject.field.steps() {
        [Step::Key(_), Step::Key(annotations), Step::Key(_), Step::Index(_)] if annotations == "annotations" => entry.settlement.as_ref(),
        _ => None,
    }
}

/// The snippet in an Ingress of its own; one that uses answers of an authentication service beside a service that can be asked.
fn converted(snippet: &Snippet, (target, allow_raw): (&str, bool)) -> Outcome {
    let mut yaml = objects(&snippet.annotation, &snippet.text);
    if snippet.text.contains("auth_request_set") {
        yaml = yaml.replace("annotations: {", "annotations: {nginx.ingress.kubernetes.io/auth-url: 'http://auth.auth.svc/check', ");
    }
    let inventory = judge::inventory(&yaml);
    let controller = ingress::controller(&inventory, &ingress::Given::default());
    let resolved = ingress::resolve(&inventory, &controller, &ingress::Options::of(&inventory));
    let options = translate::Options { allow_raw, ..translate::Options::of(targets::by_id(target).expect("target"), "any") };
    let translation = translate::translate(&resolved.config, &inventory, &options);
    let ledger = report::account(&inventory, &controller, &resolved, &translation);
    let directives = ledger.entries().iter().filter_map(directive).map(kept).collect();
    let lost = |finding: &&gateshift::ledger::Finding| {
        ["snippet/not-convertible", "snippet/answer", "header/variables", "snippet/loses-backend"].contains(&finding.code.as_str())
    };
    let said = translation.findings.iter().filter(lost).map(report::Diagnostics::message).collect();
    Outcome { directives, said }
}

/// Target, with raw text of nginx or without it, and the least share of snippets and of repositories that are fully converted, in percent.
const FLOORS: [(&str, bool, usize, usize); 4] = [
    ("standard", false, 40, 30),
    ("envoy-gateway", false, 75, 70),
    ("nginx-gateway-fabric", false, 45, 40),
    ("nginx-gateway-fabric", true, 60, 60),
];

#[test]
fn most_snippets_of_the_corpus_are_converted() {
    let Some(corpus) = shared("corpus") else { return };
    let snippets = snippets(&corpus);
    let refused = |snippet: &&Snippet| {
        let place = Place::of_annotation(&snippet.annotation).expect("place");
        Reading::new(&snippet.text, place).refusals().iter().any(|refusal| refusal.unless == Unless::Never)
    };
    println!("{} snippets, {} of them are refused by nginx", snippets.len(), snippets.iter().filter(refused).count());
    for (target, raw, least_snippets, least_repositories) in FLOORS {
        let mut full = 0;
        let mut repositories: BTreeMap<&str, bool> = BTreeMap::new();
        let mut meanings: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut said: BTreeSet<String> = BTreeSet::new();
        for snippet in &snippets {
            let outcome = converted(snippet, (target, raw));
            full += usize::from(outcome.is_full());
            *repositories.entry(&snippet.repository).or_insert(true) &= outcome.is_full();
            said.extend(outcome.said.iter().map(|text| format!("{}: {text}", snippet.repository)));
            let reading = Reading::new(&snippet.text, Place::of_annotation(&snippet.annotation).expect("place"));
            assert_eq!(reading.understood.len(), outcome.directives.len(), "{}", snippet.text);
            for (understood, kept) in reading.understood.iter().zip(&outcome.directives) {
                let (whole, of) = meanings.entry(understood.meaning.word()).or_default();
                *whole += usize::from(*kept);
                *of += 1;
            }
        }
        let whole = repositories.values().filter(|&&all| all).count();
        let (kept, directives) = meanings.values().fold((0, 0), |(kept, all), (one, of)| (kept + one, all + of));
        println!(
            "{target}{}: {kept} of {directives} directives, {full} of {} snippets, {whole} of {} repositories",
            if raw { " with raw text" } else { "" },
            snippets.len(),
            repositories.len()
        );
        let table: Vec<String> = meanings.iter().map(|(word, (kept, of))| format!("{word} {kept}/{of}")).collect();
        println!("  {}", table.join(", "));
        for text in &said {
            println!("  {text}");
        }
        let open: Vec<&str> = repositories.iter().filter(|(_, whole)| !**whole).map(|(name, _)| *name).collect();
        println!("  not fully: {}", open.join(", "));
        assert!(snippets.len() > 50, "{}", snippets.len());
        assert!(100 * full >= least_snippets * snippets.len(), "{target}: {full} snippets");
        assert!(100 * whole >= least_repositories * repositories.len(), "{target}: {whole} repositories");
    }
}
