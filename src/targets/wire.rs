//! How the wire types of all implementations are written down: short structs whose unknown fields are kept aside, so that nothing is
//! taken for understood that is not.

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
