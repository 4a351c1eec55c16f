//! Texts that depend on the request, in a form in which equal texts look equal within one cell.

use super::{
    captures,
    paths::{PathAtom, Relation},
    router::Entry,
};
use crate::{
    automata::Lang,
    gateway::variables::{
        APPENDED, ARGUMENTS, EFFECTIVE_HOST_PORT, HOST_PORT, HOST_WITHOUT_DEFAULT_PORT, LISTED_PEER, LOWER_HOST, RETOLD_ARGUMENTS,
        UNESCAPED_PATH,
    },
    request::{Part, PathExpr, Piece, PredicateId, Regex, Scheme, Test, TextExpr, is_proxy_header},
};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sym {
    Literal(String),
    /// The host of the request.
    Host,
    /// The path of the request behind this many bytes.
    Rest(usize),
    /// `?` and the query, or nothing.
    Query,
    /// `&` and the query, or nothing.
    MoreQuery,
    /// Target without its final slash.
    Stripped,
    Client,
    Header(String),
    Variable(String),
    /// A template filled from an expression in a way that has no simpler form.
    Captured {
        regex: Regex,
        template: Vec<Piece>,
    },
}

/// What is known of a header in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// Anything.
    Free,
    /// It has this value, or is absent.
    Value(Option<String>),
}

/// A cell, as far as texts depend on it.
pub(super) struct TextCell<'c> {
    /// The only host.
    pub(super) host: Option<&'c str>,
    pub(super) entry: Entry,
    pub(super) path: &'c PathAtom,
    /// How the paths of the cell stand to a language.
    pub(super) relation: &'c dyn Fn(&Lang) -> Relation,
    /// What is known of a header.
    pub(super) header: &'c dyn Fn(&str) -> Known,
    /// Requests may be preflights: their method may be `OPTIONS`.
    pub(super) preflights: bool,
    /// Whether a URL of the old side and one of the new side ask the same of the same service.
    pub(super) same_service: &'c dyn Fn(&str, &str) -> bool,
    /// The test of a question of a side.
    pub(super) test: &'c dyn Fn(usize, PredicateId) -> Option<&'c Test>,
}

/// How the paths of a cell must be told apart before a text can be compared.
#[derive(Debug, Clone)]
pub(super) enum Apart {
    /// By their final slash.
    Slash,
    /// By these languages.
    Langs(Vec<Lang>),
}

/// A text, or how the paths of the cell must be told apart first.
pub(super) type Normal = Result<Vec<Sym>, Apart>;

/// Bytes that no router encodes in a path.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&byte)
}

struct Builder(Vec<Sym>);

impl Builder {
    fn literal(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(Sym::Literal(last)) => last.push_str(text),
            _ => self.0.push(Sym::Literal(text.to_owned())),
        }
    }

    fn push(&mut self, sym: Sym) {
        match sym {
            Sym::Literal(text) => self.literal(&text),
            other => self.0.push(other),
        }
    }
}

/// The text of a side in a cell.
pub(super) fn normal(text: &TextExpr, side: usize, cell: &TextCell<'_>) -> Normal {
    let mut builder = Builder(Vec::with_capacity(text.0.len()));
    for part in &text.0 {
        self::part(part, side, cell, &mut builder)?;
    }
    Ok(builder.0)
}

fn part(part: &Part, side: usize, cell: &TextCell<'_>, to: &mut Builder) -> Result<(), Apart> {
    match part {
        Part::Literal(text) => to.literal(text),
        Part::Scheme | Part::EffectiveScheme => to.literal(cell.entry.scheme_name()),
        // A clean Host header has no port, and nobody in front tells another one.
        Part::Host | Part::HostHeader | Part::ForwardedHost | Part::ForwardedHostName => host(cell, to),
        Part::Port | Part::EffectivePort => to.literal(&cell.entry.number().to_string()),
        Part::ForwardedPort => to.literal(&if cell.entry.scheme == Scheme::Https { 443 } else { cell.entry.number() }.to_string()),
        Part::RawTarget { strip_slash: false } => {
            path(&PathExpr::Same, side, cell, to)?;
            to.push(Sym::Query);
        }
        Part::RawTarget { strip_slash: true } => match cell.path.slash {
            None => return Err(Apart::Slash),
            // A clean query does not end with a slash.
            Some(false) => {
                path(&PathExpr::Same, side, cell, to)?;
                to.push(Sym::Query);
            }
            Some(true) => to.push(Sym::Stripped),
        },
        Part::Path(expression) => path(expression, side, cell, to)?,
        Part::Redirected { regex, template } | Part::Filled { regex, template } => captured(*regex, template, side, cell, to)?,
        Part::Query => to.push(Sym::Query),
        Part::MoreQuery => to.push(Sym::MoreQuery),
        Part::FullForwardedFor | Part::ClientAddress | Part::PeerAddress => to.push(Sym::Client),
        Part::Header(name) => header(name, cell, to),
        Part::Variable(name) => variable(name, side, cell, to)?,
        Part::BackendLocation { from, to: instead } => to.push(Sym::Variable(format!("location of the backend, {instead} for {from}"))),
    }
    Ok(())
}

