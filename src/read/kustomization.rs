//! Kustomizations: one that only names files that are read anyway leaves nothing to render.

use std::collections::BTreeSet;

use crate::yaml::Node;

/// What a kustomization names; `None` where it changes what it names.
pub(super) fn resources(root: &Node) -> Option<Vec<String>> {
    let known = ["apiVersion", "kind", "metadata", "resources"];
    if !root.entries().iter().all(|(key, _)| key.as_text().is_some_and(|key| known.contains(&key))) {
        return None;
    }
    let named = root.get("resources").map_or(&[][..], Node::items);
    named.iter().map(|resource| resource.as_text().map(str::to_owned)).collect()
}

/// The resources of the kustomization of that name are among the files, or folders of files.
pub(super) fn are_read<'n>(name: &str, resources: &[String], files: impl Iterator<Item = &'n str>) -> bool {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let files: BTreeSet<&str> = files.collect();
    resources.iter().all(|resource| {
        let resource = resource.strip_prefix("./").unwrap_or(resource).trim_end_matches('/');
        let path = if folder.is_empty() { resource.to_owned() } else { format!("{folder}/{resource}") };
        let inside = format!("{path}/");
        files.contains(path.as_str()) || files.range(inside.as_str()..).next().is_some_and(|file| file.starts_with(&inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, resources: &[&str], files: &[&str]) -> bool {
        are_read(name, &resources.iter().map(|&resource| resource.to_owned()).collect::<Vec<_>>(), files.iter().copied())
    }

    #[test]
    fn files_and_folders_beside_it_count() {
        let files = ["out/app/routes.yaml", "out/kustomization.yaml"];
        assert!(read("out/kustomization.yaml", &["app"], &files));
        assert!(read("out/app/kustomization.yaml", &["./routes.yaml"], &files));
        assert!(read("kustomization.yaml", &["a.yaml"], &["a.yaml"]));
    }

    #[test]
    fn what_is_not_there_or_lies_elsewhere_does_not_count() {
        let files = ["out/app/routes.yaml", "out/apple.yaml"];
        assert!(!read("out/kustomization.yaml", &["app", "web"], &files));
        assert!(!read("out/kustomization.yaml", &["../base"], &files));
        assert!(!read("out/kustomization.yaml", &["https://example.com/base"], &files));
        assert!(!read("out/kustomization.yaml", &["appl"], &files));
    }
}
