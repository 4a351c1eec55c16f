//! `annotation-maps/directives`: the directives that the controller's nginx knows, and what the template writes around snippets.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{Context, Place};

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/annotation-maps/directives");

/// How the arguments of a directive are understood. `understand` has one arm for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of the data, and the directives that carry them say what they are")]
pub enum Sense {
    AddResponseHeader,
    AddTrailer,
    Allow,
    AuthBasic,
    AuthDigest,
    AuthRequest,
    AuthRequestSet,
    Bandwidth,
    BodyRewriting,
    BodySize,
    Break,
    Buffering,
    Cache,
    ClientCertificate,
    Compression,
    ComputeVariable,
    ConnectionCount,
    ContentType,
    Cookie,
    Definition,
    Deny,
    ErrorPage,
    Expires,
    Files,
    HeaderReading,
    HideResponseHeader,
    If,
    Include,
    InterceptErrors,
    Internal,
    LimitExcept,
    Location,
    Logging,
    Lua,
    Mirror,
    Modsecurity,
    MoreClearHeaders,
    MoreClearInputHeaders,
    MoreSetHeaders,
    MoreSetInputHeaders,
    Pass,
    PassRequestHeaders,
    PassResponseHeader,
    PathNormalisation,
    Performance,
    Process,
    Protocol,
    RealAddress,
    RedirectForm,
    RequestRate,
    Resolver,
    Retry,
    Return,
    Rewrite,
    Satisfy,
    Server,
    ServerHeader,
    ServerName,
    ServerTls,
    Set,
    SetRequestHeader,
    StaticAnswer,
    Stream,
    Substitute,
    Timeout,
    Tracing,
    Transfer,
    UpstreamBlock,
    UpstreamCookie,
    UpstreamProtocol,
    UpstreamRedirect,
    UpstreamTls,
}

/// What may stand in the block of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of nginx's blocks")]
pub enum Opens {
    Http,
    Server,
    Location,
    If,
    LimitExcept,
    Upstream,
    Events,
    Stream,
    StreamServer,
    StreamUpstream,
    /// Pairs of values, as in `map`.
    Values,
    /// Lua code.
    Lua,
}

/// A block or, for `include` and the like, any block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ContextName {
    Any,
    Main,
    Events,
    Http,
    Server,
    Location,
    ServerIf,
    LocationIf,
    LimitExcept,
    Upstream,
    Stream,
    StreamServer,
    StreamUpstream,
}

impl ContextName {
    const fn includes(self, context: Context) -> bool {
        match self {
            Self::Any => true,
            Self::Main => matches!(context, Context::Main),
            Self::Events => matches!(context, Context::Events),
            Self::Http => matches!(context, Context::Http),
            Self::Server => matches!(context, Context::Server),
            Self::Location => matches!(context, Context::Location),
            Self::ServerIf => matches!(context, Context::ServerIf),
            Self::LocationIf => matches!(context, Context::LocationIf),
            Self::LimitExcept => matches!(context, Context::LimitExcept),
            Self::Upstream => matches!(context, Context::Upstream),
            Self::Stream => matches!(context, Context::Stream),
            Self::StreamServer => matches!(context, Context::StreamServer),
            Self::StreamUpstream => matches!(context, Context::StreamUpstream),
        }
    }
}

/// How many arguments a directive takes: `2`, `1..2`, `1..` or `1,3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arity(Vec<(usize, usize)>);

impl Arity {
    /// The number of arguments is allowed.
    pub fn allows(&self, count: usize) -> bool {
        self.0.iter().any(|&(least, most)| (least..=most).contains(&count))
    }
}

