//! Values of the ConfigMap that the template prints as they stand, and that no setting of a location overrides: what nginx says against them.

use indexmap::IndexMap;

use crate::annotations::check;

/// How nginx reads a value.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Bytes, not 0.
    Size,
    /// A number and bytes, neither of them 0.
    Buffers,
    /// A number that is not negative; what is none keeps its default.
    Count,
    /// A time.
    Time,
    /// Words of a list, at least one.
    Words(&'static [&'static str]),
    /// One word of a list.
    Word(&'static [&'static str]),
    /// A number from 1 to 9, where compression is on.
    Level,
}

const KINDS: &[(&str, Kind)] = &[
    ("client-body-timeout", Kind::Count),
    ("client-header-buffer-size", Kind::Size),
    ("client-header-timeout", Kind::Count),
    ("error-log-level", Kind::Word(&["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"])),
    ("gzip-level", Kind::Level),
    ("keep-alive", Kind::Count),
    ("keep-alive-requests", Kind::Count),
    ("large-client-header-buffers", Kind::Buffers),
    ("ssl-protocols", Kind::Words(&["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])),
    ("upstream-keepalive-time", Kind::Time),
];

/// Keys with such values, and what nginx says.
pub(super) fn problems(data: &IndexMap<String, String>) -> Vec<(&'static str, String)> {
    let given = KINDS.iter().filter_map(|(key, kind)| Some((*key, *kind, data.get(*key)?)));
    given.filter(|(_, kind, value)| !fits(*kind, value, data)).map(|(key, _, value)| (key, format!("invalid value `{value}`"))).collect()
}

fn fits(kind: Kind, value: &str, data: &IndexMap<String, String>) -> bool {
    let size = |text: &str| check::buffer_size(text).is_some_and(|bytes| bytes > 0);
    match kind {
        Kind::Size => size(value),
        Kind::Buffers => {
            let words: Vec<&str> = value.split_whitespace().collect();
            matches!(words.as_slice(), [number, bytes] if number.parse::<u32>().is_ok_and(|number| number > 0) && size(bytes))
        }
        Kind::Count => check::go_int(value).is_none_or(|number| number >= 0),
        Kind::Time => is_time(value),
        Kind::Words(known) => value.split_whitespace().next().is_some() && value.split_whitespace().all(|word| known.contains(&word)),
        Kind::Word(known) => known.contains(&value.trim()),
        Kind::Level => {
            let on = data.get("use-gzip").and_then(|value| check::go_bool(value)).unwrap_or(false);
            !on || check::go_int(value).is_none_or(|level| (1..=9).contains(&level))
        }
    }
}

/// `ngx_parse_time`: numbers with units that get smaller, or one without.
fn is_time(text: &str) -> bool {
    let mut rest = text.trim();
    let mut smallest = usize::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let units = ["ms", "s", "m", "h", "d", "w", "M", "y"];
        let unit = units.iter().enumerate().find_map(|(rank, unit)| Some((rank, behind.strip_prefix(unit)?)));
        rest = match unit {
            _ if number.is_empty() => return false,
            Some((rank, behind)) if rank < smallest => {
                smallest = rank;
                behind.trim_start()
            }
            None if behind.is_empty() && smallest > 1 => "",
            Some(_) | None => return false,
        };
    }
    !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: &[(&str, &str)]) -> usize {
        problems(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()).len()
    }

    #[test]
    fn values_that_nginx_reads_pass() {
        let fine = [
            ("client-header-buffer-size", "32k"),
            ("large-client-header-buffers", "4  16k"),
            ("ssl-protocols", "TLSv1.2 TLSv1.3"),
            ("keep-alive", "0"),
            ("error-log-level", "notice"),
            ("upstream-keepalive-time", "1h 30m"),
            ("gzip-level", "20"),
        ];
        assert_eq!(refused(&fine), 0);
    }

    #[test]
    fn values_that_nginx_refuses_are_found() {
        for pair in [
            ("client-header-buffer-size", "x"),
            ("client-header-buffer-size", "1g"),
            ("large-client-header-buffers", "foo"),
            ("large-client-header-buffers", "8k"),
            ("ssl-protocols", "foo"),
            ("ssl-protocols", ""),
            ("keep-alive", "-1"),
            ("error-log-level", "verbose"),
            ("upstream-keepalive-time", "x"),
        ] {
            assert_eq!(refused(&[pair]), 1, "{pair:?}");
        }
        assert_eq!(refused(&[("gzip-level", "20"), ("use-gzip", "true")]), 1);
        assert_eq!(refused(&[("keep-alive", "many")]), 0);
    }
}
