//! Opening: the right file, the right schema, nothing damaged, nothing started empty by mistake.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStore, checked, money, place, trouble};
use crate::failpoint;
use crate::ids::{BlobId, StoreId, hex};
use crate::store::StoreError;

/// Schema that this program writes.
pub(super) const SCHEMA: u32 = 8;
/// Marks a file as ours: "shtb".
const APPLICATION_ID: i32 = 0x7368_7462;
/// Older SQLite can damage a write-ahead log under two writers.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How often, and how far apart, a store is opened that others are making.
const OPEN_TRIES: u32 = 200;
const OPEN_PAUSE: Duration = Duration::from_millis(20);
/// Up to this size a file is checked whole when it is opened. Units: bytes.
const CHECKED_BYTES: u64 = 32 << 20;
/// The log is folded into the file from this size on: who opens a store reads all of it. Units: pages.
const LOG_PAGES: u32 = 512;
const MIGRATIONS: [&str; SCHEMA as usize] = [
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_turns.sql"),
    include_str!("../migrations/0003_alerts.sql"),
    include_str!("../migrations/0004_fails.sql"),
    include_str!("../migrations/0005_costs.sql"),
    include_str!("../migrations/0006_notes.sql"),
    include_str!("../migrations/0007_outbox.sql"),
    include_str!("../migrations/0008_sums.sql"),
];

impl SqliteStore {
    /// Opens a store, making it on first use.
    ///
    /// # Errors
    /// Damaged, Newer and Vanished leave everything on disk as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // Switching to the write-ahead log does not wait for others that do the same.
        for _ in 0..OPEN_TRIES {
            match Self::open_once(path) {
                Err(StoreError::Busy) => std::thread::sleep(OPEN_PAUSE),
                other => return other,
            }
        }
        Self::open_once(path)
    }

    /// Opens a copy without leaving a marker beside it.
    fn open_copy(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(trouble)?;
        quick_check(&connection)?;
        let id = meta(&connection, "store")?;
        let id = id.map(StoreId::new).ok_or_else(|| StoreError::Damaged("the copy has no id".to_owned()))?;
        let (elsewhere, fold) = (false.into(), true.into());
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned(), id, elsewhere, fold })
    }

    fn open_once(path: &Path) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(StoreError::Io(format!("SQLite {} is too old", rusqlite::version())));
        }
        if let Some(kind) = place::shared_by(path) {
            return Err(StoreError::Shared { path: path.display().to_string(), kind });
        }
        let marker = marker(path);
        // In this order: whoever makes a store writes its marker last.
        let marked = marker.exists();
        let fresh = !path.exists();
        if fresh && marked {
            return Err(StoreError::Vanished(path.display().to_string()));
        }
        if fresh {
            make_folder(path)?;
        } else {
            look_before_opening(path)?;
        }
        let connection = Connection::open(path).map_err(trouble)?;
        private(path)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(trouble)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(trouble)?;
        connection.pragma_update(None, "synchronous", "full").map_err(trouble)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(trouble)?;
        connection.pragma_update(None, "mmap_size", 0).map_err(trouble)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(trouble)?;
        let fold = migrate(&connection)?;
        let id = store_id(&connection)?;
        if let Some(bytes) = path.metadata().ok().filter(|m| m.len() < CHECKED_BYTES) {
            if !checked::known(path, &bytes) {
                quick_check(&connection)?;
                checked::note(path, &bytes);
            }
            let snapshot = connection.unchecked_transaction().map_err(trouble)?;
            money::check_journal(&snapshot, &money::journal(&snapshot, None)?)?;
            money::check_balances(&snapshot)?;
        }
        let (machine, mut elsewhere) = (place::machine(), false);
        match fs::read_to_string(&marker) {
            Ok(named) if named.lines().next() != Some(id.as_str()) => {
                let (path, marker) = (path.display(), marker.display());
                return Err(StoreError::Damaged(format!("{path} is not the store that {marker} names")));
            }
            Ok(named) => match (named.lines().nth(1), &machine) {
                (Some(theirs), Some(ours)) => elsewhere = theirs != ours,
                // Written by a version that did not know machines.
                (None, Some(_)) => put_marker(&marker, &id, machine.as_deref())?,
                (_, None) => {}
            },
            Err(_) => write_file(&marker, marker_text(&id, machine.as_deref()).as_bytes())?,
        }
        let (elsewhere, fold) = (elsewhere.into(), fold.into());
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned(), id, elsewhere, fold })
    }
}

