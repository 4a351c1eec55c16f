//! The facts of one version and channel, ready to be checked against.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use regex_automata::meta::Regex;

use super::data::{self, Bounds, Facts, Field as RawField, Format, KindScope};
use super::rules::Rule;
use super::version::{Channel, Version};
use crate::gateway::json::Json;

/// Everything that is served.
pub(super) struct Schema {
    /// By name, which no two groups share.
    kinds: BTreeMap<&'static str, ServedKind>,
}

/// A kind that is served in at least one version.
pub(super) struct ServedKind {
    group: &'static str,
    pub(super) cluster: bool,
    pub(super) versions: BTreeMap<&'static str, ServedVersion>,
}

/// A version of a kind that is served.
pub(super) struct ServedVersion {
    pub(super) deprecated: bool,
    /// The object without `apiVersion`, `kind`, `metadata` and `status`.
    pub(super) root: Node,
    /// The status.
    pub(super) status: Option<Arc<Node>>,
}

/// What a value must be.
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) length: Bounds,
    pub(super) range: Bounds,
    pub(super) size: Bounds,
    pub(super) int32: bool,
    pub(super) pattern: Option<Arc<Pattern>>,
    pub(super) values: Vec<Json<'static>>,
    pub(super) unique: bool,
    pub(super) keys: Vec<&'static str>,
    pub(super) rules: Vec<&'static Rule>,
    pub(super) fields: Vec<Field>,
    pub(super) each: Option<Arc<Node>>,
}

/// Types of values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Text,
    Integer,
    Boolean,
    Object,
    List,
    Map,
}

/// A field of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) default: Option<Json<'static>>,
    pub(super) node: Arc<Node>,
}

/// A compiled pattern.
pub(super) struct Pattern {
    pub(super) regex: Regex,
    pub(super) says: &'static str,
}

impl Schema {
    /// The facts of a version and channel, compiled at first use.
    pub(super) fn of(version: Version, channel: Channel) -> Arc<Self> {
        static COMPILED: Mutex<BTreeMap<(Version, Channel), Arc<Schema>>> = Mutex::new(BTreeMap::new());
        let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.entry((version, channel)).or_insert_with(|| Arc::new(Self::compile(version, channel))).clone()
    }

    /// The served kind of that name.
    pub(super) fn kind(&self, group: &str, kind: &str) -> Option<&ServedKind> {
        self.kinds.get(kind).filter(|kind| kind.group == group)
    }

    fn compile(version: Version, channel: Channel) -> Self {
        let data = data::get();
        let mut kinds: BTreeMap<&'static str, ServedKind> = BTreeMap::new();
        let Some(release) = data.versions.get(&version) else { return Self { kinds } };
        for (name, versions) in release.served.get(&channel).into_iter().flatten() {
            let (name, kind) = data.kinds.get_key_value(name).expect("INVARIANT: every served kind has fields");
            let deprecated = release.deprecated.get(&channel).and_then(|kinds| kinds.get(name));
            let versions = versions
                .iter()
                .map(|api_version| {
                    let mut compiler = Compiler { version, channel, api_version, types: BTreeMap::new() };
                    let (status, fields): (Vec<_>, Vec<_>) =
                        compiler.fields(&kind.fields).into_iter().partition(|field| field.name == "status");
                    let status = status.into_iter().next().map(|field| field.node);
                    let root = Node { fields, ..Node::new(NodeKind::Object) };
                    let deprecated = deprecated.is_some_and(|versions| versions.contains(api_version));
                    (api_version.as_str(), ServedVersion { deprecated, root, status })
                })
                .collect();
            kinds.insert(name, ServedKind { group: &kind.group, cluster: kind.scope == KindScope::Cluster, versions });
        }
        Self { kinds }
    }
}

impl Node {
    fn new(kind: NodeKind) -> Self {
        Self {
            kind,
            length: Bounds::default(),
            range: Bounds::default(),
            size: Bounds::default(),
            int32: false,
            pattern: None,
            values: Vec::new(),
            unique: false,
            keys: Vec::new(),
            rules: Vec::new(),
            fields: Vec::new(),
            each: None,
        }
    }

