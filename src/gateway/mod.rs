//! The new side: Gateway API objects, their limits, and how they route.

pub mod api;
pub mod dialect;
pub mod hostname;
pub mod json;
pub mod limits;
pub mod precedence;
pub mod regex;
