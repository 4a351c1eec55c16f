//! The order in which the controller looks at Ingresses (`sortIngressSlice` in `store.go`).

use std::cmp::Ordering;

use crate::k8s::{Ingress, ObjectMeta};

/// How Ingresses without creation time are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Order {
    /// As if all were created at once: by `namespace/name`, the greatest first.
    #[default]
    Name,
    /// As they stand in the documents.
    Document,
}

/// Oldest first; equal times go by `namespace/name`, descending.
pub(super) fn sort(ingresses: &mut [&Ingress], order: Order) {
    if order == Order::Document && ingresses.iter().all(|ingress| ingress.meta.created.is_none()) {
        return;
    }
    ingresses.sort_by(|a, b| {
        a.meta.created.cmp(&b.meta.created).then_with(|| match order {
            // Reading order; the sort is stable.
            Order::Document if a.meta.created.is_none() => Ordering::Equal,
            Order::Document | Order::Name => by_name(&b.meta, &a.meta),
        })
    });
}

fn by_name(a: &ObjectMeta, b: &ObjectMeta) -> Ordering {
    fn text(meta: &ObjectMeta) -> impl Iterator<Item = u8> {
        meta.namespace.bytes().chain([b'/']).chain(meta.name.bytes())
    }
    if a.namespace == b.namespace { a.name.cmp(&b.name) } else { text(a).cmp(text(b)) }
}

/// The order of the two is not in the objects.
pub(super) fn assumed(a: &Ingress, b: &Ingress) -> bool {
    a.id != b.id && (a.meta.created.is_none() || b.meta.created.is_none())
}
