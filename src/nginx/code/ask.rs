//! What snippets ask about a request: which questions there can be at all, so that the router interns them, and how they are put.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Condition, Directive, Question, Text, Tree};
use crate::{
    automata::{Answer, Budget, Domain, Lang, pcre::Pattern},
    k8s::Subject,
    nginx::{Config, settings::Cidr},
    request::{Field, Part, Piece, Predicates, Regex, RegexDialect, Test, TextExpr, Valuation},
};

/// Everything that the snippets of a configuration ask and define.
#[derive(Debug, Default)]
pub(in crate::nginx) struct Questions<'c> {
    /// Locations of the servers that snippets concern, by index of the server.
    pub(in crate::nginx) trees: BTreeMap<usize, Tree<'c>>,
    /// Variables that some snippet sets; they are empty until then.
    pub(super) declared: BTreeSet<String>,
    /// Expressions that are found in every target, and whether letter case counts.
    pub(super) everywhere: BTreeSet<(&'c str, bool)>,
    /// Variables of `map`, with their directive.
    pub(super) maps: BTreeMap<&'c str, &'c Directive>,
}

/// A question as a combination of tests of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Formula {
    Known(bool),
    Holds(Test),
    Not(Box<Formula>),
    And(Vec<Formula>),
    Or(Vec<Formula>),
}

impl Formula {
    /// The answer; `None` where a test was not interned.
    pub(super) fn decide(&self, field: &Field, predicates: &Predicates, v: &impl Valuation) -> Option<bool> {
        Some(match self {
            Self::Known(known) => *known,
            Self::Holds(test) => v.holds(predicates.find(field, test)?),
            Self::Not(formula) => !formula.decide(field, predicates, v)?,
            Self::And(list) => {
                for formula in list {
                    if !formula.decide(field, predicates, v)? {
                        return Some(false);
                    }
                }
                true
            }
            Self::Or(list) => {
                for formula in list {
                    if formula.decide(field, predicates, v)? {
                        return Some(true);
                    }
                }
                false
            }
        })
    }

    fn intern(&self, field: &Field, predicates: &mut Predicates, origin: Option<&Subject>) {
        match self {
            Self::Known(_) => {}
            Self::Holds(test) => drop(predicates.intern(field.clone(), test.clone(), origin.cloned())),
            Self::Not(formula) => formula.intern(field, predicates, origin),
            Self::And(list) | Self::Or(list) => list.iter().for_each(|formula| formula.intern(field, predicates, origin)),
        }
    }
}

fn not(formula: Formula) -> Formula {
    Formula::Not(Box::new(formula))
}

/// The test of an expression that nginx searches.
pub(super) fn search(regex: &str, caseless: bool) -> Test {
    Test::Regex(Regex { pattern: regex.to_owned(), caseless, dialect: RegexDialect::PcreSearch })
}

/// The test that addresses of some network pass.
pub(in crate::nginx) fn networks(list: &[Cidr]) -> Test {
    Test::InNetworks(list.iter().map(|cidr| (cidr.address, cidr.length)).collect())
}

/// Whether an expression is found in every text of a domain that begins with a slash.
pub fn finds_all(regex: &str, caseless: bool, domain: &Domain) -> bool {
    const SMALL: Budget = Budget { states: 2_000, atoms: 200, bytes: 4 << 20, steps: 100_000_000 };
    let Ok(found) = Pattern::parse(regex, caseless) else { return false };
    Lang::prefix("/").is_subset(&Lang::pcre(&found), domain, SMALL) == Answer::Holds
}

/// A text without variables and groups.
pub(super) fn literal(text: &Text) -> Option<&str> {
    match text.as_slice() {
        [] => Some(""),
        [Piece::Literal(text)] => Some(text),
        _ => None,
    }
}

/// The field that a text is, where it is one.
pub(super) fn field(text: &TextExpr) -> Option<Field> {
    let [part] = text.0.as_slice() else { return None };
    match part {
        Part::Scheme => Some(Field::Scheme),
        Part::EffectiveScheme => Some(Field::EffectiveScheme),
        // In the classes of requests that proofs are about, these are the same.
        Part::Host | Part::HostHeader | Part::ForwardedHost | Part::ForwardedHostName => Some(Field::Host),
        Part::Port | Part::EffectivePort => Some(Field::Port),
        Part::ClientAddress | Part::PeerAddress => Some(Field::Client),
        Part::Header(name) => Some(Field::Header(name.clone())),
        Part::Variable(name) => match name.as_str() {
            "uri" => Some(Field::Path),
            "request_method" => Some(Field::Method),
            _ => (name.strip_prefix("arg_").map(|name| Field::Query(name.to_owned())))
                .or_else(|| name.strip_prefix("cookie_").map(|name| Field::Cookie(name.to_owned()))),
        },
        Part::Literal(_)
        | Part::RawTarget { .. }
        | Part::Path(_)
        | Part::Redirected { .. }
        | Part::Query
        | Part::MoreQuery
        | Part::Filled { .. }
        | Part::BackendLocation { .. }
        | Part::FullForwardedFor
        | Part::ForwardedPort => None,
    }
}

