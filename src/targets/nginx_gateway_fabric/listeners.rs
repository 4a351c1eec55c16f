//! Cipher suites: options of the listener of a host, in the words of nginx. A listener with a value that the controller does not take
//! serves nobody.

use crate::{gateway::Intent, targets::ciphers};

/// Name of the option for the list.
const LIST: &str = "nginx.org/ssl-ciphers";
/// Name of the option for whose order counts.
const PREFER_SERVER: &str = "nginx.org/ssl-prefer-server-ciphers";

/// The options for an intent; none where it has none.
pub(super) fn options(intent: &Intent) -> Vec<(String, String)> {
    let Intent::Ciphers { list, prefer_server } = intent else { return Vec::new() };
    let words: Vec<&str> = ciphers::words(list).collect();
    if !words.iter().all(|word| is_taken(word)) {
        return Vec::new();
    }
    // The order of ingress-nginx counts unless somebody says otherwise; that of nginx alone does not.
    let order = if prefer_server.unwrap_or(true) { "on" } else { "off" };
    let list = (!words.is_empty()).then(|| (LIST.to_owned(), words.join(":")));
    list.into_iter().chain([(PREFER_SERVER.to_owned(), order.to_owned())]).collect()
}

/// A word that the controller takes: no level, and no operation but an exclusion.
fn is_taken(word: &str) -> bool {
    let name = word.strip_prefix('!').unwrap_or(word);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(list: &str, prefer_server: Option<bool>) -> Vec<String> {
        let options = options(&Intent::Ciphers { list: list.to_owned(), prefer_server });
        options.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_list_stays_as_it_is() {
        let wanted = ["nginx.org/ssl-ciphers=HIGH:!aNULL:ECDHE+AESGCM", "nginx.org/ssl-prefer-server-ciphers=on"];
        assert_eq!(written("HIGH:!aNULL,ECDHE+AESGCM", None), wanted);
        assert_eq!(written("", Some(false)), ["nginx.org/ssl-prefer-server-ciphers=off"]);
    }

    #[test]
    fn what_would_cost_the_listener_is_not_written() {
        assert_eq!(written("HIGH:@SECLEVEL=1", None), Vec::<String>::new());
    }
}
