//! Annotation values of one Ingress → settings of nginx. One file per annotation group of the controller.
//!
//! Decides what a value means and what an unusable one leads to, nothing about other Ingresses or about requests.

mod access;
mod auth;
mod backend;
mod canary;
pub(crate) mod check;
mod cors;
pub(crate) mod external;
mod known;
pub(crate) mod misc;
pub(crate) mod proxy;
mod reader;
mod redirect;
mod rewrite;
pub(crate) mod snippets;
pub(crate) mod url;

use std::sync::Arc;

use indexmap::IndexMap;

pub use reader::{Consequence, Dropped, Effect};

use crate::{
    catalog::Risk,
    k8s::{Inventory, NamespacedName, ObjectMeta},
    nginx::{
        Globals, Settings,
        settings::{Denied, ErrorPages, Setting},
    },
};
use reader::{Reader, Stop};

/// What is taken of objects that were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absent {
    /// They do not exist: everything there is was read.
    Missing,
    /// They exist and are as they should be: only a part of the cluster was read.
    Assumed,
}

/// What parsers look at besides the annotations.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Objects.
    pub inventory: &'a Inventory,
    /// Controller.
    pub globals: &'a Globals,
    /// Namespace of the Ingress.
    pub namespace: &'a str,
    /// Secrets that were not read.
    pub secrets: Absent,
    /// ConfigMaps that were not read.
    pub config_maps: Absent,
    /// Services that were not read.
    pub services: Absent,
}

/// What an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<T> {
    /// It was read.
    Read(T),
    /// The object is only assumed to exist, and to hold what it should.
    Assumed,
}

impl<T> Content<T> {
    /// The content fits; one that is assumed does.
    pub(crate) fn fits(self, fits: impl FnOnce(T) -> bool) -> bool {
        match self {
            Self::Read(content) => fits(content),
            Self::Assumed => true,
        }
    }
}

impl<'a> Context<'a> {
    /// Keys of a Secret; `None` where it does not exist.
    pub(crate) fn secret_keys(&self, name: &NamespacedName) -> Option<Content<&'a [String]>> {
        match self.inventory.secrets.get(name) {
            Some(secret) => Some(secret.keys.as_deref().map_or(Content::Assumed, Content::Read)),
            None => (self.secrets == Absent::Assumed).then_some(Content::Assumed),
        }
    }

    /// Data of a ConfigMap; `None` where it does not exist.
    pub(crate) fn config_map(&self, name: &NamespacedName) -> Option<Content<&'a IndexMap<String, String>>> {
        match self.inventory.config_maps.get(name) {
            Some(map) => Some(Content::Read(&map.data)),
            None => (self.config_maps == Absent::Assumed).then_some(Content::Assumed),
        }
    }

    /// The Service exists.
    pub(crate) fn service_exists(&self, name: &NamespacedName) -> bool {
        self.services == Absent::Assumed || self.inventory.services.contains_key(name)
    }
}

/// Settings of an Ingress, and what each of its annotations did.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// Settings; `Err` where the Ingress is left out.
    pub settings: Result<Arc<Settings>, Dropped>,
    /// Annotations that the controller knows, without prefix. The others are unknown to it.
    pub effects: Vec<(&'static str, Effect)>,
}

/// Why an Ingress is left out that has an annotation above the level.
pub(crate) const TOO_RISKY: &str = "its risk is above `annotations-risk-level`";

/// Reads the annotations of an Ingress.
pub fn read(cx: &Context<'_>, meta: &ObjectMeta) -> Parsed {
    let flags = &cx.globals.flags;
    let mut reader = Reader::new(&meta.annotations, &flags.annotations_prefix, flags.annotation_validation);
    if let Some(annotation) = too_risky(cx, meta) {
        let dropped = Dropped { annotation, why: TOO_RISKY };
        return Parsed { settings: Err(dropped), effects: effects(&reader) };
    }
    if reader.is_empty() {
        return Parsed { settings: Ok(Arc::clone(&cx.globals.defaults)), effects: Vec::new() };
    }
    let settings = settings(cx, &mut reader).map(Arc::new);
    Parsed { settings, effects: effects(&reader) }
}

/// The first annotation above the level. The prefix is trimmed where it is there, so bare keys count as well.
fn too_risky(cx: &Context<'_>, meta: &ObjectMeta) -> Option<String> {
    let level = match cx.globals.risk_level {
        0 => Risk::Low,
        1 => Risk::Medium,
        2 => Risk::High,
        _ => Risk::Critical,
    };
    meta.annotations.keys().find_map(|key| {
        let name = key.strip_prefix(&cx.globals.flags.annotations_prefix).and_then(|rest| rest.strip_prefix('/')).unwrap_or(key);
        known::lookup(name).filter(|known| known.is_above(level)).map(|known| known.name.to_owned())
    })
}

