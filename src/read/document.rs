//! Documents → objects: lists are opened, kinds are told apart, and every problem becomes a finding.

use std::collections::BTreeSet;

use super::{
    Options, Reading,
    admission::{self, Naming},
    at::{At, Complaints},
    ingress, kinds, kustomization, meta, schema, secret,
    shape::{self, Shape},
    text::{Content, Text},
};
use crate::{
    k8s::{Inventory, Namespace, ObjectId, ObjectMeta, Origin, names},
    ledger::{Code, Facts, Finding, Findings},
    yaml::{Document, Documents, Node, Problem, ProblemKind, Span, Value},
};

/// Name of standard input.
pub(super) const STDIN: &str = "-";

/// Reads all sources in their order.
pub(super) fn read_sources(sources: Vec<Text>, options: &Options, reading: &mut Reading) {
    let mut kustomizations = Vec::new();
    for source in sources {
        let index = u32::try_from(reading.inventory.sources.0.len()).expect("INVARIANT: fewer than 2^32 sources");
        let text = match source.content {
            Content::Binary => {
                reading.findings.push(Finding::estate(Code::InputBinaryFile, vec![("file", source.name)]));
                reading.partial = true;
                continue;
            }
            Content::Readable { text, invalid, nul } => {
                let mut reader = SourceReader {
                    reading,
                    options,
                    source: index,
                    name: &source.name,
                    hidden: Vec::new(),
                    kustomizations: &mut kustomizations,
                };
                reader.note(Code::InputInvalidUtf8, invalid, Vec::new());
                reader.note(Code::InputRefusedByKubectl, nul, vec![("reason", "control characters are not allowed".to_owned())]);
                reader.read(&text);
                let hidden = std::mem::take(&mut reader.hidden);
                if hidden.is_empty() { text } else { secret::redact(text, &hidden) }
            }
        };
        reading.inventory.sources.add(source.name, text);
    }
    for (source, span, resources) in kustomizations {
        let names = reading.inventory.sources.0.iter().map(|known| known.name.as_str());
        let name = &reading.inventory.sources.0[source as usize].name;
        if !resources.is_some_and(|resources| kustomization::are_read(name, &resources, names)) {
            let facts = vec![("file", name.clone()), ("tool", "kustomize build".to_owned())];
            reading.findings.push(Finding::at(Code::InputNotRendered, source, span, facts));
            reading.partial = true;
        }
    }
    settle_duplicates(reading);
}

struct SourceReader<'r> {
    reading: &'r mut Reading,
    options: &'r Options,
    source: u32,
    name: &'r str,
    hidden: Vec<(Span, bool)>,
    /// Kustomizations, with the resources of those that do nothing but name some.
    kustomizations: &'r mut Vec<(u32, Span, Option<Vec<String>>)>,
}

/// Group, version and kind as written.
#[derive(Clone, Copy)]
struct TypeMeta<'n> {
    api_version: &'n str,
    kind: &'n str,
}

impl TypeMeta<'_> {
    fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

/// An object that is kept as it stands.
enum Whole {
    Gateway(ObjectId),
    Beside(ObjectId),
}

