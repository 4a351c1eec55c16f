//! The script of a location as decisions: conditions that a match can say, first one first, and what happens then.

use crate::{
    gateway::{Body, Intent},
    ledger::Code,
    nginx::{
        Server,
        code::{After, Condition, Directive, Line, Question, Text, all},
    },
    request::Piece,
    targets::Side,
    translate::{
        context::Cx,
        plan::{PathModifier, PathRule, Redirect},
    },
};

use super::{
    Around, Here, Origin, Others, WITHHELD,
    condition::{Env, Ground, Held, How, Match, QUERY, Said, is_of_client, known, said, searched_path, tells_clients_apart},
    groups,
    lines::Text as Written,
    redirect::{self, Place},
    refuses,
    values::Scene,
};

/// A path that is made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// By a filter of core: what becomes of the path, and the prefix that it is the replacement of.
    pub(super) core: Option<(PathModifier, String)>,
    /// By an expression that the target keeps.
    pub(super) expression: Option<Intent>,
}

/// What a decision leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaf {
    /// The request goes its way, perhaps with another path.
    Pass {
        /// Path sent upstream.
        path: Option<Rewritten>,
    },
    /// A redirect, and the prefix that its path is the replacement of.
    Redirect(Redirect, String),
    /// The target answers by a filter of its own.
    Own(Intent),
    /// An answer that is not said; the rule has no backends.
    Answer(Code),
}

/// The block of a condition that holds, with the snippet it stands in.
#[derive(Debug, Clone)]
pub(super) struct Inner<'a> {
    pub(super) block: &'a [Line],
    pub(super) origin: &'a Origin,
}

/// A decision.
#[derive(Debug, Clone)]
pub(super) struct Decision<'a> {
    pub(super) conditions: Vec<Match>,
    pub(super) leaf: Leaf,
    pub(super) inner: Option<Inner<'a>>,
    /// Variables at its end.
    pub(super) env: Env,
}

/// More decisions than this are not written.
const MOST: usize = 24;

/// How a script goes on.
#[derive(Clone)]
struct Walk<'s, 'a> {
    env: Env,
    inner: Option<Inner<'a>>,
    server: &'s Server,
    tls: bool,
    content_type: &'s str,
    /// The path that a rewrite without a flag made, with which the script goes on.
    path: Option<Rewritten>,
    /// Conditions that are known to hold.
    holds: Vec<Match>,
    /// What a location that is chosen again may be.
    others: Others,
    /// Annotations change paths behind the script, or redirect.
    rewrites: bool,
}

impl Walk<'_, '_> {
    fn scene(&self) -> Scene<'_> {
        Scene { env: &self.env, tls: self.tls, ..Scene::of(&self.env) }
    }
}

