//! A real three-member MongoDB replica set on loopback, in temporary folders.
//!
//! Invariants: nothing is left behind. Dropping the handle stops the members by pid and removes
//! their folders; if this process dies without dropping it, a reaper that waits on a pipe from it
//! does the same.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{ClientOptions, ServerAddress};
use mongodb::{Client, Database};
use tempfile::TempDir;

/// The environment variable that holds the path of a `mongod` binary.
pub const MONGOD: &str = "GATEHOUSE_MONGOD";
const SET_NAME: &str = "gatehouse-test";
const MEMBERS: usize = 3;
/// Starts before giving up: between picking a port and `mongod` binding it, another process may
/// have taken it.
const STARTS_MAX: u32 = 3;
/// How long the members may take to elect a primary and to catch up, in polls.
const POLLS_MAX: u32 = 600;
const POLL: Duration = Duration::from_millis(100);

/// A running replica set.
pub struct ReplicaSet {
    /// Without a database name: the server's default applies.
    pub url: String,
    members: Vec<Child>,
    // Its standard input is a pipe from this process; its end is the reaper's signal.
    reaper: Child,
    folder: TempDir,
}

impl ReplicaSet {
    /// Starts one if [`MONGOD`] is set; else says on stderr that MongoDB is skipped.
    ///
    /// # Panics
    /// If the set cannot be started: a test that skips without being told to is worse than a red one.
    pub fn start_if_available() -> Option<Self> {
        let Some(mongod) = std::env::var_os(MONGOD).map(PathBuf::from) else {
            tell(&format!(
                "skipped on MongoDB: {MONGOD} does not name a mongod binary"
            ));
            return None;
        };
        match Self::start(&mongod) {
            Ok(set) => Some(set),
            Err(error) => panic!("no replica set from {}: {error:#}", mongod.display()),
        }
    }

    /// Starts three members of `mongod` and waits until one is primary and the others follow it.
    pub fn start(mongod: &Path) -> anyhow::Result<Self> {
        let mut starts = 1;
        loop {
            match Self::start_once(mongod) {
                Err(error) if starts < STARTS_MAX => tell(&format!("starting again: {error:#}")),
                outcome => return outcome,
            }
            starts += 1;
        }
    }

    fn start_once(mongod: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("gatehouse-mongo-")
            .tempdir()?;
        // Listeners are all held before the first is let go, so that no port comes twice.
        let held: Vec<_> = (0..MEMBERS)
            .map(|_| TcpListener::bind("127.0.0.1:0"))
            .collect::<Result<_, _>>()?;
        let ports: Vec<u16> = held
            .iter()
            .map(|listener| listener.local_addr().map(|address| address.port()))
            .collect::<Result<_, _>>()?;
        drop(held);
        let mut members = Vec::new();
        for port in &ports {
            members.push(member(mongod, folder.path(), *port)?);
        }
        let reaper = reaper(&members, folder.path())?;
        let hosts: Vec<_> = ports
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let mut set = Self {
            url: format!("mongodb://{}/?replicaSet={SET_NAME}", hosts.join(",")),
            members,
            reaper,
            folder,
        };
        // A thread of its own: the caller may be inside a runtime, where blocking is refused.
        std::thread::scope(|scope| {
            scope
                .spawn(|| set.initiate(&ports))
                .join()
                .unwrap_or_else(|_| bail!("initiating panicked"))
        })?;
        Ok(set)
    }

    /// The address of one database of the set.
    pub fn url_of(&self, database: &str) -> String {
        self.url.replacen("/?", &format!("/{database}?"), 1)
    }

