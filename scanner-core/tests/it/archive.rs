//! Leaving after the event (gossip.md 3): what goes into the file, when nothing goes off the device,
//! and a cut in between.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use scanner_core::{
    ArchiveReport, Error, Kind, Outcome, Scanner, archive_over, archived, carry_from,
};
use shared::audit::{Auditor, Report};
use shared::log::LogHead;
use shared::sync::frame::Message;
use shared::trust::{Checkpoint, RootPin};

use crate::crash::copy_dir;
use crate::device::{Device, scan};
use crate::server::{DAY, NOW, Server, Shared};
use crate::wire::Wire;
use crate::writer::{Writer, file, take};

/// Half a day later, by every clock, with a list of that hour.
fn end_event(server: &Shared, devices: &[&Device]) {
    server.borrow_mut().now = NOW.plus_secs(DAY / 2 + 60);
    server.borrow_mut().publish();
    for device in devices {
        device.pass(DAY / 2 + 60);
    }
}

fn admit(device: &Device, serials: std::ops::Range<u32>) {
    let mut scanner = device.open();
    for serial in serials {
        let ticket = device.server.borrow().ticket(serial);
        let verdict = scan(&mut scanner, &ticket);
        assert_eq!(verdict.verdict, Outcome::Admit, "{verdict:?}");
    }
}

fn archive(device: &Device, path: &Path) -> Result<ArchiveReport, Error> {
    let mut wire = Wire::to(&device.server);
    archive_over(device.path(), &device.edge, path, &mut wire)
}

fn audited(server: &Shared, path: &Path) -> Report {
    let mut auditor = Auditor::new(Some(RootPin::of(&server.borrow().roots[0])));
    let text = std::fs::read_to_string(path).expect("an archive");
    for line in text.lines() {
        auditor.line(line);
    }
    auditor.finish()
}

/// Files of a data directory, but the locks.
fn names(dir: &Path) -> Vec<String> {
    let found = std::fs::read_dir(dir).expect("read");
    let mut names: Vec<String> = found
        .map(|entry| {
            entry
                .expect("read")
                .file_name()
                .into_string()
                .expect("text")
        })
        .filter(|name| name.strip_suffix(".lock").is_none())
        .collect();
    names.sort();
    names
}

/// Two devices that admitted three guests each, all of them synced; the event is over.
struct Night {
    server: Shared,
    first: Device,
    second: Device,
    folder: tempfile::TempDir,
}

