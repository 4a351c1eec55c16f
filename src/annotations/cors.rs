//! `enable-cors` and `cors-*` (`annotations/cors`).

use std::sync::Arc;

use super::{
    check::{self, Pattern},
    reader::{Consequence, Effect, Reader},
};
use crate::nginx::settings::{Cors, Setting};

const METHODS: &str = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const HEADERS: &str = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Arc<Cors>> {
    if !reader.bool_or("enable-cors", &Setting::default(false)).value {
        return None;
    }
    let origins = origins(reader);
    let methods = checked(reader, "cors-allow-methods", METHODS, |text| Pattern::CorsMethods.matches(text));
    let headers = checked(reader, "cors-allow-headers", HEADERS, check::is_header_list);
    let expose = checked(reader, "cors-expose-headers", "", |text| Pattern::CorsExpose.matches(text));
    let credentials = reader.bool_or("cors-allow-credentials", &Setting::default(true)).value;
    let max_age = reader.int_or("cors-max-age", &Setting::default(1_728_000)).value;
    Some(Arc::new(Cors { origins, methods, headers, credentials, max_age, expose }))
}

/// A list that cannot be read allows everybody; an item that is no origin is skipped.
fn origins(reader: &mut Reader<'_>) -> Vec<String> {
    let all = Setting::default("*".to_owned());
    let text = reader.text_or("cors-allow-origin", &all).value;
    let (mut list, mut skipped) = (Vec::new(), false);
    for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
        if origin == "*" {
            return vec![origin.to_owned()];
        }
        if is_origin(origin) {
            list.push(origin.to_owned());
        } else {
            skipped = true;
        }
    }
    if skipped {
        reader.note("cors-allow-origin", Effect::Unusable(Consequence::Items));
    }
    list
}

/// `^([a-z]+://(\*\.)?[A-Za-z0-9\-.]*(:\d+)?|\*|null)?$`
fn is_origin(text: &str) -> bool {
    if text == "null" {
        return true;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let rest = rest.strip_prefix("*.").unwrap_or(rest);
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn checked(reader: &mut Reader<'_>, name: &'static str, default: &str, passes: fn(&str) -> bool) -> String {
    match reader.text(name) {
        Ok(text) if passes(&text) => text,
        Ok(_) | Err(_) => {
            // An absent annotation is not noted.
            reader.note(name, Effect::Unusable(Consequence::Default));
            default.to_owned()
        }
    }
}
