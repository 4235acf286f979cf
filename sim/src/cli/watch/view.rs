//! The picture of a scene: the nodes in a ring with the messages between them, a table of them, the faults that last, and
//! what happened last. Letters and signs say everything; colours only say it again.

use super::pace::Shown;
use super::scene::{Message, Node, Scene};
use crate::cli::output::word;
use bitcraps_reports::Verdict;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::canvas::{Canvas, Context, Line as Stroke};
use ratatui::widgets::{Block, LineGauge, Paragraph, Row, Table};

/// The ring's radius; the canvas goes from -1.4 to 1.4.
const RADIUS: f64 = 1.0;
const EDGE: f64 = 1.4;

/// The colours of kinds of messages, and of partitions' groups.
const KINDS: [(&str, Color); 5] = [
    ("proposal", Color::Yellow),
    ("prevote", Color::Cyan),
    ("precommit", Color::Blue),
    ("dice", Color::Magenta),
    ("commands", Color::Green),
];
const GROUPS: [Color; 4] = [Color::Cyan, Color::Yellow, Color::Magenta, Color::Green];

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene, pace: &Shown) {
    let [head, time, middle, bottom, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(8),
        Constraint::Percentage(35),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [ring, table] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(34)]).areas(middle);
    let [faults, lines] = Layout::horizontal([Constraint::Fill(2), Constraint::Fill(3)]).areas(bottom);
    frame.render_widget(header(scene), head);
    frame.render_widget(clock(scene), time);
    draw_ring(frame, ring, scene);
    draw_table(frame, table, scene);
    match &scene.verdict {
        Some((verdict, why)) => draw_verdict(frame, faults, *verdict, why),
        None => draw_faults(frame, faults, scene),
    }
    draw_lines(frame, lines, scene);
    frame.render_widget(footer(pace, scene.verdict.is_some()), foot);
}

fn header(scene: &Scene) -> Line<'_> {
    let (height, round) = scene.front;
    let leader = if height == 0 { String::new() } else { format!("  n{} proposes", scene.leader) };
    let text = format!(
        " seed {}  {}  h{height} r{round}{leader}  {} in flight, {} lost",
        scene.seed,
        scene.engine,
        scene.in_flight(),
        scene.counters.lost
    );
    Line::from(vec![Span::styled(scene.name.clone(), Modifier::BOLD), Span::raw(text)])
}

fn clock(scene: &Scene) -> LineGauge<'_> {
    let (now, end) = (scene.now.as_secs_f64(), scene.end.as_secs_f64());
    LineGauge::default()
        .ratio((now / end.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0))
        .label(format!("{now:.3} of {end:.0} s"))
        .filled_style(Color::Green)
}

fn footer(pace: &Shown, over: bool) -> Line<'static> {
    let state = match (over, pace.paused) {
        (true, _) => "over".to_owned(),
        (false, true) => "paused".to_owned(),
        (false, false) => format!("{}x", pace.speed),
    };
    let keys = "  space: pause  s: one step  + -: speed  q: quit";
    Line::from(vec![Span::styled(format!(" {state} "), Modifier::REVERSED), Span::raw(keys)])
}

/// Where a node stands: the first at the top, the others clockwise.
fn place(node: u16, nodes: usize) -> (f64, f64) {
    let turn = f64::from(node) / nodes.max(1) as f64 * std::f64::consts::TAU;
    (RADIUS * turn.sin(), RADIUS * turn.cos())
}

fn draw_ring(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let nodes = scene.nodes.len();
    let canvas = Canvas::default()
        .block(Block::bordered().title(" messages "))
        .x_bounds([-EDGE, EDGE])
        .y_bounds([-EDGE, EDGE])
        .paint(|canvas| {
            scene.messages.iter().for_each(|message| draw_message(canvas, message, nodes));
            canvas.layer();
            for (index, node) in (0u16..).zip(&scene.nodes) {
                let (x, y) = place(index, nodes);
                let leads = if scene.front.0 > 0 && scene.leader == index { "*" } else { "" };
                let label = format!("{}n{index}{leads}", sign(node));
                canvas.print(x, y, Line::styled(label, style(node)));
            }
        });
    frame.render_widget(canvas, area);
}

