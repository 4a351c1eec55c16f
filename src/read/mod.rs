//! Files, stdin and live clusters → Inventory. The only module that opens files or sockets for reading.
//!
//! Reading never fails as a whole: what cannot be read is a finding, and the rest is there. What kubectl or the API server would refuse is read
//! all the same, as the controller would see it, and a finding says so. The order of the command line and of directories changes nothing.

mod admission;
mod at;
#[cfg(feature = "cluster")]
pub mod cluster;
mod document;
mod file;
mod ingress;
mod kinds;
mod kustomization;
mod meta;
mod schema;
mod secret;
mod shape;
mod text;

use std::path::PathBuf;

use crate::{
    k8s::Inventory,
    ledger::{Finding, Findings},
};

/// What to read, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Files and directories as given on the command line; `-` is stdin.
    pub paths: Vec<PathBuf>,
    /// Whether directories are read with the directories in them.
    pub recursive: bool,
    /// Namespace of objects that name none.
    pub namespace: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { paths: Vec::new(), recursive: false, namespace: "default".to_owned() }
    }
}

/// Everything that was read, and what there is to say about it.
#[derive(Debug, Default)]
pub struct Reading {
    /// The objects.
    pub inventory: Inventory,
    /// What was wrong, in reading order.
    pub findings: Findings,
    /// Whether something could not be read (exit code 3).
    pub partial: bool,
}

impl Reading {
    /// What was named and not read, or not as it was meant, and what is assumed of it.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.code.is_fault() || finding.code.is_assumption())
    }
}

/// Why nothing could be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file, directory or `-` was named.
    #[error("nothing to read: name files or directories with `-f`, or `-f -` for standard input")]
    NoInput,
    /// The cluster could not be read.
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
}

/// Reads files, directories and stdin.
pub fn read(options: &Options) -> Result<Reading, Error> {
    if options.paths.is_empty() {
        return Err(Error::NoInput);
    }
    let mut reading = Reading::default();
    let sources = file::gather(options, &mut reading);
    document::read_sources(sources, options, &mut reading);
    Ok(reading)
}

/// Reads texts that are in memory already, each with a name for messages. They are sorted by name, as files are.
pub fn texts(texts: impl IntoIterator<Item = (String, String)>, options: &Options) -> Reading {
    bytes(texts.into_iter().map(|(name, text)| (name, text.into_bytes())), options)
}

/// Reads the bytes of files that are in memory already, each with a name for messages.
pub fn bytes(files: impl IntoIterator<Item = (String, Vec<u8>)>, options: &Options) -> Reading {
    let mut reading = Reading::default();
    let mut sources: Vec<text::Text> = files.into_iter().map(|(name, bytes)| text::Text::decode(name, bytes)).collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    document::read_sources(sources, options, &mut reading);
    reading
}
