//! The command line as types. Flags of the controller keep the controller's own spelling.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::flags::{Controller, Gateway, Input};
use crate::gateway::limits::{Channel, Version};

/// Move clusters from ingress-nginx to Gateway API and prove what the move does to traffic.
///
/// gateshift reads Ingresses from files or a live cluster, writes Gateway API manifests that two teams can own, and gives an account of
/// every annotation. It never writes to a cluster.
#[derive(Debug, Parser)]
#[command(name = "gateshift", version, about, long_about, disable_help_subcommand = true, max_term_width = 120)]
#[command(
    after_help = "Exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage, 3 part of the input could not be read, 4 could not run."
)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Convert Ingresses to Gateway API manifests
    ///
    /// Reads Ingresses and what surrounds them (Services, Secrets, IngressClasses, the controller's ConfigMap and
    /// Deployment), and writes Gateway API manifests. A summary with the worst findings goes to stderr.
    #[command(after_help = CONVERT_EXAMPLES)]
    Convert(Box<Convert>),
    /// Compare the old routing with the new one, request class by request class
    ///
    /// Each host is proved the same, shown to differ with a request that anybody can type, or undecided. Without --against the
    /// new side is the conversion.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(Box<Diff>),
    /// Report what the move means: what breaks, for whom, and what to do first
    ///
    /// Risk by host, Ingress, namespace and owner, with the requests that show it, waves in which to move, and what each finding asks
    /// for. For terminals, wikis, machines, code scanning, or as one HTML page.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(Box<Report>),
    /// Show step by step what happens to a request on either side
    #[command(after_help = TRACE_EXAMPLES)]
    Trace(Box<Trace>),
    /// Check Gateway API manifests against the rules of a version and channel, offline
    ///
    /// Says what an API server of that version would refuse, silently prune or default, with file and line.
    #[command(after_help = VALIDATE_EXAMPLES)]
    Validate(Validate),
    /// Show what each implementation keeps of the Ingresses, side by side
    ///
    /// Counts, for each implementation, what is kept exactly, kept by a policy of its own, changed, and not kept: per annotation and per
    /// Ingress, with what is lost and why.
    #[command(after_help = TARGETS_EXAMPLES)]
    Targets(Box<Targets>),
    /// Explain an annotation, a ConfigMap key, a controller flag, a finding code or a target
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETION_EXAMPLES)]
    Completion(Completion),
    /// Print the manual page, or write all of them
    Man(Man),
}

const TARGETS_EXAMPLES: &str = "Examples:
  # What would be kept where
  gateshift targets -f ingresses/

  # Which implementations are known
  gateshift targets --list";

const COMPLETION_EXAMPLES: &str = "Examples:
  # Load completions into this shell
  source <(gateshift completion bash)";

const CONVERT_EXAMPLES: &str = "Examples:
  # Convert a folder and look at the result
  gateshift convert -f ingresses/

  # Write a folder per owner, with kustomizations, and the account of every annotation
  gateshift convert -f ingresses/ -R --gateway-class eg --output-dir out/ --ledger ledger.json

  # Convert what a chart renders
  helm template shop ./chart | gateshift convert -f -";

const DIFF_EXAMPLES: &str = "Examples:
  # What would change if these Ingresses were converted for Envoy Gateway?
  gateshift diff -f ingresses/ --target envoy-gateway

  # Do these manifests, edited by hand, still do what the Ingresses do?
  gateshift diff -f ingresses/ --against manifests/ --only-differences

  # A change review: two sets of Ingresses, or two sets of Gateway manifests
  gateshift diff --ours before/ --theirs after/";

const REPORT_EXAMPLES: &str = "Examples:
  # One page for everybody, which works from disk
  gateshift report -f ingresses/ -R --target envoy-gateway -o html --output-file report.html

  # In CI: fail only on what is new, and show it in code scanning
  gateshift report -f ingresses/ -R --baseline baseline.json -o sarif --output-file gateshift.sarif

  # To be shared: no host, name or value is told
  gateshift report -A --redact -o html --output-file shared.html";

const TRACE_EXAMPLES: &str = "Examples:
  # Where does this request go today, and where after the move?
  gateshift trace 'GET https://shop.example.com/API/cart?x=1' -H 'X-Canary: always' -f ingresses/

  # A whole list of requests, one JSON line each
  gateshift trace --requests requests.yaml -f ingresses/ -o json";

