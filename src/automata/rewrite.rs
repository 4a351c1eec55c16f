//! What nginx makes of a path with a pattern and a template, in a form that can be compared: the path itself, a fixed
//! text, or the path with its start replaced. Ways through the pattern are followed in the order in which PCRE tries
//! them; each has its own condition. All forms are stated for strings without a newline, which `.` does not match.

use super::{
    ByteSet, Lang,
    lang::{anything, repeated},
    pcre::{Assert, GroupKind, Node, Pattern, RepeatKind, Verb},
};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir};
use std::ops::Range;

/// How many ways through a pattern are followed.
const MAX_WAYS: usize = 64;
/// How many bytes the start of a way may have.
const MAX_START: usize = 1024;

/// A replacement text of nginx.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// A part of a replacement text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(Vec<u8>),
    /// `$1` to `$9`.
    Group(usize),
    /// `$name` or `${name}`: a named group or a variable.
    Name(String),
}

/// nginx refuses the text: `$` without a name, or `${` without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidVariable {
    /// Where the `$` is, in bytes.
    pub offset: usize,
}

impl std::fmt::Display for InvalidVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid variable name at offset {}", self.offset)
    }
}

impl std::error::Error for InvalidVariable {}

impl Template {
    /// Reads a text with variables.
    ///
    /// # Errors
    /// Where nginx finds no name behind a `$`. Whether a name is known is not asked here.
    pub fn parse(text: &str) -> Result<Self, InvalidVariable> {
        let bytes = text.as_bytes();
        let mut pieces = Vec::new();
        let mut plain = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let offset = at;
            at += 1;
            if bytes[offset] != b'$' {
                plain.push(bytes[offset]);
                continue;
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            if let Some(digit @ b'1'..=b'9') = bytes.get(at) {
                pieces.push(Piece::Group(usize::from(digit - b'0')));
                at += 1;
                continue;
            }
            let braced = bytes.get(at) == Some(&b'{');
            at += usize::from(braced);
            let start = at;
            while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                at += 1;
            }
            let name = &text[start..at];
            if name.is_empty() || (braced && bytes.get(at) != Some(&b'}')) {
                return Err(InvalidVariable { offset });
            }
            at += usize::from(braced);
            match name.as_bytes() {
                [digit @ b'1'..=b'9'] => pieces.push(Piece::Group(usize::from(digit - b'0'))),
                _ => pieces.push(Piece::Name(name.to_owned())),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// The parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Names of groups or variables that occur.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) | Piece::Group(_) => None,
        })
    }

    /// The text with groups and names filled in.
    pub fn expand<'t>(&self, mut group: impl FnMut(usize) -> &'t [u8], mut name: impl FnMut(&str) -> Vec<u8>) -> Vec<u8> {
        let mut text = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.extend_from_slice(plain),
                Piece::Group(number) => text.extend_from_slice(group(*number)),
                Piece::Name(wanted) => text.extend(name(wanted)),
            }
        }
        text
    }
}

/// What becomes of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The string itself.
    Same,
    /// This text, whatever the string.
    Fixed(Vec<u8>),
    /// The string without its first bytes, behind this text.
    Splice {
        /// How many bytes are dropped.
        drop: usize,
        /// What takes their place.
        insert: Vec<u8>,
    },
    /// Whatever the groups are; only asking about one string tells.
    Captures,
}

impl Form {
    /// The text sent for a string; nothing where the groups are needed.
    pub fn apply(&self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Form::Same => Some(text.to_vec()),
            Form::Fixed(fixed) => Some(fixed.clone()),
            Form::Splice { drop, insert } => Some([insert, text.get(*drop..)?].concat()),
            Form::Captures => None,
        }
    }
}

/// What becomes of the strings of a language.
#[derive(Clone, Debug)]
pub struct Case {
    /// The strings; the first case that contains a string counts.
    pub when: Lang,
    /// What becomes of them.
    pub form: Form,
}

/// What a pattern and a template make of the strings that the pattern matches.
#[derive(Clone, Debug)]
pub struct Rewrite {
    cases: Vec<Case>,
}