    /// Adds the facts of a layer.
    fn lay(&mut self, facts: &'static Facts) {
        // `required`, `default`, `type`, `in`, `variants`, `each` and `fields` are taken care of by the callers.
        let Facts {
            place: _,
            kind: _,
            required: _,
            default: _,
            length,
            range,
            size,
            format,
            pattern,
            values,
            unique,
            keys,
            rules,
            variants: _,
            each: _,
            fields: _,
        } = facts;
        self.length = length.unwrap_or(self.length);
        self.range = range.unwrap_or(self.range);
        self.size = size.unwrap_or(self.size);
        self.int32 |= *format == Some(Format::Int32);
        self.unique |= unique.unwrap_or_default();
        if let Some(name) = pattern {
            self.pattern = Some(compiled_pattern(name));
        }
        if let Some(values) = values {
            self.values = values.iter().map(Json::from_value).collect();
        }
        if let Some(keys) = keys {
            self.keys = keys.iter().map(String::as_str).collect();
        }
        self.rules.extend(rules.iter().map(|rule| &rule.0));
    }
}

struct Compiler<'a> {
    version: Version,
    channel: Channel,
    api_version: &'a str,
    types: BTreeMap<&'static str, Arc<Node>>,
}

impl Compiler<'_> {
    fn is_in(&self, facts: &Facts) -> bool {
        facts.place.is_empty() || facts.place.iter().any(|place| place.0.holds(self.version, self.channel, self.api_version))
    }

    fn fields(&mut self, fields: &'static indexmap::IndexMap<String, RawField>) -> Vec<Field> {
        let mut compiled = Vec::with_capacity(fields.len());
        for (name, RawField(facts)) in fields {
            if !self.is_in(facts) {
                continue;
            }
            let mut field = Field { name, required: false, default: None, node: self.node(facts) };
            for layer in self.layers(facts) {
                field.required = layer.required.unwrap_or(field.required);
                if let Some(default) = &layer.default {
                    field.default = Some(Json::from_value(default));
                }
            }
            compiled.push(field);
        }
        compiled
    }

    /// The facts themselves, then those variants that hold here.
    fn layers(&self, facts: &'static Facts) -> Vec<&'static Facts> {
        std::iter::once(facts).chain(facts.variants.iter().filter(|variant| self.is_in(variant))).collect()
    }

    fn node(&mut self, facts: &'static Facts) -> Arc<Node> {
        let kind = match facts.kind.as_deref().unwrap_or_default() {
            "string" => NodeKind::Text,
            "integer" => NodeKind::Integer,
            "boolean" => NodeKind::Boolean,
            "object" => NodeKind::Object,
            "list" => NodeKind::List,
            "map" => NodeKind::Map,
            name => return self.named(name),
        };
        let mut node = Node::new(kind);
        for layer in self.layers(facts) {
            node.lay(layer);
        }
        node.each = facts.each.as_ref().map(|each| self.node(&each.0));
        node.fields = self.fields(&facts.fields);
        Arc::new(node)
    }

    fn named(&mut self, name: &str) -> Arc<Node> {
        let (name, field) =
            data::get().types.get_key_value(name).unwrap_or_else(|| panic!("INVARIANT: `{name}` is a type of the embedded maps"));
        if let Some(node) = self.types.get(name.as_str()) {
            return node.clone();
        }
        let node = self.node(&field.0);
        self.types.insert(name, node.clone());
        node
    }
}

fn compiled_pattern(name: &str) -> Arc<Pattern> {
    static PATTERNS: OnceLock<Mutex<BTreeMap<&'static str, Arc<Pattern>>>> = OnceLock::new();
    let mut patterns = PATTERNS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pattern) = patterns.get(name) {
        return pattern.clone();
    }
    let (name, raw) =
        data::get().patterns.get_key_value(name).unwrap_or_else(|| panic!("INVARIANT: `{name}` is a pattern of the embedded maps"));
    let regex = Regex::new(&raw.pattern).unwrap_or_else(|error| panic!("INVARIANT: pattern `{name}` compiles: {error}"));
    let pattern = Arc::new(Pattern { regex, says: &raw.says });
    patterns.insert(name, pattern.clone());
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(facts: &Facts, unused: &mut Vec<&str>) {
        unused.retain(|name| facts.kind.as_deref() != Some(*name) && facts.pattern.as_deref() != Some(*name));
        facts.variants.iter().for_each(|variant| visit(variant, unused));
        facts.each.iter().chain(facts.fields.values()).for_each(|field| visit(&field.0, unused));
    }

    #[test]
    fn every_version_and_channel_compiles_and_uses_every_type_and_pattern() {
        for version in Version::all() {
            for channel in [Channel::Standard, Channel::Experimental] {
                assert!(!Schema::of(version, channel).kinds.is_empty(), "{version} {channel}");
            }
        }
        let data = data::get();
        let mut unused: Vec<&str> = data.types.keys().chain(data.patterns.keys()).map(String::as_str).collect();
        data.types.values().chain(data.kinds.values().flat_map(|kind| kind.fields.values())).for_each(|field| visit(&field.0, &mut unused));
        assert!(unused.is_empty(), "{unused:?}");
    }
}
