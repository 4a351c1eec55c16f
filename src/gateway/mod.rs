//! The new side: Gateway API objects, their limits, and how they route.

pub mod api;
mod intent;
pub mod json;
pub mod limits;
mod place;

pub use intent::Intent;
