//! Fills the ledger from what the old side says of every annotation and field and what the translation made of them, and closes it.

use std::collections::BTreeMap;

use crate::{
    annotations::{Consequence, Effect},
    catalog::{self, Key},
    ingress::{Controller, Fate, Ignored, IngressFacts, LeftOut, PathFate, Resolved},
    k8s::{FieldPath, Ingress, Inventory, Step, Subject},
    ledger::{Code as Finds, Ledger, Settlement, Standing},
    nginx::{
        IngressId,
        code::{Code, Line},
    },
    translate::Translation,
};

/// Keys of the ConfigMap that the translation carries over where they matter.
const CARRIED: &[&str] = &[
    "add-headers",
    "allow-cross-namespace-resources",
    "allow-snippet-annotations",
    "annotation-value-word-blocklist",
    "annotations-risk-level",
    "force-ssl-redirect",
    "global-allowed-response-headers",
    "hide-headers",
    "hsts",
    "hsts-include-subdomains",
    "hsts-max-age",
    "hsts-preload",
    "http-redirect-code",
    "no-tls-redirect-locations",
    "proxy-set-headers",
    "ssl-redirect",
    "strict-validate-path-type",
];

/// The closed ledger of a conversion.
pub fn account(inventory: &Inventory, controller: &Controller, resolved: &Resolved, translation: &Translation) -> Ledger {
    let mut ledger = Ledger::default();
    let tls = used_tls(resolved, translation);
    for (ingress, facts) in inventory.ingresses.iter().zip(&resolved.ingresses) {
        for (key, value, settlement) in annotations(ingress, facts, resolved, translation) {
            settled(&mut ledger, Subject::new(ingress.id, FieldPath::annotation(key)), value, settlement);
        }
        directives(&mut ledger, inventory, ingress, facts, resolved, translation);
        fields(&mut ledger, ingress, facts, translation, &tls);
    }
    settings(&mut ledger, inventory, controller, resolved, translation);
    streams(&mut ledger, inventory, resolved, translation);
    ledger
}

/// Directives of the snippets of an Ingress that have an effect.
fn directives(
    ledger: &mut Ledger,
    inventory: &Inventory,
    ingress: &Ingress,
    facts: &IngressFacts,
    resolved: &Resolved,
    translation: &Translation,
) {
    let Fate::Counts(id) = &facts.fate else { return };
    let prefix = &resolved.config.globals.flags.annotations_prefix;
    let settings = &resolved.config.ingress(*id).settings;
    let snippets = settings.snippets.as_ref();
    let codes = [
        ("auth-snippet", settings.external_auth.as_ref().map(|auth| &auth.code)),
        ("configuration-snippet", snippets.map(|snippets| &snippets.configuration_code)),
        ("modsecurity-snippet", Some(&settings.modsecurity.code)),
        ("server-snippet", snippets.map(|snippets| &snippets.server_code)),
        ("stream-snippet", snippets.map(|snippets| &snippets.stream_code)),
    ];
    for (name, code) in codes {
        let key = format!("{prefix}/{name}");
        let (Some(code), Some(text)) = (code, ingress.meta.annotations.get(&key)) else { continue };
        let subject = Subject::new(ingress.id, FieldPath::annotation(key));
        let whole = translation.marks.get(*id, name);
        settle_lines(ledger, inventory, &subject, text, of_code(code, Some(*id), name, whole, translation));
    }
}

/// Settles the directives of a snippet one by one, each in its own line.
fn settle_lines(ledger: &mut Ledger, inventory: &Inventory, snippet: &Subject, text: &str, lines: Vec<(&Line, Settlement)>) {
    let places = inventory.parts_of_text(snippet, text, lines.iter().map(|(line, _)| line.span.clone()));
    for (index, ((line, settlement), at)) in lines.into_iter().zip(places).enumerate() {
        let entry = ledger.open(Subject::new(snippet.object, snippet.field.child(index)), line.text.as_str());
        ledger.place(entry, at);
        ledger.settle(entry, settlement);
    }
}