/// A line from sender to receiver; of a lost one, half of the way.
fn draw_message(canvas: &mut Context<'_>, message: &Message, nodes: usize) {
    let ((x1, y1), (x2, y2)) = (place(message.from, nodes), place(message.to, nodes));
    let way = if message.lost { 0.5 } else { 1.0 };
    let known = KINDS.iter().find(|(kind, _)| *kind == message.kind);
    let color = if message.lost { Color::Red } else { known.map_or(Color::DarkGray, |(_, color)| *color) };
    canvas.draw(&Stroke { x1, y1, x2: x1 + (x2 - x1) * way, y2: y1 + (y2 - y1) * way, color });
}

/// What a node is, in one sign.
fn sign(node: &Node) -> &'static str {
    match node {
        Node { down: true, .. } => "✗",
        Node { lies: 1.., .. } => "!",
        Node { syncing: true, .. } => "↻",
        Node { locked: true, .. } => "▪",
        _ => "●",
    }
}

fn style(node: &Node) -> Style {
    match node {
        Node { down: true, .. } => Style::new().fg(Color::DarkGray),
        Node { lies: 1.., .. } => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Node { group: Some(group), .. } => Style::new().fg(GROUPS[group % GROUPS.len()]),
        _ => Style::new(),
    }
}

/// In words: the worst first.
fn state(node: &Node) -> &'static str {
    match node {
        Node { down: true, .. } => "down",
        Node { lies: 1.., .. } => "lies",
        Node { syncing: true, .. } => "fetches",
        Node { locked: true, .. } => "locked",
        _ => "",
    }
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let room = usize::from(area.height.saturating_sub(3));
    let shown = if scene.nodes.len() > room { room.saturating_sub(1) } else { scene.nodes.len() };
    let row = |(index, node): (usize, &Node)| {
        let group = node.group.map_or(String::new(), |group| {
            char::from_u32('A' as u32 + group as u32).map(String::from).unwrap_or_default()
        });
        let cells = [
            format!("{}n{index}", sign(node)),
            node.height.to_string(),
            node.round.to_string(),
            group,
            state(node).to_owned(),
        ];
        Row::new(cells).style(style(node))
    };
    let mut rows: Vec<Row<'_>> = scene.nodes.iter().enumerate().take(shown).map(row).collect();
    if shown < scene.nodes.len() {
        rows.push(Row::new([format!("and {}", scene.nodes.len() - shown), "more".to_owned()]));
    }
    let widths = [5, 6, 5, 5, 7].map(Constraint::Length);
    let head = Row::new(["node", "height", "round", "group", "state"]).style(Modifier::BOLD);
    let table = Table::new(rows, widths).header(head).block(Block::bordered().title(" nodes "));
    frame.render_widget(table, area);
}

fn draw_faults(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let lines = scene.faults.values().map(|fault| {
        let nodes: Vec<String> = fault.nodes.iter().map(|node| format!("n{node}")).collect();
        Line::from(format!("{} since {:.1} s on {}", fault.id, fault.since.as_secs_f64(), nodes.join(" ")))
    });
    let text: Vec<Line<'_>> = lines.collect();
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(" faults now ")), area);
}

fn draw_verdict(frame: &mut Frame<'_>, area: Rect, verdict: Verdict, why: &[String]) {
    let color = match verdict {
        Verdict::Pass => Color::Green,
        Verdict::Violated => Color::Red,
        Verdict::Inconclusive => Color::Yellow,
    };
    let head = Line::styled(word(verdict), Style::new().fg(color).add_modifier(Modifier::BOLD));
    let text: Vec<Line<'_>> =
        [head].into_iter().chain(why.iter().map(|why| Line::from(why.as_str()))).collect();
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(" verdict ")), area);
}

