//! Everything that nginx can ask about a request, laid out for routing: one router per configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use indexmap::IndexMap;

use super::{
    Backend, Config, Location, MapKey, Modifier, RefusalKind, Server, ServerName, Target, UpstreamId,
    code::{Questions, networks},
};
use crate::{
    automata::pcre::Pattern,
    k8s::Subject,
    request::{Field, Malformed, PredicateId, Predicates, Regex, RegexDialect, Sequence, Test, Valuation, deciding},
};

/// Questions that every request is asked.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub(super) bad_method: PredicateId,
    pub(super) too_long: PredicateId,
    pub(super) bad_target: PredicateId,
    pub(super) bad_host: PredicateId,
    pub(super) bad_header: PredicateId,
    pub(super) bad_header_name: PredicateId,
    pub(super) bad_version: PredicateId,
    pub(super) bad_encoding: PredicateId,
    pub(super) sni_differs: PredicateId,
    pub(super) unserved_methods: Sequence,
    pub(super) https: PredicateId,
    pub(super) effective_http: PredicateId,
    pub(super) options: PredicateId,
    pub(super) root: PredicateId,
    pub(super) local: PredicateId,
    pub(super) blocked_agents: Lookup,
    pub(super) blocked_referers: Lookup,
    pub(super) blocked: Option<PredicateId>,
    pub(super) credentials: PredicateId,
    pub(super) certificate: PredicateId,
    pub(super) untrusted: PredicateId,
}

/// A header that is looked up in a `map` block.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) texts: Sequence,
    pub(super) regexes: Sequence,
    /// The value is not empty, asked where an expression would find the empty one (`ngx_http_map_find` does not search that).
    pub(super) filled: Option<PredicateId>,
}

impl Lookup {
    /// The question by which the value is found.
    pub(super) fn found(&self, v: &impl Valuation) -> Option<PredicateId> {
        let text = v.first(&self.texts).map(|at| self.texts[at]);
        let filled = || self.filled.is_none_or(|id| v.holds(id));
        text.or_else(|| v.first(&self.regexes).filter(|_| filled()).map(|at| self.regexes[at]))
    }
}

/// What a host leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// A redirect server.
    Redirect(usize),
    /// A server.
    Server(usize),
}

/// Locations that nginx adds to `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltIn {
    /// `--health-check-path`: 200.
    Health,
    /// `/nginx_status`: 403 but for the machine itself.
    Status,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A location.
    Location(usize),
    /// A built-in location.
    BuiltIn(BuiltIn),
}

/// Questions about the path, in the order in which nginx asks them.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    /// Regular expressions, or exact texts.
    pub(super) first: (Sequence, Vec<usize>),
    /// Paths that get a slash appended.
    pub(super) slash: (Sequence, Vec<usize>),
    /// Prefixes, longest first.
    pub(super) prefixes: (Sequence, Vec<Place>),
}

/// Questions of one location.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The body is longer than the limit.
    pub(super) body: Option<PredicateId>,
    /// The origin is allowed; `None` for every one, or none at all.
    pub(super) origin: Option<PredicateId>,
    /// The client is in the allow list.
    pub(super) allow: Option<PredicateId>,
    /// The client is in the deny list.
    pub(super) deny: Option<PredicateId>,
    /// The expression of a rewrite.
    pub(super) rewrite: Option<PredicateId>,
}