impl SourceReader<'_> {
    fn note(&mut self, code: Code, at: Option<usize>, facts: Facts) {
        if let Some(start) = at.and_then(|at| u32::try_from(at).ok()) {
            self.at(code, Span { start, end: start + 1 }, facts);
        }
    }

    fn at(&mut self, code: Code, span: Span, mut facts: Facts) {
        facts.insert(0, ("file", self.name.to_owned()));
        self.reading.findings.push(Finding::at(code, self.source, span, facts));
    }

    fn read(&mut self, text: &str) {
        let mut objects = 0;
        Documents::new(text).for_all(|document| {
            let Document { offset, root, problems } = document;
            let piece = text.get(offset..).unwrap_or("");
            let is_template = self.problems(problems, text, piece);
            let Some(root) = root else { return };
            objects += 1;
            if is_template {
                return;
            }
            let origin = Origin { source: self.source, offset: u32::try_from(offset).unwrap_or(u32::MAX), item: None };
            self.document(root, origin);
        });
        if objects == 0 && self.reading.findings.iter().all(|finding| finding.at.is_none_or(|(source, _)| source != self.source)) {
            self.at(Code::InputEmptyFile, Span::default(), Vec::new());
            // Whoever pipes something in means it to be there.
            self.reading.partial |= self.name == STDIN;
        }
    }

    /// Reports the problems of a document; whether it is a template that nobody can read.
    fn problems(&mut self, problems: Vec<Problem>, text: &str, piece: &str) -> bool {
        let serious = problems.iter().any(|problem| match &problem.kind {
            ProblemKind::Broken(_) => true,
            ProblemKind::Refused(message) => message == "invalid map key",
            ProblemKind::DuplicateKey(_) | ProblemKind::Dropped { .. } => false,
        });
        if serious && let Some(at) = template_action(piece) {
            let start = text.len() - piece.len() + at;
            let span = Span { start: u32::try_from(start).unwrap_or(0), end: u32::try_from(start + 2).unwrap_or(0) };
            self.at(Code::InputNotRendered, span, vec![("tool", "helm template".to_owned())]);
            self.reading.partial = true;
            return true;
        }
        for Problem { span, kind } in problems {
            match kind {
                ProblemKind::Broken(error) => {
                    self.reading.partial = true;
                    self.at(Code::InputBrokenDocument, span, vec![("error", error)]);
                }
                ProblemKind::Refused(reason) => self.at(Code::InputRefusedByKubectl, span, vec![("reason", reason)]),
                ProblemKind::DuplicateKey(key) => self.at(Code::InputDuplicateKey, span, vec![("key", key)]),
                ProblemKind::Dropped { error } => {
                    self.reading.partial |= error.is_some();
                    let reading = error
                        .map_or_else(|| "it was converted all the same".to_owned(), |error| format!("nor can it be read here: {error}"));
                    self.at(Code::InputDroppedByKubectl, span, vec![("reading", reading)]);
                }
            }
        }
        false
    }

    fn document(&mut self, root: Node, origin: Origin) {
        if let Some(whole) = self.object_or_items(&root, origin) {
            self.keep_whole(whole, root);
        }
    }

    /// Reads the object of a document, or those of its list. One that is kept as it stands is left to the caller, who can move it.
    fn object_or_items(&mut self, root: &Node, origin: Origin) -> Option<Whole> {
        let type_meta = TypeMeta { api_version: scalar(root, "apiVersion"), kind: scalar(root, "kind") };
        if root.entries().is_empty() || type_meta.kind.is_empty() {
            let reason = if root.entries().is_empty() { "it is no map of fields" } else { "it has no `kind`" };
            self.at(Code::InputNotAnObject, root.span, vec![("reason", reason.to_owned())]);
            self.reading.partial = true;
            return None;
        }
        if type_meta.group() == "kustomize.config.k8s.io" {
            self.kustomizations.push((self.source, root.span, kustomization::resources(root)));
            return None;
        }
        if type_meta.api_version.is_empty() {
            self.at(Code::InputRefusedByKubectl, root.span, vec![("reason", "apiVersion not set".to_owned())]);
        }
        let Some(items) = root.get("items").filter(|_| type_meta.kind.ends_with("List")) else {
            return self.object(root, type_meta, origin);
        };
        if !items.is_null() && !matches!(items.value, Value::Sequence(_)) {
            self.at(Code::InputRefusedByKubectl, items.span, vec![("reason", "`items` is no list".to_owned())]);
        }
        let item_kind = type_meta.kind.strip_suffix("List").unwrap_or("");
        for (index, item) in items.items().iter().enumerate() {
            let origin = Origin { item: u32::try_from(index).ok(), ..origin };
            let mut item_meta = TypeMeta { api_version: scalar(item, "apiVersion"), kind: scalar(item, "kind") };
            if item_meta.kind.is_empty() && item_meta.api_version.is_empty() {
                item_meta = TypeMeta { api_version: type_meta.api_version, kind: item_kind };
            }
            let reason = if item_meta.kind.is_empty() {
                Some("an item of a list has no `kind`")
            } else if item_meta.api_version.is_empty() {
                Some("an item of a list has no `apiVersion`")
            } else {
                item.get("items").map(|_| "a list holds a list")
            };
            if let Some(reason) = reason {
                self.at(Code::InputRefusedByKubectl, item.span, vec![("reason", reason.to_owned())]);
            }
            // Lists in lists are opened, as deep as the document goes.
            self.object_or_list(item, item_meta, origin);
        }
        None
    }

    /// Opens lists within lists with a stack. Their objects point at the item of the outer list.
    fn object_or_list(&mut self, root: &Node, type_meta: TypeMeta<'_>, origin: Origin) {
        let mut open = vec![(root, type_meta)];
        while let Some((node, type_meta)) = open.pop() {
            match node.get("items").filter(|_| type_meta.kind.ends_with("List")) {
                Some(items) => open.extend(
                    items
                        .items()
                        .iter()
                        .rev()
                        .map(|item| (item, TypeMeta { api_version: scalar(item, "apiVersion"), kind: scalar(item, "kind") })),
                ),
                None if type_meta.kind.is_empty() => self.reading.partial = true,
                None => {
                    if let Some(whole) = self.object(node, type_meta, origin) {
                        self.keep_whole(whole, node.clone());
                    }
                }
            }
        }
    }

    fn keep_whole(&mut self, whole: Whole, root: Node) {
        match whole {
            Whole::Gateway(id) => self.reading.inventory.gateway_objects.push((id, root)),
            Whole::Beside(id) => self.reading.inventory.beside.push((id, root)),
        }
    }

    fn object(&mut self, root: &Node, type_meta: TypeMeta<'_>, origin: Origin) -> Option<Whole> {
        let TypeMeta { api_version, kind } = type_meta;
        let group = type_meta.group();
        if api_version.matches('/').count() > 1 {
            let reason = format!("`{api_version}` is no group and version");
            self.at(Code::InputRefusedByKubectl, root.span, vec![("reason", reason)]);
        }
        if kinds::is_gateway(group, kind) {
            let meta = meta::metadata(root, !kinds::is_cluster_scoped(kind), self.options);
            let id = self.reading.inventory.register(meta::reference(group, kind, &meta), Some(origin));
            if !kinds::is_judged(group) {
                self.reading.findings.extend(undecodable(root, id));
            }
            return Some(Whole::Gateway(id));
        }
        if kinds::is_beside(group, kind) {
            let meta = meta::metadata(root, true, self.options);
            let id = self.reading.inventory.register(meta::reference(group, kind, &meta), Some(origin));
            self.reading.findings.extend(undecodable(root, id));
            return Some(Whole::Beside(id));
        }
        let Some(known) = Known::find(type_meta) else {
            self.other(root, type_meta, origin);
            *self.reading.inventory.others.entry(kind.to_owned()).or_default() += 1;
            return None;
        };
        let meta = meta::metadata(root, known.naming().namespaced, self.options);
        let id = self.reading.inventory.register(meta::reference(known.group(), known.kind(), &meta), Some(origin));
        let served = api_version.is_empty() || known.served().contains(&api_version);
        let mut cx = Complaints::new(id, &mut self.reading.findings);
        if kind != known.kind() {
            cx.refuse(&At::Root.key("kind"), format!("no kind `{kind}` is known, it is spelled `{}`", known.kind()));
        } else if !served {
            cx.refuse(&At::Root.key("apiVersion"), format!("no API server since Kubernetes 1.25 serves `{api_version}` with this kind"));
        }
        shape::check(&mut cx, root, if served { known.shape() } else { &schema::METADATA }, &At::Root);
        if !cx.undecodable {
            admission::metadata(&mut cx, root, known.naming());
            if served {
                known.validate(&mut cx, root);
            }
        }
        if known == Known::Secret {
            self.hidden.extend(secret::hidden(root));
        }
        keep(known, root, id, meta, api_version, self.options, &mut self.reading.inventory);
        None
    }

    /// An object of a kind that is not read is registered only where there is something to say about it.
    fn other(&mut self, root: &Node, type_meta: TypeMeta<'_>, origin: Origin) {
        let inventory = &mut self.reading.inventory;
        let id = ObjectId(u32::try_from(inventory.objects.len()).unwrap_or(u32::MAX));
        let mut findings = undecodable(root, id);
        if is_unknown(type_meta) {
            let TypeMeta { api_version, kind } = type_meta;
            Complaints::new(id, &mut findings).refuse(&At::Root.key("kind"), format!("no kind `{kind}` is known in `{api_version}`"));
        }
        if !findings.is_empty() {
            let meta = meta::metadata(root, true, self.options);
            inventory.register(meta::reference(type_meta.group(), type_meta.kind, &meta), Some(origin));
            self.reading.findings.extend(findings);
        }
    }
}

