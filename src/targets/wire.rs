//! How the wire types of all implementations are written down: short structs whose unknown fields are kept aside, so that nothing is
//! taken for understood that is not.

use serde::Serialize;
use serde_json::to_value;

use crate::gateway::api::{Custom, Meta};

/// An object of an implementation; `(group, version, kind)`, then where it stands.
pub(super) fn custom<T: Serialize>(
    (group, version, kind): (&'static str, &'static str, &'static str),
    namespace: &str,
    name: impl Into<String>,
    spec: &T,
) -> Custom {
    let spec = to_value(spec).expect("INVARIANT: the wire types have string keys");
    Custom { group, version, kind, metadata: Meta::new(namespace, name), spec }
}

/// Whether a field need not be written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

macro_rules! wire {
    ($($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub(super) struct $name {
                $(
                    $(#[$field_doc])*
                    #[serde(skip_serializing_if = "crate::targets::wire::is_default")]
                    pub(super) $field: $type,
                )*
                /// Fields that are not known.
                #[serde(flatten)]
                pub(super) other: serde_json::Map<String, serde_json::Value>,
            }
        )*
    };
}

pub(super) use wire;
