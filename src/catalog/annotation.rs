//! The annotations that ingress-nginx reads today.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::LazyLock,
};

use serde::Deserialize;

use super::{
    maps::{self, Entry, Shelf},
    validator::{Invalid, Validator},
};

/// Where an annotation takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The locations made from the Ingress, the implicit `/` of hosts it created among them.
    Location,
    /// The whole host, other Ingresses of it too.
    Server,
    /// The locations, and the whole host besides.
    LocationAndServer,
    /// The Service port, whatever host or path leads to it.
    Upstream,
    /// What the Ingress is.
    Ingress,
    /// The whole controller.
    Controller,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Location => "location",
            Self::Server => "server (whole host)",
            Self::LocationAndServer => "location, and server (whole host)",
            Self::Upstream => "upstream (every route to the Service port)",
            Self::Ingress => "Ingress",
            Self::Controller => "controller",
        })
    }
}

/// How much an annotation can do; above `annotations-risk-level` its mere presence drops the Ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// A closed set of values.
    Low,
    /// A narrow set of characters.
    Medium,
    /// Variables or regular expressions.
    High,
    /// Raw configuration.
    Critical,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum ValueType {
    Bool,
    Cidrs,
    Configmap,
    Duration,
    Enum,
    Float,
    Int,
    Kib,
    KibPerSecond,
    List,
    Nginx,
    Path,
    Port,
    Regex,
    Seconds,
    Secret,
    Selector,
    Service,
    Size,
    Text,
    Url,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "boolean",
            Self::Cidrs => "comma separated addresses and networks",
            Self::Configmap => "name of a ConfigMap",
            Self::Duration => "duration with unit",
            Self::Enum => "one of a few words",
            Self::Float => "number",
            Self::Int => "integer",
            Self::Kib => "integer, in KiB",
            Self::KibPerSecond => "integer, in KiB a second",
            Self::List => "list",
            Self::Nginx => "nginx configuration",
            Self::Path => "path",
            Self::Port => "port",
            Self::Regex => "regular expression",
            Self::Seconds => "integer, in seconds and without unit",
            Self::Secret => "name of a Secret",
            Self::Selector => "label selector",
            Self::Service => "name of a Service",
            Self::Size => "size",
            Self::Text => "text",
            Self::Url => "URL",
        })
    }
}

/// What becomes of a value that is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// The default takes its place: of the ConfigMap where there is one, else built in.
    Default,
    /// All annotations of the group count as absent.
    GroupIgnored,
    /// Only the item of the list is left out.
    ItemIgnored,
    /// The value is taken and does nothing.
    NoEffect,
    /// The mirror points to a path that the host itself answers.
    MirrorDangling,
    /// Every location made from the Ingress answers 503.
    LocationDenied,
    /// Every path of the host answers 403, whichever Ingress owns it.
    HostDenied,
    /// No rule of the Ingress is used.
    IngressDropped,
    /// nginx refuses the whole configuration; a fresh controller listens nowhere.
    ConfigRefused,
    /// Cannot happen.
    None,
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "the default takes its place",
            Self::GroupIgnored => "all annotations of the group are ignored",
            Self::ItemIgnored => "the item is left out",
            Self::NoEffect => "no effect",
            Self::MirrorDangling => "copies of requests are routed inside the same host",
            Self::LocationDenied => "every location of the Ingress answers 503",
            Self::HostDenied => "every path of the host answers 403",
            Self::IngressDropped => "the whole Ingress is dropped",
            Self::ConfigRefused => "nginx refuses the whole configuration",
            Self::None => "cannot happen",
        })
    }
}

/// What becomes of unusable values, in the order in which the controller finds out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnInvalid {
    /// The validator refuses the value.
    pub refused: Consequence,
    /// The value is there and empty; validators never see it.
    pub empty: Consequence,
    /// The validator lets it pass, and then it is not usable.
    #[serde(default)]
    pub later: Vec<Later>,
}

/// A value that passes the validator and is not usable all the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// When, in words.
    pub when: String,
    /// What becomes of it.
    pub then: Consequence,
}

/// A value, and what the controller makes of it. Examples run as tests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The value as it stands in the Ingress.
    pub value: String,
    /// Whether the validator lets it pass.
    pub valid: bool,
    /// What becomes of it where it is not usable.
    pub then: Option<Consequence>,
    /// The value as the controller reads it: `true`, `-5`, sorted networks.
    pub parsed: Option<String>,
}

