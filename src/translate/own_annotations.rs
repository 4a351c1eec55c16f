//! Annotations of the user's own that become a filter or a label of routes, as a file of the user says. They say nothing to ingress-nginx,
//! so that no annotation of it can be mapped.

use serde::Deserialize;

use super::context::Cx;
use crate::{
    automata::pcre,
    catalog::{self, Key},
    gateway::api::{ExplicitRef, HttpFilter, Meta},
    k8s::{FieldPath, Subject},
    ledger::{Code, Settlement},
    nginx::IngressId,
};

/// Stands for the value of the annotation in a name.
const VALUE: &str = "{value}";

/// A file of mappings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnAnnotations {
    /// The mappings.
    pub annotations: Vec<OwnAnnotation>,
}

/// What an annotation becomes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnAnnotation {
    /// Its whole key.
    pub name: String,
    /// Expression for the whole value; any value where there is none.
    #[serde(default)]
    pub values: Option<String>,
    /// A filter of each rule that forwards.
    #[serde(default)]
    pub extension_ref: Option<Extension>,
    /// Key of a label on the route, with the value of the annotation.
    #[serde(default)]
    pub label: Option<String>,
}

/// An object that a rule refers to, in the namespace of the route.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name; `{value}` stands for the value of the annotation.
    pub name: String,
}

impl OwnAnnotations {
    /// Why the file cannot be used, if it cannot.
    pub fn fault(&self, prefix: &str) -> Option<String> {
        self.annotations.iter().find_map(|one| one.fault(prefix).map(|why| format!("`{}`: {why}", one.name)))
    }
}

impl OwnAnnotation {
    fn fault(&self, prefix: &str) -> Option<String> {
        let Self { name, values, extension_ref, label } = self;
        let free = match catalog::resolve(name, prefix) {
            Key::Unrelated => true,
            Key::Foreign(foreign) => foreign.moves.is_none(),
            Key::Ours(_) | Key::Alias { .. } | Key::Core(_) | Key::Historical(_) | Key::WrongPrefix { .. } | Key::Unknown { .. } => false,
        };
        if !free || !is_key(name) {
            return Some("it is no annotation of your own".to_owned());
        }
        if values.as_ref().is_some_and(|values| whole(values).is_none()) {
            return Some("`values` is no regular expression".to_owned());
        }
        match (extension_ref, label) {
            (Some(Extension { group, kind, name }), None) => {
                let name = name.replace(VALUE, "value");
                let good = is_subdomain(group) && is_subdomain(&name) && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
                (!good || kind.is_empty()).then(|| "`extensionRef` has a group, kind or name that no object can have".to_owned())
            }
            (None, Some(label)) => (!is_key(label)).then(|| "`label` is no key of a label".to_owned()),
            (Some(_), Some(_)) | (None, None) => Some("it needs either `extensionRef` or `label`".to_owned()),
        }
    }

    /// Whether a value can become what it says.
    fn takes(&self, value: &str) -> bool {
        let allowed = self.values.as_deref().and_then(whole).is_none_or(|values| values.is_match(value.as_bytes()).unwrap_or(false));
        let fits = match &self.extension_ref {
            Some(extension) => is_subdomain(&extension.name.replace(VALUE, value)),
            None => is_label(value),
        };
        allowed && fits
    }
}

fn whole(pattern: &str) -> Option<pcre::Pattern> {
    pcre::Pattern::parse(&format!("\\A(?:{pattern})\\z"), false).ok()
}

fn is_subdomain(text: &str) -> bool {
    let plain = |part: &str| {
        let inner = part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        !part.is_empty() && inner && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(plain)
}

/// A value of a label, or the name in a key.
fn is_label(text: &str) -> bool {
    let inner = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.is_empty() || text.len() <= 63 && inner && ends(text.as_bytes().first()) && ends(text.as_bytes().last())
}

fn is_key(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label(name)
}

impl Cx<'_> {
    /// What the user's own annotations of an Ingress add to a route: filters of its rules, and labels on it.
    pub(super) fn own_annotations(&mut self, owner: IngressId, takes_filters: bool, meta: &mut Meta) -> Vec<HttpFilter> {
        let mut filters = Vec::new();
        for mapping in &self.options.own.annotations {
            let Some(ingress) = self.inventory_ingress(owner) else { continue };
            let (object, Some(value)) = (ingress.id, ingress.meta.annotations.get(&mapping.name).cloned()) else { continue };
            let fits = mapping.takes(&value) && (takes_filters || mapping.extension_ref.is_none());
            let settlement = if fits { Settlement::Exact } else { super::context::unmappable(Code::AnnotationMapValue) };
            self.tools.insert((object, mapping.name.clone()), settlement);
            if !fits {
                let place = Subject::new(object, FieldPath::annotation(&mapping.name));
                let facts = vec![("ingress", self.ingress_name(owner)), ("annotation", mapping.name.clone()), ("value", value)];
                self.say(Code::AnnotationMapValue, Some(place), facts);
                continue;
            }
            if let Some(Extension { group, kind, name }) = &mapping.extension_ref {
                let reference = ExplicitRef::local(group.clone(), kind.clone(), name.replace(VALUE, &value));
                filters.push(HttpFilter::ExtensionRef(reference));
            }
            if let Some(label) = &mapping.label {
                meta.labels.insert(label.as_str(), value.as_str());
            }
        }
        filters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<String> {
        serde_yaml::from_str::<OwnAnnotations>(text).expect("mappings").fault("nginx.ingress.kubernetes.io")
    }

    #[test]
    fn annotations_of_the_controller_cannot_be_mapped() {
        let of = |name: &str| fault(&format!("annotations: [{{name: {name}, label: team}}]"));
        assert_eq!(of("example.com/team"), None);
        for name in ["nginx.ingress.kubernetes.io/auth-url", "nginx.ingress.kubernetes.io/new", "kubernetes.io/ingress.class"] {
            assert!(of(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_mapping_says_one_thing() {
        let of = |rest: &str| fault(&format!("annotations: [{{name: example.com/x{rest}}}]"));
        assert!(of("").is_some());
        assert!(of(", label: a, extensionRef: {group: g.test, kind: K, name: n}").is_some());
        assert!(of(", extensionRef: {group: g.test, kind: K, name: UPPER}").is_some());
        assert_eq!(of(", extensionRef: {group: g.test, kind: K, name: 'auth-{value}'}, values: '[a-z]+'"), None);
        assert!(of(", label: a, values: '('").is_some());
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let mapping = |rest: &str| serde_yaml::from_str::<OwnAnnotation>(&format!("{{name: example.com/x, {rest}}}")).expect("mapping");
        let label = mapping("label: team, values: 'red|blue'");
        assert_eq!(["red", "blues", ""].map(|value| label.takes(value)), [true, false, false]);
        let filter = mapping("extensionRef: {group: g.test, kind: K, name: 'auth-{value}'}");
        assert_eq!(["a", "A", "a/b"].map(|value| filter.takes(value)), [true, false, false]);
    }
}
