//! `HTTPRouteFilter`: rewrites by expressions, and redirects to URLs whose own query counts.

use super::{
    policies::custom,
    types::{DirectResponse, HttpRouteFilter, OwnRewrite, PathRewrite, RegexReplacement, header},
};
use serde_json::json;

use crate::{
    gateway::{
        Intent,
        api::{Custom, HeaderModifier, HeaderValue},
    },
    targets::envoy::replacement,
};

/// Headers that are set, each once: the controller publishes nothing where an answer names one twice.
fn once(headers: impl Iterator<Item = HeaderValue>) -> HeaderModifier {
    let mut set: Vec<HeaderValue> = Vec::new();
    for header in headers {
        if !set.iter().any(|known| known.name.as_str().eq_ignore_ascii_case(header.name.as_str())) {
            set.push(header);
        }
    }
    HeaderModifier { set, ..HeaderModifier::default() }
}

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
                // A path becomes a URL of the same host, as nginx does it.
                let own = if url.starts_with('/') { "%REQ(X-FORWARDED-PROTO)%://%REQ(:AUTHORITY)%" } else { "" };
                let location = header("Location", &format!("{own}{url}"));
                let others = headers.iter().filter_map(|(name, value)| header(name, value));
                filter.direct_response = Some(DirectResponse {
                    status_code: Some(*status),
                    header: Some(once(location.into_iter().chain(others))),
                    ..DirectResponse::default()
                });
            }
            Intent::Refuse { status } => {
                filter.direct_response = Some(DirectResponse { status_code: Some(*status), ..DirectResponse::default() });
            }
            Intent::Answer { status, headers, body } => {
                let set = once(headers.iter().filter_map(|(name, value)| header(name, value)));
                filter.direct_response = Some(DirectResponse {
                    status_code: Some(*status),
                    header: (body.is_none() || set != HeaderModifier::default()).then_some(set),
                    content_type: body.as_ref().map(|body| body.content_type.clone()),
                    body: body.as_ref().map(|body| json!({"type": "Inline", "inline": body.text})),
                    ..DirectResponse::default()
                });
            }
            _ => {}
        }
    }
    if filter == HttpRouteFilter::default() {
        return None;
    }
    Some(custom("HTTPRouteFilter", namespace, name.to_owned(), &filter))
}
