//! A W3C WebDriver session on the app, in a display of its own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::poll;

const READY_WITHIN: Duration = Duration::from_secs(60);
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A process that dies with its handle.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// The app's window. Dropping it closes the session, the driver and the display.
pub struct Window {
    http: Client,
    session: String,
    _driver: Process,
    _display: Process,
    _data: TempDir,
}

impl Window {
    /// A fresh device: nothing in its data folder.
    pub fn open() -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let (display, name) = start_display();
        let port = free_port();
        let driver = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("DISPLAY", name)
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
            .env("GATEHOUSE_SCANNER_DATA", data.path().join("scanner"))
            .env("XDG_RUNTIME_DIR", data.path())
            .env("HOME", data.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("WebKitWebDriver is installed (tests/run installs webkit2gtk-driver)");
        let driver = Process(driver);
        let http = Client::builder()
            .timeout(READY_WITHIN)
            .no_proxy()
            .build()
            .expect("client");
        let base = format!("http://127.0.0.1:{port}");
        poll::until("the driver", READY_WITHIN, || {
            http.get(format!("{base}/status"))
                .send()
                .is_ok_and(|a| a.status().is_success())
                .then_some(())
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "webkitgtk:browserOptions": {"binary": env!("CARGO_BIN_EXE_scanner-app"), "args": []},
        }}});
        let answer: Value = http
            .post(format!("{base}/session"))
            .json(&wanted)
            .send()
            .and_then(reqwest::blocking::Response::json)
            .expect("a session");
        let id = answer["value"]["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no session: {answer}"));
        Self {
            session: format!("{base}/session/{id}"),
            http,
            _driver: driver,
            _display: display,
            _data: data,
        }
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        let answer = self
            .http
            .post(format!("{}/{path}", self.session))
            .json(body)
            .send();
        let answer: Value = answer
            .and_then(reqwest::blocking::Response::json)
            .expect("an answer");
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].clone()
    }

    fn question(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}/{path}", self.session)).send();
        let answer: Value = answer
            .and_then(reqwest::blocking::Response::json)
            .expect("an answer");
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].clone()
    }

    fn element(&self, css: &str) -> String {
        let found = self.command("element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT]
            .as_str()
            .unwrap_or_else(|| panic!("no {css}: {found}"))
            .to_owned()
    }

    pub fn text(&self, css: &str) -> String {
        let path = format!("element/{}/text", self.element(css));
        self.question(&path)
            .as_str()
            .unwrap_or("")
            .trim()
            .to_owned()
    }

    pub fn attribute(&self, css: &str, name: &str) -> String {
        let path = format!("element/{}/attribute/{name}", self.element(css));
        self.question(&path).as_str().unwrap_or("").to_owned()
    }

    pub fn is_shown(&self, css: &str) -> bool {
        let path = format!("element/{}/displayed", self.element(css));
        self.question(&path) == Value::Bool(true)
    }

    pub fn click(&self, css: &str) {
        self.command(&format!("element/{}/click", self.element(css)), &json!({}));
    }

    /// Clears the field and types.
    pub fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command(&format!("element/{element}/clear"), &json!({}));
        self.command(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Keys to the page, not to a field: what a wedge scanner does.
    pub fn type_anywhere(&self, text: &str) {
        self.command(
            "execute/sync",
            &json!({"script": "document.activeElement?.blur()", "args": []}),
        );
        let keys = text.chars().flat_map(|key| {
            let key = if key == '\n' { '\u{e007}' } else { key };
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
            ]
        });
        let keys: Vec<Value> = keys.collect();
        self.command(
            "actions",
            &json!({"actions": [{"type": "key", "id": "wedge", "actions": keys}]}),
        );
    }

    /// A picture for people to look at: `target/…/tmp/window-NAME.png`.
    pub fn screenshot(&self, name: &str) {
        let picture = self.question("screenshot");
        let picture = base64::engine::general_purpose::STANDARD
            .decode(picture.as_str().expect("base64"))
            .expect("base64");
        assert!(picture.starts_with(b"\x89PNG"), "{name} is no PNG");
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("window-{name}.png"));
        std::fs::write(file, picture).expect("write");
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _closed = self.http.delete(&self.session).send();
    }
}

/// Xvfb picks a free display itself and writes its number to a pipe.
fn start_display() -> (Process, String) {
    let mut child = Command::new("Xvfb")
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "412x820x24",
            "-nolisten",
            "tcp",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb is installed (tests/run installs xvfb)");
    let mut number = String::new();
    let output = child.stdout.take().expect("piped");
    BufReader::new(output)
        .read_line(&mut number)
        .expect("a display number");
    (Process(child), format!(":{}", number.trim()))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
