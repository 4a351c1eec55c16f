//! What PCRE2 checks once all groups are known: lengths of look-behinds, references, numbers of branches.

use super::{
    ast::{Condition, GroupKind, GroupRef, Look, Node, RepeatKind, Verb},
    error::Error,
    parse::{Later, MAX_GROUP, Name, Parsed},
};
use std::collections::BTreeMap;

/// The longest branch of a look-behind.
const MAX_BEHIND: u32 = 65_535;
/// The longest branch of a look-behind whose length varies.
const MAX_VARIABLE_BEHIND: u32 = 255;
/// How many branches PCRE2 measures before it gives up.
const MAX_MEASURED: u32 = 2000;
/// How deep calls may nest in a look-behind; PCRE2 ends at [`MAX_MEASURED`].
const MAX_CALLS: usize = 200;

/// The checks to make.
pub(super) struct Checks<'a> {
    pub(super) later: &'a [Later],
    pub(super) branch_errors: &'a [Error],
    pub(super) small_refs: &'a [Option<usize>; 10],
    pub(super) duplicate_numbers: bool,
    pub(super) pattern_length: usize,
}

impl Checks<'_> {
    /// Makes them and fills in the widths of look-behinds.
    pub(super) fn run(&self, parsed: &mut Parsed, has_lookbehind: bool) -> Result<(), Error> {
        if has_lookbehind {
            let widths = self.lookbehinds(parsed)?;
            fill(&mut parsed.node, &widths);
        }
        for later in self.later {
            self.later(later, parsed)?;
        }
        self.branch_errors.first().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn later(&self, later: &Later, parsed: &Parsed) -> Result<(), Error> {
        let known = |name: &str| parsed.names.iter().any(|known| known.text == name);
        match later {
            Later::Number { number, offset } | Later::Asked { number, offset } if *number > parsed.groups => Err(Error::new(15, *offset)),
            Later::SmallBackref(number) if *number > parsed.groups => Err(Error::new(15, self.small_refs[*number as usize].unwrap_or(0))),
            Later::Name { name, offset } if !known(name) => Err(Error::new(15, *offset)),
            Later::RecursionOrGroup { name, offset } if !known(name) => {
                let mut number = 0;
                for (at, digit) in name.bytes().enumerate().skip(1) {
                    number = number * 10 + u32::from(digit - b'0');
                    if number > MAX_GROUP {
                        return Err(Error::new(61, offset + at));
                    }
                }
                if number > parsed.groups { Err(Error::new(15, *offset)) } else { Ok(()) }
            }
            Later::ResetStartInLook => Err(Error::new(99, self.pattern_length)),
            Later::Number { .. } | Later::Asked { .. } | Later::SmallBackref(_) | Later::Name { .. } | Later::RecursionOrGroup { .. } => {
                Ok(())
            }
        }
    }

    /// The widths of the branches of all look-behinds.
    fn lookbehinds(&self, parsed: &Parsed) -> Result<Widths, Error> {
        let mut groups = BTreeMap::new();
        collect(&parsed.node, &mut groups);
        let mut measure = Measure {
            checks: self,
            names: &parsed.names,
            count: parsed.groups,
            groups,
            cache: BTreeMap::new(),
            open: Vec::new(),
            calls: Vec::new(),
            measured: 0,
            widths: BTreeMap::new(),
        };
        measure.visit(&parsed.node)?;
        Ok(measure.widths)
    }
}

type Width = (u32, u32);
type Widths = BTreeMap<usize, Vec<Width>>;

/// Why a length cannot be had.
enum Stop {
    /// It is not limited; the number is that of PCRE2.
    Code(u16),
    /// An error with its place.
    Error(Error),
}

struct Measure<'a> {
    checks: &'a Checks<'a>,
    names: &'a [Name],
    count: u32,
    groups: BTreeMap<u32, &'a Node>,
    cache: BTreeMap<u32, Option<Width>>,
    /// Capturing groups around the current place, as far as this look-behind has entered them.
    open: Vec<u32>,
    /// Groups being measured because they are called.
    calls: Vec<u32>,
    measured: u32,
    widths: Widths,
}

