//! Runs a program on bytes by backtracking, as PCRE2 does. Choices, open constructs and changes of captures live in
//! vectors, never on the call stack; every instruction counts as a step.

use super::{
    ast::{Assert, RepeatKind, Verb},
    captures::{Captures, StepLimit, UNSET},
    escape,
    program::{Op, Pc, Program},
};

const NONE: u32 = u32::MAX;

/// A construct that was entered and not yet left.
#[derive(Clone, Copy, Debug)]
struct Frame {
    kind: FrameKind,
    /// The construct around it.
    next: u32,
}

#[derive(Clone, Copy, Debug)]
enum FrameKind {
    Loop { count: u32, start: u32 },
    Atomic { choices: u32 },
    Look { negative: bool, atomic: bool, conditional: bool, position: u32, choices: u32, trail: u32, end: Pc },
    Recurse { group: u32, back: Pc, position: u32, saved: u32, choices: u32 },
}

/// Where to go on if what was tried fails.
#[derive(Clone, Copy, Debug)]
struct Choice {
    kind: ChoiceKind,
    position: u32,
    frame: u32,
    frames: u32,
    trail: u32,
    saved: u32,
}

#[derive(Clone, Copy, Debug)]
enum ChoiceKind {
    Resume(Pc),
    /// Gives back one byte after the other down to `low`.
    Greedy {
        pc: Pc,
        low: u32,
    },
    /// Takes one byte more up to `left` times.
    Lazy {
        pc: Pc,
        set: u32,
        left: u32,
    },
    /// Goes forward in a look-behind.
    Behind {
        pc: Pc,
        left: u32,
    },
    Verb(Verb),
}

enum Outcome {
    Matched,
    Failed,
    /// No match from this start; the search goes on at the given place.
    Skip(usize),
    /// No match at all.
    Commit,
}

pub(super) struct Machine<'a> {
    program: &'a Program,
    subject: &'a [u8],
    groups: usize,
    steps: u64,
    position: usize,
    frame: u32,
    /// Start and end of each group, then where each was opened.
    slots: Vec<u32>,
    frames: Vec<Frame>,
    choices: Vec<Choice>,
    trail: Vec<(u32, u32)>,
    saved: Vec<u32>,
}

fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(UNSET - 1)
}

impl<'a> Machine<'a> {
    pub(super) fn new(program: &'a Program, subject: &'a [u8], groups: u32, steps: u64) -> Self {
        let groups = groups as usize + 1;
        Self {
            program,
            subject,
            groups,
            steps,
            position: 0,
            frame: NONE,
            slots: vec![UNSET; groups * 3],
            frames: Vec::new(),
            choices: Vec::new(),
            trail: Vec::new(),
            saved: Vec::new(),
        }
    }

    /// The leftmost match.
    pub(super) fn search(mut self) -> Result<Option<Captures>, StepLimit> {
        let mut start = 0;
        while start <= self.subject.len() {
            self.slots.fill(UNSET);
            self.frames.clear();
            self.choices.clear();
            self.trail.clear();
            self.saved.clear();
            self.frame = NONE;
            self.position = start;
            self.slots[0] = narrow(start);
            match self.run()? {
                Outcome::Matched => {
                    self.slots[1] = narrow(self.position);
                    self.slots.truncate(self.groups * 2);
                    return Ok(Some(Captures::new(self.slots)));
                }
                Outcome::Commit => return Ok(None),
                Outcome::Skip(next) if next > start => start = next,
                Outcome::Failed | Outcome::Skip(_) => start += 1,
            }
            if self.program.anchored {
                break;
            }
        }
        Ok(None)
    }

    fn step(&mut self, count: usize) -> Result<(), StepLimit> {
        self.steps = self.steps.checked_sub(count as u64).ok_or(StepLimit)?;
        Ok(())
    }

    fn set_slot(&mut self, slot: usize, value: u32) {
        self.trail.push((narrow(slot), self.slots[slot]));
        self.slots[slot] = value;
    }

