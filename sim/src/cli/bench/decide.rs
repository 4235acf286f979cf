//! (g) What large networks cost: the time that one decision takes this machine, and the memory of all nodes.

use super::super::say::say;
use super::{REPEATS, full_speed};
use bitcraps_types::Protocol;
use std::time::Duration;

/// Prints the table; whether all of it could be measured.
pub(super) fn bench() -> bool {
    say(format_args!(
        "(g) whole nodes, 1 ms links, no bets: real time for one decision (difference of two runs, median of {REPEATS}), \
         and for the run before it, in which all links are built; peak memory of the process"
    ));
    say("  engine         n   ms per decision   run before, s   MiB");
    let mut good = true;
    // Upwards: memory that an earlier run gave back is not always given back to the system.
    for (n, start_ms, measured_ms) in [(32u16, 1100u64, 200u64), (128, 40, 20)] {
        for engine in Protocol::ALL {
            forget_peak();
            let mut each = Vec::new();
            let mut first = Duration::ZERO;
            for _ in 0..REPEATS {
                let runs = [start_ms, start_ms + measured_ms].map(|ms| full_speed(engine, n, ms));
                let [Some(before), Some(after)] = runs else { continue };
                first = before.wall;
                let heights = after.height.saturating_sub(before.height);
                each.extend(
                    (heights > 0)
                        .then(|| after.wall.saturating_sub(before.wall).as_secs_f64() * 1e3 / heights as f64),
                );
            }
            good &= each.len() == REPEATS;
            each.sort_by(f64::total_cmp);
            let Some(ms) = each.get(each.len() / 2) else { continue };
            let memory = peak().map_or("?".to_owned(), |kib| (kib / 1024).to_string());
            let name = engine.name();
            say(format_args!(
                "  {name:10}  {n:>4}   {ms:>15.1}   {:>13.1}   {memory:>4}",
                first.as_secs_f64()
            ));
        }
    }
    good
}

/// The most memory that the process had since [`forget_peak`], in KiB (proc(5), `VmHWM`).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// proc(5), `clear_refs`: 5 resets the peak. Where that is not allowed, the peak is that of the whole process.
fn forget_peak() {
    _ = std::fs::write("/proc/self/clear_refs", "5");
}
