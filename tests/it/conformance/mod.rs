//! The conformance suite: every guarantee of an event store as rules, written once against
//! [`EventStore`](annals::store::EventStore) and [`Service`]. A file holds the rules of one topic,
//! and `conformance_tests!` makes each rule a test of a backend; `backends.rs` does so for every
//! backend there is.
//!
//! A rule gets a [`Trial`]: data of its own and a clock that it can turn. It opens the store as
//! often as it likes, and reaches past the store only through [`Backend`].

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use annals::domain::error::{Code, Error, Result};
use annals::domain::event::Event;
use annals::domain::ids::InstanceId;
use annals::domain::instance::Instance;
use annals::domain::time::Timestamp;
use annals::service::{
    EmitAnswer, EmitBatchAnswer, QueryAnswer, ReplayAnswer, Service, VerifyAnswer, VerifyRequest,
};
use annals::store::{Clock, InstanceHint, SharedStore};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub mod atomic;
pub mod conditional;
pub mod custom_types;
pub mod durable;
pub mod evident;
pub mod faithful;
pub mod feed;
pub mod honest;
pub mod idempotent;
pub mod immutable;
pub mod lifecycle;
pub mod limits;
pub mod ordered;
pub mod processes;
pub mod property;
pub mod query;
pub mod query_model;
pub mod rebuild;
pub mod redacted;
pub mod registry;
pub mod replayable;
pub mod restored;
pub mod samples;
pub mod timed;

/// What a backend must offer for the rules to be tried on it: one value is one place for data,
/// fresh at first, removed when dropped.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Opens a store on the data. Waiting for a lock takes longer than [`HANGS`], so that a rule
    /// notices what blocks.
    async fn open(&self, clock: Arc<dyn Clock>) -> Result<SharedStore>;

    /// The address under which another process finds the data.
    fn address(&self) -> String;

    /// Statements with which a program that has access to the data might change, replace or remove
    /// `event`, or all events.
    fn forbidden(&self, event: &Event) -> Vec<String>;

    /// Runs a statement as such a program would, on a connection of its own.
    fn run(&self, statement: &str) -> std::result::Result<usize, String>;

    /// Changes the data past every guard. Gives false where the data itself does not allow it (a
    /// column that is absent, a value that another row has).
    fn tamper(&self, tampering: &Tampering) -> bool;

    /// Takes the lock that a long write would hold, until the value is dropped.
    fn hold_write_lock(&self) -> Box<dyn Send>;
}

