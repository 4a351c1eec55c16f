//! What both routers speak: a request, and what finally happens to it.

mod decision;
mod message;

pub use decision::{Decision, Deny, Forward, NoAnswer, Outcome, Share, Step};
pub use message::{Header, Request, Scheme};
