//! What the schemas forget: objects that every API server takes, although the text of the Gateway API forbids them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::answer::{Remark, What};
use super::rules::routes::{has_one_prefix, prefix_replacements};
use crate::gateway::json::Json;
use crate::gateway::place::Place;

/// Looks at an object that was walked through, so that its defaults are there.
pub(super) fn check(object: &Json<'_>, remarks: &mut Vec<Remark>) {
    let Some(spec) = object.get("spec") else { return };
    let place = Place::Key(&Place::Root, "spec");
    let mut doubts = Doubts { remarks };
    doubts.hostnames(spec, &place);
    doubts.listeners(spec, &place);
    doubts.rules(spec, &place);
}

struct Doubts<'d> {
    remarks: &'d mut Vec<Remark>,
}

/// Items of a list below a key, with their place.
fn each<'j>(value: &'j Json<'j>, key: &'static str, place: &Place<'_>, mut visit: impl FnMut(&'j Json<'j>, &Place<'_>)) {
    let list = Place::Key(place, key);
    for (index, item) in value.get(key).map_or(&[][..], Json::items).iter().enumerate() {
        visit(item, &Place::Index(&list, index));
    }
}

impl Doubts<'_> {
    fn doubt(&mut self, place: &Place<'_>, rule: impl Into<String>) {
        // What is refused anyway needs no doubt.
        let field = place.path();
        if !self.remarks.iter().any(|remark| remark.field == field) {
            self.remarks.push(Remark { field, what: What::Doubtful { rule: rule.into() } });
        }
    }

    fn hostnames(&mut self, spec: &Json<'_>, place: &Place<'_>) {
        each(spec, "hostnames", place, |hostname, place| self.hostname(hostname, place));
    }

    fn hostname(&mut self, hostname: &Json<'_>, place: &Place<'_>) {
        if hostname.as_text().is_some_and(|name| name.parse::<IpAddr>().is_ok()) {
            self.doubt(place, "a hostname must not be an IP address");
        }
    }

    fn listeners(&mut self, spec: &Json<'_>, place: &Place<'_>) {
        each(spec, "listeners", place, |listener, place| {
            if let Some(hostname) = listener.get("hostname") {
                self.hostname(hostname, &Place::Key(place, "hostname"));
            }
            if listener.text("protocol") == Some("HTTPS") && listener.get("tls").is_none() {
                self.doubt(&Place::Key(place, "tls"), "a listener with protocol `HTTPS` must have certificates");
            }
        });
    }

    fn rules(&mut self, spec: &Json<'_>, place: &Place<'_>) {
        let mut names = BTreeSet::new();
        each(spec, "rules", place, |rule, place| {
            if let Some(name) = rule.text("name")
                && !names.insert(name.to_owned())
            {
                self.doubt(&Place::Key(place, "name"), "names of rules must differ within a route");
            }
            self.prefixes(rule, place);
            each(rule, "matches", place, |condition, place| self.condition(condition, place));
            each(rule, "filters", place, |filter, place| self.filter(filter, place));
            each(rule, "backendRefs", place, |backend, place| each(backend, "filters", place, |filter, place| self.filter(filter, place)));
        });
    }

    /// The schema counts wrongly: two backends that replace the prefix slip through.
    fn prefixes(&mut self, rule: &Json<'_>, place: &Place<'_>) {
        let backends = rule.get("backendRefs").map_or(&[][..], Json::items);
        for block in ["requestRedirect", "urlRewrite"] {
            let replacing = backends.iter().filter(|backend| prefix_replacements(backend, block) > 0).count();
            if replacing > 1 && !has_one_prefix(rule) {
                let rule = "with `replacePrefixMatch` the rule must have exactly one match, and it must be a PathPrefix";
                self.doubt(&Place::Key(place, "backendRefs"), rule);
            }
        }
    }

    fn condition(&mut self, condition: &Json<'_>, place: &Place<'_>) {
        if let Some(path) = condition.get("path")
            && path.text("type") == Some("RegularExpression")
            && path.text("value") == Some("")
        {
            let place = Place::Key(place, "path");
            self.doubt(&Place::Key(&place, "value"), "an empty regular expression stops the whole Gateway on some implementations");
        }
        self.header_names(condition, "headers", place);
    }

    fn filter(&mut self, filter: &Json<'_>, place: &Place<'_>) {
        for block in ["requestHeaderModifier", "responseHeaderModifier"] {
            if let Some(modifier) = filter.get(block) {
                let place = Place::Key(place, block);
                self.header_names(modifier, "set", &place);
                self.header_names(modifier, "add", &place);
            }
        }
        for block in ["requestRedirect", "urlRewrite"] {
            let Some(path) = filter.get(block).and_then(|block| block.get("path")) else { continue };
            let block_place = Place::Key(place, block);
            let place = Place::Key(&block_place, "path");
            if path.text("replaceFullPath").is_some_and(|value| !value.starts_with('/')) {
                self.doubt(&Place::Key(&place, "replaceFullPath"), "a path must begin with `/`; it is sent as it stands");
            }
            // An empty replacement is fine: the slash comes from the rest of the path.
            if path.text("replacePrefixMatch").is_some_and(|value| !value.is_empty() && !value.starts_with('/')) {
                self.doubt(&Place::Key(&place, "replacePrefixMatch"), "a path must begin with `/`; it is sent as it stands");
            }
        }
    }

    /// Exact repetitions are refused; names that differ in case are one header, and only the first entry counts.
    fn header_names(&mut self, value: &Json<'_>, key: &'static str, place: &Place<'_>) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        each(value, key, place, |header, place| {
            let Some(name) = header.text("name") else { return };
            if let Some(before) = seen.get(&name.to_ascii_lowercase())
                && before != name
            {
                self.doubt(place, format!("`{name}` and `{before}` are one header, and only the first of both counts"));
            }
            seen.entry(name.to_ascii_lowercase()).or_insert_with(|| name.to_owned());
        });
    }
}