impl Cx<'_> {
    /// The decisions around a location; the last one has no condition.
    pub(super) fn decisions<'a>(&mut self, around: &'a Around<'_>, server: &Server, tls: bool) -> Vec<Decision<'a>> {
        let work: Vec<Here<'a>> = around.script().into_iter().rev().collect();
        let content_type = around.content_type();
        let walk = Walk {
            env: around.constants(server),
            inner: None,
            server,
            tls,
            content_type: &content_type,
            path: None,
            holds: Vec::new(),
            others: around.others,
            rewrites: around.rewrites,
        };
        let decisions = self.walk(work, walk, 0);
        if decisions.len() > MOST {
            if let Some(here) = around.script().first() {
                self.lost(here, "there are too many cases");
            }
            return vec![Decision { conditions: Vec::new(), leaf: Leaf::Answer(WITHHELD), inner: None, env: Env::new() }];
        }
        decisions
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of directive")]
    fn walk<'a>(&mut self, mut work: Vec<Here<'a>>, mut walk: Walk<'_, 'a>, depth: usize) -> Vec<Decision<'a>> {
        let end = |leaf: Leaf, walk: &Walk<'_, 'a>| {
            vec![Decision { conditions: Vec::new(), leaf, inner: walk.inner.clone(), env: walk.env.clone() }]
        };
        while let Some(here) = work.pop() {
            if walk.path.is_some() && asks_for_path(&here.line.directive) {
                self.lost(&here, "it looks at a path that was rewritten before");
                return end(Leaf::Answer(WITHHELD), &walk);
            }
            match &here.line.directive {
                Directive::Set { variable, value } => {
                    let held = held(value.as_ref(), &walk.env);
                    walk.env.insert(variable.clone(), held);
                    match variable.as_str() {
                        "args" => self.lost(&here, "a filter does not change the query"),
                        "proxy_upstream_name" if here.origin.name != "server-snippet" => {
                            self.lost(&here, "the controller's code chooses the backend by it");
                        }
                        _ => self.kept(&here, None),
                    }
                }
                Directive::Defines(variable) => drop(walk.env.insert(variable.clone(), Held::Unknown { of_client: true })),
                Directive::OfAuth { variable, text } => drop(walk.env.insert(variable.clone(), of_auth(text))),
                Directive::Break => {
                    if walk.rewrites {
                        self.lost(&here, "it takes away what annotations do to the path behind it");
                    } else {
                        self.kept(&here, None);
                    }
                    break;
                }
                Directive::Redirect { status, location } => {
                    let leaf = self.redirected(&here, location, *status, &walk);
                    return end(leaf, &walk);
                }
                Directive::Answer { status, text } => {
                    let text = match text {
                        None => Written::None,
                        Some(text) => self.worded(text, Side::Response, &walk.scene()).map_or(Written::Unsaid, |said| {
                            Written::Written(Body { text: said.value, content_type: walk.content_type.to_owned() })
                        }),
                    };
                    let leaf = self.answered(&here, *status, &text);
                    return end(leaf, &walk);
                }
                Directive::If { condition, block } if depth < 6 => {
                    match said(condition, self.ground(&walk)) {
                        Said::Always(holds) => {
                            self.kept(&here, None);
                            if holds {
                                work.extend(block.iter().rev().map(|line| Here { line, origin: here.origin }));
                                walk.inner = Some(Inner { block, origin: here.origin });
                            }
                        }
                        // Somebody may be refused for what stands in the query.
                        Said::Any { but: Some(QUERY), .. } if refuses(block) => {
                            self.lost(&here, QUERY);
                            return end(Leaf::Answer(WITHHELD), &walk);
                        }
                        Said::Any { any, negated, but } => {
                            self.kept(&here, but);
                            let mut then_work = work.clone();
                            then_work.extend(block.iter().rev().map(|line| Here { line, origin: here.origin }));
                            let mut then = Walk { inner: Some(Inner { block, origin: here.origin }), ..walk.clone() };
                            if let ([only], false) = (any.as_slice(), negated) {
                                then.holds.push(only.clone());
                            }
                            let then = self.walk(then_work, then, depth + 1);
                            let other = self.walk(work, walk, depth + 1);
                            return if negated { joined(&any, &other, then) } else { joined(&any, &then, other) };
                        }
                        Said::No(why) => {
                            self.lost(&here, why);
                            self.all_lost(&here, block);
                            if guards(condition, block, &walk.env) {
                                return end(Leaf::Answer(WITHHELD), &walk);
                            }
                            let unknown = Held::Unknown { of_client: tells_clients_apart(condition, &walk.env) };
                            walk.env.extend(variables_of(block).map(|variable| (variable.clone(), unknown.clone())));
                        }
                    }
                }
                Directive::Rewrite { regex, replacement, keeps_query, after } if depth < 6 => {
                    let form = self.options.target.regex_form();
                    let plain = groups::written_out(regex, replacement);
                    let (regex, replacement) = plain.as_ref().map_or((regex, replacement), |(regex, text)| (regex, text));
                    // A path that merely looks like those of the expression goes on, perhaps to a refusal.
                    let refused = work.iter().any(|here| refuses(std::slice::from_ref(here.line)));
                    let how = if refused { How::Exactly } else { How::Nearly };
                    let Some((mut path, mut but)) = searched_path(regex, false, form, how) else {
                        self.lost(&here, "its expression needs PCRE");
                        continue;
                    };
                    let from = match &path {
                        PathRule::Prefix(prefix) => prefix.clone(),
                        PathRule::Exact(_) | PathRule::Regex(_) => String::new(),
                    };
                    let leaf = match after {
                        After::Redirect(status) => redirect::of_rewrite(regex, replacement, *status, &walk.env, *keeps_query)
                            .map(|(redirect, more)| (Leaf::Redirect(redirect, from), more)),
                        After::Next | After::Last | After::Break => {
                            redirect::change(regex, replacement, *keeps_query).map(|(change, more)| {
                                let expression = self.captured(regex, replacement, *keeps_query, *after);
                                let rewritten = Rewritten { core: Some((change, from)), expression };
                                (Leaf::Pass { path: Some(rewritten) }, more)
                            })
                        }
                    };
                    // The script of a server runs before any location is chosen.
                    let again =
                        matches!(after, After::Next | After::Last) || (*after == After::Break && here.origin.name == "server-snippet");
                    let leaf = match leaf {
                        _ if again && walk.others == Others::Guarded => {
                            self.lost(&here, "nginx chooses the location again then, and another one may refuse");
                            Leaf::Answer(WITHHELD)
                        }
                        Some((leaf, more)) => {
                            let other =
                                (again && walk.others == Others::Open).then_some("nginx chooses the location again, the gateway does not");
                            self.kept(&here, but.or(more).or(other));
                            leaf
                        }
                        None => match self.captured(regex, replacement, *keeps_query, *after) {
                            Some(intent) => {
                                if let Some(exact) = searched_path(regex, false, form, How::Exactly) {
                                    (path, but) = exact;
                                }
                                self.kept_by_target(&here, &intent);
                                self.kept(&here, but);
                                Leaf::Pass { path: Some(Rewritten { core: None, expression: Some(intent) }) }
                            }
                            None => {
                                self.lost(&here, "a filter cannot make its path of captured text");
                                Leaf::Answer(WITHHELD)
                            }
                        },
                    };
                    let then = match leaf {
                        Leaf::Pass { path: Some(made) } if *after == After::Next => {
                            self.walk(work.clone(), Walk { path: Some(made), ..walk.clone() }, depth + 1)
                        }
                        leaf => end(leaf, &walk),
                    };
                    if walk.holds.contains(&Match::Path(path.clone())) || path == PathRule::Prefix("/".to_owned()) {
                        return then;
                    }
                    let other = self.walk(work, walk, depth + 1);
                    return joined(&[Match::Path(path)], &then, other);
                }
                Directive::If { block, .. } => {
                    self.lost(&here, "there are too many cases");
                    self.all_lost(&here, block);
                    return end(Leaf::Answer(WITHHELD), &walk);
                }
                Directive::Rewrite { .. } => {
                    self.lost(&here, "there are too many cases");
                    return end(Leaf::Answer(WITHHELD), &walk);
                }
                _ => {}
            }
        }
        end(Leaf::Pass { path: walk.path.clone() }, &walk)
    }
}

