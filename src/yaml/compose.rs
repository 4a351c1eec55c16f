//! Events → nodes: aliases and merge keys expanded, keys as Kubernetes spells them, and what go-yaml or the step to JSON would refuse.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Document, Node, Problem, ProblemKind, Resolved, Scalar, ScalarStyle, Span, SyntaxError, Value,
    event::{Event, EventKind, Parser},
};

/// The documents of one piece of a text, which has more than one where a `...` ends one.
pub(super) fn piece(text: &str, start: usize, end: usize) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut first = true;
    let piece = &text[start..end];
    let mut composer =
        Composer { parser: Parser::new(piece), base: start, problems: Vec::new(), unwritable: false, decoded: 0, from_aliases: 0 };
    if let Some(at) = control_character(piece) {
        composer.refuse(Span::new(at, at + 1), "control characters are not allowed");
    }
    loop {
        match composer.document() {
            Ok(Some((offset, root))) => {
                let offset = if first { start } else { start + offset };
                let mut problems = std::mem::take(&mut composer.problems);
                let root = root.filter(|root| !is_null(root));
                if !first {
                    problems.retain(|problem| !matches!(problem.kind, ProblemKind::Refused(_)));
                }
                if !first && root.is_some() {
                    problems.push(Problem { span: Span::new(offset, offset), kind: ProblemKind::Dropped { error: None } });
                }
                if root.is_some() || !problems.is_empty() {
                    documents.push(Document { offset, root, problems });
                }
                first = false;
            }
            Ok(None) => {
                if !composer.problems.is_empty() {
                    documents.push(Document { offset: start, root: None, problems: composer.problems });
                }
                return documents;
            }
            Err(error) => {
                let span = within(piece, error.span).shifted(start);
                let lost = !piece.lines().all(|line| line.trim().is_empty() || line.starts_with(['%', '#']));
                let message = error.message.into_owned();
                let kind = match first {
                    true if lost => ProblemKind::Broken(message),
                    true => ProblemKind::Refused(message),
                    false => ProblemKind::Dropped { error: Some(message) },
                };
                let mut problems = std::mem::take(&mut composer.problems);
                problems.push(Problem { span, kind });
                documents.push(Document { offset: start, root: None, problems });
                return documents;
            }
        }
    }
}

/// What is missing at the end of a piece is missed at its last character, not on the line of the separator.
fn within(piece: &str, span: Span) -> Span {
    match piece.trim_end().char_indices().next_back() {
        Some((last, c)) if span.start as usize >= last + c.len_utf8() => Span::new(last, last + c.len_utf8()),
        _ => span,
    }
}

/// The problems of a document that was read as JSON: equal keys only, everything else is no JSON.
pub(super) fn check_json(root: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => open.extend(items),
            Value::Mapping(entries) => {
                duplicate_keys(entries, &mut problems);
                open.extend(entries.iter().map(|(_, value)| value));
            }
        }
    }
    problems.sort_by_key(|problem| problem.span);
    problems
}

/// Bytes with which a character begins that go-yaml may refuse.
static SUSPICIOUS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = !matches!(byte, 0x09 | 0x0A | 0x0D);
        byte += 1;
    }
    table[0x7F] = true;
    table[0xC2] = true;
    table[0xEF] = true;
    table
};

/// The first character that go-yaml refuses wherever it stands (readerc.go).
fn control_character(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let next = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| SUSPICIOUS[usize::from(*byte)]) {
        let at = from + found;
        let refused = match bytes[at] {
            0xC2 => matches!(next(at + 1), 0x80..=0x84 | 0x86..=0x9F),
            0xEF => next(at + 1) == 0xBF && matches!(next(at + 2), 0xBE | 0xBF),
            _ => true,
        };
        if refused {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn is_null(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if scalar.resolve() == Ok(Resolved::Null))
}

struct Composer<'t> {
    parser: Parser<'t>,
    base: usize,
    problems: Vec<Problem>,
    /// Whether there is a number or a key that JSON does not have.
    unwritable: bool,
    /// Nodes that go-yaml would decode, and how many of them come out of aliases.
    decoded: usize,
    from_aliases: usize,
}

/// An anchored node and what decoding it costs; `None` while it is open.
struct Anchor {
    id: usize,
    node: Option<(Node, usize)>,
}

struct Frame<'t> {
    children: Children,
    start: usize,
    end: usize,
    flow_end: bool,
    anchor: Option<(&'t str, usize)>,
    cost: usize,
}

enum Children {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<(Node, Node)>, key: Option<Node>, merged: Vec<(usize, usize)> },
}

impl<'t> Composer<'t> {
    /// The next document: where it starts, and its root.
    fn document(&mut self) -> Result<Option<(usize, Option<Node>)>, SyntaxError> {
        let start = self.parser.next()?;
        if matches!(start.kind, EventKind::StreamEnd) {
            return Ok(None);
        }
        if let Some(span) = self.parser.foreign_version.take() {
            self.refuse(span, "found incompatible YAML document");
        }
        self.decoded = 1;
        self.from_aliases = 0;
        self.unwritable = false;
        let root = self.root()?;
        if self.unwritable {
            unwritable(&root, &mut self.problems);
        }
        // The end of the document.
        self.parser.next()?;
        Ok(Some((start.start, Some(root))))
    }

