//! Rules that look at more than one field: one variant a rule of `rules.yaml`, with the arguments that the data gives it.
//!
//! They are asked after defaults were filled in, so a field that has a default is there. A value of the wrong type was refused
//! before and breaks no rule.

mod blocks;
mod listeners;
pub(super) mod routes;
pub(super) mod scalars;

use super::data;
use crate::gateway::json::Json;
use crate::k8s::Step;

/// Places below the value that a rule was asked of.
type Places = Vec<Vec<Step>>;

/// A field that belongs to a value of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    field: String,
    tag: String,
    value: String,
}

macro_rules! rules {
    ($($name:literal => $variant:ident $(($($argument:ident: $kind:ty),+))?,)*) => {
        /// A rule with its arguments.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(super) enum Kind {
            $($variant $(($($kind),+))?,)*
        }

        /// Names of all rules.
        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$($name,)*];

        fn kind(name: &str, arguments: &mut dyn Iterator<Item = String>) -> Option<Kind> {
            match name {
                $($name => Some(Kind::$variant $(($(<$kind>::take(arguments)?),+))?),)*
                _ => None,
            }
        }
    };
}

rules! {
    "absent-only" => AbsentOnly(block: Block),
    "address-hostname" => AddressHostname,
    "address-is-ip" => AddressIsIp,
    "addresses-differ" => AddressesDiffer(kind: String),
    "at-most-one-of-type" => AtMostOneOfType(kind: String),
    "backend-timeout-within-request" => BackendTimeoutWithinRequest,
    "block" => Block(block: Block),
    "certificates-to-terminate" => CertificatesToTerminate,
    "duration-between" => DurationBetween(least: String, most: String),
    "empty-by-mistake" => EmptyByMistake,
    "fraction-at-most-one" => FractionAtMostOne,
    "grpc-method-characters" => GrpcMethodCharacters,
    "grpc-service-characters" => GrpcServiceCharacters,
    "h2c-without-tls" => H2cWithoutTls,
    "https-terminates" => HttpsTerminates,
    "key-prefixes-are-short" => KeyPrefixesAreShort,
    "keys-are-qualified" => KeysAreQualified,
    "keys-are-qualified-names" => KeysAreQualifiedNames,
    "listeners-differ" => ListenersDiffer,
    "matches-in-all" => MatchesInAll(most: usize),
    "no-hostname-without-names" => NoHostnameWithoutNames,
    "no-ip-hostnames" => NoIpHostnames,
    "no-redirect-with-backends" => NoRedirectWithBackends,
    "no-tls-without-tls-protocol" => NoTlsWithoutTlsProtocol,
    "not-both" => NotBoth(first: String, second: String),
    "not-cluster-local" => NotClusterLocal,
    "one-of" => OneOf(fields: Vec<String>),
    "one-prefix-to-replace" => OnePrefixToReplace(filter: String),
    "one-prefix-to-replace-in-backend" => OnePrefixToReplaceInBackend(filter: String),
    "only-for-protocols" => OnlyForProtocols(field: String, protocols: Vec<String>),
    "only-with" => OnlyWith(block: Block),
    "parent-sections-all-or-none" => ParentSectionsAllOrNone,
    "parent-sections-and-ports-all-or-none" => ParentSectionsAndPortsAllOrNone,
    "parent-sections-differ" => ParentSectionsDiffer,
    "parent-sections-or-ports-differ" => ParentSectionsOrPortsDiffer,
    "path-characters" => PathCharacters,
    "path-not-ending" => PathNotEnding(end: String),
    "path-starts-with-slash" => PathStartsWithSlash,
    "path-without" => PathWithout(part: String),
    "permanent-cookie-has-timeout" => PermanentCookieHasTimeout,
    "protocol-needs-tls" => ProtocolNeedsTls(protocol: String),
    "redirect-or-rewrite" => RedirectOrRewrite,
    "routability-word" => RoutabilityWord,
    "rule-names-differ" => RuleNamesDiffer,
    "service-has-port" => ServiceHasPort,
    "service-or-method" => ServiceOrMethod,
    "star-alone" => StarAlone,
    "target-sections-all-or-none" => TargetSectionsAllOrNone,
    "target-sections-differ" => TargetSectionsDiffer,
    "tls-mode-for-protocol-tls" => TlsModeForProtocolTls,
    "trust-bundle-has-no-namespace" => TrustBundleHasNoNamespace,
    "xbackend-has-no-port" => XbackendHasNoPort,
}

