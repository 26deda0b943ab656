//! timed
