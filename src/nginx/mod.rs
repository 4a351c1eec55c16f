//! The old side: what ingress-nginx makes of its Ingresses, as data, and how nginx then answers requests.
//!
//! Nothing here reads an Ingress or an annotation value: `ingress` and `annotations` fill these types.

pub mod code;
mod config;
mod decide;
mod errors;
mod fields;
mod forward;
mod globals;
mod groups;
mod location;
mod route;
mod router;
mod server;
pub mod settings;
pub mod template;
mod texts;
mod upstream;
mod uri;
mod view;

pub use config::{Config, IngressId, Refusal, RefusalKind, Source, UpstreamId};
pub use errors::ReplacedErrors;
pub use globals::{AccessLists, Errors, Flags, ForwardedHeaders, Globals, HeaderBuffers, Hsts, Logging, MapKey, Snippet};
pub use location::{Location, Modifier, PathOrigin, PathType, Target};
pub use router::Router;
pub use server::{Alias, Certificate, ClientCertificates, RedirectServer, Server, ServerName, TlsDecision};
pub use settings::{Given, Setting, Settings};
pub use upstream::{Backend, Endpoints, Upstream, UpstreamAffinity};
