//! Findings about what the controller makes of the Ingresses.

use std::collections::BTreeSet;

use super::{
    Controller, Fate, IngressFacts, Options, Order, PathFate,
    facts::{Ignored, LeftOut},
    locations::text,
    order,
    servers::host,
};
use crate::{
    annotations::{Absent, Consequence, Effect, TOO_RISKY},
    k8s::{FieldPath, Ingress, Inventory, Step, Subject},
    ledger::{Code, Finding, Findings},
    nginx::{Config, IngressId, RefusalKind, Server, Target, UpstreamId},
};

/// Annotations whose unusable values switch authentication off.
const AUTHENTICATION: &[&str] = &["auth-always-set-cookie", "auth-cache-duration", "auth-request-redirect", "auth-type", "auth-url"];

/// What findings are made of.
struct Cx<'a> {
    inventory: &'a Inventory,
    config: &'a Config,
    facts: &'a [IngressFacts],
    findings: Findings,
    /// The user said in which order the Ingresses were created, and no creation time says otherwise.
    ordered: bool,
    /// Ingresses that do not say how requests to an upstream are distributed, where an assumed order decides that.
    distributed: BTreeSet<(IngressId, UpstreamId)>,
}

/// Findings of the controller's settings, and about single Ingresses, upstreams and hosts.
pub(super) fn of_objects(
    inventory: &Inventory,
    controller: &Controller,
    options: Options,
    config: &Config,
    facts: &[IngressFacts],
    shared: &[Shared],
) -> Findings {
    let mut cx = Cx { findings: controller.findings.clone(), ..Cx::new(inventory, options, config, facts) };
    for (ingress, found) in inventory.ingresses.iter().zip(facts) {
        cx.ingress(ingress, found);
    }
    for shared in shared {
        cx.shared(shared);
    }
    for server in &config.servers {
        cx.server(server);
    }
    cx.findings
}

/// Findings about the whole: what nginx refuses, and what was assumed.
pub(super) fn of_the_whole(
    inventory: &Inventory,
    controller: &Controller,
    options: Options,
    config: &Config,
    facts: &[IngressFacts],
) -> Findings {
    let mut cx = Cx::new(inventory, options, config, facts);
    cx.refusals();
    cx.assumed(options);
    if controller.defaults_assumed {
        cx.settings_assumed();
    }
    if controller.flags_assumed {
        cx.flags_assumed();
    }
    cx.findings
}

/// A path whose Service has the upstream name of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    /// The Ingress.
    pub(crate) ingress: IngressId,
    /// The backend.
    pub(crate) field: FieldPath,
    /// Its Service.
    pub(crate) service: String,
    /// The Service that came first.
    pub(crate) first: String,
    /// The name.
    pub(crate) upstream: String,
}

fn name(ingress: &Ingress) -> String {
    ingress.meta.key().to_string()
}

fn whole(ingress: &Ingress) -> Subject {
    Subject::new(ingress.id, FieldPath::root())
}

fn path_place(ingress: &Ingress, rule: usize, path: usize) -> Subject {
    Subject::new(ingress.id, [Step::from("spec"), "rules".into(), rule.into(), "http".into(), "paths".into(), path.into(), "path".into()])
}

impl<'a> Cx<'a> {
    fn new(inventory: &'a Inventory, options: Options, config: &'a Config, facts: &'a [IngressFacts]) -> Self {
        let ordered = options.order == Order::Document && inventory.ingresses.iter().all(|ingress| ingress.meta.created.is_none());
        Self { inventory, config, facts, findings: Findings::new(), ordered, distributed: BTreeSet::new() }
    }