/// What a variable holds from now on.
fn held(value: Option<&Text>, env: &Env) -> Held {
    let Some(text) = value else { return Held::Unknown { of_client: true } };
    let of_client = |piece: &Piece| match piece {
        Piece::Variable(name) | Piece::Named(name) => is_of_client(name, env),
        Piece::Literal(_) | Piece::Group(_) => false,
    };
    known(text, env).map_or_else(|| Held::Unknown { of_client: text.iter().any(of_client) }, Held::Text)
}

/// A block keeps somebody away: it refuses, or sends elsewhere who is not known. Files that are looked for are practically never there.
fn guards(condition: &Condition, block: &[Line], env: &Env) -> bool {
    if let Question::File(_) = condition.question {
        return condition.negated && refuses(block);
    }
    let elsewhere =
        |line: &Line| matches!(line.directive, Directive::Redirect { .. } | Directive::Answer { .. } | Directive::Rewrite { .. });
    refuses(block) || (tells_clients_apart(condition, env) && all(block).any(elsewhere))
}

/// The directive depends on the path at this moment.
fn asks_for_path(directive: &Directive) -> bool {
    let is_path = |name: &str| ["uri", "document_uri"].contains(&name);
    let in_text = |text: &Text| text.iter().any(|piece| matches!(piece, Piece::Variable(name) if is_path(name)));
    match directive {
        Directive::Rewrite { .. } => true,
        Directive::If { condition, .. } => is_path(&condition.variable),
        Directive::Redirect { location, .. } => in_text(location),
        Directive::Answer { text: Some(text), .. } | Directive::Set { value: Some(text), .. } => in_text(text),
        _ => false,
    }
}

