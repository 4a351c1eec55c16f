//! Where in an object a walk is, without allocating until there is something to say.

use crate::{
    k8s::{FieldPath, ObjectId, Step, Subject},
    ledger::{Code, Facts, Finding, Findings},
    yaml::Place,
};

/// A path from the root of an object, linked through the stack.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Root,
    Child(&'a At<'a>, Place<'a>),
}

impl<'a> At<'a> {
    pub(super) const fn key(&'a self, key: &'a str) -> Self {
        Self::Child(self, Place::Key(key))
    }

    pub(super) const fn index(&'a self, index: usize) -> Self {
        Self::Child(self, Place::Index(index))
    }

    pub(super) fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        let mut here = self;
        while let Self::Child(parent, place) = here {
            steps.push(match place {
                Place::Key(key) => Step::from((*key).to_owned()),
                Place::Index(index) => Step::from(*index),
            });
            here = parent;
        }
        steps.reverse();
        steps.into_iter().collect()
    }
}

/// What is wrong with one object.
pub(super) struct Complaints<'f> {
    object: ObjectId,
    findings: &'f mut Findings,
    /// Whether a value had a type that cannot be decoded; then the API server looks no further.
    pub(super) undecodable: bool,
}

impl<'f> Complaints<'f> {
    pub(super) fn new(object: ObjectId, findings: &'f mut Findings) -> Self {
        Self { object, findings, undecodable: false }
    }

    pub(super) fn about(&mut self, code: Code, at: &At<'_>, facts: Facts) {
        self.findings.push(Finding::about(code, Subject::new(self.object, at.path()), facts));
    }

    /// The API server refuses the object because of this field.
    pub(super) fn refuse(&mut self, at: &At<'_>, reason: impl Into<String>) {
        let field = at.path().to_string();
        let field = if field.is_empty() { "the object".to_owned() } else { format!("`{field}`") };
        self.about(Code::InputRefusedByApiServer, at, vec![("field", field), ("reason", reason.into())]);
    }

    /// All reasons of a check.
    pub(super) fn refuse_all<R: Into<String>>(&mut self, at: &At<'_>, reasons: impl IntoIterator<Item = R>) {
        for reason in reasons {
            self.refuse(at, reason);
        }
    }
}
