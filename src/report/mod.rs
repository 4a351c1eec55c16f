//! Reports of closed ledgers, one file per format. Nothing here decides anything about traffic.

mod account;
mod comparison;
mod diagnostic;
mod ledger;
mod manifests;
mod observed;
mod summary;
mod tables;
mod targets;

pub use account::{Tally, account, tally as tally_of_account};
pub use comparison::{Selection, Sides, comparison_json, comparison_markdown, comparison_text, findings as difference_findings, tally};
pub use diagnostic::{Colours, Diagnostics, printable, severity};
pub use ledger::ledger_json;
pub use manifests::{Folder, folders, json_list, write_yaml, yaml_stream};
pub use observed::observed;
pub use summary::{Counts, summary};
pub use tables::{RouteTable, gateway_table, nginx_table, table_diff};
pub use targets::{Column, Kept, column as target_column, targets_json, targets_markdown, targets_text};