/// A configuration with its questions.
#[derive(Debug)]
pub struct Router<'c> {
    pub(super) config: &'c Config,
    pub(super) predicates: Predicates,
    pub(super) common: Common,
    pub(super) hosts: (Sequence, Vec<Choice>),
    pub(super) paths: Vec<Paths>,
    pub(super) asked: Vec<Vec<Asked>>,
    /// Wildcard names with a certificate, for `ssl-redirect`.
    pub(super) certified: Sequence,
    /// Header and cookie questions of canaries, by upstream.
    pub(super) canaries: BTreeMap<u32, Canary>,
    /// Question about the subject of the client certificate, by server.
    pub(super) subjects: BTreeMap<usize, PredicateId>,
    /// Named groups of all expressions.
    pub(super) groups: BTreeSet<String>,
    /// nginx runs, but never gets endpoints and certificates.
    pub(super) dynamic: bool,
    /// Names of the handshake that are passed through, with server and upstream.
    pub(super) passthrough: (Sequence, Vec<(usize, Option<UpstreamId>)>),
    /// Names of the handshake that some server takes; `None` where that is not asked.
    pub(super) taken: Option<Sequence>,
    /// External names by the label of their upstream.
    pub(super) external: BTreeMap<String, String>,
    /// What snippets ask and define; `None` where there are none.
    pub(super) code: Option<Questions<'c>>,
    patterns: Vec<OnceLock<Option<Pattern>>>,
}

/// Questions of a canary.
#[derive(Debug, Clone, Default)]
pub(super) struct Canary {
    pub(super) affinity: Sequence,
    pub(super) header: Option<PredicateId>,
    pub(super) header_hit: Option<PredicateId>,
    pub(super) header_never: Option<PredicateId>,
    pub(super) cookie_always: Option<PredicateId>,
    pub(super) cookie_never: Option<PredicateId>,
    /// The pattern of the header cannot be compiled: the request goes to the primary.
    pub(super) broken_pattern: bool,
}

fn search(pattern: impl Into<String>, caseless: bool) -> Test {
    Test::Regex(Regex { pattern: pattern.into(), caseless, dialect: RegexDialect::PcreSearch })
}

fn equals(text: &str) -> Test {
    Test::Equals(text.to_owned())
}

/// Name of a header as it is looked up: nginx makes no difference between `-` and `_`.
pub(super) fn header_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

impl<'c> Router<'c> {
    /// Lays out a configuration.
    pub fn new(config: &'c Config) -> Self {
        let mut predicates = Predicates::default();
        let common = common(config, &mut predicates);
        let hosts = hosts(config, &mut predicates);
        let mut paths = Vec::with_capacity(config.servers.len());
        let mut asked = Vec::with_capacity(config.servers.len());
        for server in &config.servers {
            paths.push(paths_of(config, server, &mut predicates));
            asked.push(server.locations.iter().map(|location| ask(config, location, &mut predicates)).collect());
        }
        let certified = certified(config, &mut predicates);
        let canaries = canaries(config, &mut predicates);
        let mut subjects = BTreeMap::new();
        for (at, server) in config.servers.iter().enumerate() {
            if let Some(found) = server.client_certificates.as_ref().filter(|found| !found.settings.match_cn.is_empty()) {
                let origin = Some(config.annotation(found.ingress, "auth-tls-match-cn"));
                subjects.insert(at, predicates.intern(Field::ClientCertificate, search(found.settings.match_cn.clone(), false), origin));
            }
        }
        let passthrough = passthrough(config, &mut predicates);
        let taken = taken(config, &mut predicates);
        let dynamic = config.refusals.iter().any(|refusal| refusal.kind == RefusalKind::Dynamic);
        let code = Questions::new(config, &mut predicates);
        let patterns = std::iter::repeat_with(OnceLock::new).take(predicates.len()).collect();
        Self {
            config,
            predicates,
            common,
            hosts,
            paths,
            asked,
            certified,
            canaries,
            subjects,
            groups: groups(config),
            dynamic,
            passthrough,
            taken,
            external: external(config),
            code,
            patterns,
        }
    }

