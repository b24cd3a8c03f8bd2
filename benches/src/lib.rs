//! What the benchmarks share: interleaved timing, so that a noisy machine disturbs every side alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// One side of a comparison.
pub struct Side<'a> {
    /// What it is called in the table.
    pub name: &'static str,
    /// One round of its work.
    pub work: Box<dyn FnMut() -> u64 + 'a>,
}

/// What one side took.
pub struct Figure {
    /// What it is called in the table.
    pub name: &'static str,
    /// The median round.
    pub median: Duration,
    /// Allocations of one round.
    pub allocations: u64,
}

/// Runs every side `rounds` times, in turns, and answers the median of each.
pub fn compare(sides: &mut [Side<'_>], rounds: usize) -> Vec<Figure> {
    let mut times = vec![Vec::with_capacity(rounds); sides.len()];
    for side in sides.iter_mut() {
        for _ in 0..rounds.min(20) {
            black_box((side.work)());
        }
    }
    for _ in 0..rounds {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            black_box((side.work)());
            times.push(begin.elapsed());
        }
    }
    let figure = |(side, mut times): (&mut Side<'_>, Vec<Duration>)| {
        times.sort_unstable();
        let counted = allocation_counter::measure(|| {
            black_box((side.work)());
        });
        Figure { name: side.name, median: times[times.len() / 2], allocations: counted.count_total }
    };
    sides.iter_mut().zip(times).map(figure).collect()
}
