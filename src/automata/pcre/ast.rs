//! What a pattern of PCRE2 says, as a tree. Options such as `(?i)` and white space of `(?x)` are already applied;
//! references still carry names, because a group may be named after its use.

use crate::automata::ByteSet;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Matches without consuming anything.
    Empty,
    /// One byte, in both letter cases if `caseless`.
    Byte {
        /// The byte as written.
        byte: u8,
        /// Whether the other letter case matches too.
        caseless: bool,
    },
    /// One byte out of a set.
    Set(ByteSet),
    /// `\X`: CR LF or one byte, as bytes of Latin-1 never form longer clusters.
    Grapheme,
    /// A test of the position.
    Assert(Assert),
    /// `\K`: the match is said to start here.
    ResetStart,
    /// Brackets that do more than group.
    Group {
        /// What the brackets do.
        kind: GroupKind,
        /// What is inside.
        body: Box<Node>,
    },
    /// A look-ahead or look-behind.
    Look(Look),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that lets the whole match.
    Alternate(Vec<Node>),
    /// A quantified item.
    Repeat {
        /// What is repeated.
        body: Box<Node>,
        /// How often at least.
        min: u32,
        /// How often at most, `None` for any number.
        max: Option<u32>,
        /// Which number of repetitions is tried first.
        kind: RepeatKind,
    },
    /// The text that a group has captured, again.
    Backref {
        /// The group.
        group: GroupRef,
        /// Whether letter case is ignored.
        caseless: bool,
    },
    /// A subroutine call of a group; 0 is the whole pattern.
    Recurse(GroupRef),
    /// `(?(condition)yes|no)`.
    Cond {
        /// What decides.
        condition: Box<Condition>,
        /// Matched if the condition holds.
        yes: Box<Node>,
        /// Matched otherwise.
        no: Box<Node>,
    },
    /// A backtracking verb.
    Verb(Verb),
    /// Something that is valid but that we do not execute.
    Unsupported,
}

/// A test of the current position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assert {
    /// `^`, `\A`, and `\G` as nginx always starts at the first byte.
    Start,
    /// `^` with `(?m)`.
    LineStart,
    /// `\z`.
    End,
    /// `$`, `\Z`: at the end or before a final newline.
    EndOrNewline,
    /// `$` with `(?m)`.
    LineEnd,
    /// `\b`.
    WordBoundary,
    /// `\B`.
    NotWordBoundary,
}

/// What brackets do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// Captures into this number.
    Capture(u32),
    /// Never gives back what it has matched.
    Atomic,
}

/// A look-ahead or look-behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether it looks at the bytes before the position.
    pub behind: bool,
    /// Whether it must not match.
    pub negative: bool,
    /// Whether what it has matched is final.
    pub atomic: bool,
    /// The alternatives.
    pub branches: Vec<Node>,
    /// For a look-behind: shortest and longest length of each branch.
    pub widths: Vec<(u32, u32)>,
    /// Tells the look-arounds of a pattern apart.
    pub(super) id: usize,
    /// Where an error of this look-behind is reported.
    pub(super) offset: usize,
}

/// Which number of repetitions is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RepeatKind {
    /// The most.
    Greedy,
    /// The fewest.
    Lazy,
    /// The most, and no other.
    Possessive,
}

/// A reference to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRef {
    /// By number.
    Number(u32),
    /// By name.
    Name(String),
}

/// What decides a conditional group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `(?(1)`, `(?(<name>)`: the group has captured something.
    Group(GroupRef),
    /// `(?(R)`: inside any subroutine call.
    AnyRecursion,
    /// `(?(R1)`, `(?(R&name)`: inside a call of this group.
    Recursion(GroupRef),
    /// `(?(R1)` where no group is called `R1`, decided when all names are known.
    RecursionOrGroup(String),
    /// `(?(?=…)`.
    Look(Node),
    /// `(?(DEFINE)`: never matched in place, only called.
    Define,
    /// A version test that fails.
    Never,
    /// A version test that holds.
    Always,
}

/// A backtracking verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `(*ACCEPT)`: the whole matches here.
    Accept,
    /// `(*FAIL)`.
    Fail,
    /// `(*COMMIT)`: no match at all if what follows fails.
    Commit,
    /// `(*PRUNE)`: no match from this start if what follows fails.
    Prune,
    /// `(*SKIP)`: as prune, and the search goes on here.
    Skip,
    /// `(*THEN)`: next alternative if what follows fails.
    Then,
    /// A verb with a name that only marks.
    Mark,
}

impl Node {
    /// A sequence, without needless nesting.
    pub fn concat(mut items: Vec<Node>) -> Node {
        match items.len() {
            0 => Node::Empty,
            1 => items.pop().expect("INVARIANT: one item"),
            _ => Node::Concat(items),
        }
    }

    /// Alternatives, without needless nesting.
    pub fn alternate(mut branches: Vec<Node>) -> Node {
        match branches.len() {
            0 => Node::Empty,
            1 => branches.pop().expect("INVARIANT: one branch"),
            _ => Node::Alternate(branches),
        }
    }

    /// The set of bytes, where this always matches exactly one byte.
    pub fn as_set(&self) -> Option<ByteSet> {
        match self {
            Node::Byte { byte, caseless: true } => Some(ByteSet::single(*byte).fold_case()),
            Node::Byte { byte, caseless: false } => Some(ByteSet::single(*byte)),
            Node::Set(set) => Some(*set),
            Node::Empty
            | Node::Grapheme
            | Node::Assert(_)
            | Node::ResetStart
            | Node::Group { .. }
            | Node::Look(_)
            | Node::Concat(_)
            | Node::Alternate(_)
            | Node::Repeat { .. }
            | Node::Backref { .. }
            | Node::Recurse(_)
            | Node::Cond { .. }
            | Node::Verb(_)
            | Node::Unsupported => None,
        }
    }
}
