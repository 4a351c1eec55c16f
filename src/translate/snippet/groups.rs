//! Groups of expressions that hold nothing but a literal: people write them to repeat a path.

use crate::{nginx::code::Text, request::Piece};

/// The expression without such groups, and the replacement with their text; `None` where there are none, or where it is not plain that
/// they always take it.
pub(super) fn written_out(regex: &str, replacement: &Text) -> Option<(String, Text)> {
    if regex.contains('|') || regex.contains("(?") || regex.contains('[') {
        return None;
    }
    let (mut plain, mut taken): (String, Vec<Option<String>>) = (String::new(), Vec::new());
    let (mut rest, mut depth, mut any) = (regex, 0_usize, false);
    while let Some(character) = rest.chars().next() {
        let behind = &rest[character.len_utf8()..];
        match character {
            '\\' => {
                let escaped = behind.chars().next()?;
                plain.extend(['\\', escaped]);
                rest = &behind[escaped.len_utf8()..];
                continue;
            }
            '(' => {
                if depth == 0
                    && let Some((inner, after)) = behind.split_once(')')
                    && let Some(text) = literal(inner)
                    && !after.starts_with(['?', '*', '+', '{'])
                {
                    plain.push_str(inner);
                    taken.push(Some(text));
                    rest = after;
                    any = true;
                    continue;
                }
                taken.push(None);
                depth += 1;
            }
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        plain.push(character);
        rest = behind;
    }
    any.then(|| (plain, replaced(replacement, &taken)))
}

/// The text of an expression that is one, with its backslashes taken off.
fn literal(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next().filter(|next| ['.', '-', '_', '/'].contains(next))?),
            '.' | '^' | '$' | '?' | '*' | '+' | '(' | '{' => return None,
            character => text.push(character),
        }
    }
    Some(text)
}

/// The replacement, in which the groups that are left have new numbers.
fn replaced(replacement: &Text, taken: &[Option<String>]) -> Text {
    let number = |at: usize| u8::try_from(1 + taken[..at].iter().filter(|text| text.is_none()).count()).unwrap_or(u8::MAX);
    let mut made: Text = Vec::with_capacity(replacement.len());
    for piece in replacement {
        let piece = match piece {
            Piece::Group(group) => match usize::from(*group).checked_sub(1).and_then(|at| Some((at, taken.get(at)?))) {
                Some((_, Some(text))) => Piece::Literal(text.clone()),
                Some((at, None)) => Piece::Group(number(at)),
                None => piece.clone(),
            },
            Piece::Literal(_) | Piece::Named(_) | Piece::Variable(_) => piece.clone(),
        };
        match (made.last_mut(), piece) {
            (Some(Piece::Literal(last)), Piece::Literal(text)) => last.push_str(&text),
            (_, piece) => made.push(piece),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn a_group_with_a_path_is_that_path() {
        let made = written_out("^(/docs)$", &vec![Piece::Group(1), text("/")]);
        assert_eq!(made, Some(("^/docs$".to_owned(), vec![text("/docs/")])));
    }

    #[test]
    fn other_groups_get_new_numbers() {
        let made = written_out(r"^/(v1)/([a-z]+)/(x\.y)(.*)", &vec![Piece::Group(1), Piece::Group(4)]);
        assert_eq!(made, None);
        let made = written_out(r"^/(v1)/(.+)/(x\.y)(.*)", &vec![Piece::Group(3), Piece::Group(4), Piece::Group(2)]);
        assert_eq!(made, Some((r"^/v1/(.+)/x\.y(.*)".to_owned(), vec![text("x.y"), Piece::Group(2), Piece::Group(1)])));
    }

    #[test]
    fn groups_that_may_be_missing_stay() {
        for regex in ["^(/a)?$", "^(/a)|b", "^((/a)/b)?$", "^(/a.b)$", "^(?:/a)$"] {
            assert_eq!(written_out(regex, &vec![Piece::Group(1)]), None, "{regex}");
        }
    }
}
