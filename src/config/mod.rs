//! Settings.
pub mod diagnostic;
mod raw;