const VALIDATE_EXAMPLES: &str = "Examples:
  # Would an API server with Gateway API 1.4 take these manifests?
  gateshift validate -f manifests/ --gateway-api 1.4";

const EXPLAIN_EXAMPLES: &str = "Examples:
  gateshift explain rewrite-target
  gateshift explain proxy-body-size
  gateshift explain input/broken-document
  gateshift explain snippet -f ingresses/";

/// Least severity that makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Anything.
    Info,
    /// Cosmetic differences.
    Low,
    /// Some requests are answered differently.
    Medium,
    /// Likely breakage.
    High,
    /// Lost protection or an outage.
    Blocked,
}

/// Format of manifests on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ManifestFormat {
    /// YAML documents.
    Yaml,
    /// One JSON List.
    Json,
}

/// Arguments of `convert`.
#[derive(Debug, Args)]
pub(super) struct Convert {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub gateway: Gateway,
    #[command(flatten)]
    pub controller: Controller,
    /// Output format
    #[arg(short = 'o', long = "output", value_enum, default_value = "yaml", help_heading = "Output")]
    pub output: ManifestFormat,
    /// Write a folder per owner here, instead of everything to stdout
    #[arg(long, value_name = "DIR", help_heading = "Output", conflicts_with = "output")]
    pub output_dir: Option<PathBuf>,
    /// Write the account of every annotation and field here, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub ledger: Option<PathBuf>,
    /// Do not compare the result with the Ingresses
    #[arg(long, help_heading = "Output")]
    pub no_check: bool,
    /// Least severity that makes the exit code 1
    #[arg(long, value_enum, default_value = "high", help_heading = "Output")]
    pub fail_on: FailOn,
}

/// Format of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// With traces side by side.
    Text,
    /// One JSON object.
    Json,
    /// For a pull request or a wiki.
    Markdown,
    /// Both effective route tables and their line diff.
    Table,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(super) struct Diff {
    #[command(flatten)]
    pub input: Input,
    /// Manifests of the new side [default: the conversion]
    #[arg(long, value_name = "FILE|DIR")]
    pub against: Vec<PathBuf>,
    /// The new side is what the cluster has, with what its controllers report
    #[arg(long, conflicts_with_all = ["against", "ours"])]
    pub against_cluster: bool,
    /// One side of a change review: Ingresses or Gateway manifests
    #[arg(long, value_name = "FILE|DIR", requires = "theirs", conflicts_with_all = ["filenames", "against"])]
    pub ours: Vec<PathBuf>,
    /// The other side of a change review
    #[arg(long, value_name = "FILE|DIR", requires = "ours")]
    pub theirs: Vec<PathBuf>,
    /// Only this host (repeatable)
    #[arg(long, value_name = "HOST")]
    pub host: Vec<String>,
    /// Only differences of this aspect (repeatable): access, tls, status, redirect, backend, path, host, …
    #[arg(long, value_name = "ASPECT")]
    pub aspect: Vec<String>,
    /// Leave out what is proved and what is undecided
    #[arg(long)]
    pub only_differences: bool,
    /// Requests that matter to you; they are decided on both sides and listed first
    #[arg(long, value_name = "FILE")]
    pub requests: Option<PathBuf>,
    /// File with accepted differences [default: gateshift.yaml where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Day on which acceptances with an expiry are judged (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    pub today: Option<String>,
    /// Output format
    #[arg(short = 'o', long = "output", value_enum, default_value = "text")]
    pub output: DiffFormat,
    #[command(flatten)]
    pub gateway: Gateway,
    #[command(flatten)]
    pub controller: Controller,
}

/// Format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For a terminal.
    Text,
    /// For a pull request or a wiki.
    Markdown,
    /// One JSON object; its schema is reports/report.schema.json.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// One page that needs nothing beside it.
    Html,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(super) struct Report {
    #[command(flatten)]
    pub input: Input,
    /// Output format
    #[arg(short = 'o', long = "output", value_enum, default_value = "text", help_heading = "Output")]
    pub output: ReportFormat,
    /// Write here instead of to stdout
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output_file: Option<PathBuf>,
    /// Show stable pseudonyms in place of hosts, names, paths and values
    #[arg(long, help_heading = "Output")]
    pub redact: bool,
    /// Least severity that makes the exit code 1
    #[arg(long, value_enum, default_value = "high", help_heading = "Output")]
    pub fail_on: FailOn,
    /// Findings that are known: only others count for --fail-on
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub baseline: Option<PathBuf>,
    /// Write all findings here, as the baseline of later runs
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub write_baseline: Option<PathBuf>,
    /// File with accepted differences [default: gateshift.yaml where there is one]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub config: Option<PathBuf>,
    /// Day on which acceptances with an expiry are judged (YYYY-MM-DD)
    #[arg(long, value_name = "DATE", help_heading = "Output")]
    pub today: Option<String>,
    #[command(flatten)]
    pub gateway: Gateway,
    #[command(flatten)]
    pub controller: Controller,
}

