//! Sizes and durations, as `ngx_parse_size` and `ngx_parse_time` read them.

/// Bytes: `512`, `8k`, `1m`, `2g`.
pub fn bytes(text: &str) -> Option<u64> {
    let (number, factor) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        b'g' | b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    digits(number)?.checked_mul(factor)
}

/// Milliseconds: `60`, `60s`, `1h 30m`, `500ms`.
pub fn milliseconds(text: &str) -> Option<u64> {
    duration(text, true)
}

/// Seconds; milliseconds cannot be given.
pub fn seconds(text: &str) -> Option<u64> {
    duration(text, false)
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Units must come from the largest to the smallest, each once.
fn duration(text: &str, in_milliseconds: bool) -> Option<u64> {
    let bytes = text.as_bytes();
    let (mut at, mut total, mut last_rank) = (0, 0_u64, 0);
    if bytes.is_empty() {
        return None;
    }
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let number = digits(&text[start..at])?;
        let (rank, factor, length) = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'y'), _) => (1, 365 * 86_400_000, 1),
            (Some(b'M'), _) => (2, 30 * 86_400_000, 1),
            (Some(b'w'), _) => (3, 7 * 86_400_000, 1),
            (Some(b'd'), _) => (4, 86_400_000, 1),
            (Some(b'h'), _) => (5, 3_600_000, 1),
            (Some(b'm'), Some(b's')) if in_milliseconds => (8, 1, 2),
            (Some(b'm'), _) => (6, 60_000, 1),
            (Some(b's'), _) => (7, 1_000, 1),
            (Some(b' ') | None, _) => (7, 1_000, 0),
            (Some(_), _) => return None,
        };
        if rank <= last_rank {
            return None;
        }
        last_rank = rank;
        at += length;
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        total = total.checked_add(number.checked_mul(factor)?)?;
    }
    Some(if in_milliseconds { total } else { total / 1_000 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_know_three_suffixes() {
        assert_eq!((bytes("8k"), bytes("1M"), bytes("0"), bytes("1t"), bytes("m")), (Some(8192), Some(1 << 20), Some(0), None, None));
    }

    #[test]
    fn durations_go_from_large_to_small() {
        assert_eq!(
            (milliseconds("1h30m"), milliseconds("60"), milliseconds("30m1h"), milliseconds("1h 30m")),
            (Some(5_400_000), Some(60_000), None, Some(5_400_000))
        );
    }

    #[test]
    fn months_and_minutes_differ_by_case() {
        assert_eq!((seconds("1M"), seconds("1m"), seconds("5ms")), (Some(2_592_000), Some(60), None));
    }
}
