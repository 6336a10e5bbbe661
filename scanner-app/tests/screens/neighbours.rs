//! The window among kiosks, without a server.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::journey::{self, Event, text};
use tests::kiosk::{Kiosk, Talk};
use tests::poll;
use tests::server::Server;

use super::driver::{Look, Window};
use super::{
    WITHIN, audit, event_with_names, fresh_device, set_up_by, wait_for_answer, wait_for_screen,
    wait_until,
};

const ANY_PORT: &str = "127.0.0.1:0";

/// A phone in its window and kiosks, all of one event that has lost its server.
struct Stage {
    codes: Vec<String>,
    kiosks: Vec<Kiosk>,
    window: Window,
    data: PathBuf,
    _folder: TempDir,
    _server: Server,
}

impl Stage {
    fn set(kiosks: usize, is_strict: bool) -> Self {
        let mut server = Server::start();
        let api = server.api();
        let event = event_with_names(&api);
        if is_strict {
            let path = format!("/events/{}/check-in", event.id);
            let settings = json!({"strictClassIds": [event.class_id]});
            event.api.put(&path, &settings).ok();
        }
        let tickets = journey::tickets(&journey::account(&api, "mai"), &event, 5);
        let codes = tickets.iter().map(|ticket| text(ticket, "token")).collect();
        let kiosks: Vec<Kiosk> = (0..kiosks)
            .map(|at| {
                let kiosk = Kiosk::new();
                kiosk.enrol(&journey::invite(&event, &format!("Turnstile {at}")));
                kiosk
            })
            .collect();
        let (folder, data) = fresh_device();
        let window = Window::open(&data, Look::PHONE);
        set_up_by(&window, &invite_phone(&event));
        // They learn of each other, and of the phone.
        kiosks.iter().for_each(Kiosk::sync);
        server.stop();
        window.click("#sync");
        wait_until(&window, "#link-word", "Offline");
        Self {
            codes,
            kiosks,
            window,
            data,
            _folder: folder,
            _server: server,
        }
    }

    /// Each hears those before it.
    fn talk(&self) -> Vec<Talk> {
        let mut talks: Vec<Talk> = Vec::new();
        for kiosk in &self.kiosks {
            let peers: Vec<String> = talks.iter().map(|talk| talk.address.clone()).collect();
            talks.push(kiosk.gossip(ANY_PORT, &peers, &["--no-server"]));
        }
        talks
    }

    /// Until all that the first kiosk admitted is on the phone's disk.
    fn until_copied(&self) {
        poll::until("copies on the phone", WITHIN, || {
            let copies = &self.kiosks[0].status()["copies"];
            (copies["devices"] == 1 && copies["uncopied"] == 0).then_some(())
        });
    }

    fn assert_used(&self, code: &str) {
        self.window.press(&format!("{code}\n"));
        wait_for_answer(&self.window, "refuse");
        let told = self.window.text("#explanation");
        assert!(told.contains("Gate B"), "{told}");
    }
}

/// A phone, as the organizer would invite it: no home of strict tickets.
fn invite_phone(event: &Event) -> String {
    let path = format!("/events/{}/devices", event.id);
    let phone = json!({"name": "Phone 1", "gateId": event.gate_id, "role": "scanner"});
    text(&event.api.post(&path, &phone).ok(), "enrolmentUrl")
}

fn call(window: &Window, address: &str) {
    window.click("#near-open");
    window.fill("#peer", address);
    window.click("#devices-call");
}

/// What a phone's system does when another app comes to the front, or this one again.
fn show_page(window: &Window, is_shown: bool) {
    window.run(
        "const isShown = arguments[0];
         Object.defineProperty(document, 'hidden', { configurable: true, get: () => !isShown });
         document.dispatchEvent(new Event('visibilitychange'));",
        &json!([is_shown]),
    );
}

fn peers(kiosk: &Kiosk) -> usize {
    let status = kiosk.status();
    let peers = status["peers"].as_array().expect("peers").iter();
    peers.filter(|of| of["kind"] == "device").count()
}

