//! From directives to meanings. Nothing here decides what a meaning becomes in Gateway API.

mod access;
mod headers;
mod limits;
mod script;

use super::{
    Auth, Context, Defined, End, LocationModifier, Meaning, Place, Set, Snippet, Text, Understood, Upstream,
    catalogue::{self, Known, Opens, Sense},
    check,
};

/// Words of a directive with what it takes in of the template, where its `;` is missing.
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: Vec<&'a str>,
}

/// What was not understood of a directive: the reason.
pub(super) type Understanding = Result<(Meaning, String), String>;

/// Says what each directive does.
pub fn understand(snippet: &Snippet) -> Vec<Understood> {
    let contexts = check::contexts(snippet);
    (0..snippet.directives.len()).map(|index| one(snippet, index, contexts[index])).collect()
}

fn one(snippet: &Snippet, index: usize, context: Option<Context>) -> Understood {
    let directive = &snippet.directives[index];
    let span = directive.head();
    if snippet.place == Place::ModsecuritySnippet {
        return Understood { span, meaning: Meaning::ModSecurity, why: "a rule of the web application firewall".to_owned() };
    }
    let Some(context) = context else {
        return Understood { span, meaning: Meaning::Value, why: "a value of the block around it".to_owned() };
    };
    let mut arguments: Vec<&str> = directive.arguments().iter().map(|word| word.text.as_str()).collect();
    let swallowed = if directive.end == End::Open { catalogue::template(snippet.place).next.as_slice() } else { &[] };
    arguments.extend(swallowed.iter().map(String::as_str));
    let call = Call { name: directive.name(), arguments };
    let (meaning, mut why) = match known_in(call.name, context) {
        Some(known) => match meaning(known, &call, snippet, index, context) {
            Ok(understood) => understood,
            Err(why) => (Meaning::Unknown, why),
        },
        None => (Meaning::Unknown, unknown(call.name, context)),
    };
    if let Some(first) = swallowed.first() {
        why = format!("{why}; without its `;` it takes in `{first}` of the template, which is then missing");
    }
    Understood { span, meaning, why }
}

fn unknown(name: &str, context: Context) -> String {
    if catalogue::find(name).next().is_some() {
        return format!("`{name}` is not allowed in {}", context.as_str());
    }
    match catalogue::suggestion(name) {
        Some(close) => format!("the controller's nginx has no directive `{name}`; did you mean `{close}`?"),
        None => format!("the controller's nginx has no directive `{name}`"),
    }
}

/// The directive that a name means in a block.
pub(super) fn known_in(name: &str, context: Context) -> Option<&'static Known> {
    catalogue::find(name).find(|known| known.allowed_in(context))
}

#[expect(clippy::unnecessary_wraps, reason = "the end of functions that can fail")]
fn plain(meaning: Meaning, why: impl Into<String>) -> Understanding {
    Ok((meaning, why.into()))
}

