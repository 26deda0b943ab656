//! What a run prints: Markdown tables, and whether aims and budgets are met.

use std::time::Duration;

use super::machine::Watch;

/// The figures of a run against what they are to be.
pub struct Report {
    /// Told of each round, so that a table can say what else the machine did.
    pub watch: Watch,
    aims: Vec<Aim>,
}

struct Aim {
    what: String,
    found: String,
    limit: String,
    met: bool,
    /// A budget of the specification, which `--check` holds the run to.
    budget: bool,
}

impl Report {
    pub fn new() -> Self {
        Self { watch: Watch::new(), aims: Vec::new() }
    }

    pub fn part(&self, title: &str) {
        println!("## {title}\n");
    }

    /// The figures of the rounds since the last table.
    pub fn table(&self, head: &[&str], rows: &[Vec<String>]) {
        self.plain_table(head, rows);
        println!("Other programs used {:.2} cores meanwhile.\n", self.watch.others());
    }

    fn plain_table(&self, head: &[&str], rows: &[Vec<String>]) {
        println!("| {} |", head.join(" | "));
        println!("|{}", " --- |".repeat(head.len()));
        for row in rows {
            println!("| {} |", row.join(" | "));
        }
        println!();
    }

    /// What the design aims at: at most `limit`.
    pub fn at_most(&mut self, what: &str, found: f64, limit: f64) {
        self.note(what, format!("{found:.2}"), format!("at most {limit}"), found <= limit, false);
    }

    /// What the design aims at: at least `limit`.
    pub fn at_least(&mut self, what: &str, found: f64, limit: f64) {
        self.note(what, format!("{found:.2}"), format!("at least {limit}"), found >= limit, false);
    }

    /// What the design aims at: at most `limit`.
    pub fn within(&mut self, what: &str, found: Duration, limit: Duration) {
        let met = found <= limit;
        self.note(what, ms(found), format!("at most {}", ms(limit)), met, false);
    }

    /// What the specification demands: below `limit`.
    pub fn budget(&mut self, what: &str, found: Duration, limit: Duration) {
        self.note(what, ms(found), format!("below {}", ms(limit)), found < limit, true);
    }

    fn note(&mut self, what: &str, found: String, limit: String, met: bool, budget: bool) {
        self.aims.push(Aim { what: what.to_owned(), found, limit, met, budget });
    }

    /// Prints what was met and what was not; false where a budget was missed.
    pub fn end(&self) -> bool {
        let rows: Vec<Vec<String>> = self
            .aims
            .iter()
            .map(|aim| {
                let kind = if aim.budget { "budget" } else { "aim" };
                let verdict = if aim.met { "met" } else { "MISSED" };
                [&aim.what, kind, &aim.limit, &aim.found, verdict].map(str::to_owned).to_vec()
            })
            .collect();
        if !rows.is_empty() {
            println!("## Aims and budgets\n");
            self.plain_table(&["what", "kind", "limit", "found", "verdict"], &rows);
        }
        self.aims.iter().all(|aim| aim.met || !aim.budget)
    }
}

/// A time in milliseconds, with the digits that mean something.
pub fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    let decimals = match ms {
        ..10.0 => 3,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{ms:.decimals$} ms")
}

/// A whole number with its thousands apart.
pub fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub fn ratio(number: f64) -> String {
    format!("{number:.2}")
}
