//! Header values that nginx makes of variables, as implementations say them.

/// A piece of a header value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// A variable of nginx, in lower case and without `$`.
    Variable(&'a str),
}

/// Whose header it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It is sent to the backend.
    Request,
    /// It is sent to the client.
    Response,
}

/// A header value in the words of an implementation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What is written.
    pub value: String,
    /// What it says otherwise than nginx does.
    pub but: Option<&'static str>,
    /// It may be empty, and a header that is set to it stays as it came then; nginx takes it away.
    pub stays: bool,
}

/// Every request has an id, but another one than nginx would give it.
pub(super) const OWN_ID: &str = "the id is made by the gateway, in a form of its own and whatever id the client sends";

/// Header names that variables name with underscores; `None` where the variable names none.
pub(super) fn header_of(variable: &str, family: &str) -> Option<String> {
    let name = variable.strip_prefix(family)?;
    (!name.is_empty()).then(|| name.replace('_', "-"))
}
