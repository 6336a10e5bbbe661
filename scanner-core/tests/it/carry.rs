//! Files that are carried from device to device: what comes with them, and how often.

use scanner_core::{CarriedList, Outcome, Reason, carry_to};
use shared::sync::frame::Message;

use crate::crash::copy_dir;
use crate::device::{Device, scan};
use crate::server::Server;
use crate::writer::{Writer, Written, file, known, seqs, take, why};

#[test]
fn a_log_that_was_written_twice_ends_where_it_splits_on_whoever_gets_the_file() {
    // V5 gossip 5: two bodies at one place
    let server = Server::new(20);
    let writer = Writer::listed(&server, 21);
    let (gate, third) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    gate.sync();
    let dir = tempfile::tempdir().expect("a folder");
    let trunk = writer.write(writer.genesis.head(), 0..2);
    let foot = trunk[1].1;
    let (one, other) = (writer.write(foot, 2..4), writer.write(foot, 7..8));
    let with = |branch: &Written| {
        let segments = vec![writer.segment(&trunk), writer.segment(branch)];
        let messages = [writer.name(), Message::Segments(segments)];
        file(dir.path(), &server, &messages)
    };
    assert_eq!(take(&gate, &with(&one)).new, 4);
    let report = take(&gate, &with(&other));
    assert_eq!(
        (report.new, report.devices[0].quarantined),
        (1, 1),
        "{report:?}"
    );
    assert!(
        report
            .notices
            .iter()
            .any(|of| of.contains("wrote two entries in one place")),
        "{report:?}"
    );
    assert_eq!(seqs(&gate, &writer), 2, "the trunk alone is the log");
    assert_eq!(take(&gate, &with(&one)).new, 0, "and stays it");

    // From there it is carried on with its proof.
    let onward = dir.path().join("onward");
    let written = carry_to(gate.path(), &gate.edge, &onward, true).expect("written");
    assert_eq!(written.entries, 2);
    let report = take(&third, &onward);
    assert_eq!(
        (report.new, report.devices[0].quarantined),
        (5, 3),
        "{report:?}"
    );
    assert_eq!(known(&third), known(&gate));
    // Whoever has the other side learns of it in the same way.
    let fourth = Device::enrolled(&server, 3);
    assert_eq!(take(&fourth, &with(&other)).new, 3);
    let report = take(&fourth, &onward);
    assert_eq!((report.new, seqs(&fourth, &writer)), (2, 2), "{report:?}");
    // All have all of it: nothing is new anywhere.
    let back = dir.path().join("back");
    carry_to(fourth.path(), &fourth.edge, &back, true).expect("written");
    assert_eq!((take(&third, &back).new, take(&gate, &back).new), (0, 0));
}

#[test]
fn who_is_in_no_roster_is_not_believed_until_the_roster_comes_along() {
    // V6
    let server = Server::new(20);
    let (gate, carrier) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let writer = Writer::new(&server, 21);
    let dir = tempfile::tempdir().expect("a folder");
    let written = writer.write(writer.genesis.head(), 0..3);
    let messages = [
        writer.name(),
        Message::Segments(vec![writer.segment(&written)]),
    ];
    let bare = file(dir.path(), &server, &messages);
    let report = take(&gate, &bare);
    let (device, from, told) = why(&report.refused);
    assert_eq!((report.new, device, from), (0, writer.genesis.device, 0));
    assert!(told.contains("not in the roster"), "{told}");
    // The same number with another key is nobody.
    let mut thief = Writer::new(&server, 23);
    thief.genesis.device = writer.genesis.device;
    writer.list(&server);
    carrier.sync();
    assert_eq!(take(&carrier, &bare).new, 3);
    let onward = dir.path().join("onward");
    carry_to(carrier.path(), &carrier.edge, &onward, false).expect("written");
    let report = take(&gate, &onward);
    assert_eq!((report.new, report.trust_changed), (3, true), "{report:?}");
    assert_eq!(report.refused, []);
    let stolen = thief.write(thief.genesis.head(), 5..6);
    let messages = [
        thief.name(),
        Message::Segments(vec![thief.segment(&stolen)]),
    ];
    let report = take(&gate, &file(dir.path(), &server, &messages));
    assert_eq!(
        (report.new, why(&report.refused).2),
        (0, "its key is not the device's")
    );
}

