//! Places inside objects: symbolic, so that a finding about a live cluster looks like one about a file.

use std::{borrow::Cow, fmt};

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

/// Path of keys and indices from the root of an object; empty for the object itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldPath(pub Vec<Step>);

impl FieldPath {
    /// The object itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// `metadata.annotations[key]`.
    pub fn annotation(key: impl Into<String>) -> Self {
        Self(vec!["metadata".into(), "annotations".into(), key.into().into()])
    }

    /// This path with one more step.
    #[must_use]
    pub fn child(&self, step: impl Into<Step>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }
}

impl<S: Into<Step>, const N: usize> From<[S; N]> for FieldPath {
    fn from(steps: [S; N]) -> Self {
        Self(steps.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for FieldPath {
    /// `spec.rules[0].host`; keys that are no identifiers are quoted: `metadata.annotations["a.b/c"]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
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
