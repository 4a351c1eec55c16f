//! Values as the controller reads them: Go's rules for booleans, integers and networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A text as the parsers of the controller see it: every line trimmed. Validators see the raw text instead.
pub fn normalize(raw: &str) -> String {
    raw.split('\n').map(str::trim).collect::<Vec<_>>().join("\n")
}

/// `strconv.ParseBool`.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// `strconv.Atoi`: a sign and decimal digits, within 64 bits.
pub fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Networks and addresses of a comma separated list, as the controller writes them: masked, without duplicates, sorted
/// as texts. `None` where one item is neither; an item may be surrounded by blanks but not be empty.
pub fn networks(text: &str) -> Option<Vec<String>> {
    let mut found = text.split(',').map(|item| network(item.trim())).collect::<Option<Vec<_>>>()?;
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// `net.ParseCIDR`, else `net.ParseIP`.
fn network(item: &str) -> Option<String> {
    let Some((address, bits)) = item.split_once('/') else {
        return item.parse::<IpAddr>().ok().map(|address| written(address.to_canonical()));
    };
    if bits.is_empty() || !bits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bits: u32 = bits.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
            Some(format!("{}/{bits}", Ipv4Addr::from_bits(address.to_bits() & mask)))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits)?).unwrap_or(0);
            Some(format!("{}/{bits}", Ipv6Addr::from_bits(address.to_bits() & mask)))
        }
    }
}

fn written(address: IpAddr) -> String {
    address.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_stay_lines() {
        assert_eq!(normalize("  a \n b\n"), "a\nb\n");
    }

    #[test]
    fn integers_are_decimal_with_sign() {
        let read = ["5", "+5", "-5", "007", "", " 5", "5 ", "0x5", "1_0", "9223372036854775808"].map(integer);
        assert_eq!(read, [Some(5), Some(5), Some(-5), Some(7), None, None, None, None, None, None]);
    }

    #[test]
    fn networks_are_masked_and_sorted() {
        assert_eq!(
            networks("192.0.2.1, 10.1.2.3/8,2001:db8::1/32"),
            Some(vec!["10.0.0.0/8".into(), "192.0.2.1".into(), "2001:db8::/32".into()])
        );
    }

    #[test]
    fn network_of_no_bits_is_everything() {
        assert_eq!(networks("10.0.0.1/0"), Some(vec!["0.0.0.0/0".into()]));
    }

    #[test]
    fn half_written_networks_are_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "010.0.0.1", "10.0.0.0/8,", "fe80::1%eth0", "a.example.com"] {
            assert_eq!(networks(text), None, "{text}");
        }
    }
}
