//! How much charge is left, where the system tells (Linux: `/sys/class/power_supply`).

use std::path::Path;

const SUPPLIES: &str = "/sys/class/power_supply";
/// Entries of the folder that are looked at.
const SUPPLIES_MAX: usize = 32;

/// Of the emptiest battery, in percent; `None` without one.
pub(crate) fn percent() -> Option<u8> {
    emptiest(Path::new(SUPPLIES))
}

fn emptiest(supplies: &Path) -> Option<u8> {
    let listed = std::fs::read_dir(supplies).ok()?.take(SUPPLIES_MAX);
    let folders = listed.filter_map(|entry| Some(entry.ok()?.path()));
    folders.filter_map(|folder| charge(&folder)).min()
}

fn charge(supply: &Path) -> Option<u8> {
    let read = |name: &str| std::fs::read_to_string(supply.join(name)).ok();
    if read("type")?.trim() != "Battery" {
        return None;
    }
    // A mouse or a headset has a battery too, and says whose it is.
    if read("scope").is_some_and(|scope| scope.trim() == "Device") {
        return None;
    }
    let percent: u8 = read("capacity")?.trim().parse().ok()?;
    (percent <= 100).then_some(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply(root: &Path, name: &str, files: &[(&str, &str)]) {
        let folder = root.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        for (file, content) in files {
            std::fs::write(folder.join(file), content).expect("written");
        }
    }

    #[test]
    fn the_emptiest_battery_of_the_machine_is_told() {
        // V10
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(emptiest(&root.path().join("none")), None);
        supply(root.path(), "AC", &[("type", "Mains\n"), ("online", "1\n")]);
        assert_eq!(emptiest(root.path()), None);
        supply(
            root.path(),
            "BAT0",
            &[("type", "Battery\n"), ("capacity", "81\n")],
        );
        supply(
            root.path(),
            "BAT1",
            &[("type", "Battery\n"), ("capacity", "42\n")],
        );
        supply(
            root.path(),
            "mouse",
            &[
                ("type", "Battery\n"),
                ("capacity", "3\n"),
                ("scope", "Device\n"),
            ],
        );
        supply(
            root.path(),
            "odd",
            &[("type", "Battery\n"), ("capacity", "250\n")],
        );
        assert_eq!(emptiest(root.path()), Some(42));
    }
}
