//! Writes a file whole or not at all, so that no reader ever sees half of it.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}", path = path.display())]
pub struct FileError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Replaces the file, or creates it. Its directory has to exist.
pub fn write(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    replace(path, contents).map_err(|source| FileError { path: path.to_owned(), source })
}

/// Creates the file, and leaves alone what is there.
pub fn create(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    let created = || {
        let mut temporary = temporary_beside(path)?;
        temporary.write_all(contents)?;
        temporary.as_file().sync_all()?;
        temporary.persist_noclobber(path)?;
        Ok(())
    };
    created().map_err(|source| FileError { path: path.to_owned(), source })
}

/// Finds out whether the file could be written, without touching it.
pub fn check(path: &Path) -> Result<(), FileError> {
    try_beside(path).map_err(|source| FileError { path: path.to_owned(), source })
}

fn try_beside(path: &Path) -> io::Result<()> {
    let target = target(path)?;
    if target.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !is_special(&target) {
        // deleted again at once
        drop(temporary_beside(&target)?);
    }
    Ok(())
}

fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = target(path)?;
    if is_special(&target) {
        return File::options().write(true).open(&target)?.write_all(contents);
    }
    let mut temporary = temporary_beside(&target)?;
    temporary.write_all(contents)?;
    temporary.as_file().sync_all()?;
    temporary.persist(&target)?;
    Ok(())
}

/// What a link points at is replaced, not the link.
fn target(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        found => found,
    }
}

/// A pipe or a device such as /dev/stdout is written to, never replaced.
fn is_special(target: &Path) -> bool {
    target.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn temporary_beside(target: &Path) -> io::Result<NamedTempFile> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    tempfile::Builder::new()
        .prefix(".aftermove-")
        // What the umask leaves of it, as for any file that a program creates.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        write(&path, b"a long first report").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_to_be_created_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("aftermove.yaml");
        create(&path, b"first").unwrap();
        assert!(create(&path, b"second").is_err());
        std::os::unix::fs::symlink("gone", dir.path().join("link")).unwrap();
        assert!(create(&dir.path().join("link"), b"third").is_err(), "not even a link to nothing");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
    }

    #[test]
    fn an_error_names_the_path_and_leaves_the_old_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing/report.json");
        let error = write(&path, b"x").unwrap_err().to_string();
        assert!(error.contains("missing/report.json"), "{error}");
        assert!(write(dir.path(), b"x").is_err());
    }
}
