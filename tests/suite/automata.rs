//! Laws of languages and partitions.

use super::pcre::{pattern, runner, subject};
use gateshift::automata::{Answer, Budget, Domain, Lang, OverBudget, Partition, Rewrite, Template, pcre, re2};
use proptest::{prelude::*, test_runner::TestError};
use std::fmt::Debug;

fn pcre(text: &str, caseless: bool) -> Lang {
    Lang::pcre(&pcre::Pattern::parse(text, caseless).expect("valid pattern"))
}

fn full(text: &str) -> Lang {
    Lang::full(&re2::Pattern::parse(text).expect("valid pattern"))
}

fn check<T: Debug>(result: Result<(), TestError<T>>) {
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// A literal language as the fast path takes it, and the same as an expression.
#[derive(Clone, Debug)]
enum Literal {
    Exact(String),
    Prefix(String),
    Element(String),
    Suffix(String),
}

impl Literal {
    fn plain(&self) -> Lang {
        match self {
            Literal::Exact(text) => Lang::exact(text),
            Literal::Prefix(text) => Lang::prefix(text),
            Literal::Element(text) => Lang::element_prefix(text),
            Literal::Suffix(text) => Lang::suffix(text),
        }
    }

    fn expression(&self) -> Lang {
        let any = "(?s:.)*";
        match self {
            Literal::Exact(text) => full(&format!(r"\Q{text}\E")),
            Literal::Prefix(text) => full(&format!(r"\Q{text}\E{any}")),
            Literal::Element(text) => full(&format!(r"\Q{}\E(?:/{any})?", text.strip_suffix('/').unwrap_or(text))),
            Literal::Suffix(text) => full(&format!(r"{any}\Q{text}\E")),
        }
    }
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["/a", "/b", "/ab", "/", "a", "b", "/c.d"]), 0..4).prop_map(|parts| parts.concat())
}

fn path_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![path().prop_map(Literal::Exact), path().prop_map(Literal::Prefix), path().prop_map(Literal::Element)]
}

fn host() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "a.", ".b", "b.a", ".c"]), 1..4).prop_map(|parts| parts.concat())
}

fn host_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![host().prop_map(Literal::Exact), host().prop_map(|host| Literal::Suffix(format!(".{host}")))]
}

fn same_partition(literals: &[Literal], domain: &Domain) -> Result<(), TestCaseError> {
    let plain: Vec<Lang> = literals.iter().map(Literal::plain).collect();
    // With "none" as an expression the slow path is taken even without literals.
    let slow: Vec<Lang> = literals.iter().map(Literal::expression).chain([full("a{0}[^\\x00-\\x{10FFFF}]")]).collect();
    let fast = Partition::new(&plain, domain, Budget::default()).expect("small");
    let slow = Partition::new(&slow, domain, Budget::default()).expect("small");
    prop_assert_eq!(fast.states(), 0);
    prop_assert!(slow.states() > 0);
    prop_assert_eq!(fast.atoms(), slow.atoms());
    Ok(())
}

#[test]
fn prefixes_are_cut_without_an_automaton_as_with_one() {
    check(runner(200).run(&prop::collection::vec(path_literal(), 0..8), |literals| same_partition(&literals, Domain::clean_paths())));
}

#[test]
fn suffixes_are_cut_without_an_automaton_as_with_one() {
    check(runner(200).run(&prop::collection::vec(host_literal(), 0..8), |literals| same_partition(&literals, Domain::hosts())));
}

fn lang() -> impl Strategy<Value = Lang> {
    let leaf = prop_oneof![
        path_literal().prop_map(|literal| literal.plain()),
        path().prop_map(Lang::prefix_caseless),
        prop::sample::select(vec![
            "^/a(/|$)(.*)",
            "^/(?!a)",
            "^/[ab]+$",
            "/b",
            "^/a|/b",
            "^/(?=.*b)a",
            "^/a++b",
            r"^/.*(?<!\.d)$",
            "^/(a|b)/.*c",
            "(?i)^/A",
            r"^/\w+$",
            r"\bb\b",
            "^/$",
            "",
        ])
        .prop_map(|text| pcre(text, false)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Lang::and),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Lang::or),
            inner.prop_map(Lang::not),
        ]
    })
}

