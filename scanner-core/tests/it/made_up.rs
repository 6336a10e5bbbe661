//! Files that were spoiled or made up: a file can do nothing that a peer could not.

use std::collections::BTreeSet;
use std::path::Path;

use scanner_core::{Kind, carry_from};
use shared::log::LogSegment;
use shared::sync::carried::MAGIC;
use shared::sync::frame::{LiveEntry, Message};

use crate::crash::copy_dir;
use crate::device::Device;
use crate::server::{NOW, Server};
use crate::writer::{Writer, file, known, sealed, seqs, take, why};

#[test]
fn what_does_not_hold_up_blames_its_writer_and_stops_nothing_else() {
    // V5 G12
    let server = Server::new(20);
    let (good, bad) = (Writer::listed(&server, 21), Writer::listed(&server, 22));
    let gate = Device::enrolled(&server, 1);
    let dir = tempfile::tempdir().expect("a folder");
    let of_good = good.write(good.genesis.head(), 0..3);
    let of_bad = bad.write(bad.genesis.head(), 3..9);
    let mut forged = bad.segment(&of_bad[2..4]);
    forged.signature[7] ^= 1;
    let messages = |second: LogSegment| {
        vec![
            bad.name(),
            Message::Segments(vec![bad.segment(&of_bad[..2])]),
            Message::Segments(vec![second]),
            Message::Segments(vec![bad.segment(&of_bad[4..])]),
            good.name(),
            Message::Segments(vec![good.segment(&of_good)]),
        ]
    };
    let report = take(&gate, &file(dir.path(), &server, &messages(forged)));
    assert_eq!((report.entries, report.new), (9, 5), "{report:?}");
    let (device, from, told) = why(&report.refused);
    assert_eq!((device, from), (bad.genesis.device, 2));
    assert!(told.contains("signature"), "{told}");
    assert_eq!((seqs(&gate, &bad), seqs(&gate, &good)), (2, 3));
    // A body of another makes no chain: nothing from there on is looked at.
    let mut strange = bad.segment(&of_bad[2..4]);
    strange.bodies[1] = of_good[0].0.body.clone();
    let report = take(&gate, &file(dir.path(), &server, &messages(strange)));
    assert_eq!(report.new, 0);
    assert_eq!(why(&report.refused).1, 2);
    // Nobody is blamed for good: the true ones are welcome.
    let truth = bad.segment(&of_bad[2..4]);
    let report = take(&gate, &file(dir.path(), &server, &messages(truth)));
    assert_eq!((report.new, report.refused.len()), (4, 0), "{report:?}");
    assert_eq!((seqs(&gate, &bad), seqs(&gate, &good)), (6, 3));
}

#[test]
fn made_up_files_are_refused_whole_though_their_sum_holds() {
    // V5 G12 corpus 88
    let server = Server::new(20);
    let writer = Writer::listed(&server, 21);
    let gate = Device::enrolled(&server, 1);
    let dir = tempfile::tempdir().expect("a folder");
    let written = writer.write(writer.genesis.head(), 0..3);
    let segments = Message::Segments(vec![writer.segment(&written)]);
    let good = [writer.name(), segments.clone()];
    let genuine = std::fs::read(file(dir.path(), &server, &good)).expect("read");
    let body = &genuine[..genuine.len() - 32];
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = body.to_vec();
        change(&mut bytes);
        bytes
    };
    let unheard = Message::Live(vec![LiveEntry {
        number: 0,
        entry: written[0].0.clone(),
    }]);
    let refused = |path: &Path| {
        let error = carry_from(gate.path(), &gate.edge, path).expect_err("refused");
        assert_eq!(error.kind(), Kind::Input, "{error}");
        let told = error.to_string();
        assert!(told.starts_with(&path.display().to_string()), "{told}");
        told
    };
    for messages in [
        &[writer.name(), segments.clone(), unheard][..],
        &[writer.name(), segments.clone(), Message::Prune],
        &[segments.clone(), writer.name()],
    ] {
        let told = refused(&file(dir.path(), &server, messages));
        assert!(told.contains("makes no sense"), "{told}");
    }
    let end = body.len();
    for bytes in [
        changed(&|of| of.push(0)),
        changed(&|of| of.truncate(end - 4)),
        changed(&|of| of[end - 1] = 9),
        changed(&|of| of[16..20].copy_from_slice(&[0; 4])),
        changed(&|of| of[16..20].copy_from_slice(&[0xFF; 4])),
        // Another version of the header.
        changed(&|of| of[20] = 1),
        MAGIC.to_vec(),
        [&MAGIC[..], &[0; 4]].concat(),
    ] {
        let told = refused(&sealed(dir.path(), &bytes));
        assert!(
            told.contains("makes no sense") || told.contains("cut short"),
            "{told}"
        );
    }
    // Of another event.
    let elsewhere = Server::new(20);
    elsewhere.borrow_mut().event = shared::ids::EventId::new(NOW, [0x77; 10]);
    let told = refused(&file(dir.path(), &elsewhere, &good));
    assert!(told.contains("another event"), "{told}");
    assert_eq!(known(&gate), BTreeSet::new());
    assert_eq!(take(&gate, &file(dir.path(), &server, &good)).new, 3);
}

#[test]
fn no_change_of_a_file_makes_anybody_believe_what_was_not_signed() {
    // V5 G12: invariant 3 of the gossip, nothing is counted that its key did not make
    const TRIES: u64 = 300;
    let server = Server::new(20);
    let (one, two) = (Writer::listed(&server, 21), Writer::listed(&server, 22));
    let enrolled = Device::enrolled(&server, 1);
    let dir = tempfile::tempdir().expect("a folder");
    let mut messages = Vec::new();
    for writer in [&one, &two] {
        let written = writer.write(writer.genesis.head(), 0..6);
        messages.push(writer.name());
        messages.extend(
            written
                .chunks(2)
                .map(|of| Message::Segments(vec![writer.segment(of)])),
        );
    }
    let genuine = std::fs::read(file(dir.path(), &server, &messages)).expect("read");
    let body = &genuine[..genuine.len() - 32];
    let all = {
        let whole = Device::new(&server, 2);
        copy_dir(enrolled.path(), whole.path());
        assert_eq!(take(&whole, &sealed(dir.path(), body)).new, 12);
        known(&whole)
    };
    let (mut taken, mut refused) = (0, 0);
    for at in 0..TRIES {
        // Spread over the whole file.
        let place = usize::try_from(at * 7_919).expect("small") % body.len();
        let mut bytes = body.to_vec();
        bytes[place] ^= 1 << (at % 8);
        let gate = Device::new(&server, 100 + at);
        copy_dir(enrolled.path(), gate.path());
        match carry_from(gate.path(), &gate.edge, &sealed(dir.path(), &bytes)) {
            Ok(report) => taken += usize::from(report.new < 12),
            Err(_) => refused += 1,
        }
        assert!(known(&gate).is_subset(&all), "byte {place}");
    }
    assert!(
        taken > 50 && refused > 10,
        "{taken} in part, {refused} refused"
    );
}
