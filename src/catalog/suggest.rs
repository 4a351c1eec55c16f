//! Did you mean: the known name that a misspelt one was surely meant to be, or none.

/// The closest of `names` if it is really close: the same letters in another case or with other dashes, the same words
/// in another order, one word missing or added, or a few slips of the finger.
pub fn closest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let plain = plain(name);
    let words = words(&plain);
    names.into_iter().filter_map(|known| distance(&plain, &words, known).map(|distance| (distance, known))).min().map(|(_, known)| known)
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['_', '.', ' '], "-")
}

fn words(plain: &str) -> Vec<&str> {
    let mut words: Vec<_> = plain.split('-').filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

/// How far `known` is from the name; `None` where it is too far.
fn distance(plain: &str, sorted: &[&str], known: &str) -> Option<usize> {
    if plain == known {
        return Some(0);
    }
    if sorted.len() > 1 && sorted == words(known) {
        return Some(1);
    }
    let allowed = match plain.len() {
        0..=3 => 0,
        4..=7 => 1,
        8..=15 => 2,
        _ => 3,
    };
    if plain.len().abs_diff(known.len()) > allowed {
        return None;
    }
    let slips = strsim::osa_distance(plain, known);
    (slips <= allowed).then_some(slips + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["force-ssl-redirect", "rewrite-target", "ssl-redirect", "canary", "limit-rps"];

    #[test]
    fn slip_of_the_finger_is_found() {
        assert_eq!(closest("rewrite-targt", KNOWN), Some("rewrite-target"));
    }

    #[test]
    fn other_case_and_dashes_are_found() {
        assert_eq!(closest("Rewrite_Target", KNOWN), Some("rewrite-target"));
    }

    #[test]
    fn other_order_of_words_is_found() {
        assert_eq!(closest("ssl-force-redirect", KNOWN), Some("force-ssl-redirect"));
    }

    #[test]
    fn the_closer_of_two_is_taken() {
        assert_eq!(closest("ssl-redirects", KNOWN), Some("ssl-redirect"));
    }

    #[test]
    fn another_thing_is_not_found() {
        for name in ["websocket-services", "limit-rate-after", "cat", ""] {
            assert_eq!(closest(name, KNOWN), None, "{name}");
        }
    }
}