/// Whether a kind is in a group of Ingresses, which are known, and is none of them.
fn is_unknown(type_meta: TypeMeta<'_>) -> bool {
    match type_meta.group() {
        "extensions" => true,
        "networking.k8s.io" => !matches!(type_meta.kind, "IPAddress" | "NetworkPolicy" | "ServiceCIDR"),
        _ => false,
    }
}

/// kubectl decodes type and metadata of every kind, and takes nothing of a file in which it cannot.
fn undecodable(root: &Node, id: ObjectId) -> Findings {
    let mut findings = Findings::new();
    shape::check(&mut Complaints::new(id, &mut findings), root, &schema::METADATA, &At::Root);
    findings.retain(|finding| matches!(finding.code, Code::InputWrongType | Code::InputWrongShape));
    findings
}

/// Keeps an object of a live cluster. The API server has checked it, so there is nothing to say about it.
#[cfg(feature = "cluster")]
pub(super) fn keep_live(root: &Node, api_version: &str, kind: &str, inventory: &mut Inventory) {
    let type_meta = TypeMeta { api_version, kind };
    let options = Options::default();
    if kinds::is_gateway_group(type_meta.group()) {
        let meta = meta::metadata(root, !kinds::is_cluster_scoped(kind), &options);
        let id = inventory.register(meta::reference(type_meta.group(), kind, &meta), None);
        inventory.gateway_objects.push((id, typed(root, type_meta)));
    } else if kinds::is_beside(type_meta.group(), kind) {
        let meta = meta::metadata(root, true, &options);
        let id = inventory.register(meta::reference(type_meta.group(), kind, &meta), None);
        inventory.beside.push((id, root.clone()));
    } else if let Some(known) = Known::find(type_meta) {
        let meta = meta::metadata(root, known.naming().namespaced, &options);
        let id = inventory.register(meta::reference(known.group(), known.kind(), &meta), None);
        keep(known, root, id, meta, api_version, &options, inventory);
    }
}