impl Rewrite {
    /// Follows the ways through the pattern. `at_start`: the pattern is known to match at the first byte although it
    /// does not begin with `^`, as behind a location that was anchored.
    pub fn new(pattern: &Pattern, template: &Template, at_start: bool) -> Self {
        let mut cases = Vec::new();
        let pieces = resolve(pattern, template);
        let Some(pieces) = pieces else { return Self::unknown(cases) };
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            let fixed = pieces.iter().flat_map(|piece| if let Piece::Text(text) = piece { text.as_slice() } else { &[] });
            let form = Form::Fixed(fixed.copied().collect());
            return Self { cases: vec![Case { when: Lang::any(), form }] };
        }
        if pattern.unsupported().is_some() {
            return Self::unknown(cases);
        }
        let mut ways = vec![Way { tasks: vec![Task::Node(pattern.node())], anchored: at_start, ..Way::default() }];
        let mut followed = 0;
        while let Some(way) = ways.pop() {
            followed += 1;
            if followed > MAX_WAYS {
                return Self::unknown(cases);
            }
            match way.follow() {
                Step::Fork(mut forks) => {
                    forks.reverse();
                    ways.extend(forks);
                }
                Step::Dead => {}
                Step::Unknown => return Self::unknown(cases),
                Step::End(way) => cases.push(Case { when: way.when(), form: way.form(&pieces) }),
            }
        }
        Self { cases }
    }

    fn unknown(mut cases: Vec<Case>) -> Self {
        cases.push(Case { when: Lang::any(), form: Form::Captures });
        Self { cases }
    }

    /// The cases; the first one whose language contains a string counts.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// What becomes of a string that the pattern matches and that has no newline.
    pub fn form_of(&self, text: &[u8]) -> &Form {
        self.cases.iter().find(|case| case.when.contains(text) == Some(true)).map_or(&Form::Captures, |case| &case.form)
    }
}

/// The pieces with names of groups as numbers and without groups that do not exist; nothing where a variable occurs.
fn resolve(pattern: &Pattern, template: &Template) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    for piece in &template.pieces {
        match piece {
            Piece::Group(number) if *number > pattern.group_count() => {}
            Piece::Text(_) | Piece::Group(_) => pieces.push(piece.clone()),
            Piece::Name(name) => {
                let mut groups = pattern.group_names().iter().filter(|(known, _)| known == name);
                let (_, number) = groups.next()?;
                if groups.next().is_some() {
                    return None;
                }
                pieces.push(Piece::Group(*number));
            }
        }
    }
    Some(pieces)
}

#[derive(Clone, Copy)]
enum Task<'a> {
    Node(&'a Node),
    Open(u32),
    Close(u32),
}

/// One way through the pattern.
#[derive(Clone, Default)]
struct Way<'a> {
    /// What is still to come, the next last.
    tasks: Vec<Task<'a>>,
    anchored: bool,
    /// The bytes matched so far, each out of a set.
    start: Vec<ByteSet>,
    /// Whether the string ends here.
    ended: bool,
    /// How many more bytes there are at least, where everything to the end is matched.
    tail: Option<usize>,
    opened: Vec<(u32, usize)>,
    groups: Vec<(u32, Span)>,
}

/// What a group has captured.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Span {
    Part(Range<usize>),
    Tail(usize),
}