/// A value of `auth_request_set`: a header of the answer, where it is one.
fn of_auth(text: &Text) -> Held {
    let unknown = Held::Unknown { of_client: true };
    match text.as_slice() {
        [Piece::Variable(name)] => name.strip_prefix("upstream_http_").map_or(unknown, |name| Held::OfAuth(name.replace('_', "-"))),
        _ => unknown,
    }
}

/// Variables that a block may set.
fn variables_of(block: &[Line]) -> impl Iterator<Item = &String> {
    all(block).filter_map(|line| match &line.directive {
        Directive::Set { variable, .. } | Directive::Defines(variable) | Directive::OfAuth { variable, .. } => Some(variable),
        _ => None,
    })
}

impl Cx<'_> {
    fn ground<'s>(&self, walk: &'s Walk<'_, '_>) -> Ground<'s> {
        let trusted = *self.config.globals.forwarded.trusted;
        Ground { env: &walk.env, server: walk.server, tls: walk.tls, form: self.options.target.regex_form(), trusted }
    }

    /// A redirect: by a filter of the target where that says more, else by that of core.
    fn redirected(&mut self, here: &Here<'_>, location: &Text, status: u16, walk: &Walk<'_, '_>) -> Leaf {
        let core = redirect::of_text(location, status, &walk.env, Place::Return);
        if let Some((redirect, None)) = core {
            self.kept(here, None);
            return Leaf::Redirect(redirect, String::new());
        }
        let absolute = |text: &[Piece]| match text.first() {
            Some(Piece::Literal(text)) => text.contains("://") || text.starts_with('/'),
            Some(_) | None => false,
        };
        if absolute(&self.resolved(location, &walk.scene()))
            && let Some(said) = self.worded(location, Side::Response, &walk.scene())
        {
            let intent = Intent::FixedRedirect { url: said.value, status, headers: Vec::new() };
            if self.kept_by_target(here, &intent) {
                return Leaf::Own(intent);
            }
        }
        match core {
            Some((redirect, but)) => {
                self.kept(here, but);
                Leaf::Redirect(redirect, String::new())
            }
            None => {
                self.lost(here, "the redirect filter cannot say its target");
                Leaf::Answer(WITHHELD)
            }
        }
    }

    /// A rewrite by an expression that the target keeps.
    fn captured(&self, regex: &str, replacement: &Text, keeps_query: bool, after: After) -> Option<Intent> {
        let target = redirect::template(replacement).filter(|target| keeps_query && !target.contains('?'))?;
        let anchored = regex.starts_with('^') && !matches!(after, After::Redirect(_));
        let intent = Intent::RegexRewrite { pattern: regex.to_owned(), target };
        (anchored && self.keeps(&intent)).then_some(intent)
    }
}

/// Decisions where one of the matches holds, then those where none does.
fn joined<'a>(any: &[Match], then: &[Decision<'a>], other: Vec<Decision<'a>>) -> Vec<Decision<'a>> {
    let mut all = Vec::with_capacity(any.len() * then.len() + other.len());
    for one in any {
        for decision in then {
            let mut conditions = vec![one.clone()];
            conditions.extend(decision.conditions.iter().filter(|known| *known != one).cloned());
            all.push(Decision { conditions, ..decision.clone() });
        }
    }
    all.extend(other);
    all
}