#[test]
fn atoms_cover_the_domain_and_witnesses_are_in_their_atom() {
    let strategy = (prop::collection::vec(lang(), 0..5), prop::collection::vec(path(), 8));
    check(runner(150).run(&strategy, |(langs, paths)| {
        let domain = Domain::clean_paths();
        let partition = Partition::new(&langs, domain, Budget::default()).expect("small");
        for (number, atom) in partition.atoms().iter().enumerate() {
            prop_assert!(domain.contains(&atom.witness));
            prop_assert_eq!(partition.atom_of(&atom.witness), Some(number));
            for (at, lang) in langs.iter().enumerate() {
                prop_assert_eq!(lang.contains(&atom.witness), Some(atom.holds.contains(at)));
            }
            let inside = partition.lang_of(number).expect("regular");
            prop_assert_eq!(inside.witness(domain, Budget::default()).expect("small"), Some(atom.witness.clone()));
        }
        for path in paths.iter().filter(|path| domain.contains(path.as_bytes())) {
            let atom = partition.atom_of(path.as_bytes()).map(|number| &partition.atoms()[number]);
            prop_assert!(atom.is_some(), "{path}");
            let atom = atom.expect("just asserted");
            prop_assert!(atom.witness.len() <= path.len());
            for (at, lang) in langs.iter().enumerate() {
                prop_assert_eq!(lang.contains(path.as_bytes()), Some(atom.holds.contains(at)));
            }
        }
        Ok(())
    }));
}

#[test]
fn sets_of_patterns_are_what_the_patterns_match() {
    let strategy = (pattern(), any::<bool>(), prop::collection::vec(subject(), 6));
    check(runner(250).run(&strategy, |(text, caseless, subjects)| {
        for text in [text.clone(), format!("^/{text}"), format!("^/{text}$")] {
            let Ok(pattern) = pcre::Pattern::parse(&text, caseless) else { continue };
            let lang = Lang::pcre(&pattern);
            if !lang.is_regular() {
                continue;
            }
            for subject in &subjects {
                for subject in [subject.clone(), [b"/", &subject[..]].concat()] {
                    let Ok(found) = pattern.is_match(&subject) else { continue };
                    prop_assert_eq!(lang.contains(&subject), Some(found), "{} on {:?}", text, String::from_utf8_lossy(&subject));
                }
            }
        }
        Ok(())
    }));
}

#[test]
fn what_asks_behind_a_dollar_sees_the_final_newline() {
    for text in [r"a$\b", r"^a$\z", r"^a(\b|a$)*$", r"a$\n", r"a$(?<=a)$", r"(a$)*\z"] {
        let pattern = pcre::Pattern::parse(text, false).expect("valid pattern");
        for subject in [&b"a"[..], b"a\n", b"aa\n"] {
            assert_eq!(Lang::pcre(&pattern).contains(subject), pattern.is_match(subject).ok(), "{text} on {subject:?}");
        }
    }
}

#[test]
fn everyday_patterns_are_regular() {
    for text in [
        "^/foo(/|$)(.*)",
        "^/(?!admin)(.*)",
        "^/(?!(?:admin|api)(/|$)).*",
        r"^/(?!.*\.css$).*",
        r"^/.*(?<!\.php)$",
        "^/a++/b",
        "^/(?>a+)b",
        "^/a|/b",
        "(^|/)a",
        r"^/a\Z",
        "^/[^/]++/x",
        "^/(?:a|ab)*+",
        "(?i)^/x{2,3}",
        r"^/(?=[^/]+/b)(\w+)",
        "^/(?<=/)a",
        "^/x(?<!y)z",
        r"\bfoo\b",
        "^/(a(?=b)|c(?!d)).*",
    ] {
        assert!(pcre(text, true).is_regular(), "{text}");
    }
}

#[test]
fn patterns_with_back_references_are_opaque() {
    for text in [r"^/(a+)\1$", "^/(a(?1)?b)$", "^/(a)?(?(1)b|c)$", "^/(?:a|ab)++b", "(*UTF)a"] {
        assert!(!pcre(text, false).is_regular(), "{text}");
    }
}

