//! Findings of the old side, the ledger and the judge, as items that know which hosts and Ingresses they touch.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Input, beside,
    impact::{impact, impacts},
    model::{Item, Seen, Witness},
    names::Names,
    notes,
    places::Places,
};
use crate::{
    catalog,
    compare::{Cause, Difference, HostVerdict, Side, Treatment, Undecided, describe, witness},
    k8s::{Inventory, ObjectId, Step, Subject},
    ledger::{Code, Facts, Finding, Severity},
    nginx::Given,
    request::{NoAnswer, Outcome, Request},
};

/// Steps of a trace that are shown.
const STEPS: usize = 12;

/// Which Ingress and which host is where in the report.
pub(super) struct Index {
    /// Position of an Ingress by its object.
    pub(super) by_object: BTreeMap<ObjectId, usize>,
    /// Position of an Ingress by `namespace/name`.
    pub(super) by_name: BTreeMap<String, usize>,
    /// Position of a host by its label.
    pub(super) hosts: BTreeMap<String, usize>,
    /// Labels of hosts.
    pub(super) labels: Vec<String>,
    /// Hosts of each Ingress.
    pub(super) of_ingress: Vec<BTreeSet<usize>>,
    /// Ingresses of each host.
    pub(super) of_host: Vec<Vec<usize>>,
}

impl Index {
    /// Hosts of the comparison and of the old side, and which Ingress serves them.
    pub(super) fn new(input: &Input<'_>) -> Self {
        let inventory = input.inventory;
        let config = &input.resolved.config;
        let by_object: BTreeMap<ObjectId, usize> = inventory.ingresses.iter().enumerate().map(|(at, ingress)| (ingress.id, at)).collect();
        let by_name = beside::by_name(inventory).into_iter().map(|(name, at)| (name.to_string(), at)).collect();
        let mut index = Self {
            by_object,
            by_name,
            hosts: BTreeMap::new(),
            labels: Vec::new(),
            of_ingress: vec![BTreeSet::new(); inventory.ingresses.len()],
            of_host: Vec::new(),
        };
        for host in &input.comparison.hosts {
            index.host(&host.host);
        }
        for server in &config.servers {
            let label = label(&server.host);
            // What nobody names is a host only where somebody has routes for it, or the judge speaks of it.
            if server.host == "_" && server.ingresses.is_empty() && !index.hosts.contains_key(label) {
                continue;
            }
            let host = index.host(label);
            let of_server: Vec<usize> = server.ingresses.iter().filter_map(|&id| index.of_object(config.ingress(id).object)).collect();
            for &ingress in &of_server {
                index.of_ingress[ingress].insert(host);
            }
            for alias in &server.aliases {
                let Some(&host) = index.hosts.get(&alias.text.to_ascii_lowercase()) else { continue };
                for &ingress in &of_server {
                    index.of_ingress[ingress].insert(host);
                }
            }
        }
        for redirect in &config.redirects {
            let host = index.host(&redirect.from);
            if let Some(ingress) = index.of_object(config.ingress(redirect.ingress).object) {
                index.of_ingress[ingress].insert(host);
            }
        }
        index.of_host = vec![Vec::new(); index.labels.len()];
        for (ingress, hosts) in index.of_ingress.iter().enumerate() {
            for &host in hosts {
                index.of_host[host].push(ingress);
            }
        }
        index
    }

    fn host(&mut self, label: &str) -> usize {
        let key = label.to_ascii_lowercase();
        if let Some(&known) = self.hosts.get(&key) {
            return known;
        }
        self.hosts.insert(key, self.labels.len());
        self.labels.push(label.to_owned());
        self.labels.len() - 1
    }

    fn of_object(&self, object: ObjectId) -> Option<usize> {
        self.by_object.get(&object).copied()
    }
}

/// A host of the rules as the judge calls it.
pub(super) fn label(host: &str) -> &str {
    if host == "_" { "*" } else { host }
}

/// Makes items.
pub(super) struct Builder<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) names: &'a Names,
    pub(super) index: &'a Index,
    pub(super) places: Places,
}

