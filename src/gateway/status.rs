//! Conditions as a controller would report them, and conditions that a controller did report.

use super::api::{ParentRef, status::Condition};
use crate::k8s::{NamespacedName, ObjectRef};

/// A condition: true, or false with its reason.
pub type State = Result<(), &'static str>;

/// Conditions of everything in a reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statuses {
    /// Listeners of Gateways and ListenerSets.
    pub listeners: Vec<ListenerState>,
    /// Routes, one entry a parentRef that names a known parent.
    pub routes: Vec<RouteState>,
}

/// Conditions of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerState {
    /// Kind of the owner: `Gateway` or `ListenerSet`.
    pub kind: &'static str,
    /// The owner.
    pub owner: NamespacedName,
    /// Name of the listener.
    pub name: String,
    /// `Accepted`.
    pub accepted: State,
    /// `Programmed`.
    pub programmed: State,
    /// `ResolvedRefs`.
    pub resolved: State,
    /// `Conflicted` is true, for this reason.
    pub conflicted: Option<&'static str>,
    /// Routes that are attached.
    pub attached: usize,
}

/// Conditions of a route at one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteState {
    /// The route.
    pub route: ObjectRef,
    /// The parentRef as written.
    pub parent: ParentRef,
    /// `Accepted`.
    pub accepted: State,
    /// `ResolvedRefs`.
    pub resolved: State,
}

/// A condition in a manifest that is false, unless it speaks of an older generation of the object.
pub fn refused<'a>(conditions: &'a [Condition], kind: &str, generation: Option<i64>) -> Option<&'a Condition> {
    conditions.iter().find(|condition| {
        let stale = matches!((condition.observed_generation, generation), (Some(observed), Some(current)) if observed < current);
        condition.kind == kind && condition.status == "False" && !stale
    })
}
