//! A concrete request as one dialect sees it: the valuation of a single request.

use super::config::Config;
use super::dialect::{Dialect, FinalDot, Oddity, QueryValues, Semicolon, Underscores};
use super::normalise::{self, Normalised};
use super::regex::Compiled;
use crate::request::{Field, Malformed, Predicate, PredicateId, Request, Scheme, Sequence, Test, Valuation};

/// A request, taken apart.
#[derive(Debug)]
pub struct View<'r> {
    config: &'r Config,
    dialect: &'r Dialect,
    /// The request.
    pub request: &'r Request,
    /// Host as sent, from an absolute target if there is one.
    pub host: Option<String>,
    /// Path, or none where the target is refused.
    pub path: Option<Normalised>,
    /// Query without `?`, as it is sent upstream.
    pub query: Option<String>,
    /// Why the model cannot say more.
    pub odd: Option<&'static str>,
    canonical_host: String,
    sni: String,
    queries: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'r> View<'r> {
    /// The request as a dialect sees it.
    pub fn new(config: &'r Config, dialect: &'r Dialect, request: &'r Request) -> Self {
        let mut host = request.host.clone();
        let mut target = request.target.as_str();
        let mut odd = None;
        if !target.starts_with('/') {
            let plain = request.scheme == Scheme::Http;
            if target.split_once("://").is_some_and(|(scheme, _)| (scheme == "http") != plain) {
                odd = Some("a target with another scheme than the connection");
            }
            let rest = target.split_once("://").map(|(_, rest)| rest);
            match rest {
                Some(rest) => {
                    let end = rest.find(['/', '?']).unwrap_or(rest.len());
                    host = Some(rest[..end].to_owned());
                    target = if rest[end..].starts_with('/') { &rest[end..] } else { "/" };
                }
                None if target == "*" => odd = Some("the target `*`"),
                None => {}
            }
        }
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let bad = |text: &str| text.bytes().any(|byte| byte <= b' ' || byte == 0x7f);
        let bad_query = query.is_some_and(|query| query.contains('#')) && *dialect.fragment_in_query == Oddity::Refused;
        let normalised = if !path.starts_with('/') || bad(path) || query.is_some_and(bad) || bad_query {
            None
        } else {
            normalise::normalise(path.as_bytes(), dialect)
        };
        let query = query.map(|query| match *dialect.semicolon {
            Semicolon::Separates => query.replace(';', "&"),
            Semicolon::Ordinary => query.to_owned(),
        });
        let queries = queries(query.as_deref().unwrap_or_default(), *dialect.query_values);
        let canonical_host = without_port(host.as_deref().unwrap_or_default()).to_ascii_lowercase();
        let sni = request.sni.clone().unwrap_or_default().to_ascii_lowercase();
        Self { config, dialect, request, host, path: normalised, query, odd, canonical_host, sni, queries }
    }

    /// Port of the listener.
    pub fn port(&self) -> u16 {
        self.request.port.unwrap_or(match self.request.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        })
    }

    /// Values of a header, one a line, unless the dialect joins them.
    pub fn header(&self, name: &str) -> Vec<String> {
        let lines = self.request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let lines: Vec<String> = lines.map(|header| header.value.trim_matches([' ', '\t']).to_owned()).collect();
        if lines.len() > 1 && self.dialect.joined_headers.iter().any(|joined| joined == name) { vec![lines.join(",")] } else { lines }
    }

    fn malformed(&self, malformed: Malformed) -> bool {
        match malformed {
            Malformed::Host => match self.host.as_deref() {
                None => true,
                Some("") => *self.dialect.empty_host == Oddity::Refused,
                Some(host) => !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~@".contains(&byte)),
            },
            Malformed::Target => self.path.is_none(),
            Malformed::HeaderName => {
                *self.dialect.underscores == Underscores::Refused && self.request.headers.iter().any(|header| header.name.contains('_'))
            }
            Malformed::Method => {
                let known = &*self.dialect.known_methods;
                !known.is_empty() && !known.contains(&self.request.method)
            }
            Malformed::EscapedSlash => self.path.as_ref().is_some_and(|path| path.unescaped.is_some()),
            // These are questions of ingress-nginx only.
            Malformed::TooLong | Malformed::Header | Malformed::SniDiffers => false,
        }
    }

    fn ask(&self, id: PredicateId, predicate: &Predicate) -> bool {
        let wanted = &predicate.test;
        let text = |text: &str| self.compare(id, wanted, text.as_bytes());
        match &predicate.field {
            Field::Scheme | Field::EffectiveScheme => text(match self.request.scheme {
                Scheme::Http => "http",
                Scheme::Https => "https",
            }),
            Field::Port => text(&self.port().to_string()),
            Field::Sni => !self.sni.is_empty() && self.name(id, wanted, &self.sni),
            Field::Host => {
                self.name(id, wanted, &self.canonical_host)
                    || (*self.dialect.final_dot == FinalDot::Ignored
                        && matches!(wanted, Test::Equals(_))
                        && self.canonical_host.strip_suffix('.').is_some_and(text))
            }
            Field::Method => text(&self.request.method),
            Field::Path => self.path.as_ref().is_some_and(|path| self.compare(id, wanted, &path.compared)),
            Field::Header(name) => self.header(name).iter().any(|value| text(value)),
            Field::Query(name) => {
                self.queries.iter().filter(|(known, _)| known == name.as_bytes()).any(|(_, value)| self.compare(id, wanted, value))
            }
            Field::Cookie(_) => false,
            Field::Client => text(&self.request.client),
            Field::BodyLength => text(&self.request.body_bytes.to_string()),
            Field::ClientCertificate => self.request.client_certificate.as_deref().is_some_and(text),
            Field::Protocol => text(match self.request.http_version.as_str() {
                "2" => "h2",
                "1.0" => "http/1.0",
                _ => "http/1.1",
            }),
            Field::Request => match wanted {
                Test::Malformed(malformed) => self.malformed(*malformed),
                Test::Present
                | Test::Equals(_)
                | Test::Prefix(_)
                | Test::Suffix(_)
                | Test::Regex(_)
                | Test::InNetworks(_)
                | Test::Above(_) => false,
            },
        }
    }

    /// A wildcard stands for something: `.example.com` is no name below `*.example.com`.
    fn name(&self, id: PredicateId, test: &Test, name: &str) -> bool {
        match test {
            Test::Suffix(suffix) => name.len() > suffix.len() && name.ends_with(suffix.as_str()),
            Test::Present
            | Test::Equals(_)
            | Test::Prefix(_)
            | Test::Regex(_)
            | Test::InNetworks(_)
            | Test::Above(_)
            | Test::Malformed(_) => self.compare(id, test, name.as_bytes()),
        }
    }

    fn compare(&self, id: PredicateId, question: &Test, text: &[u8]) -> bool {
        match question {
            Test::Present => true,
            Test::Equals(wanted) => text == wanted.as_bytes(),
            Test::Prefix(wanted) => text.starts_with(wanted.as_bytes()),
            Test::Suffix(wanted) => text.ends_with(wanted.as_bytes()),
            Test::Regex(regex) => self.config.compiled[id.0 as usize]
                .get_or_init(|| Compiled::new(regex))
                .as_ref()
                .is_some_and(|compiled| compiled.is_match(text)),
            Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => false,
        }
    }
}

