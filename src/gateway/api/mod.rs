//! Gateway API objects as they stand on the wire: one file a kind, fields in the order in which a person writes them.
//!
//! What cannot be said on the wire cannot be built here: a filter has exactly one block, a path has exactly one type. Defaults are
//! never printed, and neither are empty fields and status. Whether an API server would take an object is decided by
//! [`super::limits`], what it does to requests by the router.

mod backend_tls_policy;
mod custom;
mod duration;
mod gateway;
mod gateway_class;
mod grpc_route;
mod header;
mod http_filter;
mod http_match;
mod http_policy;
mod http_route;
mod listener;
mod listener_set;
mod meta;
mod namespace;
mod object;
mod read;
mod reference;
mod reference_grant;
mod resource;
mod service;
mod session;
pub mod status;
mod tcp_route;
mod text_map;
mod tls_route;
mod udp_route;

pub use backend_tls_policy::{BackendTlsPolicy, BackendTlsPolicySpec, BackendValidation, PolicyTarget, SubjectAltName};
pub use custom::Custom;
pub(in crate::gateway) use duration::millis;
pub use duration::{Duration, NotADuration};
pub use gateway::{
    Address, AllowedListeners, BackendTls, ClientValidation, FrontendTls, FrontendTlsConfig, Gateway, GatewaySpec, GatewayTls,
    Infrastructure, PortTls, ValidationMode,
};
pub use gateway_class::{GatewayClass, GatewayClassSpec};
pub use grpc_route::{GrpcBackendRef, GrpcFilter, GrpcMatch, GrpcMethod, GrpcRoute, GrpcRouteSpec, GrpcRule};
pub use header::{HeaderModifier, HeaderName, HeaderValue, MatchType, NotAHeaderName, ValueMatch};
pub use http_filter::{
    Fraction, HttpFilter, NotARedirect, PathModifier, RedirectScheme, RedirectStatus, RequestMirror, RequestRedirect, UrlRewrite,
};
pub use http_match::{HttpMatch, HttpMethod, PathMatch};
pub use http_policy::{AuthProtocol, Cors, ExternalAuth, ForwardBody, GrpcAuth, HttpAuth};
pub use http_route::{HttpBackendRef, HttpRetry, HttpRoute, HttpRouteSpec, HttpRule, HttpTimeouts};
pub use listener::{AllowedRoutes, FromNamespaces, Listener, ListenerFilter, ListenerFilters, ListenerTls, Protocol, RouteKind, TlsMode};
pub use listener_set::{ListenerSet, ListenerSetSpec};
pub use meta::{LabelRequirement, LabelSelector, Meta};
pub use namespace::{Namespace, NamespaceSpec};
pub use object::{Kind, Object, read, read_value};
pub use read::{Issue, IssueKind};
pub use reference::{BackendObjectRef, BackendRef, ExplicitRef, FilteredBackendRef, GROUP, ParentRef, SecretRef};
pub use reference_grant::{GrantFrom, GrantTo, ReferenceGrant, ReferenceGrantSpec};
pub use resource::{Resource, Spec};
pub use service::{Service, ServicePort, ServiceSpec, TargetPort};
pub use session::{CookieConfig, CookieLifetime, SessionCookie, SessionHeader, SessionKind, SessionPersistence};
pub use tcp_route::{TcpRoute, TcpRouteSpec, TcpRule};
pub use text_map::TextMap;
pub use tls_route::{TlsRoute, TlsRouteSpec, TlsRule};
pub use udp_route::{UdpRoute, UdpRouteSpec, UdpRule};

#[cfg(test)]
mod tests;
