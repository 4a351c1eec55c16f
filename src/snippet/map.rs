//! Lines of a `map` block whose keys somebody else gave: `block-user-agents` and `block-referers` of the ConfigMap.

use super::token::{Terminator, Tokens};
use crate::nginx::MapKey;

/// Keys of a block in which the template writes each item as `ITEM 1;` on a line of its own, or what nginx says against it
/// (`ngx_http_map`).
pub fn map_keys(items: &[String]) -> Result<Vec<MapKey>, String> {
    let text: String = items.iter().map(|item| format!("{item} 1;\n")).collect();
    let mut tokens = Tokens::new(&text);
    let mut keys = Vec::new();
    loop {
        let statement = tokens.next().map_err(|stop| stop.message)?;
        match (statement.terminator, statement.words.as_slice()) {
            (Terminator::End, []) => return Ok(keys),
            (Terminator::Semicolon, [key, _]) => push(&mut keys, &key.text)?,
            (Terminator::Semicolon, _) => return Err("invalid number of the map parameters".to_owned()),
            (Terminator::Open, _) => return Err("unexpected \"{\"".to_owned()),
            (Terminator::Close | Terminator::End, _) => return Err("unexpected \"}\"".to_owned()),
        }
    }
}

fn push(keys: &mut Vec<MapKey>, word: &str) -> Result<(), String> {
    let key = match (word, word.strip_prefix('~')) {
        ("default", _) => return Err("duplicate default map parameter".to_owned()),
        ("include", _) => return Err("`include` of a file that does not exist".to_owned()),
        (_, Some(rest)) => match rest.strip_prefix('*') {
            Some(rest) => MapKey::Regex { pattern: rest.to_owned(), caseless: true },
            None => MapKey::Regex { pattern: rest.to_owned(), caseless: false },
        },
        // A backslash makes a text of what would be a word of the block.
        (text, None) => MapKey::Text(text.strip_prefix('\\').unwrap_or(text).to_ascii_lowercase()),
    };
    if matches!(key, MapKey::Text(_)) && keys.contains(&key) {
        return Err(format!("conflicting parameter \"{word}\""));
    }
    keys.push(key);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(items: &[&str]) -> Result<Vec<MapKey>, String> {
        map_keys(&items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn quotes_and_backslashes_are_no_part_of_a_key() {
        let keys = read(&["\"Bad Bot\"", "'~*foo bar'", r"\default", "# all others"]).expect("keys");
        let foo = MapKey::Regex { pattern: "foo bar".to_owned(), caseless: true };
        assert_eq!(keys, [MapKey::Text("bad bot".to_owned()), foo, MapKey::Text("default".to_owned())]);
    }

    #[test]
    fn texts_that_differ_in_case_only_are_one_key_twice() {
        assert_eq!(read(&["A", "a"]), Err("conflicting parameter \"a\"".to_owned()));
        assert!(read(&["~A", "~A"]).is_ok());
    }

    #[test]
    fn what_is_no_single_word_is_refused() {
        for item in ["bad bot", "a{2}", "a;b", "}", "\"a", "\"a\"b", "default", "include"] {
            assert!(read(&[item]).is_err(), "{item}");
        }
    }
}
