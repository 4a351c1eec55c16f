//! A value and who gave it.

use std::ops::Deref;

/// Who gave a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Given {
    /// Nobody: it is built in.
    Default,
    /// The controller's ConfigMap, under this key.
    ConfigMap(&'static str),
    /// An annotation of the Ingress, without prefix.
    Annotation(&'static str),
}

/// A value and who gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Who gave it.
    pub given: Given,
}

impl<T> Setting<T> {
    /// A built-in value.
    pub const fn default(value: T) -> Self {
        Self { value, given: Given::Default }
    }

    /// A value of the ConfigMap.
    pub const fn config_map(key: &'static str, value: T) -> Self {
        Self { value, given: Given::ConfigMap(key) }
    }

    /// A value of an annotation.
    pub const fn annotation(name: &'static str, value: T) -> Self {
        Self { value, given: Given::Annotation(name) }
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
