//! Files that nobody but their owner may read, and that are never seen half-written.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::Error;

/// Puts `bytes` in the place of the file at `path`, whole or not at all, for its owner only.
///
/// A link is followed, so that a configuration kept elsewhere stays there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let target = follow(path)?;
    put(&target, bytes, None)
}

/// The same for a file of another program's: one that is there keeps its mode.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let target = follow(path)?;
    let permissions = fs::metadata(&target).map(|metadata| metadata.permissions());
    put(&target, bytes, permissions.ok())
}

fn put(target: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> Result<(), Error> {
    let directory = parent(target);
    create_directory(directory)?;
    let written = || -> io::Result<()> {
        // Its mode is 0600 from the start, and it vanishes when it is dropped.
        let mut file = tempfile::Builder::new()
            .prefix(".tokn-router-")
            .tempfile_in(directory)?;
        file.write_all(bytes)?;
        if let Some(permissions) = permissions {
            file.as_file().set_permissions(permissions)?;
        }
        file.as_file().sync_all()?;
        file.persist(target).map_err(|error| error.error)?;
        platform::sync_directory(directory)
    };
    written().map_err(Error::io("cannot write", target))
}

/// A lock, until it is dropped: the exclusive right to change a file, or a part in a shared one.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Waits for the exclusive right to change the file at `path`, among all who ask for it here.
///
/// The lock is on a file beside it, as the file itself is replaced, not changed. That file stays:
/// were it removed, two writers could hold locks on two files of one name.
pub fn lock(path: &Path) -> Result<Lock, Error> {
    let target = follow(path)?;
    let mut name = target.into_os_string();
    name.push(".lock");
    let path = PathBuf::from(name);
    let file = open_lock(&path)?;
    let locked = file.lock().map(|()| Lock { _file: file });
    locked.map_err(Error::io("cannot lock", &path))
}

/// Takes part in a lock that any number may share, on the file at `path` itself.
pub fn share(path: &Path) -> Result<Lock, Error> {
    let file = open_lock(path)?;
    let locked = file.lock_shared().map(|()| Lock { _file: file });
    locked.map_err(Error::io("cannot lock", path))
}

/// Takes the lock on the file at `path` itself, unless somebody has a part in it.
pub fn try_lock(path: &Path) -> Result<Option<Lock>, Error> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("cannot lock", path)(error)),
    }
}

fn open_lock(path: &Path) -> Result<File, Error> {
    create_directory(parent(path))?;
    platform::open_private(path).map_err(Error::io("cannot lock", path))
}