enum Step<'a> {
    Fork(Vec<Way<'a>>),
    End(Way<'a>),
    Dead,
    Unknown,
}

impl<'a> Way<'a> {
    /// Follows the way until it ends or parts.
    fn follow(mut self) -> Step<'a> {
        while let Some(task) = self.tasks.pop() {
            let node = match task {
                Task::Open(group) => {
                    self.opened.push((group, if self.tail.is_some() { usize::MAX } else { self.start.len() }));
                    continue;
                }
                Task::Close(group) => {
                    self.close(group);
                    continue;
                }
                Task::Node(node) => node,
            };
            match node {
                Node::Empty | Node::ResetStart | Node::Verb(Verb::Mark) => {}
                Node::Assert(Assert::Start) if self.start.is_empty() && self.tail.is_none() => self.anchored = true,
                Node::Assert(Assert::End | Assert::EndOrNewline) => self.ended |= self.tail.is_none(),
                _ if !self.anchored && !leads_to_start(node) => return Step::Unknown,
                Node::Byte { .. } | Node::Set(_) if self.tail.is_some() => return Step::Unknown,
                Node::Byte { .. } | Node::Set(_) if self.ended || self.start.len() >= MAX_START => {
                    return if self.ended { Step::Dead } else { Step::Unknown };
                }
                Node::Byte { .. } | Node::Set(_) => self.start.extend(node.as_set()),
                Node::Concat(parts) => self.tasks.extend(parts.iter().rev().map(Task::Node)),
                Node::Group { kind: GroupKind::Capture(group), body } => {
                    self.tasks.extend([Task::Close(*group), Task::Node(body), Task::Open(*group)]);
                }
                Node::Alternate(parts) => {
                    if self.tail.is_some() {
                        return Step::Unknown;
                    }
                    let fork = |part| {
                        let mut way = self.clone();
                        way.tasks.push(Task::Node(part));
                        way
                    };
                    return Step::Fork(parts.iter().map(fork).collect());
                }
                Node::Repeat { body, min, max, kind } => {
                    if let Some(step) = self.repeat(body, *min, *max, *kind) {
                        return step;
                    }
                }
                Node::Assert(_)
                | Node::Grapheme
                | Node::Group { kind: GroupKind::Atomic, .. }
                | Node::Look(_)
                | Node::Backref { .. }
                | Node::Recurse(_)
                | Node::Cond { .. }
                | Node::Verb(_)
                | Node::Unsupported => return Step::Unknown,
            }
        }
        if self.anchored { Step::End(self) } else { Step::Unknown }
    }

    fn close(&mut self, group: u32) {
        let Some((_, from)) = self.opened.pop() else { return };
        let here = self.start.len();
        let span = match self.tail {
            Some(_) if from == usize::MAX => Span::Part(here..here),
            Some(_) => Span::Tail(from),
            None => Span::Part(from..here),
        };
        self.groups.retain(|(known, _)| *known != group);
        self.groups.push((group, span));
    }

    /// Whether all that is to come matches the rest of the string without wanting a byte; and whether it wants the end.
    fn nothing_more(&self) -> Option<bool> {
        let mut wants_end = false;
        let mut tasks = self.tasks.clone();
        while let Some(task) = tasks.pop() {
            match task {
                Task::Open(_) | Task::Close(_) | Task::Node(Node::Empty | Node::ResetStart | Node::Verb(Verb::Mark)) => {}
                Task::Node(Node::Assert(Assert::End | Assert::EndOrNewline)) => wants_end = true,
                Task::Node(Node::Concat(parts)) => tasks.extend(parts.iter().rev().map(Task::Node)),
                Task::Node(Node::Group { kind: GroupKind::Capture(_), body }) => tasks.push(Task::Node(body)),
                Task::Node(_) => return None,
            }
        }
        Some(wants_end)
    }

    /// A repetition: unfolded where it is short, the rest of the string where it takes everything.
    fn repeat(&mut self, body: &'a Node, min: u32, max: Option<u32>, kind: RepeatKind) -> Option<Step<'a>> {
        let everything = body.as_set().is_some_and(|set| set.union(ByteSet::single(b'\n')) == ByteSet::ALL);
        if self.tail.is_some() {
            // Everything is taken already; what may be absent is.
            return if min == 0 && kind != RepeatKind::Lazy && body.as_set().is_some() { None } else { Some(Step::Unknown) };
        }
        if everything && max.is_none() && self.ended {
            return (min > 0).then_some(Step::Dead);
        }
        if everything && max.is_none() {
            let to_end = match (kind, self.nothing_more()) {
                (_, None) => return Some(Step::Unknown),
                (RepeatKind::Greedy | RepeatKind::Possessive, Some(_)) | (RepeatKind::Lazy, Some(true)) => true,
                (RepeatKind::Lazy, Some(false)) => false,
            };
            if to_end {
                self.tail = Some(min as usize);
                return None;
            }
        }
        if max == Some(min) && min as usize <= MAX_START {
            self.tasks.extend(std::iter::repeat_n(Task::Node(body), min as usize));
            return None;
        }
        if kind == RepeatKind::Lazy && self.nothing_more() == Some(false) {
            self.tasks.extend(std::iter::repeat_n(Task::Node(body), (min as usize).min(MAX_START)));
            return if min as usize > MAX_START { Some(Step::Unknown) } else { None };
        }
        if (min, max) == (0, Some(1)) && kind != RepeatKind::Possessive {
            let without = self.clone();
            let mut with = self.clone();
            with.tasks.push(Task::Node(body));
            let forks = if kind == RepeatKind::Lazy { vec![without, with] } else { vec![with, without] };
            return Some(Step::Fork(forks));
        }
        Some(Step::Unknown)
    }

    /// The strings that take this way, or an earlier one.
    fn when(&self) -> Lang {
        let literal: Option<Vec<u8>> = self.start.iter().map(ByteSet::only).collect();
        if let (Some(text), None | Some(0)) = (&literal, self.tail) {
            return if self.ended { Lang::exact(text) } else { Lang::prefix(text) };
        }
        let class = |set: &ByteSet| {
            let ranges = set.ranges().into_iter().map(|(first, last)| ClassBytesRange::new(first, last));
            Hir::class(Class::Bytes(ClassBytes::new(ranges)))
        };
        let mut items: Vec<Hir> = self.start.iter().map(class).collect();
        if !self.ended {
            let more = u32::try_from(self.tail.unwrap_or(0)).unwrap_or(u32::MAX);
            items.extend([repeated(class(&ByteSet::ALL), more, Some(more)), anything()]);
        }
        Lang::from_hir(Hir::concat(items))
    }

    /// Text that equals the bytes before the copied rest is part of the rest.
    fn absorb(&self, mut tail: Option<usize>, mut insert: Vec<u8>) -> (Option<usize>, Vec<u8>) {
        while let (Some(from), Some(last)) = (tail, insert.last()) {
            if from == 0 || self.known(from - 1) != Some(*last) {
                break;
            }
            insert.pop();
            tail = Some(from - 1);
        }
        (tail, insert)
    }

    /// The byte at a place of the start, where there is only one possibility.
    fn known(&self, at: usize) -> Option<u8> {
        self.start.get(at).and_then(ByteSet::only)
    }

    /// What the template becomes on this way.
    fn form(&self, pieces: &[Piece]) -> Form {
        let end = self.start.len();
        // From the last piece to the first: what is copied, and the text before it.
        let mut tail: Option<usize> = None;
        let mut insert: Vec<u8> = Vec::new();
        let mut text_behind = false;
        for piece in pieces.iter().rev() {
            let span = match piece {
                Piece::Text(text) => {
                    insert.splice(0..0, text.iter().copied());
                    text_behind |= tail.is_none();
                    continue;
                }
                Piece::Group(number) => self.groups.iter().find(|(group, _)| *group as usize == *number).map(|(_, span)| span),
                Piece::Name(_) => return Form::Captures,
            };
            match span {
                None => {}
                Some(Span::Tail(from)) if tail.is_none() && !text_behind => tail = Some(*from),
                Some(Span::Tail(_)) => return Form::Captures,
                Some(Span::Part(range)) if range.is_empty() => {}
                Some(Span::Part(range)) => {
                    if let Some(text) = range.clone().map(|at| self.known(at)).collect::<Option<Vec<u8>>>() {
                        insert.splice(0..0, text);
                        text_behind |= tail.is_none();
                        continue;
                    }
                    let joins = tail == Some(range.end) && insert.is_empty();
                    let ends = tail.is_none() && !text_behind && self.ended && range.end == end;
                    if !joins && !ends {
                        return Form::Captures;
                    }
                    tail = Some(range.start);
                }
            }
            (tail, insert) = self.absorb(tail, insert);
        }
        (tail, insert) = self.absorb(tail, insert);
        match tail {
            None => Form::Fixed(insert),
            Some(0) if insert.is_empty() => Form::Same,
            Some(drop) => Form::Splice { drop, insert },
        }
    }
}

/// Whether the node may be or begin with `^`.
fn leads_to_start(node: &Node) -> bool {
    match node {
        Node::Assert(Assert::Start) => true,
        Node::Concat(parts) => parts.first().is_some_and(leads_to_start),
        Node::Alternate(parts) => parts.iter().any(leads_to_start),
        Node::Group { body, .. } => leads_to_start(body),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(pattern: &str, template: &str) -> Vec<(bool, Form)> {
        let pattern = Pattern::parse(pattern, false).expect("valid pattern");
        let template = Template::parse(template).expect("valid template");
        let rewrite = Rewrite::new(&pattern, &template, true);
        rewrite.cases().iter().map(|case| (case.when.is_regular(), case.form.clone())).collect()
    }

    fn form(pattern: &str, template: &str, path: &str) -> Form {
        let pattern = Pattern::parse(pattern, false).expect("valid pattern");
        let template = Template::parse(template).expect("valid template");
        Rewrite::new(&pattern, &template, true).form_of(path.as_bytes()).clone()
    }

    fn splice(drop: usize, insert: &str) -> Form {
        Form::Splice { drop, insert: insert.as_bytes().to_vec() }
    }

    #[test]
    fn the_common_idiom_drops_the_prefix() {
        assert_eq!(form("/api(/|$)(.*)", "/$2", "/api/x"), splice(4, ""));
        assert_eq!(form("/api(/|$)(.*)", "/$2", "/api"), Form::Fixed(b"/".to_vec()));
        assert_eq!(form("(?i)/api(/|$)(.*)", "/$2", "/API/x"), splice(4, ""));
    }

    #[test]
    fn a_catch_all_behind_a_literal_is_a_splice() {
        assert_eq!(form("^/foo/(.*)", "/$1", "/foo/x"), splice(4, ""));
        assert_eq!(form("/foo/(.*)", "/bar/$1", "/foo/x"), splice(4, "/bar"));
        assert_eq!(form("/foo/?(.*)$", "/$1", "/foo/x"), splice(4, ""));
        assert_eq!(form("/foo/(?<rest>.*)", "/x-$rest", "/foo/x"), splice(5, "/x-"));
    }

    #[test]
    fn a_path_that_comes_out_as_it_went_in_is_the_same() {
        assert_eq!(forms("^/(.*)", "/$1"), [(true, Form::Same)]);
        assert_eq!(form("^/(foo|bar)/(.*)", "/$1/$2", "/bar/x"), Form::Same);
        assert_eq!(form("(?i)^(/foo)(.*)", "$1$2", "/FOO/x"), Form::Same);
    }

    #[test]
    fn a_template_without_groups_is_fixed() {
        assert_eq!(forms("^/a(b+)c", "/x"), [(true, Form::Fixed(b"/x".to_vec()))]);
        assert_eq!(forms("^/a", "/x$3"), [(true, Form::Fixed(b"/x".to_vec()))]);
    }

    #[test]
    fn groups_that_depend_on_the_path_stay_captures() {
        assert_eq!(form("^/([^/]+)/(.*)", "/$2/$1", "/a/b"), Form::Captures);
        assert_eq!(form("^/foo/(.*)/bar", "/$1", "/foo/x/bar"), Form::Captures);
        assert_eq!(form("^/foo/(.*)", "/$1/x", "/foo/x"), Form::Captures);
        assert_eq!(form("^/foo/(.*)", "/$host/$1", "/foo/x"), Form::Captures);
    }

    #[test]
    fn templates_are_read_as_nginx_reads_them() {
        let template = Template::parse("/$10a${name}$host_x-$1").expect("valid");
        let text = |text: &str| Piece::Text(text.as_bytes().to_vec());
        let name = |name: &str| Piece::Name(name.to_owned());
        assert_eq!(template.pieces(), [text("/"), Piece::Group(1), text("0a"), name("name"), name("host_x"), text("-"), Piece::Group(1)]);
        for (wrong, offset) in [("/$", 1), ("/$$1", 1), ("${a", 0), ("a$-", 1)] {
            assert_eq!(Template::parse(wrong).err(), Some(InvalidVariable { offset }), "{wrong}");
        }
    }
}
