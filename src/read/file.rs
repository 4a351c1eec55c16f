//! Which files are read: those named, and the manifests of directories.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{Options, Reading, document::STDIN, text::Text};
use crate::ledger::{Code, Finding};

/// All texts, sorted by name. A file that is named twice is read once, under the name that sorts first.
pub(super) fn gather(options: &Options, reading: &mut Reading) -> Vec<Text> {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut texts = Vec::new();
    let mut stdin = false;
    let mut paths: Vec<&PathBuf> = options.paths.iter().collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        if path.as_os_str() == STDIN {
            stdin = true;
        } else if path.is_dir() {
            let found = manifests(path, options.recursive, reading);
            if found.is_empty() {
                complain(reading, Code::InputEmptyFolder, path, Vec::new());
            }
            for file in found {
                add(&mut files, &file);
            }
        } else {
            add(&mut files, path);
        }
    }
    if stdin {
        let mut bytes = Vec::new();
        match io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => texts.push(Text::decode(STDIN.to_owned(), bytes)),
            Err(error) => complain(reading, Code::InputUnreadableFile, Path::new(STDIN), vec![("error", error_text(&error))]),
        }
    }
    let mut named: Vec<(String, PathBuf)> = files.into_iter().map(|(path, name)| (name, path)).collect();
    named.sort();
    for (name, path) in named {
        match fs::read(&path) {
            Ok(bytes) if u32::try_from(bytes.len()).is_ok() => texts.push(Text::decode(name, bytes)),
            Ok(_) => complain(reading, Code::InputUnreadableFile, Path::new(&name), vec![("error", "larger than 4 GiB".to_owned())]),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                complain(reading, Code::InputMissingFile, Path::new(&name), Vec::new());
            }
            Err(error) => complain(reading, Code::InputUnreadableFile, Path::new(&name), vec![("error", error_text(&error))]),
        }
    }
    texts
}

fn add(files: &mut BTreeMap<PathBuf, String>, path: &Path) {
    let name = display(path);
    let identity = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let known = files.entry(identity).or_insert_with(|| name.clone());
    if name < *known {
        *known = name;
    }
}

/// Files with an extension that kubectl reads, sorted by path.
fn manifests(folder: &Path, recursive: bool, reading: &mut Reading) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                complain(reading, Code::InputUnreadableFile, &folder, vec![("error", error_text(&error))]);
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            // Links to directories are not followed, as in kubectl, so that nothing is read without end.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if recursive {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json")
                && !path.is_dir()
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn complain(reading: &mut Reading, code: Code, path: &Path, more: Vec<(&'static str, String)>) {
    let mut facts = vec![("file", display(path))];
    facts.extend(more);
    reading.findings.push(Finding::estate(code, facts));
    reading.partial = true;
}

/// The path as it was given, with `/` on every system.
fn display(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") };
    text.strip_prefix("./").filter(|rest| !rest.is_empty()).map_or(text.clone(), str::to_owned)
}

/// The kind of the error only: the words of an operating system differ.
fn error_text(error: &io::Error) -> String {
    error.kind().to_string()
}
