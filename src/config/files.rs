//! Reads the files that a person wrote: the configuration and policies.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::diagnostic::SourceFile;

/// No policy or configuration that a person writes is larger.
pub(crate) const MAX_BYTES: u64 = 1_000_000;

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is larger than {MAX_BYTES} bytes, so it is not a policy or configuration file", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} is not UTF-8 text; save it as UTF-8", path.display())]
    NotText { path: PathBuf },
    #[error("{} is neither a file nor a folder", path.display())]
    Special { path: PathBuf },
    #[error("there is no policy (*.yaml) in {}", path.display())]
    NoPolicies { path: PathBuf },
}

pub fn read(path: &Path) -> Result<SourceFile, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    // a device or a pipe does not tell its length beforehand
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|_| FileError::NotText { path: path.to_owned() })?;
    Ok(SourceFile::new(path.display().to_string(), text))
}

/// All `*.yaml` of a folder and the folders in it, by path; or the one file that is named.
pub fn policies(path: &Path) -> Result<Vec<SourceFile>, FileError> {
    if path.is_file() {
        return Ok(vec![read(path)?]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| FileError::Read { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    // a pipe with a policy's name would be waited for
    let special = |path: &&PathBuf| path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    if let Some(path) = found.iter().find(special) {
        return Err(FileError::Special { path: path.clone() });
    }
    if found.is_empty() {
        return Err(FileError::NoPolicies { path: path.to_owned() });
    }
    found.iter().map(|path| read(path)).collect()
}
