//! The new side: Gateway API objects, their limits, and how they route.

mod agree;
pub mod answer;
pub mod api;
pub mod attach;
pub mod candidates;
mod compile;
pub mod config;
pub mod dialect;
pub mod evaluate;
pub mod facts;
pub mod filter;
pub mod format;
pub mod grants;
mod guards;
pub mod hostname;
mod implementations;
mod intent;
pub mod json;
pub mod limits;
pub mod listeners;
mod matches;
pub mod normalise;
pub mod objects;
pub mod paths;
mod place;
pub mod policies;
pub mod precedence;
pub mod regex;
pub mod resolve;
pub mod route;
pub mod rules;
pub mod status;
mod tables;
mod to_json;
pub mod view;

pub use intent::{AuthRequest, Body, Buffers, CorsWish, Intent, Per, Rate, SessionCookie, Silence, Users, Waits};