impl<'a> Measure<'a> {
    /// Finds look-behinds and measures them.
    fn visit(&mut self, node: &'a Node) -> Result<(), Error> {
        match node {
            Node::Look(look) if look.behind => self.lookbehind(look),
            Node::Look(look) => look.branches.iter().try_for_each(|branch| self.visit(branch)),
            Node::Group { kind, body } => {
                let number = capture(*kind);
                self.open.extend(number);
                self.visit(body)?;
                self.open.truncate(self.open.len() - usize::from(number.is_some()));
                Ok(())
            }
            Node::Repeat { body, .. } => self.visit(body),
            Node::Concat(items) | Node::Alternate(items) => items.iter().try_for_each(|item| self.visit(item)),
            Node::Cond { condition, yes, no } => {
                if let Condition::Look(look) = &**condition {
                    self.visit(look)?;
                }
                self.visit(yes)?;
                self.visit(no)
            }
            Node::Empty
            | Node::Byte { .. }
            | Node::Set(_)
            | Node::Grapheme
            | Node::Assert(_)
            | Node::ResetStart
            | Node::Backref { .. }
            | Node::Recurse(_)
            | Node::Verb(_)
            | Node::Unsupported => Ok(()),
        }
    }

    fn lookbehind(&mut self, look: &'a Look) -> Result<(), Error> {
        let mut widths = Vec::new();
        for branch in &look.branches {
            match self.branch(branch) {
                Ok(width) => widths.push(width),
                Err(Stop::Code(code)) => return Err(Error::new(code, look.offset)),
                Err(Stop::Error(error)) => return Err(error),
            }
        }
        let variable = widths.iter().any(|(min, max)| min != max);
        if variable && widths.iter().any(|(_, max)| *max > MAX_VARIABLE_BEHIND) {
            return Err(Error::new(100, look.offset));
        }
        self.widths.insert(look.id, widths);
        Ok(())
    }

