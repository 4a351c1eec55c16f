//! Families of unclean requests. Both models are asked about one of each; nothing is proved by it.

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
    ("escaped slash", |request| request.target = format!("{}%2Fb", base(request))),
    ("double slash", |request| request.target = format!("/{}//b", base(request))),
    ("dot segments", |request| request.target = format!("/a/..{}/../b", base(request))),
    ("escaped letter", |request| request.target = escaped(base(request))),
    ("semicolon", |request| request.target = format!("{};b=c", base(request))),
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

/// One request of each family to a host.
pub(super) fn probe(old: &impl Router, new: &impl Router, host: &str, base: &str) -> Vec<Probe> {
    let plain = witness::plain(Entry::HTTP, host, if base.is_empty() { "/" } else { base });
    FAMILIES
        .iter()
        .map(|(family, change)| {
            let mut request = plain.clone();
            change(&mut request);
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