impl SqliteStore {
    /// Writes a copy of the store while it is in use.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let connection = self.lock();
        let mut copy = Connection::open(to).map_err(trouble)?;
        private(to)?;
        let backup = rusqlite::backup::Backup::new(&connection, &mut copy).map_err(trouble)?;
        backup.run_to_completion(256, Duration::ZERO, None).map_err(trouble)?;
        drop(backup);
        // Bytes that live beside the file belong to it.
        let mut statement = connection.prepare("SELECT id FROM blob WHERE bytes IS NULL").map_err(trouble)?;
        for id in statement.query_map([], |r| r.get::<_, String>(0)).map_err(trouble)? {
            let id = BlobId::new(id.map_err(trouble)?);
            let beside = to.with_file_name("blobs").join(id.as_str());
            write_file(&beside, &read_file(&self.blob_file(&id))?)?;
        }
        Ok(())
    }

    /// This machine owns the store from now on; whoever says so made sure that no other one uses it.
    pub fn take_over(&self) -> Result<(), StoreError> {
        put_marker(&marker(&self.path), &self.id, place::machine().as_deref())?;
        self.elsewhere.store(false, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

fn marker_text(id: &StoreId, machine: Option<&str>) -> String {
    machine.map_or_else(|| format!("{id}\n"), |machine| format!("{id}\n{machine}\n"))
}

/// Replaces a marker in one step: without one a vanished file would start empty.
fn put_marker(marker: &Path, id: &StoreId, machine: Option<&str>) -> Result<(), StoreError> {
    let mut name = marker.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", uuid::Uuid::new_v4().simple()));
    let fresh = marker.with_file_name(name);
    write_file(&fresh, marker_text(id, machine).as_bytes())?;
    fs::rename(&fresh, marker).map_err(|e| io(&e))
}

/// Nobody else has the file open; a worker would go on writing to what is put aside.
fn alone(path: &Path) -> Result<(), StoreError> {
    // One that cannot be opened is used by nobody.
    let Ok(connection) = Connection::open(path) else { return Ok(()) };
    let mode: Result<String, _> =
        connection.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0));
    match mode.map_err(trouble) {
        Ok(mode) if mode == "wal" => Err(StoreError::Busy),
        Err(StoreError::Busy) => Err(StoreError::Busy),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Puts a copy in the place of a store, which may be in use, damaged, or gone; gives the name under
/// which what was there is kept.
///
/// # Errors
/// A copy that is damaged, newer, or of another store leaves everything as it is.
pub fn restore(from: &Path, path: &Path) -> Result<Option<PathBuf>, StoreError> {
    look_before_opening(from)?;
    let copy = SqliteStore::open_copy(from)?;
    let named = fs::read_to_string(marker(path)).ok();
    if let Some(other) =
        named.as_deref().and_then(|text| text.lines().next()).filter(|n| *n != copy.id.as_str())
    {
        let why = format!("{} is a copy of store {}, not of {other}", from.display(), copy.id);
        return Err(StoreError::Damaged(why));
    }
    let kept = path.exists().then(|| {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".before-{}", uuid::Uuid::now_v7().simple()));
        path.with_file_name(name)
    });
    if let Some(kept) = &kept {
        alone(path)?;
        for end in ["", "-wal", "-shm"] {
            let of = |p: &Path| PathBuf::from(format!("{}{end}", p.display()));
            if of(path).exists() {
                fs::rename(of(path), of(kept)).map_err(|e| io(&e))?;
            }
        }
    }
    make_folder(path)?;
    copy.backup(path)?;
    drop(copy);
    SqliteStore::open(path)?;
    Ok(kept)
}

fn marker(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".id");
    path.with_file_name(name)
}

fn io(error: &std::io::Error) -> StoreError {
    StoreError::Io(error.to_string())
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) else { return Ok(()) };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| io(&e))
}

/// Owner only: results and account numbers are nobody else's business.
pub(super) fn private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|e| io(&e))?;
    }
    let _ = path;
    Ok(())
}

