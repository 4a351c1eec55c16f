//! The report for machines. `reports/report.schema.json` is its schema.

use super::super::risk::Report;

/// The whole model as JSON.
pub fn report_json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("INVARIANT: the report has string keys only");
    text.push('\n');
    text
}
