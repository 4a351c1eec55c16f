//! Everything that was read, typed as far as gateshift needs it.
//!
//! INVARIANT: objects are in the order in which they were read after sources were sorted by name; the same set of files
//! gives the same inventory whatever the order of the command line.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::{FieldPath, NamespacedName, ObjectId, ObjectRef, Origin, Step, Subject};
use crate::yaml;

/// What every object has. `annotations` and `labels` keep the order of the document.
#[derive(Debug, Clone, Default)]
pub struct ObjectMeta {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; objects without one get `default`, or the one of `--namespace`.
    pub namespace: String,
    /// `metadata.annotations`, values as Kubernetes would store them (a finding says where it would refuse them).
    pub annotations: IndexMap<String, String>,
    /// `metadata.labels`.
    pub labels: IndexMap<String, String>,
    /// `metadata.creationTimestamp` in seconds since 1970, if given.
    pub created: Option<i64>,
}

impl ObjectMeta {
    /// Namespace and name.
    pub fn key(&self) -> NamespacedName {
        NamespacedName::new(&self.namespace, &self.name)
    }
}

/// Path type as written; the controller turns `None` and `ImplementationSpecific` into `Prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathType {
    /// `Exact`.
    Exact,
    /// `Prefix`.
    Prefix,
    /// `ImplementationSpecific`.
    ImplementationSpecific,
    /// Anything else, which the API server refuses.
    Other(String),
}

/// Port of a backend: a number or a name. `0`, a missing port and an empty name are `None` in [`BackendTarget::Service`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortRef {
    /// `port.number`.
    Number(i64),
    /// `port.name`, or a string `servicePort` that is no number.
    Name(String),
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// What a backend points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendTarget {
    /// A Service of the Ingress's namespace.
    Service {
        /// Name of the Service.
        name: String,
        /// Port as written.
        port: Option<PortRef>,
    },
    /// `resource`: some other object.
    Resource {
        /// API group, empty for core.
        api_group: String,
        /// Kind.
        kind: String,
        /// Name.
        name: String,
    },
    /// Neither a Service nor a resource.
    Empty,
}

/// A backend of a path, or the default backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// What it points at.
    pub target: BackendTarget,
}

/// `spec.rules[].http.paths[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpPath {
    /// Path as written; empty where absent.
    pub path: String,
    /// Path type as written.
    pub path_type: Option<PathType>,
    /// Backend.
    pub backend: Backend,
}

/// `spec.rules[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressRule {
    /// Host as written; `None` and `""` mean every host.
    pub host: Option<String>,
    /// Paths; `None` where `http` is absent.
    pub paths: Option<Vec<HttpPath>>,
}

/// `spec.tls[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressTls {
    /// Hosts as written.
    pub hosts: Vec<String>,
    /// Secret name, empty where absent.
    pub secret_name: String,
}

/// An Ingress of any served version, in the shape of `networking.k8s.io/v1`.
#[derive(Debug, Clone)]
pub struct Ingress {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Metadata.
    pub meta: ObjectMeta,
    /// `spec.ingressClassName`.
    pub class_name: Option<String>,
    /// `spec.defaultBackend`.
    pub default_backend: Option<Backend>,
    /// `spec.tls`.
    pub tls: Vec<IngressTls>,
    /// `spec.rules`.
    pub rules: Vec<IngressRule>,
    /// It was read in one of the older shapes (`v1beta1`); the field names of the ledger differ for these.
    pub legacy: bool,
}

/// An IngressClass.
#[derive(Debug, Clone)]
pub struct IngressClass {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Metadata.
    pub meta: ObjectMeta,
    /// `spec.controller`.
    pub controller: String,
}

/// `spec.ports[]` of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Name, empty where absent.
    pub name: String,
    /// Port.
    pub port: i64,
    /// Target port as text: a number, a name, or empty where absent (then it is the port).
    pub target_port: String,
    /// Protocol, `TCP` where absent.
    pub protocol: String,
    /// `appProtocol`, empty where absent.
    pub app_protocol: String,
}

/// A Service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Metadata.
    pub meta: ObjectMeta,
    /// `spec.type`, `ClusterIP` where absent.
    pub kind: String,
    /// `spec.externalName`.
    pub external_name: String,
    /// `spec.clusterIP`.
    pub cluster_ip: String,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
}