/// Everything that is to be said of the input and of the ledger, each thing once.
pub(super) fn findings(input: &Input<'_>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::with_capacity(input.findings.len());
    let mut seen: BTreeSet<&Finding> = BTreeSet::new();
    for finding in input.findings {
        if seen.insert(finding) {
            all.push(finding.clone());
        }
    }
    let mut more = notes::of_ledger(input.ledger, &all, input.inventory, input.resolved);
    more.extend(notes::regex_hosts(input.resolved, &all));
    if input.controller.defaults_assumed {
        more.extend(notes::snippets_assumed_off(input.inventory, input.resolved));
    }
    more.extend(beside::findings(input.inventory, input.controller, input.gateway_namespace));
    all.extend(more);
    all
}

/// An item of a finding that is about no object.
pub(super) fn of_estate(finding: &Finding, names: &Names) -> Item {
    let facts: Facts = finding.facts.iter().map(|(name, value)| (*name, names.fact(name, value))).collect();
    new_item(finding.code, finding.code.severity(), &facts)
}

/// An item whose facts may be shown.
fn new_item(code: Code, severity: Severity, facts: &Facts) -> Item {
    let entry = catalog::finding(code.as_str());
    let advice = entry.map(|entry| entry.advice.as_str()).filter(|advice| advice.contains('{'));
    Item {
        code,
        severity,
        impact: &impacts()[impact(code)].id,
        message: entry.map_or_else(|| code.to_string(), |entry| catalog::render(&entry.message, facts)),
        advice: advice.map(|advice| catalog::render(advice, facts)),
        cluster: None,
        object: None,
        field: None,
        file: None,
        line: None,
        column: None,
        host: None,
        witness: None,
        accepted: None,
        known: false,
        hosts: Vec::new(),
        ingresses: Vec::new(),
    }
}

