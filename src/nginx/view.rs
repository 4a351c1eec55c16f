//! A concrete request as nginx sees it: the valuation of the simulation, and the values of texts that depend on the request.

use std::{cell::Cell, net::IpAddr};

use super::{
    ClientCertificates, Router, fields,
    router::{Choice, header_name},
    settings::Cidr,
    uri::{self, Target},
};
use crate::{
    automata::pcre::{Captures, Pattern},
    request::{Field, Header, Malformed, Part, PathExpr, Piece, PredicateId, Request, Scheme, Sequence, Test, TextExpr, Valuation},
};

/// A request, read once.
pub(super) struct View<'r> {
    router: &'r Router<'r>,
    request: &'r Request,
    target: Option<Target>,
    host: Option<String>,
    host_is_bad: bool,
    /// Headers by name as it is looked up, lines joined; in the order of their first line.
    headers: Vec<(String, String)>,
    peer: Option<IpAddr>,
    client: Option<IpAddr>,
    effective_scheme: String,
    /// A search took too many steps, or nginx would need something that is not known here.
    pub(super) unknown: Cell<Option<&'static str>>,
}

const fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

impl<'r> View<'r> {
    pub(super) fn new(router: &'r Router<'r>, request: &'r Request) -> Self {
        let globals = &router.config.globals;
        let target = Target::parse(&request.target);
        let absolute = target.as_ref().and_then(|target| target.host.as_deref());
        let own = request.host.as_deref().map(uri::host);
        // A broken Host header is refused even where the target brings another host.
        let host_is_bad = match own {
            None => request.http_version != "1.0",
            Some(ref host) => host.is_none(),
        } || absolute.is_some_and(|host| uri::host(host).is_none());
        let host = match absolute {
            Some(host) => uri::host(host),
            None => own.flatten(),
        };
        let headers = headers(request, globals.underscores_in_headers, globals.ignore_invalid_headers);
        // The proxy in front of nginx speaks from the machine itself.
        let proxied = globals.flags.ssl_passthrough && request.scheme == Scheme::Https;
        let peer: Option<IpAddr> = if proxied { Some(IpAddr::from([127, 0, 0, 1])) } else { request.client.parse().ok() };
        let mut view = Self {
            router,
            request,
            target,
            host,
            host_is_bad,
            headers,
            peer,
            client: peer,
            effective_scheme: scheme(request.scheme).to_owned(),
            unknown: Cell::new(None),
        };
        let forwarded = &globals.forwarded;
        if *forwarded.trusted
            && let Some(told) = view.header("x-forwarded-proto")
        {
            view.effective_scheme = told.to_owned();
        }
        if forwarded.believe_header() {
            view.client = view.real_ip(&forwarded.for_header, &forwarded.trusted_proxies);
        }
        view
    }

    /// Value of a header, its lines joined.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let name = header_name(name);
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_https(&self) -> bool {
        self.request.scheme == Scheme::Https
    }

    /// What the name of a handshake leads to.
    fn taking(&self, sni: &str) -> Option<Choice> {
        let (names, choices) = &self.router.hosts;
        let at = names.iter().position(|&id| self.tests(id, &self.router.predicates.get(id).test, sni.as_bytes()))?;
        Some(choices[at])
    }

    /// The handshake asks for a certificate as the server of its name says, or that of `_`.
    fn is_asked_for_certificate(&self) -> bool {
        let server = match self.sni().and_then(|sni| self.taking(&sni)) {
            Some(Choice::Redirect(_)) => return false,
            Some(Choice::Server(at)) => at,
            None => self.router.catch_all(),
        };
        let found = self.router.config.servers[server].client_certificates.as_ref();
        self.is_https() && found.is_some_and(ClientCertificates::are_asked)
    }

    /// `real_ip_recursive`: from the right, as long as the address is trusted.
    fn real_ip(&self, header: &str, trusted: &[Cidr]) -> Option<IpAddr> {
        let peer = self.peer?;
        let is_trusted = |address: IpAddr| trusted.iter().any(|cidr| cidr.contains(address));
        Some(fields::forwarded(self.header(header).unwrap_or_default(), peer, is_trusted))
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        fields::cookie(self.header("cookie")?, name)
    }

    fn port(&self) -> u16 {
        let flags = &self.router.config.globals.flags;
        if self.is_https() && flags.ssl_passthrough {
            return flags.tls_port();
        }
        self.request.port.unwrap_or(if self.is_https() { flags.https_port } else { flags.http_port })
    }

