//! The texts that were read, and places in them.

/// Byte range in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// One text: a file as named on the command line, or `-`.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name for messages.
    pub name: String,
    /// Text; invalid UTF-8 was replaced and reported.
    pub text: String,
}

/// All texts of a run.
#[derive(Debug, Clone, Default)]
pub struct Sources(pub Vec<Source>);

impl Sources {
    /// Adds a text and returns its index.
    pub fn add(&mut self, name: impl Into<String>, text: String) -> u32 {
        self.0.push(Source { name: name.into(), text });
        u32::try_from(self.0.len() - 1).expect("INVARIANT: fewer than 2^32 sources")
    }

    /// Line and column (in characters), both from 1, of a byte offset.
    pub fn line_column(&self, source: u32, offset: u32) -> (usize, usize) {
        let text = &self.0[source as usize].text;
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }
}
