//! The new side: Gateway API objects, their limits, and how they route.

pub mod api;
mod intent;
pub mod json;
pub mod limits;

pub use intent::Intent;
