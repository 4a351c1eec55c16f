//! The one integration binary; every ring and law is a module of it.

mod catalog;
mod admission_gateway;
mod admission_ingress;
mod admission_yaml;
mod gateway_truth;
mod cases;
mod readme;
mod automata;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "cluster")]
mod cluster_server;
mod layering;
mod yaml;
mod nginx_truth;
mod pcre;
mod snippet;
mod snippet_oracle;
