//! Codes of findings. Titles, severities and advice are data: `annotation-maps/findings/<area>.yaml`, one entry a code.

use std::{fmt, str::FromStr};

macro_rules! codes {
    ($($variant:ident = $text:literal,)*) => {
        /// What a finding is about: `area/what-is-true`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the text of each code is in annotation-maps/findings")]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            /// All codes, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// `area/what-is-true`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

// One line a code; keep areas together.
codes! {
    GatewayCertificateMissing = "gateway/certificate-missing",
    GatewayConditionFalse = "gateway/condition-false",
    GatewayListenerSetNotAllowed = "gateway/listener-set-not-allowed",
    GatewayMeshRoute = "gateway/mesh-route",
    GatewayOtherController = "gateway/other-controller",
    GatewayOutage = "gateway/outage",
    GatewayParentMissing = "gateway/parent-missing",
    GatewayRouteNotAccepted = "gateway/route-not-accepted",
    GatewayRuleDropped = "gateway/rule-dropped",
    GatewayRuleFails = "gateway/rule-fails",
    GatewayUnknownPolicy = "gateway/unknown-policy",
    GatewayApiDefaulted = "gateway-api/defaulted",
    GatewayApiDeprecatedVersion = "gateway-api/deprecated-version",
    GatewayApiDoubtful = "gateway-api/doubtful",
    GatewayApiDropped = "gateway-api/dropped",
    GatewayApiNotServed = "gateway-api/not-served",
    GatewayApiPruned = "gateway-api/pruned",
    GatewayApiRefused = "gateway-api/refused",
    InputBinaryFile = "input/binary-file",
    InputBrokenDocument = "input/broken-document",
    AnnotationAuthIgnored = "annotation/auth-ignored",
    AnnotationDefaultUsed = "annotation/default-used",
    AnnotationDenied = "annotation/denied",
    AnnotationDroppedIngress = "annotation/dropped-ingress",
    AnnotationGroupIgnored = "annotation/group-ignored",
    AnnotationHostDenied = "annotation/host-denied",
    AnnotationMisspelt = "annotation/misspelt",
    AnnotationOtherController = "annotation/other-controller",
    AnnotationRemoved = "annotation/removed",
    AnnotationSnippetBlanked = "annotation/snippet-blanked",
    AnnotationWrongPrefix = "annotation/wrong-prefix",
    IngressBlockedWord = "ingress/blocked-word",
    IngressCanaryDead = "ingress/canary-dead",
    IngressCanaryUnmerged = "ingress/canary-unmerged",
    IngressCanaryUpstream = "ingress/canary-upstream",
    IngressCatchAllDisabled = "ingress/catch-all-disabled",
    IngressClassMissing = "ingress/class-missing",
    IngressDefaultBackendUnused = "ingress/default-backend-unused",
    IngressDuplicatePath = "ingress/duplicate-path",
    IngressInspection = "ingress/inspection",
    IngressInvalidConfigmapValue = "ingress/invalid-configmap-value",
    IngressInvalidFlag = "ingress/invalid-flag",
    IngressNamespaceUnwatched = "ingress/namespace-unwatched",
    IngressObjectsAssumed = "ingress/objects-assumed",
    IngressOrderAssumed = "ingress/order-assumed",
    IngressOtherClass = "ingress/other-class",
    IngressSharedUpstream = "ingress/shared-upstream",
    IngressTlsSecretUnusable = "ingress/tls-secret-unusable",
    IngressUnknownConfigmapKey = "ingress/unknown-configmap-key",
    IngressUnknownFlag = "ingress/unknown-flag",
    NginxConfigurationRefused = "nginx/configuration-refused",
    NginxControllerPanics = "nginx/controller-panics",
    NginxEndpointsBlocked = "nginx/endpoints-blocked",
    NginxRegexHost = "nginx/regex-host",
    NginxRegexPaths = "nginx/regex-paths",
    AccessAddressLists = "access/address-lists",
    AccessBasicAuth = "access/basic-auth",
    AccessClientCertificates = "access/client-certificates",
    AccessDigestAuth = "access/digest-auth",
    AccessExternalAuth = "access/external-auth",
    AccessFirewall = "access/firewall",
    AccessGlobalAuth = "access/global-auth",
    AccessHostDenied = "access/host-denied",
    AccessLocationDenied = "access/location-denied",
    AnnotationCertManager = "annotation/cert-manager",
    AnnotationExternalDns = "annotation/external-dns",
    BackendExternalName = "backend/external-name",
    BackendFastcgi = "backend/fastcgi",
    BackendGone = "backend/gone",
    BackendGrpc = "backend/grpc",
    BackendMissingPort = "backend/missing-port",
    BackendMissingService = "backend/missing-service",
    BackendNamedPort = "backend/named-port",
    BackendTls = "backend/tls",
    BesideArgoRollouts = "beside/argo-rollouts",
    BesideCertManagerSolver = "beside/cert-manager-solver",
    BesideFlagger = "beside/flagger",
    BesideGeneratedIngress = "beside/generated-ingress",
    BesideNetworkPolicy = "beside/network-policy",
    CanaryHeaderName = "canary/header-name",
    CanaryNeedsRegex = "canary/needs-regex",
    ClusterControllerUnknown = "cluster/controller-unknown",
    ClusterForbidden = "cluster/forbidden",
    ClusterMixedBundles = "cluster/mixed-bundles",
    ClusterNotServed = "cluster/not-served",
    ClusterOneNamespace = "cluster/one-namespace",
    ClusterUnreadable = "cluster/unreadable",
    CorsMethodUnsayable = "cors/method-unsayable",
    CorsNotKept = "cors/not-kept",
    CorsOriginUnsayable = "cors/origin-unsayable",
    CorsOriginWidens = "cors/origin-widens",
    DefaultBodyLimit = "default/body-limit",
    DefaultForwardedHeaders = "default/forwarded-headers",
    DefaultTimeouts = "default/timeouts",
    GatewayClassPlaceholder = "gateway/class-placeholder",
    GatewayClassUnknown = "gateway/class-unknown",
    GatewayNamespaceLabel = "gateway/namespace-label",
    GatewayOwnObjectRefused = "gateway/own-object-refused",
    HeaderHostUnsayable = "header/host-unsayable",
    HeaderVariables = "header/variables",
    HostAliasUnsayable = "host/alias-unsayable",
    HostUnsayable = "host/unsayable",
    HostWildcardWidens = "host/wildcard-widens",
    PathNeedsCaselessRegex = "path/needs-caseless-regex",
    PathNeedsPcre = "path/needs-pcre",
    PathRegexBesidePrefix = "path/regex-beside-prefix",
    PathRegexTightened = "path/regex-tightened",
    PathTooLong = "path/too-long",
    PolicyAccessLog = "policy/access-log",
    PolicyBackendHttpVersion = "policy/backend-http-version",
    PolicyBandwidth = "policy/bandwidth",
    PolicyBodyLimit = "policy/body-limit",
    PolicyBuffering = "policy/buffering",
    PolicyCiphers = "policy/ciphers",
    PolicyConnectionHeader = "policy/connection-header",
    PolicyControllerSetting = "policy/controller-setting",
    PolicyCookieRewrite = "policy/cookie-rewrite",
    PolicyErrorPages = "policy/error-pages",
    PolicyLoadBalancing = "policy/load-balancing",
    PolicyLocationRewrite = "policy/location-rewrite",
    PolicyMirror = "policy/mirror",
    PolicyRateLimit = "policy/rate-limit",
    PolicyRetry = "policy/retry",
    PolicyServiceAddress = "policy/service-address",
    PolicySessionAffinity = "policy/session-affinity",
    PolicySnippet = "policy/snippet",
    PolicyTimeouts = "policy/timeouts",
    PolicyTracing = "policy/tracing",
    RedirectAbsolute = "redirect/absolute",
    RedirectPortDropped = "redirect/port-dropped",
    RedirectQueryKept = "redirect/query-kept",
    RedirectTrailingSlash = "redirect/trailing-slash",
    RedirectUnsayable = "redirect/unsayable",
    RewriteNeedsCaptures = "rewrite/needs-captures",
    TlsNoCertificate = "tls/no-certificate",
    TlsPassthrough = "tls/passthrough",
    DifferenceAcceptanceExpired = "difference/acceptance-expired",
    DifferenceAcceptanceUnused = "difference/acceptance-unused",
    DifferenceAccessChanged = "difference/access-changed",
    DifferenceAccessLost = "difference/access-lost",
    DifferenceAccessRefused = "difference/access-refused",
    DifferenceBackend = "difference/backend",
    DifferenceBodyLimit = "difference/body-limit",
    DifferenceCertificate = "difference/certificate",
    DifferenceCors = "difference/cors",
    DifferenceElementBoundary = "difference/element-boundary",
    DifferenceErrorPage = "difference/error-page",
    DifferenceHostUpstream = "difference/host-upstream",
    DifferenceHsts = "difference/hsts",
    DifferenceLetterCase = "difference/letter-case",
    DifferenceMatchEnd = "difference/match-end",
    DifferenceNewlyServed = "difference/newly-served",
    DifferenceNoAnswer = "difference/no-answer",
    DifferenceNotServed = "difference/not-served",
    DifferenceOwnPage = "difference/own-page",
    DifferencePathUpstream = "difference/path-upstream",
    DifferencePlainText = "difference/plain-text",
    DifferencePreflight = "difference/preflight",
    DifferenceRedirectAdded = "difference/redirect-added",
    DifferenceRedirectLost = "difference/redirect-lost",
    DifferenceRedirectSlash = "difference/redirect-slash",
    DifferenceRedirectStatus = "difference/redirect-status",
    DifferenceRedirectTarget = "difference/redirect-target",
    DifferenceRequestHeader = "difference/request-header",
    DifferenceResponseHeader = "difference/response-header",
    DifferenceSplit = "difference/split",
    DifferenceStatus = "difference/status",
    DifferenceTimeout = "difference/timeout",
    DifferenceTrailingSlashRedirect = "difference/trailing-slash-redirect",
    DifferenceWildcardLabels = "difference/wildcard-labels",
    UndecidedCertificate = "undecided/certificate",
    UndecidedDialects = "undecided/dialects",
    UndecidedIrregular = "undecided/irregular",
    UndecidedNotRegular = "undecided/not-regular",
    UndecidedNotShown = "undecided/not-shown",
    UndecidedOverBudget = "undecided/over-budget",
    UndecidedUnmodelled = "undecided/unmodelled",
    UndecidedUnreadable = "undecided/unreadable",
    InputDroppedByKubectl = "input/dropped-by-kubectl",
    InputDuplicateKey = "input/duplicate-key",
    InputDuplicateObject = "input/duplicate-object",
    InputEmptyFile = "input/empty-file",
    InputEmptyFolder = "input/empty-folder",
    InputInvalidUtf8 = "input/invalid-utf8",
    InputMissingFile = "input/missing-file",
    InputNotAnObject = "input/not-an-object",
    InputNotRendered = "input/not-rendered",
    InputRefusedByApiServer = "input/refused-by-api-server",
    InputRefusedByKubectl = "input/refused-by-kubectl",
    InputUnknownField = "input/unknown-field",
    InputUnreadableFile = "input/unreadable-file",
    InputWrongType = "input/wrong-type",
    SnippetClosesBlock = "snippet/closes-block",
    SnippetLosesBackend = "snippet/loses-backend",
    SnippetMayBeRefused = "snippet/may-be-refused",
    SnippetNotConvertible = "snippet/not-convertible",
    SnippetRefused = "snippet/refused",
    SnippetSwallowsNext = "snippet/swallows-next",
    SnippetUnknownDirective = "snippet/unknown-directive",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no finding has the code `{0}`")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}
