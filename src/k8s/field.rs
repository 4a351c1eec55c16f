//! Places inside objects: symbolic, so that a finding about a live cluster looks like one about a file.

use std::{borrow::Cow, fmt, sync::Arc};

use super::ObjectId;

/// One step into a mapping or a sequence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Key of a mapping.
    Key(Cow<'static, str>),
    /// Index in a sequence, from 0.
    Index(u32),
}

impl From<&'static str> for Step {
    fn from(key: &'static str) -> Self {
        Self::Key(Cow::Borrowed(key))
    }
}

impl From<String> for Step {
    fn from(key: String) -> Self {
        Self::Key(Cow::Owned(key))
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// Path of keys and indices from the root of an object; empty for the object itself. Copies share their steps: what is derived from a
/// place in the input names that place again and again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldPath(Option<Arc<[Step]>>);

impl FieldPath {
    /// The object itself.
    pub const fn root() -> Self {
        Self(None)
    }

    /// `metadata.annotations[key]`.
    pub fn annotation(key: impl Into<String>) -> Self {
        Self::from(["metadata".into(), "annotations".into(), Step::from(key.into())])
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        self.0.as_deref().unwrap_or_default()
    }

    /// This path with one more step.
    #[must_use]
    pub fn child(&self, step: impl Into<Step>) -> Self {
        self.join([step.into()])
    }

    /// This path with more steps.
    #[must_use]
    pub fn join(&self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps().iter().cloned().chain(steps).collect()
    }
}

impl FromIterator<Step> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        let steps: Arc<[Step]> = steps.into_iter().collect();
        Self((!steps.is_empty()).then_some(steps))
    }
}

impl<S: Into<Step>, const N: usize> From<[S; N]> for FieldPath {
    fn from(steps: [S; N]) -> Self {
        steps.into_iter().map(Into::into).collect()
    }
}

impl fmt::Display for FieldPath {
    /// `spec.rules[0].host`; keys that are no identifiers are quoted: `metadata.annotations["a.b/c"]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps().iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && !key.is_empty() => {
                    write!(f, "{}{key}", if position == 0 { "" } else { "." })?;
                }
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

/// An object, or a place in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The object.
    pub object: ObjectId,
    /// The place in it.
    pub field: FieldPath,
}

impl Subject {
    /// The place `field` in `object`.
    pub fn new(object: ObjectId, field: impl Into<FieldPath>) -> Self {
        Self { object, field: field.into() }
    }
}
