//! Directives of proxying as the template prints them, and what nginx says against their arguments.

use crate::{
    annotations::check,
    nginx::settings::{Buffering, Given, NextUpstream, Proxy, ProxyRedirect, Setting, Timeouts},
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
    let Proxy { body_size: _, buffering, timeouts, next_upstream, redirect, cookie_domain, cookie_path, http_version } = proxy;
    let mut problems = redirected(redirect);
    for (name, setting) in [("proxy-cookie-path", cookie_path), ("proxy-cookie-domain", cookie_domain)] {
        let words = setting.value.split_whitespace().count();
        if words != 2 && setting.value != "off" {
            problems.push((setting.given, format!("`{name}` `{}`: wrong number of arguments", setting.value)));
        }
    }
    problems.extend(one_of("proxy-http-version", http_version, &["1.0", "1.1"]));
    problems.extend(numbers(timeouts, next_upstream));
    problems.extend(failures(&next_upstream.conditions));
    problems.extend(buffers(buffering));
    problems
}

fn redirected(redirect: &ProxyRedirect) -> Vec<Problem> {
    let ProxyRedirect { from, to } = redirect;
    let words = from.value.split_whitespace().count() + to.value.split_whitespace().count();
    if ["off", "default"].contains(&from.value.as_str()) || to.value == "off" || words == 2 {
        return Vec::new();
    }
    vec![(from.given, format!("`proxy-redirect-from` `{}`: wrong number of arguments", from.value))]
}

fn one_of(name: &str, setting: &Setting<String>, known: &[&str]) -> Option<Problem> {
    let value = setting.value.as_str();
    (!known.contains(&value)).then(|| (setting.given, format!("`{name}` `{value}`: invalid value")))
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
    let mut words = conditions.value.split_whitespace().filter(|word| *word != "non_idempotent").peekable();
    let wrong = words.peek().is_none() || words.any(|word| !FAILURES.contains(&word));
    wrong.then(|| (conditions.given, format!("`proxy-next-upstream` `{}`: invalid value", conditions.value)))
}

fn buffers(buffering: &Buffering) -> Vec<Problem> {
    let Buffering { responses, requests, size, number, busy, temp_file, body: _ } = buffering;
    let mut problems = Vec::new();
    for (name, setting) in [("proxy-buffering", responses), ("proxy-request-buffering", requests)] {
        // nginx reads flags without regard to letter case.
        let lower = Setting { value: setting.value.to_ascii_lowercase(), given: setting.given };
        problems.extend(one_of(name, &lower, &["on", "off"]));
    }
    let Some(bytes) = check::buffer_size(&size.value).filter(|&bytes| bytes > 0) else {
        problems.push((size.given, format!("`proxy-buffer-size` `{}`: invalid value", size.value)));
        return problems;
    };
    let count = u64::try_from(number.value).unwrap_or(0);
    if count < 2 {
        problems.push((number.given, format!("`proxy-buffers-number` {}: there must be at least 2", number.value)));
        return problems;
    }
    let busy_bytes = if busy.value.is_empty() { Some(2 * bytes) } else { check::buffer_size(&busy.value) };
    if busy_bytes.is_none_or(|busy| busy < bytes || busy > (count - 1) * bytes) {
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
        assert!(failures(&setting("error timeout http_502 non_idempotent")).is_none());
        assert!(["foo", "", "non_idempotent", "error foo"].iter().all(|text| failures(&setting(text)).is_some()));
    }
}