/// Directives of a snippet with what became of each.
fn of_code<'a>(
    code: &'a Code,
    ingress: Option<IngressId>,
    name: &'static str,
    whole: Option<&Settlement>,
    translation: &Translation,
) -> Vec<(&'a Line, Settlement)> {
    let mut list: BTreeMap<usize, (&Line, Settlement)> = BTreeMap::new();
    for line in code.all() {
        let said = translation.directives.get(&(ingress, name, line.span.start)).cloned();
        let settlement = said.unwrap_or_else(|| match whole {
            // What stands beside something that withholds the route goes with it.
            Some(Settlement::Unmappable { codes }) => Settlement::Unmappable { codes: codes.clone() },
            _ => no_effect("no request that is served today depends on it"),
        });
        list.entry(line.span.start).or_insert((line, settlement));
    }
    list.into_values().collect()
}

/// Counts what the ledger says of annotations, without making one.
pub fn tally(inventory: &Inventory, resolved: &Resolved, translation: &Translation) -> Tally {
    let mut tally = Tally::default();
    for (ingress, facts) in inventory.ingresses.iter().zip(&resolved.ingresses) {
        for (_, _, settlement) in annotations(ingress, facts, resolved, translation) {
            tally.add(&settlement);
        }
    }
    tally
}

/// Annotations of an Ingress: key, value, and what became of each.
fn annotations<'a>(
    ingress: &'a Ingress,
    facts: &'a IngressFacts,
    resolved: &'a Resolved,
    translation: &'a Translation,
) -> impl Iterator<Item = (&'a str, &'a str, Settlement)> {
    let prefix = &resolved.config.globals.flags.annotations_prefix;
    ingress
        .meta
        .annotations
        .iter()
        .map(move |(key, value)| (key.as_str(), value.as_str(), annotation(key, value, prefix, facts, translation)))
}

/// How many annotations were settled in which way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    standings: BTreeMap<Standing, usize>,
}

impl Tally {
    fn add(&mut self, settlement: &Settlement) {
        *self.standings.entry(settlement.standing()).or_default() += 1;
    }

    /// How many are counted so.
    pub fn settled(&self, standing: Standing) -> usize {
        self.standings.get(&standing).copied().unwrap_or(0)
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.standings.values().sum()
    }
}

fn settled(ledger: &mut Ledger, subject: Subject, value: &str, settlement: Settlement) {
    let entry = ledger.open(subject, value);
    ledger.settle(entry, settlement);
}

fn no_effect(why: impl Into<String>) -> Settlement {
    Settlement::NoEffect { why: why.into() }
}

fn unmappable(code: Finds) -> Settlement {
    Settlement::Unmappable { codes: [code].into() }
}

/// Why an Ingress has no effect as a whole.
pub fn without_effect(fate: &Fate) -> Option<String> {
    match fate {
        Fate::Counts(_) => None,
        Fate::Ignored(Ignored::OtherClass { class, exists: true }) => {
            Some(format!("the Ingress belongs to class `{class}` of another controller"))
        }
        Fate::Ignored(Ignored::OtherClass { class, exists: false }) => {
            Some(format!("the IngressClass `{class}` of the Ingress does not exist"))
        }
        Fate::Ignored(Ignored::OtherClassAnnotation { class }) => Some(format!("the Ingress belongs to class `{class}`")),
        Fate::Ignored(Ignored::NoClass) => Some("the Ingress names no class, and the controller does not serve such Ingresses".to_owned()),
        Fate::Ignored(Ignored::Namespace) => Some("the controller does not watch the namespace".to_owned()),
        Fate::Ignored(Ignored::CatchAll) => Some("the controller leaves out Ingresses with a default backend".to_owned()),
        Fate::LeftOut(LeftOut::Annotation(dropped)) => {
            Some(format!("the controller leaves the Ingress out: `{}`: {}", dropped.annotation, dropped.why))
        }
        Fate::LeftOut(LeftOut::Inspection(place)) => {
            Some(format!("the controller leaves the Ingress out: suspicious text in {}", place.field))
        }
        Fate::LeftOut(LeftOut::Word { word, .. }) => Some(format!("the controller leaves the Ingress out: the word `{word}` is blocked")),
    }
}

