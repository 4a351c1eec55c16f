//! Texts with variables, as `ngx_http_script_compile` reads them.

use std::fmt;

use crate::request::{Part, PathExpr, TextExpr};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextPiece {
    /// Text as it stands.
    Literal(String),
    /// A variable, without its `$`.
    Variable(String),
    /// What a group of the last regular expression took.
    Group(u8),
}

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(pub Vec<TextPiece>);

/// A text that nginx refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// A `$` without a name.
    #[error("invalid variable name")]
    Name,
    /// `${` without `}`.
    #[error("the closing bracket in \"{0}\" variable is missing")]
    Bracket(String),
}

impl Text {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            if at > 0 {
                pieces.push(TextPiece::Literal(rest[..at].to_owned()));
            }
            rest = &rest[at + 1..];
            let (bracket, inner) = match rest.strip_prefix('{') {
                Some(inner) => (true, inner),
                None => (false, rest),
            };
            let digit = rest.bytes().next().filter(|byte| (b'1'..=b'9').contains(byte));
            if let Some(digit) = digit {
                pieces.push(TextPiece::Group(digit - b'0'));
                rest = &rest[1..];
                continue;
            }
            let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let (name, behind) = inner.split_at(length);
            let behind = match (bracket, behind.strip_prefix('}')) {
                (false, _) => behind,
                (true, Some(behind)) => behind,
                (true, None) => return Err(BadText::Bracket(name.to_owned())),
            };
            if name.is_empty() {
                return Err(BadText::Name);
            }
            pieces.push(TextPiece::Variable(name.to_owned()));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(TextPiece::Literal(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Always the same text.
    pub fn literal(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self(vec![TextPiece::Literal(text.to_owned())]) }
    }

    /// The text, where it does not depend on the request.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [TextPiece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// It starts with a literal.
    pub fn starts_with(&self, prefix: &str) -> bool {
        matches!(self.0.first(), Some(TextPiece::Literal(text)) if text.starts_with(prefix))
    }

    /// Names of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            TextPiece::Variable(name) => Some(name.as_str()),
            TextPiece::Literal(_) | TextPiece::Group(_) => None,
        })
    }

    /// The same text in the words of both routers. Groups become variables named by their number.
    pub fn to_expr(&self) -> TextExpr {
        let mut parts: Vec<Part> = Vec::new();
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            parts.push(match piece {
                TextPiece::Literal(text) => Part::Literal(text.clone()),
                TextPiece::Group(number) => Part::Variable(number.to_string()),
                TextPiece::Variable(name) => match name.as_str() {
                    "scheme" => Part::Scheme,
                    "host" => Part::Host,
                    "http_host" | "best_http_host" => Part::HostHeader,
                    "server_port" => Part::Port,
                    "request_uri" => Part::RawTarget { strip_slash: false },
                    "uri" | "document_uri" => Part::Path(PathExpr::Same),
                    "is_args" if pieces.next_if(|next| is_query(next)).is_some() => Part::Query,
                    "remote_addr" => Part::ClientAddress,
                    "realip_remote_addr" => Part::PeerAddress,
                    _ => match name.strip_prefix("http_") {
                        Some(header) => Part::Header(header.replace('_', "-")),
                        None => Part::Variable(name.clone()),
                    },
                },
            });
        }
        TextExpr(parts)
    }
}

fn is_query(piece: &TextPiece) -> bool {
    matches!(piece, TextPiece::Variable(name) if name == "args" || name == "query_string")
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let continues = |next: Option<&TextPiece>| match next {
            Some(TextPiece::Literal(text)) => text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'),
            Some(TextPiece::Variable(_) | TextPiece::Group(_)) | None => false,
        };
        for (at, piece) in self.0.iter().enumerate() {
            match piece {
                TextPiece::Literal(text) => f.write_str(text)?,
                TextPiece::Variable(name) if continues(self.0.get(at + 1)) => write!(f, "${{{name}}}")?,
                TextPiece::Variable(name) => write!(f, "${name}")?,
                TextPiece::Group(number) => write!(f, "${number}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_digit_names_a_group() {
        assert_eq!(Text::parse("$10").map(|text| text.0), Ok(vec![TextPiece::Group(1), TextPiece::Literal("0".to_owned())]));
    }

    #[test]
    fn a_dollar_at_the_end_is_refused() {
        assert_eq!(Text::parse("a$"), Err(BadText::Name));
    }

    #[test]
    fn brackets_delimit_a_name() {
        assert_eq!(Text::parse("${host}x").map(|text| text.to_string()), Ok("${host}x".to_owned()));
    }

    #[test]
    fn query_after_is_args_is_one_part() {
        assert_eq!(Text::parse("$is_args$args").map(|text| text.to_expr().0), Ok(vec![Part::Query]));
    }
}
