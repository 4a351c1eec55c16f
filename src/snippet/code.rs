//! From meanings to what the router of the old side runs.

use std::net::IpAddr;

use super::{
    After, Auth, Condition, Directive as Read, Expires, Limit, LocationModifier, Meaning, Question, Reading, RequestHow, ResponseHow, Text,
    TextPiece, Upstream, Who, catalogue,
};
use crate::{
    nginx::code::{self, About, Code, Compare, DEEPEST, Directive, Line, Reach, Value},
    nginx::settings::Cidr,
    request::{Piece, Statuses},
};

impl Text {
    /// The same text for the router.
    pub fn pieces(&self) -> code::Text {
        self.0
            .iter()
            .map(|piece| match piece {
                TextPiece::Literal(text) => Piece::Literal(text.clone()),
                TextPiece::Variable(name) => Piece::Variable(name.to_ascii_lowercase()),
                TextPiece::Group(number) => Piece::Group(*number),
            })
            .collect()
    }
}

impl Reading {
    /// What it does, for the router.
    pub fn code(&self) -> Code {
        let swallows = |stop: &super::Stop| stop.consequence(self.snippet.place) == super::Consequence::Swallows;
        let unknown = |stop: &super::Stop| stop.consequence(self.snippet.place) == super::Consequence::Unknown;
        let mut lines = self.block(None, 0);
        if let Some(stop) = self.snippet.stops.iter().find(|stop| unknown(stop)) {
            let text = self.snippet.text.get(stop.span.clone()).unwrap_or_default().to_owned();
            let what = "a snippet that closes the block it is written into".to_owned();
            let directive = Directive::Unmodelled { what, reach: Reach::All };
            lines.push(Line { text, span: stop.span.clone(), about: About::ClosesBlock, usual: false, directive });
        }
        Code { lines, swallows: self.snippet.stops.iter().any(swallows) }
    }

