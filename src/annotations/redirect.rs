//! `temporal-redirect`, `permanent-redirect`, `from-to-www-redirect`, `relative-redirects` (`annotations/redirect`).

use super::{
    reader::{Consequence, Effect, Reader, Stop},
    url::GoUrl,
};
use crate::nginx::settings::{FixedRedirect, Redirect, Setting};

pub(super) fn read(reader: &mut Reader<'_>, defaults: &Redirect) -> Result<Redirect, Stop> {
    let ignored = Consequence::GroupIgnored;
    let www = reader.bool("from-to-www-redirect");
    let www = reader.strict("from-to-www-redirect", www, ignored)?.unwrap_or(false);
    let relative = reader.bool("relative-redirects");
    // The ConfigMap switches it on for everybody (at the http level); the annotation cannot switch it off again.
    let relative = match reader.strict("relative-redirects", relative, ignored)? {
        Some(true) => Setting::annotation("relative-redirects", true),
        Some(false) | None => defaults.relative,
    };
    let temporal = reader.text("temporal-redirect");
    if let Some(url) = reader.strict("temporal-redirect", temporal, ignored)? {
        let code = reader.int("temporal-redirect-code");
        let code = reader.strict("temporal-redirect-code", code, ignored)?;
        if !GoUrl::parse(&url).is_some_and(|url| url.scheme.to_ascii_lowercase().starts_with("http")) {
            return Err(reader.ignore("temporal-redirect"));
        }
        for name in ["permanent-redirect", "permanent-redirect-code"] {
            reader.note(name, Effect::Superseded { by: "temporal-redirect" });
        }
        let status = status(reader, "temporal-redirect-code", code, 307, 302);
        return Ok(Redirect { fixed: Some(FixedRedirect { url, status, annotation: "temporal-redirect" }), www, relative });
    }
    let url = reader.text("permanent-redirect");
    let url = reader.strict("permanent-redirect", url, ignored)?;
    let code = reader.int("permanent-redirect-code");
    let code = reader.strict("permanent-redirect-code", code, ignored)?;
    let status = status(reader, "permanent-redirect-code", code, 308, 301);
    if url.is_none() {
        reader.note("permanent-redirect-code", Effect::Idle { needs: "permanent-redirect" });
    }
    let fixed = url.map(|url| FixedRedirect { url, status, annotation: "permanent-redirect" });
    Ok(Redirect { fixed, www, relative })
}

fn status(reader: &mut Reader<'_>, name: &'static str, code: Option<i64>, last: u16, default: u16) -> u16 {
    match code.map(u16::try_from) {
        Some(Ok(code)) if (300..=last).contains(&code) => code,
        Some(_) => {
            reader.note(name, Effect::Unusable(Consequence::Default));
            default
        }
        None => default,
    }
}
