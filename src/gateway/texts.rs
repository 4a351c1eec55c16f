//! Texts and paths of an answer for a concrete request.

use super::dialect::{Dialect, PrefixReplacement, RewriteEncoding, Slashes};
use super::normalise;
use super::paths;
use super::variables::{
    APPENDED, ARGUMENTS, EFFECTIVE_HOST_PORT, HEADER_OR, HOST_PORT, HOST_WITHOUT_DEFAULT_PORT, LISTED, LISTED_PEER, LOWER_HOST,
    RETOLD_ARGUMENTS, UNESCAPED_PATH,
};
use super::view::{View, without_port};
use crate::request::uri;
use crate::request::{HeaderExprs, Outcome, Part, PathExpr, Scheme, TextExpr};

/// A path that no longer begins with what is to be replaced is no location.
pub(super) fn lost(target: &TextExpr, view: &View<'_>) -> Option<Outcome> {
    let sent = view.path.as_ref().map(|path| path.sent.as_slice()).unwrap_or_default();
    let misses = |part: &Part| matches!(part, Part::Path(PathExpr::Restored { prefix, .. }) if !sent.starts_with(prefix.as_bytes()));
    target.0.iter().any(misses).then(|| Outcome::NoRoute { response_headers: Vec::new() })
}

/// The target that is sent upstream. nginx escapes what it has decoded.
pub(super) fn target_of(target: &TextExpr, view: &View<'_>, dialect: &Dialect) -> String {
    match *dialect.rewrite_encoding {
        RewriteEncoding::Raw | RewriteEncoding::Encoded => of_parts(target, view, dialect),
        RewriteEncoding::Escaped => target.0.iter().fold(String::new(), |made, one| match one {
            Part::Path(PathExpr::Same) => made + &part(one, view, dialect),
            Part::Path(PathExpr::Fixed(to)) => {
                let (path, query) = to.split_at(to.find('?').unwrap_or(to.len()));
                made + &uri::escape_path(path.as_bytes()) + query
            }
            Part::Path(expression) => made + &uri::escape_path(&bytes(expression, view, dialect)),
            _ => joined(made, one, view, dialect),
        }),
    }
}

/// The answer where an expression makes a path that cleaning would change, or one with a broken escape, and the router looks at that.
pub(super) fn refused_rewrite(target: &TextExpr, view: &View<'_>, dialect: &Dialect) -> Option<Outcome> {
    let respond = |status| Some(Outcome::Respond { status, response_headers: Vec::new() });
    match *dialect.rewrite_encoding {
        RewriteEncoding::Raw | RewriteEncoding::Escaped => return None,
        RewriteEncoding::Encoded => {}
    }
    let made = target.0.iter().find_map(|part| match part {
        Part::Path(PathExpr::Captures { regex, template }) => Some(view.replaced(*regex, template)),
        _ => None,
    })?;
    if !normalise::has_whole_escapes(&made) {
        return respond(500);
    }
    let decoded = normalise::decode(&made);
    let clean = normalise::clean_path(&String::from_utf8_lossy(&decoded));
    let slash = if decoded.len() > 1 && decoded.ends_with(b"/") && clean.len() > 1 { "/" } else { "" };
    let same = made.is_empty() || String::from_utf8_lossy(&decoded) == format!("{clean}{slash}");
    if same { None } else { respond(400) }
}

/// Claimed headers with their values. A header that stays as the client sent it has as many lines as the client sent.
pub(super) fn claims(headers: &HeaderExprs, view: &View<'_>, dialect: &Dialect) -> Vec<(String, Option<String>)> {
    let mut claims = Vec::new();
    for (name, value) in headers {
        match value {
            None => claims.push((name.clone(), None)),
            Some(TextExpr(parts)) => match parts.as_slice() {
                [Part::Header(sent)] if sent == name => {
                    claims.extend(view.header(sent).into_iter().map(|value| (name.clone(), Some(value))));
                }
                // What repeats a header that is not there changes nothing.
                [Part::Header(sent)] if view.header(sent).is_empty() => {}
                _ => claims.push((name.clone(), Some(parts.iter().map(|one| part(one, view, dialect)).collect()))),
            },
        }
    }
    claims
}

/// The text for a request as its own dialect writes it.
pub(super) fn text(text: &TextExpr, view: &View<'_>) -> String {
    of_parts(text, view, view.dialect())
}

pub(super) fn of_parts(text: &TextExpr, view: &View<'_>, dialect: &Dialect) -> String {
    text.0.iter().fold(String::new(), |made, one| joined(made, one, view, dialect))
}

/// One part more. The arguments that nginx appends stand behind those that a replacement has.
fn joined(made: String, one: &Part, view: &View<'_>, dialect: &Dialect) -> String {
    let more = part(one, view, dialect);
    let arguments = matches!(one, Part::Variable(name) if name == ARGUMENTS || name == RETOLD_ARGUMENTS);
    match more.strip_prefix('?').filter(|_| arguments && made.contains('?')) {
        Some(more) => format!("{made}&{more}"),
        None => made + &more,
    }
}

fn part(part: &Part, view: &View<'_>, dialect: &Dialect) -> String {
    let host = || view.host.clone().unwrap_or_default();
    match part {
        Part::Literal(text) => text.clone(),
        Part::Scheme => view.scheme(),
        Part::EffectiveScheme => view.told_scheme(),
        Part::Host | Part::ForwardedHostName => without_port(&host()).to_owned(),
        Part::HostHeader => host(),
        Part::ForwardedHost => view.header("x-forwarded-host").into_iter().next().unwrap_or_else(host),
        Part::Port | Part::EffectivePort => view.port().to_string(),
        Part::RawTarget { strip_slash: _ } => view.request.target.clone(),
        Part::Path(expression) => path(expression, view, dialect),
        Part::Query => view.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default(),
        Part::ClientAddress | Part::PeerAddress => view.client(),
        Part::Header(name) => view.header(name).join(","),
        Part::Variable(name) => variable(name, &host(), view),
        // INVARIANT: this side never makes texts of these; only ingress-nginx does.
        Part::BackendLocation { .. }
        | Part::Redirected { .. }
        | Part::MoreQuery
        | Part::Filled { .. }
        | Part::FullForwardedFor
        | Part::ForwardedPort => String::new(),
    }
}

