//! Registering instances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::prepare::prepare_own;
use super::redact::{redact_text, refuse_secret};
use super::{Service, arguments, emit};
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::{self, InstanceId};
use crate::domain::instance::{Registration, Status};
use crate::domain::limits;
use crate::domain::time::Timestamp;
use crate::redact::Redactor;
use crate::store::AppendRequest;

/// The type of an instance where the caller names none: a project supervisor.
const DEFAULT_TYPE: &str = "PS";

/// Registers an instance: one run of one agent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// The project that the agent works on: letters, digits, '.', '_' or '-'.
    pub project: String,
    /// The kind of agent; PS (project supervisor) by default.
    #[serde(default)]
    pub instance_type: Option<String>,
    /// The host that the agent runs on.
    #[serde(default)]
    pub host: Option<String>,
    /// The process id of the agent on that host.
    #[serde(default)]
    pub pid: Option<i64>,
    /// Anything else worth knowing about this run: a JSON object.
    #[serde(default)]
    #[schemars(schema_with = "super::types::object_schema")]
    pub context: Option<Value>,
}

/// The new instance.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RegisterAnswer {
    /// Always true.
    pub success: bool,
    /// Names the instance in every other call.
    pub instance_id: String,
    /// A short name that serves as well.
    pub handle: String,
    /// The project.
    pub project: String,
    /// The kind of agent.
    pub instance_type: String,
    /// The status.
    pub status: Status,
    /// When it was registered (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// The instance_registered event.
    pub event_id: String,
    /// The number of that event.
    pub sequence_num: u64,
}

impl Service {
    /// Registers a new instance.
    ///
    /// # Errors
    ///
    /// `invalid_project`, `invalid_instance_type`, `invalid_argument`, and `store_*` errors.
    pub async fn register(&self, request: RegisterRequest) -> Result<RegisterAnswer> {
        self.register_as(InstanceId::generate(), request).await
    }

    /// Registers an instance under an id that the caller derives from what the instance is.
    ///
    /// # Errors
    ///
    /// As [`Service::register`], and `instance_exists`.
    pub async fn register_as(
        &self,
        instance_id: InstanceId,
        request: RegisterRequest,
    ) -> Result<RegisterAnswer> {
        let mut registration = registration(&self.redactor, instance_id, &request)?;
        let event = prepare_own(
            self.catalogue,
            &self.redactor,
            &self.limits,
            "instance_registered",
            event_data(&registration, request.context),
            "context",
        )?;
        // After the event, which counts what was redacted, took it as it came.
        registration.host = registration.host.map(|host| redact_text(&self.redactor, &host));
        let appended = self
            .store
            .append(AppendRequest {
                instance_id,
                register: Some(registration),
                expected_sequence_num: None,
                events: vec![event],
            })
            .await?;
        let receipt = emit::only(&appended)?;
        let instance = appended.instance;
        Ok(RegisterAnswer {
            success: true,
            instance_id: instance_id.to_string(),
            handle: instance.registration.handle,
            project: instance.registration.project,
            instance_type: instance.registration.instance_type,
            status: instance.status,
            created_at: instance.created_at,
            event_id: receipt.event_id,
            sequence_num: receipt.sequence_num,
        })
    }
}

fn registration(
    redactor: &Redactor,
    instance_id: InstanceId,
    request: &RegisterRequest,
) -> Result<Registration> {
    let project = request.project.clone();
    let instance_type = request.instance_type.clone().unwrap_or_else(|| DEFAULT_TYPE.into());
    // First: the refusals below show the name.
    refuse_secret(redactor, &project, "project", Code::InvalidProject)?;
    refuse_secret(redactor, &instance_type, "instance_type", Code::InvalidInstanceType)?;
    arguments::name(&project, "project", Code::InvalidProject, limits::PROJECT_CHARS)?;
    arguments::name(
        &instance_type,
        "instance_type",
        Code::InvalidInstanceType,
        limits::INSTANCE_TYPE_CHARS,
    )?;
    if request.context.as_ref().is_some_and(|context| !context.is_object()) {
        return Err(Error::new(
            Code::InvalidArgument,
            "context is not a JSON object",
            "send an object, or leave it out",
        )
        .at("context"));
    }
    let pid = request.pid.map(|pid| {
        u32::try_from(pid).map_err(|_| {
            Error::new(
                Code::InvalidArgument,
                format!("pid is {pid}, which is no process id"),
                "send the number of the agent's process, or leave it out",
            )
            .at("pid")
        })
    });
    Ok(Registration {
        handle: ids::handle(&project, &instance_type, instance_id, ids::HANDLE_DIGITS),
        project,
        instance_type,
        host: request.host.clone(),
        pid: pid.transpose()?,
    })
}

fn event_data(registration: &Registration, context: Option<Value>) -> Value {
    let mut data = json!({
        "project": registration.project,
        "instance_type": registration.instance_type,
    });
    let further = [
        ("host", registration.host.clone().map(Value::from)),
        ("pid", registration.pid.map(Value::from)),
        ("context", context),
    ];
    for (name, value) in further {
        if let Some(value) = value {
            data[name] = value;
        }
    }
    data
}