/// A change of the data that no store makes.
#[derive(Clone, Debug)]
pub enum Tampering {
    /// Flips `bits` in one byte of a column of an event; `byte` counts from 0 and wraps around.
    EventByte { event: (InstanceId, u64), column: &'static str, byte: usize, bits: u8 },
    /// The same in the row of an instance.
    InstanceByte { instance: InstanceId, column: &'static str, byte: usize, bits: u8 },
    /// Removes an event.
    Remove { event: (InstanceId, u64) },
    /// Stores an event as it is. With `shift`, those from its number on move up by one, and the head
    /// with them.
    Insert { event: Box<Event>, shift: bool },
    /// Swaps the numbers of two events.
    Swap { instance: InstanceId, numbers: (u64, u64) },
    /// Moves the number in the head.
    Head { instance: InstanceId, by: i64 },
    /// Removes the row of an instance, not its events.
    RemoveInstance { instance: InstanceId },
}

/// The columns of an event that its hash covers, and the hash.
pub const EVENT_COLUMNS: &[&str] = &[
    "event_id",
    "instance_id",
    "event_type",
    "sequence_num",
    "timestamp",
    "occurred_at",
    "event_data",
    "data_salt",
    "metadata",
    "metadata_salt",
    "caused_by",
    "correlation_id",
    "hash",
];

/// The columns of an instance that say what its last event is.
pub const HEAD_COLUMNS: &[&str] = &["last_sequence", "head_hash", "head_timestamp"];

/// How long a rule waits before it holds that something hangs. No rule measures time.
pub const HANGS: Duration = Duration::from_secs(60);

/// What `future` yields.
///
/// # Panics
///
/// When it hangs.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANGS, future).await.unwrap_or_else(|_| panic!("{what} hangs"))
}

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub struct TurnableClock(AtomicI64);

impl TurnableClock {
    /// A clock that stands at `time`.
    pub fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(time.parse::<Timestamp>().unwrap().micros())))
    }

    /// Turns the clock, also backwards.
    pub fn turn(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for TurnableClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// One run of a rule.
pub struct Trial {
    /// Where the data is.
    pub backend: Box<dyn Backend>,
    /// The clock of every store that is opened without another.
    pub clock: Arc<TurnableClock>,
}

impl Trial {
    /// Opens a store on the data of the trial.
    pub async fn open(&self) -> Annals {
        self.open_with(self.clock.clone()).await
    }

    /// The same with another clock.
    pub async fn open_with(&self, clock: Arc<dyn Clock>) -> Annals {
        let store = in_time("opening", self.backend.open(Arc::clone(&clock))).await.unwrap();
        Annals { service: Service::new(Arc::clone(&store), clock), store }
    }
}

/// Tries a rule on a backend.
pub fn try_rule<F: Future<Output = ()>>(backend: impl Backend, rule: impl FnOnce(Trial) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clock = TurnableClock::at("2026-11-23T09:30:00.123456Z");
    runtime.block_on(rule(Trial { backend: Box::new(backend), clock }));
}

/// An opened store and the service over it. Requests are written as JSON, as callers send them.
#[derive(Clone)]
pub struct Annals {
    /// The store.
    pub store: SharedStore,
    /// The service.
    pub service: Service,
}

/// A request as the service takes it.
pub fn request<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

impl Annals {
    /// Registers an instance; gives its id.
    pub async fn register(&self) -> String {
        self.service.register(request(json!({"project": "odin"}))).await.unwrap().instance_id
    }

    /// Emits one event.
    pub async fn emit(&self, json: Value) -> Result<EmitAnswer> {
        self.service.emit(request(json)).await
    }

    /// Emits `count` events to an instance, each on its own.
    pub async fn emit_tasks(&self, instance: &str, count: u64) {
        for n in 0..count {
            self.emit(task(instance, &format!("task-{n}"))).await.unwrap();
        }
    }

    /// Emits a batch.
    pub async fn emit_batch(&self, json: Value) -> Result<EmitBatchAnswer> {
        self.service.emit_batch(request(json)).await
    }

    /// Asks for events.
    pub async fn query(&self, json: Value) -> Result<QueryAnswer> {
        self.service.query(request(json)).await
    }

    /// Replays.
    pub async fn replay(&self, json: Value) -> Result<ReplayAnswer> {
        self.service.replay(request(json)).await
    }

    /// Verifies every chain.
    pub async fn verify(&self) -> VerifyAnswer {
        self.service.verify(VerifyRequest::default(), |_| {}).await.unwrap()
    }

    /// The instance as it is stored.
    pub async fn instance(&self, instance: &str) -> Instance {
        let hint = InstanceHint::Id(id(instance));
        self.store.find_instances(&hint, 1).await.unwrap().remove(0)
    }

    /// Every event of an instance, in order.
    pub async fn events(&self, instance: &str) -> Vec<Event> {
        let (_, mut stream) = self.store.scan(id(instance), None).await.unwrap().unwrap();
        let mut events = Vec::new();
        while let Some(chunk) = stream.recv().await {
            events.extend(chunk.unwrap());
        }
        events
    }

    /// Releases the store.
    pub async fn close(self) {
        in_time("closing", self.store.close()).await;
    }
}

/// The id that `text` is.
pub fn id(text: &str) -> InstanceId {
    text.parse().unwrap()
}

/// A small event for `instance`.
pub fn task(instance: &str, task: &str) -> Value {
    json!({"instance_id": instance, "event_type": "task_spawned", "event_data": {"task_id": task}})
}

/// Checks that a call was refused with this code, and that the refusal says enough to act on.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T>, code: Code) -> Error {
    let error = answer.expect_err("the call is refused");
    assert_eq!(error.code, code, "{error:?}");
    assert!(!error.message.is_empty() && !error.hint.is_empty(), "{error:?}");
    error
}

