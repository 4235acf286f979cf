//! `export`: a finished run again, written down for another tool. What is written is of the same run: the trace's hash says so.

use super::replay::{self, Past};
use super::say::say;
use super::{ExportArgs, ExportTo, elsewhere, exit};
use crate::export::pcapng::Capture;
use crate::export::perfetto::Perfetto;
use crate::export::shiviz::ShiViz;
use crate::export::{Export, Stretch};
use crate::run::{self, Outcome};
use crate::scenario::World;
use bitcraps_types::Time;
use std::fmt::Display;
use std::fs::Permissions;
use std::io::BufWriter;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::NamedTempFile;

/// More scrapes of nodes than this are refused: each takes about a kilobyte of memory.
#[cfg(feature = "turmoil")]
const MOST_SCRAPES: u64 = 200_000;

/// Writes the file; the exit code is that of nondeterminism if the run was another.
pub(super) fn export(args: &ExportArgs) -> u8 {
    let past = match replay::read(&args.run) {
        Ok(past) => past,
        Err(code) => return code,
    };
    if elsewhere::is_place_of(past.world) {
        return elsewhere::go();
    }
    if let Err(why) = check(args, &past) {
        eprintln!("error: {why}");
        return exit::USAGE;
    }
    let path = args.out.clone().unwrap_or_else(|| args.run.join(name(args.to)));
    match write(args, &past, &path) {
        Ok(Written { outcome, .. }) if outcome.record.manifest.trace_hash != past.trace_hash => {
            let found = &outcome.record.manifest.trace_hash;
            eprintln!(
                "error: this program makes another run of it: its trace is {found}, and was {}\n  nothing was written; \
                 export with the program that ran it, or run it again with this one",
                past.trace_hash
            );
            exit::NONDETERMINISTIC
        }
        Ok(Written { said, file, .. }) => match file.persist(&path) {
            Ok(_) => {
                say(format_args!("{}: {said}", path.display()));
                exit::PASS
            }
            Err(error) => complain(&path, error.error),
        },
        Err(error) => complain(&path, error),
    }
}

/// What is wrong with the question itself, if anything is.
fn check(args: &ExportArgs, past: &Past) -> Result<(), String> {
    let world = past.world;
    if !world.is_deterministic() {
        return Err(format!(
            "a run in the {} world does not repeat, so nothing more can be seen of it",
            world.name()
        ));
    }
    if args.to == ExportTo::Pcap && !matches!(world, World::Wire | World::Turmoil) {
        return Err(format!(
            "the {} world has no datagrams: its links hand over frames. Run the scenario with `--on wire`, which has \
             real QUIC, and export that run",
            world.name()
        ));
    }
    let Stretch { from, to } = stretch(args, past);
    if from >= to {
        return Err(
            "the stretch is empty: `--from` is not before `--until`, or not before the run's end".to_owned()
        );
    }
    #[cfg(not(feature = "turmoil"))]
    if args.to == ExportTo::Openmetrics {
        return Err(
            "this program has no daemon inside, whose metrics are wanted: export with `bitcraps-sim`"
                .to_owned(),
        );
    }
    #[cfg(feature = "turmoil")]
    if args.to == ExportTo::Openmetrics {
        if args.every < Duration::from_millis(1) {
            return Err("`--every` is at least 1 ms: samples have times in milliseconds".to_owned());
        }
        let scrapes = scrapes(args, past).count().saturating_mul(past.scenario.validators.count.into());
        if scrapes > MOST_SCRAPES {
            return Err(format!(
                "{scrapes} scrapes of nodes; at most {MOST_SCRAPES}: ask for fewer with `--every`"
            ));
        }
    }
    Ok(())
}

struct Written {
    outcome: Outcome,
    said: String,
    /// Not yet under its name.
    file: NamedTempFile,
}