/// Reads the header without SQLite, which would touch a file that is not ours.
fn look_before_opening(path: &Path) -> Result<(), StoreError> {
    let mut header = [0u8; 100];
    let mut file = fs::File::open(path).map_err(|e| io(&e))?;
    let mut read = 0;
    while read < header.len() {
        match file.read(&mut header[read..]).map_err(|e| io(&e))? {
            0 => break,
            n => read += n,
        }
    }
    // A file that was created and not yet filled, by a process that ended at once.
    if read == 0 {
        return Ok(());
    }
    if read < header.len() || !header.starts_with(b"SQLite format 3\0") {
        return Err(StoreError::Damaged(format!("{} is no store", path.display())));
    }
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (version, application) = (number(60), number(68));
    if application != 0 && application != APPLICATION_ID as u32 {
        return Err(StoreError::Damaged(format!("{} belongs to another program", path.display())));
    }
    if application != 0 && version > SCHEMA {
        return Err(StoreError::Newer { found: version, known: SCHEMA });
    }
    // Ours has no mark while the first log is not merged; then the file itself is still empty.
    if application == 0 && (version != 0 || !is_empty(path)?) {
        return Err(StoreError::Damaged(format!("{} belongs to another program", path.display())));
    }
    Ok(())
}

/// Whether a database has no tables, read without leaving a trace.
fn is_empty(path: &Path) -> Result<bool, StoreError> {
    use rusqlite::OpenFlags;
    let escaped: String = path
        .to_string_lossy()
        .chars()
        .map(|c| if matches!(c, '%' | '?' | '#') { format!("%{:02x}", c as u32) } else { c.to_string() })
        .collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection =
        Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags).map_err(trouble)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get(0)).map_err(trouble)?;
    Ok(tables == 0)
}

/// Gives whether anything was to do.
fn migrate(connection: &Connection) -> Result<bool, StoreError> {
    let version =
        |c: &Connection| c.pragma_query_value(None, "user_version", |r| r.get::<_, u32>(0)).map_err(trouble);
    if version(connection)? == SCHEMA {
        return Ok(false);
    }
    let injected = |e: failpoint::Injected| StoreError::Io(e.to_string());
    connection.execute_batch("BEGIN IMMEDIATE").map_err(trouble)?;
    let steps = || -> Result<(), StoreError> {
        // Another process may have been first.
        let from = version(connection)?;
        if from > SCHEMA {
            return Err(StoreError::Newer { found: from, known: SCHEMA });
        }
        for sql in &MIGRATIONS[from as usize..] {
            failpoint::hit("migrate.before").map_err(injected)?;
            connection.execute_batch(sql).map_err(trouble)?;
            failpoint::hit("migrate.after").map_err(injected)?;
        }
        connection.pragma_update(None, "user_version", SCHEMA).map_err(trouble)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(trouble)
    };
    match steps() {
        Ok(()) => connection.execute_batch("COMMIT").map(|()| true).map_err(trouble),
        Err(error) => {
            let _nothing_more_to_do = connection.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

fn store_id(connection: &Connection) -> Result<StoreId, StoreError> {
    let random = uuid::Uuid::now_v7();
    let fresh = hex(&random.as_bytes()[..]);
    connection
        .execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('store', ?1)", params![fresh])
        .map_err(trouble)?;
    let id = meta(connection, "store")?;
    id.map(StoreId::new).ok_or_else(|| StoreError::Damaged("the store has no id".to_owned()))
}

pub(super) fn meta(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", params![name], |r| r.get(0))
        .optional()
        .map_err(trouble)
}

pub(super) fn set_meta(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    connection
        .execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", params![name, value])
        .map_err(trouble)?;
    Ok(())
}

pub(super) fn quick_check(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).map_err(trouble)?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}

/// The file is there whole and synced, or not at all.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    make_folder(path)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", uuid::Uuid::new_v4().simple()));
    let fresh = path.with_file_name(name);
    let injected = |e: failpoint::Injected| StoreError::Io(e.to_string());
    let mut file = fs::File::create(&fresh).map_err(|e| io(&e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| io(&e))?;
    private(&fresh)?;
    failpoint::hit("blob.rename.before").map_err(injected)?;
    fs::rename(&fresh, path).map_err(|e| io(&e))?;
    failpoint::hit("blob.rename.after").map_err(injected)?;
    if let Some(folder) = path.parent().and_then(|f| fs::File::open(f).ok()) {
        folder.sync_all().map_err(|e| io(&e))?;
    }
    Ok(())
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(|e| io(&e))
}
