//! What a configuration cannot say: how services answer. Used for concrete requests only.

use crate::k8s::NamespacedName;

/// Answer of a backend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackendAnswer {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Milliseconds until it comes.
    pub delay: u64,
}

/// Knowledge about services; `None` wherever it is not known.
pub trait World {
    /// Status with which an authentication service answers.
    fn authentication(&self, url: &str) -> Option<u16> {
        let _ = url;
        None
    }

    /// Whether the Secret has this user with this password.
    fn password(&self, secret: &NamespacedName, user: &str, password: &str) -> Option<bool> {
        let _ = (secret, user, password);
        None
    }

    /// Whether a name of an `ExternalName` Service can be resolved.
    fn resolves(&self, name: &str) -> Option<bool> {
        let _ = name;
        None
    }

    /// Answer of a backend (`namespace/service:port`) to a target.
    fn backend(&self, backend: &str, target: &str) -> Option<BackendAnswer> {
        let _ = (backend, target);
        None
    }
}

/// Nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unknown;

impl World for Unknown {}
