//! Variables of nginx as commands of Envoy: values of headers are formats, in the filters of routes too.

use crate::targets::told::{OWN_ID, Said, Side, Told, header_of};

/// Headers that Envoy itself makes or takes away, so that they do not hold what the client sent.
fn is_own(header: &str) -> bool {
    header.starts_with("x-forwarded-") || header.starts_with("x-envoy-") || header == "x-request-id"
}

/// The value, where Envoy has commands for all of it.
pub(super) fn said(pieces: &[Told<'_>], side: Side) -> Option<Said> {
    let mut said = Said {
        value: String::new(),
        but: None,
        stays: pieces.iter().all(|piece| matches!(piece, Told::Variable(name) if may_be_empty(name))),
    };
    for piece in pieces {
        match piece {
            Told::Text(text) => said.value.push_str(&text.replace('%', "%%")),
            Told::Variable(name) => {
                let (command, but) = command(name, side)?;
                said.value.push('%');
                said.value.push_str(&command);
                said.value.push('%');
                said.but = said.but.or(but);
            }
        }
    }
    Some(said)
}

/// Envoy does not touch a header whose new value is empty.
fn may_be_empty(name: &str) -> bool {
    const NEVER: &[&str] = &[
        "best_http_host",
        "host",
        "http_host",
        "realip_remote_addr",
        "remote_addr",
        "req_id",
        "request_id",
        "request_method",
        "request_uri",
    ];
    !NEVER.contains(&name)
}

/// The command for a variable, and what it says otherwise.
fn command(name: &str, side: Side) -> Option<(String, Option<&'static str>)> {
    let same = match name {
        "remote_addr" => "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "realip_remote_addr" => "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
        "http_host" | "host" | "best_http_host" => "REQ(:AUTHORITY)",
        // The path before it was rewritten stands in a header of Envoy's own from then on.
        "request_uri" => "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)",
        "request_method" => "REQ(:METHOD)",
        "content_type" => "REQ(CONTENT-TYPE)",
        "ssl_client_s_dn" => "DOWNSTREAM_PEER_SUBJECT",
        "ssl_client_i_dn" => "DOWNSTREAM_PEER_ISSUER",
        "ssl_client_fingerprint" => "DOWNSTREAM_PEER_FINGERPRINT_1",
        "ssl_client_escaped_cert" => "DOWNSTREAM_PEER_CERT",
        "ssl_protocol" => "DOWNSTREAM_TLS_VERSION",
        "ssl_cipher" => "DOWNSTREAM_TLS_CIPHER",
        "ssl_server_name" => "REQUESTED_SERVER_NAME",
        "request_id" | "req_id" => return Some(("REQ(X-REQUEST-ID)".to_owned(), Some(OWN_ID))),
        _ => {
            if let Some(header) = header_of(name, "http_").filter(|header| !is_own(header)) {
                return Some((format!("REQ({header})"), None));
            }
            let header = header_of(name, "upstream_http_").filter(|_| side == Side::Response)?;
            return Some((format!("RESP({header})"), None));
        }
    };
    Some((same.to_owned(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::format::{self, Formatted};

    #[test]
    fn every_command_is_one_that_envoy_knows() {
        for name in [
            "remote_addr",
            "realip_remote_addr",
            "host",
            "request_uri",
            "request_method",
            "ssl_client_s_dn",
            "ssl_client_i_dn",
            "ssl_client_fingerprint",
            "ssl_client_escaped_cert",
            "ssl_protocol",
            "ssl_cipher",
            "ssl_server_name",
            "request_id",
            "http_x_user",
            "upstream_http_x_served_by",
        ] {
            let said = said(&[Told::Text("50% "), Told::Variable(name)], Side::Response).expect(name);
            assert_ne!(format::read(&said.value), Formatted::Bad, "{name}: {}", said.value);
        }
    }

    #[test]
    fn headers_of_clients_may_be_missing() {
        let stays = |pieces: &[Told<'_>]| said(pieces, Side::Request).expect("said").stays;
        assert!(stays(&[Told::Variable("http_x_user")]) && stays(&[Told::Variable("ssl_client_s_dn")]));
        assert!(!stays(&[Told::Variable("remote_addr")]) && !stays(&[Told::Text("DN "), Told::Variable("ssl_client_s_dn")]));
    }

    #[test]
    fn what_envoy_makes_itself_is_not_what_the_client_sent() {
        assert_eq!(said(&[Told::Variable("http_x_forwarded_for")], Side::Request), None);
        assert_eq!(said(&[Told::Variable("upstream_http_x")], Side::Request), None);
        assert_eq!(said(&[Told::Variable("upstream_cache_status")], Side::Response), None);
    }
}
