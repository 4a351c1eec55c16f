//! Our reader and matcher of PCRE2 against the real library: same verdict on every pattern, same match, same groups.

use crate::shared::skipped;
use gateshift::automata::pcre::Pattern;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::{fs, path::Path};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/regex").join(name);
    fs::read_to_string(path).expect("fixture")
}

/// Whether the library of the model is linked. Another release judges other patterns broken, so nothing is to be learnt
/// there. `pcre2::version` tells that of the header of the crate.
fn the_release_of_the_model() -> bool {
    let release = pcre2::bytes::Regex::new("(?(VERSION=10.46)a|b)").expect("valid pattern");
    let linked = release.is_match(b"a").expect("a match or none");
    if !linked {
        skipped("patterns against PCRE2: another release than 10.46 is linked (PCRE2_SYS_STATIC=1 links that of the crate)");
    }
    linked
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("## "))
}

/// `\n` and `\xNN` in subjects.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'\\', [b'n', tail @ ..]) => {
                bytes.push(b'\n');
                rest = tail;
            }
            (b'\\', [b'x', high, low, tail @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("hexadecimal");
                bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
                rest = tail;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

/// What differs between the two for this pattern, if anything.
fn difference(text: &str, caseless: bool, subjects: &[Vec<u8>], offsets: bool) -> Option<String> {
    let theirs = pcre2::bytes::RegexBuilder::new().caseless(caseless).build(text);
    let ours = Pattern::parse(text, caseless);
    let (theirs, ours) = match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(theirs), Err(ours)) => {
            let same = theirs.code() == i32::from(ours.code()) && (!offsets || theirs.offset() == Some(ours.offset()));
            return (!same).then(|| format!("{text:?}: {theirs} ({}), ours {ours} ({})", theirs.code(), ours.code()));
        }
        // Our program has no limit of size.
        (Err(theirs), Ok(_)) if matches!(theirs.code(), 120 | 186) => return None,
        (Err(theirs), Ok(_)) => return Some(format!("{text:?}: refused ({theirs}), ours accepts")),
        (Ok(_), Err(ours)) => return Some(format!("{text:?}: accepted, ours: {ours}")),
    };
    if theirs.captures_len() != ours.group_count() + 1 {
        return Some(format!("{text:?}: {} groups, ours {}", theirs.captures_len() - 1, ours.group_count()));
    }
    // PCRE2 10.46 makes some quantifiers possessive that it must not: `b?` in `b?(a)?+b`, `\N*` in `\N*\R`.
    let careful = || pcre2::bytes::RegexBuilder::new().caseless(caseless).build(&format!("(*NO_AUTO_POSSESS){text}"));
    subjects.iter().find_map(|subject| {
        let difference = matched_differently(&theirs, &ours, subject)?;
        careful().ok().and_then(|careful| matched_differently(&careful, &ours, subject)).and(Some(difference))
    })
}

fn matched_differently(theirs: &pcre2::bytes::Regex, ours: &Pattern, subject: &[u8]) -> Option<String> {
    let mut locations = theirs.capture_locations();
    let found = theirs.captures_read(&mut locations, subject);
    // Both give up on steps of their own, so nothing is to be learnt there.
    let (Ok(found), Ok(matched)) = (found, ours.search(subject)) else { return None };
    let theirs: Vec<_> = (0..=ours.group_count()).map(|group| found.as_ref().and_then(|_| locations.get(group))).collect();
    let matched: Vec<_> = (0..=ours.group_count())
        .map(|group| matched.as_ref().and_then(|found| found.get(group)).map(|range| (range.start, range.end)))
        .collect();
    (theirs != matched).then(|| format!("{:?} on {:?}: {theirs:?}, ours {matched:?}", ours.text(), String::from_utf8_lossy(subject)))
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
}

#[test]
fn patterns_of_the_table_match_as_in_pcre2() {
    if !the_release_of_the_model() {
        return;
    }
    let subjects: Vec<Vec<u8>> = lines(&fixture("subjects.txt")).map(unescape).chain([Vec::new()]).collect();
    let mut wrong = Vec::new();
    for pattern in lines(&fixture("pcre.txt")) {
        for caseless in [false, true] {
            wrong.extend(difference(pattern, caseless, &subjects, true));
        }
    }
    report(&wrong);
}

#[test]
fn every_short_escape_and_group_start_is_judged_as_in_pcre2() {
    if !the_release_of_the_model() {
        return;
    }
    let mut wrong = Vec::new();
    for first in 0..128_u8 {
        let first = char::from(first);
        for template in [
            "\\%", "[\\%]", "a\\%*", "(?%a)", "(?%:a)", "(%", "[%]", "[^%]", "[a-%]", "[\\d-%]", "\\p%", "(?<%>a)", "\\g%", "\\k%", "a{%}",
            "(*%)", "(?(%)a)", "(?P%n)", "\\x%", "\\o%", "\\c%", "[[:%:]]",
        ] {
            let pattern = template.replace('%', &first.to_string());
            wrong.extend(difference(&pattern, false, &[], true));
            for second in b"<>{}()[]'!=*+-^?:|1aR&\\" {
                let pattern = template.replace('%', &format!("{first}{}", char::from(*second)));
                wrong.extend(difference(&pattern, false, &[], true));
            }
        }
    }
    report(&wrong);
}

