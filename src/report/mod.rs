//! Reports of closed ledgers, one file per format. Nothing here decides anything about traffic.

mod account;
mod comparison;
mod diagnostic;
mod formats;
mod ledger;
mod manifests;
mod observed;
pub mod risk;
mod summary;
mod tables;
mod targets;

pub use account::{Tally, account, tally as tally_of_account, without_effect};
pub use comparison::{Selection, Sides, comparison_json, comparison_markdown, comparison_text, findings as difference_findings, tally};
pub use diagnostic::{Colours, Diagnostics, printable, printable_within, severity};
pub use formats::{Look, report_html, report_json, report_markdown, report_sarif, report_text};
pub use ledger::ledger_json;
pub use manifests::{Folder, folders, json_list, write_yaml, yaml_stream};
pub use observed::observed;
pub use summary::{Counts, summary};
pub use tables::{RouteTable, gateway_table, nginx_table, table_diff};
pub use targets::{Column, Kept, column as target_column, targets_json, targets_markdown, targets_text};
