//! A snippet line by line, as understood.

use std::fmt::Write;

use super::{Consequence, Place, Reading, Unless, Who};

/// Plain text: each directive in the line where it stands, and below it what it does; then what nginx refuses.
pub fn explain(reading: &Reading) -> String {
    let snippet = &reading.snippet;
    let mut out = String::new();
    let lines = Lines::new(&snippet.text);
    for (index, directive) in snippet.directives.iter().enumerate() {
        let line = lines.of(directive.span.start);
        let depth = depth(reading, index);
        let indent = "  ".repeat(depth.min(8));
        let text = snippet.text[directive.head()].split_whitespace().collect::<Vec<_>>().join(" ");
        let understood = &reading.understood[index];
        writeln!(out, "{line:>4}  {indent}{text}").expect("INVARIANT: a String takes all text");
        writeln!(out, "      {indent}  {}: {}", understood.meaning.word(), in_place(&one_line(&understood.why), snippet.place))
            .expect("INVARIANT: a String takes all text");
    }
    for refusal in reading.refusals() {
        let line = lines.of(refusal.span.start);
        let condition = match &refusal.unless {
            Unless::Never => String::new(),
            Unless::Loaded(key) => format!(", unless `{key}` is given"),
            Unless::Absent(key) => format!(", where `{key}` is given"),
            Unless::Replaced(key) => format!(", unless `{key}` is given"),
            Unless::Defined(defined) => format!(", unless another snippet defines {}", named(defined)),
        };
        writeln!(out, "line {line}: nginx refuses the whole configuration: {}{condition}", refusal.message)
            .expect("INVARIANT: a String takes all text");
    }
    for stop in &snippet.stops {
        let line = lines.of(stop.span.start);
        let what = match stop.consequence(snippet.place) {
            Consequence::Refused => continue,
            Consequence::Swallows => "the last directive lacks its `;` and takes in the next one of the template",
            Consequence::Unknown => "it closes the block it is written into; what follows is not known",
        };
        writeln!(out, "line {line}: {what}").expect("INVARIANT: a String takes all text");
    }
    out
}

/// The text in one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a directive does, in words for its place.
fn in_place(why: &str, place: Place) -> String {
    match place.same_block() {
        Place::AuthSnippet => why
            .replace("to the backend", "to the authentication service")
            .replace("of the backend", "of the authentication service")
            .replace("the client gets", "the controller, not the client, gets")
            .replace("to every answer", "to answers that no client sees")
            .replace("to answers that are no errors", "to answers that no client sees"),
        Place::ConfigurationSnippet
        | Place::ServerSnippet
        | Place::StreamSnippet
        | Place::ModsecuritySnippet
        | Place::MainSnippet
        | Place::HttpSnippet
        | Place::GlobalServerSnippet
        | Place::LocationSnippet
        | Place::GlobalAuthSnippet => why.to_owned(),
    }
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// Line of a byte, counted from 1.
    fn of(&self, at: usize) -> usize {
        1 + self.0.partition_point(|&end| end < at)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_directives_do() {
        let text = "add_header X-A b always;\nif ($arg_x) {\n  return 403;\n}\n";
        let expected = "   1  add_header X-A b always\n        response-header: adds `X-A: b` to every answer\n   2  if ($arg_x)\n        condition: only where \
                        `$arg_x` is neither empty nor 0\n   3    return 403\n          answer: answers 403\n";
        assert_eq!(explain(&Reading::new(text, Place::ConfigurationSnippet)), expected);
    }

    #[test]
    fn what_nginx_refuses_is_said_last() {
        let text = explain(&Reading::new("client_max_body_size 0;", Place::ConfigurationSnippet));
        assert!(
            text.ends_with("line 1: nginx refuses the whole configuration: \"client_max_body_size\" directive is duplicate\n"),
            "{text}"
        );
    }
}
