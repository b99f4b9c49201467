//! aftermove as its users run it, against a local AWS over the wire.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

#[path = "../architecture.rs"]
mod architecture;
mod bad_files;
mod bad_input;
mod costs;
mod delivery;
mod deployment;
mod digest;
mod drift;
mod events;
mod fan_out;
mod faults;
mod formats;
mod generated;
mod generic;
mod incident;
mod init;
mod lambda;
mod local;
mod manual;
mod mutes;
mod own_policies;
mod paging;
mod regions;
mod review;
mod schedules;
mod seeded;
mod time_limit;
mod zones;
