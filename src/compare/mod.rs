//! The judge: decides for the whole request space, host by host, whether two routers treat traffic the same, and shows a request
//! where they do not.
//!
//! Hosts are cut into classes that no question tells apart, the paths of each host into atoms, and everything else as far as a router
//! asks for it. In every cell both routers rule, and their answers are compared aspect by aspect. What looks different is replayed with
//! a concrete request on both models before it is said; what cannot be shown either way is undecided, never the same.

mod accept;
mod answers;
mod captures;
mod cause;
mod cell;
pub mod describe;
mod gateway;
mod handshakes;
mod hosts;
mod judge;
mod langs;
mod limits;
mod nginx;
mod pass;
mod paths;
mod probe;
mod replay;
mod request;
mod router;
mod services;
mod spaces;
mod tail;
mod text;
mod verdict;
pub mod witness;

pub use accept::{Acceptance, accept, is_day};
pub use judge::compare;
pub use limits::Limits;
pub use request::{Judged, Mismatch, Requests};
pub use router::{Decided, Dependence, Entry, Router, Served, Verdict};
pub use verdict::{Aspect, Cause, Comparison, Difference, HostVerdict, Judgement, Probe, Proof, Side, Tally, Treatment, Undecided, Work};