impl Service {
    /// It has no address of its own.
    pub fn is_headless(&self) -> bool {
        self.cluster_ip == "None"
    }
}

/// An EndpointSlice, as far as it tells whether a Service has endpoints.
#[derive(Debug, Clone)]
pub struct EndpointSlice {
    /// Metadata.
    pub meta: ObjectMeta,
    /// Name of the Service (`kubernetes.io/service-name`).
    pub service: String,
    /// Addresses whose `conditions.ready` is not false.
    pub ready: usize,
    /// `ports`.
    pub ports: Vec<SlicePort>,
}

/// A port of an EndpointSlice.
#[derive(Debug, Clone)]
pub struct SlicePort {
    /// Name; empty where absent.
    pub name: String,
    /// Number.
    pub number: Option<i64>,
    /// `TCP` where absent.
    pub protocol: String,
}

/// A Secret: names and types only, and the names in a certificate where a file carries one. Private keys are never kept.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Metadata.
    pub meta: ObjectMeta,
    /// `type`.
    pub kind: String,
    /// Keys of `data` and `stringData` whose value is not empty, sorted; `None` where a live cluster was not asked for them.
    pub keys: Option<Vec<String>>,
    /// Keys whose value is an htpasswd file with `{SHA}` lines only, sorted; `None` where values were not read.
    pub sha_keys: Option<Vec<String>>,
    /// DNS names (SAN, else CN) of the first certificate in `tls.crt`; `None` where there is none that can be read.
    pub certificate_names: Option<Vec<String>>,
}

/// A ConfigMap.
#[derive(Debug, Clone)]
pub struct ConfigMap {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Metadata.
    pub meta: ObjectMeta,
    /// `data`, in document order.
    pub data: IndexMap<String, String>,
}

/// A Namespace.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Metadata.
    pub meta: ObjectMeta,
}

/// A Deployment or DaemonSet, as far as it may be the controller.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Metadata.
    pub meta: ObjectMeta,
    /// Per container: image, then `command` followed by `args`.
    pub containers: Vec<(String, Vec<String>)>,
}

/// How many objects of a kind were seen and left alone.
pub type KindCount = BTreeMap<String, usize>;

/// The Gateway API that a cluster serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstalledApi {
    /// Version of the bundle without `v`, for example `1.5.1`; the oldest, where its CRDs come from several.
    pub version: Option<String>,
    /// Channel: `standard` or `experimental`; `standard` where its CRDs come from both.
    pub channel: Option<String>,
    /// Served versions by kind, newest first.
    pub kinds: BTreeMap<String, Vec<String>>,
}

/// What a live cluster says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Versions that it serves, by API group; `None` where it does not tell.
    pub groups: Option<BTreeMap<String, Vec<String>>>,
    /// Version of Kubernetes, such as `v1.33.1`.
    pub kubernetes: Option<String>,
}

/// Everything that was read. Vectors are in reading order.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Texts that were read.
    pub sources: yaml::Sources,
    /// Every object that a [`super::Subject`] can point at, indexed by [`ObjectId`]. `None` as origin: a live cluster.
    pub objects: Vec<(ObjectRef, Option<Origin>)>,
    /// Ingresses.
    pub ingresses: Vec<Ingress>,
    /// IngressClasses.
    pub ingress_classes: Vec<IngressClass>,
    /// Services by namespace and name.
    pub services: BTreeMap<NamespacedName, Service>,
    /// EndpointSlices.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// Secrets by namespace and name.
    pub secrets: BTreeMap<NamespacedName, Secret>,
    /// ConfigMaps by namespace and name.
    pub config_maps: BTreeMap<NamespacedName, ConfigMap>,
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// Deployments and DaemonSets.
    pub workloads: Vec<Workload>,
    /// Objects of the Gateway API and of its implementations, as they stand.
    pub gateway_objects: Vec<(ObjectId, yaml::Node)>,
    /// Objects that depend on the controller or steer its Ingresses, as they stand: network policies, rollouts of Argo, canaries of Flagger.
    pub beside: Vec<(ObjectId, yaml::Node)>,
    /// Kinds that gateshift has no use for.
    pub others: KindCount,
    /// Kinds of which a live cluster gave every object that Ingresses can name: what is missing there does not exist.
    pub listed: BTreeSet<&'static str>,
    /// Gateway API as a live cluster has it installed; `None` for files, and where it is not installed.
    pub gateway_api: Option<InstalledApi>,
    /// The cluster that was read; `None` for files.
    pub cluster: Option<Cluster>,
}

