//! A night at a venue whose network falls apart: six kiosks and a server, each in a network
//! namespace of its own. The server is away for more than half of it. Nothing that was shown as admitted is lost, and in the end all agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tests::journey::{self, Event, text};
use tests::kiosk::{Gate, Kiosk, Talk};
use tests::poll;
use tests::server::Server;
use tests::venue::{self, Venue};

const WITHIN: Duration = Duration::from_mins(2);
const KIOSKS: usize = 6;
const SERVER: usize = 0;
const COPIES: usize = 6;
/// Tickets shown once, to whichever kiosk is at hand.
const SINGLES: usize = 60;
const PER_ORDER: u32 = 10;
const TWO_HOURS: i64 = 2 * 3600;

#[test]
fn islands_heal_and_nothing_acknowledged_is_lost() {
    // V1 V2 V6 S24
    venue::play(
        "islands::islands_heal_and_nothing_acknowledged_is_lost",
        KIOSKS + 1,
        |venue| Night::begin(venue).play(),
    );
}

/// One kiosk and the processes that run on it.
struct Post {
    kiosk: Kiosk,
    talk: Option<Talk>,
    gate: Option<Gate>,
}

struct Night {
    venue: Venue,
    server: Server,
    event: Event,
    posts: Vec<Post>,
    singles: Vec<String>,
    copies: Vec<String>,
    /// Serials that each kiosk showed as admitted.
    admitted: BTreeMap<usize, BTreeSet<u64>>,
}

impl Night {
    fn begin(venue: Venue) -> Self {
        let ip = venue.ip(SERVER);
        let server = Server::start_at(&ip, None, &[]);
        let organizer = journey::account(&server.api(), "lan");
        let event = journey::event(&organizer, "River Festival", 200);
        let buyer = journey::account(&server.api(), "mai");
        let mut tokens = Vec::new();
        while tokens.len() < SINGLES + COPIES {
            let tickets = journey::tickets(&buyer, &event, PER_ORDER);
            tokens.extend(tickets.iter().map(|ticket| text(ticket, "token")));
        }
        let copies = tokens.split_off(tokens.len() - COPIES);
        let mut night = Self {
            posts: Vec::new(),
            singles: tokens,
            copies,
            admitted: BTreeMap::new(),
            venue,
            server,
            event,
        };
        for at in 1..=KIOSKS {
            // The last one's clock is two hours off.
            let ahead = if at == KIOSKS { TWO_HOURS } else { 0 };
            let kiosk = Kiosk::in_space(&night.venue.space(at), ahead);
            kiosk.enrol(&journey::invite(&night.event, &format!("Turnstile {at}")));
            night.posts.push(Post {
                kiosk,
                talk: None,
                gate: None,
            });
        }
        for post in &night.posts {
            post.kiosk.sync();
        }
        night
    }

    fn play(mut self) {
        (1..=KIOSKS).for_each(|at| self.open(at));
        // With the server, all together.
        (1..=KIOSKS).for_each(|at| self.admit(at, 2));
        self.until_equal(&[1, 2, 3, 4, 5, 6]);

        // An old copy of the fifth is kept. Then the server goes, and the network falls in two.
        self.close(5);
        let old = self.posts[4].kiosk.folder().join("old");
        copy(&self.posts[4].kiosk.data(), &old);
        self.open(5);
        self.server.kill();
        self.venue.cut(|member| usize::from(member > 3));
        for at in 1..=KIOSKS {
            self.admit(at, 3);
        }
        let copies = self.copies.clone();
        for (at, code) in copies.iter().enumerate() {
            // Shown on both islands: nobody there can know.
            self.show(1 + at % 3, code);
            self.show(4 + at % 3, code);
        }

        // Killed in the middle of its work, on either side.
        self.kill(2);
        self.kill(4);
        self.open(2);
        self.open(4);
        self.admit(2, 2);
        self.admit(4, 2);

        // The fifth comes back from the old copy: what it wrote since is with its neighbours.
        poll::until("the fifth's entries at its neighbours", WITHIN, || {
            let copies = &self.posts[4].kiosk.status()["copies"];
            (copies["uncopied"] == 0 && copies["devices"].as_u64() >= Some(1)).then_some(())
        });
        self.kill(5);
        let data = self.posts[4].kiosk.data();
        std::fs::remove_dir_all(&data).expect("removed");
        copy(&old, &data);
        self.open(5);
        self.until_equal(&[4, 5, 6]);
        self.admit(5, 2);

        // Three islands for a while, then all together, still without the server.
        self.venue.cut(|member| member % 3);
        (1..=KIOSKS).for_each(|at| self.admit(at, 1));
        self.venue.heal();
        self.until_equal(&[1, 2, 3, 4, 5, 6]);
        self.assert_conflicts();

        // The server is back and has all of it; then the third is evicted.
        self.server.resume();
        self.until_server_has_all(&[1, 2, 3, 4, 5, 6]);
        self.evict(3);
        poll::until("the third to be alone", WITHIN, || {
            let peers = &self.posts[0].kiosk.status()["peers"];
            let third = peers
                .as_array()?
                .iter()
                .any(|of| of["name"] == "Turnstile 3");
            (!third).then_some(())
        });
        for at in [1, 2, 4, 5, 6] {
            self.admit(at, 1);
        }
        self.until_equal(&[1, 2, 4, 5, 6]);
        self.until_server_has_all(&[1, 2, 4, 5, 6]);
        self.assert_conflicts();
    }

