//! The file and its connections: private from the first byte, and never overwritten.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::{Error, schema};

/// A connection that writes the ledger at `path`, which is made unless it exists.
pub(crate) fn writable(path: &Path) -> Result<Connection, Error> {
    create(path)?;
    inspect(path)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The version is looked at before anything is changed.
    let version = schema::version(&connection, path)?;
    connection
        .execute_batch(WRITER_SETTINGS)
        .and_then(|()| schema::migrate(&mut connection, version))
        .map_err(Error::sqlite(path))?;
    Ok(connection)
}

/// A connection that reads the ledger at `path`, and can do nothing else; and
/// the ledger's version.
pub(crate) fn readable(path: &Path) -> Result<(Connection, u32), Error> {
    present(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// A connection that writes the ledger at `path`, which is neither made nor
/// brought to another version.
pub(crate) fn existing(path: &Path) -> Result<Connection, Error> {
    let (connection, _) = present(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection
        .execute_batch(WRITER_SETTINGS)
        .map_err(Error::sqlite(path))?;
    Ok(connection)
}

fn present(path: &Path, access: OpenFlags) -> Result<(Connection, u32), Error> {
    let missing = || Error::Missing {
        path: path.to_owned(),
    };
    // SQLite would only say that it cannot open the file.
    if !path.exists() {
        return Err(missing());
    }
    inspect(path)?;
    let connection = connect(path, access)?;
    match schema::version(&connection, path)? {
        // Another process has made the file and not yet the tables.
        0 => Err(missing()),
        version => Ok((connection, version)),
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, Error> {
    // No URIs: a path is a path. No mutex: a connection stays in one thread.
    Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .and_then(|connection| connection.busy_timeout(BUSY_TIMEOUT).map(|()| connection))
        .map_err(Error::sqlite(path))
}

/// Makes an empty file, which SQLite takes for an empty database. SQLite gives
/// its journals the file's own mode.
fn create(path: &Path) -> Result<(), Error> {
    if let Some(directory) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        private::directory(builder.recursive(true))
            .create(directory)
            .map_err(Error::io("create", directory))?;
    }
    let mut options = OpenOptions::new();
    match private::file(options.write(true).create_new(true)).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::io("create", path)(error))
        }
        _ => Ok(()),
    }
}

/// Refuses a file that is no database. SQLite takes any that is shorter than a
/// page of 512 bytes for an empty one, and would write over it.
fn inspect(path: &Path) -> Result<(), Error> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start))
        .map_err(Error::io("read", path))?;
    if start.is_empty() || start == MAGIC {
        return Ok(());
    }
    Err(Error::Foreign {
        path: path.to_owned(),
        reason: "it is not an SQLite database".into(),
    })
}

#[cfg(unix)]
mod private {
    use std::fs::{DirBuilder, OpenOptions};
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    pub(super) fn directory(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder.mode(0o700)
    }

    pub(super) fn file(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }
}

/// Elsewhere what a person's own directories inherit is private.
#[cfg(not(unix))]
mod private {
    use std::fs::{DirBuilder, OpenOptions};

    pub(super) fn directory(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder
    }

    pub(super) fn file(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }
}

/// With a write-ahead log readers and the writer do not wait for each other, and
/// NORMAL writes it without waiting for the disk: a power cut may take the last
/// records, a killed process takes none that was committed. The log is folded
/// into the file every 4,000 pages, and does not stay larger than 64 MiB. A new
/// file is one that can become shorter, which costs a page in 800.
const WRITER_SETTINGS: &str = "
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
";

/// How long a connection waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