    fn value(&self, field: &Field) -> Option<String> {
        match field {
            Field::Scheme => Some(scheme(self.request.scheme).to_owned()),
            Field::EffectiveScheme => Some(self.effective_scheme.clone()),
            Field::Port => Some(self.port().to_string()),
            Field::Sni => self.request.sni.clone().filter(|_| self.is_https()),
            Field::Host => Some(self.host.clone().unwrap_or_else(|| "_".to_owned())),
            Field::Method => Some(self.request.method.clone()),
            Field::Header(name) => self.header(name).map(str::to_owned),
            Field::Cookie(name) => self.cookie(name).map(str::to_owned),
            Field::ClientCertificate => self.request.client_certificate.clone().filter(|_| self.is_asked_for_certificate()),
            Field::Protocol => Some(format!("http/{}", self.request.http_version)),
            Field::Query(name) => self.argument(name),
            Field::Path | Field::Client | Field::BodyLength | Field::Request => None,
        }
    }

    fn argument(&self, name: &str) -> Option<String> {
        let args = &self.target.as_ref()?.args;
        args.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }

    fn matches(&self, id: PredicateId, bytes: &[u8]) -> bool {
        let Some(pattern) = self.router.pattern(id) else { return false };
        pattern.is_match(bytes).unwrap_or_else(|_| {
            self.unknown.set(Some("a regular expression that needs too many steps"));
            false
        })
    }

    fn malformed(&self, kind: Malformed) -> bool {
        let request = self.request;
        let buffers = &self.router.config.globals.header_buffers;
        // Blanks, version and end of the line; colon, blank and end of a header.
        let line = request.target.len() + request.method.len() + 12;
        let host = request.host.as_ref().map(|host| host.len() + 8);
        let headers = || host.into_iter().chain(request.headers.iter().map(|header| header.name.len() + header.value.len() + 4));
        let over_http2 = request.http_version == "2";
        let fit = |lines: &mut dyn Iterator<Item = usize>| {
            // There all lines together share all buffers (`ngx_http_v2_state_process_header`).
            if over_http2 { lines.sum::<usize>() <= buffers.size.saturating_mul(buffers.number) } else { buffers.hold(lines) }
        };
        match kind {
            Malformed::Method => request.method.is_empty() || !request.method.bytes().all(|b| b.is_ascii_uppercase() || b"_-".contains(&b)),
            Malformed::TooLong => !over_http2 && !buffers.hold([line]),
            Malformed::Target => self.target.is_none() || version(&request.http_version).is_none(),
            Malformed::Version => version(&request.http_version).is_some_and(|major| major > 2),
            Malformed::Encoding => encodings(request).any(|encoding| !encoding.eq_ignore_ascii_case("chunked")),
            Malformed::Host => self.host_is_bad,
            Malformed::Header => !fit(&mut std::iter::once(line).chain(headers())),
            Malformed::HeaderName => request.headers.iter().any(is_no_header) || is_framed_twice(request),
            // nginx decodes such slashes.
            Malformed::EscapedSlash => false,
            Malformed::SniDiffers => {
                // A name that no server takes is forgotten (`ngx_http_ssl_servername`).
                self.sni().is_some_and(|sni| Some(sni.as_str()) != self.host.as_deref() && self.taking(&sni).is_some())
            }
        }
    }

    fn tests(&self, id: PredicateId, test: &Test, bytes: &[u8]) -> bool {
        match test {
            Test::Present => true,
            Test::Equals(wanted) => bytes == wanted.as_bytes(),
            Test::Prefix(wanted) => bytes.starts_with(wanted.as_bytes()),
            Test::Suffix(wanted) => bytes.len() > wanted.len() && bytes.ends_with(wanted.as_bytes()),
            Test::Regex(_) => self.matches(id, bytes),
            Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => false,
        }
    }
}

/// nginx drops headers with odd names, but refuses some (`ngx_http_parse_header_line`).
fn is_no_header(header: &Header) -> bool {
    let broken = |byte: u8| byte <= b' ' || byte == 0x7f;
    let length = header.name.eq_ignore_ascii_case("content-length");
    header.name.is_empty() || header.name.bytes().any(broken) || length && !header.value.trim().bytes().all(|byte| byte.is_ascii_digit())
}

/// Headers of which there may be one line only (`ngx_http_headers_in`).
const ALONE: [&str; 10] = [
    "authorization",
    "content-length",
    "content-range",
    "expect",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "transfer-encoding",
];