    fn undo(&mut self, length: u32) {
        while self.trail.len() > length as usize {
            if let Some((slot, value)) = self.trail.pop() {
                self.slots[slot as usize] = value;
            }
        }
    }

    fn choose(&mut self, kind: ChoiceKind, position: usize) {
        self.choices.push(Choice {
            kind,
            position: narrow(position),
            frame: self.frame,
            frames: narrow(self.frames.len()),
            trail: narrow(self.trail.len()),
            saved: narrow(self.saved.len()),
        });
    }

    fn enter(&mut self, kind: FrameKind) {
        self.frames.push(Frame { kind, next: self.frame });
        self.frame = narrow(self.frames.len() - 1);
    }

    fn current(&self) -> Option<Frame> {
        self.frames.get(self.frame as usize).copied()
    }

    #[allow(clippy::too_many_lines)] // one arm an instruction
    fn run(&mut self) -> Result<Outcome, StepLimit> {
        let program = self.program;
        let mut pc: Pc = 0;
        loop {
            self.step(1)?;
            let next = pc + 1;
            let went = match program.ops[pc as usize] {
                Op::Match => match self.current() {
                    Some(Frame { kind: FrameKind::Recurse { group: 0, back, saved, .. }, next }) => {
                        self.return_from(saved, next);
                        Some(back)
                    }
                    _ => return Ok(Outcome::Matched),
                },
                Op::Byte(byte) => (self.subject.get(self.position) == Some(&byte)).then(|| {
                    self.position += 1;
                    next
                }),
                Op::Set(set) => self.subject.get(self.position).filter(|byte| program.sets[set as usize].contains(**byte)).map(|_| {
                    self.position += 1;
                    next
                }),
                Op::Run { set, min, max, kind } => self.run_of(set, min, max, kind, next)?,
                Op::Jump(target) => Some(target),
                Op::Split(other) => {
                    self.choose(ChoiceKind::Resume(other), self.position);
                    Some(next)
                }
                Op::SplitOther(other) => {
                    self.choose(ChoiceKind::Resume(next), self.position);
                    Some(other)
                }
                Op::Open(group) => {
                    self.set_slot(self.groups * 2 + group as usize, narrow(self.position));
                    Some(next)
                }
                Op::Close(group) => match self.current() {
                    Some(Frame { kind: FrameKind::Recurse { group: called, back, saved, .. }, next }) if called == group => {
                        self.return_from(saved, next);
                        Some(back)
                    }
                    _ => {
                        self.close(group);
                        Some(next)
                    }
                },
                Op::CloseOnly(group) => {
                    self.close(group);
                    Some(next)
                }
                Op::Assert(assert) => self.holds(assert).then_some(next),
                Op::ResetStart => {
                    self.set_slot(0, narrow(self.position));
                    Some(next)
                }
                Op::Backref { groups, caseless } => self.backref(groups, caseless)?.then_some(next),
                Op::Recurse(group) => Some(self.recurse(group, next)?),
                Op::LoopEnter(id) => {
                    let Some(repeat) = program.loops.get(id as usize) else { return Ok(Outcome::Failed) };
                    Some(self.iterate(id, 0, repeat.min == 0, true))
                }
                Op::LoopEnd(id) => self.loop_end(id),
                Op::AtomicEnter => {
                    self.enter(FrameKind::Atomic { choices: narrow(self.choices.len()) });
                    Some(next)
                }
                Op::AtomicEnd => {
                    if let Some(Frame { kind: FrameKind::Atomic { choices }, next: around }) = self.current() {
                        self.choices.truncate(choices as usize);
                        self.frame = around;
                    }
                    Some(next)
                }
                Op::LookEnter { negative, atomic, conditional, end, other } => {
                    let choices = narrow(self.choices.len());
                    if negative || conditional {
                        self.choose(ChoiceKind::Resume(other), self.position);
                    }
                    let (position, trail) = (narrow(self.position), narrow(self.trail.len()));
                    self.enter(FrameKind::Look { negative, atomic, conditional, position, choices, trail, end });
                    Some(next)
                }
                Op::LookEnd => self.look_end(next),
                Op::Behind { min, max } => self.behind(min, max, next),
                Op::AtOrigin => match self.current() {
                    Some(Frame { kind: FrameKind::Look { position, .. }, .. }) => (self.position == position as usize).then_some(next),
                    _ => Some(next),
                },
                Op::IfGroup { groups, other } => {
                    let set = program.lists[groups as usize].iter().any(|group| self.slots[*group as usize * 2 + 1] != UNSET);
                    Some(if set { next } else { other })
                }
                Op::IfRecursion { groups, other } => Some(if self.in_recursion(groups) { next } else { other }),
                Op::Verb(Verb::Accept) => match self.accept() {
                    Some(target) => Some(target),
                    None => return Ok(Outcome::Matched),
                },
                Op::Verb(Verb::Fail) => None,
                Op::Verb(Verb::Mark) => Some(next),
                Op::Verb(verb @ (Verb::Commit | Verb::Prune | Verb::Skip | Verb::Then)) => {
                    self.choose(ChoiceKind::Verb(verb), self.position);
                    Some(next)
                }
            };
            pc = match went {
                Some(next) => next,
                None => match self.backtrack()? {
                    Ok(next) => next,
                    Err(outcome) => return Ok(outcome),
                },
            };
        }
    }