#[test]
fn list_and_eviction_come_along_and_older_ones_change_nothing() {
    // V1 V6
    let server = Server::new(20);
    let stolen = Writer::listed(&server, 21);
    let (gate, carrier) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let dir = tempfile::tempdir().expect("a folder");
    let (older, newer) = (dir.path().join("older"), dir.path().join("newer"));
    let written = carry_to(gate.path(), &gate.edge, &older, true).expect("written");
    assert_eq!(written.list, CarriedList::Version(1));
    let of_stolen = stolen.write(stolen.genesis.head(), 0..4);
    {
        let mut server = server.borrow_mut();
        let cut = (stolen.log().0, 1, of_stolen[0].1.hash);
        let mut devices = server.roster.devices.iter_mut();
        let entry = devices.find(|of| of.device == stolen.genesis.device);
        entry.expect("listed").cut = Some(vec![cut]);
        server.sign_roster();
        server.rows[5] = server.row(5, 2);
        server.publish();
    }
    let messages = [
        stolen.name(),
        Message::Segments(vec![stolen.segment(&of_stolen)]),
    ];
    assert_eq!(take(&gate, &file(dir.path(), &server, &messages)).new, 4);
    carrier.sync();

    let without = carry_to(carrier.path(), &carrier.edge, &newer, false).expect("written");
    assert_eq!(without.list, CarriedList::LeftOut);
    let report = take(&gate, &newer);
    assert_eq!((report.trust_changed, report.list_version), (true, None));
    assert_eq!(
        known(&gate)
            .iter()
            .filter(|of| of.ends_with("false"))
            .count(),
        3,
        "past the cut nothing counts"
    );
    let with = carry_to(carrier.path(), &carrier.edge, &newer, true).expect("written");
    assert_eq!(with.list, CarriedList::Version(2));
    let report = take(&gate, &newer);
    assert_eq!(
        (report.list_version, report.refused.len()),
        (Some(2), 0),
        "{report:?}"
    );
    let copied = server.borrow().ticket(5);
    assert_eq!(scan(&mut gate.open(), &copied).reason, Reason::Reissued);

    let report = take(&gate, &older);
    assert_eq!((report.trust_changed, report.list_version), (false, None));
    assert_eq!(
        report.notices,
        Vec::<String>::new(),
        "an old file is no alarm"
    );
    assert_eq!(scan(&mut gate.open(), &copied).reason, Reason::Reissued);
}

#[test]
fn a_device_that_was_put_back_gets_its_own_end_and_reuses_no_number() {
    // V6 gossip 5: restored from backup
    let server = Server::new(20);
    let device = Device::enrolled(&server, 1);
    let ticket = |serial| server.borrow().ticket(serial);
    assert_eq!(scan(&mut device.open(), &ticket(0)).verdict, Outcome::Admit);
    let restored = Device::new(&server, 2);
    copy_dir(device.path(), restored.path());
    for serial in 1..4 {
        assert_eq!(
            scan(&mut device.open(), &ticket(serial)).verdict,
            Outcome::Admit
        );
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("carried");
    carry_to(device.path(), &device.edge, &path, true).expect("written");
    let before = known(&device);
    assert_eq!(
        take(&device, &path).new,
        0,
        "its own file is no news, and no clone"
    );

    let report = take(&restored, &path);
    assert_eq!(report.new, 3, "{report:?}");
    assert!(
        report.notices.iter().any(|of| of.contains("put back")),
        "{report:?}"
    );
    assert_eq!(known(&restored), before);
    assert_eq!(
        scan(&mut restored.open(), &ticket(2)).reason,
        Reason::AlreadyUsed
    );
    assert_eq!(
        scan(&mut restored.open(), &ticket(9)).verdict,
        Outcome::Admit
    );
    let after = known(&restored);
    let news: Vec<&String> = after.difference(&before).collect();
    assert_eq!(news.len(), 1);
    let log = news[0].split(' ').next().expect("a log");
    assert!(
        !before.iter().any(|of| of.starts_with(log)),
        "a log of its own"
    );
}

#[test]
fn entries_of_many_segments_come_whole_and_half_of_them_is_no_harm() {
    // V5: far more than one window of the exchange, and than one commit
    const ENTRIES: u32 = 12_000;
    let server = Server::new(20);
    let writer = Writer::listed(&server, 21);
    let (gate, again) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    gate.sync();
    let dir = tempfile::tempdir().expect("a folder");
    let all = writer.write(writer.genesis.head(), (0..ENTRIES).map(|at| at % 20));
    let segments = all
        .chunks(500)
        .map(|of| Message::Segments(vec![writer.segment(of)]));
    let messages: Vec<Message> = [writer.name()].into_iter().chain(segments).collect();
    let half = take(&gate, &file(dir.path(), &server, &messages[..9]));
    assert_eq!(half.new, 8 * 500);
    let rest = take(&gate, &file(dir.path(), &server, &messages));
    assert_eq!(
        (rest.entries, rest.new),
        (ENTRIES.into(), u64::from(ENTRIES) - 4000)
    );
    // What it writes itself is as good.
    let onward = dir.path().join("onward");
    let written = carry_to(gate.path(), &gate.edge, &onward, true).expect("written");
    assert_eq!((written.entries, written.devices), (ENTRIES.into(), 1));
    assert_eq!(take(&again, &onward).new, u64::from(ENTRIES));
    assert_eq!(known(&again), known(&gate));
    // A gap is told; what lies before it is taken.
    let torn: Vec<Message> = [&messages[..3], &messages[4..]].concat();
    let third = Device::enrolled(&server, 3);
    let report = take(&third, &file(dir.path(), &server, &torn));
    assert_eq!(
        (report.new, why(&report.refused).1),
        (1000, 1000),
        "{report:?}"
    );
}
