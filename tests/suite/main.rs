//! The one integration binary; every ring and law is a module of it.

mod catalog;
mod admission_gateway;
mod admission_ingress;
mod admission_yaml;
mod automata;
mod cases;
mod readme;
mod automata;
mod catalog;
mod corpus;
mod gateway_truth;
mod echo;
mod layering;
mod limits_of_routes;
mod nginx_truth;
mod limits;
mod yaml;
mod pcre;
mod readme;
mod shared;
mod snippet;
mod snippet_oracle;
mod yaml;