impl Builder<'_> {
    /// All items, unsorted.
    pub(super) fn items(&self, findings: &[Finding]) -> Vec<Item> {
        let mut items: Vec<Item> = findings.iter().map(|finding| self.finding(finding)).collect();
        for host in &self.input.comparison.hosts {
            items.extend(host.differences.iter().map(|difference| self.difference(host, difference)));
            items.extend(host.undecided.iter().map(|undecided| self.undecided(host, undecided)));
        }
        items
    }

    fn place(&self, item: &mut Item, subject: &Subject) {
        let inventory = self.input.inventory;
        item.object = Some(self.names.object(inventory.object(subject.object)));
        if !subject.field.steps().is_empty() {
            item.field = Some(self.names.field(&field(subject), known_field(subject)));
        }
        if let Some((source, line, column)) = self.places.get(subject) {
            item.file = Some(self.names.file(&inventory.sources.0[source as usize].name));
            item.line = Some(line);
            item.column = Some(column);
        }
    }

    fn finding(&self, finding: &Finding) -> Item {
        let mut item = of_estate(finding, self.names);
        if let Some(subject) = &finding.subject {
            self.place(&mut item, subject);
        }
        // The place in the text tells more than the field: a directive inside of a snippet.
        if let Some((source, span)) = finding.at {
            let sources = &self.input.inventory.sources;
            let (line, column) = sources.line_column(source, span.start);
            item.file = Some(self.names.file(&sources.0[source as usize].name));
            item.line = Some(line);
            item.column = Some(column);
        }
        let fact = |wanted: &str| finding.facts.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        let of_subject = finding.subject.as_ref().and_then(|subject| self.index.by_object.get(&subject.object)).copied();
        let ingress = of_subject.or_else(|| self.index.by_name.get(fact("ingress")?).copied());
        item.ingresses.extend(ingress);
        let named = fact("host").and_then(|host| self.index.hosts.get(&label(host).to_ascii_lowercase())).copied();
        let of_rule = finding.subject.as_ref().and_then(|subject| self.host_of_rule(subject));
        match (named.or(of_rule), ingress) {
            (Some(host), _) => item.hosts.push(host),
            (None, Some(ingress)) => item.hosts.extend(&self.index.of_ingress[ingress]),
            (None, None) if finding.code == Code::TlsNoCertificate => {
                item.hosts.extend(self.without_certificate());
                let served: BTreeSet<usize> = item.hosts.iter().flat_map(|&host| self.index.of_host[host].iter().copied()).collect();
                item.ingresses = served.into_iter().collect();
            }
            (None, None) => {}
        }
        item
    }

    /// Hosts that are served with the built-in certificate.
    fn without_certificate(&self) -> impl Iterator<Item = usize> {
        let names = self.input.resolved.config.names_without_certificate();
        names.into_iter().filter_map(|name| self.index.hosts.get(&name).copied())
    }

    /// The host of the rule that a place belongs to.
    fn host_of_rule(&self, subject: &Subject) -> Option<usize> {
        let [Step::Key(spec), Step::Key(rules), Step::Index(rule), ..] = subject.field.steps() else { return None };
        if spec != "spec" || rules != "rules" {
            return None;
        }
        let ingress = &self.input.inventory.ingresses[*self.index.by_object.get(&subject.object)?];
        let host = ingress.rules.get(*rule as usize)?.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("*");
        self.index.hosts.get(&host.to_ascii_lowercase()).copied()
    }

    fn difference(&self, host: &HostVerdict, difference: &Difference) -> Item {
        let facts: Facts = vec![
            ("witness", self.request(&difference.witness)),
            ("old", self.outcome(&difference.old.decision.outcome)),
            ("new", self.outcome(&difference.new.decision.outcome)),
            ("header", self.names.fact("header", &difference.details.join("`, `"))),
            ("bytes", difference.witness.body_bytes.to_string()),
            ("limit", limit(difference).to_owned()),
        ];
        let mut item = new_item(difference.code, self.severity(difference), &facts);
        let from_old = |cause: &&Cause| cause.side == Side::Old;
        if let Some(cause) = difference.causes.iter().find(from_old) {
            self.place(&mut item, &cause.subject);
        }
        item.host = Some(self.names.host(&host.host));
        item.accepted = difference.accepted.as_deref().map(|reason| self.names.text(reason));
        item.witness = Some(Witness {
            request: self.request(&difference.witness),
            curl: if self.names.redacted() { String::new() } else { witness_curl(&difference.witness) },
            region: self.names.text(&difference.region),
            old: self.seen(&difference.old, self.input.inventory, true),
            new: self.seen(&difference.new, self.input.manifests, false),
        });
        item.hosts.extend(self.index.hosts.get(&host.host.to_ascii_lowercase()));
        let causes = difference.causes.iter().filter(from_old).filter_map(|cause| self.index.by_object.get(&cause.subject.object));
        item.ingresses = causes.copied().collect::<BTreeSet<usize>>().into_iter().collect();
        item
    }

    /// How much a difference matters. A limit that nobody set is a default: the estate has a finding of its own about those.
    fn severity(&self, difference: &Difference) -> Severity {
        if difference.code != Code::DifferenceBodyLimit {
            return difference.severity;
        }
        let resolved = self.input.resolved;
        let ingress = difference
            .causes
            .iter()
            .filter(|cause| cause.side == Side::Old)
            .find_map(|cause| self.index.by_object.get(&cause.subject.object));
        let own = ingress.and_then(|&at| resolved.ingresses[at].settings.as_ref());
        let proxy = own.map_or(&resolved.config.globals.defaults.proxy, |settings| &settings.proxy);
        if proxy.body_size.given == Given::Default {
            difference.severity.min(Code::DefaultBodyLimit.severity())
        } else {
            difference.severity
        }
    }

    fn undecided(&self, host: &HostVerdict, undecided: &Undecided) -> Item {
        let witness = undecided.example.as_ref().map(|request| self.request(request)).unwrap_or_default();
        let facts: Facts = vec![
            ("host", self.names.host(&host.host)),
            ("region", self.names.text(&undecided.region)),
            ("reason", self.names.text(&undecided.reason)),
            ("witness", witness),
        ];
        let mut item = new_item(undecided.code, undecided.severity, &facts);
        item.host = Some(self.names.host(&host.host));
        item.hosts.extend(self.index.hosts.get(&host.host.to_ascii_lowercase()));
        item.ingresses = item.hosts.iter().flat_map(|&host| self.index.of_host[host].iter().copied()).collect();
        item
    }

    fn request(&self, request: &Request) -> String {
        if !self.names.redacted() {
            return crate::report::printable(&witness::long(request));
        }
        let scheme = match request.scheme {
            crate::request::Scheme::Http => "http",
            crate::request::Scheme::Https => "https",
        };
        let host = request.host.as_deref().map(|host| self.names.host(host)).unwrap_or_default();
        let path = request.target.split('?').next().unwrap_or_default();
        format!("{} {scheme}://{host}{}", crate::report::printable(&request.method), self.names.path(path))
    }

    fn outcome(&self, outcome: &Outcome) -> String {
        if !self.names.redacted() {
            return crate::report::printable(&describe::outcome(outcome));
        }
        match outcome {
            Outcome::Forward(forward) => {
                let names: Vec<String> = forward
                    .split
                    .iter()
                    .map(|share| share.backend.as_ref().map_or_else(|| "nobody".to_owned(), |name| self.names.backend(name)))
                    .collect();
                format!("sent to {}", names.join(" and "))
            }
            Outcome::Redirect { status, .. } => format!("redirected ({status})"),
            Outcome::Respond { status, .. } => format!("answered with {status}"),
            Outcome::Deny { status, .. } => format!("refused with {status}"),
            Outcome::NoRoute { .. } => "answered with 404".to_owned(),
            Outcome::NoAnswer(NoAnswer::Refused) => "refused by the port".to_owned(),
            Outcome::NoAnswer(NoAnswer::Reset) => "cut off".to_owned(),
            Outcome::NoAnswer(NoAnswer::Tls) => "refused in the TLS handshake".to_owned(),
            Outcome::Unmodelled { .. } => "not known".to_owned(),
        }
    }

    fn seen(&self, treatment: &Treatment, inventory: &Inventory, old: bool) -> Seen {
        let steps = treatment.decision.trace.iter().take(STEPS).map(|step| {
            let place = step.because.as_ref().and_then(|subject| {
                let object = self.names.object(&inventory.objects.get(subject.object.0 as usize)?.0);
                let at = old.then(|| self.places.get(subject)).flatten();
                Some(match at {
                    Some((source, line, _)) => {
                        format!(" [{object}, {}:{line}]", self.names.file(&inventory.sources.0[source as usize].name))
                    }
                    None => format!(" [{object}]"),
                })
            });
            format!("{}{}", self.names.text(&step.text), place.unwrap_or_default())
        });
        let steps = if self.names.redacted() { Vec::new() } else { steps.collect() };
        Seen { outcome: self.outcome(&treatment.decision.outcome), steps }
    }
}