impl<'de> Deserialize<'de> for Arity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = |part: &str| part.parse::<usize>().map_err(|_| D::Error::custom(format!("`{text}` is no number of arguments")));
        text.split(',')
            .map(|part| match part.split_once("..") {
                Some((least, "")) => Ok((number(least)?, usize::MAX)),
                Some((least, most)) => Ok((number(least)?, number(most)?)),
                None => number(part).map(|count| (count, count)),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Whether nginx refuses a second directive of a name in the same block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Once {
    /// It takes as many as there are.
    #[default]
    Never,
    /// It refuses any second one.
    Always,
    /// It takes several, unless one of them is `off`.
    BesideOff,
}

fn once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Once, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Flag(bool),
        Word(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Flag(true) => Ok(Once::Always),
        Written::Flag(false) => Ok(Once::Never),
        Written::Word(word) if word == "beside-off" => Ok(Once::BesideOff),
        Written::Word(word) => Err(D::Error::custom(format!("`{word}` does not say whether a directive may be repeated"))),
    }
}

/// What the one argument of a directive must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// `on` or `off`.
    Flag,
    /// A number.
    Number,
    /// A size: `8k`, `1m`.
    Size,
    /// A duration: `60`, `1h30m`.
    Time,
    /// A number and a size.
    Buffers,
    /// One of `words`.
    Word,
    /// Some of `words`.
    Words,
}

/// A directive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Known {
    /// Name.
    pub name: String,
    contexts: Vec<ContextName>,
    /// Number of arguments.
    pub arguments: Arity,
    /// What its block holds, if it has one.
    #[serde(default)]
    pub opens: Option<Opens>,
    /// Whether nginx refuses a second one in the same block.
    #[serde(default, deserialize_with = "once")]
    pub once: Once,
    /// What its argument must be.
    #[serde(default)]
    pub value: Option<Value>,
    /// Words that `value` allows.
    #[serde(default)]
    pub words: Vec<String>,
    /// Arguments that say what holds without it, where somebody would write that.
    #[serde(default)]
    pub default: Option<String>,
    /// How it is understood.
    pub meaning: Sense,
    /// The module it belongs to; filled in while loading.
    #[serde(skip)]
    pub module: &'static str,
    /// The `ConfigMap` key that loads the module, or `always`; filled in while loading.
    #[serde(skip)]
    pub loaded: &'static str,
    /// Where this is documented; filled in while loading.
    #[serde(skip)]
    pub evidence: &'static str,
}

impl Known {
    /// It may stand in a block.
    pub fn allowed_in(&self, context: Context) -> bool {
        self.contexts.iter().any(|name| name.includes(context))
    }

    /// The `ConfigMap` key without which its module is not loaded.
    pub fn loaded_by(&self) -> Option<&'static str> {
        (self.loaded != "always").then_some(self.loaded)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Module {
    #[serde(rename = "module")]
    name: String,
    evidence: String,
    loaded: String,
    #[serde(default)]
    variables: Vec<String>,
    /// Those of its variables that somebody else may set; `None` where that is not known.
    #[serde(default)]
    changeable: Option<Vec<String>>,
    #[serde(default)]
    variable_prefixes: Vec<String>,
    directives: Vec<Known>,
}

/// A directive that the template writes into the same block.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Name.
    pub directive: String,
    /// The annotation or `ConfigMap` key that makes it appear; `None` for always.
    #[serde(default)]
    pub when: Option<String>,
    /// The annotation or `ConfigMap` key without which its argument is `off`.
    #[serde(default)]
    pub off: Option<String>,
}

/// What surrounds snippets at one place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The place.
    pub place: Place,
    /// The statement that follows.
    pub next: Vec<String>,
    /// What else is in the block.
    pub writes: Vec<Written>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Controller {
    #[expect(dead_code, reason = "for readers of the data")]
    evidence: String,
    variables: Vec<String>,
    steering: Vec<String>,
    zones: Vec<String>,
    places: Vec<Template>,
}

struct Catalogue {
    directives: BTreeMap<String, Vec<Known>>,
    variables: Vec<String>,
    fixed: BTreeSet<String>,
    prefixes: Vec<String>,
    controller: Controller,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| load().expect("INVARIANT: tests load annotation-maps/directives"));

