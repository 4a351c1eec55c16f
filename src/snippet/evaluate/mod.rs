//! What the meanings of snippets predict for one request: the status, the `Location`, and changed headers.
//!
//! It follows the phases of `src/http/ngx_http_core_module.c`. What it cannot know is in [`Prediction::undecided`].

mod effects;
mod run;
mod site;
mod variables;

pub use effects::{RequestEffect, ResponseEffect};
pub use site::{Site, SiteLocation};

use crate::request::Request;

/// How a request ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the backend of the controller's location.
    Backend,
    /// With another backend, by its URL.
    OtherBackend(String),
    /// With nginx's own files, which are a welcome page: 404 but for `/`.
    Files,
    /// With a redirect.
    Redirect {
        /// Status.
        status: u16,
        /// `Location`; `None` where it depends on something unknown.
        location: Option<String>,
    },
    /// With an answer of nginx.
    Answer {
        /// Status.
        status: u16,
        /// Body, where a snippet gives one and it is known.
        body: Option<String>,
    },
    /// The connection is closed.
    Closed,
    /// Nobody knows; the reason is in [`Prediction::undecided`].
    Unknown,
}

/// What is predicted for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// How it ends.
    pub ending: Ending,
    /// Index of the site's location that took it; `None` for a location of a snippet, or none.
    pub location: Option<usize>,
    /// Path at the end, normalised and rewritten.
    pub path: String,
    /// Query at the end.
    pub query: String,
    /// A rewrite changed the path, so that the backend does not get the raw target.
    pub rewritten: bool,
    /// Changes of the headers sent to the backend.
    pub request_headers: Vec<RequestEffect>,
    /// Changes of the headers sent to the client, in the order in which nginx makes them.
    pub response_headers: Vec<ResponseEffect>,
    /// What could not be known.
    pub undecided: Vec<String>,
}

/// Follows a request through a site.
pub fn predict(site: &Site, request: &Request) -> Prediction {
    run::Run::new(site, request).finish()
}
