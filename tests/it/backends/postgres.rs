//! The team store as the conformance suite sees it, and its database as another program sees it.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use annals::domain::error::Result;
use annals::domain::event::Event;
use annals::domain::ids::InstanceId;
use annals::store::postgres::{Options, PostgresStore, Url};
use annals::store::{Clock, SharedStore};
use async_trait::async_trait;
use postgres::config::Host;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, SimpleQueryMessage};

use crate::conformance::{Backend, Tampering};
use crate::postgres_server::PostgresServer;

/// A database of its own on the server of the test run.
pub struct PostgresPlace {
    server: PostgresServer,
    database: String,
}

impl PostgresPlace {
    /// An empty database.
    pub fn fresh() -> Self {
        let server = PostgresServer::of_the_run();
        let database = server.create_database();
        Self { server, database }
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        self.server.url(&self.database)
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The socket that the server listens on.
    pub fn socket(&self) -> PathBuf {
        let config: postgres::Config = self.url().parse().unwrap();
        let [Host::Unix(folder)] = config.get_hosts() else { panic!("a server on a socket") };
        folder.join(format!(".s.PGSQL.{}", config.get_ports()[0]))
    }

    /// Ends every connection of Annals to the database; gives how many there were.
    pub fn end_connections(&self) -> usize {
        self.other_program(|client| {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name = 'annals'";
            client.query(sql, &[]).unwrap().len()
        })
    }

    /// What another program does on a connection of its own.
    fn other_program<T: Send>(&self, act: impl FnOnce(&mut Client) -> T + Send) -> T {
        let url = self.url();
        outside(|| act(&mut Client::connect(&url, NoTls).unwrap()))
    }

    /// What a program does that minds no trigger and no constraint but those of indexes.
    fn unguarded<T: Send>(&self, act: impl FnOnce(&mut Client) -> T + Send) -> T {
        self.other_program(|client| {
            client
                .batch_execute(
                    // In the order in which writers lock the tables.
                    "SET session_replication_role = replica;
                     ALTER TABLE supervisor_sessions DISABLE TRIGGER supervisor_sessions_refuses_delete;
                     ALTER TABLE event_store DISABLE TRIGGER event_store_refuses_change;",
                )
                .unwrap();
            act(client)
        })
    }
}

impl Drop for PostgresPlace {
    fn drop(&mut self) {
        self.server.drop_database(&self.database);
    }
}

/// Runs what blocks outside of the runtime of the test.
pub fn outside<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(act).join().unwrap())
}

#[async_trait]
impl Backend for PostgresPlace {
    async fn open(&self, clock: Arc<dyn Clock>) -> Result<SharedStore> {
        let url: Url = self.url().parse()?;
        Ok(Arc::new(PostgresStore::open(&url, Options::new(clock)).await?))
    }

    fn address(&self) -> String {
        self.url()
    }

    fn forbidden(&self, event: &Event) -> Vec<String> {
        let row = format!("event_id = '{}'", event.event_id);
        let mut statements = vec![
            "DELETE FROM event_store".to_owned(),
            format!("DELETE FROM event_store WHERE {row}"),
            "TRUNCATE event_store".to_owned(),
            "TRUNCATE supervisor_sessions CASCADE".to_owned(),
            "DELETE FROM supervisor_sessions".to_owned(),
            "SET session_replication_role = replica; DELETE FROM event_store".to_owned(),
            format!(
                "MERGE INTO event_store e USING (SELECT 1) one ON e.{row} WHEN MATCHED THEN DELETE"
            ),
            format!("WITH gone AS (DELETE FROM event_store WHERE {row} RETURNING 1) SELECT 1"),
        ];
        for change in [
            "event_data = '{}'",
            "event_type = 'epic_failed'",
            "sequence_num = sequence_num + 1000",
            "timestamp = timestamp + interval '1 second'",
            "hash = decode(repeat('00', 32), 'hex')",
            "event_data = event_data",
            "event_text = 'x'",
            "transaction_id = '1'",
        ] {
            statements.push(format!("UPDATE event_store SET {change} WHERE {row}"));
        }
        for (id, number) in
            [("event_id", "sequence_num + 1000"), ("gen_random_uuid()", "sequence_num")]
        {
            let copy = format!(
                "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, timestamp,
                   event_data, data_salt, hash)
                 SELECT {id}, instance_id, event_type, {number}, timestamp, '{{}}', data_salt, hash
                 FROM event_store WHERE {row}"
            );
            statements.push(copy.clone());
            let target = if id == "event_id" { "event_id" } else { "instance_id, sequence_num" };
            statements
                .push(format!("{copy} ON CONFLICT ({target}) DO UPDATE SET event_data = '{{}}'"));
        }
        statements
    }

    fn run(&self, statement: &str) -> std::result::Result<usize, String> {
        self.other_program(|client| {
            let messages = client.simple_query(statement).map_err(|error| {
                let told = error.as_db_error().map(|told| told.message().to_owned());
                told.unwrap_or_else(|| error.to_string())
            })?;
            let rows = messages.iter().map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => *rows as usize,
                _ => 0,
            });
            Ok(rows.sum())
        })
    }

    fn tamper(&self, tampering: &Tampering) -> bool {
        self.unguarded(|client| match tampering {
            Tampering::EventByte { event: (instance, number), column, byte, bits } => {
                let row = format!(
                    "instance_id = '{instance}' AND sequence_num = {}",
                    number.cast_signed()
                );
                flip(client, "event_store", column, &row, *byte, *bits)
            }
            Tampering::InstanceByte { instance, column, byte, bits } => {
                let row = format!("instance_id = '{instance}'");
                flip(client, "supervisor_sessions", column, &row, *byte, *bits)
            }
            Tampering::Remove { event: (instance, number) } => {
                let sql = "DELETE FROM event_store WHERE instance_id = $1 AND sequence_num = $2";
                client.execute(sql, &[&instance.0, &integer(*number)]).unwrap() == 1
            }
            Tampering::Insert { event, shift } => {
                insert(client, event, *shift);
                true
            }
            Tampering::Swap { instance, numbers } => {
                swap(client, *instance, *numbers);
                true
            }
            Tampering::Head { instance, by } => {
                let sql = "UPDATE supervisor_sessions SET last_sequence = last_sequence + $2
                           WHERE instance_id = $1";
                client.execute(sql, &[&instance.0, by]).unwrap() == 1
            }
            Tampering::RemoveInstance { instance } => {
                let sql = "DELETE FROM supervisor_sessions WHERE instance_id = $1";
                client.execute(sql, &[&instance.0]).unwrap() == 1
            }
        })
    }

    fn hold_write_lock(&self) -> Box<dyn Send> {
        let url = self.url();
        let client = outside(|| {
            let mut client = Client::connect(&url, NoTls).unwrap();
            client.batch_execute("BEGIN; SELECT 1 FROM supervisor_sessions FOR UPDATE").unwrap();
            client
        });
        Box::new(Held(Some(client)))
    }
}

