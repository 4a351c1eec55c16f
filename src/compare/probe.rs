//! Families of unclean requests. Both models are asked about one of each; nothing is proved by it.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    replay::{self, Stage},
    router::{Entry, Router},
    verdict::Probe,
    witness,
};
use crate::request::{Header, Request};

/// Name of a family, and what makes a plain request one of it.
type Family = (&'static str, fn(&mut Request));

const FAMILIES: [Family; 13] = [
    ("escaped slash", |request| request.target = format!("{}%2Fb", start(request))),
    ("double slash", |request| request.target = format!("/{}//b", base(request))),
    ("dot segments", |request| request.target = format!("/a/..{}/b", beside(base(request)))),
    ("escaped letter", |request| request.target = escaped(base(request))),
    ("semicolon", |request| request.target = format!("{};b=c", start(request))),
    ("characters to be encoded", |request| request.target = format!("{}/{{b}}|c", base(request))),
    ("final dot of the host", |request| append(&mut request.host, ".")),
    ("port in the Host header", |request| append(&mut request.host, ":8080")),
    ("letter case of the host", |request| request.host = request.host.as_ref().map(|host| host.to_ascii_uppercase())),
    ("header with underscore", |request| header(request, "X_Custom", "1")),
    ("forwarded scheme", |request| header(request, "X-Forwarded-Proto", "https")),
    ("forwarded host", |request| header(request, "X-Forwarded-Host", "other.example")),
    ("method TRACE", |request| "TRACE".clone_into(&mut request.method)),
];

fn base(request: &Request) -> &str {
    request.target.trim_end_matches('/')
}

/// The path, or one below the root, to which something can be added.
fn start(request: &Request) -> &str {
    match base(request) {
        "" => "/a",
        base => base,
    }
}

/// The path and the way out of it; nobody goes up from the root.
fn beside(base: &str) -> String {
    if base.is_empty() { String::new() } else { format!("{base}/..") }
}

/// The path with its last letter escaped.
fn escaped(base: &str) -> String {
    match base.bytes().next_back() {
        Some(last) if last.is_ascii_alphanumeric() => format!("{}%{last:02X}", &base[..base.len() - 1]),
        Some(_) | None => format!("{base}/%61"),
    }
}

fn append(host: &mut Option<String>, text: &str) {
    if let Some(host) = host {
        host.push_str(text);
    }
}

fn header(request: &mut Request, name: &str, value: &str) {
    request.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
}

/// Paths of a configuration that are probed.
const PATHS: usize = 16;

/// What a configuration says and no clean request can be for.
const CONFIGURED: &str = "path as configured";

/// Targets that stand for paths which somebody asks for and which are not clean: as they are written, and what is read as that.
fn targets(paths: &BTreeSet<String>) -> Vec<String> {
    let mut targets: Vec<String> = Vec::new();
    for path in paths {
        for keep_escapes in [true, false] {
            let target = encoded(path, keep_escapes);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    targets.truncate(PATHS);
    targets
}

/// The path as a URI carries it. `keep_escapes`: what is escaped in it already stays as it is.
fn encoded(path: &str, keep_escapes: bool) -> String {
    let hexadecimal = |at: usize| path.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut target = String::with_capacity(path.len());
    for (at, byte) in path.bytes().enumerate() {
        let escape = byte == b'%' && !(keep_escapes && hexadecimal(at + 1) && hexadecimal(at + 2));
        if escape || !byte.is_ascii_graphic() || b"\"#<>?\\^`{|}".contains(&byte) {
            let _ = write!(target, "%{byte:02X}");
        } else {
            target.push(char::from(byte));
        }
    }
    target
}

/// One request of each family to a host, and one for each of the `paths` that it asks for and that are not clean.
pub(super) fn probe(old: &impl Router, new: &impl Router, host: &str, base: &str, paths: &BTreeSet<String>) -> Vec<Probe> {
    let plain = witness::plain(Entry::HTTP, host, if base.is_empty() { "/" } else { base });
    let families = FAMILIES.iter().map(|(family, change)| {
        let mut request = plain.clone();
        change(&mut request);
        (*family, request)
    });
    let configured = targets(paths).into_iter().map(|target| (CONFIGURED, witness::plain(Entry::HTTP, host, &target)));
    families
        .chain(configured)
        .map(|(family, request)| {
            let replayed = replay::replay(old, new, &request, &Stage::default());
            let known = replayed.is_decided();
            Probe {
                family,
                same: if known || !replayed.unlike.is_empty() { Some(replayed.unlike.is_empty()) } else { None },
                request,
                old: replayed.old.decision.outcome.clone(),
                new: replayed.new.decision.outcome.clone(),
            }
        })
        .collect()
}
