//! How requests are passed on: sizes, buffers, times, retries, and what is changed in answers.

use super::Setting;

/// Buffers. Sizes are texts such as `8k`, as nginx gets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffering {
    /// `proxy-buffering` is `on`.
    pub responses: Setting<String>,
    /// `proxy-request-buffering`.
    pub requests: Setting<String>,
    /// `proxy-buffer-size`.
    pub size: Setting<String>,
    /// `proxy-buffers-number`.
    pub number: Setting<i64>,
    /// `proxy-busy-buffers-size`, empty for nginx's default.
    pub busy: Setting<String>,
    /// `proxy-max-temp-file-size`.
    pub temp_file: Setting<String>,
    /// `client-body-buffer-size`.
    pub body: Setting<String>,
}

/// Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// `proxy-connect-timeout`.
    pub connect: Setting<i64>,
    /// `proxy-send-timeout`, between two writes.
    pub send: Setting<i64>,
    /// `proxy-read-timeout`, between two reads.
    pub read: Setting<i64>,
}

/// Retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextUpstream {
    /// `proxy-next-upstream`, as nginx gets it.
    pub conditions: Setting<String>,
    /// `proxy-next-upstream-timeout` in seconds, 0 for no limit.
    pub timeout: Setting<i64>,
    /// `proxy-next-upstream-tries`, 0 for no limit.
    pub tries: Setting<i64>,
}

/// `proxy_redirect FROM TO`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRedirect {
    /// `proxy-redirect-from`.
    pub from: Setting<String>,
    /// `proxy-redirect-to`.
    pub to: Setting<String>,
}

/// Everything of `proxy-*` that has no group of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `proxy-body-size` in bytes; `None` for no limit.
    pub body_size: Setting<Option<u64>>,
    /// Buffers.
    pub buffering: Buffering,
    /// Times.
    pub timeouts: Timeouts,
    /// Retries.
    pub next_upstream: NextUpstream,
    /// `proxy-redirect-*`.
    pub redirect: ProxyRedirect,
    /// `proxy-cookie-domain`, `off` where absent.
    pub cookie_domain: Setting<String>,
    /// `proxy-cookie-path`, `off` where absent.
    pub cookie_path: Setting<String>,
    /// `proxy-http-version`.
    pub http_version: Setting<String>,
}