fn annotation(key: &str, value: &str, prefix: &str, facts: &IngressFacts, translation: &Translation) -> Settlement {
    let name: &'static str = match catalog::resolve(key, prefix) {
        Key::Ours(annotation) => &annotation.name,
        Key::Alias { alias, .. } => alias,
        Key::Core(_) => {
            return match &facts.fate {
                Fate::Counts(_) => Settlement::Exact,
                fate @ (Fate::Ignored(_) | Fate::LeftOut(_)) => no_effect(without_effect(fate).unwrap_or_default()),
            };
        }
        Key::Historical(entry) => return no_effect(entry.today.clone()),
        Key::Foreign(foreign) => {
            let moved = translation.tools.get(&(facts.object, key.to_owned())).cloned();
            return moved.unwrap_or_else(|| no_effect(format!("read by {}, not by ingress-nginx", foreign.reader)));
        }
        Key::WrongPrefix { .. } => return no_effect("its prefix is not the one that the controller reads"),
        Key::Unknown { suggestion, .. } => return Settlement::Unknown { suggestion: suggestion.map(|name| format!("{prefix}/{name}")) },
        Key::Unrelated => {
            let mapped = translation.tools.get(&(facts.object, key.to_owned())).cloned();
            return mapped.unwrap_or_else(|| no_effect("ingress-nginx does not read it"));
        }
    };
    let id = match &facts.fate {
        Fate::Counts(id) => *id,
        fate @ (Fate::Ignored(_) | Fate::LeftOut(_)) => return no_effect(without_effect(fate).unwrap_or_default()),
    };
    let marked = || translation.marks.get(id, name).cloned();
    match facts.annotation(name) {
        Effect::Used | Effect::Unusable(Consequence::Items) => {
            marked().or_else(|| withheld(facts, translation)).unwrap_or_else(|| used_without_mark(value))
        }
        Effect::Unusable(Consequence::Denied) => marked().unwrap_or_else(|| unmappable(Finds::AccessLocationDenied)),
        Effect::Unusable(Consequence::HostDenied) => marked().unwrap_or_else(|| unmappable(Finds::AccessHostDenied)),
        Effect::Unusable(Consequence::Dropped) => no_effect("its value cannot be used, so the controller leaves the Ingress out"),
        Effect::Unusable(Consequence::GroupIgnored) => no_effect("its value cannot be used, so the controller ignores the whole group"),
        Effect::Unusable(Consequence::Default) => no_effect("its value cannot be used, so the default applies"),
        Effect::Idle { needs } => no_effect(format!("it needs `{needs}`")),
        Effect::Superseded { by } => no_effect(format!("`{by}` takes its place")),
        Effect::Blanked => no_effect("snippets are switched off"),
        Effect::Unknown => no_effect("the controller does not read it"),
    }
}

/// What withholds paths of the Ingress, and with them everything else that is said of them.
fn withheld(facts: &IngressFacts, translation: &Translation) -> Option<Settlement> {
    let from = Subject::new(facts.object, FieldPath::root());
    translation
        .paths
        .range(from..)
        .take_while(|(place, _)| place.object == facts.object)
        .map(|(_, settlement)| settlement)
        .filter(|settlement| matches!(settlement, Settlement::Unmappable { .. }))
        .cloned()
        .reduce(Settlement::and)
}

/// The translation had no use for it: either it says what holds anyway, or no request depends on it.
fn used_without_mark(value: &str) -> Settlement {
    if matches!(value, "false" | "False" | "FALSE" | "f" | "F" | "0" | "off" | "") {
        return Settlement::Exact;
    }
    no_effect("no request that is served today depends on it")
}

