//! `watch`: a run as it goes, in a terminal: who is where, what is broken, what passes between the nodes.
//!
//! The run has a thread of its own, and this one the terminal. An onlooker ([`lookout`]) keeps the [`scene`] up to date and
//! waits where the [`pace`] says so; [`view`] draws the scene.

mod lookout;
mod pace;
mod scene;
mod view;

use super::campaign::code_of;
use super::run::{Loaded, load};
use super::{WatchArgs, exit};
use crate::run;
use crate::scenario::World;
use bitcraps_reports::Verdict;
use lookout::Lookout;
use pace::Pace;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use scene::Scene;
use std::io::{self, IsTerminal, Stdout, stdout};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Between two looks at the keyboard, and so between two pictures.
const TICK: Duration = Duration::from_millis(40);

/// Shows a run; the exit code is its verdict's once it is over.
pub(super) fn watch(args: &WatchArgs) -> u8 {
    if !stdout().is_terminal() || !io::stdin().is_terminal() {
        eprintln!(
            "error: `watch` draws on a terminal, and this is none: `bitcraps-sim run` prints what came of a run"
        );
        return exit::USAGE;
    }
    let loaded = match load(std::slice::from_ref(&args.file), &args.set) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let [loaded] = &loaded[..] else {
        eprintln!("error: {}: name one scenario", args.file.display());
        return exit::USAGE;
    };
    if let Some((fault, why)) = World::Lab.unsupported(&loaded.scenario).first() {
        eprintln!("error: {}: the lab can't make fault {fault}: {why}", args.file.display());
        return exit::USAGE;
    }
    let seed = args.seed.or_else(|| loaded.scenario.seeds.iter().next()).unwrap_or(0);
    match on_screen(loaded, seed) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: the terminal: {error}");
            exit::IO
        }
    }
}

fn on_screen(loaded: &Loaded, seed: u64) -> io::Result<u8> {
    let mut screen = Screen::open()?;
    let ended = shown(loaded, seed, &mut screen.0);
    drop(screen);
    ended
}

/// The terminal, taken over, and given back when dropped.
struct Screen(Terminal<CrosstermBackend<Stdout>>);

impl Screen {
    fn open() -> io::Result<Screen> {
        enable_raw_mode()?;
        let opened = execute!(stdout(), EnterAlternateScreen)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        if opened.is_err() {
            give_back();
        }
        opened.map(Screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // There is nobody to tell if the terminal is gone.
    let _ = disable_raw_mode();
    let _ = execute!(stdout(), LeaveAlternateScreen);
}

/// What the run came to, as soon as it is known; `Err`: the testbed itself broke.
type End = Mutex<Option<Result<Verdict, ()>>>;

fn shown(loaded: &Loaded, seed: u64, terminal: &mut Terminal<CrosstermBackend<Stdout>>) -> io::Result<u8> {
    let scene = Arc::new(Mutex::new(Scene::new(&loaded.scenario, seed)));
    let pace = Arc::new(Pace::new());
    let lookout = Arc::new(Mutex::new(Lookout::new(scene.clone(), pace.clone())));
    let end: End = Mutex::new(None);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let run = || run::look_on(&loaded.scenario, World::Lab, seed, lookout);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let verdict = match outcome {
                Ok(Some(mut outcome)) => {
                    outcome.demand(&loaded.scenario.expect.sometimes);
                    lock(&scene).judged(&outcome.record);
                    Ok(outcome.record.verdict)
                }
                Ok(None) | Err(_) => Err(()),
            };
            *lock(&end) = Some(verdict);
        });
        let left = look(&scene, &pace, &end, terminal);
        // Whether the run is over or not, it stops waiting and its thread can end.
        pace.let_go();
        left
    })
}

/// Draws and listens to keys until someone leaves.
fn look(
    scene: &Mutex<Scene>,
    pace: &Pace,
    end: &End,
    terminal: &mut Terminal<CrosstermBackend<Stdout>>,
) -> io::Result<u8> {
    loop {
        let over = *lock(end);
        if over == Some(Err(())) {
            return Ok(exit::INTERNAL);
        }
        terminal.draw(|frame| view::draw(frame, &lock(scene), &pace.shown()))?;
        if event::poll(TICK)?
            && let Event::Key(key) = event::read()?
            && key.kind == KeyEventKind::Press
            && !obey(key, pace)
        {
            return Ok(over.and_then(Result::ok).map_or(exit::PASS, |verdict| code_of(false, verdict)));
        }
        pace.tick(lock(scene).now);
    }
}

/// Does what a key says. `false`: leave.
fn obey(key: KeyEvent, pace: &Pace) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return false,
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return false,
        KeyCode::Char(' ') => pace.pause_or_go(),
        KeyCode::Char('s') | KeyCode::Right => pace.step(),
        KeyCode::Char('+' | '=') | KeyCode::Up => pace.faster(),
        KeyCode::Char('-') | KeyCode::Down => pace.slower(),
        _ => {}
    }
    true
}

fn lock<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
