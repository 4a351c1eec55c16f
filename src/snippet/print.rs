//! A snippet written again: one directive a line, blocks indented, comments left out.

use super::{End, Snippet};

/// Text that is read as the same directives. Only a text that nginx reads to its end is printed whole.
pub fn print(snippet: &Snippet) -> String {
    let mut out = String::new();
    let mut open: Vec<usize> = Vec::new();
    for (index, directive) in snippet.directives.iter().enumerate() {
        close(&mut out, &mut open, snippet, index);
        indent(&mut out, open.len());
        let words: Vec<String> = directive.words.iter().map(|word| quoted(&word.text)).collect();
        out.push_str(&words.join(" "));
        match &directive.end {
            End::Semicolon => out.push_str(";\n"),
            End::Open => out.push('\n'),
            End::Lua(code) => {
                out.push_str(" {");
                out.push_str(&snippet.text[code.clone()]);
                out.push_str("}\n");
            }
            End::Block => {
                out.push_str(" {\n");
                open.push(index);
            }
        }
    }
    close(&mut out, &mut open, snippet, snippet.directives.len());
    out
}

/// Closes the blocks that end before a directive.
fn close(out: &mut String, open: &mut Vec<usize>, snippet: &Snippet, index: usize) {
    while let Some(&last) = open.last() {
        if snippet.directives[last].next > index {
            break;
        }
        open.pop();
        indent(out, open.len());
        out.push_str("}\n");
    }
}

fn indent(out: &mut String, depth: usize) {
    // Deep nesting is only met in hostile text, whose printed form must not grow with the square of its length.
    for _ in 0..depth.min(16) {
        out.push_str("    ");
    }
}

/// A word as nginx reads it back.
pub(super) fn quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && !text.starts_with(['#', '}'])
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\'' | '\\' | ';' | '{'));
    if plain {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}
