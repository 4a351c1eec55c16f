//! Address lists, `satisfy` and limits (`annotations/ipallowlist`, `ipdenylist`, `satisfy`, `ratelimit`).

use std::sync::Arc;

use super::{
    check,
    reader::{Consequence, Effect, Fault, Reader, Stop},
};
use crate::nginx::settings::{AddressLists, Cidr, Given, RateLimits, Satisfy, Setting};

pub(super) fn addresses(reader: &mut Reader<'_>, defaults: &Arc<AddressLists>) -> (Arc<AddressLists>, Vec<Stop>) {
    const NAMES: [&str; 4] = ["allowlist-source-range", "whitelist-source-range", "denylist-source-range", "satisfy"];
    if !NAMES.iter().any(|name| reader.has(name)) {
        return (Arc::clone(defaults), Vec::new());
    }
    let mut stops = Vec::new();
    let allow = list(reader, "allowlist-source-range", Some("whitelist-source-range"), &defaults.allow, &mut stops);
    let deny = list(reader, "denylist-source-range", None, &defaults.deny, &mut stops);
    let said = reader.text_or_empty("satisfy");
    let satisfy = if said == "any" { Satisfy::Any } else { Satisfy::All };
    (Arc::new(AddressLists { allow, deny, satisfy, says_satisfy: !said.is_empty() }), stops)
}

/// The alias is looked at only where the main key is missing or empty; an empty main key denies, an empty alias does nothing.
fn list(
    reader: &mut Reader<'_>,
    name: &'static str,
    alias: Option<&'static str>,
    default: &Setting<Vec<Cidr>>,
    stops: &mut Vec<Stop>,
) -> Setting<Vec<Cidr>> {
    let mut name = name;
    if let Some(alias) = alias {
        if !reader.given(name) && reader.given(alias) {
            reader.note(name, Effect::Superseded { by: alias });
            name = alias;
        } else {
            let effect = if reader.has(name) { Effect::Superseded { by: name } } else { Effect::Unusable(Consequence::Default) };
            reader.note(alias, effect);
        }
    }
    match reader.text(name) {
        Err(Fault::Missing) => default.clone(),
        Err(Fault::Content | Fault::Invalid) => {
            stops.push(reader.deny(name, "it is no list of addresses and networks"));
            default.clone()
        }
        // With validation off the controller stops at the first bad item and forgets the good ones.
        Ok(text) => {
            if let Some(value) = check::cidrs(&text) {
                return Setting { value, given: Given::Annotation(name) };
            }
            stops.push(reader.deny(name, "it is no list of addresses and networks"));
            default.clone()
        }
    }
}

pub(super) fn limits(reader: &mut Reader<'_>, defaults: Option<&Arc<RateLimits>>) -> Result<Option<Arc<RateLimits>>, Stop> {
    if !reader.values().iter().any(|(known, _)| known.name.starts_with("limit-")) {
        return Ok(defaults.cloned());
    }
    let rate = reader.int_or("limit-rate", &Setting::default(defaults.map_or(0, |limits| limits.rate))).value;
    let rate_after = reader.int_or("limit-rate-after", &Setting::default(defaults.map_or(0, |limits| limits.rate_after))).value;
    let mut number = |name| {
        let read = reader.int(name);
        reader.strict(name, read, Consequence::Default).map(|value| value.unwrap_or(0))
    };
    let per_minute = number("limit-rpm")?;
    let per_second = number("limit-rps")?;
    let connections = number("limit-connections")?;
    let burst_multiplier = reader.int_or("limit-burst-multiplier", &Setting::default(5)).value;
    let name = if !reader.given("limit-allowlist") && reader.given("limit-whitelist") { "limit-whitelist" } else { "limit-allowlist" };
    let text = reader.text(name);
    let text = reader.strict(name, text, Consequence::Default)?.unwrap_or_default();
    let Some(exempt) = check::cidrs(&text) else { return Err(reader.ignore(name)) };
    if per_minute == 0 && per_second == 0 && connections == 0 {
        for name in ["limit-burst-multiplier", "limit-allowlist", "limit-whitelist"] {
            reader.note(name, Effect::Idle { needs: "limit-rps" });
        }
    }
    Ok(Some(Arc::new(RateLimits { connections, per_second, per_minute, burst_multiplier, rate, rate_after, exempt })))
}
