//! Sizes and times as nginx and the schemas of NGINX Gateway Fabric take them: at most four digits and a unit.

/// Largest number before a unit.
const MOST: u64 = 9999;

/// The greatest unit in which a number is whole, and the number in it; `None` where it has more than four digits.
fn in_units(number: u64, units: &[(&str, u64)]) -> Option<String> {
    let fits = |(name, factor): &(&str, u64)| {
        (number.is_multiple_of(*factor) && number / factor <= MOST).then(|| format!("{}{name}", number / factor))
    };
    units.iter().find_map(fits)
}

/// Bytes as `client_max_body_size` takes them; 0 is no limit.
pub(super) fn size(bytes: u64) -> Option<String> {
    if bytes == 0 {
        return Some("0".to_owned());
    }
    in_units(bytes, &[("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10), ("", 1)])
}

/// Bytes of a size.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (number, factor) = match lower.char_indices().last()? {
        (at, 'k') => (&lower[..at], 1 << 10),
        (at, 'm') => (&lower[..at], 1 << 20),
        (at, 'g') => (&lower[..at], 1 << 30),
        _ => (lower.as_str(), 1),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Seconds as a time of nginx.
pub(super) fn time(seconds: u64) -> Option<String> {
    in_units(seconds, &[("s", 1), ("m", 60), ("h", 3600)])
}

/// Milliseconds of a time of nginx.
pub(super) fn millis(text: &str) -> Option<u64> {
    let (number, factor) = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
        .unwrap_or((text, 1000));
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_units_of_four_digits_or_nothing() {
        assert_eq!(size(8 << 20).as_deref(), Some("8m"));
        assert_eq!(size(1536).as_deref(), Some("1536"));
        assert_eq!(size(0).as_deref(), Some("0"));
        assert_eq!(size(1_500_001), None);
        assert_eq!(["8m", "1K", "100", "x", ""].map(bytes), [Some(8 << 20), Some(1024), Some(100), None, None]);
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for seconds in [1, 60, 3600, 9999, 86_400] {
            assert_eq!(time(seconds).and_then(|text| millis(&text)), Some(seconds * 1000));
        }
        assert_eq!(time(1_000_001), None);
        assert_eq!((millis("500ms"), millis("5"), millis("2h")), (Some(500), Some(5000), Some(7_200_000)));
    }
}
