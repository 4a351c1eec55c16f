//! Tokens → events: the grammar of go-yaml v2 (parserc.go), a state machine with an explicit stack.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    ScalarStyle, Span, SyntaxError,
    scan::{Scanner, Token, TokenKind},
};

/// What happens next in a document.
#[derive(Debug)]
pub(super) enum EventKind<'t> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(&'t str),
    Scalar { text: Cow<'t, str>, style: ScalarStyle },
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

/// An event, its properties and its place.
#[derive(Debug)]
pub(super) struct Event<'t> {
    pub(super) kind: EventKind<'t>,
    pub(super) anchor: Option<&'t str>,
    pub(super) tag: Option<String>,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    FirstDocument,
    Document,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequence,
    IndentlessSequence,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequence,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// Where a node stands decides what it may be.
#[derive(Clone, Copy)]
struct Context {
    block: bool,
    indentless: bool,
}

const BLOCK: Context = Context { block: true, indentless: false };
const BLOCK_OR_INDENTLESS: Context = Context { block: true, indentless: true };
const FLOW: Context = Context { block: false, indentless: false };

/// The parser.
#[derive(Debug)]
pub(super) struct Parser<'t> {
    scanner: Scanner<'t>,
    state: State,
    states: Vec<State>,
    tags: BTreeMap<String, String>,
    /// Set where go-yaml refuses the version of the document, which is read all the same.
    pub(super) foreign_version: Option<Span>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { scanner: Scanner::new(text), state: State::FirstDocument, states: Vec::new(), tags: BTreeMap::new(), foreign_version: None }
    }

    pub(super) fn next(&mut self) -> Result<Event<'t>, SyntaxError> {
        match self.state {
            State::FirstDocument => self.document_start(true),
            State::Document => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(BLOCK),
            State::BlockSequenceFirst => self.opening(Self::block_sequence),
            State::BlockSequence => self.block_sequence(),
            State::IndentlessSequence => self.indentless_sequence(),
            State::BlockMappingFirst => self.opening(Self::block_mapping_key),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => self.opening(|parser| parser.flow_sequence(true)),
            State::FlowSequence => self.flow_sequence(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => self.flow_pair_end(),
            State::FlowMappingFirst => self.opening(|parser| parser.flow_mapping_key(true)),
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => self.flow_mapping_empty_value(),
            State::End => {
                let pos = self.scanner.position();
                Ok(event(EventKind::StreamEnd, pos, pos))
            }
        }
    }

    /// Skips the token that opens a collection.
    fn opening(&mut self, then: impl FnOnce(&mut Self) -> Result<Event<'t>, SyntaxError>) -> Result<Event<'t>, SyntaxError> {
        self.scanner.take()?;
        then(self)
    }

    fn pop(&mut self) {
        self.state = self.states.pop().expect("INVARIANT: a state was pushed for each open node");
    }

    fn skip(&mut self) -> Result<Token<'t>, SyntaxError> {
        self.scanner.take()
    }

    /// An empty plain scalar, which is null.
    fn empty(&mut self, then: State, pos: usize) -> Event<'t> {
        self.state = then;
        event(EventKind::Scalar { text: Cow::Borrowed(""), style: ScalarStyle::Plain }, pos, pos)
    }

    /// Reads a node and goes on in `then`.
    fn node_then(&mut self, context: Context, then: State) -> Result<Event<'t>, SyntaxError> {
        self.states.push(then);
        self.node(context)
    }

    fn document_start(&mut self, implicit: bool) -> Result<Event<'t>, SyntaxError> {
        if !implicit {
            while matches!(self.scanner.peek()?.kind, TokenKind::DocumentEnd) {
                self.skip()?;
            }
        }
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        match token.kind {
            TokenKind::StreamEnd => {
                self.state = State::End;
                return Ok(event(EventKind::StreamEnd, start, end));
            }
            TokenKind::VersionDirective { .. } | TokenKind::TagDirective { .. } | TokenKind::DocumentStart => {}
            _ if implicit => {
                self.set_tags(Vec::new())?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                return Ok(event(EventKind::DocumentStart, start, start));
            }
            _ => {}
        }
        self.directives()?;
        let token = self.skip_if_document_start()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(event(EventKind::DocumentStart, start, token))
    }

    fn skip_if_document_start(&mut self) -> Result<usize, SyntaxError> {
        let token = self.scanner.peek()?;
        if matches!(token.kind, TokenKind::DocumentStart) {
            return Ok(self.skip()?.end);
        }
        Err(unexpected(token, "did not find expected <document start>"))
    }

    fn directives(&mut self) -> Result<(), SyntaxError> {
        let mut tags = Vec::new();
        let mut versions = 0;
        loop {
            let token = self.scanner.peek()?;
            let span = Span::new(token.start, token.end);
            match &token.kind {
                TokenKind::VersionDirective { major, minor } => {
                    versions += 1;
                    if versions > 1 {
                        return Err(unexpected(token, "found duplicate %YAML directive"));
                    }
                    if (*major, *minor) != (1, 1) {
                        self.foreign_version = Some(span);
                    }
                }
                TokenKind::TagDirective { handle, prefix } => {
                    if tags.iter().any(|(known, _)| known == handle) {
                        return Err(unexpected(token, "found duplicate %TAG directive"));
                    }
                    tags.push((handle.clone(), prefix.clone()));
                }
                _ => return self.set_tags(tags),
            }
            self.skip()?;
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "reads like its neighbours")]
    fn set_tags(&mut self, tags: Vec<(String, String)>) -> Result<(), SyntaxError> {
        self.tags = tags.into_iter().collect();
        Ok(())
    }

    fn document_content(&mut self) -> Result<Event<'t>, SyntaxError> {
        let token = self.scanner.peek()?;
        if matches!(
            token.kind,
            TokenKind::VersionDirective { .. }
                | TokenKind::TagDirective { .. }
                | TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
        ) {
            let pos = token.start;
            self.pop();
            return Ok(self.empty(self.state, pos));
        }
        self.node(BLOCK)
    }

    fn document_end(&mut self) -> Result<Event<'t>, SyntaxError> {
        let token = self.scanner.peek()?;
        let (start, mut end) = (token.start, token.start);
        if matches!(token.kind, TokenKind::DocumentEnd) {
            end = self.skip()?.end;
        }
        self.tags.clear();
        self.state = State::Document;
        Ok(event(EventKind::DocumentEnd, start, end))
    }

    fn node(&mut self, context: Context) -> Result<Event<'t>, SyntaxError> {
        let start = self.scanner.peek()?.start;
        if let TokenKind::Alias(name) = self.scanner.peek()?.kind {
            let token = self.skip()?;
            self.pop();
            return Ok(event(EventKind::Alias(name), token.start, token.end));
        }
        let (anchor, tag) = self.properties()?;
        let token = self.scanner.peek()?;
        let (node_start, node_end) = (token.start, token.end);
        let kind = match token.kind {
            TokenKind::BlockEntry if context.indentless => {
                self.state = State::IndentlessSequence;
                EventKind::SequenceStart
            }
            TokenKind::Scalar { .. } => {
                self.pop();
                let TokenKind::Scalar { text, style } = self.skip()?.kind else { unreachable!("INVARIANT: peeked a scalar") };
                EventKind::Scalar { text, style }
            }
            TokenKind::FlowSequenceStart => {
                self.state = State::FlowSequenceFirst;
                EventKind::SequenceStart
            }
            TokenKind::FlowMappingStart => {
                self.state = State::FlowMappingFirst;
                EventKind::MappingStart
            }
            TokenKind::BlockSequenceStart if context.block => {
                self.state = State::BlockSequenceFirst;
                EventKind::SequenceStart
            }
            TokenKind::BlockMappingStart if context.block => {
                self.state = State::BlockMappingFirst;
                EventKind::MappingStart
            }
            _ if anchor.is_some() || tag.is_some() => {
                self.pop();
                let scalar = EventKind::Scalar { text: Cow::Borrowed(""), style: ScalarStyle::Plain };
                return Ok(Event { kind: scalar, anchor, tag, start, end: start });
            }
            _ => return Err(unexpected(token, "did not find expected node content")),
        };
        Ok(Event { kind, anchor, tag, start: node_start, end: node_end })
    }

    /// An anchor and a tag, in either order.
    fn properties(&mut self) -> Result<(Option<&'t str>, Option<String>), SyntaxError> {
        let mut anchor = None;
        let mut tag = None;
        loop {
            let token = self.scanner.peek()?;
            match &token.kind {
                TokenKind::Anchor(name) if anchor.is_none() => anchor = Some(*name),
                TokenKind::Tag { handle, suffix } if tag.is_none() => {
                    tag = Some(match handle.as_str() {
                        "" => suffix.clone(),
                        "!" => format!("{}{suffix}", self.tags.get("!").map_or("!", String::as_str)),
                        "!!" if !self.tags.contains_key("!!") => format!("{CORE}{suffix}"),
                        other => match self.tags.get(other) {
                            Some(prefix) => format!("{prefix}{suffix}"),
                            None => return Err(unexpected(token, "found undefined tag handle")),
                        },
                    });
                }
                _ => break,
            }
            self.skip()?;
        }
        let tag = tag.filter(|tag| !tag.is_empty()).map(|tag| match tag.strip_prefix(CORE) {
            Some(core) => format!("!!{core}"),
            None => tag,
        });
        Ok((anchor, tag))
    }

    fn end_collection(&mut self, kind: EventKind<'t>) -> Result<Event<'t>, SyntaxError> {
        self.pop();
        let token = self.skip()?;
        Ok(event(kind, token.start, token.end))
    }

    fn block_sequence(&mut self) -> Result<Event<'t>, SyntaxError> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::BlockEntry => {
                let pos = self.skip()?.end;
                match self.scanner.peek()?.kind {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => Ok(self.empty(State::BlockSequence, pos)),
                    _ => self.node_then(BLOCK, State::BlockSequence),
                }
            }
            TokenKind::BlockEnd => self.end_collection(EventKind::SequenceEnd),
            _ => Err(unexpected(token, "did not find expected '-' indicator")),
        }
    }

    fn indentless_sequence(&mut self) -> Result<Event<'t>, SyntaxError> {
        let token = self.scanner.peek()?;
        if !matches!(token.kind, TokenKind::BlockEntry) {
            let pos = token.start;
            self.pop();
            return Ok(event(EventKind::SequenceEnd, pos, pos));
        }
        let pos = self.skip()?.end;
        match self.scanner.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                Ok(self.empty(State::IndentlessSequence, pos))
            }
            _ => self.node_then(BLOCK, State::IndentlessSequence),
        }
    }

    fn block_mapping_key(&mut self) -> Result<Event<'t>, SyntaxError> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::Key => {
                let pos = self.skip()?.end;
                match self.scanner.peek()?.kind {
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(self.empty(State::BlockMappingValue, pos)),
                    _ => self.node_then(BLOCK_OR_INDENTLESS, State::BlockMappingValue),
                }
            }
            TokenKind::BlockEnd => self.end_collection(EventKind::MappingEnd),
            _ => Err(unexpected(token, "did not find expected key")),
        }
    }

    fn block_mapping_value(&mut self) -> Result<Event<'t>, SyntaxError> {
        let token = self.scanner.peek()?;
        if !matches!(token.kind, TokenKind::Value) {
            let pos = token.start;
            return Ok(self.empty(State::BlockMappingKey, pos));
        }
        let pos = self.skip()?.end;
        match self.scanner.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(self.empty(State::BlockMappingKey, pos)),
            _ => self.node_then(BLOCK_OR_INDENTLESS, State::BlockMappingKey),
        }
    }

    fn flow_sequence(&mut self, first: bool) -> Result<Event<'t>, SyntaxError> {
        if !first && !matches!(self.scanner.peek()?.kind, TokenKind::FlowSequenceEnd) {
            let token = self.scanner.peek()?;
            if !matches!(token.kind, TokenKind::FlowEntry) {
                return Err(unexpected(token, "did not find expected ',' or ']'"));
            }
            self.skip()?;
        }
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::FlowSequenceEnd => self.end_collection(EventKind::SequenceEnd),
            TokenKind::Key => {
                self.state = State::FlowPairKey;
                let token = self.skip()?;
                Ok(event(EventKind::MappingStart, token.start, token.end))
            }
            _ => self.node_then(FLOW, State::FlowSequence),
        }
    }

    fn flow_pair_key(&mut self) -> Result<Event<'t>, SyntaxError> {
        match self.scanner.peek()?.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // go-yaml takes the token away here, so that `[? : b]` has no value and `[? ]` does not end.
                let pos = self.skip()?.end;
                Ok(self.empty(State::FlowPairValue, pos))
            }
            _ => self.node_then(FLOW, State::FlowPairValue),
        }
    }

    fn flow_pair_value(&mut self) -> Result<Event<'t>, SyntaxError> {
        if matches!(self.scanner.peek()?.kind, TokenKind::Value) {
            self.skip()?;
            if !matches!(self.scanner.peek()?.kind, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                return self.node_then(FLOW, State::FlowPairEnd);
            }
        }
        let pos = self.scanner.peek()?.start;
        Ok(self.empty(State::FlowPairEnd, pos))
    }

    fn flow_pair_end(&mut self) -> Result<Event<'t>, SyntaxError> {
        self.state = State::FlowSequence;
        let pos = self.scanner.peek()?.start;
        Ok(event(EventKind::MappingEnd, pos, pos))
    }

    fn flow_mapping_key(&mut self, first: bool) -> Result<Event<'t>, SyntaxError> {
        if !first && !matches!(self.scanner.peek()?.kind, TokenKind::FlowMappingEnd) {
            let token = self.scanner.peek()?;
            if !matches!(token.kind, TokenKind::FlowEntry) {
                return Err(unexpected(token, "did not find expected ',' or '}'"));
            }
            self.skip()?;
        }
        match self.scanner.peek()?.kind {
            TokenKind::FlowMappingEnd => self.end_collection(EventKind::MappingEnd),
            TokenKind::Key => {
                self.skip()?;
                let token = self.scanner.peek()?;
                match token.kind {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                        let pos = token.start;
                        Ok(self.empty(State::FlowMappingValue, pos))
                    }
                    _ => self.node_then(FLOW, State::FlowMappingValue),
                }
            }
            _ => self.node_then(FLOW, State::FlowMappingEmptyValue),
        }
    }

    fn flow_mapping_value(&mut self) -> Result<Event<'t>, SyntaxError> {
        if matches!(self.scanner.peek()?.kind, TokenKind::Value) {
            self.skip()?;
            if !matches!(self.scanner.peek()?.kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                return self.node_then(FLOW, State::FlowMappingKey);
            }
        }
        self.flow_mapping_empty_value()
    }

    fn flow_mapping_empty_value(&mut self) -> Result<Event<'t>, SyntaxError> {
        let pos = self.scanner.peek()?.start;
        Ok(self.empty(State::FlowMappingKey, pos))
    }
}

const CORE: &str = "tag:yaml.org,2002:";

fn event(kind: EventKind<'_>, start: usize, end: usize) -> Event<'_> {
    Event { kind, anchor: None, tag: None, start, end }
}

fn unexpected(token: &Token<'_>, message: &'static str) -> SyntaxError {
    SyntaxError { message: message.into(), span: Span::new(token.start, token.end) }
}