    fn initiate(&mut self, ports: &[u16]) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            // The first member to answer must not be told of others that do not listen yet.
            for port in ports {
                self.wait_for_answer(*port).await?;
            }
            let admin = admin_of(ports[0], Duration::from_secs(30))?;
            let members: Vec<_> = ports
                .iter()
                .zip(0_i32..)
                .map(|(port, id)| {
                    Bson::from(doc! { "_id": id, "host": format!("127.0.0.1:{port}") })
                })
                .collect();
            let config = doc! {
                "_id": SET_NAME, "members": members,
                "settings": { "electionTimeoutMillis": 2_000, "heartbeatIntervalMillis": 500 },
            };
            admin
                .run_command(doc! { "replSetInitiate": config })
                .await?;
            // The first tick is at once.
            let mut poll = tokio::time::interval(POLL);
            for _ in 0..POLLS_MAX {
                poll.tick().await;
                let status = admin.run_command(doc! { "replSetGetStatus": 1 }).await?;
                if is_settled(&status) {
                    return Ok(());
                }
                self.check_alive()?;
            }
            bail!("no primary with two secondaries")
        })
    }

    async fn wait_for_answer(&mut self, port: u16) -> anyhow::Result<()> {
        let admin = admin_of(port, POLL)?;
        for _ in 0..POLLS_MAX {
            if admin.run_command(doc! { "ping": 1 }).await.is_ok() {
                return Ok(());
            }
            self.check_alive()?;
        }
        bail!("the member on port {port} does not answer")
    }

    fn check_alive(&mut self) -> anyhow::Result<()> {
        for member in &mut self.members {
            let ended = member.try_wait()?;
            ensure!(ended.is_none(), "a mongod ended early: {ended:?}");
        }
        Ok(())
    }
}

impl Drop for ReplicaSet {
    fn drop(&mut self) {
        for child in self.members.iter_mut().chain([&mut self.reaper]) {
            // An error means that it has ended already.
            drop(child.kill());
            drop(child.wait());
        }
        tell(&format!(
            "stopped the replica set in {}",
            self.folder.path().display()
        ));
    }
}

/// The `admin` database of one member, whatever its state.
fn admin_of(port: u16, patience: Duration) -> anyhow::Result<Database> {
    let mut options = ClientOptions::default();
    options.hosts = vec![ServerAddress::Tcp {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
    }];
    options.direct_connection = Some(true);
    options.server_selection_timeout = Some(patience);
    Ok(Client::with_options(options)?.database("admin"))
}

fn is_settled(status: &Document) -> bool {
    let Ok(members) = status.get_array("members") else {
        return false;
    };
    let count = |state: &str| {
        let is = |member: &&Bson| {
            let member = member.as_document();
            member.is_some_and(|m| m.get_str("stateStr").is_ok_and(|name| name == state))
        };
        members.iter().filter(is).count()
    };
    count("PRIMARY") == 1 && count("SECONDARY") == MEMBERS - 1
}

fn member(mongod: &Path, folder: &Path, port: u16) -> anyhow::Result<Child> {
    let data = folder.join(port.to_string());
    std::fs::create_dir(&data)?;
    Command::new(mongod)
        .args([
            "--replSet",
            SET_NAME,
            "--bind_ip",
            "127.0.0.1",
            "--nounixsocket",
        ])
        .args([
            "--wiredTigerCacheSizeGB",
            "0.25",
            "--oplogSize",
            "64",
            "--quiet",
        ])
        .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
        // As docs/mongodb.md tells operators to.
        .args(["--setParameter", "transactionLifetimeLimitSeconds=15"])
        .arg("--port")
        .arg(port.to_string())
        .arg("--dbpath")
        .arg(&data)
        .arg("--logpath")
        .arg(data.join("log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {}", mongod.display()))
}

/// A shell that blocks on a pipe from us. Dropped or killed, we close it, and it cleans up; a
/// member that was stopped in order is gone by then, and so is the folder.
fn reaper(members: &[Child], folder: &Path) -> anyhow::Result<Child> {
    let pids: Vec<_> = members
        .iter()
        .map(|member| member.id().to_string())
        .collect();
    Command::new("sh")
        .args([
            "-c",
            r#"folder=$1; shift; read -r _; kill -9 "$@"; rm -rf "$folder""#,
            "reaper",
        ])
        .arg(folder)
        .args(pids)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A group of its own: an interrupt from the keyboard must not take it with us.
        .process_group(0)
        .spawn()
        .context("starting the reaper")
}

/// Straight to stderr: a skipped half must be seen even where the harness captures output.
fn tell(what: &str) {
    use std::io::Write;
    // A closed stderr is no reason to fail.
    drop(writeln!(std::io::stderr(), "{what}"));
}
