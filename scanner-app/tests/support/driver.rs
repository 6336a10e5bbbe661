//! A W3C `WebDriver` session on the app, in a display of its own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::poll;

const READY_WITHIN: Duration = Duration::from_mins(1);
/// The key under which `WebDriver` names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// `WebDriver`'s names of keys.
pub(crate) const CONTROL: char = '\u{e009}';
const ENTER: char = '\u{e007}';
const TAB: char = '\u{e004}';

/// What the page looks like to its reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) is_dark: bool,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Look {
    pub(crate) const PHONE: Self = Self {
        is_dark: false,
        width: 412,
        height: 820,
    };
}

/// A process that dies with its handle.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// The app's window. Dropping it closes the session, the driver and the display.
pub(crate) struct Window {
    http: Client,
    session: String,
    _driver: Process,
    _display: Process,
    _home: TempDir,
}

impl Window {
    /// Opens the app on a data folder, which may not exist yet.
    pub(crate) fn open(data: &Path, look: Look) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (display, display_name) = start_display(look);
        let port = free_port();
        let driver = start_driver(port, &display_name, home.path(), data, look);
        scanner_core::install_tls();
        let http = Client::builder()
            .timeout(READY_WITHIN)
            .no_proxy()
            .build()
            .expect("client");
        let base = format!("http://127.0.0.1:{port}");
        poll::until("the driver", READY_WITHIN, || {
            let answer = http.get(format!("{base}/status")).send();
            answer
                .is_ok_and(|answer| answer.status().is_success())
                .then_some(())
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "webkitgtk:browserOptions": {"binary": env!("CARGO_BIN_EXE_scanner-app"), "args": []},
        }}});
        let answer = ask(http.post(format!("{base}/session")).json(&wanted));
        let id = answer["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no session: {answer}"));
        let window = Self {
            session: format!("{base}/session/{id}"),
            http,
            _driver: driver,
            _display: display,
            _home: home,
        };
        let size = json!({"x": 0, "y": 0, "width": look.width, "height": look.height});
        window.command("window/rect", &size);
        window
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        ask(self
            .http
            .post(format!("{}/{path}", self.session))
            .json(body))
    }

    fn question(&self, path: &str) -> Value {
        ask(self.http.get(format!("{}/{path}", self.session)))
    }

    fn element(&self, css: &str) -> String {
        let found = self.command("element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT]
            .as_str()
            .unwrap_or_else(|| panic!("no {css}: {found}"))
            .to_owned()
    }

    /// What stands in the element, also where a narrow screen cuts it off.
    pub(crate) fn text(&self, css: &str) -> String {
        let path = format!("element/{}/property/textContent", self.element(css));
        self.question(&path)
            .as_str()
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    pub(crate) fn attribute(&self, css: &str, name: &str) -> String {
        let path = format!("element/{}/attribute/{name}", self.element(css));
        self.question(&path).as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn is_shown(&self, css: &str) -> bool {
        let path = format!("element/{}/displayed", self.element(css));
        self.question(&path) == Value::Bool(true)
    }

    pub(crate) fn click(&self, css: &str) {
        self.command(&format!("element/{}/click", self.element(css)), &json!({}));
    }

    /// Clears the field and types.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command(&format!("element/{element}/clear"), &json!({}));
        self.command(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Chooses an option by its value.
    pub(crate) fn choose(&self, css: &str, value: &str) {
        self.run(
            "const select = document.querySelector(arguments[0]);
             select.value = arguments[1];
             select.dispatchEvent(new Event('change', { bubbles: true }));",
            &json!([css, value]),
        );
    }

    /// Keys to the window, wherever the focus is: what a wedge scanner does.
    pub(crate) fn press(&self, keys: &str) {
        let keys: Vec<Value> = keys
            .chars()
            .map(|key| match key {
                '\n' => ENTER,
                '\t' => TAB,
                other => other,
            })
            .flat_map(|key| {
                [
                    json!({"type": "keyDown", "value": key}),
                    json!({"type": "keyUp", "value": key}),
                ]
            })
            .collect();
        self.act(&keys);
    }

    /// One key while Control is held.
    pub(crate) fn press_with_control(&self, key: char) {
        self.act(&[
            json!({"type": "keyDown", "value": CONTROL}),
            json!({"type": "keyDown", "value": key}),
            json!({"type": "keyUp", "value": key}),
            json!({"type": "keyUp", "value": CONTROL}),
        ]);
    }

    fn act(&self, keys: &[Value]) {
        let keyboard = json!({"type": "key", "id": "wedge", "actions": keys});
        self.command("actions", &json!({"actions": [keyboard]}));
    }

    /// Runs a function body in the page and gives what it returns.
    pub(crate) fn run(&self, script: &str, arguments: &Value) -> Value {
        self.command(
            "execute/sync",
            &json!({"script": script, "args": arguments}),
        )
    }

    /// Runs a function body in the page; its last argument is the function that takes the answer.
    pub(crate) fn run_async(&self, script: &str, arguments: &Value) -> Value {
        self.command(
            "execute/async",
            &json!({"script": script, "args": arguments}),
        )
    }

    /// A picture for people to look at: `target/tmp/window-NAME.png`.
    pub(crate) fn screenshot(&self, name: &str) {
        // The webview answers with the next frame that it draws, and a quiet page draws none.
        self.run(
            "let odd = false; const page = document.documentElement;
             window.stirring = setInterval(() => { page.style.opacity = (odd = !odd) ? .999 : 1; }, 20);",
            &json!([]),
        );
        let picture = self.question("screenshot");
        self.run(
            "clearInterval(window.stirring); document.documentElement.style.opacity = '';",
            &json!([]),
        );
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

fn ask(request: RequestBuilder) -> Value {
    let answer = request.send().and_then(reqwest::blocking::Response::json);
    let answer: Value = answer.expect("an answer");
    assert!(answer["value"]["error"].is_null(), "{answer}");
    answer["value"].clone()
}

/// Xvfb picks a free display itself and writes its number to a pipe.
fn start_display(look: Look) -> (Process, String) {
    let mut child = Command::new("Xvfb")
        .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0"])
        .arg(format!("{}x{}x24", look.width, look.height))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb is installed (tests/run installs xvfb)");
    let output = child.stdout.take().expect("piped");
    let display = Process(child);
    let mut number = String::new();
    BufReader::new(output)
        .read_line(&mut number)
        .expect("a display number");
    (display, format!(":{}", number.trim()))
}

/// The app inherits the driver's environment: no sandbox (tests may run as root in a container),
/// no graphics card, no session bus, nothing of the person who runs the tests.
fn start_driver(port: u16, display: &str, home: &Path, data: &Path, look: Look) -> Process {
    let child = Command::new("WebKitWebDriver")
        .arg(format!("--port={port}"))
        .env("DISPLAY", display)
        .env("GDK_BACKEND", "x11")
        .env(
            "GTK_THEME",
            if look.is_dark {
                "Adwaita:dark"
            } else {
                "Adwaita"
            },
        )
        .env("TAURI_AUTOMATION", "true")
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
        .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("NO_AT_BRIDGE", "1")
        .env("GATEHOUSE_SCANNER_DATA", data)
        .env("GATEHOUSE_SCANNER_NO_MULTICAST", "1")
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .spawn()
        .expect("WebKitWebDriver is installed (tests/run installs webkit2gtk-driver)");
    Process(child)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
