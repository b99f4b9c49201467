//! policy
pub mod outcome;
