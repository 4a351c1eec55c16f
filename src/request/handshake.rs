//! TLS between the router and a backend: what the router verifies, and what it shows.

use std::collections::BTreeSet;

use crate::k8s::{NamespacedName, ObjectRef};

/// What a router does in the TLS handshake with a backend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Handshake {
    /// How it looks at the certificate of the backend.
    pub verification: Verification,
    /// Name that it asks for; `None` where it asks for none, and where the model does not know.
    pub server_name: Option<String>,
    /// Secret of the certificate that it shows a backend that asks for one.
    pub shown: Option<NamespacedName>,
}

/// How the certificate of a backend is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verification {
    /// Nobody looks at it.
    #[default]
    Nobody,
    /// It is refused unless an authority vouches for it and it has a name.
    By {
        /// Who vouches for it.
        authorities: Authorities,
        /// Names of which it must have one, in lower case.
        names: BTreeSet<String>,
    },
    /// The model does not know.
    Unknown,
}

/// Who vouches for certificates of backends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authorities {
    /// Those that the implementation knows by this word: `System`.
    WellKnown(String),
    /// Those that these objects hold.
    Of(BTreeSet<ObjectRef>),
}

impl Verification {
    /// By the authorities of a Secret or ConfigMap.
    pub fn by(authorities: impl IntoIterator<Item = ObjectRef>, name: &str) -> Self {
        let authorities = Authorities::Of(authorities.into_iter().collect());
        Self::By { authorities, names: BTreeSet::from([name.to_ascii_lowercase()]) }
    }
}
