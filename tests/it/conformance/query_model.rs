//! query_model
