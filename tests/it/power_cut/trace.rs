//! Reading a system call trace: was each acknowledged event flushed before it was acknowledged?

use std::collections::HashMap;

use uuid::Uuid;

/// What `strace` has to be told for [`judge`] to read its output.
pub const STRACE: &[&str] =
    &["-f", "-y", "-xx", "-s", "8192", "-e", "trace=write,pwrite64,fsync,fdatasync"];

/// The ending of the path of SQLite's log, where a commit goes first.
const LOG: &[u8] = b"-wal";

/// A system call. Calls of several threads overlap: `started` and `ended` are lines of the trace.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    name: String,
    descriptor: u32,
    path: Vec<u8>,
    data: Vec<u8>,
    started: usize,
    ended: usize,
    succeeded: bool,
}

/// What a trace shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many acknowledgements were printed.
    pub acknowledged: usize,
    /// Those before which no flush of the log ended that had started after the event was in it.
    pub unflushed: Vec<String>,
}

/// Judges each line `ack INSTANCE_ID SEQUENCE_NUM EVENT_ID …` that the program printed: some write to
/// the log that holds the event id, as text or as 16 bytes, must have ended before some flush of the
/// log started, and that flush must have ended before the line was printed.
pub fn judge(trace: &str) -> Verdict {
    let calls = calls(trace);
    let to_log = |call: &&Call| call.succeeded && call.path.ends_with(LOG);
    let writes: Vec<&Call> =
        calls.iter().filter(|call| call.name == "pwrite64").filter(to_log).collect();
    let flushes: Vec<&Call> =
        calls.iter().filter(|call| call.name.ends_with("sync")).filter(to_log).collect();
    let acknowledgements = acknowledgements(&calls);
    let acknowledged = acknowledgements.len();
    let unflushed = acknowledgements
        .into_iter()
        .filter(|(line, printed)| {
            let flushed = flushes.iter().filter(|flush| flush.ended < *printed);
            let latest = flushed.map(|flush| flush.started).max().unwrap_or(0);
            let before = writes.iter().rev().filter(|write| write.ended < latest);
            !before.into_iter().any(|write| holds(&write.data, line))
        })
        .map(|(line, _)| line)
        .collect();
    Verdict { acknowledged, unflushed }
}

fn holds(data: &[u8], line: &str) -> bool {
    let Some(event_id) = line.split(' ').nth(3) else { return false };
    let holds = |part: &[u8]| data.windows(part.len()).any(|window| window == part);
    holds(event_id.as_bytes()) || Uuid::parse_str(event_id).is_ok_and(|id| holds(id.as_bytes()))
}

/// The acknowledgements on standard output, each with the start of the call that printed its end.
fn acknowledgements(calls: &[Call]) -> Vec<(String, usize)> {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for call in calls.iter().filter(|call| call.name == "write" && call.descriptor == 1) {
        for byte in &call.data {
            if *byte == b'\n' {
                lines.push((String::from_utf8(std::mem::take(&mut line)).unwrap(), call.started));
            } else {
                line.push(*byte);
            }
        }
    }
    lines.retain(|(line, _)| line.starts_with("ack "));
    lines
}

/// The calls of a trace in the order of their starts. One that never ended is left out.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut open: HashMap<&str, (&str, usize)> = HashMap::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(start) = rest.strip_suffix("<unfinished ...>") {
            open.insert(thread, (start, number));
        } else if rest.starts_with("<... ") {
            let Some((start, started)) = open.remove(thread) else { continue };
            calls.extend(call(start, rest, started, number));
        } else {
            calls.extend(call(rest, rest, number, number));
        }
    }
    calls.sort_by_key(|call| call.started);
    calls
}

