//! The one integration binary; every ring and law is a module of it.

mod admission_gateway;
mod admission_ingress;
mod admission_yaml;
mod automata;
mod cases;
mod catalog;
mod corpus;
mod echo;
mod gateway_truth;
mod ingress;
mod layering;
mod nginx_random;
mod limits;
mod limits_of_routes;
mod nginx_truth;
mod pcre;
mod readme;
mod shared;
mod snippet;
mod snippet_oracle;
mod yaml;
