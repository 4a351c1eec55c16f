//! Versions and channels of the Gateway API that are known, as `annotation-maps/gateway-api` lists them.

use std::{fmt, str::FromStr};

use super::data;

/// A version of the Gateway API: `1.6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(super) u16, pub(super) u16);

impl Version {
    /// All known versions, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        data::get().versions.keys().copied()
    }

    /// The newest known version.
    pub fn newest() -> Self {
        Self::all().next_back().expect("INVARIANT: the embedded maps have a version")
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let version = Self(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let patch = parts.next().is_none_or(|patch| patch.parse::<u16>().is_ok());
        (patch && parts.next().is_none()).then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A text that names no known version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no known version of the Gateway API; known are {known}")]
pub struct UnknownVersion {
    text: String,
    known: String,
}

impl FromStr for Version {
    type Err = UnknownVersion;

    /// Takes `1.6`, `1.6.3` and `v1.6.3`; patch releases of one version accept the same objects.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::parse(text).filter(|version| data::get().versions.contains_key(version)).ok_or_else(|| UnknownVersion {
            text: text.to_owned(),
            known: Self::all().map(|version| version.to_string()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Which definitions are installed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Only what is stable.
    #[default]
    Standard,
    /// Everything.
    Experimental,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Experimental => "experimental",
        })
    }
}

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        match text {
            "standard" => Ok(Self::Standard),
            "experimental" => Ok(Self::Experimental),
            _ => Err(UnknownChannel(text.to_owned())),
        }
    }
}

/// A text that names no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no channel; write standard or experimental")]
pub struct UnknownChannel(String);

/// Where a fact holds: words that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    versions: Option<(Version, Version)>,
    channel: Option<Channel>,
    api_version: Option<String>,
}

impl Scope {
    /// Whether it holds for a column of facts.
    pub(super) fn holds(&self, version: Version, channel: Channel, api_version: &str) -> bool {
        let Self { versions, channel: only_channel, api_version: only_api_version } = self;
        versions.is_none_or(|(first, last)| (first..=last).contains(&version))
            && only_channel.is_none_or(|only| only == channel)
            && only_api_version.as_ref().is_none_or(|only| only == api_version)
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut scope = Self::default();
        for word in text.split_whitespace() {
            let wrong = || format!("`{word}` is no place");
            if let Ok(channel) = word.parse() {
                scope.channel = Some(channel);
            } else if word.starts_with('v') {
                scope.api_version = Some(word.to_owned());
            } else {
                let (first, last) = match word.split_once('-') {
                    Some((first, last)) => (Version::parse(first), Version::parse(last)),
                    None => match word.strip_suffix('+') {
                        Some(first) => (Version::parse(first), Some(Version(u16::MAX, u16::MAX))),
                        None => (Version::parse(word), Version::parse(word)),
                    },
                };
                scope.versions = Some((first.ok_or_else(wrong)?, last.ok_or_else(wrong)?));
            }
        }
        Ok(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_of_a_place_must_hold() {
        let place = |text: &str| Scope::try_from(text.to_owned()).expect("a place");
        let v1_5 = Version(1, 5);
        for text in ["1.5", "1.4-1.5", "1.5+", "standard", "v1 standard 1.4+", ""] {
            assert!(place(text).holds(v1_5, Channel::Standard, "v1"), "{text}");
        }
        for text in ["1.4", "1.6+", "experimental", "v1beta1", "standard 1.6"] {
            assert!(!place(text).holds(v1_5, Channel::Standard, "v1"), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        assert!(Scope::try_from("1.x".to_owned()).is_err());
        assert!(Scope::try_from("stable".to_owned()).is_err());
    }
}