/// A question about a text that is not known, as tests of a field.
pub(super) fn formula(text: &TextExpr, question: &Question) -> Option<(Field, Formula)> {
    if let [Part::RawTarget { strip_slash: false }] = text.0.as_slice() {
        let Question::Matches { regex, caseless } = question else { return None };
        return super::values::ignores_query(regex).then(|| (Field::Path, Formula::Holds(search(regex, *caseless))));
    }
    let field = field(text)?;
    let can_lack = matches!(field, Field::Header(_) | Field::Cookie(_) | Field::Query(_));
    let equals = |text: &str| Formula::Holds(Test::Equals(text.to_owned()));
    let formula = match question {
        Question::Truthy if can_lack => Formula::And(vec![Formula::Holds(Test::Present), not(equals("")), not(equals("0"))]),
        Question::Truthy => Formula::Known(true),
        Question::Equals(wanted) => match (literal(wanted)?, &field) {
            ("", _) if can_lack => Formula::Or(vec![not(Formula::Holds(Test::Present)), equals("")]),
            ("", _) => Formula::Known(false),
            (wanted, Field::Client) => match wanted.parse() {
                Ok(cidr) if !wanted.contains('/') => Formula::Holds(networks(&[cidr])),
                Ok(_) | Err(_) => Formula::Known(false),
            },
            (wanted, _) => equals(wanted),
        },
        Question::File(_) => return None,
        Question::Matches { .. } if field == Field::Client => return None,
        Question::Matches { regex, caseless } => {
            let empty = Pattern::parse(regex, *caseless).ok()?.is_match(b"").ok()?;
            let found = Formula::Holds(search(regex, *caseless));
            if empty && can_lack { Formula::Or(vec![not(Formula::Holds(Test::Present)), found]) } else { found }
        }
    };
    Some((field, formula))
}

/// A variable that nginx itself gives a value, as a text.
pub(super) fn builtin(name: &str) -> Option<TextExpr> {
    let part = match name {
        "scheme" => Part::Scheme,
        "host" => Part::Host,
        "http_host" => Part::HostHeader,
        "server_port" => Part::Port,
        "remote_addr" => Part::ClientAddress,
        "realip_remote_addr" => Part::PeerAddress,
        "request_uri" => Part::RawTarget { strip_slash: false },
        "uri" | "document_uri" => Part::Variable("uri".to_owned()),
        "args" | "query_string" => Part::Variable("args".to_owned()),
        "is_args" | "request_method" | "server_protocol" | "https" | "subdomain" | "escaped_request_uri" | "literal_dollar" => {
            Part::Variable(name.to_owned())
        }
        "content_type" => Part::Header("content-type".to_owned()),
        _ => {
            if let Some(header) = name.strip_prefix("http_") {
                Part::Header(header.replace('_', "-"))
            } else if name.starts_with("arg_") || name.starts_with("cookie_") {
                Part::Variable(name.to_owned())
            } else {
                return None;
            }
        }
    };
    Some([part].into())
}

/// A snippet and the place that it came from.
pub(super) type Sourced<'c> = (&'c Code, Option<Subject>);

/// All snippets of a configuration that concern HTTP.
pub(super) fn codes(config: &Config) -> Vec<Sourced<'_>> {
    let globals = &config.globals;
    let key = |key: &'static str| globals.config_map.as_ref().map(|map| Subject { object: map.object, field: map.field.child(key) });
    let mut list: Vec<Sourced<'_>> = globals.snippets.iter().map(|snippet| (&snippet.code, key(snippet.key))).collect();
    for (at, ingress) in config.ingresses.iter().enumerate() {
        let Some(snippets) = &ingress.settings.snippets else { continue };
        let place = |name| Some(config.annotation(crate::nginx::IngressId(u32::try_from(at).unwrap_or(u32::MAX)), name));
        list.push((&snippets.server_code, place("server-snippet")));
        list.push((&snippets.configuration_code, place("configuration-snippet")));
    }
    list.retain(|(code, _)| !code.is_empty());
    list
}

