//! relate
