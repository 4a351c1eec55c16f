//! Values inside of header fields, picked as nginx picks them: cookies, and the address of the client.

use std::net::{IpAddr, Ipv4Addr};

/// Value of a cookie (`ngx_http_parse_multi_header_lines`): it ends at `;` alone, while `,` ends what is skipped too, and a name without `=`
/// takes the separator behind it with it.
pub(super) fn cookie<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    let mut rest = header;
    while !rest.is_empty() {
        let named = rest.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
        if let Some(start) = named {
            rest = rest[start.len()..].trim_start_matches(' ');
            if let Some(value) = rest.strip_prefix('=') {
                return value.trim_start_matches(' ').split(';').next();
            }
            let one = rest.chars().next().map_or(0, char::len_utf8);
            rest = &rest[one..];
        }
        rest = rest.find([';', ',']).map_or("", |at| rest[at + 1..].trim_start_matches(' '));
    }
    None
}

/// `real_ip_recursive` (`ngx_http_get_forwarded_addr`): from the right, as long as the address is trusted; blanks separate as commas do.
pub(super) fn forwarded(header: &str, peer: IpAddr, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut current = peer;
    let mut rest = header;
    while is_trusted(current) && !rest.is_empty() {
        rest = rest.trim_end_matches([' ', ',']);
        let start = rest.rfind([' ', ',']).map_or(0, |at| at + 1);
        let Some(address) = address_and_port(&rest[start..]) else { break };
        current = address;
        rest = &rest[..start.saturating_sub(1)];
    }
    current
}

/// `ngx_parse_addr_port`: an address, or one with a port that is not 0.
fn address_and_port(text: &str) -> Option<IpAddr> {
    if let Some(address) = address(text) {
        return Some(address);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, behind) = inner.split_once(']')?;
            if behind.is_empty() {
                return address(host);
            }
            (host, behind.strip_prefix(':')?)
        }
        None => text.split_once(':')?,
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u32>().is_ok_and(|port| (1..=65535).contains(&port));
    address(host).filter(|_| is_port)
}

/// `ngx_parse_addr`: leading zeros and empty numbers are decimal in addresses of version 4.
fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse().ok();
    }
    let number = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.trim_start_matches('0')).and_then(|part| if part.is_empty() { Some(0) } else { part.parse::<u8>().ok() })
    };
    let parts: Vec<u8> = text.split('.').map(number).collect::<Option<_>>()?;
    let parts: [u8; 4] = parts.try_into().ok()?;
    // All ones is how nginx says that it is no address.
    (parts != [255; 4]).then(|| Ipv4Addr::from(parts).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_end_at_semicolons_and_start_behind_commas_too() {
        for (header, value) in [
            ("canary=always,x=y", Some("always,x=y")),
            ("canary= always", Some("always")),
            ("canary=always ; a=b", Some("always ")),
            ("canary=always, canary=never", Some("always, canary=never")),
            ("canary;canary=always", None),
            ("canary2=x; CANARY =always", Some("always")),
            ("a=b,canary=always", Some("always")),
            ("canary", None),
        ] {
            assert_eq!(cookie(header, "canary"), value, "{header}");
        }
    }

    #[test]
    fn addresses_are_those_of_nginx() {
        let peer: IpAddr = [192, 0, 2, 1].into();
        for (header, client) in [
            ("203.0.113.9 198.51.100.2", "203.0.113.9"),
            ("10.0.0.5,", "10.0.0.5"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("010.0.0.1", "10.0.0.1"),
            ("203.0.113.9:", "192.0.2.1"),
            ("10.0.0.5:0", "192.0.2.1"),
            ("10.0.0.5:99999", "192.0.2.1"),
            ("10.0.0.5:80", "10.0.0.5"),
            ("unknown, 10.0.0.5", "10.0.0.5"),
            ("", "192.0.2.1"),
        ] {
            assert_eq!(forwarded(header, peer, |_| true).to_string(), client, "{header}");
        }
        assert_eq!(forwarded("203.0.113.9, 198.51.100.2", peer, |address| address == peer).to_string(), "198.51.100.2");
    }
}