    /// All of its directives as lines, whatever blocks they stand in: for text that the router does not run.
    pub fn flat(&self) -> Code {
        let snippet = &self.snippet;
        let line = |(read, understood): (&Read, &super::Understood)| {
            let text = snippet.text.get(read.head()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            let about = if read.parent.is_some() { About::Inside } else { about(&understood.meaning, read.name()) };
            Line { text, span: read.head(), about, usual: false, directive: Directive::Aside }
        };
        Code { lines: snippet.directives.iter().zip(&self.understood).map(line).collect(), swallows: false }
    }

    fn block(&self, parent: Option<usize>, depth: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for index in self.snippet.children(parent) {
            let read = &self.snippet.directives[index];
            let text = self.snippet.text.get(read.head()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            let about = about(&self.understood[index].meaning, read.name());
            let mut directives = self.directives(index, read, depth);
            let usual = self.is_usual(index);
            if directives.is_empty() || (usual && matches!(directives.as_slice(), [Directive::Unmodelled { .. }])) {
                directives = vec![Directive::Aside];
            }
            let line = |directive| Line { text: text.clone(), span: read.head(), about, usual, directive };
            lines.extend(directives.into_iter().map(line));
        }
        lines
    }

    /// The directive says what nginx does without it.
    fn is_usual(&self, index: usize) -> bool {
        let read = &self.snippet.directives[index];
        let words = read.arguments().iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let said = self.understood[index].meaning != Meaning::Unknown;
        said && catalogue::find(read.name()).any(|known| known.default.as_deref() == Some(words.as_str()))
    }

    fn inner(&self, index: usize, depth: usize) -> Result<Vec<Line>, Directive> {
        if depth >= DEEPEST {
            return Err(Directive::Unmodelled { what: "blocks that stand in each other too deep".to_owned(), reach: Reach::All });
        }
        Ok(self.block(Some(index), depth + 1))
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each meaning")]
    fn directives(&self, index: usize, read: &Read, depth: usize) -> Vec<Directive> {
        let name = read.name();
        let unmodelled = |what: String, reach| vec![Directive::Unmodelled { what, reach }];
        let this = || format!("`{name}`");
        match &self.understood[index].meaning {
            Meaning::RequestHeaders(headers) => {
                let how = match headers.how {
                    RequestHow::ProxySet if name == "grpc_set_header" => code::RequestHow::Grpc,
                    RequestHow::ProxySet => code::RequestHow::Proxy,
                    RequestHow::Input { replace_only } => code::RequestHow::Input { replace_only },
                };
                let typed = !headers.types.is_empty();
                let change = |change: &super::HeaderChange| Directive::RequestHeader {
                    how,
                    name: change.name.clone(),
                    value: value(change.value.as_ref(), typed),
                };
                headers.changes.iter().map(change).collect()
            }
            Meaning::ResponseHeaders(headers) => response(headers),
            Meaning::Expires(expires) => expiry(expires),
            Meaning::Redirect { status, location } => vec![Directive::Redirect { status: *status, location: location.pieces() }],
            Meaning::Answer { status, body } => vec![Directive::Answer { status: *status, text: body.as_ref().map(Text::pieces) }],
            Meaning::Rewrite(rewrite) => vec![Directive::Rewrite {
                regex: rewrite.regex.clone(),
                replacement: rewrite.replacement.pieces(),
                keeps_query: rewrite.keeps_query,
                after: match rewrite.after {
                    After::Next => code::After::Next,
                    After::Last => code::After::Last,
                    After::Break => code::After::Break,
                    After::Redirect(status) => code::After::Redirect(status),
                },
            }],
            Meaning::Break => vec![Directive::Break],
            Meaning::Condition(condition) => match self.inner(index, depth) {
                Ok(block) => vec![Directive::If { condition: asked(condition), block }],
                Err(directive) => vec![directive],
            },
            Meaning::Location(location) => match self.inner(index, depth) {
                Ok(block) => vec![Directive::Location { compare: compare(location.modifier), path: location.path.clone(), block }],
                Err(directive) => vec![directive],
            },
            Meaning::Methods(methods) => match self.inner(index, depth) {
                Ok(block) => vec![Directive::Except { methods: excepted(methods), block }],
                Err(directive) => vec![directive],
            },
            Meaning::Access { allow, who } => match who {
                Who::All => vec![Directive::Access { allow: *allow, network: None }],
                Who::Network(cidr) => vec![Directive::Access { allow: *allow, network: Some(*cidr) }],
                // Nobody comes that way; but the list of the block hides others.
                Who::Unix => {
                    vec![Directive::Access { allow: *allow, network: Some(Cidr { address: IpAddr::from([0, 0, 0, 0]), length: 32 }) }]
                }
            },
            Meaning::Satisfy(satisfy) => vec![Directive::Satisfy(*satisfy)],
            Meaning::Internal => vec![Directive::Internal],
            Meaning::Limit(limit) => match limit {
                Limit::BodySize(bytes) => vec![Directive::BodyLimit(*bytes)],
                Limit::Timeout { directive, milliseconds } if directive == "proxy_read_timeout" => {
                    vec![Directive::ReadTimeout(milliseconds.div_ceil(1000))]
                }
                Limit::Rate { .. } | Limit::Connections { .. } => vec![Directive::Rate],
                Limit::Timeout { .. } | Limit::Buffering { .. } | Limit::Bandwidth { .. } | Limit::Other { .. } => Vec::new(),
            },
            Meaning::Upstream(upstream) => match upstream {
                Upstream::Pass { directive, url } if directive == "proxy_pass" => vec![Directive::Pass(url.pieces())],
                Upstream::Pass { .. } | Upstream::InterceptErrors => unmodelled(this(), Reach::Content),
                Upstream::Protocol
                    if ["proxy_method", "proxy_pass_request_body", "proxy_pass_request_headers", "proxy_set_body"].contains(&name) =>
                {
                    unmodelled(this(), Reach::Content)
                }
                Upstream::Retry | Upstream::Protocol | Upstream::Tls | Upstream::Redirects | Upstream::Cookies => Vec::new(),
            },
            Meaning::Cache => match (name, read.arguments().first().map(|word| word.text.as_str())) {
                ("proxy_cache" | "fastcgi_cache" | "proxy_store", Some(zone)) if zone != "off" => unmodelled(this(), Reach::Content),
                (_, _) => Vec::new(),
            },
            Meaning::Auth(auth) => match auth {
                Auth::Basic(None) | Auth::Digest(None) | Auth::Request(None) | Auth::Other => Vec::new(),
                Auth::Basic(Some(realm)) => vec![Directive::Password { realm: realm.to_string() }],
                Auth::Digest(Some(_)) | Auth::Request(Some(_)) | Auth::ClientCertificate => unmodelled(this(), Reach::Content),
                Auth::Variable { variable, value } => {
                    vec![Directive::OfAuth { variable: variable.to_ascii_lowercase(), text: value.pieces() }]
                }
            },
            Meaning::Set(set) => {
                vec![Directive::Set { variable: set.variable.to_ascii_lowercase(), value: set.value.as_ref().map(Text::pieces) }]
            }
            Meaning::Lua => lua(name),
            Meaning::ModSecurity => unmodelled("ModSecurity".to_owned(), Reach::All),
            Meaning::ErrorPage => unmodelled(this(), Reach::Errors),
            Meaning::Files if ["root", "index", "autoindex", "alias"].contains(&name) || name.contains("_browser") => {
                if name == "alias" {
                    unmodelled(this(), Reach::Content)
                } else {
                    Vec::new()
                }
            }
            Meaning::Files => unmodelled(this(), Reach::Content),
            Meaning::RedirectForm => match (name, read.arguments().first().map(|word| word.text.as_str())) {
                ("server_name_in_redirect", Some("off")) | ("absolute_redirect", Some("on")) => Vec::new(),
                (_, _) => unmodelled(this(), Reach::Redirects),
            },
            Meaning::Reading if name == "merge_slashes" => unmodelled(this(), Reach::All),
            Meaning::Reading if name.starts_with("real_ip") || name == "set_real_ip_from" => unmodelled(this(), Reach::Address),
            Meaning::Listening => self.listening(index, name),
            Meaning::Definition { defines } => self.definition(index, name, defines.as_ref()),
            Meaning::Unknown => unmodelled(self.understood[index].why.clone(), Reach::All),
            Meaning::Body
            | Meaning::Compression
            | Meaning::ContentType
            | Meaning::Cookie
            | Meaning::Mirror
            | Meaning::Reading
            | Meaning::Stream
            | Meaning::NoEffect
            | Meaning::Value => Vec::new(),
        }
    }

    /// Names, ports and TLS towards the client.
    fn listening(&self, index: usize, name: &str) -> Vec<Directive> {
        let word = |index: usize| self.snippet.directives[index].arguments().first().map_or("", |word| word.text.as_str());
        let what = match name {
            // A server for other ports is no business of ours.
            "server" => {
                let mut ports = self
                    .snippet
                    .children(Some(index))
                    .filter(|&child| self.snippet.directives[child].name() == "listen")
                    .map(|child| word(child).rsplit(':').next().unwrap_or_default().to_owned())
                    .peekable();
                if ports.peek().is_some() && ports.all(|port| !["80", "443"].contains(&port.as_str())) {
                    return Vec::new();
                }
                "a server that a snippet adds"
            }
            "server_name" | "listen" | "ssl_verify_client" | "ssl_reject_handshake" => "names and ports of a server that a snippet changes",
            _ => return Vec::new(),
        };
        vec![Directive::Unmodelled { what: what.to_owned(), reach: Reach::All }]
    }

    /// `map`, and other variables whose values are not modelled.
    fn definition(&self, index: usize, name: &str, defines: Option<&super::Defined>) -> Vec<Directive> {
        let Some(super::Defined::Variable(variable)) = defines else { return Vec::new() };
        let variable = variable.to_ascii_lowercase();
        let map = (name == "map").then(|| self.map(index, &variable)).flatten();
        vec![map.unwrap_or(Directive::Defines(variable))]
    }

    /// Texts go before expressions, whatever their order; letter case counts for neither texts nor `~*`.
    fn map(&self, index: usize, variable: &str) -> Option<Directive> {
        let source = Text::parse(&self.snippet.directives[index].arguments().first()?.text).ok()?.pieces();
        let (mut texts, mut expressions, mut default) = (Vec::new(), Vec::new(), Vec::new());
        for child in self.snippet.children(Some(index)) {
            let entry = &self.snippet.directives[child];
            let (key, [value]) = (entry.name(), entry.arguments()) else { return None };
            let value = Text::parse(&value.text).ok()?.pieces();
            let matches = |regex: &str, caseless| code::Question::Matches { regex: regex.to_owned(), caseless };
            match key {
                "default" => default = value,
                "hostnames" | "volatile" | "include" => return None,
                "" => texts.push((code::Question::Equals(Vec::new()), value)),
                key => match key.strip_prefix('~') {
                    Some(regex) => expressions
                        .push((regex.strip_prefix('*').map_or_else(|| matches(regex, false), |regex| matches(regex, true)), value)),
                    None => {
                        let key = key.strip_prefix('\\').unwrap_or(key);
                        texts.push((matches(&format!("^{}$", regex_syntax::escape(key)), true), value));
                    }
                },
            }
        }
        texts.extend(expressions);
        Some(Directive::Map { variable: variable.to_owned(), source, entries: texts, default })
    }
}

fn compare(modifier: LocationModifier) -> Compare {
    match modifier {
        LocationModifier::Exact => Compare::Exact,
        LocationModifier::Prefix => Compare::Prefix,
        LocationModifier::PrefixBeforeRegex => Compare::FirstPrefix,
        LocationModifier::Regex => Compare::Regex { caseless: false },
        LocationModifier::RegexIgnoringCase => Compare::Regex { caseless: true },
        LocationModifier::Named => Compare::Named,
    }
}

/// `GET` lets `HEAD` pass too.
fn excepted(methods: &[String]) -> Vec<String> {
    let mut list: Vec<String> = methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    if list.iter().any(|method| method == "GET") && !list.iter().any(|method| method == "HEAD") {
        list.push("HEAD".to_owned());
    }
    list
}

fn asked(condition: &Condition) -> code::Condition {
    let (variable, question, negated) = match condition {
        Condition::File { negated, .. } => ("request_filename", code::Question::File(condition.to_string()), negated),
        Condition::Variable { variable, question, negated } => {
            let question = match question {
                Question::Truthy => code::Question::Truthy,
                Question::Equals(text) => code::Question::Equals(text.pieces()),
                Question::Matches { regex, caseless } => code::Question::Matches { regex: regex.clone(), caseless: *caseless },
            };
            (variable.as_str(), question, negated)
        }
    };
    code::Condition { variable: variable.to_ascii_lowercase(), question, negated: *negated }
}

fn value(text: Option<&Text>, unknown: bool) -> Value {
    match text {
        _ if unknown => Value::Unknown,
        Some(text) => Value::Text(text.pieces()),
        None => Value::None,
    }
}

fn response(headers: &super::ResponseHeaders) -> Vec<Directive> {
    let how = match headers.how {
        ResponseHow::Add => code::ResponseHow::Add,
        ResponseHow::Set | ResponseHow::Remove => code::ResponseHow::More { append: false },
        ResponseHow::Append => code::ResponseHow::More { append: true },
        ResponseHow::Hide => code::ResponseHow::Hide,
        ResponseHow::Trailer | ResponseHow::Keep => return Vec::new(),
    };
    let typed = !headers.types.is_empty();
    let line =
        |name: &str, value| Directive::ResponseHeader { how, name: name.to_ascii_lowercase(), value, statuses: headers.statuses.clone() };
    if headers.changes.is_empty() {
        return vec![line("", Value::None)];
    }
    headers.changes.iter().map(|change| line(&change.name, value(change.value.as_ref(), typed))).collect()
}

fn expiry(expires: &Expires) -> Vec<Directive> {
    let literal = |text: String| Value::Text(vec![Piece::Literal(text)]);
    let (cache, date) = match expires {
        Expires::Off => return vec![expires_line("", Value::None)],
        Expires::Epoch => (literal("no-cache".to_owned()), literal("Thu, 01 Jan 1970 00:00:01 GMT".to_owned())),
        Expires::Max => (literal("max-age=315360000".to_owned()), literal("Thu, 31 Dec 2037 23:55:55 GMT".to_owned())),
        Expires::After(seconds) if *seconds >= 0 => (literal(format!("max-age={seconds}")), Value::Unknown),
        Expires::After(_) => (literal("no-cache".to_owned()), Value::Unknown),
        Expires::Modified(_) | Expires::Daily(_) | Expires::Variable(_) => (Value::Unknown, Value::Unknown),
    };
    vec![expires_line("expires", date), expires_line("cache-control", cache)]
}

fn expires_line(name: &str, value: Value) -> Directive {
    Directive::ResponseHeader { how: code::ResponseHow::Expires, name: name.to_owned(), value, statuses: Statuses::Usual }
}

/// Lua code may do anything at the point where it runs; settings of Lua do nothing by themselves.
fn lua(name: &str) -> Vec<Directive> {
    let reach = match name {
        name if name.starts_with("rewrite_by_lua_") || name.starts_with("access_by_lua") || name.starts_with("content_by_lua") => {
            Reach::Content
        }
        name if name.starts_with("server_rewrite_by_lua")
            || name.starts_with("header_filter_by_lua")
            || name.starts_with("balancer_by_lua") =>
        {
            Reach::All
        }
        "rewrite_by_lua" => Reach::Content,
        _ => return Vec::new(),
    };
    vec![Directive::Unmodelled { what: format!("Lua code of `{name}`"), reach }]
}

/// What a directive is about, for whoever converts it.
fn about(meaning: &Meaning, name: &str) -> About {
    match meaning {
        Meaning::RequestHeaders(_)
        | Meaning::Expires(_)
        | Meaning::Redirect { .. }
        | Meaning::Answer { .. }
        | Meaning::Rewrite(_)
        | Meaning::Break
        | Meaning::Condition(_)
        | Meaning::Location(_)
        | Meaning::Methods(_)
        | Meaning::Access { .. }
        | Meaning::Satisfy(_)
        | Meaning::Internal
        | Meaning::Set(_)
        | Meaning::Limit(Limit::BodySize(_))
        | Meaning::Upstream(Upstream::Pass { .. }) => About::Itself,
        Meaning::ResponseHeaders(headers) => match headers.how {
            ResponseHow::Trailer | ResponseHow::Keep => About::Addition,
            ResponseHow::Add | ResponseHow::Set | ResponseHow::Append | ResponseHow::Remove | ResponseHow::Hide => About::Itself,
        },
        Meaning::Limit(limit) => match limit {
            Limit::Timeout { .. } => About::Timeout,
            Limit::Buffering { .. } => About::Buffers,
            Limit::Bandwidth { .. } => About::Bandwidth,
            Limit::Rate { .. } | Limit::Connections { .. } | Limit::BodySize(_) | Limit::Other { .. } => About::Rate,
        },
        Meaning::Upstream(upstream) => match upstream {
            Upstream::Retry => About::Retry,
            Upstream::Protocol => About::BackendProtocol,
            Upstream::Tls => About::BackendTls,
            Upstream::Redirects => About::Redirects,
            Upstream::Cookies => About::Cookies,
            Upstream::InterceptErrors => About::ErrorPage,
            Upstream::Pass { .. } => About::OtherBackend,
        },
        Meaning::Cache => About::Cache,
        Meaning::Body => About::Body,
        Meaning::Auth(Auth::Variable { .. }) => About::Definition,
        Meaning::Auth(_) => About::Auth,
        // A log by Lua is a log.
        Meaning::Lua if name.starts_with("log_by_lua") => About::NoEffect,
        Meaning::Lua => About::Lua,
        Meaning::ModSecurity => About::ModSecurity,
        Meaning::ErrorPage => About::ErrorPage,
        Meaning::Files => About::Files,
        Meaning::Compression => About::Compression,
        Meaning::ContentType => About::ContentType,
        Meaning::Cookie => About::Addition,
        Meaning::Mirror => About::Mirror,
        Meaning::RedirectForm => About::RedirectForm,
        Meaning::Reading => About::Reading,
        Meaning::Listening => About::Listening,
        Meaning::Definition { .. } | Meaning::Value => About::Definition,
        Meaning::Stream => About::Stream,
        Meaning::NoEffect => About::NoEffect,
        Meaning::Unknown => About::Unknown,
    }
}
