//! The one integration binary; every ring and law is a module of it.

mod layering;
mod snippet;
mod snippet_oracle;
