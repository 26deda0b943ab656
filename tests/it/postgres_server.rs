//! The PostgreSQL server of the test run.

use std::env;

use postgres::{Client, NoTls};

use crate::backends::postgres::outside;

/// The variable that names it: an address without a database, such as
/// `postgres://postgres@%2Ftmp%2Fsocket:5433`.
const VARIABLE: &str = "ANNALS_TEST_POSTGRES";

/// A server, on which databases may be made.
#[derive(Clone, Debug)]
pub struct PostgresServer {
    address: String,
}

impl PostgresServer {
    /// The server that `scripts/test` started.
    ///
    /// # Panics
    ///
    /// Where there is none: a rule that was not tried on PostgreSQL does not pass.
    pub fn of_the_run() -> Self {
        let address = env::var(VARIABLE).unwrap_or_else(|_| {
            panic!(
                "no PostgreSQL: run scripts/test, which starts one, or set {VARIABLE} to a server on \
                 which databases may be made"
            )
        });
        Self::at(&address)
    }

    /// The server at an address without a database.
    pub fn at(address: &str) -> Self {
        Self { address: address.trim_end_matches('/').to_owned() }
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.address)
    }

    /// Makes an empty database; gives its name.
    pub fn create_database(&self) -> String {
        let name = format!("annals_{}", uuid::Uuid::new_v4().simple());
        self.run(&format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"));
        name
    }

    /// Removes a database, whoever is connected to it.
    pub fn drop_database(&self, name: &str) {
        self.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }

    fn run(&self, statement: &str) {
        let url = self.url("postgres");
        outside(|| Client::connect(&url, NoTls).unwrap().batch_execute(statement).unwrap());
    }
}