    /// `ssl-redirect` works for the host: its name, or the name with `*` for its first label, has an entry in the certificate table.
    pub(super) fn has_certificate(&self, v: &impl Valuation, name: Option<&str>) -> bool {
        let Some(name) = name else { return v.first(&self.certified).is_some() };
        let table = &self.config.certificates;
        table.contains_key(name)
            || name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && table.contains_key(&format!("*.{rest}")))
    }

    /// The configuration.
    pub fn config(&self) -> &'c Config {
        self.config
    }

    /// Everything that may be asked of a request.
    pub fn predicates(&self) -> &Predicates {
        &self.predicates
    }

    /// The expression of a predicate; `None` where it cannot be compiled or the predicate is none.
    pub fn pattern(&self, id: PredicateId) -> Option<&Pattern> {
        self.patterns[id.0 as usize]
            .get_or_init(|| match &self.predicates.get(id).test {
                Test::Regex(regex) => Pattern::parse(&regex.pattern, regex.caseless).ok(),
                Test::Present
                | Test::Equals(_)
                | Test::Prefix(_)
                | Test::Suffix(_)
                | Test::InNetworks(_)
                | Test::Above(_)
                | Test::Malformed(_) => None,
            })
            .as_ref()
    }
}

fn common(config: &Config, predicates: &mut Predicates) -> Common {
    let access = &config.globals.access;
    let blocked_agents = lookup(config, predicates, "user-agent", &access.block_user_agents);
    let blocked_referers = lookup(config, predicates, "referer", &access.block_referers);
    let cidrs = access.block_cidrs.as_slice();
    let blocked = (!cidrs.is_empty()).then(|| predicates.intern(Field::Client, networks(cidrs), config.globals.config_map.clone()));
    let mut ask = |field, test| predicates.intern(field, test, None);
    Common {
        bad_method: ask(Field::Request, Test::Malformed(Malformed::Method)),
        too_long: ask(Field::Request, Test::Malformed(Malformed::TooLong)),
        bad_target: ask(Field::Request, Test::Malformed(Malformed::Target)),
        bad_host: ask(Field::Request, Test::Malformed(Malformed::Host)),
        bad_header: ask(Field::Request, Test::Malformed(Malformed::Header)),
        bad_header_name: ask(Field::Request, Test::Malformed(Malformed::HeaderName)),
        bad_version: ask(Field::Request, Test::Malformed(Malformed::Version)),
        bad_encoding: ask(Field::Request, Test::Malformed(Malformed::Encoding)),
        sni_differs: ask(Field::Request, Test::Malformed(Malformed::SniDiffers)),
        unserved_methods: vec![ask(Field::Method, equals("TRACE")), ask(Field::Method, equals("CONNECT"))].into(),
        https: ask(Field::Scheme, equals("https")),
        effective_http: ask(Field::EffectiveScheme, equals("http")),
        options: ask(Field::Method, equals("OPTIONS")),
        root: ask(Field::Path, equals("/")),
        local: ask(Field::Client, networks(&config.globals.status_networks)),
        credentials: ask(Field::Header("authorization".to_owned()), search("^basic ", true)),
        certificate: ask(Field::ClientCertificate, Test::Present),
        untrusted: ask(Field::ClientCertificate, Test::Prefix("untrusted ".to_owned())),
        blocked_agents,
        blocked_referers,
        blocked,
    }
}

/// Texts of `map` are kept and looked up in lower case; expressions say themselves whether letter case counts.
fn lookup(config: &Config, predicates: &mut Predicates, header: &str, keys: &[MapKey]) -> Lookup {
    let mut ask = |test| predicates.intern(Field::Header(header.to_owned()), test, config.globals.config_map.clone());
    let (mut texts, mut regexes, mut finds_empty) = (Vec::new(), Vec::new(), false);
    for key in keys {
        match key {
            MapKey::Text(text) => texts.push(ask(search(format!("^{}$", quote(text)), true))),
            MapKey::Regex { pattern, caseless } => {
                finds_empty |= Pattern::parse(pattern, *caseless).is_ok_and(|found| found.is_match(b"").unwrap_or(true));
                regexes.push(ask(search(pattern.clone(), *caseless)));
            }
        }
    }
    let filled = finds_empty.then(|| ask(search(".", false)));
    Lookup { texts: texts.into(), regexes: regexes.into(), filled }
}

