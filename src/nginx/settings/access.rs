//! Groups that decide who may send how much.

use std::{fmt, net::IpAddr, str::FromStr};

use super::Setting;

/// A network. The address is masked, a single address has the full length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    /// First address.
    pub address: IpAddr,
    /// Length of the prefix in bits.
    pub length: u8,
}

impl Cidr {
    /// The network as Go prints it: IPv4 in the dress of IPv6 is IPv4.
    #[must_use]
    pub fn as_go_prints_it(self) -> Self {
        match self.address {
            IpAddr::V6(v6)
                if self.length >= 96
                    && let Some(v4) = v6.to_ipv4_mapped() =>
            {
                Self { address: v4.into(), length: self.length - 96 }
            }
            IpAddr::V4(_) | IpAddr::V6(_) => self,
        }
    }

    /// The address is in the network. IPv4 and IPv6 never meet, except that an IPv4 address mapped into IPv6 is in networks of both.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0);
                u32::from(net) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                u128::from(net) & mask == u128::from(address) & mask
            }
            (IpAddr::V4(_), IpAddr::V6(address)) => address.to_ipv4_mapped().is_some_and(|address| self.contains(address.into())),
            (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// A text that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a CIDR")]
pub struct NotACidr(String);

impl FromStr for Cidr {
    type Err = NotACidr;

    /// As Go's `net.ParseCIDR`, and single addresses.
    fn from_str(text: &str) -> Result<Self, NotACidr> {
        let refused = || NotACidr(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => {
                let plain = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
                (address, plain.then(|| length.parse::<u8>().ok()).flatten().ok_or_else(refused).map(Some)?)
            }
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let full = if address.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(full);
        if length > full {
            return Err(refused());
        }
        let address = match address {
            IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)).into()),
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)).into()),
        };
        Ok(Self { address, length })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// How address lists and authentication combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Satisfy {
    /// Everything must pass.
    #[default]
    All,
    /// One must pass.
    Any,
}

/// Address lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressLists {
    /// `allowlist-source-range`; empty allows everybody.
    pub allow: Setting<Vec<Cidr>>,
    /// `denylist-source-range`, looked at first.
    pub deny: Setting<Vec<Cidr>>,
    /// `satisfy`.
    pub satisfy: Satisfy,
    /// An annotation says it, so that the controller writes the directive.
    pub says_satisfy: bool,
}

/// Limits per client address; 0 switches one off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimits {
    /// `limit-connections`.
    pub connections: i64,
    /// `limit-rps`.
    pub per_second: i64,
    /// `limit-rpm`.
    pub per_minute: i64,
    /// `limit-burst-multiplier`.
    pub burst_multiplier: i64,
    /// `limit-rate` in KiB per second.
    pub rate: i64,
    /// `limit-rate-after` in KiB.
    pub rate_after: i64,
    /// `limit-allowlist`: networks that are not limited.
    pub exempt: Vec<Cidr>,
}

impl RateLimits {
    /// Requests can be refused.
    pub fn refuses(&self) -> bool {
        self.connections > 0 || self.per_second > 0 || self.per_minute > 0
    }
}
