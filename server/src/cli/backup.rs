//! `server backup` and `server restore` (N8), for SQLite; MongoDB has its own tools.
//!
//! A backup is a directory: the database as of one moment, the keys that are wrapped, and a
//! manifest with the hash of each file. The key-encryption key is not in it unless asked for:
//! whoever finds the backup cannot use it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use super::tell;
use crate::config::Config;
use crate::platform::clock::{Clock as _, SystemClock};
use crate::platform::entropy::SystemEntropy;
use crate::platform::lifecycle::{DataDirLock, create_private_dir};
use crate::platform::vault::{Kek, Vault};

const DATABASE: &str = "gatehouse.sqlite";
const MANIFEST: &str = "manifest.json";
const TOKEN_KEY: &str = "jwt.key";
const KEK: &str = "kek.key";
const FORMAT: u32 = 1;

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// Directory to make; it must not exist
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Also copy the key-encryption key; then the backup alone opens everything
    #[arg(long)]
    with_kek: bool,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// Directory that `server backup` made
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Replace a database that is there already; the old one is kept beside it
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    format: u32,
    server_version: String,
    created_at: Timestamp,
    /// Which key-encryption key the wrapped keys need.
    kek_id: String,
    files: Vec<ManifestFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ManifestFile {
    name: String,
    bytes: u64,
    /// Of the content, hex.
    blake3: String,
}

pub(super) fn backup(config: &Config, arguments: &BackupArguments) -> anyhow::Result<()> {
    let database = sqlite_file(config)?;
    ensure!(
        database.exists(),
        "there is no database at {}; give --data",
        database.display()
    );
    ensure!(
        !arguments.to.exists(),
        "{} exists already",
        arguments.to.display()
    );
    let parent = match arguments.to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_private_dir(parent)?;
    // Before the copying: it makes the key where there is none yet.
    let kek_id = kek_id(config)?;
    // All or nothing under its final name.
    let staging = private_staging(parent)?;
    copy_database(&database, &staging.path().join(DATABASE))?;
    let mut names = vec![DATABASE];
    for (name, wanted) in [(TOKEN_KEY, true), (KEK, arguments.with_kek)] {
        let source = config.data_dir.join(name);
        if wanted && source.exists() {
            std::fs::copy(&source, staging.path().join(name))?;
            names.push(name);
        }
    }
    let manifest = Manifest {
        format: FORMAT,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: SystemClock.now(),
        kek_id,
        files: names
            .into_iter()
            .map(|name| describe(staging.path(), name))
            .collect::<anyhow::Result<_>>()?,
    };
    let text = serde_json::to_vec_pretty(&manifest)?;
    std::fs::write(staging.path().join(MANIFEST), text)?;
    sync(staging.path())?;
    std::fs::rename(staging.keep(), &arguments.to)?;
    super::print(&format!("{}\n", arguments.to.display()))?;
    if !arguments.with_kek {
        tell("The key-encryption key is not in the backup: keep it elsewhere, you need both.");
    }
    Ok(())
}

pub(super) fn restore(config: &Config, arguments: &RestoreArguments) -> anyhow::Result<()> {
    let database = sqlite_file(config)?;
    let manifest = verify(&arguments.from)?;
    let _lock = DataDirLock::take(&config.data_dir)?;
    if database.exists() {
        ensure!(
            arguments.force,
            "{} exists already; --force replaces it and keeps the old one beside it",
            database.display()
        );
        let aside = format!(
            "{}.before-{}",
            database.display(),
            SystemClock.now().as_secs()
        );
        // Its log too: beside the new database it would be applied to it.
        for suffix in ["", "-wal", "-shm"] {
            let old = PathBuf::from(format!("{}{suffix}", database.display()));
            if old.exists() {
                std::fs::rename(&old, format!("{aside}{suffix}"))?;
            }
        }
        tell(&format!("The old database is now {aside}"));
    }
    for file in &manifest.files {
        let target = match file.name.as_str() {
            DATABASE => database.clone(),
            // Configured keys and keys that are there win.
            name => config.data_dir.join(name),
        };
        if file.name == DATABASE || !target.exists() {
            put(&arguments.from.join(&file.name), &target)?;
        }
    }
    let ours = kek_id(config)?;
    if ours != manifest.kek_id {
        bail!(
            "the database is back, but it needs key-encryption key {}, and this server has {ours}: \
             restore that kek.key or set KEY_ENCRYPTION_KEY before you start",
            manifest.kek_id
        );
    }
    super::print(&format!("restored the state of {}\n", manifest.created_at))
}

fn private_staging(parent: &Path) -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".backup");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent)
}

fn sqlite_file(config: &Config) -> anyhow::Result<PathBuf> {
    if config.is_mongo() {
        bail!(
            "the database is MongoDB: use mongodump and mongorestore, \
             and keep KEY_ENCRYPTION_KEY and JWT_SECRET with the result"
        );
    }
    let url = config.effective_database_url();
    let path = url.reveal().trim_start_matches("sqlite:");
    let path = path.strip_prefix("//").unwrap_or(path);
    ensure!(path != ":memory:", "a database in memory has no backup");
    Ok(PathBuf::from(path))
}

/// The database as of one moment, whole, while others write to it.
fn copy_database(source: &Path, target: &Path) -> anyhow::Result<()> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = rusqlite::Connection::open_with_flags(source, flags)
        .with_context(|| format!("cannot open {}", source.display()))?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    let target_text = target.to_str().context("the path is not UTF-8")?;
    connection
        .execute("VACUUM INTO ?1", [target_text])
        .context("cannot copy the database")?;
    check_database(target)?;
    Ok(std::fs::File::open(target)?.sync_all()?)
}

