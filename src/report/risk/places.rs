//! Lines of many subjects: each document is parsed once, however much is said of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::{FieldPath, Inventory, ObjectId, Subject};

/// Source, line and column.
pub(super) type Place = (u32, usize, usize);

/// Places by object and field.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<ObjectId, BTreeMap<FieldPath, Place>>);

impl Places {
    /// Looks all subjects up.
    pub(super) fn of<'s>(inventory: &Inventory, subjects: impl IntoIterator<Item = &'s Subject>) -> Self {
        let mut wanted: BTreeMap<ObjectId, BTreeSet<&FieldPath>> = BTreeMap::new();
        for subject in subjects {
            wanted.entry(subject.object).or_default().insert(&subject.field);
        }
        let found = wanted.into_iter().filter_map(|(object, fields)| {
            let (source, spans) = inventory.spans(object, fields.iter().copied())?;
            let lines = fields.into_iter().zip(spans).map(|(field, span)| {
                let (line, column) = inventory.sources.line_column(source, span.start);
                (field.clone(), (source, line, column))
            });
            Some((object, lines.collect()))
        });
        Self(found.collect())
    }

    /// The place of a subject; `None` in a live cluster.
    pub(super) fn get(&self, subject: &Subject) -> Option<Place> {
        self.0.get(&subject.object)?.get(&subject.field).copied()
    }
}
