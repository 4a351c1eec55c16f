//! Snippets as rules: scripts become conditions and actions, header directives become filters, limits become intents. What cannot be
//! said is named with its line; where it could be somebody's access control, the rule is withheld.

mod around;
mod aside;
mod condition;
mod decide;
mod groups;
mod headers;
mod limits;
mod lines;
mod locations;
mod order;
mod redirect;
mod values;

pub(super) use condition::{Match as Condition, searched};
pub(super) use lines::Spot;
pub(super) use order::closed;

use std::sync::Arc;

use lines::{Closed, Listed};

use crate::{
    gateway::Intent,
    k8s::Subject,
    ledger::Code,
    nginx::{
        IngressId, Server,
        code::{Compare, Directive, Line, all},
        settings::RateLimits,
    },
};

use super::{
    context::Cx,
    plan::{Action, Changed, Changes, PathModifier, PathRule, Redirect, Rule},
};

/// A snippet and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The Ingress; `None` for the ConfigMap.
    ingress: Option<IngressId>,
    /// Annotation or key.
    name: &'static str,
    /// Its place, where it was read.
    subject: Option<Subject>,
    /// Its text.
    text: String,
    /// It has no final `;`.
    swallows: bool,
}

/// A directive and the snippet it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here<'a> {
    line: &'a Line,
    origin: &'a Origin,
}

