//! What must be there before manifests are applied, said before anything else.

use super::{Terminal, estate::Aim};
use crate::{
    k8s::Inventory,
    report,
    targets::{self, Met, Need},
    translate::Emitted,
};

/// What objects that were emitted need.
pub(super) fn of_emitted(target: &str, aim: Aim, objects: &[Emitted], inventory: &Inventory) -> Vec<Need> {
    let kinds = objects.iter().map(|emitted| emitted.object.kind()).map(|kind| (kind.group(), kind.as_str()));
    targets::needs(written(target, aim), kinds, inventory)
}

/// What manifests need, whoever wrote them. `known` is what was read of a cluster.
pub(super) fn of_manifests(target: &str, aim: Aim, manifests: &Inventory, known: &Inventory) -> Vec<Need> {
    let kinds = manifests.objects.iter().map(|(object, _)| (object.group.as_str(), object.kind.as_str()));
    targets::needs(written(target, aim), kinds, known)
}

fn written(target: &str, aim: Aim) -> targets::For<'_> {
    targets::For { target, version: aim.version, channel: aim.channel }
}

/// Says what is needed, and of a live cluster whether it is there.
pub(super) fn say(needs: &[Need], of: Option<&str>, terminal: &Terminal) {
    let of = of.map_or_else(String::new, |of| format!("{of}: "));
    terminal
        .notice(&needs.iter().map(|need| format!("needs    {of}{}{}\n", report::printable(&need.text), met(need.met))).collect::<String>());
}

fn met(met: Met) -> &'static str {
    match met {
        Met::Yes => " (there)",
        Met::No => " (missing in the cluster)",
        Met::Unknown => " (the cluster does not tell)",
        Met::NotAsked => "",
    }
}