/// Single items, from everyday to odd.
fn atom() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec!["a", "b", "A", "/", "-", "_", "1", "\\.", "ab", "/a"]).prop_map(str::to_owned),
        4 => prop::sample::select(vec![".", "\\d", "\\w", "\\s", "\\W", "\\D", "\\S", "\\h", "\\v", "\\R", "\\N", "\\X", "\\C", "[^/]", "[a-c]", "[^a]", "[[:alpha:]]", "[\\w-]", "[]a]", "[^\\d/]", "[[:^digit:]]"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\G", "\\K", "(?m:^)", "(?m:$)", "(?s:.)"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["\\1", "\\2", "\\g{-1}", "\\g1", "(?1)", "(?R)", "(?-1)", "(?+1)", "(?i)", "(?-i)", "(?x) ", "(?s)", "(?U)", "(?m)", "\\Q.*\\E", "(?#c)", "\\x41", "\\x{62}", "\\101", "\\n", "\\e", "\\cA"]).prop_map(str::to_owned),
    ]
}

fn quantifier() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(String::new()),
        4 => prop::sample::select(vec!["*", "+", "?", "{2}", "{1,2}", "{0,2}", "{2,}", "{,2}", "{0}", "{1}"]).prop_map(str::to_owned),
        2 => (prop::sample::select(vec!["*", "+", "?", "{1,3}", "{2,}"]), prop::sample::select(vec!["?", "+"])).prop_map(|(a, b)| format!("{a}{b}")),
    ]
}

pub(crate) fn pattern() -> impl Strategy<Value = String> {
    let leaf = (atom(), quantifier()).prop_map(|(atom, quantifier)| format!("{atom}{quantifier}"));
    leaf.prop_recursive(5, 40, 5, |inner| {
        let open = prop::sample::select(vec![
            "(",
            "(",
            "(",
            "(?:",
            "(?:",
            "(?>",
            "(?=",
            "(?!",
            "(?<=",
            "(?<!",
            "(?i:",
            "(?-i:",
            "(?|",
            "(?<n>",
            "(?'m'",
            "(?P<o>",
            "(?s:",
            "(*atomic:",
            "(*napla:",
            "(?U:",
            "(?x:",
            "(?(1)",
            "(?(?=a)",
            "(?(?!b)",
            "(?(?<=/)",
            "(?(R)",
            "(?(DEFINE)",
            "(?J)(?<n>",
        ]);
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(|items| items.concat()),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(|items| items.join("|")),
            5 => (open, prop::collection::vec(inner, 1..4), any::<bool>(), quantifier()).prop_map(|(open, items, bar, quantifier)| {
                let body = if bar { items.join("|") } else { items.concat() };
                format!("{open}{body}){quantifier}")
            }),
        ]
    })
}

pub(crate) fn subject() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aaabbAB//--_1. \n\xe9".to_vec()), 0..9)
}

/// Random patterns: how many, and from which seed.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let cases = std::env::var("GATESHIFT_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    let seed: u8 = std::env::var("GATESHIFT_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

#[test]
fn random_patterns_match_as_in_pcre2() {
    if !the_release_of_the_model() {
        return;
    }
    let strategy = (pattern(), any::<bool>(), prop::collection::vec(subject(), 4));
    let result = runner(1500).run(&strategy, |(pattern, caseless, subjects)| match difference(&pattern, caseless, &subjects, true) {
        Some(difference) => Err(TestCaseError::fail(difference)),
        None => Ok(()),
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn broken_patterns_are_refused_as_in_pcre2() {
    if !the_release_of_the_model() {
        return;
    }
    let piece = prop::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "?",
        "*",
        "+",
        "|",
        "\\",
        "^",
        "-",
        ":",
        "<",
        ">",
        "=",
        "!",
        "'",
        "P",
        "R",
        "&",
        "#",
        "1",
        "2",
        "a",
        "n",
        ",",
        "(?",
        "(*",
        "[:",
        ":]",
        "\\g",
        "\\k",
        "\\x",
        "\\Q",
        "\\E",
        "\\p",
        "(?<",
        "(?(",
        "i",
        "x",
        "{2",
        "\\d",
        "(?<n>",
        "(?|",
        "(?[",
        "(?^",
        " ",
        "\\1",
        "\\12",
        "0",
        "9",
        "ACCEPT",
        "pla",
        "U",
        "L",
        "(?<=",
        "(?C",
        "\\K",
        "DEFINE",
        "VERSION>=10.4",
        "{",
        "J",
        "scs",
    ]);
    let strategy = (prop::collection::vec(piece, 1..9).prop_map(|pieces| pieces.concat()), prop::collection::vec(subject(), 2));
    let result = runner(20_000).run(&strategy, |(pattern, subjects)| match difference(&pattern, false, &subjects, true) {
        Some(difference) => Err(TestCaseError::fail(difference)),
        None => Ok(()),
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn hostile_patterns_end() {
    for (pattern, subject) in [
        ("(a+)+$".to_owned(), "a".repeat(60) + "b"),
        ("(a|a)*c".to_owned(), "a".repeat(60)),
        ("^(([a-z])+.)+[A-Z]([a-z])+$".to_owned(), "a".repeat(60)),
        ("(?R)".to_owned(), "a".to_owned()),
        ("a(?R)?b?".to_owned(), "a".repeat(100_000)),
        ("((a{1,1000}){1,1000}){1,1000}b".to_owned(), "a".repeat(100)),
        ("(".repeat(249) + "a" + &"|b)*".repeat(249), "abab".to_owned()),
        ("(?:a".repeat(249) + &")?+".repeat(249), "a".repeat(300)),
        ("(x+x+)+y".to_owned(), "x".repeat(100)),
    ] {
        let parsed = Pattern::parse(&pattern, false).expect("valid pattern");
        let _ = parsed.search(subject.as_bytes());
    }
}
