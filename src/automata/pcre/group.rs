//! What opens with a parenthesis: groups, look-arounds, conditions, calls, options.

use super::{
    ast::{Condition, GroupKind, GroupRef, Look, Node},
    error::Error,
    parse::{Before, Later, MAX_GROUP, Name, Options, Parser},
};

/// Names that PCRE2 accepts in one pattern.
const MAX_NAMES: usize = 10_000;
/// The version whose answers `(?(VERSION…)` gives.
const VERSION: (u32, u32) = (10, 46);

/// An open group.
pub(super) struct Frame {
    kind: FrameKind,
    branches: Vec<Node>,
    pub(super) items: Vec<Node>,
    saved: Options,
    /// For `(?|`: the number of groups before, and the highest so far.
    reset: Option<(u32, u32)>,
    /// Whether this is the assertion that decides a condition.
    is_condition: bool,
    /// Tells look-arounds apart.
    id: usize,
    /// Where an error of this group is reported.
    offset: usize,
    /// The place last noted in the current branch: PCRE2 reports too many branches of `(?(?=…)` there.
    noted: usize,
}

/// What the open group is.
pub(super) enum FrameKind {
    Plain,
    Group(GroupKind),
    Look {
        behind: bool,
        negative: bool,
        atomic: bool,
    },
    Cond(Option<Condition>),
    /// `(*scs:`, valid but not executed.
    Scan,
}

impl Frame {
    pub(super) fn new(kind: FrameKind, saved: Options) -> Self {
        Self { kind, branches: Vec::new(), items: Vec::new(), saved, reset: None, is_condition: false, id: 0, offset: 0, noted: 0 }
    }

    pub(super) fn is_look(&self) -> bool {
        matches!(self.kind, FrameKind::Look { .. } | FrameKind::Scan)
    }

    fn end_branch(&mut self) {
        self.noted = 0;
        let items = std::mem::take(&mut self.items);
        self.branches.push(Node::concat(items));
    }

    /// The outermost group as a node.
    pub(super) fn finish(mut self) -> Node {
        self.end_branch();
        Node::alternate(self.branches)
    }
}

