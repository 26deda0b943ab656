//! The address of a PostgreSQL store, as users write it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::domain::error::{Code, Error, Result};

/// What the library has where the address says nothing: too long to notice a firewall that forgot.
const DEFAULT_IDLE: Duration = Duration::from_secs(2 * 60 * 60);

/// How much of the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing: the connection is encrypted, to whomever.
    Nothing,
    /// That an authority that is trusted has signed it.
    Authority,
    /// That, and that it is the certificate of the host.
    Host,
}

/// The address of a PostgreSQL store: `postgres://USER@HOST/DATABASE?OPTIONS`, with the options of
/// libpq. Shown without its password.
#[derive(Clone)]
pub struct Url {
    config: Config,
    /// What is checked of the server's certificate, where the connection is encrypted.
    pub check: Check,
    /// The file of the authorities that are trusted, instead of the system's.
    pub authorities: Option<PathBuf>,
}

impl Url {
    /// The configuration of a connection.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (address, options) = text.split_once('?').unwrap_or((text, ""));
        let mut url = Self { config: Config::new(), check: Check::Nothing, authorities: None };
        let mut kept = Vec::new();
        let mut mode = None;
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", "verify-ca")) => {
                    (mode, url.check) = (Some("require"), Check::Authority)
                }
                Some(("sslmode", "verify-full")) => {
                    (mode, url.check) = (Some("require"), Check::Host)
                }
                // Tries an unencrypted connection first; nothing is gained by that.
                Some(("sslmode", "allow")) => mode = Some("prefer"),
                Some(("sslrootcert", file)) => url.authorities = Some(decoded(file)?.into()),
                _ => kept.push(option.to_owned()),
            }
        }
        kept.extend(mode.map(|mode| format!("sslmode={mode}")));
        let plain = format!("{address}?{}", kept.join("&"));
        let credentials = address.split_once("://").map_or(address, |(_, rest)| rest);
        if credentials.matches('@').count() > 1 {
            return Err(unreadable("an @ within a password must be written as %40"));
        }
        url.config = plain.parse().map_err(|error| unreadable(&reason(&error)))?;
        url.complete()?;
        Ok(url)
    }
}

impl Url {
    /// Fills in what the address leaves out, as libpq does.
    fn complete(&mut self) -> Result<()> {
        // As libpq has it: who names the authorities wants them to be asked.
        if self.authorities.is_some() && self.check == Check::Nothing {
            self.check = Check::Authority;
        }
        let config = &mut self.config;
        if config.get_hosts().is_empty() {
            config.host("/var/run/postgresql");
        }
        if config.get_user().is_none() {
            let user = ["PGUSER", "USER"].into_iter().find_map(|name| std::env::var(name).ok());
            config.user(user.unwrap_or_else(|| "postgres".into()));
        }
        if config.get_dbname().is_none() {
            let user = config.get_user().unwrap_or_default().to_owned();
            config.dbname(user);
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("annals");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        if config.get_keepalives_idle() == DEFAULT_IDLE {
            config.keepalives_idle(Duration::from_secs(30));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(30));
        }
        // A standby cannot store anything.
        if config.get_hosts().len() > 1
            && config.get_target_session_attrs() == TargetSessionAttrs::Any
        {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let local = |host: &Host| matches!(host, Host::Unix(_));
        if config.get_hosts().iter().all(local) {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(())
    }
}

/// Equal when they lead to the same place with the same rights.
impl PartialEq for Url {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
            && (self.check, &self.authorities) == (other.check, &other.authorities)
    }
}

impl Eq for Url {}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).filter(|port| **port != 5432);
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            match host {
                Host::Tcp(name) => format!("{name}{port}"),
                Host::Unix(path) => format!("{}{port}", path.display()),
            }
        });
        let hosts = hosts.collect::<Vec<_>>().join(",");
        write!(f, "postgres://{hosts}/{}", self.config.get_dbname().unwrap_or_default())
    }
}

fn decoded(text: &str) -> Result<String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| unreadable("it is not UTF-8"))
}

/// What is wrong with an address. Options are named where their values are at fault; what else there
/// is might be part of a password.
fn reason(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    let told = error.source().map(ToString::to_string).unwrap_or_default();
    if told.starts_with("invalid value for option") { told } else { "it lacks the form".into() }
}

fn unreadable(why: &str) -> Error {
    Error::new(
        Code::InvalidStore,
        format!("the address of the PostgreSQL store cannot be read: {why}"),
        "write postgres://USER@HOST:PORT/DATABASE; the password goes into PGPASSWORD",
    )
    .at("store")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        for (text, shown) in [
            ("postgres://me:secret@db.example/annals", "postgres://db.example/annals"),
            ("postgresql://me@a:5433,b:5434/x?sslmode=require", "postgres://a:5433,b:5434/x"),
            ("postgres://%2Ftmp%2Fsocket/x?user=me&password=secret", "postgres:///tmp/socket/x"),
            ("postgres:///x?host=/tmp/s&port=7000&user=me", "postgres:///tmp/s:7000/x"),
        ] {
            assert_eq!(url(text).to_string(), shown);
            assert_eq!(format!("{:?}", url(text)), shown);
        }
    }

    #[test]
    fn every_ssl_mode_of_libpq_is_understood() {
        for (mode, expected, check) in [
            ("disable", SslMode::Disable, Check::Nothing),
            ("allow", SslMode::Prefer, Check::Nothing),
            ("prefer", SslMode::Prefer, Check::Nothing),
            ("require", SslMode::Require, Check::Nothing),
            ("verify-ca", SslMode::Require, Check::Authority),
            ("verify-full", SslMode::Require, Check::Host),
        ] {
            let url = url(&format!("postgres://me@db.example/x?sslmode={mode}"));
            assert_eq!((url.config().get_ssl_mode(), url.check), (expected, check), "{mode}");
        }
        let named = url("postgres://me@db.example/x?sslmode=require&sslrootcert=%2Fa%2Fca.pem");
        assert_eq!((named.check, named.authorities), (Check::Authority, Some("/a/ca.pem".into())));
    }

    #[test]
    fn of_several_hosts_the_one_that_can_write_is_asked_for() {
        let attributes = |text: &str| url(text).config().get_target_session_attrs();
        assert_eq!(attributes("postgres://me@a,b/x"), TargetSessionAttrs::ReadWrite);
        assert_eq!(attributes("postgres://me@a/x"), TargetSessionAttrs::Any);
    }

    #[test]
    fn a_fault_is_told_without_its_value() {
        for text in [
            "postgres://me:secret@db/x?port=secret",
            "postgres://me@db/x?sslmode=secret",
            "postgres://me:sec@secret@db/x",
            "postgres://me@db/x?password=a&secret=b",
            "postgres://me@db/x?password=a&secret",
        ] {
            let error = text.parse::<Url>().unwrap_err();
            assert_eq!(error.code, Code::InvalidStore);
            assert!(!error.message.contains("secret"), "{error}");
        }
    }
}
