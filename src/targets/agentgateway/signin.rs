//! Where a refused client is sent, as an expression of CEL: the sign-in page with the URL that was asked for.

use crate::gateway::AuthRequest;

/// URI of the original request, escaped as one component.
const ESCAPED: &str = "url.encode(request.pathAndQuery)";

/// The expression; `None` where the page is made of something that CEL does not know here.
pub(super) fn expression(asks: &AuthRequest) -> Option<String> {
    let AuthRequest { signin, signin_parameter, .. } = asks;
    let mut pieces = Pieces::default();
    pieces.text(signin)?;
    if !asks.names_return() {
        let joint = if asks.signin_query().is_empty() { '?' } else { '&' };
        pieces.text(&format!("{joint}{signin_parameter}=$scheme://$http_host$escaped_request_uri"))?;
    }
    Some(pieces.done())
}

/// Terms of a sum of texts.
#[derive(Default)]
struct Pieces {
    terms: Vec<String>,
    literal: String,
}

impl Pieces {
    /// Adds a text with variables of nginx; `None` where one of them is not known.
    fn text(&mut self, text: &str) -> Option<()> {
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            self.literal.push_str(before);
            let (name, behind) = match behind.strip_prefix('{') {
                Some(braced) => braced.split_once('}')?,
                None => behind.split_at(behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len())),
            };
            self.term(match name {
                "host" | "http_host" | "best_http_host" => "request.host",
                "scheme" | "pass_access_scheme" => "request.scheme",
                "request_uri" => "request.pathAndQuery",
                "escaped_request_uri" => ESCAPED,
                "request_method" => "request.method",
                _ => return None,
            });
            rest = behind;
        }
        self.literal.push_str(rest);
        Some(())
    }

    fn term(&mut self, term: &str) {
        self.end_literal();
        self.terms.push(term.to_owned());
    }

    /// A text between double quotes is the same in JSON and in CEL.
    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.terms.push(serde_json::Value::from(std::mem::take(&mut self.literal)).to_string());
        }
    }

    fn done(mut self) -> String {
        self.end_literal();
        self.terms.join(" + ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(signin: &str) -> Option<String> {
        expression(&AuthRequest { signin: signin.to_owned(), signin_parameter: "rd".to_owned(), ..AuthRequest::default() })
    }

    #[test]
    fn variables_become_terms_and_the_original_url_is_escaped() {
        assert_eq!(
            made("https://$host/oauth2/start?rd=$escaped_request_uri").as_deref(),
            Some(r#""https://" + request.host + "/oauth2/start?rd=" + url.encode(request.pathAndQuery)"#)
        );
        assert_eq!(made("https://a.example/?rd=x").as_deref(), Some(r#""https://a.example/?rd=x""#));
        assert_eq!(
            made("https://a.example/start").as_deref(),
            Some(r#""https://a.example/start?rd=" + request.scheme + "://" + request.host + url.encode(request.pathAndQuery)"#)
        );
        assert_eq!(
            made("https://${host}/?a=b&rd="),
            made("https://$host/?a=b&rd=").filter(|made| made.contains("&rd=\" + request.scheme"))
        );
    }

    #[test]
    fn a_page_made_of_something_else_has_no_expression() {
        assert_eq!(made("https://$http_x_realm/start"), None);
        assert_eq!(made("https://$hostname/start"), None);
    }
}
