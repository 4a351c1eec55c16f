//! A concrete request, byte for byte.

/// Scheme of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

/// Headers by which proxies tell each other about a request. Those that gateways write for backends take the place of what clients send.
pub fn is_proxy_header(name: &str) -> bool {
    name.starts_with("x-forwarded-") || name.starts_with("x-original-") || name == "forwarded" || name == "x-real-ip"
}

/// A header line as sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// Name as sent.
    pub name: String,
    /// Value as sent.
    pub value: String,
}

/// A request. `target` is the raw request target with its query; it may be `*` or an absolute form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Scheme of the connection.
    pub scheme: Scheme,
    /// Host header; `None` sends none.
    pub host: Option<String>,
    /// Server name of the TLS handshake; `None` sends none. Ignored for plain text.
    pub sni: Option<String>,
    /// Raw target.
    pub target: String,
    /// Header lines besides Host, in order; a repeated name is several lines.
    pub headers: Vec<Header>,
    /// Length of the body in bytes.
    pub body_bytes: u64,
    /// Body sent chunked, without Content-Length.
    pub chunked: bool,
    /// `1.0`, `1.1` or `2`.
    pub http_version: String,
    /// Address of the peer.
    pub client: String,
    /// Port of the listener where it is not that of the scheme.
    pub port: Option<u16>,
    /// Common name of the client certificate, if one is presented; `untrusted NAME` for one that no authority signed.
    pub client_certificate: Option<String>,
}
