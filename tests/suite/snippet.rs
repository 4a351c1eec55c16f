//! Snippets: the cases of `testdata/snippets`, the recorded answers of a real nginx, and the snippets of the shared corpus.

#![allow(clippy::print_stdout, reason = "tests say what they skip and what they measured")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use gateshift::request::{Header, Request, Scheme};
use gateshift::snippet::{
    Consequence, Ending, LocationModifier, Meaning, Place, Reading, Site, SiteLocation, Unless, conflicts, explain, predict, print, read,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::shared::shared;

/// A snippet and what is expected of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) text: String,
    #[serde(default)]
    pub(super) verdict: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) meanings: Vec<String>,
    #[serde(default)]
    pub(super) requests: Vec<Wanted>,
}

/// A request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) path: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: u64,
}

/// An answer of nginx; status 0 where there was none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    /// Lines of the request that the backend got.
    pub(super) upstream: Vec<String>,
}

/// An answer that was written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Recorded {
    pub(super) name: String,
    pub(super) request: usize,
    #[serde(flatten)]
    pub(super) answer: Answer,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/snippets")
}

pub(super) fn cases() -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    let mut files: Vec<PathBuf> = fs::read_dir(data()).expect("testdata/snippets").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.file_stem().is_some_and(|stem| stem != "recorded")) {
        let text = fs::read_to_string(file).expect("cases");
        let list: Vec<Case> = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        all.extend(list);
    }
    all
}

pub(super) fn wanted_verdict(case: &Case) -> &str {
    case.verdict.as_deref().unwrap_or("accepted")
}

fn place(case: &Case) -> Place {
    let name = case.place.as_str();
    Place::of_annotation(name).or_else(|| Place::of_config_key(name)).unwrap_or_else(|| panic!("{}: place {name}", case.name))
}

pub(super) fn request(case: &Case, wanted: &Wanted) -> Request {
    Request {
        method: wanted.method.clone().unwrap_or_else(|| "GET".to_owned()),
        scheme: Scheme::Http,
        host: Some(format!("{}.example.org", case.name)),
        sni: None,
        target: wanted.path.clone(),
        headers: wanted.headers.iter().map(|(name, value)| Header { name: name.clone(), value: value.clone() }).collect(),
        body_bytes: wanted.body,
        chunked: false,
        http_version: "1.1".to_owned(),
        client: "127.0.0.1".to_owned(),
        port: None,
        client_certificate: None,
    }
}

/// The locations that surround every case: `/` with `configuration-snippet`, `/app/` and `= /app`.
const BESIDE: [(LocationModifier, &str); 3] =
    [(LocationModifier::Prefix, "/app/"), (LocationModifier::Exact, "/app"), (LocationModifier::Prefix, "/")];

