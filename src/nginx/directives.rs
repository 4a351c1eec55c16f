//! Snippets that nginx may refuse: their directives are looked up by name only.

use super::Config;

/// Directives that are known to exist in locations, servers and the http level.
const KNOWN: &[&str] = &[
    "absolute_redirect", "access_by_lua", "access_by_lua_block", "access_by_lua_file", "access_log", "add_after_body", "add_before_body",
    "add_header", "add_trailer", "aio", "alias", "allow", "ancient_browser", "ancient_browser_value", "auth_basic", "auth_basic_user_file",
    "auth_digest", "auth_digest_user_file", "auth_request", "auth_request_set", "autoindex", "body_filter_by_lua_block", "break", "charset",
    "charset_types", "chunked_transfer_encoding", "client_body_buffer_size", "client_body_in_file_only", "client_body_in_single_buffer",
    "client_body_temp_path", "client_body_timeout", "client_header_buffer_size", "client_header_timeout", "client_max_body_size",
    "content_by_lua_block", "content_by_lua_file", "deny", "directio", "dlink", "empty_gif", "error_log", "error_page", "etag", "expires",
    "fastcgi_buffer_size", "fastcgi_buffering", "fastcgi_buffers", "fastcgi_connect_timeout", "fastcgi_index", "fastcgi_param",
    "fastcgi_pass", "fastcgi_read_timeout", "fastcgi_send_timeout", "fastcgi_split_path_info", "geo", "geoip2", "grpc_buffer_size",
    "grpc_connect_timeout", "grpc_pass", "grpc_read_timeout", "grpc_send_timeout", "grpc_set_header", "gunzip", "gzip", "gzip_comp_level",
    "gzip_disable", "gzip_http_version", "gzip_min_length", "gzip_proxied", "gzip_static", "gzip_types", "gzip_vary",
    "header_filter_by_lua_block", "http2_push_preload", "if", "if_modified_since", "ignore_invalid_headers", "include", "index", "internal",
    "keepalive_requests", "keepalive_timeout", "large_client_header_buffers", "limit_conn", "limit_conn_log_level", "limit_conn_status",
    "limit_conn_zone", "limit_except", "limit_rate", "limit_rate_after", "limit_req", "limit_req_log_level", "limit_req_status",
    "limit_req_zone", "lingering_close", "lingering_time", "lingering_timeout", "listen", "location", "log_by_lua_block", "log_format",
    "log_not_found", "log_subrequest", "lua_shared_dict", "map", "map_hash_bucket_size", "map_hash_max_size", "max_ranges", "merge_slashes",
    "mirror", "mirror_request_body", "modsecurity", "modsecurity_rules", "modsecurity_rules_file", "modsecurity_transaction_id",
    "more_clear_headers", "more_clear_input_headers", "more_set_headers", "more_set_input_headers", "msie_padding", "msie_refresh",
    "opentelemetry", "output_buffers", "port_in_redirect", "post_action", "proxy_bind", "proxy_buffer_size", "proxy_buffering",
    "proxy_buffers", "proxy_busy_buffers_size", "proxy_cache", "proxy_cache_background_update", "proxy_cache_bypass",
    "proxy_cache_convert_head", "proxy_cache_key", "proxy_cache_lock", "proxy_cache_lock_age", "proxy_cache_lock_timeout",
    "proxy_cache_max_range_offset", "proxy_cache_methods", "proxy_cache_min_uses", "proxy_cache_path", "proxy_cache_revalidate",
    "proxy_cache_use_stale", "proxy_cache_valid", "proxy_connect_timeout", "proxy_cookie_domain", "proxy_cookie_flags",
    "proxy_cookie_path", "proxy_force_ranges", "proxy_headers_hash_bucket_size", "proxy_headers_hash_max_size", "proxy_hide_header",
    "proxy_http_version", "proxy_ignore_client_abort", "proxy_ignore_headers", "proxy_intercept_errors", "proxy_limit_rate",
    "proxy_max_temp_file_size", "proxy_method", "proxy_next_upstream", "proxy_next_upstream_timeout", "proxy_next_upstream_tries",
    "proxy_no_cache", "proxy_pass", "proxy_pass_header", "proxy_pass_request_body", "proxy_pass_request_headers", "proxy_read_timeout",
    "proxy_redirect", "proxy_request_buffering", "proxy_send_timeout", "proxy_set_body", "proxy_set_header", "proxy_socket_keepalive",
    "proxy_ssl_certificate", "proxy_ssl_certificate_key", "proxy_ssl_ciphers", "proxy_ssl_name", "proxy_ssl_protocols",
    "proxy_ssl_server_name", "proxy_ssl_session_reuse", "proxy_ssl_trusted_certificate", "proxy_ssl_verify", "proxy_ssl_verify_depth",
    "proxy_store", "proxy_temp_file_write_size", "proxy_temp_path", "random_index", "real_ip_header", "real_ip_recursive",
    "recursive_error_pages", "reset_timedout_connection", "resolver", "resolver_timeout", "return", "rewrite", "rewrite_by_lua_block",
    "rewrite_log", "root", "satisfy", "send_timeout", "sendfile", "server", "server_name", "server_name_in_redirect",
    "server_names_hash_bucket_size", "server_names_hash_max_size", "server_tokens", "set", "set_by_lua_block", "set_real_ip_from", "slice",
    "source_charset", "split_clients", "ssi", "ssl_buffer_size", "ssl_certificate", "ssl_certificate_key", "ssl_ciphers",
    "ssl_client_certificate", "ssl_crl", "ssl_dhparam", "ssl_early_data", "ssl_ecdh_curve", "ssl_prefer_server_ciphers", "ssl_protocols",
    "ssl_session_cache", "ssl_session_tickets", "ssl_session_timeout", "ssl_stapling", "ssl_stapling_verify", "ssl_trusted_certificate",
    "ssl_verify_client", "ssl_verify_depth", "stub_status", "sub_filter", "sub_filter_last_modified", "sub_filter_once",
    "sub_filter_types", "subrequest_output_buffer_size", "tcp_nodelay", "tcp_nopush", "try_files", "types", "underscores_in_headers",
    "uninitialized_variable_warn", "upstream", "userid", "userid_domain", "userid_expires", "userid_name", "userid_path", "uwsgi_pass",
    "valid_referers", "variables_hash_bucket_size", "variables_hash_max_size", "xslt_stylesheet",
];

