//! Flags for reading a cluster, and the line that tells how far reading is.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

use super::{
    flags::{Controller, Input},
    gather::More,
};
use crate::read::{
    self, Reading,
    cluster::{self, Patience, Progress, Scope},
};

/// Which cluster to read where no file is named.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster (read where no -f is given)")]
pub(super) struct Cluster {
    /// Context of the kubeconfig (repeatable where a verb takes several clusters) [default: the current one]
    #[arg(long, value_name = "NAME", conflicts_with = "filenames")]
    pub context: Vec<String>,
    /// Kubeconfig [default: $KUBECONFIG, then ~/.kube/config, then the service account of a Pod]
    #[arg(long, value_name = "FILE", conflicts_with = "filenames")]
    pub kubeconfig: Option<PathBuf>,
    /// Read all namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["filenames", "namespace"])]
    pub all_namespaces: bool,
    /// User to act as
    #[arg(long = "as", value_name = "USER", conflicts_with = "filenames")]
    pub impersonate: Option<String>,
    /// Group to act as (repeatable)
    #[arg(long = "as-group", value_name = "GROUP", requires = "impersonate", conflicts_with = "filenames")]
    pub impersonate_groups: Vec<String>,
    /// Also read EndpointSlices, to know which Services have no endpoints
    #[arg(long, conflicts_with = "filenames")]
    pub endpoints: bool,
    /// Fetch the TLS Secrets that Ingresses name, for the names in their certificates; needs `get` on Secrets
    #[arg(long, conflicts_with = "filenames")]
    pub read_certificates: bool,
    /// How long the API server may be silent, such as 30s or 2m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub request_timeout: Duration,
}

/// A whole number of seconds or minutes.
fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit {
        "" | "s" => Some(1),
        "m" => Some(60),
        _ => None,
    };
    let number: Option<u64> = digits.parse().ok().filter(|number| (1..=86400).contains(number));
    match (number, unit) {
        (Some(number), Some(unit)) => Ok(Duration::from_secs(number * unit)),
        (None | Some(_), _) => Err("write seconds or minutes, such as 30s or 2m".to_owned()),
    }
}

/// Reads the cluster, and beside it the files that hold the controller's settings.
pub(super) fn reading(input: &Input, controller: Option<&Controller>, more: More, context: Option<&str>) -> Result<Reading, read::Error> {
    let flags = &input.cluster;
    let options = cluster::Options {
        context: context.map(str::to_owned),
        kubeconfig: flags.kubeconfig.clone(),
        scope: match &input.namespace {
            _ if flags.all_namespaces => Scope::All,
            Some(namespace) => Scope::Namespace(namespace.clone()),
            None => Scope::Context,
        },
        impersonate: flags.impersonate.clone(),
        impersonate_groups: flags.impersonate_groups.clone(),
        endpoints: flags.endpoints,
        certificates: flags.read_certificates,
        extent: cluster::Extent { gateway_objects: more.gateway_objects, beside: more.beside },
        arguments: controller.map(Controller::arguments).unwrap_or_default(),
        patience: Patience { silence: flags.request_timeout, ..Patience::default() },
        ..cluster::Options::default()
    };
    let files: Vec<PathBuf> = controller.map(|controller| controller.controller_config.clone()).unwrap_or_default();
    let files =
        if files.is_empty() { Reading::default() } else { read::read(&read::Options { paths: files, ..read::Options::default() })? };
    let mut line = StatusLine::new();
    let result = cluster::read(&options, &mut |progress| line.show(progress));
    line.clear();
    Ok(cluster::with_files(files, result?))
}

/// One line on stderr that is written over, only where somebody looks at it.
struct StatusLine {
    shown: bool,
    terminal: bool,
}

impl StatusLine {
    fn new() -> Self {
        Self { shown: false, terminal: io::stderr().is_terminal() }
    }

    fn show(&mut self, progress: Progress<'_>) {
        if !self.terminal {
            return;
        }
        self.shown = true;
        let Progress { kind, objects } = progress;
        let count = if objects > 0 { format!(", {objects} so far") } else { String::new() };
        let mut out = io::stderr().lock();
        let _ = write!(out, "\r\x1b[Kreading {kind}{count}").and_then(|()| out.flush());
    }

    fn clear(&self) {
        if self.shown {
            let mut out = io::stderr().lock();
            let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_minutes() {
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "0", "1h", "-1", "1.5s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
