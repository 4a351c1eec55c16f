//! `HTTPRouteFilter`: rewrites by expressions, and redirects to URLs whose own query counts.

use serde_json::to_value;

use super::types::{DirectResponse, GROUP, HttpRouteFilter, OwnRewrite, PathRewrite, RegexReplacement, VERSION, header};
use crate::gateway::{
    Intent,
    api::{Custom, HeaderModifier, Meta},
    regex,
};

/// The filter for the intents of a rule, if they need one.
pub(super) fn filter(intents: &[Intent], namespace: &str, name: &str) -> Option<Custom> {
    let mut filter = HttpRouteFilter::default();
    for intent in intents {
        match intent {
            Intent::RegexRewrite { pattern, target } => {
                let (pattern, substitution) = replacement(pattern, target)?;
                let replacement = RegexReplacement { pattern, substitution, ..RegexReplacement::default() };
                let path = PathRewrite {
                    r#type: "ReplaceRegexMatch".to_owned(),
                    replace_regex_match: Some(replacement),
                    ..PathRewrite::default()
                };
                filter.url_rewrite = Some(OwnRewrite { path: Some(path), ..OwnRewrite::default() });
            }
            Intent::FixedRedirect { url, status, headers } => {
                // Values are formats: a percent sign of the URL is doubled. A path becomes a URL of the same host, as nginx does it.
                let own = if url.starts_with('/') { "%REQ(X-FORWARDED-PROTO)%://%REQ(:AUTHORITY)%" } else { "" };
                let location = header("Location", &format!("{own}{}", url.replace('%', "%%")));
                let others = headers.iter().filter_map(|(name, value)| header(name, &value.replace('%', "%%")));
                filter.direct_response = Some(DirectResponse {
                    status_code: Some(*status),
                    header: Some(HeaderModifier { set: location.into_iter().chain(others).collect(), ..HeaderModifier::default() }),
                    ..DirectResponse::default()
                });
            }
            Intent::Refuse { status } => {
                filter.direct_response = Some(DirectResponse { status_code: Some(*status), ..DirectResponse::default() });
            }
            Intent::Answer { status, headers } => {
                let set = headers.iter().filter_map(|(name, value)| header(name, value)).collect();
                filter.direct_response = Some(DirectResponse {
                    status_code: Some(*status),
                    header: Some(HeaderModifier { set, ..HeaderModifier::default() }),
                    ..DirectResponse::default()
                });
            }
            _ => {}
        }
    }
    if filter == HttpRouteFilter::default() {
        return None;
    }
    let spec = to_value(&filter).expect("INVARIANT: the wire types have string keys");
    Some(Custom { group: GROUP, version: VERSION, kind: "HTTPRouteFilter", metadata: Meta::new(namespace, name), spec })
}

/// A rewrite of nginx as an expression over the whole path and a substitution; `None` where RE2 cannot say it.
///
/// nginx searches from the start of the path without regard to case, and the target takes the place of all of it.
pub(super) fn replacement(pattern: &str, target: &str) -> Option<(String, String)> {
    if target.contains("://") || !target.starts_with('/') {
        return None;
    }
    let (pattern, names) = regex::without_names(pattern);
    let substitution = substitution(target, &names)?;
    let path = pattern.strip_prefix('^').unwrap_or(&pattern);
    let inner = if path.ends_with('$') && !path.ends_with("\\$") { path.to_owned() } else { format!("{path}.*$") };
    // A bar outside of groups would tear the anchors apart.
    let whole = if regex::has_bar(path) { format!("(?i)^(?:{})", inner.trim_end_matches('$')) + "$" } else { format!("(?i)^{inner}") };
    // Expressions that end with everything need nothing behind it.
    let whole = whole.replace("(.*).*$", "(.*)$").replace(".*.*$", ".*$");
    regex::is_valid(&whole).then_some((whole, substitution))
}

/// `$1` and names of groups become `\1`; `None` for variables.
fn substitution(target: &str, names: &[Option<String>]) -> Option<String> {
    let mut text = String::new();
    let mut chars = target.chars().peekable();
    while let Some(character) = chars.next() {
        match character {
            '\\' => text.push_str("\\\\"),
            '$' => {
                if let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    // Groups that do not exist are empty for nginx; Envoy would leave the path as it is.
                    if digit.to_digit(10).is_some_and(|number| number as usize <= names.len()) {
                        text.extend(['\\', digit]);
                    }
                    continue;
                }
                let mut name = String::new();
                while let Some(letter) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(letter);
                }
                if name == "uri" {
                    // All of the path: the expression takes it from end to end.
                    text.push_str("\\0");
                    continue;
                }
                let number = names.iter().position(|known| known.as_deref() == Some(name.as_str())).filter(|at| *at < 9)? + 1;
                text.push_str(&format!("\\{number}"));
            }
            other => text.push(other),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_become_groups_over_the_whole_path() {
        let made = |pattern: &str, target: &str| replacement(pattern, target);
        assert_eq!(made("/api/v([0-9]+)/(.*)", "/$2"), Some(("(?i)^/api/v([0-9]+)/(.*)$".to_owned(), "/\\2".to_owned())));
        assert_eq!(made("/a/([^/]+)", "/$1"), Some(("(?i)^/a/([^/]+).*$".to_owned(), "/\\1".to_owned())));
        assert_eq!(made("/", "/in/$1/$2x"), Some(("(?i)^/.*$".to_owned(), "/in//x".to_owned())));
        assert_eq!(made("/x/(\\d+)$", "/$1"), Some(("(?i)^/x/(\\d+)$".to_owned(), "/\\1".to_owned())));
    }

    #[test]
    fn alternatives_stay_between_the_anchors() {
        assert_eq!(replacement("/a(/|$)(.*)", "/$2").expect("rewrite").0, "(?i)^/a(/|$)(.*)$");
        assert_eq!(replacement("/a/(.*)|/b", "/$1").expect("rewrite").0, "(?i)^(?:/a/(.*)|/b.*)$");
    }

    #[test]
    fn names_of_groups_become_numbers() {
        let made = replacement("/u/(?<uid>[0-9]+)/(?<rest>.*)", "/users/$uid/$rest");
        assert_eq!(made, Some(("(?i)^/u/([0-9]+)/(.*)$".to_owned(), "/users/\\1/\\2".to_owned())));
    }

    #[test]
    fn variables_and_look_around_cannot_be_said() {
        assert_eq!(replacement("/a/(.*)", "/$host/$1"), None);
        assert_eq!(replacement("/(?!a)(.*)", "/$1"), None);
        assert_eq!(replacement("/(.*)", "https://x.test/$1"), None);
    }
}
