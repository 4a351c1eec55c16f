//! Cipher suites: a list of OpenSSL, as nginx takes it, in the words of `BoringSSL`, which Envoy is built with.

use crate::gateway::Intent;

/// Suites below TLS 1.3 that `BoringSSL` has, by the names that both libraries give them. Envoy refuses a listener with any other name
/// (`envoy --mode validate` says so of each). Those of TLS 1.3 are fixed on both sides.
pub(super) const SUITES: [&str; 16] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
];

/// Sets of suites of OpenSSL (`openssl-ciphers`, CIPHER STRINGS) that have none of [`SUITES`].
const OTHERS: [&str; 35] = [
    "3DES", "ADH", "AECDH", "ARIA", "CAMELLIA", "DES", "DH", "DHE", "DSS", "EDH", "EXP", "EXPORT", "EXPORT40", "EXPORT56", "IDEA", "KRB5",
    "LOW", "MD5", "MEDIUM", "NULL", "PSK", "RC2", "RC4", "SEED", "SRP", "aDSS", "aECDH", "aNULL", "aPSK", "aSRP", "eNULL", "kDHE", "kEDH",
    "kPSK", "kSRP",
];

/// A list for Envoy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suites {
    /// Names, the preferred ones first.
    pub(super) names: Vec<&'static str>,
    /// The list of nginx says more: other suites, or what keys they take.
    pub(super) narrowed: bool,
}

/// The suites of a list; `None` where it has sets of suites in it, or nothing that `BoringSSL` has.
pub(super) fn suites(list: &str) -> Option<Suites> {
    let mut names = Vec::new();
    let mut excluded = Vec::new();
    let mut narrowed = false;
    for word in words(list) {
        let known = |name: &str| SUITES.into_iter().find(|suite| *suite == name);
        if let Some(name) = word.strip_prefix('!') {
            match known(name) {
                Some(suite) => excluded.push(suite),
                None if OTHERS.contains(&name) || is_suite(name) => {}
                None => return None,
            }
        } else if word == "@STRENGTH" || word.starts_with("@SECLEVEL=") {
            narrowed = true;
        } else if let Some(suite) = known(word) {
            if !names.contains(&suite) {
                names.push(suite);
            }
        } else if is_suite(word) {
            narrowed = true;
        } else if !word.starts_with("TLS_") {
            return None;
        }
    }
    names.retain(|name| !excluded.contains(name));
    (!names.is_empty()).then_some(Suites { names, narrowed })
}

/// An option of that name with the suites that an intent asks for, with commas between them.
pub(super) fn option(name: &str, intent: &Intent) -> Option<(String, String)> {
    let Intent::Ciphers { list, .. } = intent else { return None };
    suites(list).map(|suites| (name.to_owned(), suites.names.join(",")))
}

/// The words of a list.
pub(super) fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([':', ',', ' ', ';']).filter(|word| !word.is_empty())
}

/// A suite, and not a set of them, a combination of sets, or an operation on what stands before.
fn is_suite(word: &str) -> bool {
    word.contains('-')
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
        && !word.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Option<(Vec<&'static str>, bool)> {
        suites(list).map(|suites| (suites.names, suites.narrowed))
    }

    #[test]
    fn suites_that_both_libraries_have_stay_in_their_order() {
        let list = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:TLS_AES_128_GCM_SHA256";
        assert_eq!(names(list), Some((vec!["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"], false)));
    }

    #[test]
    fn suites_that_boringssl_lacks_narrow_the_list() {
        assert_eq!(names("AES128-SHA,DHE-RSA-AES128-GCM-SHA256"), Some((vec!["AES128-SHA"], true)));
        assert_eq!(names("DHE-RSA-AES128-GCM-SHA256"), None);
        assert_eq!(names(""), None);
    }

    #[test]
    fn what_is_excluded_is_left_out_wherever_it_stands() {
        assert_eq!(names("!AES256-SHA:AES128-SHA:AES256-SHA:!aNULL:!MD5"), Some((vec!["AES128-SHA"], false)));
    }

    #[test]
    fn sets_of_suites_are_not_guessed() {
        for list in ["HIGH:!aNULL", "ECDHE+AESGCM", "AES128-SHA:!kRSA", "AES128-SHA:+AES256-SHA", "AES128-SHA:-AES256-SHA", "DEFAULT"] {
            assert_eq!(names(list), None, "{list}");
        }
    }

    #[test]
    fn levels_narrow_the_list() {
        assert_eq!(names("AES128-SHA:@SECLEVEL=1"), Some((vec!["AES128-SHA"], true)));
    }
}
