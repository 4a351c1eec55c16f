//! How large and how slow partitions are: `cargo bench --bench automata` prints counts and times.

use gateshift::automata::{Budget, Domain, Lang, Partition, pcre};
use std::{hint::black_box, time::Instant};

fn pattern(text: &str) -> Lang {
    Lang::pcre(&pcre::Pattern::parse(text, true).expect("valid pattern"))
}

#[allow(clippy::print_stdout)] // that is what it is for
fn measure(name: &str, domain: &Domain, make: impl Fn() -> Vec<Vec<Lang>>) {
    let start = Instant::now();
    let groups = make();
    let reading = start.elapsed();
    let start = Instant::now();
    let (mut states, mut atoms, mut failed) = (0, 0, 0);
    for langs in &groups {
        match black_box(Partition::new(langs, domain, Budget::default())) {
            Ok(partition) => {
                states += partition.states();
                atoms += partition.atoms().len();
            }
            Err(_) => failed += 1,
        }
    }
    let predicates: usize = groups.iter().map(Vec::len).sum();
    println!(
        "{name:40} {predicates:7} predicates {states:8} states {atoms:7} atoms {failed:3} over budget {reading:>12.2?} to read {:>12.2?}",
        start.elapsed()
    );
}

fn main() {
    let paths = Domain::clean_paths();
    measure("1 host, 400 literal paths", paths, || {
        let pair = |number| [Lang::exact(format!("/svc{number}")), Lang::prefix(format!("/svc{number}/"))];
        vec![(0..200).flat_map(pair).chain([Lang::prefix("/")]).collect()]
    });
    measure("the same with one expression", paths, || {
        let pair = |number| [Lang::exact(format!("/svc{number}")), Lang::prefix(format!("/svc{number}/"))];
        vec![(0..200).flat_map(pair).chain([pattern("^/")]).collect()]
    });
    measure("1 host, 200 prefixes and 200 expressions", paths, || {
        let pair = |number| [Lang::element_prefix(format!("/svc{number}")), pattern(&format!("^/svc{number}(/|$)(.*)"))];
        vec![(0..200).flat_map(pair).chain([Lang::prefix("/")]).collect()]
    });
    measure("12 infixes", paths, || vec![(0..12).map(|number| pattern(&format!("^/.*/x{number}/"))).collect()]);
    measure("8 000 hosts, 2 literal paths each", paths, || {
        (0..8000).map(|number| vec![Lang::element_prefix("/"), Lang::element_prefix(format!("/svc{number}"))]).collect()
    });
    measure("8 000 hosts, 2 expressions each", paths, || {
        (0..8000).map(|number| vec![pattern("^/"), pattern(&format!("^/svc{number}(/|$)(.*)"))]).collect()
    });
    measure("the names of 8 000 hosts", Domain::hosts(), || {
        vec![(0..8000).map(|number| Lang::exact(format!("app{number}.example.com"))).chain([Lang::suffix(".example.com")]).collect()]
    });
}
