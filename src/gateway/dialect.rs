//! What an implementation does where the specification is silent, as data with evidence.
//!
//! Values come from `annotation-maps/targets/<id>.yaml` ([`Target`]). Code asks for a value and never for the name of a target.

use serde::Deserialize;

pub use super::implementations::{Feature, Hazard, Prerequisite, Stand, Switch, Target, version_numbers};

/// A value and what shows it: names of recorded cases, or sections of a reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// What shows it.
    pub evidence: Vec<String>,
}

impl<T> std::ops::Deref for Fact<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Facts are the same where their values are.
impl<T: PartialEq> PartialEq for Fact<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Fact<T> {}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
            #[serde(rename_all = "kebab-case")]
            pub enum $name {
                $($(#[$variant_doc])* $variant,)*
            }
        )*
    };
}

choices! {
    /// Which routes of one port a plain request can reach.
    Isolation {
        /// Those of the most specific listener for its host.
        ByListener,
        /// Those of the most specific hostname, whichever listener it came from.
        ByHost,
        /// Those of every listener.
        None,
    }
    /// What happens when no rule of the most specific hostname matches.
    HostFallThrough {
        /// Nothing: 404.
        None,
        /// Rules of less specific hostnames are tried, hostname by hostname.
        ByHost,
        /// There are no hostname levels: all rules stand in one list.
        OneList,
    }
    /// Whether a route keeps a hostname that another listener of the port has.
    ForeignHostname {
        /// It is left to that listener.
        Dropped,
        /// It is left to a listener with a more specific hostname that covers it, where requests are plain.
        Covered,
        /// It is kept.
        Kept,
    }
    /// What the server name of the handshake decides.
    ServerName {
        /// Listener and certificate.
        Listener,
        /// The certificate only.
        Certificate,
    }
    /// What happens to a handshake whose server name belongs to nobody.
    UnknownServerName {
        /// The connection is closed.
        Reset,
        /// A certificate of the implementation is served.
        DefaultCertificate,
    }
    /// What a port without listener does.
    ForeignPort {
        /// Nobody listens.
        Refused,
        /// 404.
        NotFound,
    }
    /// The weight 0 of the only backend of a rule.
    LoneWeight {
        /// It gets nothing.
        Counts,
        /// It gets everything.
        Ignored,
    }
    /// Requests that ask for a WebSocket.
    Websockets {
        /// They are passed on.
        Passed,
        /// They are refused (403), unless a policy enables them or the Service says that it speaks so.
        AskedFor,
    }
    /// Faults of backends that get nothing, where nobody else can be reached either.
    WeightlessFaults {
        /// The rule answers 500.
        Count,
        /// They do not matter.
        Ignored,
    }
    /// Routes of TLS for one server name at one port.
    SameServerName {
        /// The data plane refuses the port: nobody listens.
        Refused,
        /// The first one counts.
        FirstCounts,
    }
    /// Parents of a route that differ in their port only.
    ParentPorts {
        /// Each counts.
        Apart,
        /// The last one counts.
        LastCounts,
    }
    /// A listener for TLS that no route is attached to.
    UnroutedTls {
        /// It closes connections that no other listener of the port takes. A listener of the port that ends TLS for every name does not
        /// go with it: then nobody listens.
        Closes,
        /// It is not there.
        Ignored,
    }
    /// A request over TLS whose Host belongs to another listener than its server name.
    Misdirected {
        /// 421.
        Answered421,
        /// It is treated like any other host of the listener.
        NotDetected,
    }
    /// Which texts a wildcard stands for.
    Wildcard {
        /// Any, several labels too.
        AnyText,
        /// Lower-case letters, digits, hyphens and dots.
        HostCharacters,
        /// One label in certificates and server names.
        OneLabel,
        /// Any, several labels too, and none: `.example.com` is below `*.example.com`.
        TextOrNothing,
    }
    /// Whether the final dot of a host counts.
    FinalDot {
        /// `a.` is not `a`.
        Counts,
        /// `a.` is `a` for exact hostnames.
        Ignored,
        /// `a.` is `a`.
        IgnoredAlways,
    }
    /// In which order matches are tried.
    Order {
        /// Host, exact, longest prefix, method, headers, queries; regular expressions below prefixes.
        Specification,
        /// Exact, regular expression, prefix; then length; method and headers counted alike; then queries.
        KindFirst,
        /// Exact, regular expression of whatever length, longest prefix; then method, headers, queries.
        ExpressionsAlike,
        /// One sum of points.
        Score,
        /// Whole paths, regular expressions, longest prefix: the path alone finds the place, where method, headers and queries are asked.
        Locations,
    }
    /// What decides between matches of equal rank.
    Ties {
        /// Older route, name, order of rules.
        Age,
        /// Chance, at every start.
        Chance,
    }
    /// How regular expressions are applied.
    RegexScope {
        /// To the whole text.
        Full,
        /// Anywhere in the text.
        Search,
        /// From the start of a path on, as PCRE.
        Start,
    }
    /// What a regular expression that cannot be compiled costs.
    BadRegex {
        /// Its rule.
        Rule,
        /// Its match.
        Match,
        /// The data plane refuses all routes of the port.
        Port,
    }
    /// What an empty regular expression costs.
    EmptyRegex {
        /// Everything: nobody listens.
        Everything,
        /// The data plane refuses all routes of the port.
        Port,
        /// Its match.
        Match,
        /// Nothing: it matches the empty text.
        Nothing,
    }
    /// Which values of a query parameter count, and how they are read.
    QueryValues {
        /// The first, as sent.
        FirstRaw,
        /// Any, decoded.
        AnyDecoded,
        /// The first, decoded, unless it is empty.
        FirstDecoded,
    }
    /// What `;` does in a query.
    Semicolon {
        /// Nothing.
        Ordinary,
        /// It separates, and is sent upstream as `&`.
        Separates,
    }
    /// Repeated slashes of a path.
    Slashes {
        /// One; but a path of slashes only stays.
        MergedUnlessAlone,
        /// One.
        Merged,
        /// As sent.
        Kept,
    }
    /// Dot segments of a path.
    Dots {
        /// Resolved, with parameters or without; a slash stays behind.
        ResolvedWithSlash,
        /// Resolved where they have no parameters; a slash stays behind.
        ResolvedWithoutParameters,
        /// Resolved; the slash behind is lost.
        ResolvedWithoutSlash,
        /// As sent.
        Kept,
    }
    /// `%2F` and `%5C`.
    EscapedSlash {
        /// Redirected (307) to the path with slashes.
        Redirected,
        /// Refused (400).
        Refused,
        /// Read as slashes, and sent on as slashes.
        Unescaped,
        /// As sent.
        Kept,
    }
    /// Escapes of characters that need none.
    Escapes {
        /// Decoded; the others stay as sent.
        Decoded,
        /// Decoded; the others are written in upper case.
        DecodedOthersUpper,
        /// As sent.
        Kept,
    }
    /// A backslash in a path.
    Backslash {
        /// A slash.
        Slash,
        /// As sent, or an odd character.
        Kept,
    }
    /// Characters of a path that must be escaped and are not: `"<>^{|}`, the backquote, and what is beyond ASCII.
    OddCharacters {
        /// They are escaped.
        Escaped,
        /// The whole path is decoded and escaped again.
        Reencoded,
        /// As sent.
        Kept,
    }
    /// Requests of HTTP/1.0.
    Http10 {
        /// 426.
        UpgradeRequired,
        /// Answered like any other.
        Served,
    }
    /// What a header match sees of a header with several lines.
    HeaderLines {
        /// Each of them.
        Each,
        /// One text, with commas between them.
        Joined,
    }
    /// Header matches whose names differ in letter case only.
    RepeatedNames {
        /// All must hold.
        All,
        /// The first counts.
        First,
    }
    /// Which matches of gRPC are taken.
    GrpcMethods {
        /// All.
        Any,
        /// Those that name service and method, or neither; a rule with another one is left out.
        Whole,
    }
    /// Whose header modifiers come last where a rule and its backend have some.
    HeaderOrder {
        /// Those of the rule.
        RuleLast,
        /// Those of the backend.
        BackendLast,
    }
    /// Filters of backends that rewrite, redirect or mirror.
    BackendFilters {
        /// Only the host can be rewritten; the rest costs the backend (500).
        HostOnly,
        /// None does anything.
        Ignored,
        /// All work.
        All,
    }
    /// Something in a target that does not belong there.
    Oddity {
        /// 400.
        Refused,
        /// Passed on.
        Passed,
    }
    /// Which form of the path is compared.
    Compared {
        /// The normalised one, escapes and all.
        Normalised,
        /// The normalised one, with escapes of characters decoded that are not reserved.
        Decoded,
        /// That by which nginx finds a location: everything decoded, slashes merged, dot segments resolved, nothing behind `#`.
        Location,
    }
    /// Which form of a path is sent on where nothing replaces it.
    SentPath {
        /// The normalised one.
        Normalised,
        /// The one that the client sent.
        AsSent,
    }
    /// How many values a line of a header has where matches look at it.
    HeaderLists {
        /// One.
        Whole,
        /// Those between its commas, blanks and all, of all lines joined by a comma and a blank; an empty header is none.
        Split,
    }
    /// Which hosts are well-formed.
    HostSpelling {
        /// Those of the characters that hosts have.
        Characters,
        /// Those without `@` and without empty label inside, and with a port of digits.
        Strict,
    }
    /// How methods are written.
    MethodSpelling {
        /// As anybody likes.
        Any,
        /// In capitals, with hyphens and underscores; others are refused (400).
        Capitals,
    }
    /// A Service whose port is both a backend of routes of HTTP and one of routes of TLS at one Gateway.
    SharedServices {
        /// It works.
        Work,
        /// The data plane refuses everything: nobody listens.
        Stop,
    }
    /// A request without Host header.
    MissingHost {
        /// Refused (400) unless its target names a host.
        Refused,
        /// Refused (400) in HTTP/1.1, whatever its target names.
        RefusedByHttp11,
    }
    /// Request headers with underscores.
    Underscores {
        /// 400.
        Refused,
        /// The header is left out.
        Dropped,
        /// As any other.
        Kept,
    }
    /// How values of header modifiers are read.
    HeaderValues {
        /// As Envoy format strings; a bad one costs the whole port.
        Formats,
        /// As they are.
        Literal,
        /// Between double quotes of nginx, where a backslash escapes; what begins with a dollar sign is a variable.
        Quoted,
    }
    /// What several operations on one header do.
    HeaderOperations {
        /// Removed first, then added; what is added is not set.
        RemoveAdd,
        /// Set, added, removed.
        SetAddRemove,
        /// What is added stands behind what the client sent, in one line; what is set is a line beside it; removed.
        Listed,
    }
    /// `Host` in a header modifier.
    HostOperation {
        /// The rule answers 500.
        RuleFails,
        /// The data plane refuses all routes of the port.
        PortFails,
        /// The Host is set.
        Sets,
        /// The Host is set, and one that is none is sent empty (`Request.write` in net/http of Go).
        SetsHosts,
    }
    /// How a matched prefix is replaced.
    PrefixReplacement {
        /// As text, with regular expressions for an empty replacement.
        Text,
        /// As text to the last slash, with a regular expression where a slash replaces; nothing replaces nothing.
        Literal,
        /// By joining cleaned paths.
        Join,
        /// By elements, as the table of the specification says.
        Elements,
        /// As nginx replaces what its expression takes: a final slash of what replaces stays for the bare prefix.
        Expression,
    }
    /// How rewritten paths are written.
    RewriteEncoding {
        /// As they are.
        Raw,
        /// Decoded, and encoded again.
        Encoded,
        /// Decoded up to a question mark, and escaped again by nginx; left decoded in a Location.
        Escaped,
    }
    /// Which paths a redirect can have.
    RedirectPaths {
        /// All.
        Any,
        /// Those without query, doubled slashes and dot segments; with another one the rule answers 500.
        Clean,
    }
    /// Where the port of a redirect comes from.
    RedirectPort {
        /// Listener; 80 and 443 are not written whatever the scheme, and the Host header keeps its own port.
        ListenerOrHost,
        /// Listener; not written where it is that of the scheme, and then the Host header keeps its own port.
        SchemeOrHost,
        /// Host header; an explicit port is always written.
        Host,
        /// Listener; not written where it is that of the scheme.
        Listener,
        /// Listener; not written where the filter names the scheme and no port, or that of the scheme. The host is in lower case.
        UnlessScheme,
    }
    /// In which order filters of one rule act.
    FilterOrder {
        /// In one of the implementation, however they are listed.
        Own,
        /// As listed; what stands behind a redirect does nothing.
        Listed,
    }
    /// Whether the status of a route tells of filters that cost their rule.
    FilterFaults {
        /// References to what is not there are told.
        Told,
        /// Nothing is told, nor of backends of such a rule.
        Silent,
    }
    /// When a listener takes a route.
    RouteAcceptance {
        /// Whenever it allows it.
        Allowed,
        /// When it serves, too.
        Served,
    }
    /// Whose certificates are served at a port.
    CertificateScope {
        /// Those of its listeners.
        Port,
        /// Those of all listeners.
        Everywhere,
    }
    /// How a header match sees headers that the router sends by itself.
    OverwrittenHeaders {
        /// As the client sent them.
        AsSent,
        /// As the client sent them, but for the scheme, unless proxies are trusted to tell it.
        SchemeAsMade,
        /// As the router sends them.
        AsMade,
    }
    /// What a mirror costs whose backend cannot be resolved.
    MirrorFaults {
        /// Its rule answers 500.
        Rule,
        /// Nothing but the copies.
        Copies,
        /// Nothing but the copies, and no condition says so.
        Ignored,
    }
    /// A filter that not everybody has.
    Handling {
        /// Works.
        Works,
        /// The rule answers 500.
        RuleFails,
    }
    /// Whom headers of CORS are for.
    CorsAnswers {
        /// Requests whose origin is allowed, and preflights.
        AllowedOrigins,
        /// Everybody; the origin itself is named where it is allowed, or where all are.
        Everybody,
        /// Everybody, and all of them in every answer; origin and credentials where the origin is allowed.
        EveryAnswer,
    }
    /// Requests with `OPTIONS` that a rule with CORS answers itself.
    CorsOptions {
        /// Those with `Origin` and `Access-Control-Request-Method`.
        Preflights,
        /// All of them.
        Every,
    }
    /// Preflight requests for a rule with CORS whose method is another one.
    MethodPreflights {
        /// They are for that rule.
        Taken,
        /// Its method decides, as with every request.
        NotTaken,
    }
    /// Preflight requests for a rule whose backends cannot be reached.
    FailingPreflights {
        /// They get what all requests get.
        FailToo,
        /// They are answered.
        Answered,
    }
    /// Preflight requests whose origin is not allowed.
    ForeignPreflight {
        /// 200 without the allowed origin.
        AnsweredWithoutOrigin,
        /// 200 without any of the headers.
        AnsweredBare,
    }
    /// Route `timeouts`.
    Timeouts {
        /// Kept.
        Kept,
        /// Ignored.
        Ignored,
    }
    /// A Service port 443 without further notice.
    Port443 {
        /// Spoken to in plain text.
        Plain,
        /// Spoken to in TLS and verified by address, which fails: 500.
        VerifiedTls,
    }
    /// How backends of a GRPCRoute are spoken to whose Service says nothing.
    GrpcBackends {
        /// In HTTP/2.
        Http2,
        /// As those of any route.
        AsOthers,
    }
    /// Which answers of an authentication service let pass.
    AuthSuccess {
        /// 200.
        Only200,
        /// Every 2xx.
        Any2xx,
    }
    /// The word `Basic` of credentials.
    BasicScheme {
        /// As written.
        Exact,
        /// In any letter case.
        AnyCase,
    }
    /// What a gRPC request gets that no route matches.
    GrpcMiss {
        /// 200 with `grpc-status: 12`.
        GrpcStatus,
        /// 404.
        NotFound,
    }
    /// HTTP/2 where certificates of two listeners overlap.
    OverlapHttp2 {
        /// Not offered.
        Lost,
        /// Offered.
        Kept,
    }
    /// ListenerSets.
    ListenerSets {
        /// They add listeners.
        Work,
        /// They are not looked at.
        Ignored,
    }
    /// Listeners of one port whose protocols do not go together.
    ProtocolConflict {
        /// None of them serves.
        NoneServes,
        /// All of them serve.
        AllServe,
    }
    /// A certificate reference that cannot be resolved, beside others that can.
    BadCertificate {
        /// The others are served.
        Skipped,
        /// The listener does not serve.
        ListenerFails,
    }
    /// Answers that the router makes itself.
    OwnAnswer {
        /// Redirects of a filter.
        Redirect,
        /// 500 and 503 for want of a backend, 504.
        Error,
        /// What policies answer in place of a backend.
        Refusal,
    }
    /// Where the value of a header that is sent upstream comes from.
    HeaderSource {
        /// Address of the peer.
        Peer,
        /// What the client sent, and the peer.
        AppendedPeer,
        /// What the client sent, and the peer, with blanks behind the commas.
        ListedPeer,
        /// What filters of the rule left of it, and the peer; nothing that the client sent.
        LatePeer,
        /// Scheme of the connection.
        Scheme,
        /// Host header.
        Host,
        /// Port of the Host header, else that of the scheme.
        HostPort,
        /// Something that nobody can foresee.
        Unforeseeable,
        /// Something of the router's own where the rule leaves nothing; a match sees what the client sent.
        WhereAbsent,
        /// Not sent.
        Removed,
    }
}

