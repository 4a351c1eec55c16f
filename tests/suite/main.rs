//! The one integration binary; every ring and law is a module of it.

mod catalog;
mod admission_gateway;
mod admission_ingress;
mod admission_yaml;
mod automata;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "cluster")]
mod cluster_lab;
#[cfg(feature = "cluster")]
mod cluster_server;
mod conformance;
mod gateway_truth;
mod judge;
mod laws;
mod cases;
mod readme;
mod cli;
mod corpus;
mod echo;
mod layering;
mod nginx_random;
mod limits;
mod limits_of_routes;
mod nginx_truth;
mod pcre;
mod reading;
mod shared;
mod snippet;
mod snippet_oracle;
mod yaml;