fn write(args: &ExportArgs, past: &Past, path: &Path) -> std::io::Result<Written> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any other file of the folder: who may read it, the umask says.
    let anybody = Permissions::from_mode(0o666);
    let file = tempfile::Builder::new().permissions(anybody).tempfile_in(folder)?;
    let out = BufWriter::new(file.reopen()?);
    let (stretch, nodes) = (stretch(args, past), past.scenario.validators.count);
    let (outcome, said) = match args.to {
        ExportTo::Perfetto => look_on(past, Perfetto::new(out, stretch, nodes)),
        ExportTo::Shiviz => look_on(past, ShiViz::new(out, stretch, nodes, args.events)),
        ExportTo::Pcap => look_on(past, Capture::new(out, stretch, nodes, nanos(args.epoch))),
        #[cfg(feature = "turmoil")]
        ExportTo::Openmetrics => {
            use crate::export::openmetrics::OpenMetrics;
            let faults = past.scenario.faults.iter().map(|fault| &*fault.id);
            look_on(past, OpenMetrics::new(out, scrapes(args, past), nodes, faults))
        }
        #[cfg(not(feature = "turmoil"))]
        ExportTo::Openmetrics => unreachable!("it was refused"),
    }?;
    Ok(Written { outcome, said, file })
}

/// Runs it again with this onlooker.
fn look_on(past: &Past, export: impl Export + 'static) -> std::io::Result<(Outcome, String)> {
    let export = Arc::new(Mutex::new(export));
    let outcome = run::look_on(&past.scenario, past.world, past.seed, export.clone());
    let outcome =
        outcome.ok_or_else(|| std::io::Error::other("this program can't make the scenario any more"))?;
    let said = export.lock().unwrap_or_else(PoisonError::into_inner).finish(&outcome)?;
    Ok((outcome, said))
}

fn stretch(args: &ExportArgs, past: &Past) -> Stretch {
    // What happens at the run's last instant is in it.
    let end = past.scenario.duration.nanos().saturating_add(1);
    let to = args.until.map_or(end, |until| nanos(until).min(end));
    Stretch { from: Time(nanos(args.from)), to: Time(to) }
}

#[cfg(feature = "turmoil")]
fn scrapes(args: &ExportArgs, past: &Past) -> crate::export::openmetrics::Scrapes {
    crate::export::openmetrics::Scrapes {
        stretch: stretch(args, past),
        every_ns: nanos(args.every).max(1),
        epoch_ns: nanos(args.epoch),
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn name(to: ExportTo) -> PathBuf {
    PathBuf::from(match to {
        ExportTo::Perfetto => "trace.perfetto-trace",
        ExportTo::Shiviz => "shiviz.log",
        ExportTo::Openmetrics => "metrics.om",
        ExportTo::Pcap => "datagrams.pcapng",
    })
}

fn complain(path: &Path, error: impl Display) -> u8 {
    eprintln!("error: {}: {error}", path.display());
    exit::IO
}

/// A day such as `2026-01-01`, which begins at midnight UTC, or seconds since 1970.
pub(super) fn epoch(text: &str) -> Result<Duration, String> {
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => day(text).map(|day| day * 86_400),
    };
    // The last second whose nanoseconds a timestamp holds with a long run after it.
    let seconds = seconds.filter(|seconds| *seconds < 16_000_000_000);
    let wrong = || format!("`{text}` is no day such as 2026-01-01 after 1970, and no seconds since then");
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

/// Days since 1970 of a date in the Gregorian calendar.
fn day(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *months.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if !(1970..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    Some(years + months[..month as usize - 1].iter().sum::<u64>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_a_day_or_seconds_since_1970() {
        let seconds = |text| epoch(text).map(|epoch| epoch.as_secs());
        assert_eq!(seconds("1970-01-01"), Ok(0));
        assert_eq!(seconds("2026-01-01"), Ok(1_767_225_600));
        assert_eq!(seconds("2024-02-29"), Ok(1_709_164_800));
        assert_eq!(seconds("1700000000"), Ok(1_700_000_000));
        for wrong in ["2023-02-29", "2026-13-01", "2026-00-01", "1969-12-31", "tomorrow", "2026-01", "-5", ""]
        {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
