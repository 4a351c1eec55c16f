//! Names beside today's annotations: what the controller read once, core keys, and keys of other controllers and tools.

use std::{fmt, sync::LazyLock};

use serde::Deserialize;

use super::maps::{self, Entry, Shelf};

/// What kind of thing a historical entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoricalKind {
    /// An annotation of an Ingress.
    Annotation,
    /// An annotation of a Service.
    ServiceAnnotation,
    /// Values of an annotation that still exists.
    Value,
    /// An annotation that still exists and means something else today.
    Meaning,
    /// The prefix of all annotations.
    Prefix,
}

/// What ingress-nginx read in older releases, or what documentation names and nobody ever read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Historical {
    /// The name as people look for it.
    pub name: String,
    /// What it is about.
    pub kind: HistoricalKind,
    /// Annotation that still exists, for values and meanings.
    pub of: Option<String>,
    /// The values, for values.
    #[serde(default)]
    pub values: Vec<String>,
    /// Release that removed it; `None` where no release ever read it.
    pub removed: Option<String>,
    /// What it did.
    pub was: String,
    /// What it does today.
    pub today: String,
    /// Names of annotations that replace it.
    #[serde(default)]
    pub instead: Vec<String>,
    /// What to do.
    pub advice: String,
    /// Where the controller's repository says so.
    pub source: String,
    /// Recorded answers that show it.
    #[serde(default)]
    pub evidence: Vec<String>,
}

impl Entry for Historical {
    const OPENS: &'static str = "  - name: ";

    fn read(text: &'static str, _: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text)
    }
}

/// The object that carries a core key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "names of kinds")]
pub enum CoreObject {
    Ingress,
    IngressClass,
    Service,
}

/// A key without the prefix of the controller that it reads all the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Core {
    /// The whole key.
    pub name: String,
    /// The object that carries it.
    pub on: CoreObject,
    /// What it does.
    pub effect: String,
    /// What else is worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Keys and flags that change what it does.
    #[serde(default)]
    pub related: Vec<String>,
    /// File in the repository of the controller.
    pub source: String,
    /// Recorded answers that show it.
    #[serde(default)]
    pub evidence: Vec<String>,
}

impl Entry for Core {
    const OPENS: &'static str = "  - name: ";

    fn read(text: &'static str, _: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text)
    }
}

/// Where a foreign annotation belongs after the move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Belongs {
    /// On the Gateway.
    Gateway,
    /// On the route.
    Route,
    /// Nowhere: another ingress controller reads it, and ingress-nginx does not.
    OtherController,
    /// Nowhere: a tool wrote it about this very object.
    Tool,
    /// Wherever its reader looks; nobody but the owner can say.
    Owner,
}

impl fmt::Display for Belongs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gateway => "on the Gateway",
            Self::Route => "on the route",
            Self::OtherController => "nowhere: another ingress controller reads it",
            Self::Tool => "nowhere: a tool wrote it about this object",
            Self::Owner => "where its reader looks for it",
        })
    }
}

/// A tool whose annotations are moved to where it looks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moves {
    /// cert-manager: beside the listeners that carry its certificates.
    CertManager,
    /// external-dns: on routes, and its targets on the Gateway.
    ExternalDns,
}

/// A key, or all keys below a prefix, of somebody else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreign {
    /// A whole key, or a prefix that ends with a slash.
    pub name: String,
    /// Who reads or writes it.
    pub reader: String,
    /// Where it belongs after the move.
    pub belongs: Belongs,
    /// The tool that it is moved for.
    pub moves: Option<Moves>,
    /// What the move means for it.
    pub meaning: String,
}

impl Foreign {
    /// Whether the entry stands for all keys below a prefix.
    pub fn is_prefix(&self) -> bool {
        self.name.ends_with('/')
    }
}

impl Entry for Foreign {
    const OPENS: &'static str = "  - name: ";

    fn read(text: &'static str, _: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text)
    }
}

static HISTORICAL: LazyLock<Shelf<Historical>> = LazyLock::new(|| maps::shelf("annotations", |file| file == "historical"));
static CORE: LazyLock<Shelf<Core>> = LazyLock::new(|| maps::shelf("annotations", |file| file == "core"));
static FOREIGN: LazyLock<Shelf<Foreign>> = LazyLock::new(|| maps::shelf("annotations", |file| file == "foreign"));

/// What the controller read once.
pub fn historical() -> &'static Shelf<Historical> {
    &HISTORICAL
}

/// Keys without prefix that the controller reads.
pub fn core() -> &'static Shelf<Core> {
    &CORE
}

/// Keys and prefixes of other controllers and tools.
pub fn foreign() -> &'static Shelf<Foreign> {
    &FOREIGN
}

impl Shelf<Historical> {
    /// The annotation of an Ingress of this name, without prefix.
    pub fn annotation(&self, name: &str) -> Option<&Historical> {
        self.get(name).filter(|entry| entry.kind == HistoricalKind::Annotation)
    }

    /// What is known of an old value of an annotation that still exists. Values are compared without regard to case.
    pub fn value(&self, annotation: &str, value: &str) -> Option<&Historical> {
        self.keys()
            .filter(|name| name.strip_prefix(annotation).is_some_and(|rest| rest.starts_with('=')))
            .filter_map(|name| self.get(name))
            .find(|entry| entry.values.iter().any(|old| old.eq_ignore_ascii_case(value.trim())))
    }
}

impl Shelf<Foreign> {
    /// The entry for a key: the key itself, else its prefix.
    pub fn of_key(&self, key: &str) -> Option<&Foreign> {
        self.get(key).or_else(|| self.get(&key[..=key.find('/')?]))
    }
}
