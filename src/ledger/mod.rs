//! The account of everything that was read: each entry is opened once and settled, and a report is only made of a closed ledger.

mod code;
mod finding;
mod settlement;

pub use code::{Code, UnknownCode};
pub use finding::{Facts, Finding, Findings, Severity};
pub use settlement::{Entry, EntryId, Ledger, Settlement, Standing};
