//! gateshift moves clusters from ingress-nginx to Kubernetes Gateway API and proves what the move does to traffic.
//!
//! Both sides follow the same path, *objects → resolve → config → route*: [`ingress`] turns Ingresses into an
//! [`nginx::Config`], `gateway` turns Gateway API objects into a `gateway::Config`. They meet only in `translate`
//! and `compare`. Which module may use which is checked by `tests/suite/layering.rs`.

pub mod annotations;
pub mod automata;
pub mod catalog;
pub mod cli;
pub mod compare;
pub mod gateway;
pub mod ingress;
pub mod k8s;
pub mod ledger;
pub mod nginx;
pub mod read;
pub mod report;
pub mod request;
pub mod snippet;
pub mod targets;
mod threads;
pub mod translate;
pub mod yaml;