impl Night {
    fn over() -> Self {
        let server = Server::new(20);
        server
            .borrow_mut()
            .holders
            .insert(1, "Nguyễn Thị Minh".to_owned());
        server.borrow_mut().publish();
        let first = Device::enrolled(&server, 1);
        let second = Device::enrolled(&server, 2);
        admit(&first, 0..3);
        admit(&second, 3..6);
        for device in [&first, &second, &first] {
            device.sync();
        }
        end_event(&server, &[&first, &second]);
        Self {
            server,
            first,
            second,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Nothing went, and nothing was written.
    fn refuses(&self, kind: Kind, words: &str) {
        let path = self.path("refused");
        let before = names(self.first.path());
        let error = archive(&self.first, &path).expect_err("refused");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!path.exists() && !self.path("refused.part").exists());
        assert_eq!(names(self.first.path()), before);
        assert!(self.first.open().status().is_ok(), "it goes on as before");
    }
}

#[test]
fn what_was_signed_off_goes_into_a_file_that_an_auditor_accepts_and_off_the_device() {
    // gossip.md 3
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    let key = std::fs::read_to_string(night.first.path().join("device.key")).expect("a key");
    let path = night.path("kiosk-1");
    let report = archive(&night.first, &path).expect("archived");
    let of = &report.archived;
    assert_eq!((of.device_name.as_str(), of.checkpoint), ("Kiosk 1", 1));
    assert_eq!((report.devices, of.entries), (2, 6));
    assert_eq!(of.logs.len(), 1);
    assert_eq!(of.logs[0].entries, 3);
    assert_eq!(report.findings, [""; 0]);
    let bytes = std::fs::read(&path).expect("the file");
    assert_eq!(report.bytes, bytes.len() as u64);
    assert_eq!(of.hash, blake3::hash(&bytes).to_hex().as_str());

    let audit = audited(&night.server, &path);
    assert!(audit.is_clean(), "{audit}");
    assert_eq!(audit.totals.admitted, 6);
    assert_eq!(audit.written_by.as_deref(), Some("Kiosk 1"));
    let signed_off = audit.signed_off.as_ref().expect("a checkpoint");
    assert_eq!(
        (signed_off.entries, signed_off.since, signed_off.elsewhere),
        (6, 0, 0)
    );
    assert!(
        audit
            .to_string()
            .contains("written by Kiosk 1: the server's own list"),
        "{audit}"
    );
    // Nobody's name, and neither key nor entries on the device.
    let text = String::from_utf8(bytes).expect("text");
    assert!(!text.contains("Nguy") && !text.contains(&key));
    assert_eq!(names(night.first.path()), ["archived.json"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path)
            .expect("the file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    // A changed byte is found by whoever reads the file.
    let spoiled = night.path("spoiled");
    let at = text.find("\"bodies\":[\"").expect("entries") + 12;
    let mut bytes = text.into_bytes();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&spoiled, bytes).expect("written");
    assert!(!audited(&night.server, &spoiled).is_clean());
}

#[test]
fn an_archived_device_says_so_until_it_is_enrolled_anew_with_another_key() {
    // gossip.md 3, V6
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    let path = night.path("kiosk-1");
    // A program that was started before has no longer anything to write to.
    let mut left_open = night.first.open();
    let report = archive(&night.first, &path).expect("archived");
    let ticket = night.server.borrow().ticket(7);
    let outcome = left_open.begin().expect_err("archived");
    assert_eq!(outcome.kind(), Kind::NotEnrolled);
    drop(left_open);
    assert_eq!(names(night.first.path()), ["archived.json"]);

    let refused = Scanner::open(night.first.path(), night.first.edge.clone());
    let refused = refused.err().expect("archived");
    assert_eq!(refused.kind(), Kind::NotEnrolled);
    let told = refused.to_string();
    for word in ["Kiosk 1", "Quiet Night", "kiosk-1", "can be enrolled anew"] {
        assert!(told.contains(word), "{told}");
    }
    let noted = archived(night.first.path()).expect("read");
    assert_eq!(noted.as_ref(), Some(&report.archived));
    let again = archive(&night.first, &night.path("again")).expect_err("archived");
    assert_eq!(again.kind(), Kind::NotEnrolled);
    assert!(!night.path("again").exists());

    let enrolled = night
        .first
        .enrol(&mut Wire::to(&night.server))
        .expect("enrols");
    assert_ne!(enrolled.device_id, report.archived.device);
    assert_eq!(archived(night.first.path()).expect("read"), None);
    let verdict = scan(&mut night.first.open(), &ticket);
    assert_eq!(verdict.verdict, Outcome::Admit, "{verdict:?}");
    let kept = format!("archived-{}.json", report.archived.device);
    assert!(names(night.first.path()).contains(&kept));
    assert!(night.second.open().status().is_ok());
}

#[test]
fn nothing_goes_before_its_time() {
    // gossip.md 3
    let night = Night::over();
    night.refuses(Kind::NotYet, "not signed off");
    // Signed too early by whoever has both keys: the device goes by its own list.
    night.server.borrow_mut().sign_off();
    night.server.borrow_mut().now = NOW.plus_secs(60);
    night.first.pass(-DAY / 2);
    night.refuses(Kind::NotYet, "the event is not over");
    end_event(&night.server, &[]);
    night.first.pass(DAY / 2);

    // An entry that came after the checkpoint.
    admit(&night.first, 6..8);
    night.refuses(Kind::NotYet, "2 entries of this device are not signed off");
    night.server.borrow_mut().sign_off();
    // Another's.
    night.second.sync();
    admit(&night.second, 8..9);
    night.second.sync();
    night.refuses(Kind::NotYet, "1 of Kiosk 2");
    night.server.borrow_mut().sign_off();
    let report = archive(&night.first, &night.path("in-time")).expect("archived");
    assert_eq!(report.archived.checkpoint, 3);
    assert_eq!(report.archived.entries, 9);
}

#[test]
fn answers_that_the_server_lacks_keep_the_device() {
    // gossip.md 3, V8
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    admit(&device, 0..1);
    device.sync();
    // An answer that was never handed over, of an admission that was.
    let db = Connection::open(device.path().join("gatehouse.db")).expect("opens");
    let log: Vec<u8> = db
        .query_row("SELECT log FROM logs WHERE own = 1", [], |row| row.get(0))
        .expect("a log");
    db.execute(
        "INSERT INTO answers (log, seq, body) VALUES (?1, 0, '[{\"question\":\"note\",\"value\":\"x\"}]')",
        [&log],
    )
    .expect("written");
    drop(db);
    end_event(&server, &[&device]);
    server.borrow_mut().sign_off();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("archive");
    // The server that is asked last takes no answers.
    server.borrow_mut().takes_answers = false;
    let error = archive(&device, &path).expect_err("kept");
    assert_eq!(error.kind(), Kind::NotYet, "{error}");
    assert!(
        error.to_string().contains("answered at 1 admissions"),
        "{error}"
    );
    server.borrow_mut().takes_answers = true;
    archive(&device, &path).expect("archived");
    assert_eq!(server.borrow().answers.len(), 1);
}

#[test]
fn without_a_server_nothing_changes() {
    // gossip.md 3
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    let path = night.path("kiosk-1");
    let before = names(night.first.path());
    let calls = {
        let mut wire = Wire::to(&night.server);
        night.first.try_sync(&mut wire).expect("syncs");
        wire.calls
    };
    // Cut before each of its calls, the question for the checkpoint among them.
    for left in 0..=calls {
        let mut wire = Wire::cut_after(&night.server, left, false);
        let outcome = archive_over(night.first.path(), &night.first.edge, &path, &mut wire);
        let error = outcome.expect_err("cut");
        assert_eq!(error.kind(), Kind::Unreachable, "after {left}: {error}");
        assert!(!path.exists());
        assert_eq!(names(night.first.path()), before);
    }
    archive(&night.first, &path).expect("archived");
}

#[test]
fn another_history_than_was_signed_off_is_an_alarm() {
    // gossip.md 3; token.md 4
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    let ends = |change: &dyn Fn(&mut LogHead)| {
        let server = night.server.borrow();
        let logs = server.logs.iter().map(|(log, of)| {
            let mut head = of.head;
            change(&mut head);
            (*log, head)
        });
        Checkpoint {
            roster_version: 1,
            snapshot_version: 1,
            logs: logs.collect(),
        }
    };
    let other = ends(&|head| head.hash[31] ^= 1);
    night.server.borrow_mut().sign_off_as(other);
    night.refuses(Kind::Untrusted, "ALARM");
    // In the middle of what is held, too.
    let other = ends(&|head| {
        head.next_seq = 2;
        head.hash = [7; 32];
    });
    night.server.borrow_mut().sign_off_as(other);
    night.refuses(Kind::Untrusted, "ALARM");
    // One of two signatures is none.
    night.server.borrow_mut().sign_off();
    let mut half = night.server.borrow().checkpoint.clone().expect("signed");
    half.signatures.pop();
    night.server.borrow_mut().checkpoint = Some(half);
    night.refuses(Kind::Untrusted, "must sign");
}

#[test]
fn a_checkpoint_is_not_carried() {
    // gossip.md 3: who wants one asks the server
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    let signed = night.server.borrow().checkpoint.clone().expect("signed");
    let messages = [Message::Statement(signed)];
    let path = file(night.folder.path(), &night.server, &messages);
    let refused = carry_from(night.first.path(), &night.first.edge, &path);
    assert_eq!(refused.expect_err("refused").kind(), Kind::Input);
}

#[test]
fn a_file_that_does_not_hold_up_costs_nothing() {
    // gossip.md 3
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    night.first.sync();
    // The disk has changed a bit of what was issued.
    let db = Connection::open(night.first.path().join("gatehouse.db")).expect("opens");
    let found: Vec<(Vec<u8>, Vec<u8>)> = db
        .prepare("SELECT hash, wire FROM segments WHERE substr(hex(wire), 1, 2) = '00'")
        .expect("a question")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("asked")
        .collect::<Result<_, _>>()
        .expect("read");
    assert!(!found.is_empty());
    for (hash, mut wire) in found {
        *wire.last_mut().expect("bytes") ^= 1;
        let change = "UPDATE segments SET wire = ?2 WHERE hash = ?1";
        db.execute(change, (hash, wire)).expect("changed");
    }
    drop(db);
    let path = night.path("kiosk-1");
    let error = archive(&night.first, &path).expect_err("refused");
    assert_eq!(error.kind(), Kind::Untrusted, "{error}");
    assert!(error.to_string().contains("nothing was removed"), "{error}");
    assert!(!path.exists() && !night.path("kiosk-1.part").exists());
    assert!(night.first.path().join("device.key").exists());
    assert!(night.first.path().join("gatehouse.db").exists());
}

#[test]
fn what_lies_there_already_is_spared_and_who_is_at_work_is_waited_for() {
    // gossip.md 3
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    let theirs = night.path("kiosk-2");
    archive(&night.second, &theirs).expect("archived");
    let bytes = std::fs::read(&theirs).expect("read");
    let notes = night.path("notes");
    std::fs::write(&notes, "do not lose\n").expect("written");
    for taken in [&theirs, &notes, &night.folder.path().to_owned()] {
        let error = archive(&night.first, taken).expect_err("spared");
        assert_eq!(error.kind(), Kind::Input, "{error}");
    }
    assert_eq!(std::fs::read(&theirs).expect("read"), bytes);
    assert_eq!(std::fs::read(&notes).expect("read"), b"do not lose\n");

    let path = night.path("kiosk-1");
    let mut scanner = night.first.open();
    scanner.begin().expect("scans");
    let error = archive(&night.first, &path).expect_err("in use");
    assert_eq!(error.kind(), Kind::InUse, "{error}");
    drop(scanner);
    // Its own of an attempt that did not end may be replaced.
    let kept = tempfile::tempdir().expect("a folder");
    copy_dir(night.first.path(), kept.path());
    archive(&night.first, &path).expect("archived");
    let mut wire = Wire::to(&night.server);
    archive_over(kept.path(), &night.first.edge, &path, &mut wire).expect("again");
    assert!(audited(&night.server, &path).is_clean());
}

#[test]
fn a_cut_leaves_everything_or_a_removal_that_the_next_look_finishes() {
    // gossip.md 3
    let night = Night::over();
    night.server.borrow_mut().sign_off();
    let before = tempfile::tempdir().expect("a folder");
    copy_dir(night.first.path(), before.path());
    let path = night.path("kiosk-1");
    archive(&night.first, &path).expect("archived");
    let note = std::fs::read(night.first.path().join("archived.json")).expect("a note");
    let all = names(before.path());
    assert!(all.contains(&"device.key".to_owned()) && all.contains(&"seen".to_owned()));
    // However many files were gone when the power failed.
    for gone in 0..all.len() {
        let cut = tempfile::tempdir().expect("a folder");
        copy_dir(before.path(), cut.path());
        std::fs::write(cut.path().join("archived.json"), &note).expect("written");
        for name in all.iter().take(gone) {
            std::fs::remove_file(cut.path().join(name)).expect("removed");
        }
        let refused = Scanner::open(cut.path(), night.first.edge.clone());
        assert_eq!(
            refused.err().map(|error| error.kind()),
            Some(Kind::NotEnrolled)
        );
        assert_eq!(names(cut.path()), ["archived.json"], "{gone} were gone");
    }
    // Without the note all of it is there.
    let scanner = Scanner::open(before.path(), night.first.edge.clone());
    assert!(scanner.expect("opens").is_some());
}

#[test]
fn a_log_that_was_written_twice_is_archived_with_both_sides() {
    // gossip.md 3 and 5
    let server = Server::new(20);
    let writer = Writer::listed(&server, 21);
    let gate = Device::enrolled(&server, 1);
    gate.sync();
    let dir = tempfile::tempdir().expect("a folder");
    let trunk = writer.write(writer.genesis.head(), 0..2);
    let foot = trunk[1].1;
    let (one, other) = (writer.write(foot, 2..4), writer.write(foot, 7..8));
    for branch in [&one, &other] {
        // One run: nothing but its last entry is signed, so that the trunk has no signature.
        let whole = [&trunk[..], branch].concat();
        let segments = vec![writer.segment(&whole)];
        let messages = [writer.name(), Message::Segments(segments)];
        take(&gate, &file(dir.path(), &server, &messages));
    }
    // The server has one side of it.
    let whole = [&trunk[..], &one].concat();
    server
        .borrow_mut()
        .plant(writer.genesis.clone(), writer.segment(&whole));
    let end = whole[3].1;
    server
        .borrow_mut()
        .logs
        .get_mut(&writer.log())
        .expect("planted")
        .head = end;
    end_event(&server, &[&gate]);
    server.borrow_mut().sign_off();
    let path = dir.path().join("archive");
    let report = archive(&gate, &path).expect("archived");
    assert!(
        report
            .findings
            .iter()
            .any(|told| told.contains("signed twice")),
        "{report:?}"
    );
    let text = std::fs::read_to_string(&path).expect("the file");
    assert!(text.contains("\"line\":\"fork\""));
    assert_eq!(names(gate.path()), ["archived.json"]);
}