    fn push(&mut self, code: Code, subject: Subject, facts: Vec<(&'static str, String)>) {
        self.findings.push(Finding::about(code, subject, facts));
    }

    fn annotation(&self, ingress: &Ingress, name: &str) -> Subject {
        Subject::new(ingress.id, FieldPath::annotation(format!("{}/{name}", self.config.globals.flags.annotations_prefix)))
    }

    /// The Ingress object behind one that counts.
    fn counted(&self, id: IngressId) -> &Ingress {
        &self.inventory.ingresses[super::position(self.inventory, self.config.ingress(id).object)]
    }

    fn ingress(&mut self, ingress: &Ingress, facts: &IngressFacts) {
        if matches!(facts.fate, Fate::Counts(_)) {
            self.annotations(ingress, facts);
            self.paths(ingress, facts);
            return;
        }
        let own = ("ingress", name(ingress));
        match &facts.fate {
            Fate::Ignored(why) => {
                let (code, class) = match why {
                    Ignored::OtherClass { class, .. } | Ignored::OtherClassAnnotation { class } => (Code::IngressOtherClass, Some(class)),
                    Ignored::NoClass => (Code::IngressClassMissing, None),
                    Ignored::Namespace => (Code::IngressNamespaceUnwatched, None),
                    Ignored::CatchAll => (Code::IngressCatchAllDisabled, None),
                };
                let mut list = vec![own];
                list.extend(class.map(|class| ("class", class.clone())));
                self.push(code, whole(ingress), list);
            }
            Fate::LeftOut(LeftOut::Annotation(dropped)) => {
                let subject = self.annotation(ingress, &dropped.annotation);
                let list = vec![own, ("annotation", dropped.annotation.clone()), ("why", dropped.why.to_owned())];
                self.push(Code::AnnotationDroppedIngress, subject, list);
            }
            Fate::LeftOut(LeftOut::Inspection(subject)) => {
                self.push(Code::IngressInspection, subject.clone(), vec![own, ("field", subject.field.to_string())]);
            }
            Fate::LeftOut(LeftOut::Word { subject, word }) => {
                let annotation = match subject.field.steps().last() {
                    Some(Step::Key(key)) => key.to_string(),
                    Some(Step::Index(_)) | None => String::new(),
                };
                self.push(Code::IngressBlockedWord, subject.clone(), vec![own, ("annotation", annotation), ("word", word.clone())]);
            }
            Fate::Counts(_) => {}
        }
    }

    fn annotations(&mut self, ingress: &Ingress, facts: &IngressFacts) {
        let settings = facts.settings.as_ref();
        for (annotation, effect) in &facts.annotations {
            if matches!(effect, Effect::Used | Effect::Idle { .. } | Effect::Superseded { .. } | Effect::Unknown) {
                continue;
            }
            let mut list = vec![("ingress", name(ingress)), ("annotation", (*annotation).to_owned())];
            let code = match effect {
                Effect::Used | Effect::Idle { .. } | Effect::Superseded { .. } | Effect::Unknown => continue,
                Effect::Blanked => Code::AnnotationSnippetBlanked,
                // Nothing is served because of it, so that nobody is refused.
                Effect::Unusable(Consequence::Denied) if !self.has_locations(facts) => continue,
                Effect::Unusable(Consequence::Denied) => {
                    let why = settings.and_then(|settings| settings.denied.as_ref()).map(|denied| denied.why.clone());
                    list.push(("why", why.unwrap_or_default()));
                    Code::AnnotationDenied
                }
                Effect::Unusable(Consequence::HostDenied) => {
                    let why = settings.and_then(|settings| settings.host_denied.as_ref()).map(|denied| denied.why.clone());
                    list.push(("why", why.unwrap_or_default()));
                    Code::AnnotationHostDenied
                }
                Effect::Unusable(Consequence::GroupIgnored) if AUTHENTICATION.contains(annotation) => Code::AnnotationAuthIgnored,
                Effect::Unusable(Consequence::GroupIgnored) => Code::AnnotationGroupIgnored,
                Effect::Unusable(Consequence::Default | Consequence::Dropped | Consequence::Items) => {
                    let items = matches!(effect, Effect::Unusable(Consequence::Items));
                    list.push(("then", if items { "leaves such items out" } else { "takes its default" }.to_owned()));
                    let key = format!("{}/{annotation}", self.config.globals.flags.annotations_prefix);
                    list.push(("value", ingress.meta.annotations.get(&key).cloned().unwrap_or_default()));
                    Code::AnnotationDefaultUsed
                }
            };
            let subject = self.annotation(ingress, annotation);
            self.push(code, subject, list);
        }
        if let Some((annotation, reason)) = self.asks_nobody(ingress, facts) {
            let list = vec![("ingress", name(ingress)), ("annotation", annotation.to_owned()), ("reason", reason.to_owned())];
            self.push(Code::AnnotationAuthIncomplete, self.annotation(ingress, annotation), list);
        }
    }

    /// An annotation that asks for passwords, and what keeps nginx from asking anybody.
    fn asks_nobody(&self, ingress: &Ingress, facts: &IngressFacts) -> Option<(&'static str, &'static str)> {
        let settings = facts.settings.as_ref().filter(|_| self.has_locations(facts))?;
        let has = |name: &str| ingress.meta.annotations.contains_key(&format!("{}/{name}", self.config.globals.flags.annotations_prefix));
        match &settings.basic_auth {
            Some(basic) if basic.protects() => None,
            Some(basic) if basic.realm.is_empty() => Some(("auth-type", "without `auth-realm`")),
            Some(_) => Some(("auth-type", "with `auth-realm: off`")),
            None if has("auth-secret") && !has("auth-type") && settings.external_auth.is_none() => {
                Some(("auth-secret", "without `auth-type`"))
            }
            None => None,
        }
    }

    /// The Ingress has locations of its own, if only the implicit `/` of a host that it created.
    fn has_locations(&self, facts: &IngressFacts) -> bool {
        let own = facts.paths.iter().flatten().chain(&facts.default_backend);
        let created = |id| self.config.servers.iter().any(|server| server.created_by == Some(id));
        own.into_iter().any(|fate| matches!(fate, PathFate::Location { .. } | PathFate::DefaultBackend { .. }))
            || matches!(facts.fate, Fate::Counts(id) if created(id))
    }

    fn paths(&mut self, ingress: &Ingress, facts: &IngressFacts) {
        for (rule, (found, fates)) in ingress.rules.iter().zip(&facts.paths).enumerate() {
            for (at, (path, fate)) in found.paths.iter().flatten().zip(fates).enumerate() {
                if matches!(fate, PathFate::Location { .. }) {
                    continue;
                }
                let list = vec![("path", text(path).to_owned()), ("host", host(found).to_owned()), ("ingress", name(ingress))];
                self.path(ingress, path_place(ingress, rule, at), list, fate);
            }
        }
        let place = Subject::new(ingress.id, ["spec", "defaultBackend"]);
        match &facts.default_backend {
            None | Some(PathFate::DefaultBackend { .. } | PathFate::NoService) => {}
            Some(PathFate::Unused) => self.push(Code::IngressDefaultBackendUnused, place, vec![("ingress", name(ingress))]),
            Some(fate) => {
                self.path(ingress, place, vec![("path", "/".to_owned()), ("host", "_".to_owned()), ("ingress", name(ingress))], fate);
            }
        }
    }

    fn path(&mut self, ingress: &Ingress, place: Subject, mut list: Vec<(&'static str, String)>, fate: &PathFate) {
        match fate {
            PathFate::Location { .. }
            | PathFate::NoService
            | PathFate::Unused
            | PathFate::DefaultBackend { .. }
            | PathFate::Canary { dead: false, .. } => {}
            PathFate::Lost { to, assumed } => {
                let winner = self.inventory.object(to.object);
                let winner = format!("{}/{}", winner.namespace, winner.name);
                list.push(("winner", winner.clone()));
                let what = format!("who serves `{}` of host `{}`", list[0].1, list[1].1);
                if *assumed {
                    self.order(winner, ingress, place.clone(), what);
                }
                self.push(Code::IngressDuplicatePath, place, list);
            }
            PathFate::CanaryUpstream { first } if self.config.ingress(*first).object != ingress.id => {
                let canary = self.config.ingress(*first).name.to_string();
                let assumed = order::assumed(self.counted(*first), ingress);
                if assumed {
                    self.order(
                        canary.clone(),
                        ingress,
                        place.clone(),
                        format!("whether `{}` of host `{}` is served", list[0].1, list[1].1),
                    );
                }
                list.push(("canary", canary));
                self.push(Code::IngressCanaryUpstream, place, list);
            }
            PathFate::Unmerged | PathFate::CanaryUpstream { .. } => self.push(Code::IngressCanaryUnmerged, place, list),
            PathFate::Canary { dead: true, .. } => self.push(Code::IngressCanaryDead, place, list),
        }
    }

    fn order(&mut self, winner: String, loser: &Ingress, subject: Subject, what: String) {
        self.say_order(subject, winner, name(loser), what);
    }

    fn say_order(&mut self, subject: Subject, winner: String, loser: String, what: String) {
        if !self.ordered {
            self.push(Code::IngressOrderAssumed, subject, vec![("winner", winner), ("loser", loser), ("what", what)]);
        }
    }

    fn shared(&mut self, shared: &Shared) {
        let source = self.config.ingress(shared.ingress);
        let list = vec![
            ("service", shared.service.clone()),
            ("ingress", source.name.to_string()),
            ("first", shared.first.clone()),
            ("upstream", shared.upstream.clone()),
        ];
        let subject = Subject::new(source.object, shared.field.clone());
        self.push(Code::IngressSharedUpstream, subject, list);
    }

    fn server(&mut self, server: &Server) {
        if let Some(tls) = &server.tls
            && let (Some(secret), Some(because)) = (&tls.unusable, &tls.because)
        {
            self.push(Code::IngressTlsSecretUnusable, because.clone(), vec![("host", server.host.clone()), ("secret", secret.to_string())]);
        }
        if let Some((ingress, annotation)) = server.regex_because.first() {
            // Hosts whose paths are all meant as expressions hold no surprise.
            let infected =
                server.locations.iter().any(|location| !location.implicit && !location.rewrites && !location.settings.rewrite.use_regex);
            if infected {
                let list = vec![
                    ("host", server.host.clone()),
                    ("annotation", (*annotation).to_owned()),
                    ("ingress", self.config.ingress(*ingress).name.to_string()),
                ];
                let subject = self.config.annotation(*ingress, annotation);
                self.push(Code::NginxRegexHost, subject, list);
            }
        }
        self.server_order(server);
        self.upstream_order(server);
    }

    /// How requests are distributed is said by the Ingress that names the port of a Service first, for all others.
    fn upstream_order(&mut self, server: &Server) {
        for location in &server.locations {
            let (Some(origin), &Target::Upstream(id)) = (&location.origin, &location.target) else { continue };
            let (own, upstream) = (origin.ingress, self.config.upstream(id));
            let Some(first) = upstream.ingress.filter(|first| *first != own) else { continue };
            let [mine, theirs] = [own, first].map(|ingress| &self.config.ingress(ingress).settings.balancing);
            if mine == theirs || upstream.affinity.is_some() || !order::assumed(self.counted(first), self.counted(own)) {
                continue;
            }
            if self.distributed.insert((own, id)) {
                self.order_assumed(first, own, format!("how requests to `{}` are distributed", upstream.label().unwrap_or_default()));
            }
        }
    }

    fn order_assumed(&mut self, winner: IngressId, loser: IngressId, what: String) {
        let subject = whole(self.counted(loser));
        let [winner, loser] = [winner, loser].map(|ingress| self.config.ingress(ingress).name.to_string());
        self.say_order(subject, winner, loser, what);
    }

    /// What else of a host is decided by the Ingress that comes first.
    fn server_order(&mut self, server: &Server) {
        let others: Vec<IngressId> = server.ingresses.iter().copied().filter(|&id| !self.config.ingress(id).settings.is_canary()).collect();
        let Some((&first, rest)) = others.split_first() else { return };
        let conflict = |cx: &Self, winner: IngressId, differs: &dyn Fn(IngressId) -> bool| -> Option<IngressId> {
            let own = cx.counted(winner);
            rest.iter().copied().find(|&id| id != winner && order::assumed(own, cx.counted(id)) && differs(id))
        };
        let mut found: Vec<(IngressId, IngressId, String)> = Vec::new();
        let unmatched = server.host != "_" && server.locations.iter().any(|location| location.implicit);
        if unmatched {
            let own = self.config.ingress(first);
            let backend = |id: IngressId| self.counted(id).default_backend.is_some();
            let differs = |id: IngressId| own.settings != self.config.ingress(id).settings || backend(id) || backend(first);
            found.extend(
                conflict(self, first, &differs).map(|id| (first, id, format!("what unmatched paths of host `{}` get", server.host))),
            );
        }
        if let Some(decided) = server.tls.as_ref().and_then(|tls| tls.ingress) {
            let secret = |id: IngressId| {
                let tls = &self.counted(id).tls;
                let entry = tls.iter().find(|entry| entry.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(&server.host)));
                (self.config.ingress(id).name.namespace.clone(), entry.map(|entry| entry.secret_name.clone()))
            };
            let own = secret(decided);
            let differs = |id: IngressId| !self.counted(id).tls.is_empty() && secret(id) != own;
            found.extend(
                conflict(self, decided, &differs).map(|id| (decided, id, format!("which certificate host `{}` serves", server.host))),
            );
        }
        if let Some(decided) = server.aliases_from {
            let aliases = |id: IngressId| &self.config.ingress(id).settings.aliases;
            let differs = |id: IngressId| !aliases(id).is_empty() && aliases(id) != aliases(decided);
            found.extend(conflict(self, decided, &differs).map(|id| (decided, id, format!("which aliases host `{}` has", server.host))));
        }
        if let Some(decided) = server.client_certificates.as_ref().map(|found| found.ingress) {
            let settings = |id: IngressId| self.config.ingress(id).settings.auth_tls.as_deref();
            let differs = |id: IngressId| settings(id).is_some() && settings(id) != settings(decided);
            let what = format!("which client certificates host `{}` asks for", server.host);
            found.extend(conflict(self, decided, &differs).map(|id| (decided, id, what)));
        }
        for (winner, loser, what) in found {
            self.order_assumed(winner, loser, what);
        }
    }

    fn refusals(&mut self) {
        for refusal in &self.config.refusals {
            let code = match refusal.kind {
                RefusalKind::Config => Code::NginxConfigurationRefused,
                RefusalKind::Crash => Code::NginxControllerPanics,
                RefusalKind::Dynamic => Code::NginxEndpointsBlocked,
                RefusalKind::Certificates => Code::NginxCertificatesBlocked,
            };
            let list = vec![("error", refusal.message.clone())];
            self.findings.push(match refusal.subjects.first() {
                Some(subject) => Finding::about(code, subject.clone(), list),
                None => Finding::estate(code, list),
            });
        }
    }

    /// Ingresses of which the ConfigMap decides whether they count, or their snippets.
    fn settings_assumed(&mut self) {
        let depends = |facts: &&IngressFacts| {
            matches!(&facts.fate, Fate::LeftOut(LeftOut::Annotation(dropped)) if dropped.why == TOO_RISKY)
                || facts.annotations.iter().any(|(_, effect)| *effect == Effect::Blanked)
        };
        let count = self.facts.iter().filter(depends).count();
        if count > 0 {
            self.findings.push(Finding::estate(Code::IngressSettingsAssumed, vec![("count", count.to_string())]));
        }
    }

    /// Ingresses of which a flag decides whether TLS passes through.
    fn flags_assumed(&mut self) {
        let asks = |facts: &&IngressFacts| facts.settings.as_ref().is_some_and(|settings| settings.server_tls.passthrough);
        let mut asking = self.facts.iter().filter(asks);
        let Some(first) = asking.next() else { return };
        let subject = Subject::new(first.object, FieldPath::root());
        let count = 1 + asking.count();
        self.findings.push(Finding::about(Code::IngressPassthroughAssumed, subject, vec![("count", count.to_string())]));
    }

    /// Kinds of which nothing was read although Ingresses name them.
    fn assumed(&mut self, options: Options) {
        let settings = || self.facts.iter().filter_map(|facts| facts.settings.as_ref());
        let secrets = options.secrets == Absent::Assumed
            && (self.config.servers.iter().any(|server| server.tls.as_ref().is_some_and(|tls| tls.ingress.is_some()))
                || settings().any(|settings| settings.basic_auth.is_some() || settings.auth_tls.is_some() || settings.proxy_tls.is_some()));
        let services = options.services == Absent::Assumed && self.config.upstreams.len() > 1;
        let maps = options.config_maps == Absent::Assumed && settings().any(|settings| settings.custom_headers.is_some());
        let kinds: BTreeSet<&str> = [(secrets, "Secrets"), (services, "Services"), (maps, "ConfigMaps")]
            .into_iter()
            .filter_map(|(assumed, kind)| assumed.then_some(kind))
            .collect();
        if !kinds.is_empty() {
            let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
            self.findings.push(Finding::estate(Code::IngressObjectsAssumed, vec![("kinds", kinds)]));
        }
    }
}
