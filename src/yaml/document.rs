//! Text → documents, split where kubectl splits, each with what kubectl would refuse in it.
//!
//! kubectl cuts a file at lines that start with `---` before any YAML is parsed, reads JSON documents in a row where a file starts with `{`,
//! and stops at the first thing that it cannot read. Here the rest is read all the same.

use std::{sync::mpsc, thread};

use super::{Node, Problem, ProblemKind, Span, compose, json};

/// Bytes from which on a text is read by two threads.
const LARGE: usize = 1 << 18;

/// Pieces that a thread reads at a time.
const BATCH: usize = 32;

/// Batches of a thread that may wait to be looked at; nodes are several times as large as their text.
const WAITING: usize = 4;

/// One document of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Byte offset at which it starts; parsing from here gives the same document.
    pub offset: usize,
    /// What it holds; `None` where it is empty or cannot be read.
    pub root: Option<Node>,
    /// What is wrong with it, in the order of the text.
    pub problems: Vec<Problem>,
}

impl Document {
    /// Whether something in it could not be read.
    pub fn is_broken(&self) -> bool {
        self.problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Broken(_)))
    }
}

/// The documents of a text, one at a time.
#[derive(Debug)]
pub struct Documents<'t> {
    text: &'t str,
    pos: usize,
    mode: Mode,
    /// Documents after a `...` within one piece of the text, and what a piece left to say.
    waiting: std::collections::VecDeque<Document>,
    pending: Option<Problem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// JSON values in a row, and how many there were.
    Json(usize),
    Yaml,
}

impl<'t> Documents<'t> {
    /// The documents of a whole text.
    pub fn new(text: &'t str) -> Self {
        let json = text.trim_start().starts_with('{');
        Self {
            text,
            pos: 0,
            mode: if json { Mode::Json(0) } else { Mode::Yaml },
            waiting: std::collections::VecDeque::new(),
            pending: None,
        }
    }

    /// The document that starts at an offset which a [`Document`] gave before.
    pub fn at(text: &'t str, offset: usize) -> Option<Document> {
        let rest = text.get(offset..)?;
        let mode = if rest.trim_start().starts_with('{') { Mode::Json(0) } else { Mode::Yaml };
        Self { text, pos: offset, mode, waiting: std::collections::VecDeque::new(), pending: None }.next()
    }

    fn next_json(&mut self, mut count: usize) -> Option<Document> {
        loop {
            let rest = &self.text[self.pos..];
            let start = self.pos + rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            if start == self.text.len() {
                self.pos = start;
                return None;
            }
            match json::parse(self.text, start) {
                Ok((root, end)) => {
                    self.pos = end;
                    count += 1;
                    self.mode = Mode::Json(count);
                    if !root.is_null() {
                        return Some(Document { offset: start, problems: compose::check_json(&root), root: Some(root) });
                    }
                }
                Err(error) => {
                    self.mode = Mode::Yaml;
                    // After at most one JSON document kubectl goes on with YAML, after two it gives up. It also gives up where fewer than
                    // four bytes are left after the blanks (consumeWhitespace in decoder.go).
                    let blanks = rest.find(|c: char| c == '\n' || !c.is_whitespace()).unwrap_or(rest.len());
                    if count > 1 || rest.len() - blanks < 4 {
                        self.pending = Some(Problem { span: error.span, kind: ProblemKind::Refused(format!("json: {}", error.message)) });
                    }
                    self.pos += blanks + usize::from(rest[blanks..].starts_with('\n'));
                    return self.next_yaml();
                }
            }
        }
    }

    /// Gives all documents to `visit`, in their order. Two threads read a large text.
    pub fn for_all(self, mut visit: impl FnMut(Document)) {
        if self.text.len() < LARGE || self.mode != Mode::Yaml {
            return self.for_each(visit);
        }
        let text = self.text;
        thread::scope(|scope| {
            let readers = [0, 1].map(|turn| {
                let (sender, receiver) = mpsc::sync_channel(WAITING);
                scope.spawn(move || Documents::new(text).read_batches(turn, &sender));
                receiver
            });
            // They take turns, so the first one that has no batch left is at the end of the text.
            for reader in readers.iter().cycle() {
                let Ok(batch) = reader.recv() else { return };
                batch.into_iter().for_each(&mut visit);
            }
        });
    }

    /// Reads every second batch of a text of YAML.
    fn read_batches(mut self, turn: usize, batches: &mpsc::SyncSender<Vec<Document>>) {
        for number in 0.. {
            if self.pos >= self.text.len() {
                return;
            }
            let mut batch = Vec::new();
            for _ in 0..BATCH {
                if self.pos >= self.text.len() {
                    break;
                }
                let (piece, next) = self.piece();
                self.pos = next;
                if number % 2 == turn {
                    batch.extend(read_piece(self.text, piece, None));
                }
            }
            // Nobody listens any more where the visitor gave up.
            if number % 2 == turn && batches.send(batch).is_err() {
                return;
            }
        }
    }

    fn next_yaml(&mut self) -> Option<Document> {
        while self.pos < self.text.len() {
            let (piece, next) = self.piece();
            self.pos = next;
            self.waiting.extend(read_piece(self.text, piece, self.pending.take()));
            if let Some(document) = self.waiting.pop_front() {
                return Some(document);
            }
        }
        let problem = self.pending.take()?;
        Some(Document { offset: self.pos, root: None, problems: vec![problem] })
    }