/// Where an object stands in a list in which identities mostly ascend.
fn position<T>(list: &[T], id: ObjectId, of: impl Fn(&T) -> ObjectId) -> Option<usize> {
    list.binary_search_by_key(&id, &of).ok().or_else(|| list.iter().position(|one| of(one) == id))
}

impl Inventory {
    /// Where a part of a text stands in its source: the text is the value of a field that was read; `None` where that is not found.
    pub fn part_of_text(&self, subject: &Subject, text: &str, part: std::ops::Range<usize>) -> Option<(u32, yaml::Span)> {
        self.parts_of_text(subject, text, [part]).pop().flatten()
    }

    /// Where several parts of one text stand; the document is parsed once for all.
    pub fn parts_of_text(
        &self,
        subject: &Subject,
        text: &str,
        parts: impl IntoIterator<Item = std::ops::Range<usize>>,
    ) -> Vec<Option<(u32, yaml::Span)>> {
        let whole = self.span(subject);
        parts.into_iter().map(|part| self.part_of(whole?, text, part)).collect()
    }

    fn part_of(&self, (source, span): (u32, yaml::Span), text: &str, part: std::ops::Range<usize>) -> Option<(u32, yaml::Span)> {
        let raw = self.sources.0.get(source as usize)?.text.get(span.start as usize..span.end as usize)?;
        // The first line of the part, counted among its likes: escapes and indentation move it, but do not change it.
        let needle = text.get(part.clone())?.lines().next().filter(|line| !line.is_empty())?;
        let before = text.get(..part.start)?.matches(needle).count();
        let (at, _) = raw.match_indices(needle).nth(before)?;
        let start = span.start + u32::try_from(at).ok()?;
        Some((source, yaml::Span { start, end: start + u32::try_from(needle.len()).ok()? }))
    }

    /// Registers an object and gives it its identity.
    pub fn register(&mut self, object: ObjectRef, origin: Option<Origin>) -> ObjectId {
        let id = ObjectId(u32::try_from(self.objects.len()).expect("INVARIANT: fewer than 2^32 objects"));
        self.objects.push((object, origin));
        id
    }

    /// Position of an Ingress.
    pub fn ingress_position(&self, id: ObjectId) -> Option<usize> {
        position(&self.ingresses, id, |ingress| ingress.id)
    }

    /// An object of the Gateway API or of one of its implementations, as it stands.
    pub fn gateway_object(&self, id: ObjectId) -> Option<&yaml::Node> {
        position(&self.gateway_objects, id, |(id, _)| *id).map(|at| &self.gateway_objects[at].1)
    }

    /// Where a place in an object stands: source and span. `None` for an object of a live cluster.
    pub fn span(&self, subject: &Subject) -> Option<(u32, yaml::Span)> {
        let spans = self.spans(subject.object, [&subject.field])?;
        Some((spans.0, *spans.1.first()?))
    }

    /// Where many places of one object stand; the document is parsed once for all.
    pub fn spans<'p>(&self, object: ObjectId, fields: impl IntoIterator<Item = &'p FieldPath>) -> Option<(u32, Vec<yaml::Span>)> {
        let origin = self.objects.get(object.0 as usize)?.1?;
        let paths = fields.into_iter().map(|field| {
            let places = field.steps().iter().map(|step| match step {
                Step::Key(key) => yaml::Place::Key(key),
                Step::Index(index) => yaml::Place::Index(*index as usize),
            });
            places.collect()
        });
        Some((origin.source, self.sources.locate(origin.source, origin.offset, origin.item, paths)?))
    }

    /// Name of an object.
    pub fn object(&self, id: ObjectId) -> &ObjectRef {
        &self.objects[id.0 as usize].0
    }
}
