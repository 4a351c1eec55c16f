//! Text of nginx that somebody wrote into a snippet, as far as it decides what is answered: directives, block by block, as the
//! router runs them. `snippet` reads the text and fills these types.

mod ask;
mod headers;
mod location;
mod own;
mod run;
mod state;
mod tree;
mod values;

pub use ask::finds_all;
pub(super) use ask::{Questions, networks};
pub use headers::is_sent_by_controller;
pub use values::ignores_query;

pub(super) use headers::{Levels, Listed};
pub(super) use state::State;
pub use state::is_set_by_controller;
pub(super) use tree::Tree;

use std::ops::Range;

use super::settings::{Cidr, Satisfy};
use crate::request::{Piece, Statuses};

/// Blocks that stand in each other deeper than this are not looked at.
pub const DEEPEST: usize = 32;

/// A text with variables and groups.
pub type Text = Vec<Piece>;

/// A snippet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    /// Its directives.
    pub lines: Vec<Line>,
    /// The last directive has no `;` and takes in the next one of the controller's.
    pub swallows: bool,
}

/// A directive with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Name and arguments, blanks between them as one.
    pub text: String,
    /// Bytes of the snippet from its name to the end of its last argument.
    pub span: Range<usize>,
    /// What it is about, for whoever converts it.
    pub about: About,
    /// It says what holds without it, unless a block around says otherwise.
    pub usual: bool,
    /// What it does.
    pub directive: Directive,
}

/// How a location of a snippet compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compare {
    /// `=`
    Exact,
    /// A prefix; regular expressions go before it.
    Prefix,
    /// `^~`: a prefix that goes before regular expressions.
    FirstPrefix,
    /// A regular expression.
    Regex {
        /// `~*`
        caseless: bool,
    },
    /// `@name`, which only nginx itself goes to.
    Named,
}

/// What a condition asks of its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Neither empty nor `0`.
    Truthy,
    /// Equal to a text.
    Equals(Text),
    /// An expression is found.
    Matches {
        /// The expression.
        regex: String,
        /// Letter case does not count.
        caseless: bool,
    },
    /// Something about a file of the controller's container, in words.
    File(String),
}

/// A condition of `if`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The variable, without `$`.
    pub variable: String,
    /// What is asked.
    pub question: Question,
    /// The answer is turned round.
    pub negated: bool,
}

/// What follows a rewrite that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum After {
    /// The next directive; the location is chosen again at the end.
    Next,
    /// The location is chosen again at once.
    Last,
    /// No further rewrites, and the location stays.
    Break,
    /// A redirect with the status.
    Redirect(u16),
}

/// How request headers are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestHow {
    /// `proxy_set_header`.
    Proxy,
    /// `grpc_set_header`.
    Grpc,
    /// `more_set_input_headers`: the request itself is changed.
    Input {
        /// Only where the request has the header.
        replace_only: bool,
    },
}

/// How response headers are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResponseHow {
    /// `proxy_hide_header`.
    Hide,
    /// `more_set_headers` and its kin: those of the blocks around come first.
    More {
        /// A line is added, not replaced.
        append: bool,
    },
    /// `expires`: the innermost block has it.
    Expires,
    /// `add_header`: one in a block hides those of the blocks around.
    Add,
}

/// New value of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// This text; an empty one takes the header away.
    Text(Text),
    /// The header is taken away.
    None,
    /// Something that is not known.
    Unknown,
}

/// What is not modelled, and whom that concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Everything that comes to the block.
    All,
    /// Requests that are not answered by the script of the block.
    Content,
    /// Answers of nginx with a status from 300.
    Errors,
    /// Redirects to a path.
    Redirects,
    /// What depends on the address of the client.
    Address,
}

/// What a directive is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// What [`Directive`] says.
    Itself,
    /// Nothing that is visible in answers.
    NoEffect,
    /// Values that other directives use.
    Definition,
    /// A timeout.
    Timeout,
    /// Buffers.
    Buffers,
    /// Bytes per second.
    Bandwidth,
    /// A limit by rate or connections, or a companion.
    Rate,
    /// Which failures are tried again.
    Retry,
    /// TLS towards the backend.
    BackendTls,
    /// How the backend is spoken to.
    BackendProtocol,
    /// `Location` headers of the backend.
    Redirects,
    /// Cookies of the backend.
    Cookies,
    /// Bodies of answers.
    Body,
    /// Compression.
    Compression,
    /// Type of answers that nginx makes itself.
    ContentType,
    /// A header or trailer that nginx adds in a way of its own.
    Addition,
    /// Copies of requests.
    Mirror,
    /// Caching.
    Cache,
    /// Error pages.
    ErrorPage,
    /// Answers from files.
    Files,
    /// How requests are read.
    Reading,
    /// Names, ports and TLS towards the client.
    Listening,
    /// How redirects are written.
    RedirectForm,
    /// Authentication.
    Auth,
    /// Lua code.
    Lua,
    /// A web application firewall.
    ModSecurity,
    /// Another kind of backend.
    OtherBackend,
    /// TCP and UDP.
    Stream,
    /// A part of a block that is looked at as a whole.
    Inside,
    /// It closes the block that the snippet is written into.
    ClosesBlock,
    /// Not known.
    Unknown,
}

