//! A real server process.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::api::Api;
use crate::{binaries, poll};

const READY_WITHIN: Duration = Duration::from_mins(1);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// A server on port 0 with its own data folder. Dropping it kills the process.
pub struct Server {
    child: Option<Child>,
    dir: TempDir,
    database_url: Option<String>,
    /// Where it listens.
    ip: String,
    /// Kept over restarts, so that links that the server gave out stay good.
    port: u16,
    env: Vec<(String, String)>,
}

impl Server {
    /// SQLite in the data folder.
    ///
    /// # Panics
    /// When the server does not get ready.
    pub fn start() -> Self {
        Self::start_with(None, &[])
    }

    /// With a `DATABASE_URL` and more environment.
    ///
    /// # Panics
    /// When the server does not get ready.
    pub fn start_with(database_url: Option<&str>, env: &[(&str, &str)]) -> Self {
        Self::start_at("127.0.0.1", database_url, env)
    }

    /// On another address of this machine, or of a network namespace.
    ///
    /// # Panics
    /// When the server does not get ready.
    pub fn start_at(ip: &str, database_url: Option<&str>, env: &[(&str, &str)]) -> Self {
        let mut server = Self::unstarted(ip, database_url, env);
        server.resume();
        server
    }

    /// With a `gatehouse.toml` of that text in its data folder.
    ///
    /// # Panics
    /// When the server does not get ready.
    pub fn start_configured(
        settings: &str,
        database_url: Option<&str>,
        env: &[(&str, &str)],
    ) -> Self {
        let mut server = Self::unstarted("127.0.0.1", database_url, env);
        std::fs::create_dir_all(server.data()).expect("the data folder");
        std::fs::write(server.data().join("gatehouse.toml"), settings).expect("the settings");
        server.resume();
        server
    }

    fn unstarted(ip: &str, database_url: Option<&str>, env: &[(&str, &str)]) -> Self {
        Self {
            child: None,
            dir: tempfile::tempdir().expect("a temporary folder"),
            database_url: database_url.map(str::to_owned),
            ip: ip.to_owned(),
            port: 0,
            env: env
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn url(&self) -> String {
        format!("http://{}:{}", self.ip, self.port)
    }

    pub fn api(&self) -> Api {
        Api::new(&self.url())
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What the process wrote so far, for the message of a failing test.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("server.log")
    }

    /// From the next start on the process sees only the ordinary environment.
    pub fn forget_env(&mut self) {
        self.env.clear();
    }

    /// Starts again as `localhost`: passkeys belong to a name. Gives its address.
    ///
    /// # Panics
    /// When it does not stop, or does not get ready.
    pub fn rename_to_localhost(&mut self) -> String {
        self.stop();
        let url = format!("http://localhost:{}", self.port);
        self.env.push(("PUBLIC_URL".to_owned(), url.clone()));
        self.resume();
        url
    }

    /// Starts the process (again), on the same port and data.
    ///
    /// # Panics
    /// When it is running already or does not get ready.
    pub fn resume(&mut self) {
        self.launch();
        self.wait_ready();
    }

    /// Starts the process without waiting for it.
    ///
    /// # Panics
    /// When it is running already.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "the server is running already");
        let addr_file = self.addr_file();
        remove_if_present(&addr_file);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("log");
        let mut command = Command::new(binaries::path("server"));
        command
            .arg("serve")
            .args(["--listen", &format!("{}:{}", self.ip, self.port)])
            .arg("--data")
            .arg(self.data())
            .arg("--addr-file")
            .arg(&addr_file)
            .current_dir(self.dir.path())
            .env_remove("DATABASE_URL")
            .env("RUST_LOG", "info")
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("log"))
            .stderr(log);
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
        self.child = Some(command.spawn().expect("server starts"));
    }

    fn addr_file(&self) -> PathBuf {
        self.dir.path().join("addr")
    }

    /// # Panics
    /// When the server ends or stays silent.
    pub fn wait_ready(&mut self) {
        let addr_file = self.addr_file();
        let address = poll::until("the server's address", READY_WITHIN, || {
            let ended = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            assert!(
                ended.is_none(),
                "the server ended: {ended:?}\n{}",
                self.log()
            );
            std::fs::read_to_string(&addr_file)
                .ok()
                .filter(|text| text.trim().contains(':'))
        });
        let port = address
            .trim()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        self.port = port.unwrap_or_else(|| panic!("{address:?} is not an address"));
        let api = self.api();
        poll::until("readiness", READY_WITHIN, || api.is_ready().then_some(()));
    }

    /// Makes an administrator, as an operator does before the first start.
    ///
    /// # Panics
    /// When the server runs, or refuses.
    pub fn make_admin(&self, username: &str, password: &str) {
        assert!(self.child.is_none(), "the server runs");
        let mut command = Command::new(binaries::path("server"));
        match &self.database_url {
            Some(url) => command.env("DATABASE_URL", url),
            None => command.env_remove("DATABASE_URL"),
        };
        let mut command = command
            .args(["admin", "create", "--username", username, "--email"])
            .arg(format!("{username}@example.org"))
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the command");
        let mut stdin = command.stdin.take().expect("its stdin");
        writeln!(stdin, "{password}").expect("the password");
        drop(stdin);
        let ended = command.wait().expect("its end");
        assert!(ended.success(), "{ended}");
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Already dead is as good as killed.
            let _gone = child.kill();
            let _status = child.wait();
        }
    }

    /// SIGTERM, and waits for the drain.
    ///
    /// # Panics
    /// When the server does not stop.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let status = Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .expect("kill");
        assert!(status.success(), "the server could not be signalled");
        let status = poll::until("the server to stop", STOP_WITHIN, || {
            child.try_wait().expect("wait")
        });
        assert!(status.success(), "the server stopped with {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln_log(&self.log_path());
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a failing test shows what the server said"
)]
fn eprintln_log(path: &Path) {
    let log = std::fs::read_to_string(path).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(60).collect();
    eprintln!("--- server log, last lines");
    for line in tail.into_iter().rev() {
        eprintln!("{line}");
    }
}

fn remove_if_present(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => panic!("{}: {error}", path.display()),
    }
}
