//! How a verb fails: an exit code, and words for a person.

use crate::config::ConfigError;
use crate::gateway::GatewayError;
use crate::genesis_file::GenesisFileError;
use crate::home::HomeError;
use crate::keys::KeyError;
use crate::node::StartError;
use crate::sign_state::SignStateError;
use std::io;
use std::path::Path;

/// Exit codes; after `sysexits.h`, save the first.
pub mod code {
    /// A check was made and says no.
    pub const NO: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 64;
    /// A file holds what it should not.
    pub const DATA: u8 = 65;
    /// Nobody answers.
    pub const UNAVAILABLE: u8 = 69;
    /// The program is wrong.
    pub const INTERNAL: u8 = 70;
    /// The system refused a read or a write.
    pub const IO: u8 = 74;
    /// In use now; try again later.
    pub const BUSY: u8 = 75;
    /// The configuration, the home or the key is wrong.
    pub const CONFIG: u8 = 78;
}

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The process's exit code.
    pub code: u8,
    /// For a person.
    pub message: String,
}

impl Failure {
    /// A failure with its words.
    pub fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }

    /// A file operation that failed.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Failure {
        move |error| Failure::new(code::IO, format!("{}: {error}", path.display()))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::new(code::CONFIG, error.to_string())
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Failure {
        HomeError::from(error).into()
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Failure {
        let code = match &error {
            HomeError::Busy(_) | HomeError::SignState(SignStateError::Busy(_)) => code::BUSY,
            HomeError::Io { .. }
            | HomeError::Genesis(GenesisFileError::Io { .. })
            | HomeError::SignState(SignStateError::Io { .. })
            | HomeError::Key(KeyError::Io { .. }) => code::IO,
            HomeError::Key(KeyError::Entropy(_)) => code::INTERNAL,
            _ => code::CONFIG,
        };
        Failure::new(code, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        use bitcraps_quic::BindError;
        let code = match error {
            StartError::Home(error) => return error.into(),
            StartError::Gateway(GatewayError::Validators(_)) => code::CONFIG,
            StartError::Io { .. } | StartError::Gateway(_) | StartError::Archive(_) => code::IO,
            StartError::Links(BindError::Config(_)) => code::CONFIG,
            StartError::Links(_) => code::IO,
            StartError::Blocks(_) => code::DATA,
            StartError::Entropy(_) | StartError::Thread(_) | StartError::Died => code::INTERNAL,
        };
        Failure::new(code, error.to_string())
    }
}