/// A rule as a field of the data names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    text: String,
    kind: Kind,
}

impl Rule {
    /// Reads `name argument …`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace().map(str::to_owned);
        let name = words.next().unwrap_or_default();
        let kind = kind(&name, &mut words).ok_or_else(|| format!("`{text}` is no rule"))?;
        if words.next().is_some() {
            return Err(format!("`{text}` has too many arguments"));
        }
        Ok(Self { text: text.to_owned(), kind })
    }

    /// What it asks, in words.
    pub(super) fn words(&self) -> String {
        let mut words = self.text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let mut text = data::get().rules.get(name).cloned().unwrap_or_else(|| panic!("INVARIANT: rule `{name}` has words"));
        for (index, argument) in words.enumerate() {
            text = text.replace(&format!("{{{}}}", index + 1), argument);
        }
        format!("breaks a rule: {text}")
    }

    /// Where below `value` it is broken; nowhere if it holds.
    pub(super) fn violations(&self, value: &Json<'_>) -> Places {
        match &self.kind {
            Kind::AbsentOnly(block) => here(blocks::absent_only(value, block)),
            Kind::AddressHostname => here(listeners::address_hostname(value)),
            Kind::AddressIsIp => here(listeners::address_is_ip(value)),
            Kind::AddressesDiffer(kind) => listeners::addresses_differ(value, kind),
            Kind::AtMostOneOfType(kind) => routes::at_most_one_of_type(value, kind),
            Kind::BackendTimeoutWithinRequest => here(routes::backend_timeout_within_request(value)),
            Kind::Block(block) => here(blocks::block(value, block)),
            Kind::CertificatesToTerminate => here(listeners::certificates_to_terminate(value)),
            Kind::DurationBetween(least, most) => here(scalars::duration_between(value, least, most)),
            Kind::EmptyByMistake => here(value.as_text().is_some_and(|text| !text.is_empty())),
            Kind::FractionAtMostOne => here(scalars::fraction_at_most_one(value)),
            Kind::GrpcMethodCharacters => here(routes::grpc_method_characters(value)),
            Kind::GrpcServiceCharacters => here(routes::grpc_service_characters(value)),
            Kind::H2cWithoutTls => here(blocks::h2c_without_tls(value)),
            Kind::HttpsTerminates => listeners::https_terminates(value),
            Kind::KeyPrefixesAreShort => scalars::key_prefixes_are_short(value),
            Kind::KeysAreQualified => scalars::keys_are_qualified(value),
            Kind::KeysAreQualifiedNames => scalars::keys_are_qualified_names(value),
            Kind::ListenersDiffer => listeners::listeners_differ(value),
            Kind::MatchesInAll(most) => here(routes::matches_in_all(value, *most)),
            Kind::NoHostnameWithoutNames => listeners::no_hostname_without_names(value),
            Kind::NoIpHostnames => routes::no_ip_hostnames(value),
            Kind::NoRedirectWithBackends => here(routes::no_redirect_with_backends(value)),
            Kind::NoTlsWithoutTlsProtocol => listeners::no_tls_without_tls_protocol(value),
            Kind::NotBoth(first, second) => here(blocks::not_both(value, first, second)),
            Kind::NotClusterLocal => here(scalars::not_cluster_local(value)),
            Kind::OneOf(fields) => here(blocks::one_of(value, fields)),
            Kind::OnePrefixToReplace(filter) => here(routes::one_prefix_to_replace(value, filter)),
            Kind::OnePrefixToReplaceInBackend(filter) => here(routes::one_prefix_to_replace_in_backend(value, filter)),
            Kind::OnlyForProtocols(field, protocols) => here(blocks::only_for_protocols(value, field, protocols)),
            Kind::OnlyWith(block) => here(blocks::only_with(value, block)),
            Kind::ParentSectionsAllOrNone => routes::parents_all_or_none(value, &["sectionName"]),
            Kind::ParentSectionsAndPortsAllOrNone => routes::parents_all_or_none(value, &["sectionName", "port"]),
            Kind::ParentSectionsDiffer => routes::parents_differ(value, &["sectionName"]),
            Kind::ParentSectionsOrPortsDiffer => routes::parents_differ(value, &["sectionName", "port"]),
            Kind::PathCharacters => here(routes::path_characters(value)),
            Kind::PathNotEnding(end) => here(routes::literal_path(value).is_some_and(|path| path.ends_with(end))),
            Kind::PathStartsWithSlash => here(routes::literal_path(value).is_some_and(|path| !path.starts_with('/'))),
            Kind::PathWithout(part) => here(routes::literal_path(value).is_some_and(|path| path.contains(part))),
            Kind::PermanentCookieHasTimeout => here(blocks::permanent_cookie_has_timeout(value)),
            Kind::ProtocolNeedsTls(protocol) => here(blocks::protocol_needs_tls(value, protocol)),
            Kind::RedirectOrRewrite => here(routes::redirect_or_rewrite(value)),
            Kind::RoutabilityWord => here(scalars::routability_word(value)),
            Kind::RuleNamesDiffer => routes::rule_names_differ(value),
            Kind::ServiceHasPort => here(routes::service_has_port(value)),
            Kind::ServiceOrMethod => here(value.get("service").is_none() && value.get("method").is_none()),
            Kind::StarAlone => here(routes::star_alone(value)),
            Kind::TargetSectionsAllOrNone => routes::targets_all_or_none(value),
            Kind::TargetSectionsDiffer => routes::targets_differ(value),
            Kind::TlsModeForProtocolTls => listeners::tls_mode_for_protocol_tls(value),
            Kind::TrustBundleHasNoNamespace => listeners::trust_bundle_has_no_namespace(value),
            Kind::XbackendHasNoPort => here(routes::xbackend_has_no_port(value)),
        }
    }
}

