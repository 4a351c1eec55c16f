//! One `GET` request: attempts, pauses and silence are bounded, and every failure is one of a few.

use std::{cell::Cell, time::Duration};

use http_body_util::BodyExt as _;
use kube::client::Body;

use super::{Error, Patience, configuration::client_words};
use crate::yaml::{Documents, Node};

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// In which form objects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Whole,
    /// Metadata only.
    Metadata,
    /// Columns only.
    Columns,
}

impl Form {
    const fn accept(self) -> &'static str {
        match self {
            Self::Whole => "application/json",
            Self::Metadata => {
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
            }
            Self::Columns => "application/json;as=Table;g=meta.k8s.io;v=v1",
        }
    }

    /// Whether an answer has the form that was asked for. What has not is dropped unread, because it may hold what nobody asked for.
    fn is_kept_by(self, kind: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Metadata => kind == "PartialObjectMetadataList" || kind == "PartialObjectMetadata",
            Self::Columns => kind == "Table",
        }
    }
}

/// Why a request gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// 403, and what the server says.
    Forbidden(String),
    /// 401, and what the server says.
    Unauthorized(String),
    /// 404.
    Absent,
    /// 410: a continued list is too old.
    Expired,
    /// Anything else, after all attempts.
    Broken(String),
}

impl Failure {
    /// As the error of a run that cannot go on.
    pub(super) fn fatal(self, what: &str) -> Error {
        let why = match self {
            Self::Unauthorized(message) => return Error::Unauthorized(message),
            Self::Forbidden(message) => format!("forbidden: {message}"),
            Self::Absent => "the server does not serve it".to_owned(),
            Self::Expired => "the list expired".to_owned(),
            Self::Broken(why) => why,
        };
        Error::Failed { what: what.to_owned(), why }
    }
}

/// What one attempt came to.
enum Attempt {
    Done(Node),
    Over(Failure),
    Again(String, Option<Duration>),
}

/// A server that is only read.
pub(super) struct Server {
    client: kube::Client,
    patience: Patience,
    /// Whether the server ever answered. Until then two attempts are enough: it may not exist.
    answered: Cell<bool>,
}

impl Server {
    pub(super) fn new(config: kube::Config, patience: Patience) -> Result<Self, Error> {
        let client = kube::Client::try_from(config).map_err(|error| Error::Configuration(client_words(&error)))?;
        Ok(Self { client, patience, answered: Cell::new(false) })
    }

    pub(super) const fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The object at a path.
    pub(super) async fn get(&self, path: &str, form: Form) -> Result<Node, Failure> {
        let mut pause = self.patience.pause;
        let mut attempt = 1;
        loop {
            let (why, after) = match self.attempt(path, form).await {
                Attempt::Done(node) => return Ok(node),
                Attempt::Over(failure) => return Err(failure),
                Attempt::Again(why, after) => (why, after),
            };
            let attempts = if self.answered.get() { self.patience.attempts } else { self.patience.attempts.min(2) };
            if attempt >= attempts {
                return Err(Failure::Broken(why));
            }
            tokio::time::sleep(after.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }

    async fn attempt(&self, path: &str, form: Form) -> Attempt {
        let request = http::Request::get(path)
            .header(http::header::ACCEPT, form.accept())
            .header(http::header::USER_AGENT, concat!("gateshift/", env!("CARGO_PKG_VERSION")))
            .body(Body::empty());
        let request = match request {
            Ok(request) => request,
            Err(error) => return Attempt::Over(Failure::Broken(error.to_string())),
        };
        let (status, after, body) = match self.send(request).await {
            Ok(answer) => answer,
            Err(attempt) => return attempt,
        };
        if status.is_success() {
            return read(body, form);
        }
        let message = message_of(body, status);
        match status.as_u16() {
            401 => Attempt::Over(Failure::Unauthorized(message)),
            403 => Attempt::Over(Failure::Forbidden(message)),
            404 => Attempt::Over(Failure::Absent),
            410 => Attempt::Over(Failure::Expired),
            429 | 500..=599 => Attempt::Again(message, after),
            _ => Attempt::Over(Failure::Broken(message)),
        }
    }

    /// Status, the pause that the server asks for, and the body.
    async fn send(&self, request: http::Request<Body>) -> Result<(http::StatusCode, Option<Duration>, Vec<u8>), Attempt> {
        let silence = self.patience.silence;
        let silent = || Attempt::Again(format!("no answer for {silence:?}"), None);
        let response = match tokio::time::timeout(silence, self.client.send(request)).await {
            Err(_) => return Err(silent()),
            Ok(Err(error @ (kube::Error::HyperError(_) | kube::Error::Service(_)))) => {
                return Err(Attempt::Again(client_words(&error), None));
            }
            Ok(Err(kube::Error::Auth(error))) => return Err(Attempt::Over(Failure::Unauthorized(client_words(&error)))),
            Ok(Err(error)) => return Err(Attempt::Over(Failure::Broken(client_words(&error)))),
            Ok(Ok(response)) => response,
        };
        self.answered.set(true);
        let (head, mut body) = response.into_parts();
        let after =
            head.headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let mut bytes = Vec::new();
        loop {
            match tokio::time::timeout(silence, body.frame()).await {
                Err(_) => return Err(silent()),
                Ok(None) => return Ok((head.status, after, bytes)),
                Ok(Some(Err(error))) => return Err(Attempt::Again(format!("the answer was cut: {}", client_words(&error)), None)),
                Ok(Some(Ok(frame))) => bytes.extend(frame.data_ref().map_or(&[][..], |data| &data[..])),
            }
        }
    }
}

/// The object in a body.
fn read(body: Vec<u8>, form: Form) -> Attempt {
    let Ok(text) = String::from_utf8(body) else { return Attempt::Again("the answer is no UTF-8".to_owned(), None) };
    let document = text.trim_start().starts_with('{').then(|| Documents::new(&text).next()).flatten();
    let root = document.filter(|document| !document.is_broken()).and_then(|document| document.root);
    let Some(root) = root.filter(|root| !root.entries().is_empty()) else {
        return Attempt::Again("the answer is no complete JSON object".to_owned(), None);
    };
    let kind = root.get("kind").and_then(Node::as_text).unwrap_or("");
    if form.is_kept_by(kind) {
        return Attempt::Done(root);
    }
    Attempt::Over(Failure::Broken(format!(
        "asked for less than whole objects, the server answered with a `{kind}`, which was dropped unread"
    )))
}

/// What a failed answer says: the message of a `Status`, else its beginning.
fn message_of(body: Vec<u8>, status: http::StatusCode) -> String {
    let text = String::from_utf8(body).unwrap_or_default();
    let document = text.trim_start().starts_with('{').then(|| Documents::new(&text).next()).flatten();
    let message = document.and_then(|document| document.root?.get("message")?.as_text().map(str::to_owned));
    let message = message.unwrap_or(text);
    let line = message.split(['\n', '\r']).find(|line| !line.trim().is_empty()).unwrap_or("").trim();
    let line: String = line.chars().filter(|c| !c.is_control()).take(300).collect();
    if line.is_empty() { status.to_string() } else { format!("{line} ({})", status.as_u16()) }
}