    /// Starts gossip and gate of a kiosk.
    fn open(&mut self, at: usize) {
        let others = (1..=KIOSKS).filter(|other| *other != at);
        let peers: Vec<String> = others
            .map(|other| format!("{}:7411", self.venue.ip(other)))
            .collect();
        let listen = format!("{}:7411", self.venue.ip(at));
        let post = &mut self.posts[at - 1];
        post.talk = Some(post.kiosk.gossip(&listen, &peers, &["--every", "1"]));
        post.gate = Some(post.kiosk.gate(&[]));
    }

    /// `kill -9` of all that runs on a kiosk, in the middle of a scan.
    fn kill(&mut self, at: usize) {
        let code = self.singles.pop().expect("enough tickets");
        let post = &mut self.posts[at - 1];
        let gate = post.gate.as_mut().expect("open");
        gate.send(&code);
        gate.kill();
        post.talk.as_mut().expect("open").kill();
        // What it had answered by then counts, and this was never read.
        post.gate = None;
        post.talk = None;
    }

    fn close(&mut self, at: usize) {
        let post = &mut self.posts[at - 1];
        post.gate.take().expect("open").finish();
        post.talk = None;
    }

    fn admit(&mut self, at: usize, count: usize) {
        for _ in 0..count {
            let code = self.singles.pop().expect("enough tickets");
            self.show(at, &code);
        }
    }

    fn show(&mut self, at: usize, code: &str) {
        let gate = self.posts[at - 1].gate.as_mut().expect("open");
        let verdict = gate.scan(code);
        assert_eq!(verdict["verdict"], "admit", "kiosk {at}: {verdict}");
        let serial = verdict["serial"].as_u64().expect("a serial");
        self.admitted.entry(at).or_default().insert(serial);
    }

    /// Waits until these have the same entries, among them every admission that was shown on any
    /// kiosk among them.
    fn until_equal(&self, of: &[usize]) {
        let shown = |at: &usize| self.admitted.get(at).map_or(0, BTreeSet::len);
        let least: usize = of.iter().map(shown).sum();
        poll::until(&format!("equal reports at {of:?}"), WITHIN, || {
            let reports: Vec<_> = of
                .iter()
                .map(|at| self.posts[at - 1].kiosk.report())
                .collect();
            let equal = reports.iter().all(|report| *report == reports[0]);
            (equal && reports[0].len() >= least).then_some(())
        });
    }

    /// 0 acknowledged admissions lost, and the same uses at the server as on the devices.
    fn until_server_has_all(&self, of: &[usize]) {
        let serials: BTreeSet<u64> = self.admitted.values().flatten().copied().collect();
        poll::until("the devices' report at the server", WITHIN, || {
            let redemptions = journey::redemptions(&self.event);
            let known = redemptions.iter().filter_map(|of| of["serial"].as_u64());
            let whole = serials.is_subset(&known.collect());
            let ids: BTreeSet<String> = redemptions.iter().map(|of| text(of, "id")).collect();
            let equal = of.iter().all(|at| self.posts[at - 1].kiosk.uses() == ids);
            (whole && equal).then_some(())
        });
        let path = format!("/events/{}/conflicts?limit=100", self.event.id);
        let told = self.event.api.get(&path).ok();
        let told = told["items"].as_array().expect("items").iter();
        let told: BTreeSet<u64> = told.filter_map(|of| of["serial"].as_u64()).collect();
        let twice = (1..=KIOSKS).flat_map(|at| self.let_in_twice(at));
        assert_eq!(told, twice.collect(), "what the organizer is told");
    }

    /// Serials that this kiosk let in, and another one too.
    fn let_in_twice(&self, at: usize) -> BTreeSet<u64> {
        let others = self.admitted.iter().filter(|(other, _)| **other != at);
        let others: BTreeSet<u64> = others.flat_map(|(_, of)| of.iter().copied()).collect();
        self.admitted[&at].intersection(&others).copied().collect()
    }

    /// Each copy that two kiosks let in is shown on both, and nothing else is.
    fn assert_conflicts(&self) {
        for (at, post) in (1..).zip(&self.posts) {
            let twice = self.let_in_twice(at);
            assert_eq!(twice.len(), COPIES / 3, "kiosk {at}");
            assert_eq!(post.kiosk.own_conflicts(), twice, "kiosk {at}");
        }
    }

    fn evict(&self, at: usize) {
        let device = text(&self.posts[at - 1].kiosk.status()["device"], "id");
        let path = format!("/events/{}/devices/{device}/evict", self.event.id);
        self.event.api.post(&path, &json!({})).ok();
    }
}

/// As a backup would: every file, whoever has it open.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(status.expect("cp starts").success(), "{}", from.display());
}
