//! Reports of closed ledgers, one file per format. Nothing here decides anything about traffic.

mod diagnostic;
mod ledger;
mod summary;

pub use diagnostic::{Colours, Diagnostics, severity};
pub use ledger::ledger_json;
pub use summary::{Counts, summary};