fn draw_lines(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let room = usize::from(area.height.saturating_sub(2));
    let first = scene.lines.len().saturating_sub(room);
    let text: Vec<Line<'_>> = scene.lines.iter().skip(first).map(|line| Line::from(line.as_str())).collect();
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(" events ")), area);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Counters;
    use crate::run::{Change, FaultNews};
    use bitcraps_actors::ports::Event;
    use bitcraps_types::{Time, ValidatorIndex};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    const MS: u64 = 1_000_000;

    fn screen(scene: &Scene, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let pace = Shown { paused: true, speed: 0.1 };
        terminal.draw(|frame| draw(frame, scene, &pace)).unwrap();
        let text = terminal.backend().to_string();
        let lines = text.lines().map(|line| line.trim_matches('"').trim_end());
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }

    /// Seven nodes, split in two; one lies, one is down, and one fetches what it missed.
    fn scene() -> Scene {
        let text = "version: 1\nname: halves\nclaim: x\nduration: 60 s\nvalidators: { count: 7 }\nfaults:\n  \
                    - { id: split, at: 1 s, for: 9 s, inject: { partition: { groups: [[0, 1, 2], [3, 4, 5, 6]] } } }\n  \
                    - { id: liar, at: 1 s, on: 5, inject: { equivocate: { what: prevote } } }\n";
        let parsed = crate::scenario::parse("(test)", text).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        let mut scene = Scene::new(&parsed.scenario, 42);
        let at = |ms| Time(ms * MS);
        let round = |height, round| Event::Round {
            height,
            round,
            proposer: ValidatorIndex(3),
            after_failure: round > 0,
        };
        scene.fault(
            at(1000),
            &FaultNews { id: "split", instance: 0, nodes: &[0, 1, 2, 3, 4, 5, 6], began: true },
        );
        scene.fault(at(1000), &FaultNews { id: "liar", instance: 1, nodes: &[5], began: true });
        scene.node(at(1200), 6, Change::Down("crash"));
        scene.event(at(1300), 0, &round(12, 1));
        scene.event(at(1310), 2, &Event::SyncStarted { from: 9, to: 12 });
        scene.reach(at(1400));
        scene.message(at(1400), 0, 3, "prevote", false);
        scene.message(at(1400), 3, 1, "proposal", true);
        scene.counters = Counters { sent: 500, delivered: 440, lost: 21, ..Counters::default() };
        scene
    }

    /// After a change that was meant: `BITCRAPS_UPDATE_DOCS=1 cargo nextest run -p bitcraps-sim watch`, and look at it.
    #[test]
    fn the_screen_shows_who_is_where_and_what_is_broken() {
        let shown = screen(&scene(), 80, 30);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/watch/screen.txt");
        if std::env::var_os("BITCRAPS_UPDATE_DOCS").is_some() {
            std::fs::write(path, &shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(path).unwrap_or_default(), "\n{shown}");
    }

    #[test]
    fn any_size_of_a_terminal_can_be_drawn_on_and_more_nodes_than_lines_are_counted() {
        for (width, height) in [(1, 1), (20, 5), (80, 24), (200, 60)] {
            screen(&scene(), width, height);
        }
        assert!(screen(&scene(), 80, 17).contains("more"), "{}", screen(&scene(), 80, 17));
    }

    #[test]
    fn a_run_that_is_over_shows_its_verdict_and_why() {
        let mut scene = scene();
        scene.verdict = Some((Verdict::Violated, vec!["liveness: no block for 9 s".to_owned()]));
        let shown = screen(&scene, 80, 30);
        assert!(shown.contains("VIOLATED") && shown.contains("liveness: no block") && shown.contains("over"));
    }

    #[test]
    fn what_ends_is_no_longer_shown() {
        let mut scene = scene();
        scene.fault(Time(1500 * MS), &FaultNews { id: "liar", instance: 1, nodes: &[5], began: false });
        scene.node(Time(1500 * MS), 6, Change::Up);
        scene.reach(Time(1600 * MS));
        assert!(scene.messages.is_empty(), "they arrived 200 ms ago");
        assert_eq!((scene.nodes[5].lies, scene.nodes[6].down), (0, false));
        assert_eq!(scene.faults.len(), 1);
    }
}