fn here(broken: bool) -> Places {
    if broken { vec![Vec::new()] } else { Vec::new() }
}

/// Indices of the items that break something.
fn items<'j>(value: &'j Json<'j>, broken: impl Fn(&'j Json<'j>) -> bool) -> Places {
    let broken = |(index, item): (usize, &'j Json<'j>)| broken(item).then(|| vec![Step::from(index)]);
    value.items().iter().enumerate().filter_map(broken).collect()
}

/// Indices of the items whose key occurred before; items without key are left alone.
fn repeated<'j, K: Ord>(value: &'j Json<'j>, key: impl Fn(&'j Json<'j>) -> Option<K>) -> Places {
    let list = value.items();
    if list.len() < 2 {
        return Vec::new();
    }
    let mut seen = std::collections::BTreeSet::new();
    let again = |(index, item): (usize, &'j Json<'j>)| key(item).and_then(|key| (!seen.insert(key)).then(|| vec![Step::from(index)]));
    list.iter().enumerate().filter_map(again).collect()
}

/// An argument of a rule.
trait Argument: Sized {
    fn take(arguments: &mut dyn Iterator<Item = String>) -> Option<Self>;
}

impl Argument for String {
    fn take(arguments: &mut dyn Iterator<Item = String>) -> Option<Self> {
        arguments.next()
    }
}

impl Argument for usize {
    fn take(arguments: &mut dyn Iterator<Item = String>) -> Option<Self> {
        arguments.next()?.parse().ok()
    }
}

impl Argument for Vec<String> {
    fn take(arguments: &mut dyn Iterator<Item = String>) -> Option<Self> {
        Some(arguments.collect())
    }
}

impl Argument for Block {
    fn take(arguments: &mut dyn Iterator<Item = String>) -> Option<Self> {
        Some(Self { field: arguments.next()?, tag: arguments.next()?, value: arguments.next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_words_and_all_words_belong_to_a_rule() {
        let words: Vec<&str> = data::get().rules.keys().map(String::as_str).collect();
        assert_eq!(words, NAMES);
    }
}
