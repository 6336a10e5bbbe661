//! Passkeys in a real browser, with a device that Chromium simulates: added, used, refused, removed.

use serde_json::Value;
use tests::api::Api;
use tests::browser::Browser;
use tests::journey::{self, text};
use tests::mongo::ReplicaSet;
use tests::server::Server;

/// Keeps what the page sends to log in; while `hold` is set, instead of sending it.
const RECORD: &str = "const send = window.fetch; window.sent = []; window.hold = false;
    window.fetch = (url, options) => {
        if (String(url).endsWith('/login/passkey/finish')) {
            window.sent.push(options.body);
            if (window.hold) return new Promise(() => {});
        }
        return send(url, options);
    };";

/// A page that asks a device for less than we do.
const ASK_LESS: &str = "(() => { const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = ({ publicKey }) => create({ publicKey: { ...publicKey, extensions: {},
        authenticatorSelection: { userVerification: 'discouraged', residentKey: 'discouraged' } } });
    return true; })()";

fn fill(browser: &mut Browser, form: &str, fields: &[(&str, &str)]) {
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("form.elements.{name}.value = '{value}'; "))
        .collect();
    let done = browser.value(&format!(
        "(() => {{ const form = document.querySelector('{form}'); {fields} form.requestSubmit(); return true; }})()"
    ));
    assert_eq!(done, true, "{form}");
}

fn click(browser: &mut Browser, id: &str) {
    browser.value(&format!("document.getElementById('{id}').click()"));
}

const ARRIVED: &str = "document.getElementById('in').hidden === false";

/// One person's passkey, from its first day to its last. What was begun at one server, `second`
/// finishes.
fn walk(url: &str, first: &Api, second: &Api) {
    journey::account(first, "lan");
    let mut browser = Browser::new();
    browser.before_pages(RECORD);
    let phone = browser.plug(true);
    browser.open(&format!("{url}/account/passkeys"));
    browser.until("document.querySelector('#login button:enabled')");
    let own = [("username", "lan"), ("password", journey::PASSWORD)];
    fill(&mut browser, "#login", &own);
    browser.until(ARRIVED);
    let add = [("name", "My phone"), ("password", journey::PASSWORD)];
    fill(&mut browser, "#add", &add);
    browser.until("document.querySelector('#list .name').textContent === 'My phone'");

    click(&mut browser, "leave");
    browser.until("document.getElementById('out').hidden === false");
    click(&mut browser, "enter");
    browser.until(ARRIVED);
    // The list came with the new login's access token.
    browser.until("document.querySelector('#list .dates').textContent.includes('last used on')");
    browser.until("document.getElementById('who').textContent === 'lan'");
    let kept =
        browser.value("localStorage.length + sessionStorage.length + document.cookie.length");
    assert_eq!(kept, 0);
    let used = recorded(&mut browser, 1);
    for server in [first, second] {
        let replay = server.post("/auth/login/passkey/finish", &used);
        assert_eq!((replay.status, replay.code()), (401, "bad_passkey"));
    }

    click(&mut browser, "leave");
    browser.value("window.hold = true");
    click(&mut browser, "enter");
    browser.until("window.sent.length === 2");
    let unused = recorded(&mut browser, 2);
    let session = second.post("/auth/login/passkey/finish", &unused).ok();
    let me = first.with_bearer(&text(&session, "accessToken"));
    assert_eq!(me.get("/auth/me").ok()["username"], "lan");
    let replay = first.post("/auth/login/passkey/finish", &unused);
    assert_eq!(replay.code(), "bad_passkey");

    browser.open(&format!("{url}/account/passkeys"));
    browser.until("document.querySelector('#login button:enabled')");
    fill(&mut browser, "#login", &own);
    browser.until(ARRIVED);
    browser.unplug(&phone);
    refuse_a_device_that_does_not_know_its_owner(&mut browser);
    remove_and_try(&mut browser, url, &me);
}

/// What the page sent to log in, the last of so many.
fn recorded(browser: &mut Browser, times: usize) -> Value {
    assert_eq!(browser.value("window.sent.length"), times);
    let sent = browser.value("window.sent.at(-1)");
    serde_json::from_str(sent.as_str().expect("a body")).expect("JSON")
}

fn refuse_a_device_that_does_not_know_its_owner(browser: &mut Browser) {
    let stick = browser.plug(false);
    assert_eq!(browser.value(ASK_LESS), true);
    let add = [("name", "Found stick"), ("password", journey::PASSWORD)];
    fill(browser, "#add", &add);
    browser.until("document.getElementById('add-error').textContent.includes('cannot be added')");
    assert_eq!(
        browser.value("document.querySelectorAll('#list li').length"),
        1
    );
    browser.unplug(&stick);
}

/// With a passkey of its own, so that the device still offers what the server has forgotten.
fn remove_and_try(browser: &mut Browser, url: &str, me: &Api) {
    browser.plug(true);
    browser.open(&format!("{url}/account/passkeys"));
    browser.until("document.querySelector('#login button:enabled')");
    let own = [("username", "lan"), ("password", journey::PASSWORD)];
    fill(browser, "#login", &own);
    browser.until(ARRIVED);
    let add = [("name", "New phone"), ("password", journey::PASSWORD)];
    fill(browser, "#add", &add);
    browser.until("document.querySelectorAll('#list li').length === 2");
    let password = [("password", journey::PASSWORD)];
    fill(browser, "#list li:last-child .remove", &password);
    browser.until("document.querySelectorAll('#list li').length === 1");
    click(browser, "leave");
    click(browser, "enter");
    browser.until("document.getElementById('enter-error').textContent.includes('does not work')");
    assert_eq!(browser.value("document.getElementById('in').hidden"), true);
    let left = me.get("/auth/passkeys").ok();
    assert_eq!(left["items"][0]["name"], "My phone");
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_passkey_of_a_real_browser_logs_in_and_a_replay_does_not() {
    // A8
    let mut server = Server::start();
    let url = server.rename_to_localhost();
    walk(&url, &server.api(), &server.api());
}

#[test]
fn a_passkey_ceremony_is_finished_by_another_server_on_mongodb() {
    // A8 H4
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    let key = "11".repeat(32);
    let env = [
        ("KEY_ENCRYPTION_KEY", key.as_str()),
        ("JWT_SECRET", "one secret for both of the two servers"),
    ];
    let mut first = Server::start_with(Some(&mongo.url), &env);
    let url = first.rename_to_localhost();
    let env = [env[0], env[1], ("PUBLIC_URL", url.as_str())];
    let second = Server::start_with(Some(&mongo.url), &env);
    walk(&url, &first.api(), &second.api());
}