fn load() -> Result<Catalogue, serde_yaml::Error> {
    let mut directives: BTreeMap<String, Vec<Known>> = BTreeMap::new();
    let (mut variables, mut prefixes, mut fixed) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut controller = None;
    for file in FILES.files().filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml")) {
        if file.path().file_stem().is_some_and(|stem| stem == "controller") {
            controller = Some(serde_yaml::from_slice(file.contents())?);
            continue;
        }
        let module: Module = serde_yaml::from_slice(file.contents())?;
        let (name, loaded, evidence) = (leak(module.name), leak(module.loaded), leak(module.evidence));
        if let Some(changeable) = module.changeable {
            fixed.extend(module.variables.iter().filter(|name| !changeable.contains(name)).cloned());
        }
        variables.extend(module.variables);
        prefixes.extend(module.variable_prefixes);
        for known in module.directives {
            let known = Known { module: name, loaded, evidence, ..known };
            directives.entry(known.name.clone()).or_default().push(known);
        }
    }
    let controller: Controller = controller.ok_or_else(|| serde_yaml::Error::custom("controller.yaml is missing"))?;
    variables.extend(controller.variables.iter().cloned());
    variables.sort();
    variables.dedup();
    Ok(Catalogue { directives, variables, fixed, prefixes, controller })
}

/// Texts that live as long as the program; there is one of each per module.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// All directives of a name; `http` and `stream` have several in common.
pub fn find(name: &str) -> impl Iterator<Item = &'static Known> {
    CATALOGUE.directives.get(name).into_iter().flatten()
}

/// All directives, sorted by name.
pub fn all() -> impl Iterator<Item = &'static Known> {
    CATALOGUE.directives.values().flatten()
}

/// A known name that is close to an unknown one.
pub fn suggestion(name: &str) -> Option<&'static str> {
    let close = |known: &&String| strsim::damerau_levenshtein(known, name) <= 1 + name.len() / 8;
    CATALOGUE.directives.keys().filter(close).min_by_key(|known| strsim::damerau_levenshtein(known, name)).map(String::as_str)
}

/// The variable exists in every configuration of the controller.
pub fn knows_variable(name: &str) -> bool {
    let (variables, prefixes) = (&CATALOGUE.variables, &CATALOGUE.prefixes);
    variables.binary_search_by(|known| known.as_str().cmp(name)).is_ok() || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// nginx itself has the variable, and refuses a directive of `http` that sets it.
pub fn is_fixed(variable: &str) -> bool {
    CATALOGUE.fixed.contains(&variable.to_ascii_lowercase())
}

/// The controller's Lua code chooses the upstream by the variable.
pub fn steers(variable: &str) -> bool {
    CATALOGUE.controller.steering.iter().any(|known| known == variable)
}

/// The shared memory zone exists in every configuration of the controller.
pub fn knows_zone(name: &str) -> bool {
    CATALOGUE.controller.zones.iter().any(|known| known == name)
}

/// What surrounds snippets at a place.
pub fn template(place: Place) -> &'static Template {
    CATALOGUE
        .controller
        .places
        .iter()
        .find(|template| template.place == place)
        .expect("INVARIANT: tests find every place in controller.yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maps_load() {
        assert!(load().is_ok_and(|catalogue| catalogue.directives.len() > 500));
    }

    #[test]
    fn every_place_is_described() {
        for &place in Place::ALL {
            assert!(!template(place).next.is_empty(), "{place:?}");
        }
    }

    #[test]
    fn what_the_template_writes_is_known_and_may_stand_once() {
        for template in &CATALOGUE.controller.places {
            for written in &template.writes {
                assert!(find(&written.directive).next().is_some(), "`{}` is unknown", written.directive);
            }
        }
    }

    #[test]
    fn directives_are_sorted_within_their_file() {
        for file in FILES.files().filter(|file| file.path().file_stem().is_some_and(|stem| stem != "controller")) {
            let module: Module = serde_yaml::from_slice(file.contents()).expect("module");
            assert!(module.directives.is_sorted_by(|a, b| a.name < b.name), "{}", module.name);
        }
    }

    #[test]
    fn defaults_are_values_that_the_directive_takes() {
        for known in all() {
            let Some(default) = &known.default else { continue };
            assert!(known.arguments.allows(default.split(' ').count()), "{}", known.name);
            assert!(known.value != Some(Value::Flag) || ["on", "off"].contains(&default.as_str()), "{}: {default}", known.name);
        }
    }

    #[test]
    fn variables_of_requests_are_known_by_prefix() {
        assert!(knows_variable("http_x_any") && knows_variable("req_id") && !knows_variable("no_such"));
    }
}
