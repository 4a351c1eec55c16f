//! Regions, domains, assumptions and outcomes in words.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    answers::Unlike,
    pass::{Assumption, Note},
    paths::Paths,
    spaces::Key,
    verdict::{Aspect, Comparison},
};
use crate::request::{Forward, NoAnswer, Outcome, Share, Speech};

/// Paths that are named before the rest is counted.
const NAMED: usize = 3;

/// Cells in words: entries, paths and other parts.
pub(super) fn region(notes: &[Note], paths: &Paths) -> String {
    let mut entries: Vec<String> = Vec::new();
    let mut atoms: Vec<usize> = Vec::new();
    for note in notes {
        let port = note.entry.port.map(|port| format!(" on port {port}")).unwrap_or_default();
        let entry = format!("{}{port}", note.entry.scheme_name());
        if !entries.contains(&entry) {
            entries.push(entry);
        }
        if !atoms.contains(&note.atom) {
            atoms.push(note.atom);
        }
    }
    let mut text = entries.join(" and ");
    let named: Vec<String> = atoms.iter().take(NAMED).map(|&atom| path(atom, paths)).collect();
    let _ = write!(text, ": {}", named.join(", "));
    if atoms.len() > NAMED {
        let _ = write!(text, " and {} more", atoms.len() - NAMED);
    }
    if let Some(parts) = notes.first().map(|note| parts(&note.parts)).filter(|parts| !parts.is_empty())
        && notes.iter().all(|note| self::parts(&note.parts) == parts)
    {
        let _ = write!(text, ", {parts}");
    }
    text
}

fn path(number: usize, paths: &Paths) -> String {
    let atom = &paths.atoms[number];
    if atom.only {
        format!("`{}`", atom.witness)
    } else if atom.prefix.len() > 1 {
        format!("paths like `{}` below `{}`", atom.witness, atom.prefix)
    } else {
        format!("paths like `{}`", atom.witness)
    }
}

fn parts(parts: &[(Key, Option<String>)]) -> String {
    let words: Vec<String> = parts
        .iter()
        .filter_map(|(key, value)| {
            let value = value.as_deref()?;
            match key {
                Key::Method => (value != "GET").then(|| format!("method {value}")),
                Key::Protocol => (value != "http/1.1").then(|| format!("protocol {value}")),
                Key::Header(name) => Some(format!("header `{name}: {value}`")),
                Key::Query(name) => Some(format!("query `{name}={value}`")),
                Key::Client => (value != super::witness::CLIENT).then(|| format!("client {value}")),
                Key::Body => (value != "0").then(|| format!("a body of {value} bytes")),
                Key::Certificate => Some("a client certificate".to_owned()),
            }
        })
        .collect();
    words.join(", ")
}

/// What proofs are about.
pub(super) fn domain(host: &str) -> Vec<String> {
    let hosts = match host {
        "*" => "every host that is not named".to_owned(),
        host if host.starts_with('*') => format!("hosts below `{}`", &host[1..]),
        host => format!("host `{host}`"),
    };
    vec![
        format!("{hosts}, without port and final dot, also as server name of the handshake"),
        "ports 80 and 443, HTTP/1.1 and HTTP/2, every method but TRACE and CONNECT, no gRPC".to_owned(),
        "clean paths: no `%`, `;`, `//` or dot elements, only characters that a URI carries unescaped".to_owned(),
        "headers and parameters that occur once; those by which proxies speak to each other only where a side asks for them; none with `_`"
            .to_owned(),
    ]
}

/// What no verdict is about; nothing where that goes without saying.
pub fn not_compared(comparison: &Comparison) -> Option<String> {
    let ports = if comparison.streams { "TCP and UDP ports, " } else { "" };
    (comparison.summary.proved > 0 || comparison.streams).then(|| format!("not compared: {ports}{BESIDE}"))
}

/// What is never compared.
const BESIDE: &str = "mirrors, retries, cookies of affinity, versions and ciphers of TLS, and the headers by which implementations tell backends of the request";

/// Assumptions as sentences.
pub(super) fn assumptions(assumptions: &BTreeSet<Assumption>) -> Vec<String> {
    assumptions
        .iter()
        .map(|assumption| match assumption {
            Assumption::NoDefaultCertificate => "nobody uses HTTPS where the host has no certificate but the controller's own".to_owned(),
            Assumption::SmallBodies => "bodies are no longer than 1 MiB".to_owned(),
            Assumption::Quick(limit) => format!("backends answer within {} s", limit / 1000),
            Assumption::Rates => "limits by rate are not reached".to_owned(),
            Assumption::UsualStatuses => {
                "backends answer 200, 201, 204, 206, 301, 302, 303, 304, 307 or 308, with which nginx adds headers".to_owned()
            }
            Assumption::Authorities { old, new } => format!("{new} holds the authorities of {old}"),
            Assumption::NotAsked => "backends ask for no client certificate where nginx shows none".to_owned(),
            Assumption::CountedFrames => "no body over HTTP/2 is longer than its limit by less than a frame (16 KiB)".to_owned(),
            Assumption::AskedInVain => "nobody minds whether he is asked for credentials where nobody is served".to_owned(),
            Assumption::PlainAnswers => "authentication services answer 200, 401 or 403".to_owned(),
        })
        .collect()
}