    fn close(&mut self, group: u32) {
        let group = group as usize;
        self.set_slot(group * 2, self.slots[self.groups * 2 + group]);
        self.set_slot(group * 2 + 1, narrow(self.position));
    }

    /// Ends a call: captures are what they were before it, but the start of the match stays.
    fn return_from(&mut self, saved: u32, around: u32) {
        for slot in 2..self.slots.len() {
            let value = self.saved[saved as usize + slot];
            if self.slots[slot] != value {
                self.set_slot(slot, value);
            }
        }
        self.frame = around;
    }

    fn recurse(&mut self, group: u32, back: Pc) -> Result<Pc, StepLimit> {
        let position = narrow(self.position);
        // PCRE2 gives up where a call calls itself without having consumed anything.
        let mut at = self.frame;
        while let Some(frame) = self.frames.get(at as usize) {
            if let FrameKind::Recurse { group: outer, position: start, .. } = frame.kind
                && outer == group
                && start == position
            {
                return Err(StepLimit);
            }
            at = frame.next;
            self.steps = self.steps.checked_sub(1).ok_or(StepLimit)?;
        }
        self.step(self.slots.len())?;
        let saved = narrow(self.saved.len());
        self.saved.extend_from_slice(&self.slots);
        let choices = narrow(self.choices.len());
        self.enter(FrameKind::Recurse { group, back, position, saved, choices });
        self.program.entries.get(&group).copied().ok_or(StepLimit)
    }

    fn in_recursion(&self, groups: u32) -> bool {
        let groups = &self.program.lists[groups as usize];
        let mut at = self.frame;
        while let Some(frame) = self.frames.get(at as usize) {
            if let FrameKind::Recurse { group, .. } = frame.kind {
                return groups.is_empty() || groups.contains(&group);
            }
            at = frame.next;
        }
        false
    }

    /// Starts a repetition, or leaves the loop, or both.
    fn iterate(&mut self, id: u32, count: u32, may_leave: bool, may_go_on: bool) -> Pc {
        let repeat = &self.program.loops[id as usize];
        let (body, exit) = (repeat.body, repeat.exit);
        let go = FrameKind::Loop { count, start: narrow(self.position) };
        if !may_go_on {
            return exit;
        }
        if may_leave && repeat.lazy {
            // The body needs its frame when it is resumed, the exit must not have it.
            let around = self.frame;
            self.enter(go);
            self.choose(ChoiceKind::Resume(body), self.position);
            self.frame = around;
            return exit;
        }
        if may_leave {
            self.choose(ChoiceKind::Resume(exit), self.position);
        }
        self.enter(go);
        body
    }

