//! Which Ingresses are ours, and what the controller makes of them: an `nginx::Config`.
