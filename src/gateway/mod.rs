//! The new side: Gateway API objects, their limits, and how they route.

pub mod api;
pub mod config;
pub mod dialect;
pub mod facts;
pub mod filter;
pub mod format;
pub mod grants;
pub mod hostname;
mod intent;
pub mod json;
pub mod limits;
pub mod listeners;
pub mod normalise;
pub mod objects;
pub mod paths;
pub mod precedence;
pub mod regex;
pub mod status;

pub use intent::Intent;
