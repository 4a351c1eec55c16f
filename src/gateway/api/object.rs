//! Every kind that has a typed form, as one type.

use serde::{Serialize, Serializer};

use super::{
    BackendTlsPolicy, BackendTlsPolicySpec, Custom, Gateway, GatewayClass, GatewayClassSpec, GatewaySpec, GrpcRoute, GrpcRouteSpec,
    HttpRoute, HttpRouteSpec, Issue, IssueKind, ListenerSet, ListenerSetSpec, Meta, Namespace, NamespaceSpec, ReferenceGrant,
    ReferenceGrantSpec, Service, ServiceSpec, Spec, TcpRoute, TcpRouteSpec, TlsRoute, TlsRouteSpec, UdpRoute, UdpRouteSpec,
};
use crate::gateway::json::Json;
use crate::k8s::{FieldPath, ObjectRef};
use crate::yaml;

macro_rules! objects {
    ($($(#[$doc:meta])* $variant:ident($spec:ty),)*) => {
        /// An object of any kind that has a typed form. The variants are in the order in which objects are printed. They are boxed, because
        /// kinds differ much in size and there are many objects.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Object {
            $($(#[$doc])* $variant(Box<$variant>),)*
            /// An object of an implementation; written, never read as such.
            Custom(Box<Custom>),
        }

        impl Object {
            /// Name of the object.
            pub fn object_ref(&self) -> ObjectRef {
                match self {
                    $(Self::$variant(object) => object.object_ref(),)*
                    Self::Custom(object) => object.object_ref(),
                }
            }

            /// `group/version`.
            pub fn api_version(&self) -> String {
                match self {
                    $(Self::$variant(object) => object.api_version(),)*
                    Self::Custom(object) => object.api_version(),
                }
            }

            /// Kind.
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$variant(_) => Kind::$variant,)*
                    Self::Custom(object) => Kind::Custom { group: object.group, kind: object.kind },
                }
            }

            /// Metadata.
            pub const fn meta(&self) -> &Meta {
                match self {
                    $(Self::$variant(object) => &object.metadata,)*
                    Self::Custom(object) => &object.metadata,
                }
            }

            /// Metadata, to be changed.
            pub const fn meta_mut(&mut self) -> &mut Meta {
                match self {
                    $(Self::$variant(object) => &mut object.metadata,)*
                    Self::Custom(object) => &mut object.metadata,
                }
            }

            fn read_as(kind: Kind, json: &Json<'_>, version: &str, issues: &mut Vec<Issue>) -> Option<Self> {
                match kind {
                    $(Kind::$variant => $variant::read(json, version, issues).map(Self::from),)*
                    Kind::Custom { .. } => None,
                }
            }
        }

        /// Kinds that have a typed form, in the order in which objects are printed, and those of implementations.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names of the kinds")]
        pub enum Kind {
            $($variant,)*
            Custom { group: &'static str, kind: &'static str },
        }

        impl Kind {
            /// All kinds that have a typed form.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The kind on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => <$spec as Spec>::KIND,)*
                    Self::Custom { kind, .. } => kind,
                }
            }

            /// API group, empty for core.
            pub const fn group(self) -> &'static str {
                match self {
                    $(Self::$variant => <$spec as Spec>::GROUP,)*
                    Self::Custom { group, .. } => group,
                }
            }

            /// Whether objects live in namespaces.
            pub const fn is_namespaced(self) -> bool {
                match self {
                    $(Self::$variant => <$spec as Spec>::NAMESPACED,)*
                    Self::Custom { .. } => true,
                }
            }

            /// The kind of that group and name.
            pub fn named(group: &str, kind: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.group() == group && known.as_str() == kind)
            }
        }

        impl Serialize for Object {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(object) => object.serialize(serializer),)*
                    Self::Custom(object) => object.serialize(serializer),
                }
            }
        }

        $(impl From<$variant> for Object {
            fn from(object: $variant) -> Self {
                Self::$variant(Box::new(object))
            }
        })*
    };
}

objects! {
    /// Namespace.
    Namespace(NamespaceSpec),
    /// GatewayClass.
    GatewayClass(GatewayClassSpec),
    /// Gateway.
    Gateway(GatewaySpec),
    /// ListenerSet.
    ListenerSet(ListenerSetSpec),
    /// ReferenceGrant.
    ReferenceGrant(ReferenceGrantSpec),
    /// Service.
    Service(ServiceSpec),
    /// HTTPRoute.
    HttpRoute(HttpRouteSpec),
    /// GRPCRoute.
    GrpcRoute(GrpcRouteSpec),
    /// TLSRoute.
    TlsRoute(TlsRouteSpec),
    /// TCPRoute.
    TcpRoute(TcpRouteSpec),
    /// UDPRoute.
    UdpRoute(UdpRouteSpec),
    /// BackendTLSPolicy.
    BackendTlsPolicy(BackendTlsPolicySpec),
}

impl From<Custom> for Object {
    fn from(object: Custom) -> Self {
        Self::Custom(Box::new(object))
    }
}

impl Object {
    /// The order in which objects are printed: by namespace, kind, name.
    pub fn sort_key(&self) -> (&str, Kind, &str) {
        let meta = self.meta();
        (&meta.namespace, self.kind(), &meta.name)
    }

    /// The object as JSON, in printing order.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("INVARIANT: the wire types have string keys and no fallible serializer")
    }
}

/// The typed form of a document, and what it has no place for. Without typed form the issues say why.
pub fn read(node: &yaml::Node) -> (Option<Object>, Vec<Issue>) {
    let json = Json::from_node(node);
    let mut issues = Vec::new();
    let object = read_json(&json, &mut issues);
    (object, issues)
}

/// The typed form of an object in memory.
pub fn read_value(value: &serde_json::Value) -> (Option<Object>, Vec<Issue>) {
    let json = Json::from_value(value);
    let mut issues = Vec::new();
    let object = read_json(&json, &mut issues);
    (object, issues)
}

fn read_json(json: &Json<'_>, issues: &mut Vec<Issue>) -> Option<Object> {
    let api_version = json.text("apiVersion").unwrap_or_default();
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let kind = json.text("kind").unwrap_or_default();
    let Some(known) = Kind::named(group, kind) else {
        let unknown = IssueKind::UnknownKind { api_version: api_version.to_owned(), kind: kind.to_owned() };
        issues.push(Issue { field: FieldPath::root(), kind: unknown });
        return None;
    };
    Object::read_as(known, json, version, issues)
}
