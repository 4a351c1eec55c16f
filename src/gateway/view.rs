//! A concrete request as one dialect sees it: the valuation of a single request.

use std::net::IpAddr;

use super::config::Config;
use super::dialect::{
    Compared, Dialect, FinalDot, HeaderLines, HeaderLists, HostSpelling, MethodSpelling, MissingHost, Oddity, QueryValues, Semicolon,
    Underscores, Wildcard,
};
use super::normalise::{self, Normalised};
use super::policies::Trust;
use super::regex::Compiled;
use crate::request::{Field, Malformed, Predicate, PredicateId, Request, Scheme, Sequence, Test, Valuation};

/// A request, taken apart.
#[derive(Debug)]
pub struct View<'r> {
    config: &'r Config,
    dialect: &'r Dialect,
    trust: Option<&'r Trust>,
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
    pub fn new(config: &'r Config, dialect: &'r Dialect, trust: Option<&'r Trust>, request: &'r Request) -> Self {
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
                    if rest[..end].contains('@') && *dialect.missing_host == MissingHost::RefusedByHttp11 {
                        odd = Some("a target with a user");
                    }
                    host = Some(rest[..end].to_owned());
                    target = if rest[end..].starts_with('/') { &rest[end..] } else { "/" };
                }
                None if target == "*" => odd = Some("the target `*`"),
                None => {}
            }
        }
        // Only HTTP/1.0 has such, and they belong to no host then.
        if host.is_none() && request.http_version == "1.0" && *dialect.host_spelling == HostSpelling::Strict {
            odd = Some("a request without host");
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
        let fragment = if *dialect.compared_path == Compared::Location { '#' } else { '\0' };
        let queries = queries(query.as_deref().unwrap_or_default().split(fragment).next().unwrap_or_default(), *dialect.query_values);
        let mut canonical_host = without_port(host.as_deref().unwrap_or_default()).to_ascii_lowercase();
        if *dialect.final_dot == FinalDot::IgnoredAlways && canonical_host.ends_with('.') {
            canonical_host.pop();
        }
        let sni = request.sni.clone().unwrap_or_default().to_ascii_lowercase();
        Self { config, dialect, trust, request, host, path: normalised, query, odd, canonical_host, sni, queries }
    }

    /// The dialect in which the request is read.
    pub fn dialect(&self) -> &'r Dialect {
        self.dialect
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
        if name.contains('_') && *self.dialect.underscores == Underscores::Dropped {
            return Vec::new();
        }
        let lines = self.request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let lines: Vec<String> = lines.map(|header| header.value.trim_matches([' ', '\t']).to_owned()).collect();
        if lines.len() > 1 && self.dialect.joined_headers.iter().any(|joined| joined == name) { vec![lines.join(",")] } else { lines }
    }

    /// Address of the client: the peer, or what proxies in front are trusted to tell.
    pub fn client(&self) -> String {
        let peer = || self.request.client.clone();
        let told = self.header("x-forwarded-for").join(",");
        let entries = told.split(',').map(str::trim).rev();
        match self.trust {
            None => peer(),
            Some(Trust::Hops(hops)) => {
                let entry = entries.clone().nth(hops.saturating_sub(1)).filter(|entry| entry.parse::<IpAddr>().is_ok());
                entry.map_or_else(peer, str::to_owned)
            }
            Some(Trust::Networks(networks)) => {
                let trusted = |text: &str| text.parse().is_ok_and(|address| networks.iter().any(|&network| contains(network, address)));
                let mut client = peer();
                for entry in entries.filter(|entry| entry.parse::<IpAddr>().is_ok()) {
                    if !trusted(&client) {
                        break;
                    }
                    entry.clone_into(&mut client);
                }
                client
            }
        }
    }

    /// Scheme of the connection, or what proxies in front are trusted to tell.
    pub fn scheme(&self) -> String {
        let scheme = match self.request.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let told = self.trust.and_then(|_| self.header("x-forwarded-proto").into_iter().next_back());
        told.filter(|told| told == "http" || told == "https").unwrap_or_else(|| scheme.to_owned())
    }

    /// What proxies in front tell of the scheme, whatever it is, where they are trusted; else that of the connection.
    pub fn told_scheme(&self) -> String {
        let told = self.trust.map(|_| self.header("x-forwarded-proto").join(",")).filter(|told| !told.is_empty());
        told.unwrap_or_else(|| self.scheme())
    }

    /// The first cookie of a name, without quotes around its value.
    fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.header("cookie");
        let pairs = lines.iter().flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next()?;
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        Some(bare.to_owned())
    }

    /// The path with every hit of an expression replaced.
    pub fn replaced(&self, regex: PredicateId, template: &[crate::request::Piece]) -> Vec<u8> {
        let path = self.path.as_ref().map(|path| path.path.as_slice()).unwrap_or_default();
        let Test::Regex(wanted) = &self.config.predicates.get(regex).test else { return path.to_vec() };
        match self.config.compiled[regex.0 as usize].get_or_init(|| Compiled::new(wanted)) {
            Some(compiled) => compiled.replace(path, template),
            None => path.to_vec(),
        }
    }

    fn malformed(&self, malformed: Malformed) -> bool {
        match malformed {
            Malformed::Host => match self.host.as_deref() {
                None if *self.dialect.missing_host == MissingHost::Refused => true,
                _ if *self.dialect.missing_host == MissingHost::RefusedByHttp11
                    && self.request.host.is_none()
                    && self.request.http_version == "1.1" =>
                {
                    true
                }
                None => self.request.http_version != "1.0",
                Some("") => *self.dialect.empty_host == Oddity::Refused,
                Some(host) if *self.dialect.host_spelling == HostSpelling::Strict && !is_strict(host) => true,
                // Go takes no `@`.
                Some(host) if host.contains('@') && *self.dialect.missing_host == MissingHost::RefusedByHttp11 => true,
                Some(host) => !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~@".contains(&byte)),
            },
            Malformed::Target => self.path.is_none(),
            Malformed::HeaderName => {
                *self.dialect.underscores == Underscores::Refused && self.request.headers.iter().any(|header| header.name.contains('_'))
            }
            Malformed::Method => {
                let known = &*self.dialect.known_methods;
                let method = &self.request.method;
                let capital = |byte: u8| byte.is_ascii_uppercase() || b"_-".contains(&byte);
                (!known.is_empty() && !known.contains(method))
                    || (*self.dialect.method_spelling == MethodSpelling::Capitals && (method == "CONNECT" || !method.bytes().all(capital)))
            }
            Malformed::EscapedSlash => self.path.as_ref().is_some_and(|path| path.unescaped.is_some()),
            // These are questions of ingress-nginx only.
            Malformed::TooLong | Malformed::Header | Malformed::SniDiffers | Malformed::Version | Malformed::Encoding => false,
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
            Field::Header(name) => match (*self.dialect.header_lists, *self.dialect.header_lines) {
                (HeaderLists::Whole, HeaderLines::Each) => self.header(name).iter().any(|value| text(value)),
                (HeaderLists::Whole, HeaderLines::Joined) => {
                    Some(self.header(name)).filter(|lines| !lines.is_empty()).is_some_and(|lines| text(&lines.join(",")))
                }
                (HeaderLists::Split, _) => {
                    let joined = match (name.as_str(), &self.host) {
                        ("host", Some(host)) => host.clone(),
                        _ => self.header(name).join(", "),
                    };
                    !joined.is_empty() && joined.split(',').any(text)
                }
            },
            Field::Query(name) => {
                self.queries.iter().filter(|(known, _)| known == name.as_bytes()).any(|(_, value)| self.compare(id, wanted, value))
            }
            Field::Cookie(name) => self.cookie(name).as_deref().is_some_and(text),
            Field::Client => match wanted {
                Test::InNetworks(networks) => {
                    self.client().parse().is_ok_and(|address| networks.iter().any(|&network| contains(network, address)))
                }
                Test::Present
                | Test::Equals(_)
                | Test::Prefix(_)
                | Test::Suffix(_)
                | Test::Regex(_)
                | Test::Above(_)
                | Test::Malformed(_) => text(&self.client()),
            },
            Field::BodyLength => matches!(wanted, Test::Above(limit) if self.request.body_bytes > *limit),
            Field::ClientCertificate => {
                self.request.scheme == Scheme::Https && self.request.client_certificate.as_deref().is_some_and(text)
            }
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

    /// A wildcard mostly stands for something: `.example.com` is no name below `*.example.com`.
    fn name(&self, id: PredicateId, test: &Test, name: &str) -> bool {
        let nothing = *self.dialect.wildcard == Wildcard::TextOrNothing;
        match test {
            Test::Suffix(suffix) => (nothing || name.len() > suffix.len()) && name.ends_with(suffix.as_str()),
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

/// Whether a network has an address.
fn contains((network, length): (IpAddr, u8), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            u128::from(network) & mask == u128::from(address) & mask
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
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
            QueryValues::FirstDecoded => {
                let decode = |text: &str| normalise::decode(text.replace('+', " ").as_bytes());
                let name = decode(name);
                if !found.iter().any(|(known, _)| *known == name) {
                    found.push((name, decode(value)));
                }
            }
            QueryValues::AnyDecoded => {
                let decode = |text: &str| normalise::decode(text.replace('+', " ").as_bytes());
                found.push((decode(name), decode(value)));
            }
        }
    }
    if values == QueryValues::FirstDecoded {
        found.retain(|(_, value)| !value.is_empty());
    }
    found
}

/// A host without user, without empty label inside, and with a port of digits.
fn is_strict(host: &str) -> bool {
    let port = host.strip_prefix(without_port(host)).unwrap_or_default();
    !host.contains(['@']) && !host.contains("..") && port.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}
