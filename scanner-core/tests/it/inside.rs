//! Looking inside: search, status, doctor, export.

use scanner_core::{Counts, Freshness, Health, examine};
use shared::ticket::Payload;
use shared::trust::{EntryLimit, ListFlags, ListPolicy, TicketRow, TicketRowStatus};

use crate::device::{Device, leave, scan};
use crate::server::Server;
use crate::wire::Wire;

#[test]
fn a_holder_is_found_by_name_in_any_case_and_a_ticket_by_serial() {
    // S60, S61, S62
    let server = Server::new(10);
    for (serial, name) in [
        (2, "Nguyễn Văn An"),
        (5, "Anna Nguyen"),
        (7, "Bo Li"),
        (8, "Đặng Thị Lý"),
    ] {
        server.borrow_mut().holders.insert(serial, name.to_owned());
    }
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let serials =
        |hits: Vec<scanner_core::Hit>| hits.iter().map(|hit| hit.serial).collect::<Vec<_>>();
    for (question, found) in [
        ("NGUYỄN", vec![2, 5]),
        ("NGUYỄN VĂN", vec![2]),
        ("nguyen", vec![2, 5]),
        ("nguyễn", vec![2, 5]),
        ("ngu", vec![]),
        // A whole name, however short.
        ("an", vec![2]),
        ("li", vec![7]),
        ("a", vec![]),
        ("  bo l", vec![7]),
        ("nobody", vec![]),
        ("0007", vec![7]),
        ("7", vec![7]),
        ("đặng", vec![8]),
        ("Dang Thi", vec![8]),
        ("4711", vec![]),
    ] {
        assert_eq!(
            serials(scanner.search(question).expect("searches")),
            found,
            "{question}"
        );
    }
    let ticket = server.borrow().ticket(7);
    scan(&mut scanner, &ticket);
    let hit = scanner.search("0007").expect("searches").remove(0);
    assert_eq!((hit.status, hit.inside), ("active", true));
    assert_eq!(hit.holder.as_deref(), Some("Bo Li"));
    assert_eq!(hit.seat.as_deref(), Some("A-7"));
    let told = hit.explanation.expect("told");
    assert!(
        told.starts_with("Used at ") && told.contains("Gate A"),
        "{told}"
    );
    assert_eq!(hit.earlier.expect("used").gate, "Gate A");
}

#[test]
fn the_holder_is_shown_on_admission() {
    let server = Server::new(10);
    server.borrow_mut().holders.insert(2, "An".to_owned());
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let ticket = server.borrow().ticket(2);
    assert_eq!(
        scan(&mut device.open(), &ticket).holder.as_deref(),
        Some("An")
    );
}

#[test]
fn status_tells_age_backlog_and_whether_the_server_was_heard() {
    // V5
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let status = scanner.status().expect("a status");
    assert_eq!(status.snapshot.expect("one").freshness, Freshness::Fresh);
    assert!(status.peers[0].connected);
    assert_eq!(status.clock.offset_ms, Some(0));
    device.pass(1000);
    let ticket = server.borrow().ticket(1);
    scan(&mut scanner, &ticket);
    let status = scanner.status().expect("a status");
    let snapshot = status.snapshot.expect("one");
    assert_eq!(
        (snapshot.freshness, snapshot.age_secs),
        (Freshness::Amber, 1000)
    );
    assert!(!status.peers[0].connected);
    assert_eq!((status.entries, status.pending), (1, 1));
    device
        .try_sync(&mut Wire::cut_after(&server, 0, false))
        .expect_err("cut");
    let status = scanner.status().expect("a status");
    assert!(
        status.peers[0]
            .last_error
            .as_ref()
            .expect("told")
            .contains("cut")
    );
    // This clock is now a thousand seconds ahead of the server's.
    device.sync();
    let status = scanner.status().expect("a status");
    assert_eq!(status.clock.offset_ms, Some(-1_000_000));
    assert!(status.clock.unsure);
    let json = serde_json::to_value(&status).expect("json");
    assert_eq!(json["pending"], 0);
    assert_eq!(json["gate"]["name"], "Gate A");
}

