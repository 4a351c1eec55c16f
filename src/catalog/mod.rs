//! The maps of `annotation-maps/` as typed data.
