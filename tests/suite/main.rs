//! The one integration binary; every ring and law is a module of it.

mod automata;
mod layering;
mod pcre;
