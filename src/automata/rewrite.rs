//! stub
/// Stub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite;
/// Stub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece;
/// Stub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template;
