//! The console blocks of README run as written. `...` stands for any lines, or the rest of a line.

use std::{fs, path::Path, process::Command};

/// Commands with their expected output, block by block.
fn blocks(readme: &str) -> Vec<Vec<(String, Vec<String>)>> {
    let mut blocks = Vec::new();
    let mut inside: Option<Vec<(String, Vec<String>)>> = None;
    for line in readme.lines() {
        match (&mut inside, line) {
            (None, "```console") => inside = Some(Vec::new()),
            (Some(_), "```") => blocks.extend(inside.take()),
            (Some(block), line) => match line.strip_prefix("$ ") {
                Some(command) => block.push((command.to_owned(), Vec::new())),
                None => block.last_mut().expect("a console block starts with a command").1.push(line.to_owned()),
            },
            (None, _) => {}
        }
    }
    blocks
}

fn line_fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once("...") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
    }
}

fn fits(pattern: &[String], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "..." => (0..=lines.len()).any(|skip| fits(rest, &lines[skip..])),
        Some((first, rest)) => lines.split_first().is_some_and(|(line, lines)| line_fits(first, line) && fits(rest, lines)),
    }
}

#[test]
fn console_blocks_of_the_readme_run_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md");
    let folder = std::env::temp_dir().join(format!("gateshift-readme-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("temporary folder");
    let _ = std::os::unix::fs::symlink(root.join("testdata"), folder.join("testdata"));
    let binary = Path::new(env!("CARGO_BIN_EXE_gateshift")).parent().expect("folder of the binary");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 3, "README has {} console blocks", blocks.len());
    for (command, expected) in blocks.into_iter().flatten() {
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}; }} 2>&1")])
            .current_dir(&folder)
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .output()
            .expect("sh runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        assert!(fits(&expected, &lines), "`{command}` printed\n{text}\nREADME says\n{}", expected.join("\n"));
        assert!(!text.is_empty() || expected.is_empty(), "`{command}` printed nothing");
    }
    let _ = fs::remove_dir_all(&folder);
}

#[test]
fn readme_prints_the_cluster_role() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    assert!(readme.contains(&format!("```yaml\n{}```\n", gateshift::read::cluster::CLUSTER_ROLE)));
}

#[test]
fn readme_names_the_test_command_that_the_gate_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md");
    let gate = fs::read_to_string(root.join(".ci/run")).expect(".ci/run");
    assert!(readme.contains("\ncargo test\n"));
    assert!(gate.contains("\ncargo test\n"));
}
