//! Pieces of timestamps.

/// A number of so many digits at the start of `rest`, which goes on behind it.
pub(crate) fn digits(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let len = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if len < least {
        return None;
    }
    let value = rest[..len].parse().ok();
    *rest = &rest[len..];
    value
}

/// Days of a month, which is from 1 to 12.
pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}