/// A header that is sent upstream without being asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardedHeader {
    /// Name in lower case; a final `*` stands for every name that starts so.
    pub name: String,
    /// Where its value comes from.
    pub source: HeaderSource,
}

/// Everything the specification leaves open and the router needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is described by the type of its value")]
pub struct Dialect {
    pub listener_sets: Fact<ListenerSets>,
    pub protocol_conflict: Fact<ProtocolConflict>,
    pub bad_certificate: Fact<BadCertificate>,
    pub isolation: Fact<Isolation>,
    pub host_fall_through: Fact<HostFallThrough>,
    pub foreign_hostname: Fact<ForeignHostname>,
    pub server_name: Fact<ServerName>,
    pub unknown_server_name: Fact<UnknownServerName>,
    pub misdirected: Fact<Misdirected>,
    pub certificate_wildcard: Fact<Wildcard>,
    /// Wildcards in names of certificates of which one is chosen.
    pub certificate_choice: Fact<Wildcard>,
    pub foreign_port: Fact<ForeignPort>,
    pub unrouted_tls: Fact<UnroutedTls>,
    pub parent_ports: Fact<ParentPorts>,
    pub same_server_name: Fact<SameServerName>,
    pub overlap_http2: Fact<OverlapHttp2>,
    pub wildcard: Fact<Wildcard>,
    pub final_dot: Fact<FinalDot>,
    pub order: Fact<Order>,
    pub ties: Fact<Ties>,
    pub regex: Fact<RegexScope>,
    pub value_regex: Fact<RegexScope>,
    pub bad_regex: Fact<BadRegex>,
    pub empty_regex: Fact<EmptyRegex>,
    pub query_values: Fact<QueryValues>,
    pub semicolon: Fact<Semicolon>,
    pub slashes: Fact<Slashes>,
    pub dots: Fact<Dots>,
    pub escaped_slash: Fact<EscapedSlash>,
    pub escapes: Fact<Escapes>,
    pub broken_escape: Fact<Oddity>,
    pub backslash: Fact<Backslash>,
    pub non_ascii: Fact<Oddity>,
    pub escaped_zero: Fact<Oddity>,
    pub fragment_in_path: Fact<Oddity>,
    pub fragment_in_query: Fact<Oddity>,
    pub odd_characters: Fact<OddCharacters>,
    pub compared_path: Fact<Compared>,
    pub sent_path: Fact<SentPath>,
    /// Characters that no path of a match may have; a rule with one is left out.
    pub refused_in_paths: Fact<String>,
    /// Characters that no text may have that replaces a path; the rule answers 500 then, and where the text does not begin with a slash.
    /// Empty where every text is taken.
    pub refused_in_replacements: Fact<String>,
    pub header_lists: Fact<HeaderLists>,
    pub host_spelling: Fact<HostSpelling>,
    pub method_spelling: Fact<MethodSpelling>,
    pub shared_services: Fact<SharedServices>,
    /// Methods that are taken; every other one is refused (400). Empty where all are taken.
    pub known_methods: Fact<Vec<String>>,
    /// Headers whose lines are joined to one before they are compared and sent on.
    pub joined_headers: Fact<Vec<String>>,
    pub header_lines: Fact<HeaderLines>,
    pub repeated_names: Fact<RepeatedNames>,
    pub http10: Fact<Http10>,
    pub websockets: Fact<Websockets>,
    pub empty_host: Fact<Oddity>,
    pub missing_host: Fact<MissingHost>,
    pub underscores: Fact<Underscores>,
    pub forwarded_headers: Fact<Vec<ForwardedHeader>>,
    pub header_values: Fact<HeaderValues>,
    pub header_operations: Fact<HeaderOperations>,
    pub host_operation: Fact<HostOperation>,
    /// Headers that no filter may change in requests, in lower case; the rule answers 500 then. A final `*` stands for every name that
    /// starts so.
    pub refused_request_headers: Fact<Vec<String>>,
    /// The same for answers.
    pub refused_response_headers: Fact<Vec<String>>,
    pub grpc_methods: Fact<GrpcMethods>,
    pub header_order: Fact<HeaderOrder>,
    pub backend_filters: Fact<BackendFilters>,
    pub filter_order: Fact<FilterOrder>,
    pub filter_faults: Fact<FilterFaults>,
    pub route_acceptance: Fact<RouteAcceptance>,
    pub certificate_scope: Fact<CertificateScope>,
    pub overwritten_headers: Fact<OverwrittenHeaders>,
    /// Kinds of its own that are looked up when everything is put together: matches that need one which is missing or broken are left
    /// out, and other matches may take their requests. With every other kind the rule answers 500.
    pub named_objects: Fact<Vec<String>>,
    /// Header that gets the old host where a filter rewrites the host.
    pub rewritten_host_header: Fact<Option<String>>,
    pub prefix_replacement: Fact<PrefixReplacement>,
    pub rewrite_encoding: Fact<RewriteEncoding>,
    pub redirect_paths: Fact<RedirectPaths>,
    pub redirect_port: Fact<RedirectPort>,
    /// Own answers to which response header modifiers apply.
    pub modified_own_answers: Fact<Vec<OwnAnswer>>,
    pub cors: Fact<Handling>,
    pub cors_answers: Fact<CorsAnswers>,
    pub cors_options: Fact<CorsOptions>,
    pub method_preflights: Fact<MethodPreflights>,
    pub failing_preflights: Fact<FailingPreflights>,
    pub foreign_preflight: Fact<ForeignPreflight>,
    pub mirror: Fact<Handling>,
    pub mirror_faults: Fact<MirrorFaults>,
    pub mirror_beside_redirect: Fact<Handling>,
    /// Status where the weights of a rule sum up to 0.
    pub no_weight_status: Fact<u16>,
    pub lone_weight: Fact<LoneWeight>,
    /// Status of a rule that has filters and no backends.
    pub only_filters_status: Fact<u16>,
    pub weightless_faults: Fact<WeightlessFaults>,
    /// What the share of a backend that cannot be resolved gets beside others in a GRPCRoute.
    pub grpc_share_status: Fact<u16>,
    /// What a rule of a GRPCRoute answers where nobody can be reached, or where a filter fails.
    pub grpc_fault_status: Fact<u16>,
    /// The filter for response headers in a GRPCRoute.
    pub grpc_response_headers: Fact<Handling>,
    /// Status of the share of a Service without endpoints.
    pub no_endpoints_status: Fact<u16>,
    /// Its status where not even an empty EndpointSlice is there; 0 for the same.
    pub no_slices_status: Fact<u16>,
    pub port443: Fact<Port443>,
    pub timeouts: Fact<Timeouts>,
    /// Milliseconds after which an exchange is ended where the route says nothing; 0 for never.
    pub default_timeout: Fact<u64>,
    /// Milliseconds of silence after which an exchange is ended where no policy says otherwise; 0 for never.
    pub default_silence: Fact<u64>,
    pub grpc_miss: Fact<GrpcMiss>,
    pub grpc_backends: Fact<GrpcBackends>,
    pub auth_success: Fact<AuthSuccess>,
    pub basic_scheme: Fact<BasicScheme>,
    /// Bytes of the largest body that is taken where no policy says otherwise; 0 for no limit.
    pub body_limit: Fact<u64>,
    /// Bytes of a body that may wait while an authentication service is asked. A lower limit is not kept behind one.
    pub waiting_body: Fact<u64>,
    /// Bytes of the last frame of a body over HTTP/2 that no limit counts; 0 where all are counted.
    pub uncounted_frame: Fact<u64>,
}

impl Dialect {
    /// Whether no filter may set a header in answers.
    pub fn refuses_in_answers(&self, name: &str) -> bool {
        lists(&self.refused_response_headers, name)
    }

    /// Whether no filter may set a header in requests.
    pub fn refuses_in_requests(&self, name: &str) -> bool {
        lists(&self.refused_request_headers, name)
    }

    /// Whether objects of a kind are looked up when everything is put together.
    pub fn looks_up(&self, kind: &str) -> bool {
        self.named_objects.iter().any(|named| named == kind)
    }
}

/// Whether a list of lower-case names, or of what names start with, has a name.
fn lists(list: &[String], name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    list.iter().any(|one| one.strip_suffix('*').map_or(*one == name, |start| name.starts_with(start)))
}