#[test]
fn opaque_languages_are_unsure_but_answered_for_the_witness() {
    let langs = [Lang::prefix("/a"), pcre(r"^/(.)\1", false)];
    let partition = Partition::new(&langs, Domain::clean_paths(), Budget::default()).expect("small");
    for atom in partition.atoms() {
        assert!(atom.unsure.contains(1) && !atom.unsure.contains(0));
        assert_eq!(langs[1].contains(&atom.witness), Some(atom.holds.contains(1)));
    }
    assert_eq!(partition.atom_of(b"/aa"), partition.atom_of(b"/ab"));
}

#[test]
fn an_opaque_part_that_cannot_decide_leaves_no_doubt() {
    let lang = Lang::and([Lang::prefix("/a"), pcre(r"^/(.)\1", false)]);
    let partition = Partition::new(&[lang], Domain::clean_paths(), Budget::default()).expect("small");
    let atom = &partition.atoms()[partition.atom_of(b"/b").expect("in the domain")];
    assert!(atom.unsure.is_empty() && atom.holds.is_empty());
}

#[test]
fn witnesses_are_short_and_easy_to_type() {
    let langs = [Lang::element_prefix("/api"), pcre("^/v[0-9]+/", true), Lang::exact("/")];
    let partition = Partition::new(&langs, Domain::clean_paths(), Budget::default()).expect("small");
    let witnesses: Vec<&str> = partition.atoms().iter().map(|atom| std::str::from_utf8(&atom.witness).expect("ASCII")).collect();
    assert_eq!(witnesses, ["/", "/a", "/api", "/v0/"]);
}

#[test]
fn questions_about_languages_are_answered_with_counterexamples() {
    let domain = Domain::clean_paths();
    let budget = Budget::default();
    let prefix = Lang::element_prefix("/foo");
    let pattern = pcre("^/foo(/|$)", false);
    assert_eq!(prefix.is_equal(&pattern, domain, budget), Answer::Holds);
    assert_eq!(prefix.is_subset(&pcre("^/foo", true), domain, budget), Answer::Holds);
    assert_eq!(pcre("^/foo", true).is_subset(&prefix, domain, budget), Answer::Fails(b"/foO".to_vec()));
    assert_eq!(Lang::none().is_empty(domain, budget), Answer::Holds);
    assert_eq!(pcre(r"^/(.)\1", false).is_subset(&Lang::prefix("/"), domain, budget), Answer::Holds);
    assert_eq!(Lang::prefix("/a").is_subset(&pcre(r"^/(.)\1x", false).not(), domain, budget), Answer::Unknown);
}

#[test]
fn a_language_can_be_added_to_a_partition() {
    let domain = Domain::clean_paths();
    let partition = Partition::new(&[Lang::prefix("/a")], domain, Budget::default()).expect("small");
    let finer = partition.split(Lang::prefix("/ab"), domain, Budget::default()).expect("small");
    assert_eq!((partition.atoms().len(), finer.atoms().len()), (2, 3));
}

/// As many predicates on the path as a host with many locations has.
fn many_paths() -> Vec<Lang> {
    let pair = |number| [Lang::exact(format!("/svc{number}")), Lang::prefix(format!("/svc{number}/"))];
    (0..200).flat_map(pair).chain([pcre("^/", true)]).collect()
}

#[test]
fn many_paths_need_few_states() {
    let partition = Partition::new(&many_paths(), Domain::clean_paths(), Budget::default()).expect("small");
    assert_eq!((partition.langs().len(), partition.atoms().len()), (401, 401));
    assert!(partition.states() < 2300, "{} states", partition.states());
}

#[test]
fn many_expressions_need_few_states() {
    let pair = |number| [Lang::element_prefix(format!("/svc{number}")), pcre(&format!("^/svc{number}(/|$)(.*)"), true)];
    let langs: Vec<Lang> = (0..200).flat_map(pair).collect();
    let partition = Partition::new(&langs, Domain::clean_paths(), Budget::default()).expect("small");
    assert_eq!(partition.atoms().len(), 401);
    assert!(partition.states() < 4500, "{} states", partition.states());
}

#[test]
fn infixes_that_multiply_end_as_an_error() {
    let langs: Vec<Lang> = (0..14).map(|number| pcre(&format!("/{}[a-f]x{number}", "abcdefghijklmn".split_at(number).1), false)).collect();
    let budget = Budget { states: 2_000, ..Budget::default() };
    assert!(matches!(Partition::new(&langs, Domain::clean_paths(), budget), Err(OverBudget::States | OverBudget::Atoms)));
}