    fn loop_end(&mut self, id: u32) -> Option<Pc> {
        let Some(Frame { kind: FrameKind::Loop { count, start }, next }) = self.current() else { return None };
        let repeat = &self.program.loops[id as usize];
        let count = count.saturating_add(1);
        self.frame = next;
        let may_leave = count >= repeat.min;
        // An unlimited repetition ends with the first that matches nothing.
        let stuck = repeat.max.is_none() && may_leave && self.position == start as usize;
        let may_go_on = !stuck && repeat.max.is_none_or(|max| count < max);
        Some(self.iterate(id, count, may_leave, may_go_on))
    }

    fn look_end(&mut self, after: Pc) -> Option<Pc> {
        let Some(Frame { kind: FrameKind::Look { negative, atomic, conditional, position, choices, trail, .. }, next }) = self.current()
        else {
            return None;
        };
        if atomic || negative {
            self.choices.truncate(choices as usize);
        }
        self.frame = next;
        self.position = position as usize;
        if negative {
            if !conditional {
                return None;
            }
            self.undo(trail);
        }
        Some(after)
    }

    fn behind(&mut self, min: u32, max: u32, next: Pc) -> Option<Pc> {
        let available = narrow(self.position);
        if min > available {
            return None;
        }
        let max = max.min(available);
        self.position -= max as usize;
        if max > min {
            self.choose(ChoiceKind::Behind { pc: next, left: max - min }, self.position);
        }
        Some(next)
    }

    fn run_of(&mut self, set: u32, min: u32, max: u32, kind: RepeatKind, next: Pc) -> Result<Option<Pc>, StepLimit> {
        let members = &self.program.sets[set as usize];
        let rest = &self.subject[self.position..];
        let wanted = if kind == RepeatKind::Lazy { min } else { max } as usize;
        let count = rest.iter().take(wanted).take_while(|byte| members.contains(**byte)).count();
        self.step(count / 16)?;
        if count < min as usize {
            return Ok(None);
        }
        let low = narrow(self.position + min as usize);
        self.position += count;
        match kind {
            RepeatKind::Greedy if self.position > low as usize => {
                self.choose(ChoiceKind::Greedy { pc: next, low }, self.position);
            }
            RepeatKind::Lazy if max > min => {
                self.choose(ChoiceKind::Lazy { pc: next, set, left: max - min }, self.position);
            }
            RepeatKind::Greedy | RepeatKind::Lazy | RepeatKind::Possessive => {}
        }
        Ok(Some(next))
    }

    fn backref(&mut self, groups: u32, caseless: bool) -> Result<bool, StepLimit> {
        let set = self.program.lists[groups as usize].iter().find_map(|group| {
            let group = *group as usize * 2;
            (self.slots[group + 1] != UNSET).then(|| self.slots[group] as usize..self.slots[group + 1] as usize)
        });
        let Some(range) = set else { return Ok(false) };
        self.step(range.len() / 16)?;
        let wanted = &self.subject[range];
        let Some(found) = self.subject.get(self.position..self.position + wanted.len()) else { return Ok(false) };
        let same = if caseless { found.eq_ignore_ascii_case(wanted) } else { found == wanted };
        if same {
            self.position += wanted.len();
        }
        Ok(same)
    }

    fn holds(&self, assert: Assert) -> bool {
        let at = self.position;
        let end = self.subject.len();
        let newline = |at: usize| self.subject.get(at) == Some(&b'\n');
        let word = |at: usize| self.subject.get(at).is_some_and(|byte| escape::is_word(*byte));
        let boundary = || (at > 0 && word(at - 1)) != word(at);
        match assert {
            Assert::Start => at == 0,
            // Not behind a newline that ends the subject.
            Assert::LineStart => at == 0 || (at < end && newline(at - 1)),
            Assert::End => at == end,
            Assert::EndOrNewline => at == end || (at + 1 == end && newline(at)),
            Assert::LineEnd => at == end || newline(at),
            Assert::WordBoundary => boundary(),
            Assert::NotWordBoundary => !boundary(),
        }
    }

