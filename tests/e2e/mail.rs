//! Mails of a real server to a real mail server, on both databases: sent after the commit, tried
//! again, given up, and what their links do.

use std::time::Duration;

use serde_json::{Value, json};
use tests::api::Api;
use tests::journey::{PASSWORD, account, login};
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::server::Server;
use tests::smtp::{Fault, Received, Sink};

const WITHIN: Duration = Duration::from_secs(30);
const ADMIN: &str = "root-of-all";

struct Office {
    sink: Sink,
    server: Server,
}

impl Office {
    fn open(database: Option<&str>) -> Self {
        let sink = Sink::start();
        let url = sink.url();
        let from = "Box office <office@example.org>";
        let env = [("SMTP_URL", url.as_str()), ("MAIL_FROM", from)];
        Self {
            server: Server::start_with(database, &env),
            sink,
        }
    }

    /// An administrator, made as an operator makes one.
    fn admin(&mut self) -> Api {
        self.server.stop();
        self.server.make_admin(ADMIN, PASSWORD);
        self.server.resume();
        login(&self.server.api(), ADMIN)
    }

    fn mail(&self, to: &str, subject: &str) -> Received {
        poll::until(subject, WITHIN, || {
            let mut mails = self.sink.to(to).into_iter();
            mails.find(|mail| mail.header("Subject").as_deref() == Some(subject))
        })
    }
}

/// What the outbox says of mails to an address.
fn outbox(admin: &Api, to: &str) -> Vec<Value> {
    let all = admin.get("/notices").ok();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    all.into_iter()
        .filter(|mail| mail["recipient"] == to)
        .collect()
}

fn is(mails: &[Value], status: &str) -> bool {
    mails.len() == 1 && mails[0]["status"] == status
}

fn tell_an_address_is_confirmed_by_the_mailed_link_once(office: &mut Office) {
    let api = office.server.api();
    let ann = account(&api, "ann");
    assert_eq!(ann.get("/auth/me").ok()["emailVerified"], false);
    let mail = office.mail("ann@example.org", "Confirm your e-mail address");
    assert_eq!(mail.from, "office@example.org");
    let html = mail.part("text/html").expect("an HTML part");
    let token = mail.after("/account/verify/").expect("a link");
    assert!(html.contains(&token), "{html}");
    let body = json!({ "token": token });
    api.post("/auth/verify-email", &body).ok();
    assert_eq!(ann.get("/auth/me").ok()["emailVerified"], true);
    let again = api.post("/auth/verify-email", &body);
    assert_eq!((again.status, again.code()), (400, "bad_link"));
}

fn tell_a_forgotten_password_is_set_anew_and_ends_every_login(office: &mut Office) {
    let api = office.server.api();
    let ann = account(&api, "ann");
    let session = api
        .post(
            "/auth/login",
            &json!({ "username": "ann", "password": PASSWORD }),
        )
        .ok();
    let asked = api.post(
        "/auth/password/forgot",
        &json!({ "email": "Ann@Example.org" }),
    );
    let nobody = api.post(
        "/auth/password/forgot",
        &json!({ "email": "nobody@example.org" }),
    );
    assert_eq!((asked.status, &asked.text), (202, &nobody.text));
    assert_eq!(nobody.status, 202);
    let mail = office.mail("ann@example.org", "Set a new password");
    let token = mail.after("/account/reset/").expect("a link");
    let weak = api.post(
        "/auth/password/reset",
        &json!({ "token": token, "password": "short" }),
    );
    assert_eq!((weak.status, weak.code()), (400, "validation"));
    let new = json!({ "token": token, "password": "violet-harbour-51" });
    api.post("/auth/password/reset", &new).ok();
    assert_eq!(api.post("/auth/password/reset", &new).code(), "bad_link");
    let old = json!({ "username": "ann", "password": PASSWORD });
    assert_eq!(api.post("/auth/login", &old).status, 401);
    let refresh = json!({ "refreshToken": session["refreshToken"] });
    assert_eq!(api.post("/auth/refresh", &refresh).status, 401);
    assert_eq!(
        ann.get("/auth/me").ok()["emailVerified"],
        true,
        "she read the mail"
    );
    let new = json!({ "username": "ann", "password": "violet-harbour-51" });
    api.post("/auth/login", &new).ok();
    office.mail("ann@example.org", "Your password was changed");
    assert!(office.sink.to("nobody@example.org").is_empty());
}

