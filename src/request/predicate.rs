//! Everything a router can ask about a request. Both routers intern what they ask, so the set of questions is complete.

use std::{
    hash::{Hash, Hasher},
    net::IpAddr,
};

use indexmap::{Equivalent, IndexSet};

use super::Sequence;
use crate::k8s::Subject;

/// Index of a predicate in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PredicateId(pub u32);

/// The part of a request that a predicate looks at. Paths and hosts are those that the router has normalised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `http` or `https`, of the connection.
    Scheme,
    /// Scheme as a trusted proxy in front tells it, else that of the connection.
    EffectiveScheme,
    /// Port of the listener, decimal.
    Port,
    /// Server name of the TLS handshake, lower case.
    Sni,
    /// Host, lower case, without port.
    Host,
    /// Method.
    Method,
    /// Path without query.
    Path,
    /// Header by lower-case name; several lines are joined as the router joins them.
    Header(String),
    /// Query parameter by name.
    Query(String),
    /// Cookie by name.
    Cookie(String),
    /// Address of the client, as a trusted proxy in front tells it.
    Client,
    /// Length of the body in bytes, decimal.
    BodyLength,
    /// Common name of the client certificate.
    ClientCertificate,
    /// Protocol: `http/1.0`, `http/1.1`, `h2`.
    Protocol,
    /// The request as a whole; only [`Test::Malformed`] looks at it.
    Request,
}

/// A regular expression, its dialect and its letter case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Regex {
    /// The expression.
    pub pattern: String,
    /// Letter case does not count.
    pub caseless: bool,
    /// Who reads it.
    pub dialect: RegexDialect,
}

/// Who reads a regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegexDialect {
    /// PCRE, searched anywhere in the text.
    PcreSearch,
    /// RE2, searched anywhere in the text.
    Re2Search,
    /// RE2, must match the whole text.
    Re2Full,
}

/// Ways in which a request is refused before any route is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Malformed {
    /// Method that is none.
    Method,
    /// Target that is no path and no URL, is badly encoded, or leads above the root.
    Target,
    /// Target that is too long.
    TooLong,
    /// No Host header where one is needed, or one that is no host.
    Host,
    /// Name of a header that the router does not take, or a header that contradicts another.
    HeaderName,
    /// Header lines that are too long, alone or together.
    Header,
    /// A version of HTTP that the router does not speak.
    Version,
    /// An encoding of the body that the router does not read.
    Encoding,
    /// The TLS handshake named another server than the Host header.
    SniDiffers,
    /// `%2F` or `%5C` in the path, where the router redirects to the path with slashes.
    EscapedSlash,
}

/// What is asked of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// The field is there (a header, a cookie, a client certificate).
    Present,
    /// Equals the text.
    Equals(String),
    /// Starts with the text.
    Prefix(String),
    /// Ends with the text.
    Suffix(String),
    /// Matches the expression.
    Regex(Regex),
    /// Address in one of the networks: first address and length of the prefix.
    InNetworks(Vec<(IpAddr, u8)>),
    /// Number above this one.
    Above(u64),
    /// The request is broken.
    Malformed(Malformed),
}

/// A question. Those that ask the same are equal, whatever made the router ask.
#[derive(Debug, Clone)]
pub struct Predicate {
    /// The field.
    pub field: Field,
    /// What is asked of it.
    pub test: Test,
    /// What made the router ask first.
    pub origin: Option<Subject>,
}

/// What a question asks.
#[derive(PartialEq, Eq, Hash)]
struct Asked<'a> {
    field: &'a Field,
    test: &'a Test,
}

impl Predicate {
    fn asked(&self) -> Asked<'_> {
        Asked { field: &self.field, test: &self.test }
    }
}

impl PartialEq for Predicate {
    fn eq(&self, other: &Self) -> bool {
        self.asked() == other.asked()
    }
}

impl Eq for Predicate {}

impl Hash for Predicate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.asked().hash(state);
    }
}

impl Equivalent<Predicate> for Asked<'_> {
    fn equivalent(&self, other: &Predicate) -> bool {
        *self == other.asked()
    }
}

/// All questions of a router; equal ones are one.
#[derive(Debug, Clone, Default)]
pub struct Predicates {
    list: IndexSet<Predicate>,
    /// Questions about hosts and server names that are not answered by one name.
    wide: Vec<PredicateId>,
}

impl Predicates {
    /// The identity of a question.
    pub fn intern(&mut self, field: Field, test: Test, origin: Option<Subject>) -> PredicateId {
        let wide = matches!(field, Field::Host | Field::Sni) && !matches!(test, Test::Equals(_));
        let (at, new) = self.list.insert_full(Predicate { field, test, origin });
        let id = id(at);
        if wide && new {
            self.wide.push(id);
        }
        id
    }

    /// Position of the first question at or behind `from` that holds, in a long list of questions about hosts or about server names. `names` are the names
    /// of which `Equals` holds; `holds` answers the other questions.
    pub fn first_of_names(&self, list: &Sequence, from: usize, names: &[&str], holds: impl Fn(PredicateId) -> bool) -> Option<usize> {
        let field = &self.get(*list.first()?).field;
        let exact = names.iter().filter_map(|name| self.find(field, &Test::Equals((*name).to_owned())));
        let wide = self.wide.iter().copied().filter(|&id| self.get(id).field == *field && holds(id));
        exact.chain(wide).filter_map(|id| list.find(id, from)).min()
    }

    /// Whether the questions of a list are so many, and such, that [`Self::first_of_names`] is worth while.
    pub fn is_long_list_of_names(&self, list: &Sequence) -> bool {
        list.is_long() && matches!(self.get(list[0]).field, Field::Host | Field::Sni)
    }

    /// The identity of a question that was interned before.
    pub fn find(&self, field: &Field, test: &Test) -> Option<PredicateId> {
        self.list.get_index_of(&Asked { field, test }).map(id)
    }

    /// A question.
    pub fn get(&self, id: PredicateId) -> &Predicate {
        &self.list[id.0 as usize]
    }

    /// All questions with their identities.
    pub fn iter(&self) -> impl Iterator<Item = (PredicateId, &Predicate)> {
        self.list.iter().enumerate().map(|(at, predicate)| (id(at), predicate))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// The identity of the question at a position.
fn id(at: usize) -> PredicateId {
    PredicateId(u32::try_from(at).expect("INVARIANT: fewer than 2^32 predicates"))
}
