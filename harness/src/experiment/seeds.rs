//! Seeds side by side: as many runs at once as there are threads, one run in each.
//!
//! A run is parallel inside as well. Were both levels in one pool, a thread that waits for its
//! run's other half could begin another seed meanwhile, and memory would hold more runs than
//! threads. So each worker has a pool of its own, and seeds are handed out one by one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` once for each seed and gives the results in the order of the seeds.
///
/// `threads` is how many there are; 0 asks for all processors. With fewer seeds than threads the
/// rest of them helps inside the runs.
///
/// # Errors
/// The error of the first seed, in the order given, that has one.
///
/// # Panics
/// If `work` does.
pub fn over_seeds<T: Send, E: Send>(
    seeds: &[u64],
    threads: usize,
    work: impl Fn(u64) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let threads = match threads {
        0 => rayon::current_num_threads(),
        some => some,
    };
    let workers = seeds.len().clamp(1, threads.max(1));
    let inside = (threads / workers).max(1);
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<T, E>>>> = seeds.iter().map(|_| Mutex::new(None)).collect();
    let drain = || {
        loop {
            let index = next.fetch_add(1, Ordering::SeqCst);
            let (Some(seed), Some(slot)) = (seeds.get(index), slots.get(index)) else {
                break;
            };
            let done = work(*seed);
            *slot.lock().expect("no other worker has this slot") = Some(done);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                match rayon::ThreadPoolBuilder::new().num_threads(inside).build() {
                    Ok(pool) => pool.install(drain),
                    // Without threads of its own a run still ends, in the common pool.
                    Err(_) => drain(),
                }
            });
        }
    });
    let results = slots.into_iter().map(|slot| {
        let done = slot.into_inner().expect("no worker panicked");
        done.expect("each seed was handed out")
    });
    results.collect()
}
