//! `annotation-maps/gateway-api` as it stands in the files.

use std::{collections::BTreeMap, str::FromStr, sync::OnceLock};

use indexmap::IndexMap;
use serde::Deserialize;

use super::rules::Rule;
use super::version::{Channel, Scope, Version};

const FIELDS: &[&str] = &[
    include_str!("../../../annotation-maps/gateway-api/fields-shared.yaml"),
    include_str!("../../../annotation-maps/gateway-api/fields-gateways.yaml"),
    include_str!("../../../annotation-maps/gateway-api/fields-policies.yaml"),
    include_str!("../../../annotation-maps/gateway-api/fields-routes.yaml"),
];
const VERSIONS: &[&str] = &[
    include_str!("../../../annotation-maps/gateway-api/1.4.yaml"),
    include_str!("../../../annotation-maps/gateway-api/1.5.yaml"),
    include_str!("../../../annotation-maps/gateway-api/1.6.yaml"),
    include_str!("../../../annotation-maps/gateway-api/1.7.yaml"),
];
const PATTERNS: &str = include_str!("../../../annotation-maps/gateway-api/patterns.yaml");
const RULES: &str = include_str!("../../../annotation-maps/gateway-api/rules.yaml");

/// All facts.
pub(super) struct Data {
    pub(super) types: BTreeMap<String, Field>,
    pub(super) kinds: BTreeMap<String, Kind>,
    pub(super) patterns: BTreeMap<String, Pattern>,
    pub(super) rules: BTreeMap<String, String>,
    pub(super) versions: BTreeMap<Version, Release>,
}

/// The facts, read once.
pub(super) fn get() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        let mut data = Data {
            types: BTreeMap::new(),
            kinds: BTreeMap::new(),
            patterns: parse(PATTERNS),
            rules: parse(RULES),
            versions: BTreeMap::new(),
        };
        for text in FIELDS {
            let File { types, kinds } = parse(text);
            data.types.extend(types);
            data.kinds.extend(kinds);
        }
        for text in VERSIONS {
            let release: Release = parse(text);
            let version = Version::parse(&release.version).expect("INVARIANT: versions in the embedded maps are versions");
            data.versions.insert(version, release);
        }
        data
    })
}

fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> T {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("INVARIANT: embedded maps are well-formed: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    types: BTreeMap<String, Field>,
    #[serde(default)]
    kinds: BTreeMap<String, Kind>,
}

/// A version of the Gateway API.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    version: String,
    #[expect(dead_code, reason = "evidence for readers of the map")]
    #[serde(rename = "release")]
    read_from: String,
    pub(super) served: BTreeMap<Channel, BTreeMap<String, Vec<String>>>,
    pub(super) deprecated: BTreeMap<Channel, BTreeMap<String, Vec<String>>>,
}

/// A kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    pub(super) group: String,
    #[serde(default)]
    pub(super) scope: KindScope,
    pub(super) fields: IndexMap<String, Field>,
}

/// Where objects of a kind live.
#[derive(Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindScope {
    #[default]
    Namespace,
    Cluster,
}

/// A regular expression and what it means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pattern {
    pub(super) pattern: String,
    pub(super) says: String,
}

/// A field: a type name, or everything about it.
#[derive(Deserialize)]
#[serde(from = "FieldForm")]
pub(super) struct Field(pub(super) Box<Facts>);

#[derive(Deserialize)]
#[serde(untagged)]
enum FieldForm {
    Type(String),
    Facts(Box<Facts>),
}

impl From<FieldForm> for Field {
    fn from(form: FieldForm) -> Self {
        match form {
            FieldForm::Type(name) => Self(Box::new(Facts { kind: Some(name), ..Facts::default() })),
            FieldForm::Facts(facts) => Self(facts),
        }
    }
}

/// Everything about a field.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Facts {
    #[serde(rename = "in", default)]
    pub(super) place: Vec<Place>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) default: Option<serde_json::Value>,
    pub(super) length: Option<Bounds>,
    pub(super) range: Option<Bounds>,
    pub(super) size: Option<Bounds>,
    pub(super) format: Option<Format>,
    pub(super) pattern: Option<String>,
    #[serde(rename = "enum")]
    pub(super) values: Option<Vec<serde_json::Value>>,
    pub(super) unique: Option<bool>,
    pub(super) keys: Option<Vec<String>>,
    #[serde(default)]
    pub(super) rules: Vec<RuleText>,
    #[serde(default)]
    pub(super) variants: Vec<Facts>,
    pub(super) each: Option<Field>,
    #[serde(default)]
    pub(super) fields: IndexMap<String, Field>,
}

/// A place as the data writes it.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Place(pub(super) Scope);

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Scope::try_from(text).map(Self)
    }
}

/// A rule as the data writes it.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct RuleText(pub(super) Rule);

impl TryFrom<String> for RuleText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Rule::parse(&text).map(Self)
    }
}

/// A format that says more than the type.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Format {
    Int32,
    /// Status only, which nobody writes.
    DateTime,
}

/// `1..253`, `..16`, `1..`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Bounds {
    pub(super) least: Option<i64>,
    pub(super) most: Option<i64>,
}

impl TryFrom<String> for Bounds {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no range");
        let number = |text: &str| if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| wrong()) };
        let (least, most) = text.split_once("..").ok_or_else(wrong)?;
        Ok(Self { least: number(least)?, most: number(most)? })
    }
}
