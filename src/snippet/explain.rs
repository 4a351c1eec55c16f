//! A snippet line by line, as understood.

use std::fmt::Write;

use super::{Consequence, Reading, Unless, Who};

/// Plain text: each directive in the line where it stands, and below it what it does; then what nginx refuses.
pub fn explain(reading: &Reading) -> String {
    let snippet = &reading.snippet;
    let mut out = String::new();
    let mut line = 1;
    let mut counted = 0;
    for (index, directive) in snippet.directives.iter().enumerate() {
        let start = directive.span.start;
        line += snippet.text.as_bytes()[counted..start].iter().filter(|&&byte| byte == b'\n').count();
        counted = start;
        let depth = depth(reading, index);
        let indent = "  ".repeat(depth.min(8));
        let text = snippet.text[directive.head()].split_whitespace().collect::<Vec<_>>().join(" ");
        let understood = &reading.understood[index];
        writeln!(out, "{line:>4}  {indent}{text}").expect("INVARIANT: a String takes all text");
        writeln!(out, "      {indent}  {}: {}", understood.meaning.word(), understood.why).expect("INVARIANT: a String takes all text");
    }
    for refusal in reading.refusals() {
        let line = snippet.line(refusal.span.start);
        let condition = match &refusal.unless {
            Unless::Never => String::new(),
            Unless::Loaded(key) => format!(", unless `{key}` is given"),
            Unless::Absent(key) => format!(", where `{key}` is given"),
            Unless::Defined(defined) => format!(", unless another snippet defines {}", named(defined)),
        };
        writeln!(out, "line {line}: nginx refuses the whole configuration: {}{condition}", refusal.message).expect("INVARIANT: a String takes all text");
    }
    for stop in &snippet.stops {
        let line = snippet.line(stop.span.start);
        let what = match stop.consequence(snippet.place) {
            Consequence::Refused => continue,
            Consequence::Swallows => "the last directive lacks its `;` and takes in the next one of the template",
            Consequence::Unknown => "it closes the block it is written into; what follows is not known",
        };
        writeln!(out, "line {line}: {what}").expect("INVARIANT: a String takes all text");
    }
    out
}

fn named(defined: &super::Defined) -> String {
    match defined {
        super::Defined::Variable(name) => format!("`${name}`"),
        super::Defined::Zone(name) => format!("the zone `{name}`"),
        super::Defined::Upstream(name) => format!("the upstream `{name}`"),
    }
}

/// How deep a directive is nested, counted no further than is shown.
fn depth(reading: &Reading, index: usize) -> usize {
    std::iter::successors(reading.snippet.directives[index].parent, |&parent| reading.snippet.directives[parent].parent).take(8).count()
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Unix => f.write_str("unix:"),
            Self::Network(cidr) => cidr.fmt(f),
        }
    }
}
