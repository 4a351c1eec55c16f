//! Names of emitted objects: stable, free of collisions, at most 63 characters.

use std::{borrow::Cow, collections::BTreeMap};

use indexmap::IndexSet;

use crate::k8s::names;

/// Longest name; Services and labels that controllers derive from names allow no more.
const LONGEST: usize = 63;

/// Names that are taken, by kind and namespace.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: BTreeMap<&'static str, BTreeMap<String, IndexSet<String>>>,
}

impl Names {
    /// Takes a name, or the nearest one that is free. Who asks first gets it, so callers ask in a stable order.
    pub(super) fn take(&mut self, kind: &'static str, namespace: &str, wanted: &str) -> String {
        let wanted = &dns(wanted);
        let of_kind = self.taken.entry(kind).or_default();
        if !of_kind.contains_key(namespace) {
            of_kind.insert(namespace.to_owned(), IndexSet::new());
        }
        let taken = of_kind.get_mut(namespace).expect("INVARIANT: it was put there");
        let mut name = shorten(wanted);
        let mut attempt = 0_u32;
        while !taken.insert(name.clone()) {
            attempt += 1;
            name = with_suffix(wanted, &hash(&format!("{wanted}\n{attempt}")));
        }
        name
    }
}

/// A lower-case DNS name. Names of objects that an API server took are unchanged.
fn dns(text: &str) -> Cow<'_, str> {
    if names::is_subdomain(text) {
        return Cow::Borrowed(text);
    }
    let name: String =
        text.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' }).collect();
    let trimmed = name.trim_matches(['-', '.']);
    Cow::Owned(if trimmed.is_empty() { "unnamed".to_owned() } else { trimmed.to_owned() })
}

/// A name of at most 63 characters: the text itself, or its beginning and a hash of all of it.
pub(super) fn shorten(text: &str) -> String {
    if text.len() <= LONGEST { text.to_owned() } else { with_suffix(text, &hash(text)) }
}

fn with_suffix(text: &str, suffix: &str) -> String {
    let mut end = text.len().min(LONGEST - suffix.len() - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}-{suffix}", text[..end].trim_end_matches(['-', '.']))
}

/// Eight hex digits of FNV-1a, which is stable over releases.
fn hash(text: &str) -> String {
    let mut value = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        value = (value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:08x}", (value ^ (value >> 32)) & 0xffff_ffff)
}

/// A host as part of a name: dots become dashes, a wildcard becomes `any`, no host `all`.
pub(super) fn host_slug(host: &str) -> String {
    if host == "_" || host.is_empty() {
        return "all".to_owned();
    }
    host.replace('*', "any").to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_beginning_and_differ() {
        let (a, b) = (shorten(&format!("{}a", "x".repeat(80))), shorten(&format!("{}b", "x".repeat(80))));
        assert_eq!((a.len(), b.len()), (63, 63));
        assert_ne!(a, b);
    }

    #[test]
    fn second_taker_gets_another_name() {
        let mut names = Names::default();
        assert_eq!(names.take("HTTPRoute", "a", "web-http"), "web-http");
        assert_ne!(names.take("HTTPRoute", "a", "web-http"), "web-http");
        assert_eq!(names.take("HTTPRoute", "b", "web-http"), "web-http");
    }

    #[test]
    fn wildcard_hosts_have_a_readable_slug() {
        assert_eq!(host_slug("*.Example.com"), "any-example-com");
    }
}
