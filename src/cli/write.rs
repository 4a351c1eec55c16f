//! Writes a directory so that it is there as a whole or not at all.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::interrupt::Held;
use crate::report::Folder;

/// File that marks a directory as ours, so that a second run may replace what the first one wrote.
const MARK: &str = ".gateshift";

/// Writes folders of files below `directory`, which must be absent, empty, or written by gateshift before.
pub(super) fn directory(directory: &Path, folders: &BTreeMap<String, Folder>) -> anyhow::Result<()> {
    let ours = directory.join(MARK).is_file();
    if !ours && directory.exists() && fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?.next().is_some()
    {
        anyhow::bail!("{} is not empty and was not written by gateshift; choose another directory or empty it", directory.display());
    }
    let fresh = sibling(directory, "new");
    let _ = fs::remove_dir_all(&fresh);
    let held = Held::new();
    let written = write_all(&fresh, folders, &held);
    if written.is_err() {
        let _ = fs::remove_dir_all(&fresh);
        return written;
    }
    let old = sibling(directory, "old");
    let _ = fs::remove_dir_all(&old);
    if directory.exists() {
        fs::rename(directory, &old).with_context(|| format!("moving {} aside", directory.display()))?;
    }
    fs::rename(&fresh, directory).with_context(|| format!("moving {} into place", directory.display()))?;
    let _ = fs::remove_dir_all(&old);
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
    let mark = root.join(MARK);
    fs::write(&mark, "gateshift replaces this directory as a whole.\n").with_context(|| format!("writing {}", mark.display()))
}
