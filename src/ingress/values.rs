//! Values of the ConfigMap that the template prints as they stand, and that no setting of a location overrides: what nginx says against them.

use indexmap::IndexMap;

use super::openssl;
use crate::{
    annotations::check,
    automata::pcre::Pattern,
    nginx::template,
    snippet::{arguments, single, units},
};

/// How nginx reads a value.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Bytes; 0 only where it may be.
    Size { zero: bool },
    /// A number and bytes, neither of them 0.
    Buffers,
    /// A number that is not negative; what is none keeps its default.
    Count,
    /// A number between two others; what is none keeps its default.
    Between(i64, i64),
    /// A time in milliseconds.
    Time,
    /// A time in seconds.
    Seconds,
    /// Words of a list, at least one, without regard to letter case.
    Words(&'static [&'static str]),
    /// Any single word.
    Single,
    /// Any words, at least one.
    Several,
    /// Something of which only its own function knows.
    Other(fn(&str) -> Option<String>),
}

/// A switch of the ConfigMap without which the directive is not printed, and its default.
type Switch = Option<(&'static str, bool)>;

const ALWAYS: Switch = None;
const BROTLI: Switch = Some(("enable-brotli", false));
const GZIP: Switch = Some(("use-gzip", false));
const SESSION_CACHE: Switch = Some(("ssl-session-cache", true));

const KINDS: &[(&str, Switch, Kind)] = &[
    ("brotli-level", BROTLI, Kind::Between(0, 11)),
    ("brotli-min-length", BROTLI, Kind::Count),
    ("brotli-types", BROTLI, Kind::Several),
    ("client-body-buffer-size", ALWAYS, Kind::Size { zero: true }),
    ("client-body-timeout", ALWAYS, Kind::Count),
    ("client-header-buffer-size", ALWAYS, Kind::Size { zero: false }),
    ("client-header-timeout", ALWAYS, Kind::Count),
    ("default-type", ALWAYS, Kind::Single),
    ("forwarded-for-header", ALWAYS, Kind::Other(forwarded_header)),
    ("forwarded-host-header", ALWAYS, Kind::Other(forwarded_header)),
    ("gzip-disable", GZIP, Kind::Other(gzip_disable)),
    ("gzip-level", GZIP, Kind::Between(1, 9)),
    ("gzip-min-length", GZIP, Kind::Count),
    ("gzip-types", GZIP, Kind::Several),
    ("hide-headers", ALWAYS, Kind::Other(hide_headers)),
    ("http2-max-concurrent-streams", ALWAYS, Kind::Count),
    ("keep-alive", ALWAYS, Kind::Count),
    ("keep-alive-requests", ALWAYS, Kind::Count),
    ("large-client-header-buffers", ALWAYS, Kind::Buffers),
    ("lua-shared-dicts", ALWAYS, Kind::Other(shared_dictionaries)),
    ("map-hash-bucket-size", ALWAYS, Kind::Count),
    ("max-worker-connections", ALWAYS, Kind::Other(connections)),
    ("max-worker-open-files", ALWAYS, Kind::Count),
    ("proxy-headers-hash-bucket-size", ALWAYS, Kind::Count),
    ("proxy-headers-hash-max-size", ALWAYS, Kind::Count),
    ("server-name-hash-bucket-size", ALWAYS, Kind::Count),
    ("server-name-hash-max-size", ALWAYS, Kind::Count),
    ("ssl-buffer-size", ALWAYS, Kind::Size { zero: true }),
    ("ssl-ciphers", ALWAYS, Kind::Other(ciphers)),
    ("ssl-ecdh-curve", ALWAYS, Kind::Other(groups)),
    ("ssl-protocols", ALWAYS, Kind::Words(&["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])),
    ("ssl-session-cache-size", SESSION_CACHE, Kind::Other(session_cache)),
    ("ssl-session-timeout", SESSION_CACHE, Kind::Seconds),
    ("upstream-keepalive-time", ALWAYS, Kind::Time),
    ("variables-hash-bucket-size", ALWAYS, Kind::Count),
    ("variables-hash-max-size", ALWAYS, Kind::Count),
    ("worker-cpu-affinity", ALWAYS, Kind::Other(cpu_affinity)),
    ("worker-processes", ALWAYS, Kind::Other(processes)),
    ("worker-shutdown-timeout", ALWAYS, Kind::Time),
];

/// Keys with such values, and what nginx says.
pub(super) fn problems(data: &IndexMap<String, String>) -> Vec<(&'static str, String)> {
    let given =
        KINDS.iter().filter(|(_, switch, _)| is_on(data, *switch)).filter_map(|(key, _, kind)| Some((*key, *kind, data.get(*key)?)));
    given.filter_map(|(key, kind, value)| Some((key, problem(kind, value)?))).collect()
}

fn is_on(data: &IndexMap<String, String>, switch: Switch) -> bool {
    switch.is_none_or(|(key, default)| data.get(key).and_then(|value| check::go_bool(value)).unwrap_or(default))
}

fn problem(kind: Kind, value: &str) -> Option<String> {
    let number = || check::go_int_of_any_base(value);
    let printed = || arguments(value);
    let one = |fits: &dyn Fn(&str) -> bool| printed().map(|words| matches!(words.as_slice(), [word] if fits(word)));
    let size = |text: &str, zero: bool| check::buffer_size(text).is_some_and(|bytes| zero || bytes > 0);
    let fits = match kind {
        Kind::Size { zero } => one(&|word| size(word, zero)),
        Kind::Buffers => printed().map(|words| {
            let positive = |number: &str| number.parse::<u32>().is_ok_and(|number| number > 0);
            matches!(words.as_slice(), [number, bytes] if positive(number) && size(bytes, false))
        }),
        Kind::Count => Ok(number().is_none_or(|number| number >= 0)),
        Kind::Between(least, most) => Ok(number().is_none_or(|number| (least..=most).contains(&number))),
        Kind::Time => one(&|word| units::milliseconds(word).is_some()),
        Kind::Seconds => one(&|word| units::seconds(word).is_some()),
        Kind::Words(known) => printed().map(|words| {
            let is_known = |word: &String| known.iter().any(|known| word.eq_ignore_ascii_case(known));
            !words.is_empty() && words.iter().all(is_known)
        }),
        Kind::Single => one(&|_| true),
        Kind::Several => printed().map(|words| !words.is_empty()),
        Kind::Other(problem) => return problem(value),
    };
    match fits {
        Ok(true) => None,
        Ok(false) => Some(format!("invalid value `{value}`")),
        Err(problem) => Some(format!("invalid value `{value}`: {problem}")),
    }
}

/// The name of a header inside the name of a variable (`buildForwardedFor`): `$http_x_forwarded_for`.
fn forwarded_header(name: &str) -> Option<String> {
    let variable = format!("$http_{}", name.replace('-', "_").to_lowercase());
    let wrong = match arguments(&format!("X-Original {variable}")) {
        Err(problem) => problem,
        Ok(words) => match words.as_slice() {
            [_, value] => template::parse(value, &std::collections::BTreeSet::new()).err()?.to_string(),
            _ => "invalid number of arguments in \"proxy_set_header\" directive".to_owned(),
        },
    };
    Some(format!("`{name}`: {wrong}"))
}

fn hide_headers(list: &str) -> Option<String> {
    let mut items = list.split(',').filter(|item| !item.is_empty());
    let wrong = items.find(|item| single(item).is_none())?;
    Some(format!("`{}` is not one word", wrong.trim()))
}

fn gzip_disable(browsers: &str) -> Option<String> {
    if browsers.is_empty() {
        return None;
    }
    match single(&format!("\"{browsers}\"")) {
        None => Some(format!("invalid value `{browsers}`: a quotation mark ends it")),
        Some(word) => Pattern::parse(&word, true).err().map(|error| format!("`{browsers}` is no regular expression: {error}")),
    }
}

/// At least these sockets listen: HTTP, HTTPS, the default backend, and two for the controller.
const SOCKETS: i64 = 5;

/// One connection for each socket, and one for the process itself; of 0 the controller makes another number.
fn connections(number: &str) -> Option<String> {
    let number = check::go_int_of_any_base(number).filter(|&number| number != 0 && number <= SOCKETS)?;
    Some(format!("{number} worker_connections are not enough for the listening sockets"))
}

/// A word in single quotation marks; an empty text is not printed.
fn ciphers(list: &str) -> Option<String> {
    if list.is_empty() {
        return None;
    }
    match single(&format!("'{list}'")) {
        None => Some(format!("invalid value `{list}`: a quotation mark ends it")),
        Some(word) => openssl::ciphers(&word),
    }
}

fn groups(list: &str) -> Option<String> {
    match single(list) {
        None => Some(format!("invalid value `{list}`")),
        Some(word) => openssl::groups(&word),
    }
}

/// `NAME: SIZE` with commas between; what the controller cannot read it passes over, and nginx wants 8 KiB for each.
fn shared_dictionaries(list: &str) -> Option<String> {
    list.split(',').find_map(|item| {
        let item = item.replace(' ', "");
        let (name, size) = item.trim().split_once(':')?;
        let (digits, unit) = match size.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1),
            None => (size.strip_suffix(['m', 'M']).unwrap_or(size), 1024),
        };
        let kib = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u64>().ok()?.saturating_mul(unit);
        let wrong = kib <= 200 * 1024 && (kib < 8 || single(name).is_none());
        wrong.then(|| format!("invalid lua shared dict `{name}` of {kib} KiB"))
    })
}

/// Bytes behind the name of a cache, at least eight pages. Another cache may stand behind a blank.
fn session_cache(size: &str) -> Option<String> {
    let words = arguments(&format!("shared:SSL:{size}")).unwrap_or_default();
    let bytes = words.first().and_then(|word| check::buffer_size(word.strip_prefix("shared:SSL:")?));
    let wrong = words.len() > 2 || bytes.is_none_or(|bytes| bytes < 8 * 4096);
    wrong.then(|| format!("invalid session cache size `{size}`"))
}

/// `auto`, and masks of zeros and ones.
fn cpu_affinity(masks: &str) -> Option<String> {
    if masks.is_empty() {
        return None;
    }
    let words = arguments(masks).unwrap_or_default();
    let (masks_only, most) = match words.split_first() {
        Some((first, rest)) if first == "auto" => (rest, 1),
        _ => (words.as_slice(), usize::MAX),
    };
    let is_mask = |word: &String| word.bytes().all(|byte| b"01 ".contains(&byte));
    let fits = !words.is_empty() && masks_only.len() <= most && masks_only.iter().all(is_mask);
    (!fits).then(|| format!("invalid value `{masks}`"))
}

/// `auto`, or a number.
fn processes(number: &str) -> Option<String> {
    let word = single(number).filter(|word| word == "auto" || (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())));
    word.is_none().then(|| format!("invalid value `{number}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: &[(&str, &str)]) -> usize {
        problems(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()).len()
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(KINDS.is_sorted_by_key(|(key, ..)| *key));
    }

    #[test]
    fn values_that_nginx_reads_pass() {
        let fine = [
            ("client-header-buffer-size", "\"32k\"\n"),
            ("large-client-header-buffers", "4  16k"),
            ("ssl-protocols", "TLSv1.2 tlsv1.3"),
            ("keep-alive", "0"),
            ("upstream-keepalive-time", "1h30m"),
            ("gzip-level", "20"),
            ("ssl-session-cache-size", "10m builtin:1000"),
            ("worker-cpu-affinity", "auto 0101"),
            ("worker-processes", " 4"),
            ("max-worker-connections", "0"),
            ("forwarded-for-header", "X-Real-IP "),
            ("hide-headers", "X-A, \"X-B\""),
            ("lua-shared-dicts", "certificate_data: 100, my_dict:8K, bad, other: x"),
        ];
        assert_eq!(refused(&fine), 0);
    }

    #[test]
    fn values_that_nginx_refuses_are_found() {
        for pair in [
            ("client-header-buffer-size", "x"),
            ("client-header-buffer-size", "1g"),
            ("client-header-buffer-size", "1k 2k"),
            ("large-client-header-buffers", "foo"),
            ("large-client-header-buffers", "8k"),
            ("ssl-protocols", "foo"),
            ("ssl-protocols", ""),
            ("ssl-session-timeout", "5ms"),
            ("keep-alive", "-1"),
            ("upstream-keepalive-time", "x"),
            ("upstream-keepalive-time", "1h 30m"),
            ("default-type", "a b"),
            ("ssl-ciphers", "AL'L"),
            ("ssl-ecdh-curve", "x y"),
            ("ssl-session-cache-size", "1k"),
            ("worker-cpu-affinity", "auto 01 10"),
            ("worker-processes", "many"),
            ("max-worker-connections", "3"),
            ("forwarded-host-header", "X Y"),
            ("forwarded-for-header", "X$"),
            ("hide-headers", "X A"),
            ("lua-shared-dicts", "certificate_data: 7k"),
        ] {
            assert_eq!(refused(&[pair]), 1, "{pair:?}");
        }
        assert_eq!(refused(&[("gzip-level", "20"), ("use-gzip", "true")]), 1);
        assert_eq!(refused(&[("keep-alive", "many")]), 0);
    }
}
