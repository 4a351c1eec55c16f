//! Codes of findings. Titles, severities and advice are data: `annotation-maps/findings/<area>.yaml`, one entry a code.

use std::{fmt, str::FromStr};

macro_rules! codes {
    ($($variant:ident = $text:literal,)*) => {
        /// What a finding is about: `area/what-is-true`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the text of each code is in annotation-maps/findings")]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            /// All codes, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// `area/what-is-true`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

// One line a code; keep areas together.
codes! {
    GatewayCertificateMissing = "gateway/certificate-missing",
    GatewayConditionFalse = "gateway/condition-false",
    GatewayListenerSetNotAllowed = "gateway/listener-set-not-allowed",
    GatewayMeshRoute = "gateway/mesh-route",
    GatewayOtherController = "gateway/other-controller",
    GatewayOutage = "gateway/outage",
    GatewayParentMissing = "gateway/parent-missing",
    GatewayRouteNotAccepted = "gateway/route-not-accepted",
    GatewayRuleDropped = "gateway/rule-dropped",
    GatewayRuleFails = "gateway/rule-fails",
    GatewayUnknownPolicy = "gateway/unknown-policy",
    InputBrokenDocument = "input/broken-document",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no finding has the code `{0}`")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}
