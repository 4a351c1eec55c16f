//! Everything that the corpus of real Ingresses must give: no panic, a closed ledger, objects that an API server takes, the same bytes twice.

use std::{fs, path::PathBuf};

use crate::shared::{convert, refused, shared};

fn files() -> Option<Vec<PathBuf>> {
    let folder = shared("corpus")?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("corpus")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() > 500, "the corpus has {} files", files.len());
    Some(files)
}

/// Flags that make most of the corpus count: many Ingresses name a class that their file does not bring.
const FLAGS: &[&str] = &["--watch-ingress-without-class=true"];

#[test]
fn every_corpus_file_converts_with_a_closed_ledger_into_objects_that_are_accepted() {
    let Some(files) = files() else { return };
    let (mut wrong, mut annotations) = (Vec::new(), 0);
    for file in files {
        let name = file.display().to_string();
        let converted = convert(vec![file], "standard", FLAGS);
        wrong.extend(converted.ledger.open_entries().map(|entry| format!("{name}: {} is open", entry.subject.field)));
        wrong.extend(refused(&converted.objects, "1.5").into_iter().map(|why| format!("{name}: {why}")));
        let counted: usize = converted.reading.inventory.ingresses.iter().map(|ingress| ingress.meta.annotations.len()).sum();
        let in_ledger =
            converted.ledger.entries().iter().filter(|entry| entry.subject.field.to_string().starts_with("metadata.annotations")).count();
        if counted != in_ledger {
            wrong.push(format!("{name}: {counted} annotations, {in_ledger} in the ledger"));
        }
        annotations += counted;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(annotations > 2000, "only {annotations} annotations");
}

#[test]
fn the_corpus_as_one_estate_gives_the_same_bytes_in_any_order_of_files() {
    let Some(mut files) = files() else { return };
    let forward = convert(files.clone(), "standard", FLAGS);
    files.reverse();
    let backward = convert(files.clone(), "standard", FLAGS);
    let half = files.len() / 2;
    files.rotate_left(half);
    let rotated = convert(files, "standard", FLAGS);
    assert!(forward.yaml == backward.yaml && forward.yaml == rotated.yaml, "manifests depend on the order of files");
    assert!(forward.account == backward.account && forward.account == rotated.account, "the ledger depends on the order of files");
    assert_eq!(forward.findings.len(), backward.findings.len());
    assert_eq!(refused(&forward.objects, "1.5"), Vec::<String>::new());
}
