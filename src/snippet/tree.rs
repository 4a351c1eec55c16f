//! A snippet as a tree of directives, kept flat so that no nesting can exhaust a stack.

use std::ops::Range;

use super::{
    Place, Stop, Word,
    catalogue::{self, Opens},
    token::{Terminator, Tokens},
};

/// How a directive ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// `;`
    Semicolon,
    /// A block; its directives follow.
    Block,
    /// A block with Lua code: the bytes between its braces.
    Lua(Range<usize>),
    /// Not at all: the `;` is missing and the text ends.
    Open,
}

/// A directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Name and arguments; never empty.
    pub words: Vec<Word>,
    /// Bytes of the snippet from the name to the `;`, the closing brace, or the end.
    pub span: Range<usize>,
    /// How it ends.
    pub end: End,
    /// Index of the directive whose block it stands in.
    pub parent: Option<usize>,
    /// Index behind the last directive of its block; its own index plus one where it has none.
    pub next: usize,
}

impl Directive {
    /// The name.
    pub fn name(&self) -> &str {
        &self.words[0].text
    }

    /// The words after the name.
    pub fn arguments(&self) -> &[Word] {
        &self.words[1..]
    }

    /// Bytes of the snippet from the name to the end of the last argument.
    pub fn head(&self) -> Range<usize> {
        self.words[0].span.start..self.words[self.words.len() - 1].span.end
    }
}

/// A snippet as read. A directive comes before those of its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The text, as it is in the annotation or the `ConfigMap`.
    pub text: String,
    /// Where it is written to.
    pub place: Place,
    /// Directives up to where nginx stops.
    pub directives: Vec<Directive>,
    /// What is wrong with the text, in the order in which nginx meets it.
    pub stops: Vec<Stop>,
}

impl Snippet {
    /// Indices of the directives that stand directly in a block, or in no block of the snippet.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let (first, end) = match parent {
            Some(index) => (index + 1, self.directives[index].next),
            None => (0, self.directives.len()),
        };
        let before_end = move |index: &usize| *index < end;
        std::iter::successors(Some(first).filter(before_end), move |&index| Some(self.directives[index].next).filter(before_end))
    }

    /// Line, counted from 1, of a byte.
    pub fn line(&self, at: usize) -> usize {
        1 + self.text.match_indices('\n').take_while(|&(end, _)| end < at).count()
    }
}

/// Reads a snippet. This never fails: what nginx would not read is in [`Snippet::stops`].
pub fn read(text: &str, place: Place) -> Snippet {
    let mut reading =
        Reading { snippet: Snippet { text: text.to_owned(), place, directives: Vec::new(), stops: Vec::new() }, open: Vec::new() };
    if place.context().is_none() {
        super::rules::read(&mut reading.snippet);
        return reading.snippet;
    }
    let mut tokens = Tokens::new(text);
    loop {
        match reading.step(&mut tokens) {
            Ok(true) => {}
            Ok(false) => break,
            Err(stop) => {
                reading.snippet.stops.push(stop);
                break;
            }
        }
    }
    reading.close_all();
    reading.snippet
}

struct Reading {
    snippet: Snippet,
    /// Blocks that are open.
    open: Vec<usize>,
}

impl Reading {
    /// Reads one statement; answers whether there may be another.
    fn step(&mut self, tokens: &mut Tokens) -> Result<bool, Stop> {
        let statement = tokens.next()?;
        match statement.terminator {
            Terminator::Semicolon => {
                self.push(statement.words, statement.span, End::Semicolon);
            }
            Terminator::Open => {
                let head = statement.span.clone();
                let is_lua = catalogue::find(&statement.words[0].text).any(|known| known.opens == Some(Opens::Lua));
                let index = self.push(statement.words, statement.span, End::Block);
                if is_lua {
                    let code = tokens.lua(&head)?;
                    self.snippet.directives[index].span.end = code.end + 1;
                    self.snippet.directives[index].end = End::Lua(code);
                } else {
                    self.open.push(index);
                }
            }
            Terminator::Close => match self.open.pop() {
                Some(index) => self.close(index, statement.span.end),
                None => return Err(Stop::closes_place(statement.span)),
            },
            Terminator::End => {
                if !statement.words.is_empty() {
                    let last = statement.words[statement.words.len() - 1].span.clone();
                    let span = statement.span.start..last.end;
                    self.push(statement.words, span.clone(), End::Open);
                    self.snippet.stops.push(match statement.unclosed {
                        Some(quote) => Stop::missing_quote(last, quote),
                        None => Stop::missing_semicolon(span),
                    });
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn push(&mut self, words: Vec<Word>, span: Range<usize>, end: End) -> usize {
        let index = self.snippet.directives.len();
        self.snippet.directives.push(Directive { words, span, end, parent: self.open.last().copied(), next: index + 1 });
        index
    }

    fn close(&mut self, index: usize, end: usize) {
        let next = self.snippet.directives.len();
        let directive = &mut self.snippet.directives[index];
        directive.span.end = end;
        directive.next = next;
    }

    /// Blocks that the text leaves open.
    fn close_all(&mut self) {
        let end = self.snippet.text.len();
        let stopped = self.snippet.stops.iter().any(|stop| stop.kind != super::StopKind::MissingSemicolon);
        if let (Some(&index), false) = (self.open.first(), stopped) {
            let head = self.snippet.directives[index].head();
            self.snippet.stops.push(Stop::missing_brace(head));
        }
        while let Some(index) = self.open.pop() {
            self.close(index, end);
        }
    }
}
