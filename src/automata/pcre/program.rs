//! A pattern as instructions for the matcher. Repetitions are counted, not unrolled, so that the program is never
//! longer than a small multiple of the pattern.

use super::{
    ast::{Assert, Condition, GroupKind, GroupRef, Look, Node, RepeatKind, Verb},
    parse::{self, Name},
};
use crate::automata::ByteSet;
use std::collections::BTreeMap;

/// Where an instruction stands.
pub(super) type Pc = u32;

/// One instruction.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// The pattern matches.
    Match,
    Byte(u8),
    Set(u32),
    /// A repeated single byte.
    Run {
        set: u32,
        min: u32,
        max: u32,
        kind: RepeatKind,
    },
    Jump(Pc),
    /// Tries the next instruction, later the other.
    Split(Pc),
    /// Tries the other instruction, later the next.
    SplitOther(Pc),
    Open(u32),
    /// Ends a capture, and a call of the group.
    Close(u32),
    /// Ends a capture that `(*ACCEPT)` interrupts.
    CloseOnly(u32),
    Assert(Assert),
    ResetStart,
    /// The list of groups of which the first that is set counts.
    Backref {
        groups: u32,
        caseless: bool,
    },
    Recurse(u32),
    LoopEnter(u32),
    LoopEnd(u32),
    AtomicEnter,
    AtomicEnd,
    LookEnter {
        negative: bool,
        atomic: bool,
        conditional: bool,
        end: Pc,
        other: Pc,
    },
    LookEnd,
    /// Goes back between `max` and `min` bytes, the most first.
    Behind {
        min: u32,
        max: u32,
    },
    /// Ends a look-behind branch whose length varies.
    AtOrigin,
    /// Goes on if a group of the list is set, else jumps.
    IfGroup {
        groups: u32,
        other: Pc,
    },
    /// Goes on if inside a call of a group of the list, or of any if the list is empty.
    IfRecursion {
        groups: u32,
        other: Pc,
    },
    Verb(Verb),
}

/// A counted repetition.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) lazy: bool,
    pub(super) body: Pc,
    pub(super) exit: Pc,
}

/// All instructions of a pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) sets: Vec<ByteSet>,
    pub(super) loops: Vec<Loop>,
    pub(super) lists: Vec<Vec<u32>>,
    /// Where each group starts, 0 for the whole pattern.
    pub(super) entries: BTreeMap<u32, Pc>,
    /// Whether a match can only start at the first byte.
    pub(super) anchored: bool,
}

impl Program {
    pub(super) fn new(node: &Node, names: &[Name]) -> Self {
        let mut compiler = Compiler { program: Program::default(), names, open: Vec::new() };
        compiler.program.entries.insert(0, 0);
        compiler.node(node);
        compiler.emit(Op::Match);
        compiler.program.anchored = is_anchored(node);
        compiler.program
    }
}

/// Whether every way through starts with `^`.
fn is_anchored(node: &Node) -> bool {
    match node {
        Node::Assert(assert) => *assert == Assert::Start,
        Node::Concat(items) => items.first().is_some_and(is_anchored),
        Node::Alternate(branches) => branches.iter().all(is_anchored),
        Node::Group { body, .. } => is_anchored(body),
        Node::Repeat { .. }
        | Node::Empty
        | Node::Byte { .. }
        | Node::Set(_)
        | Node::Grapheme
        | Node::ResetStart
        | Node::Look(_)
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Cond { .. }
        | Node::Verb(_)
        | Node::Unsupported => false,
    }
}

struct Compiler<'a> {
    program: Program,
    names: &'a [Name],
    /// Captures around the current place, innermost last.
    open: Vec<u32>,
}

