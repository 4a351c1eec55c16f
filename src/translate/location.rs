//! An expression of an Ingress as the value of a path match that an implementation writes behind `location ~ ^`.
//!
//! nginx ignores letter case there today and the implementation does not, so that `(?i)` follows the first slash. Blanks, braces and
//! semicolons may not stand in the value: characters are written by their number, and counted repetitions are written out.

/// Longest text that repetitions may be written out to.
const LONGEST: usize = 4096;

/// The value for an expression that ignores letter case; `None` where there is none.
pub(super) fn value(path: &str) -> Option<String> {
    searched(path, true)
}

/// The value for an expression.
pub(super) fn searched(path: &str, caseless: bool) -> Option<String> {
    let items = items(path)?;
    let mut text = String::new();
    let mut items = items.into_iter();
    let first = items.next().filter(|first| first.atom == "/")?;
    text.push_str(&first.written()?);
    text.push_str(if caseless { "(?i)" } else { "" });
    for item in items {
        text.push_str(&item.written()?);
        if text.len() > LONGEST {
            return None;
        }
    }
    Some(text)
}

/// Something that can be repeated, and how it is.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    atom: String,
    repeated: Repeated,
}

#[derive(Debug, PartialEq, Eq)]
enum Repeated {
    /// By these signs, if any.
    Signs(String),
    /// So often: at least, at most, and whether it is greedy.
    Counted(usize, Option<usize>, &'static str),
}

impl Item {
    fn written(&self) -> Option<String> {
        let Self { atom, repeated } = self;
        match repeated {
            Repeated::Signs(signs) => Some(format!("{atom}{signs}")),
            // What stands in a group that captures has a number, which copies would change.
            Repeated::Counted(..) if atom.contains("\\1") => None,
            Repeated::Counted(least, most, lazy) => {
                let optional = most.map_or(0, |most| most.saturating_sub(*least));
                let size = (least + optional).checked_mul(atom.len() + 5).filter(|size| *size <= LONGEST)?;
                let mut text = String::with_capacity(size);
                text.push_str(&atom.repeat(*least));
                match most {
                    None => text.push_str(&format!("{atom}*{lazy}")),
                    Some(_) => {
                        text.push_str(&format!("(?:{atom}").repeat(optional));
                        text.push_str(&format!("){}", format_args!("?{lazy}")).repeat(optional));
                    }
                }
                Some(text)
            }
        }
    }
}

/// The parts of an expression one after the other; `None` where it is not understood.
fn items(pattern: &str) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        let length = atom_length(rest)?;
        let atom = plain(&rest[..length])?;
        rest = &rest[length..];
        let (repeated, behind) = repetition(rest)?;
        items.push(Item { atom, repeated });
        rest = behind;
    }
    Some(items)
}

/// Bytes of the first part: a character, an escape, a class, or a group.
fn atom_length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    match first {
        '\\' => text.chars().nth(1).map(|next| 1 + next.len_utf8()),
        '[' => class_length(text),
        '(' => group_length(text),
        ')' => None,
        other => Some(other.len_utf8()),
    }
}

fn class_length(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    if characters.peek().is_some_and(|(_, character)| *character == '^') {
        characters.next();
    }
    let mut start = true;
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            // Names of classes have brackets of their own.
            '[' if text[at..].starts_with("[:") => return None,
            ']' if !start => return Some(at + 1),
            _ => {}
        }
        start = false;
    }
    None
}

fn group_length(text: &str) -> Option<usize> {
    let mut at = 1;
    while at < text.len() {
        if text[at..].starts_with(')') {
            return Some(at + 1);
        }
        at += atom_length(&text[at..])?;
    }
    None
}

