//! The page runs only what is shipped with it.

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_policy_allows_nothing_inline_and_nothing_from_elsewhere() {
    let config: serde_json::Value = serde_json::from_str(&read("tauri.conf.json")).expect("JSON");
    let policy = config["app"]["security"]["csp"].as_str().expect("a policy");
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(directive), "{directive} is not in {policy}");
    }
    for hole in ["unsafe", "*", "https:", "data:"] {
        assert!(!policy.contains(hole), "{hole} is in {policy}");
    }
}

#[test]
fn the_page_keeps_to_the_policy() {
    let page = read("ui/index.html");
    assert!(page.contains("<script type=\"module\" src=\"app.js\"></script>"));
    for inline in [
        "<style",
        " style=",
        "<script>",
        " onclick=",
        " onload=",
        "://",
    ] {
        assert!(!page.contains(inline), "{inline} in index.html");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    for entry in std::fs::read_dir(folder).expect("ui/") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("UTF-8");
        let text = read(&format!("ui/{name}"));
        for way in ["eval(", "innerHTML", "https://", "http://", "@import"] {
            assert!(!text.contains(way), "{way} in {name}");
        }
    }
}