/// Every rule, as a test of the backend that the given function makes a fresh place of.
macro_rules! conformance_tests {
    ($fresh:path) => {
        $crate::conformance::conformance_tests! { @expand $fresh;
            durable: [
                acknowledged_events_are_there_after_reopening,
                a_store_that_is_dropped_without_closing_loses_nothing,
                closing_answers_every_call_that_waits,
                after_closing_every_call_is_unavailable,
                an_unavailable_store_names_the_ids_to_send_again,
                a_caller_that_gives_up_loses_the_answer_and_not_the_event,
            ]
            ordered: [
                many_tasks_on_two_stores_leave_no_gap_and_keep_their_order,
                a_batch_stands_together_whatever_comes_beside_it,
                instances_are_numbered_on_their_own,
                the_answer_tells_the_number_and_the_head,
            ]
            immutable: [
                every_statement_that_changes_an_event_is_refused,
                an_event_reads_the_same_for_ever,
            ]
            idempotent: [
                the_same_event_again_gets_its_original_answer,
                the_same_event_again_passes_a_condition_that_is_now_old,
                the_same_event_twice_in_a_batch_is_stored_once,
                the_same_id_with_any_other_content_is_refused,
                of_many_who_send_the_same_event_one_stores_it,
                of_many_who_use_the_same_id_for_different_events_one_wins,
                a_close_in_a_race_ends_it,
                an_instance_is_registered_once_under_its_id,
            ]
            redacted: [
                no_call_stores_a_secret,
                the_same_event_with_a_secret_is_known_again,
                no_name_is_a_secret_and_no_refusal_echoes_it,
            ]
            conditional: [
                the_expected_head_is_stored_and_any_other_refused,
                one_of_32_who_expect_the_same_head_wins_each_round,
                a_lapse_is_no_conflict,
                a_refused_condition_does_not_even_note_a_lapse,
                what_another_store_did_to_the_head_is_known,
            ]
            atomic: [
                a_bad_event_at_any_place_stores_nothing,
                a_close_inside_a_batch_refuses_what_follows_and_so_all,
                the_largest_batch_is_stored_whole_and_in_order,
                a_reader_sees_whole_batches_only,
                a_refused_call_leaves_its_neighbours_alone,
                a_row_that_the_data_refuses_leaves_its_neighbours_alone,
            ]
            custom_types: [
                a_type_is_known_at_once_wherever_the_data_is_open,
                the_same_definition_again_changes_nothing,
                a_definition_that_stored_events_fit_is_the_next_version,
                a_definition_that_stored_events_do_not_fit_needs_to_be_asked_for,
                what_did_not_fit_before_is_no_reason_to_refuse,
                of_many_stored_events_the_first_misfit_is_named_and_all_are_counted,
                a_retired_type_takes_no_events_and_keeps_its_own,
                an_event_sent_again_is_answered_whatever_became_of_its_type,
                a_batch_names_the_event_that_its_custom_type_refuses,
                definitions_in_a_race_are_numbered_without_a_gap,
                no_event_slips_past_a_definition_that_it_does_not_fit,
                built_in_types_are_checked_without_the_store,
            ]
            faithful: [
                the_hard_corpus_comes_back_equal,
                any_json_comes_back_equal,
                json_text_keeps_its_numbers,
                sixty_four_levels_are_kept_and_sixty_five_refused,
                texts_outside_the_payload_come_back_equal,
                an_absent_field_stays_absent,
            ]
            timed: [
                a_clock_that_steps_back_a_day_does_not_turn_the_record_back,
                a_clock_that_steps_forward_a_day_is_followed,
                two_writers_whose_clocks_differ_by_a_day_share_one_order,
                a_timestamp_is_now_or_that_of_the_event_before,
                a_callers_own_time_is_kept_beside_the_stores,
            ]
            replayable: [
                every_prefix_is_the_fold_of_its_events,
                a_fold_that_goes_on_is_the_fold_of_the_whole,
                an_event_that_comes_late_does_not_overwrite_what_is_newer,
                replaying_needs_a_number_from_1_to_the_head,
                a_long_record_is_replayed_whole,
            ]
            evident: [
                a_whole_record_is_valid,
                the_hash_of_an_event_is_the_one_that_emit_gave,
                salts_are_never_the_same,
                any_byte_of_any_column_of_any_event,
                any_byte_of_the_head,
                a_removed_event,
                every_event_removed,
                an_event_inserted_after_the_last,
                an_event_inserted_between_others,
                two_events_swapped,
                a_head_turned_back_or_on,
                an_instance_that_was_tampered_with_takes_no_event_in_the_wrong_place,
                verifying_while_others_write_finds_no_fault,
            ]
            honest: [
                a_bad_event_is_refused_by_field_alone_and_in_a_batch,
                a_refusal_for_size_states_the_limit,
                what_just_fits_is_taken,
                a_bad_question_is_refused_by_field,
                an_unknown_type_names_the_nearest,
                a_bad_registration_is_refused_by_field_and_registers_nothing,
            ]
            limits: [
                a_limit_that_is_set_is_kept_and_stated,
                a_batch_has_the_size_that_is_set,
                what_was_stored_under_wider_limits_is_recognised_and_nothing_new_is_taken,
            ]
            lifecycle: [
                reads_compute_staleness_and_write_nothing,
                the_sweep_records_a_lapse_once,
                the_next_writer_records_a_lapse_before_its_own_event,
                every_lapse_is_recorded_and_every_life_ends_it,
                two_services_that_sweep_at_once_record_each_lapse_once,
                a_life_and_a_sweep_at_once_record_the_lapse_once,
                a_closed_instance_refuses_events_until_it_is_resumed,
                closing_a_lapsed_instance_tells_of_the_lapse_first,
                a_heartbeat_is_a_small_event_and_moves_the_registry,
                the_registry_is_a_projection_of_the_events,
                registering_starts_a_life,
            ]
            rebuild: [
                a_registry_that_nobody_touched_equals_its_events,
                every_column_that_differs_is_told_and_mended,
                a_row_that_fell_behind_is_moved_to_the_head,
                a_row_that_is_gone_comes_back,
                what_shows_that_events_are_missing_is_never_mended,
                a_row_is_mended_while_others_write_to_it,
            ]
            registry: [
                an_instance_is_found_by_id_handle_and_part,
                a_hint_that_fits_several_names_them,
                a_whole_handle_is_itself_though_others_contain_it,
                handles_that_would_be_equal_are_lengthened,
                a_handle_serves_in_every_call,
                an_unknown_instance_is_not_found_by_any_call,
                pages_of_a_listing_show_every_instance_once,
                details_show_the_state_and_the_last_events,
            ]
            query: [
                any_question_is_answered_as_the_model_answers_it,
                the_newest_hundred_come_first,
                dates_are_inclusive_and_a_bare_date_is_its_whole_day,
                what_is_recorded_late_is_found_by_when_it_happened,
                filters_narrow_together,
                pages_by_cursor_show_each_event_once_while_others_arrive,
                a_project_or_an_epic_is_asked_across_instances,
                an_epic_is_found_by_exactly_its_text,
                a_keyword_is_plain_text,
            ]
            feed: [
                a_reader_of_the_feed_misses_nothing_that_two_processes_write,
                a_cursor_before_the_last_events_gives_just_these,
                who_waits_is_woken_by_any_writer,
            ]
            restored: [
                events_of_another_store_come_back_as_they_were,
                what_does_not_continue_the_head_is_refused_alone,
                nothing_is_stored_beyond_a_refusal_that_ends_the_request,
            ]
            processes: [
                two_processes_of_32_tasks_write_to_one_instance,
                two_processes_of_32_tasks_write_to_32_instances,
                a_long_read_stops_no_writer_and_no_opening,
                a_long_write_stops_no_reader_and_no_opening,
            ]
        }
    };
    (@expand $fresh:path; $($topic:ident: [$($rule:ident),+ $(,)?])+) => {
        $(mod $topic {
            $(#[test]
            fn $rule() {
                $crate::conformance::try_rule($fresh(), $crate::conformance::$topic::$rule);
            })+
        })+
    };
}
pub(crate) use conformance_tests;