fn tell_a_busy_mail_server_is_asked_again_and_a_final_no_is_final(office: &mut Office) {
    let admin = office.admin();
    let api = office.server.api();
    office.sink.fail(&[Fault::Greylisted, Fault::HangsUp]);
    account(&api, "ann");
    let mail = office.mail("ann@example.org", "Confirm your e-mail address");
    assert_eq!(office.sink.to("ann@example.org"), [mail]);
    let told = poll::until("the outbox", WITHIN, || {
        let mails = outbox(&admin, "ann@example.org");
        is(&mails, "SENT").then_some(mails)
    });
    assert_eq!(told[0]["tries"], 2);
    let text = told[0]["text"].as_str().expect("text");
    assert!(
        text.contains("/account/verify/…"),
        "an administrator gets no link: {text}"
    );

    office.sink.fail(&[Fault::NoSuchMailbox]);
    let before = office.sink.connections();
    account(&api, "bob");
    let told = poll::until("the outbox", WITHIN, || {
        let mails = outbox(&admin, "bob@example.org");
        is(&mails, "REFUSED").then_some(mails)
    });
    assert_eq!(told[0]["why"], "the mail server answered 550");
    assert_eq!(office.sink.connections(), before + 1, "asked once");
    assert!(office.sink.to("bob@example.org").is_empty());
}

fn tell_a_mail_whose_last_word_was_lost_comes_again_as_the_same(office: &mut Office) {
    office.sink.fail(&[Fault::CutBeforeOk]);
    account(&office.server.api(), "ann");
    let both = poll::until("the second", WITHIN, || {
        let mails = office.sink.to("ann@example.org");
        (mails.len() == 2).then_some(mails)
    });
    assert!(
        both[0]
            .header("Message-ID")
            .is_some_and(|id| id.contains('@'))
    );
    assert_eq!(both[0], both[1], "byte for byte, so that a reader sees one");
}

#[test]
fn an_address_is_confirmed_by_the_mailed_link_once() {
    // A2, N2
    tell_an_address_is_confirmed_by_the_mailed_link_once(&mut Office::open(None));
}

#[test]
fn a_forgotten_password_is_set_anew_and_ends_every_login() {
    // A7, N2
    tell_a_forgotten_password_is_set_anew_and_ends_every_login(&mut Office::open(None));
}

#[test]
fn a_busy_mail_server_is_asked_again_and_a_final_no_is_final() {
    // N2
    tell_a_busy_mail_server_is_asked_again_and_a_final_no_is_final(&mut Office::open(None));
}

#[test]
fn a_mail_whose_last_word_was_lost_comes_again_as_the_same() {
    // N2
    tell_a_mail_whose_last_word_was_lost_comes_again_as_the_same(&mut Office::open(None));
}

#[test]
fn mails_go_out_the_same_way_over_mongodb() {
    // A2, A7, N2
    let Some(set) = ReplicaSet::start_if_available() else {
        return;
    };
    let stories: [fn(&mut Office); 4] = [
        tell_an_address_is_confirmed_by_the_mailed_link_once,
        tell_a_forgotten_password_is_set_anew_and_ends_every_login,
        tell_a_busy_mail_server_is_asked_again_and_a_final_no_is_final,
        tell_a_mail_whose_last_word_was_lost_comes_again_as_the_same,
    ];
    for (number, story) in stories.into_iter().enumerate() {
        let url = set.url_of(&format!("mail{number}"));
        story(&mut Office::open(Some(&url)));
    }
}
