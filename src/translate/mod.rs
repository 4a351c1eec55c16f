//! `nginx::Config` → Gateway API objects.