fn meaning(known: &Known, call: &Call, snippet: &Snippet, index: usize, context: Context) -> Understanding {
    if !known.arguments.allows(call.arguments.len()) {
        return Err(format!("`{}` does not take {} arguments", call.name, call.arguments.len()));
    }
    match known.meaning {
        Sense::SetRequestHeader
        | Sense::MoreSetInputHeaders
        | Sense::MoreClearInputHeaders
        | Sense::AddResponseHeader
        | Sense::AddTrailer
        | Sense::MoreSetHeaders
        | Sense::MoreClearHeaders
        | Sense::HideResponseHeader
        | Sense::PassResponseHeader
        | Sense::ServerHeader
        | Sense::PassRequestHeaders
        | Sense::Expires => headers::meaning(known.meaning, call),
        Sense::Return | Sense::Rewrite | Sense::Break | Sense::If | Sense::Set | Sense::AuthRequestSet | Sense::ComputeVariable => {
            script::meaning(known.meaning, call)
        }
        Sense::Allow
        | Sense::Deny
        | Sense::Satisfy
        | Sense::Internal
        | Sense::LimitExcept
        | Sense::AuthBasic
        | Sense::AuthDigest
        | Sense::AuthRequest
        | Sense::ClientCertificate => access::meaning(known.meaning, call),
        Sense::BodySize | Sense::Timeout | Sense::Buffering | Sense::RequestRate | Sense::ConnectionCount | Sense::Bandwidth => {
            limits::meaning(known.meaning, call)
        }
        Sense::Location => location(call, snippet, index),
        Sense::Pass => pass(call),
        Sense::Definition => plain(Meaning::Definition { defines: defined(call) }, "defines something that other directives use"),
        Sense::Lua => lua(known, call),
        Sense::Retry => plain(Meaning::Upstream(Upstream::Retry), "decides when another endpoint is tried"),
        Sense::UpstreamProtocol => plain(Meaning::Upstream(Upstream::Protocol), "changes how the backend is spoken to"),
        Sense::UpstreamTls => plain(Meaning::Upstream(Upstream::Tls), "changes TLS towards the backend"),
        Sense::UpstreamRedirect => plain(Meaning::Upstream(Upstream::Redirects), "rewrites redirects of the backend"),
        Sense::UpstreamCookie => plain(Meaning::Upstream(Upstream::Cookies), "rewrites cookies of the backend"),
        Sense::InterceptErrors => plain(Meaning::Upstream(Upstream::InterceptErrors), "replaces errors of the backend by error pages"),
        Sense::Cache => plain(Meaning::Cache, cache(call)),
        Sense::Substitute | Sense::BodyRewriting => plain(Meaning::Body, "changes bodies of answers"),
        Sense::ErrorPage => plain(Meaning::ErrorPage, "replaces errors by another page"),
        Sense::Files => plain(Meaning::Files, "answers from files of the controller's image"),
        Sense::StaticAnswer => plain(Meaning::Files, "answers with something that nginx makes itself"),
        Sense::Compression => plain(Meaning::Compression, "compression of answers"),
        Sense::ContentType => plain(Meaning::ContentType, "type of answers that nginx makes itself"),
        Sense::Cookie => plain(Meaning::Cookie, "a cookie that nginx sets"),
        Sense::Mirror => plain(Meaning::Mirror, "copies of requests"),
        Sense::RedirectForm => plain(Meaning::RedirectForm, "form of the redirects that nginx writes"),
        Sense::HeaderReading | Sense::PathNormalisation => plain(Meaning::Reading, "changes how requests are read"),
        Sense::RealAddress => plain(Meaning::Reading, "changes what counts as address of the client"),
        Sense::ServerTls | Sense::Protocol | Sense::ServerName | Sense::Server => {
            plain(Meaning::Listening, "names, TLS and protocols towards the client")
        }
        Sense::Modsecurity => plain(Meaning::ModSecurity, "web application firewall"),
        Sense::Stream => stream(context),
        Sense::UpstreamBlock => plain(Meaning::Value, "part of an upstream"),
        Sense::Logging => plain(Meaning::NoEffect, "concerns logs only"),
        Sense::Tracing => plain(Meaning::NoEffect, "concerns traces only"),
        Sense::Performance => plain(Meaning::NoEffect, "concerns connections and memory of nginx only"),
        Sense::Process => plain(Meaning::NoEffect, "concerns the processes of nginx only"),
        Sense::Resolver => plain(Meaning::NoEffect, "names are resolved by another server"),
        Sense::Transfer => plain(Meaning::NoEffect, "changes how answers are transferred, not what they say"),
        Sense::Include => Err("the included file is in the controller's container, not here".to_owned()),
    }
}

/// What a directive of caching says.
fn cache(call: &Call) -> String {
    let values = call.arguments.join(" ");
    let name = call.name;
    match (name, values.as_str()) {
        (_, "off") if name.ends_with("_cache") || name.ends_with("_store") => "answers are not kept".to_owned(),
        (_, zone) if name.ends_with("_cache") => format!("answers are kept in the zone `{zone}`"),
        (_, _) if name.ends_with("_valid") => format!("how long answers are kept: `{values}`"),
        (_, _) if name.ends_with("_bypass") => format!("kept answers are not used where `{values}` is neither empty nor 0"),
        (_, _) if name.ends_with("_no_cache") => format!("answers are not kept where `{values}` is neither empty nor 0"),
        (_, _) if name.ends_with("_use_stale") => "when old answers may be used".to_owned(),
        (_, _) if name.ends_with("_key") => format!("what tells kept answers apart: `{values}`"),
        (_, _) if name.ends_with("_ignore_headers") => format!("headers of the backend that do not count: {values}"),
        (_, _) => "how answers are kept".to_owned(),
    }
}

fn stream(context: Context) -> Understanding {
    match context {
        Context::Server | Context::Location => Err("belongs to `stream`".to_owned()),
        Context::Main
        | Context::Events
        | Context::Http
        | Context::ServerIf
        | Context::LocationIf
        | Context::LimitExcept
        | Context::Upstream
        | Context::Stream
        | Context::StreamServer
        | Context::StreamUpstream => plain(Meaning::Stream, "TCP or UDP beside HTTP"),
    }
}