/// Entries of `spec.tls` that decide about a certificate.
fn used_tls(resolved: &Resolved, translation: &Translation) -> BTreeMap<Subject, Settlement> {
    let mut used: BTreeMap<Subject, Settlement> = BTreeMap::new();
    for decision in resolved.config.servers.iter().filter_map(|server| server.tls.as_ref()) {
        let Some(because) = &decision.because else { continue };
        let settlement = if decision.unusable.is_some() { unmappable(Finds::TlsNoCertificate) } else { Settlement::Exact };
        let settled = match used.remove(because) {
            Some(before) => Settlement::and(before, settlement),
            None => settlement,
        };
        used.insert(because.clone(), settled);
    }
    for (place, settlement) in &mut used {
        if let Some(said) = translation.paths.get(place) {
            settlement.join(said);
        }
    }
    used
}

fn fields(ledger: &mut Ledger, ingress: &Ingress, facts: &IngressFacts, translation: &Translation, tls: &BTreeMap<Subject, Settlement>) {
    let whole = without_effect(&facts.fate);
    let spec = |steps: Vec<Step>| Subject::new(ingress.id, FieldPath::from(["spec"]).join(steps));
    let or_whole = |settlement: Settlement| whole.as_ref().map_or(settlement, |why| no_effect(why.clone()));
    if let Some(class) = &ingress.class_name {
        settled(ledger, spec(vec!["ingressClassName".into()]), class, or_whole(Settlement::Exact));
    }
    if let Some(backend) = &ingress.default_backend {
        let name = if ingress.legacy { "backend" } else { "defaultBackend" };
        let place = spec(vec![name.into()]);
        let settlement =
            facts.default_backend.as_ref().map_or_else(|| no_effect("nothing uses it"), |fate| path(fate, translation.paths.get(&place)));
        settled(ledger, place, &describe(&backend.target), or_whole(settlement));
    }
    for (index, entry) in ingress.tls.iter().enumerate() {
        let place = spec(vec!["tls".into(), index.into()]);
        let whole_section = spec(vec!["tls".into()]);
        let settlement = tls
            .get(&place)
            .or_else(|| tls.get(&whole_section))
            .cloned()
            .unwrap_or_else(|| no_effect("no host of the rules gets its certificate from this entry"));
        settled(ledger, place, &format!("{} → {}", entry.hosts.join(", "), entry.secret_name), or_whole(settlement));
    }
    for (index, rule) in ingress.rules.iter().enumerate() {
        let of_rule = facts.paths.get(index).map_or(&[][..], Vec::as_slice);
        if let Some(host) = &rule.host {
            settled(ledger, spec(vec!["rules".into(), index.into(), "host".into()]), host, or_whole(Settlement::Exact));
        }
        for (position, http_path) in rule.paths.iter().flatten().enumerate() {
            let place =
                |last: &'static str| spec(vec!["rules".into(), index.into(), "http".into(), "paths".into(), position.into(), last.into()]);
            let subject = spec(vec!["rules".into(), index.into(), "http".into(), "paths".into(), position.into()]);
            let fate = of_rule.get(position);
            let settlement =
                or_whole(fate.map_or_else(|| no_effect("the path was not used"), |fate| path(fate, translation.paths.get(&subject))));
            settled(ledger, place("path"), &http_path.path, settlement.clone());
            if let Some(path_type) = &http_path.path_type {
                settled(ledger, place("pathType"), &format!("{path_type:?}"), settlement.clone());
            }
            settled(ledger, place("backend"), &describe(&http_path.backend.target), settlement);
        }
    }
}

fn describe(target: &crate::k8s::BackendTarget) -> String {
    match target {
        crate::k8s::BackendTarget::Service { name, port } => port.as_ref().map_or_else(|| name.clone(), |port| format!("{name}:{port}")),
        crate::k8s::BackendTarget::Resource { kind, name, .. } => format!("{kind} {name}"),
        crate::k8s::BackendTarget::Empty => String::new(),
    }
}

