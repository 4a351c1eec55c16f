//! Texts with variables and captures, as nginx compiles them (`ngx_http_script_compile`).

use std::collections::BTreeSet;

use crate::request::Piece;

/// Why nginx refuses a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A `$` without a name behind it.
    #[error("invalid variable name")]
    Name,
    /// `${` without `}`.
    #[error("the closing bracket in `{0}` variable is missing")]
    Bracket(String),
    /// A variable that nobody defines.
    #[error("unknown `{0}` variable")]
    Unknown(String),
}

/// Variables of nginx, its modules and the controller's template.
const KNOWN: &[&str] = &[
    "allowlist",
    "ancient_browser",
    "args",
    "auth_cookie",
    "balancer_ewma_score",
    "best_http_host",
    "binary_remote_addr",
    "body_bytes_sent",
    "bytes_received",
    "bytes_sent",
    "cache_key",
    "connection",
    "connection_requests",
    "connection_time",
    "connection_upgrade",
    "content_length",
    "content_type",
    "cors",
    "date_gmt",
    "date_local",
    "document_root",
    "document_uri",
    "escaped_request_uri",
    "fastcgi_path_info",
    "fastcgi_script_name",
    "force_no_ssl_redirect",
    "force_ssl_redirect",
    "full_x_forwarded_for",
    "geoip_country_code",
    "gzip_ratio",
    "host",
    "hostname",
    "http2",
    "http3",
    "https",
    "ingress_name",
    "invalid_referer",
    "is_args",
    "limit_conn_status",
    "limit_rate",
    "limit_req_status",
    "literal_dollar",
    "location_path",
    "loggable",
    "memcached_key",
    "modern_browser",
    "msec",
    "msie",
    "namespace",
    "nginx_version",
    "pass_access_scheme",
    "pass_port",
    "pass_server_port",
    "pid",
    "pipe",
    "preserve_trailing_slash",
    "protocol",
    "proxy_add_x_forwarded_for",
    "proxy_alternative_upstream_name",
    "proxy_host",
    "proxy_internal_body_length",
    "proxy_internal_chunked",
    "proxy_port",
    "proxy_protocol_addr",
    "proxy_protocol_port",
    "proxy_protocol_server_addr",
    "proxy_protocol_server_port",
    "proxy_upstream_name",
    "query_string",
    "realip_remote_addr",
    "realip_remote_port",
    "realpath_root",
    "redirect_to",
    "remote_addr",
    "remote_port",
    "remote_user",
    "req_id",
    "request",
    "request_body",
    "request_body_file",
    "request_completion",
    "request_filename",
    "request_id",
    "request_length",
    "request_method",
    "request_time",
    "request_uri",
    "scheme",
    "sent_http_cache_control",
    "server_addr",
    "server_name",
    "server_port",
    "server_protocol",
    "service_name",
    "service_port",
    "session_log_id",
    "slice_range",
    "ssl_alpn_protocol",
    "ssl_cipher",
    "ssl_ciphers",
    "ssl_client_cert",
    "ssl_client_escaped_cert",
    "ssl_client_fingerprint",
    "ssl_client_i_dn",
    "ssl_client_i_dn_legacy",
    "ssl_client_raw_cert",
    "ssl_client_s_dn",
    "ssl_client_s_dn_legacy",
    "ssl_client_serial",
    "ssl_client_v_end",
    "ssl_client_v_remain",
    "ssl_client_v_start",
    "ssl_client_verify",
    "ssl_curve",
    "ssl_curves",
    "ssl_early_data",
    "ssl_protocol",
    "ssl_redirect",
    "ssl_server_name",
    "ssl_session_id",
    "ssl_session_reused",
    "status",
    "subdomain",
    "target",
    "tcpinfo_rcv_space",
    "tcpinfo_rtt",
    "tcpinfo_rttvar",
    "tcpinfo_snd_cwnd",
    "time_iso8601",
    "time_local",
    "tmp_cache_key",
    "uid_got",
    "uid_reset",
    "uid_set",
    "upstream_addr",
    "upstream_bytes_received",
    "upstream_bytes_sent",
    "upstream_cache_last_modified",
    "upstream_cache_status",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_last_server_name",
    "upstream_queue_time",
    "upstream_response_length",
    "upstream_response_time",
    "upstream_status",
    "uri",
    "use_port_in_redirects",
];

/// Families of variables that take any name. Those of modules that are loaded on demand stand for all that their databases have.
const FAMILIES: &[&str] = &[
    "arg_",
    "cookie_",
    "geoip2_",
    "http_",
    "opentelemetry_",
    "sent_http_",
    "sent_trailer_",
    "upstream_cookie_",
    "upstream_http_",
    "upstream_trailer_",
    "proxy_protocol_tlv_",
];

/// Somebody defines the variable.
pub fn is_known(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    KNOWN.binary_search(&lower.as_str()).is_ok() || FAMILIES.iter().any(|family| lower.starts_with(family))
}

/// Reads a text. `groups` are the named groups of all regular expressions of the configuration.
pub fn parse(text: &str, groups: &BTreeSet<String>) -> Result<Vec<Piece>, Error> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        literal.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(digit) = rest.bytes().next().filter(|byte| (b'1'..=b'9').contains(byte)) {
            flush(&mut literal, &mut pieces);
            pieces.push(Piece::Group(digit - b'0'));
            rest = &rest[1..];
            continue;
        }
        let (name, after) = match rest.strip_prefix('{') {
            Some(inner) => {
                let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
                match inner[end..].strip_prefix('}') {
                    Some(after) => (&inner[..end], after),
                    None => return Err(Error::Bracket(inner[..end].to_owned())),
                }
            }
            None => rest.split_at(rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())),
        };
        if name.is_empty() {
            return Err(Error::Name);
        }
        flush(&mut literal, &mut pieces);
        if groups.contains(name) {
            pieces.push(Piece::Named(name.to_owned()));
        } else if is_known(name) {
            pieces.push(Piece::Variable(name.to_ascii_lowercase()));
        } else {
            return Err(Error::Unknown(name.to_owned()));
        }
        rest = after;
    }
    literal.push_str(rest);
    flush(&mut literal, &mut pieces);
    Ok(pieces)
}

fn flush(literal: &mut String, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_group_is_the_first_and_a_zero() {
        let pieces = parse("/$10", &BTreeSet::new());
        assert_eq!(pieces, Ok(vec![Piece::Literal("/".into()), Piece::Group(1), Piece::Literal("0".into())]));
    }

    #[test]
    fn unknown_variables_and_bare_dollars_are_refused() {
        let none = BTreeSet::new();
        assert_eq!(parse("/$nosuch", &none), Err(Error::Unknown("nosuch".into())));
        assert_eq!(parse("/$$", &none), Err(Error::Name));
        assert_eq!(parse("/$", &none), Err(Error::Name));
        assert_eq!(parse("/$0", &none), Err(Error::Unknown("0".into())));
    }

    #[test]
    fn the_list_of_variables_is_sorted() {
        assert!(KNOWN.is_sorted());
    }
}