/// Format of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TraceFormat {
    /// Step by step.
    Text,
    /// One JSON line a request.
    Json,
}

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub(super) struct Trace {
    /// Request: a method (GET where absent) and a URL
    #[arg(value_name = "[METHOD] URL", required_unless_present = "requests", num_args = 1..=2)]
    pub request: Vec<String>,
    /// Header of the request (repeatable)
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Address of the client
    #[arg(long, value_name = "ADDRESS")]
    pub client: Option<String>,
    /// File with requests: a list, or a case with exchanges
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    pub requests: Option<PathBuf>,
    #[command(flatten)]
    pub input: Input,
    /// Manifests of the new side [default: the conversion]; without Ingresses only this side is asked
    #[arg(long, value_name = "FILE|DIR")]
    pub against: Vec<PathBuf>,
    /// The new side is what the cluster has, with what its controllers report
    #[arg(long, conflicts_with = "against")]
    pub against_cluster: bool,
    /// Ask the old side only
    #[arg(long, conflicts_with_all = ["against", "against_cluster"])]
    pub old_only: bool,
    /// Output format
    #[arg(short = 'o', long = "output", value_enum, default_value = "text")]
    pub output: TraceFormat,
    #[command(flatten)]
    pub gateway: Gateway,
    #[command(flatten)]
    pub controller: Controller,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub(super) struct Validate {
    #[command(flatten)]
    pub input: Input,
    /// Version of Gateway API [default: what the cluster has installed, else 1.5]
    #[arg(long, value_name = "VERSION")]
    pub gateway_api: Option<Version>,
    /// Channel of Gateway API [default: what the cluster has installed, else standard]
    #[arg(long, value_name = "standard|experimental")]
    pub channel: Option<Channel>,
    /// Implementation whose outages are looked for: objects that it accepts and that break traffic
    #[arg(long, value_name = "ID")]
    pub target: Option<String>,
    /// Also list fields that are silently defaulted
    #[arg(long)]
    pub show_defaults: bool,
    /// Exit with 1 also for what only `kubectl apply` refuses: unknown fields and repeated keys
    #[arg(long)]
    pub strict: bool,
    /// Output format
    #[arg(short = 'o', long = "output", value_enum, default_value = "text")]
    pub output: FindingsFormat,
}

/// Format of findings on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FindingsFormat {
    /// With excerpts of the files.
    Text,
    /// One JSON object.
    Json,
}

/// Arguments of `completion`.
#[derive(Debug, Args)]
pub(super) struct Completion {
    /// Shell
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// Verb whose page to print [default: the page about all]
    pub verb: Option<String>,
    /// Write the pages of all verbs here
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    pub output_dir: Option<PathBuf>,
}

/// Format of the comparison of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TargetsFormat {
    /// Tables for a terminal.
    Table,
    /// JSON.
    Json,
    /// Markdown.
    Markdown,
}

/// Arguments of `targets`.
#[derive(Debug, Args)]
pub(super) struct Targets {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub gateway: Gateway,
    #[command(flatten)]
    pub controller: Controller,
    /// Only list which implementations are known
    #[arg(long)]
    pub list: bool,
    /// Only these implementations
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// Output format
    #[arg(short = 'o', long = "output", value_enum, default_value = "table")]
    pub output: TargetsFormat,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Annotation (with or without prefix), ConfigMap key, controller flag, finding code, or `snippet` with -f
    #[arg(value_name = "ANNOTATION|KEY|FLAG|CODE", required = true)]
    pub words: Vec<String>,
    /// File or directory with snippets to explain line by line, or - for stdin (repeatable)
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR|-")]
    pub filenames: Vec<PathBuf>,
    /// Read directories with everything below them
    #[arg(short = 'R', long, requires = "filenames")]
    pub recursive: bool,
    /// File with the controller's ConfigMaps, which say whether snippets have an effect
    #[arg(long, value_name = "FILE", requires = "filenames")]
    pub controller_config: Vec<PathBuf>,
}
