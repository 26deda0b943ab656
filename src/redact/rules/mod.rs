//! The table of rules, written from the token formats that the providers publish.

mod ai;
mod cloud;
mod development;
mod general;
mod services;

use super::rule::Rule;

pub use general::{AUTHORIZATION, COOKIE, HIGH_ENTROPY, NAMED_SECRET, PASSWORD};

/// Every rule. Where two find the same secret, the first names it.
static RULES: &[&[Rule]] =
    &[ai::RULES, cloud::RULES, development::RULES, services::RULES, general::RULES];

/// Every rule, in order.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().copied().flatten()
}
