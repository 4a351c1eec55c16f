//! Reports of closed ledgers, one file per format. Nothing here decides anything about traffic.

mod account;
mod diagnostic;
mod ledger;
mod manifests;
mod observed;
mod summary;

pub use account::account;
pub use diagnostic::{Colours, Diagnostics, severity};
pub use ledger::ledger_json;
pub use observed::observed;
pub use manifests::{Folder, folders, json_list, yaml_stream};
pub use summary::{Counts, summary};