fn witness_curl(request: &Request) -> String {
    crate::report::printable_within(&witness::curl(request, "ADDRESS"), 4000)
}

fn limit(difference: &Difference) -> &'static str {
    match &difference.new.decision.outcome {
        Outcome::Respond { status: 504, .. } => "the time limit of the new side",
        _ => "",
    }
}

/// A field as people name it: the key of an annotation, else the path.
pub(super) fn field(subject: &Subject) -> String {
    match subject.field.steps() {
        [Step::Key(metadata), Step::Key(annotations), Step::Key(key)] if metadata == "metadata" && annotations == "annotations" => {
            key.to_string()
        }
        _ => subject.field.to_string(),
    }
}

/// The field tells nothing about whose estate it is.
pub(super) fn known_field(subject: &Subject) -> bool {
    match subject.field.steps() {
        [Step::Key(metadata), Step::Key(annotations), Step::Key(key)] if metadata == "metadata" && annotations == "annotations" => {
            catalog::resolve(key, catalog::DEFAULT_PREFIX).is_of_controller()
        }
        [Step::Key(data), Step::Key(key)] if data == "data" => catalog::configmap_keys().get(key).is_some(),
        steps => steps.iter().all(|step| match step {
            Step::Key(key) => FIELDS.contains(&key.as_ref()),
            Step::Index(_) => true,
        }),
    }
}

/// Fields of an Ingress, in all its versions, whose names tell nothing.
const FIELDS: [&str; 22] = [
    "apiGroup",
    "apiVersion",
    "backend",
    "defaultBackend",
    "host",
    "hosts",
    "http",
    "ingressClassName",
    "kind",
    "name",
    "number",
    "path",
    "pathType",
    "paths",
    "port",
    "resource",
    "rules",
    "secretName",
    "service",
    "serviceName",
    "servicePort",
    "spec",
];