fn effects(reader: &Reader<'_>) -> Vec<(&'static str, Effect)> {
    let mut effects = Vec::with_capacity(reader.values().len());
    for &(known, _) in reader.values() {
        let noted = reader.effects.iter().find(|(name, _)| *name == known.name).map(|(_, effect)| effect.clone());
        let missing = || known.needs().find(|needed| !reader.given(needed)).or_else(|| known.needs().next());
        let unread = || missing().map_or(Effect::Unusable(Consequence::Default), |needs| Effect::Idle { needs });
        effects.push((known.name, noted.unwrap_or_else(unread)));
    }
    effects
}

/// Turns the ends of a group that are no drop into an absent group, and remembers the first denial.
struct Groups {
    denied: Option<Arc<Denied>>,
}

impl Groups {
    fn take<T: Default>(&mut self, group: Result<T, Stop>) -> Result<T, Dropped> {
        match group {
            Ok(value) => Ok(value),
            Err(Stop::Drop(dropped)) => Err(dropped),
            Err(Stop::Ignore) => Ok(T::default()),
            Err(Stop::Deny(annotation, why)) => {
                self.denied.get_or_insert_with(|| Arc::new(Denied { annotation, why }));
                Ok(T::default())
            }
        }
    }
}

fn settings(cx: &Context<'_>, reader: &mut Reader<'_>) -> Result<Settings, Dropped> {
    let globals = cx.globals;
    let defaults = &globals.defaults;
    let mut groups = Groups { denied: None };
    let (addresses, stops) = access::addresses(reader, &defaults.addresses);
    for stop in stops {
        groups.take::<()>(Err(stop))?;
    }
    let auth_tls = auth::tls(reader, cx);
    let host_denied = match &auth_tls {
        Err(Stop::Deny(annotation, why)) => {
            reader.note("auth-tls-secret", Effect::Unusable(Consequence::HostDenied));
            Some(Arc::new(Denied { annotation, why: why.clone() }))
        }
        Ok(_) | Err(Stop::Drop(_) | Stop::Ignore) => None,
    };
    let auth_tls = groups.take(auth_tls)?;
    let allow_snippets = globals.allow_snippets.value;
    let redirect = match redirect::read(reader, &defaults.redirect) {
        // The group is absent then, but the ConfigMap's key acts for all.
        Err(Stop::Ignore) => defaults.redirect.clone(),
        other => groups.take(other.map(Some))?.unwrap_or_else(|| defaults.redirect.clone()),
    };
    let errors = groups.take(misc::errors(reader, &defaults.errors).map(Some))?;
    let snippets = snippets::snippets(reader, allow_snippets);
    let mut external_auth = groups.take(external::read(reader, cx))?;
    if !allow_snippets
        && let Some(auth) = &mut external_auth
        && !auth.snippet.is_empty()
    {
        reader.note("auth-snippet", Effect::Blanked);
        let auth = Arc::make_mut(auth);
        auth.snippet.clear();
        auth.code = crate::nginx::code::Code::default();
    }
    Ok(Settings {
        rewrite: rewrite::read(reader, &defaults.rewrite),
        redirect,
        canary: canary::read(reader),
        cors: cors::read(reader),
        addresses,
        limits: groups.take(access::limits(reader, defaults.limits.as_ref()))?,
        basic_auth: groups.take(auth::basic(reader, cx))?,
        external_auth,
        global_auth: reader.bool_or("enable-global-auth", &Setting::default(true)),
        auth_tls,
        proxy_tls: groups.take(backend::tls(reader, cx))?,
        protocol: backend::protocol(reader),
        proxy: groups.take(proxy::read(reader, &defaults.proxy).map(Some))?.unwrap_or_else(|| Arc::clone(&defaults.proxy)),
        connection_header: groups.take(misc::strict_text(reader, "connection-proxy-header"))?,
        upstream_host: groups.take(misc::strict_text(reader, "upstream-vhost"))?,
        forwarded_prefix: groups.take(misc::strict_text(reader, "x-forwarded-prefix"))?,
        custom_headers: groups.take(backend::custom_headers(reader, cx))?,
        errors: errors.unwrap_or_else(|| ErrorPages { codes: defaults.errors.codes.clone(), intercept_disabled: Setting::default(false) }),
        default_backend: groups.take(backend::default_backend(reader, cx))?,
        aliases: groups.take(misc::aliases(reader))?,
        affinity: backend::affinity(reader),
        canary_behavior: canary::behavior(reader),
        balancing: groups
            .take(backend::balancing(reader, &defaults.balancing).map(Some))?
            .unwrap_or_else(|| Arc::clone(&defaults.balancing)),
        mirror: backend::mirror(reader),
        fastcgi: groups.take(backend::fastcgi(reader, cx))?,
        server_tls: groups.take(misc::server_tls(reader))?,
        modsecurity: misc::modsecurity(reader, &defaults.modsecurity, allow_snippets),
        observability: groups
            .take(misc::observability(reader, &defaults.observability).map(Some))?
            .unwrap_or_else(|| Arc::clone(&defaults.observability)),
        http2_push_preload: groups.take(misc::http2_push_preload(reader))?,
        snippets,
        denied: groups.denied,
        host_denied,
    })
}