/// What the prediction and the answer disagree about.
pub(super) fn compare(case: &Case, wanted: &Wanted, answer: &Answer) -> Vec<String> {
    let reading = Reading::new(&case.text, place(case));
    let mut site = Site::default();
    for (modifier, path) in BESIDE {
        let snippets = if path == "/" && case.place == "configuration-snippet" { vec![&reading] } else { Vec::new() };
        site.locations.push(SiteLocation { modifier, path: path.to_owned(), snippets });
    }
    if case.place == "server-snippet" {
        site.before.push(&reading);
    }
    let request = request(case, wanted);
    let prediction = predict(&site, &request);
    let mut wrong = Vec::new();
    if prediction.ending == Ending::Unknown || !prediction.undecided.is_empty() {
        return vec![format!("undecided: {:?}", prediction.undecided)];
    }
    let query = if prediction.query.is_empty() { String::new() } else { format!("?{}", prediction.query) };
    let target = if prediction.rewritten { format!("{}{query}", prediction.path) } else { request.target.clone() };
    let backend_status = target.strip_prefix("/status/").and_then(|rest| rest.parse().ok()).unwrap_or(200);
    let (status, location) = match &prediction.ending {
        Ending::Backend => (backend_status, None),
        Ending::OtherBackend(_) => (502, None),
        Ending::Files => (404, None),
        Ending::Redirect { status, location } => (*status, location.clone()),
        Ending::Answer { status, .. } => (*status, None),
        Ending::Closed | Ending::Unknown => (0, None),
    };
    if status != answer.status {
        wrong.push(format!("status {status} predicted, {} answered ({:?})", answer.status, prediction.ending));
        return wrong;
    }
    let seen = answer.headers.get("location").and_then(|values| values.first());
    if location.as_ref() != seen && location.is_some() {
        wrong.push(format!("Location {location:?} predicted, {seen:?} answered"));
    }
    let backend = prediction.ending == Ending::Backend;
    // An answer to HEAD has no body that could tell what the backend got.
    let has_body = request.method != "HEAD";
    if has_body && backend == answer.upstream.is_empty() {
        wrong.push(format!("backend {backend} predicted, it got {:?}", answer.upstream));
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    if backend {
        headers.push(("x-backend".to_owned(), "yes".to_owned()));
        headers.push(("x-powered-by".to_owned(), "echo".to_owned()));
    }
    if backend && has_body {
        let line = answer.upstream.first().and_then(|line| line.split(' ').nth(1));
        if line != Some(&target) {
            wrong.push(format!("target {target} predicted, {line:?} sent"));
        }
        for effect in &prediction.request_headers {
            let prefix = format!("{}: ", effect.name.to_ascii_lowercase());
            let lines = answer.upstream.iter().filter(|line| line.to_ascii_lowercase().starts_with(&prefix));
            let sent: Vec<&str> = lines.map(|line| &line[prefix.len()..]).collect();
            // The controller may send a line of its own before.
            if !effect.unknown && sent.last().copied() != effect.value.as_deref() {
                wrong.push(format!("{}: {:?} predicted, {sent:?} sent", effect.name, effect.value));
            }
        }
    }
    for effect in &prediction.response_headers {
        effect.apply(status, &mut headers);
    }
    let mut names: BTreeSet<String> = prediction.response_headers.iter().map(|effect| effect.name.to_ascii_lowercase()).collect();
    names.extend(["x-backend".to_owned(), "x-powered-by".to_owned()]);
    let unknown = |name: &str| prediction.response_headers.iter().any(|effect| effect.unknown && effect.name.eq_ignore_ascii_case(name));
    for name in names.iter().filter(|name| !unknown(name) && !name.ends_with('*')) {
        let mut predicted: Vec<&str> = headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
        let mut seen: Vec<&str> = answer.headers.get(name).map(|values| values.iter().map(String::as_str).collect()).unwrap_or_default();
        predicted.sort_unstable();
        seen.sort_unstable();
        if predicted != seen {
            wrong.push(format!("{name}: {predicted:?} predicted, {seen:?} answered"));
        }
    }
    wrong
}

/// Messages of everything that nginx refuses in the surroundings of the cases.
fn refusals(case: &Case) -> Vec<String> {
    let reading = Reading::new(&case.text, place(case));
    let mut found = reading.refusals();
    match case.place.as_str() {
        "server-snippet" => found.extend(conflicts(&reading, None, &BESIDE)),
        "configuration-snippet" => found.extend(conflicts(&reading, Some((LocationModifier::Prefix, "/")), &[])),
        _ => {}
    }
    found
        .into_iter()
        .filter(|refusal| !matches!(refusal.unless, Unless::Absent(_) | Unless::Loaded(_)))
        .map(|refusal| refusal.message)
        .collect()
}

#[test]
fn cases_are_refused_and_understood_as_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let reading = Reading::new(&case.text, place(&case));
        let words: Vec<&str> = reading.understood.iter().map(|one| one.meaning.word()).collect();
        if !case.meanings.is_empty() && words != case.meanings {
            wrong.push(format!("{}: meanings {words:?}", case.name));
        }
        let found = refusals(&case);
        let swallows = reading.snippet.stops.iter().any(|stop| stop.consequence(reading.snippet.place) == Consequence::Swallows);
        let verdict = if !found.is_empty() {
            "refused"
        } else if swallows {
            "swallows"
        } else {
            "accepted"
        };
        let message = case.message.as_ref().is_none_or(|message| found.iter().any(|one| one == message));
        if verdict != wanted_verdict(&case) || !message {
            wrong.push(format!("{}: {verdict}, {found:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn predictions_agree_with_recorded_answers() {
    let text = fs::read_to_string(data().join("recorded.yaml")).expect("recorded answers");
    let recorded: Vec<Recorded> = serde_yaml::from_str(&text).expect("recorded answers");
    let cases: BTreeMap<String, Case> = cases().into_iter().map(|case| (case.name.clone(), case)).collect();
    let mut wrong = Vec::new();
    for one in &recorded {
        let case = &cases[&one.name];
        let wanted = &case.requests[one.request];
        wrong.extend(compare(case, wanted, &one.answer).into_iter().map(|what| format!("{} {}: {what}", one.name, wanted.path)));
    }
    assert!(recorded.len() > 150, "{} answers", recorded.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Texts of annotations and keys that end in `-snippet`, anywhere in the documents of a file.
pub(super) fn snippets_of(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let Ok(value) = serde_yaml::Value::deserialize(document) else { continue };
        let mut work = vec![value];
        while let Some(value) = work.pop() {
            match value {
                serde_yaml::Value::Mapping(mapping) => {
                    for (key, value) in mapping {
                        if let (Some(key), Some(text)) = (key.as_str(), value.as_str())
                            && key.ends_with("-snippet")
                        {
                            found.push((key.rsplit('/').next().unwrap_or(key).to_owned(), text.to_owned()));
                        }
                        work.push(value);
                    }
                }
                serde_yaml::Value::Sequence(list) => work.extend(list),
                _ => {}
            }
        }
    }
    found
}

/// Files below a folder of the shared material, with their snippets.
fn corpus(folder: &Path) -> Vec<(String, Vec<(String, String)>)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    let yaml = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    yaml.filter_map(|file| {
        let text = fs::read_to_string(&file).expect("file");
        let snippets = snippets_of(&text);
        (!snippets.is_empty()).then(|| (file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(), snippets))
    })
    .collect()
}

/// Headers, redirects and denials, and what holds them.
fn is_simple(meaning: &Meaning) -> bool {
    match meaning {
        Meaning::RequestHeaders(_)
        | Meaning::ResponseHeaders(_)
        | Meaning::Expires(_)
        | Meaning::Redirect { .. }
        | Meaning::Answer { .. }
        | Meaning::Condition(_)
        | Meaning::Location(_)
        | Meaning::Access { .. }
        | Meaning::ContentType
        | Meaning::NoEffect => true,
        Meaning::Rewrite(rewrite) => matches!(rewrite.after, gateshift::snippet::After::Redirect(_)),
        _ => false,
    }
}

#[test]
fn every_snippet_of_the_corpus_is_read_and_understood() {
    let Some(corpus_folder) = shared("corpus") else { return };
    let (mut words, mut snippets, mut simple) = (BTreeMap::<&str, usize>::new(), 0, 0);
    let mut repositories: BTreeMap<String, bool> = BTreeMap::new();
    let mut others: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut refused = 0;
    let mut wrong = Vec::new();
    for (file, found) in corpus(&corpus_folder) {
        for (key, text) in found {
            let Some(place) = Place::of_annotation(&key) else { continue };
            let reading = Reading::new(&text, place);
            snippets += 1;
            for one in &reading.understood {
                *words.entry(one.meaning.word()).or_default() += 1;
            }
            // The rules with apostrophes are in fact refused by nginx.
            if !reading.snippet.stops.is_empty() && place != Place::ModsecuritySnippet {
                wrong.push(format!("{file} {key}: {:?}", reading.snippet.stops));
            }
            if reading.understood.iter().any(|one| one.meaning == Meaning::Unknown) {
                println!("{file} {key}\n{}", explain(&reading));
            }
            let only = reading.understood.iter().all(|one| is_simple(&one.meaning));
            simple += usize::from(only);
            let repository = file.split("__").take(2).collect::<Vec<_>>().join("/");
            let entry = repositories.entry(repository.clone()).or_insert(true);
            *entry &= only;
            for one in reading.understood.iter().filter(|one| !is_simple(&one.meaning)) {
                others.entry(one.meaning.word()).or_default().insert(repository.clone());
            }
            refused += usize::from(reading.refusals().iter().any(|refusal| refusal.unless == Unless::Never));
        }
    }
    let directives: usize = words.values().sum();
    println!("{snippets} snippets, {directives} directives: {words:?}");
    let simple_repositories = repositories.values().filter(|&&only| only).count();
    println!(
        "only headers, redirects, denials: {simple} of {snippets} snippets, {simple_repositories} of {} repositories",
        repositories.len()
    );
    println!("nginx refuses {refused} snippets whatever stands beside them; other meanings by repository: {others:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(snippets > 60);
}

#[test]
fn snippets_of_recorded_clusters_have_the_recorded_verdict() {
    let Some(folder) = shared("truth/ingress-nginx") else { return };
    let mut seen = 0;
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("snippet-"))) {
        let text = fs::read_to_string(file).expect("file");
        let value: serde_yaml::Value = serde_yaml::from_str(&text).expect("yaml");
        let given = value["given"].as_str().unwrap_or_default();
        let mut found = snippets_of(given);
        let keys = value["controller"]["configmap"].as_mapping().cloned().unwrap_or_default();
        let config: Vec<(String, String)> = keys
            .iter()
            .filter_map(|(key, text)| Some((key.as_str().filter(|key| key.ends_with("-snippet"))?.to_owned(), text.as_str()?.to_owned())))
            .collect();
        let refused = value["refused"]["kind"].as_str() == Some("config");
        let mut any = false;
        for (place, text) in found
            .drain(..)
            .map(|(key, text)| (Place::of_annotation(&key), text))
            .chain(config.into_iter().map(|(key, text)| (Place::of_config_key(&key), text)))
        {
            let reading = Reading::new(&text, place.expect("place"));
            seen += 1;
            any |= reading.refusals().iter().any(|refusal| refusal.unless == Unless::Never);
        }
        assert_eq!(any, refused, "{}", file.display());
    }
    println!("{seen} snippets of recorded clusters");
    assert!(seen > 10);
}

/// Pieces of configuration, sensible and hostile.
pub(super) fn fragments() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("add_header X \"a;b\"; ".to_owned()),
        Just("if ($host = x) { ".to_owned()),
        Just("location /a { ".to_owned()),
        Just("content_by_lua_block { ".to_owned()),
        Just("[[".to_owned()),
        Just("]] ".to_owned()),
        Just("} ".to_owned()),
        Just("; ".to_owned()),
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("${".to_owned()),
        Just("# ".to_owned()),
        Just("\n".to_owned()),
        Just("--".to_owned()),
        Just("return 301 $scheme://$1${x}; ".to_owned()),
        Just("rewrite ^/(.*)$ /$1? last; ".to_owned()),
        Just("more_set_headers -s '404' 'A: b'".to_owned()),
        "[a-z$ü\\PC]{0,6}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Configuration that is read to its end: any words, in quotation marks or escaped, and blocks.
fn statements() -> impl Strategy<Value = String> {
    let quoted = any::<String>().prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    let single = "[^'\\\\]{0,12}".prop_map(|text| format!("'{text}'"));
    let name = prop_oneof![
        Just("add_header".to_owned()),
        Just("return".to_owned()),
        Just("set".to_owned()),
        Just("rewrite".to_owned()),
        Just("if".to_owned()),
        Just("location".to_owned()),
        Just("more_set_headers".to_owned()),
        "[a-z_]{1,8}",
    ];
    let word =
        prop_oneof![quoted, single, "[a-z0-9$/~^.*=()|?]{1,8}", "\\\\[a-z;{ ]", Just("$scheme://$1".to_owned()), Just("301".to_owned())];
    let head = (name, proptest::collection::vec(word, 0..4)).prop_map(|(name, words)| format!("{name} {}", words.join(" ")));
    let statement = head.clone().prop_map(|head| format!("{head} ;# a comment\n"));
    let block =
        (head, proptest::collection::vec(statement.clone(), 0..3)).prop_map(|(head, inner)| format!("{head} {{ {} }}\n", inner.concat()));
    let lua = Just("content_by_lua_block { local a = {1, \"}\"} -- }\n }\n".to_owned());
    proptest::collection::vec(prop_oneof![4 => statement, 2 => block, 1 => lua], 0..6).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_with_spans_inside_it(text in fragments(), at in 0..Place::ALL.len()) {
        let reading = Reading::new(&text, Place::ALL[at]);
        for directive in &reading.snippet.directives {
            prop_assert!(text.get(directive.span.clone()).is_some());
            prop_assert!(text.get(directive.head()).is_some());
            for word in &directive.words {
                prop_assert!(text.get(word.span.clone()).is_some());
            }
        }
        for stop in &reading.snippet.stops {
            prop_assert!(text.get(stop.span.clone()).is_some());
        }
        for refusal in reading.refusals() {
            prop_assert!(text.get(refusal.span).is_some());
        }
        prop_assert_eq!(reading.understood.len(), reading.snippet.directives.len());
        explain(&reading);
    }

    #[test]
    fn what_is_printed_means_the_same(text in statements()) {
        let first = Reading::new(&text, Place::ServerSnippet);
        prop_assert!(first.snippet.stops.is_empty(), "{:?}", first.snippet.stops);
        let printed = print(&first.snippet);
        let second = Reading::new(&printed, Place::ServerSnippet);
        let meanings = |reading: &Reading| reading.understood.iter().map(|one| one.meaning.clone()).collect::<Vec<_>>();
        prop_assert_eq!(meanings(&first), meanings(&second), "{}", printed);
        prop_assert_eq!(print(&second.snippet), printed);
    }

    #[test]
    fn any_site_answers_any_request(text in fragments(), target in "/[a-z/.?=&%]{0,12}") {
        let server = Reading::new(&text, Place::ServerSnippet);
        let location = Reading::new(&text, Place::ConfigurationSnippet);
        let mut site = Site { before: vec![&server], ..Site::default() };
        site.locations.push(SiteLocation { modifier: LocationModifier::Prefix, path: "/".to_owned(), snippets: vec![&location] });
        let case = Case { name: "any".to_owned(), place: String::new(), text: String::new(), verdict: None, message: None, meanings: Vec::new(), requests: Vec::new() };
        let wanted = Wanted { path: target, method: None, headers: BTreeMap::new(), body: 0 };
        predict(&site, &request(&case, &wanted));
    }
}

#[test]
fn deep_nesting_exhausts_nothing() {
    let text = "location /a { ".repeat(200_000);
    let reading = Reading::new(&text, Place::ServerSnippet);
    assert_eq!(reading.snippet.directives.len(), 200_000);
    assert!(!reading.refusals().is_empty());
    assert!(print(&reading.snippet).len() < 200 * 200_000);
    assert!(!explain(&reading).is_empty());
}

#[test]
fn long_broken_texts_are_read_in_time() {
    for text in
        ["\"\\\"".repeat(300_000), "content_by_lua_block { ".to_owned() + &"\"\\".repeat(300_000), "{".repeat(500_000), "[".repeat(500_000)]
    {
        read(&text, Place::ConfigurationSnippet);
        read(&text, Place::ModsecuritySnippet);
    }
}
