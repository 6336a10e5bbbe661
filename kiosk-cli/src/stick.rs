//! Enrolment by a file, for a device that nobody can type on: the organizer's page gives a link,
//! somebody puts it into a file on a stick, and the stick into the device.
//!
//! Invariants: only a plain file of the expected name is read, and little of it; links of the file
//! system are not followed, because a stick may come from anybody; a code that was used does not
//! stay on the stick.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use scanner_core::{EnrolReport, Error, Invitation};

use crate::error::Failure;

pub(crate) const FILE_NAME: &str = "gatehouse-enrol.txt";
const FILE_BYTES_MAX: u64 = 4096;
/// Sticks are mounted in a folder of a folder: `/media/NAME`, `/run/media/USER/NAME`.
const DEPTH_MAX: usize = 2;
const ENTRIES_MAX: usize = 64;

/// The file itself, or the first of the right name in the folder or up to two folders below it.
pub(crate) fn find(from: &Path) -> Option<PathBuf> {
    let meta = std::fs::symlink_metadata(from).ok()?;
    if meta.is_file() {
        return Some(from.to_path_buf());
    }
    find_below(from, DEPTH_MAX)
}

fn find_below(dir: &Path, depth: usize) -> Option<PathBuf> {
    let file = dir.join(FILE_NAME);
    if std::fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file()) {
        return Some(file);
    }
    let depth = depth.checked_sub(1)?;
    let mut below: Vec<PathBuf> = std::fs::read_dir(dir)
        .ok()?
        .take(ENTRIES_MAX)
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|of| of.is_dir()))
        .map(|entry| entry.path())
        .collect();
    below.sort_unstable();
    below.iter().find_map(|dir| find_below(dir, depth))
}

/// The first line that is not blank and not a remark is the link or the code; `server = URL` says
/// where a bare code belongs.
pub(crate) fn read(path: &Path, server: Option<&str>) -> Result<Invitation, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::Usage(format!("cannot read {}: {error}", path.display()));
    let mut text = String::new();
    open(path, OpenOptions::new().read(true))
        .map_err(unreadable)?
        .take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    let text = text.trim_start_matches('\u{feff}');
    let mut invitation = None;
    let mut named = None;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=') {
            Some((key, value)) if key.trim() == "server" => named = Some(value.trim()),
            _ => {
                invitation.get_or_insert(line);
            }
        }
    }
    let Some(invitation) = invitation else {
        return Err(Failure::Usage(format!(
            "{} holds no enrolment link",
            path.display()
        )));
    };
    Ok(Invitation::parse(invitation, server.or(named))?)
}

/// Overwrites, empties and removes the file.
pub(crate) fn blank(path: &Path) -> std::io::Result<()> {
    let mut file = open(path, OpenOptions::new().write(true))?;
    let length = usize::try_from(file.metadata()?.len().min(FILE_BYTES_MAX)).unwrap_or_default();
    file.write_all(&vec![b' '; length])?;
    file.sync_all()?;
    file.set_len(0)?;
    file.sync_all()?;
    std::fs::remove_file(path)
}

/// Enrols with the file, which is blank afterwards; gives what to tell when that failed.
pub(crate) fn enrol_with(
    path: &Path,
    server: Option<&str>,
    enrol: impl FnOnce(&Invitation) -> Result<EnrolReport, Error>,
) -> Result<(EnrolReport, Option<String>), Failure> {
    let report = enrol(&read(path, server)?)?;
    let left = blank(path).err().map(|error| {
        format!(
            "the file {} could not be removed ({error}): its code is used up, remove it by hand",
            path.display()
        )
    });
    Ok((report, left))
}

