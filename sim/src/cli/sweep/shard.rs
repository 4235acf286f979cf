//! Which part of a sweep one machine runs.
//!
//! A run belongs to the shard that its digest says, so shards are even, and adding seeds or points moves no run from
//! one shard to another.

use bitcraps_types::Digest;
use std::fmt;

/// Shard `index` of `of`, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    index: u64,
    of: u64,
}

/// What `--shard` takes: `3/16`, or `auto` for what the batch system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardArgument {
    Given(Shard),
    Auto,
}

impl Shard {
    /// Whether a run is one of this shard's.
    pub(super) fn has(self, run: &Digest) -> bool {
        run.head() % self.of == self.index - 1
    }

    fn new(index: u64, of: u64) -> Result<Shard, String> {
        if (1..=of).contains(&index) {
            Ok(Shard { index, of })
        } else {
            Err(format!("there is no shard {index} of {of}"))
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-of-{}", self.index, self.of)
    }
}

/// Reads the argument.
pub(crate) fn argument(text: &str) -> Result<ShardArgument, String> {
    if text == "auto" { Ok(ShardArgument::Auto) } else { of_text(text).map(ShardArgument::Given) }
}

fn of_text(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    let (index, of) = parts.ok_or_else(|| format!("`{text}` is not I/N, such as 3/16, and not `auto`"))?;
    Shard::new(index, of)
}

/// The shard that the batch system gave this process, by the environment: `BITCRAPS_SHARD=I/N`, a Slurm array, a
/// Kubernetes Indexed Job (whose manifest must pass `JOB_COMPLETIONS`), or a parallel job of GitLab's.
pub(super) fn of_environment(get: impl Fn(&str) -> Option<String>) -> Result<Shard, String> {
    if let Some(text) = get("BITCRAPS_SHARD") {
        return of_text(&text).map_err(|error| format!("BITCRAPS_SHARD: {error}"));
    }
    let number = |name: &str| -> Result<Option<u64>, String> {
        get(name)
            .map(|text| text.parse().map_err(|_| format!("{name}: `{text}` is not a number")))
            .transpose()
    };
    let needed =
        |name: &str, beside: &str| number(name)?.ok_or_else(|| format!("{beside} is set, but {name} is not"));
    if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
        let first = needed("SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_ID")?;
        let count = needed("SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_ID")?;
        let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        let before = id.checked_sub(first).ok_or("SLURM_ARRAY_TASK_ID is below SLURM_ARRAY_TASK_MIN")?;
        return Shard::new(before / step + 1, count);
    }
    if let Some(index) = number("JOB_COMPLETION_INDEX")? {
        return Shard::new(index.saturating_add(1), needed("JOB_COMPLETIONS", "JOB_COMPLETION_INDEX")?);
    }
    if let Some(index) = number("CI_NODE_INDEX")? {
        return Shard::new(index, needed("CI_NODE_TOTAL", "CI_NODE_INDEX")?);
    }
    Err("no batch system says which shard this is: none of BITCRAPS_SHARD, SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and \
         CI_NODE_INDEX is set"
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<String, String> {
        let get = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        of_environment(get).map(|shard| shard.to_string())
    }

    #[test]
    fn each_run_is_in_exactly_one_shard_and_shards_are_even() {
        let runs: Vec<Digest> = (0..4000u32).map(|n| Digest::of("test", &n.to_le_bytes())).collect();
        let shards: Vec<Shard> = (1..=7).map(|index| Shard::new(index, 7).unwrap()).collect();
        for run in &runs {
            assert_eq!(shards.iter().filter(|shard| shard.has(run)).count(), 1);
        }
        for shard in shards {
            // 571 expected, with a standard deviation of 22.
            assert!((450..700).contains(&runs.iter().filter(|run| shard.has(run)).count()));
        }
    }

    #[test]
    fn batch_systems_say_which_shard_it_is() {
        let slurm =
            [("SLURM_ARRAY_TASK_ID", "10"), ("SLURM_ARRAY_TASK_MIN", "4"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        assert_eq!(from(&slurm), Err("there is no shard 7 of 4".to_owned()));
        let stepped: Vec<_> = slurm.into_iter().chain([("SLURM_ARRAY_TASK_STEP", "2")]).collect();
        assert_eq!(from(&stepped), Ok("4-of-4".to_owned()));
        assert_eq!(from(&[("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "8")]), Ok("1-of-8".to_owned()));
        assert_eq!(from(&[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "3")]), Ok("2-of-3".to_owned()));
        assert_eq!(from(&[("BITCRAPS_SHARD", "3/16"), ("CI_NODE_INDEX", "x")]), Ok("3-of-16".to_owned()));
        assert_eq!(
            from(&[("JOB_COMPLETION_INDEX", "0")]),
            Err("JOB_COMPLETION_INDEX is set, but JOB_COMPLETIONS is not".to_owned())
        );
        assert!(from(&[]).unwrap_err().contains("no batch system"));
    }

    #[test]
    fn a_shard_that_is_none_is_refused() {
        for wrong in ["", "3", "0/4", "5/4", "a/b", "1/0"] {
            assert!(argument(wrong).is_err(), "{wrong}");
        }
        assert_eq!(argument("4/4"), Ok(ShardArgument::Given(Shard { index: 4, of: 4 })));
        assert_eq!(argument("auto"), Ok(ShardArgument::Auto));
    }
}
