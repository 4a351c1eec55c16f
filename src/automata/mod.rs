//! Sets of strings: languages, PCRE and RE2 readers, partitions, witnesses. Knows nothing of Kubernetes.
//!
//! [`Lang`] is a set of byte strings, [`Domain`] the strings a statement is about, [`Partition`] all ways in which
//! strings of a domain can relate to some languages. [`pcre`] and [`re2`] read the regular expressions of nginx and of
//! Gateway API implementations and match them; [`Rewrite`] says what nginx sends upstream. Nothing here hangs: what
//! grows too large ends as an error.

// Nothing here prints in the order of a map.
#![allow(clippy::disallowed_types)]

pub mod pcre;
pub mod re2;

mod bits;
mod byteset;
mod domain;
mod explore;
mod lang;
mod literal;
mod partition;
mod regular;
mod rewrite;

pub use self::{
    bits::BitSet,
    byteset::ByteSet,
    domain::Domain,
    lang::Lang,
    partition::{Answer, Atom, Budget, OverBudget, Partition},
    rewrite::{Case, Form, InvalidVariable, Piece, Rewrite, Template},
};