/// A part in characters that may stand in the value.
fn plain(atom: &str) -> Option<String> {
    if atom.len() > 1 && atom.starts_with('(') {
        // `(?` and a name or a sign, then parts as anywhere.
        let inner = &atom[1..atom.len() - 1];
        let head = inner.find(|character: char| !"?:!=<>P".contains(character)).unwrap_or(inner.len());
        let head = if inner.starts_with('?') { head } else { 0 };
        // Names of groups, options and other forms are left to whoever knows them.
        if inner.starts_with('?') && !["?:", "?!", "?=", "?<!", "?<="].contains(&&inner[..head]) {
            return None;
        }
        let mut text = format!("({}", &inner[..head]);
        for item in items(&inner[head..])? {
            text.push_str(&item.written()?);
        }
        text.push(')');
        return Some(text);
    }
    let mut text = String::new();
    let mut characters = atom.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push_str(&escape(characters.next()?)),
            '{' | '}' | ';' | '"' | '\'' => text.push_str(&format!("\\x{:02x}", u32::from(character))),
            blank if blank.is_whitespace() || blank.is_control() => {
                text.push_str(&blank.is_ascii().then(|| format!("\\x{:02x}", u32::from(blank)))?);
            }
            other => text.push(other),
        }
    }
    Some(text)
}

/// An escape, without those that the file of nginx itself would read.
fn escape(escaped: char) -> String {
    match escaped {
        't' => "\\x09".to_owned(),
        'n' => "\\x0a".to_owned(),
        'r' => "\\x0d".to_owned(),
        sign if sign.is_ascii_punctuation() && "\\\"'{};".contains(sign) || sign == ' ' => format!("\\x{:02x}", u32::from(sign)),
        other => format!("\\{other}"),
    }
}

/// How the part before is repeated, and what stands behind.
fn repetition(text: &str) -> Option<(Repeated, &str)> {
    if let Some(inner) = text.strip_prefix('{') {
        let (counts, behind) = inner.split_once('}').unwrap_or((inner, ""));
        let number = |text: &str| text.parse::<usize>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let counted = match counts.split_once(',') {
            None => number(counts).map(|count| (count, Some(count))),
            Some((least, "")) => number(least).map(|least| (least, None)),
            Some((least, most)) => number(least).zip(number(most)).map(|(least, most)| (least, Some(most))),
        };
        // A brace that counts nothing is a character, which comes next.
        if let Some((least, most)) = counted.filter(|_| inner.contains('}')) {
            if behind.starts_with('+') {
                return None;
            }
            let (lazy, behind) = behind.strip_prefix('?').map_or(("", behind), |behind| ("?", behind));
            return Some((Repeated::Counted(least, most, lazy), behind));
        }
    }
    let length = text.len() - text.trim_start_matches(['*', '+', '?']).len();
    Some((Repeated::Signs(text[..length].to_owned()), &text[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_is_ignored_behind_the_first_slash() {
        assert_eq!(value("/api/v[0-9]+").as_deref(), Some("/(?i)api/v[0-9]+"));
        assert_eq!(value("/?a").as_deref(), Some("/?(?i)a"));
        assert_eq!(value("/a|/b").as_deref(), Some("/(?i)a|/b"));
        assert_eq!(value("(/a)"), None);
    }

    #[test]
    fn counted_repetitions_are_written_out() {
        assert_eq!(value("/v\\d{2}x").as_deref(), Some("/(?i)v\\d\\dx"));
        assert_eq!(value("/v[ab]{1,3}").as_deref(), Some("/(?i)v[ab](?:[ab](?:[ab])?)?"));
        assert_eq!(value("/v(?:ab){2,}?").as_deref(), Some("/(?i)v(?:ab)(?:ab)(?:ab)*?"));
        assert_eq!(value("/v[0-9]{9999}"), None);
    }

    #[test]
    fn signs_that_may_not_stand_there_are_written_by_number() {
        assert_eq!(value("/a b;c\\{d\\}{").as_deref(), Some("/(?i)a\\x20b\\x3bc\\x7bd\\x7d\\x7b"));
        assert_eq!(value("/a[;{ ]").as_deref(), Some("/(?i)a[\\x3b\\x7b\\x20]"));
        assert_eq!(value("/a\\\\b").as_deref(), Some("/(?i)a\\x5cb"));
    }

    #[test]
    fn look_ahead_stays() {
        assert_eq!(value("/(?!admin).*").as_deref(), Some("/(?i)(?!admin).*"));
    }
}