fn host(cell: &TextCell<'_>, to: &mut Builder) {
    match cell.host {
        Some(name) => to.literal(name),
        None => to.push(Sym::Host),
    }
}

fn header(name: &str, cell: &TextCell<'_>, to: &mut Builder) {
    if is_proxy_header(name) {
        return;
    }
    match (cell.header)(name) {
        Known::Value(value) => to.literal(value.as_deref().unwrap_or_default()),
        Known::Free => to.push(Sym::Header(name.to_owned())),
    }
}

/// Both sides' names for the same thing become the same.
fn variable(name: &str, side: usize, cell: &TextCell<'_>, to: &mut Builder) -> Result<(), Apart> {
    match name {
        HOST_PORT => {}
        EFFECTIVE_HOST_PORT => to.literal(&cell.entry.number().to_string()),
        HOST_WITHOUT_DEFAULT_PORT | LOWER_HOST | "host" | "http_host" | "best_http_host" => host(cell, to),
        ARGUMENTS | RETOLD_ARGUMENTS => to.push(Sym::Query),
        // In front of us there is nobody, so that the list has one entry.
        LISTED_PEER => to.push(Sym::Client),
        UNESCAPED_PATH | "uri" | "document_uri" => path(&PathExpr::Same, side, cell, to)?,
        "request_uri" => {
            path(&PathExpr::Same, side, cell, to)?;
            to.push(Sym::Query);
        }
        "scheme" | "pass_access_scheme" => to.literal(cell.entry.scheme_name()),
        "https" => to.literal(if cell.entry.scheme == Scheme::Https { "on" } else { "" }),
        "remote_addr" | "realip_remote_addr" => to.push(Sym::Client),
        "server_port" => to.literal(&cell.entry.number().to_string()),
        "literal_dollar" => to.literal("$"),
        _ => match name.strip_prefix(APPENDED) {
            // In front of us there is nobody, so that what is appended stands alone.
            Some("x-forwarded-for") => to.push(Sym::Client),
            Some(_) => host(cell, to),
            None => match name.strip_prefix("http_") {
                Some(name) => header(&name.replace('_', "-"), cell, to),
                None => to.push(Sym::Variable(name.to_owned())),
            },
        },
    }
    Ok(())
}

fn path(expression: &PathExpr, side: usize, cell: &TextCell<'_>, to: &mut Builder) -> Result<(), Apart> {
    match expression {
        PathExpr::Same => splice(0, "", cell, to),
        PathExpr::Fixed(text) => to.literal(text),
        PathExpr::Splice { drop, insert } if insert.bytes().all(is_plain) => splice(*drop, insert, cell, to),
        PathExpr::Splice { drop, insert } => {
            // Sides differ in how they encode such a text.
            to.push(Sym::Variable(format!("{side} encodes {insert}")));
            splice(*drop, "", cell, to);
        }
        PathExpr::Restored { prefix, insert } if insert.bytes().all(is_plain) => splice(prefix.len(), insert, cell, to),
        PathExpr::Restored { prefix, insert } => {
            to.push(Sym::Variable(format!("{side} encodes {insert}")));
            splice(prefix.len(), "", cell, to);
        }
        PathExpr::Captures { regex, template } => captured(*regex, template, side, cell, to)?,
    }
    Ok(())
}

/// The path with its first bytes replaced. What all paths of the cell start with is written out.
fn splice(drop: usize, insert: &str, cell: &TextCell<'_>, to: &mut Builder) {
    let prefix = &cell.path.prefix;
    to.literal(insert);
    if let Some(rest) = prefix.get(drop..) {
        to.literal(rest);
    }
    if !cell.path.only {
        to.push(Sym::Rest(drop.max(prefix.len())));
    }
}

fn captured(regex: PredicateId, template: &[Piece], side: usize, cell: &TextCell<'_>, to: &mut Builder) -> Result<(), Apart> {
    let Some(Test::Regex(regex)) = (cell.test)(side, regex) else { return Ok(()) };
    match captures::fill(regex, template, cell.path, cell.relation).map_err(Apart::Langs)? {
        Some(pieces) => {
            for piece in pieces {
                match piece {
                    captures::Filled::Text(text) => to.literal(&text),
                    captures::Filled::Rest(drop) => splice(drop, "", cell, to),
                    captures::Filled::Variable(name) => variable(&name, side, cell, to)?,
                }
            }
        }
        None => to.push(Sym::Captured { regex: captures::canonical(regex), template: template.to_vec() }),
    }
    Ok(())
}
