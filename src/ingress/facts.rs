//! What became of each Ingress and each of its paths, in a form from which the ledger is filled.

use std::sync::Arc;

use crate::{
    annotations::{Consequence, Dropped, Effect},
    k8s::{ObjectId, Subject},
    nginx::{IngressId, Settings, UpstreamId},
};

/// Why an Ingress does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// `spec.ingressClassName` names a class of another controller, or one that does not exist.
    OtherClass {
        /// The name.
        class: String,
        /// The IngressClass exists.
        exists: bool,
    },
    /// The annotation `kubernetes.io/ingress.class` names another class.
    OtherClassAnnotation {
        /// The value.
        class: String,
    },
    /// No class, and the controller does not watch such Ingresses.
    NoClass,
    /// A namespace that the controller does not watch.
    Namespace,
    /// `spec.defaultBackend` with `--disable-catch-all`.
    CatchAll,
}

/// Why an Ingress is left out although it is the controller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// An annotation.
    Annotation(Dropped),
    /// A text that deep inspection refuses.
    Inspection(Subject),
    /// A word of `annotation-value-word-blocklist`.
    Word {
        /// The annotation.
        subject: Subject,
        /// The word.
        word: String,
    },
}

/// What became of an Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It belongs to somebody else.
    Ignored(Ignored),
    /// It is left out.
    LeftOut(LeftOut),
    /// It counts.
    Counts(IngressId),
}

/// What became of a path, or of `spec.defaultBackend`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathFate {
    /// It made a location of the server, or took over its implicit `/`.
    Location {
        /// Host of the server.
        server: String,
    },
    /// An older path of the same host, text and type came first.
    Lost {
        /// That path.
        to: Subject,
        /// The order of the two Ingresses is assumed, as at least one has no creation time.
        assumed: bool,
    },
    /// The upstream first belonged to a canary: the path makes no location.
    CanaryUpstream {
        /// The Ingress that first used the Service port.
        first: IngressId,
    },
    /// A canary path that was merged.
    Canary {
        /// Primaries it was attached to, or was attached to already.
        primaries: Vec<UpstreamId>,
        /// nginx only uses the first alternative of a primary, and this is another one everywhere.
        dead: bool,
    },
    /// A canary path that found no location.
    Unmerged,
    /// The backend is no Service.
    NoService,
    /// `spec.defaultBackend`, which no host uses: others came first, or the Ingress only has hosts that exist already.
    Unused,
    /// `spec.defaultBackend` of the catch-all or of the implicit `/` of the hosts that the Ingress created.
    DefaultBackend {
        /// Hosts.
        hosts: Vec<String>,
    },
}

/// An Ingress.
#[derive(Debug, Clone)]
pub struct IngressFacts {
    /// The object.
    pub object: ObjectId,
    /// What became of it.
    pub fate: Fate,
    /// Annotations that the controller knows and what each does, without prefix, in document order. Empty where the Ingress is ignored.
    pub annotations: Vec<(&'static str, Effect)>,
    /// Settings, where it counts.
    pub settings: Option<Arc<Settings>>,
    /// `spec.rules[i].http.paths[j]`.
    pub paths: Vec<Vec<PathFate>>,
    /// `spec.defaultBackend`.
    pub default_backend: Option<PathFate>,
}

impl IngressFacts {
    /// What the annotation does, `Unknown` where the controller does not know it.
    pub fn annotation(&self, name: &str) -> Effect {
        self.annotations.iter().find(|(known, _)| *known == name).map_or(Effect::Unknown, |(_, effect)| effect.clone())
    }

    /// Annotations whose values cannot be used.
    pub fn unusable(&self) -> impl Iterator<Item = (&'static str, Consequence)> {
        self.annotations.iter().filter_map(|(name, effect)| match effect {
            Effect::Unusable(consequence) => Some((*name, *consequence)),
            Effect::Used | Effect::Idle { .. } | Effect::Superseded { .. } | Effect::Blanked | Effect::Unknown => None,
        })
    }
}
