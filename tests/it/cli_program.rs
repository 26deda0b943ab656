//! The program as users run it: a process with a home folder of its own, a client that speaks MCP
//! with it over stdio, and one that does over HTTP.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a process may take for what it should do at once. Long, for slow machines.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fresh home folder, and an empty folder to work in.
pub struct Home {
    folder: TempDir,
    /// What starts the program.
    prefix: Vec<&'static str>,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, prefix: Vec::new() }
    }

    /// A home whose program may do only what the permissions of files allow, even for root.
    #[cfg(target_os = "linux")]
    pub fn without_privileges() -> Self {
        use std::os::unix::fs::MetadataExt;
        let mut home = Self::new();
        if std::fs::metadata(home.home()).unwrap().uid() == 0 {
            home.prefix = vec!["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
        }
        home
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The folder that commands run in.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Where the store is when nothing says otherwise.
    pub fn default_store(&self) -> PathBuf {
        self.home().join(".local/share/annals/annals.db")
    }

    /// A file in the working folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program with these arguments and nothing of this process's environment but the path.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let line = [&self.prefix[..], &[env!("CARGO_BIN_EXE_annals")]].concat();
        let mut command = self.around(Command::new(line[0]));
        command.args(&line[1..]).args(arguments);
        command
    }

    /// Another program in the same surroundings.
    pub fn around(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("TZ", "UTC")
            .current_dir(self.work())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ran {
        Ran::of(self.command(arguments))
    }

    /// Runs with `input` on standard input.
    pub fn run_with_input<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // The program may refuse before it has read everything.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output.into()
    }

    /// Runs a command that must succeed; gives what it printed as JSON.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Value {
        let mut command = self.command(arguments);
        command.arg("--json");
        let ran = Ran::of(command);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    }

    /// Registers an instance; gives its handle.
    pub fn register(&self, project: &str) -> String {
        let ran = self.run(&["register", "--project", project]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stdout.trim_end().to_owned()
    }

    /// Records an event that must be taken.
    pub fn emit(&self, instance: &str, event_type: &str, data: &str) {
        let ran = self.run(&["emit", instance, event_type, data]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
}

/// What a process left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(mut command: Command) -> Self {
        command.output().unwrap().into()
    }

    /// The one line of JSON on standard output.
    pub fn json(&self) -> Value {
        let line = self.stdout.strip_suffix('\n').unwrap_or_else(|| panic!("{self:?}"));
        assert!(!line.contains('\n'), "one line: {self:?}");
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self {
            code: output.status.code().expect("the program ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// `annals mcp`, and the client at its other end.
pub struct McpClient {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last_id: u64,
}

impl McpClient {
    /// Starts the server and shakes hands in the older era.
    pub fn start(home: &Home) -> Self {
        let mut child = home.command(&["mcp"]).stdin(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut client = Self { child, input, output, last_id: 0 };
        let answer = client.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "trial", "version": "1"}
            }),
        );
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
        client.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        client
    }

    pub fn send(&mut self, line: &[u8]) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
    }

    pub fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub fn request(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(message.to_string().as_bytes());
        let answer = self.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool; gives its structured content, and whether it is a refusal.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> (Value, bool) {
        let name = format!("mcp_meta_{tool}");
        let answer = self.request("tools/call", json!({"name": name, "arguments": arguments}));
        tool_result(&answer)
    }

    /// Calls a tool that must answer.
    pub fn answer(&mut self, tool: &str, arguments: &Value) -> Value {
        let (content, is_refusal) = self.call(tool, arguments);
        assert!(!is_refusal, "{content}");
        content
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        wait(&mut self.child);
    }

    /// Ends the input and waits for the end of the server.
    pub fn end(&mut self) {
        self.input = None;
        assert_eq!(wait(&mut self.child), Some(0));
    }
}

impl Drop for McpClient {
    fn drop(&mut self) {
        // Only where a test has failed is the server still there.
        let _ = self.child.kill();
    }
}

/// The structured content of a tool's result, and whether it is a refusal.
pub fn tool_result(answer: &Value) -> (Value, bool) {
    let result = &answer["result"];
    let content = result["structuredContent"].clone();
    assert!(content.is_object(), "{answer}");
    let text = result["content"][0]["text"].as_str().expect("a text copy");
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), content, "the copy says the same");
    (content, result["isError"] == true)
}

/// The exit code of a process that should end by itself; `None` where a signal ended it.
pub fn wait(child: &mut Child) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(started.elapsed() < PATIENCE, "the process does not end");
        thread::sleep(Duration::from_millis(10));
    }
}

/// `annals serve` on a free port.
pub struct Served {
    pub child: Child,
    pub address: String,
    /// What it printed when it started.
    pub greeting: Vec<String>,
}

impl Served {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = home.command(&arguments).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut lines = stderr.lines().map(Result::unwrap);
        let greeting: Vec<String> = lines.by_ref().take(4).collect();
        // Whatever else it says must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        let address = greeting
            .first()
            .and_then(|line| line.split("http://").nth(1))
            .unwrap_or_else(|| panic!("no address in {greeting:?}"))
            .to_owned();
        Self { child, address, greeting }
    }

    /// Posts a message to `/mcp` on a connection of its own: the status and the body.
    pub fn post(&self, body: &[u8]) -> (u16, Value) {
        post(&self.address, body).expect("an answer")
    }

    /// Calls a tool; gives its structured content, and whether it is a refusal.
    pub fn call(&self, tool: &str, arguments: &Value) -> (Value, bool) {
        let (status, answer) = self.post(&tool_call(tool, arguments));
        assert_eq!(status, 200, "{answer}");
        tool_result(&answer)
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Stops the server as a service manager does; gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.terminate();
        wait(&mut self.child)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// The JSON-RPC message of a tool call.
pub fn tool_call(tool: &str, arguments: &Value) -> Vec<u8> {
    let name = format!("mcp_meta_{tool}");
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": name, "arguments": arguments}
    })
    .to_string()
    .into_bytes()
}

/// Posts a message to the server at `address`. Fails where the server takes no more connections.
pub fn post(address: &str, body: &[u8]) -> std::io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&reply[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    Ok((status, serde_json::from_slice(&reply[end + 4..])?))
}

/// The permission bits of a file or folder.
#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
