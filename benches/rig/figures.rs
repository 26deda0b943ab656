//! Taking figures: latencies, rounds, and medians over rounds.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// What one round of one contender gave.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    pub p50: Duration,
    pub p99: Duration,
    /// Operations a second, all callers together.
    pub rate: f64,
}

impl Round {
    /// From the time of each operation, and of all of them together.
    pub fn of(mut each: Vec<Duration>, together: Duration) -> Self {
        each.sort_unstable();
        let at = |share: f64| each[(share * (each.len() - 1) as f64).round() as usize];
        Self { p50: at(0.50), p99: at(0.99), rate: each.len() as f64 / together.as_secs_f64() }
    }
}

/// The rounds of one contender.
#[derive(Clone, Debug, Default)]
pub struct Rounds(pub Vec<Round>);

impl Rounds {
    pub fn push(&mut self, round: Round) {
        self.0.push(round);
    }

    /// Forgets the first round, which only warmed up.
    pub fn drop_first(&mut self) {
        self.0.remove(0);
    }

    pub fn p50(&self) -> Duration {
        median(self.0.iter().map(|round| round.p50))
    }

    pub fn p99(&self) -> Duration {
        median(self.0.iter().map(|round| round.p99))
    }

    pub fn rate(&self) -> f64 {
        median_number(self.0.iter().map(|round| round.rate))
    }

    /// The median over the rounds of `figure` here as a multiple of the peer's in the same round.
    pub fn ratio(&self, peer: &Rounds, figure: impl Fn(&Round) -> f64) -> f64 {
        median_number(self.0.iter().zip(&peer.0).map(|(own, peer)| figure(own) / figure(peer)))
    }

    pub fn p50_ratio(&self, peer: &Rounds) -> f64 {
        self.ratio(peer, |round| round.p50.as_secs_f64())
    }

    pub fn rate_ratio(&self, peer: &Rounds) -> f64 {
        self.ratio(peer, |round| round.rate)
    }
}

fn median(durations: impl Iterator<Item = Duration>) -> Duration {
    Duration::from_secs_f64(median_number(durations.map(|duration| duration.as_secs_f64())))
}

pub fn median_number(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        (numbers[middle - 1] + numbers[middle]) / 2.0
    }
}

/// Times `act` on each piece of work, one after the other.
pub fn time_each<T>(work: impl IntoIterator<Item = T>, mut act: impl FnMut(T)) -> Round {
    let mut each = Vec::new();
    let started = Instant::now();
    for piece in work {
        let before = Instant::now();
        act(piece);
        each.push(before.elapsed());
    }
    Round::of(each, started.elapsed())
}

/// Shares the work out among `callers` tasks; each does its part one piece after the other.
pub async fn time_callers<T, Act, Done>(callers: usize, work: Vec<T>, act: Act) -> Round
where
    T: Send + 'static,
    Act: Fn(T) -> Done + Clone + Send + 'static,
    Done: Future<Output = ()> + Send,
{
    let mut shares: Vec<Vec<T>> = (0..callers).map(|_| Vec::new()).collect();
    for (at, piece) in work.into_iter().enumerate() {
        shares[at % callers].push(piece);
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for share in shares {
        let act = act.clone();
        tasks.spawn(async move {
            let mut each = Vec::with_capacity(share.len());
            for piece in share {
                let before = Instant::now();
                act(piece).await;
                each.push(before.elapsed());
            }
            each
        });
    }
    let each = tasks.join_all().await.concat();
    Round::of(each, started.elapsed())
}
