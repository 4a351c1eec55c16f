//! The one integration binary; every ring and law is a module of it.

mod catalog;
mod admission_gateway;
mod admission_ingress;
mod admission_yaml;
mod gateway_truth;
mod cases;
mod readme;
mod automata;
mod layering;
mod yaml;
mod pcre;
