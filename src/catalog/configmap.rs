//! Keys of the controller's ConfigMap, and its flags.

use std::{fmt, sync::LazyLock};

use serde::Deserialize;

use super::{
    annotation::ValueType,
    maps::{self, Entry, Shelf},
    suggest::closest,
};

/// What a setting bears on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bearing {
    /// Answers to requests, or what the backend gets.
    Traffic,
    /// How the controller runs: logs, workers, metrics, status.
    Operation,
}

/// What becomes of a value of the ConfigMap that is not usable. No key stops the controller from reading the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyConsequence {
    /// It is logged and the default stays.
    Default,
    /// It is copied as it stands, whatever it says.
    Copied,
    /// Bad items are left out, the rest counts.
    ItemIgnored,
}

impl fmt::Display for KeyConsequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "it is logged and the default stays",
            Self::Copied => "it is copied as it stands",
            Self::ItemIgnored => "bad items are left out",
        })
    }
}

/// A key of the ConfigMap that `--configmap` names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigKey {
    /// The key.
    pub name: String,
    /// What a value is.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// What it bears on.
    pub bearing: Bearing,
    /// Annotation that it gives the default of.
    pub annotation: Option<String>,
    /// Built-in default; `None` for nothing.
    pub default: Option<String>,
    /// What it does, in a sentence.
    pub effect: String,
    /// What else is worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What becomes of unusable values.
    pub on_invalid: KeyConsequence,
    /// Recorded answers that show it.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Its area; file name in `annotation-maps/configmap`.
    #[serde(skip)]
    pub area: &'static str,
}

impl Entry for ConfigKey {
    const OPENS: &'static str = "  - name: ";

    fn read(text: &'static str, file: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text).map(|entry: Self| Self { area: file, ..entry })
    }
}

/// A flag of the controller.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// The flag with its two dashes.
    pub name: String,
    /// What a value is.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// What it bears on.
    pub bearing: Bearing,
    /// Built-in default; `None` for nothing.
    pub default: Option<String>,
    /// What it does, in a sentence.
    pub effect: String,
    /// What else is worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Recorded answers that show it.
    #[serde(default)]
    pub evidence: Vec<String>,
}

impl Entry for Flag {
    const OPENS: &'static str = "  - name: ";

    fn read(text: &'static str, _: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text)
    }
}

/// A key of the ConfigMap that older releases read. Today it is ignored silently.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedKey {
    /// The key.
    pub name: String,
    /// Release that removed it.
    pub removed: String,
    /// What it did.
    pub was: String,
    /// What to do.
    pub advice: String,
    /// Where the controller's repository says so.
    pub source: String,
}

impl Entry for RemovedKey {
    const OPENS: &'static str = "  - name: ";

    fn read(text: &'static str, _: &'static str) -> Result<Self, serde_yaml::Error> {
        maps::single(text)
    }
}

/// Files beside the areas.
const OTHERS: [&str; 2] = ["flags", "removed"];

static KEYS: LazyLock<Shelf<ConfigKey>> = LazyLock::new(|| maps::shelf("configmap", |file| !OTHERS.contains(&file)));
static FLAGS: LazyLock<Shelf<Flag>> = LazyLock::new(|| maps::shelf("configmap", |file| file == "flags"));
static REMOVED: LazyLock<Shelf<RemovedKey>> = LazyLock::new(|| maps::shelf("configmap", |file| file == "removed"));

/// Keys of the ConfigMap.
pub fn configmap_keys() -> &'static Shelf<ConfigKey> {
    &KEYS
}

/// Flags of the controller.
pub fn flags() -> &'static Shelf<Flag> {
    &FLAGS
}

/// Keys of the ConfigMap that older releases read.
pub fn removed_keys() -> &'static Shelf<RemovedKey> {
    &REMOVED
}

impl Shelf<ConfigKey> {
    /// The key that a misspelt one was surely meant to be.
    pub fn meant(&self, name: &str) -> Option<&'static str> {
        closest(name, self.keys())
    }
}

impl Shelf<Flag> {
    /// The flag of this name, with two dashes, one, or none.
    pub fn named(&self, name: &str) -> Option<&Flag> {
        self.get(&format!("--{}", name.trim_start_matches('-')))
    }

    /// The flag that a misspelt one was surely meant to be.
    pub fn meant(&self, name: &str) -> Option<&'static str> {
        let bare = name.trim_start_matches('-');
        let meant = closest(bare, self.keys().map(|flag| flag.trim_start_matches('-')))?;
        self.keys().find(|flag| flag.trim_start_matches('-') == meant)
    }
}