impl Valuation for View<'_> {
    fn holds(&self, predicate: PredicateId) -> bool {
        self.ask(predicate, self.config.predicates.get(predicate))
    }

    fn first_from(&self, list: &Sequence, from: usize) -> Option<usize> {
        let predicates = &self.config.predicates;
        if !predicates.is_long_list_of_names(list) {
            return list.iter().skip(from).position(|&id| self.holds(id)).map(|at| at + from);
        }
        if predicates.get(list[0]).field == Field::Sni {
            return predicates.first_of_names(list, from, &[&self.sni], |id| self.holds(id));
        }
        let dotless = self.canonical_host.strip_suffix('.').filter(|_| *self.dialect.final_dot == FinalDot::Ignored);
        let names = [self.canonical_host.as_str(), dotless.unwrap_or(&self.canonical_host)];
        predicates.first_of_names(list, from, &names, |id| self.holds(id))
    }
}

/// A host without its port.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        Some(_) | None => host,
    }
}

/// Names and values as the dialect compares them; only the ones that count.
fn queries(query: &str, values: QueryValues) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match values {
            QueryValues::FirstRaw => {
                if !found.iter().any(|(known, _)| known == name.as_bytes()) {
                    found.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
                }
            }
            QueryValues::AnyDecoded => {
                let decode = |text: &str| normalise::decode(text.replace('+', " ").as_bytes());
                found.push((decode(name), decode(value)));
            }
        }
    }
    found
}
