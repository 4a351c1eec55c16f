//! `canary` and its companions (`annotations/canary`), and `affinity-canary-behavior`, which is read on the canary.

use std::sync::Arc;

use super::reader::Reader;
use crate::nginx::settings::{Canary, CanaryBehavior, Setting};

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Arc<Canary>> {
    if !reader.bool_or("canary", &Setting::default(false)).value {
        return None;
    }
    Some(Arc::new(Canary {
        weight: reader.int_or("canary-weight", &Setting::default(0)).value,
        weight_total: reader.int_or("canary-weight-total", &Setting::default(100)).value,
        header: reader.text_or_empty("canary-by-header"),
        header_value: reader.text_or_empty("canary-by-header-value"),
        header_pattern: reader.text_or_empty("canary-by-header-pattern"),
        cookie: reader.text_or_empty("canary-by-cookie"),
    }))
}

pub(super) fn behavior(reader: &mut Reader<'_>) -> CanaryBehavior {
    if reader.text_or_empty("affinity-canary-behavior") == "legacy" { CanaryBehavior::Legacy } else { CanaryBehavior::Sticky }
}