/// The snippets around a location, outermost first.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Around<'a> {
    /// Directives around all servers.
    http: Vec<(&'a [Line], Origin)>,
    /// Directives of the server.
    server: Vec<(&'a [Line], Origin)>,
    /// Directives of locations around it, outermost first: their scripts are not run for it.
    outer: Vec<(&'a [Line], Origin)>,
    /// Directives of the location.
    location: Vec<(&'a [Line], Origin)>,
    /// How the location and those around it compare, and with what.
    compared: Vec<(Compare, String)>,
    /// The location is one of the controller's.
    controller: bool,
    /// Annotations change paths there, or redirect, behind its script.
    rewrites: bool,
    /// Variables that the controller sets for the location, where they are the same for all requests.
    set: Vec<(&'static str, String)>,
    /// An authentication service is asked about its requests.
    asks: bool,
    /// Somebody is refused there, and so at locations inside it.
    guarded: bool,
    /// Its backend is not spoken to over TLS.
    plain: bool,
    /// Its annotations' list of addresses.
    annotated: Annotated,
    /// Its annotations' limits.
    limits: Option<Arc<RateLimits>>,
    /// When the controller's own directives try again, and how often in all; 0 is without end.
    retries: Option<(String, u64)>,
    /// Other locations of the server, which a rewrite may lead to.
    others: Others,
    /// Paths of locations of the server and what they are to others, of each kind at most two paths.
    paths: Vec<(String, Others)>,
}

/// The list of addresses that annotations write into a location, before its snippets.
#[derive(Debug, Clone, Default)]
enum Annotated {
    /// There is none.
    #[default]
    Nothing,
    /// These networks are refused, and what follows decides about all others.
    Denies(Vec<String>),
    /// It ends with `deny all`.
    Decides,
}

/// Locations of a server beside the one that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Others {
    /// There are none.
    #[default]
    None,
    /// They let everybody in.
    Open,
    /// Some of them may refuse.
    Guarded,
}

impl Cx<'_> {
    /// The rules of a location, changed by the snippets around it.
    pub(super) fn with_snippets(&mut self, around: &Around<'_>, server: &Server, rules: Vec<Rule>, tls: bool) -> Vec<Rule> {
        if around.is_empty() || rules.is_empty() {
            return rules;
        }
        let decisions = self.decisions(around, server, tls);
        self.wishes.clear();
        let listed = self.beside(around, rules[0].owner);
        let limited = self.rates(around, rules[0].owner);
        let wishes = self.take_wishes();
        let mut made = Vec::new();
        // Rules with a condition of their own, such as those of canaries, stay before those without.
        for mut rule in rules {
            match &listed {
                // Access is looked at behind the script, which may answer before.
                Listed::Closed(closed) if is_content(&rule) => {
                    let (action, wishes) = match closed {
                        Closed::Withheld(code) => (Action::Withheld(*code), Vec::new()),
                        Closed::Own(intent) => (Action::Answered, vec![intent.clone()]),
                    };
                    let base = Rule { action, changes: Changes { wishes, ..Changes::default() }.into(), ..rule };
                    made.extend(self.decided(around, &decisions, base, &[], tls));
                    continue;
                }
                // One list counts in a location, and no policy combines two.
                Listed::Instead => rule.changes.wishes.retain(|wish| !matches!(wish, Intent::AddressLists { .. })),
                Listed::Closed(_) | Listed::AsBefore => {}
            }
            if let Some(refused) = limited {
                refuse_with(&mut rule, refused);
            }
            made.extend(self.decided(around, &decisions, rule, &wishes, tls));
        }
        self.wishes.clear();
        order::closed(made)
    }

    /// A rule whose requests would get a path that no filter makes.
    fn without_path(&mut self, around: &Around<'_>, rule: Rule) -> Rule {
        let script = around.script();
        if let Some(here) =
            script.iter().find(|here| all(std::slice::from_ref(here.line)).any(|line| matches!(line.directive, Directive::Rewrite { .. })))
        {
            self.lost(here, "a filter cannot make its path of the paths of this rule");
        }
        Rule { action: Action::Withheld(WITHHELD), changes: Changed::default(), ..rule }
    }

    /// How a path is made anew in a rule: a prefix is replaced where the rule has that very prefix, or a longer one.
    fn path_of(&self, rule: &PathRule, rewritten: &decide::Rewritten) -> Option<Made> {
        let expression = || rewritten.expression.clone().map(Made::Expression);
        let Some((to, from)) = &rewritten.core else { return expression() };
        let PathModifier::Prefix(to) = to else { return Some(Made::Core(to.clone())) };
        let joined = |path: &str| {
            let rest = path.strip_prefix(from.trim_end_matches('/'))?;
            let joined = format!("{}{rest}", to.trim_end_matches('/'));
            Some(if joined.is_empty() { "/".to_owned() } else { joined })
        };
        match rule {
            PathRule::Prefix(path) if path == "/" && to != "/" && !self.options.target.replaces_root_prefix() => expression(),
            PathRule::Prefix(path) if path == from => Some(Made::Core(PathModifier::Prefix(to.clone()))),
            PathRule::Prefix(path) => joined(path).map(|path| Made::Core(PathModifier::Prefix(path))).or_else(expression),
            PathRule::Exact(path) => joined(path).map(|path| Made::Core(PathModifier::Full(path))).or_else(expression),
            PathRule::Regex(_) => expression(),
        }
    }

    /// A rule that the target answers, with headers where it sends any.
    fn own(&self, rule: Rule, intent: &Intent) -> Rule {
        let page = match intent {
            Intent::Refuse { status } => Some(Intent::Answer { status: *status, headers: Vec::new(), body: None }),
            _ => None,
        };
        as_own(rule, page.filter(|page| self.keeps(page)).unwrap_or_else(|| intent.clone()))
    }

    /// A rule for each decision of the script.
    fn decided(&mut self, around: &Around<'_>, decisions: &[decide::Decision<'_>], rule: Rule, wishes: &[Intent], tls: bool) -> Vec<Rule> {
        let mut made = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let mut special = rule.clone();
            match condition::add(&mut special, &decision.conditions) {
                condition::Together::Said => {}
                condition::Together::Never => continue,
                condition::Together::Unsaid => {
                    if let Some(here) = around.script().first() {
                        self.lost(here, "a match cannot say its conditions together");
                    }
                    special.action = Action::Withheld(WITHHELD);
                    special.changes = Changed::default();
                    made.push(special);
                    continue;
                }
            }
            self.apply_headers(around, decision, tls, &mut special);
            match &decision.leaf {
                decide::Leaf::Pass { path } => {
                    if let Action::Forward(_) = &special.action {
                        let anew = path.as_ref().map(|path| self.path_of(&special.path, path));
                        let expression = match anew {
                            None => None,
                            Some(Some(Made::Core(path))) => {
                                special.changes.path = Some(path);
                                None
                            }
                            Some(Some(Made::Expression(intent))) => Some(intent),
                            Some(None) => {
                                made.push(self.without_path(around, special));
                                continue;
                            }
                        };
                        special.changes.wishes.extend(wishes.iter().cloned().chain(expression));
                        special.changes.wishes.sort();
                        special.changes.wishes.dedup();
                    } else if let Some(status) = headers::own_status(&special) {
                        special = self.own(special, &Intent::Refuse { status });
                    }
                }
                decide::Leaf::Own(intent) => special = self.own(special, intent),
                decide::Leaf::Redirect(redirect, _) if !redirect.prefix => special = as_redirect(special, redirect),
                decide::Leaf::Redirect(redirect, from) => {
                    let to = PathModifier::Prefix(redirect.path.clone().unwrap_or_default());
                    let rewritten = decide::Rewritten { core: Some((to, from.clone())), expression: None };
                    match self.path_of(&special.path, &rewritten) {
                        Some(Made::Core(PathModifier::Prefix(path))) => {
                            special = as_redirect(special, &Redirect { path: Some(path), ..redirect.clone() });
                        }
                        Some(Made::Core(PathModifier::Full(path))) => {
                            special = as_redirect(special, &Redirect { path: Some(path), prefix: false, ..redirect.clone() });
                        }
                        Some(Made::Expression(_)) | None => special = self.without_path(around, special),
                    }
                }
                decide::Leaf::Answer(code) => {
                    special.action = Action::Withheld(*code);
                    special.changes = Changed::default();
                }
            }
            made.push(special);
        }
        made
    }
}

