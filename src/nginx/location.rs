//! A location block: a path of a server, with the settings of the Ingress it came from.

use std::sync::Arc;

use super::{IngressId, Settings, UpstreamId};
use crate::k8s::Subject;

/// Path type after normalisation: `ImplementationSpecific` and none are `Prefix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathType {
    /// `Exact`.
    Exact,
    /// `Prefix`.
    Prefix,
}

/// How nginx compares a location with the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modifier {
    /// `= "PATH"`.
    Exact,
    /// `"PATH"`: a byte prefix; the longest one wins.
    Prefix,
    /// `~* "^PATH"`: searched without regard to case, in the order of the file.
    Regex,
}

/// The Ingress path that a location came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathOrigin {
    /// The Ingress.
    pub ingress: IngressId,
    /// The path (`spec.rules[i].http.paths[j]`), the rule where the location is implicit, or `spec.defaultBackend`.
    pub subject: Subject,
    /// Index of the rule; `None` for `spec.defaultBackend`.
    pub rule: Option<u32>,
    /// Index of the path in its rule; `None` for the implicit `/` and `spec.defaultBackend`.
    pub path: Option<u32>,
}

/// Where a location sends requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A Service port.
    Upstream(UpstreamId),
    /// The controller's default backend: 404 unless a Service was given.
    Default,
    /// An upstream that no longer exists (a canary that was not merged): 503.
    Gone,
}

/// A location.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Location {
    /// Text after prefix expansion.
    pub path: String,
    /// How it is compared.
    pub modifier: Modifier,
    /// Path type that the controller keeps for it; differs from the Ingress's for exact copies of prefixes.
    pub path_type: PathType,
    /// Text of the Ingress path before expansion, `/` where it was empty.
    pub ingress_path: String,
    /// The exact copy of a `Prefix` path (`= /foo` beside `/foo/`).
    pub copy: bool,
    /// The `/` that every host has, as long as no path took it over.
    pub implicit: bool,
    /// Where it came from; `None` for the implicit `/` of `_`.
    pub origin: Option<PathOrigin>,
    /// What applies here. For the implicit `/` these are the settings of the Ingress that created the host.
    pub settings: Arc<Settings>,
    /// `rewrite-target` is not empty and differs from `path`.
    pub rewrites: bool,
    /// Who gets the requests.
    pub target: Target,
    /// `default-backend` took the place of an upstream without endpoints; the key of the upstream it replaced.
    pub replaced: Option<String>,
    /// Who answers for `custom-http-errors`: an upstream by `default-backend`; `None` for the controller's default backend.
    pub error_backend: Option<UpstreamId>,
    /// Path is exempt from redirects to HTTPS (`no-tls-redirect-locations`).
    pub no_tls_redirect: bool,
    /// Path is exempt from global external authentication (`no-auth-locations`).
    pub no_auth: bool,
}