#[test]
fn who_has_come_is_counted_overall_by_class_and_within_the_list() {
    // S65
    let server = Server::new(10);
    {
        let mut server = server.borrow_mut();
        for serial in 6..10 {
            server.rows[serial].class = 1;
        }
        server.rows[5].status = TicketRowStatus::Cancelled;
        server.rows[9].status = TicketRowStatus::Unpaid;
        server.publish();
    }
    let device = Device::enrolled(&server, 1);
    let crew = |serial| {
        let server = server.borrow();
        let payload = Payload {
            class: 1,
            ..server.payload(serial, 1)
        };
        server.token(&payload).to_digits()
    };
    let counts = |tickets, entered, inside| Counts {
        tickets,
        entered,
        inside,
    };
    let mut scanner = device.open();
    for serial in 0..3 {
        scan(&mut scanner, &server.borrow().ticket(serial));
    }
    leave(&mut scanner, &server.borrow().ticket(0));
    scan(&mut scanner, &crew(6));
    let told = scanner.count_list().expect("counted");
    assert_eq!((told.list, told.all), (None, counts(8, 4, 3)));
    let classes = told.classes.into_iter().map(|of| (of.class, of.counts));
    let classes: Vec<_> = classes.collect();
    assert_eq!(
        classes,
        [
            ("Standard".to_owned(), counts(5, 3, 2)),
            ("Crew".to_owned(), counts(3, 1, 1))
        ]
    );
    // The same as JSON, flat.
    let told = serde_json::to_value(scanner.count_list().expect("counted")).expect("JSON");
    assert_eq!(
        (&told["tickets"], &told["classes"][1]["entered"]),
        (&8.into(), &1.into())
    );

    // This gate is of a list of the crew's now, which takes those that still owe.
    {
        let mut server = server.borrow_mut();
        server.policy.lists = vec![ListPolicy {
            name: "Backstage".to_owned(),
            classes: Some(vec![1]),
            entries: EntryLimit::Once,
            flags: ListFlags::INCLUDE_PENDING,
            check_out_secs: None,
            rules: Vec::new(),
        }];
        server.policy.gates[0].list = Some(0);
        server.rows[8].status = TicketRowStatus::Unpaid;
        server.rows[8].flags |= TicketRow::NEEDS_APPROVAL;
        server.publish();
    }
    device.sync();
    let told = scanner.count_list().expect("counted");
    assert_eq!(
        (told.list.as_deref(), told.all, told.classes.len()),
        (Some("Backstage"), counts(3, 1, 1), 1)
    );
}

#[test]
fn doctor_finds_nothing_on_a_healthy_device_and_names_what_is_wrong() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let ticket = server.borrow().ticket(1);
    scan(&mut device.open(), &ticket);
    device.sync();
    let checks = examine(device.path(), &device.edge);
    assert!(
        checks.iter().all(|check| check.health == Health::Good),
        "{checks:#?}"
    );
    let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
    assert_eq!(
        names,
        [
            "enrolment",
            "database",
            "key",
            "trust",
            "logs",
            "guards",
            "device",
            "snapshot",
            "clock",
            "upload",
            "disk"
        ]
    );
    assert!(!device.path().join("probe.tmp").exists());
    std::fs::remove_file(device.path().join("device.key")).expect("removes");
    let checks = examine(device.path(), &device.edge);
    let key = checks
        .iter()
        .find(|check| check.name == "key")
        .expect("checked");
    assert_eq!(key.health, Health::Bad);
    assert!(key.finding.contains("missing"), "{key:?}");
    let empty = Device::new(&server, 2);
    let checks = examine(empty.path(), &empty.edge);
    assert_eq!(
        (checks[0].name, checks[0].health),
        ("enrolment", Health::Bad)
    );
}

#[test]
fn export_writes_every_entry_with_its_proof() {
    let server = Server::new(10);
    let (here, there) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (first, second) = (server.borrow().ticket(1), server.borrow().ticket(2));
    let mut scanner = there.open();
    scan(&mut scanner, &first);
    scan(&mut scanner, &second);
    leave(&mut scanner, &second);
    there.sync();
    let third = server.borrow().ticket(3);
    scan(&mut here.open(), &third);
    here.sync();
    let mut out = Vec::new();
    assert_eq!(here.open().export(&mut out).expect("exports"), 4);
    let lines: Vec<serde_json::Value> = String::from_utf8(out)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    let told: Vec<(bool, &str, u64, &str)> = lines
        .iter()
        .map(|line| {
            (
                line["own"].as_bool().expect("own"),
                line["kind"].as_str().expect("kind"),
                line["serial"].as_u64().expect("serial"),
                line["proven"].as_str().expect("proven"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (false, "admit", 1, "chain"),
            (false, "admit", 2, "chain"),
            (false, "exit", 2, "signature"),
            (true, "admit", 3, "signature"),
        ]
    );
    assert_eq!(
        lines[2]["target"],
        format!("{}:1", lines[2]["log"].as_str().expect("a log"))
    );
    assert_eq!(lines[3]["uploaded"], true);
    assert_eq!(lines[3]["gate"], "Gate A");
}
