//! Directives of proxying as the template prints them, and what nginx says against their arguments.

use crate::{
    annotations::check,
    nginx::settings::{Buffering, Given, NextUpstream, Proxy, ProxyRedirect, Setting, Timeouts},
    snippet::{arguments, single},
};

/// Who gave a value, and what nginx says against it.
type Problem = (Given, String);

/// Failures that `proxy_next_upstream` knows.
const FAILURES: [&str; 13] = [
    "error",
    "timeout",
    "invalid_header",
    "non_idempotent",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "http_403",
    "http_404",
    "http_429",
    "updating",
    "off",
];

/// All problems of one location.
pub(super) fn problems(proxy: &Proxy) -> Vec<Problem> {
    let Proxy { body_size, buffering, timeouts, next_upstream, redirect, cookie_domain, cookie_path, http_version } = proxy;
    let mut problems: Vec<Problem> = redirected(redirect).into_iter().collect();
    if body_size.value.is_some_and(|bytes| bytes > check::LARGEST) {
        problems.push((body_size.given, "`proxy-body-size`: it has more than 63 bits".to_owned()));
    }
    for (name, setting) in [("proxy-cookie-path", cookie_path), ("proxy-cookie-domain", cookie_domain)] {
        problems.extend(replaced(name, setting));
    }
    problems.extend(one_of("proxy-http-version", http_version, &["1.0", "1.1"]));
    problems.extend(numbers(timeouts, next_upstream));
    problems.extend(failures(&next_upstream.conditions));
    problems.extend(buffers(buffering));
    problems
}

fn redirected(redirect: &ProxyRedirect) -> Option<Problem> {
    let ProxyRedirect { from, to } = redirect;
    let problem = redirects(&from.value, &to.value)?;
    Some((from.given, format!("`proxy-redirect-from` `{}`: {problem}", from.value)))
}

/// What is wrong with `proxy_redirect`. Without a second text it is not printed, unless the first is a word of nginx.
pub(super) fn redirects(from: &str, to: &str) -> Option<String> {
    if ["off", "default"].contains(&from) || to == "off" {
        return None;
    }
    match arguments(&format!("{from} {to}")) {
        Err(problem) => Some(problem),
        Ok(words) => match words.as_slice() {
            [_, _] => None,
            [word] if ["off", "default"].contains(&word.as_str()) => None,
            [_] => Some("invalid parameter".to_owned()),
            _ => Some("wrong number of arguments".to_owned()),
        },
    }
}

/// `off`, or a text and what takes its place.
fn replaced(name: &str, setting: &Setting<String>) -> Option<Problem> {
    let value = &setting.value;
    let problem = match arguments(value) {
        Err(problem) => problem,
        Ok(words) if words.len() == 2 || words == ["off"] => return None,
        Ok(_) => "wrong number of arguments".to_owned(),
    };
    Some((setting.given, format!("`{name}` `{value}`: {problem}")))
}

/// One word of a list; nginx reads flags and words without regard to letter case.
fn one_of(name: &str, setting: &Setting<String>, known: &[&str]) -> Option<Problem> {
    let value = setting.value.as_str();
    let is_known = single(value).is_some_and(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)));
    (!is_known).then(|| (setting.given, format!("`{name}` `{value}`: invalid value")))
}

fn numbers(timeouts: &Timeouts, next_upstream: &NextUpstream) -> Vec<Problem> {
    let numbers = [
        ("proxy-connect-timeout", &timeouts.connect),
        ("proxy-send-timeout", &timeouts.send),
        ("proxy-read-timeout", &timeouts.read),
        ("proxy-next-upstream-timeout", &next_upstream.timeout),
        ("proxy-next-upstream-tries", &next_upstream.tries),
    ];
    let negative = numbers.into_iter().filter(|(_, setting)| setting.value < 0);
    negative.map(|(name, setting)| (setting.given, format!("`{name}` {}: invalid value", setting.value))).collect()
}

fn failures(conditions: &Setting<String>) -> Option<Problem> {
    let words = arguments(&conditions.value).unwrap_or_default();
    let is_known = |word: &String| FAILURES.iter().any(|known| word.eq_ignore_ascii_case(known));
    let wrong = words.is_empty() || !words.iter().all(is_known);
    wrong.then(|| (conditions.given, format!("`proxy-next-upstream` `{}`: invalid value", conditions.value)))
}