impl<'c> Questions<'c> {
    /// Interns what snippets ask; `None` where there are none.
    pub(in crate::nginx) fn new(config: &'c Config, predicates: &mut Predicates) -> Option<Self> {
        let codes = codes(config);
        if codes.is_empty() {
            return None;
        }
        let mut questions = Self::default();
        let mut sets: BTreeMap<&str, Vec<&Text>> = BTreeMap::new();
        for line in codes.iter().flat_map(|(code, _)| code.all()) {
            match &line.directive {
                Directive::Set { variable, value } => {
                    questions.declared.insert(variable.clone());
                    sets.entry(variable).or_default().extend(value);
                }
                Directive::Map { variable, .. } => {
                    questions.declared.insert(variable.clone());
                    questions.maps.insert(variable, &line.directive);
                }
                Directive::Rewrite { regex, .. } | Directive::Location { path: regex, .. } => questions.declare_groups(regex),
                Directive::If { condition: Condition { question: Question::Matches { regex, caseless }, variable, .. }, .. } => {
                    questions.declare_groups(regex);
                    if variable == "request_uri" && finds_all(regex, *caseless, Domain::values()) {
                        questions.everywhere.insert((regex, *caseless));
                    }
                }
                _ => {}
            }
        }
        for (code, origin) in &codes {
            for line in code.all() {
                questions.ask(&line.directive, &sets, origin.as_ref(), predicates);
            }
        }
        // What nginx's own files, and locations without a limit of their own, ask.
        for method in ["GET", "HEAD"] {
            predicates.intern(Field::Method, Test::Equals(method.to_owned()), None);
        }
        predicates.intern(Field::BodyLength, Test::Above(1 << 20), None);
        for at in 0..config.servers.len() {
            if let Some(tree) = Tree::new(config, at, predicates) {
                questions.trees.insert(at, tree);
            }
        }
        Some(questions)
    }

    fn declare_groups(&mut self, regex: &str) {
        if regex.contains("(?")
            && let Ok(pattern) = Pattern::parse(regex, false)
        {
            self.declared.extend(pattern.group_names().iter().map(|(name, _)| name.clone()));
        }
    }

    fn ask(&self, directive: &'c Directive, sets: &BTreeMap<&str, Vec<&Text>>, origin: Option<&Subject>, to: &mut Predicates) {
        let mut about = |variable: &str, question: &Question| {
            for text in candidates(variable, sets, 0) {
                if let Some((field, formula)) = formula(&text, question) {
                    formula.intern(&field, to, origin);
                }
            }
        };
        match directive {
            Directive::If { condition: Condition { variable, question, negated: _ }, .. } => about(variable, question),
            Directive::Map { source, entries, .. } => {
                if let [Piece::Variable(variable)] = source.as_slice() {
                    for (question, _) in entries {
                        about(variable, question);
                    }
                }
            }
            Directive::Rewrite { regex, .. } => drop(to.intern(Field::Path, search(regex, false), origin.cloned())),
            Directive::Access { network: Some(cidr), .. } => drop(to.intern(Field::Client, networks(&[*cidr]), origin.cloned())),
            Directive::BodyLimit(limit) => drop(to.intern(Field::BodyLength, Test::Above(*limit), origin.cloned())),
            Directive::Except { methods, .. } => {
                for method in methods {
                    to.intern(Field::Method, Test::Equals(method.clone()), origin.cloned());
                }
            }
            Directive::RequestHeader { name, how: super::RequestHow::Input { replace_only: true }, .. } => {
                to.intern(Field::Header(name.to_ascii_lowercase()), Test::Present, origin.cloned());
            }
            Directive::Aside
            | Directive::Location { .. }
            | Directive::Set { .. }
            | Directive::Defines(_)
            | Directive::OfAuth { .. }
            | Directive::Break
            | Directive::Redirect { .. }
            | Directive::Answer { .. }
            | Directive::RequestHeader { .. }
            | Directive::ResponseHeader { .. }
            | Directive::Access { network: None, .. }
            | Directive::Satisfy(_)
            | Directive::Internal
            | Directive::ReadTimeout(_)
            | Directive::Rate
            | Directive::Password { .. }
            | Directive::Pass(_)
            | Directive::Unmodelled { .. } => {}
        }
    }
}

/// Texts of the request that a variable may hold.
fn candidates(variable: &str, sets: &BTreeMap<&str, Vec<&Text>>, depth: usize) -> Vec<TextExpr> {
    let mut found: Vec<TextExpr> = builtin(variable).into_iter().collect();
    if let ("pass_access_scheme", true) = (variable, found.is_empty()) {
        found.push([Part::Scheme].into());
    }
    if let ("best_http_host", true) = (variable, found.is_empty()) {
        found.push([Part::HostHeader].into());
    }
    if depth < 4 {
        for text in sets.get(variable).into_iter().flatten() {
            if let [Piece::Variable(name)] = text.as_slice() {
                found.extend(candidates(name, sets, depth + 1));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
