//! A real Chromium without a window, driven over its debugging pipe: no port, no driver, no sleep.
//!
//! Invariants: its profile is a temporary folder; dropping it kills the process it started.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::poll;

const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// Chromium talks to nobody but the page under test.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=500,1100",
    "--remote-debugging-pipe",
];

/// One tab of one browser.
pub struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: Option<String>,
    calls: u64,
    dir: TempDir,
}

impl Browser {
    /// # Panics
    /// When Chromium does not start.
    #[expect(
        clippy::new_without_default,
        reason = "starting a browser is not a default value"
    )]
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (to, from) = (dir.path().join("to"), dir.path().join("from"));
        let made = Command::new("mkfifo").arg(&to).arg(&from).status();
        assert!(made.expect("mkfifo starts").success());
        // The shell gives Chromium the two pipes as descriptors 3 and 4, where it looks for them.
        let child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<\"$TO\" 4>\"$FROM\"", "sh"])
            .args(FLAGS)
            .arg(format!(
                "--user-data-dir={}",
                dir.path().join("profile").display()
            ))
            .env("TO", &to)
            .env("FROM", &from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        // In the shell's order: each open waits for the other side.
        let to = File::options().write(true).open(&to).expect("a pipe");
        let from = File::open(&from).expect("a pipe");
        let mut browser = Self {
            child,
            to,
            from: BufReader::new(from),
            session: None,
            calls: 0,
            dir,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", &json!({}));
        browser
    }

    /// Runs before the scripts of every page that is opened from now on.
    pub fn before_pages(&mut self, script: &str) {
        let source = json!({ "source": script });
        self.call("Page.addScriptToEvaluateOnNewDocument", &source);
    }

    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// Plugs a device with passkeys in, which says at once that its owner is there; `verifies`: and that it
    /// knows them. Gives its id.
    ///
    /// # Panics
    /// When the browser has no such devices.
    pub fn plug(&mut self, verifies: bool) -> String {
        self.call(
            "Emulation.setFocusEmulationEnabled",
            &json!({ "enabled": true }),
        );
        self.call("WebAuthn.enable", &json!({}));
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": verifies, "isUserVerified": verifies,
            "automaticPresenceSimulation": true,
        });
        let options = json!({ "options": options });
        let added = self.call("WebAuthn.addVirtualAuthenticator", &options);
        let id = added["authenticatorId"].as_str();
        id.expect("a device").to_owned()
    }

    /// Takes a device out again.
    pub fn unplug(&mut self, id: &str) {
        let id = json!({ "authenticatorId": id });
        self.call("WebAuthn.removeVirtualAuthenticator", &id);
    }

    /// The value of an expression; promises are awaited, errors are null.
    pub fn value(&mut self, expression: &str) -> Value {
        let call = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        // A page that is being left answers with an error: there is no value yet.
        let answer = self.try_call("Runtime.evaluate", &call);
        answer.map_or(Value::Null, |mut answer| answer["result"]["value"].take())
    }

    /// Waits until an expression is true.
    ///
    /// # Panics
    /// When it does not get true.
    pub fn until(&mut self, expression: &str) {
        let expression = format!("Boolean(await (async () => {expression})())");
        let expression = format!("(async () => {expression})()");
        poll::until(&expression, SEEN_WITHIN, || {
            self.value(&expression).as_bool().filter(|seen| *seen)
        });
    }

    /// What the screen shows, as a PNG file.
    ///
    /// # Panics
    /// When there is no picture.
    pub fn screenshot(&mut self, name: &str) -> PathBuf {
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let data = shot["data"].as_str().expect("a picture");
        let png = data_encoding::BASE64
            .decode(data.as_bytes())
            .expect("base64");
        let path = self.dir.path().join(name);
        std::fs::write(&path, png).expect("written");
        path
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.try_call(method, params);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).expect("the browser listens");
        loop {
            let mut answer = Vec::new();
            let read = self.from.read_until(0, &mut answer).expect("a pipe");
            assert!(read > 0, "the browser ended");
            answer.pop();
            let mut answer: Value = serde_json::from_slice(&answer).expect("JSON");
            // Events come in between; what the page shows is asked for.
            if answer["id"] == self.calls {
                return match answer["error"].take() {
                    Value::Null => Ok(answer["result"].take()),
                    error => Err(error),
                };
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Already dead is as good as killed.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// What a reader that is not ours reads in a picture.
///
/// # Panics
/// When it cannot be started.
pub fn zbar(file: &Path) -> String {
    let read = Command::new("zbarimg")
        .args(["--raw", "-q"])
        .arg(file)
        .output();
    let read = read.expect("zbarimg is installed (tests/run installs zbar-tools)");
    String::from_utf8_lossy(&read.stdout).trim().to_owned()
}