/// A path that is made anew in a rule.
enum Made {
    /// By a filter of core.
    Core(PathModifier),
    /// By an expression that the target keeps.
    Expression(Intent),
}

/// Adds conditions to a rule; false where no request fits them all, or where a match cannot say them together.
pub(super) fn restrict(rule: &mut Rule, conditions: &[Condition]) -> bool {
    condition::add(rule, conditions) == condition::Together::Said
}

/// Requests of the rule come to the content of a location, and so through its access control.
fn is_content(rule: &Rule) -> bool {
    match &rule.action {
        Action::Forward(_) | Action::Withheld(Code::SnippetLosesBackend) => true,
        Action::Answered => rule.changes.wishes == [Intent::Refuse { status: 404 }],
        Action::Redirect(_) | Action::ToHttps { .. } | Action::Withheld(_) => false,
    }
}

/// Limits of annotations refuse with a status that a snippet says.
fn refuse_with(rule: &mut Rule, refused: u16) {
    for wish in &mut rule.changes.wishes {
        if let Intent::RateLimit { status, .. } = wish {
            *status = Some(refused);
        }
    }
}

/// A rule that redirects; what would be changed on the way to a backend does not count.
fn as_redirect(rule: Rule, redirect: &Redirect) -> Rule {
    let Changes { response_headers, response_added, response_removed, .. } = rule.changes.into_changes();
    let changes = Changes { response_headers, response_added, response_removed, ..Changes::default() }.into();
    Rule { action: Action::Redirect(redirect.clone()), changes, ..rule }
}

/// A rule that the target answers; it has no headers but those of its own.
fn as_own(rule: Rule, mut intent: Intent) -> Rule {
    let Changes { response_headers, response_added, .. } = rule.changes.into_changes();
    let mut all: Vec<(String, String)> = response_headers.into_iter().chain(response_added).collect();
    match &mut intent {
        Intent::FixedRedirect { headers, .. } => *headers = all,
        Intent::Answer { headers, body, .. } => {
            if let (Some(body), Some(at)) = (body, all.iter().position(|(name, _)| name.eq_ignore_ascii_case("content-type"))) {
                body.content_type = all.remove(at).1;
            }
            *headers = all;
        }
        _ => {}
    }
    if let Intent::Answer { status, headers, body: None } = &intent
        && headers.is_empty()
    {
        intent = Intent::Refuse { status: *status };
    }
    Rule { action: Action::Answered, changes: Changes { wishes: vec![intent], ..Changes::default() }.into(), ..rule }
}

/// Something in a block refuses requests: a status for maintenance does so too.
fn refuses(block: &[Line]) -> bool {
    block.iter().any(|line| match &line.directive {
        Directive::Answer { status, .. } => *status >= 400,
        Directive::Access { allow: false, .. } | Directive::Internal | Directive::Password { .. } => true,
        Directive::If { block, .. } | Directive::Location { block, .. } | Directive::Except { block, .. } => refuses(block),
        _ => false,
    })
}

/// Why a rule is withheld for a snippet.
const WITHHELD: Code = Code::SnippetNotConvertible;
