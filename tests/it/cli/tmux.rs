//! A real terminal: the program in tmux, with keys sent to it and its screen read.

use std::io::Write;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cli_program::Home;

const PATIENCE: Duration = Duration::from_secs(30);
const ESCAPE: char = '\u{1b}';

/// A shell on a terminal of its own.
struct Terminal {
    socket: TempDir,
}

impl Terminal {
    /// In the home and working folder of `home`, with these variables besides.
    fn open(home: &Home, columns: u16, variables: &[(&str, &str)]) -> Self {
        let terminal = Self { socket: tempfile::tempdir().unwrap() };
        let mut command = terminal.command();
        command.args(["new-session", "-d", "-y", "60", "-x", &columns.to_string()]);
        let program = env!("CARGO_BIN_EXE_annals");
        let mut shell = format!("annals() {{ '{program}' \"$@\"; }}; PS1='$ '; export TZ=UTC");
        for (name, value) in variables {
            shell += &format!("; export {name}={value}");
        }
        home.file("shell", shell);
        command.current_dir(home.work()).env("HOME", home.home()).env("ENV", "./shell");
        let ran = command.args(["sh", "-i"]).output().expect("these tests need tmux");
        assert!(ran.status.success(), "{ran:?}");
        terminal.wait_for(|screen| screen.starts_with('$'));
        terminal
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .arg("-S")
            .arg(self.socket.path().join("socket"))
            .args(["-f", "/dev/null"]);
        command
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let ran = self.command().args(arguments).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {ran:?}");
        ran
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a line, and waits until its command has ended with this exit code. Gives what it printed.
    fn run(&self, line: &str, code: u8) -> String {
        self.keys(&["-R"]); // an empty screen
        self.tmux(&["clear-history"]);
        self.keys(&[&format!("{line}; echo \"ended $?\""), "Enter"]);
        let screen = self.wait_for(|screen| screen.lines().any(|line| line.starts_with("ended ")));
        assert!(screen.contains(&format!("\nended {code}\n")), "{screen}");
        let (_, after) =
            screen.split_once("echo \"ended $?\"\n").expect("the line as it was typed");
        after.split("ended ").next().unwrap_or_default().to_owned()
    }

    /// The lines of the screen and of what scrolled off it, without styles; wrapped ones joined.
    fn screen(&self) -> String {
        let captured = self.tmux(&["capture-pane", "-p", "-J", "-S", "-"]).stdout;
        let text = String::from_utf8(captured).unwrap();
        text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// The same with styles, lines as they stand.
    fn styled(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p", "-e", "-S", "-"]).stdout).unwrap()
    }

    fn wait_for(&self, is_there: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if is_there(&screen) {
                return screen;
            }
            assert!(started.elapsed() < PATIENCE, "not in time:\n{screen}");
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.command().arg("kill-server").output();
    }
}

/// A store with an instance that has worked; gives its handle.
fn worked(home: &Home) -> String {
    let id = home.register("odin");
    let data = r#"{"epic_id": "epic-003", "feature_name": "authentication with several words"}"#;
    home.emit(&id, "epic_started", data);
    home.emit(&id, "test_failed", r#"{"failed_count": 3, "error": "left != right, naïve 日本語"}"#);
    assert_eq!(home.run(&["heartbeat", &id, "--context", "42"]).code, 0);
    id
}

#[test]
fn a_follower_shows_events_as_they_come_and_ctrl_c_ends_it_well() {
    let home = Home::new();
    let id = worked(&home);
    let terminal = Terminal::open(&home, 100, &[]);
    terminal.keys(&["annals tail --follow; echo \"ended $?\"", "Enter"]);
    terminal.wait_for(|screen| screen.contains("context_percent=42"));
    home.emit(&id, "epic_completed", r#"{"epic_id": "epic-003"}"#);
    let screen = terminal.wait_for(|screen| screen.contains("epic_completed"));
    let completed = screen.lines().filter(|line| line.contains("epic_completed")).count();
    assert_eq!(completed, 1, "{screen}");
    terminal.keys(&["C-c"]);
    // The terminal shows the key in the line in which the cursor stands.
    let end = |line: &str| line.trim_start_matches("^C").strip_prefix("ended ").map(str::to_owned);
    let screen = terminal.wait_for(|screen| screen.lines().any(|line| end(line).is_some()));
    assert_eq!(screen.lines().find_map(end).as_deref(), Some("0"), "{screen}");
    assert!(!screen.contains("error:") && !screen.contains("panicked"), "{screen}");
}

#[test]
fn a_long_import_shows_how_far_it_is_and_leaves_nothing_of_that_behind() {
    let home = Home::new();
    let fifo = home.work().join("lines");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let terminal = Terminal::open(&home, 60, &[]);
    let import = "annals import jsonl lines -p odin --event-type turn_completed";
    terminal.keys(&[&format!("{import}; echo \"ended $?\""), "Enter"]);
    let mut lines = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let started = Instant::now();
    let mut sent = 0;
    while !terminal.screen().contains("\nimporting ") {
        assert!(started.elapsed() < PATIENCE, "no bar:\n{}", terminal.screen());
        let thousand: String =
            (sent..sent + 1_000).map(|n| format!("{{\"note\": {n}}}\n")).collect();
        lines.write_all(thousand.as_bytes()).unwrap();
        sent += 1_000;
    }
    let screen = terminal.styled();
    assert!(screen.lines().filter(|line| line.contains("importing ")).count() == 1, "{screen}");
    drop(lines);
    let screen = terminal.wait_for(|screen| screen.contains("\nended 0"));
    assert!(!screen.contains("importing "), "{screen}");
    assert!(screen.contains(&format!("{sent} events added")), "{screen}");
}

#[test]
fn every_width_is_used_and_kept_to() {
    let home = Home::new();
    let id = worked(&home);
    for columns in [40, 200] {
        let terminal = Terminal::open(&home, columns, &[]);
        for command in ["instances", &format!("query {id}"), &format!("show {id}"), "types", "tail"]
        {
            let shown = terminal.run(&format!("annals {command}"), 0);
            // What is wider than the terminal is joined here, as it was wrapped there.
            for line in shown.lines() {
                assert!(
                    line.chars().count() <= usize::from(columns),
                    "{columns} {command}: {shown}"
                );
            }
            assert!(!shown.trim().is_empty(), "{columns} {command}");
            if columns == 200 && command.starts_with("query") {
                let one_line =
                    "epic_id=epic-003 feature_name=\"authentication with several words\"";
                assert!(shown.contains(one_line), "{shown}");
            }
        }
    }
}

#[test]
fn colours_stay_on_the_terminal_that_wants_them() {
    let home = Home::new();
    let id = worked(&home);
    let query = format!("annals query {id}");
    for (variables, coloured) in [(&[][..], true), (&[("NO_COLOR", "1")], false)] {
        let terminal = Terminal::open(&home, 100, variables);
        for command in [query.as_str(), "annals instances", "annals verify"] {
            terminal.run(command, 0);
            let styled = terminal.styled();
            assert_eq!(styled.contains(ESCAPE), coloured, "{variables:?} {command}: {styled:?}");
        }
        // What goes elsewhere has none, even from a terminal.
        terminal.run(&format!("{query} > piped; {query} | cat >> piped"), 0);
        let piped = std::fs::read_to_string(home.work().join("piped")).unwrap();
        assert!(piped.contains("epic_started") && !piped.contains(ESCAPE), "{piped:?}");
    }
}