/// An annotation of ingress-nginx.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// Name without prefix.
    pub name: String,
    /// Other names, read only where this one is missing or empty.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What a value is.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Which values pass.
    pub validator: Validator,
    /// Where it takes effect.
    pub scope: Scope,
    /// How much it can do.
    pub risk: Risk,
    /// Key of the ConfigMap that gives the default.
    pub configmap_key: Option<String>,
    /// Keys and flags that change what it does.
    #[serde(default)]
    pub related: Vec<String>,
    /// Annotations without which it does nothing: then an invalid value has no consequence either.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Annotations beside which it is not read.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Built-in default; `None` for nothing.
    pub default: Option<String>,
    /// What it does, in a sentence.
    pub effect: String,
    /// What else is worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What becomes of unusable values.
    pub on_invalid: OnInvalid,
    /// Recorded answers that show it.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Values, and what becomes of them.
    #[serde(default)]
    pub examples: Vec<Example>,
    /// Its group; file name in `annotation-maps/annotations`.
    #[serde(skip)]
    pub group: &'static str,
}

impl Annotation {
    /// Whether the validator lets a value pass. Empty values pass: validators never see them.
    pub fn validate(&self, value: &str) -> Result<(), Invalid> {
        if value.is_empty() { Ok(()) } else { self.validator.check(value) }
    }
}

impl Entry for Annotation {
    const OPENS: &'static str = "  - name: ";

    fn read(text: &'static str, file: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text).map(|entry: Self| Self { group: file, ..entry })
    }
}

/// A group of annotations: one parser of the controller, which fails or succeeds as a whole.
#[derive(Debug, Deserialize)]
pub struct Group {
    /// Its name: the package of the parser.
    pub group: String,
    /// File of the parser in the repository of the controller.
    pub source: String,
    /// What it is about.
    pub about: String,
    /// The order in which its annotations are read, where an early end hides later ones.
    #[serde(default)]
    pub reads: Vec<String>,
}

/// All annotations.
pub struct Annotations {
    shelf: Shelf<Annotation>,
    aliases: BTreeMap<&'static str, &'static str>,
    groups: BTreeMap<&'static str, &'static str>,
}

/// Files beside the groups.
const OTHERS: [&str; 4] = ["core", "foreign", "historical", "validators"];

static ANNOTATIONS: LazyLock<Annotations> = LazyLock::new(|| {
    let groups: BTreeMap<_, _> = maps::texts("annotations").into_iter().filter(|(file, _)| !OTHERS.contains(file)).collect();
    Annotations {
        shelf: Shelf::of(groups.iter().map(|(&file, &text)| (file, text))),
        aliases: groups.values().flat_map(|text| aliases(text)).collect(),
        groups,
    }
});

/// The annotations that ingress-nginx reads.
pub fn annotations() -> &'static Annotations {
    &ANNOTATIONS
}

/// Aliases and the names they stand for, without parsing: `aliases` follows `name` directly.
fn aliases(text: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let mut name = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(Annotation::OPENS) {
            name = rest;
        } else if let Some(list) = line.strip_prefix("    aliases: [").and_then(|rest| rest.strip_suffix(']')) {
            found.extend(list.split(", ").map(|alias| (alias, name)));
        }
    }
    found
}

impl Annotations {
    /// The annotation of this name, without prefix; aliases are other names and not found here.
    pub fn get(&self, name: &str) -> Option<&Annotation> {
        self.shelf.get(name)
    }

    /// The name that an alias stands for, and the alias with static life.
    pub fn alias(&self, name: &str) -> Option<(&'static str, &Annotation)> {
        let (&alias, &main) = self.aliases.get_key_value(name)?;
        Some((alias, self.shelf.get(main)?))
    }

    /// Names without aliases, sorted by group and name.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.shelf.keys()
    }

    /// Names and aliases, sorted.
    pub fn all_names(&self) -> BTreeSet<&'static str> {
        self.shelf.keys().chain(self.aliases.keys().copied()).collect()
    }

    /// All annotations, sorted by group and name. This reads every entry.
    pub fn iter(&self) -> impl Iterator<Item = &Annotation> {
        self.shelf.iter()
    }

    /// Names of the groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &'static str> {
        self.groups.keys().copied()
    }

    /// What is said of a group as a whole.
    pub fn group(&self, name: &str) -> Option<Group> {
        let text = self.groups.get(name)?;
        let head = text.split_once("\nannotations:").map_or(*text, |(head, _)| head);
        Some(
            serde_yaml::from_str(head)
                .unwrap_or_else(|error| panic!("INVARIANT: tests read every group, but {name}.yaml is wrong: {error}")),
        )
    }
}