/// Named groups of locations in regex mode and of wildcard hosts; only templates that name one need them.
fn groups(config: &Config) -> BTreeSet<String> {
    let mut groups = BTreeSet::from(["subdomain".to_owned()]);
    let named = |text: &str| text.contains("(?<") || text.contains("(?P<") || text.contains("(?'");
    for location in config.servers.iter().filter(|server| server.regex).flat_map(|server| &server.locations) {
        if named(&location.path)
            && let Ok(pattern) = Pattern::parse(&format!("^{}", location.path), true)
        {
            groups.extend(pattern.group_names().iter().map(|(name, _)| name.clone()));
        }
    }
    groups
}

/// The name of a server as it is asked for, what it leads to, and where it stands.
type Name = (Test, Choice, Option<Subject>);

fn hosts(config: &Config, predicates: &mut Predicates) -> (Sequence, Vec<Choice>) {
    deciding(names(config).into_iter().map(|(test, choice, origin)| (predicates.intern(Field::Host, test, origin), choice)))
}

/// Names of the handshake that some server takes, where those that none takes are rejected: the block of `_` says so, but nginx looks for
/// the server of the name first (`ngx_http_ssl_servername`).
fn taken(config: &Config, predicates: &mut Predicates) -> Option<Sequence> {
    let named = |(test, ..): &Name| *test != equals("_");
    let all = || names(config).into_iter().filter(named).map(|(test, _, origin)| predicates.intern(Field::Sni, test, origin)).collect();
    config.globals.ssl_reject_handshake.then(all)
}

/// Exact names, wildcards by length, expressions in the order of the file; redirect servers stand first in the file.
fn names(config: &Config) -> Vec<Name> {
    let mut exact = Vec::new();
    let mut leading = Vec::new();
    let mut trailing = Vec::new();
    let mut regexes = Vec::new();
    let place =
        |ingress: Option<super::IngressId>| ingress.map(|id| Subject::new(config.ingress(id).object, crate::k8s::FieldPath::root()));
    for (at, redirect) in config.redirects.iter().enumerate() {
        exact.push((equals(&redirect.from.to_ascii_lowercase()), Choice::Redirect(at), place(Some(redirect.ingress))));
    }
    for (at, server) in config.servers.iter().enumerate() {
        let names =
            std::iter::once((&server.name, server.created_by)).chain(server.aliases.iter().map(|alias| (&alias.name, server.aliases_from)));
        for (name, ingress) in names {
            let choice = Choice::Server(at);
            match name {
                ServerName::Exact(name) => exact.push((equals(&name.to_ascii_lowercase()), choice, place(ingress))),
                ServerName::LeadingWildcard(suffix) => leading.push((Test::Suffix(suffix.clone()), suffix.len(), choice, place(ingress))),
                ServerName::TrailingWildcard(prefix) => trailing.push((Test::Prefix(prefix.clone()), prefix.len(), choice, place(ingress))),
                ServerName::Regex(pattern) => {
                    // nginx ignores case where the pattern has a capital letter (`ngx_http_core_server_name`).
                    let caseless = pattern.bytes().any(|byte| byte.is_ascii_uppercase());
                    regexes.push((search(pattern.clone(), caseless), choice, place(ingress)));
                }
                ServerName::CatchAll => exact.push((equals("_"), choice, None)),
            }
        }
    }
    leading.sort_by_key(|(_, length, ..)| std::cmp::Reverse(*length));
    trailing.sort_by_key(|(_, length, ..)| std::cmp::Reverse(*length));
    let wildcards = leading.into_iter().chain(trailing).map(|(test, _, choice, origin)| (test, choice, origin));
    exact.into_iter().chain(wildcards).chain(regexes).collect()
}

