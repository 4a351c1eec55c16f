//! placeholder
use super::super::risk::Report;
/// placeholder
pub fn report_html(report: &Report) -> String {
    report.reason.clone()
}
