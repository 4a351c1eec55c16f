//! Locations that snippets write as rules of their own.

use crate::{
    automata::{Answer, Budget, Domain, Lang, pcre::Pattern},
    gateway::{Intent, dialect::Hazard},
    ledger::Code,
    nginx::{
        IngressId, Server,
        code::{Compare, Directive, Line},
    },
    request::Piece,
    targets::RegexForm,
    translate::{
        context::Cx,
        paths,
        plan::{Action, Backend, Changed, Changes, PathRule, Rule},
    },
};

use super::{
    Around, Here, Others, WITHHELD,
    condition::{How, searched_path},
    order, refuses,
};

impl<'a> Cx<'a> {
    /// Rules of the locations that a server snippet writes, and of those inside the locations of the controller.
    pub(in crate::translate) fn snippet_locations(
        &mut self,
        around: &Around<'a>,
        server: &Server,
        owner: IngressId,
        tls: bool,
    ) -> Vec<Rule> {
        let mut made = Vec::new();
        let mut work: Vec<(Around<'a>, usize)> = vec![(around.clone(), 0)];
        while let Some((around, depth)) = work.pop() {
            let lists = if around.location.is_empty() { &around.server } else { &around.location };
            let here: Vec<_> = lists.iter().flat_map(|(lines, origin)| lines.iter().map(move |line| (line, origin.clone()))).collect();
            for (line, origin) in here {
                let Directive::Location { compare, path, block } = &line.directive else { continue };
                let here = Here { line, origin: &origin };
                let Some((rule, but)) = self.location_path(&around.compared, *compare, path) else {
                    if *compare == Compare::Named {
                        self.idle(&here, "only nginx itself goes there");
                    } else {
                        self.lost(&here, "a match cannot say its path");
                        self.all_lost(&here, block);
                        if refuses(block) {
                            made.push(self.rule(owner, &here, PathRule::Prefix("/".to_owned()), Action::Withheld(WITHHELD)));
                            self.refuses_unsaid_paths = true;
                        }
                    }
                    continue;
                };
                self.kept(&here, but);
                let inside = Around {
                    http: around.http.clone(),
                    server: around.server.clone(),
                    outer: around.outer.iter().chain(&around.location).cloned().collect(),
                    location: vec![(block, origin.clone())],
                    compared: around.compared.iter().cloned().chain([(*compare, path.clone())]).collect(),
                    guarded: around.guarded,
                    // Where a rewrite leads from here is not looked at.
                    others: Others::Guarded,
                    ..Around::default()
                };
                let action = self.content(&here, block);
                let mut bases = vec![self.rule(owner, &here, rule, action.clone())];
                // nginx refuses `/privates` too where `/private` is refused.
                if refuses(block)
                    && matches!(compare, Compare::Prefix | Compare::FirstPrefix)
                    && !path.ends_with('/')
                    && let Some((rule, _)) = searched_path(
                        &format!("^{}[^/]", regex_syntax::escape(path)),
                        false,
                        self.options.target.regex_form(),
                        How::Exactly,
                    )
                {
                    bases.push(self.rule(owner, &here, rule, action));
                }
                // The location around it has a script of its own, which is not run here.
                let mut rules = self.with_snippets(&inside, server, bases, tls);
                // What refuses somebody around it does so in it, where no policy of ours would.
                if around.guarded && !self.options.allow_unprotected && withhold(rules.iter_mut(), WITHHELD) {
                    self.lost(&here, "the access control of the location around it is not taken over for it");
                }
                if rules.iter().any(|rule| rule.action == Action::Withheld(Code::SnippetLosesBackend)) {
                    self.loses_backend(&here, path);
                }
                made.extend(rules);
                if depth < 4 {
                    work.push((inside, depth + 1));
                }
            }
        }
        order::closed(made)
    }

    /// Where the rank of expressions is open, a prefix may go before an expression that refuses: then nothing may be served by prefixes.
    pub(in crate::translate) fn guard_expressions(&mut self, rules: &mut [Rule]) {
        if std::mem::take(&mut self.refuses_unsaid_paths) && !self.options.allow_unprotected {
            withhold(rules.iter_mut(), WITHHELD);
        }
        let first = self.options.target.regex_form() != RegexForm::Either && !self.has_hazard(Hazard::CutBehindCatchAll);
        if first || self.options.allow_unprotected {
            return;
        }
        let refuses = |rule: &&Rule| matches!(rule.action, Action::Withheld(WITHHELD | Code::SnippetAnswer));
        let beside_prefix = |value: &str| {
            let prefixes = rules.iter().filter(refuses).filter_map(|rule| match &rule.path {
                PathRule::Prefix(path) => Some(regex_syntax::escape(path)),
                PathRule::Exact(_) | PathRule::Regex(_) => None,
            });
            prefixes.into_iter().any(|path| value == format!("^(?:{path}[^/]).*"))
        };
        let open = rules.iter().filter(refuses).find(|rule| matches!(&rule.path, PathRule::Regex(value) if !beside_prefix(value)));
        let Some(first) = open.cloned() else { return };
        let prefixes = rules.iter_mut().filter(|rule| matches!(rule.path, PathRule::Prefix(_)));
        if withhold(prefixes, Code::SnippetExpressionRank)
            && let PathRule::Regex(value) = &first.path
        {
            let facts =
                vec![("path", value.clone()), ("ingress", self.ingress_name(first.owner)), ("target", self.options.target.id().to_owned())];
            self.say(Code::SnippetExpressionRank, Some(first.origin.clone()), facts);
        }
    }

    fn rule(&self, owner: IngressId, here: &Here<'_>, path: PathRule, action: Action) -> Rule {
        let owner = here.origin.ingress.unwrap_or(owner);
        let origin = here.origin.subject.clone().unwrap_or_else(|| self.annotation(owner, here.origin.name));
        let wishes = if action == Action::Answered { vec![Intent::Refuse { status: 404 }] } else { Vec::new() };
        Rule { owner, origin, path, headers: Vec::new(), action, changes: Changes { wishes, ..Changes::default() }.into() }
    }

    fn location_path(&self, around: &[(Compare, String)], compare: Compare, path: &str) -> Option<(PathRule, Option<&'static str>)> {
        match compare {
            Compare::Exact => Some((PathRule::Exact(paths::literal(path).ok()?), None)),
            Compare::Prefix | Compare::FirstPrefix => {
                let but = (path != "/").then_some("a prefix of a route ends where an element of the path ends");
                Some((paths::prefix(path).ok()?, but))
            }
            Compare::Regex { caseless } => {
                let (path, caseless) = searched_within(around, path, caseless)?;
                searched_path(&path, caseless, self.options.target.regex_form(), How::Exactly)
            }
            Compare::Named => None,
        }
    }

    /// Who answers in a location without an answer of its script.
    fn content(&mut self, here: &Here<'_>, block: &[Line]) -> Action {
        let pass = block.iter().find_map(|line| if let Directive::Pass(url) = &line.directive { Some((line, url)) } else { None });
        let Some((line, url)) = pass else {
            let keeps = self.keeps(&Intent::Refuse { status: 404 });
            return if keeps { Action::Answered } else { Action::Withheld(Code::SnippetLosesBackend) };
        };
        let here = Here { line, origin: here.origin };
        let text = match url.as_slice() {
            [Piece::Literal(text)] => text.as_str(),
            _ => "",
        };
        match backend(text) {
            Some(backend) => {
                self.kept(&here, None);
                Action::Forward(vec![backend])
            }
            None => {
                self.lost(&here, "its backend is no Service by its cluster name");
                Action::Withheld(WITHHELD)
            }
        }
    }
}

/// An expression that is found where that of a location is, and all of those around it hold too; `None` where none is known.
fn searched_within(around: &[(Compare, String)], regex: &str, caseless: bool) -> Option<(String, bool)> {
    let around: Vec<_> = around.iter().filter(|(compare, path)| path != "/" || *compare == Compare::Exact).collect();
    if around.is_empty() {
        return Some((regex.to_owned(), caseless));
    }
    let found = Lang::pcre(&Pattern::parse(regex, caseless).ok()?);
    let outer = Lang::and(around.iter().map(|(compare, path)| paths_of(*compare, path)).collect::<Option<Vec<_>>>()?);
    if found.is_subset(&outer, Domain::clean_paths(), Budget::default()) == Answer::Holds {
        return Some((regex.to_owned(), caseless));
    }
    let (Compare::Prefix | Compare::FirstPrefix, prefix) = around.last()? else { return None };
    let case = if caseless { "(?i:" } else { "(?:" };
    let joined = format!("^{}.*{case}{regex})", regex_syntax::escape(prefix));
    let said = Lang::pcre(&Pattern::parse(&joined, false).ok()?);
    let both = Lang::and([found, outer]);
    (said.is_equal(&both, Domain::clean_paths(), Budget::default()) == Answer::Holds).then_some((joined, false))
}

/// The paths of a location.
fn paths_of(compare: Compare, path: &str) -> Option<Lang> {
    match compare {
        Compare::Exact => Some(Lang::exact(path)),
        Compare::Prefix | Compare::FirstPrefix => Some(Lang::prefix(path)),
        Compare::Regex { caseless } => Some(Lang::pcre(&Pattern::parse(path, caseless).ok()?)),
        Compare::Named => None,
    }
}

/// Withholds those of the rules that are served; whether there were some.
fn withhold<'r>(rules: impl Iterator<Item = &'r mut Rule>, code: Code) -> bool {
    let mut any = false;
    for rule in rules.filter(|rule| matches!(rule.action, Action::Forward(_))) {
        rule.action = Action::Withheld(code);
        rule.changes = Changed::default();
        any = true;
    }
    any
}

/// The Service of `http://NAME.NAMESPACE.svc:PORT`.
fn backend(url: &str) -> Option<Backend> {
    let authority = url.strip_prefix("http://")?;
    if authority.contains('/') {
        return None;
    }
    let (name, port) = authority.split_once(':').map_or((authority, Some(80)), |(name, port)| (name, port.parse().ok()));
    let labels: Vec<&str> = name.split('.').collect();
    let ([service, namespace] | [service, namespace, "svc"] | [service, namespace, "svc", "cluster", "local"]) = labels.as_slice() else {
        return None;
    };
    Some(Backend { service: crate::k8s::NamespacedName::new(*namespace, *service), port: port?, weight: 1 })
}
