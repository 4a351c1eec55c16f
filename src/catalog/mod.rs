//! The maps of `annotation-maps/` as typed data: annotations, ConfigMap keys, flags, findings.
//!
//! The maps are embedded at build time. Loading lists the names only; an entry is read when somebody asks for it, and
//! tests read all of them. Nothing here decides what a value does to traffic.

mod annotation;
mod configmap;
mod explain;
mod finding;
mod key;
mod maps;
mod neighbour;
mod release;
mod suggest;
mod validator;
pub mod value;

pub use annotation::{Annotation, Annotations, Consequence, Example, Group, Later, OnInvalid, Risk, Scope, ValueType, annotations};
pub use configmap::{Bearing, ConfigKey, Flag, KeyConsequence, RemovedKey, configmap_keys, flags, removed_keys};
pub use explain::{Explained, explain};
pub use finding::{FindingEntry, Severity, finding, findings, render, unfilled};
pub use key::{DEFAULT_PREFIX, Key, resolve};
pub use maps::{Shelf, text, texts};
pub use neighbour::{Belongs, Core, CoreObject, Foreign, Historical, HistoricalKind, Moves, core, foreign, historical};
pub use release::{Change, Release, releases};
pub use suggest::closest;
pub use validator::{Invalid, Pattern, Validator, patterns};
