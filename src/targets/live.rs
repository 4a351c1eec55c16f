//! What a cluster says of an implementation that runs in it: the features of its GatewayClass, and switches of its controller.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    gateway::{
        dialect::{self, Switch},
        json::Json,
    },
    k8s::Inventory,
};

/// Features that a GatewayClass of the target says its controller has; `None` where no class says any. Of several classes the one that the
/// Gateway is for counts.
pub fn supported_features(target: &str, class: Option<&str>, inventory: &Inventory) -> Option<BTreeSet<String>> {
    let data = dialect::Target::named(target).filter(|data| !data.controller_name.is_empty())?;
    inventory
        .gateway_objects
        .iter()
        .filter(|(id, _)| {
            let object = inventory.object(*id);
            object.kind == "GatewayClass" && class.is_none_or(|class| object.name == class)
        })
        .map(|(_, node)| Json::from_node(node).to_value())
        .filter(|object| object.pointer("/spec/controllerName").and_then(Value::as_str) == Some(data.controller_name.as_str()))
        .find_map(|object| {
            let features = object.pointer("/status/supportedFeatures")?.as_array()?;
            // Before 1.1 a feature was a bare name.
            let name = |feature: &Value| feature.get("name").unwrap_or(feature).as_str().map(str::to_owned);
            let names: BTreeSet<String> = features.iter().filter_map(name).collect();
            (!names.is_empty()).then_some(names)
        })
}

/// A ConfigMap sets the switch.
pub(super) fn is_on(switch: &Switch, inventory: &Inventory) -> bool {
    let texts = inventory.config_maps.values().filter_map(|map| map.data.get(&switch.key));
    let mut settings = texts.filter_map(|text| serde_yaml::from_str::<Value>(text).ok());
    settings.any(|settings| settings.pointer(&switch.field) == Some(&Value::Bool(true)))
}

/// Switches of a target that are on, as the configuration of its controller says.
pub fn switches(target: &str, inventory: &Inventory) -> BTreeSet<String> {
    let known = dialect::Target::named(target).into_iter().flat_map(dialect::Target::switches);
    known.filter(|switch| is_on(switch, inventory)).map(|switch| switch.name.clone()).collect()
}