/// Two Host headers, two lines of another that stands alone, a body with a length and chunks, or chunks that HTTP/1.0 does not have.
fn is_framed_twice(request: &Request) -> bool {
    let count = |name: &str| request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).count();
    let twice = ALONE.iter().any(|name| count(name) > 1);
    let framed = request.chunked && (count("content-length") > 0 || request.http_version == "1.0");
    request.host.is_some() && count("host") > 0 || twice || framed
}

/// Encodings of the body that headers name.
fn encodings(request: &Request) -> impl Iterator<Item = &str> {
    request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("transfer-encoding")).map(|header| header.value.trim())
}

/// Major version of HTTP as a request line has it; `None` where the line is none. `2` is HTTP/2 itself, which has no such line, and the
/// number of a line that names it is out of what is spoken.
fn version(text: &str) -> Option<u8> {
    if text == "2" {
        return Some(2);
    }
    let major = text.chars().next().filter(|digit| matches!(digit, '1'..='9'))?.to_digit(10)?;
    let major = u8::try_from(major).ok()?;
    Some(if major > 1 { major.max(3) } else { major })
}

/// Headers that nginx itself looks at.
const KNOWN: [&str; 6] = ["user-agent", "x-forwarded-for", "if-modified-since", "content-length", "content-type", "accept-encoding"];

/// Headers as nginx keeps them: names with underscores or other odd characters are dropped, blanks around values too.
fn headers(request: &Request, underscores: bool, ignore_invalid: bool) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = Vec::with_capacity(request.headers.len());
    for header in &request.headers {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'_' && underscores);
        if ignore_invalid && !header.name.bytes().all(valid) {
            continue;
        }
        let mut name = header_name(&header.name);
        // The variables of these headers belong to the names with dashes only.
        if KNOWN.contains(&name.as_str()) && header.name.contains('_') {
            name = header.name.to_ascii_lowercase();
        }
        let value = header.value.trim_matches([' ', '\t']);
        match list.iter_mut().find(|(known, _)| *known == name) {
            // Cookies are joined as cookies, everything else as a list.
            Some((_, joined)) => {
                joined.push_str(if name == "cookie" { "; " } else { ", " });
                joined.push_str(value);
            }
            None => list.push((name, value.to_owned())),
        }
    }
    list
}

impl Valuation for View<'_> {
    fn first_from(&self, list: &Sequence, from: usize) -> Option<usize> {
        let predicates = &self.router.predicates;
        let host = self.host.as_deref().unwrap_or("_");
        if predicates.is_long_list_of_names(list) && predicates.get(list[0]).field == Field::Host {
            return predicates.first_of_names(list, from, &[host], |id| self.holds(id));
        }
        list.iter().skip(from).position(|&id| self.holds(id)).map(|at| at + from)
    }

    fn known(&self, text: &TextExpr) -> Option<String> {
        let before = self.unknown.take();
        let value = self.text(text);
        let known = self.unknown.replace(before).is_none();
        known.then_some(value)
    }

    fn holds(&self, id: PredicateId) -> bool {
        let predicate = self.router.predicates.get(id);
        match (&predicate.field, &predicate.test) {
            (Field::Request, Test::Malformed(kind)) => self.malformed(*kind),
            (Field::Path, test) => self.target.as_ref().is_some_and(|target| self.tests(id, test, &target.path)),
            (Field::Client, Test::InNetworks(networks)) => self
                .client
                .is_some_and(|address| networks.iter().any(|&(network, length)| Cidr { address: network, length }.contains(address))),
            (Field::BodyLength, Test::Above(limit)) => !self.request.chunked && self.request.body_bytes > *limit,
            (Field::ClientCertificate, test @ Test::Regex(_)) => {
                let name = self.value(&Field::ClientCertificate).map(|name| format!("CN={name}")).unwrap_or_default();
                self.tests(id, test, name.as_bytes())
            }
            // A header that is missing is an empty text to `if` and `map`.
            (Field::Header(name), test @ (Test::Regex(_) | Test::Equals(_))) if name == "user-agent" || name == "referer" => {
                self.tests(id, test, self.header(name).unwrap_or_default().as_bytes())
            }
            (field, test) => self.value(field).is_some_and(|value| self.tests(id, test, value.as_bytes())),
        }
    }
}