/// What a directive does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    /// Nothing that the router looks at; [`Line::about`] says what it is.
    Aside,
    /// `if`
    If {
        /// When.
        condition: Condition,
        /// What then.
        block: Vec<Line>,
    },
    /// `location`
    Location {
        /// How it compares.
        compare: Compare,
        /// With what.
        path: String,
        /// What it holds.
        block: Vec<Line>,
    },
    /// `limit_except`
    Except {
        /// Methods that are not concerned.
        methods: Vec<String>,
        /// What holds for all others.
        block: Vec<Line>,
    },
    /// `set`
    Set {
        /// The variable.
        variable: String,
        /// Its value; `None` where that is not known.
        value: Option<Text>,
    },
    /// A variable that gets its value in a way that is not modelled.
    Defines(String),
    /// `auth_request_set`: a variable that the answer of the authentication service gives; empty where none is asked.
    OfAuth {
        /// The variable.
        variable: String,
        /// Its value.
        text: Text,
    },
    /// `map`
    Map {
        /// The variable.
        variable: String,
        /// What is looked up.
        source: Text,
        /// Entries in the order in which nginx looks at them.
        entries: Vec<(Question, Text)>,
        /// What else it is.
        default: Text,
    },
    /// `break`
    Break,
    /// `return` that redirects.
    Redirect {
        /// Status.
        status: u16,
        /// Location.
        location: Text,
    },
    /// `return` with any other status.
    Answer {
        /// Status; 444 and 499 close the connection.
        status: u16,
        /// Its text, for which no error page takes its place.
        text: Option<Text>,
    },
    /// `rewrite`
    Rewrite {
        /// The expression.
        regex: String,
        /// What takes the place of the path.
        replacement: Text,
        /// The query of the request is appended.
        keeps_query: bool,
        /// What follows.
        after: After,
    },
    /// A request header.
    RequestHeader {
        /// The mechanism.
        how: RequestHow,
        /// Name as written.
        name: String,
        /// Its value.
        value: Value,
    },
    /// A response header.
    ResponseHeader {
        /// The mechanism.
        how: ResponseHow,
        /// Name in lower case; ends with `*` for all that begin so. Empty where a block only hides those of the blocks around.
        name: String,
        /// Its value.
        value: Value,
        /// With which statuses.
        statuses: Statuses,
    },
    /// `allow`, `deny`
    Access {
        /// `allow`
        allow: bool,
        /// The network; `None` for everybody.
        network: Option<Cidr>,
    },
    /// `satisfy`
    Satisfy(Satisfy),
    /// `internal`
    Internal,
    /// `client_max_body_size` in bytes, 0 for none.
    BodyLimit(u64),
    /// Seconds until a silent backend is given up.
    ReadTimeout(u64),
    /// `limit_req`, `limit_conn`
    Rate,
    /// `auth_basic`
    Password {
        /// Realm as written.
        realm: String,
    },
    /// `proxy_pass`
    Pass(Text),
    /// Something that is not modelled.
    Unmodelled {
        /// What.
        what: String,
        /// Whom it concerns.
        reach: Reach,
    },
}

impl Code {
    /// All directives, those of blocks behind the one that opens it.
    pub fn all(&self) -> impl Iterator<Item = &Line> {
        all(&self.lines)
    }

    /// Something in it may answer, refuse, or ask somebody else.
    pub fn decides(&self) -> bool {
        self.all().any(|line| match &line.directive {
            Directive::Aside
            | Directive::Set { .. }
            | Directive::Defines(_)
            | Directive::OfAuth { .. }
            | Directive::Map { .. }
            | Directive::Break
            | Directive::RequestHeader { .. }
            | Directive::ResponseHeader { .. }
            | Directive::BodyLimit(_)
            | Directive::ReadTimeout(_) => false,
            Directive::If { .. }
            | Directive::Location { .. }
            | Directive::Except { .. }
            | Directive::Redirect { .. }
            | Directive::Answer { .. }
            | Directive::Rewrite { .. }
            | Directive::Access { .. }
            | Directive::Satisfy(_)
            | Directive::Internal
            | Directive::Rate
            | Directive::Password { .. }
            | Directive::Pass(_)
            | Directive::Unmodelled { .. } => true,
        })
    }

    /// There is nothing in it that would decide an answer.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && !self.swallows
    }
}

/// All directives of a block, those of inner blocks behind the one that opens it.
pub fn all(block: &[Line]) -> impl Iterator<Item = &Line> {
    let mut open = vec![block.iter()];
    std::iter::from_fn(move || {
        loop {
            let Some(line) = open.last_mut()?.next() else {
                open.pop();
                continue;
            };
            if let Some(block) = line.directive.block() {
                open.push(block.iter());
            }
            return Some(line);
        }
    })
}

impl Directive {
    /// The block that it opens.
    pub fn block(&self) -> Option<&[Line]> {
        match self {
            Self::If { block, .. } | Self::Location { block, .. } | Self::Except { block, .. } => Some(block),
            Self::Aside
            | Self::Set { .. }
            | Self::Defines(_)
            | Self::OfAuth { .. }
            | Self::Map { .. }
            | Self::Break
            | Self::Redirect { .. }
            | Self::Answer { .. }
            | Self::Rewrite { .. }
            | Self::RequestHeader { .. }
            | Self::ResponseHeader { .. }
            | Self::Access { .. }
            | Self::Satisfy(_)
            | Self::Internal
            | Self::BodyLimit(_)
            | Self::ReadTimeout(_)
            | Self::Rate
            | Self::Password { .. }
            | Self::Pass(_)
            | Self::Unmodelled { .. } => None,
        }
    }
}