#[test]
fn expressions_that_take_too_many_steps_end_as_an_error() {
    let langs: Vec<Lang> =
        (0..14).map(|number| pcre(&format!("/.*(word{number}|other{number})/[0-9]{{1,12}}/[a-f0-9]{{8}}"), false)).collect();
    let cut = |steps| Partition::new(&langs[..3], Domain::clean_paths(), Budget { steps, ..Budget::default() }).err();
    assert_eq!((cut(Budget::default().steps), cut(1_000_000)), (None, Some(OverBudget::States)));
    assert_eq!(Partition::new(&langs, Domain::clean_paths(), Budget::default()).err(), Some(OverBudget::States));
}

#[test]
fn a_pattern_that_is_too_large_ends_as_an_error() {
    let lang = pcre("^/(?:[a-z]{1000}){1000}", false);
    assert_eq!(Partition::new(&[lang], Domain::clean_paths(), Budget::default()).err(), Some(OverBudget::Memory));
}

fn template() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["/", "/a", "$1", "$2", "$n", "b", "/$1", "/$2", "$1$2"]);
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn path_pattern() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/",
        "/a",
        "(/|$)",
        "(.*)",
        "(/a|/b)",
        "(?<n>.*)",
        "/?",
        "(/)?",
        "(a?)",
        "a{2}",
        ".+",
        "(.+)",
        "$",
        "(?:a|(b))",
        "(?i)",
        "[ab]",
        "([ab])",
        "([^/]*)",
        "(.*?)",
        "(?:/(a))?",
        ".",
        "()",
        "(?:$|/)",
    ]);
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

#[test]
fn forms_of_rewrites_are_what_the_groups_give() {
    let strategy = (prop_oneof![3 => path_pattern(), 1 => pattern()], template(), prop::collection::vec(path(), 6));
    check(runner(2500).run(&strategy, |(text, template, paths)| {
        let text = format!("^{text}");
        let (Ok(pattern), Ok(template)) = (pcre::Pattern::parse(&text, false), Template::parse(&template)) else { return Ok(()) };
        let rewrite = Rewrite::new(&pattern, &template, false);
        for path in paths {
            let Ok(Some(found)) = pattern.search(path.as_bytes()) else { continue };
            let group = |number| found.get(number).map_or(&b""[..], |range| &path.as_bytes()[range]);
            let name = |name: &str| {
                let known = pattern.group_names().iter().find(|(known, _)| known == name);
                known.map_or(Vec::new(), |(_, number)| group(*number).to_vec())
            };
            let wanted = template.expand(group, name);
            if let Some(text) = rewrite.form_of(path.as_bytes()).apply(path.as_bytes()) {
                prop_assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(&wanted), "{} on {}", pattern.text(), path);
            }
        }
        Ok(())
    }));
}

#[test]
fn patterns_are_accepted_as_by_go() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/regex/go.txt");
    let table = std::fs::read_to_string(path).expect("fixture");
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with("## ")) {
        let (verdict, pattern) = line.split_at(2);
        if re2::Pattern::parse(pattern).is_ok() != (verdict == "+ ") {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn deep_nesting_overflows_no_stack() {
    for (open, close) in [("(", "|b)*"), ("(?:a", ")?+"), ("(?=a", "b)"), ("(?>", "x|y)"), ("(a|", ")+?")] {
        for depth in [40, 249] {
            let text = format!("^/{}a{}", open.repeat(depth), close.repeat(depth));
            let lang = pcre(&text, true);
            let _ = Partition::new(&[lang], Domain::clean_paths(), Budget { states: 1000, ..Budget::default() });
            let template = Template::parse("/$1").expect("valid template");
            let _ = Rewrite::new(&pcre::Pattern::parse(&text, true).expect("valid pattern"), &template, false);
        }
    }
    let text = format!("{}a{}", "(".repeat(60), "|b)*".repeat(60));
    let _ = Partition::new(&[full(&text)], Domain::any(), Budget { states: 1000, ..Budget::default() });
    assert!(re2::Pattern::parse(&"(".repeat(5000)).is_err());
}