/// An item of a list, which may leave its type to the list, as an object of its own.
#[cfg(feature = "cluster")]
fn typed(root: &Node, type_meta: TypeMeta<'_>) -> Node {
    use crate::yaml::{Scalar, ScalarStyle};

    let mut node = root.clone();
    let text = |text: &str| Node {
        value: Value::Scalar(Scalar { text: text.to_owned(), style: ScalarStyle::Quoted, tag: None }),
        span: Span::default(),
    };
    if let Value::Mapping(entries) = &mut node.value {
        for (key, value) in [("kind", type_meta.kind), ("apiVersion", type_meta.api_version)] {
            if root.get(key).is_none() {
                entries.insert(0, (text(key), text(value)));
            }
        }
    }
    node
}

/// Puts an object where its kind is kept.
fn keep(known: Known, root: &Node, id: ObjectId, meta: ObjectMeta, api_version: &str, options: &Options, inventory: &mut Inventory) {
    let key = meta.key();
    match known {
        Known::Ingress => {
            let legacy = api_version.ends_with("beta1");
            inventory.ingresses.push(ingress::read(root, id, meta, legacy));
        }
        Known::IngressClass => inventory.ingress_classes.push(kinds::ingress_class(root, id, meta)),
        Known::Service => drop(inventory.services.insert(key, kinds::service(root, id, meta))),
        Known::EndpointSlice => inventory.endpoint_slices.push(kinds::endpoint_slice(root, options)),
        Known::Secret => {
            let secret = secret::read(root, id, meta);
            inventory.secrets.insert(key, secret);
        }
        Known::ConfigMap => drop(inventory.config_maps.insert(key, kinds::config_map(root, id, meta))),
        Known::Namespace => drop(inventory.namespaces.insert(meta.name.clone(), Namespace { meta })),
        Known::Deployment | Known::DaemonSet => match kinds::workload(root, id, meta) {
            Some(workload) => inventory.workloads.push(workload),
            None => *inventory.others.entry(known.kind().to_owned()).or_default() += 1,
        },
    }
}

/// Kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Ingress,
    IngressClass,
    Service,
    EndpointSlice,
    Secret,
    ConfigMap,
    Namespace,
    Deployment,
    DaemonSet,
}

impl Known {
    const ALL: [Self; 9] = [
        Self::Ingress,
        Self::IngressClass,
        Self::Service,
        Self::EndpointSlice,
        Self::Secret,
        Self::ConfigMap,
        Self::Namespace,
        Self::Deployment,
        Self::DaemonSet,
    ];