impl Parser<'_> {
    fn open_frame(&mut self, kind: FrameKind) -> &mut Frame {
        self.frames.push(Frame::new(kind, self.options));
        self.frames.last_mut().expect("INVARIANT: just pushed")
    }

    fn open_look(&mut self, behind: bool, negative: bool, atomic: bool, offset: usize, before: &Before) {
        self.has_lookbehind |= behind;
        let id = self.at;
        let frame = self.open_frame(FrameKind::Look { behind, negative, atomic });
        frame.id = id;
        frame.offset = offset;
        frame.is_condition = before.expect_assertion > 0;
    }

    /// Notes the place of a reference.
    pub(super) fn note(&mut self, offset: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.noted = offset;
        }
    }

    /// `|`.
    pub(super) fn alternative(&mut self) {
        let groups = self.groups;
        let frame = self.frames.last_mut().expect("INVARIANT: the outermost frame stays");
        if let Some((base, highest)) = &mut frame.reset {
            *highest = groups.max(*highest);
            self.groups = *base;
        }
        frame.end_branch();
    }

    /// `)`.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        if self.frames.len() == 1 {
            return Self::error_at(22, self.at - 1);
        }
        let mut frame = self.frames.pop().expect("INVARIANT: a group is open");
        frame.end_branch();
        self.options = frame.saved;
        if let Some((_, highest)) = frame.reset {
            self.groups = self.groups.max(highest);
        }
        self.quantifiable = !frame.is_condition;
        let mut branches = frame.branches;
        let node = match frame.kind {
            FrameKind::Plain => Node::alternate(branches),
            FrameKind::Group(kind) => Node::Group { kind, body: Box::new(Node::alternate(branches)) },
            FrameKind::Look { behind, negative, atomic } => {
                Node::Look(Look { behind, negative, atomic, branches, widths: Vec::new(), id: frame.id, offset: frame.offset })
            }
            FrameKind::Scan => Node::Unsupported,
            FrameKind::Cond(condition) => {
                let define = matches!(condition, Some(Condition::Define));
                if branches.len() > if define { 1 } else { 2 } {
                    self.branch_errors.push(Error::new(if define { 54 } else { 27 }, frame.offset));
                }
                let no = Node::alternate(branches.split_off(1));
                Node::Cond {
                    condition: Box::new(condition.unwrap_or(Condition::Never)),
                    yes: Box::new(Node::alternate(branches)),
                    no: Box::new(no),
                }
            }
        };
        if frame.is_condition
            && let Some(Frame { kind: FrameKind::Cond(condition @ None), .. }) = self.frames.last_mut()
        {
            *condition = Some(Condition::Look(node));
        } else {
            self.push(node);
        }
        Ok(())
    }

    /// `(`; the reader stands behind it.
    pub(super) fn open(&mut self, before: &Before) -> Result<(), Error> {
        match self.peek(0) {
            None => self.error(14),
            Some(b'?') => {
                self.at += 1;
                self.open_special(before)
            }
            Some(b'*') => match self.peek(1) {
                // So that `(*` gives an error about the quantifier.
                None | Some(b')') => Ok(()),
                Some(b'a'..=b'z') => self.alpha_assertion(before),
                Some(_) => self.read_verb(),
            },
            Some(_) if self.options.no_auto_capture => {
                self.open_frame(FrameKind::Plain);
                Ok(())
            }
            Some(_) => self.open_capture(),
        }
    }

    fn open_capture(&mut self) -> Result<(), Error> {
        if self.groups >= MAX_GROUP {
            return self.error(97);
        }
        self.groups += 1;
        self.open_frame(FrameKind::Group(GroupKind::Capture(self.groups)));
        Ok(())
    }

    fn open_special(&mut self, before: &Before) -> Result<(), Error> {
        let Some(byte) = self.peek(0) else { return self.error(14) };
        match byte {
            b'-' if self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) => self.recurse_by_number(),
            b'P' => self.python(),
            b'R' => {
                self.at += 1;
                if self.peek(0) != Some(b')') {
                    return self.error(58);
                }
                self.recurse_number(0);
                Ok(())
            }
            b'+' if !self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) => self.error(29),
            b'+' | b'0'..=b'9' => self.recurse_by_number(),
            b'&' => self.recurse_by_name(),
            b'C' => self.callout(before),
            b'(' => self.condition(),
            b'>' => {
                self.at += 1;
                self.open_frame(FrameKind::Group(GroupKind::Atomic));
                Ok(())
            }
            b'=' | b'*' | b'!' => {
                self.at += 1;
                self.open_look(false, byte == b'!', byte != b'*', 0, before);
                Ok(())
            }
            b'<' => match self.peek(1) {
                Some(kind @ (b'=' | b'!' | b'*')) => {
                    let offset = self.at - 2;
                    self.at += 2;
                    self.open_look(true, kind == b'!', kind != b'*', offset, before);
                    Ok(())
                }
                _ => self.named_group(b'>'),
            },
            b'\'' => self.named_group(b'\''),
            b'[' => {
                self.at += 1;
                self.extended_class()
            }
            b'|' => {
                self.at += 1;
                self.duplicate_numbers = true;
                let groups = self.groups;
                self.open_frame(FrameKind::Plain).reset = Some((groups, groups));
                Ok(())
            }
            _ => self.inline_options(),
        }
    }

    fn inline_options(&mut self) -> Result<(), Error> {
        let old = self.options;
        let mut options = old;
        let mut hyphen_allowed = true;
        let mut on = true;
        // An option that is both set and unset ends unset.
        let mut unset = Options::default();
        // `x` without `xx` turns `xx` off.
        let (mut extended, mut extended_more) = (false, false);
        if self.peek(0) == Some(b'^') {
            options = Options { dupnames: old.dupnames, ungreedy: old.ungreedy, ..Options::default() };
            hyphen_allowed = false;
            self.at += 1;
        }
        while let Some(byte) = self.peek(0).filter(|byte| !matches!(byte, b')' | b':')) {
            self.at += 1;
            let target = if on { &mut options } else { &mut unset };
            match byte {
                b'-' if !hyphen_allowed => return Self::error_at(94, self.at - 1),
                b'-' => {
                    on = false;
                    hyphen_allowed = false;
                }
                // Only about Unicode properties.
                b'a' => {
                    if matches!(self.peek(0), Some(b'D' | b'P' | b'S' | b'T' | b'W')) {
                        self.at += 1;
                    }
                }
                b'r' => {}
                b'J' => target.dupnames = true,
                b'i' => target.caseless = true,
                b'm' => target.multiline = true,
                b'n' => target.no_auto_capture = true,
                b's' => target.dotall = true,
                b'U' => target.ungreedy = true,
                b'x' => {
                    target.extended = true;
                    if self.peek(0) == Some(b'x') {
                        self.at += 1;
                        target.extended_more = true;
                        extended_more |= on;
                    }
                    extended |= on;
                }
                _ => return Self::error_at(11, self.at - 1),
            }
        }
        if (extended && !extended_more) || unset.extended {
            options.extended_more = false;
        }
        let options = without(options, unset);
        let Some(end) = self.peek(0) else { return self.error(14) };
        self.at += 1;
        if end == b':' {
            self.open_frame(FrameKind::Plain);
        }
        self.options = options;
        Ok(())
    }

    fn python(&mut self) -> Result<(), Error> {
        self.at += 1;
        match self.peek(0) {
            None => self.error(14),
            Some(b'<') => self.named_group(b'>'),
            Some(b'>') => self.recurse_by_name(),
            Some(b'=') => {
                let (name, offset) = self.name(b')')?;
                self.later.push(Later::Name { name: name.clone(), offset });
                self.note(offset);
                self.push(Node::Backref { group: GroupRef::Name(name), caseless: self.options.caseless });
                self.quantifiable = true;
                Ok(())
            }
            Some(_) => self.error(41),
        }
    }

    fn recurse_by_name(&mut self) -> Result<(), Error> {
        let (name, offset) = self.name(b')')?;
        self.later.push(Later::Name { name: name.clone(), offset });
        self.note(offset);
        self.push(Node::Recurse(GroupRef::Name(name)));
        self.quantifiable = true;
        Ok(())
    }

    fn recurse_by_number(&mut self) -> Result<(), Error> {
        let number = self.number(true, 61)?.unwrap_or(0);
        if self.peek(0) != Some(b')') {
            return self.error(14);
        }
        self.recurse_number(number);
        Ok(())
    }

    fn named_group(&mut self, terminator: u8) -> Result<(), Error> {
        let (name, _) = self.name(terminator)?;
        self.open_capture()?;
        if self.names.len() >= MAX_NAMES {
            return self.error(49);
        }
        let mut duplicate = false;
        for known in &mut self.names {
            if known.text == name {
                if known.number == self.groups {
                    return Ok(());
                }
                if !self.options.dupnames {
                    return Self::error_at(43, self.at);
                }
                known.duplicate = true;
                duplicate = true;
            } else if known.number == self.groups {
                return Self::error_at(65, self.at);
            }
        }
        self.names.push(Name { text: name, number: self.groups, duplicate });
        Ok(())
    }

    fn callout(&mut self, before: &Before) -> Result<(), Error> {
        self.at += 1;
        let Some(byte) = self.peek(0) else { return self.error(14) };
        self.expect_assertion = before.expect_assertion - 1;
        if byte != b')' && !byte.is_ascii_digit() {
            let start = self.at;
            let end = match byte {
                b'`' | b'\'' | b'"' | b'^' | b'%' | b'#' | b'$' => byte,
                b'{' => b'}',
                _ => return self.error(82),
            };
            loop {
                self.at += 1;
                match self.peek(0) {
                    None => return Self::error_at(81, start),
                    Some(byte) if byte == end => {
                        self.at += 1;
                        if self.peek(0) != Some(end) {
                            break;
                        }
                    }
                    Some(_) => {}
                }
            }
        } else {
            let mut number = 0;
            while let Some(digit @ b'0'..=b'9') = self.peek(0) {
                number = number * 10 + u32::from(digit - b'0');
                self.at += 1;
                if number > 255 {
                    return self.error(38);
                }
            }
        }
        if self.peek(0) != Some(b')') {
            return self.error(39);
        }
        self.at += 1;
        Ok(())
    }

    /// `(?(`; the reader stands on the second parenthesis.
    fn condition(&mut self) -> Result<(), Error> {
        self.at += 1;
        let Some(byte) = self.peek(0) else { return self.error(14) };
        if matches!(byte, b'?' | b'*') {
            self.at -= 1;
            self.expect_assertion = 2;
            let noted = self.frames.last().map_or(0, |frame| frame.noted);
            self.open_frame(FrameKind::Cond(None)).offset = noted;
            return Ok(());
        }
        let (condition, offset) = if let Some(number) = self.number(true, 61)? {
            if number == 0 {
                return self.error(15);
            }
            let offset = self.at - 2;
            self.later.push(Later::Asked { number, offset });
            (Condition::Group(GroupRef::Number(number)), offset - 2)
        } else if self.rest().len() >= 10 && self.rest().starts_with(b"VERSION") && self.peek(7) != Some(b')') {
            (self.version()?, self.frames.last().map_or(0, |frame| frame.noted))
        } else {
            self.named_condition(byte)?
        };
        if self.peek(0) != Some(b')') {
            return self.error(24);
        }
        self.at += 1;
        self.note(offset);
        self.open_frame(FrameKind::Cond(Some(condition))).offset = offset;
        Ok(())
    }

    fn named_condition(&mut self, first: u8) -> Result<(Condition, usize), Error> {
        if first == b'R' && self.peek(1) == Some(b'&') {
            self.at += 1;
            let (name, offset) = self.name(b')')?;
            self.at -= 1;
            self.later.push(Later::Name { name: name.clone(), offset });
            return Ok((Condition::Recursion(GroupRef::Name(name)), offset));
        }
        let terminator = match first {
            b'<' => b'>',
            b'\'' => b'\'',
            _ => {
                self.at -= 1;
                b')'
            }
        };
        let (name, offset) = self.name(terminator)?;
        if terminator == b')' {
            self.at -= 1;
            if name == "DEFINE" {
                return Ok((Condition::Define, offset));
            }
            if name.starts_with('R') && name[1..].bytes().all(|byte| byte.is_ascii_digit()) {
                self.later.push(Later::RecursionOrGroup { name: name.clone(), offset });
                return Ok((Condition::RecursionOrGroup(name), offset));
            }
        }
        self.later.push(Later::Name { name: name.clone(), offset });
        Ok((Condition::Group(GroupRef::Name(name)), offset))
    }

    /// `VERSION>=10.4`; the reader stands on it.
    fn version(&mut self) -> Result<Condition, Error> {
        self.at += 7;
        let at_least = self.peek(0) == Some(b'>');
        self.at += usize::from(at_least);
        if self.peek(0) != Some(b'=') {
            return self.error(79);
        }
        self.at += 1;
        if !self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            return self.error(79);
        }
        let mut major = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek(0) {
            major = major * 10 + u32::from(digit - b'0');
            self.at += 1;
            if major > 1000 {
                while self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at += 1;
                }
                return self.error(79);
            }
        }
        let mut minor = 0;
        match self.peek(0) {
            None => return self.error(79),
            Some(b'.') => {
                self.at += 1;
                let Some(tens @ b'0'..=b'9') = self.peek(0) else { return self.error(79) };
                minor = u32::from(tens - b'0') * 10;
                self.at += 1;
                if let Some(ones @ b'0'..=b'9') = self.peek(0) {
                    minor += u32::from(ones - b'0');
                    self.at += 1;
                }
                if self.peek(0) != Some(b')') {
                    return self.error(79);
                }
            }
            Some(_) => {}
        }
        let holds = if at_least { VERSION >= (major, minor) } else { VERSION == (major, minor) };
        Ok(if holds { Condition::Always } else { Condition::Never })
    }

    /// `(*pla:` and the like; the reader stands on the asterisk.
    fn alpha_assertion(&mut self, before: &Before) -> Result<(), Error> {
        let name = self.word_after_asterisk()?;
        if self.peek(0) != Some(b':') {
            return self.error(95);
        }
        // Behind, negative, atomic.
        let look = match name {
            b"pla" | b"positive_lookahead" => Some((false, false, true)),
            b"plb" | b"positive_lookbehind" => Some((true, false, true)),
            b"nla" | b"negative_lookahead" => Some((false, true, true)),
            b"nlb" | b"negative_lookbehind" => Some((true, true, true)),
            b"napla" | b"non_atomic_positive_lookahead" => Some((false, false, false)),
            b"naplb" | b"non_atomic_positive_lookbehind" => Some((true, false, false)),
            b"scs" | b"scan_substring" | b"atomic" | b"sr" | b"asr" | b"script_run" | b"atomic_script_run" => None,
            _ => return self.error(95),
        };
        if before.expect_assertion > 0 && !look.is_some_and(|(_, _, atomic)| atomic) {
            return self.error(28);
        }
        if let Some((behind, negative, atomic)) = look {
            let offset = self.at.saturating_sub(3);
            self.at += 1;
            self.open_look(behind, negative, atomic, offset, before);
            return Ok(());
        }
        self.at += 1;
        match name {
            b"scs" | b"scan_substring" => return self.scan_substring(),
            // Without UTF every subject is a script run: Latin-1 has Latin and common characters only.
            b"sr" | b"script_run" => self.open_frame(FrameKind::Plain),
            _ => self.open_frame(FrameKind::Group(GroupKind::Atomic)),
        };
        Ok(())
    }

    fn scan_substring(&mut self) -> Result<(), Error> {
        match self.peek(0) {
            None => return self.error(14),
            Some(b'(') => self.at += 1,
            Some(_) => return self.error(15),
        }
        loop {
            let offset = self.at;
            match self.number(true, 61)? {
                Some(0) => return self.error(15),
                Some(number) => self.later.push(Later::Asked { number, offset }),
                None => {
                    let terminator = match self.peek(0) {
                        None => return self.error(14),
                        Some(b'<') => b'>',
                        Some(b'\'') => b'\'',
                        Some(_) => return self.error(15),
                    };
                    let (name, offset) = self.name(terminator)?;
                    self.later.push(Later::Name { name, offset });
                }
            }
            match self.peek(0) {
                None => return self.error(14),
                Some(b')') => break,
                Some(b',') => self.at += 1,
                Some(_) => return self.error(24),
            }
        }
        self.at += 1;
        self.unsupported("(*scan_substring:");
        self.open_frame(FrameKind::Scan);
        Ok(())
    }
}

fn without(options: Options, unset: Options) -> Options {
    let Options { caseless, multiline, dotall, extended, extended_more, dupnames, no_auto_capture, ungreedy } = unset;
    Options {
        caseless: options.caseless && !caseless,
        multiline: options.multiline && !multiline,
        dotall: options.dotall && !dotall,
        extended: options.extended && !extended,
        extended_more: options.extended_more && !extended_more,
        dupnames: options.dupnames && !dupnames,
        no_auto_capture: options.no_auto_capture && !no_auto_capture,
        ungreedy: options.ungreedy && !ungreedy,
    }
}