impl Compiler<'_> {
    fn pc(&self) -> Pc {
        Pc::try_from(self.program.ops.len()).expect("INVARIANT: a pattern is shorter than 4 GiB")
    }

    fn emit(&mut self, op: Op) -> usize {
        self.program.ops.push(op);
        self.program.ops.len() - 1
    }

    fn set(&mut self, set: ByteSet) -> u32 {
        if self.program.sets.last() != Some(&set) {
            self.program.sets.push(set);
        }
        u32::try_from(self.program.sets.len() - 1).expect("INVARIANT: a pattern is shorter than 4 GiB")
    }

    fn list(&mut self, list: Vec<u32>) -> u32 {
        self.program.lists.push(list);
        u32::try_from(self.program.lists.len() - 1).expect("INVARIANT: a pattern is shorter than 4 GiB")
    }

    /// The numbers a reference stands for.
    fn numbers(&self, group: &GroupRef) -> Vec<u32> {
        match group {
            GroupRef::Number(number) => vec![*number],
            GroupRef::Name(name) => {
                let mut numbers: Vec<u32> = self.names.iter().filter(|known| known.text == *name).map(|known| known.number).collect();
                numbers.sort_unstable();
                numbers
            }
        }
    }

    fn patch(&mut self, at: usize) {
        let here = self.pc();
        match &mut self.program.ops[at] {
            Op::Jump(target)
            | Op::Split(target)
            | Op::SplitOther(target)
            | Op::LookEnter { other: target, .. }
            | Op::IfGroup { other: target, .. }
            | Op::IfRecursion { other: target, .. } => *target = here,
            op => unreachable!("INVARIANT: only jumps are patched, not {op:?}"),
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Byte { byte, caseless: false } => {
                self.emit(Op::Byte(*byte));
            }
            Node::Byte { byte, caseless: true } => {
                let set = self.set(ByteSet::single(*byte).fold_case());
                self.emit(Op::Set(set));
            }
            Node::Set(set) => {
                let set = self.set(*set);
                self.emit(Op::Set(set));
            }
            Node::Grapheme => {
                self.emit(Op::AtomicEnter);
                self.node(&parse::crlf_or(ByteSet::ALL));
                self.emit(Op::AtomicEnd);
            }
            Node::Assert(assert) => {
                self.emit(Op::Assert(*assert));
            }
            Node::ResetStart => {
                self.emit(Op::ResetStart);
            }
            Node::Group { kind: GroupKind::Capture(number), body } => {
                let start = self.pc();
                self.program.entries.entry(*number).or_insert(start);
                self.emit(Op::Open(*number));
                self.open.push(*number);
                self.node(body);
                self.open.pop();
                self.emit(Op::Close(*number));
            }
            Node::Group { kind: GroupKind::Atomic, body } => {
                self.emit(Op::AtomicEnter);
                self.node(body);
                self.emit(Op::AtomicEnd);
            }
            Node::Look(look) => {
                let at = self.look(look, false);
                self.patch(at);
            }
            Node::Concat(items) => items.iter().for_each(|item| self.node(item)),
            Node::Alternate(branches) => self.alternate(branches, |compiler, _, branch| compiler.node(branch)),
            Node::Repeat { body, min, max, kind } => self.repeat(body, *min, *max, *kind),
            Node::Backref { group, caseless } => {
                let numbers = self.numbers(group);
                let groups = self.list(numbers);
                self.emit(Op::Backref { groups, caseless: *caseless });
            }
            Node::Recurse(group) => {
                // A call by a name that several groups have means the first of them in the pattern.
                let number = match group {
                    GroupRef::Number(number) => *number,
                    GroupRef::Name(name) => self.names.iter().find(|known| known.text == *name).map_or(0, |known| known.number),
                };
                self.emit(Op::Recurse(number));
            }
            Node::Cond { condition, yes, no } => self.cond(condition, yes, no),
            Node::Verb(verb) => self.verb(*verb),
            Node::Unsupported => {
                self.emit(Op::Verb(Verb::Fail));
            }
        }
    }

    fn verb(&mut self, verb: Verb) {
        if verb == Verb::Accept {
            for at in (0..self.open.len()).rev() {
                let number = self.open[at];
                self.emit(Op::CloseOnly(number));
            }
        }
        self.emit(Op::Verb(verb));
    }

    fn alternate(&mut self, branches: &[Node], mut branch: impl FnMut(&mut Self, usize, &Node)) {
        let mut ends = Vec::new();
        for (number, node) in branches.iter().enumerate() {
            if number + 1 < branches.len() {
                let split = self.emit(Op::Split(0));
                branch(self, number, node);
                ends.push(self.emit(Op::Jump(0)));
                self.patch(split);
            } else {
                branch(self, number, node);
            }
        }
        for end in ends {
            self.patch(end);
        }
    }

    /// Emits a look-around and answers the instruction whose jump is to be patched: taken where a negative one
    /// holds, or where the condition is false.
    fn look(&mut self, look: &Look, conditional: bool) -> usize {
        let Look { behind, negative, atomic, branches, widths, .. } = look;
        let enter = self.emit(Op::LookEnter { negative: *negative, atomic: *atomic, conditional, end: 0, other: 0 });
        let width = |number: usize| widths.get(number).copied().unwrap_or_default();
        let variable = (0..branches.len()).any(|number| width(number).0 != width(number).1);
        // PCRE2 keeps one minimum for all branches.
        let least = (0..branches.len()).map(|number| width(number).0).min().unwrap_or(0);
        let behind = *behind;
        self.alternate(branches, |compiler, number, branch| {
            let (_, max) = width(number);
            // A branch as long as the minimum of all is not tried at other lengths, nor checked for its end.
            let varies = variable && least != max && max > 0;
            if behind {
                compiler.emit(Op::Behind { min: if varies { least } else { max }, max });
            }
            compiler.node(branch);
            if behind && varies {
                compiler.emit(Op::AtOrigin);
            }
        });
        let at = self.emit(Op::LookEnd);
        if let Op::LookEnter { end, .. } = &mut self.program.ops[enter] {
            *end = Pc::try_from(at).expect("INVARIANT: a pattern is shorter than 4 GiB");
        }
        enter
    }

    fn cond(&mut self, condition: &Condition, yes: &Node, no: &Node) {
        let jump = match condition {
            // Kept for calls into it.
            Condition::Define | Condition::Never => {
                let jump = self.emit(Op::Jump(0));
                self.node(yes);
                self.patch(jump);
                self.node(no);
                return;
            }
            Condition::Always => {
                self.node(yes);
                let jump = self.emit(Op::Jump(0));
                self.node(no);
                self.patch(jump);
                return;
            }
            Condition::Group(group) => {
                let groups = self.numbers(group);
                self.if_group(groups)
            }
            Condition::AnyRecursion => self.if_recursion(Vec::new()),
            Condition::Recursion(group) => {
                let groups = self.numbers(group);
                self.if_recursion(groups)
            }
            Condition::RecursionOrGroup(name) => {
                let groups = self.numbers(&GroupRef::Name(name.clone()));
                if groups.is_empty() {
                    let number: u32 = name[1..].parse().unwrap_or(0);
                    self.if_recursion(if number == 0 { Vec::new() } else { vec![number] })
                } else {
                    self.if_group(groups)
                }
            }
            Condition::Look(Node::Look(look)) => {
                let enter = self.look(look, true);
                let negative = look.negative;
                if negative {
                    return self.negative_cond(enter, yes, no);
                }
                enter
            }
            Condition::Look(_) => self.emit(Op::Jump(0)),
        };
        self.node(yes);
        let end = self.emit(Op::Jump(0));
        self.patch(jump);
        self.node(no);
        self.patch(end);
    }

    /// After a negative look-around that matched, the next instruction is the other branch.
    fn negative_cond(&mut self, enter: usize, yes: &Node, no: &Node) {
        self.node(no);
        let end = self.emit(Op::Jump(0));
        self.patch(enter);
        self.node(yes);
        self.patch(end);
    }

    fn if_group(&mut self, groups: Vec<u32>) -> usize {
        let groups = self.list(groups);
        self.emit(Op::IfGroup { groups, other: 0 })
    }

    fn if_recursion(&mut self, groups: Vec<u32>) -> usize {
        let groups = self.list(groups);
        self.emit(Op::IfRecursion { groups, other: 0 })
    }

    fn repeat(&mut self, body: &Node, min: u32, max: Option<u32>, kind: RepeatKind) {
        if (min, max) == (1, Some(1)) {
            // PCRE2 drops `{1}` altogether, a possessive one too.
            return self.node(body);
        }
        if max == Some(0) {
            let jump = self.emit(Op::Jump(0));
            self.node(body);
            self.patch(jump);
            return;
        }
        if let Some(set) = body.as_set() {
            let set = self.set(set);
            self.emit(Op::Run { set, min, max: max.unwrap_or(u32::MAX), kind });
            return;
        }
        if kind == RepeatKind::Possessive {
            self.emit(Op::AtomicEnter);
        }
        let lazy = kind == RepeatKind::Lazy;
        if (min, max) == (0, Some(1)) {
            let split = self.emit(if lazy { Op::SplitOther(0) } else { Op::Split(0) });
            self.node(body);
            self.patch(split);
        } else {
            let number = self.program.loops.len();
            let id = u32::try_from(number).expect("INVARIANT: a pattern is shorter than 4 GiB");
            self.program.loops.push(Loop { min, max, lazy, body: 0, exit: 0 });
            self.emit(Op::LoopEnter(id));
            self.program.loops[number].body = self.pc();
            self.node(body);
            self.emit(Op::LoopEnd(id));
            self.program.loops[number].exit = self.pc();
        }
        if kind == RepeatKind::Possessive {
            self.emit(Op::AtomicEnd);
        }
    }
}
