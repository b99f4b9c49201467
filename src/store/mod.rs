//! Keeps the state between runs, in a file or in S3. A write to S3 is
//! conditional: of two runs at once, the later one is told.

pub mod policies;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;

use crate::deliver::file::{self, FileError};
use crate::deliver::reason;
use crate::findings::state::{State, StateError};

const GET_NEEDS: &str =
    "s3:GetObject, and s3:ListBucket: without that, S3 also denies an object that does not exist yet";

/// So often is a change tried that others come before.
const ATTEMPTS: u32 = 5;

/// Where the state is kept: `none`, `s3://bucket/key` or a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Location {
    File(PathBuf),
    S3 { bucket: String, key: String },
    None,
}

#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} names no place: use none, a path or s3://bucket/key")]
pub struct LocationError(String);

#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub state: State,
    /// The version of the S3 object that was read; none if there was none.
    pub etag: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("cannot read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Write(#[from] FileError),
    #[error("cannot read policies from {place}: {reason}")]
    Policies { place: String, reason: String },
    #[error("cannot write the state as JSON: {0}")]
    Render(#[from] serde_json::Error),
    #[error("{0} cannot be used without an S3 client")]
    NoClient(Location),
    #[error("cannot read the state from {location}: {reason}")]
    Get { location: Location, reason: String },
    #[error("cannot write the state to {location}: {reason}")]
    Put { location: Location, reason: String },
    #[error(
        "another run has written {0} since this one read it, so this run's state was not saved; \
         the next run compares with the other run's"
    )]
    Changed(Location),
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text == "none" {
            return Ok(Self::None);
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            return if text.is_empty() {
                Err(LocationError(text.to_owned()))
            } else {
                Ok(Self::File(PathBuf::from(text)))
            };
        };
        match rest.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() && !key.ends_with('/') => {
                Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
            }
            _ => Err(LocationError(text.to_owned())),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::None => f.write_str("none"),
        }
    }
}

impl Location {
    /// The state of the last run; an empty one if there is none yet.
    pub async fn load(&self, s3: Option<&Client>) -> Result<Loaded, StoreError> {
        match self.read(s3).await? {
            Some((json, etag)) => Ok(Loaded { state: State::parse(&json, &self.to_string())?, etag }),
            None => Ok(Loaded { state: State::default(), etag: None }),
        }
    }

    /// What lies there, with the version of an S3 object; nothing if there is none.
    pub async fn read(&self, s3: Option<&Client>) -> Result<Option<(Vec<u8>, Option<String>)>, StoreError> {
        match self {
            Self::None => Ok(None),
            Self::File(path) => match std::fs::read(path) {
                Ok(bytes) => Ok(Some((bytes, None))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(StoreError::Read { path: path.clone(), source }),
            },
            Self::S3 { bucket, key } => self.get(self.client(s3)?, bucket, key).await,
        }
    }

    /// Where something else is kept beside the state.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        match self {
            Self::None => Self::None,
            Self::File(path) => Self::File(path.with_file_name(name)),
            Self::S3 { bucket, key } => {
                let folder = key.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
                Self::S3 { bucket: bucket.clone(), key: format!("{folder}{name}") }
            }
        }
    }

    /// Replaces what lies there, whoever wrote it.
    pub async fn overwrite(&self, bytes: Vec<u8>, s3: Option<&Client>) -> Result<(), StoreError> {
        match self {
            Self::None => Ok(()),
            Self::File(path) => {
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder)
                        .map_err(|source| FileError { path: folder.to_owned(), source })?;
                }
                Ok(file::write(path, &bytes)?)
            }
            Self::S3 { bucket, key } => {
                let put = self.client(s3)?.put_object().bucket(bucket).key(key);
                let put = put.content_type("application/json").body(ByteStream::from(bytes));
                let failed = |error| StoreError::Put {
                    location: self.clone(),
                    reason: reason(&error, "s3:PutObject"),
                };
                put.send().await.map(|_| ()).map_err(failed)
            }
        }
    }

    /// Changes the state, anew if another run has changed it meanwhile; writes it only if it is another then.
    pub async fn change<T>(
        &self,
        s3: Option<&Client>,
        change: impl Fn(&mut State) -> T,
    ) -> Result<T, StoreError> {
        let mut attempt = 1;
        loop {
            let loaded = self.load(s3).await?;
            let mut state = loaded.state.clone();
            let result = change(&mut state);
            if state == loaded.state {
                return Ok(result);
            }
            match self.save(&state, loaded.etag.as_deref(), s3).await {
                Ok(()) => return Ok(result),
                Err(StoreError::Changed(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Replaces the state. `etag` is what [`Location::load`] gave.
    pub async fn save(
        &self,
        state: &State,
        etag: Option<&str>,
        s3: Option<&Client>,
    ) -> Result<(), StoreError> {
        match self {
            Self::None => Ok(()),
            Self::File(path) => Ok(file::write(path, &state.to_json()?)?),
            Self::S3 { bucket, key } => {
                let json = state.to_json()?;
                self.put(self.client(s3)?, bucket, key, json, etag).await
            }
        }
    }

    fn client<'a>(&self, s3: Option<&'a Client>) -> Result<&'a Client, StoreError> {
        s3.ok_or_else(|| StoreError::NoClient(self.clone()))
    }

    async fn get(
        &self,
        s3: &Client,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(Vec<u8>, Option<String>)>, StoreError> {
        let failed = |reason| StoreError::Get { location: self.clone(), reason };
        let object = match s3.get_object().bucket(bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(failed(reason(&error, GET_NEEDS))),
        };
        let etag = object.e_tag().map(str::to_owned);
        match object.body.collect().await {
            Ok(body) => Ok(Some((body.to_vec(), etag))),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    async fn put(
        &self,
        s3: &Client,
        bucket: &str,
        key: &str,
        json: Vec<u8>,
        etag: Option<&str>,
    ) -> Result<(), StoreError> {
        let request = s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .body(ByteStream::from(json.clone()));
        let request = match etag {
            Some(etag) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        let Err(error) = request.send().await else {
            return Ok(());
        };
        match error.code() {
            // A request whose answer was lost is retried, and then trips over
            // its own first attempt.
            Some("PreconditionFailed") => match self.get(s3, bucket, key).await? {
                Some((stored, _)) if stored == json => Ok(()),
                _ => Err(StoreError::Changed(self.clone())),
            },
            // If-Match on an object that is gone says NoSuchKey.
            Some("ConditionalRequestConflict" | "NoSuchKey") => Err(StoreError::Changed(self.clone())),
            _ => Err(StoreError::Put { location: self.clone(), reason: reason(&error, "s3:PutObject") }),
        }
    }
}

#[cfg(test)]
mod tests;
