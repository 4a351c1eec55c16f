//! Groups that decide where a request goes and what the client is told.

use indexmap::IndexMap;

use super::Setting;
use crate::{
    k8s::NamespacedName,
    nginx::{code::Code, router::quote},
};

/// Paths, rewrites and the redirect to HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// `rewrite-target`, empty where absent or invalid.
    pub target: String,
    /// `use-regex`.
    pub use_regex: bool,
    /// `app-root`, empty where absent or invalid.
    pub app_root: String,
    /// `ssl-redirect`.
    pub ssl_redirect: Setting<bool>,
    /// `force-ssl-redirect`.
    pub force_ssl_redirect: Setting<bool>,
    /// `preserve-trailing-slash`.
    pub preserve_trailing_slash: Setting<bool>,
    /// `use-port-in-redirects`.
    pub use_port_in_redirects: Setting<bool>,
}

/// A redirect to a fixed URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedRedirect {
    /// URL; a path where it is relative.
    pub url: String,
    /// Status.
    pub status: u16,
    /// `temporal-redirect` or `permanent-redirect`.
    pub annotation: &'static str,
}

/// Redirects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Answers every request of the location.
    pub fixed: Option<FixedRedirect>,
    /// `from-to-www-redirect`.
    pub www: bool,
    /// `relative-redirects`.
    pub relative: Setting<bool>,
}

/// A canary's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// `canary-weight` as given, also below 0 and above the total.
    pub weight: i64,
    /// `canary-weight-total` as given.
    pub weight_total: i64,
    /// `canary-by-header`, empty where absent.
    pub header: String,
    /// `canary-by-header-value`, empty where absent.
    pub header_value: String,
    /// `canary-by-header-pattern`, empty where absent.
    pub header_pattern: String,
    /// `canary-by-cookie`, empty where absent.
    pub cookie: String,
}

impl Canary {
    /// Parts of [`Self::total`] that go to the canary when neither header nor cookie decide.
    pub fn share(&self) -> u64 {
        self.weight.clamp(0, self.total().cast_signed()).cast_unsigned()
    }

    /// Sum of the parts; totals up to 100 count as 100 (`balancer.lua`).
    pub fn total(&self) -> u64 {
        self.weight_total.max(100).cast_unsigned()
    }
}

/// CORS headers and preflight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// `cors-allow-origin` items, trimmed; `*` allows all, items without scheme allow none.
    pub origins: Vec<String>,
    /// `cors-allow-methods`.
    pub methods: String,
    /// `cors-allow-headers`.
    pub headers: String,
    /// `cors-allow-credentials`.
    pub credentials: bool,
    /// `cors-max-age`.
    pub max_age: i64,
    /// `cors-expose-headers`, empty where absent.
    pub expose: String,
}

impl Cors {
    /// The expression that the end of an allowed origin fits, without regard to case; `None` where all are allowed, or none.
    pub fn origin_expression(&self) -> Option<String> {
        if self.origins.is_empty() || self.allows_all() {
            return None;
        }
        let quoted: Vec<String> =
            self.origins.iter().map(|origin| format!("({})", quote(origin).replacen(r"\*", r"[A-Za-z0-9\-]+", 1))).collect();
        Some(format!("({})", quoted.join("|")))
    }

    /// Every origin is allowed, and a request without one is treated alike.
    pub fn allows_all(&self) -> bool {
        self.origins == ["*"]
    }
}

/// `custom-headers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomHeaders {
    /// The ConfigMap.
    pub config_map: NamespacedName,
    /// Header names and values.
    pub headers: IndexMap<String, String>,
}

/// Errors that the error backend answers instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPages {
    /// Codes: those of the annotation, else those of the ConfigMap.
    pub codes: Setting<Vec<u16>>,
    /// `disable-proxy-intercept-errors`: answers of backends pass (only while the ConfigMap has no codes).
    pub intercept_disabled: Setting<bool>,
}

/// Nginx text with effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snippets {
    /// `configuration-snippet`.
    pub configuration: String,
    /// `server-snippet`.
    pub server: String,
    /// `stream-snippet`.
    pub stream: String,
    /// `auth-snippet`.
    pub auth: String,
    /// `configuration-snippet`, read.
    pub configuration_code: Code,
    /// `server-snippet`, read.
    pub server_code: Code,
    /// `stream-snippet`, read.
    pub stream_code: Code,
    /// Why nginx refuses the configuration with them, by annotation.
    pub refused: Vec<(&'static str, SnippetRefusal)>,
    /// What they define for other snippets: variables with `$`, and names of zones.
    pub defines: Vec<String>,
}

/// Why nginx refuses a configuration with a snippet in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetRefusal {
    /// Bytes of the snippet.
    pub part: std::ops::Range<usize>,
    /// What nginx says.
    pub message: String,
    /// What it depends on.
    pub unless: SnippetUnless,
}

/// What saves a snippet from being refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnippetUnless {
    /// Nothing.
    Never,
    /// The controller loads a module, by a key or an annotation.
    Loaded(&'static str),
    /// The controller does not write the directive itself, as an annotation or key is absent.
    Absent(&'static str),
    /// An annotation or key replaces the `off` that the controller writes.
    Replaced(&'static str),
    /// Another snippet defines a variable (with `$`) or a zone.
    Defined(String),
}