fn paths_of(config: &Config, server: &Server, predicates: &mut Predicates) -> Paths {
    let mut first = Vec::new();
    let mut slash: IndexMap<PredicateId, usize> = IndexMap::new();
    let mut prefixes: Vec<(usize, Test, Place, Option<Subject>)> = Vec::new();
    let place = |location: &Location| location.origin.as_ref().map(|origin| origin.subject.clone());
    let built_in = built_in(config, server);
    // A prefix of the very text is found before the longer one gets its slash (`ngx_http_core_find_static_location`).
    let own = server.locations.iter().filter(|location| location.modifier == Modifier::Prefix).map(|location| location.path.as_str());
    let plain: BTreeSet<&str> = own.chain(built_in.iter().map(|(path, _)| *path)).collect();
    for (at, location) in server.locations.iter().enumerate() {
        match location.modifier {
            Modifier::Regex | Modifier::Exact => {
                first.push((predicates.intern(Field::Path, location_test(location), place(location)), at));
            }
            Modifier::Prefix => prefixes.push((location.path.len(), location_test(location), Place::Location(at), place(location))),
        }
        let proxies = location.settings.denied.is_none();
        if let Some(short) =
            location.path.strip_suffix('/').filter(|short| !short.is_empty() && !server.regex && proxies && !plain.contains(short))
        {
            let id = predicates.intern(Field::Path, equals(short), place(location));
            // The exact location of the text gives its settings, where there is one; it stands behind the prefix in the list.
            let slot = slash.entry(id).or_insert(at);
            if location.modifier == Modifier::Exact {
                *slot = at;
            }
        }
    }
    prefixes.extend(built_in.iter().map(|(path, found)| (path.len(), Test::Prefix((*path).to_owned()), Place::BuiltIn(*found), None)));
    prefixes.sort_by_key(|(length, ..)| std::cmp::Reverse(*length));
    let prefixes = prefixes.into_iter().map(|(_, test, place, origin)| (predicates.intern(Field::Path, test, origin), place));
    Paths { prefixes: deciding(prefixes), first: deciding(first), slash: deciding(slash) }
}

/// What a location asks of the path.
pub(super) fn location_test(location: &Location) -> Test {
    match location.modifier {
        Modifier::Regex => search(format!("^{}", location.path), true),
        Modifier::Exact => equals(&location.path),
        Modifier::Prefix => Test::Prefix(location.path.clone()),
    }
}

/// Locations that the template adds.
pub(super) fn built_in<'c>(config: &'c Config, server: &Server) -> Vec<(&'c str, BuiltIn)> {
    if server.host != "_" || server.regex {
        return Vec::new();
    }
    vec![(config.globals.flags.health_check_path.as_str(), BuiltIn::Health), ("/nginx_status", BuiltIn::Status)]
}

/// `client_max_body_size` where nobody says otherwise.
const BODY_LIMIT: u64 = 1 << 20;

fn ask(config: &Config, location: &Location, predicates: &mut Predicates) -> Asked {
    let settings = &location.settings;
    let origin = || location.origin.as_ref().map(|origin| origin.subject.clone());
    let annotation = |name: &str| location.origin.as_ref().map(|origin| config.annotation(origin.ingress, name));
    // A denied location has no directives of its own.
    let limit = if settings.denied.is_some() { Some(BODY_LIMIT) } else { settings.proxy.body_size.value };
    let body = limit.map(|limit| predicates.intern(Field::BodyLength, Test::Above(limit), annotation("proxy-body-size")));
    let cors = settings.cors.as_ref().and_then(|cors| cors.origin_expression()).map(|origins| format!("{origins}$"));
    let cors =
        cors.map(|pattern| predicates.intern(Field::Header("origin".to_owned()), search(pattern, true), annotation("cors-allow-origin")));
    let lists = &settings.addresses;
    let allow =
        (!lists.allow.is_empty()).then(|| predicates.intern(Field::Client, networks(&lists.allow), annotation("allowlist-source-range")));
    let deny =
        (!lists.deny.is_empty()).then(|| predicates.intern(Field::Client, networks(&lists.deny), annotation("denylist-source-range")));
    let rewrite = location.rewrites.then(|| predicates.intern(Field::Path, search(location.path.clone(), true), origin()));
    Asked { body, origin: cors, allow, deny, rewrite }
}

/// Go's `regexp.QuoteMeta`.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// Wildcard entries of the certificate table; hosts with an entry of their own have a server of their own.
fn certified(config: &Config, predicates: &mut Predicates) -> Sequence {
    let wildcards = config.certificates.keys().filter_map(|name| name.strip_prefix("*."));
    wildcards.map(|suffix| predicates.intern(Field::Host, search(format!(r"^[^.]+\.{}$", quote(suffix)), false), None)).collect()
}

