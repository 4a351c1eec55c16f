//! Implementations: what each can say beyond core Gateway API, and in which form it keeps what core says. One file per implementation.

mod envoy_gateway;
mod standard;

use crate::{
    gateway::{Intent, facts::Facts, objects::Objects, policies::Policies},
    k8s::Inventory,
    ledger::Code,
};

/// Answer of a target to an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It cannot be said; the finding says why and what to do.
    No(Code),
}

/// In which form a target keeps a path that nginx searches without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegexForm {
    /// The expression must match the whole path: `(?i)(?:P).*`.
    Full,
    /// The expression is searched in the path: `(?i)^(?:P)`.
    Search,
    /// Whether it is one or the other is open: `(?i)^(?:P).*` says the same to both.
    Either,
}

/// An implementation, or core Gateway API where none was named.
pub trait Target: Sync {
    /// Name on the command line.
    fn id(&self) -> &'static str;

    /// What it makes of an intent.
    fn answer(&self, intent: &Intent) -> Answer;

    /// Form of its regular expressions.
    fn regex_form(&self) -> RegexForm;

    /// Requests end after a time of its own unless the route says otherwise.
    fn cuts_long_requests(&self) -> bool;

    /// It processes the CORS filter; where it does not, a rule with the filter would be answered 500.
    fn keeps_cors(&self) -> bool;

    /// Replacing the prefix `/` by something else works.
    fn replaces_root_prefix(&self) -> bool;

    /// `%` in header values starts a command and must be doubled.
    fn formats_header_values(&self) -> bool;

    /// `controllerName` of its GatewayClass, where it is known.
    fn controller_name(&self) -> Option<&'static str>;
}

/// All targets, sorted by name.
pub fn all() -> &'static [&'static dyn Target] {
    &[&standard::EnvoyGateway, &standard::Standard, &standard::Traefik]
}

/// The target of that name.
pub fn by_id(id: &str) -> Option<&'static dyn Target> {
    all().iter().copied().find(|target| target.id() == id)
}

/// Policies and filters of an implementation among the objects, in words that the router understands.
pub fn read_back(target: &str, objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    match target {
        "envoy-gateway" => envoy_gateway::read_back(objects, manifests, facts),
        _ => Policies::default(),
    }
}
