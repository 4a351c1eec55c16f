//! The one integration binary; every ring and law is a module of it.

mod catalog;
mod admission_gateway;
mod admission_ingress;
mod admission_yaml;
mod layering;
mod limits;
mod yaml;
mod pcre;
