//! Which Ingresses are ours, and what the controller makes of them: an [`nginx::Config`](crate::nginx::Config).
//!
//! Follows the controller step by step (`getBackendServers` and what it calls), as after a restart. Knows nothing of requests, and
//! reads no files.

mod canary;
mod certificates;
mod config_map;
mod controller;
mod facts;
mod findings;
mod finish;
mod flags;
mod keys;
mod locations;
mod logs;
mod openssl;
mod order;
mod printed;
mod proxying;
mod refusals;
mod select;
mod selector;
mod servers;
mod snippets;
mod upstreams;
mod values;

use std::{collections::BTreeMap, sync::Arc};

pub use controller::{Controller, Given, controller};
pub use facts::{Fate, Ignored, IngressFacts, LeftOut, PathFate};
pub use order::Order;

pub use crate::annotations::Absent;
use crate::{
    annotations::{self, Context},
    k8s::{Ingress, Inventory, ObjectId},
    ledger::Findings,
    nginx::{Certificate, Config, IngressId, RefusalKind, Settings, Source},
    threads::{both_if, halves},
};

/// Ingresses from which on two threads look at them.
const MANY: usize = 256;

/// What is taken of things that are not among the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Order of Ingresses without creation time.
    pub order: Order,
    /// Secrets that were not read.
    pub secrets: Absent,
    /// ConfigMaps that were not read.
    pub config_maps: Absent,
    /// Services that were not read.
    pub services: Absent,
    /// Services that were not read and without which nothing would start: a controller that runs has evidently found them.
    pub needed_services: Absent,
    /// The IngressClass, where none was read.
    pub ingress_classes: Absent,
}

impl Options {
    /// Everything there is was read.
    pub const CLOSED: Self = Self {
        order: Order::Name,
        secrets: Absent::Missing,
        config_maps: Absent::Missing,
        services: Absent::Missing,
        needed_services: Absent::Missing,
        ingress_classes: Absent::Missing,
    };

    /// Objects of a kind of which none was read are assumed to be there; where some were read, or a cluster gave all, the others are missing.
    pub fn of(inventory: &Inventory) -> Self {
        let absent = |none: bool, kind| if none && !inventory.listed.contains(kind) { Absent::Assumed } else { Absent::Missing };
        Self {
            order: Order::Name,
            secrets: absent(inventory.secrets.is_empty(), "Secret"),
            config_maps: absent(inventory.config_maps.is_empty(), "ConfigMap"),
            services: absent(inventory.services.is_empty(), "Service"),
            needed_services: absent(true, "Service"),
            ingress_classes: absent(inventory.ingress_classes.is_empty(), "IngressClass"),
        }
    }
}

/// The configuration, and what became of each Ingress.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The configuration.
    pub config: Config,
    /// Findings: of the controller's settings first, then by Ingress in reading order, then about the whole.
    pub findings: Findings,
    /// All Ingresses, in reading order.
    pub ingresses: Vec<IngressFacts>,
}

/// An Ingress that counts.
pub(crate) struct Item<'a> {
    pub(crate) id: IngressId,
    pub(crate) ingress: &'a Ingress,
    pub(crate) settings: Arc<Settings>,
}

/// Resolves all Ingresses.
pub fn resolve(inventory: &Inventory, controller: &Controller, options: &Options) -> Resolved {
    let globals = &controller.globals;
    let cx = |namespace| Context {
        inventory,
        globals,
        namespace,
        secrets: options.secrets,
        config_maps: options.config_maps,
        services: options.services,
    };
    let (mut ingresses, items) = select(inventory, controller, *options, &cx);
    let mut upstreams = upstreams::Upstreams::new(&cx(""));
    for item in &items {
        upstreams.add(&cx(&item.ingress.meta.namespace), item);
    }
    let certificates = certificates::Certificates::new(cx(""));
    let (mut drafts, default_hosts) = servers::create(globals, &items, &upstreams);
    servers::settle(&mut drafts, &items, &certificates);
    let mut fates = locations::add(globals, &mut drafts, &mut upstreams, &items);
    let mut defaults: Vec<Option<PathFate>> = items
        .iter()
        .map(|item| {
            let backend = item.ingress.default_backend.as_ref()?;
            Some(match (upstreams::service(backend), default_hosts.get(&item.id)) {
                (None, _) => PathFate::NoService,
                (Some(_), Some(hosts)) => PathFate::DefaultBackend { hosts: hosts.clone() },
                (Some(_), None) => PathFate::Unused,
            })
        })
        .collect();
    canary::merge(&drafts, &mut upstreams, &items, &mut fates, &mut defaults);
    finish::error_backends(&mut drafts, &mut upstreams, &items, &cx(""));
    let mut servers: Vec<_> = drafts.into_values().map(|draft| draft.server).collect();
    // Servers are large, and this moves each of them once.
    servers.sort_by_cached_key(|server| server.host.clone());
    for server in &mut servers {
        finish::finish(server, globals);
    }
    let redirects = finish::redirects(&servers, &certificates, &items);
    let mut config = Config {
        globals: globals.clone(),
        ingresses: items.iter().map(source).collect(),
        upstreams: std::mem::take(&mut upstreams.list),
        certificates: finish::certificate_table(&servers, &redirects),
        redirects,
        servers,
        certificate_names: BTreeMap::new(),
        refusals: Vec::new(),
    };
    let secrets = config.certificates.values().filter_map(|certificate| match certificate {
        Certificate::Secret(secret) => Some(secret),
        Certificate::Default => None,
    });
    let names = secrets.chain(&globals.default_certificate).filter_map(|name| {
        let names = inventory.secrets.get(name)?.certificate_names.clone()?;
        Some((name.clone(), names))
    });
    config.certificate_names = names.collect();
    for (item, (paths, default)) in items.iter().zip(fates.into_iter().zip(defaults)) {
        let facts = &mut ingresses[position(inventory, item.ingress.id)];
        facts.paths = paths;
        facts.default_backend = default;
    }
    let check = || refusals::check(inventory, &config, &items, controller, options.needed_services);
    let collect = || findings::of_objects(inventory, controller, *options, &config, &ingresses, &upstreams.shared);
    let ((refused, said), mut findings) = both_if(items.len() >= MANY, check, collect);
    if refused.iter().any(|refusal| refusal.kind == RefusalKind::Certificates) {
        config.certificates.clear();
    }
    config.refusals = refused;
    findings.extend(findings::of_the_whole(inventory, controller, *options, &config, &ingresses));
    findings.extend(said);
    Resolved { config, findings, ingresses }
}