pub(super) fn path(expression: &PathExpr, view: &View<'_>, dialect: &Dialect) -> String {
    String::from_utf8_lossy(&bytes(expression, view, dialect)).into_owned()
}

/// What a path becomes, before anything is escaped.
fn bytes(expression: &PathExpr, view: &View<'_>, dialect: &Dialect) -> Vec<u8> {
    let path = view.path.as_ref().map(|path| path.path.as_slice()).unwrap_or_default();
    let sent = view.path.as_ref().map(|path| path.sent.as_slice()).unwrap_or_default();
    match expression {
        PathExpr::Same => return sent.to_vec(),
        PathExpr::Restored { prefix, insert } => return [insert.as_bytes(), sent.get(prefix.len()..).unwrap_or_default()].concat(),
        PathExpr::Captures { regex, template } => {
            let made = view.replaced(*regex, template);
            return match *dialect.rewrite_encoding {
                RewriteEncoding::Encoded => normalise::respelled(&made),
                RewriteEncoding::Raw | RewriteEncoding::Escaped => made,
            };
        }
        PathExpr::Fixed(_) | PathExpr::Splice { .. } => {}
    }
    // An expression that also takes all slashes behind the prefix (prefix2RegexRewrite in internal/xds/translator/route.go of Envoy Gateway);
    // where slashes are merged there is never more than one.
    let text =
        matches!(*dialect.prefix_replacement, PrefixReplacement::Text | PrefixReplacement::Literal) && *dialect.slashes == Slashes::Kept;
    if let (true, PathExpr::Splice { drop, insert }) = (text, expression)
        && insert == "/"
    {
        let rest = path.get(*drop..).unwrap_or_default();
        let slashes = rest.iter().take_while(|byte| **byte == b'/').count();
        return [b"/", &rest[slashes..]].concat();
    }
    let mut made = paths::apply(expression, path);
    // The expression of nginx takes everything up to a question mark.
    if let (RewriteEncoding::Escaped, PathExpr::Splice { insert, .. }) = (*dialect.rewrite_encoding, expression) {
        let end = made.iter().skip(insert.len()).position(|byte| *byte == b'?').map_or(made.len(), |at| at + insert.len());
        made.truncate(end);
    }
    made
}

/// The query as `querystring` of njs reads it and writes it again.
fn retold(query: &str) -> String {
    let decode = |text: &str| normalise::decode(text.replace('+', " ").as_bytes());
    let encode = |bytes: &[u8]| {
        uri::escape(String::from_utf8_lossy(bytes).as_bytes(), |byte| !(byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)))
    };
    let mut names: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => names.push((name, vec![value])),
        }
    }
    let pairs = names.iter().flat_map(|(name, values)| values.iter().map(|value| format!("{}={}", encode(name), encode(value))));
    pairs.collect::<Vec<_>>().join("&")
}

fn variable(name: &str, host: &str, view: &View<'_>) -> String {
    let port = host.strip_prefix(without_port(host)).unwrap_or_default();
    let default = match view.request.scheme {
        Scheme::Http => ":80",
        Scheme::Https => ":443",
    };
    match name {
        "request_method" => view.request.method.clone(),
        LOWER_HOST => {
            let name = without_port(host).to_ascii_lowercase();
            name.strip_suffix('.').unwrap_or(&name).to_owned()
        }
        ARGUMENTS | RETOLD_ARGUMENTS => {
            let query = view.query.as_deref().unwrap_or_default().split('#').next().unwrap_or_default();
            let query = if name == ARGUMENTS { query.to_owned() } else { retold(query) };
            if query.is_empty() { query } else { format!("?{query}") }
        }
        LISTED_PEER => view.header("x-forwarded-for").into_iter().chain([view.request.client.clone()]).collect::<Vec<_>>().join(", "),
        _ if name.starts_with(LISTED) => {
            let lines = view.header(&name[LISTED.len()..]).join(", ");
            if lines.is_empty() { lines } else { format!("{lines},") }
        }
        HOST_PORT => port.to_owned(),
        EFFECTIVE_HOST_PORT => (if port.len() < 2 { default } else { port })[1..].to_owned(),
        HOST_WITHOUT_DEFAULT_PORT if port == default => without_port(host).to_owned(),
        HOST_WITHOUT_DEFAULT_PORT => host.to_owned(),
        UNESCAPED_PATH => view
            .path
            .as_ref()
            .and_then(|path| path.unescaped.as_ref())
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .unwrap_or_default(),
        _ if name.starts_with(HEADER_OR) => {
            let (header, fallback) = name[HEADER_OR.len()..].split_once(' ').unwrap_or_default();
            let fallback = if fallback.is_empty() { host } else { fallback };
            view.header(header).into_iter().next().filter(|value| !value.is_empty()).unwrap_or_else(|| fallback.to_owned())
        }
        _ => {
            let header = name.strip_prefix(APPENDED).unwrap_or(name);
            let appended = if header == "x-forwarded-for" { view.request.client.as_str() } else { host };
            view.header(header).into_iter().chain([appended.to_owned()]).collect::<Vec<_>>().join(",")
        }
    }
}
