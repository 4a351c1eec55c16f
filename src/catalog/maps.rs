//! The embedded files, and shelves of entries that are read when they are asked for.
//!
//! A file lists its entries in block style, each opened by its key (`  - name: x`). A shelf finds those lines without
//! parsing, so that a run that meets ten annotations pays for ten.

use std::{collections::BTreeMap, sync::OnceLock};

use include_dir::{Dir, include_dir};

static MAPS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/annotation-maps");

/// The text of a file of `annotation-maps/`, by its path below that folder.
pub fn text(path: &str) -> Option<&'static str> {
    MAPS.get_file(path)?.contents_utf8()
}

/// The YAML files of a folder of `annotation-maps/`, as (stem, text), sorted by name; empty where there is no folder.
pub fn texts(folder: &str) -> Vec<(&'static str, &'static str)> {
    let Some(folder) = MAPS.get_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = folder
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|file| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?)))
        .collect();
    found.sort_unstable();
    found
}

/// What a shelf holds.
pub(super) trait Entry: Sized {
    /// The start of the line that opens an entry.
    const OPENS: &'static str;

    /// Reads one entry; `file` is the stem of its file.
    fn read(text: &'static str, file: &'static str) -> Result<Self, serde_yaml::Error>;
}

/// The one entry of a text that is a YAML list of one.
pub(super) fn single<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_yaml::Error> {
    serde_yaml::from_str::<[T; 1]>(text).map(|[entry]| entry)
}

/// Entries by key, in the order of their files.
pub struct Shelf<T> {
    slots: Vec<Slot<T>>,
    index: BTreeMap<&'static str, usize>,
}

struct Slot<T> {
    key: &'static str,
    file: &'static str,
    text: &'static str,
    entry: OnceLock<T>,
}

/// The entries of those files of a folder that `wanted` takes.
pub(super) fn shelf<T: Entry>(folder: &str, wanted: impl Fn(&str) -> bool) -> Shelf<T> {
    Shelf::of(texts(folder).into_iter().filter(|(file, _)| wanted(file)))
}

#[expect(private_bounds, reason = "only the catalogue makes shelves")]
impl<T: Entry> Shelf<T> {
    /// The entries of these texts.
    pub(super) fn of(texts: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let mut slots: Vec<Slot<T>> = Vec::new();
        for (file, text) in texts {
            let starts: Vec<usize> = openings(text, T::OPENS).collect();
            for (position, &start) in starts.iter().enumerate() {
                let end = starts.get(position + 1).copied().unwrap_or(text.len());
                let text = &text[start..end];
                slots.push(Slot { key: opened_by(text, T::OPENS), file, text, entry: OnceLock::new() });
            }
        }
        let index = slots.iter().enumerate().map(|(position, slot)| (slot.key, position)).collect();
        Self { slots, index }
    }

    /// The entry of this key.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.index.get(key).map(|&position| self.slots[position].entry())
    }

    /// All keys, in the order of the files. A key that stands twice is here twice; tests forbid it.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.slots.iter().map(|slot| slot.key)
    }

    /// All entries, in the order of the files. This reads every one of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().map(Slot::entry)
    }
}

impl<T: Entry> Slot<T> {
    fn entry(&self) -> &T {
        self.entry.get_or_init(|| {
            T::read(self.text, self.file).unwrap_or_else(|error| {
                panic!("INVARIANT: tests read every entry, but `{}` of {}.yaml is wrong: {error}", self.key, self.file)
            })
        })
    }
}

/// Offsets of the lines that begin with `opens`.
fn openings<'t>(text: &'t str, opens: &'t str) -> impl Iterator<Item = usize> {
    text.match_indices(opens).map(|(at, _)| at).filter(|&at| at == 0 || text.as_bytes()[at - 1] == b'\n')
}

/// The key on the first line of an entry.
fn opened_by(text: &'static str, opens: &str) -> &'static str {
    let line = text[opens.len()..].lines().next().unwrap_or_default().trim();
    line.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_open_at_the_start_of_a_line() {
        let text = "list:\n  - name: a\n    text: '  - name: b'\n  - name: 'c d'\n";
        let keys: Vec<_> = openings(text, "  - name: ").map(|at| opened_by(&text[at..], "  - name: ")).collect();
        assert_eq!(keys, ["a", "c d"]);
    }
}
