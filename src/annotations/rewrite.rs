//! `rewrite-target`, `use-regex`, `app-root` and the switches of the redirect to HTTPS (`annotations/rewrite`, `portinredirect`).

use super::{
    reader::{Consequence, Effect, Reader},
    url::GoUrl,
};
use crate::nginx::settings::{Rewrite, Setting};

pub(super) fn read(reader: &mut Reader<'_>, defaults: &Rewrite) -> Rewrite {
    let target = reader.text_or_empty("rewrite-target");
    let ssl_redirect = reader.bool_or("ssl-redirect", &defaults.ssl_redirect);
    let preserve_trailing_slash = reader.bool_or("preserve-trailing-slash", &defaults.preserve_trailing_slash);
    let force_ssl_redirect = reader.bool_or("force-ssl-redirect", &defaults.force_ssl_redirect);
    let use_regex = reader.bool_or("use-regex", &Setting::default(false)).value;
    let mut app_root = reader.text_or_empty("app-root");
    // `url.ParseRequestURI` takes absolute URLs as well, but those are refused next.
    if !app_root.is_empty() && (!app_root.starts_with('/') || GoUrl::parse(&app_root).is_none()) {
        reader.note("app-root", Effect::Unusable(Consequence::Default));
        app_root.clear();
    }
    let use_port_in_redirects = reader.bool_or("use-port-in-redirects", &defaults.use_port_in_redirects);
    Rewrite { target, use_regex, app_root, ssl_redirect, force_ssl_redirect, preserve_trailing_slash, use_port_in_redirects }
}
