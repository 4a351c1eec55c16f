//! Envoy Gateway: its policies, filters and backends, written and read back.

mod connections;
mod read;
mod types;

pub(super) use read::read_back;
