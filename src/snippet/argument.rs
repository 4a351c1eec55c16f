//! Values that somebody else prints into a directive without looking at them: the words that nginx makes of them.

use super::token::{Quote, Terminator, Tokens};

/// Arguments of one directive, as nginx cuts them out of what was printed between its name and the `;`, or what it says against it.
///
/// Blanks and line breaks around words are lost, and quotation marks are those of nginx.
pub fn arguments(printed: &str) -> Result<Vec<String>, String> {
    let text = format!("directive {printed};\n");
    let mut tokens = Tokens::new(&text);
    let statement = tokens.next().map_err(|stop| stop.message)?;
    match (statement.terminator, statement.unclosed) {
        (Terminator::Semicolon, _) if text[statement.span.end..].trim().is_empty() => {}
        (Terminator::Semicolon, _) => return Err("it is more than one directive".to_owned()),
        (Terminator::Open | Terminator::Close, _) => return Err("it opens or closes a block".to_owned()),
        (Terminator::End, Some(Quote::Double)) => return Err("a closing `\"` is missing".to_owned()),
        (Terminator::End, Some(Quote::Single)) => return Err("a closing `'` is missing".to_owned()),
        (Terminator::End, None) => return Err("it takes the `;` away".to_owned()),
    }
    Ok(statement.words.into_iter().skip(1).map(|word| word.text).collect())
}

/// The only argument of a directive into which this value is printed; `None` where nginx makes none or several words of it.
pub fn single(value: &str) -> Option<String> {
    let words = arguments(value).ok()?;
    <[String; 1]>::try_from(words).ok().map(|[word]| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_quotes_around_a_value_are_lost() {
        for value in ["on", " on\n", "\"on\"", "'on' "] {
            assert_eq!(single(value).as_deref(), Some("on"), "{value:?}");
        }
    }

    #[test]
    fn what_is_not_one_word_is_none() {
        for value in ["", " ", "a b", "a;", "a; b c", "a {", "'a", "\"a\"b", "# a"] {
            assert_eq!(single(value), None, "{value:?}");
        }
    }
}