    /// The kind that is meant: any version of its group, a missing or short `apiVersion`, and any case, all of which is reported.
    fn find(type_meta: TypeMeta<'_>) -> Option<Self> {
        let group = type_meta.group();
        Self::ALL.into_iter().find(|known| {
            known.kind().eq_ignore_ascii_case(type_meta.kind)
                && (group.is_empty() || group == known.group() || known.old_groups().contains(&group))
        })
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::IngressClass => "IngressClass",
            Self::Service => "Service",
            Self::EndpointSlice => "EndpointSlice",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::Namespace => "Namespace",
            Self::Deployment => "Deployment",
            Self::DaemonSet => "DaemonSet",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::Ingress | Self::IngressClass => "networking.k8s.io",
            Self::EndpointSlice => "discovery.k8s.io",
            Self::Deployment | Self::DaemonSet => "apps",
            Self::Service | Self::Secret | Self::ConfigMap | Self::Namespace => "",
        }
    }

    const fn old_groups(self) -> &'static [&'static str] {
        match self {
            Self::Ingress | Self::Deployment | Self::DaemonSet => &["extensions"],
            Self::IngressClass | Self::EndpointSlice | Self::Service | Self::Secret | Self::ConfigMap | Self::Namespace => &[],
        }
    }

    /// The versions that kube-apiserver 1.37 serves.
    const fn served(self) -> &'static [&'static str] {
        match self {
            Self::Ingress | Self::IngressClass => &["networking.k8s.io/v1"],
            Self::EndpointSlice => &["discovery.k8s.io/v1"],
            Self::Deployment | Self::DaemonSet => &["apps/v1"],
            Self::Service | Self::Secret | Self::ConfigMap | Self::Namespace => &["v1"],
        }
    }

    const fn shape(self) -> &'static Shape {
        match self {
            Self::Ingress => &schema::INGRESS,
            Self::IngressClass => &schema::INGRESS_CLASS,
            Self::Service => &schema::SERVICE,
            Self::Secret => &schema::SECRET,
            Self::ConfigMap => &schema::CONFIG_MAP,
            Self::Namespace => &schema::NAMESPACE,
            Self::EndpointSlice | Self::Deployment | Self::DaemonSet => &schema::METADATA,
        }
    }

    fn naming(self) -> Naming {
        let name = match self {
            Self::Service | Self::Namespace => names::label,
            Self::Ingress
            | Self::IngressClass
            | Self::EndpointSlice
            | Self::Secret
            | Self::ConfigMap
            | Self::Deployment
            | Self::DaemonSet => names::subdomain,
        };
        let counted = match self {
            Self::Ingress | Self::IngressClass | Self::EndpointSlice | Self::Deployment | Self::DaemonSet => true,
            Self::Service | Self::Secret | Self::ConfigMap | Self::Namespace => false,
        };
        Naming { namespaced: !matches!(self, Self::IngressClass | Self::Namespace), name, counted }
    }

    fn validate(self, cx: &mut Complaints<'_>, root: &Node) {
        match self {
            Self::Ingress => admission::ingress(cx, root),
            Self::IngressClass => admission::ingress_class(cx, root),
            Self::ConfigMap => admission::config_map(cx, root),
            Self::Secret => admission::secret(cx, root),
            Self::Service | Self::EndpointSlice | Self::Namespace | Self::Deployment | Self::DaemonSet => {}
        }
    }
}

fn scalar<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key).filter(|value| !value.is_null()).and_then(Node::as_text).unwrap_or("")
}

/// Where a template has its first action, in the document that `piece` starts with.
fn template_action(piece: &str) -> Option<usize> {
    let end = piece.get(1..).and_then(|rest| rest.find("\n---")).map_or(piece.len(), |at| at + 1);
    piece[..end].find("{{").filter(|at| piece[*at..end].contains("}}"))
}

/// Where an object was read twice the later one wins, as with `kubectl apply`, and a finding says so.
fn settle_duplicates(reading: &mut Reading) {
    let objects = &reading.inventory.objects;
    let mut order: Vec<u32> = (0..u32::try_from(objects.len()).unwrap_or(u32::MAX)).collect();
    order.sort_by(|a, b| objects[*a as usize].0.cmp(&objects[*b as usize].0).then(a.cmp(b)));
    let mut superseded = BTreeSet::new();
    let mut findings = Vec::new();
    for pair in order.windows(2) {
        let [earlier, later] = [ObjectId(pair[0]), ObjectId(pair[1])];
        let (reference, _) = &objects[pair[0] as usize];
        if *reference == objects[pair[1] as usize].0 {
            superseded.insert(earlier);
            let subject = crate::k8s::Subject::new(later, crate::k8s::FieldPath::root());
            findings.push((later, Finding::about(Code::InputDuplicateObject, subject, vec![("object", reference.to_string())])));
        }
    }
    if superseded.is_empty() {
        return;
    }
    findings.sort_by_key(|(id, _)| *id);
    reading.findings.extend(findings.into_iter().map(|(_, finding)| finding));
    let inventory = &mut reading.inventory;
    inventory.ingresses.retain(|object| !superseded.contains(&object.id));
    inventory.ingress_classes.retain(|object| !superseded.contains(&object.id));
    inventory.workloads.retain(|object| !superseded.contains(&object.id));
    inventory.gateway_objects.retain(|(id, _)| !superseded.contains(id));
    inventory.beside.retain(|(id, _)| !superseded.contains(id));
}
