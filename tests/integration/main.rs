//! aftermove as its users run it, against a local AWS over the wire.

#[path = "../architecture.rs"]
mod architecture;
mod delivery;
mod generated;
mod lambda;
mod local;
mod seeded;
