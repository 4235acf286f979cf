//! In which world a scenario runs.

/// In which world a scenario runs. `docs/worlds.md` says what each models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum World {
    /// Simulated links.
    Lab,
    /// The lab with real QUIC and TLS over simulated datagrams.
    Wire,
}

impl World {
    /// Its name, as it is typed and as it stands in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            World::Lab => "lab",
            World::Wire => "wire",
        }
    }
}
