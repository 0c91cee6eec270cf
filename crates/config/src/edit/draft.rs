//! Changes the file by hand: a private copy for an editor, which takes the file's place once it is
//! right.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::HEADER;
use crate::{Error, check, files, load};

/// A copy of the file at a path, beside it and for its owner only. It vanishes when it is dropped.
///
/// Nobody is kept from changing the file meanwhile: an editor may be open for days.
pub struct Draft {
    path: PathBuf,
    old: Option<String>,
    copy: TempPath,
}

/// What became of a draft that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It says what the file says.
    Unchanged,
    /// It took the file's place.
    Written,
    /// The file was changed meanwhile, so it stays as it is.
    Overtaken,
}

impl Draft {
    /// Copies the file at `path`; where there is none, the draft has what a new one begins with.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let old = load::read(path)?;
        let directory = files::parent(path);
        files::create_directory(directory)?;
        let copy = tempfile::Builder::new()
            .prefix(".tokn-router-edit-")
            .suffix(".toml")
            .tempfile_in(directory)
            .map_err(Error::io("cannot write to", directory))?
            .into_temp_path();
        files::replace(&copy, old.as_deref().unwrap_or(HEADER).as_bytes())?;
        Ok(Self {
            path: path.to_owned(),
            old,
            copy,
        })
    }

    /// Where the copy is.
    pub fn copy(&self) -> &Path {
        &self.copy
    }

    /// Whether the copy says something else than it did at first.
    pub fn is_changed(&self) -> bool {
        let before = self.old.as_deref().unwrap_or(HEADER);
        fs::read(&self.copy).is_ok_and(|now| now != before.as_bytes())
    }

    /// Puts the copy in the place of the file, once it is right and if nobody has changed the file
    /// meanwhile. What is wrong is told with its place in the copy.
    pub fn finish(&self) -> Result<Finished, Error> {
        self.make_private()?;
        let Some(new) = load::read(&self.copy)? else {
            return Ok(Finished::Unchanged);
        };
        check(&new, &self.copy).map_err(Error::Problems)?;
        if !self.is_changed() {
            return Ok(Finished::Unchanged);
        }
        let _lock = files::lock(&self.path)?;
        if load::read(&self.path)? != self.old {
            return Ok(Finished::Overtaken);
        }
        files::replace(&self.path, new.as_bytes())?;
        Ok(Finished::Written)
    }

    /// Leaves the copy where it is, and tells where.
    pub fn keep(self) -> Result<PathBuf, Error> {
        self.make_private()?;
        let kept = self.copy.keep();
        kept.map_err(|error| Error::io("cannot keep", &error.path)(error.error))
    }

    /// An editor may have put another file in the copy's place, which others can read.
    fn make_private(&self) -> Result<(), Error> {
        match fs::read(&self.copy) {
            Ok(bytes) => files::replace(&self.copy, &bytes),
            Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_takes_the_place_of_the_file_only_when_it_is_right_and_nobody_was_faster() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/config.toml");
        let draft = Draft::of(&path).unwrap();
        assert_eq!(fs::read_to_string(draft.copy()).unwrap(), HEADER);
        assert_eq!(draft.finish().unwrap(), Finished::Unchanged);
        assert!(!path.exists() && !draft.is_changed());

        files::replace(draft.copy(), b"[server]\nprot = 1\n").unwrap();
        let Err(Error::Problems(problems)) = draft.finish() else {
            panic!("accepted");
        };
        assert_eq!(
            (problems.file.as_path(), problems.list[0].line),
            (draft.copy(), 2)
        );
        assert!(!path.exists() && draft.is_changed());

        files::replace(draft.copy(), b"[server]\nport = 1\n").unwrap();
        let late = Draft::of(&path).unwrap();
        assert_eq!(draft.finish().unwrap(), Finished::Written);
        files::replace(late.copy(), b"[server]\nport = 2\n").unwrap();
        assert_eq!(late.finish().unwrap(), Finished::Overtaken);
        assert_eq!(fs::read_to_string(&path).unwrap(), "[server]\nport = 1\n");

        let kept = late.keep().unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "[server]\nport = 2\n");
        let copy = draft.copy().to_owned();
        drop(draft);
        assert!(!copy.exists());
    }
}
