//! What an implementation does where the specification is silent, as data with evidence.
//!
//! Values come from `annotation-maps/targets/<id>.yaml` ([`Target`]). Code asks for a value and never for the name of a target.

/// Enumerations of which data names one.
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

mod backends;
mod filters;
mod listeners;
mod matching;

use serde::Deserialize;

pub use super::implementations::{Feature, Hazard, Prerequisite, Stand, Switch, Target, version_numbers};
pub use backends::{AuthSuccess, BasicScheme, GrpcBackends, GrpcMiss, LoneWeight, Port443, SharedServices, Timeouts, WeightlessFaults};
pub use filters::{
    BackendFilters, CorsAnswers, CorsOptions, FailingPreflights, FilterFaults, FilterOrder, ForeignPreflight, Handling, HeaderOperations,
    HeaderSource, HeaderValues, HostOperation, MethodPreflights, MirrorFaults, OverwrittenHeaders, OwnAnswer, PrefixReplacement,
    RedirectPaths, RedirectPort, RewriteEncoding,
};
pub use listeners::{
    BadCertificate, CertificateScope, FinalDot, ForeignHostname, ForeignPort, HostFallThrough, Isolation, ListenerSets, Misdirected,
    OverlapHttp2, ParentPorts, ProtocolConflict, RouteAcceptance, SameServerName, ServerName, UnknownServerName, UnroutedTls, Wildcard,
};
pub use matching::{
    Backslash, BadRegex, Compared, Dots, EmptyRegex, EscapedSlash, Escapes, GrpcMethods, HeaderLines, HeaderLists, HeaderOrder,
    HostSpelling, Http10, MethodSpelling, MissingHost, OddCharacters, Oddity, Order, QueryValues, RegexScope, RepeatedNames, Semicolon,
    SentPath, Slashes, Ties, Underscores, Websockets,
};

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
