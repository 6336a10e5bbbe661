//! Where the binaries under test are.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The path of a workspace binary, built first when nobody built it.
///
/// `GATEHOUSE_BIN_DIR` (set by `tests/run`) names the folder and skips the build.
///
/// # Panics
/// When the build fails or the binary is not there.
pub fn path(name: &str) -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        if let Some(dir) = std::env::var_os("GATEHOUSE_BIN_DIR") {
            return PathBuf::from(dir);
        }
        let test_binary = std::env::current_exe().expect("own path");
        // target/debug/deps/e2e-… -> target/debug
        let dir = test_binary
            .ancestors()
            .nth(2)
            .expect("a target folder")
            .to_path_buf();
        let profile = if dir.ends_with("release") {
            "release"
        } else {
            "dev"
        };
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "-q",
                "-p",
                "server",
                "-p",
                "kiosk-cli",
                "--bins",
                "--profile",
                profile,
            ])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .status()
            .expect("cargo starts");
        assert!(status.success(), "building the binaries under test failed");
        dir
    });
    let path = dir.join(name);
    assert!(path.exists(), "{} is not built", path.display());
    path
}
