//! Where a walk through an object stands.

use crate::k8s::{FieldPath, Step};

/// A place as a chain of its steps, so that nothing is allocated unless an issue is found there.
pub(super) enum Place<'p> {
    /// The object itself.
    Root,
    /// Key of a mapping.
    Key(&'p Place<'p>, &'p str),
    /// Index in a sequence.
    Index(&'p Place<'p>, usize),
}

impl Place<'_> {
    /// The path from the root.
    pub(super) fn path(&self) -> FieldPath {
        let mut steps: Vec<Step> = Vec::new();
        let mut place = self;
        loop {
            match place {
                Place::Root => break,
                Place::Key(parent, key) => {
                    steps.push((*key).to_owned().into());
                    place = parent;
                }
                Place::Index(parent, index) => {
                    steps.push((*index).into());
                    place = parent;
                }
            }
        }
        steps.reverse();
        steps.into_iter().collect()
    }
}
