//! Conflicts between the locations of a snippet, and with those around it: `ngx_http_core_location`, `ngx_http_init_locations`.

use std::collections::BTreeSet;

use super::{LocationBlock, LocationModifier, Meaning, Reading, Refusal, Unless};

/// A location that the controller writes: how it compares, and with what.
pub type Written<'a> = (LocationModifier, &'a str);

/// Why nginx refuses the snippet in its place: `around` is the location that it stands in, `beside` are those of the same server.
pub fn conflicts(reading: &Reading, around: Option<Written>, beside: &[Written]) -> Vec<Refusal> {
    let snippet = &reading.snippet;
    let mut found = Vec::new();
    let mut taken: BTreeSet<(Option<usize>, bool, &str)> = BTreeSet::new();
    if around.is_none() {
        taken.extend(beside.iter().filter_map(|(modifier, path)| Some((None, comparison(*modifier)?, *path))));
    }
    for (index, directive) in snippet.directives.iter().enumerate() {
        let Meaning::Location(location) = &reading.understood[index].meaning else { continue };
        let parent = match directive.parent.map(|parent| &reading.understood[parent].meaning) {
            None => around,
            Some(Meaning::Location(parent)) => Some((parent.modifier, parent.path.as_str())),
            Some(_) => continue,
        };
        let mut refuse = |message: String| found.push(Refusal { span: directive.head(), message, unless: Unless::Never });
        if let Some(message) = parent.and_then(|parent| misplaced(location, parent)) {
            refuse(message);
        } else if let Some(exact) = comparison(location.modifier)
            && !taken.insert((directive.parent, exact, &location.path))
        {
            refuse(format!("duplicate location \"{}\"", location.path));
        }
    }
    found
}

/// Exact or not, for locations that are compared by text.
const fn comparison(modifier: LocationModifier) -> Option<bool> {
    match modifier {
        LocationModifier::Exact => Some(true),
        LocationModifier::Prefix | LocationModifier::PrefixBeforeRegex => Some(false),
        LocationModifier::Regex | LocationModifier::RegexIgnoringCase | LocationModifier::Named => None,
    }
}

fn misplaced(location: &LocationBlock, (modifier, parent): Written) -> Option<String> {
    let path = &location.path;
    match (location.modifier, modifier) {
        (_, LocationModifier::Exact) => Some(format!("location \"{path}\" cannot be inside the exact location \"{parent}\"")),
        (_, LocationModifier::Named) => Some(format!("location \"{path}\" cannot be inside the named location \"{parent}\"")),
        (LocationModifier::Named, _) => Some(format!("named location \"{path}\" can be on the server level only")),
        (LocationModifier::Regex | LocationModifier::RegexIgnoringCase, _) => None,
        (LocationModifier::Exact | LocationModifier::Prefix | LocationModifier::PrefixBeforeRegex, _) if path.starts_with(parent) => None,
        (LocationModifier::Exact | LocationModifier::Prefix | LocationModifier::PrefixBeforeRegex, _) => {
            Some(format!("location \"{path}\" is outside location \"{parent}\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snippet::Place;

    fn messages(text: &str, place: Place, around: Option<Written>, beside: &[Written]) -> Vec<String> {
        conflicts(&Reading::new(text, place), around, beside).into_iter().map(|refusal| refusal.message).collect()
    }

    #[test]
    fn a_location_of_the_controller_cannot_be_written_again() {
        let beside = [(LocationModifier::Prefix, "/"), (LocationModifier::Exact, "/a")];
        let found = messages("location / { return 200; } location /a { return 200; }", Place::ServerSnippet, None, &beside);
        assert_eq!(found, ["duplicate location \"/\""]);
    }

    #[test]
    fn the_exact_copy_of_a_path_holds_no_location() {
        let found = messages("location /a/b { return 200; }", Place::ConfigurationSnippet, Some((LocationModifier::Exact, "/a")), &[]);
        assert_eq!(found, ["location \"/a/b\" cannot be inside the exact location \"/a\""]);
    }

    #[test]
    fn a_regular_expression_holds_no_location_with_a_plain_path() {
        let around = Some((LocationModifier::RegexIgnoringCase, "^/"));
        let found = messages("location /x { return 200; }", Place::ConfigurationSnippet, around, &[]);
        assert_eq!(found, ["location \"/x\" is outside location \"^/\""]);
    }
}