/// Hosts whose TLS is passed through, to the Service behind `/` or to nowhere.
fn passthrough(config: &Config, predicates: &mut Predicates) -> (Sequence, Vec<(usize, Option<UpstreamId>)>) {
    let mut found = Vec::new();
    for (at, server) in config.servers.iter().enumerate() {
        let Some(ingress) = server.passthrough else { continue };
        let root = server.locations.iter().find(|location| location.path == "/");
        let upstream = match root.map(|root| (&root.target, root.implicit)) {
            Some((&Target::Upstream(upstream), _)) => Some(upstream).filter(|id| config.upstream(*id).serves()),
            // The root that the controller adds has a Service without an address.
            Some((Target::Default, true)) => None,
            Some(_) | None => continue,
        };
        let origin = Some(config.annotation(ingress, "ssl-passthrough"));
        found.push((predicates.intern(Field::Sni, equals(&server.host), origin), (at, upstream)));
    }
    deciding(found)
}

fn external(config: &Config) -> BTreeMap<String, String> {
    let externals = config.upstreams.iter().filter_map(|upstream| match &upstream.backend {
        Backend::External { name, .. } => Some((upstream.label()?, name.clone())),
        Backend::BuiltIn | Backend::Service { .. } => None,
    });
    externals.collect()
}

fn canaries(config: &Config, predicates: &mut Predicates) -> BTreeMap<u32, Canary> {
    let mut canaries = BTreeMap::new();
    for upstream in &config.upstreams {
        let Some(&alternative) = upstream.alternatives.first() else { continue };
        let canary = config.upstream(alternative);
        let origin = |name| canary.ingress.map(|ingress| config.annotation(ingress, name));
        let mut asked = Canary::default();
        let mut affinity = Vec::new();
        for cookie in
            [&upstream.affinity, &canary.affinity_of.and_then(|primary| config.upstream(primary).affinity.clone())].into_iter().flatten()
        {
            // The part behind `|` names the upstream by a hash that only nginx knows.
            let field = Field::Cookie(cookie.cookie.name.clone());
            affinity.push(predicates.intern(field, search(r"\|", false), origin("affinity-canary-behavior")));
        }
        asked.affinity = affinity.into();
        if let Some(policy) = &canary.canary {
            if !policy.header.is_empty() {
                let (field, present) = canary_field(&policy.header);
                let field = || field.clone();
                asked.header = Some(predicates.intern(field(), present, origin("canary-by-header")));
                if !policy.header_value.is_empty() {
                    asked.header_hit = Some(predicates.intern(field(), equals(&policy.header_value), origin("canary-by-header-value")));
                } else if !policy.header_pattern.is_empty() {
                    asked.broken_pattern = Pattern::parse(&policy.header_pattern, false).is_err();
                    let test = search(policy.header_pattern.clone(), false);
                    asked.header_hit = Some(predicates.intern(field(), test, origin("canary-by-header-pattern")));
                } else {
                    asked.header_hit = Some(predicates.intern(field(), equals("always"), origin("canary-by-header")));
                    asked.header_never = Some(predicates.intern(field(), equals("never"), origin("canary-by-header")));
                }
            }
            if !policy.cookie.is_empty() {
                let field = || Field::Cookie(policy.cookie.to_ascii_lowercase());
                asked.cookie_always = Some(predicates.intern(field(), equals("always"), origin("canary-by-cookie")));
                asked.cookie_never = Some(predicates.intern(field(), equals("never"), origin("canary-by-cookie")));
            }
        }
        canaries.insert(alternative.0, asked);
    }
    canaries
}

/// What `canary-by-header` looks at, and when that is there: the Host header always is.
fn canary_field(header: &str) -> (Field, Test) {
    match header_name(header).as_str() {
        "host" => (Field::Host, search(".", false)),
        name => (Field::Header(name.to_owned()), Test::Present),
    }
}
