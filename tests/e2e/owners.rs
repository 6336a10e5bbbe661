//! Two owners step down at the same moment, again and again, over real HTTP, on both databases.

use std::sync::Barrier;
use std::time::Duration;

use serde_json::json;
use tests::api::Api;
use tests::journey::{self, text};
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::server::Server;
use tests::smtp::Sink;

const WITHIN: Duration = Duration::from_secs(30);
const ROUNDS: usize = 20;

#[test]
fn one_of_two_who_step_down_at_once_stays_the_owner_on_sqlite() {
    // A9 H8
    walk(None);
}

#[test]
fn one_of_two_who_step_down_at_once_stays_the_owner_on_a_mongodb_replica_set() {
    // A9 H8
    if let Some(mongo) = ReplicaSet::start_if_available() {
        walk(Some(&mongo.url));
    }
}

fn walk(database: Option<&str>) {
    let sink = Sink::start();
    let url = sink.url();
    let from = "Box office <office@example.org>";
    let server = Server::start_with(database, &[("SMTP_URL", url.as_str()), ("MAIL_FROM", from)]);
    let api = server.api();
    let owners = [journey::account(&api, "ann"), journey::account(&api, "bob")];
    let house = owners[0].post("/organizations", &json!({ "name": "Opera house" }));
    let members = format!("/organizations/{}/members", text(&house.ok(), "id"));
    let invitations = members.replace("members", "invitations");
    let body = json!({ "email": "bob@example.org", "role": "OWNER" });
    owners[0].post(&invitations, &body).ok();
    let mailed = |page: &str| {
        poll::until("the link", WITHIN, || {
            let mut mails = sink.to("bob@example.org").into_iter();
            mails.find_map(|mail| mail.after(page))
        })
    };
    let verify = json!({ "token": mailed("/account/verify/") });
    api.post("/auth/verify-email", &verify).ok();
    let join = json!({ "token": mailed("/account/join/") });
    api.post("/organizations/join", &join).ok();

    let own = |owner: &Api| format!("{members}/{}", text(&owner.get("/auth/me").ok(), "id"));
    let paths = [own(&owners[0]), own(&owners[1])];
    for round in 0..ROUNDS {
        let start = Barrier::new(2);
        let step_down = |at: usize| {
            start.wait();
            owners[at].put(&paths[at], &json!({ "role": "MANAGER" }))
        };
        let told = std::thread::scope(|scope| {
            let both = [0, 1].map(|at| scope.spawn(move || step_down(at)));
            both.map(|one| one.join().expect("an answer"))
        });
        let stayed = told.iter().position(|of| of.code() == "last_owner");
        let stayed = stayed.unwrap_or_else(|| panic!("round {round}: {told:?}"));
        assert_eq!(told[1 - stayed].status, 200, "round {round}: {told:?}");
        owners[stayed]
            .put(&paths[1 - stayed], &json!({ "role": "OWNER" }))
            .ok();
    }
}