    fn branch(&mut self, node: &'a Node) -> Result<Width, Stop> {
        self.measured += 1;
        if self.measured > MAX_MEASURED || self.calls.len() > MAX_CALLS {
            return Err(Stop::Code(35));
        }
        let items = match node {
            Node::Concat(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut total = (0, 0);
        for item in items {
            if matches!(item, Node::Verb(Verb::Accept | Verb::Fail)) {
                break;
            }
            let width = self.item(item)?;
            total = (total.0 + width.0, total.1 + width.1);
            if total.1 > MAX_BEHIND {
                return Err(Stop::Code(87));
            }
        }
        Ok(total)
    }

    fn group(&mut self, body: &'a Node, number: Option<u32>) -> Result<Width, Stop> {
        let number = number.filter(|_| !self.checks.duplicate_numbers);
        if let Some(known) = number.and_then(|number| self.cache.get(&number)) {
            return known.ok_or(Stop::Code(25));
        }
        let branches = match body {
            Node::Alternate(branches) => branches.as_slice(),
            _ => std::slice::from_ref(body),
        };
        let mut total: Option<Width> = None;
        for branch in branches {
            match self.branch(branch) {
                Ok((min, max)) => total = Some(total.map_or((min, max), |(low, high)| (low.min(min), high.max(max)))),
                Err(stop) => {
                    if let (Some(number), Stop::Code(_)) = (number, &stop) {
                        self.cache.insert(number, None);
                    }
                    return Err(stop);
                }
            }
        }
        let total = total.unwrap_or_default();
        if let Some(number) = number {
            self.cache.insert(number, Some(total));
        }
        Ok(total)
    }

    fn item(&mut self, node: &'a Node) -> Result<Width, Stop> {
        match node {
            Node::Empty | Node::Assert(_) | Node::ResetStart | Node::Verb(_) => Ok((0, 0)),
            Node::Byte { .. } | Node::Set(_) => Ok((1, 1)),
            Node::Look(look) => {
                let visited =
                    if look.behind { self.lookbehind(look) } else { look.branches.iter().try_for_each(|branch| self.visit(branch)) };
                visited.map(|()| (0, 0)).map_err(Stop::Error)
            }
            Node::Group { kind, body } => {
                let number = capture(*kind);
                self.open.extend(number);
                let width = self.group(body, number);
                self.open.truncate(self.open.len() - usize::from(number.is_some()));
                width
            }
            Node::Concat(_) | Node::Alternate(_) => self.group(node, None),
            Node::Cond { condition: kind, yes, no } => match &**kind {
                Condition::Define => Ok((0, 0)),
                Condition::Look(look) => {
                    self.item(look)?;
                    self.cond(yes, no)
                }
                Condition::Group(_)
                | Condition::AnyRecursion
                | Condition::Recursion(_)
                | Condition::RecursionOrGroup(_)
                | Condition::Never
                | Condition::Always => self.cond(yes, no),
            },
            Node::Repeat { body, min, max, kind } => self.repeat(body, *min, *max, *kind),
            Node::Backref { group, .. } => self.reference(group, true),
            Node::Recurse(group) => self.reference(group, false),
            Node::Grapheme | Node::Unsupported => Err(Stop::Code(25)),
        }
    }

    fn cond(&mut self, yes: &'a Node, no: &'a Node) -> Result<Width, Stop> {
        let first = self.branch(yes)?;
        if *no == Node::Empty {
            return Ok(first);
        }
        let second = self.branch(no)?;
        Ok((first.0.min(second.0), first.1.max(second.1)))
    }

    fn repeat(&mut self, body: &'a Node, min: u32, max: Option<u32>, _kind: RepeatKind) -> Result<Width, Stop> {
        let (low, high) = self.item(body)?;
        if matches!(body, Node::Look(look) if !look.behind) {
            return Ok((0, 0));
        }
        let Some(max) = max else { return Err(Stop::Code(25)) };
        let high = u64::from(high) * u64::from(max);
        match u32::try_from(high) {
            Ok(high) if high <= MAX_BEHIND => Ok((low.saturating_mul(min), high)),
            _ => Err(Stop::Code(87)),
        }
    }

    fn reference(&mut self, group: &GroupRef, back: bool) -> Result<Width, Stop> {
        let number = match group {
            GroupRef::Number(number) => *number,
            GroupRef::Name(name) => {
                let Some(known) = self.names.iter().find(|known| known.text == *name) else {
                    return Err(self.missing(group, back));
                };
                if back && known.duplicate {
                    return Err(Stop::Code(25));
                }
                known.number
            }
        };
        if back && self.checks.duplicate_numbers {
            return Err(Stop::Code(25));
        }
        if number > self.count {
            return Err(self.missing(group, back));
        }
        if number == 0 || self.open.contains(&number) || self.calls.contains(&number) {
            return Err(Stop::Code(25));
        }
        let Some(Node::Group { body, .. }) = self.groups.get(&number).copied() else { return Err(Stop::Code(25)) };
        self.calls.push(number);
        // What encloses the called group is not around the place of the call.
        let open = std::mem::take(&mut self.open);
        let width = self.group(body, Some(number));
        self.open = open;
        self.calls.pop();
        width
    }

    /// The error about a reference to a group that does not exist, at the place of its first mention.
    fn missing(&self, group: &GroupRef, back: bool) -> Stop {
        if let (GroupRef::Number(number @ 1..=9), true) = (group, back) {
            return Stop::Error(Error::new(15, self.checks.small_refs[*number as usize].unwrap_or(0)));
        }
        let offset = self.checks.later.iter().find_map(|later| match (later, group) {
            (Later::Number { number, offset }, GroupRef::Number(wanted)) if number == wanted => Some(*offset),
            (Later::Name { name, offset }, GroupRef::Name(wanted)) if name == wanted => Some(*offset),
            _ => None,
        });
        Stop::Error(Error::new(15, offset.unwrap_or(0)))
    }
}

fn capture(kind: GroupKind) -> Option<u32> {
    match kind {
        GroupKind::Capture(number) => Some(number),
        GroupKind::Atomic => None,
    }
}

/// Finds the first group of each number.
fn collect<'a>(node: &'a Node, groups: &mut BTreeMap<u32, &'a Node>) {
    match node {
        Node::Group { kind, body } => {
            if let GroupKind::Capture(number) = kind {
                groups.entry(*number).or_insert(node);
            }
            collect(body, groups);
        }
        Node::Look(look) => look.branches.iter().for_each(|branch| collect(branch, groups)),
        Node::Concat(items) | Node::Alternate(items) => items.iter().for_each(|item| collect(item, groups)),
        Node::Repeat { body, .. } => collect(body, groups),
        Node::Cond { condition, yes, no } => {
            if let Condition::Look(look) = &**condition {
                collect(look, groups);
            }
            collect(yes, groups);
            collect(no, groups);
        }
        Node::Empty
        | Node::Byte { .. }
        | Node::Set(_)
        | Node::Grapheme
        | Node::Assert(_)
        | Node::ResetStart
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Verb(_)
        | Node::Unsupported => {}
    }
}

/// Writes the widths into the look-behinds.
fn fill(node: &mut Node, widths: &Widths) {
    match node {
        Node::Look(look) => {
            if look.behind {
                look.widths = widths.get(&look.id).cloned().unwrap_or_default();
            }
            for branch in &mut look.branches {
                fill(branch, widths);
            }
        }
        Node::Group { body, .. } | Node::Repeat { body, .. } => fill(body, widths),
        Node::Concat(items) | Node::Alternate(items) => items.iter_mut().for_each(|item| fill(item, widths)),
        Node::Cond { condition, yes, no } => {
            if let Condition::Look(look) = &mut **condition {
                fill(look, widths);
            }
            fill(yes, widths);
            fill(no, widths);
        }
        Node::Empty
        | Node::Byte { .. }
        | Node::Set(_)
        | Node::Grapheme
        | Node::Assert(_)
        | Node::ResetStart
        | Node::Backref { .. }
        | Node::Recurse(_)
        | Node::Verb(_)
        | Node::Unsupported => {}
    }
}
