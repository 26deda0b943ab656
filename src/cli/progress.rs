//! A progress bar for what takes longer than a second.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long work may take before a bar is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on standard error, shown only on a terminal and only when the work takes its time.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// A bar for `total` steps, or for a number not known.
    pub fn new(total: Option<u64>, what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
            None => "{msg} {spinner} {human_pos} {per_sec}",
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
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
