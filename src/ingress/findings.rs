//! Findings about what the controller makes of the Ingresses.

use super::{Controller, IngressFacts, Options};
use crate::{k8s::Inventory, ledger::Findings, nginx::Config};

pub(super) fn collect(
    _inventory: &Inventory,
    controller: &Controller,
    _options: &Options,
    _config: &Config,
    _ingresses: &[IngressFacts],
) -> Findings {
    controller.findings.clone()
}
