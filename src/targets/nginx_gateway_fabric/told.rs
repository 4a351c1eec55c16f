//! Variables in values of headers: nginx knows them, and from 2.6 on one of them may be the whole value.

use super::escaped;
use crate::targets::told::{OWN_ID, Said, Side, Told};

/// Variables of nginx that say in the locations of NGINX Gateway Fabric what they say in those of ingress-nginx. `$uri` is none: requests
/// go through internal redirects there.
const SAME: &[&str] = &[
    "args",
    "content_length",
    "content_type",
    "host",
    "http_host",
    "https",
    "query_string",
    "remote_addr",
    "remote_user",
    "request_method",
    "request_uri",
    "scheme",
    "server_protocol",
    "ssl_cipher",
    "ssl_client_escaped_cert",
    "ssl_client_fingerprint",
    "ssl_client_i_dn",
    "ssl_client_s_dn",
    "ssl_client_serial",
    "ssl_client_verify",
    "ssl_protocol",
    "ssl_server_name",
    "time_iso8601",
    "time_local",
];

/// Families of variables that take any name.
const FAMILIES: &[&str] = &["arg_", "cookie_", "http_"];

/// Those that are only there with an answer.
const OF_ANSWERS: &[&str] = &["upstream_http_", "upstream_status", "upstream_response_time"];

/// The value, where it is a text or one variable.
pub(super) fn said(pieces: &[Told<'_>], side: Side) -> Option<Said> {
    match pieces {
        // A dollar sign cannot be written.
        [Told::Text(text)] => (!text.contains('$')).then(|| Said { value: escaped(text), but: None, stays: false }),
        [Told::Variable("req_id")] => Some(Said { value: "$request_id".to_owned(), but: Some(OWN_ID), stays: false }),
        [Told::Variable("request_id")] => Some(Said { value: "$request_id".to_owned(), but: None, stays: false }),
        [Told::Variable("best_http_host")] => Some(Said { value: "$http_host".to_owned(), but: None, stays: false }),
        [Told::Variable(name)] => {
            let of_answer = side == Side::Response && OF_ANSWERS.iter().any(|family| name.starts_with(family));
            let same = SAME.contains(name) || FAMILIES.iter().any(|family| name.len() > family.len() && name.starts_with(family));
            (same || of_answer).then(|| Said { value: format!("${name}"), but: None, stays: false })
        }
        [] | [_, _, ..] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_is_a_value_and_two_pieces_are_none() {
        assert_eq!(said(&[Told::Variable("remote_addr")], Side::Request).expect("known").value, "$remote_addr");
        assert_eq!(said(&[Told::Text("a "), Told::Variable("remote_addr")], Side::Request), None);
    }

    #[test]
    fn variables_of_the_controller_are_not_those_of_nginx() {
        for name in ["namespace", "pass_access_scheme", "proxy_upstream_name", "uri", "the_real_ip"] {
            assert_eq!(said(&[Told::Variable(name)], Side::Response), None, "{name}");
        }
    }
}
