//! A progress bar for what takes longer than a second.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{
    BinaryBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};

use super::wrap::Stream;

/// How long work may take before a bar is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// Below so many columns there is no room for a bar beside its figures.
const NARROW: u16 = 72;

/// A bar on standard error, shown only on a terminal and only when the work takes its time.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// A bar for `total` steps, or for a number not known.
    pub fn new(total: Option<u64>, what: &'static str) -> Self {
        Self::counting(total, what, ["{human_pos}", "{human_len}", "{rate}"])
    }

    /// A bar for so many bytes, or for a number not known.
    pub fn of_bytes(total: Option<u64>, what: &'static str) -> Self {
        Self::counting(total, what, ["{binary_bytes}", "{binary_total_bytes}", "{rate_of_bytes}"])
    }

    fn counting(total: Option<u64>, what: &'static str, [done, all, rate]: [&str; 3]) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        // A line that is longer than the terminal would stay when the next one is drawn.
        let is_narrow = Stream::Error.width().is_some_and(|width| width < NARROW);
        let template = match (total, is_narrow) {
            (Some(_), true) => "{msg} {percent} %, {eta} left".to_owned(),
            (Some(_), false) => {
                format!("{{msg}} {{wide_bar}} {done} of {all}, {rate}, {{eta}} left")
            }
            (None, true) => format!("{{msg}} {{spinner}} {done}"),
            (None, false) => format!("{{msg}} {{spinner}} {done}, {rate}"),
        };
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
                // A String takes everything.
                let _ = write!(text, "{}/s", HumanCount(state.per_sec() as u64));
            })
            .with_key("rate_of_bytes", |state: &ProgressState, text: &mut dyn fmt::Write| {
                let _ = write!(text, "{}/s", BinaryBytes(state.per_sec() as u64));
            });
        bar.set_style(style);
        bar.set_message(what);
        Self { bar, started: Instant::now() }
    }

    /// Notes `steps` more.
    pub fn add(&self, steps: u64) {
        self.show();
        self.bar.inc(steps);
    }

    /// Notes that `steps` are done in all.
    pub fn at(&self, steps: u64) {
        self.show();
        self.bar.set_position(steps);
    }

    fn show(&self) {
        if self.bar.is_hidden() && self.started.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
