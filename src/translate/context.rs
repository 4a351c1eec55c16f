//! What every step of the translation shares: the configuration, the options, and the account that is being written.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, OnceLock},
};

use super::{
    emission::{Emission, Sayable},
    listeners::OtherCertificate,
    marks::Marks,
    own_annotations::OwnAnnotations,
    plan::Changed,
    protocol::{Spoken, TlsWishes},
};
use crate::{
    gateway::{
        Intent,
        api::{Kind, ParentRef, Resource, Spec},
    },
    k8s::{Inventory, NamespacedName, ObjectId, Subject},
    ledger::{Code, Facts, Finding, Findings, Settlement},
    nginx::{Config, IngressId},
    targets::{self, Answer, Target},
    threads,
};

/// Hosts, or routes, that take about as long as a thread takes to start.
pub const MANY_HOSTS: usize = 256;

/// Choices of the user.
#[derive(Clone)]
pub struct Options {
    /// Gateway to emit.
    pub gateway: NamespacedName,
    /// Class of the Gateway; a placeholder and a finding where absent.
    pub gateway_class: Option<String>,
    /// Also emit the GatewayClass.
    pub emit_gateway_class: bool,
    /// Label on namespaces by which routes are admitted, instead of by namespace name.
    pub namespace_label: Option<(String, String)>,
    /// Implementation.
    pub target: &'static dyn Target,
    /// Emit routes although their access control is lost.
    pub allow_unprotected: bool,
    /// Use raw configuration of the implementation where nothing else says it.
    pub allow_raw: bool,
    /// Switches of the implementation that are on.
    pub switches: BTreeSet<String>,
    /// Annotations of the user's own.
    pub own: OwnAnnotations,
    /// Version, channel, and what is there already.
    pub emission: Emission,
    /// How many hosts or routes are worth a second thread, which changes nothing of the result.
    pub second_thread_from: usize,
}

impl Options {
    /// For a target, a Gateway of this class under the usual name, and nothing else out of the ordinary.
    pub fn of(target: &'static dyn Target, gateway_class: &str) -> Self {
        Self {
            gateway: NamespacedName::new("gateway-system", "gateway"),
            gateway_class: Some(gateway_class.to_owned()),
            emit_gateway_class: false,
            namespace_label: None,
            target,
            allow_unprotected: false,
            allow_raw: false,
            switches: BTreeSet::new(),
            own: OwnAnnotations::default(),
            emission: Emission::default(),
            second_thread_from: MANY_HOSTS,
        }
    }
}

/// Whether names are in the table of certificates, so that `ssl-redirect` sends their plain requests to HTTPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certified {
    Yes,
    No,
}

impl Certified {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
        }
    }
}

