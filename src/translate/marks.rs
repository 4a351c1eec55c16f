//! Settlements of annotations: an Ingress has few, an estate has many Ingresses.

use crate::{ledger::Settlement, nginx::IngressId};

/// Settlements of annotations by Ingress and name without prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// By Ingress, each sorted by name.
    of: Vec<Vec<(&'static str, Settlement)>>,
}

impl Marks {
    /// What was said of an annotation.
    pub fn get(&self, ingress: IngressId, name: &str) -> Option<&Settlement> {
        let marks = self.of.get(ingress.0 as usize)?;
        marks.binary_search_by_key(&name, |(known, _)| known).ok().map(|at| &marks[at].1)
    }

    /// Settles an annotation, together with what was said of it before.
    pub(super) fn join(&mut self, ingress: IngressId, name: &'static str, settlement: &Settlement) {
        let at = ingress.0 as usize;
        if self.of.len() <= at {
            self.of.resize(at + 1, Vec::new());
        }
        let marks = &mut self.of[at];
        match marks.binary_search_by_key(&name, |(known, _)| known) {
            Ok(at) => marks[at].1.join(settlement),
            Err(at) => marks.insert(at, (name, settlement.clone())),
        }
    }

    /// Settles all annotations of an Ingress that have an effect, together with what was said of them before.
    pub(super) fn join_kept(&mut self, ingress: IngressId, settlement: &Settlement) {
        let marks = self.of.get_mut(ingress.0 as usize).into_iter().flatten();
        for (_, mark) in marks.filter(|(_, mark)| !matches!(mark, Settlement::NoEffect { .. })) {
            mark.join(settlement);
        }
    }

    /// Joins everything that was said elsewhere.
    pub(super) fn absorb(&mut self, later: Self) {
        for (ingress, marks) in later.of.into_iter().enumerate() {
            let ingress = IngressId(u32::try_from(ingress).expect("INVARIANT: marks are made for an IngressId"));
            for (name, settlement) in marks {
                self.join(ingress, name, &settlement);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Code;

    #[test]
    fn what_is_said_twice_is_joined() {
        let differs = |code| super::super::context::differs(code);
        let mut marks = Marks::default();
        for (ingress, name, settlement) in [
            (1, "rewrite-target", Settlement::Exact),
            (1, "app-root", differs(Code::RedirectQueryKept)),
            (1, "rewrite-target", differs(Code::RewriteNeedsCaptures)),
        ] {
            marks.join(IngressId(ingress), name, &settlement);
        }
        let mut both = Settlement::Exact;
        both.join(&differs(Code::RewriteNeedsCaptures));
        assert_eq!(marks.get(IngressId(1), "rewrite-target"), Some(&both));
        assert_eq!(marks.get(IngressId(1), "app-root"), Some(&differs(Code::RedirectQueryKept)));
        assert_eq!(marks.get(IngressId(0), "app-root"), None);
        assert_eq!(marks.get(IngressId(2), "app-root"), None);
    }
}
