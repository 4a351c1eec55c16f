//! Durations as GEP-2257 writes them: `1h30m`, `500ms`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A duration in whole milliseconds, at most `99999h59m59s999ms`. Its text is canonical: descending units, none twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Duration(u64);

const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Duration {
    /// The longest one that has a canonical text.
    pub const MAX: Self = Self(100_000 * 3_600_000 - 1);

    /// A duration of so many milliseconds; `None` where it is too long to write down.
    pub const fn from_millis(millis: u64) -> Option<Self> {
        if millis <= Self::MAX.0 { Some(Self(millis)) } else { None }
    }

    /// A duration of so many seconds; `None` where it is too long to write down.
    pub const fn from_secs(seconds: u64) -> Option<Self> {
        match seconds.checked_mul(1_000) {
            Some(millis) => Self::from_millis(millis),
            None => None,
        }
    }

    /// Milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, millis) in UNITS {
            if rest >= millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

impl TryFrom<String> for Duration {
    type Error = NotADuration;

    fn try_from(text: String) -> Result<Self, NotADuration> {
        text.parse()
    }
}

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no duration: write one to four whole numbers of at most five digits, each with h, m, s or ms")]
pub struct NotADuration(String);

impl FromStr for Duration {
    type Err = NotADuration;

    /// Reads `^([0-9]{1,5}(h|m|s|ms)){1,4}$`; repeated units add up.
    fn from_str(text: &str) -> Result<Self, NotADuration> {
        millis(text).and_then(Self::from_millis).ok_or_else(|| NotADuration(text.to_owned()))
    }
}

/// Sum of the parts of a GEP-2257 duration, which may be more than [`Duration::MAX`].
pub(in crate::gateway) fn millis(text: &str) -> Option<u64> {
    let (mut rest, mut sum, mut parts) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit_length = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &rest[digits..digits + unit_length])?;
        if !(1..=5).contains(&digits) {
            return None;
        }
        sum += rest[..digits].parse::<u64>().ok()? * factor;
        parts += 1;
        rest = &rest[digits + unit_length..];
    }
    (1..=4).contains(&parts).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_has_descending_units() {
        for (text, canonical) in
            [("90m", "1h30m"), ("0h", "0s"), ("1500ms", "1s500ms"), ("1s1s", "2s"), ("2m1h", "1h2m"), ("99999s", "27h46m39s")]
        {
            assert_eq!(text.parse::<Duration>().map(|duration| duration.to_string()).as_deref(), Ok(canonical));
        }
    }

    #[test]
    fn texts_outside_gep_2257_are_refused() {
        for text in ["", "0", "1d", "1.5s", "-1s", "100000s", "1h1m1s1ms1s", "1 s", "s", "1"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
