//! The rules of the house, as tests: crate edges, sizes, names, words.

mod edges;
mod files;
mod scenarios;
mod security;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the repository")
}

/// Files that git tracks (or would track), relative to the root.
fn files(extension: &str) -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git");
    assert!(output.status.success(), "git ls-files failed");
    let listing = String::from_utf8(output.stdout).expect("UTF-8 names");
    let wanted = |path: &PathBuf| {
        extension.is_empty() || path.extension().is_some_and(|found| found == extension)
    };
    let files: Vec<PathBuf> = listing.lines().map(PathBuf::from).filter(wanted).collect();
    let files: Vec<PathBuf> = files
        .into_iter()
        .filter(|path| root().join(path).exists())
        .collect();
    assert!(
        !files.is_empty(),
        "no .{extension} files found: the rule would check nothing"
    );
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}
