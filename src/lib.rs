//! aftermove audits an AWS account after a move from Heroku, and keeps auditing it.
//!
//! Data flows one way, and the modules stand in that order:
//!
//! ```text
//! config -> collect -> inventory -> relate -> policy -> findings -> report -> deliver
//!                         ^ AWS reads            pure, no I/O           ^ AWS writes
//! ```
//!
//! - [`config`] turns a file and the environment into typed settings.
//! - [`collect`] reads AWS into the [`inventory`], with a coverage row for each type.
//! - [`relate`], [`drift`] and [`cost`] are pure: they join and judge what was read.
//! - [`policy`] loads, checks and evaluates policy files.
//! - [`findings`] gives failures an identity and a life from run to run.
//! - [`incident`] joins what changed with what was felt, on demand.
//! - [`review`] tells how the first days after the move went, on demand.
//! - [`report`] renders; [`deliver`] sends; [`store`] keeps state between runs.
//! - [`run`] is the pipeline and the only place that sees every stage. Both
//!   binaries, the CLI and the Lambda, are thin doors to it.

pub mod config;
pub mod inventory;

pub mod collect;

pub mod cost;
pub mod drift;
pub mod relate;

pub mod policy;

pub mod findings;

pub mod incident;
pub mod review;

pub mod report;

pub mod deliver;
pub mod store;

pub mod run;