/// Values of texts.
impl View<'_> {
    pub(super) fn raw(&self) -> &str {
        self.target.as_ref().map_or("/", |target| target.raw.as_str())
    }

    /// `$request_uri`.
    fn request_uri(&self) -> &str {
        let raw = self.raw();
        raw.strip_prefix('/').filter(|_| self.target.as_ref().is_some_and(|target| target.bare_query)).unwrap_or(raw)
    }

    /// Name of the server for the handshake, as the certificate table is asked for it.
    pub(super) fn sni(&self) -> Option<String> {
        let name = self.request.sni.as_deref().filter(|sni| self.is_https() && !sni.is_empty())?;
        Some(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
    }

    fn best_host(&self) -> String {
        if *self.router.config.globals.forwarded.trusted
            && let Some(told) = self.header("x-forwarded-host")
        {
            return told.split(',').next().unwrap_or_default().to_owned();
        }
        // Without the header the request line says it (`lua_ingress.lua`).
        self.request.host.clone().or_else(|| self.host.clone()).unwrap_or_else(|| "_".to_owned())
    }

    fn address(address: Option<IpAddr>) -> String {
        address.map(|address| address.to_string()).unwrap_or_default()
    }

    /// The text for this request.
    pub(super) fn text(&self, text: &TextExpr) -> String {
        text.0.iter().map(|part| self.part(part)).collect()
    }

    fn part(&self, part: &Part) -> String {
        let globals = &self.router.config.globals;
        match part {
            Part::Literal(text) => text.clone(),
            Part::Scheme => scheme(self.request.scheme).to_owned(),
            Part::EffectiveScheme => self.effective_scheme.clone(),
            Part::Host => self.host.clone().unwrap_or_else(|| {
                // The header filter takes the address on which the request came.
                self.unknown.set(Some("the address of nginx"));
                String::new()
            }),
            Part::HostHeader => self.request.host.clone().unwrap_or_default(),
            Part::ForwardedHost => self.best_host(),
            Part::ForwardedHostName => {
                let host = self.best_host();
                if host.is_empty() {
                    self.unknown.set(Some("a redirect without a host"));
                }
                host.split(':').next().unwrap_or_default().to_owned()
            }
            Part::Port => self.port().to_string(),
            Part::EffectivePort => {
                let told = self.header("x-forwarded-port").filter(|_| *globals.forwarded.trusted);
                told.map_or_else(|| self.port().to_string(), str::to_owned)
            }
            Part::RawTarget { strip_slash } => {
                let sent = self.request_uri();
                if *strip_slash { sent.strip_suffix('/').unwrap_or(sent).to_owned() } else { self.raw().to_owned() }
            }
            Part::Path(path) => self.path(path),
            Part::Redirected { regex, template } => uri::unescape_redirect(&uri::text_of(&self.fill(*regex, template, true))),
            Part::Query => match &self.target {
                Some(target) if !target.args.is_empty() => format!("?{}", target.args),
                Some(_) | None => String::new(),
            },
            Part::MoreQuery => match &self.target {
                Some(target) if !target.args.is_empty() => format!("&{}", target.args),
                Some(_) | None => String::new(),
            },
            Part::Filled { regex, template } => uri::text_of(&self.fill(*regex, template, false)),
            // Only the answer of the backend gives it a value.
            Part::BackendLocation { .. } => String::new(),
            Part::FullForwardedFor => match self.header("x-forwarded-for").filter(|value| !value.is_empty()) {
                Some(told) => format!("{told}, {}", Self::address(self.peer)),
                None => Self::address(self.peer),
            },
            Part::ForwardedPort => {
                let told = self.header("x-forwarded-port").filter(|_| *globals.forwarded.trusted);
                let number = told.map_or_else(|| self.port().to_string(), str::to_owned);
                let tls = [globals.flags.https_port, globals.flags.tls_port()].iter().any(|port| number == port.to_string());
                if tls { "443".to_owned() } else { number }
            }
            Part::ClientAddress => Self::address(self.client),
            Part::PeerAddress => Self::address(self.peer),
            Part::Header(name) => self.header(name).unwrap_or_default().to_owned(),
            Part::Variable(name) => uri::text_of(&self.variable(name)),
        }
    }

    fn path(&self, path: &PathExpr) -> String {
        match path {
            PathExpr::Same => self.raw().split(['?', '#']).next().unwrap_or_default().to_owned(),
            PathExpr::Fixed(text) => text.clone(),
            PathExpr::Splice { drop, insert } => {
                let normal = self.target.as_ref().map(|target| target.path.as_slice()).unwrap_or_default();
                uri::escape_path(&[insert.as_bytes(), normal.get(*drop..).unwrap_or_default()].concat())
            }
            PathExpr::Captures { regex, template } => uri::escape_path(&self.fill(*regex, template, false)),
            // INVARIANT: only the other side has these.
            PathExpr::Restored { .. } => String::new(),
        }
    }

    fn captures(&self, regex: PredicateId) -> Option<(&[u8], Captures)> {
        let path = self.target.as_ref()?.path.as_slice();
        let found = self.router.pattern(regex)?.search(path);
        let found = found.unwrap_or_else(|_| {
            self.unknown.set(Some("a regular expression that needs too many steps"));
            None
        });
        Some((path, found?))
    }

    /// A template with what the expression took; for redirects captured text is escaped where the client had escaped anything.
    fn fill(&self, regex: PredicateId, template: &[Piece], redirect: bool) -> Vec<u8> {
        let found = self.captures(regex);
        let group =
            |number: usize| -> &[u8] { found.as_ref().and_then(|(path, captures)| path.get(captures.get(number)?)).unwrap_or_default() };
        let mut filled = Vec::new();
        for piece in template {
            match piece {
                Piece::Literal(text) => filled.extend_from_slice(text.as_bytes()),
                Piece::Group(number) => {
                    let text = group(usize::from(*number));
                    if redirect && self.target.as_ref().is_some_and(|target| target.quoted) {
                        filled.extend_from_slice(uri::escape_args(text).as_bytes());
                    } else {
                        filled.extend_from_slice(text);
                    }
                }
                Piece::Named(name) => {
                    let names = self.router.pattern(regex).map(Pattern::group_names).unwrap_or_default();
                    let number = names.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
                    // Groups of other expressions are empty, except that of wildcard hosts.
                    match number {
                        Some(number) => filled.extend_from_slice(group(number)),
                        None if name == "subdomain" => filled.extend_from_slice(&self.variable("subdomain")),
                        None => {}
                    }
                }
                Piece::Variable(name) => filled.extend_from_slice(&self.variable(name)),
            }
        }
        filled
    }

    fn variable(&self, name: &str) -> Vec<u8> {
        let text = |text: &str| text.as_bytes().to_vec();
        let target = self.target.as_ref();
        match name {
            "host" => text(self.host.as_deref().unwrap_or("_")),
            "http_host" => text(self.request.host.as_deref().unwrap_or_default()),
            "best_http_host" => text(&self.best_host()),
            "scheme" => text(scheme(self.request.scheme)),
            "https" => text(if self.is_https() { "on" } else { "" }),
            "pass_access_scheme" => text(&self.effective_scheme),
            "uri" | "document_uri" => target.map(|target| target.path.clone()).unwrap_or_default(),
            "request_uri" => text(self.request_uri()),
            "escaped_request_uri" => text(&uri::escape_component(self.request_uri().as_bytes())),
            "args" | "query_string" => text(target.map_or("", |target| target.args.as_str())),
            "is_args" => text(if target.is_some_and(|target| !target.args.is_empty()) { "?" } else { "" }),
            "remote_addr" => text(&Self::address(self.client)),
            "realip_remote_addr" => text(&Self::address(self.peer)),
            "request_method" => text(&self.request.method),
            "server_port" => text(&self.port().to_string()),
            "server_protocol" => text(&format!("HTTP/{}", self.request.http_version)),
            "literal_dollar" => text("$"),
            "subdomain" => text(self.subdomain().unwrap_or_default()),
            _ => {
                if let Some(header) = name.strip_prefix("http_") {
                    return text(self.header(header).unwrap_or_default());
                }
                if let Some(argument) = name.strip_prefix("arg_") {
                    return text(&self.argument(argument).unwrap_or_default());
                }
                if let Some(cookie) = name.strip_prefix("cookie_") {
                    return text(self.cookie(cookie).unwrap_or_default());
                }
                self.unknown.set(Some("a variable of nginx"));
                Vec::new()
            }
        }
    }

    /// First label of a wildcard host.
    fn subdomain(&self) -> Option<&str> {
        let host = self.host.as_deref()?;
        let (label, rest) = host.split_once('.')?;
        let wildcard = format!("*.{rest}");
        (self.router.config.server(host).is_none() && self.router.config.server(&wildcard).is_some()).then_some(label)
    }
}