fn path(fate: &PathFate, translated: Option<&Settlement>) -> Settlement {
    match fate {
        PathFate::Location { .. } | PathFate::DefaultBackend { .. } => {
            translated.cloned().unwrap_or_else(|| no_effect("no request reaches it: another location of the host always comes first"))
        }
        PathFate::Lost { .. } => no_effect("an older path of the same host, text and type comes first"),
        PathFate::CanaryUpstream { .. } => no_effect("its Service first belonged to a canary, so that nginx makes no location of it"),
        PathFate::Canary { dead: true, .. } => no_effect("another canary of the same Service comes first"),
        PathFate::Canary { dead: false, .. } => Settlement::Exact,
        PathFate::Unmerged => no_effect("no main Ingress has this host, path and type"),
        PathFate::NoService => no_effect("ingress-nginx skips backends that are no Services"),
        PathFate::Unused => no_effect("other default backends come first"),
    }
}

/// Ports of `tcp-services` and `udp-services`.
fn streams(ledger: &mut Ledger, inventory: &Inventory, resolved: &Resolved, translation: &Translation) {
    let flags = &resolved.config.globals.flags;
    let names: std::collections::BTreeSet<_> = [&flags.tcp_services, &flags.udp_services].into_iter().flatten().collect();
    for map in names.into_iter().filter_map(|name| inventory.config_maps.get(name)) {
        for (key, value) in &map.data {
            let subject = Subject::new(map.id, FieldPath::from(["data"]).child(key.clone()));
            let settlement = translation.paths.get(&subject).cloned();
            settled(ledger, subject, value, settlement.unwrap_or_else(|| no_effect("the port is taken by another entry")));
        }
    }
}

/// Keys of the controller's ConfigMap.
fn settings(ledger: &mut Ledger, inventory: &Inventory, controller: &Controller, resolved: &Resolved, translation: &Translation) {
    let Some(map) = controller.config_map.as_ref().and_then(|name| inventory.config_maps.get(name)) else { return };
    for (key, value) in &map.data {
        let subject = Subject::new(map.id, FieldPath::from(["data"]).child(key.clone()));
        let said = snippet_key(key, resolved, translation).or_else(|| translation.paths.get(&subject).cloned());
        let settlement = match catalog::configmap_keys().get(key) {
            Some(_) if said.is_some() => said.unwrap_or(Settlement::Exact),
            Some(_) if key == "global-auth-snippet" && resolved.config.globals.external_auth.is_none() => {
                no_effect("it needs `global-auth-url`")
            }
            Some(_) if CARRIED.contains(&key.as_str()) => Settlement::Exact,
            Some(_) => unmappable(Finds::PolicyControllerSetting),
            None => Settlement::Unknown { suggestion: catalog::configmap_keys().meant(key).map(str::to_owned) },
        };
        settled(ledger, subject.clone(), value, settlement);
        settle_lines(ledger, inventory, &subject, value, of_key(key, resolved, translation).unwrap_or_default());
    }
}

/// Directives of a snippet of the ConfigMap.
fn of_key<'a>(key: &str, resolved: &'a Resolved, translation: &Translation) -> Option<Vec<(&'a Line, Settlement)>> {
    let snippet = resolved.config.globals.snippets.iter().find(|snippet| snippet.key == key)?;
    let code = if snippet.code.is_empty() { &snippet.aside } else { &snippet.code };
    Some(of_code(code, None, snippet.key, None, translation))
}

/// A snippet of the ConfigMap: what became of its directives together.
fn snippet_key(key: &str, resolved: &Resolved, translation: &Translation) -> Option<Settlement> {
    let directives = of_key(key, resolved, translation)?;
    directives.into_iter().map(|(_, settlement)| settlement).reduce(Settlement::and)
}
