//! The one integration binary; every ring and law is a module of it.

mod admission_gateway;
mod admission_ingress;
mod admission_yaml;
mod automata;
mod browser;
mod cases;
mod catalog;
mod cli;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "cluster")]
mod cluster_beside;
#[cfg(feature = "cluster")]
mod cluster_cli;
#[cfg(feature = "cluster")]
mod cluster_lab;
#[cfg(feature = "cluster")]
mod cluster_lab_cases;
#[cfg(feature = "cluster")]
mod cluster_server;
mod conformance;
mod corpus;
mod corpus_targets;
mod crds;
mod echo;
mod existing;
mod gateway_truth;
mod hazards;
mod ingress;
mod istio;
mod judge;
mod judge_beside;
mod judge_tls;
mod laws;
mod layering;
mod limits;
mod limits_of_routes;
mod nginx_random;
mod nginx_truth;
mod parity;
mod pcre;
mod reading;
mod readme;
mod report;
mod report_browser;
mod settlements;
mod shared;
mod snippet;
mod snippet_conversion;
mod snippet_corpus;
mod snippet_doors;
mod snippet_oracle;
mod snippet_router;
mod snippet_truth;
mod targets;
mod traps;
mod typed;
mod yaml;
