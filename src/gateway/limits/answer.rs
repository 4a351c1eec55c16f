//! What an API server would say.

use crate::k8s::FieldPath;

/// Everything an API server would do to an object, in the order in which it does it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// One remark for each field concerned.
    pub remarks: Vec<Remark>,
}

impl Answer {
    /// Whether the object would be stored by a client that does not ask for strict decoding.
    pub fn is_accepted(&self) -> bool {
        !self.remarks.iter().any(|remark| match remark.what {
            What::NotServed | What::Refused { .. } => true,
            What::Pruned | What::Dropped | What::Defaulted { .. } | What::Deprecated | What::Doubtful { .. } => false,
        })
    }

    /// Whether `kubectl apply`, which asks for strict decoding, would get it stored.
    pub fn is_accepted_strictly(&self) -> bool {
        self.is_accepted() && !self.remarks.iter().any(|remark| remark.what == What::Pruned)
    }
}

/// One thing that it would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// The field.
    pub field: FieldPath,
    /// What happens.
    pub what: What,
}

/// What happens to a field or to the object because of it.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// There is no such kind or version.
    NotServed,
    /// The object is refused.
    Refused {
        /// What the field would have to be, to be read behind its name.
        rule: String,
    },
    /// The field does not exist: refused by strict decoding, else removed.
    Pruned,
    /// The field exists and is dropped without a word: `null` is as good as absent, and a status is taken from controllers only.
    Dropped,
    /// A default is filled in.
    Defaulted {
        /// The default.
        value: serde_json::Value,
    },
    /// The version is served, but on its way out.
    Deprecated,
    /// Nothing happens, although the text of the Gateway API forbids it.
    Doubtful {
        /// What is asked for.
        rule: String,
    },
}