/// Blocks whose content is no list of directives.
const OPAQUE: &[&str] = &["geo", "geoip2", "map", "split_clients", "types"];

/// Why nginx may refuse the whole configuration, as far as snippets can tell.
pub(super) fn doubt(config: &Config) -> Option<String> {
    let globals = config.globals.snippets.iter().filter(|snippet| !["main-snippet", "stream-snippet"].contains(&snippet.key));
    let own = config.ingresses.iter().filter_map(|ingress| ingress.settings.snippets.as_ref());
    let own = own.flat_map(|snippets| [&snippets.configuration, &snippets.server, &snippets.auth]);
    let name = globals.map(|snippet| &snippet.text).chain(own).find_map(|text| unknown(text))?;
    Some(format!("whether nginx knows the directive `{name}` of a snippet"))
}

/// The first directive that is not in the list.
fn unknown(text: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut opaque = 0_usize;
    let mut chars = text.chars().peekable();
    let mut word = String::new();
    let known = |words: &[String]| words.first().is_none_or(|name| KNOWN.binary_search(&name.as_str()).is_ok());
    while let Some(c) = chars.next() {
        match c {
            '#' if word.is_empty() => while chars.next_if(|&c| c != '\n').is_some() {},
            '"' | '\'' => {
                while let Some(inner) = chars.next() {
                    if inner == '\\' {
                        chars.next();
                    } else if inner == c {
                        break;
                    }
                    word.push(inner);
                }
            }
            '{' | '}' | ';' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                let name = words.first().cloned().unwrap_or_default();
                if opaque == 0 && !known(&words) {
                    return words.into_iter().next();
                }
                match c {
                    '{' if opaque > 0 || OPAQUE.contains(&name.as_str()) || name.ends_with("_by_lua_block") => opaque += 1,
                    '}' => opaque = opaque.saturating_sub(1),
                    _ => {}
                }
                words.clear();
            }
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_directives_is_sorted() {
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn only_names_of_directives_are_looked_up() {
        assert_eq!(unknown("if ($x = \"y;z\") { return 418; } # no_such\nmap $a $b { no_such 1; }"), None);
        assert_eq!(unknown("add_header A b;\nno_such_directive on;").as_deref(), Some("no_such_directive"));
    }
}
