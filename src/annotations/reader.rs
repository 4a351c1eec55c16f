//! Access to the annotations of one Ingress as the controller's parser has it, and a record of what became of each.

use indexmap::IndexMap;

use super::{
    check,
    known::{self, Known},
};
use crate::nginx::settings::{Given, Setting};

/// What an unusable value leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// The Ingress is left out as a whole.
    Dropped,
    /// Every location of the Ingress answers 503.
    Denied,
    /// Every path of its hosts answers 403.
    HostDenied,
    /// The annotations of the group count as absent.
    GroupIgnored,
    /// A default takes the place of the value.
    Default,
    /// Items of the list are skipped, and the others count.
    Items,
}

/// What an annotation does on its Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Its value is used.
    Used,
    /// Its value cannot be used.
    Unusable(Consequence),
    /// Nothing, as the annotation it belongs to is absent or switched off.
    Idle {
        /// That annotation.
        needs: &'static str,
    },
    /// Nothing, as another annotation comes first.
    Superseded {
        /// That annotation.
        by: &'static str,
    },
    /// A snippet that `allow-snippet-annotations` switches off.
    Blanked,
    /// The controller does not know it.
    Unknown,
}

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The annotation is absent.
    Missing,
    /// It is empty (or, with validation off, no value of its type).
    Content,
    /// Its validator refuses it.
    Invalid,
}

/// The Ingress is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The annotation that causes it, without prefix.
    pub annotation: String,
    /// Why, without full stop.
    pub why: &'static str,
}

/// Ends a group without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The Ingress is left out.
    Drop(Dropped),
    /// The locations are denied, for this reason.
    Deny(&'static str, String),
    /// The group counts as absent.
    Ignore,
}

/// Annotations of one Ingress.
pub(super) struct Reader<'a> {
    values: Vec<(Known, &'a str)>,
    /// What became of the annotations so far; the worst of several uses counts.
    pub(super) effects: Vec<(&'static str, Effect)>,
    validate: bool,
}

impl<'a> Reader<'a> {
    /// Takes the annotations with `prefix/`.
    pub(super) fn new(annotations: &'a IndexMap<String, String>, prefix: &str, validate: bool) -> Self {
        let values = annotations
            .iter()
            .filter_map(|(key, value)| Some((known::lookup(key.strip_prefix(prefix)?.strip_prefix('/')?)?, value.as_str())))
            .collect();
        Self { values, effects: Vec::new(), validate }
    }

    /// The controller would find no annotation that it knows.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Names and values that the controller knows.
    pub(super) fn values(&self) -> &[(Known, &'a str)] {
        &self.values
    }

    /// The annotation is there, whatever its value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(known, _)| known.name == name)
    }

    /// The annotation is there and not empty.
    pub(super) fn given(&self, name: &str) -> bool {
        self.values.iter().any(|(known, value)| known.name == name && !value.is_empty())
    }

    /// Records what became of an annotation, if it is there.
    pub(super) fn note(&mut self, name: &'static str, effect: Effect) {
        if !self.has(name) {
            return;
        }
        match self.effects.iter_mut().find(|(noted, _)| *noted == name) {
            Some(slot) => slot.1 = effect,
            None => self.effects.push((name, effect)),
        }
    }

    fn value(&mut self, name: &'static str) -> Result<&'a str, Fault> {
        let (known, value) = self.values.iter().find(|(known, _)| known.name == name).ok_or(Fault::Missing)?;
        if self.validate && !known.passes(value) {
            return Err(Fault::Invalid);
        }
        Ok(value)
    }

    /// The text, each line trimmed; an empty one is a fault.
    pub(super) fn text(&mut self, name: &'static str) -> Result<String, Fault> {
        let value = self.value(name)?;
        let text =
            if value.contains('\n') { value.split('\n').map(str::trim).collect::<Vec<_>>().join("\n") } else { value.trim().to_owned() };
        if text.is_empty() {
            return Err(Fault::Content);
        }
        self.note(name, Effect::Used);
        Ok(text)
    }

    pub(super) fn bool(&mut self, name: &'static str) -> Result<bool, Fault> {
        let value = check::go_bool(self.value(name)?).ok_or(Fault::Content)?;
        self.note(name, Effect::Used);
        Ok(value)
    }

    pub(super) fn int(&mut self, name: &'static str) -> Result<i64, Fault> {
        let value = check::go_int(self.value(name)?).ok_or(Fault::Content)?;
        self.note(name, Effect::Used);
        Ok(value)
    }

    fn or<T: Clone>(&mut self, name: &'static str, read: Result<T, Fault>, default: &Setting<T>) -> Setting<T> {
        match read {
            Ok(value) => Setting { value, given: Given::Annotation(name) },
            Err(fault) => {
                if fault != Fault::Missing {
                    self.note(name, Effect::Unusable(Consequence::Default));
                }
                default.clone()
            }
        }
    }

    /// The boolean, or the default where there is none that can be used.
    pub(super) fn bool_or(&mut self, name: &'static str, default: &Setting<bool>) -> Setting<bool> {
        let read = self.bool(name);
        self.or(name, read, default)
    }

    /// The integer, or the default.
    pub(super) fn int_or(&mut self, name: &'static str, default: &Setting<i64>) -> Setting<i64> {
        let read = self.int(name);
        self.or(name, read, default)
    }

    /// The text, or the default.
    pub(super) fn text_or(&mut self, name: &'static str, default: &Setting<String>) -> Setting<String> {
        let read = self.text(name);
        self.or(name, read, default)
    }

    /// The text, or an empty one.
    pub(super) fn text_or_empty(&mut self, name: &'static str) -> String {
        self.text_or(name, &Setting::default(String::new())).value
    }

    /// A value whose validator drops the Ingress; anything else that is wrong leads to `otherwise`.
    pub(super) fn strict<T>(&mut self, name: &'static str, read: Result<T, Fault>, otherwise: Consequence) -> Result<Option<T>, Stop> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Fault::Missing) => Ok(None),
            Err(Fault::Content) => {
                self.note(name, Effect::Unusable(otherwise));
                if otherwise == Consequence::GroupIgnored { Err(Stop::Ignore) } else { Ok(None) }
            }
            Err(Fault::Invalid) => Err(self.drop(name, "its value is invalid")),
        }
    }

    /// Leaves the Ingress out.
    pub(super) fn drop(&mut self, name: &'static str, why: &'static str) -> Stop {
        self.note(name, Effect::Unusable(Consequence::Dropped));
        Stop::Drop(Dropped { annotation: name.to_owned(), why })
    }

    /// Denies the locations.
    pub(super) fn deny(&mut self, name: &'static str, why: impl Into<String>) -> Stop {
        self.note(name, Effect::Unusable(Consequence::Denied));
        Stop::Deny(name, why.into())
    }

    /// Ignores the group.
    pub(super) fn ignore(&mut self, name: &'static str) -> Stop {
        self.note(name, Effect::Unusable(Consequence::GroupIgnored));
        Stop::Ignore
    }
}
