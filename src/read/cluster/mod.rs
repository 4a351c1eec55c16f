//! Live cluster → Inventory, as files give it. Only `get` and `list` requests are made, and of Secrets only names and types are asked for.
//!
//! Ingresses must be readable. Where anything else is forbidden or not served, a finding says what is assumed instead, and reading goes on.

mod beside;
mod client;
mod configuration;
mod estate;
mod gateway;
mod list;
mod merge;
mod named;
mod resource;
mod secret;

use std::{path::PathBuf, time::Duration};

use super::Reading;

/// The permissions that reading needs, as YAML to apply.
pub const CLUSTER_ROLE: &str = include_str!("cluster-role.yaml");

/// Namespaces to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The namespace of the context.
    Context,
    /// This namespace.
    Namespace(String),
    /// All namespaces.
    All,
}

/// How long to wait, and how often to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// How long the server may be silent.
    pub silence: Duration,
    /// How often one request is made before it has failed.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles with each one, up to ten seconds.
    pub pause: Duration,
    /// How often a list that expired is read again from its beginning.
    pub restarts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_secs(30), attempts: 5, pause: Duration::from_millis(500), restarts: 3 }
    }
}

/// What is read beside what decides about routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Gateway API objects and those of its implementations.
    pub gateway_objects: bool,
    /// `NetworkPolicies`, and what rollout and certificate tools own.
    pub beside: bool,
}

/// Which cluster to read, and what of it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Context of the kubeconfig; `None` for the current one.
    pub context: Option<String>,
    /// Kubeconfig; `None` for `KUBECONFIG`, `~/.kube/config`, and then the service account of a Pod.
    pub kubeconfig: Option<PathBuf>,
    /// Namespaces.
    pub scope: Scope,
    /// User to act as.
    pub impersonate: Option<String>,
    /// Groups to act as.
    pub impersonate_groups: Vec<String>,
    /// Whether EndpointSlices are read.
    pub endpoints: bool,
    /// Whether the Secrets that Ingresses name are read whole, for the names in their certificates.
    pub certificates: bool,
    /// What is read beside what decides about routing.
    pub extent: Extent,
    /// Arguments for the controller that the command line gives, in its spelling. They may name ConfigMaps, Secrets and Services.
    pub arguments: Vec<String>,
    /// Objects a page.
    pub page: u32,
    /// Patience.
    pub patience: Patience,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            context: None,
            kubeconfig: None,
            scope: Scope::Context,
            impersonate: None,
            impersonate_groups: Vec::new(),
            endpoints: false,
            certificates: false,
            extent: Extent::default(),
            arguments: Vec::new(),
            page: 500,
            patience: Patience::default(),
        }
    }
}

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Kind that is being read.
    pub kind: &'a str,
    /// Objects of it so far.
    pub objects: usize,
}

/// Why a cluster could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no usable configuration.
    #[error("no cluster to read: {0}; name files with `-f`, or a kubeconfig with `--kubeconfig`")]
    Configuration(String),
    /// The credentials are not accepted.
    #[error("the cluster does not accept the credentials: {0}")]
    Unauthorized(String),
    /// Ingresses may not be listed.
    #[error("Ingresses may not be listed {whence}: {message}; {advice}")]
    Forbidden {
        /// `in namespace …` or `in all namespaces`.
        whence: String,
        /// Message of the server.
        message: String,
        /// What to do.
        advice: &'static str,
    },
    /// The server failed, or what it sent could not be read.
    #[error("reading {what} from the cluster: {why}")]
    Failed {
        /// What was being read.
        what: String,
        /// Why it failed.
        why: String,
    },
}

/// Reads a cluster, and tells `progress` about each page.
pub fn read(options: &Options, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Reading, Error> {
    let failed = |why: std::io::Error| Error::Failed { what: "anything".to_owned(), why: why.to_string() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let configuration = configuration::load(options).await?;
        estate::read(configuration, options, progress).await
    })
}

/// What a cluster gave beside what files gave: files win, because they were named to correct it.
pub fn with_files(files: Reading, live: Reading) -> Reading {
    let mut reading = files;
    let Reading { inventory, findings, partial } = live;
    // INVARIANT: findings about a cluster are about the estate, so that no identity in them is wrong now.
    merge::absorb(&mut reading.inventory, inventory);
    reading.findings.extend(findings);
    reading.partial |= partial;
    reading
}