    fn refuse(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem { span: span.shifted(self.base), kind: ProblemKind::Refused(message.into()) });
    }

    fn root(&mut self) -> Result<Node, SyntaxError> {
        let mut anchors: BTreeMap<&'t str, Anchor> = BTreeMap::new();
        let mut next_anchor = 0;
        let mut stack: Vec<Frame<'t>> = Vec::new();
        loop {
            let event = self.parser.next()?;
            let anchor = event.anchor.map(|name| {
                next_anchor += 1;
                anchors.insert(name, Anchor { id: next_anchor, node: None });
                (name, next_anchor)
            });
            let (mut node, cost, end) = match event.kind {
                EventKind::SequenceStart | EventKind::MappingStart => {
                    let children = if matches!(event.kind, EventKind::SequenceStart) {
                        Children::Sequence(Vec::new())
                    } else {
                        Children::Mapping { entries: Vec::new(), key: None, merged: Vec::new() }
                    };
                    self.decoded += 1;
                    stack.push(Frame { children, start: event.start, end: event.end, flow_end: event.end > event.start, anchor, cost: 1 });
                    continue;
                }
                EventKind::SequenceEnd | EventKind::MappingEnd => {
                    let frame = stack.pop().expect("INVARIANT: the parser closes what it opened");
                    self.close(frame, event.end, &mut anchors)
                }
                EventKind::Scalar { .. } => {
                    self.decoded += 1;
                    let end = event.end;
                    let is_key = stack.last().is_some_and(|frame| matches!(frame.children, Children::Mapping { key: None, .. }));
                    let node = self.scalar(event, is_key);
                    if let Some((name, id)) = anchor {
                        anchors.insert(name, Anchor { id, node: Some((node.clone(), 1)) });
                    }
                    (node, 1, end)
                }
                EventKind::Alias(name) => self.alias(name, Span::new(event.start, event.end), &anchors)?,
                EventKind::StreamEnd | EventKind::DocumentStart | EventKind::DocumentEnd => {
                    unreachable!("INVARIANT: a document has one root")
                }
            };
            let Some(frame) = stack.last_mut() else { return Ok(node) };
            frame.cost += cost;
            frame.end = frame.end.max(end);
            match &mut frame.children {
                Children::Sequence(items) => items.push(node),
                Children::Mapping { entries, key, merged } => match key.take() {
                    None => {
                        self.key(&mut node);
                        *key = Some(node);
                    }
                    Some(key) => self.entry(key, node, entries, merged),
                },
            }
        }
    }

    fn close(&mut self, frame: Frame<'t>, event_end: usize, anchors: &mut BTreeMap<&'t str, Anchor>) -> (Node, usize, usize) {
        let end = if frame.flow_end { event_end } else { frame.end };
        let value = match frame.children {
            Children::Sequence(items) => Value::Sequence(items),
            Children::Mapping { entries, merged, .. } => {
                if merged.is_empty() {
                    duplicate_keys(&entries, &mut self.problems);
                }
                Value::Mapping(entries)
            }
        };
        let node = Node { value, span: Span::new(frame.start, end).shifted(self.base) };
        if let Some((name, id)) = frame.anchor
            && let Some(anchor) = anchors.get_mut(name)
            && anchor.id == id
        {
            anchor.node = Some((node.clone(), frame.cost));
        }
        (node, frame.cost, end)
    }

    fn scalar(&mut self, event: Event<'t>, is_key: bool) -> Node {
        let EventKind::Scalar { text, style } = event.kind else { unreachable!("INVARIANT: called for scalars") };
        let span = Span::new(event.start, event.end);
        let scalar = Scalar { text: text.into_owned(), style, tag: event.tag };
        if scalar.tag.is_some() || (style == ScalarStyle::Plain && scalar.text.starts_with(['.', '+', '-'])) {
            match scalar.resolve() {
                Ok(Resolved::Float(value)) => self.unwritable |= !value.is_finite() && !is_key,
                Err(mismatch) => self.refuse(span, mismatch.0),
                Ok(_) => {}
            }
        }
        Node { value: Value::Scalar(scalar), span: span.shifted(self.base) }
    }

    /// A copy of the anchored node, as long as that stays within the budget of go-yaml.
    fn alias(&mut self, name: &str, span: Span, anchors: &BTreeMap<&'t str, Anchor>) -> Result<(Node, usize, usize), SyntaxError> {
        let Some(anchor) = anchors.get(name) else {
            self.refuse(span, format!("unknown anchor '{name}' referenced"));
            let scalar = Scalar { text: String::new(), style: ScalarStyle::Plain, tag: None };
            return Ok((Node { value: Value::Scalar(scalar), span: span.shifted(self.base) }, 1, span.end as usize));
        };
        let Some((node, cost)) = &anchor.node else {
            return Err(SyntaxError { message: format!("anchor '{name}' value contains itself").into(), span });
        };
        self.decoded += 1 + cost;
        self.from_aliases += cost;
        if self.from_aliases > 100 && self.decoded > 1000 && exceeds_ratio(self.from_aliases, self.decoded) {
            return Err(SyntaxError { message: "document contains excessive aliasing".into(), span });
        }
        Ok((node.clone(), 1 + cost, span.end as usize))
    }

    /// Spells a key as the JSON object has it.
    fn key(&mut self, node: &mut Node) {
        let Value::Scalar(scalar) = &mut node.value else {
            self.problems.push(Problem { span: node.span, kind: ProblemKind::Refused("invalid map key".to_owned()) });
            return;
        };
        if scalar.style != ScalarStyle::Plain && scalar.tag.is_none() {
            return;
        }
        match scalar.as_key() {
            Some(_) if matches!(scalar.resolve(), Ok(Resolved::Unsigned(_))) => self.unwritable = true,
            Some(key) if key == scalar.text => {}
            Some(key) => scalar.text = key.into_owned(),
            None => self.unwritable = true,
        }
    }

    fn entry(&mut self, key: Node, value: Node, entries: &mut Vec<(Node, Node)>, merged: &mut Vec<(usize, usize)>) {
        let is_merge = matches!(&key.value, Value::Scalar(scalar)
        if scalar.text == "<<" && match scalar.tag.as_deref() {
            None => scalar.style == ScalarStyle::Plain,
            Some(tag) => tag == "!" || tag == "!!merge",
        });
        if !is_merge {
            entries.push((key, value));
            return;
        }
        let from = entries.len();
        match value.value {
            Value::Mapping(more) => entries.extend(more),
            // go-yaml goes backwards, so that earlier mappings win.
            Value::Sequence(items) if items.iter().all(|item| matches!(item.value, Value::Mapping(_))) => {
                for item in items.into_iter().rev() {
                    let Value::Mapping(more) = item.value else { continue };
                    entries.extend(more);
                }
            }
            Value::Sequence(_) | Value::Scalar(_) => {
                let message = "map merge requires map or sequence of maps as the value".to_owned();
                self.problems.push(Problem { span: value.span, kind: ProblemKind::Refused(message) });
            }
        }
        merged.push((from, entries.len()));
    }
}