/// A connection with an open transaction.
struct Held(Option<Client>);

impl Drop for Held {
    fn drop(&mut self) {
        let client = self.0.take();
        outside(|| drop(client));
    }
}

/// A value of any type, as the bytes that the server sends and takes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Raw(Option<Vec<u8>>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result2<Self> {
        Ok(Self(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result2<Self> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result2<IsNull> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl std::fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.database)
    }
}

type Result2<T> = std::result::Result<T, Box<dyn StdError + Sync + Send>>;

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap()
}

/// Flips bits in one byte of a stored value.
fn flip(client: &mut Client, table: &str, column: &str, row: &str, byte: usize, bits: u8) -> bool {
    let read = format!("SELECT {column} FROM {table} WHERE {row}");
    let before: Raw = client.query_one(&read, &[]).unwrap().get(0);
    let Some(mut bytes) = before.0.filter(|bytes| !bytes.is_empty()) else { return false };
    let at = byte % bytes.len();
    bytes[at] ^= bits;
    let write = format!("UPDATE {table} SET {column} = $1 WHERE {row} RETURNING {column}");
    let flipped = Raw(Some(bytes));
    let mut transaction = client.transaction().unwrap();
    // The schema itself takes no such value, or another row has it, or it is stored in another form.
    match transaction.query_one(&write, &[&flipped]) {
        Ok(changed) if changed.get::<_, Raw>(0) == flipped => transaction.commit().is_ok(),
        _ => false,
    }
}

/// Lets numbers be below zero, on their way.
const ANY_NUMBER: &str =
    "ALTER TABLE event_store DROP CONSTRAINT IF EXISTS event_store_sequence_num_check";

/// Stores an event as it is; see [`Tampering::Insert`].
fn insert(client: &mut Client, event: &Event, shift: bool) {
    let (instance, number) = (event.instance_id.0, integer(event.sequence_num));
    if shift {
        client.batch_execute(ANY_NUMBER).unwrap();
        for sql in [
            "UPDATE event_store SET sequence_num = -sequence_num - 1
             WHERE instance_id = $1 AND sequence_num >= $2",
            "UPDATE event_store SET sequence_num = -sequence_num
             WHERE instance_id = $1 AND sequence_num < 0 AND $2::bigint IS NOT NULL",
            "UPDATE supervisor_sessions SET last_sequence = last_sequence + 1
             WHERE instance_id = $1 AND $2::bigint IS NOT NULL",
        ] {
            client.execute(sql, &[&instance, &number]).unwrap();
        }
    }
    let sql = "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, timestamp,
                 event_data, data_salt, hash)
               VALUES ($1, $2, $3, $4, to_timestamp(0) + $5 * interval '1 microsecond',
                 $6::text::jsonb, $7, $8)";
    let micros = event.timestamp.micros() as f64;
    client
        .execute(
            sql,
            &[
                &event.event_id.0,
                &instance,
                &event.event_type,
                &number,
                &micros,
                &event.event_data.text,
                &event.event_data.salt.as_slice(),
                &event.hash.0.as_slice(),
            ],
        )
        .unwrap();
}

fn swap(client: &mut Client, instance: InstanceId, (one, other): (u64, u64)) {
    client.batch_execute(ANY_NUMBER).unwrap();
    let (one, other) = (integer(one), integer(other));
    for (from, to) in [(one, -1), (other, one), (-1, other)] {
        let sql = "UPDATE event_store SET sequence_num = $3
                   WHERE instance_id = $1 AND sequence_num = $2";
        assert_eq!(client.execute(sql, &[&instance.0, &from, &to]).unwrap(), 1);
    }
}