/// Reads `name(1<path>, "data", …) = result`, where the result stands in `end`.
fn call(start: &str, end: &str, started: usize, ended: usize) -> Option<Call> {
    let (name, arguments) = start.split_once('(')?;
    let (descriptor, rest) = arguments.split_once('<')?;
    let (path, rest) = rest.split_once('>')?;
    let data = rest.split('"').nth(1).unwrap_or_default();
    let result: i64 = end.rsplit_once(" = ")?.1.split(' ').next()?.parse().ok()?;
    Some(Call {
        name: name.to_owned(),
        descriptor: descriptor.parse().ok()?,
        path: bytes(path)?,
        data: bytes(data)?,
        started,
        ended,
        succeeded: result >= 0,
    })
}

/// The bytes of a text such as `\x2f\x74`.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    hex.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    fn trace(lines: &[&str]) -> String {
        let id = "01a2068c-2590-77b4-8c4b-63495327b3a7";
        let blob = hex(Uuid::parse_str(id).unwrap().as_bytes());
        let ack = hex(format!("test … \nack i 2 {id} h c\n").as_bytes());
        let replaced = |line: &&str| {
            line.replace("LOG", &hex(b"/a/b.db-wal"))
                .replace("MAIN", &hex(b"/a/b.db"))
                .replace("OUT", &hex(b"/a/acks"))
                .replace("EVENT", &format!("\\x00{blob}\\x00"))
                .replace("ACK", &ack)
        };
        lines.iter().map(replaced).collect::<Vec<_>>().join("\n")
    }

    fn unflushed(lines: &[&str]) -> usize {
        let verdict = judge(&trace(lines));
        assert_eq!(verdict.acknowledged, 1, "{lines:?}");
        verdict.unflushed.len()
    }

    #[test]
    fn written_flushed_acknowledged_is_right_also_where_calls_overlap() {
        let calls = [
            r#"7 pwrite64(3<LOG>, "EVENT", 18, 0) = 18"#,
            "7 fdatasync(3<LOG>) = 0",
            r#"8 write(1<OUT>, "ACK", 9) = 9"#,
        ];
        assert_eq!(unflushed(&calls), 0);
        let overlapping = [
            r#"7 pwrite64(3<LOG>, "EVENT", 18, 0 <unfinished ...>"#,
            "7 <... pwrite64 resumed>) = 18",
            "7 fsync(3<LOG> <unfinished ...>",
            "9 +++ exited with 0 +++",
            "7 <... fsync resumed>) = 0",
            r#"8 write(1<OUT>, "ACK", 9 <unfinished ...>"#,
            r#"7 pwrite64(3<LOG>, "\x00", 1, 0) = 1"#,
            "8 <... write resumed>) = 9",
        ];
        assert_eq!(unflushed(&overlapping), 0);
    }

    #[test]
    fn an_acknowledgement_before_the_flush_is_found() {
        let write = r#"7 pwrite64(3<LOG>, "EVENT", 18, 0) = 18"#;
        let ack = r#"8 write(1<OUT>, "ACK", 9) = 9"#;
        for wrong in [
            vec![ack],
            vec![write, ack],
            vec![write, ack, "7 fdatasync(3<LOG>) = 0"],
            vec!["7 fdatasync(3<LOG>) = 0", write, ack],
            vec![write, "7 fdatasync(3<LOG>) = -1 EIO (Input/output error)", ack],
            vec![write, "7 fdatasync(4<MAIN>) = 0", ack],
            vec![
                write,
                "7 fdatasync(3<LOG> <unfinished ...>",
                ack,
                "7 <... fdatasync resumed>) = 0",
            ],
            vec![
                "7 fdatasync(3<LOG> <unfinished ...>",
                write,
                "7 <... fdatasync resumed>) = 0",
                ack,
            ],
            vec![r#"7 pwrite64(3<LOG>, "\x00", 1, 0) = 1"#, "7 fdatasync(3<LOG>) = 0", ack],
        ] {
            assert_eq!(unflushed(&wrong), 1, "{wrong:?}");
        }
    }
}