/// go-yaml lets 99 % of a small document come from aliases, and 10 % of a very large one (decode.go).
fn exceeds_ratio(from_aliases: usize, decoded: usize) -> bool {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    #[expect(clippy::cast_precision_loss, reason = "counts of nodes stay far below 2^52")]
    let (from_aliases, decoded) = (from_aliases as f64, decoded as f64);
    let allowed = if decoded <= LOW {
        0.99
    } else if decoded >= HIGH {
        0.10
    } else {
        0.99 - 0.89 * ((decoded - LOW) / (HIGH - LOW))
    };
    from_aliases / decoded > allowed
}

/// Reports numbers and keys that JSON does not have. A value whose key occurs again is never written, so it may hold anything.
fn unwritable(root: &Node, problems: &mut Vec<Problem>) {
    let mut report = |node: &Node, message: String| problems.push(Problem { span: node.span, kind: ProblemKind::Refused(message) });
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Scalar(scalar) => {
                let word = match scalar.resolve() {
                    Ok(Resolved::Float(value)) if value.is_nan() => "NaN",
                    Ok(Resolved::Float(f64::INFINITY)) => "+Inf",
                    Ok(Resolved::Float(f64::NEG_INFINITY)) => "-Inf",
                    _ => continue,
                };
                report(node, format!("json: unsupported value: {word}"));
            }
            Value::Sequence(items) => open.extend(items),
            Value::Mapping(entries) => {
                let mut later = BTreeSet::new();
                for (key, value) in entries.iter().rev() {
                    if key.as_text().is_some_and(|text| !later.insert((key.is_null(), text))) {
                        continue;
                    }
                    match key.as_scalar().map(Scalar::resolve) {
                        Some(Ok(Resolved::Null)) => report(key, "unsupported map key: null".to_owned()),
                        Some(Ok(Resolved::Unsigned(_))) => report(key, "unsupported map key of type: uint64".to_owned()),
                        _ => {}
                    }
                    open.push(value);
                }
            }
        }
    }
    problems.sort_by_key(|problem| problem.span);
}

/// Reports every key that was there before. Small mappings are compared pairwise, large ones through a set.
fn duplicate_keys(entries: &[(Node, Node)], problems: &mut Vec<Problem>) {
    let mut report = |key: &Node, text: &str| {
        problems.push(Problem { span: key.span, kind: ProblemKind::DuplicateKey(text.to_owned()) });
    };
    if entries.len() <= 12 {
        for (index, (key, _)) in entries.iter().enumerate() {
            if let Some(text) = key.as_text()
                && entries[..index].iter().any(|(before, _)| before.as_text() == Some(text))
            {
                report(key, text);
            }
        }
        return;
    }
    let mut seen = BTreeSet::new();
    for (key, _) in entries {
        if let Some(text) = key.as_text()
            && !seen.insert(text)
        {
            report(key, text);
        }
    }
}