/// What an Ingress says, and whether it counts; its number comes later. `before` are the settings of the Ingress before it.
fn look_at<'a>(
    ingress: &'a Ingress,
    selection: &select::Selection<'_>,
    cx: &impl Fn(&'a str) -> Context<'a>,
    before: &mut Option<Arc<Settings>>,
) -> IngressFacts {
    let mut found = IngressFacts {
        object: ingress.id,
        fate: Fate::Counts(IngressId(u32::MAX)),
        annotations: Vec::new(),
        settings: None,
        paths: Vec::new(),
        default_backend: None,
    };
    if let Some(why) = selection.ignored(ingress) {
        found.fate = Fate::Ignored(why);
        return found;
    }
    let parsed = annotations::read(&cx(&ingress.meta.namespace), &ingress.meta);
    found.annotations = parsed.effects;
    match (selection.left_out(ingress), parsed.settings) {
        (Some(why), _) => found.fate = Fate::LeftOut(why),
        (None, Err(dropped)) => found.fate = Fate::LeftOut(LeftOut::Annotation(dropped)),
        (None, Ok(mut settings)) => {
            share(&mut settings, before);
            found.settings = Some(settings);
        }
    }
    found
}

fn source(item: &Item<'_>) -> Source {
    Source {
        object: item.ingress.id,
        name: item.ingress.meta.key(),
        created: item.ingress.meta.created,
        settings: Arc::clone(&item.settings),
    }
}

/// Ingresses often say the same as the one before them, at least about proxying; such settings stand in memory once.
fn share(settings: &mut Arc<Settings>, before: &mut Option<Arc<Settings>>) {
    if let Some(before) = before {
        if settings == before {
            *settings = Arc::clone(before);
            return;
        }
        if let Some(settings) = Arc::get_mut(settings)
            && settings.proxy == before.proxy
        {
            settings.proxy = Arc::clone(&before.proxy);
        }
    }
    *before = Some(Arc::clone(settings));
}

fn position(inventory: &Inventory, id: ObjectId) -> usize {
    inventory.ingress_position(id).expect("INVARIANT: the Ingress is in the inventory")
}

/// Sorts out which Ingresses count, and puts those in order.
fn select<'a>(
    inventory: &'a Inventory,
    controller: &'a Controller,
    options: Options,
    cx: &(impl Fn(&'a str) -> Context<'a> + Sync),
) -> (Vec<IngressFacts>, Vec<Item<'a>>) {
    let selection = select::Selection::new(inventory, &controller.globals, options.ingress_classes);
    let looker = || {
        let mut before = None;
        let selection = &selection;
        move |ingress| look_at(ingress, selection, cx, &mut before)
    };
    let ingresses: Vec<&Ingress> = inventory.ingresses.iter().collect();
    let mut facts =
        if ingresses.len() < MANY { ingresses.into_iter().map(looker()).collect() } else { halves(ingresses, looker(), looker()) };
    let mut counted: Vec<&Ingress> =
        inventory.ingresses.iter().zip(&facts).filter(|(_, found)| found.settings.is_some()).map(|(ingress, _)| ingress).collect();
    order::sort(&mut counted, options.order);
    let mut items = Vec::with_capacity(counted.len());
    for (number, ingress) in counted.into_iter().enumerate() {
        let id = IngressId(u32::try_from(number).expect("INVARIANT: fewer than 2^32 Ingresses"));
        let facts = &mut facts[position(inventory, ingress.id)];
        facts.fate = Fate::Counts(id);
        let settings = facts.settings.as_ref().map(Arc::clone).expect("INVARIANT: an Ingress that counts has settings");
        items.push(Item { id, ingress, settings });
    }
    (facts, items)
}
