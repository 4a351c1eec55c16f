//! RFC 3339 timestamps, as Go's `time.Parse` reads them.

use crate::yaml::calendar::{days_in, digits};

/// Seconds since 1970, or `None` where Go refuses the text.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let year = digits(&mut rest, 4, 4)?;
    literal(&mut rest, "-")?;
    let month = digits(&mut rest, 2, 2)?;
    literal(&mut rest, "-")?;
    let day = digits(&mut rest, 2, 2)?;
    literal(&mut rest, "T")?;
    let hour = digits(&mut rest, 1, 2)?;
    literal(&mut rest, ":")?;
    let minute = digits(&mut rest, 2, 2)?;
    literal(&mut rest, ":")?;
    let second = digits(&mut rest, 2, 2)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        if end == 0 {
            return None;
        }
        rest = &fraction[end..];
    }
    let offset = if rest == "Z" {
        0
    } else {
        let sign = match rest.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        rest = &rest[1..];
        let hours = digits(&mut rest, 2, 2)?;
        literal(&mut rest, ":")?;
        let minutes = digits(&mut rest, 2, 2)?;
        if !rest.is_empty() || hours > 24 || minutes > 60 {
            return None;
        }
        sign * (hours * 3600 + minutes * 60)
    };
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset)
}

fn literal(rest: &mut &str, text: &str) -> Option<()> {
    *rest = rest.strip_prefix(text)?;
    Some(())
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn zones_and_fractions_are_understood() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2024-02-29T12:00:00+02:00"), Some(1_709_200_800));
        assert_eq!(seconds("2001-01-01T00:00:00.5Z"), Some(978_307_200));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in ["2001-01-01", "2001-01-01 00:00:00Z", "2001-02-30T00:00:00Z", "2001-01-01T00:00:00", "", "2001-1-01T00:00:00Z"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