/// What happens, to go behind *is*: `sent to shop/api:80`, `answered with 404`.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Forward(forward) => {
            let names: Vec<String> = forward.split.iter().map(share).collect();
            match forward.split.as_slice() {
                [_] => format!("sent to {}", names.join("")),
                shares => {
                    let sum: u64 = shares.iter().map(|share| share.weight).sum();
                    let parts: Vec<String> =
                        shares.iter().zip(&names).map(|(share, name)| format!("{name} ({}/{sum})", share.weight)).collect();
                    format!("split between {}", parts.join(" and "))
                }
            }
        }
        Outcome::Redirect { status, location, .. } => format!("redirected to `{location}` ({status})"),
        Outcome::Respond { status, .. } => format!("answered with {status}"),
        Outcome::Deny { status, .. } => format!("refused with {status}"),
        Outcome::NoRoute { .. } => "answered with 404".to_owned(),
        Outcome::NoAnswer(NoAnswer::Refused) => "refused by the port".to_owned(),
        Outcome::NoAnswer(NoAnswer::Reset) => "cut off".to_owned(),
        Outcome::NoAnswer(NoAnswer::Tls) => "refused in the TLS handshake".to_owned(),
        Outcome::Unmodelled { what } => format!("not known ({what})"),
    }
}

/// What happens on either side. Where that is the same in short, what is sent upstream tells the sides apart.
pub fn outcomes(old: &Outcome, new: &Outcome) -> (String, String) {
    let (before, after) = (outcome(old), outcome(new));
    match (old, new) {
        (Outcome::Forward(old), Outcome::Forward(new)) => {
            let apart = wires(old, new).or_else(|| (before == after).then(|| told_apart(old, new)).flatten());
            let [old, new] = apart.unwrap_or_default();
            (before + &old, after + &new)
        }
        (_, _) => (before, after),
    }
}

/// Where TLS of the client ends, if that differs.
fn wires(old: &Forward, new: &Forward) -> Option<[String; 2]> {
    let passed = |forward: &Forward| forward.speech == [Speech::Passthrough];
    (passed(old) != passed(new)).then(|| [old, new].map(|forward| format!(" {}", wire(&forward.speech))))
}

/// What tells the ways apart in which both sides send a request to the same backends.
fn told_apart(old: &Forward, new: &Forward) -> Option<[String; 2]> {
    if old.target != new.target {
        return Some([old, new].map(|forward| format!(" as `{}`", forward.target)));
    }
    let (before, after) = (old.host.as_ref()?, new.host.as_ref()?);
    (before != after).then(|| [before, after].map(|host| format!(" with the host `{host}`")))
}

/// What becomes of the TLS of the client.
fn wire(speech: &[Speech]) -> &'static str {
    match speech {
        [Speech::Passthrough] => "with its TLS passed through",
        all if all.iter().all(|speech| speech.is_tls()) && !all.is_empty() => "over TLS of the gateway",
        _ => "in plain text",
    }
}

/// What may differ, in words.
pub(super) fn in_doubt(unlike: &Unlike) -> String {
    let header = unlike.detail.as_deref().unwrap_or_default();
    if unlike.is_doubt() {
        return header.to_owned();
    }
    match unlike.aspect {
        Aspect::Access => "who may pass".to_owned(),
        Aspect::Tls => "whether TLS is forced".to_owned(),
        Aspect::Status => "what is answered".to_owned(),
        Aspect::Redirect => "where requests are redirected to".to_owned(),
        Aspect::Backend => "which backends get requests".to_owned(),
        Aspect::Protocol => "how backends are spoken to".to_owned(),
        Aspect::Path => "the path sent upstream".to_owned(),
        Aspect::Host => "the host sent upstream".to_owned(),
        Aspect::RequestHeader => format!("the header `{header}` sent upstream"),
        Aspect::ResponseHeader => format!("the header `{header}` of answers"),
        Aspect::Certificate => "the certificate".to_owned(),
        Aspect::Limit => "limits of time and size".to_owned(),
    }
}

fn share(share: &Share) -> String {
    match (&share.backend, share.status) {
        (Some(backend), _) => format!("`{backend}`"),
        (None, Some(status)) => format!("nobody ({status})"),
        (None, None) => "nobody".to_owned(),
    }
}