    /// The text up to the next separator, and where the text after it begins.
    fn piece(&self) -> (Piece, usize) {
        let mut piece = Piece { start: self.pos, end: self.text.len(), problem: None };
        let mut from = self.pos;
        let mut first = true;
        loop {
            let line = if first && self.text[from..].starts_with("---") {
                from
            } else {
                match self.text[from..].find("\n---") {
                    Some(at) => from + at + 1,
                    None => return (piece, self.text.len()),
                }
            };
            let line_end = self.text[line..].find('\n').map_or(self.text.len(), |at| line + at);
            let rest = self.text[line + 3..line_end].trim();
            let separates = rest.is_empty() || rest.starts_with('#');
            if !separates && piece.problem.is_none() {
                let message = format!("invalid Yaml document separator: {rest}");
                piece.problem = Some(Problem { span: Span::new(line, line_end), kind: ProblemKind::Refused(message) });
            }
            // YAML itself starts a document at `--- text`.
            let starts = separates || self.text[line + 3..].starts_with([' ', '\t']);
            if starts && line > self.pos {
                piece.end = line;
                if !separates {
                    piece.problem = None;
                }
                return (piece, if separates { (line_end + 1).min(self.text.len()) } else { line });
            }
            first = false;
            from = line + 3;
        }
    }
}

struct Piece {
    start: usize,
    end: usize,
    problem: Option<Problem>,
}

/// The documents of a piece; `pending` is a problem of what stands before it.
fn read_piece(text: &str, piece: Piece, pending: Option<Problem>) -> Vec<Document> {
    let problems: Vec<Problem> = pending.into_iter().chain(piece.problem).collect();
    let mut documents = compose::piece(text, piece.start, piece.end);
    if documents.is_empty() && !problems.is_empty() {
        documents.push(Document { offset: piece.start, root: None, problems: Vec::new() });
    }
    if let Some(first) = documents.first_mut() {
        first.problems.splice(0..0, problems);
    }
    documents
}

impl Iterator for Documents<'_> {
    type Item = Document;

    fn next(&mut self) -> Option<Document> {
        if let Some(document) = self.waiting.pop_front() {
            return Some(document);
        }
        match self.mode {
            Mode::Json(count) => self.next_json(count),
            Mode::Yaml => self.next_yaml(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(text: &str) -> Vec<Option<String>> {
        Documents::new(text).map(|document| document.root.and_then(|root| Some(root.get("a")?.as_text()?.to_owned()))).collect()
    }

    #[test]
    fn a_document_after_a_broken_one_is_read() {
        let documents: Vec<_> = Documents::new("a: 1\n---\na: [\n---\na: 3\n").collect();
        assert!(documents[1].is_broken());
        assert_eq!(documents[2].root.as_ref().and_then(|root| root.get("a")?.as_text()), Some("3"));
    }

    #[test]
    fn separators_may_carry_a_comment() {
        assert_eq!(roots("a: 1\n--- # next\na: 2\n---  \na: 3"), [Some("1".into()), Some("2".into()), Some("3".into())]);
    }

    #[test]
    fn text_after_a_separator_is_read_and_reported() {
        let documents: Vec<_> = Documents::new("a: 1\n--- {a: 2}\n---\na: 3\n").collect();
        assert_eq!(documents.len(), 3);
        assert!(matches!(&documents[1].problems[0].kind, ProblemKind::Refused(message) if message.contains("separator")));
        assert_eq!(documents[1].root.as_ref().and_then(|root| root.get("a")?.as_text()), Some("2"));
    }

    #[test]
    fn json_documents_stand_in_a_row() {
        assert_eq!(roots("{\"a\":\"1\"}\n{\"a\":\"2\"}{\"a\":\"3\"}"), [Some("1".into()), Some("2".into()), Some("3".into())]);
    }

    #[test]
    fn yaml_may_follow_one_json_document() {
        assert_eq!(roots("{\"a\":\"1\"}\n---\na: 2\n"), [Some("1".into()), Some("2".into())]);
    }

    #[test]
    fn two_threads_read_what_one_does() {
        let mut text = String::new();
        for number in 0..20_000 {
            text.push_str(&format!("a: {number}\n{}", ["---\n", "--- # next\n", "...\nb: [\n---\n", "--- x\n---\n"][number % 4]));
        }
        let (one, mut two): (Vec<Document>, Vec<Document>) = (Documents::new(&text).collect(), Vec::new());
        Documents::new(&text).for_all(|document| two.push(document));
        assert!(text.len() > LARGE && one == two);
    }

    #[test]
    fn an_offset_finds_its_document_again() {
        for text in ["a: 1\n---\na: 2\n--- # x\na: 3\n", "{\"a\":\"1\"}\n{\"a\":\"2\"}", "a: 1\n...\na: 2\n", "a: 1\n--- {a: 2}\n"] {
            for document in Documents::new(text).filter(|document| document.root.is_some()) {
                assert_eq!(Documents::at(text, document.offset).and_then(|again| again.root), document.root, "{text}");
            }
        }
    }
}
