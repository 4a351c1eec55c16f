//! What is read of a cluster, in which order, and what happens where it cannot be.

use std::collections::BTreeSet;

use super::{
    Error, Options, Progress, Reading, beside,
    client::{Failure, Form, Server},
    configuration::Configuration,
    gateway,
    list::{self, List},
    merge::absorb,
    named,
    resource::{self, Resource},
    secret,
};
use crate::{
    k8s::{Inventory, NamespacedName},
    ledger::{Code, Finding},
    read::document::keep_live,
};

/// Label of the objects that the project's chart and manifests create.
const CONTROLLER_LABEL: &str = "labelSelector=app.kubernetes.io%2Fname%3Dingress-nginx";
/// Where the project's chart and manifests put the controller, and where others do.
const CONTROLLER_NAMESPACES: [&str; 3] = ["ingress-nginx", "kube-system", "ingress"];

/// A reading under way.
pub(super) struct Reader<'o> {
    pub(super) server: Server,
    pub(super) options: &'o Options,
    /// The namespace to read, `None` for all.
    pub(super) namespace: Option<String>,
    pub(super) reading: Reading,
    pub(super) progress: &'o mut dyn FnMut(Progress<'_>),
}

/// Reads everything.
pub(super) async fn read(
    configuration: Configuration,
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Reading, Error> {
    let Configuration { config, namespace } = configuration;
    let server = Server::new(config, options.patience.clone())?;
    let mut reader = Reader { server, options, namespace, reading: Reading::default(), progress };
    reader.ingresses().await?;
    let namespace = reader.namespace.clone();
    reader.kind(resource::INGRESS_CLASSES, None).await?;
    reader.kind(resource::SERVICES, namespace.as_deref()).await?;
    if options.endpoints {
        reader.kind(resource::ENDPOINT_SLICES, namespace.as_deref()).await?;
    }
    reader.namespaces().await?;
    reader.controller().await?;
    reader.config_maps().await?;
    reader.services_elsewhere().await?;
    secret::read(&mut reader).await?;
    let groups = gateway::read(&mut reader).await?;
    if options.extent.beside {
        beside::read(&mut reader, groups.as_ref()).await?;
    }
    Ok(reader.reading)
}

impl Reader<'_> {
    /// Ingresses: without them there is nothing to say.
    async fn ingresses(&mut self) -> Result<(), Error> {
        let namespace = self.namespace.clone();
        match self.objects(resource::INGRESSES, namespace.as_deref(), "").await {
            Ok(found) => absorb(&mut self.reading.inventory, found),
            Err(Failure::Forbidden(message)) => {
                let (whence, advice) = match &namespace {
                    Some(namespace) => {
                        (format!("in namespace {namespace}"), "`gateshift explain cluster-role` prints the permissions that are needed")
                    }
                    None => (
                        "in all namespaces".to_owned(),
                        "name one with `-n`, or see `gateshift explain cluster-role` for the permissions that are needed",
                    ),
                };
                return Err(Error::Forbidden { whence, message, advice });
            }
            Err(failure) => return Err(failure.fatal("Ingresses")),
        }
        if let Some(namespace) = namespace {
            self.note(Code::ClusterOneNamespace, vec![("namespace", namespace)]);
        }
        Ok(())
    }

    /// Everything of a kind.
    pub(super) async fn objects(&mut self, resource: Resource<'_>, namespace: Option<&str>, query: &str) -> Result<Inventory, Failure> {
        let path = resource.path(namespace);
        let api_version = resource.api_version();
        let list = List { path: &path, query, form: Form::Whole, page: self.options.page, kind: resource.kind };
        list::collect(&self.server, list, self.progress, |inventory: &mut Inventory, _, item| {
            keep_live(item, &api_version, resource.kind, inventory);
        })
        .await
    }

    /// One object; whether it is there.
    async fn object(&mut self, resource: Resource<'_>, namespace: Option<&str>, name: &str) -> Result<bool, Failure> {
        let path = format!("{}/{}", resource.path(namespace), resource::encoded(name));
        match self.server.get(&path, Form::Whole).await {
            Ok(node) => keep_live(&node, &resource.api_version(), resource.kind, &mut self.reading.inventory),
            Err(Failure::Absent) => return Ok(false),
            Err(failure) => return Err(failure),
        }
        Ok(true)
    }

    /// A kind that reading can do without.
    pub(super) async fn kind(&mut self, resource: Resource<'static>, namespace: Option<&str>) -> Result<(), Error> {
        match self.objects(resource, namespace, "").await {
            Ok(mut found) => {
                found.listed.insert(resource.kind);
                absorb(&mut self.reading.inventory, found);
                Ok(())
            }
            Err(failure) => self.assume(resource, &whence(namespace), failure),
        }
    }

    /// Says what is assumed in place of what cannot be read. Credentials that are no longer accepted end the run.
    pub(super) fn assume(&mut self, resource: Resource<'_>, whence: &str, failure: Failure) -> Result<(), Error> {
        let mut facts =
            vec![("kind", resource.kind.to_owned()), ("whence", whence.to_owned()), ("assumed", resource.assumption().to_owned())];
        match failure {
            Failure::Forbidden(_) => self.note(Code::ClusterForbidden, facts),
            Failure::Absent => self.note(Code::ClusterNotServed, facts),
            Failure::Unauthorized(_) => return Err(failure.fatal(resource.kind)),
            Failure::Expired => return self.assume(resource, whence, Failure::Broken("the list expired".to_owned())),
            Failure::Broken(error) => {
                facts.push(("error", error));
                self.note(Code::ClusterUnreadable, facts);
                self.reading.partial = true;
            }
        }
        Ok(())
    }

    pub(super) fn note(&mut self, code: Code, facts: Vec<(&'static str, String)>) {
        self.reading.findings.push(Finding::estate(code, facts));
    }

    async fn namespaces(&mut self) -> Result<(), Error> {
        let Some(namespace) = self.namespace.clone() else { return self.kind(resource::NAMESPACES, None).await };
        match self.object(resource::NAMESPACES, None, &namespace).await {
            Ok(_) => Ok(()),
            Err(failure) => self.assume(resource::NAMESPACES, "", failure),
        }
    }

    /// The Deployments and DaemonSets that may be the controller: by label first, which is cheap, then by image and arguments.
    async fn controller(&mut self) -> Result<(), Error> {
        let kinds = [resource::DEPLOYMENTS, resource::DAEMON_SETS];
        for query in [CONTROLLER_LABEL, ""] {
            for kind in kinds {
                match self.objects(kind, None, query).await {
                    Ok(found) => self.keep_workloads(found),
                    Err(Failure::Forbidden(message)) => self.controller_elsewhere(kind, message).await?,
                    Err(failure) => self.assume(kind, &whence(None), failure)?,
                }
            }
            // What cannot be read with a label cannot be read without.
            if !self.reading.inventory.workloads.is_empty() || self.reading.findings.iter().any(is_about_workloads) {
                break;
            }
        }
        if self.reading.inventory.workloads.is_empty() && !self.reading.findings.iter().any(is_about_workloads) {
            self.note(Code::ClusterControllerUnknown, Vec::new());
        }
        Ok(())
    }

    /// Looks for the controller where it usually is, when not all namespaces may be searched.
    async fn controller_elsewhere(&mut self, kind: Resource<'static>, message: String) -> Result<(), Error> {
        let own = self.namespace.clone();
        let namespaces: BTreeSet<&str> = CONTROLLER_NAMESPACES.into_iter().chain(own.as_deref()).collect();
        let before = self.reading.inventory.workloads.len();
        for namespace in namespaces {
            match self.objects(kind, Some(namespace), "").await {
                Ok(found) => self.keep_workloads(found),
                Err(Failure::Forbidden(_) | Failure::Absent) => {}
                Err(failure) => self.assume(kind, &whence(Some(namespace)), failure)?,
            }
        }
        if self.reading.inventory.workloads.len() == before {
            self.assume(kind, &whence(None), Failure::Forbidden(message))?;
        }
        Ok(())
    }

    /// Keeps what may be the controller and forgets the other workloads.
    fn keep_workloads(&mut self, found: Inventory) {
        for workload in found.workloads {
            let reference = found.objects[workload.id.0 as usize].0.clone();
            let inventory = &mut self.reading.inventory;
            if inventory.objects.iter().all(|(known, _)| *known != reference) {
                let id = inventory.register(reference, None);
                inventory.workloads.push(crate::k8s::Workload { id, ..workload });
            }
        }
    }

    /// The ConfigMaps that flags, annotations and other ConfigMaps name, one by one.
    async fn config_maps(&mut self) -> Result<(), Error> {
        let mut asked = BTreeSet::new();
        let mut missed = Missed::default();
        let mut wanted = named::config_maps(&self.reading.inventory, &self.options.arguments);
        while !wanted.is_empty() {
            for wanted in &wanted {
                let NamespacedName { namespace, name } = wanted;
                (self.progress)(Progress { kind: "ConfigMap", objects: asked.len() });
                let result = match missed.broken() {
                    Some(failure) => Err(failure),
                    None => self.object(resource::CONFIG_MAPS, Some(namespace), name).await,
                };
                if let Err(failure) = result {
                    missed.add(&wanted.to_string(), failure)?;
                }
            }
            asked.append(&mut wanted);
            wanted = named::by_config_maps(&self.reading.inventory);
            wanted.retain(|name| !asked.contains(name));
        }
        if missed.is_empty() {
            self.reading.inventory.listed.insert("ConfigMap");
        }
        missed.say(self, resource::CONFIG_MAPS, "named", "names")
    }

    /// Services of other namespaces that flags and ConfigMaps name, where one namespace is read.
    async fn services_elsewhere(&mut self) -> Result<(), Error> {
        let Some(own) = self.namespace.clone() else { return Ok(()) };
        if !self.reading.inventory.listed.contains("Service") {
            return Ok(());
        }
        for NamespacedName { namespace, name } in named::services(&self.reading.inventory, &self.options.arguments) {
            if namespace == own {
                continue;
            }
            if let Err(failure) = self.object(resource::SERVICES, Some(&namespace), &name).await {
                self.assume(resource::SERVICES, &format!(" `{namespace}/{name}`"), failure)?;
            }
        }
        Ok(())
    }
}

/// What could not be read of one kind, to be said at once however much it is.
#[derive(Default)]
pub(super) struct Missed {
    forbidden: Vec<String>,
    broken: Vec<String>,
    error: Option<String>,
}

impl Missed {
    /// Remembers a failure. Credentials that are no longer accepted end the run.
    pub(super) fn add(&mut self, what: &str, failure: Failure) -> Result<(), Error> {
        match failure {
            Failure::Forbidden(_) | Failure::Absent => self.forbidden.push(what.to_owned()),
            Failure::Unauthorized(_) => return Err(failure.fatal(what)),
            Failure::Expired => self.broken.push(what.to_owned()),
            Failure::Broken(error) => {
                self.broken.push(what.to_owned());
                self.error.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// The failure that is not waited for once more.
    pub(super) fn broken(&self) -> Option<Failure> {
        self.error.clone().map(Failure::Broken)
    }

    fn is_empty(&self) -> bool {
        self.forbidden.is_empty() && self.broken.is_empty()
    }

    pub(super) fn say(self, reader: &mut Reader<'_>, resource: Resource<'_>, one: &str, many: &str) -> Result<(), Error> {
        let whence = |names: &[String]| match names {
            [name] => format!(" {one} `{name}`"),
            names => {
                let first: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
                format!(" of {} {many} ({}{})", names.len(), first.join(", "), if names.len() > 3 { ", …" } else { "" })
            }
        };
        if !self.forbidden.is_empty() {
            reader.assume(resource, &whence(&self.forbidden), Failure::Forbidden(String::new()))?;
        }
        if !self.broken.is_empty() {
            let error = self.error.unwrap_or_else(|| "the list expired".to_owned());
            reader.assume(resource, &whence(&self.broken), Failure::Broken(error))?;
        }
        Ok(())
    }
}

fn is_about_workloads(finding: &Finding) -> bool {
    finding.facts.iter().any(|(name, value)| *name == "kind" && (value == "Deployment" || value == "DaemonSet"))
}

/// As the wording of findings has it.
pub(super) fn whence(namespace: Option<&str>) -> String {
    namespace.map_or_else(String::new, |namespace| format!(" in namespace `{namespace}`"))
}
