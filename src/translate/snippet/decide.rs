//! The script of a location as decisions: conditions that a match can say, first one first, and what happens then.

use crate::{
    gateway::Intent,
    ledger::Code,
    nginx::{
        Server,
        code::{After, Directive, Line, Text},
    },
    request::Piece,
    translate::{
        context::Cx,
        plan::{PathModifier, Redirect},
    },
};

use super::{
    Around, Here, Origin, WITHHELD,
    condition::{Env, Held, How, Match, Said, known, said, searched_path},
    redirect::{self, Place},
    refuses,
};

/// What a decision leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaf {
    /// The request goes its way, perhaps with another path, or with something that the target keeps.
    Pass {
        /// Path sent upstream.
        path: Option<PathModifier>,
        /// What the target keeps.
        wish: Option<Intent>,
    },
    /// A redirect.
    Redirect(Redirect),
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
struct Walk<'s, 'a> {
    env: Env,
    inner: Option<Inner<'a>>,
    server: &'s Server,
    tls: bool,
    path: Option<PathModifier>,
}

impl Cx<'_> {
    /// The decisions around a location; the last one has no condition.
    pub(super) fn decisions<'a>(&mut self, around: &'a Around<'_>, server: &Server, tls: bool) -> Vec<Decision<'a>> {
        let work: Vec<Here<'a>> = around.script().into_iter().rev().collect();
        let walk = Walk { env: around.constants(), inner: None, server, tls, path: None };
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
            match &here.line.directive {
                Directive::Set { variable, value } => {
                    let value = value.as_ref().and_then(|text| known(text, &walk.env));
                    walk.env.insert(variable.clone(), value.into());
                    self.kept(&here, None);
                }
                Directive::Defines(variable) => drop(walk.env.insert(variable.clone(), Held::Unknown)),
                Directive::OfAuth { variable, text } => drop(walk.env.insert(variable.clone(), of_auth(text))),
                Directive::Break => {
                    self.kept(&here, None);
                    break;
                }
                Directive::Redirect { status, location } => {
                    // A URL without variables loses the query of the request, which filters of some targets can say.
                    let fixed = known(location, &walk.env).filter(|url| url.contains("://") || url.starts_with('/'));
                    if let Some(url) = fixed {
                        let intent = Intent::FixedRedirect { url, status: *status, headers: Vec::new() };
                        if self.kept_by_target(&here, &intent) {
                            return end(Leaf::Own(intent), &walk);
                        }
                    }
                    return match redirect::of_text(location, *status, &walk.env, Place::Return) {
                        Some((redirect, but)) => {
                            self.kept(&here, but);
                            end(Leaf::Redirect(redirect), &walk)
                        }
                        None => {
                            self.lost(&here, "the redirect filter cannot say its target");
                            end(Leaf::Answer(WITHHELD), &walk)
                        }
                    };
                }
                Directive::Answer { status, text } => {
                    let leaf = self.answered(&here, *status, *text);
                    return end(leaf, &walk);
                }
                Directive::If { condition, block } if depth < 6 => {
                    match said(condition, &walk.env, walk.server, walk.tls, self.options.target.regex_form()) {
                        Said::Always(holds) => {
                            self.kept(&here, None);
                            if holds {
                                work.extend(block.iter().rev().map(|line| Here { line, origin: here.origin }));
                                walk.inner = Some(Inner { block, origin: here.origin });
                            }
                        }
                        Said::Any { any, negated, but } => {
                            self.kept(&here, but);
                            let mut then_work = work.clone();
                            then_work.extend(block.iter().rev().map(|line| Here { line, origin: here.origin }));
                            let inner = Some(Inner { block, origin: here.origin });
                            let then = Walk { env: walk.env.clone(), inner, server: walk.server, tls: walk.tls, path: walk.path.clone() };
                            let then = self.walk(then_work, then, depth + 1);
                            let other = self.walk(work, walk, depth + 1);
                            return if negated { joined(&any, &other, then) } else { joined(&any, &then, other) };
                        }
                        Said::No(why) => {
                            self.lost(&here, why);
                            if refuses(block) {
                                return end(Leaf::Answer(WITHHELD), &walk);
                            }
                            self.all_lost(&here, block);
                            walk.env.extend(variables_of(block).map(|variable| (variable.clone(), Held::Unknown)));
                        }
                    }
                }
                Directive::Rewrite { regex, replacement, keeps_query, after } if depth < 6 => {
                    let form = self.options.target.regex_form();
                    let Some((mut path, mut but)) = searched_path(regex, false, form, How::Nearly) else {
                        self.lost(&here, "its expression needs PCRE");
                        continue;
                    };
                    let leaf = match after {
                        After::Redirect(status) => redirect::of_rewrite(regex, replacement, *status, &walk.env, *keeps_query)
                            .map(|(redirect, more)| (Leaf::Redirect(redirect), more)),
                        After::Next | After::Last | After::Break => redirect::change(regex, replacement, *keeps_query)
                            .map(|(change, more)| (Leaf::Pass { path: Some(change), wish: None }, more)),
                    };
                    let leaf = match leaf {
                        Some((leaf, more)) => {
                            self.kept(&here, but.or(more));
                            leaf
                        }
                        None => match self.captured(&here, regex, replacement, *keeps_query, *after) {
                            Some(intent) => {
                                if let Some(exact) = searched_path(regex, false, form, How::Exactly) {
                                    (path, but) = exact;
                                }
                                self.kept(&here, but);
                                Leaf::Pass { path: None, wish: Some(intent) }
                            }
                            None => {
                                self.lost(&here, "a filter cannot make its path of captured text");
                                Leaf::Answer(WITHHELD)
                            }
                        },
                    };
                    let then = end(leaf, &walk);
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
        end(Leaf::Pass { path: walk.path.clone(), wish: None }, &walk)
    }
}

/// A value of `auth_request_set`: a header of the answer, where it is one.
fn of_auth(text: &Text) -> Held {
    match text.as_slice() {
        [Piece::Variable(name)] => name.strip_prefix("upstream_http_").map_or(Held::Unknown, |name| Held::OfAuth(name.replace('_', "-"))),
        _ => Held::Unknown,
    }
}

/// Variables that a block may set.
fn variables_of(block: &[Line]) -> impl Iterator<Item = &String> {
    crate::nginx::code::all(block).filter_map(|line| match &line.directive {
        Directive::Set { variable, .. } | Directive::Defines(variable) | Directive::OfAuth { variable, .. } => Some(variable),
        _ => None,
    })
}

impl Cx<'_> {
    /// A rewrite by an expression that the target keeps.
    fn captured(&mut self, here: &Here<'_>, regex: &str, replacement: &Text, keeps_query: bool, after: After) -> Option<Intent> {
        let target = redirect::template(replacement).filter(|target| keeps_query && !target.contains('?'))?;
        let anchored = regex.starts_with('^') && !matches!(after, After::Redirect(_));
        let intent = Intent::RegexRewrite { pattern: regex.to_owned(), target };
        (anchored && self.kept_by_target(here, &intent)).then_some(intent)
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
