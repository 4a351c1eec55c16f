//! One inventory into another. A list is read into an inventory of its own, so that what expires half way leaves nothing behind.

use std::collections::BTreeMap;

use crate::k8s::{Inventory, ObjectId};

/// Adds the objects of `more`, which has no sources, with new identities. What is there already wins.
pub(super) fn absorb(inventory: &mut Inventory, more: Inventory) {
    let offset = u32::try_from(inventory.objects.len()).expect("INVARIANT: fewer than 2^32 objects");
    let moved = |id: &mut ObjectId| id.0 += offset;
    let Inventory {
        sources: _,
        objects,
        mut ingresses,
        mut ingress_classes,
        mut services,
        endpoint_slices,
        mut secrets,
        mut config_maps,
        namespaces,
        mut workloads,
        mut gateway_objects,
        mut beside,
        others,
        listed,
        gateway_api,
        cluster,
    } = more;
    for object in &mut ingresses {
        moved(&mut object.id);
    }
    for object in &mut ingress_classes {
        moved(&mut object.id);
    }
    for object in services.values_mut() {
        moved(&mut object.id);
    }
    for object in secrets.values_mut() {
        moved(&mut object.id);
    }
    for object in config_maps.values_mut() {
        moved(&mut object.id);
    }
    for object in &mut workloads {
        moved(&mut object.id);
    }
    for (id, _) in gateway_objects.iter_mut().chain(&mut beside) {
        moved(id);
    }
    inventory.objects.extend(objects);
    inventory.ingresses.extend(ingresses);
    inventory.ingress_classes.extend(ingress_classes);
    keep(&mut inventory.services, services);
    inventory.endpoint_slices.extend(endpoint_slices);
    keep(&mut inventory.secrets, secrets);
    keep(&mut inventory.config_maps, config_maps);
    keep(&mut inventory.namespaces, namespaces);
    inventory.workloads.extend(workloads);
    inventory.gateway_objects.extend(gateway_objects);
    inventory.beside.extend(beside);
    for (kind, count) in others {
        *inventory.others.entry(kind).or_default() += count;
    }
    inventory.listed.extend(listed);
    inventory.gateway_api = inventory.gateway_api.take().or(gateway_api);
    inventory.cluster = inventory.cluster.take().or(cluster);
}

fn keep<K: Ord, V>(map: &mut BTreeMap<K, V>, more: BTreeMap<K, V>) {
    for (key, value) in more {
        map.entry(key).or_insert(value);
    }
}
