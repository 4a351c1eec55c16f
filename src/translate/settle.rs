//! Settles what the translation said of annotations in the ledger.

use std::collections::BTreeMap;

use super::Translation;
use crate::{
    ledger::{EntryId, Ledger, Settlement},
    nginx::IngressId,
};

/// Settles every annotation whose entry is known; `entries` tells which entry stands for which annotation of which Ingress.
pub fn settle(ledger: &mut Ledger, entries: &BTreeMap<(IngressId, String), EntryId>, translation: &Translation) {
    for ((ingress, name), settlement) in &translation.marks {
        if let Some(&entry) = entries.get(&(*ingress, (*name).to_owned())) {
            let settled: Settlement = settlement.clone();
            ledger.settle(entry, settled);
        }
    }
}