    /// `(*ACCEPT)`: leaves the innermost look-around or call, or, without one, ends the match.
    fn accept(&mut self) -> Option<Pc> {
        let mut at = self.frame;
        while let Some(frame) = self.frames.get(at as usize).copied() {
            match frame.kind {
                FrameKind::Look { end, .. } => {
                    self.frame = at;
                    return Some(end);
                }
                FrameKind::Recurse { back, saved, .. } => {
                    self.return_from(saved, frame.next);
                    return Some(back);
                }
                FrameKind::Loop { .. } | FrameKind::Atomic { .. } => at = frame.next,
            }
        }
        None
    }

    fn backtrack(&mut self) -> Result<Result<Pc, Outcome>, StepLimit> {
        loop {
            let Some(choice) = self.choices.last_mut() else { return Ok(Err(Outcome::Failed)) };
            let now = *choice;
            let mut position = now.position as usize;
            let target = match &mut choice.kind {
                ChoiceKind::Resume(pc) => {
                    let pc = *pc;
                    self.choices.pop();
                    Some(pc)
                }
                ChoiceKind::Greedy { pc, low } => {
                    let (pc, low) = (*pc, *low);
                    position -= 1;
                    if position > low as usize {
                        choice.position -= 1;
                    } else {
                        self.choices.pop();
                    }
                    Some(pc)
                }
                ChoiceKind::Lazy { pc, set, left } => {
                    let pc = *pc;
                    let fits = self.subject.get(position).is_some_and(|byte| self.program.sets[*set as usize].contains(*byte));
                    *left -= 1;
                    choice.position += 1;
                    if !fits || *left == 0 {
                        self.choices.pop();
                    }
                    position += 1;
                    fits.then_some(pc)
                }
                ChoiceKind::Behind { pc, left } => {
                    let pc = *pc;
                    *left -= 1;
                    position += 1;
                    choice.position += 1;
                    if *left == 0 {
                        self.choices.pop();
                    }
                    Some(pc)
                }
                ChoiceKind::Verb(verb) => {
                    let verb = *verb;
                    self.choices.pop();
                    match self.verb_reached(verb, now) {
                        Some(outcome) => return Ok(Err(outcome)),
                        None => None,
                    }
                }
            };
            self.step(1)?;
            let Some(pc) = target else { continue };
            self.position = position;
            self.frame = now.frame;
            self.frames.truncate(now.frames as usize);
            self.undo(now.trail);
            self.saved.truncate(now.saved as usize);
            return Ok(Ok(pc));
        }
    }

    /// A verb was reached by backtracking: it ends the innermost look-around or call, or the attempt.
    fn verb_reached(&mut self, verb: Verb, choice: Choice) -> Option<Outcome> {
        let mut at = choice.frame;
        while let Some(frame) = self.frames.get(at as usize).copied() {
            match frame.kind {
                FrameKind::Look { negative: true, conditional: false, choices, .. } => {
                    // The assertion holds; its choice on entry says where to go on.
                    self.choices.truncate(choices as usize + 1);
                    return None;
                }
                FrameKind::Recurse { choices, .. } => {
                    self.choices.truncate(choices as usize);
                    return None;
                }
                FrameKind::Look { .. } | FrameKind::Loop { .. } | FrameKind::Atomic { .. } => at = frame.next,
            }
        }
        Some(match verb {
            Verb::Commit => Outcome::Commit,
            Verb::Skip => Outcome::Skip(choice.position as usize),
            Verb::Prune | Verb::Then | Verb::Accept | Verb::Fail | Verb::Mark => Outcome::Failed,
        })
    }
}
