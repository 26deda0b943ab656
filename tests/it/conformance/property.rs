//! Property tests whose cases need a store.

use std::fmt::Debug;
use std::future::Future;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Handle;

/// Tries `test` on `cases` values of the strategy; a failure is shrunk.
///
/// # Panics
///
/// When the property does not hold, with the smallest value found for which it does not.
pub async fn property<S, F, T>(cases: u32, strategy: impl FnOnce() -> S + Send + 'static, test: F)
where
    S: Strategy,
    S::Value: Debug,
    F: Fn(S::Value) -> T + Send + 'static,
    T: Future<Output = Result<(), TestCaseError>>,
{
    let handle = Handle::current();
    let tried = tokio::task::spawn_blocking(move || {
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let tried = TestRunner::new(config).run(&strategy(), |value| handle.block_on(test(value)));
        tried.map_err(|failure| failure.to_string())
    });
    if let Err(failure) = tried.await.unwrap() {
        panic!("{failure}");
    }
}