fn check_database(path: &Path) -> anyhow::Result<()> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "{} is damaged: {verdict}", path.display());
    Ok(())
}

fn describe(dir: &Path, name: &str) -> anyhow::Result<ManifestFile> {
    let mut hasher = blake3::Hasher::new();
    let mut file = std::fs::File::open(dir.join(name))?;
    let bytes = std::io::copy(&mut file, &mut hasher)?;
    file.sync_all()?;
    Ok(ManifestFile {
        name: name.to_owned(),
        bytes,
        blake3: hasher.finalize().to_hex().to_string(),
    })
}

/// A backup that is complete and unchanged.
fn verify(dir: &Path) -> anyhow::Result<Manifest> {
    let text = std::fs::read(dir.join(MANIFEST))
        .with_context(|| format!("{} is not a backup", dir.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).context("the manifest is damaged")?;
    ensure!(
        manifest.format == FORMAT,
        "the backup has format {}, this server knows {FORMAT}",
        manifest.format
    );
    let names: Vec<_> = manifest.files.iter().map(|file| &*file.name).collect();
    ensure!(names.contains(&DATABASE), "the backup has no database");
    for file in &manifest.files {
        // Names come from a file: they must not lead elsewhere.
        ensure!(
            [DATABASE, TOKEN_KEY, KEK].contains(&&*file.name),
            "the backup has a file that no backup has: {}",
            file.name
        );
        let found = describe(dir, &file.name)?;
        ensure!(
            found.blake3 == file.blake3 && found.bytes == file.bytes,
            "{} in the backup has been changed or cut off",
            file.name
        );
    }
    check_database(&dir.join(DATABASE))?;
    Ok(manifest)
}

/// Copies durably, under the final name only when whole.
fn put(source: &Path, target: &Path) -> anyhow::Result<()> {
    let dir = target.parent().context("a file without a directory")?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    std::io::copy(&mut std::fs::File::open(source)?, file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    sync(dir)
}

fn sync(dir: &Path) -> anyhow::Result<()> {
    Ok(std::fs::File::open(dir)?.sync_all()?)
}

fn kek_id(config: &Config) -> anyhow::Result<String> {
    let kek = match &config.key_encryption_key {
        Some(text) => Kek::parse(text.reveal()).context("KEY_ENCRYPTION_KEY is malformed")?,
        None => Kek::load_or_create(&config.data_dir, &SystemEntropy)?,
    };
    Ok(Vault::new(&kek, Arc::new(SystemEntropy))
        .kek_id()
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load_with};

    fn config(dir: &Path) -> Config {
        let overrides = Overrides {
            data_dir: Some(dir.to_owned()),
            ..Overrides::default()
        };
        load_with(&overrides, |_| None).expect("valid")
    }

    fn make_database(config: &Config, rows: u32) {
        std::fs::create_dir_all(&config.data_dir).expect("folder");
        let connection = rusqlite::Connection::open(config.sqlite_path()).expect("database");
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (n INTEGER);")
            .expect("table");
        for row in 0..rows {
            connection
                .execute("INSERT INTO t VALUES (?1)", [row])
                .expect("row");
        }
    }

    fn rows(config: &Config) -> u32 {
        let connection = rusqlite::Connection::open(config.sqlite_path()).expect("database");
        connection
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .expect("count")
    }

    #[test]
    fn what_was_backed_up_comes_back() {
        // N8
        let root = tempfile::tempdir().expect("folder");
        let live = config(&root.path().join("live"));
        make_database(&live, 3);
        let to = root.path().join("backups/one");
        let arguments = BackupArguments {
            to: to.clone(),
            with_kek: false,
        };
        backup(&live, &arguments).expect("backed up");
        assert!(backup(&live, &arguments).is_err(), "never overwrites");
        assert!(!to.join(KEK).exists());
        make_database(&live, 2);
        let restore_from = |force| RestoreArguments {
            from: to.clone(),
            force,
        };
        assert!(
            restore(&live, &restore_from(false)).is_err(),
            "not by accident"
        );
        restore(&live, &restore_from(true)).expect("restored");
        assert_eq!(rows(&live), 3);
        // Elsewhere the key is missing, and that is said.
        let other = config(&root.path().join("other"));
        let error = restore(&other, &restore_from(false)).expect_err("other key");
        assert!(error.to_string().contains("key-encryption key"), "{error}");
    }

    #[test]
    fn a_damaged_backup_is_refused() {
        // N8
        let root = tempfile::tempdir().expect("folder");
        let live = config(&root.path().join("live"));
        make_database(&live, 3);
        let to = root.path().join("backup");
        let arguments = BackupArguments {
            to: to.clone(),
            with_kek: true,
        };
        backup(&live, &arguments).expect("backed up");
        assert!(to.join(KEK).exists());
        let mut bytes = std::fs::read(to.join(DATABASE)).expect("read");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(to.join(DATABASE), bytes).expect("spoilt");
        let arguments = RestoreArguments {
            from: to,
            force: true,
        };
        let error = restore(&live, &arguments).expect_err("refused");
        assert!(error.to_string().contains("changed"), "{error}");
        assert_eq!(rows(&live), 3, "nothing was touched");
    }
}
