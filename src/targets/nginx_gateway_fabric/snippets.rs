//! `SnippetsFilter`: lines of nginx for what has no typed field. They are written only where the user asks for raw configuration, and
//! read back as far as they are lines that are written here.

use super::{
    policies,
    types::{Snippet, SnippetsFilter},
};
use crate::{
    gateway::{
        Intent,
        api::{Custom, HeaderModifier, HeaderValue},
        policies::{Addresses, Effect, Filter, Network},
    },
    targets::documents::network,
};

const LOCATION: &str = "http.server.location";

/// Lines of a location for an intent; `None` where there are none that are sure to work beside what the controller writes.
pub(super) fn lines(intent: &Intent) -> Option<Vec<String>> {
    match intent {
        // nginx takes the first line that fits, and the denied networks stand first.
        Intent::AddressLists { allow, deny } => {
            let line = |word: &'static str| move |network: &String| format!("{word} {network};");
            let mut lines: Vec<String> = deny.iter().map(line("deny")).chain(allow.iter().map(line("allow"))).collect();
            if !allow.is_empty() {
                lines.push("deny all;".to_owned());
            }
            Some(lines)
        }
        Intent::Bandwidth { rate, after } if *rate > 0 => {
            let mut lines = vec![format!("limit_rate {rate};")];
            lines.extend((*after > 0).then(|| format!("limit_rate_after {after};")));
            Some(lines)
        }
        Intent::AccessLog => Some(vec!["access_log off;".to_owned()]),
        // The script of a location answers before anybody looks for a backend.
        Intent::Refuse { status } => Some(vec![format!("return {status};")]),
        Intent::Answer { status, headers, body } => {
            let mut lines: Vec<String> = headers.iter().map(|(name, value)| format!("add_header {name} \"{value}\" always;")).collect();
            match body {
                Some(body) => {
                    lines.push(format!("default_type \"{}\";", body.content_type));
                    lines.push(format!("return {status} \"{}\";", body.text));
                }
                None => lines.push(format!("return {status};")),
            }
            Some(lines)
        }
        _ => None,
    }
}

/// The filter for the intents of a rule, if they need one.
pub(super) fn filter(intents: &[Intent], namespace: &str, name: &str) -> Option<Custom> {
    let lines: Vec<String> = intents.iter().filter_map(lines).flatten().collect();
    if lines.is_empty() {
        return None;
    }
    let snippet = Snippet { context: LOCATION.to_owned(), value: lines.join("\n"), ..Snippet::default() };
    let filter = SnippetsFilter { snippets: vec![snippet], ..SnippetsFilter::default() };
    Some(policies::custom("SnippetsFilter", namespace, format!("{name}-text"), &filter))
}

/// What such a filter does, as far as its lines are known here.
pub(super) fn read(filter: &SnippetsFilter) -> Filter {
    let mut read = Filter::default();
    let mut effect = Effect::default();
    for snippet in &filter.snippets {
        let mut page = HeaderModifier::default();
        for words in statements(&snippet.value) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let known = snippet.context == LOCATION
                && match words.as_slice() {
                    ["add_header", name, value, "always"] => {
                        page.set.extend(HeaderValue::new(*name, *value));
                        true
                    }
                    ["default_type", _] => true,
                    ["return", status] | ["return", status, _] if read.answer.is_none() => match status.parse::<u16>() {
                        // A redirect to a text, or a connection that is closed.
                        Ok(301..=303 | 307 | 308 | 444) | Err(_) => false,
                        Ok(status) => {
                            read.answer = Some((status, HeaderModifier::default()));
                            true
                        }
                    },
                    words => directive(words, &mut effect),
                };
            if !known {
                read.unmodelled.get_or_insert_with(|| format!("`{}` in text of nginx", words.join(" ")));
            }
        }
        match &mut read.answer {
            Some((_, headers)) => headers.set.append(&mut page.set),
            None if page.set.is_empty() => {}
            None => drop(read.unmodelled.get_or_insert_with(|| "`add_header` in text of nginx".to_owned())),
        }
    }
    read.effect = (effect != Effect::default()).then_some(effect);
    read
}

/// The words of each statement, without their quotes.
fn statements(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word): (Vec<Vec<String>>, Vec<String>, Option<String>) = (Vec::new(), Vec::new(), None);
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word.get_or_insert_default().extend(characters.next()),
            (character, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) if word.is_none() => {
                quote = Some(character);
                word = Some(String::new());
            }
            (character, Some(_)) => word.get_or_insert_default().push(character),
            (';', None) => {
                words.extend(word.take());
                all.push(std::mem::take(&mut words));
            }
            (character, None) if character.is_whitespace() => words.extend(word.take()),
            (character, None) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    all.push(words);
    all.retain(|words| !words.is_empty());
    all
}

/// One directive; whether it is known.
fn directive(words: &[&str], effect: &mut Effect) -> bool {
    match words {
        [word @ ("allow" | "deny"), who] => {
            let allow = *word == "allow";
            let addresses = effect.addresses.get_or_insert_with(|| Addresses { rules: Vec::new(), others: true, first: false });
            if *who == "all" {
                addresses.others = allow;
                return true;
            }
            let Some(network) = network(who) else { return false };
            add(addresses, allow, network);
            true
        }
        // Which answer comes in the end stays the same.
        ["limit_rate" | "limit_rate_after" | "access_log", _] => true,
        _ => false,
    }
}

fn add(addresses: &mut Addresses, allow: bool, network: Network) {
    match addresses.rules.last_mut() {
        Some((known, networks)) if *known == allow => networks.push(network),
        Some(_) | None => addresses.rules.push((allow, vec![network])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Body;

    #[test]
    fn address_lists_are_read_back_in_the_order_of_nginx() {
        let intent = Intent::AddressLists { allow: vec!["10.0.0.0/8".to_owned()], deny: vec!["10.1.0.0/16".to_owned()] };
        let made = filter(&[intent], "a", "r").expect("filter");
        let read = read(&serde_json::from_value(made.spec).expect("filter"));
        let addresses = read.effect.and_then(|effect| effect.addresses).expect("addresses");
        assert_eq!(addresses.rules.iter().map(|(allow, _)| *allow).collect::<Vec<_>>(), [false, true]);
        assert!(!addresses.others);
    }

    #[test]
    fn answers_are_read_back() {
        let body = Body { text: "say \\\"; hi".to_owned(), content_type: "text/plain".to_owned() };
        let intent = Intent::Answer { status: 410, headers: vec![("X-Why".to_owned(), "old".to_owned())], body: Some(body) };
        let made = filter(&[intent], "a", "r").expect("filter");
        let read = read(&serde_json::from_value(made.spec).expect("filter"));
        let (status, headers) = read.answer.expect("answer");
        assert_eq!((status, headers.set.len(), read.unmodelled), (410, 1, None));
    }

    #[test]
    fn lines_that_are_not_known_are_not_taken_for_understood() {
        let snippet = |context: &str, value: &str| {
            let snippet = Snippet { context: context.to_owned(), value: value.to_owned(), ..Snippet::default() };
            read(&SnippetsFilter { snippets: vec![snippet], ..SnippetsFilter::default() }).unmodelled
        };
        assert!(snippet(LOCATION, "auth_request /x;").is_some());
        assert!(snippet("http.server", "deny all;").is_some());
        assert_eq!(snippet(LOCATION, "deny all; access_log off;"), None);
    }
}
