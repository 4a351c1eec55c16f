//! The new side: Gateway API objects, their limits, and how they route.

pub mod api;
pub mod dialect;
pub mod json;
pub mod limits;
