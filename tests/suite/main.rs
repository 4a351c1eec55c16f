//! The one integration binary; every ring and law is a module of it.

mod catalog;
mod admission_ingress;
mod admission_yaml;
mod echo;
mod layering;
mod nginx_random;
mod nginx_truth;
mod pcre;
