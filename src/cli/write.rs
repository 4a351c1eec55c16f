//! Writes a directory so that it is there as a whole or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::interrupt::Held;
use crate::report::Folder;

/// File that marks a directory as ours and names what was written, so that a second run replaces that and nothing else.
const MARK: &str = ".gateshift";
/// First line of it.
const TITLE: &str = "# gateshift wrote these files and replaces them; everything else here stays.";

/// Writes folders of files below `directory`, which must be absent, empty, or written by gateshift before. What others put there stays.
pub(super) fn directory(directory: &Path, folders: &BTreeMap<String, Folder>) -> anyhow::Result<()> {
    if directory.file_name().is_none() {
        anyhow::bail!("{} cannot be replaced as a whole; name a directory below it", directory.display());
    }
    let written = written_before(directory)?;
    let fresh = sibling(directory, "new");
    let _ = fs::remove_dir_all(&fresh);
    let held = Held::new();
    let done = write_all(&fresh, folders, &held).and_then(|()| put_in_place(&fresh, directory, &written));
    if done.is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    done
}

/// What was written becomes the directory, and what others put there moves along.
fn put_in_place(fresh: &Path, directory: &Path, written: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let old = sibling(directory, "old");
    if old.exists() {
        anyhow::bail!("{} is left of a run that did not end; put back what is yours of it and remove it", old.display());
    }
    if directory.exists() {
        fs::rename(directory, &old).with_context(|| format!("moving {} aside", directory.display()))?;
    }
    fs::rename(fresh, directory).with_context(|| format!("moving {} into place", directory.display()))?;
    if old.exists() {
        keep_others(&old, directory, Path::new(""), written)?;
        fs::remove_dir_all(&old).with_context(|| format!("removing {}", old.display()))?;
    }
    Ok(())
}

/// What a run before wrote into a directory, relative to it.
fn written_before(directory: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mark = directory.join(MARK);
    if mark.is_file() {
        let text = fs::read_to_string(&mark).with_context(|| format!("reading {}", mark.display()))?;
        return Ok(text.lines().filter(|line| !line.starts_with('#')).map(PathBuf::from).collect());
    }
    if directory.exists() && fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?.next().is_some() {
        anyhow::bail!("{} is not empty and was not written by gateshift; choose another directory or empty it", directory.display());
    }
    Ok(BTreeSet::new())
}

/// Moves what gateshift did not write from `old` to `new`. Where both have something, that of `new` stays, and the other is not lost: it is
/// an error.
fn keep_others(old: &Path, new: &Path, below: &Path, written: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(old.join(below)).with_context(|| format!("reading {}", old.join(below).display()))? {
        let entry = entry.with_context(|| format!("reading {}", old.join(below).display()))?;
        let path = below.join(entry.file_name());
        if written.contains(&path) || path == Path::new(MARK) {
            continue;
        }
        let ours = written.iter().any(|file| file.starts_with(&path));
        let (from, to) = (old.join(&path), new.join(&path));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && (ours || to.is_dir()) {
            keep_others(old, new, &path, written)?;
        } else if to.exists() {
            anyhow::bail!("{} was not written by gateshift and would be replaced; it is kept as {}", to.display(), from.display());
        } else {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
            }
            fs::rename(&from, &to).with_context(|| format!("moving {} back", to.display()))?;
        }
    }
    Ok(())
}

fn sibling(directory: &Path, word: &str) -> PathBuf {
    let name = directory.file_name().map_or_else(|| "out".to_owned(), |name| name.to_string_lossy().into_owned());
    directory.with_file_name(format!(".{name}.gateshift-{word}"))
}

fn write_all(root: &Path, folders: &BTreeMap<String, Folder>, held: &Held) -> anyhow::Result<()> {
    fs::create_dir_all(root).with_context(|| format!("creating {}", root.display()))?;
    for (folder, files) in folders {
        let path = root.join(folder);
        fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        for (name, text) in files {
            if held.is_asked() {
                anyhow::bail!("interrupted");
            }
            let file = path.join(name);
            fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        }
    }
    let files = folders.iter().flat_map(|(folder, files)| files.keys().map(move |name| Path::new(folder).join(name)));
    let list: String = files.map(|file| format!("{}\n", file.display())).collect();
    let mark = root.join(MARK);
    fs::write(&mark, format!("{TITLE}\n{list}")).with_context(|| format!("writing {}", mark.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(names: &[(&str, &str)]) -> BTreeMap<String, Folder> {
        let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
        for (folder, file) in names {
            folders.entry((*folder).to_owned()).or_default().insert((*file).to_owned(), format!("{folder}/{file}\n"));
        }
        folders
    }

    #[test]
    fn what_others_put_there_stays_and_what_was_written_before_goes() {
        let root = std::env::temp_dir().join(format!("gateshift-write-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let out = root.join("out");
        directory(&out, &folders(&[("app", "routes.yaml"), ("gone", "routes.yaml")])).expect("written");
        fs::create_dir_all(out.join(".git")).expect("folder");
        fs::write(out.join(".git/HEAD"), "ref").expect("file");
        fs::write(out.join("gone/mine.yaml"), "mine").expect("file");
        directory(&out, &folders(&[("app", "routes.yaml"), ("new", "routes.yaml")])).expect("written again");
        let there = |path: &str| out.join(path).is_file();
        assert!(there(".git/HEAD") && there("gone/mine.yaml") && there("app/routes.yaml") && there("new/routes.yaml"));
        assert!(!there("gone/routes.yaml"));
        fs::write(out.join("app/more.yaml"), "mine").expect("file");
        let error = directory(&out, &folders(&[("app", "more.yaml")])).expect_err("a file of somebody else");
        assert!(error.to_string().contains("not written by gateshift"), "{error}");
        let aside = sibling(&out, "old").join("app/more.yaml");
        assert_eq!(fs::read_to_string(aside).expect("kept"), "mine");
        fs::remove_dir_all(&root).expect("removed");
    }
}