fn open(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    let no_links = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    options.custom_flags(no_links).open(path)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const LINE: &str = "ABCD-EFGH-1234-5678";

    fn written(text: &str) -> (TempDir, PathBuf) {
        let dir = TempDir::new().expect("a folder");
        let path = dir.path().join(FILE_NAME);
        std::fs::write(&path, text).expect("written");
        (dir, path)
    }

    #[test]
    fn the_file_is_found_where_sticks_are_mounted() {
        // V6
        let dir = TempDir::new().expect("a folder");
        assert_eq!(find(dir.path()), None);
        let mounted = dir.path().join("user").join("STICK");
        std::fs::create_dir_all(&mounted).expect("made");
        let path = mounted.join(FILE_NAME);
        std::fs::write(&path, "x").expect("written");
        assert_eq!(find(dir.path()), Some(path.clone()));
        assert_eq!(find(&mounted), Some(path.clone()));
        assert_eq!(find(&path), Some(path));
        assert_eq!(find(&dir.path().join("nowhere")), None);
    }

    #[test]
    fn links_of_the_file_system_are_not_followed() {
        let (target_dir, target) = written(LINE);
        let dir = TempDir::new().expect("a folder");
        let link = dir.path().join(FILE_NAME);
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        std::os::unix::fs::symlink(target_dir.path(), dir.path().join("folder")).expect("linked");
        assert_eq!(find(dir.path()), None);
        assert!(read(&link, Some("http://hub.test")).is_err());
        assert!(blank(&link).is_err());
        assert_eq!(std::fs::read_to_string(target).expect("whole"), LINE);
    }

    #[test]
    fn remarks_blank_lines_and_a_byte_order_mark_are_passed_over() {
        let (_dir, path) = written(&format!(
            "\u{feff}# For gate A\r\n\r\nserver = http://hub.test\r\n{LINE}\r\n"
        ));
        let invitation = read(&path, None).expect("an invitation");
        assert_eq!(invitation.server(), "http://hub.test");
        assert!(!invitation.is_pinned());
        let (_dir, path) = written("# nothing\n");
        let told = read(&path, None).expect_err("no link").to_string();
        assert!(told.ends_with("holds no enrolment link"), "{told}");
    }

    #[test]
    fn a_large_file_is_not_read_to_its_end() {
        let (_dir, path) = written(&"# x\n".repeat(1_000_000));
        assert!(read(&path, None).is_err());
    }

    fn enrolled() -> EnrolReport {
        use shared::ids::{DeviceId, EventId};
        use shared::time::Timestamp;
        let epoch = Timestamp::UNIX_EPOCH;
        EnrolReport {
            device_id: DeviceId::new(epoch, [1; 10]),
            device_name: "Kiosk 1".to_owned(),
            event_id: EventId::new(epoch, [2; 10]),
            event_title: "Quiet Night".to_owned(),
            gate_name: "Gate A".to_owned(),
            role: shared::api::gate::DeviceRole::Kiosk,
            server: "http://hub.test".to_owned(),
            transcript_code: "123456".to_owned(),
            pinned: false,
            awaiting_confirmation: false,
            sync: None,
            sync_error: None,
        }
    }

    #[test]
    fn the_file_stays_until_its_code_was_used() {
        // V6
        let (_dir, path) = written(LINE);
        let server = Some("http://hub.test");
        let refused = enrol_with(&path, server, |of| {
            Invitation::parse("?", None).map(|_| {
                assert_eq!(of.server(), "http://hub.test");
                enrolled()
            })
        });
        assert!(refused.is_err());
        assert!(path.exists());
        let (report, left) = enrol_with(&path, server, |_| Ok(enrolled())).expect("enrols");
        assert_eq!((report.device_name.as_str(), left), ("Kiosk 1", None));
        assert!(!path.exists());
    }

    #[test]
    fn a_used_file_leaves_nothing() {
        let (_dir, path) = written(LINE);
        // A second name for the same bytes shows what happens to them.
        let twin = path.with_extension("twin");
        std::fs::hard_link(&path, &twin).expect("linked");
        blank(&path).expect("blank");
        assert!(!path.exists());
        assert_eq!(std::fs::read(twin).expect("reads"), b"");
    }
}
