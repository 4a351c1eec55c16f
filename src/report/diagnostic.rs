//! Findings as people read them on a terminal: what will happen, the place in the file, and what to do.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::{
    catalog,
    k8s::{FieldPath, Inventory, Origin, Step, Subject},
    ledger::{Finding, Severity},
    yaml::{Place, Span},
};

/// Severity of a finding.
pub fn severity(finding: &Finding) -> Severity {
    catalog::finding(finding.code.as_str()).map_or(Severity::High, |entry| entry.severity)
}

/// Bytes of a line that is shown.
const LONGEST_LINE: usize = 400;

/// Whether escape sequences for colour are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// Renders findings of one inventory.
pub struct Diagnostics<'a> {
    inventory: &'a Inventory,
    renderer: Renderer,
}

impl std::fmt::Debug for Diagnostics<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnostics").finish_non_exhaustive()
    }
}

impl<'a> Diagnostics<'a> {
    /// For an inventory.
    pub fn new(inventory: &'a Inventory, colours: Colours) -> Self {
        let renderer = match colours {
            Colours::On => Renderer::styled(),
            Colours::Off => Renderer::plain(),
        };
        Self { inventory, renderer }
    }

    /// The sentence of a finding, its facts in place and made harmless for a terminal.
    pub fn message(finding: &Finding) -> String {
        Self::with_facts(catalog::finding(finding.code.as_str()).map_or(finding.code.as_str(), |entry| entry.message.as_str()), finding)
    }

    fn with_facts(template: &str, finding: &Finding) -> String {
        let facts: Vec<(&str, String)> = finding.facts.iter().map(|(name, value)| (*name, printable(value))).collect();
        catalog::render(template, &facts)
    }

    /// Source, span, and name of the object of a finding.
    pub fn place(&self, finding: &Finding) -> Option<(u32, Span)> {
        finding.at.or_else(|| self.span(finding.subject.as_ref()?))
    }

    /// Source and span of a place in an object; `None` for a live cluster.
    pub fn span(&self, subject: &Subject) -> Option<(u32, Span)> {
        let (_, origin) = self.inventory.objects.get(subject.object.0 as usize)?;
        let Origin { source, offset, item } = (*origin)?;
        let spans = self.inventory.sources.locate(source, offset, item, [places(&subject.field)])?;
        Some((source, *spans.first()?))
    }

    /// `file:line:column` of a place.
    pub fn location(&self, (source, span): (u32, Span)) -> String {
        let (line, column) = self.inventory.sources.line_column(source, span.start);
        format!("{}:{line}:{column}", self.inventory.sources.0[source as usize].name)
    }

    /// The whole finding, several lines, with a final line break.
    pub fn render(&self, finding: &Finding) -> String {
        let severity = severity(finding);
        let level = match severity {
            Severity::Blocked | Severity::High => Level::ERROR,
            Severity::Medium => Level::WARNING,
            Severity::Low | Severity::Info => Level::NOTE,
        };
        let entry = catalog::finding(finding.code.as_str());
        let message = Self::message(finding);
        let advice = entry.map(|entry| Self::with_facts(&entry.advice, finding));
        let name = severity.to_string();
        let title = level.with_name(name.as_str()).primary_title(message.as_str()).id(finding.code.as_str());
        let place = self.place(finding);
        let mut group = annotate_snippets::Group::with_title(title);
        let excerpt = place.and_then(|(source, span)| self.excerpt(source, span));
        if let Some((text, line, path, range)) = &excerpt {
            let label = entry.map_or("", |entry| entry.title.as_str());
            group = group.element(
                Snippet::source(text.as_str())
                    .line_start(*line)
                    .path(path.as_str())
                    .annotation(AnnotationKind::Primary.span(range.clone()).label(label)),
            );
        } else {
            // Without an excerpt the renderer would draw an empty frame.
            let place = self.named_place(finding).map(|place| format!("  --> {place}\n"));
            let help = advice.map(|advice| format!("   = help: {advice}\n"));
            return format!("{name}[{}]: {message}\n{}{}", finding.code, place.unwrap_or_default(), help.unwrap_or_default());
        }
        if let Some(advice) = &advice {
            group = group.element(Level::HELP.message(advice.as_str()));
        }
        let mut text = self.renderer.render(&[group]);
        text.push('\n');
        text
    }

    /// The finding without excerpt and advice, for the second and later ones of a kind.
    pub fn render_briefly(&self, finding: &Finding) -> String {
        let place = self.named_place(finding).map(|place| format!("  --> {place}\n"));
        format!("{}[{}]: {}\n{}", severity(finding), finding.code, Self::message(finding), place.unwrap_or_default())
    }

    /// `file:line:column`, or the object where it was read from no file.
    fn named_place(&self, finding: &Finding) -> Option<String> {
        let object = || finding.subject.as_ref().map(|subject| self.inventory.object(subject.object).to_string());
        self.place(finding).map(|place| self.location(place)).or_else(object).map(|place| printable(&place))
    }

    /// The line of a span, short enough for a terminal. The renderer makes tabs wide itself; a carriage return belongs to the line break.
    fn excerpt(&self, source: u32, span: Span) -> Option<(String, usize, String, std::ops::Range<usize>)> {
        let text = self.inventory.sources.0.get(source as usize)?;
        let (start, end) = (span.start as usize, (span.end as usize).min(text.text.len()));
        if start > end || !text.text.is_char_boundary(start) || !text.text.is_char_boundary(end) {
            return None;
        }
        let line_start = text.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text.text[start..].find('\n').map_or(text.text.len(), |at| start + at);
        let shown = text.text[line_start..line_end].trim_end_matches('\r');
        if shown.len() > LONGEST_LINE || shown.chars().any(|character| character.is_control() && character != '\t') {
            return None;
        }
        let within = |at: usize| (at - line_start).min(shown.len());
        let (line, _) = self.inventory.sources.line_column(source, span.start);
        Some((shown.to_owned(), line, printable(&text.name), within(start)..within(end.min(line_end).max(start))))
    }
}

fn places(field: &FieldPath) -> Vec<Place<'_>> {
    field
        .steps()
        .iter()
        .map(|step| match step {
            Step::Key(key) => Place::Key(key),
            Step::Index(index) => Place::Index(*index as usize),
        })
        .collect()
}

/// Text without control characters and of bearable length, so that a value cannot write to the terminal by itself.
pub fn printable(text: &str) -> String {
    printable_within(text, 200)
}

/// The same with a length of its own.
pub fn printable_within(text: &str, longest: usize) -> String {
    let mut printed = String::with_capacity(text.len().min(longest));
    for (count, character) in text.chars().enumerate() {
        if count == longest {
            printed.push('…');
            break;
        }
        if character.is_control() || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            printed.extend(character.escape_default());
        } else {
            printed.push(character);
        }
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_a_value_are_inert() {
        assert_eq!(printable("a\u{1b}[31mb\n\u{202e}c"), "a\\u{1b}[31mb\\n\\u{202e}c");
    }
}