/// The shared state.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Cx<'a> {
    pub(super) config: &'a Config,
    pub(super) inventory: &'a Inventory,
    pub(super) options: &'a Options,
    pub(super) marks: Marks,
    /// Settlements of paths by their place.
    pub(super) paths: BTreeMap<Subject, Settlement>,
    /// Settlements of directives of snippets.
    pub(super) directives: BTreeMap<super::snippet::Spot, Settlement>,
    pub(super) grants: super::grants::Grants,
    pub(super) sayable: Sayable,
    pub(super) tls_wishes: TlsWishes,
    /// What all locations say of Services, once somebody asks.
    pub(super) spoken: Arc<OnceLock<Spoken>>,
    /// Response headers in lower case that some location sets itself, once somebody asks.
    pub(super) set_by_locations: Arc<OnceLock<BTreeSet<String>>>,
    /// Settlements of annotations of other tools, by object and key.
    pub(super) tools: BTreeMap<(ObjectId, String), Settlement>,
    /// Prefixes are replaced by expressions on the host that is being translated.
    pub(super) rewrites_by_regex: bool,
    /// The host that is being translated has expressions as paths.
    pub(super) expressions: bool,
    /// Whether the names that are being translated have a certificate.
    pub(super) certified: Certified,
    /// The only name of the host that is being translated; `None` where it has others, or a wildcard.
    pub(super) only_name: Option<String>,
    /// The host that is being translated has names alone, and no wildcard.
    pub(super) named: bool,
    /// TLS to a Service behind the location that is being translated is verified, where that makes objects of the target void.
    pub(super) verified: bool,
    /// Rules and headers say what CORS does at the location that is being translated.
    pub(super) cors_by_rules: bool,
    /// A snippet refuses paths of the host that no match can say.
    pub(super) refuses_unsaid_paths: bool,
    /// What the target keeps with objects of its own for the location that is being translated.
    pub(super) wishes: Vec<Intent>,
    /// Changes of the rule before, for the next one to share.
    pub(super) last_changes: Changed,
    /// Annotations that are kept at the location that is being translated, if it is served.
    pub(super) kept_here: Vec<(IngressId, &'static str)>,
    /// What of policies for Services the target keeps, and the annotations of which Ingress ask for it.
    asked: BTreeMap<(IngressId, Intent), BTreeSet<&'static str>>,
    findings: Findings,
    said: BTreeSet<(Code, Option<Subject>, String)>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(config: &'a Config, inventory: &'a Inventory, options: &'a Options) -> Self {
        Self {
            config,
            inventory,
            options,
            marks: Marks::default(),
            paths: BTreeMap::new(),
            directives: BTreeMap::new(),
            grants: super::grants::Grants::default(),
            sayable: Sayable::of(&options.emission, options.target.id()),
            tls_wishes: TlsWishes::new(),
            tools: BTreeMap::new(),
            spoken: Arc::default(),
            set_by_locations: Arc::default(),
            wishes: Vec::new(),
            kept_here: Vec::new(),
            last_changes: Changed::default(),
            rewrites_by_regex: false,
            expressions: false,
            certified: Certified::No,
            only_name: None,
            named: false,
            verified: false,
            cors_by_rules: false,
            refuses_unsaid_paths: false,
            asked: BTreeMap::new(),
            findings: Findings::new(),
            said: BTreeSet::new(),
        }
    }

    /// One for another part of the same estate, of which nothing was said yet.
    fn afresh(&self) -> Self {
        Self {
            spoken: Arc::clone(&self.spoken),
            set_by_locations: Arc::clone(&self.set_by_locations),
            ..Self::new(self.config, self.inventory, self.options)
        }
    }

    /// Settles annotations of an Ingress, together with what was said of them before.
    pub(super) fn mark(&mut self, ingress: IngressId, names: &[&'static str], settlement: &Settlement) {
        for &name in names {
            self.marks.join(ingress, name, settlement);
        }
        if !matches!(settlement, Settlement::NoEffect { .. } | Settlement::Unmappable { .. }) {
            self.kept_here.extend(names.iter().map(|name| (ingress, *name)));
        }
    }

    /// What comes of each item, in their order. A second thread takes the latter half of many, and what is said is what one thread
    /// would say.
    pub(super) fn for_all<T: Send, R: Send>(&mut self, items: Vec<T>, each: impl Fn(&mut Self, T) -> R + Sync) -> Vec<R> {
        if items.len() < self.options.second_thread_from {
            return items.into_iter().map(|item| each(self, item)).collect();
        }
        let mut later = self.afresh();
        let all = threads::halves(items, |item| each(self, item), |item| each(&mut later, item));
        self.absorb(later);
        all
    }

    /// Takes what was said of items that come after those that were looked at here.
    fn absorb(&mut self, later: Self) {
        let Self { marks, paths, directives, grants, tls_wishes, tools, asked, findings, .. } = later;
        for (key, names) in asked {
            self.asked.entry(key).or_default().extend(names);
        }
        self.marks.absorb(marks);
        self.grants.absorb(grants);
        self.tools.extend(tools);
        for (service, wishes) in tls_wishes {
            let known = self.tls_wishes.entry(service).or_default();
            for (wish, ingresses) in wishes {
                known.entry(wish).or_default().extend(ingresses);
            }
        }
        for (place, settlement) in paths {
            self.mark_path(&place, settlement);
        }
        for (spot, settlement) in directives {
            self.mark_directive(spot, settlement);
        }
        for finding in findings {
            if self.said.insert((finding.code, finding.subject.clone(), words(&finding.facts))) {
                self.findings.push(finding);
            }
        }
    }

    /// Says something once; the same code about the same place in the same words is not repeated.
    pub(super) fn say(&mut self, code: Code, subject: Option<Subject>, mut facts: Facts) {
        facts.extend(self.fate(code).map(|fate| ("fate", fate.to_owned())));
        if self.said.insert((code, subject.clone(), words(&facts))) {
            self.findings.push(match subject {
                Some(subject) => Finding::about(code, subject, facts),
                None => Finding::estate(code, facts),
            });
        }
    }

    /// What becomes of those whose access control is lost: nobody is served, unless everybody may be.
    fn fate(&self, code: Code) -> Option<&'static str> {
        let open = self.options.allow_unprotected;
        match code {
            Code::AccessAddressLists
            | Code::AccessBasicAuth
            | Code::AccessBlockedAgents
            | Code::AccessDigestAuth
            | Code::AccessExternalAuth
            | Code::AccessFirewall
            | Code::AccessGlobalAuth
            | Code::AccessPasswordHashes => Some(if open { "are left open" } else { "answer 500" }),
            Code::AccessSatisfyAny => Some(if open { "ask for both" } else { "answer 500" }),
            Code::AccessClientCertificates | Code::AccessClientCertificatesPlace | Code::AccessClientSubject => {
                Some(if open { "is left open" } else { "answers 500" })
            }
            _ => None,
        }
    }

    /// Says something about a part of a text, once.
    pub(super) fn say_at(&mut self, code: Code, subject: Option<Subject>, text: &str, part: Range<usize>, facts: Facts) {
        let count = self.findings.len();
        self.say(code, subject, facts);
        if self.findings.len() > count
            && let Some(finding) = self.findings.last_mut()
            && let Some(subject) = &finding.subject
        {
            finding.at = self.inventory.part_of_text(subject, text, part);
        }
    }

    /// A text of nginx in which `$host` is replaced by the name of the host that is being translated, where it has only one.
    pub(super) fn with_name<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        let Some(name) = self.only_name.as_ref().filter(|_| text.contains('$')) else { return text.into() };
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let longer = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let behind = rest.strip_prefix("${host}").or_else(|| rest.strip_prefix("$host").filter(|rest| !longer(rest)));
            match behind {
                Some(behind) => {
                    filled.push_str(name);
                    rest = behind;
                }
                None => {
                    filled.push('$');
                    rest = &rest[1..];
                }
            }
        }
        filled.push_str(rest);
        filled.into()
    }

    /// Place of an annotation.
    pub(super) fn annotation(&self, ingress: IngressId, name: &str) -> Subject {
        self.config.annotation(ingress, name)
    }

    /// `namespace/name` of an Ingress.
    pub(super) fn ingress_name(&self, ingress: IngressId) -> String {
        self.config.ingress(ingress).name.to_string()
    }

    /// The Gateway is written here. To one that is there already nothing is attached: it serves others too.
    pub(super) fn owns_gateway(&self) -> bool {
        self.options.emission.existing.is_none()
    }

    /// Policies for the Gateway take the PROXY protocol.
    pub(super) fn takes_proxy_protocol(&self) -> bool {
        self.options.target.takes_proxy_protocol() && self.owns_gateway()
    }

    /// What the target makes of an intent, with raw configuration where the user allows it.
    pub(super) fn answer(&self, intent: &Intent) -> Answer {
        let target = self.options.target;
        let forwarded = &self.config.globals.forwarded;
        let by_address = matches!(intent, Intent::AddressLists { .. } | Intent::RateLimit { .. });
        // The address of the proxy in front is not that of the client, which stands in a header or comes before the first request.
        let told = forwarded.believe_header();
        let found = !told || (target.finds_client() && forwarded.tell_client() && self.owns_gateway());
        let proxied = *forwarded.proxy_protocol && !self.takes_proxy_protocol();
        if by_address && (!found || proxied) {
            return targets::of_core(intent);
        }
        // What is narrowed to a host and its paths needs names and paths that say all.
        let narrow = matches!(intent, Intent::AddressLists { .. }) && target.narrows_to_hosts();
        if narrow && (!self.named || self.expressions) {
            return Answer::No(Code::AccessListNarrow);
        }
        match target.answer(intent) {
            Answer::Kept { kind, .. } if self.verified && target.void_beside_backend_tls() == Some(kind) => {
                Answer::No(Code::PolicyBesideBackendTls)
            }
            Answer::No(code) => {
                let raw = || target.raw(intent).filter(|_| self.options.allow_raw);
                let switched = target.switched(intent).filter(|(switch, _)| self.options.switches.contains(*switch));
                switched.map(|(_, answer)| answer).or_else(raw).unwrap_or(Answer::No(code))
            }
            answer @ (Answer::Already | Answer::Kept { .. }) => answer,
        }
    }

    /// Whether the target keeps an intent.
    pub(super) fn keeps(&self, intent: &Intent) -> bool {
        matches!(self.answer(intent), Answer::Kept { .. })
    }

    /// Puts an intent of an Ingress to the target, settles the annotations it came from, and gives the code where the target has no answer.
    pub(super) fn ask(&mut self, ingress: IngressId, names: &[&'static str], intent: &Intent, facts: Facts) -> Option<Code> {
        let (lost, codes) = self.put(ingress, names, intent);
        for code in codes {
            self.say_about(ingress, names, code, facts.clone());
        }
        lost
    }

    /// Says something about the first of these annotations that the Ingress really has; often there is only one.
    pub(super) fn say_about(&mut self, ingress: IngressId, names: &[&'static str], code: Code, mut facts: Facts) {
        facts.push(("ingress", self.ingress_name(ingress)));
        facts.push(("target", self.options.target.id().to_owned()));
        let has = |name: &&&str| {
            let key = format!("{}/{name}", self.config.globals.flags.annotations_prefix);
            self.inventory_ingress(ingress).is_some_and(|read| read.meta.annotations.contains_key(&key))
        };
        let name = if let [only] = names { Some(only) } else { names.iter().find(has).or(names.first()) };
        let subject = name.map(|name| self.annotation(ingress, name));
        self.say(code, subject, facts);
    }

    /// The same without a word: the code where the target has no answer, and everything that is to be said.
    pub(super) fn put(&mut self, ingress: IngressId, names: &[&'static str], intent: &Intent) -> (Option<Code>, Vec<Code>) {
        match self.answer(intent) {
            Answer::No(code) => {
                self.mark(ingress, names, &unmappable(code));
                (Some(code), vec![code])
            }
            Answer::Already => {
                self.mark(ingress, names, &Settlement::Exact);
                (None, Vec::new())
            }
            Answer::Kept { kind, changes } => {
                let target = self.options.target.id().to_owned();
                let codes = changes.iter().copied().collect();
                self.mark(ingress, names, &Settlement::Policy { target, kind: kind.to_owned(), codes });
                if changes.contains(&Code::PolicyOfService) {
                    self.asked.entry((ingress, intent.clone())).or_default().extend(names);
                }
                self.wishes.push(intent.clone());
                (None, changes)
            }
        }
    }

    /// Settles what another Ingress decides for the same Service, although the target has a field for it.
    pub(super) fn lose(&mut self, age: usize, intent: &Intent) {
        let Ok(ingress) = u32::try_from(age).map(IngressId) else { return };
        let names: Vec<&'static str> = self.asked.get(&(ingress, intent.clone())).into_iter().flatten().copied().collect();
        self.mark(ingress, &names, &unmappable(Code::PolicyServiceShared));
    }

    /// What the target keeps for the location, sorted, each once.
    pub(super) fn take_wishes(&mut self) -> Vec<Intent> {
        let mut wishes = std::mem::take(&mut self.wishes);
        wishes.sort();
        wishes.dedup();
        wishes
    }

    /// Settles a path, together with what was said of it before.
    pub(super) fn mark_path(&mut self, place: &Subject, settlement: Settlement) {
        join(&mut self.paths, place, settlement);
    }

    /// Settles keys of the controller's ConfigMap.
    pub(super) fn mark_settings(&mut self, keys: &[&'static str], settlement: &Settlement) {
        let Some(map) = &self.config.globals.config_map else { return };
        for &key in keys {
            self.mark_path(&Subject { object: map.object, field: map.field.child(key) }, settlement.clone());
        }
    }

    /// Settles a directive of a snippet, together with what was said of it before.
    pub(super) fn mark_directive(&mut self, spot: super::snippet::Spot, settlement: Settlement) {
        join(&mut self.directives, &spot, settlement);
    }

    /// Name of the Gateway that exists.
    fn existing_gateway(&self) -> String {
        self.options.emission.existing.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// A Gateway that exists has no listener that takes something.
    pub(super) fn say_no_listener(&mut self, what: &str, reason: String, place: Option<Subject>) {
        let facts = vec![("what", what.to_owned()), ("gateway", self.existing_gateway()), ("reason", reason)];
        self.say(Code::GatewayNoListener, place, facts);
    }

    /// A listener of a Gateway that exists shows another certificate for a host.
    pub(super) fn say_other_certificate(&mut self, host: &str, parent: &ParentRef, other: &OtherCertificate) {
        let OtherCertificate { secret, shown } = other;
        let shown = shown.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let facts = vec![
            ("host", host.to_owned()),
            ("listener", parent.section_name.clone().unwrap_or_default()),
            ("gateway", self.existing_gateway()),
            ("secret", secret.to_string()),
            ("shown", shown),
        ];
        let place = self.settle_tls(host, differs(Code::TlsOtherCertificate));
        self.say(Code::TlsOtherCertificate, place, facts);
    }

    /// Settles the entry of `spec.tls` that gives a host its certificate, and tells where it stands.
    pub(super) fn settle_tls(&mut self, host: &str, settlement: Settlement) -> Option<Subject> {
        let place = self.config.server(host).and_then(|server| server.tls.as_ref()?.because.clone())?;
        self.mark_path(&place, settlement);
        Some(place)
    }

    /// What was kept of the annotations of an Ingress was kept for routes that nobody reaches.
    pub(super) fn lose_kept(&mut self, ingress: IngressId, code: Code) {
        self.marks.join_kept(ingress, &unmappable(code));
    }

    /// The object in a version that is served.
    pub(super) fn in_served_version<S: Spec>(&self, object: Resource<S>, kind: Kind) -> Resource<S> {
        match self.sayable.version_of(kind) {
            Some(version) => object.in_version(version),
            None => object,
        }
    }

    /// The status that is written for one that nginx sends because of these annotations.
    pub(super) fn redirect_status(&mut self, status: u16, ingress: IngressId, names: &[&'static str]) -> u16 {
        let written = self.sayable.redirect(status);
        if written != status {
            let facts = vec![("old", status.to_string()), ("new", written.to_string()), ("version", self.who_lacks_status(status))];
            self.say(Code::RedirectStatusDegraded, None, facts);
            self.mark(ingress, names, &differs(Code::RedirectStatusDegraded));
        }
        written
    }

    fn who_lacks_status(&self, status: u16) -> String {
        super::emission::status_feature(status).map_or_else(|| self.sayable.name(), |feature| self.sayable.who_lacks(feature))
    }

    /// Everything that was said of annotations, of paths, of annotations of other tools, and to the user.
    pub(super) fn finish(self) -> Finished {
        let Self { marks, paths, directives, tools, findings, .. } = self;
        Finished { marks, paths, directives, tools, findings }
    }
}

/// Settles something, together with what was said of it before.
fn join<K: Ord + Clone>(settled: &mut BTreeMap<K, Settlement>, key: &K, settlement: Settlement) {
    match settled.get_mut(key) {
        Some(before) => before.join(&settlement),
        None => drop(settled.insert(key.clone(), settlement)),
    }
}

/// Facts as one text, by which what was said already is known again.
fn words(facts: &Facts) -> String {
    facts.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n")
}

/// The account of a translation.
pub(super) struct Finished {
    /// Settlements of annotations.
    pub(super) marks: Marks,
    /// Settlements of paths.
    pub(super) paths: BTreeMap<Subject, Settlement>,
    /// Settlements of directives of snippets.
    pub(super) directives: BTreeMap<super::snippet::Spot, Settlement>,
    /// Settlements of annotations of other tools.
    pub(super) tools: BTreeMap<(ObjectId, String), Settlement>,
    /// What is to be said.
    pub(super) findings: Findings,
}

/// Not converted, for the reason of the code.
pub(super) fn unmappable(code: Code) -> Settlement {
    Settlement::Unmappable { codes: BTreeSet::from([code]) }
}

/// Kept with a difference.
pub(super) fn differs(code: Code) -> Settlement {
    Settlement::Differs { codes: BTreeSet::from([code]) }
}

/// A number of nginx; what is negative counts as none.
pub(super) fn positive(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Without effect.
pub(super) fn no_effect(why: &str) -> Settlement {
    Settlement::NoEffect { why: why.to_owned() }
}