#[test]
fn a_phone_and_a_kiosk_refuse_what_the_other_admitted_without_a_server() {
    // V1 V2 V6 V8 S24
    let stage = Stage::set(1, false);
    let (window, kiosk) = (&stage.window, &stage.kiosks[0]);
    wait_until(window, "#near-open", "Alone");
    assert_eq!(window.attribute("#near", "data-state"), "amber");
    window.screenshot("13-alone");

    call(window, "nothing at all");
    poll::until("a problem in words", WITHIN, || {
        window.is_shown("#devices-problem").then_some(())
    });
    window.click("#devices-close");
    let talk = stage.talk().remove(0);
    // Shown where tickets are, it is called when somebody says so.
    window.press(&format!("gatehouse-peer:{}\n", talk.address));
    poll::until("the panel", WITHIN, || {
        window.is_shown("#devices").then_some(())
    });
    assert_eq!(window.text("#refused"), "0", "it was no ticket");
    window.click("#devices-call");
    wait_until(
        window,
        "#devices-heard",
        &format!("Turnstile 0 ({})", talk.address),
    );
    audit::assert_readable(window, "other devices");
    window.screenshot("14-devices");
    window.click("#devices-close");
    wait_until(window, "#near-open", "Hears 1 device");
    assert_eq!(window.text("#link-word"), "Offline", "it is no server");
    window.screenshot("15-hears-1-device");

    let mut gate = kiosk.gate(&[]);
    assert_eq!(gate.scan(&stage.codes[0])["verdict"], "admit");
    stage.until_copied();
    stage.assert_used(&stage.codes[0]);

    window.press(&format!("{}\n", stage.codes[1]));
    wait_for_answer(window, "admit");
    poll::until("the phone's entry at the kiosk", WITHIN, || {
        (kiosk.report().len() == 2).then_some(())
    });
    let refused = gate.scan(&stage.codes[1]);
    assert_eq!(refused["reason"], "already_used", "{refused}");

    // Out of sight it is nobody's neighbour; back again it has what it missed, and tells of a copy.
    show_page(window, false);
    poll::until("the end of the link", WITHIN, || {
        (peers(kiosk) == 0).then_some(())
    });
    for code in &stage.codes[2..4] {
        assert_eq!(gate.scan(code)["verdict"], "admit");
    }
    window.press(&format!("{}\n", stage.codes[3]));
    wait_for_answer(window, "admit");
    assert!(!window.is_shown("#conflict"));
    show_page(window, true);
    stage.until_copied();
    stage.assert_used(&stage.codes[2]);
    poll::until("the conflict in words", WITHIN, || {
        let told = window.text("#conflict");
        (window.is_shown("#conflict") && told.contains("let in 2 times")).then_some(())
    });
}

#[test]
fn a_phone_that_was_closed_finds_its_neighbours_again() {
    // V1 V6
    let Stage {
        kiosks,
        window,
        data,
        _folder,
        _server,
        ..
    } = Stage::set(1, false);
    let talk = kiosks[0].gossip(ANY_PORT, &[], &["--no-server"]);
    call(&window, &talk.address);
    window.click("#devices-close");
    wait_until(&window, "#near-open", "Hears 1 device");
    // Where members answered is noted every few seconds.
    poll::until("the address on disk", WITHIN, || {
        let database = std::fs::read(data.join("gatehouse.db-wal")).ok()?;
        let noted = database.windows(talk.address.len());
        noted
            .into_iter()
            .any(|part| part == talk.address.as_bytes())
            .then_some(())
    });
    drop(window);
    poll::until("the end of the link", WITHIN, || {
        (peers(&kiosks[0]) == 0).then_some(())
    });

    let window = Window::open(&data, Look::PHONE);
    wait_for_screen(&window, "scan");
    wait_until(&window, "#near-open", "Hears 1 device");
}

#[test]
fn a_strict_ticket_enters_at_a_phone_whose_kiosks_grant_it() {
    // V2 V11 S24
    let stage = Stage::set(3, true);
    let window = &stage.window;
    let talks = stage.talk();
    // One is named; it tells of the others.
    call(window, &talks[0].address);
    window.click("#devices-close");
    wait_until(window, "#near-open", "Hears 3 devices");
    window.screenshot("16-hears-3-devices");
    let scan = |code: &str| -> String {
        let answers = || window.text("#admitted") + " " + &window.text("#refused");
        let before = answers();
        window.press(&format!("{code}\n"));
        poll::until("an answer", WITHIN, || (answers() != before).then_some(()));
        window.attribute("body", "data-verdict")
    };
    // On a slow machine it may be held at first, because the homes answered too late.
    poll::until("a grant", WITHIN, || {
        (scan(&stage.codes[0]) == "admit").then_some(())
    });
    let refused = poll::until("the entry at a kiosk", WITHIN, || {
        let verdict: Value = stage.kiosks[1].scan(&[&stage.codes[0]]).remove(0);
        (verdict["reason"] == "already_used").then_some(verdict)
    });
    assert_eq!(refused["verdict"], "refuse", "{refused}");

    // Nobody can be asked: nobody is let in on hope, and staff read why.
    drop(talks);
    wait_until(window, "#near-open", "Alone");
    assert_eq!(scan(&stage.codes[1]), "refuse");
    let told = window.text("#explanation");
    assert!(told.contains("could not be asked"), "{told}");
    assert!(
        window.text("#notes").contains("hears no other device"),
        "{}",
        window.text("#notes")
    );
    window.screenshot("17-strict-alone");
}