fn lua(known: &Known, call: &Call) -> Understanding {
    if call.name.starts_with("set_by_lua") {
        let Some(variable) = call.arguments.first().and_then(|name| name.strip_prefix('$')) else {
            return Err("the variable is missing".to_owned());
        };
        let set = Set { variable: variable.to_owned(), value: None, steers: catalogue::steers(variable) };
        return plain(Meaning::Set(set), "a variable that Lua code computes");
    }
    let code = known.opens == Some(Opens::Lua) || call.name.contains("_by_lua");
    let why = if code { "Lua code, which is not read" } else { "concerns Lua code" };
    plain(Meaning::Lua, why)
}

fn pass(call: &Call) -> Understanding {
    let url = Text::parse(call.arguments[0]).map_err(|error| error.to_string())?;
    let why = format!("hands the request to `{url}`");
    plain(Meaning::Upstream(Upstream::Pass { directive: call.name.to_owned(), url }), why)
}

fn location(call: &Call, snippet: &Snippet, index: usize) -> Understanding {
    let (modifier, path) = location_of(&call.arguments)?;
    let answers = snippet.children(Some(index)).any(|child| {
        catalogue::find(snippet.directives[child].name())
            .any(|known| matches!(known.meaning, Sense::Pass | Sense::Return | Sense::Files | Sense::StaticAnswer))
            || snippet.directives[child].name().starts_with("content_by_lua")
    });
    let mut why = match modifier {
        LocationModifier::Exact => format!("requests for exactly `{path}`"),
        LocationModifier::Prefix => format!("requests below `{path}`, unless a longer path or a regular expression fits"),
        LocationModifier::PrefixBeforeRegex => format!("requests below `{path}`, unless a longer path fits"),
        LocationModifier::Regex => format!("requests whose path contains `{path}`"),
        LocationModifier::RegexIgnoringCase => format!("requests whose path contains `{path}` in any letter case"),
        LocationModifier::Named => format!("a location that only nginx itself goes to, `{path}`"),
    };
    if !answers {
        why.push_str("; it has no backend of its own, so nginx looks for a file of its own image and answers 404");
    }
    plain(Meaning::Location(super::LocationBlock { modifier, path: path.to_owned(), answers }), why)
}

/// Modifier and path, as `ngx_http_core_location` splits them.
pub(super) fn location_of<'a>(arguments: &[&'a str]) -> Result<(LocationModifier, &'a str), String> {
    if let [modifier, path] = arguments {
        let modifier = match *modifier {
            "=" => LocationModifier::Exact,
            "^~" => LocationModifier::PrefixBeforeRegex,
            "~" => LocationModifier::Regex,
            "~*" => LocationModifier::RegexIgnoringCase,
            other => return Err(format!("invalid location modifier \"{other}\"")),
        };
        return Ok((modifier, path));
    }
    let [text] = arguments else { return Err("a location has one or two arguments".to_owned()) };
    Ok(if let Some(path) = text.strip_prefix('=') {
        (LocationModifier::Exact, path)
    } else if let Some(path) = text.strip_prefix("^~") {
        (LocationModifier::PrefixBeforeRegex, path)
    } else if let Some(path) = text.strip_prefix("~*") {
        (LocationModifier::RegexIgnoringCase, path)
    } else if let Some(path) = text.strip_prefix('~') {
        (LocationModifier::Regex, path)
    } else if text.starts_with('@') {
        (LocationModifier::Named, text)
    } else {
        (LocationModifier::Prefix, text)
    })
}

/// The variable, zone or upstream that a definition makes.
fn defined(call: &Call) -> Option<Defined> {
    let variable = |text: &&str| text.strip_prefix('$').map(|name| Defined::Variable(name.to_owned()));
    match call.name {
        "map" | "split_clients" | "geo" => call.arguments.last().and_then(variable),
        "upstream" => call.arguments.first().map(|name| Defined::Upstream((*name).to_owned())),
        _ => call.arguments.iter().find_map(|argument| {
            let zone = argument.strip_prefix("zone=").or_else(|| argument.strip_prefix("keys_zone="))?;
            zone.split(':').next().map(|name| Defined::Zone(name.to_owned()))
        }),
    }
}

/// What others can use of a directive.
pub(super) fn provided(meaning: &Meaning) -> Option<Defined> {
    match meaning {
        Meaning::Definition { defines } => defines.clone(),
        Meaning::Set(set) => Some(Defined::Variable(set.variable.clone())),
        Meaning::Auth(Auth::Variable { variable, .. }) => Some(Defined::Variable(variable.clone())),
        _ => None,
    }
}