/// Reads the file at `path`, and refuses it when it holds secrets and others may read or write it.
pub fn read_private(
    path: &Path,
    holds_secrets: impl FnOnce(&[u8]) -> bool,
) -> Result<Vec<u8>, Error> {
    let read = || -> io::Result<(Vec<u8>, u32)> {
        let mut file = File::open(path)?;
        let mode = platform::mode(&file.metadata()?);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((bytes, mode))
    };
    let (bytes, mode) = read().map_err(Error::io("cannot read", path))?;
    if mode & 0o077 != 0 && holds_secrets(&bytes) {
        return Err(Error::Permissions {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(bytes)
}

/// The mode of a file that others than its owner may read or write; `None` where they may not.
pub fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    let mode = platform::mode(&fs::metadata(path)?);
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// Creates a directory for its owner only, and those above it, unless they exist.
pub fn create_directory(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    platform::for_owner_only(&mut builder);
    builder
        .create(path)
        .map_err(Error::io("cannot create", path))
}

/// Where a chain of links leads, even when nothing is there yet.
fn follow(path: &Path) -> Result<PathBuf, Error> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = parent(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    let endless = io::Error::other("too many links");
    Err(Error::io("cannot write", &path)(endless))
}

/// The directory that holds a file.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// What Unix does with modes and directories.
#[cfg(unix)]
mod platform {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
    use std::path::Path;

    pub(super) fn mode(metadata: &Metadata) -> u32 {
        metadata.permissions().mode() & 0o777
    }

    pub(super) fn for_owner_only(builder: &mut DirBuilder) {
        builder.mode(0o700);
    }

    pub(super) fn open_private(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
    }

    /// A rename is only sure to last once its directory is on the disk.
    pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// Windows keeps a person's profile from other people by inherited access lists, and has no modes.
#[cfg(not(unix))]
mod platform {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(super) fn mode(_: &Metadata) -> u32 {
        0o600
    }

    pub(super) fn for_owner_only(_: &mut DirBuilder) {}

    pub(super) fn open_private(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
    }

    pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_lock_that_many_share_is_nobodys_alone_until_all_have_let_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/serve.lock");
        let (one, other) = (share(&path).unwrap(), share(&path).unwrap());
        assert_eq!(mode(&path), 0o600);
        drop(one);
        assert!(try_lock(&path).unwrap().is_none());
        drop(other);
        let alone = try_lock(&path).unwrap();
        assert!(alone.is_some() && try_lock(&path).unwrap().is_none());
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_and_its_directories_are_for_their_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/config.toml");
        replace(&path, b"1").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(
            (
                mode(&path),
                mode(&root.path().join("a/b")),
                mode(&root.path().join("a"))
            ),
            (0o600, 0o700, 0o700)
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"2").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), mode(&path)),
            (b"2".as_slice(), 0o600)
        );
    }

    #[test]
    fn a_link_is_followed_and_stays_a_link() {
        let root = tempfile::tempdir().unwrap();
        let (link, target) = (
            root.path().join("link"),
            root.path().join("dotfiles/target"),
        );
        symlink("second", &link).unwrap();
        symlink(&target, root.path().join("second")).unwrap();
        for text in [b"1", b"2"] {
            replace(&link, text).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read(&target).unwrap(), text);
        }
        let _lock = lock(&link).unwrap();
        assert!(root.path().join("dotfiles/target.lock").exists());
    }

    #[test]
    fn another_programs_file_keeps_its_mode_and_a_new_one_is_for_its_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let (link, target) = (root.path().join("link"), root.path().join("target"));
        symlink(&target, &link).unwrap();
        rewrite(&link, b"1").unwrap();
        assert_eq!(mode(&target), 0o600);
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
        rewrite(&link, b"2").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            (fs::read(&target).unwrap().as_slice(), mode(&target)),
            (b"2".as_slice(), 0o644)
        );
    }

    #[test]
    fn links_that_lead_in_a_circle_are_an_error() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        symlink(&b, &a).unwrap();
        symlink(&a, &b).unwrap();
        let error = replace(&a, b"1").unwrap_err().to_string();
        assert!(error.contains("too many links"), "{error}");
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::create_dir(path.join("full")).unwrap();
        assert!(replace(&path, b"1").is_err());
        assert_eq!(names(root.path()), ["taken"]);
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("config.toml");
        let held = lock(&path).unwrap();
        let beside = root.path().join("config.toml.lock");
        assert_eq!(mode(&beside), 0o600);
        assert!(File::open(&beside).unwrap().try_lock().is_err());
        drop(held);
        assert!(File::open(&beside).unwrap().try_lock().is_ok());
    }

    #[test]
    fn a_file_with_secrets_that_others_may_use_is_refused_with_the_command_to_run() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("it's mine.toml");
        replace(&path, b"1").unwrap();
        assert_eq!(read_private(&path, |_| true).unwrap(), b"1");
        for bits in [0o640, 0o604, 0o620, 0o602, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
            assert!(read_private(&path, |_| false).is_ok());
            let error = read_private(&path, |_| true).unwrap_err().to_string();
            let command = format!(r"chmod 600 '{}/it'\''s mine.toml'", root.path().display());
            assert!(error.contains(&command), "{error}");
        }
    }
}
