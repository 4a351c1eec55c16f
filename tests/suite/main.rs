//! The one integration binary; every ring and law is a module of it.

mod admission_ingress;
mod admission_yaml;
mod catalog;
mod layering;
mod pcre;
mod reading;
mod yaml;
