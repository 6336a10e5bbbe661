//! `kiosk carry`: entries in a file, from one process to another that it never met.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::gate::start;
use crate::kiosk::{Kiosk, code, json_lines, stderr, stdout};
use crate::together::two;

fn carry(kiosk: &Kiosk, way: &str, path: &Path) -> Output {
    let path = path.to_str().expect("text");
    kiosk.run(&["carry", way, path, "--json"])
}

fn written(kiosk: &Kiosk, path: &Path) -> Value {
    json_lines(&carry(kiosk, "--to", path)).remove(0)
}

fn taken(kiosk: &Kiosk, path: &Path) -> Value {
    json_lines(&carry(kiosk, "--from", path)).remove(0)
}

fn admit(kiosk: &Kiosk, serials: std::ops::Range<u32>) {
    let codes: Vec<String> = serials.map(|serial| kiosk.ticket(serial)).collect();
    for verdict in kiosk.scan(&codes.join("\n")) {
        assert_eq!(verdict["verdict"], "admit", "{verdict}");
    }
}

/// Entries that a device has, its own and others': besides admissions a word about its clock.
fn held(kiosk: &Kiosk) -> usize {
    json_lines(&kiosk.run(&["export"])).len()
}

#[test]
fn a_stick_tells_one_kiosk_what_another_admitted_in_words_and_as_json() {
    // V2 V5
    let (first, second) = two();
    admit(&first, 0..3);
    let path = first.data().join("stick");
    let report = written(&first, &path);
    let entries = held(&first);
    assert_eq!(
        (&report["entries"], &report["devices"]),
        (&entries.into(), &1.into())
    );
    assert_eq!(report["list"]["version"], 1, "{report}");
    let report = taken(&second, &path);
    assert_eq!(
        (&report["new"], &report["writer"]),
        (&entries.into(), &"Kiosk 1".into())
    );
    assert_eq!(report["devices"][0]["device"], "Kiosk 1", "{report}");
    assert_eq!(report["refused"], serde_json::json!([]));
    let verdict = second.scan(&second.ticket(1)).remove(0);
    assert_eq!(
        (&verdict["verdict"], &verdict["reason"]),
        (&"refuse".into(), &"already_used".into())
    );
    assert_eq!(taken(&second, &path)["new"], 0, "again is harmless");

    // Back, for people to read; the file of before may be replaced.
    admit(&second, 5..6);
    let (all, new) = (held(&second), held(&second) - entries);
    let path = path.to_str().expect("text");
    let output = second.run(&["carry", "--to", path, "--no-list"]);
    let said = stdout(&output);
    assert!(
        said.starts_with(&format!("Written: {all} entries of 2 devices, ")),
        "{said}"
    );
    assert!(
        said.contains(
            "\nWithout the ticket list.\nOn the other device: kiosk carry --from stick\n"
        ),
        "{said}"
    );
    let output = first.run(&["carry", "--from", path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.starts_with("Written by Kiosk 2 at "), "{said}");
    let told = format!(": {all} entries, of which {new} new here.\n  Kiosk 2: {new} new\n");
    assert!(said.ends_with(&told), "{said}");
}

#[test]
fn a_running_gate_knows_at_once_what_was_carried_to_it() {
    // V2 V5 V8
    let (first, second) = two();
    admit(&first, 3..4);
    let path = first.data().join("stick");
    written(&first, &path);
    let mut gate = start(&second, &["--no-multicast", "--listen", "127.0.0.1:0"]);
    gate.wait_for("ready", |screen| screen.contains("Scan a ticket."));
    assert_eq!(taken(&second, &path)["new"], held(&first));
    gate.wait_for("the guest of the other gate", |screen| {
        screen.contains("Inside 1")
    });
    gate.press(&(first.ticket(3) + "\r"));
    gate.wait_for("the refusal", |screen| {
        screen.contains("Refused 1") && screen.contains("Used")
    });
    gate.press(&(first.ticket(4) + "\r"));
    gate.wait_for("the next guest", |screen| screen.contains("Admitted 1"));
    // And what it admits meanwhile goes along.
    let (all, known) = (held(&second), held(&first));
    assert_eq!(written(&second, &path)["entries"], all);
    assert_eq!(taken(&first, &path)["new"], all - known);
}

/// One sentence for people, and nothing has changed.
fn assert_refused(kiosk: &Kiosk, path: &Path, words: &str) {
    let before = stdout(&kiosk.run(&["export"]));
    let output = carry(kiosk, "--from", path);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains(words), "{words}: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert_eq!(stdout(&output), "");
    assert_eq!(stdout(&kiosk.run(&["export"])), before);
}

#[test]
fn files_that_are_not_whole_or_are_something_else_get_one_sentence_and_change_nothing() {
    // V5
    let (first, second) = two();
    admit(&first, 0..5);
    let path = first.data().join("stick");
    written(&first, &path);
    let whole = std::fs::read(&path).expect("read");
    let bad = first.data().join("bad");
    let damaged = "is damaged or was cut short: copy or write it again";
    for part in 1..12 {
        std::fs::write(&bad, &whole[..whole.len() * part / 12]).expect("written");
        assert_refused(&second, &bad, damaged);
        let mut turned = whole.clone();
        let at = 16 + (whole.len() - 17) * part / 11;
        turned[at] ^= 1 << (part % 8);
        std::fs::write(&bad, turned).expect("written");
        assert_refused(&second, &bad, damaged);
    }
    let unlike = "was not written by `kiosk carry`";
    for other in [
        &b""[..],
        b"Dear all,\nthe stick is in the drawer.\n",
        b"GATEHOUSE",
    ] {
        std::fs::write(&bad, other).expect("written");
        assert_refused(&second, &bad, unlike);
    }
    File::create(&bad)
        .and_then(|file| file.set_len(10_000_000_000))
        .expect("a hole");
    assert_refused(&second, &bad, "is larger than any file");
    assert_refused(&second, &first.data(), "is no file");
    assert_refused(&second, &first.data().join("nowhere"), "cannot read");
    // Not even its owner may read a socket's or another's file; root may, so ask the system first.
    std::fs::write(&bad, &whole).expect("written");
    forbid(&bad);
    if File::open(&bad).is_err() {
        assert_refused(&second, &bad, "cannot read");
    }
    let report = taken(&second, &path);
    assert_eq!(report["new"], held(&first), "the whole one is welcome");
}

fn forbid(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let nobody = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(path, nobody).expect("changed");
}

#[test]
fn a_file_that_cannot_be_finished_leaves_the_old_one_and_no_others() {
    // V5
    let kiosk = Kiosk::enrolled_for(60_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stick");
    written(&kiosk, &path);
    let before = std::fs::read(&path).expect("read");
    assert!(before.len() > 512 * 1024, "{}", before.len());
    // As on a disk that is full: no file may grow past half a megabyte.
    let program = env!("CARGO_BIN_EXE_kiosk");
    let line = format!(
        "trap '' XFSZ; ulimit -f 512; exec {program} carry --to {}",
        path.display()
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &line])
        .env("KIOSK_DATA", kiosk.data())
        .output()
        .expect("runs");
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("cannot write"),
        "{}",
        stderr(&output)
    );
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(std::fs::read(&path).expect("read"), before);
    // Somebody's own file is spared, and so is what is no file.
    let thesis = folder.path().join("thesis");
    std::fs::write(&thesis, "On gates, and who goes through them.").expect("written");
    for spared in [&thesis, folder.path(), Path::new("/dev/null")] {
        let output = carry(&kiosk, "--to", spared);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(
            stderr(&output).contains("choose another name"),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(std::fs::read(&thesis).expect("read").len(), 36);
}

#[test]
fn killed_at_any_moment_both_files_and_data_are_whole() {
    // V5
    let (first, second) = two();
    admit(&first, 0..19);
    let all = held(&first);
    let path = first.data().join("stick");
    written(&first, &path);
    let before = std::fs::read(&path).expect("read");
    let from = ["carry", "--from", path.to_str().expect("text")];
    let to = ["carry", "--to", path.to_str().expect("text")];
    for at in 0..12_u32 {
        let (kiosk, args) = if at % 2 == 0 {
            (&second, from)
        } else {
            (&first, to)
        };
        let mut child = kiosk
            .command(&args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("runs");
        // Longer each time: from before it has begun to after it has ended.
        for _ in 0..at * at * 40_000 {
            std::hint::spin_loop();
        }
        let _ended = child.kill();
        child.wait().expect("ends");
        let now = std::fs::read(&path).expect("a file");
        // Its header tells another moment.
        assert_eq!(now.len(), before.len());
        let seen = held(&second);
        assert!(seen == 0 || seen == all, "{seen}");
        let checks = json_lines(&second.run(&["doctor", "--json"]));
        assert!(checks.iter().all(|of| of["health"] != "bad"), "{checks:?}");
    }
    let rest = taken(&second, &path)["new"].as_u64().expect("a number");
    assert!(rest == 0 || rest == all as u64, "{rest}");
    assert_eq!(held(&second), all);
}
