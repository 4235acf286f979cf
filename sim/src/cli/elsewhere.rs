//! The world that needs a program of its own: madsim is built with a flag of the compiler that no other program may see.
//! That program is this command line once more, with a scheduler to lend; it is run with the same arguments.

use super::exit;
use crate::lab::has_scheduler;
use crate::scenario::World;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// Whether runs in this world need the other program.
pub(super) fn is_place_of(world: World) -> bool {
    world == World::Madsim && !has_scheduler()
}

/// Becomes the other program. Comes back only if that fails.
pub(super) fn go() -> u8 {
    let program = match program() {
        Ok(program) => program,
        Err(error) => {
            eprintln!("error: {error}");
            return exit::IO;
        }
    };
    let error = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    eprintln!("error: {}: {error}", program.display());
    exit::IO
}

/// `$BITCRAPS_MADSIM`, or `bitcraps-madsim` beside this program.
fn program() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("BITCRAPS_MADSIM").map(PathBuf::from) {
        let missing = format!("{}: there is no such program, which BITCRAPS_MADSIM names", named.display());
        return named.is_file().then_some(named).ok_or(missing);
    }
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name("bitcraps-madsim"));
    beside.filter(|path| path.is_file()).ok_or_else(|| {
        "there is no `bitcraps-madsim` beside this program: `make madsim` builds it and puts it there, or name it with \
         BITCRAPS_MADSIM"
            .to_owned()
    })
}