fn buffers(buffering: &Buffering) -> Vec<Problem> {
    let Buffering { responses, requests, size, number, busy, temp_file, body } = buffering;
    let mut problems = Vec::new();
    for (name, setting) in [("proxy-buffering", responses), ("proxy-request-buffering", requests)] {
        problems.extend(one_of(name, setting, &["on", "off"]));
    }
    if matches!(body.given, Given::Annotation(_)) && check::size(&body.value).is_some_and(|bytes| bytes > check::LARGEST) {
        problems.push((body.given, format!("`client-body-buffer-size` `{}`: it has more than 63 bits", body.value)));
    }
    let Some(bytes) = printed_size(&size.value).filter(|&bytes| bytes > 0) else {
        problems.push((size.given, format!("`proxy-buffer-size` `{}`: invalid value", size.value)));
        return problems;
    };
    let count = u64::try_from(number.value).unwrap_or(0);
    if count < 2 {
        problems.push((number.given, format!("`proxy-buffers-number` {}: there must be at least 2", number.value)));
        return problems;
    }
    let busy_bytes = if busy.value.is_empty() { Some(bytes.saturating_mul(2)) } else { printed_size(&busy.value) };
    if busy_bytes.is_none_or(|busy| busy < bytes || busy > (count - 1).saturating_mul(bytes)) {
        let given = if busy.value.is_empty() { number.given } else { busy.given };
        problems.push((given, "`proxy-busy-buffers-size` does not fit `proxy-buffer-size` and `proxy-buffers-number`".to_owned()));
    }
    // A text that is no size is not printed.
    if let Some(file) = check::size(&temp_file.value)
        && (check::buffer_size(&temp_file.value).is_none() || (file > 0 && file < bytes))
    {
        let message = format!("`proxy-max-temp-file-size` `{}`: it is neither 0 nor as large as a buffer", temp_file.value);
        problems.push((temp_file.given, message));
    }
    problems
}

/// A size that is printed as it stands.
fn printed_size(value: &str) -> Option<u64> {
    single(value).and_then(|word| check::buffer_size(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(value: &str) -> Setting<String> {
        Setting::default(value.to_owned())
    }

    fn buffering(size: &str, temp_file: &str) -> Buffering {
        Buffering {
            responses: setting("on"),
            requests: setting("On"),
            size: setting(size),
            number: Setting::default(4),
            busy: setting(""),
            temp_file: setting(temp_file),
            body: setting("8k"),
        }
    }

    #[test]
    fn sizes_of_buffers_are_those_of_nginx() {
        assert!(buffers(&buffering("8k", "1024m")).is_empty() && buffers(&buffering("8k", "0")).is_empty());
        for (size, temp_file) in [("8b", "0"), ("0", "0"), ("1g", "0"), ("abc", "0"), ("", "0"), ("4k", "1k"), ("4k", "1g")] {
            assert_eq!(buffers(&buffering(size, temp_file)).len(), 1, "{size} {temp_file}");
        }
    }

    #[test]
    fn failures_must_be_known_and_some() {
        for fine in ["error timeout http_502 non_idempotent", "non_idempotent", "ERROR Timeout", "error\n"] {
            assert!(failures(&setting(fine)).is_none(), "{fine:?}");
        }
        assert!(["foo", "", " ", "error foo"].iter().all(|text| failures(&setting(text)).is_some()));
    }

    #[test]
    fn blanks_and_quotes_are_those_of_nginx() {
        assert!(one_of("proxy-buffering", &setting("'ON'\n"), &["on", "off"]).is_none());
        assert!(one_of("proxy-buffering", &setting("on off"), &["on", "off"]).is_some());
        assert!(replaced("proxy-cookie-path", &setting("'/a b' /c")).is_none() && replaced("proxy-cookie-path", &setting("/a")).is_some());
        assert_eq!(printed_size("\"8k\""), Some(8 << 10));
    }

    #[test]
    fn a_redirect_without_a_second_text_is_not_printed() {
        assert_eq!((redirects("http://a b", "off"), redirects("default ", "")), (None, None));
        assert!(redirects("http://a", "").is_some() && redirects("http://a b", "c").is_some());
    }
}
